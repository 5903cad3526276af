"""`netdesigner time`: how long each layer takes."""

import json
from pathlib import Path

import pytest

from designer import presets
from designer.cli import main
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin

QUICK = ["--batch", "2", "--device", "cpu"]


def test_a_table_of_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["time", "lenet5", *QUICK]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["layer", "type", "MACs"]
    assert [row.split()[0] for row in rows[:3]] == ["conv1", "tanh1", "pool1"]
    assert rows[0].split()[1:4] == ["Conv2d", "118", "K"]
    sums = next(row for row in rows if row.startswith("sum")).split()[1:]
    parts = [row.split() for row in rows[:12]]
    for column, whole in ((-3, sums[0]), (-2, sums[1])):
        assert sum(float(row[column]) for row in parts) == pytest.approx(float(whole), rel=0.02)
    assert any(row.startswith("whole network") for row in rows)
    assert "Batch 2 on CPU, medians of" in " ".join(rows)


def test_a_run_as_json_in_eval_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any checkpoint: the time does not depend on the weights."""
    run = begin(tmp_path / "run", presets.load("lenet5"), Recipe(batch=3, device="cpu"))
    assert main(["time", str(run.path), "--eval", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["batch"], found["training"], len(found["nodes"])) == (3, False, 12)
    assert found["nodes"][0]["path"] == "conv1" and found["nodes"][0]["backward"] is None
    assert found["sum"]["forward"] == pytest.approx(sum(e["forward"] for e in found["nodes"]))
    assert found["ratio"] == pytest.approx(found["sum"]["forward"] / found["step"]["forward"])


def test_what_cannot_be_measured_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["time", str(tmp_path / "none.json")]) == 1
    assert "none.json" in capsys.readouterr().err
    assert main(["time", "lenet5", "--batch", "0"]) == 2
