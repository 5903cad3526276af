"""The command ``diff``: rows, JSON, text for git, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from designer import presets
from designer.cli import main
from designer.design import edits, files
from designer.design.blocks import rename_block
from designer.design.values import LayerNode
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin

ROOT = Path(__file__).parents[1]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Return the files of LeNet-5 and of one with a wider, a renamed and an inserted layer."""
    before = presets.load("lenet5")
    after = edits.set_parameter(before, "conv1", "out_channels", 8)
    edge = next(each for each in after.graph.edges if each.source == "fc2")
    after = edits.insert_on_edge(after, edge, "drop", LayerNode("Dropout"))
    after = edits.rename_node(after, "fc1", "hidden")
    names = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    for name, design in zip(names, (before, after), strict=True):
        files.save(design, name)
    return names


def test_differing_designs(pair: tuple[str, str], capsys: Captured) -> None:
    assert main(["diff", *pair]) == 1
    output = capsys.readouterr()
    rows = [" ".join(line.split()) for line in output.out.splitlines()]
    assert "~ changed conv1 out_channels 6 → 8" in rows
    assert "→ renamed hidden renamed from fc1" in rows
    assert "+ added drop Dropout between fc2 and tanh4" in rows
    assert sum(row[:1] in tuple("+−~→↷") for row in rows) == 3
    parameters = next(row.split() for row in rows if row.startswith("Parameters"))
    # By hand: 156 + 2,416 + 48,120 + 10,164 + 850, and with 8 channels 208 + 3,216.
    assert parameters[1:3] == ["61,706", "62,558"]
    assert not output.err


def test_what_was_added_is_removed_the_other_way_round(
    pair: tuple[str, str], capsys: Captured
) -> None:
    assert main(["diff", *reversed(pair)]) == 1
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "− removed drop Dropout between fc2 and tanh4" in rows


def test_equal_designs(tmp_path: Path, capsys: Captured) -> None:
    """Positions and the text about a design are no differences."""
    design = presets.load("resnet18")
    moved = edits.move(design, {"conv1": (5.0, 7.0)})  # type: ignore[dict-item]
    files.save(moved, tmp_path / "moved.json")
    assert main(["diff", "resnet18", str(tmp_path / "moved.json")]) == 0
    assert "The designs are equal." in capsys.readouterr().out


def test_a_renamed_block_has_its_rows_below_both_names(tmp_path: Path, capsys: Captured) -> None:
    design = rename_block(presets.load("resnet18"), "BasicBlock", "Residual")
    design = edits.set_parameter(design, "bn1", "eps", 0.001, block="Residual")
    files.save(design, tmp_path / "mine.json")
    assert main(["diff", "resnet18", str(tmp_path / "mine.json")]) == 1
    output = capsys.readouterr().out
    assert "block Residual  renamed from BasicBlock" in output
    inside = output.partition("in Residual (was BasicBlock)\n")[2]
    assert inside.startswith("~ changed  bn1")


def test_json(pair: tuple[str, str], capsys: Captured) -> None:
    assert main(["diff", *pair, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["equal"], found["same_network"], found["written_out"]) == (False, False, False)
    (graph,) = found["graphs"]
    assert (graph["before"], graph["after"]) == (None, None)
    assert graph["added"] == ["drop"]
    assert graph["renamed"] == [{"before": "fc1", "after": "hidden"}]
    assert graph["changed"] == [
        {"node": "conv1", "setting": "out_channels", "before": 6, "after": 8}
    ]
    assert found["after"]["figures"]["parameters"] == 62_558
    assert [each["kind"] for each in found["differences"]] == ["changed", "renamed", "added"]


def test_a_run_is_compared_by_its_design(tmp_path: Path, capsys: Captured) -> None:
    run = begin(tmp_path / "run", presets.load("lenet5"), Recipe())
    assert main(["diff", "lenet5", str(run.path)]) == 0


@pytest.mark.slow
def test_a_model_file_is_compared_by_the_design_that_it_carries(
    tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "lenet5.py"
    assert main(["export", "lenet5", "--to", str(file)]) == 0
    capsys.readouterr()
    assert main(["diff", "lenet5", str(file)]) == 0
    assert main(["diff", "lenet5", str(file), "--set"]) == 2


@pytest.mark.slow
def test_a_network_from_elsewhere_is_compared(tmp_path: Path, capsys: Captured) -> None:
    import torch
    from torch import nn

    file = tmp_path / "mine.pt2"
    layers = nn.Sequential(nn.Conv2d(1, 8, 5), nn.Tanh(), nn.Flatten(), nn.Linear(8 * 28 * 28, 10))
    torch.export.save(torch.export.export(layers, (torch.zeros(2, 1, 32, 32),)), file)
    assert main(["diff", "lenet5", str(file), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (graph,) = found["graphs"]
    changed = {(each["setting"], each["before"], each["after"]) for each in graph["changed"]}
    assert ("out_channels", 6, 8) in changed
    assert {"pool1", "conv2", "tanh2", "pool2"} <= set(graph["removed"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lenet5", "nets.py:Net"], "There is no file nets.py: check its name and folder."),
        (["lenet5", "torchvision:"], "names no network"),
        (["lenet5", "lenet6"], "There is no preset or file 'lenet6'; did you mean lenet5?"),
        (["lenet5"], "Name two designs to compare"),
        (["lenet5", "README.md"], "README.md is damaged or no design file"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(
    arguments: list[str], sentence: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["diff", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_text_has_a_line_for_each_node(capsys: Captured) -> None:
    assert main(["diff", "--text", "resnet18"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "  conv1: Conv2d(bias=false, kernel_size=7, out_channels=64, padding=3, stride=2)"
        + (" <- image")
        in lines
    )
    assert "  add: Add <- bn2, shortcut" in lines
    assert "  output y <- relu2" in lines
    design = presets.load("resnet18")
    graphs = [design.graph, *(block.graph for block in design.blocks.values())]
    nodes = {name for graph in graphs for name in graph.nodes}
    assert nodes <= {line.strip().partition(":")[0] for line in lines}


def test_text_of_two_designs_has_the_lines_that_differ(
    pair: tuple[str, str], capsys: Captured
) -> None:
    assert main(["diff", *pair, "--text"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"--- {pair[0]}", f"+++ {pair[1]}"]
    assert "-  conv1: Conv2d(kernel_size=5, out_channels=6) <- image" in lines
    assert "+  conv1: Conv2d(kernel_size=5, out_channels=8) <- image" in lines
    assert main(["diff", pair[0], pair[0], "--text"]) == 0
    assert not capsys.readouterr().out


def test_git_shows_designs_as_text(pair: tuple[str, str], tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments],
            cwd=place,
            env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        ).stdout

    place = tmp_path / "repository"
    place.mkdir()
    git("init", "--quiet")
    git("config", "diff.netdesigner.textconv", f"'{sys.executable}' -m designer diff --text")
    (place / ".gitattributes").write_text("*.json diff=netdesigner\n")
    file = place / "net.json"
    file.write_bytes(Path(pair[0]).read_bytes())
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    file.write_bytes(Path(pair[1]).read_bytes())
    lines = [line for line in git("diff", "--unified=0").splitlines() if line[:1] in "+-"]
    assert lines[2:4] == [
        "-  conv1: Conv2d(kernel_size=5, out_channels=6) <- image",
        "+  conv1: Conv2d(kernel_size=5, out_channels=8) <- image",
    ]
    assert "+  drop: Dropout <- fc2" in lines
