"""Trainings on picture files: decoded by processes, kept, streamed, cached, stopped, resumed."""

from contextlib import ExitStack

import numpy as np
import pytest
import torch
from PIL import Image

from designer.data import cache_folder, summary
from designer.engine import checkpoint, recorded_data
from designer.engine.preparation import prepare
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from tests.engine.samples import create, tiny_recipe
from tests.engine.test_recorded_data import write_pictures
from tests.engine.test_training import StopAt

WAYS = {
    "a thread": {"data__workers": 0},
    "processes": {"data__workers": 2},
    "streamed": {"data__workers": 2, "data__memory": 0.0, "data__cache": "never"},
    "cached": {"data__workers": 1, "data__memory": 0.0, "data__cache": "needed"},
}


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures")


def as_array(folder, path):
    """Write the pictures of a folder by class as one array, in the same order."""
    files = sorted(folder.rglob("*.png"))
    images = np.stack([np.asarray(Image.open(file)) for file in files])
    names = sorted({file.parent.name for file in files})
    labels = np.array([names.index(file.parent.name) for file in files])
    np.savez(path, x_train=images, y_train=labels)
    return path


def recipe(data, **changes):
    return tiny_recipe(data, optimizer__learning_rate=0.01, data__test=0.1, **changes)


def outcome(run):
    """Return the losses of all epochs and the last weights."""
    epochs = [event for event in read_events(run.events) if event["event"] == "epoch"]
    losses = [(each["train"]["loss"], each["validation"]["loss"]) for each in epochs]
    return losses, checkpoint.load(run.last, source=run.source())["network"]


def assert_equal_outcomes(one, other):
    assert one[0] == other[0]
    assert all(torch.equal(value, other[1][name]) for name, value in one[1].items())


@pytest.fixture
def expected(pictures, tmp_path):
    """What a training on the same pictures in an array ends with."""
    run = create(tmp_path / "array", recipe(as_array(pictures, tmp_path / "array.npz")))
    assert train(run).status == "finished"
    return outcome(run)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_losses_are_those_of_the_same_pictures_in_an_array(pictures, tmp_path, expected, way):
    run = create(tmp_path / "run", recipe(pictures, **way))
    assert train(run).status == "finished"
    assert_equal_outcomes(outcome(run), expected)
    assert (cache_folder.size() > 0) == (way.get("data__cache") == "needed")


@pytest.fixture
def few(monkeypatch):
    """Take all pictures for large ones, and the statistics of six of them."""
    monkeypatch.setattr(summary, "_SMALL", 10)
    monkeypatch.setattr(summary, "_FEW", 6)


@pytest.mark.parametrize("sampling", ["shuffled", "balanced"])
@pytest.mark.parametrize("stored", ["files", "array"])
def test_statistics_are_those_of_the_pictures_that_come_first(
    pictures, tmp_path, few, stored, sampling
):
    data = pictures if stored == "files" else as_array(pictures, tmp_path / "array.npz")
    run = create(tmp_path / "run", recipe(data, data__workers=0, data__sampling=sampling))
    with ExitStack() as closing:
        prepared = prepare(run, closing)
        images, _ = next(iter(prepared.train.batches(prepared.sampling.order(0), 6)))
    assert images.mean() == pytest.approx(0, abs=1e-5)  # gray ones
    assert images.std(correction=0) == pytest.approx(1, abs=1e-5)


def test_statistics_of_few_pictures_are_the_same_in_files_and_arrays(few, pictures, tmp_path):
    outcomes = []
    for data in (pictures, as_array(pictures, tmp_path / "array.npz")):
        run = create(tmp_path / f"run-{data.name}", recipe(data, data__workers=0))
        assert train(run).status == "finished"
        outcomes.append(outcome(run))
    assert_equal_outcomes(*outcomes)


@pytest.mark.parametrize("way", [WAYS["a thread"], WAYS["streamed"]], ids=["kept", "streamed"])
def test_a_training_stopped_within_an_epoch_goes_on_exactly(pictures, tmp_path, expected, way):
    run = create(tmp_path / "run", recipe(pictures, **way))
    assert train(run, interrupt=StopAt(8)).status == "stopped"
    assert train(run, resume=True).status == "finished"
    assert_equal_outcomes(outcome(run), expected)


def test_a_run_that_was_killed_before_its_data_were_recorded_begins_anew(
    pictures, tmp_path, monkeypatch
):
    run = create(tmp_path / "run", recipe(pictures))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recorded_data.Recording, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            train(run, interrupt=StopAt(2))
    run.data_file.unlink(missing_ok=True)
    before = run.preprocessing()
    (pictures / "cat" / "00.png").write_bytes((pictures / "owl" / "00.png").read_bytes())
    assert train(run, resume=True).status == "finished"
    assert run.data() is not None
    assert run.preprocessing().mean != before.mean


def test_a_picture_that_vanishes_before_it_is_recorded_ends_the_training(
    pictures, tmp_path, monkeypatch
):
    run = create(tmp_path / "run", recipe(pictures))

    def gone(_: object) -> None:
        raise DesignerError("cat/01.png cannot be read: check that it is there.")

    monkeypatch.setattr("designer.data.preparation.examples_of", lambda *_: gone(None))
    with pytest.raises(DesignerError, match=r"cat/01\.png cannot be read"):
        train(run)
    assert run.state() == "failed"
    assert not run.last.exists()
