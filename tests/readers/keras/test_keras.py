"""Networks of Keras: the files beside this one, and all layers that Keras has where it is there."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from designer.engine.opening.running import run
from designer.errors import DesignerError
from designer.readers.graph import NeutralGraph, TensorSpec
from designer.readers.keras import archive, read
from tests.readers.keras.examples import EXAMPLES, FOLDER

pytest.importorskip("h5py", reason="h5py reads the weights")


def random_inputs(graph: NeutralGraph) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [
        generator.integers(0, 5, spec.shape)
        if spec.dtype == "int64"
        else generator.normal(size=spec.shape).astype("float32")
        for spec in (graph.values[name] for name in graph.inputs)
    ]


def given(graph: NeutralGraph, inputs: list[np.ndarray]) -> np.ndarray:
    """Return what a graph gives, whose shapes are those that it says."""
    for name, stored in graph.tensors.items():
        assert stored.read().shape == graph.values[name].shape == stored.spec.shape
    results = run(graph, [torch.from_numpy(each) for each in inputs])
    for name, result in zip(graph.outputs, results, strict=True):
        assert tuple(result.shape) == graph.values[name].shape
    return results[0].numpy()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_outputs_are_those_of_keras(name: str) -> None:
    graph = read(FOLDER / f"{name}.keras")
    stored = np.load(FOLDER / f"{name}.npz")
    inputs = [stored[f"arr_{number}"] for number in range(len(graph.inputs))]
    assert np.allclose(given(graph, inputs), stored["outputs"], rtol=1e-4, atol=1e-6)


def test_layers_keep_their_names_and_the_networks_that_hold_them() -> None:
    graph = read(FOLDER / "nested.keras")
    convolutions = [each for each in graph.operations if each.kind == "conv2d"]
    assert [[m.path for m in each.modules] for each in convolutions] == [
        ["", "body", "body.block", "body.block.conv2d"]
    ] * 2
    assert convolutions[0].arguments["weight"] == convolutions[1].arguments["weight"]
    assert {each.key for each in graph.tensors.values()} == {
        "body.block.conv2d.weight",
        "body.block.conv2d.bias",
        "dense.weight",
        "dense.bias",
    }


def test_a_norm_without_scale_says_that_it_has_one_now() -> None:
    graph = read(FOLDER / "pictures.keras")
    assert any("the scale is 1" in each for each in graph.notes)
    (scale,) = [each for each in graph.tensors.values() if each.key == "stem_norm.weight"]
    assert (scale.read() == 1).all()


def test_without_h5py_the_structure_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    graph = read(FOLDER / "pictures.keras")
    assert "netdesigner[import]" in graph.without_values
    assert len(graph.operations) > 20
    with pytest.raises(DesignerError, match=r"pip install 'netdesigner\[import\]'"):
        next(each for each in graph.tensors.values() if each.key == "stem_conv.weight").read()


# Files that are written here


def _zip(path: Path, config: Any, weights: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        if weights is not None:
            file.writestr("model.weights.h5", weights)
    return path


def _dense(name: str, units: int, **more: Any) -> dict[str, Any]:
    config = {"name": name, "units": units, "use_bias": True, "activation": "linear", **more}
    return {"class_name": "Dense", "config": config}


def _sequential(*layers: Any, shape: Any = (None, 3)) -> dict[str, Any]:
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [*shape]}}
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [first, *layers]}}


def _weights(arrays: dict[str, np.ndarray]) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return buffer.getvalue()


def test_a_file_of_keras_2_is_read(tmp_path: Path) -> None:
    """Nodes as lists, functions of TensorFlow, and weights under their name of 2.13."""
    config = {
        "class_name": "Functional",
        "config": {
            "name": "net",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "name": "x",
                    "config": {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32"},
                    "inbound_nodes": [],
                },
                {
                    **_dense("a", 2, activation="hard_sigmoid"),
                    "name": "a",
                    "inbound_nodes": [[["x", 0, 0, {}]]],
                },
                {
                    "class_name": "TFOpLambda",
                    "name": "tf.math.multiply",
                    "config": {"name": "tf.math.multiply", "function": "math.multiply"},
                    "inbound_nodes": [["a", 0, 0, {"y": 3.0}]],
                },
                {
                    "class_name": "Add",
                    "name": "sum",
                    "config": {"name": "sum"},
                    "inbound_nodes": [[["tf.math.multiply", 0, 0, {}], ["a", 0, 0, {}]]],
                },
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["sum", 0, 0]],
        },
    }
    kernel, bias = np.arange(6.0, dtype="float32").reshape(3, 2), np.ones(2, "float32")
    content = _weights(
        {
            "_layer_checkpoint_dependencies/dense/vars/0": kernel,
            "_layer_checkpoint_dependencies/dense/vars/1": bias,
        }
    )
    graph = read(_zip(tmp_path / "old.keras", config, content))
    x = np.array([[0.1, -0.2, 0.3], [-1.0, 0.5, 0.0]], "float32")
    expected = 4.0 * np.clip(0.2 * (x @ kernel + bias) + 0.5, 0.0, 1.0)
    assert np.allclose(given(graph, [x]), expected)


def test_what_is_not_known_becomes_one_operation(tmp_path: Path) -> None:
    odd = {"class_name": "Lambda", "config": {"name": "odd", "function": "os.system('false')"}}
    own = {
        "class_name": "Dense",
        "module": "mine",
        "registered_name": "mine>Dense",
        "config": {"name": "own"},
        "build_config": {"input_shape": [None, 4]},
    }
    after = {**_dense("after", 2), "build_config": {"input_shape": [None, 7]}}
    config = _sequential(odd, own, after)
    content = _weights(
        {
            "layers/dense/vars/0": np.ones((4, 7), "float32"),
            "layers/dense_1/vars/0": np.ones((7, 2), "float32"),
            "layers/dense_1/vars/1": np.ones(2, "float32"),
        }
    )
    graph = read(_zip(tmp_path / "odd.keras", config, content))
    assert [each.kind for each in graph.operations] == ["keras.Lambda", "keras.Dense", "linear"]
    shapes = [graph.values[each.results[0]].shape[1:] for each in graph.operations]
    assert shapes == [(4,), (7,), (2,)]
    assert [each.key for each in graph.tensors.values()][:1] == ["own.weight_0"]
    assert sum("is known by its shapes alone" in each for each in graph.notes) == 2


def test_an_open_size_is_asked_for(tmp_path: Path) -> None:
    convolution = {
        "class_name": "Conv2D",
        "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "use_bias": False},
    }
    path = _zip(tmp_path / "open.keras", _sequential(convolution, shape=(None, None, None, 3)))
    with pytest.raises(DesignerError, match="--input 3x224x224"):
        read(path)
    graph = read(path, [TensorSpec((3, 9, 7))])
    assert graph.values[graph.outputs[0]].shape == (2, 2, 7, 5)
    assert "no weights" in graph.without_values
    with pytest.raises(DesignerError, match="4x9x7 does not fit"):
        read(path, [TensorSpec((4, 9, 7))])


def _linked() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/1"] = np.ones(2, "float32")
        file["layers/dense/vars"]["0"] = h5py.ExternalLink("/etc/passwd", "/0")
    return buffer.getvalue()


def _huge() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/1"] = np.ones(2, "float32")
        file.create_dataset("layers/dense/vars/0", (1 << 40, 2), "float32", chunks=(1024, 2))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("config", "weights", "sentence"),
    [
        ("{", None, "config.json is damaged"),
        ("[" * 100_000, None, "config.json is damaged"),
        (
            {"class_name": "MyModel", "config": {}, "module": "mine"},
            None,
            "of the class MyModel, whose structure",
        ),
        ({"class_name": "Sequential", "config": {"layers": []}}, None, "has no layers"),
        ([], None, "is not what Keras writes"),
        (_sequential(_dense("a", -1)), None, "is not what Keras writes"),
        (_sequential(_dense("a", 2), _dense("a", 2)), None, "two layers of one name"),
        (_sequential(_dense("a", 2)), b"no HDF5", "model.weights.h5 is damaged"),
        (_sequential(_dense("a", 2)), _linked, "to another place"),
        (_sequential(_dense("a", 2), shape=(None, 1 << 40)), _huge, "has the shape"),
        (_sequential(_dense("a", 2), shape=(None, 1 << 30)), _huge, "far larger"),
        (
            _sequential(_dense("a", 2)),
            lambda: _weights({"layers/dense/vars/0": np.ones((4, 2), "float32")}),
            r"has the shape \[4, 2\] in place of \[3, 2\]",
        ),
        (_sequential(_dense("a", 2)), lambda: _weights({}), "weights lack layers/dense/vars/0"),
        (
            _sequential(_dense("a", 2)),
            lambda: _weights({"layers/dense/vars/0": np.ones((3, 2))}).replace(b"SNOD", b"SN0D"),
            "model.weights.h5 is damaged",
        ),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(
    tmp_path: Path, config: Any, weights: bytes | Callable[[], bytes] | None, sentence: str
) -> None:
    content = weights() if callable(weights) else weights
    path = _zip(tmp_path / "bad.keras", config, content)
    with pytest.raises(DesignerError, match=sentence):
        read(path)


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    for content, sentence in (
        (b"", "no whole file of Keras"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 file of an earlier Keras"),
    ):
        path.write_bytes(content)
        with pytest.raises(DesignerError, match=sentence):
            read(path)
    with pytest.raises(DesignerError, match="no such file"):
        read(tmp_path / "none.keras")


def test_weights_that_grow_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(_sequential(_dense("a", 2))))
        file.writestr("model.weights.h5", bytes(8_000_000))
    monkeypatch.setattr(archive, "_LARGEST_EXPANSION", 10)
    with pytest.raises(DesignerError, match="would grow to 8,000,000 bytes"):
        read(path)
