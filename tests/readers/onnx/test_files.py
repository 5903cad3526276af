"""Files that are damaged, hostile, or hold what is not read: each is refused with a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.reference
import pytest
from onnx import TensorProto, helper, numpy_helper

from designer.errors import DesignerError
from designer.readers import onnx as reader
from designer.readers.graph import TensorSpec
from tests.readers.onnx.running import run


def model_of(
    nodes: list[Any], shape: Any = (2, 3), constants: dict[str, Any] | None = None, **more: Any
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info("y")],
        [
            numpy_helper.from_array(np.asarray(each), name)
            for name, each in (constants or {}).items()
        ],
    )
    more.setdefault("opset_imports", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, **more)


def relu() -> onnx.ModelProto:
    return model_of([helper.make_node("Relu", ["x"], ["y"])])


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def refused(path: Path, *words: str) -> None:
    with pytest.raises(DesignerError) as caught:
        reader.read(path)
    for word in words:
        assert word in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.onnx", "there is no such file")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x07" * 50, b"PK\x03\x04" + b"0" * 100])
def test_no_onnx(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    refused(path, "cannot be opened")


def test_every_cut_file_is_refused(tmp_path: Path) -> None:
    weight = np.ones((3, 4), np.float32)
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], constants={"w": weight})
    content = model.SerializeToString()
    path = tmp_path / "net.onnx"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        refused(path, "cannot be opened")


def test_changed_bytes_never_end_in_a_traceback(tmp_path: Path) -> None:
    weight = np.ones((3, 4), np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Reshape", ["a", "s"], ["b"]),
        helper.make_node("Softmax", ["b"], ["y"], axis=-1),
    ]
    constants = {"w": weight, "s": np.array([2, 2, 2])}
    content = bytearray(model_of(nodes, constants=constants).SerializeToString())
    path = tmp_path / "net.onnx"
    for place in range(0, len(content), 2):
        changed = bytearray(content)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            graph = reader.read(path)
            for each in graph.tensors.values():
                each.read()
        except DesignerError:
            continue


def test_a_tensor_with_other_bytes_than_its_shape_says(tmp_path: Path) -> None:
    model = model_of(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        constants={"w": np.ones((3, 4), np.float32)},
    )
    model.graph.initializer[0].dims[0] = 1 << 20
    refused(saved(model, tmp_path), "'w'", "bytes in place of")


def test_a_tensor_too_large_for_any_memory(tmp_path: Path) -> None:
    model = relu()
    tensor = model.graph.initializer.add(name="w", data_type=1)
    tensor.dims.extend([1 << 40, 1 << 20])
    refused(saved(model, tmp_path), "'w' has the sizes")


def test_a_shape_that_grows_without_end(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["a"]),
        helper.make_node("Add", ["x", "a"], ["y"]),
    ]
    model = model_of(nodes, constants={"s": np.array([1 << 30, 1 << 20, 3])})
    refused(saved(model, tmp_path), "gives a value of the sizes")


# Tensors in other files


def with_file(tmp_path: Path, location: str, **entries: str) -> onnx.ModelProto:
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])])
    tensor = model.graph.initializer.add(name="w", data_type=1)
    tensor.dims.extend([3, 4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return model


def test_tensors_in_a_file_beside_it(tmp_path: Path) -> None:
    weight = np.arange(14, dtype=np.float32)
    (tmp_path / "net.data").write_bytes(weight.tobytes())
    model = with_file(tmp_path, "net.data", offset="8", length="48")
    graph = reader.read(saved(model, tmp_path))
    (stored,) = graph.tensors.values()
    np.testing.assert_array_equal(stored.read(), weight[2:].reshape(3, 4).T)


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "a/../../secret", "C:\\secret", ""])
def test_files_elsewhere_are_not_read(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"0" * 100)
    refused(saved(with_file(tmp_path, place), folder), "outside the model's folder")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"0" * 100)
    (folder / "net.data").symlink_to(tmp_path / "secret")
    refused(saved(with_file(tmp_path, "net.data"), folder), "outside the model's folder")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refused(
        saved(with_file(tmp_path, "net.data"), tmp_path), "'net.data'", "no such file beside it"
    )


@pytest.mark.parametrize("entries", [{"offset": "4"}, {"offset": "-8"}, {"length": "12"}])
def test_a_short_file_is_refused(tmp_path: Path, entries: dict[str, str]) -> None:
    (tmp_path / "net.data").write_bytes(b"0" * 48)
    refused(saved(with_file(tmp_path, "net.data", **entries), tmp_path), "'net.data' is too short")


# What is not read


def test_a_size_that_the_file_leaves_open(tmp_path: Path) -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], ("batch", 3, "height", "width"))
    path = saved(model, tmp_path)
    refused(path, "Axis 2 (height) of the input 'x'", "--input 3xNxN")
    graph = reader.read(path, [TensorSpec((3, 8, 9))])
    assert graph.values["x"].shape == (2, 3, 8, 9)
    with pytest.raises(DesignerError, match="Axis 1 of the input 'x' has 3 in the file and 4"):
        reader.read(path, [TensorSpec((4, 8, 9))])
    with pytest.raises(DesignerError, match="has 4 axes with the batch"):
        reader.read(path, [TensorSpec((8,))])


def test_a_network_for_a_single_image(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["x", "s"], ["y"])]
    model = model_of(nodes, ("batch", 6), {"s": np.array([1, 2, 3])})
    graph = reader.read(saved(model, tmp_path))
    assert graph.batch == 1
    assert graph.values[graph.outputs[0]].shape == (1, 2, 3)


def test_sizes_that_depend_on_values(tmp_path: Path) -> None:
    model = model_of([helper.make_node("NonZero", ["x"], ["y"])])
    refused(
        saved(model, tmp_path), "the shape of 'y', which NonZero gives", "depends on the values"
    )


def test_values_that_nobody_gives(tmp_path: Path) -> None:
    model = model_of([helper.make_node("Add", ["x", "z"], ["y"])])
    refused(saved(model, tmp_path), "reads 'z', which no node before it gives")


def test_a_value_that_two_nodes_give(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    refused(saved(model_of([node, node]), tmp_path), "give 'y'")


def test_an_output_that_nobody_gives(tmp_path: Path) -> None:
    refused(saved(model_of([helper.make_node("Relu", ["x"], ["z"])]), tmp_path), "its output 'y'")


def test_inputs_of_text(tmp_path: Path) -> None:
    model = relu()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING
    refused(saved(model, tmp_path), "'x' has elements of STRING")


def test_sparse_tensors(tmp_path: Path) -> None:
    model = relu()
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))
    refused(saved(model, tmp_path), "'w' is stored as a sparse one")


def test_functions_are_written_out(tmp_path: Path) -> None:
    twice = helper.make_function(
        "own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    node = helper.make_node("Twice", ["x"], ["y"], domain="own")
    model = model_of([node], functions=[twice], opset_imports=imports)
    graph = reader.read(saved(model, tmp_path))
    assert [each.kind for each in graph.operations] == ["add"]


def test_a_function_that_calls_itself(tmp_path: Path) -> None:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    call = helper.make_node("Loop", ["a"], ["b"], domain="own")
    itself = helper.make_function("own", "Loop", ["a"], ["b"], [call], imports)
    node = helper.make_node("Loop", ["x"], ["y"], domain="own")
    model = model_of([node], functions=[itself], opset_imports=imports)
    refused(saved(model, tmp_path), "a function in it")


# What stays an operation of ONNX's own


def test_an_operator_of_another_library(tmp_path: Path) -> None:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    node = helper.make_node("Magic", ["x", "w"], ["y"], domain="com.example", strength=3)
    model = model_of([node], constants={"w": np.ones(3, np.float32)}, opset_imports=imports)
    refused(saved(model, tmp_path), "the shape of 'y'", "com.example.Magic")
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, (2, 3)))
    graph = reader.read(saved(model, tmp_path))
    (operation,) = graph.operations
    assert operation.kind == "onnx.com.example.Magic"
    assert operation.arguments["strength"] == 3
    assert graph.values["y"].shape == (2, 3)
    assert graph.tensors["w"].kind == "parameter"


def branches() -> tuple[Any, Any]:
    graphs = [
        helper.make_graph(
            [helper.make_node(operator, ["x"], [operator])], operator, [],
            [helper.make_tensor_value_info(operator, TensorProto.FLOAT, (2, 3))],
        )
        for operator in ("Relu", "Tanh")
    ]  # fmt: skip
    return graphs[0], graphs[1]


@pytest.mark.parametrize(("condition", "kind"), [(True, "relu"), (False, "tanh")])
def test_a_condition_that_is_known(tmp_path: Path, condition: bool, kind: str) -> None:
    yes, no = branches()
    node = helper.make_node("If", ["c"], ["y"], then_branch=yes, else_branch=no)
    graph = reader.read(saved(model_of([node], constants={"c": np.array(condition)}), tmp_path))
    assert [each.kind for each in graph.operations] == [kind]


def test_a_condition_that_depends_on_the_input(tmp_path: Path) -> None:
    yes, no = branches()
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0),
        helper.make_node("Cast", ["total"], ["c"], to=TensorProto.BOOL),
        helper.make_node("If", ["c"], ["y"], then_branch=yes, else_branch=no),
    ]
    model = model_of(nodes)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, (2, 3)))
    graph = reader.read(saved(model, tmp_path))
    assert [each.kind for each in graph.operations] == ["sum", "to", "onnx.If"]
    assert any("x" in name for name in graph.operations[-1].arguments)


# Weights that stand for others


def test_quantized_weights_are_what_they_stand_for(tmp_path: Path) -> None:
    whole = np.arange(12, dtype=np.int8).reshape(3, 4)
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    scale, zero = np.array([1, 2, 3, 4], np.float32), np.array([0, 1, 0, 1], np.int8)
    model = model_of(nodes, constants={"q": whole, "scale": scale, "zero": zero})
    graph = reader.read(saved(model, tmp_path))
    (stored,) = graph.tensors.values()
    np.testing.assert_array_equal(stored.read(), ((whole - zero) * scale).T)


def test_shapes_that_are_computed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["first"]),
        helper.make_node("Unsqueeze", ["first", "axes"], ["batch"]),
        helper.make_node("Concat", ["batch", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    constants = {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1, 2])}
    graph = reader.read(saved(model_of(nodes, ("n", 6), constants), tmp_path))
    (operation,) = graph.operations
    assert operation.kind == "reshape"
    assert operation.arguments["shape"] == (2, 3, 2)
    assert graph.tensors == {}


def test_images_with_channels_last_stay_right(tmp_path: Path) -> None:
    """TensorFlow's converter puts a Transpose before and after each convolution."""
    random = np.random.default_rng(0)
    weight = random.standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["a", "w"], ["b"], auto_pad="SAME_UPPER", strides=[2, 2]),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 3, 1]),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    model = model_of(nodes, (2, 8, 8, 3), {"w": weight})
    graph = reader.read(saved(model, tmp_path))
    x = random.standard_normal((2, 8, 8, 3)).astype(np.float32)
    (expected,) = onnx.reference.ReferenceEvaluator(model).run(None, {"x": x})
    np.testing.assert_allclose(run(graph, [x])[0], expected, rtol=1e-4, atol=1e-5)
