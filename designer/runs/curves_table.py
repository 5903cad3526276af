"""The curves of a run as a CSV table: everything that was logged by step and by epoch."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from designer.recipe.watching import METRICS
from designer.runs.events import Event
from designer.runs.watching import FIGURES

_EPOCH = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def curves_table(events: Iterable[Event]) -> str:
    """Return the steps and epochs of a run as CSV text, one per line, ordered by step.

    ``step_loss`` is that of a batch, ``train_loss`` the mean of an epoch. Times are in seconds,
    shares from 0 to 1. Metrics of the validation part have columns if some were chosen.

    Parameters
    ----------
    events
        Those of the run, in their order.
    """
    per_epoch, steps, epochs = 1, [], []
    for event in events:
        kind = event["event"]
        if kind == "start":
            per_epoch = event["steps_per_epoch"]
        elif kind == "step":
            steps.append(event)
        elif kind == "epoch":
            epochs.append(event)
    metrics = [name for name in METRICS if any(name in (e.get("metrics") or {}) for e in epochs)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    figures = [figure.column for figure in FIGURES.values()]
    writer.writerow(
        ("step", "epoch", *figures, *_EPOCH, *(f"validation_{name}" for name in metrics))
    )
    blank = [""] * (len(_EPOCH) + len(metrics))
    rows: list[tuple[int, list[Any]]] = [
        (
            event["step"],
            [f"{event['step'] / per_epoch:.6g}", *map(_cell, map(event.get, FIGURES)), *blank],
        )
        for event in steps
    ]
    for event in epochs:
        means = {
            f"{part}_{name}": value
            for part in ("train", "validation")
            for name, value in (event.get(part) or {}).items()
        }
        found: Mapping[str, Any] = event.get("metrics") or {}
        values = [*map(_cell, map(means.get, _EPOCH)), *map(_cell, map(found.get, metrics))]
        rows.append((event["step"], [f"{event['epoch']:g}", *[""] * len(FIGURES), *values]))
    rows.sort(key=lambda row: row[0])
    writer.writerows([step, *cells] for step, cells in rows)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """Return a value for a cell: an empty text for what is missing or no number."""
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
