"""Common blocks: defined once, whole, valid in any design, never a second copy."""

import pytest

from designer import common_blocks, presets
from designer.analysis.analysis import analyze
from designer.common_blocks import COMMON_BLOCKS, CommonBlock
from designer.design import edits, files
from designer.design.blocks import parts
from designer.design.expressions import Scalar
from designer.design.values import BlockNode, Design, Edge
from designer.errors import DesignerError
from designer.layers.catalogue import layer_types
from tests.analysis.drawing import chain

NAMES = [each.name for each in COMMON_BLOCKS]
OF_TOKENS = ("TransformerEncoder",)


def image() -> Design:
    return chain({"layer": "ReLU"}, shape=[16, 28, 28])


def pixels() -> Design:
    return chain({"layer": "ReLU"}, shape=[28, 28, 48])


def tokens() -> Design:
    return chain({"layer": "ReLU"}, shape=[28, 48])


def test_the_table() -> None:
    assert NAMES == [
        "BasicBlock",
        "Bottleneck",
        "PreActBlock",
        "Inception",
        "Fire",
        "DenseLayer",
        "InvertedResidual",
        "DepthwiseSeparable",
        "SqueezeExcite",
        "MBConv",
        "UNetDown",
        "UNetUp",
        "TransformerEncoder",
        "SwinBlock",
        "ConvNeXtBlock",
        "MLPConv",
    ]
    assert not set(NAMES) & layer_types().keys()


@pytest.mark.parametrize("common", COMMON_BLOCKS, ids=lambda each: each.name)
def test_a_common_block_is_that_of_its_preset(common: CommonBlock) -> None:
    assert common.preset is None or common.preset in presets.names()
    assert common.idea.endswith(").")
    defining = files.read(common.path)
    taken, name = common_blocks.add_to(image(), common.name)
    assert name == common.name
    assert taken.blocks[name] == defining.blocks[name]
    assert [*taken.blocks] == parts(defining.blocks, [BlockNode(name)])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "UNetUp"])
def test_it_stands_in_any_design_with_its_defaults(name: str) -> None:
    around = {"SwinBlock": pixels, **dict.fromkeys(OF_TOKENS, tokens)}.get(name, image)
    taken, made = common_blocks.add_to(around(), name)
    used = edits.insert_on_edge(taken, Edge("n1", 0, "scores", 0), "new", BlockNode(made, repeat=2))
    analysis = analyze(used)
    assert not analysis.problems
    assert analysis.totals.parameters > 0


@pytest.mark.parametrize("side", [28, 29])
def test_a_step_up_fits_the_step_down_of_any_size(side: int) -> None:
    down, _ = common_blocks.add_to(chain({"layer": "ReLU"}, shape=[16, side, side]), "UNetDown")
    both, _ = common_blocks.add_to(down, "UNetUp")
    both = edits.insert_on_edge(both, Edge("n1", 0, "scores", 0), "down", BlockNode("UNetDown"))
    both = edits.insert_on_edge(both, Edge("down", 0, "scores", 0), "up", BlockNode("UNetUp"))
    analysis = analyze(edits.connect(both, Edge("n1", 0, "up", 1)))
    assert not analysis.problems
    assert [each.shape for each in analysis.outputs] == [(64, 28, 28)]


@pytest.mark.parametrize(
    ("arguments", "middle"),
    [
        ({"reduction": 8}, 8),
        ({"channels": 20, "activation": "SiLU"}, 20),
        ({"activation": "GELU", "gate": "Hardsigmoid"}, 4),
    ],
)
def test_squeeze_excite_of_every_kind(arguments: dict[str, Scalar], middle: int) -> None:
    """Parameters counted by hand, and the activations that were chosen."""
    taken, name = common_blocks.add_to(chain({"layer": "ReLU"}, shape=[64, 9, 9]), "SqueezeExcite")
    node = BlockNode(name, arguments=arguments)
    analysis = analyze(edits.insert_on_edge(taken, Edge("n1", 0, "scores", 0), "se", node))
    assert not analysis.problems
    assert analysis.totals.parameters == (64 * middle + middle) + (middle * 64 + 64)
    types = {each.type for each in analysis.rows()}
    assert arguments.get("activation", "ReLU") in types
    assert arguments.get("gate", "Sigmoid") in types


def test_no_preset_has_what_lies_in_a_file_of_its_own() -> None:
    (alone,) = [each for each in COMMON_BLOCKS if each.preset is None]
    assert [name for name in presets.names() if alone.name in presets.load(name).blocks] == []


def test_an_equal_block_is_used_and_another_keeps_its_name() -> None:
    once, first = common_blocks.add_to(image(), "Bottleneck")
    assert common_blocks.add_to(once, "Bottleneck") == (once, first)
    block = once.blocks[first]
    mine = edits.set_parameter(once, "conv1", "bias", True, block="Bottleneck")
    again, second = common_blocks.add_to(mine, "Bottleneck")
    assert second != "Bottleneck"
    assert again.blocks["Bottleneck"] == mine.blocks["Bottleneck"]
    assert again.blocks[second] == block
    assert common_blocks.add_to(again, "Bottleneck") == (again, second)


def test_an_unknown_one_is_told() -> None:
    with pytest.raises(DesignerError, match="no common block 'Block'; there are BasicBlock, Bott"):
        common_blocks.add_to(image(), "Block")
