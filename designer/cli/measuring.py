"""The work of ``netdesigner measure``: statistics of a network's layers, measured or recorded."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from designer.analysis.analysis import Row
from designer.analysis.report import formatting
from designer.analysis.report.line import Line, Style
from designer.cli.output import printable, share_shown
from designer.cli.tables import aligned
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import consequences
from designer.runs import own_layers
from designer.runs.folder import RunFolder
from designer.runs.inspection import design_of, recipe_of
from designer.runs.layer_statistics import (
    FIGURES,
    KINDS,
    Kind,
    LayerFigures,
    Measurement,
    read_measurements,
)
from designer.runs.layer_warnings import warnings

if TYPE_CHECKING:
    from designer.runs.inspection import Subject

LAST = "last"
_DIGITS = 20  # of the number of a step; Python refuses to read one of thousands
_OVERVIEW: tuple[tuple[str, Kind, str], ...] = (
    ("mean", "activation", "mean"),
    ("deviation", "activation", "deviation"),
    ("zeros", "activation", "zeros"),
    ("saturated", "activation", "saturated"),
    ("dead", "activation", "dead"),
    ("gradient norm", "gradient", "norm"),
    ("weight deviation", "weight", "deviation"),
    ("weight gradient", "weight_gradient", "norm"),
    ("update ratio", "weight", "update_ratio"),
)
"""Columns of the table of all kinds: title, kind of values, figure."""


def measure(
    subject: "Subject", changes: Mapping[str, Any], *, device: str | None
) -> tuple[Measurement, tuple[str, ...]]:
    """Return the figures of a network for a batch, and sentences on how they were measured.

    Parameters
    ----------
    subject
        The network and its weights.
    changes
        Of the recipe's settings, by their dotted names.
    device
        As the recipe's setting of this name, None for what the recipe says.

    Raises
    ------
    DesignerError
        It cannot be measured.
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.inspect import measuring
    from designer.engine.inspect.subject import load

    recipe = recipe_of(subject)
    recipe = changed(recipe, {**changes, **consequences(recipe, changes)})
    if not subject.run:
        plain = msgspec.to_builtins(recipe)
        subject = msgspec.structs.replace(subject, recipe=plain, seed=recipe.seed)
    with share_shown("Measuring") as progress, devices.enough_memory("inspect"):
        loaded = load(subject, device=device or recipe.device)
        found, notes = measuring.measure(loaded, recipe, progress=progress)
    return found, notes


def recorded(run: RunFolder, at: str) -> Measurement:
    """Return what a training measured.

    Parameters
    ----------
    run
        The run.
    at
        The number of a step, whose measurement or else the one before it is taken; or ``last``.

    Raises
    ------
    DesignerError
        The run has none, or its file is damaged.
    """
    if at != LAST and not (at.isdecimal() and len(at) < _DIGITS):
        raise DesignerError(f"--at takes the number of a step, or {LAST}; received '{at}'.")
    found = read_measurements(run.layers)
    if not found:
        raise DesignerError(
            f"{run.path} has no statistics of its layers: leave --at out to measure them now, or "
            "train with the setting statistics above 0."
        )
    if at == LAST:
        return found[-1]
    before = [each for each in found if each.step <= int(at)]
    if not before:
        raise DesignerError(
            f"The first step that {run.path} has measured is {found[0].step:,}: give that or a "
            "later one."
        )
    return before[-1]


def types_of(subject: "Subject") -> Mapping[str, str]:
    """Return the layer type of each node by its path; raise DesignerError if it has none."""
    rows: list[Row] = own_layers.analyzed(design_of(subject)).rows()
    return {row.path: row.type for row in rows}


def to_json(found: Measurement) -> str:
    """Return a measurement as a JSON object; figures that a layer does not have are null."""
    fields = {
        "step": found.step,
        "epoch": found.epoch,
        "batch": found.batch,
        "loss": found.loss,
        "layers": [
            {
                "path": each.path,
                "kind": each.kind,
                "parameter": each.name,
                "count": each.count,
                **{name: getattr(each, name) for name in FIGURES},
                "histogram": {"low": each.low, "high": each.high, "counts": each.counts},
            }
            for each in found.layers
        ],
        "warnings": warnings(found),
    }
    return f"{msgspec.json.format(msgspec.json.encode(fields), indent=1).decode()}\n"


def lines(found: Measurement, types: Mapping[str, str], kind: Kind | None) -> Iterator[Line]:
    """Yield a table with a line for each layer, and what is suspicious in it.

    Parameters
    ----------
    found
        The figures.
    types
        The layer type of each node.
    kind
        The kind of values, of which all figures are shown, for each parameter of a layer; None for
        some figures of all kinds.
    """
    titles, table = _figures_of(found, kind) if kind else _overview(found)
    used = [column for column, cells in enumerate(zip(*table.values(), strict=True)) if any(cells)]
    rows = [
        [printable(name), types.get(path, ""), *[cells[column] or _NONE for column in used]]
        for (path, name), cells in table.items()
    ]
    yield from aligned(["layer", "type", *[titles[column] for column in used]], rows)
    yield Line()
    when = f"Step {found.step:,}, epoch {found.epoch:,}" if found.step else "Without training"
    loss = f", loss {found.loss:.4g}" if found.loss is not None else ""
    yield Line(f"{when}: a batch of {found.batch:,} images{loss}.")
    yield Line(KINDS[kind].help if kind else _ABOUT, Style.FAINT)
    for each in warnings(found):
        if kind in (None, each.kind):
            yield Line()
            yield Line(each.sentence, Style.WARNING)
            yield Line(each.remedy)


_Table = dict[tuple[str, str], list[str]]
"""The cells of a layer by its path and its name in the table; "" where it has no figure."""

_NONE = formatting.NONE
_ABOUT = (
    "Mean, deviation and shares are those of what a layer gives; --kind shows all figures of one "
    "kind of values."
)


def _overview(found: Measurement) -> tuple[list[str], _Table]:
    """Return some figures of all kinds, of weights those of a layer's main parameter."""
    kinds = {kind: found.main(kind) for kind in KINDS}
    paths = dict.fromkeys(each.path for each in found.layers)
    table = {
        (path, path): [_cell(kinds[kind].get(path), figure) for _, kind, figure in _OVERVIEW]
        for path in paths
    }
    return [title for title, _, _ in _OVERVIEW], table


def _figures_of(found: Measurement, kind: Kind) -> tuple[list[str], _Table]:
    """Return all figures of a kind, of weights those of all parameters."""
    figures = {name: row for name, row in FIGURES.items() if kind in row.kinds}
    table = {
        (each.path, f"{each.path}.{each.name}" if each.name else each.path): [
            _cell(each, name) for name in figures
        ]
        for each in found.of_kind(kind)
    }
    return [row.title.lower() for row in figures.values()], table


def _cell(of: LayerFigures | None, figure: str) -> str:
    value = None if of is None else getattr(of, figure)
    if value is None:
        return ""
    return f"{value:.1%}" if FIGURES[figure].share else f"{value:.3g}"
