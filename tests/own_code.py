"""Designs with layer types of their own, for tests of trust and of measuring."""

from itertools import pairwise
from pathlib import Path

from designer.design.values import Design, Edge, Graph, LayerNode

GATE = '''import torch
from torch import nn


class Gate(nn.Module):
    """Gates its input by what a bottleneck of it says."""

    def __init__(self, in_channels: int, hidden: int = 16, scale: float = 1.0) -> None:
        super().__init__()
        self.down = nn.Conv2d(in_channels, hidden, 1)
        self.norm = nn.BatchNorm2d(hidden)
        self.up = nn.Conv2d(hidden, in_channels, 1, bias=False)
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.up(self.norm(self.down(x)).relu())) * self.scale
'''


def with_layer(code: str, name: str = "Gate", **parameters: int | float | bool | str) -> Design:
    """Return a network for pictures of 3×8×8 whose second layer is of this code."""
    nodes = {
        "image": LayerNode("Input", {"shape": (3, 8, 8)}),
        "conv": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        "gate": LayerNode(name, parameters),
        "flat": LayerNode("Flatten"),
        "fc": LayerNode("Linear", {"out_features": 10}),
        "out": LayerNode("Output"),
    }
    names = list(nodes)
    edges = tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))
    return Design("Gated", code={name: code}, graph=Graph(nodes, edges))


def writing(mark: Path) -> str:
    """Return the code of a layer that writes a file as soon as any of it is run."""
    write = f"__import__('pathlib').Path({str(mark)!r}).write_text('ran')"
    return f'''from torch import nn

RAN = {write}


class Gate(nn.Module):
    """Writes a file."""

    {write}

    def __init__(self, in_channels: int, hidden: int = 1) -> None:
        super().__init__()
        {write}

    def forward(self, x):
        {write}
        return x
'''
