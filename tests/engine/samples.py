"""Networks, recipes and data sets that the tests of the trainer share."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from designer import presets
from designer.design import edits
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.folder import RunFolder


def chain(name: str, shape: tuple[int, ...], **layers: LayerNode) -> Design:
    """Return a design whose layers lie one behind the other."""
    nodes = {"image": LayerNode("Input", {"shape": shape}), **layers}
    nodes["scores"] = LayerNode("Output")
    edges = tuple(Edge(one, 0, two, 0) for one, two in pairwise(nodes))
    return Design(name, graph=Graph(nodes, edges))


LENET = presets.load("lenet5")

# Dropout and batch norm: random draws and buffers, which a checkpoint must hold.
TINY = chain(
    "Tiny",
    (1, 8, 8),
    conv=LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
    norm=LayerNode("BatchNorm2d"),
    act=LayerNode("ReLU"),
    drop=LayerNode("Dropout", {"p": 0.2}),
    flat=LayerNode("Flatten"),
    fc=LayerNode("Linear", {"out_features": 3}),
)
WITHOUT_NORM = edits.remove_node(TINY, "norm")
WITHOUT_DROPOUT = edits.remove_node(TINY, "drop")

TWO_OUTPUTS = Design(
    "Two",
    graph=Graph(
        {
            "image": LayerNode("Input", {"shape": (1, 8, 8)}),
            "flat": LayerNode("Flatten"),
            "main": LayerNode("Linear", {"out_features": 3}),
            "aux": LayerNode("Linear", {"out_features": 3}),
            "scores": LayerNode("Output"),
            "side": LayerNode("Output", {"loss_weight": 0.3, "auxiliary": True}),
        },
        (
            Edge("image", 0, "flat", 0),
            Edge("flat", 0, "main", 0),
            Edge("flat", 0, "aux", 0),
            Edge("main", 0, "scores", 0),
            Edge("aux", 0, "side", 0),
        ),
    ),
)


def write_data(path: Path, *, images: int = 120, classes: int = 3, seed: int = 0) -> Path:
    """Write bright squares at places that tell their class, as ``.npz``."""
    generator = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    pictures = generator.integers(0, 60, (images, 8, 8)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label : 2 * label + 2] += 150
    np.savez(path, x_train=pictures, y_train=labels)
    return path


def tiny_recipe(data: Path, **changes: Any) -> Recipe:
    """Return a recipe for a few short epochs; dots in names of fields are written ``__``."""
    base = Recipe(batch=8, epochs=3, log_interval=1, threads=1, device="cpu")
    fields = {name.replace("__", "."): value for name, value in changes.items()}
    return changed(base, {"data.source": str(data), "data.validation": 0.2, **fields})


def create(path: Path, recipe: Recipe, design: Design = TINY, **changes: Any) -> RunFolder:
    """Make a run folder; `changes` put another word into its network.json."""
    run = begin(path, design, recipe)
    if changes:
        info = msgspec.structs.replace(run.network(), **changes)
        run.network_file.write_bytes(msgspec.json.encode(info))
    return run
