"""Weights are found wherever a training script keeps them in its checkpoint."""

import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.engine import weights
from designer.engine.module import module
from designer.engine.state_dicts import state_dicts

DESIGN = presets.load("lenet5")
STATE = module(DESIGN).state_dict()
OTHER = {name: value + 1 for name, value in STATE.items()}
WRAPPED = {f"module.{name}": value for name, value in STATE.items()}
ADAM = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}
BY_NAME = {
    "state": {name: {"exp_avg": value, "exp_avg_sq": value} for name, value in STATE.items()}
}
METRICS = {"acc": 93.1, "epoch": 7, "best_acc1": torch.tensor(71.3), "loss": torch.zeros(3)}


def nested(state):
    """Return a state dict as a tree of modules."""
    tree = {}
    for name, value in state.items():
        *modules, own = name.split(".")
        branch = tree
        for each in modules:
            branch = branch.setdefault(each, {})
        branch[own] = value
    return tree


CASES = {
    "plain": STATE,
    "with a tensor beside": {**METRICS, "arch": "small", "state_dict": WRAPPED},
    "after its optimizer": {"optimizer": ADAM, **METRICS, "model_state": STATE},
    "optimizer by names": {"optim": BY_NAME, "checkpoint": STATE},
    "two levels": {"checkpoint": {"model": {"state_dict": STATE}, "rng": torch.zeros(9)}},
    "average beside": {"state_dict_ema": OTHER, "state_dict": STATE, "optimizer": ADAM},
    "teacher beside": {"teacher": OTHER, "student": STATE},
    "tree of modules": nested(STATE),
    "tree in a checkpoint": {"params": nested(STATE), "step": torch.tensor(3)},
    "our own": {"network": STATE, "generators": {"cpu": torch.zeros(9), "numpy": torch.zeros(9)}},
    "hooks beside": {"hook": {"weight": torch.ones(1)}, "net": STATE},
    **{
        f"under {key}": {key: STATE, "acc": 93.1, "epoch": 7}
        for key in ("net", "model_state", "params", "state_dict_ema", "ema", "G", "weights", "foo")
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_state_dict_is_found(case, tmp_path):
    torch.save(CASES[case], tmp_path / "checkpoint.pth")
    network = module(DESIGN)
    report = weights.load(network, analyze(DESIGN), weights.read(str(tmp_path / "checkpoint.pth")))
    assert len(report.taken) == len(STATE) and not report.fresh
    assert all(torch.equal(network.state_dict()[name], value) for name, value in STATE.items())


def test_others_of_the_same_size_are_named(tmp_path):
    path = tmp_path / "both.pth"
    torch.save({"model_ema": OTHER, "model": STATE}, path)
    assert weights.read(str(path)).origin == f"{path} (its 'model'; it also holds 'model_ema')"
    torch.save({"model": STATE, "best_acc1": torch.tensor(1.0)}, path)
    assert weights.read(str(path)).origin == str(path)


def test_a_dictionary_in_itself_ends():
    content = {"model": STATE}
    content["again"] = content
    assert state_dicts(content)[0].tensors == STATE
