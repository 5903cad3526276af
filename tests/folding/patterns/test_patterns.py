"""Modules of several operations, sharing, names, batches and what no layer expresses."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from designer.analysis.analysis import analyze
from designer.folding.patterns import convert
from designer.readers.graph import NeutralGraph
from tests.folding.patterns.opening import graph_of, opened


class Several(nn.Module):
    """Runs each of several modules or functions on the same input."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({k: v for k, v in parts.items() if isinstance(v, nn.Module)})
        self.calls = parts

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple([each(x) for each in self.calls.values()])


class Weighted(nn.MultiheadAttention):
    """An attention that does something else with its weights."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        result, weights = super().forward(x, x, x)
        return result + weights.mean(-1, keepdim=True)


class Attending(nn.Module):
    """Self-attention with options."""

    def __init__(self, mask: torch.Tensor | None = None, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)
        self.mask = mask

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False, attn_mask=self.mask)[0]


def test_attention() -> None:
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    network = Several(
        plain=Attending(dropout=0.1),
        causal=Attending(causal),
        masked=Attending(torch.randn(5, 5)),
        layer=nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True),
    )
    found = opened(network, torch.randn(2, 5, 8))
    assert found.converted.opaque == ()
    assert found.difference < 1e-6
    assert found.layers.count("MultiheadAttention") == 4
    nodes = found.converted.design.graph.nodes
    assert nodes["parts_plain_attention"].parameters == {"num_heads": 2, "dropout": 0.1}
    masks = [
        each.parameters.get("mask", "none")
        for each in nodes.values()
        if each.layer == "MultiheadAttention"
    ]
    assert masks == ["none", "causal", "input", "none"]
    paths = [each.path for each in found.converted.modules["parts_plain_attention"]]
    assert paths[-1] == "parts.plain.attention"


def test_an_attention_whose_weights_are_read_is_no_layer_of_attention() -> None:
    graph = graph_of(Weighted(8, 2, batch_first=True), torch.randn(2, 5, 8))
    found = convert(graph)
    assert analyze(found.design).valid
    layers = {each.layer for each in found.design.graph.nodes.values()}
    assert "MultiheadAttention" not in layers
    assert "Softmax" in layers


class Recurrent(nn.Module):
    """Recurrent layers, of which the last state or all outputs are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.gru = nn.GRU(8, 6, batch_first=True)
        self.rnn = nn.RNN(8, 6, 2, nonlinearity="relu", bias=False, batch_first=True)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        _, (state, _) = self.lstm(x)
        both = torch.cat([state[-2], state[-1]], 1)
        outputs, last = self.gru(x)
        return both, outputs[:, -1], last.squeeze(0), self.rnn(x)[1][-1]


def test_recurrent_layers() -> None:
    found = opened(Recurrent(), torch.randn(2, 5, 8))
    assert found.converted.opaque == ()
    assert found.difference < 1e-6
    nodes = found.converted.design.graph.nodes
    assert nodes["lstm"].parameters["output"] == "last_state"
    assert nodes["gru"].parameters == {"hidden_size": 6}


def test_sequences_with_their_length_first() -> None:
    class LengthFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.attention = nn.LSTM(8, 8), nn.MultiheadAttention(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.lstm(x)[0]
            return self.attention(x, x, x, need_weights=False)[0]

    found = opened(LengthFirst(), torch.randn(5, 2, 8))
    assert found.converted.axis == 1
    assert found.layers == ["LSTM", "MultiheadAttention"]
    assert found.difference < 1e-6


class Shared(nn.Module):
    """Tied weights, a layer that is used twice, and a tensor that nothing uses."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.twice = nn.Linear(4, 4)
        self.out = nn.Linear(4, 10)
        self.out.weight = self.embedding.weight
        self.train_ = nn.ReLU(inplace=True)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embedding(x)
        return self.out(self.twice(self.train_(self.twice(x))))


def test_shared_tensors_and_those_that_nothing_uses() -> None:
    network = Shared()
    found = opened(network, torch.randint(0, 10, (2, 7)))
    assert found.difference == 0
    nodes = found.converted.design.graph.nodes
    assert nodes["x"].parameters == {"shape": (7,), "dtype": "int64"}
    assert nodes["twice_2"].shares == "twice"
    assert nodes["out"].shares == "embedding"
    used = sum(each.numel() for each in network.parameters()) - 6
    assert found.analysis.totals.parameters == used
    assert found.converted.unused == ("unused.weight", "unused.bias")
    assert found.converted.notes == (
        "2 tensors of the file are used by no operation: unused.weight, unused.bias.",
    )


class Windows(nn.Module):
    """Windows of an image that attend, a shuffle, a norm of images and residual branches."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.drop = nn.Dropout2d(0.2)
        self.token = nn.Parameter(torch.randn(1, 1, 4))
        self.register_buffer("table", torch.randn(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch = len(x)
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = x.view(batch, 2, 2, 4, 4).transpose(1, 2).contiguous().view(batch, 4, 4, 4)
        noise = torch.empty(batch, 1, 1, 1).bernoulli_(0.9).div_(0.9)
        x = x + self.drop(x) * (noise if self.training else 1)
        x = x.view(batch, 4, 2, 2, 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, 4)
        scores = (x @ x.transpose(-2, -1) / 3 + self.table).softmax(-1)
        x = F.normalize(scores @ x, dim=-1)
        x = x.view(batch, -1, 4)
        x = torch.cat([self.token.expand(batch, -1, -1), x], 1)
        first, second = x.chunk(2, -1)
        return torch.stack([first * second, first - second], 2).mean(1)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [1, 2])
def test_views_are_the_same_for_any_batch(batch: int, training: bool) -> None:
    found = opened(Windows(), torch.randn(batch, 4, 4, 4), training=training)
    assert found.converted.opaque == ()
    assert found.difference < 1e-6
    known = {"LayerNorm2d", "ChannelShuffle", "Dropout2d", "WindowPartition", "Normalize", "Split"}
    assert known <= {*found.layers}
    assert ("StochasticDepth" in found.layers) == training
    table = next(each for each in found.converted.weights.values() if each.key == "table")
    assert np.asarray(table.read()).shape == (4, 4)


class Depth(nn.Module):
    """A residual branch that is dropped for half of the images, which is torch's default."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        noise = torch.empty(len(x), 1, 1, 1).bernoulli_(0.5).div_(0.5)
        return x + x.sigmoid() * noise


def test_a_branch_that_is_dropped_as_often_as_not() -> None:
    found = opened(Depth(), torch.randn(2, 3, 4, 4), training=True)
    assert found.converted.opaque == ()
    assert found.layers.count("StochasticDepth") == 1


class Odd(nn.Module):
    """An operation that no layer expresses, with a parameter and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3))
        self.register_buffer("grid", torch.randn(3))
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        x = torch.special.erfinv(x.tanh())
        values, places = torch.sort(x, dim=1)
        return torch.nn.functional.bilinear(values, x, torch.ones(2, 4, 4)) + places.sum(1).sum()


def test_what_no_layer_expresses_is_one_node() -> None:
    found = convert(graph_of(Odd(), torch.randn(2, 3, 4, 4)))
    analysis = analyze(found.design)
    assert analysis.valid, analysis.problems
    assert analysis.totals.parameters == 3 * 3 + 3
    first = found.opaque[0]
    assert (first.node, first.operation) == ("special_erfinv", "aten.special_erfinv.default")
    assert first.line.startswith("test_patterns.py:")
    node = found.design.graph.nodes["special_erfinv"]
    assert node.parameters["given"] == "3x4x4"
    assert node.parameters["outputs"] == "3x4x4"
    sort = found.design.graph.nodes["sort"]
    assert sort.parameters["outputs"] == "3x4x4, int64:3x4x4"


def test_a_graph_without_inputs_or_operations_is_an_empty_design() -> None:
    found = convert(NeutralGraph("n", (), (), (), {}, {}))
    assert found.design.graph.nodes == {}


class _Places(nn.Module):
    """Positions of two neighboring axes, the axis of the images before or behind them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = torch.tensor([[0], [2]]), torch.tensor([1, -1, 0])
        before = x[..., rows, columns].mean(-1)
        return before + x.permute(2, 3, 0, 1)[rows, columns].permute(2, 3, 0, 1).amax(-1)


def test_positions_of_two_axes() -> None:
    found = opened(_Places(), torch.randn(2, 4, 3, 5))
    assert not found.converted.opaque
    assert found.difference == 0
