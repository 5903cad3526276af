"""Plots as SVG: axes with ticks, lines, bars, points and texts.

Colors are classes (``line1`` ...), which the page's style sheet gives a light and a dark value.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

LEFT, RIGHT, TOP, BOTTOM = 58, 26, 12, 44
"""Pixels around the area of a plot."""

SERIES = 10
"""Colors of lines that are told apart; further lines take them in turn."""

Point = tuple[float, float]


def number(value: float) -> str:
    """Return a coordinate in as few characters as a screen needs."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


class Plot:
    """Axes into which lines, bars and points are drawn.

    Parameters
    ----------
    across, up
        The titles of the axes.
    x, y
        The ranges of the axes, (low, high).
    width, height
        In pixels.
    percent
        Whether the values of the axes are shares, written in percent.
    whole
        Whether the ticks of the axis across are whole numbers.
    marks
        The ticks of the axis across with their texts, instead of round numbers.
    """

    def __init__(
        self,
        across: str,
        up: str,
        *,
        x: Point,
        y: Point,
        width: int = 440,
        height: int = 300,
        percent: tuple[bool, bool] = (False, False),
        whole: bool = False,
        marks: Sequence[tuple[float, str]] | None = None,
    ) -> None:
        self._whole = whole
        self._marks = marks
        self._x, self._y = _wide(x), _wide(y)
        self._size = width, height
        self._parts: list[str] = []
        self._legend: list[tuple[str, str]] = []
        self._axes(across, up, percent)

    def at(self, x: float, y: float) -> Point:
        """Return where a point is drawn, in pixels."""
        width, height = self._size
        (left, right), (low, high) = self._x, self._y
        inner = width - LEFT - RIGHT, height - TOP - BOTTOM
        return (
            LEFT + inner[0] * (x - left) / (right - left),
            TOP + inner[1] * (1 - (y - low) / (high - low)),
        )

    def line(self, points: Iterable[Point], style: str, *, name: str = "") -> None:
        """Draw a line; with a name, it is in the legend."""
        shown = [self.at(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
        if len(shown) == 1:
            self._parts.append(_dot(shown[0], style))
        elif shown:
            path = " ".join(f"{number(x)},{number(y)}" for x, y in shown)
            self._parts.append(
                f'<polyline class="{style}" fill="none" stroke="gray" points="{path}"/>'
            )
        if name:
            self._legend.append((name, style))

    def points(self, points: Iterable[Point], style: str) -> None:
        """Draw a dot at each point whose numbers are finite."""
        shown = [self.at(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
        self._parts += [_dot(point, style) for point in shown]

    def bar(self, x: Point, y: Point, style: str) -> None:
        """Draw a rectangle between two values of each axis."""
        (left, bottom), (right, top) = self.at(x[0], min(y)), self.at(x[1], max(y))
        self._parts.append(
            f'<rect class="{style}" x="{number(left)}" y="{number(top)}" '
            f'width="{number(max(0.0, right - left - 1))}" height="{number(bottom - top)}"/>'
        )

    def text(self, point: Point, words: str, *, anchor: str = "start", up: float = 0.0) -> None:
        """Write words over the lines at a point, some pixels above it."""
        x, y = self.at(*point)
        self._parts.append(
            f'<text class="over" x="{number(x)}" y="{number(y - up)}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def svg(self, title: str) -> str:
        """Return the plot; ``title`` is read to those who do not see it."""
        width, height = self._size
        rows = math.ceil(len(self._legend) / 2)
        whole = height + 18 * rows
        legend = [
            f'<line class="{style}" x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}"/>'
            f'<text x="{x + 24}" y="{y}">{escape(_short(name))}</text>'
            for place, (name, style) in enumerate(self._legend)
            for x, y in [(LEFT + place % 2 * (width - LEFT) // 2, height + 12 + 18 * (place // 2))]
        ]
        return (
            f'<svg viewBox="0 0 {width} {whole}" width="{width}" role="img" '
            f'aria-label="{escape(title)}">{"".join(self._parts)}{"".join(legend)}</svg>'
        )

    def _axes(self, across: str, up: str, percent: tuple[bool, bool]) -> None:
        width, height = self._size
        add = self._parts.append
        for tick in ticks(*self._y):
            y = self.at(self._x[0], tick)[1]
            add(f'<line class="grid" x1="{LEFT}" y1="{number(y)}" x2="{width - RIGHT}" '
                f'y2="{number(y)}"/>')  # fmt: skip
            add(f'<text class="tick" x="{LEFT - 6}" y="{number(y + 4)}" text-anchor="end">'
                f"{_tick(tick, percent[1])}</text>")  # fmt: skip
        marks = self._marks
        if marks is None:
            round_ = ticks(*self._x, least=1.0 if self._whole else 0.0)
            marks = [(tick, _tick(tick, percent[0])) for tick in round_]
        for tick, words in marks:
            x = self.at(tick, self._y[0])[0]
            add(f'<text class="tick" x="{number(x)}" y="{height - BOTTOM + 16}" '
                f'text-anchor="middle">{escape(words)}</text>')  # fmt: skip
        add(f'<text x="{(LEFT + width - RIGHT) // 2}" y="{height - 8}" text-anchor="middle">'
            f"{escape(across)}</text>")  # fmt: skip
        middle = (TOP + height - BOTTOM) // 2
        add(f'<text x="14" y="{middle}" text-anchor="middle" '
            f'transform="rotate(-90 14 {middle})">{escape(up)}</text>')  # fmt: skip


def series(place: int) -> str:
    """Return the style of the line at a place in the legend."""
    return f"line{place % SERIES + 1}"


def thinned(points: Sequence[Point], most: int = 300) -> list[Point]:
    """Return at most so many of the points of a line, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(place * step)] for place in range(most)]


def ticks(low: float, high: float, *, least: float = 0.0) -> list[float]:
    """Return about five round values in a range, at least so far from each other."""
    rough = max((high - low) / 5, least)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def matrix(
    counts: Sequence[Sequence[int]], names: Sequence[str], *, numbers: bool, title: str
) -> str:
    """Return a confusion matrix, each cell as dark as its share of the row.

    Parameters
    ----------
    counts
        Rows of true classes, columns of predicted ones.
    names
        Of the classes.
    numbers
        Whether counts are written into the cells.
    title
        Read to those who do not see it.
    """
    cell = 34 if numbers else max(4, 440 // len(names))
    left = 14 + min(130, 7 * max(len(_short(name)) for name in names))
    size = cell * len(names)
    parts = []
    for row, values in enumerate(counts):
        whole = sum(values)
        for column, value in enumerate(values):
            if not value:
                continue
            x, y, share = left + column * cell, left + row * cell, value / whole
            style = "right" if row == column else "wrong"
            words = f"{names[row]} as {names[column]}: {value:,} ({share:.1%})"
            parts.append(
                f'<rect class="{style}" x="{x}" y="{y}" width="{cell - 1}" height="{cell - 1}" '
                f'fill-opacity="{0.08 + 0.92 * share:.2f}"><title>{escape(words)}</title></rect>'
            )
            if numbers:
                light = ' class="on"' if share > _DARK else ""
                parts.append(
                    f'<text{light} x="{x + cell / 2:g}" y="{y + cell / 2 + 4:g}" '
                    f'text-anchor="middle">{value}</text>'
                )
    if numbers:
        for place, name in enumerate(map(_short, names)):
            at = left + place * cell + cell / 2
            parts.append(f'<text x="{left - 6}" y="{at + 4:g}" text-anchor="end">'
                         f"{escape(name)}</text>")  # fmt: skip
            turned = f"rotate(-60 {at:g} {left - 6})"
            parts.append(f'<text x="{at:g}" y="{left - 6}" transform="{turned}">'
                         f"{escape(name)}</text>")  # fmt: skip
    whole_size = left + size + 40
    corner = f'x="{left - 1}" y="{left - 1}"'
    return (
        f'<svg viewBox="0 0 {whole_size} {left + size + 4}" width="{whole_size}" role="img" '
        f'aria-label="{escape(title)}"><rect class="frame" fill="none" {corner} '
        f'width="{size + 1}" height="{size + 1}"/>{"".join(parts)}</svg>'
    )


_DARK = 0.55  # from this share of a row on, numbers are light on dark


def _dot(point: Point, style: str) -> str:
    return f'<circle class="{style}" cx="{number(point[0])}" cy="{number(point[1])}" r="2.5"/>'


def _wide(bounds: Point) -> Point:
    low, high = bounds
    room = max(0.5, 1e-3 * abs(low))  # more than a large number is rounded by
    return (low, high) if high > low else (low - room, high + room)


def _tick(value: float, percent: bool) -> str:
    return f"{100 * value:.4g} %" if percent else f"{value:.4g}"


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
