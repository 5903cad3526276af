"""The commands fold and unfold."""

from pathlib import Path

import pytest

from designer import presets
from designer.cli import main
from designer.design import files

Captured = pytest.CaptureFixture[str]


def test_a_design_is_unfolded_and_folded_again(tmp_path: Path, capsys: Captured) -> None:
    flat, folded = str(tmp_path / "flat.json"), str(tmp_path / "folded.json")
    assert main(["unfold", "resnet18", "--to", flat]) == 0
    assert capsys.readouterr().out == (
        f"ResNet-18: 13 nodes became 73.\n{flat} has the design now.\n"
    )
    assert not files.read(flat).blocks
    assert files.load(flat).training == files.load(presets.path("resnet18")).training
    assert main(["fold", flat, "--to", folded]) == 0
    assert capsys.readouterr().out == (
        "ResNet-18: 73 nodes became 11.\n  ResidualBlock is used 8 times.\n"
        f"{folded} has the design now.\n"
    )
    assert list(files.read(folded).blocks) == ["ResidualBlock"]


def test_arguments_are_set_first(tmp_path: Path, capsys: Captured) -> None:
    flat = tmp_path / "flat.json"
    assert main(["unfold", "resnet_cifar", "--set", "depth=20", "--to", str(flat)]) == 0
    first = len(files.read(flat).graph.nodes)
    assert main(["unfold", "resnet_cifar", "--set", "depth=32", "--to", str(flat)]) == 0
    # Two more blocks of two convolutions, norms and activations, a shortcut and a sum in each of
    # three stages.
    assert len(files.read(flat).graph.nodes) - first == 3 * 2 * 8


def test_where_nothing_is_to_do_nothing_is_written(tmp_path: Path, capsys: Captured) -> None:
    target = tmp_path / "new.json"
    assert main(["fold", "lenet5", "--to", str(target)]) == 0
    assert "Nothing repeats in LeNet-5, so there is nothing to fold." in capsys.readouterr().out
    assert main(["unfold", "lenet5", "--to", str(target)]) == 0
    assert "LeNet-5 uses no block, so there is nothing to unfold." in capsys.readouterr().out
    assert not target.exists()


def test_what_is_wrong_is_said(tmp_path: Path, capsys: Captured) -> None:
    assert main(["fold", "resnet18"]) == 1
    assert "Say where the design goes, as in --to resnet18.json." in capsys.readouterr().err
    model = tmp_path / "model.pt2"
    model.write_bytes(b"a model")
    assert main(["unfold", "resnet18", "--to", str(model)]) == 1
    assert "must end in .json, as a design does: write --to model.json" in capsys.readouterr().err
    assert model.read_bytes() == b"a model"
    broken = tmp_path / "broken.json"
    broken.write_text(
        '{"format": "netdesigner/design", "version": 2, "name": "Broken", "nodes": '
        '{"image": {"layer": "Input", "shape": [3, 8, 8]}, "out": {"layer": "Output"}, '
        '"conv": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 9}}, '
        '"edges": [["image", "conv", "out"]]}',
        encoding="utf-8",
    )
    for command, word in (("fold", "folded"), ("unfold", "unfolded")):
        assert main([command, str(broken), "--to", str(tmp_path / "new.json")]) == 1
        assert f"Broken cannot be {word} while it has errors" in capsys.readouterr().err
