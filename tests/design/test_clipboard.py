"""Copy and paste of nodes, between graphs and between designs, with their blocks."""

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import clipboard, edits
from designer.design.files import dumps, loads
from designer.design.values import BlockNode, Design, Edge, LayerNode, Point
from designer.errors import DesignerError
from tests.analysis.drawing import IMAGE, OUTPUT, block, design

CONV = {"layer": "Conv2d", "out_channels": "=channels", "kernel_size": 1}
RELU = {"layer": "ReLU"}


def example() -> Design:
    inner = block({"act": RELU}, [["x", "act", "y"]])
    stage = block(
        {"conv": CONV, "inner": {"block": "Inner"}}, [["x", "conv", "inner", "y"]], channels=4
    )
    nodes = {
        "image": IMAGE,
        "stage": {"block": "Stage", "with": {"channels": "=width"}},
        "act": RELU,
        "scores": OUTPUT,
    }
    blocks = {"Inner": inner, "Stage": stage, "Unused": inner}
    return design(nodes, [["image", "stage", "act", "scores"]], blocks, width=5)


def test_the_text_is_a_design_of_its_own() -> None:
    text = clipboard.copy(example(), None, ["stage", "act"], {"act": Point(1, 2)})
    copied = loads(text)
    assert list(copied.graph.nodes) == ["stage", "act"]
    assert copied.graph.edges == (Edge("stage", 0, "act", 0),)
    assert list(copied.blocks) == ["Inner", "Stage"]
    assert list(copied.arguments) == ["width"]
    assert copied.graph.nodes["act"].at == Point(1, 2)


def test_pasting_where_it_came_from() -> None:
    before = example()
    text = clipboard.copy(before, None, ["stage", "act"])
    after, names = clipboard.paste(before, None, text)
    assert names == ("stage2", "act2")
    assert after.blocks is before.blocks
    assert after.graph.nodes["stage2"] == before.graph.nodes["stage"]
    assert after.graph.edges[-1] == Edge("stage2", 0, "act2", 0)
    assert before == example()
    assert clipboard.paste(before, None, text)[0] == after


def test_pasting_into_an_empty_design() -> None:
    text = clipboard.copy(example(), None, ["image", "stage", "act", "scores"])
    after, _ = clipboard.paste(Design("new"), None, text)
    assert list(after.blocks) == ["Inner", "Stage"]
    stage = after.graph.nodes["stage"]
    assert isinstance(stage, BlockNode) and stage.arguments == {"channels": 5}
    assert analyze(after).valid
    assert analyze(after).totals.parameters == analyze(example()).totals.parameters


def test_a_differing_block_gets_another_name_once() -> None:
    before = example()
    text = clipboard.copy(before, None, ["stage"])
    other = edits.set_parameter(before, "act", "p", 1, block="Inner")
    after, names = clipboard.paste(other, None, text)
    assert list(after.blocks) == ["Inner", "Stage", "Unused", "Inner2", "Stage2"]
    assert after.graph.nodes[names[0]] == BlockNode("Stage2", {"channels": "=width"})
    again, names = clipboard.paste(after, None, text)
    assert list(again.blocks) == list(after.blocks)
    assert again.graph.nodes[names[0]] == BlockNode("Stage2", {"channels": "=width"})


def test_blocks_with_other_positions_are_shared() -> None:
    before = example()
    text = clipboard.copy(before, None, ["stage"])
    moved = edits.move(before, {"act": Point(3, 4)}, block="Inner")
    assert clipboard.paste(moved, None, text)[0].blocks is moved.blocks


def test_positions() -> None:
    before = edits.move(example(), {"stage": Point(0, 0), "act": Point(10, 100)})
    text = clipboard.copy(before, None, ["stage", "act"])
    after, _ = clipboard.paste(before, None, text, Point(500, 50))
    assert after.graph.nodes["stage2"].at == Point(495, 0)
    assert after.graph.nodes["act2"].at == Point(505, 100)
    bare, _ = clipboard.paste(before, None, text)
    assert bare.graph.nodes["stage2"].at is None


def test_pasting_between_graphs() -> None:
    before = example()
    text = clipboard.copy(before, "Stage", ["conv"])
    after, _ = clipboard.paste(before, None, text)
    conv = after.graph.nodes["conv"]
    assert isinstance(conv, LayerNode) and conv.parameters["out_channels"] == 4
    into, names = clipboard.paste(before, "Stage", text)
    assert names == ("conv2",)
    assert into.blocks["Stage"].graph.nodes["conv2"] == before.blocks["Stage"].graph.nodes["conv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The clipboard holds no nodes: copy some nodes"),
        ("def forward(self): ...", "The clipboard holds no nodes"),
        ("{", "The text on the clipboard is damaged or no design file"),
        ('{"a": 1}', "The text on the clipboard is no valid design: format"),
        (dumps(Design("empty")), "The clipboard holds no nodes"),
    ],
)
def test_text_that_is_not_a_design(text: str, words: str) -> None:
    with pytest.raises(DesignerError) as refused:
        clipboard.paste(example(), None, text)
    assert words in str(refused.value)


def test_a_block_is_not_pasted_into_itself() -> None:
    before = example()
    text = clipboard.copy(before, None, ["stage"])
    with pytest.raises(DesignerError, match="Stage cannot contain itself; that would never"):
        clipboard.paste(before, "Stage", text)
    with pytest.raises(DesignerError, match="Inner cannot contain Stage, which contains Inner"):
        clipboard.paste(before, "Inner", text)


def test_inputs_and_outputs_stay_out_of_blocks() -> None:
    before = example()
    text = clipboard.copy(before, None, ["image", "act"])
    with pytest.raises(DesignerError, match="image is an Input, which belongs in the design its"):
        clipboard.paste(before, "Stage", text)


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_becomes_a_block(name: str) -> None:
    preset = presets.load(name)
    one = analyze(preset)
    dtype = "int64" if one.inputs[0].integer else "float32"
    before = design(
        {
            "image": {"layer": "Input", "shape": list(one.inputs[0].shape), "dtype": dtype},
            "n1": {"layer": "Identity"},
            "scores": {"layer": "Output"},
        },
        [["image", "n1", "scores"]],
    )
    after, made = clipboard.take_in(before, preset)
    used = edits.insert_on_edge(after, Edge("n1", 0, "scores", 0), "net", BlockNode(made))
    for port in range(1, len(one.inputs)):
        used = edits.connect(used, Edge("n1", 0, "net", port))
    two = analyze(used)
    assert two.valid, two.problems
    assert two.outputs[0].shape == one.outputs[0].shape
    if not any(port.auxiliary for port in one.outputs):  # which stay behind with what they need
        assert two.totals.parameters == one.totals.parameters
    assert clipboard.take_in(after, preset) == (after, made)


def test_a_design_without_ends_is_no_block() -> None:
    with pytest.raises(DesignerError, match="new has no Input or no Output, so it cannot be a blo"):
        clipboard.take_in(example(), Design("new"))


def test_identifiers() -> None:
    assert clipboard.identifier("ResNet-50", "Network") == "ResNet50"
    assert clipboard.identifier("3×3 größe", "Network") == "größe"
    assert clipboard.identifier("層", "Network") == "層"
    assert clipboard.identifier("2 × 3", "Network") == "Network"
