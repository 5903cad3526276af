"""Groups of ONNX nodes that are one function of torch, as exporters write them."""

from collections.abc import Mapping

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from designer.readers.graph import NeutralGraph, Ref
from tests.readers.onnx.running import graph_of, run

RANDOM = np.random.default_rng(1)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def read(body: str, shape: tuple[int, ...], constants: Mapping[str, np.ndarray]) -> NeutralGraph:
    """Return what is read from the text of a network of x, after it was compared with ONNX."""
    sizes = ", ".join(map(str, shape))
    given = {
        "half": np.float32(0.5), "one": np.float32(1), "two": np.float32(2),
        "eps": np.float32(1e-5), **constants,
    }  # fmt: skip
    head = '<ir_version: 10, opset_import: ["": 17]> net'
    model = onnx.parser.parse_model(f"{head} (float[{sizes}] x) => (float[?] y) {{ {body} }}")
    model.graph.output[0].type.tensor_type.ClearField("shape")
    used = {name for node in model.graph.node for name in node.input}
    for name, array in given.items():
        if name in used:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    graph = graph_of(model)
    x = floats(*shape)
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    (found,) = run(graph, [x])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    return graph


def kinds(graph: NeutralGraph) -> list[str]:
    return [each.kind for each in graph.operations]


ROOT = {"root": np.float32(2**0.5), "inverse": np.float32(0.5**0.5)}


@pytest.mark.parametrize(
    "body",
    [
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
        "a = Mul(x, inverse) b = Erf(a) c = Add(one, b) d = Mul(half, x) y = Mul(d, c)",
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(c, half) y = Mul(x, d)",
    ],
)
def test_gelu(body: str) -> None:
    assert kinds(read(body, (2, 5), ROOT)) == ["gelu"]


def test_gelu_by_tanh() -> None:
    graph = read(
        "p = Pow(x, three) q = Mul(p, small) r = Add(x, q) s = Mul(r, factor) t = Tanh(s)"
        "u = Add(t, one) v = Mul(x, u) y = Mul(v, half)",
        (2, 5),
        {
            "three": np.float32(3),
            "small": np.float32(0.044715),
            "factor": np.float32((2 / np.pi) ** 0.5),
        },
    )
    assert kinds(graph) == ["gelu"]
    assert graph.operations[0].arguments["approximate"] == "tanh"


def test_another_factor_is_no_gelu() -> None:
    graph = read(
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
        (2, 5),
        {"root": np.float32(1.5)},
    )
    assert "gelu" not in kinds(graph)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("s = Sigmoid(x) y = Mul(x, s)", "silu"),
        ("s = HardSigmoid <alpha = 0.16666667> (x) y = Mul(s, x)", "hardswish"),
        ("a = Softplus(x) b = Tanh(a) y = Mul(x, b)", "mish"),
    ],
)
def test_a_value_times_its_gate(body: str, kind: str) -> None:
    assert kinds(read(body, (2, 5), {})) == [kind]


def test_a_gate_of_another_value_stays() -> None:
    graph = read("t = Tanh(x) s = Sigmoid(t) y = Mul(x, s)", (2, 5), {})
    assert kinds(graph) == ["tanh", "sigmoid", "mul"]


NORM = (
    "m = ReduceMean <axes = [-1]> (x) c = Sub(x, m) s = Pow(c, two)"
    "v = ReduceMean <axes = [-1]> (s)"
    "e = Add(v, eps) d = Sqrt(e) n = Div(c, d)"
)


def test_layer_norm() -> None:
    body = f"{NORM} w = Mul(n, gain) y = Add(w, shift)"
    graph = read(body, (2, 4, 6), {"gain": floats(6), "shift": floats(6)})
    assert kinds(graph) == ["layer_norm"]
    arguments = graph.operations[0].arguments
    assert arguments["normalized_shape"] == (6,)
    assert arguments["eps"] == 1e-5
    assert graph.tensors["gain"].kind == "parameter"


def test_layer_norm_without_factors() -> None:
    assert kinds(read(f"{NORM} y = Identity(n)", (2, 4, 6), {})) == ["layer_norm"]


def test_rms_norm() -> None:
    graph = read(
        "s = Mul(x, x) v = ReduceMean <axes = [-1]> (s) e = Add(v, eps) d = Sqrt(e)"
        "r = Reciprocal(d) n = Mul(x, r) y = Mul(n, gain)",
        (2, 4, 6),
        {"gain": floats(6)},
    )
    assert kinds(graph) == ["rms_norm"]


@pytest.mark.parametrize("ones", ["ones", "val_3"])  # the second is no name of a module's
def test_group_norm(ones: str) -> None:
    zeros = "zeros" if ones == "ones" else "val_4"
    graph = read(
        f"a = Reshape(x, apart) b = InstanceNormalization(a, {ones}, {zeros}) c = Reshape(b, back)"
        "d = Mul(c, gain) y = Add(d, shift)",
        (2, 6, 4, 4),
        {
            "apart": np.array([0, 3, -1]),
            "back": np.array([2, 6, 4, 4]),
            ones: np.ones(3, np.float32),
            zeros: np.zeros(3, np.float32),
            "gain": floats(6, 1, 1),
            "shift": floats(6, 1, 1),
        },
    )
    assert kinds(graph) == ["group_norm"]
    weight = graph.operations[0].arguments["weight"]
    assert graph.tensors[weight.name].spec.shape == (6,)


def test_an_instance_norm_with_factors_stays() -> None:
    graph = read(
        "a = Reshape(x, apart) b = InstanceNormalization(a, gain, shift) y = Reshape(b, back)",
        (2, 6, 4, 4),
        {
            "apart": np.array([0, 3, -1]),
            "back": np.array([2, 6, 4, 4]),
            "gain": floats(3),
            "shift": floats(3),
        },
    )
    assert kinds(graph) == ["reshape", "instance_norm", "reshape"]


@pytest.mark.parametrize("order", ["a, bias", "bias, a"])
def test_a_bias_that_is_added(order: str) -> None:
    graph = read(
        f"a = MatMul(x, w) y = Add({order})", (2, 4, 6), {"w": floats(6, 3), "bias": floats(3)}
    )
    assert kinds(graph) == ["linear"]
    assert graph.operations[0].arguments["bias"] == Ref("bias")


def test_a_bias_of_a_convolution() -> None:
    graph = read(
        "a = Conv(x, w) y = Add(a, bias)",
        (2, 3, 5, 5),
        {"w": floats(4, 3, 3, 3), "bias": floats(4, 1, 1)},
    )
    assert kinds(graph) == ["conv2d"]


def test_a_product_that_is_read_twice_keeps_its_bias_apart() -> None:
    graph = read(
        "a = MatMul(x, w) b = Add(a, bias) y = Mul(a, b)",
        (2, 6),
        {"w": floats(6, 3), "bias": floats(3)},
    )
    assert kinds(graph) == ["linear", "add", "mul"]


def test_a_linear_layer_of_rows() -> None:
    graph = read(
        "a = Reshape(x, rows) b = MatMul(a, w) c = Add(b, bias) y = Reshape(c, back)",
        (2, 4, 6),
        {
            "rows": np.array([-1, 6]),
            "back": np.array([2, 4, 3]),
            "w": floats(6, 3),
            "bias": floats(3),
        },
    )
    assert kinds(graph) == ["linear"]
    assert graph.operations[0].arguments["input"] == Ref("x")


HEADS = (
    "q = MatMul(x, a) k = MatMul(x, b) v = MatMul(x, c)"
    "qh = Reshape(q, heads) kh = Reshape(k, heads) vh = Reshape(v, heads)"
    "qt = Transpose <perm = [0, 2, 1, 3]> (qh) vt = Transpose <perm = [0, 2, 1, 3]> (vh)"
    "kt = Transpose <perm = [0, 2, 3, 1]> (kh)"
)


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ("p = MatMul(qt, kt) s = Div(p, scale) t = Softmax(s) y = MatMul(t, vt)", set()),
        ("p = MatMul(qt, kt) t = Softmax(p) y = MatMul(t, vt)", {"scale"}),
        ("p = MatMul(qt, kt) s = Div(p, scale) m = Add(s, mask) t = Softmax(m) y = MatMul(t, vt)",
         {"attn_mask"}),
    ],
)  # fmt: skip
def test_attention(body: str, arguments: set[str]) -> None:
    graph = read(
        f"{HEADS} {body}",
        (2, 5, 8),
        {
            **{name: floats(8, 8) for name in "abc"},
            "heads": np.array([2, 5, 2, 4]),
            "scale": np.float32(2),
            "mask": floats(5, 5),
        },
    )
    last = graph.operations[-1]
    assert last.kind == "scaled_dot_product_attention"
    assert set(last.arguments) == {"query", "key", "value", *arguments}


def test_heads_of_attention_with_the_tokens_first() -> None:
    """The form of torch's MultiheadAttention: one projection for all, images as the second axis."""
    graph = read(
        "xt = Transpose <perm = [1, 0, 2]> (x) p = MatMul(xt, w) q3 = Reshape(p, three)"
        "u = Unsqueeze(q3, first) m = Transpose <perm = [3, 1, 2, 0, 4]> (u) z = Squeeze(m, third)"
        "q = Gather <axis = 0> (z, i0) k = Gather <axis = 0> (z, i1) v = Gather <axis = 0> (z, i2)"
        "qh = Reshape(q, rows) kh = Reshape(k, rows) vh = Reshape(v, rows)"
        "qt = Transpose <perm = [1, 0, 2]> (qh) kt = Transpose <perm = [1, 2, 0]> (kh)"
        "vt = Transpose <perm = [1, 0, 2]> (vh)"
        "q4 = Reshape(qt, heads) k4 = Reshape(kt, turned) v4 = Reshape(vt, heads)"
        "s = MatMul(q4, k4) d = Div(s, two) t = Softmax(d) a = MatMul(t, v4)"
        "b = Transpose <perm = [2, 0, 1, 3]> (a) c = Reshape(b, flat) e = MatMul(c, o)"
        "f = Reshape(e, back) y = Transpose <perm = [1, 0, 2]> (f)",
        (2, 5, 8),
        {
            "w": floats(8, 24),
            "o": floats(8, 8),
            "three": np.array([5, 2, 3, 8]),
            "first": np.array([0]),
            "third": np.array([3]),
            "i0": np.array(0),
            "i1": np.array(1),
            "i2": np.array(2),
            "rows": np.array([5, 4, 4]),
            "heads": np.array([2, 2, 5, 4]),
            "turned": np.array([2, 2, 4, 5]),
            "flat": np.array([10, 8]),
            "back": np.array([5, 2, 8]),
        },
    )
    heads = ["slice", "reshape", "permute"] * 3
    after = ["scaled_dot_product_attention", "permute", "reshape", "linear"]
    assert kinds(graph) == ["linear", *heads, *after]


def test_axes_that_are_moved_and_moved_back() -> None:
    graph = read(
        "a = Transpose <perm = [0, 2, 3, 1]> (x) b = Transpose <perm = [0, 3, 1, 2]> (a)"
        "y = Relu(b)",
        (2, 3, 4, 5),
        {},
    )
    assert kinds(graph) == ["relu"]


def test_a_mean_over_positions_is_a_pool() -> None:
    graph = read("y = ReduceMean <axes = [2, 3]> (x)", (2, 3, 4, 5), {})
    assert kinds(graph) == ["adaptive_avg_pool2d"]


def pooled(size: int, count: int) -> tuple[str, dict[str, np.ndarray]]:
    """Return the nodes that torch's exporter writes for AdaptiveAvgPool2d, and their constants."""
    number = np.arange(count)
    starts, ends = number * size // count, -(-(number + 1) * size // count)
    longest = int((ends - starts).max())
    places = np.minimum(starts[:, None] + np.arange(longest), size - 1)
    mask = np.arange(longest) >= (ends - starts)[:, None]
    rows = np.broadcast_to(places[:, :, None, None], (count, longest, count, longest))
    columns = np.broadcast_to(places, rows.shape)
    given = {"places": np.stack([rows, columns], -1), "zero": np.float32(0)}
    body = (
        "a = Transpose <perm = [2, 3, 0, 1]> (x) b = GatherND(a, places)"
        "c = Transpose <perm = [4, 5, 0, 1, 2, 3]> (b)"
    )
    if not mask.any():
        return f"{body} y = ReduceMean <axes = [-3, -1], keepdims = 0> (c)", given
    given |= {"rows": mask[:, :, None, None], "columns": mask}
    body += "d = Where(rows, zero, c) e = Where(columns, zero, d)"
    total = ""
    for i in range(longest):
        body += f"r{i} = Gather <axis = 3> (e, at{i})"
        given[f"at{i}"] = np.array(i)
        for j in range(longest):
            body += f"p{i}{j} = Gather <axis = 4> (r{i}, at{j})"
            body += f"s{i}{j} = Add({total}, p{i}{j})" if total else ""
            total = f"s{i}{j}" if total else f"p{i}{j}"
    given["sizes"] = np.outer(ends - starts, ends - starts).astype(np.float32)
    return f"{body} y = Div({total}, sizes)", given


@pytest.mark.parametrize(("size", "count"), [(1, 6), (4, 2), (6, 4), (2, 7), (5, 3)])
def test_an_adaptive_pool_of_picked_positions(size: int, count: int) -> None:
    body, given = pooled(size, count)
    graph = read(body, (2, 3, size, size), given)
    assert kinds(graph) == ["adaptive_avg_pool2d"]
    assert graph.operations[0].arguments["output_size"] == (count, count)


@pytest.mark.parametrize("wrong", ["sizes", "columns", "places"])
def test_other_positions_are_no_adaptive_pool(wrong: str) -> None:
    body, given = pooled(2, 7)
    changed = given[wrong].copy()
    changed[0] = 1 - changed[0] if wrong == "places" else changed[0] + True * 2
    graph = read(body, (2, 3, 2, 2), {**given, wrong: changed.astype(given[wrong].dtype)})
    assert "adaptive_avg_pool2d" not in kinds(graph)


def window(heads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of biases of windows of 3 x 3 positions, and the biases of the pairs."""
    table = floats(25, heads)
    y, x = np.divmod(np.arange(9), 3)
    rows = (y[:, None] - y + 2) * 5 + x[:, None] - x + 2
    return table, np.moveaxis(table[rows], -1, 0)


def test_relative_positions_have_a_table() -> None:
    table, biases = window(2)
    graph = read("y = Add(x, biases)", (4, 2, 9, 9), {"biases": biases[None]})
    assert kinds(graph) == ["index_select", "reshape", "permute", "reshape", "add"]
    (found,) = (each for each in graph.tensors.values() if each.kind == "parameter")
    np.testing.assert_array_equal(found.read(), table)
    assert any("tables" in each for each in graph.notes)


def test_a_mask_has_no_table() -> None:
    biases = window(2)[1]
    biases[0, 0, 1] += 1
    graph = read("y = Add(x, biases)", (4, 2, 9, 9), {"biases": biases[None]})
    assert kinds(graph) == ["add"]
    assert not graph.notes


def test_elements_that_are_picked_by_strides() -> None:
    flat = np.array([-1])
    every = np.arange(2 * 6).reshape(2, 6, 1)
    graph = read("a = Reshape(x, flat) y = Gather(a, at)", (2, 6), {"flat": flat, "at": every})
    assert kinds(graph) == ["reshape", "reshape"]
    some = every[:, ::2] + 1
    graph = read("a = Reshape(x, flat) y = Gather(a, at)", (2, 6), {"flat": flat, "at": some})
    assert "index_select" in kinds(graph)
    assert graph.values[graph.outputs[0]].shape == (2, 3, 1)


def test_a_token_that_was_expanded_when_the_file_was_written() -> None:
    token = np.repeat(floats(1, 1, 4), 2, axis=0)
    graph = read("y = Concat <axis = 1> (token, x)", (2, 3, 4), {"token": token})
    assert kinds(graph) == ["expand", "cat"]
    assert {each.spec.shape for each in graph.tensors.values()} == {(1, 1, 4)}


@pytest.mark.parametrize(
    ("split", "sizes"),
    [(np.array(2), [2, 2, 1]), (np.array([1, 4]), [1, 4]), (None, [1] * 5)],
)
def test_sequences_of_parts(split: np.ndarray | None, sizes: list[int]) -> None:
    last = len(sizes) - 1
    graph = read(
        f"s = SplitToSequence <axis = 1> (x{', split' if split is not None else ''})"
        "a = SequenceAt(s, first) b = SequenceAt(s, last) y = Concat <axis = 1> (b, a)",
        (2, 5),
        {
            **({"split": split} if split is not None else {}),
            "first": np.array(0),
            "last": np.array(last - len(sizes)),
        },
    )
    assert kinds(graph) == ["split_with_sizes", "cat"]
    assert graph.operations[0].arguments["split_sizes"] == tuple(sizes)


def test_sequences_that_are_joined() -> None:
    graph = read(
        "s = SplitToSequence <axis = 1, keepdims = 0> (x) a = SequenceAt(s, second)"
        "b = Unsqueeze(a, axis) t = SequenceConstruct(b, x) y = ConcatFromSequence <axis = 1> (t)",
        (2, 5),
        {"axis": np.array([1]), "second": np.array(1)},
    )
    assert kinds(graph)[-1] == "cat"
