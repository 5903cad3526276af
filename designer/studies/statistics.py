"""What the values of several trainings say: mean, deviation and interval, and differences.

Which rule judges them follows from the protocol of the study: the trainings of a cross-validation
share most of their examples, so that their values differ less than independent ones would.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

import msgspec

from designer.studies import student
from designer.studies.protocols import PROTOCOLS, Protocol

LEVEL = 0.95
"""The share of studies, repeated with the same trainings, whose interval holds the true value."""
_FEW = 20  # samples below which a percentile of 2.5 % is close to the smallest value
_LARGEST = 1e150
"""A value beyond is of a training that has diverged; the squares of others do not overflow."""
_NAN = math.nan


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A rule by which values of trainings are judged.

    Attributes
    ----------
    title
        For people.
    formula
        As plain text; x are the values, d the differences of paired values, s deviations.
    source
        The paper or book.
    """

    title: str
    formula: str
    source: str


_NADEAU = "Nadeau and Bengio, 2003: Inference for the generalization error"
_EFRON = "Efron and Tibshirani, 1993: An introduction to the bootstrap"
METHODS: Mapping[str, Method] = {
    "none": Method(title="none", formula="", source=""),
    "t": Method(
        title="Student's t",
        formula="mean ± t(n - 1) · s · sqrt(1 / n)",
        source="Student, 1908: The probable error of a mean",
    ),
    "corrected_t": Method(
        title="corrected resampled t",
        formula="mean ± t(n - 1) · s · sqrt(1 / n + n_test / n_train)",
        source=_NADEAU,
    ),
    "percentile": Method(
        title="bootstrap percentiles", formula="2.5 % and 97.5 % of the values", source=_EFRON
    ),
    "welch": Method(
        title="Welch's t",
        formula="t = (mean₁ - mean₂) / sqrt(s₁² / n₁ + s₂² / n₂)",
        source="Welch, 1947: The generalization of Student's problem when several different "
        "population variances are involved",
    ),
    "paired_corrected_t": Method(
        title="paired corrected resampled t",
        formula="t = mean(d) / (s(d) · sqrt(1 / n + n_test / n_train))",
        source=_NADEAU,
    ),
    "paired_percentile": Method(
        title="paired bootstrap percentiles",
        formula="p = 2 · (1 + smaller number of d ≤ 0 and of d ≥ 0) / (n + 1)",
        source=_EFRON,
    ),
}
"""The rules by their names."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a candidate's trainings, in figures; NaN where a figure is not defined.

    Attributes
    ----------
    n
        How many trainings have a value.
    missing
        How many have none, or one that is not finite, as those that diverged.
    mean
        Of the values.
    deviation
        Standard deviation of the values, with n - 1.
    low, high
        The ends of the interval.
    level
        Its level.
    method
        The rule of the interval, a row of `METHODS`; ``none`` if there is no interval.
    note
        A sentence or two on what the figures cannot say; "" if there is nothing to add.
    """

    n: int
    missing: int = 0
    mean: float = _NAN
    deviation: float = _NAN
    low: float = _NAN
    high: float = _NAN
    level: float = LEVEL
    method: str = "none"
    note: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """By how much the first of two candidates differs from the second; NaN where not defined.

    Attributes
    ----------
    n
        How many values of the first, and of the second, count; of paired ones, how many pairs.
    difference
        Mean of the first less mean of the second.
    low, high
        The ends of its interval.
    level
        Its level.
    p
        The probability of a difference at least as large if both candidates were equally good.
        Of several comparisons, see `holm`.
    method
        The rule, a row of `METHODS`; ``none`` if the values are too few.
    note
        As in `Summary`.
    """

    n: tuple[int, int]
    difference: float = _NAN
    low: float = _NAN
    high: float = _NAN
    level: float = LEVEL
    p: float = _NAN
    method: str = "none"
    note: str = ""


def summary(values: Iterable[float | None], protocol: Protocol, *, level: float = LEVEL) -> Summary:
    """Summarize the values of a candidate's trainings.

    The interval is that of the mean, but for a bootstrap: there, it holds most of the values. Of a
    figure of the test part, which all trainings share, it says nothing about other test examples.

    Parameters
    ----------
    values
        A value for each training; None or NaN for one that has none, as which infinite ones count.
    protocol
        By which the candidate was trained.
    level
        Of the interval.
    """
    given = list(values)
    found = [value for value in given if _is_usable(value)]
    missing = len(given) - len(found)
    notes = [_missing(missing, len(given))]
    n = len(found)
    if n < 2:
        if n:
            notes.append("One value does not say how far another training would differ.")
        mean = found[0] if n else _NAN
        return Summary(n=n, missing=missing, mean=mean, level=level, note=_joined(notes))
    mean, deviation = _mean(found), _deviation(found)
    method = PROTOCOLS[protocol.name].interval
    if method == "percentile":
        low, high = _percentiles(found, level)
        notes.append(_few_samples(n))
    else:
        half = student.critical(level, n - 1) * deviation * math.sqrt(_factor(n, protocol))
        low, high = mean - half, mean + half
        if n == 2:
            notes.append("Of two values, the interval is wide and hardly says anything.")
    if not deviation:
        notes.append(
            f"All {n:,} values are equal, so that the interval has no width; it would have one if "
            "the figure were finer."
        )
    return Summary(
        n=n,
        missing=missing,
        mean=mean,
        deviation=deviation,
        low=low,
        high=high,
        level=level,
        method=method,
        note=_joined(notes),
    )


def difference(
    first: Sequence[float | None],
    second: Sequence[float | None],
    protocol: Protocol,
    *,
    level: float = LEVEL,
) -> Difference:
    """Compare the values of two candidates of a study.

    With folds and bootstrap samples, training ``i`` of both candidates has the same examples, so
    that their values are compared in pairs; pairs with a missing value are left out. With several
    seeds they are independent, since a seed means other weights in another network.

    Parameters
    ----------
    first, second
        A value for each training, in the order of `designer.studies.protocols.replicates`; None or
        NaN for one that has none.
    protocol
        By which both were trained.
    level
        Of the interval.
    """
    if PROTOCOLS[protocol.name].is_paired:
        return _paired(first, second, protocol, level)
    return _welch(first, second, level)


def _welch(
    first: Sequence[float | None], second: Sequence[float | None], level: float
) -> Difference:
    groups = [[value for value in each if _is_usable(value)] for each in (first, second)]
    n = len(groups[0]), len(groups[1])
    given = len(first) + len(second)
    notes = [_missing(given - sum(n), given)]
    if not all(n):
        return Difference(n=n, level=level, note=_joined(notes))
    gap = _mean(groups[0]) - _mean(groups[1])
    if min(n) < 2:
        notes.append(
            "With one value of a candidate, chance cannot be told from a difference: train each "
            "with two or more seeds."
        )
        return Difference(n=n, difference=gap, level=level, note=_joined(notes))
    variances = [_deviation(each) ** 2 / len(each) for each in groups]  # of the means
    total = sum(variances)
    if not total:
        return _without_deviation(n, gap, level, "welch", notes)
    # Welch and Satterthwaite's degrees of freedom, by shares, whose squares never underflow.
    freedom = 1 / sum(
        (variance / total) ** 2 / (len(each) - 1)
        for variance, each in zip(variances, groups, strict=True)
    )
    return _by_t(n, gap, math.sqrt(total), freedom, level, "welch", notes)


def _paired(
    first: Sequence[float | None],
    second: Sequence[float | None],
    protocol: Protocol,
    level: float,
) -> Difference:
    given = max(len(first), len(second))
    gaps = [
        one - other
        for one, other in zip(first, second, strict=False)  # a study may have trained fewer yet
        if _is_usable(one) and _is_usable(other)
    ]
    n = len(gaps), len(gaps)
    notes = [_missing(given - len(gaps), given, pairs=True)]
    if len(gaps) < 2:
        if gaps:
            notes.append(
                "With one pair of values, chance cannot be told from a difference: train both on "
                "two or more."
            )
        gap = gaps[0] if gaps else _NAN
        return Difference(n=n, difference=gap, level=level, note=_joined(notes))
    gap, deviation = _mean(gaps), _deviation(gaps)
    if PROTOCOLS[protocol.name].interval == "percentile":
        low, high = _percentiles(gaps, level)
        beyond = min(sum(each <= 0 for each in gaps), sum(each >= 0 for each in gaps))
        notes.append(_few_samples(len(gaps)))
        return Difference(
            n=n,
            difference=gap,
            low=low,
            high=high,
            level=level,
            p=min(1.0, 2 * (1 + beyond) / (len(gaps) + 1)),
            method="paired_percentile",
            note=_joined(notes),
        )
    if not deviation:
        return _without_deviation(n, gap, level, "paired_corrected_t", notes)
    error = deviation * math.sqrt(_factor(len(gaps), protocol))
    return _by_t(n, gap, error, len(gaps) - 1, level, "paired_corrected_t", notes)


def _by_t(
    n: tuple[int, int],
    gap: float,
    error: float,
    freedom: float,
    level: float,
    method: str,
    notes: list[str],
) -> Difference:
    half = student.critical(level, freedom) * error
    return Difference(
        n=n,
        difference=gap,
        low=gap - half,
        high=gap + half,
        level=level,
        p=student.two_sided_p(gap / error, freedom),
        method=method,
        note=_joined(notes),
    )


def _without_deviation(
    n: tuple[int, int], gap: float, level: float, method: str, notes: list[str]
) -> Difference:
    """Return a difference where no chance is seen to compare it with."""
    if not gap:
        notes.append("Both candidates have the same values.")
        return Difference(
            n=n, difference=0, low=0, high=0, level=level, p=1, method=method, note=_joined(notes)
        )
    notes.append(
        "The values do not vary, so that there is no chance to compare the difference with: train "
        "with more seeds or folds, or compare a finer figure, such as the loss."
    )
    return Difference(n=n, difference=gap, level=level, note=_joined(notes))


def holm(probabilities: Sequence[float]) -> list[float]:
    """Return the probabilities of several comparisons, each made larger for there being several.

    With them, the chance that any of all comparisons is taken for a difference where there is none
    stays below the limit that each is held against. The smallest of m is multiplied by m, the next
    one by m - 1, and so on; none becomes smaller than one before it, nor larger than 1. NaN stays
    NaN and is no comparison.

    References
    ----------
    Holm, 1979: A simple sequentially rejective multiple test procedure.
    """
    found = [_NAN] * len(probabilities)
    there = [index for index, p in enumerate(probabilities) if not math.isnan(p)]
    largest = 0.0
    for rank, index in enumerate(sorted(there, key=lambda index: probabilities[index])):
        largest = max(largest, min(1.0, (len(there) - rank) * probabilities[index]))
        found[index] = largest
    return found


def _factor(n: int, protocol: Protocol) -> float:
    """Return by what the variance of the values is multiplied for that of their mean.

    Folds are trained on examples that they mostly share, so that the mean of n values has a larger
    variance than 1 / n of theirs: Nadeau and Bengio (2003) add the number of examples held out
    divided by that of those trained on.
    """
    if PROTOCOLS[protocol.name].interval != "corrected_t":
        return 1 / n
    return 1 / n + 1 / (protocol.folds - 1)


def _is_usable(value: float | None) -> TypeGuard[float]:
    return value is not None and abs(value) <= _LARGEST  # which NaN is not


def _mean(values: Sequence[float]) -> float:
    return values[0] if min(values) == max(values) else math.fsum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation with n - 1; exactly 0 for equal values."""
    mean = _mean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _percentiles(values: Sequence[float], level: float) -> tuple[float, float]:
    """Return the ends between which a share of the values lies, interpolated as numpy does."""
    ascending = sorted(values)

    def quantile(share: float) -> float:
        place = share * (len(ascending) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ascending) - 1)
        return ascending[below] + (place - below) * (ascending[above] - ascending[below])

    return quantile((1 - level) / 2), quantile((1 + level) / 2)


def _missing(missing: int, given: int, *, pairs: bool = False) -> str:
    if not missing:
        return ""
    noun = "pairs of trainings" if pairs else "trainings"
    has, is_ = ("has", "is") if missing == 1 else ("have", "are")
    return (
        f"{missing:,} of {given:,} {noun} {has} no value, as where a training diverged or failed, "
        f"and {is_} left out: the figures are of the others alone."
    )


def _few_samples(n: int) -> str:
    if n >= _FEW:
        return ""
    return f"Percentiles of {n:,} samples are little more than the smallest and the largest value."


def _joined(notes: Iterable[str]) -> str:
    return " ".join(filter(None, notes))
