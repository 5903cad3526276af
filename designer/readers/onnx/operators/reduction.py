"""Sums, means and extremes over axes."""

from designer.readers.graph import Ref, Shape
from designer.readers.onnx.call import Call, NotExpressedError, operator

_SIMPLE = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "amax",
    "ReduceMin": "amin",
    "ReduceLogSumExp": "logsumexp",
}
_NORMS = {"ReduceL1": 1, "ReduceL2": 2}


def _axes(call: Call) -> tuple[int, ...]:
    """Return the axes, all if none are given; none at all if the node then does nothing."""
    found = call.integers(1, "axes")
    if found:
        return tuple(sorted(each % max(call.rank(), 1) for each in found))
    return () if call.attribute("noop_with_empty_axes", 0) else tuple(range(call.rank()))


@operator(*_SIMPLE)
def _reduce(call: Call) -> Ref:
    axes, keep = _axes(call), bool(call.attribute("keepdims", 1)) or None
    if not axes:
        return call.ref(0)
    return call.emit(_SIMPLE[call.node.operator], self=call.ref(0), dim=axes, keepdim=keep)


@operator(*_NORMS)
def _norm(call: Call) -> Ref:
    axes, keep = _axes(call), bool(call.attribute("keepdims", 1)) or None
    if not axes:
        return call.emit("abs", self=call.ref(0))
    return call.emit(
        "linalg_vector_norm",
        self=call.ref(0),
        ord=_NORMS[call.node.operator],
        dim=axes,
        keepdim=keep,
    )


@operator("ReduceSumSquare")
def _sum_of_squares(call: Call) -> Ref:
    square = call.emit("pow", call.shape(), self=call.ref(0), exponent=2)
    return _sum(call, square)


@operator("ReduceLogSum")
def _log_of_sum(call: Call) -> Ref:
    return call.emit("log", self=_sum(call, call.ref(0)))


def _sum(call: Call, value: Ref) -> Ref:
    axes, keep = _axes(call), bool(call.attribute("keepdims", 1)) or None
    if not axes:
        return value
    return call.emit("sum", self=value, dim=axes, keepdim=keep)


@operator("ReduceProd")
def _product(call: Call) -> Ref:
    found = call.ref(0)
    keep = bool(call.attribute("keepdims", 1))
    for axis in reversed(_axes(call)):
        shape: Shape = call.spec_of(found).shape
        rest = (*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :])
        found = call.emit("prod", rest, self=found, dim=axis, keepdim=keep or None)
    return found


@operator("ArgMax", "ArgMin")
def _arg(call: Call) -> Ref:
    if call.attribute("select_last_index", 0):
        raise NotExpressedError("the last of several largest")
    return call.emit(
        call.node.operator.lower(),
        self=call.ref(0),
        dim=call.attribute("axis", 0),
        keepdim=bool(call.attribute("keepdims", 1)) or None,
    )


@operator("TopK")
def _topk(call: Call) -> tuple[Ref, ...]:
    k = int(call.array(1).reshape(-1)[0]) if call.has(1) else call.attribute("k")
    return call.emits(
        "topk",
        call.outputs,
        self=call.ref(0),
        k=k,
        dim=call.attribute("axis", -1),
        largest=bool(call.attribute("largest", 1)),
        sorted=bool(call.attribute("sorted", 1)),
    )
