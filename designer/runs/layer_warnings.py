"""Which figures of layers are suspicious, in sentences with what helps: a table of rules.

A `Limit` judges each layer by itself, a `Trend` all layers of a network together. Window
and command line show what `warnings` finds; to add a rule, add a row.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from designer.runs.layer_statistics import FIGURES, Kind, LayerFigures, Measurement


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A rule on a figure of a single layer.

    Attributes
    ----------
    key
        The name of the rule in the code.
    kind, figure
        The figure that is judged.
    low, high
        Values below and above are suspicious; None for an open side. A value of 0 is never too low:
        nothing is said of layers that do not learn on purpose.
    sentence
        What is wrong, with the fields ``{layer}`` and ``{value}``.
    remedy
        What helps.
    """

    key: str
    kind: Kind
    figure: str
    low: float | None = None
    high: float | None = None
    sentence: str
    remedy: str

    def is_broken(self, value: float) -> bool:
        """Tell whether a value is suspicious."""
        too_low = self.low is not None and 0 < value < self.low
        return too_low or (self.high is not None and value > self.high)


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A rule on how a figure changes over the depth of a network.

    Layers where it is 0 do not count: a branch that is switched off on purpose, such as by a norm
    whose weights begin at 0, gives zeros, and so are its gradients.

    Attributes
    ----------
    key
        The name of the rule in the code.
    kind, figure
        The figure that is judged.
    start
        Where the values go in: activations at the first layer, gradients at the last one.
    factor
        How much of the figure at the start is suspicious at any other layer: less than this, if
        it is below 1, else more.
    sentence
        What is wrong, with the fields ``{start}`` and ``{end}``, which are layers, and
        ``{at_start}`` and ``{at_end}``, which are values.
    remedy
        What helps.
    """

    key: str
    kind: Kind
    figure: str
    start: Literal["first", "last"]
    factor: float
    sentence: str
    remedy: str

    def is_broken(self, at_start: float, at_end: float) -> bool:
        """Tell whether the values at the start and at another layer are suspicious together."""
        ratio = at_end / at_start
        return ratio < self.factor if self.factor < 1 else ratio > self.factor


LIMITS: tuple[Limit, ...] = (
    Limit(
        key="dead",
        kind="activation",
        figure="dead",
        high=0.5,
        sentence="{value} of the units of {layer} are zero for every image of the batch, so that "
        "nothing is learned through them.",
        remedy="Lower the learning rate, start from Kaiming's initialization with biases of 0, or "
        "use LeakyReLU, which is never flat.",
    ),
    Limit(
        key="saturated",
        kind="activation",
        figure="saturated",
        high=0.5,
        sentence="{value} of the values of {layer} are saturated, so that hardly any gradient "
        "passes through them.",
        remedy="Start from smaller weights (Xavier's initialization), normalize before the "
        "activation, or use ReLU.",
    ),
    Limit(
        key="update-high",
        kind="weight",
        figure="update_ratio",
        high=1e-2,
        sentence="A step changes the weights of {layer} by {value} of their norm; about 0.001 is "
        "usual, so that they may jump over what they look for.",
        remedy="Lower the learning rate, or let it rise slowly during the first steps.",
    ),
    Limit(
        key="update-low",
        kind="weight",
        figure="update_ratio",
        low=1e-5,
        sentence="A step changes the weights of {layer} by only {value} of their norm; about 0.001 "
        "is usual, so that they hardly learn.",
        remedy="Raise the learning rate, or look whether the gradients vanish on their way to this "
        "layer.",
    ),
)
"""The rules on single layers."""

TRENDS: tuple[Trend, ...] = (
    Trend(
        key="activations-vanish",
        kind="activation",
        figure="deviation",
        start="first",
        factor=1e-3,
        sentence="The activations vanish: their deviation falls from {at_start} at {start} to "
        "{at_end} at {end}, so that all images look the same there.",
        remedy="Start from larger weights (Xavier's initialization for tanh, Kaiming's for ReLU), "
        "or normalize between the layers.",
    ),
    Trend(
        key="activations-explode",
        kind="activation",
        figure="deviation",
        start="first",
        factor=1e3,
        sentence="The activations explode: their deviation grows from {at_start} at {start} to "
        "{at_end} at {end}.",
        remedy="Start from smaller weights (Xavier's initialization for tanh, Kaiming's for ReLU), "
        "or normalize between the layers.",
    ),
    Trend(
        key="gradients-vanish",
        kind="gradient",
        figure="norm",
        start="last",
        factor=1e-3,
        sentence="The gradients vanish: on their way back, their norm falls from {at_start} at "
        "{start} to {at_end} at {end}, so that what comes before hardly learns.",
        remedy="Choose an initialization that fits the activation (Xavier's for tanh, Kaiming's "
        "for ReLU), normalize between the layers, or add shortcuts around them.",
    ),
    Trend(
        key="gradients-explode",
        kind="gradient",
        figure="norm",
        start="last",
        factor=1e3,
        sentence="The gradients explode: on their way back, their norm grows from {at_start} at "
        "{start} to {at_end} at {end}.",
        remedy="Start from smaller weights, normalize between the layers, clip the gradients, or "
        "lower the learning rate.",
    ),
)
"""The rules on a network as a whole."""

NOT_FINITE = "not-finite"
"""The key of warnings on values that are NaN or infinite."""


class LayerWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicious figure.

    Attributes
    ----------
    key
        The rule, such as ``dead``.
    path
        The layer to look at.
    kind, figure
        What is suspicious.
    sentence, remedy
        What is wrong, and what helps, as whole sentences.
    """

    key: str
    path: str
    kind: Kind
    figure: str
    sentence: str
    remedy: str


def warnings(measurement: Measurement) -> list[LayerWarning]:
    """Return what is suspicious in a measurement: of the whole network first, then by layer."""
    by_kind = {kind: measurement.main(kind) for kind in dict.fromkeys(_kinds())}
    return [
        *(each for each in (_judged(rule, by_kind[rule.kind]) for rule in TRENDS) if each),
        *_not_finite(measurement),
        *(each for rule in LIMITS for each in _beyond(rule, by_kind[rule.kind])),
    ]


def limits(kind: Kind, figure: str) -> tuple[float | None, float | None]:
    """Return between which values a figure is not suspicious, None for an open side."""
    found = [rule for rule in LIMITS if (rule.kind, rule.figure) == (kind, figure)]
    return (
        next((rule.low for rule in found if rule.low is not None), None),
        next((rule.high for rule in found if rule.high is not None), None),
    )


def written(figure: str, value: float) -> str:
    """Return a figure as text: three significant digits, shares in percent."""
    if FIGURES[figure].share:
        return f"{100 * value:.3g} %"
    return f"{value:.3g}"


def _kinds() -> Iterator[Kind]:
    yield from (rule.kind for rule in LIMITS)
    yield from (rule.kind for rule in TRENDS)


def _value(row: LayerFigures, figure: str) -> float | None:
    value: float | None = getattr(row, figure)
    return value


def _beyond(rule: Limit, rows: Mapping[str, LayerFigures]) -> Iterator[LayerWarning]:
    for path, row in rows.items():
        value = _value(row, rule.figure)
        if value is not None and rule.is_broken(value):
            yield LayerWarning(
                key=rule.key,
                path=path,
                kind=rule.kind,
                figure=rule.figure,
                sentence=rule.sentence.format(layer=path, value=written(rule.figure, value)),
                remedy=rule.remedy,
            )


def _judged(rule: Trend, rows: Mapping[str, LayerFigures]) -> LayerWarning | None:
    known = [(path, value) for path, row in rows.items() if (value := _value(row, rule.figure))]
    if rule.start == "last":
        known.reverse()
    if len(known) < 2:
        return None
    (start, at_start), *others = known
    pick = min if rule.factor < 1 else max
    end, at_end = pick(others, key=lambda each: each[1])
    if not rule.is_broken(at_start, at_end):
        return None
    return LayerWarning(
        key=rule.key,
        path=end,
        kind=rule.kind,
        figure=rule.figure,
        sentence=rule.sentence.format(
            start=start,
            end=end,
            at_start=written(rule.figure, at_start),
            at_end=written(rule.figure, at_end),
        ),
        remedy=rule.remedy,
    )


def _not_finite(measurement: Measurement) -> Iterator[LayerWarning]:
    seen: set[Kind] = set()
    for row in measurement.layers:
        if row.count and row.mean is None and row.kind not in seen:
            seen.add(row.kind)  # the first layer tells where it begins; all behind it follow
            yield LayerWarning(
                key=NOT_FINITE,
                path=row.path,
                kind=row.kind,
                figure="mean",
                sentence=_NOT_FINITE[row.kind].format(layer=row.path),
                remedy="Lower the learning rate, clip the gradients, or train in float32.",
            )


_NOT_FINITE: Mapping[Kind, str] = {
    "activation": "What {layer} gives has values that are NaN or infinite, the first layer of all.",
    "gradient": "Gradients of what {layer} gives are NaN or infinite.",
    "weight": "Weights of {layer} are NaN or infinite.",
    "weight_gradient": "Gradients of the weights of {layer} are NaN or infinite.",
}
