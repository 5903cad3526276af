"""Which tensors of an ONNX file a network learned: by its signature, by names, by what is read."""

import numpy as np
import pytest
from onnx import StringStringEntryProto, TensorProto, helper

from designer.analysis.analysis import analyze
from designer.folding.patterns import convert
from designer.readers.graph import NeutralGraph
from tests.readers.onnx.running import graph_of
from tests.readers.onnx.test_files import model_of

RANDOM = np.random.default_rng(3)
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def kinds(graph: NeutralGraph) -> dict[str, str]:
    return {name: each.kind for name, each in graph.tensors.items()}


def test_the_signature_of_a_module_says_what_is_a_parameter() -> None:
    model = model_of(
        [
            helper.make_node("Mul", ["x", "scale"], ["a"]),
            helper.make_node("Add", ["a", "pe"], ["y"]),
        ],
        constants={"scale": floats(1), "pe": floats(2, 3)},
    )
    assert kinds(graph_of(model)) == {"pe": "parameter"}, "a single number, by its name"
    entry = StringStringEntryProto(
        key=SIGNATURE,
        value="\n# inputs\np_scale: PARAMETER target='scale'\nb_pe: BUFFER target='pe'\n",
    )
    model.graph.metadata_props.append(entry)
    assert kinds(graph_of(model)) == {"scale": "parameter", "pe": "constant"}


def test_what_the_exporter_computed_from_a_parameter_alone_is_learned() -> None:
    model = model_of(
        [
            helper.make_node("Add", ["x", "expand"], ["a"]),
            helper.make_node("Mul", ["a", "mix"], ["y"]),
        ],
        constants={"expand": floats(2, 3), "mix": floats(2, 3)},
    )
    value = "p_t: PARAMETER target='token'\nb_t: BUFFER target='table'\n"
    model.graph.metadata_props.append(StringStringEntryProto(key=SIGNATURE, value=value))
    for name, origins in (("expand", "['token', 'val_6']"), ("mix", "['table', 'token']")):
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, (2, 3))
        entry = StringStringEntryProto(key="pkg.onnxscript.optimizer.folded_from", value=origins)
        info.metadata_props.append(entry)
        model.graph.value_info.append(info)
    assert kinds(graph_of(model)) == {"expand": "parameter", "mix": "constant"}


def test_a_weight_that_each_use_turns_is_one() -> None:
    model = model_of(
        [
            helper.make_node("Transpose", ["fc.weight"], ["t1"], perm=[1, 0]),
            helper.make_node("MatMul", ["x", "t1"], ["a"]),
            helper.make_node("Identity", ["fc.weight"], ["same"]),
            helper.make_node("Transpose", ["same"], ["t2"], perm=[1, 0]),
            helper.make_node("MatMul", ["a", "t2"], ["y"]),
        ],
        constants={"fc.weight": floats(3, 3)},
    )
    nodes = [*convert(graph_of(model)).design.graph.nodes.values()]
    first, second = (each for each in nodes if each.layer == "Linear")
    assert not first.shares and second.shares


def test_what_grows_from_a_bias_is_computed() -> None:
    model = model_of(
        [
            helper.make_node("Add", ["val_3", "mlp.bias"], ["table"]),
            helper.make_node("Add", ["x", "table"], ["y"]),
        ],
        constants={"val_3": floats(2, 3), "mlp.bias": floats(3)},
    )
    graph = graph_of(model)
    assert kinds(graph) == {"val_3": "constant", "mlp.bias": "parameter"}
    assert [each.kind for each in graph.operations] == ["add", "add"]


@pytest.mark.parametrize("computed", [True, False])
def test_zeros_that_the_file_computes_are_no_bias(computed: bool) -> None:
    zero = helper.make_node("Expand", ["zero", "size"], ["bias"])
    model = model_of(
        [
            *([zero] if computed else []),
            helper.make_node("Conv", ["x", "conv.weight", "bias"], ["y"]),
        ],
        (1, 3, 8, 8),
        constants={
            "conv.weight": floats(4, 3, 1, 1),
            **(
                {"zero": np.float32(0), "size": np.array([4])}
                if computed
                else {"bias": np.zeros(4, np.float32)}
            ),
        },
    )
    (conv,) = (
        each
        for each in convert(graph_of(model)).design.graph.nodes.values()
        if each.layer == "Conv2d"
    )
    assert conv.parameters.get("bias", True) is not computed


@pytest.mark.parametrize(("gain", "learns"), [("val_3", False), ("norm.weight", True)])
def test_an_instance_norm_of_constants_learns_nothing(gain: str, learns: bool) -> None:
    shift = "norm.bias" if learns else "val_7"
    model = model_of(
        [helper.make_node("InstanceNormalization", ["x", gain, shift], ["y"])],
        (1, 3, 8, 8),
        constants={gain: np.ones(3, np.float32), shift: np.zeros(3, np.float32)},
    )
    found = convert(graph_of(model))
    totals = analyze(found.design).totals
    assert totals.parameters == (6 if learns else 0)


@pytest.mark.parametrize("same", [True, False])
def test_a_product_with_the_vectors_of_an_embedding_shares_them(same: bool) -> None:
    vectors = floats(5, 3)
    model = model_of(
        [
            helper.make_node("Cast", ["x"], ["tokens"], to=TensorProto.INT64),
            helper.make_node("Gather", ["emb.weight", "tokens"], ["a"], axis=0),
            helper.make_node("MatMul", ["a", "onnx::MatMul_7"], ["y"]),
        ],
        (1, 4),
        constants={
            "emb.weight": vectors,
            "onnx::MatMul_7": np.ascontiguousarray((vectors if same else vectors + 1).T),
        },
    )
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    nodes = [*convert(graph_of(model)).design.graph.nodes.values()]
    (linear,) = (each for each in nodes if each.layer == "Linear")
    assert bool(linear.shares) is same


def test_what_of_an_operator_no_layer_expresses_is_said() -> None:
    model = model_of(
        [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="cubic", cubic_coeff_a=-0.5)],
        (1, 3, 8, 8),
        constants={"scales": np.array([1, 1, 2, 2], np.float32)},
    )
    (opaque,) = convert(graph_of(model)).opaque
    assert opaque.reason == "a resize of the mode cubic"


def test_attributes_that_change_nothing_for_the_nearest_element_are_taken() -> None:
    node = helper.make_node(
        "Resize", ["x", "", "scales"], ["y"], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric", antialias=0, exclude_outside=0,
    )  # fmt: skip
    scales = {"scales": np.array([1, 1, 2, 2], np.float32)}
    model = model_of([node], (1, 3, 8, 8), constants=scales)
    model.opset_import[0].version = 18
    found = convert(graph_of(model))
    assert [each.layer for each in found.design.graph.nodes.values()] == [
        "Input", "Resize", "Output"
    ]  # fmt: skip


def test_a_learned_number_has_one_value_in_the_design() -> None:
    model = model_of(
        [helper.make_node("Mul", ["x", "gain"], ["y"])],
        constants={"gain": floats()},
        producer_name="pytorch",
    )
    converted = convert(graph_of(model))
    (weight,) = converted.weights.values()
    assert np.shape(weight.read()) == (1,)


def test_a_maximum_with_minus_infinity_changes_nothing() -> None:
    low = np.float32(-np.inf)
    model = model_of([helper.make_node("Max", ["x", "low"], ["y"])], constants={"low": low})
    converted = convert(graph_of(model))
    assert [each.layer for each in converted.design.graph.nodes.values()] == ["Input", "Output"]


def test_an_operation_whose_layer_refuses_its_input_is_opaque() -> None:
    """The inputs of a file may not have the batch along their first axis."""
    model = model_of(
        [
            helper.make_node("Reshape", ["x", "size"], ["a"]),
            helper.make_node("Conv", ["a", "conv.weight"], ["b"]),
            helper.make_node("Relu", ["b"], ["y"]),
        ],
        (4, 9),
        constants={"size": np.array([1, 4, 9]), "conv.weight": floats(5, 4, 3)},
    )
    converted = convert(graph_of(model))
    assert converted.opaque
    analysis = analyze(converted.design)
    assert analysis.valid
    assert analysis.totals.parameters == 5 * 4 * 3


def test_an_output_that_only_the_second_of_two_equal_nodes_is_asked_for() -> None:
    model = model_of(
        [
            helper.make_node("Split", ["pair.weight", "sizes"], ["a", "b"], axis=0),
            helper.make_node("Split", ["pair.weight", "sizes"], ["c", "d"], axis=0),
            helper.make_node("Add", ["x", "a"], ["e"]),
            helper.make_node("Add", ["e", "d"], ["y"]),
        ],
        (2, 3),
        constants={"pair.weight": floats(6), "sizes": np.array([3, 3])},
    )
    graph = graph_of(model)
    assert len(graph.tensors) == 2


def test_a_weight_that_is_padded_stays_a_weight() -> None:
    model = model_of(
        [
            helper.make_node("Concat", ["fc.weight", "const_row"], ["w"], axis=1),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        (2, 3),
        constants={"fc.weight": floats(3, 3), "const_row": np.zeros((3, 1), np.float32)},
    )
    assert "Linear" in [each.layer for each in convert(graph_of(model)).design.graph.nodes.values()]
