"""Small trainings that show a condition, in this process."""

from pathlib import Path
from typing import Any

from designer.design.values import Design
from designer.doctor.case import Case
from designer.doctor.reading import read_case
from designer.engine.training import train
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.folder import RunFolder

SMALL = {
    "data.source": "mnist10k",
    "data.limit": 640,
    "data.validation": 0.05,
    "data.test": 0.05,
    "augmentation.rotation": 0.0,
    "augmentation.shift": 0.0,
    "batch": 32,
    "epochs": 4,
    "device": "cpu",
    "precision": "float32",
    "schedule.name": "constant",
    "optimizer.name": "sgd",
    "optimizer.momentum": 0.0,
    "optimizer.weight_decay": 0.0,
    "optimizer.learning_rate": 0.1,
    "log_interval": 5,
    "statistics": 20,
    "threads": 1,
}

PIXELS = (1, 14, 14)
FLATTEN = {"layer": "Flatten"}
RELU = {"layer": "ReLU"}
SIGMOID = {"layer": "Sigmoid"}


def linear(features: int, **more: Any) -> dict[str, Any]:
    return {"layer": "Linear", "out_features": features, **more}


def recipe(**changes: Any) -> Recipe:
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    return changed(Recipe(), SMALL | dotted)


def trained(folder: Path, design: Design, **changes: Any) -> tuple[RunFolder, Case]:
    """Train a design and return its run and the case of it."""
    run = begin(folder, design, recipe(**changes))
    train(run)
    return run, read_case(run)
