"""Weights from elsewhere on the command line."""

import json

import pytest
import torch

from designer import presets
from designer.cli import main
from designer.engine.module import module


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Weights of LeNet-5 as another program would name them."""
    monkeypatch.chdir(tmp_path)
    state = module(presets.load("lenet5")).state_dict()
    torch.save({f"net_{name}": value for name, value in state.items()}, "other.pth")
    return state


def test_the_report_is_printed_and_the_weights_are_written(file, capsys):
    assert main(["weights", "lenet5", "--from", "other.pth", "--out", "mine.pt"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("10 of 10 tensors fit: 10 by order and shape.\n")
    assert "  conv1 ← net_conv1  (weight, bias)\n" in told
    assert told.splitlines()[-1].startswith("other.pth: ") and "mine.pt: " in told
    mine = torch.load("mine.pt", weights_only=True)
    assert all(torch.equal(mine[name], value) for name, value in file.items())


def test_another_head_and_other_names_go_by_the_users_word(file, capsys):
    command = ["weights", "lenet5", "--from", "other.pth", "--out", "mine.safetensors", "--json"]
    assert main([*command, "--set", "classes=7", "--map", "conv2=net_conv2"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {each["how"] for each in report["taken"]} == {"order", "given"}
    assert [each["name"] for each in report["differing"]] == ["fc3.weight", "fc3.bias"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "other.pth"], "Say where the weights come from and go to"),
        (["--from", "other.pth", "--out", "x.onnx"], "x.onnx must end in .pt, .pth or"),
        (["--from", "none.pth", "--out", "x.pt"], "There is no file none.pth"),
        (["--from", "other.pth", "--out", "x.pt", "--map", "a"], "--map takes OURS=THEIRS"),
        (["--from", "other.pth", "--out", "x.pt", "--map", "a=b"], "has no module 'a'"),
        (["--from", "other.pth", "--out", "no/x.pt"], "no/x.pt cannot be written"),
    ],
)
def test_bad_input_gives_one_sentence(file, capsys, arguments, sentence):
    assert main(["weights", "lenet5", *arguments]) == 1
    told = capsys.readouterr().err
    assert sentence in told and len(told.strip().splitlines()) == 1


def test_a_training_tells_what_it_begins_with(file, capsys):
    limits = ["--limit", "200", "--epochs", "1", "--batch", "50", "--run", "run"]
    assert main(["train", "lenet5", *limits, "--weights", "other.pth"]) == 0
    assert "10 of 10 tensors fit" in capsys.readouterr().out
