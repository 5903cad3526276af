"""The small graphs of the worked examples in docstrings."""

from itertools import pairwise

from designer.design.values import Edge, Graph, LayerNode, Node


def shortcut(*branch: str) -> Graph:
    """Return a graph of an image, a branch of conv and relu, an Add with a shortcut, an Output."""
    layers: dict[str, Node] = {
        "image": LayerNode("Input", {"shape": (16, 32, 32)}),
        "conv": LayerNode("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        "relu": LayerNode("ReLU"),
        "add": LayerNode("Add"),
        "scores": LayerNode("Output"),
    }
    path = ("image", *branch, "add")
    edges = [Edge(one, 0, two, 0) for one, two in pairwise(path)]
    edges += [Edge("image", 0, "add", 1), Edge("add", 0, "scores", 0)]
    return Graph({name: layers[name] for name in (*path, "scores")}, tuple(edges))
