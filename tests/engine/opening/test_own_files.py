"""Files of this program, whole or edited by hand, are opened as the design that they carry."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from designer.cli import main
from designer.design import edits, files
from designer.design.values import Design
from designer.engine import export
from designer.engine.opening import reading
from designer.engine.opening.pipeline import Wishes, open_source
from designer.errors import DesignerError
from designer.readers.sources import Source, SourceKind, Way

DESIGN = files.loads(
    """{"format": "netdesigner/design", "version": 1, "name": "Small", "about": "A test.",
    "arguments": {"classes": {"default": 4, "min": 1}},
    "blocks": {"Unit": {"arguments": {"width": {"default": 8}}, "inputs": ["x"], "outputs": ["y"],
        "nodes": {"conv": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 3,
                           "bias": false, "at": [0, 60]},
                  "norm": {"layer": "BatchNorm2d"}, "relu": {"layer": "ReLU"}},
        "edges": [["x", "conv", "norm", "relu", "y"]]}},
    "nodes": {"image": {"layer": "Input", "shape": [3, 12, 12], "at": [0, 0]},
        "code": {"layer": "Conv2d", "out_channels": 5, "kernel_size": 3},
        "body": {"block": "Unit", "repeat": 2, "lr_scale": 0.5, "at": [0, 150]},
        "flatten": {"layer": "Flatten"},
        "fc": {"layer": "Linear", "out_features": "=classes"}, "scores": {"layer": "Output"}},
    "edges": [["image", "code", "body", "flatten", "fc", "scores"]]}"""
)


@pytest.fixture(scope="module")
def model() -> export.Model:
    """The network with weights and statistics that differ from fresh ones."""
    found = export.of_design(DESIGN, seed=3)
    generator = torch.Generator().manual_seed(4)
    for tensor in found.network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return found


@pytest.mark.parametrize("ending", [".pt2", ".onnx"])
def test_design_and_weights_come_back(model, ending, tmp_path):
    path = export.write(model, tmp_path / f"small{ending}").path
    found = open_source(str(path), Wishes(weights=tmp_path / "w.safetensors"))
    assert found.design == DESIGN
    assert found.report.tensors.missing == ()
    assert found.report.equal
    taken, expected = load_file(tmp_path / "w.safetensors"), model.network.state_dict()
    assert taken.keys() == expected.keys()
    if ending == ".pt2":
        assert found.report.difference == 0
        assert all(torch.equal(taken[name], expected[name]) for name in taken)


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_weights_come_back_from_a_state_dict(model, ending, tmp_path):
    path = export.write(model, tmp_path / f"small{ending}").path
    kind = SourceKind("state_dict", "", "", Way.WEIGHTS)
    found = reading.of_carried(Source(str(path), kind, path), DESIGN, ())
    expected = model.network.state_dict()
    assert found.weights.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(torch.from_numpy(found.weights[name].read()), tensor)


def edited(model: export.Model, folder: Path, *replacements: tuple[str, str]) -> Path:
    path = export.write(model, folder / "small.py").path
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def test_edited_code_is_run_only_after_the_users_word(model, tmp_path):
    path = edited(model, tmp_path, ("classes=4", "classes=7"))
    with pytest.raises(DesignerError, match="is Python code, which is run to open it"):
        open_source(str(path))


def test_edited_code_gives_the_design_with_the_edits(model, tmp_path, capsys):
    path = edited(
        model, tmp_path, ("classes=4", "classes=7"), ("nn.ReLU(inplace=True)", "nn.SiLU()")
    )
    target = tmp_path / "found.json"
    assert main(["import", str(path), "--run-code", "--to", str(target)]) == 0
    relu = DESIGN.blocks["Unit"].graph.nodes["relu"]
    expected: Design = edits.set_argument(DESIGN, "classes", 7)
    expected = edits.replace_node(expected, "relu", relu.__class__("SiLU"), block="Unit")
    assert files.read(target) == expected
    shown = capsys.readouterr().out
    assert "The file was edited. The design that it carries was taken, with these edits:" in shown
    assert "classes changed: 4 → 7." in shown
    assert "relu in Unit changed: ReLU → SiLU." in shown
    assert "differ" not in shown or "That is rounding." in shown


def test_a_damaged_design_is_said_and_the_network_is_read(model, tmp_path):
    path = export.write(model, tmp_path / "small.pt2").path
    content = path.read_bytes()
    start = content.rindex(b"netdesigner/embedded 1 ") + 300
    path.write_bytes(content[:start] + b"#" + content[start + 1 :])
    found = open_source(str(path))
    assert found.design != DESIGN
    assert any("The design that small.pt2 carries" in note for note in found.report.notes)
    assert found.report.difference is not None and found.report.equal
