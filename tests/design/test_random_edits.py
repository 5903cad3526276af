"""Sessions of random edits: each intermediate design can be saved and read."""

import random

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.files import dumps, loads
from designer.errors import DesignerError
from tests.analysis.drawing import tidy_design
from tests.design.random_edits import random_edit


@pytest.mark.parametrize("seed", range(12))
def test_random_edits(seed: int) -> None:
    draw = random.Random(seed)
    design = presets.load(draw.choice(["lenet5", "resnet18"])) if seed % 3 else tidy_design(draw)
    past = []
    for _ in range(60):
        label, edit = random_edit(design, draw)
        try:
            after = edit(design)
        except DesignerError as error:
            assert str(error).endswith((".", "?"))  # noqa: PT017
            continue
        assert label
        assert edit(design) == after
        past.append((design, dumps(design)))
        design = after
        for graph in (design.graph, *(each.graph for each in design.blocks.values())):
            for node in graph.nodes.values():
                assert not node.shares or not graph.nodes[node.shares].shares
        if len(design.graph.nodes) > 200:
            break
    assert dumps(loads(dumps(design))) or design
    assert analyze(design).problems is not None
    assert all(dumps(value) == text for value, text in past)
