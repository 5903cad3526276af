"""Torch's MultiheadAttention, whose operations become one layer.

The operations between its projections are followed from the last one back to the first. Where there
is anything else than attention among them, as in a class of its own, each becomes a layer instead.
"""

from collections.abc import Mapping
from math import prod
from typing import NamedTuple

import numpy as np

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import HANDLERS, handle
from designer.folding.patterns.in_place import names_in
from designer.folding.patterns.values import Symbol, UnsupportedError, Value
from designer.readers.graph import Operation

CLASS = "torch.nn.modules.activation.MultiheadAttention"

_VIEWS = frozenset(
    ("transpose", "unflatten", "unsqueeze", "squeeze", "contiguous", "clone", "select", "view",
     "reshape", "_unsafe_view", "permute", "expand", "flatten")
)  # fmt: skip
_ATTENDING = frozenset(
    ("scaled_dot_product_attention", "mul", "bmm", "baddbmm", "softmax", "dropout", "matmul", "add")
)


class _Found(NamedTuple):
    """The operations of an attention.

    Attributes
    ----------
    operations
        All of them.
    inputs
        Queries, keys and values, length first.
    output
        What it gives, length first.
    heads, dropout
        As the layer has them.
    mask
        The value that is added to the scores; None if there is none.
    causal
        Whether keys behind the query's position are left out.
    """

    operations: list[Operation]
    inputs: tuple[Symbol, Symbol, Symbol]
    output: Symbol
    heads: int
    dropout: float
    mask: Symbol | None
    causal: bool


def multihead(c: Converter, operation: Operation) -> bool:
    """Make a layer of the attention that begins with an operation; tell whether it does."""
    if not operation.modules or operation.modules[-1].kind != CLASS:
        return False
    if operation.kind not in ("linear", "split_with_sizes", "chunk"):
        return False
    converted: list[Operation] = []
    try:
        with c.attempt():
            found = _found(c, operation)
            _emit(c, operation, found, converted)
    except (UnsupportedError, LookupError, StopIteration):
        return False
    finally:
        c.operation = operation
    c.skipped.update(map(id, (*found.operations, *converted)))
    return True


def _tensors(c: Converter, path: str) -> dict[str, Symbol]:
    """Return the parameters of a module by their names in it."""
    start = f"{path}." if path else ""
    return {
        each.key.removeprefix(start): c.symbol(name)
        for name, each in c.tensors.items()
        if each.key.startswith(start)
    }


def _found(c: Converter, first: Operation) -> _Found:
    own = _tensors(c, first.modules[-1].path)
    out_weight = own["out_proj.weight"]
    if own.keys() & {"bias_k", "bias_v"}:
        raise UnsupportedError("attention with further keys")
    operations = _group(c, first)
    last = next(
        each
        for each in operations
        if each.kind == "linear" and names_in(each.arguments["weight"]) == [out_weight.name]
    )
    after = [each for each in c.readers.get(last.results[0], []) if each in operations]
    if len(after) == 1 and after[0].kind in ("view", "reshape", "_unsafe_view"):
        output, end = c.symbol(after[0].results[0]), after[0]
    else:
        output, end = c.symbol(last.results[0]), last
    part, projections = _between(c, end, last)
    queries, keys, values = _projected(c, projections, own)
    kinds = [each.kind for each in part if each.kind in _ATTENDING]
    dropout, mask, causal = 0.0, None, False
    if kinds == ["scaled_dot_product_attention"]:
        call = c.plain_call(next(each for each in part if each.kind == kinds[0]))
        if call.get("scale") is not None:
            raise UnsupportedError("attention with another scale")
        heads, dropout = call["query"].shape[1], float(call.get("dropout_p", 0.0))
        mask, causal = call.get("attn_mask"), bool(call.get("is_causal"))
    else:
        heads, dropout, mask = _by_products(c, part, kinds, output)
    return _Found([*part, end], (queries, keys, values), output, heads, dropout, mask, causal)


def _by_products(
    c: Converter, part: list[Operation], kinds: list[str], output: Symbol
) -> tuple[int, float, Symbol | None]:
    """Read an attention that is written as two products and a softmax."""
    by_kind: dict[str, list[Operation]] = {}
    for each in part:
        by_kind.setdefault(each.kind, []).append(each)
    products = len(by_kind.get("bmm", [])) + len(by_kind.get("baddbmm", []))
    others = [each for each in kinds if each not in ("bmm", "baddbmm", "softmax", "mul", "dropout")]
    if products != 2 or len(by_kind.get("softmax", [])) != 1 or others:
        raise UnsupportedError("attention with other operations")
    softmax = c.plain_call(by_kind["softmax"][0])
    heads, rest = divmod(softmax.result.shape[0], output.shape[1])
    if rest or len(by_kind.get("mul", [])) != 1 or softmax["dim"] not in (-1, 2):
        raise UnsupportedError("attention with other operations")
    factor = c.call(by_kind["mul"][0])["other"]
    if not isinstance(factor, float) or abs(factor**2 * output.shape[-1] / heads - 1) > 1e-6:
        raise UnsupportedError("attention with another scale")
    mask = None
    if "baddbmm" in by_kind:
        mask = c.plain_call(by_kind["baddbmm"][0])["self"]
    dropout = 0.0
    if "dropout" in by_kind:
        dropout = float(c.plain_call(by_kind["dropout"][0]).get("p", 0.5))
    return heads, dropout, mask


def _group(c: Converter, first: Operation) -> list[Operation]:
    """Return the operations of a call of a module, from the first on."""
    found, started = [], False
    for each in c.operations:
        started = started or each is first
        if started:
            inner = [module.path for module in each.modules]
            if first.modules[-1].path not in inner and each.modules:
                break
            found.append(each)
    return found


def _between(
    c: Converter, end: Operation, last: Operation
) -> tuple[list[Operation], list[Operation]]:
    """Return the operations from the projections on, without `end`, and the projections."""
    part: list[Operation] = []
    projections: list[Operation] = []
    waiting, seen = [end], {id(end)}
    while waiting:
        each = waiting.pop()
        names = [name for argument in each.arguments.values() for name in names_in(argument)]
        if each.kind == "linear" and each is not last:
            projections.append(each)
            part.append(each)
            names = [  # the parts of a packed weight
                name for key in ("weight", "bias") for name in names_in(each.arguments.get(key))
            ]
        elif each is not end:
            part.append(each)
        for key in _MASKS.get(each.kind, ()):  # it is computed beside
            beside = names_in(each.arguments.get(key))
            names = [name for name in names if name not in beside]
        for name in names:
            before = c.producers.get(name)
            if before is None or name in c.constants or id(before) in seen:
                continue
            known = before.kind in _VIEWS or before.kind in _ATTENDING
            if not known and before.kind not in ("linear", "split_with_sizes", "chunk"):
                raise UnsupportedError("attention with other operations")
            seen.add(id(before))
            waiting.append(before)
    inside = {id(each) for each in part}
    for each in part:
        for name in each.results:
            if any(id(by) not in inside and by is not end for by in c.readers.get(name, [])):
                raise UnsupportedError("attention whose weights are read")
            if name in c.graph_outputs:
                raise UnsupportedError("attention whose weights are read")
    return part, projections


def _projected(
    c: Converter, projections: list[Operation], own: Mapping[str, Symbol]
) -> tuple[Symbol, Symbol, Symbol]:
    """Return queries, keys and values before their projections."""
    packed = own.get("in_proj_weight")
    places: dict[int, Symbol] = {}
    for each in projections:
        call = c.plain_call(each)
        weight, x = call["weight"], call["input"]
        if packed is not None and weight.name == packed.name:
            places = dict.fromkeys(range(3), x)
            break
        before = c.producers.get(weight.name)
        if packed is not None and before is not None:
            if names_in(before.arguments["self"]) != [packed.name]:
                raise UnsupportedError("attention with other projections")
            start = sum(
                c.symbol(name).shape[0]
                for name in before.results[: before.results.index(weight.name)]
            )
            size = own["out_proj.weight"].shape[0]
            count = weight.shape[0] // size
            places.update(dict.fromkeys(range(start // size, start // size + count), x))
            continue
        name = next(key for key, symbol in own.items() if symbol.name == weight.name)
        places["qkv".index(name[0])] = x
    if len(places) != 3:
        raise UnsupportedError("attention with other projections")
    return places[0], places[1], places[2]


_MASKS = {"scaled_dot_product_attention": ("attn_mask",), "baddbmm": ("self",)}
"""What operations of an attention add to the scores."""
_OF_MASKS = ("view", "reshape", "expand", "unsqueeze", "contiguous", "clone", "_unsafe_view")


def _mask_of_each(
    c: Converter,
    mask: Symbol,
    scores: tuple[int, int],
    heads: int,
    converted: list[Operation],
) -> Value:
    """Return scores to add that differ for each sample, such as those of its padding."""
    made = c.producers.get(mask.name)
    while mask.name not in c.values and made is not None and made.kind in _OF_MASKS:
        mask = c.symbol(names_in(made.arguments["self"])[0])
        made = c.producers.get(mask.name)
    _convert(c, mask, converted)
    value, queries, keys = c.value(mask), *scores
    if value.batch is None or mask.dtype == "bool":
        raise UnsupportedError("attention with a mask of each sample")
    if prod(value.shape) == value.shape[-1] == keys:  # the same for each query
        row = c.reshaped(value, (1, keys))
        name = c.add("Add", {}, (row, c.zeros(scores)))
        return Value(name, value.batch, scores)
    if value.shape[-2:] != scores or prod(value.shape) not in (
        queries * keys,
        heads * queries * keys,
    ):
        raise UnsupportedError("attention with a mask of other scores")
    return value


def _convert(c: Converter, symbol: Symbol, converted: list[Operation]) -> None:
    """Convert the operations that give a value before those that stand before them."""
    made = c.producers.get(symbol.name)
    if symbol.name in c.values or c.is_constant(symbol) or made is None:
        return
    for argument in made.arguments.values():
        for name in names_in(argument):
            _convert(c, c.symbol(name), converted)
    handler = HANDLERS.get(made.kind)
    if handler is None or made.results[0] in c.refused:
        raise UnsupportedError("attention with a mask of each sample")
    c.operation = made
    handle(handler, c, c.call(made))
    converted.append(made)


def _emit(c: Converter, first: Operation, found: _Found, converted: list[Operation]) -> None:
    own = _tensors(c, first.modules[-1].path)
    values = [c.value(each) for each in found.inputs]
    if any(each.batch != 1 or len(each.shape) != 2 for each in values):
        raise UnsupportedError("attention along the batch")
    number = 1 if len({*values}) == 1 else 2 if values[1] == values[2] else 3
    inputs = values[:number]
    kind, mask = "causal" if found.causal else "none", found.mask
    shape = (found.output.shape[0], found.inputs[1].shape[0])
    if mask is not None and not c.is_constant(mask):
        kind = "input"
        inputs.append(_mask_of_each(c, mask, shape, found.heads, converted))
        c.operation = first
    elif mask is not None:
        kind = "input"
        if mask.shape[-2:] != shape:
            raise UnsupportedError("attention with a mask of other scores")
        array = c.array(mask)
        rows = array.reshape(-1, *shape)
        if not (rows == rows[:1]).all():
            raise UnsupportedError("attention with a mask of each head")
        table = rows[0]
        if table.dtype == bool:
            table = np.where(table, 0, -np.inf)
        table = np.ascontiguousarray(table, np.float32)
        if (table == np.triu(np.full(shape, -np.inf), 1)).all():
            kind = "causal"
        else:
            inputs.append(c.value(c.constant(table)))
    names = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias",
             "out_proj.weight", "out_proj.bias")  # fmt: skip
    parameters = {
        "num_heads": found.heads,
        "bias": "in_proj_bias" in own,
        "dropout": found.dropout,
        "mask": kind,
    }
    state: dict[str, Symbol | None] = {name: own[name] for name in names if name in own}
    c.emit(found.output, "MultiheadAttention", parameters, inputs, state, batch=1)
