"""Recurrent layers behind each other: the output of one already lies as the next one wants it."""

import pytest
import torch

from designer.analysis.analysis import analyze
from designer.engine.module import module
from tests import measuring
from tests.layers.building import chain, saved_agree


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_layer_behind_another_copies_nothing(kind: str):
    layer = (kind, {"hidden_size": 8})
    network = chain([6, 8], layer, layer)
    analysis, built = analyze(network), module(network)
    batch = torch.randn(3, 6, 8)
    totals = analysis.totals
    saved = measuring.saved_bytes(built.train(), batch)
    alive = measuring.peak_bytes(built.eval(), built, batch)
    assert saved_agree(analysis, totals.saved_bytes(3), saved)
    assert totals.inference_bytes(3) - totals.file_bytes == alive


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
@pytest.mark.parametrize(
    "settings", [{"num_layers": 3}, {"bidirectional": True}, {"hidden_size": 1, "num_layers": 2}]
)
@pytest.mark.parametrize("output", ["last_step", "last_state", "sequence"])
def test_what_a_linear_layer_behind_it_keeps(kind: str, settings: dict, output: str):
    """The last step is a part of a larger tensor, all of which autograd keeps."""
    layer = (kind, {"hidden_size": 5, "output": output, **settings})
    network = chain([6, 8], layer, ("Linear", {"out_features": 3}))
    analysis, built = analyze(network), module(network)
    batch = torch.randn(2, 6, 8)
    assert analysis.totals.saved_bytes(2) == measuring.saved_bytes(built.train(), batch)
    alive = measuring.peak_bytes(built.eval(), built, batch)
    assert analysis.totals.inference_bytes(2) - analysis.totals.file_bytes == alive
