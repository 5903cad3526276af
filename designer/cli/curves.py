"""A picture of a run's loss and accuracy, drawn with Pillow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from designer.errors import DesignerError
from designer.runs.curves_table import curves_table
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.storage import save_file, unwritable

WIDTH, HEIGHT = 1200, 480
SMOOTH = 2  # drawn larger by this factor and scaled down, for smooth lines
_INK, _FAINT, _GRID = "#1f2328", "#656d76", "#e4e7eb"
_TRAIN, _VALIDATION = "#2f6fe0", "#e07b1a"

Point = tuple[float, float]


@dataclass(frozen=True)
class _Line:
    """One curve.

    Attributes
    ----------
    name
        Its entry in the legend.
    color
        As HTML writes it.
    points
        Pairs (epoch, value).
    marked
        Whether each point has a dot.
    """

    name: str
    color: str
    points: Sequence[Point]
    marked: bool = False


def save_curves(run: RunFolder, path: Path) -> None:
    """Draw the curves of a run into a PNG file.

    Raises
    ------
    DesignerError
        The run has no events yet, or the file cannot be written.
    """
    picture = draw_curves(read_events(run.events), title=run.path.name)
    try:
        save_file(path, lambda file: picture.save(file, "PNG"))
    except OSError as error:
        raise unwritable(path, error) from error


def save_table(run: RunFolder, path: Path) -> None:
    """Write all that a run has logged as a CSV file; see `designer.runs.curves_table`.

    Raises
    ------
    DesignerError
        The run has no events yet, or the file cannot be written.
    """
    events = read_events(run.events)
    if not any(event["event"] in ("step", "epoch") for event in events):
        raise _nothing_yet(run.path.name)
    try:
        save_file(path, curves_table(events).encode())
    except OSError as error:
        raise unwritable(path, error) from error


def _nothing_yet(title: str) -> DesignerError:
    return DesignerError(f"{title} has no curve yet; train it for a few steps first.")


def draw_curves(events: Sequence[dict[str, Any]], *, title: str) -> Image.Image:
    """Return the picture of loss and accuracy over the epochs.

    Raises
    ------
    DesignerError
        There is no step or epoch yet.
    """
    per_epoch = next((e["steps_per_epoch"] for e in events if e["event"] == "start"), 1)
    steps = [(e["step"] / per_epoch, e["loss"]) for e in events if e["event"] == "step"]
    epochs = [event for event in events if event["event"] == "epoch"]
    if not steps and not epochs:
        raise _nothing_yet(title)
    loss = [
        _Line("training, each step", "#b9cff5", steps),
        _Line("training", _TRAIN, _series(epochs, "train", "loss"), marked=True),
        _Line("validation", _VALIDATION, _series(epochs, "validation", "loss"), marked=True),
    ]
    accuracy = [
        _Line("training", _TRAIN, _series(epochs, "train", "accuracy"), marked=True),
        _Line("validation", _VALIDATION, _series(epochs, "validation", "accuracy"), marked=True),
    ]
    panels = [("Loss", "", loss)]
    if any(line.points for line in accuracy):
        panels.append(("Accuracy", "%", accuracy))
    size = (WIDTH * SMOOTH, HEIGHT * SMOOTH)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    pen.text((24 * SMOOTH, 14 * SMOOTH), title, fill=_INK, font=_font(18))
    wide = WIDTH // len(panels)
    for column, (name, unit, lines) in enumerate(panels):
        box = (wide * column + 70, 90, wide * (column + 1) - 24, HEIGHT - 52)
        _panel(pen, box, name, unit, [line for line in lines if line.points])
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _series(epochs: Sequence[dict[str, Any]], part: str, metric: str) -> list[Point]:
    values = [(e["epoch"], (e.get(part) or {}).get(metric)) for e in epochs]
    scale = 100 if metric == "accuracy" else 1
    return [
        (epoch, value * scale)
        for epoch, value in values
        if value is not None and math.isfinite(value)
    ]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SMOOTH)


def _panel(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    name: str,
    unit: str,
    lines: Sequence[_Line],
) -> None:
    """Draw one plot with title, legend, grid and curves.

    ``box`` is (left, top, right, bottom) in pixels of the final picture.
    """
    left, top, right, bottom = (float(edge * SMOOTH) for edge in box)
    across = [x for line in lines for x, _ in line.points]
    up = [y for line in lines for _, y in line.points]
    x_ticks = _ticks(0.0, max(across), whole=True)
    y_ticks = _ticks(min(up), 100) if unit else _ticks(min(0.0, *up), max(up))
    low, high = float(min(y_ticks[0], *up)), float(max(y_ticks[-1], *up))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            left + (right - left) * x / max(x_ticks[-1], *across),
            bottom - (bottom - top) * (y - low) / ((high - low) or 1),
        )

    font = _font(13)
    for tick in y_ticks:
        height = at(0, tick)[1]
        pen.line((left, height, right, height), fill=_GRID, width=SMOOTH)
        text = f"{tick:g}{unit and ' ' + unit}"
        pen.text((left - 8 * SMOOTH, height), text, fill=_FAINT, font=font, anchor="rm")
    for tick in x_ticks:
        below = (at(tick, low)[0], bottom + 8 * SMOOTH)
        pen.text(below, f"{tick:g}", fill=_FAINT, font=font, anchor="mt")
    pen.line((left, bottom, right, bottom), fill=_FAINT, width=SMOOTH)
    middle = (left + right) / 2
    pen.text((middle, bottom + 28 * SMOOTH), "epoch", fill=_FAINT, font=font, anchor="mt")
    pen.text((left, top - 34 * SMOOTH), name, fill=_INK, font=_font(16))
    begin = right
    for line in reversed(lines):
        begin -= pen.textlength(line.name, font=font)
        pen.text((begin, top - 24 * SMOOTH), line.name, fill=_FAINT, font=font, anchor="lm")
        swatch = (begin - 24 * SMOOTH, top - 24 * SMOOTH, begin - 6 * SMOOTH, top - 24 * SMOOTH)
        pen.line(swatch, fill=line.color, width=3 * SMOOTH)
        begin -= 40 * SMOOTH
    for line in lines:
        points = [at(x, y) for x, y in line.points]
        if len(points) > 1:
            pen.line(points, fill=line.color, width=2 * SMOOTH, joint="curve")
        if line.marked:
            for x, y in points:
                size = 3 * SMOOTH
                pen.ellipse((x - size, y - size, x + size, y + size), fill=line.color)


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return about five round numbers, the first at most `low` and the last at most `high`."""
    span = (high - low) or 1.0
    raw = span / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    if whole:
        step = max(1.0, round(step))
    first = math.floor(low / step)
    last = math.floor(high / step)
    return [number * step for number in range(first, last + 1)]
