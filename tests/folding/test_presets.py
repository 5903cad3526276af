"""Each preset is unfolded and folded again: nothing of its figures changes."""

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.values import BlockNode
from designer.folding.fold import fold
from designer.folding.unfold import unfold
from tests.folding.test_fold import figures

MOST_ROWS = 50
"""Nodes of a folded preset; MobileNetV3-Large has the most, as its blocks differ the most."""


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_is_unfolded_and_folded_again(name: str) -> None:
    made = presets.load(name)
    flat = unfold(made)
    assert not flat.design.blocks
    assert not any(isinstance(node, BlockNode) for node in flat.design.graph.nodes.values())
    assert figures(flat.design) == figures(made)
    # The names of the state dict, as the generated code has them.
    assert flat.moved == {path: path.replace(".", "_") for path in flat.moved}
    folded = fold(flat.design)
    assert figures(folded.design) == figures(made)
    assert len(folded.design.graph.nodes) <= MOST_ROWS
    paths = {path for path, _ in analyze(folded.design).top.layers()}
    assert set(folded.moved.values()) <= paths
    assert len(set(folded.moved.values())) == len(folded.moved) == len(flat.moved)
    again = fold(folded.design)
    assert again.design is folded.design
    assert again.moved == {path: path for path in folded.moved.values()}
