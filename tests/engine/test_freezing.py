"""Frozen layers, and layers that learn at rates of their own."""

import pytest
import torch

from designer.analysis.analysis import analyze
from designer.design import edits
from designer.engine import checkpoint, steering
from designer.engine.freezing import freeze, groups, mode_kept
from designer.engine.module import module, module_of_run
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from tests.engine.samples import TINY, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same

STILL = edits.set_learning_rate(edits.set_learning_rate(TINY, "conv", 0), "norm", 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def test_frozen_layers_stay_as_they_are_with_their_running_figures(tmp_path, data):
    run = create(tmp_path / "run", tiny_recipe(data, epochs=2))
    still = create(tmp_path / "still", tiny_recipe(data, epochs=2), STILL)
    for each in (run, still):
        train(each)
    torch.manual_seed(still.recipe().seed)
    begun = module_of_run(still).state_dict()
    after = checkpoint.load(still.last, source=still.source())["network"]
    same = {name for name in begun if torch.equal(begun[name], after[name])}
    assert same == {name for name in begun if name.startswith(("conv.", "norm."))}
    assert still.source() == run.source()
    (start,) = [each for each in read_events(still.events) if each["event"] == "start"]
    assert start["parameters"] - start["trainable"] == 4 * 9 + 4 + 8


def test_every_layer_learns_at_the_rate_of_its_factor(tmp_path, data):
    """One step of plain gradient descent: what a layer moves is in proportion to its factor."""
    plain = {
        "optimizer__momentum": 0.0,
        "optimizer__weight_decay": 0.0,
        "schedule__name": "constant",
        "batch": 64,
        "epochs": 1,
    }
    slow = edits.set_learning_rate(edits.set_learning_rate(TINY, "conv", 0.25), "fc", 3)
    moved = []
    for name, design in (("one", TINY), ("two", slow)):
        run = create(tmp_path / name, tiny_recipe(data, **plain), design)
        train(run)
        torch.manual_seed(0)
        begun = module_of_run(run).state_dict()
        after = checkpoint.load(run.last, source=run.source())["network"]
        moved.append({key: after[key] - begun[key] for key in begun})
        (step,) = [each for each in read_events(run.events) if each["event"] == "step"]
        assert step["lr"] == 0.05
    one, two = moved
    for name, factor in (("conv.weight", 0.25), ("norm.bias", 1), ("fc.weight", 3)):
        assert one[name].abs().max() > 0
        torch.testing.assert_close(two[name], factor * one[name], rtol=1e-3, atol=1e-6)


def test_a_training_with_frozen_layers_goes_on_exactly(tmp_path, data, monkeypatch):
    monkeypatch.setattr(steering, "POLL_SECONDS", 0.0)
    design = edits.set_learning_rate(edits.set_learning_rate(TINY, "norm", 0), "conv", 0.1)
    recipe = tiny_recipe(data, optimizer__name="adam", optimizer__learning_rate=0.01)
    whole = create(tmp_path / "whole", recipe, design)
    broken = create(tmp_path / "broken", recipe, design)
    train(whole)
    assert train(broken, interrupt=StopAt(5)).status == "stopped"
    train(broken, resume=True)
    assert_same(whole, broken)


def test_a_network_of_which_nothing_learns_is_refused(tmp_path, data):
    design = edits.set_learning_rate(STILL, "fc", 0)
    with pytest.raises(DesignerError, match=r"Nothing in Tiny learns: .* Unfreeze one"):
        train(create(tmp_path / "run", tiny_recipe(data), design))


def test_without_factors_all_parameters_are_one_group_in_their_order():
    network = module(TINY)
    (group,) = groups(network, analyze(TINY))
    assert group["lr_scale"] == 1
    assert all(one is two for one, two in zip(group["params"], network.parameters(), strict=True))


def test_modes_are_put_back_each_to_its_own():
    network = module(STILL).train()
    freeze(network, analyze(STILL))
    with mode_kept(network):
        network.eval()
    assert network.training and network.drop.training and not network.norm.training
    assert not any(each.requires_grad for each in network.conv.parameters())
