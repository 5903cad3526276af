"""Matrix products, with learned matrices and others, and embeddings."""

from designer.folding.patterns.arithmetic import batch_of, broadcast, elementwise, times
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.reductions import reduce
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value


@handles("linear")
def linear(c: Converter, call: Call) -> None:
    dense(c, call.result, call["input"], call["weight"], call.get("bias"))


def dense(c: Converter, result: Symbol, x: Symbol, weight: Symbol, bias: Symbol | None) -> None:
    """Multiply the last axis by a matrix whose rows are the outputs."""
    c.axis(x, -1)
    if not c.is_learned(weight) or c.is_read_otherwise(weight):
        products = result if bias is None else c.new_symbol(result.shape)
        product(c, products, x, weight, turned=True)
        if bias is not None:
            elementwise(c, result, "Add", [products, bias])
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
    products = c.new_symbol(result.shape)
    c.know(products, made)
    elementwise(c, result, "Add", [products, bias])


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


def product(
    c: Converter, result: Symbol, one: Symbol, other: Symbol, *, turned: bool = False
) -> None:
    """Multiply matrices, of which the second one may be given by its columns (`turned`)."""
    if min(one.dim(), other.dim()) < 2:
        _of_a_vector(c, result, one, other)
        return
    value, factor = c.value(one), c.value(other)
    if (value.batch, len(value.shape), factor.batch, other.dim()) == (0, 1, None, 2):
        _of_vectors(c, result, value, factor, turned=turned)
        return
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


def _of_vectors(
    c: Converter, result: Symbol, vector: Value, matrix: Value, *, turned: bool
) -> None:
    """Multiply one vector of each image by a matrix that is the same for all."""
    row = c.reshaped(vector, (1, *vector.shape))
    name = c.add("MatMul", {"transpose_second": turned}, (row, matrix))
    wanted = c.shape_of(result, 0)
    c.know(result, c.reshaped(Value(name, 0, (1, *wanted)), wanted))


def _of_a_vector(c: Converter, result: Symbol, one: Symbol, other: Symbol) -> None:
    """Multiply by a vector that all images share: the sum of the products along an axis."""
    products = c.new_symbol(one.shape if other.dim() == 1 else other.shape)
    if other.dim() != 1:  # the vector stands before the matrix, with whose rows it goes
        column = c.new_symbol((*one.shape, 1))
        value = c.value(one)
        if value.batch is not None:
            raise UnsupportedError("a product of a vector of each image")
        c.know(column, c.reshaped(value, column.shape))
        one = column
    elementwise(c, products, "Multiply", [one, other])
    reduce(c, result, products, "sum", -1 if other.dim() == 1 else -2)


@handles("matmul", "bmm", "mm", "mv")
def matmul(c: Converter, call: Call) -> None:
    one = call["self"]
    other = next(call[key] for key in ("other", "mat2", "vec") if key in call.arguments)
    if other.name in c.turned and one.dim() >= 2:
        dense(c, call.result, one, c.turned[other.name], None)
    else:
        product(c, call.result, one, other)


@handles("addmm")
def addmm(c: Converter, call: Call) -> None:
    alpha, beta = call.get("alpha", 1), call.get("beta", 1)
    if (alpha, beta) == (1, 1) and call["mat2"].name in c.turned:
        dense(c, call.result, call["mat1"], c.turned[call["mat2"].name], call["self"])
        return
    made = c.new_symbol(call.result.shape)
    product(c, made, call["mat1"], call["mat2"])
    elementwise(c, call.result, "Add", [times(c, made, alpha), times(c, call["self"], beta)])


@handles("baddbmm")
def baddbmm(c: Converter, call: Call) -> None:
    alpha, beta = call.get("alpha", 1), call.get("beta", 1)
    made = c.new_symbol(call.result.shape)
    product(c, made, call["batch1"], call["batch2"])
    elementwise(c, call.result, "Add", [times(c, made, alpha), times(c, call["self"], beta)])


@handles("bilinear")
def bilinear(c: Converter, call: Call) -> None:
    weight, bias = call["weight"], call.get("bias")
    if not c.is_learned(weight) or (bias is not None and not c.is_learned(bias)):
        raise UnsupportedError("a bilinear layer with computed weights")
    parameters = {"out_features": weight.shape[0], "bias": bias is not None}
    inputs = [call["input1"], call["input2"]]
    c.emit(call.result, "Bilinear", parameters, inputs, {"weight": weight, "bias": bias})
