"""The summary of what an edit changes, in whole sentences."""

import pytest

from designer import presets
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.gui.inspector.edit_summary import MAX_CHANGES, summary


def _switch_off_many(design: Design) -> Design:
    for name in [*design.blocks["Bottleneck"].graph.nodes][: MAX_CHANGES + 2]:
        design = edits.set_when(design, name, False, block="Bottleneck")
    return design


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda d: d, "Changes nothing."),
        (lambda d: edits.set_argument(d, "classes", 10), "The argument classes becomes 10."),
        (
            lambda d: edits.set_parameter(d, "conv1", "kernel_size", 5),
            "conv1: kernel size 7 → 5.",
        ),
        (
            lambda d: edits.remove_parameter(d, "conv1", "stride"),
            "conv1: stride returns to its default.",
        ),
        (
            lambda d: edits.set_parameter(d, "conv1", "stride", 3, block="Bottleneck"),
            "In Bottleneck: conv1: stride",
        ),
        (lambda d: edits.set_repeat(d, "layer1", 5), "layer1: repeat 3 → 5."),
        (lambda d: edits.add_node(d, "extra", LayerNode("ReLU")), "extra (ReLU) is added."),
        (lambda d: edits.remove_node(d, "maxpool"), "maxpool is removed."),
        (_switch_off_many, "And 2 more changes."),
    ],
)
def test_a_sentence_for_each_change(edit: Edit, expected: str) -> None:
    design = presets.load("resnet50")
    assert expected in summary(design, edit(design))
