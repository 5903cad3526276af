"""State dicts with the names of torchvision and timm, loaded into their networks."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torchvision import models

from designer import presets
from designer.cli import main
from designer.design import edits
from designer.engine.export import Model, of_design, write
from designer.errors import DesignerError
from designer.runs.export_formats import ExportOptions
from tests.layers.building import chain

OF_TORCHVISION = (
    "squeezenet1_0",
    "squeezenet1_1",
    "mobilenet_v2",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext50_32x4d",
    "densenet121",
    "googlenet_torchvision",
    "inception_v3",
    "mobilenet_v3_small",
    "mnasnet1_0",
    "shufflenet_v2_x1_0",
    "efficientnet_b0",
    "regnet_y_400mf",
)
OF_TIMM = (
    "mobilenet_v1",
    "mobilenet_v2",
    "resnet18",
    "resnext50_32x4d",
    "densenet121",
    "se_resnet50",
)
# Networks of a library whose preset has another name.
PRESETS = {"efficientnet_b0": "efficientnet"}


def model(preset: str, library: str, classes: int = 1000) -> Model:
    """Return a preset with random statistics, so that exchanged normalizations are seen."""
    design = edits.set_argument(presets.load(preset), "classes", classes)
    made = of_design(design)
    torch.manual_seed(0)
    for name, buffer in made.network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return Model(
        made.design,
        made.analysis,
        made.generated,
        made.network,
        made.about,
        ExportOptions(names=library),
    )


def close(found: torch.Tensor, wanted: torch.Tensor) -> None:
    scale = wanted.std()
    torch.testing.assert_close(found / scale, wanted / scale, atol=1e-3, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("preset", OF_TORCHVISION)
def test_torchvision_loads_the_file_strictly(preset: str, tmp_path: Path) -> None:
    made = model(PRESETS.get(preset, preset), "torchvision")
    done = write(made, tmp_path / "net.pt")
    assert done.difference == 0
    name = preset.removesuffix("_torchvision")
    assert done.remark == (
        f"It loads strictly into torchvision.models.{name}(num_classes=1000"
        f"{', aux_logits=False' if made.naming and 'aux' in made.naming.call else ''}), whose "
        "outputs are the same."
    )
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if made.naming and "aux_logits" in made.naming.call:
        options["aux_logits"] = False
    theirs = models.get_model(name, **options)
    theirs.load_state_dict(torch.load(done.path, weights_only=True), strict=True)
    with torch.no_grad():
        close(theirs.eval()(made.examples[0]), made.answers[0])


@pytest.mark.slow
@pytest.mark.parametrize("preset", OF_TIMM)
def test_timm_loads_the_file_strictly(preset: str, tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    made = model(preset, "timm", classes=7)
    done = write(made, tmp_path / "net.safetensors")
    assert made.naming is not None
    theirs = timm.create_model(made.naming.network, num_classes=7)
    theirs.load_state_dict(load_file(done.path), strict=True)
    with torch.no_grad():
        close(theirs.eval()(made.examples[0]), made.answers[0])


def test_a_network_that_computes_otherwise_is_named(tmp_path: Path) -> None:
    design = edits.set_parameter(presets.load("squeezenet1_1"), "pool1", "padding", 1)
    made = of_design(design)
    options = ExportOptions(names="torchvision")
    made = Model(design, made.analysis, made.generated, made.network, made.about, options)
    done = write(made, tmp_path / "net.pt")
    assert "squeezenet1_1(num_classes=1000), but the outputs there differ" in done.remark


def test_the_command_writes_the_names_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.pt"
    words = ["export", "squeezenet1_1", "--set", "classes=5", "--names", "torchvision"]
    assert main([*words, "--to", str(file), str(tmp_path / "net.py")]) == 0
    assert (
        "It loads strictly into torchvision.models.squeezenet1_1(num_classes=5), whose outputs "
        "are the same." in (printed := capsys.readouterr().out)
    )
    assert printed.endswith("Its tensors keep the design's names: --names is for state dicts.\n")
    state = torch.load(file, weights_only=True)
    assert state.keys() == models.squeezenet1_1().state_dict().keys()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lenet5", "--names", "timm", "--to", "m.pt"], "timm has no network with the layers"),
        (["resnet18", "--names", "timm", "--to", "m.onnx"], "--names is for state dicts"),
        (["resnet18", "--opset", "17", "--to", "m.pt"], "--opset is for ONNX files"),
        (["resnet18", "--opset", "9", "--to", "m.onnx"], "from 15 to 25; received '9'"),
        (["resnet18", "--names", "keras", "--to", "m.pt"], "'torchvision', 'timm'"),
    ],
)
def test_refusals_are_sentences_before_torch_is_loaded(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *words]) != 0
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("opset", [15, 17, 18, 21, 25])
def test_opset_is_the_one_that_was_asked_for(opset: int, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    made = of_design(presets.load("lenet5"))
    options = ExportOptions(opset=opset)
    made = Model(made.design, made.analysis, made.generated, made.network, made.about, options)
    done = write(made, tmp_path / "net.onnx")
    loaded = onnx.load(done.path)
    assert [(each.domain, each.version) for each in loaded.opset_import] == [("", opset)]
    onnx.checker.check_model(str(done.path), full_check=True)
    assert loaded.graph.node[0].name == "conv1"


def test_opset_that_a_network_cannot_have_is_named(tmp_path: Path) -> None:
    settings = {"out_channels": 2, "kernel_size": 3, "padding": 1, "padding_mode": "circular"}
    made = of_design(chain((1, 8, 8), ("Conv2d", settings), name="Ring"))
    options = ExportOptions(opset=15)
    made = Model(made.design, made.analysis, made.generated, made.network, made.about, options)
    with pytest.raises(DesignerError, match=r"Ring cannot .* ONNX of opset 15 .* 15 to 25"):
        write(made, tmp_path / "net.onnx")
    assert not [*tmp_path.iterdir()]
