"""Trainings on folds and bootstrap samples have those examples, and go on with them."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import resample

from designer.cli import main
from designer.data.identity import PartExamples, decode
from designer.design import files
from designer.engine.training import train
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, create, tiny_recipe, write_data
from tests.engine.test_recorded_data import stopped, write_pictures

SEEDED = {"data__resampling": "folds", "data__split_seed": 5}


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)


def trained(path: Path, **changes: object) -> RunFolder:
    """A run of one epoch."""
    data = write_data(path.with_suffix(".npz"), images=60)
    run = create(path, tiny_recipe(data, epochs=1, data__test=0.0, **changes))
    train(run)
    return run


def trained_by_a_command(folder: Path, *settings: str) -> RunFolder:
    """The same, trained with settings on the command line."""
    data, design, run = write_data(folder / "data.npz", images=60), folder / "t.json", folder / "c"
    files.save(TINY, design)
    words = [each for setting in settings for each in ("--set-recipe", setting)]
    words += ["--data", str(data), "--epochs", "1", "--batch", "8", "--device", "cpu"]
    assert main(["train", str(design), *words, "--run", str(run)]) == 0
    return RunFolder.open(run)


def examples(run: RunFolder) -> dict[str, PartExamples]:
    """The examples of each part that a run recorded."""
    return decode(run.examples_file.read_bytes())


def test_two_folds_have_the_parts_of_scikit_learn(tmp_path: Path) -> None:
    order = np.argsort(np.arange(60) % 3, kind="stable")  # examples come class by class
    rule = StratifiedKFold(3, shuffle=True, random_state=5)
    expected = list(rule.split(order, (np.arange(60) % 3)[order]))
    runs = {
        1: trained_by_a_command(
            tmp_path, "data.resampling=folds", "data.folds=3", "data.test=0", "data.split_seed=5"
        ),
        3: trained(tmp_path / "run", data__fold=3, data__folds=3, **SEEDED),
    }
    for fold, run in runs.items():
        found = examples(run)
        assert found.keys() == {"train", "validation"}
        for part, indices in zip(("train", "validation"), expected[fold - 1], strict=True):
            assert found[part].indices.tolist() == order[indices].tolist()


def test_a_bootstrap_sample_is_trained_on(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", data__resampling="bootstrap", seed=7)
    found = examples(run)
    order = np.argsort(np.arange(60) % 3, kind="stable")
    drawn = np.sort(resample(np.arange(60), random_state=7))
    assert found["train"].indices.tolist() == order[drawn].tolist()
    assert (
        found["validation"].indices.tolist() == order[np.setdiff1d(np.arange(60), drawn)].tolist()
    )
    (start,) = (each for each in read_events(run.events) if each["event"] == "start")
    assert start["counts"]["train"] == 60


@pytest.mark.parametrize(
    "settings",
    [
        {"data__resampling": "folds", "data__folds": 4, "data__fold": 2},
        {"data__resampling": "bootstrap"},
    ],
    ids=["folds", "bootstrap"],
)
def test_a_stopped_training_goes_on_with_its_parts(tmp_path: Path, settings: dict) -> None:
    data = write_data(tmp_path / "data.npz")
    run = stopped(tmp_path / "stopped", data, **settings)
    recorded = run.data().examples
    train(run, resume=True)
    assert run.data().examples == recorded
    starts = [each for each in read_events(run.events) if each["event"] == "start"]
    assert starts[0]["counts"] == starts[1]["counts"] == run.data().counts


def test_a_validation_folder_is_divided_with_the_rest_and_found_again(tmp_path: Path) -> None:
    data = tmp_path / "pictures"
    write_pictures(data / "train")
    write_pictures(data / "val", images=5)
    run = stopped(tmp_path / "run", data, data__resampling="folds", data__folds=4)
    found = examples(run)
    names = [name for part in found.values() for name in part.names or ()]
    assert len(names) == len(set(names)) == 75
    assert any(name.startswith("val/") for name in found["train"].names or ())
    assert train(run, resume=True).status == "finished"
    assert run.data().counts == {"train": 50, "validation": 17, "test": 8}
