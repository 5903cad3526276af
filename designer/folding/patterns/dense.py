"""Matrix products, with learned matrices and others, and embeddings."""

from collections.abc import Sequence
from typing import Any

from designer.folding.patterns.arithmetic import batch_of, broadcast, elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value


@handles("linear")
def linear(c: Converter, call: Call) -> None:
    dense(c, call.result, call["input"], call["weight"], call.get("bias"))


def dense(c: Converter, result: Symbol, x: Symbol, weight: Symbol, bias: Symbol | None) -> None:
    """Multiply the last axis by a matrix whose rows are the outputs."""
    c.axis(x, -1)
    if not c.is_learned(weight):
        product = result if bias is None else c.new_symbol(result.shape)
        _product(c, product, x, weight, turned=True)
        if bias is not None:
            elementwise(c, result, "Add", [product, bias])
        return
    if x.dim() < 2 and c.value(x).batch is None:
        raise UnsupportedError("a linear layer of a vector")
    own = bias if bias is None or c.is_learned(bias) else None
    if own is not None and _is_embedding(c, weight):
        own = None  # a Linear with a bias cannot use the weight of an Embedding
    parameters = {"out_features": weight.shape[0], "bias": own is not None}
    value = c.value(x)
    name = c.add("Linear", parameters, (value,), {"weight": weight, "bias": own})
    made = Value(name, value.batch, c.shape_of(result, value.batch))
    if own is bias:
        c.know(result, made)
        return
    product = c.new_symbol(result.shape)
    c.know(product, made)
    elementwise(c, result, "Add", [product, bias])


def _is_embedding(c: Converter, weight: Symbol) -> bool:
    owners = c.owners.get(c.identity(weight), [])
    return any(c.nodes[each].layer == "Embedding" for each in owners)


@handles("embedding")
def embedding(c: Converter, call: Call) -> None:
    weight, indices = call["weight"], call["indices"]
    if call.get("scale_grad_by_freq") or call.get("sparse"):
        raise UnsupportedError("an embedding with sparse or scaled gradients")
    if not c.is_learned(weight):
        raise UnsupportedError("an embedding of computed vectors")
    value = c.value(indices)
    parameters = {"num_embeddings": weight.shape[0], "embedding_dim": weight.shape[1]}
    if indices.dim() == 1 and value.batch is not None:  # one token, which has an axis in a design
        name = c.add("Embedding", parameters, [value], {"weight": weight})
        vector = Value(name, value.batch, (*value.shape, weight.shape[1]))
        c.know(call.result, c.reshaped(vector, (weight.shape[1],)))
        return
    c.emit(call.result, "Embedding", parameters, [value], {"weight": weight})


def _product(
    c: Converter, result: Symbol, one: Symbol, other: Symbol, *, turned: bool = False
) -> None:
    if min(one.dim(), other.dim()) < 2:
        raise UnsupportedError("a product of a vector")
    values = broadcast(c, result, [one, other])
    batch = batch_of(c, result, [one, other])
    if batch is not None and batch >= result.dim() - 2:
        raise UnsupportedError("a matrix product along the batch")
    longest = max(len(each.shape) for each in values)
    values = [
        each
        if each.batch is None and len(each.shape) >= 2
        else c.reshaped(each, (1,) * (longest - len(each.shape)) + each.shape)
        for each in values
    ]
    name = c.add("MatMul", {"transpose_second": turned}, values)
    c.know(result, Value(name, batch, c.shape_of(result, batch)))


@handles("matmul", "bmm", "mm")
def matmul(c: Converter, call: Call) -> None:
    one, other = call["self"], call.get("other", call.get("mat2"))
    if other.name in c.turned and one.dim() >= 2:
        dense(c, call.result, one, c.turned[other.name], None)
    elif one.dim() == 2 and c.is_learned(other) and other.dim() == 2 and not c.is_learned(one):
        _of_vectors(c, call.result, one, other)
    else:
        _product(c, call.result, one, other)


def _of_vectors(c: Converter, result: Symbol, one: Symbol, other: Symbol) -> None:
    """Multiply one vector of each image by a matrix whose columns are the outputs."""
    value = c.value(one)
    if value.batch != 0 or len(value.shape) != 1:
        _product(c, result, one, other)
        return
    row = c.reshaped(value, (1, *value.shape))
    name = c.add("MatMul", {}, (row, c.value(other)))
    wanted = c.shape_of(result, 0)
    c.know(result, c.reshaped(Value(name, 0, (1, *wanted)), wanted))


@handles("addmm")
def addmm(c: Converter, call: Call) -> None:
    if call.get("alpha", 1) != 1 or call.get("beta", 1) != 1:
        raise UnsupportedError("a matrix product with factors")
    if call["mat2"].name in c.turned:
        dense(c, call.result, call["mat1"], c.turned[call["mat2"].name], call["self"])
        return
    product = c.new_symbol(call.result.shape)
    _product(c, product, call["mat1"], call["mat2"])
    elementwise(c, call.result, "Add", [product, call["self"]])


@handles("baddbmm")
def baddbmm(c: Converter, call: Call) -> None:
    if call.get("alpha", 1) != 1 or call.get("beta", 1) != 1:
        raise UnsupportedError("a matrix product with factors")
    product = c.new_symbol(call.result.shape)
    _product(c, product, call["batch1"], call["batch2"])
    elementwise(c, call.result, "Add", [product, call["self"]])


@handles("einsum")
def einsum(c: Converter, call: Call) -> None:
    """Write a product of two tensors as a matrix product, where it is one."""
    equation = call["equation"].replace(" ", "")
    tensors = call["tensors"]
    terms, _, out = equation.partition("->")
    first, _, second = terms.partition(",")
    refusal = UnsupportedError(f"einsum {equation}")
    if len(tensors) != 2 or "." in equation or len(out) < 2 or min(len(first), len(second)) < 2:
        raise refusal
    if len(second) == 3 and len(first) > 3 and second[1:] == out[-1] + first[-1]:
        _of_rows(c, equation, tensors, call.result)
        return
    (a, b), (p, q), (x, y) = first[-2:], second[-2:], out[-2:]
    aligned = first[:-2] == second[:-2] == out[:-2]
    one, other = tensors
    if aligned and (a, p, b) == (x, y, q):
        _product(c, call.result, one, other, turned=True)
    elif aligned and (a, b, q) == (x, p, y):
        _product(c, call.result, one, other)
    else:
        _of_turned_axes(c, equation, tensors, call.result)


def _of_turned_axes(c: Converter, equation: str, tensors: Sequence[Any], result: Symbol) -> None:
    """Multiply matrices whose axes are brought into order first, as in bthd,bshd->bhts."""
    from designer.folding.patterns.views import permuted

    terms, _, out = equation.partition("->")
    first, _, second = terms.partition(",")
    stack = [each for each in out if each in first and each in second]
    rows = [each for each in out if each in first and each not in second]
    columns = [each for each in out if each in second and each not in first]
    summed = [each for each in first if each in second and each not in out]
    used = (len(stack) + 2, len(stack) + 2, len(stack) + 2)
    counts = (len(rows), len(columns), len(summed))
    lengths = tuple(len(set(each)) for each in (first, second, out))
    if counts != (1, 1, 1) or lengths != used or used != (len(first), len(second), len(out)):
        raise UnsupportedError(f"einsum {equation}")
    sizes: dict[str, int] = {}
    for letters, tensor in zip((first, second), tensors, strict=True):
        for letter, size in zip(letters, tensor.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise UnsupportedError(f"einsum {equation} with axes of size 1")

    def in_order(tensor: Symbol, letters: str, wanted: Sequence[str]) -> Symbol:
        made = c.new_symbol(tuple(sizes[each] for each in wanted), tensor.dtype)
        permuted(c, tensor, [letters.index(each) for each in wanted], made)
        return made

    one = in_order(tensors[0], first, [*stack, *rows, *summed])
    turned = second.index(columns[0]) < second.index(summed[0])
    last = [*columns, *summed] if turned else [*summed, *columns]
    other = in_order(tensors[1], second, [*stack, *last])
    order = [*stack, *rows, *columns]
    made = c.new_symbol(tuple(sizes[each] for each in order), result.dtype)
    _product(c, made, one, other, turned=turned)
    permuted(c, made, [order.index(each) for each in out], result)


def _of_rows(c: Converter, equation: str, tensors: Sequence[Any], result: Symbol) -> None:
    """Multiply each row of an image, or each column, by a matrix of its own."""
    from designer.folding.patterns.views import permuted

    first, _, second = equation.partition("->")[0].partition(",")
    one, other = tensors
    if second[0] == first[-3]:
        _product(c, result, one, other, turned=True)
        return
    if second[0] != first[-2]:
        raise UnsupportedError(f"einsum {equation}")
    order = [*range(one.dim() - 3), one.dim() - 2, one.dim() - 3, one.dim() - 1]
    columns = c.new_symbol(tuple(one.shape[each] for each in order))
    made = c.new_symbol(tuple(result.shape[each] for each in order))
    permuted(c, one, order, columns)
    _product(c, made, columns, other, turned=True)
    permuted(c, made, order, result)
