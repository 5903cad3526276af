"""Outputs that other nodes read: their value is returned and used on."""

from typing import Any

import pytest
import torch

from designer.analysis.analysis import analyze
from designer.engine.module import module as compiled
from tests import measuring
from tests.against_torch.drawing import BLOCKS, conv
from tests.analysis.drawing import design
from tests.layers.building import as_tuple, images

IMAGE = {"layer": "Input", "shape": [3, 8, 8]}
OUTPUT = {"layer": "Output"}
AUXILIARY = {"layer": "Output", "auxiliary": True}
RELU = {"layer": "ReLU"}
ABSENT = {"layer": "Output", "when": False}
GRAPHS: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "of an input": ({"x1": IMAGE, "o": OUTPUT, "r": RELU, "p": OUTPUT}, [["x1", "o", "r", "p"]]),
    "before a layer": (
        {"x1": IMAGE, "c": conv(3), "o": OUTPUT, "r": RELU, "p": OUTPUT},
        [["x1", "c", "o", "r", "p"]],
    ),
    "one after the other": (
        {"x1": IMAGE, "c": conv(3), "o": OUTPUT, "p": OUTPUT},
        [["x1", "c", "o", "p"]],
    ),
    "before a block": (
        {
            "x1": IMAGE,
            "c": conv(4),
            "o": OUTPUT,
            "b": {"block": "Residual", "repeat": 2},
            "p": OUTPUT,
        },
        [["x1", "c", "o", "b", "p"]],
    ),
    "of a block with two outputs": (
        {
            "x1": IMAGE,
            "b": {"block": "Cross"},
            "o": OUTPUT,
            "q": OUTPUT,
            "add": {"layer": "Add"},
            "p": OUTPUT,
        },
        [["x1", "b", "o", "add", "p"], ["x1", "b:1"], ["b:1", "q", "add:1"]],
    ),
    "an auxiliary one before the main one": (
        {"x1": IMAGE, "c": conv(3), "a": AUXILIARY, "r": RELU, "o": OUTPUT},
        [["x1", "c", "a", "r", "o"]],
    ),
    "the main one before an auxiliary one": (
        {"x1": IMAGE, "c": conv(3), "o": OUTPUT, "r": RELU, "a": AUXILIARY},
        [["x1", "c", "o", "r", "a"]],
    ),
    "before a join": (
        {"x1": IMAGE, "c": conv(3), "o": OUTPUT, "add": {"layer": "Add"}, "p": OUTPUT},
        [["x1", "c", "o", "add", "p"], ["c", "add:1"]],
    ),
    "before a layer that overwrites its input elsewhere": (
        {"x1": IMAGE, "bn": {"layer": "BatchNorm2d"}, "o": OUTPUT, "r": RELU, "p": OUTPUT},
        [["x1", "bn", "o", "r", "p"]],
    ),
    "absent": (
        {"x1": IMAGE, "c": conv(3), "o": ABSENT, "r": RELU, "p": OUTPUT},
        [["x1", "c", "o", "r", "p"]],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_such_designs_compile_and_learn(name: str) -> None:
    found = design(*GRAPHS[name], blocks=BLOCKS)
    analysis = analyze(found)
    assert not analysis.problems
    module = compiled(found)
    for training in (True, False):
        wanted = [each.shape for each in analysis.outputs if training or not each.auxiliary]
        outputs = as_tuple(module.train(training)(*images(found, 2)))
        assert [tuple(each.shape[1:]) for each in outputs] == wanted
        saved = measuring.saved_bytes(module, *images(found, 2))
        assert saved == analysis.totals.saved_bytes(2, training=training)
    peak = measuring.peak_bytes(module.eval(), module, *images(found, 2))
    assert peak == 2 * analysis.totals.inference_peak_bytes
    outputs = as_tuple(module.train()(*images(found, 2, requires_grad=True)))
    torch.stack([each.sum() for each in outputs]).sum().backward()


def test_the_value_is_not_overwritten_by_what_reads_it() -> None:
    found = design(*GRAPHS["before a layer"], blocks=BLOCKS)
    before, after = compiled(found)(*images(found, 2))
    assert (before < 0).any()
    assert torch.equal(before.relu(), after)


def test_a_cycle_through_an_output_is_named_as_drawn() -> None:
    nodes = {"x1": IMAGE, "add": {"layer": "Add"}, "o": OUTPUT, "r": RELU}
    problems = analyze(design(nodes, [["x1", "add", "o", "r", "add:1"]])).problems
    assert "add → o → r → add" in problems[0].message


def test_an_open_output_is_the_only_problem_of_what_reads_it() -> None:
    nodes = {"x1": IMAGE, "c": conv(3), "o": OUTPUT, "r": RELU, "p": OUTPUT, "q": OUTPUT}
    problems = analyze(design(nodes, [["x1", "c", "p"], ["o", "r", "q"]])).problems
    assert [each.node for each in problems] == ["o"]
