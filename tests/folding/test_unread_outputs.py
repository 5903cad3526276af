"""A block of two outputs of which one is not read: it stays a block."""

import pytest

from designer.analysis.analysis import analyze
from designer.design import files
from designer.errors import DesignerError
from designer.folding.unfold import unfold

DESIGN = """{
 "format": "netdesigner/design", "version": 1, "name": "Two",
 "blocks": {
  "Both": {
   "inputs": ["x"], "outputs": ["sum", "product"],
   "nodes": {"left": {"layer": "ReLU"}, "right": {"layer": "Tanh"}},
   "edges": [["x", "left", "sum"], ["x", "right", "product"]]
  }
 },
 "nodes": {
  "image": {"layer": "Input", "shape": [3, 8, 8]},
  "both": {"block": "Both"},
  "scores": {"layer": "Output"}
 },
 "edges": [["image", "both", "scores"]]
}"""


def test_a_use_with_an_unread_output_is_not_unfolded() -> None:
    design = files.loads(DESIGN)
    assert analyze(design).valid
    with pytest.raises(
        DesignerError, match=r"both cannot be unfolded: nothing would read both\.right"
    ):
        unfold(design)
