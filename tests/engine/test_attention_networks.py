"""Networks with attention: exported to every format, and run node by node."""

import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.edits import set_argument
from designer.design.values import Design
from designer.engine.export import export, of_design
from designer.engine.inspect.steps import Steps
from designer.engine.module import module
from designer.runs.export_formats import EXPORT_FORMATS
from tests.layers.building import design


def small_vit() -> Design:
    found = presets.load("vit_b_16")
    small = {"classes": 5, "resolution": 32, "patch": 8, "width": 24, "depth": 2, "heads": 3}
    for key, value in small.items():
        found = set_argument(found, key, value)
    return found


def learned_queries() -> Design:
    """Two learned queries read the tokens of an image; a causal mask and a learned one."""
    return design(
        {
            "image": {"layer": "Input", "shape": [5, 6]},
            "own": {"layer": "MultiheadAttention", "num_heads": 2, "mask": "causal"},
            "bias": {"layer": "Parameter", "shape": [2, 2, 5], "init": "normal"},
            "queries": {"layer": "Parameter", "shape": [2, 6], "init": "normal"},
            "attention": {"layer": "MultiheadAttention", "num_heads": 2, "mask": "input"},
            "scores": {"layer": "Output"},
        },
        [
            ["queries", "attention"],
            ["image", "own", "attention:1"],
            ["bias", "attention:2"],
            ["attention", "scores"],
        ],
        version=2,
    )


@pytest.mark.parametrize(
    ("make", "ending"), [*[(small_vit, each) for each in EXPORT_FORMATS], (learned_queries, ".pt2")]
)
def test_every_format_loads_back_and_agrees(make, ending, tmp_path):
    (done,) = export(of_design(make(), seed=3), [tmp_path / f"model{ending}"])
    assert done.difference <= EXPORT_FORMATS[ending].tolerance


@pytest.mark.parametrize("make", [small_vit, learned_queries])
def test_node_by_node_the_same_comes_out(make):
    made = make()
    network, analysis = module(made).eval(), analyze(made)
    images = torch.randn(3, *analysis.inputs[0].shape)
    values = {}
    with torch.inference_mode():
        wanted = network(images)
        (found,) = Steps(network, analysis).run(
            images, lambda path, port, value: values.update({path: value})
        )
    assert torch.equal(found, wanted)
    attention = next(path for path in values if path.endswith("attention"))
    assert values[attention].shape[0] == 3
