"""What the Layer statistics dock shows: measurements with titles, and figures of their layers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from designer.gui.base import numbers
from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors
from designer.gui.documents.node_values import Overlay
from designer.gui.inside.histogram_view import Row
from designer.layers.category import Category
from designer.runs.layer_statistics import FIGURES, KINDS, Kind, LayerFigures, Measurement
from designer.runs.layer_warnings import LayerWarning, limits, warnings, written

if TYPE_CHECKING:
    from designer.design.values import Design

_KEPT_COLORS = (
    Category.NORMALIZATION,
    Category.DENSE,
    Category.POOLING,
    Category.JOIN,
    Category.ACTIVATION,  # the last one, as it is near the color of warnings
)
MOST_KEPT = len(_KEPT_COLORS)


@dataclass(frozen=True, eq=False)
class Shown:
    """A measurement that is shown or kept.

    Attributes
    ----------
    title
        What it is called, such as "Fresh weights, seed 0".
    measurement
        Its figures.
    design
        The design that was measured; None where it is not known.
    notes
        Sentences on how it was measured.
    number
        Which of the colors it has as a kept one; -1 for the one that is shown.
    """

    title: str
    measurement: Measurement
    design: "Design | None" = None
    notes: tuple[str, ...] = ()
    number: int = -1
    found: list[LayerWarning] = field(default_factory=list)

    @property
    def color(self) -> str:
        """The color of its curve, which is legible as text, too."""
        c = colors()
        if self.number < 0:
            return c.accent
        return legible(c.of(_KEPT_COLORS[self.number % MOST_KEPT]).name(), c.window, c.panel)


def shown(
    title: str,
    measurement: Measurement,
    *,
    design: "Design | None" = None,
    notes: Sequence[str] = (),
) -> Shown:
    """Return a measurement as it is shown, with what is suspicious in it."""
    return Shown(title, measurement, design, tuple(notes), found=warnings(measurement))


def value_of(row: LayerFigures | None, figure: str) -> float | None:
    """Return a figure of a layer; None where it has none."""
    value: float | None = getattr(row, figure) if row is not None else None
    return value


def figures_of(kind: Kind) -> list[str]:
    """Return the figures that values of a kind have."""
    return [name for name, figure in FIGURES.items() if kind in figure.kinds]


def paths_with(each: Sequence[Shown], kind: Kind, figure: str) -> list[str]:
    """Return the layers that have a figure in any of some measurements, in forward order."""
    return in_order(
        [
            path
            for path, row in one.measurement.main(kind).items()
            if value_of(row, figure) is not None
        ]
        for one in each
    )


def in_order(lists: Iterable[Sequence[str]]) -> list[str]:
    """Return the paths of several lists in the order of all: each after the one before it.

    A training and *Measure now* do not measure the same nodes of a network.
    """
    found: list[str] = []
    for paths in lists:
        if paths == found:
            continue
        known, at = {path: number for number, path in enumerate(found)}, 0
        new: dict[int, list[str]] = {}  # by the place before which they come
        for path in paths:
            if path in known:
                at = known[path] + 1
            else:
                new.setdefault(at, []).append(path)
        found = [
            path
            for number in range(len(found) + 1)
            for path in (*new.get(number, ()), *found[number : number + 1])
        ]
    return found


def title_of(kind: Kind, figure: str) -> str:
    """Return what a figure of a kind of values is called."""
    return f"{KINDS[kind].title}: {FIGURES[figure].title.lower()}"


def overlay(one: Shown, kind: Kind, figure: str) -> Overlay:
    """Return the colors of nodes by a figure; a block has that of the last layer inside it."""
    row = FIGURES[figure]
    values: dict[str, float] = {}
    words: dict[str, str] = {}
    for path, layer in one.measurement.main(kind).items():
        value = value_of(layer, figure)
        if value is None or (row.logarithmic and value <= 0):
            continue
        around = path
        while around:
            values[around], words[around] = value, written(figure, value)
            around = around.rpartition(".")[0]
    return Overlay(
        title_of(kind, figure),
        {path: 100 * value for path, value in values.items()} if row.share else values,
        "%" if row.share else "",
        logarithmic=row.logarithmic,
        bad=_scaled(limits(kind, figure), 100 if row.share else 1),
        words=words,
        design=one.design,
    )


def _scaled(
    bounds: tuple[float | None, float | None], factor: float
) -> tuple[float | None, float | None]:
    low, high = bounds
    return (
        None if low is None else low * factor,
        None if high is None else high * factor,
    )


def sentences(found: Sequence[LayerWarning]) -> Mapping[str, list[str]]:
    """Return the sentences on each suspicious layer, with what helps."""
    by_path: dict[str, list[str]] = {}
    for each in found:
        by_path.setdefault(each.path, []).append(f"{each.sentence} {each.remedy}")
    return by_path


def histogram_rows(one: Shown | None, kept: Sequence[Shown], kind: Kind) -> list[Row]:
    """Return the histograms of all layers: of a measurement, and of those kept beside it."""
    own = one.measurement.main(kind) if one is not None else {}
    others = [(each.color, each.measurement.main(kind)) for each in kept]
    found = sentences([each for each in one.found if each.kind == kind] if one else [])
    paths = in_order([list(own), *(list(rows) for _, rows in others)])
    return [
        Row(
            path,
            own.get(path),
            tuple((color, rows[path]) for color, rows in others if path in rows),
            tuple(found.get(path, ())),
        )
        for path in paths
    ]


def words_of(measurement: Measurement) -> str:
    """Return what a measurement is of: step, epoch, images, loss."""
    images = f"{numbers.count(measurement.batch)} images"
    loss = f", loss {measurement.loss:.4g}" if measurement.loss is not None else ""
    if not measurement.step:
        return f"Measured now, {images}{loss}"
    return (
        f"Step {numbers.count(measurement.step)}, epoch {numbers.count(measurement.epoch)}, "
        f"{images}{loss}"
    )
