"""Trainings that begin with weights from elsewhere."""

import msgspec
import pytest
import torch

from designer.design import edits
from designer.engine import steering, training
from designer.engine.module import module
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from designer.runs.weights_report import Report
from tests.engine.samples import TINY, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


@pytest.fixture
def state(tmp_path):
    """A file of weights, and what is in it."""
    torch.manual_seed(5)
    content = module(TINY).state_dict()
    torch.save(content, tmp_path / "weights.pt")
    return tmp_path / "weights.pt", content


def test_a_training_begins_with_the_weights_and_keeps_the_report(tmp_path, data, state):
    path, content = state
    run = create(tmp_path / "run", tiny_recipe(data, initial_weights=str(path), epochs=1))
    began = []

    class Watched(training.Loop):
        def run(self, events):
            began.append({key: value.clone() for key, value in self._network.state_dict().items()})
            return super().run(events)

    original, training.Loop = training.Loop, Watched
    try:
        train(run)
    finally:
        training.Loop = original
    assert all(torch.equal(began[0][key], content[key]) for key in content)
    report = msgspec.json.decode(run.weights_report.read_bytes(), type=Report)
    assert {each.origin for each in report.taken} == content.keys()
    (event,) = [each for each in read_events(run.events) if each["event"] == "weights"]
    assert event["source"] == str(path) and event["loaded"] == len(content)
    assert "9 of 9 tensors fit" in event["message"]


def test_a_run_is_taken_on_with_another_head(tmp_path, data):
    first = create(tmp_path / "first", tiny_recipe(data, epochs=1))
    train(first)
    other = edits.set_parameter(TINY, "fc", "out_features", 5)
    target = write_data(tmp_path / "five.npz", classes=4)
    design = edits.set_parameter(other, "fc", "out_features", 4)
    recipe = tiny_recipe(target, initial_weights=str(first.path), epochs=1)
    second = create(tmp_path / "second", recipe, design)
    assert train(second).status == "finished"
    report = msgspec.json.decode(second.weights_report.read_bytes(), type=Report)
    assert report.fresh == ("fc.weight", "fc.bias")


def test_resuming_needs_the_weights_no_more(tmp_path, data, state, monkeypatch):
    monkeypatch.setattr(steering, "POLL_SECONDS", 0.0)
    path, _ = state
    recipe = tiny_recipe(data, initial_weights=str(path))
    whole, broken = create(tmp_path / "whole", recipe), create(tmp_path / "broken", recipe)
    train(whole)
    assert train(broken, interrupt=StopAt(5)).status == "stopped"
    path.unlink()
    train(broken, resume=True)
    assert_same(whole, broken)


def test_weights_that_are_gone_are_told_before_and_at_the_start(tmp_path, data, state):
    path, _ = state
    with pytest.raises(DesignerError, match=r"initial weights .*none\.pt do not exist"):
        create(tmp_path / "one", tiny_recipe(data, initial_weights="none.pt"))
    run = create(tmp_path / "two", tiny_recipe(data, initial_weights=str(path)))
    path.unlink()
    with pytest.raises(DesignerError, match=r"There is no file .*weights\.pt"):
        train(run)
    assert run.result().status == "failed"
