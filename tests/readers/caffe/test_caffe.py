"""Networks of Caffe: known counts, the rules of its layers, and damaged files."""

from collections import Counter
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from designer.analysis.analysis import analyze
from designer.engine.opening.running import evaluate, run
from designer.errors import DesignerError
from designer.folding.patterns import convert
from designer.readers.caffe import read
from designer.readers.caffe.text import parse
from designer.readers.graph import PARAMETER, NeutralGraph, TensorSpec
from tests.readers.caffe import prototxts


def _read(folder: Path, text: str, *inputs: tuple[int, ...]) -> NeutralGraph:
    path = folder / "net.prototxt"
    path.write_text(text)
    return read(path, [TensorSpec(each) for each in inputs])


def _parameters(graph: NeutralGraph) -> int:
    return sum(prod(each.spec.shape) for each in graph.tensors.values() if each.kind == PARAMETER)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (prototxts.alexnet, 60_965_224),
        (prototxts.caffenet, 60_965_224),
        (prototxts.googlenet, 6_998_552),
        (prototxts.vgg16, 138_357_544),
        (prototxts.squeezenet, 1_248_424),
        (prototxts.resnet50, 25_557_032),
    ],
)
def test_parameters_are_those_that_are_known(
    tmp_path: Path, build: Callable[[], str], parameters: int
) -> None:
    graph = _read(tmp_path, build())
    assert _parameters(graph) == parameters
    assert graph.values[graph.outputs[0]].shape[:2] == (2, 1000)
    assert len(graph.outputs) == 1
    assert "structure without weights" in graph.without_values
    analysis = analyze(convert(graph, evaluate).design)
    assert analysis.valid
    assert analysis.totals.parameters == parameters


def test_the_training_file_of_lenet_gives_what_predicts(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match="--input 3x224x224"):
        _read(tmp_path, prototxts.lenet())
    graph = _read(tmp_path, prototxts.lenet(), (1, 28, 28))
    assert _parameters(graph) == 431_080
    assert graph.inputs == ("data",)
    assert Counter(each.kind for each in graph.operations) == {
        "conv2d": 2, "max_pool2d": 2, "flatten": 1, "linear": 2, "relu": 1,
    }  # fmt: skip
    assert graph.values[graph.outputs[0]].shape == (2, 10)
    assert any("SoftmaxWithLoss was left out" in each for each in graph.notes)


def _net(layer: str, *sizes: int) -> str:
    dims = " ".join(f"dim: {each}" for each in (1, *sizes))
    return (
        f'layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}\n'
        f'layer {{ name: "y" bottom: "x" top: "y" {layer} }}'
    )


def _given(graph: NeutralGraph) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(graph.values["x"].shape, generator=torch.Generator().manual_seed(0))
    (y,) = run(graph, [x])
    assert tuple(y.shape) == graph.values[graph.outputs[0]].shape
    return x, y


def _pool_of_caffe(x: np.ndarray, k: int, s: int, p: int, average: bool) -> np.ndarray:
    """Pool as pooling_layer.cpp does, written as loops."""
    size = x.shape[-1]
    count = -(-(size + 2 * p - k) // s) + 1
    if p and (count - 1) * s >= size + p:
        count -= 1
    y = np.zeros((*x.shape[:2], count, count), np.float32)
    for i in range(count):
        for j in range(count):
            top, left = i * s - p, j * s - p
            bottom, right = min(top + k, size + p), min(left + k, size + p)
            area = (bottom - top) * (right - left)
            window = x[:, :, max(top, 0) : min(bottom, size), max(left, 0) : min(right, size)]
            y[:, :, i, j] = window.sum((2, 3)) / area if average else window.max((2, 3))
    return y


@pytest.mark.parametrize(("k", "s", "p"), [(3, 2, 0), (3, 2, 1), (2, 2, 0), (3, 1, 1), (4, 3, 2)])
@pytest.mark.parametrize("how", ["MAX", "AVE"])
@pytest.mark.parametrize("size", [7, 8, 9])
def test_pooling_rounds_up_as_caffe_does(
    tmp_path: Path, k: int, s: int, p: int, how: str, size: int
) -> None:
    settings = f"pooling_param {{ pool: {how} kernel_size: {k} stride: {s} pad: {p} }}"
    x, y = _given(_read(tmp_path, _net(f'type: "Pooling" {settings}', 2, size, size)))
    expected = _pool_of_caffe(x.numpy(), k, s, p, how == "AVE")
    assert np.allclose(y.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            'type: "ReLU" relu_param { negative_slope: 0.1 }',
            lambda x: functional.leaky_relu(x, 0.1),
        ),
        ('type: "ELU" elu_param { alpha: 2 }', lambda x: functional.elu(x, 2.0)),
        (
            'type: "Power" power_param { power: 2 scale: -0.5 shift: 1 }',
            lambda x: (1 - 0.5 * x) ** 2,
        ),
        ('type: "Softmax"', lambda x: x.softmax(1)),
        ('type: "TanH"', torch.tanh),
        ('type: "BNLL"', functional.softplus),
        ('type: "Flatten"', lambda x: x.flatten(1)),
        (
            'type: "Reshape" reshape_param { shape { dim: 0 dim: -1 dim: 2 } }',
            lambda x: x.reshape(x.shape[0], -1, 2),
        ),
        ('type: "Permute" permute_param { order: 0 order: 2 order: 3 }', lambda x: x.movedim(1, 3)),
        (
            'bottom: "x" type: "Eltwise" eltwise_param { coeff: 2 coeff: -0.5 }',
            lambda x: 2 * x - 0.5 * x,
        ),
        ('bottom: "x" type: "Concat" concat_param { axis: 2 }', lambda x: torch.cat([x, x], 2)),
        (
            'top: "z" type: "Slice" slice_param { axis: 1 slice_point: 1 }',
            lambda x: x[:, :1],
        ),
    ],
)
def test_layers_do_what_caffe_does(
    tmp_path: Path, layer: str, expected: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    graph = _read(tmp_path, _net(layer, 4, 3, 6))
    x = torch.randn(graph.values["x"].shape, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(run(graph, [x])[0], expected(x), atol=1e-6)


def test_a_batch_norm_takes_the_scale_that_follows(tmp_path: Path) -> None:
    scale = (
        '\nlayer { name: "s" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }'
    )
    both = _read(tmp_path, _net('type: "BatchNorm"', 4, 3, 3) + scale)
    assert [each.kind for each in both.operations] == ["batch_norm"]
    assert _parameters(both) == 8
    alone = _read(tmp_path, _net('type: "BatchNorm"', 4, 3, 3))
    assert _parameters(alone) == 0
    assert alone.operations[0].arguments["weight"] is None


def test_tensors_of_one_name_are_one(tmp_path: Path) -> None:
    def full(name: str, bottom: str) -> str:
        return (
            f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
            'param { name: "w" } param { name: "b" } inner_product_param { num_output: 3 } }\n'
        )

    text = 'input: "x" input_shape { dim: 1 dim: 3 }\n' + full("a", "x") + full("b", "a")
    graph = _read(tmp_path, text)
    assert {each.key for each in graph.tensors.values()} == {"a.weight", "a.bias"}


def test_an_unknown_layer_becomes_one_operation(tmp_path: Path) -> None:
    graph = _read(tmp_path, _net('type: "Crop"', 4, 3, 3))
    assert [each.kind for each in graph.operations] == ["caffe.Crop"]
    assert "Crop y is not known" in graph.notes[0]


def test_the_text_format() -> None:
    text = """a: 1 # note
    a: -2.5e1f, b { c: "x\\"y" c: 'z' } d < e: TRUE > f: [1, 2]; g: true h: 0x10"""
    found = parse(text)
    assert found.all("a") == [1, -25.0]
    assert found.group("b").all("c") == ['x\\"y', "z"]
    assert found.group("d").get("e") == "TRUE"
    assert (found.all("f"), found.get("g"), found.get("h")) == ([1, 2], True, 16)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it describes no layers"),
        ('net: "train.prototxt" base_lr: 0.01', "A solver names the network's file"),
        ("layer {", "a group is not closed"),
        ("layer }", "line 1 has '}'"),
        ("layer { name", "ends in line 1"),
        ("layer { name: }", "where the value of name should stand"),
        ("\n\x00", "line 2 has"),
        ("a {" * 1000, "nested too deeply"),
        ("layer { name: 'a' }", "has no type"),
        ("layers { layer { name: 'a' type: 'conv' } }", "the Caffe of 2013"),
        (_net('bottom: "z" type: "ReLU"', 1), "reads 'z', which no layer gives"),
        (_net('type: "Convolution"', 3, 8, 8), "no whole number"),
        (
            _net('type: "Convolution" convolution_param { num_output: 2 kernel_size: 9 }', 3, 8, 8),
            r"gives the shape \[2, 2, 0, 0\]",
        ),
        (
            _net(
                'type: "Convolution" convolution_param { num_output: 1e99 kernel_size: 1 }', 3, 8, 8
            ),
            "no whole number",
        ),
        (_net('type: "ReLU"', -3), "no whole number"),
        (_net('type: "Slice" top: "z" slice_param { slice_point: 9 }', 4), "cuts at"),
        ('input: "x" input_dim: 1', "gives no output|describes no layers"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DesignerError, match=sentence):
        _read(tmp_path, text)


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DesignerError, match="no text in UTF-8"):
        read(path)
    with pytest.raises(DesignerError, match="No such file"):
        read(tmp_path / "none.prototxt")
