"""Weights from elsewhere: torchvision's and Keras's names, run folders, hostile files."""

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.tensors import modules
from designer.design import edits
from designer.design.values import Design
from designer.engine import weights
from designer.engine.module import module
from designer.errors import DesignerError
from designer.runs.layouts import stored
from designer.runs.weights import match
from designer.runs.weights_report import Report
from tests.layers.building import chain, design

# Networks of torchvision that presets follow exactly; those that are small enough are run.
RUN = {
    "googlenet_torchvision": "googlenet",
    "mobilenet_v2": "mobilenet_v2",
    "resnet18": "resnet18",
    "squeezenet1_1": "squeezenet1_1",
}
IN_ORDER = ("densenet121", "mobilenet_v3_large", "resnet50", "resnet152", "vgg16", "vgg19")


def drawn(name: str, **options: object) -> nn.Module:
    """Return a network of torchvision in which no two tensors are alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of initializations to come
        network = torchvision.models.get_model(name, weights=None, **options).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if value.ndim == 1:
                value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.5)
            elif value.ndim > 1 and not value.any():
                value.normal_(generator=generator)
            assert key
    return network


def loaded(design: Design, state: dict[str, Tensor], **options: bool) -> tuple[nn.Module, Report]:
    network = module(design).eval()
    source = weights.Weights("the file", state, 0, **options)
    return network, weights.load(network, analyze(design), source)


@pytest.mark.parametrize("name", [name for name in RUN if name in presets.names()])
def test_a_preset_takes_the_weights_of_its_twin_and_gives_the_same(name):
    other = drawn(RUN[name])
    network, report = loaded(presets.load(name), other.state_dict())
    assert not report.fresh and not report.refused
    images = torch.randn(1, *analyze(presets.load(name)).inputs[0].shape)
    with torch.no_grad():
        torch.testing.assert_close(network(images), other(images))


@pytest.mark.parametrize("name", [name for name in IN_ORDER if name in presets.names()])
def test_a_large_preset_takes_the_tensors_of_its_twin_in_their_order(name):
    with torch.device("meta"):  # names and shapes are enough
        state = torchvision.models.get_model(name, weights=None).state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    report = match(modules(analyze(presets.load(name))), stored(shapes))
    assert [each.origin for each in report.taken] == list(state)


def test_another_head_stays_fresh_and_is_reported():
    smaller = edits.set_argument(presets.load("resnet18"), "classes", 7)
    other = drawn("resnet18")
    network, report = loaded(smaller, other.state_dict())
    assert report.fresh == ("fc.weight", "fc.bias")
    assert [each.stored for each in report.differing] == [(1000, 512), (1000,)]
    ours, theirs = network.state_dict(), other.state_dict()
    assert len(report.taken) == len(ours) - 2
    assert all(torch.equal(ours[each.name], theirs[each.origin]) for each in report.taken)
    assert network.fc.bias.shape == (7,)


@pytest.mark.parametrize("wrap", ["state_dict", "model", "network"])
def test_what_a_training_script_wrapped_is_unwrapped(tmp_path, wrap):
    design = presets.load("lenet5")
    state = {f"module.{name}": value for name, value in module(design).state_dict().items()}
    torch.save({"epoch": 3, wrap: state, "optimizer": {"lr": 0.1}}, tmp_path / "checkpoint.pth")
    report = weights.load(
        module(design), analyze(design), weights.read(str(tmp_path / "checkpoint.pth"))
    )
    assert report.count("name") == len(state) and not report.left_over


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_what_is_saved_is_read_back(tmp_path, ending):
    design = presets.load("lenet5")
    network, path = module(design), tmp_path / f"mine{ending}"
    assert weights.save(network, path, design, about={"network": "LeNet-5"}) == path.stat().st_size
    other = module(design)
    weights.load(other, analyze(design), weights.read(str(path)))
    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


# Keras


KERAS = chain(
    [3, 8, 8],
    ("Conv2d", {"out_channels": 6, "kernel_size": 3}),
    ("BatchNorm2d", {}),
    ("ReLU", {}),
    ("DepthwiseConv2d", {"kernel_size": 3}),
    ("Flatten", {}),
    ("Linear", {"out_features": 5}),
)


def keras(network: nn.Module) -> dict[str, Tensor]:
    """Lay a network's tensors out and name them as Keras does."""
    conv, norm, depthwise, dense = (
        network.get_submodule(f"layer{number}") for number in (1, 2, 4, 6)
    )
    assert isinstance(dense, nn.Linear)
    channels = dense.weight.shape[1] // 16
    rows = dense.weight.reshape(5, channels, 4, 4).permute(0, 2, 3, 1).reshape(5, -1)
    state = {
        "conv2d/kernel:0": conv.weight.permute(2, 3, 1, 0),
        "conv2d/bias:0": conv.bias,
        "batch_normalization/gamma:0": norm.weight,
        "batch_normalization/beta:0": norm.bias,
        "batch_normalization/moving_mean:0": norm.running_mean,
        "batch_normalization/moving_variance:0": norm.running_var,
        "depthwise_conv2d/depthwise_kernel:0": depthwise.weight.permute(2, 3, 0, 1),
        "depthwise_conv2d/bias:0": depthwise.bias,
        "dense/kernel:0": rows.T,
        "dense/bias:0": dense.bias,
    }
    return {name: value.detach().contiguous() for name, value in state.items()}


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_weight_that_has_two_names_is_written_under_both(tmp_path, ending):
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    network[1].weight = network[0].weight
    path = tmp_path / f"tied{ending}"
    weights.save(network, path, presets.load("lenet5"), about={})
    found = weights.read(str(path)).tensors
    assert set(found) == set(network.state_dict())
    assert torch.equal(found["1.weight"], network[0].weight)


def test_keras_tensors_are_turned_round_also_behind_a_flattened_image():
    one = module(KERAS).eval()
    with torch.no_grad():
        for value in one.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.1, 1)
    two, report = loaded(KERAS, keras(one))
    assert report.fresh == () and report.count("order") == 10
    images = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(two(images), one(images))


# Refusals


def refusal(path: Path) -> str:
    with pytest.raises(DesignerError) as caught:
        weights.read(str(path))
    return str(caught.value)


class Code:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.path,)


def test_code_in_a_file_is_never_run(tmp_path):
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    content = {"weight": torch.zeros(2), "code": Code(trace)}
    torch.save(content, path)
    assert "could run code" in refusal(path) and str(path) in refusal(path)
    path.write_bytes(pickle.dumps(content))
    assert "cannot be read as a state dict" in refusal(path)
    assert not trace.exists()


def test_damaged_files_are_refused_in_a_sentence(tmp_path):
    whole = tmp_path / "whole.pt"
    torch.save({"weight": torch.zeros(1000)}, whole)
    for ending in (".pt", ".safetensors"):
        for content in (b"", b"nonsense", whole.read_bytes()[:2000]):
            path = tmp_path / f"damaged{ending}"
            path.write_bytes(content)
            assert "again" in refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "no state dict but a list"),
        ({"a": 1}, "no tensors"),
        ({"model": {"a": {"b": 1}}}, "no tensors"),
        ({"weight": torch.eye(3).to_sparse()}, "weight"),
        ({"weight": torch.zeros(2, dtype=torch.complex64)}, "complex64"),
    ],
)
def test_what_is_no_plain_state_dict_is_refused(tmp_path, content, words):
    torch.save(content, tmp_path / "file.pt")
    assert words in refusal(tmp_path / "file.pt")


def test_a_missing_file_names_what_may_be_given(tmp_path):
    assert "torchvision:NAME" in refusal(tmp_path / "none.pt")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value):
    state = module(presets.load("lenet5")).state_dict()
    state["conv2.weight"][0, 0, 0, 0] = value
    with pytest.raises(DesignerError, match=r"conv2\.weight in the file holds NaN or infinity"):
        loaded(presets.load("lenet5"), state)


def test_a_mask_of_attention_may_be_minus_infinity():
    made = design(
        {
            "x": {"layer": "Input", "shape": [2, 2]},
            "mask": {"layer": "Constant", "shape": [2, 2], "batch_axis": False},
            "add": {"layer": "Add"},
            "fc": {"layer": "Linear", "out_features": 3},
            "y": {"layer": "Output"},
        },
        [["x", "add", "fc", "y"], ["mask", "add:1"]],
    )
    state = module(made).state_dict()
    state["mask"] = torch.tensor([[0.0, -torch.inf], [0.0, 0.0]])
    network, _ = loaded(made, state)
    assert network.state_dict()["mask"][0, 1] == -torch.inf
    state["mask"][0, 0] = torch.nan
    with pytest.raises(DesignerError, match="mask in the file holds NaN or infinity"):
        loaded(made, state)


def test_quantized_weights_are_refused():
    state = module(presets.load("lenet5")).state_dict()
    state["fc1.weight"] = state["fc1.weight"].to(torch.int8)
    with pytest.raises(DesignerError, match=r"fc1\.weight in the file holds whole numbers"):
        loaded(presets.load("lenet5"), state)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_smaller_floating_points_are_taken(kind):
    state = module(presets.load("lenet5")).state_dict()
    network, report = loaded(presets.load("lenet5"), {k: v.to(kind) for k, v in state.items()})
    assert not report.fresh
    assert torch.equal(network.fc1.weight, state["fc1.weight"].to(kind).float())


def test_weights_of_another_network_are_refused():
    with pytest.raises(DesignerError, match="Nothing in the file fits LeNet-5"):
        loaded(presets.load("lenet5"), {"weight": torch.zeros(3, 3)})


def test_equal_branches_stay_fresh_and_are_told():
    conv = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1}
    nodes = {"image": {"layer": "Input", "shape": [3, 4, 4]}, "a": conv, "b": conv}
    nodes |= {"last": {**conv, "kernel_size": 3}, "add": {"layer": "Add"}}
    nodes |= {"scores": {"layer": "Output"}}
    branches = design(nodes, [["image", "a", "add", "last", "scores"], ["image", "b", "add:1"]])
    state = {
        f"x{number}.{name.partition('.')[2]}": value
        for number, (name, value) in enumerate(module(branches).state_dict().items())
        if name.endswith("weight")
    }
    state |= {name.replace("weight", "bias"): torch.zeros(4) for name in state}
    network = module(branches)
    before = network.a.weight.clone()
    report = weights.load(network, analyze(branches), weights.Weights("the file", state, 0))
    assert report.fresh == ("a.weight", "a.bias", "b.weight", "b.bias")
    assert len(report.refused) == 1
    assert torch.equal(network.a.weight, before)


def test_torchvision_that_knows_no_such_network_says_which_are_like_it():
    with pytest.raises(DesignerError, match="did you mean resnet18"):
        weights.read("torchvision:resnet19")
    with pytest.raises(DesignerError, match="IMAGENET1K_V1"):
        weights.read("torchvision:resnet18:none")


def test_torchvision_out_of_reach_is_told_in_a_sentence(monkeypatch):
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("[Errno -2] Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    with pytest.raises(DesignerError, match=r"resnet18-.*pth cannot be downloaded .*give the file"):
        weights.read("torchvision:resnet18")
