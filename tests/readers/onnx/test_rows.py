"""Rows of the operator table that ONNX's own cases do not reach, against onnx.reference."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.readers.onnx.running import graph_of, run

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def model_of(
    operator: str,
    x: np.ndarray,
    constants: Mapping[str, np.ndarray],
    output: tuple[int, tuple[int, ...]],
    opset: int = 21,
    domain: str = "",
    inputs: tuple[str, ...] | None = None,
    **attributes: Any,
) -> Any:
    """Return a model of one node, of which the first input is given to the network."""
    names = inputs or ("x", *constants)
    node = helper.make_node(operator, names, ["y"], domain=domain, **attributes)
    graph = helper.make_graph(
        [node],
        "net",
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)],
        [helper.make_tensor_value_info("y", *output)],
        [numpy_helper.from_array(each, name) for name, each in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=opsets)


def compared(model: Any, x: np.ndarray) -> list[str]:
    """Check that what is read does what ONNX says; return torch's functions."""
    graph = graph_of(model)
    kinds = [each.kind for each in graph.operations]
    assert not any(each.startswith("onnx.") for each in kinds), kinds
    (found,) = run(graph, [x])
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    return kinds


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("operator", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_gates_are_written_in_another_order(operator: str, gates: int, direction: str) -> None:
    n, hidden, features = (2 if direction == "bidirectional" else 1), 5, 3
    x = floats(7, 2, features)
    constants = {
        "w": floats(n, gates * hidden, features),
        "r": floats(n, gates * hidden, hidden),
        "b": floats(n, 2 * gates * hidden),
    }
    more = {"linear_before_reset": 1} if operator == "GRU" else {}
    model = model_of(
        operator, x, constants, (TensorProto.FLOAT, (7, n, 2, hidden)), hidden_size=hidden,
        direction=direction, **more,
    )  # fmt: skip
    graph = graph_of(model)
    (found,) = run(graph, [x])
    (expected,) = _session(model).run(None, {"x": x})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert {each.kind for each in graph.operations} >= {
        {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn_tanh"}[operator]
    }


def test_a_gru_that_resets_before_the_product_is_not_torchs() -> None:
    x = floats(7, 2, 3)
    constants = {"w": floats(1, 15, 3), "r": floats(1, 15, 5)}
    model = model_of("GRU", x, constants, (TensorProto.FLOAT, (7, 1, 2, 5)), hidden_size=5)
    graph = graph_of(model)
    assert [each.kind for each in graph.operations] == ["onnx.GRU"]
    assert graph.operations[0].arguments["hidden_size"] == 5


@pytest.mark.parametrize("axis", [-1, 1])
def test_layer_normalization(axis: int) -> None:
    x = floats(2, 4, 6)
    shape = x.shape[axis:]
    constants = {"w": floats(*shape), "b": floats(*shape)}
    model = model_of(
        "LayerNormalization", x, constants, (TensorProto.FLOAT, x.shape), axis=axis, epsilon=1e-3
    )
    assert compared(model, x) == ["layer_norm"]


def test_types_are_cast() -> None:
    x = floats(2, 4)
    model = model_of("Cast", x, {}, (TensorProto.INT64, x.shape), to=TensorProto.INT64)
    assert compared(model, x) == ["to"]
    model = model_of(
        "CastLike", x, {"like": np.zeros(1, np.float64)}, (TensorProto.DOUBLE, x.shape)
    )
    assert compared(model, x) == ["to"]


def test_a_cast_to_the_same_type_is_nothing() -> None:
    x = floats(2, 4)
    model = model_of("Cast", x, {}, (TensorProto.FLOAT, x.shape), to=TensorProto.FLOAT)
    assert graph_of(model).operations == ()


def test_sums_along_an_axis() -> None:
    x = floats(2, 4)
    model = model_of("CumSum", x, {"axis": np.array(1)}, (TensorProto.FLOAT, x.shape))
    assert compared(model, x) == ["cumsum"]


@pytest.mark.parametrize("padding", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("size", [7, 8])
def test_automatic_padding_of_convolutions(padding: str, size: int) -> None:
    x = floats(2, 3, size, size)
    out = -(-size // 2) if padding != "VALID" else (size - 3) // 2 + 1
    model = model_of(
        "Conv", x, {"w": floats(4, 3, 3, 3), "b": floats(4)}, (TensorProto.FLOAT, (2, 4, out, out)),
        auto_pad=padding, strides=[2, 2],
    )  # fmt: skip
    uneven = padding != "VALID" and size == 8
    assert compared(model, x) == (["pad", "conv2d"] if uneven else ["conv2d"])


@pytest.mark.parametrize("counted", [0, 1])
def test_an_average_with_padding_on_one_side(counted: int) -> None:
    x = floats(2, 3, 8, 8)
    model = model_of(
        "AveragePool", x, {}, (TensorProto.FLOAT, (2, 3, 4, 4)), kernel_shape=[3, 3],
        strides=[2, 2], pads=[0, 0, 1, 1], count_include_pad=counted,
    )  # fmt: skip
    assert compared(model, x) == ["pad", "avg_pool2d"] + ["mul"] * (1 - counted)


def test_a_product_with_known_weights_is_a_linear_layer() -> None:
    x, w = floats(2, 5, 3), floats(3, 4)
    model = model_of("MatMul", x, {"dense/kernel": w}, (TensorProto.FLOAT, (2, 5, 4)))
    graph = graph_of(model)
    (operation,) = graph.operations
    assert operation.kind == "linear"
    (stored,) = graph.tensors.values()
    assert (stored.key, stored.kind, stored.spec.shape) == ("dense_kernel", "parameter", (4, 3))
    np.testing.assert_array_equal(stored.read(), w.T)


@pytest.mark.parametrize("bias", [(4,), (1, 4), (1,), ()])
@pytest.mark.parametrize("turned", [0, 1])
def test_gemm(turned: int, bias: tuple[int, ...]) -> None:
    x = floats(2, 3)
    weight = floats(4, 3) if turned else floats(3, 4)
    model = model_of(
        "Gemm", x, {"w": weight, "b": floats(*bias)}, (TensorProto.FLOAT, (2, 4)), transB=turned,
        alpha=0.5, beta=2.0,
    )  # fmt: skip
    assert compared(model, x) == ["linear"]


def test_a_learned_token_is_spread_over_the_batch_by_an_operation() -> None:
    x = floats(2, 5, 8)
    nodes = [
        helper.make_node("Expand", ["class_token", "shape"], ["token"]),
        helper.make_node("Concat", ["token", "x"], ["y"], axis=1),
    ]
    constants = {"class_token": floats(1, 1, 8), "shape": np.array([2, 1, 8])}
    model = model_of("Identity", x, constants, (TensorProto.FLOAT, (2, 6, 8)))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    assert compared(model, x) == ["expand", "cat"]
    (stored,) = graph_of(model).tensors.values()
    assert (stored.key, stored.kind, stored.spec.shape) == ("class_token", "parameter", (1, 1, 8))


def test_merged_norms_are_told() -> None:
    x = floats(2, 3, 5, 5)
    model = model_of(
        "Conv", x, {"onnx::Conv_7": floats(4, 3, 3, 3)}, (TensorProto.FLOAT, (2, 4, 3, 3))
    )
    assert graph_of(model).notes == ()
    model.producer_name = "pytorch"
    (note,) = graph_of(model).notes
    assert note.startswith("BatchNorm layers were merged into the convolutions")


def _session(model: Any) -> Any:
    """Return onnxruntime's session: onnx.reference has no direction but forward."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    model.ir_version = 10
    return onnxruntime.InferenceSession(model.SerializeToString(), options)
