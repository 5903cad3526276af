"""Random whole recipes on small odd data: each trains, or ends or is refused in a sentence.

Settings are drawn from the table of all settings, often at their bounds. A training that ends is
also read by the report and the doctor, and its JSON must be strict: no NaN, no Infinity.
"""

import collections
import json
import random
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from designer.design import edits
from designer.design.values import Design, LayerNode
from designer.doctor.reading import read_case
from designer.doctor.rules import examine
from designer.engine import checkpoint
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, fields
from designer.recipe.settings import Field
from designer.reports.writing import write_report
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, TWO_OUTPUTS, chain

FEW = {"epochs": 2, "batch": 8, "threads": 1, "device": "cpu", "checkpoint_seconds": 0.0}
FIXED = {"device", "threads", "epochs", "initial_weights", "data.source", "data.workers"}
"""Settings that are not drawn: those of the machine, and what is read from elsewhere."""

LARGEST = {"optimizer.iterations": 5, "evaluation.samples": 3, "augmentation.scale_jitter": 3.0}
"""Bounds below the settings' own, so that a training takes no minutes."""


def report(folder: Path, count: int, seed: int, only: str | None) -> int:
    """Train so many random recipes, print a table, and return how many went wrong."""
    torch.set_num_threads(1)
    data = write_all(folder)
    ends: collections.Counter[str] = collections.Counter()
    wrong = 0
    for number in range(count):
        if only is not None and number != int(only):
            continue
        generator = random.Random(f"{seed} {number}")
        told, changes, end = run_one(folder / f"run-{number}", data, generator)
        ends[end.split(":")[0]] += 1
        if end.startswith("wrong"):
            wrong += 1
            sys.stdout.write(f"{number}: {told} {changes}\n{end}\n")
            sys.stdout.flush()
    sys.stdout.write(", ".join(f"{number} {end}" for end, number in ends.most_common()) + "\n")
    return wrong


def run_one(
    path: Path, data: dict[str, Path], generator: random.Random
) -> tuple[str, dict[str, Any], str]:
    """Train one random recipe; return its data and design, its changes, and how it ended."""
    source, design = generator.choice(sorted(data)), generator.choice(sorted(DESIGNS))
    changes: dict[str, Any] = {}
    end = "refused"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            recipe, changes = random_recipe(generator, data[source], source)
            run = begin(path, _fitted(DESIGNS[design], source), recipe)
            end = train(run).status
            if bad := _unreadable(run):
                end = f"wrong: {bad}"
        except DesignerError as error:
            end = f"refused: {error}" if _is_sentence(str(error)) else f"wrong: {error}"
        except Exception:
            end = f"wrong: {traceback.format_exc()}"
    return f"{design} on {source}", changes, end


def random_recipe(
    generator: random.Random, source: Path, kind: str
) -> tuple[Recipe, dict[str, Any]]:
    """Return a recipe with some settings drawn at random, and its changes."""
    drawn = [field for name, field in fields().items() if name not in FIXED]
    changes: dict[str, Any] = {}
    for field in generator.sample(drawn, generator.choice((1, 2, 4, 8, 16))):
        changes[field.name] = drawn_value(field, generator)
    if generator.random() < 0.8:
        usual = {"labels": "binary_cross_entropy", "numbers": "smooth_l1"}
        changes.setdefault("loss.name", usual.get(kind.partition("-")[0], "cross_entropy"))
    few = {**FEW, "data.source": str(source), "data.validation": 0.3}
    if "pictures" in kind:  # too few for a test part
        few |= {"data.test": 0.0, "batch": 1, "data.stratified": False, "data.validation": 0.5}
    base = changed(Recipe(), few)
    for _ in range(8):  # a refused setting is left out, so that most recipes train
        try:
            return changed(base, {**consequences(base, changes), **changes}), changes
        except DesignerError as error:
            if not _is_sentence(str(error)):
                raise
            names = [name for name in changes if name in str(error)]
            changes.pop(names[0] if names else next(iter(changes)))
    return base, {}


def drawn_value(field: Field, generator: random.Random) -> Any:
    """Return a value of a setting: a bound, a usual one, or any between."""
    setting = field.setting
    if field.optional and generator.random() < 0.3:
        return None
    if field.is_table:
        size = generator.choice((1, 2, 3, 3, 3))
        return tuple(
            tuple(generator.choice((0.0, 1.0, 7.0)) for _ in range(size)) for _ in range(size)
        )
    if field.several is not None:
        count = field.count or generator.choice((0, 1, 2, 3, 3))
        values = [_one(field, field.several, generator) for _ in range(count)]
        return tuple(sorted(values)) if field.count == 2 else tuple(values)
    return _one(field, field.kind, generator) if setting else None


def _one(field: Field, kind: type, generator: random.Random) -> Any:
    setting = field.setting
    if setting.choices is not None:
        return generator.choice(list(setting.choices))
    if kind is bool:
        return generator.random() < 0.5
    if kind is str:
        return generator.choice(("", "x", "act", "fc"))
    low = -1e9 if setting.low is None else setting.low
    high = min(1e9 if setting.high is None else setting.high, LARGEST.get(field.name, 1e9))
    if kind is int:
        return int(generator.choice((low, low + 1, 2, 3, 5, min(high, 10**6))))
    tiny = 1e-9 if setting.open_low else 0.0
    inside = low + (high - low) * generator.random()
    top = high - 1e-9 * max(high, 1.0) if setting.open_high else high
    values = (low + tiny, top, inside, low + 0.001, low + 0.1, low + 0.5, low + 1.0)
    return float(min(generator.choice(values), top))


def _is_sentence(text: str) -> bool:
    """Return whether a refusal is written for people."""
    raw = ("Error:", "Traceback", "object at 0x", "NoneType", "tensor(")
    return not any(each in text for each in raw)


def _unreadable(run: RunFolder) -> str:
    """Return what of an ended run is not as it must be; "" if all is."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} in JSON")

    for file in (run.events, run.result_file, *run.evaluation.glob("*.json")):
        for line in file.read_text().splitlines() if file == run.events else [file.read_text()]:
            json.loads(line, parse_constant=refuse)
    result = run.result()
    if result is not None and result.status == "finished":
        content = checkpoint.load(run.best, source=run.source())
        for name, tensor in content["network"].items():
            if not bool(tensor.isfinite().all()):
                return f"{name} of the best weights is not finite"
    examine(read_case(run))
    for suffix in (".html", ".md"):
        page = run.path / f"report{suffix}"
        write_report(run, page)
        for word in ("nan", "None", "inf"):
            if f">{word}<" in page.read_text() or f"| {word} |" in page.read_text():
                return f"{word} in {page.name}"
    return ""


# Data and designs


def write_all(folder: Path) -> dict[str, Path]:
    """Write the data sets, and return their files by names that begin with their targets."""
    generator = np.random.default_rng(0)
    gray = generator.integers(0, 256, (40, 8, 8)).astype(np.uint8)
    color = generator.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    classes = np.arange(40) % 3
    rare = (np.arange(40) > 37).astype(np.int64)
    labels = (generator.random((40, 3)) < 0.4).astype(np.uint8)
    numbers = generator.normal(size=(40, 2)).astype(np.float32)
    sets = {
        "classes-gray": (gray, classes),
        "classes-color": (color, classes),
        "classes-one": (gray, np.zeros(40, np.int64)),
        "classes-rare": (color, rare),
        "classes-two-pictures": (gray[:2], np.arange(2)),
        "classes-four-pictures": (color[:4], np.arange(4) % 2),
        "classes-equal": (np.full_like(gray, 7), classes),
        "classes-black": (np.zeros_like(color), classes),
        "classes-float": (gray.astype(np.float32) * 1e-3 - 5, classes),
        "labels-gray": (gray, labels),
        "labels-color": (color, labels),
        "labels-never": (gray, labels * np.array([1, 0, 1], np.uint8)),
        "numbers-gray": (gray, numbers),
        "numbers-one": (color, numbers[:, :1]),
        "numbers-equal": (gray, np.ones_like(numbers)),
        "numbers-huge": (gray, numbers * 1e20),
    }
    found = {}
    for name, (pictures, targets) in sets.items():
        found[name] = folder / f"{name}.npz"
        np.savez(found[name], x_train=pictures, y_train=targets)
    return found


def _conv(**more: Any) -> LayerNode:
    return LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}, **more)


def _norms_only() -> Design:
    nodes = {"norm": LayerNode("BatchNorm2d"), "flat": LayerNode("Flatten")}
    return chain("Norms", (1, 8, 8), **nodes, fc=LayerNode("Linear", {"out_features": 3}))


def _frozen() -> Design:
    layers = {"conv": _conv(learning_rate=0), "norm": LayerNode("BatchNorm2d", learning_rate=0)}
    layers |= {"act": LayerNode("ReLU"), "flat": LayerNode("Flatten")}
    return chain("Frozen", (1, 8, 8), **layers, fc=LayerNode("Linear", {"out_features": 3}))


def _narrow() -> Design:
    """Return a network whose features are pooled to one pixel, behind a dropout."""
    layers = {"conv": _conv(learning_rate=0.1), "pool": LayerNode("GlobalAvgPool2d")}
    layers |= {"flat": LayerNode("Flatten"), "norm": LayerNode("BatchNorm1d")}
    layers |= {"drop": LayerNode("Dropout", {"p": 0.5})}
    return chain("Narrow", (1, 8, 8), **layers, fc=LayerNode("Linear", {"out_features": 3}))


DESIGNS: dict[str, Design] = {
    "tiny": TINY,
    "two outputs": TWO_OUTPUTS,
    "norms only": _norms_only(),
    "frozen": _frozen(),
    "narrow": _narrow(),
}

_OUTPUTS = {"classes-rare": 2, "classes-two-pictures": 2, "classes-four-pictures": 2}
_OUTPUTS |= {"classes-one": 1, "numbers-one": 1}
_OUTPUTS |= {"numbers-gray": 2, "numbers-equal": 2, "numbers-huge": 2}


def _fitted(design: Design, source: str) -> Design:
    """Return a design with the channels and outputs of a data set."""
    colors = ("color", "rare", "four", "black", "numbers-one")
    channels = 3 if any(each in source for each in colors) else 1
    design = edits.set_parameter(design, "image", "shape", (channels, 8, 8))
    for node in ("fc", "main", "aux"):
        if node in design.graph.nodes:
            outputs = _OUTPUTS.get(source, 3)
            design = edits.set_parameter(design, node, "out_features", outputs)
    return design
