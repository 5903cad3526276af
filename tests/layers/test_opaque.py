"""Operations that no layer expresses: counted and analyzed, but neither trained nor written."""

import pytest

from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.design import files
from designer.errors import DesignerError
from tests.layers.building import design

NODES = {
    "image": {"layer": "Input", "shape": [3, 8, 8]},
    "sort": {
        "layer": "Opaque",
        "operation": "aten.sort.default",
        "line": "model.py:12",
        "given": "3x8x8",
        "outputs": "3x8x8, int64:3x8x8",
        "tensors": "weight 5x3, bias 5, buffer table int64:2x2, buffer count int64:scalar",
    },
    "values": {"layer": "Output"},
    "order": {"layer": "Output"},
}
MADE = design(NODES, [["image", "sort", "values"], ["sort:1", "order"]])


def test_shapes_and_tensors_are_known_and_counted() -> None:
    found = analyze(MADE)
    assert found.valid
    assert found.totals.parameters == 5 * 3 + 5
    assert found.totals.buffers == 4 + 1
    assert found.totals.file_bytes == 4 * 20 + 8 * 5
    result = found.node("sort")
    assert result is not None
    assert [each.shape for each in result.outputs if each] == [(3, 8, 8), (3, 8, 8)]
    assert [each.integer for each in result.outputs if each] == [False, True]
    assert [path for path, _ in found.opaque] == ["sort"]


def test_code_is_refused_with_the_operation_and_its_line() -> None:
    with pytest.raises(DesignerError) as error:
        generate(MADE)
    assert str(error.value) == (
        "netdesigner cannot train or write code for Network, because sort is the operation "
        "aten.sort.default (model.py:12), which no layer expresses; replace it on the canvas."
    )


def test_an_operation_in_a_block_is_found_by_its_path() -> None:
    inner = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {"op": {"layer": "Opaque", "given": "3x8x8", "outputs": "3x8x8"}},
        "edges": [["x", "op", "y"]],
    }
    nodes = {"image": NODES["image"], "block": {"block": "Odd"}, "scores": {"layer": "Output"}}
    found = analyze(design(nodes, [["image", "block", "scores"]], blocks={"Odd": inner}))
    assert [path for path, _ in found.opaque] == ["block.op"]


def test_a_file_of_version_2_carries_it() -> None:
    text = files.dumps(MADE)
    assert '"version": 2' in text
    assert files.loads(text) == MADE
    with pytest.raises(files.DesignFileError, match="the layer Opaque belongs to version 2"):
        files.loads(text.replace('"version": 2', '"version": 1'))


@pytest.mark.parametrize(
    ("key", "text"),
    [("outputs", "3x"), ("outputs", "3x0"), ("given", "x; y"), ("tensors", "weight"),
     ("tensors", "weight 3, weight 4"), ("tensors", "weight 3 4"), ("outputs", "3" * 11)],
)  # fmt: skip
def test_shapes_that_cannot_be_read_are_refused(key: str, text: str) -> None:
    nodes = {**NODES, "sort": {**NODES["sort"], key: text}}
    (problem, *_) = analyze(design(nodes, [["image", "sort", "values"]])).problems
    assert problem.code == "parameter"
    assert problem.message.startswith(f"sort: {key} takes ")
