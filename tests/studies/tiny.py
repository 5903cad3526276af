"""A study of a tiny network, whose trainings take a fraction of a second."""

import json
from pathlib import Path

import numpy as np

from designer.cli import main
from designer.studies.folder import StudyFolder

EDGES = ["image", "flatten", "hidden", "relu", "logits", "scores"]
DESIGN = {
    "format": "netdesigner/design",
    "version": 1,
    "name": "tiny",
    "nodes": {
        "image": {"layer": "Input", "shape": [1, 6, 6]},
        "flatten": {"layer": "Flatten"},
        "hidden": {"layer": "Linear", "out_features": 4},
        "relu": {"layer": "ReLU"},
        "logits": {"layer": "Linear", "out_features": 2},
        "scores": {"layer": "Output"},
    },
    "edges": [EDGES],
}
FEW = ("--epochs", "2", "--set-recipe", "threads=1")
"""Options of a new study with short trainings."""


def write_tiny(folder: Path) -> tuple[str, str]:
    """Write a design and 120 pictures of two classes; return the paths of both files."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(2), 60)
    light = 60 * labels[:, None, None] * (np.arange(6) > 2)
    images = (random.normal(100, 40, (120, 6, 6)) + light).clip(0, 255).astype(np.uint8)
    data, design = folder / "tiny.npz", folder / "tiny.json"
    np.savez(data, images=images, labels=labels)
    design.write_text(json.dumps(DESIGN), encoding="utf-8")
    return str(design), str(data)


def new_study(files: tuple[str, str], path: Path, *options: str) -> StudyFolder:
    """Write a new study with the command line."""
    design, data = files
    words = ["study", "new", design, "--data", data, *FEW, "--to", str(path), *options]
    assert main(words) == 0
    return StudyFolder(path)
