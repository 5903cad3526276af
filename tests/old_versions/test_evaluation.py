"""Runs of an earlier version are evaluated and reported, ended and stopped ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from designer.cli import main
from designer.runs.folder import RunFolder

FOLDER = Path(__file__).parent / "before_american_spelling"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "old"
    shutil.copytree(FOLDER, copy)
    monkeypatch.chdir(copy)
    return copy


def test_the_test_of_a_finished_run_is_repeated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(folder / "runs" / "finished-rmsprop")
    before, result = run.evaluation / "predictions.npz", run.result()
    assert result is not None and result.test is not None
    with np.load(before) as tables:
        outputs, targets = tables["outputs"], tables["targets"]
    assert main(["report", str(run.path), "--to", str(folder / "before.html")]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(run.path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy"] == result.test.accuracy
    assert found["loss"] == pytest.approx(result.test.loss, rel=1e-5)
    with np.load(run.evaluation / "predictions.npz") as tables:
        assert np.array_equal(tables["targets"], targets)
        assert tables["outputs"] == pytest.approx(outputs, abs=1e-4)
    words = f"{100 * result.test.accuracy:.2f} %"
    assert words in (folder / "before.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["stopped-sgd", "killed-adam"])
def test_an_unfinished_run_is_evaluated(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "runs" / name
    assert main(["evaluate", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with np.load(run / "evaluation" / "predictions.npz") as tables:
        assert (tables["predicted"] == tables["targets"]).mean() == found["accuracy"]
    assert main(["report", str(run), "--to", str(folder / "report.md")]) == 0
