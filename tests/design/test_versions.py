"""Versions of the design file: what is written in which, and what an older one may not hold."""

import json
from dataclasses import replace

import pytest

from designer.design import files
from designer.design.values import Block, Design, Edge, Graph, LayerNode
from designer.design.versions import NEW_LAYERS
from designer.layers.catalogue import layer_types

CONV = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3})
OLD = Design("Old", graph=Graph({"image": LayerNode("Input", {"shape": (3, 8, 8)}), "conv": CONV}))
CODE = 'class Gate(nn.Module):\n    """A gate \\ "quoted"."""\n\n    x = "é\\t"\n'


def _with(**nodes: LayerNode) -> Design:
    return replace(OLD, graph=replace(OLD.graph, nodes={**OLD.graph.nodes, **nodes}))


NEW = {
    "shares": _with(again=replace(CONV, shares="conv")),
    "shares in a block": replace(
        OLD,
        blocks={
            "Twice": Block(
                {},
                ("x",),
                ("y",),
                Graph(
                    {"one": CONV, "two": replace(CONV, shares="one")},
                    (Edge("x", 0, "one", 0), Edge("one", 0, "two", 0), Edge("two", 0, "y", 0)),
                ),
            )
        },
    ),
    "a learned tensor": _with(token=LayerNode("Parameter", {"shape": (1, 8)})),
    "a constant tensor": _with(table=LayerNode("Constant", {"shape": (1, 8)})),
    "code": replace(OLD, code={"Gate": CODE, "Empty": ""}),
}


def _version(text: str) -> int:
    found = json.loads(text)["version"]
    assert isinstance(found, int)
    return found


def test_a_design_that_needs_nothing_new_is_written_as_version_1() -> None:
    text = files.dumps(OLD)
    assert _version(text) == 1
    assert files.loads(text) == OLD


def test_a_file_of_version_2_that_needs_nothing_new_is_read_and_written_as_version_1() -> None:
    text = files.dumps(OLD)
    newer = text.replace('"version": 1', '"version": 2')
    assert files.dumps(files.loads(newer)) == text


@pytest.mark.parametrize("name", NEW)
def test_what_is_new_is_written_as_version_2_and_read_again(name: str) -> None:
    text = files.dumps(NEW[name])
    assert _version(text) == 2
    assert files.loads(text) == NEW[name]
    assert files.dumps(files.loads(text)) == text


@pytest.mark.parametrize("name", NEW)
def test_a_file_that_says_version_1_may_hold_nothing_new(name: str) -> None:
    text = files.dumps(NEW[name]).replace('"version": 2', '"version": 1')
    with pytest.raises(files.DesignFileError, match="belongs to version 2 of the format"):
        files.loads(text)


def test_code_is_written_line_by_line() -> None:
    text = files.dumps(NEW["code"])
    assert '  "Gate": [\n   "class Gate(nn.Module):",\n' in text
    assert json.loads(text)["code"]["Gate"] == CODE.split("\n")


def test_names_outside_of_ascii_are_normal_and_code_is_unchanged() -> None:
    ligature = "ﬁ"  # one character, which NFKC writes as two
    design = _with(fine=replace(CONV, shares="conv"))
    text = files.dumps(replace(design, code={"fine": f"x = '{ligature}'"}))
    read = files.loads(text.replace('"fine"', f'"{ligature}ne"'))
    assert read.graph.nodes["fine"].shares == "conv"
    assert read.code == {"fine": f"x = '{ligature}'"}


def test_the_layers_of_version_2_are_all_stored_tensors_and_what_is_no_layer() -> None:
    stored = {name for name, kind in layer_types().items() if kind.stored}
    assert stored | {"Opaque"} == NEW_LAYERS
