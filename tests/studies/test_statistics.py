"""Means, intervals and differences: as scipy has them, counted by hand, and of too few values."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from designer.studies import student
from designer.studies.protocols import Protocol
from designer.studies.statistics import METHODS, difference, holm, summary

SEEDS = Protocol(name="repeats")
FOLDS = Protocol(name="folds", folds=5)
REPEATED = Protocol(name="repeated_folds", repeats=2, folds=5)
BOOTSTRAP = Protocol(name="bootstrap", repeats=40)
NAN, INF = math.nan, math.inf
ONE = [0.91, 0.94, 0.92, 0.95, 0.93]
OTHER = [0.90, 0.91, 0.92, 0.90, 0.91]
MANY = np.random.default_rng(0).normal(0.9, 0.01, 40).tolist()


# Student's distribution


@settings(max_examples=100, deadline=None)
@example(t=1.2e-7, freedom=128)
@example(t=1e200, freedom=3)
@given(t=st.floats(0, 50), freedom=st.floats(0.5, 500))
def test_the_distribution_is_that_of_scipy(t: float, freedom: float) -> None:
    assert student.two_sided_p(t, freedom) == pytest.approx(
        2 * stats.t.sf(t, freedom), rel=1e-8, abs=1e-14
    )
    assert student.two_sided_p(-t, freedom) == student.two_sided_p(t, freedom)


@pytest.mark.parametrize("freedom", [1, 2, 3.7, 10, 99, 1e5])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_the_critical_value_is_that_of_scipy(level: float, freedom: float) -> None:
    expected = stats.t.ppf((1 + level) / 2, freedom)
    assert student.critical(level, freedom) == pytest.approx(expected, rel=1e-9)


# One candidate


def test_seeds_have_students_interval() -> None:
    found = summary(ONE, SEEDS)
    expected = stats.t.interval(0.95, 4, loc=np.mean(ONE), scale=stats.sem(ONE))
    assert (found.n, found.missing, found.method, found.note) == (5, 0, "t", "")
    assert found.mean == pytest.approx(np.mean(ONE))
    assert found.deviation == pytest.approx(np.std(ONE, ddof=1))
    assert (found.low, found.high) == pytest.approx(expected)
    assert summary(ONE, SEEDS, level=0.9).low > found.low


def test_folds_have_a_wider_interval() -> None:
    # By hand: s² = 0.00025, and 1 / 5 + (1 / 5) / (4 / 5) = 0.45; t(4) is 2.776445.
    found = summary(ONE, FOLDS)
    half = 2.776445 * math.sqrt(0.00025 * 0.45)
    assert (found.low, found.high) == pytest.approx((0.93 - half, 0.93 + half), rel=1e-6)
    assert found.method == "corrected_t"
    # Of two divisions: s² = 10 / 9 · 0.0002 of all ten, and 1 / 10 + 1 / 4; t(9) is 2.262157.
    found = summary(ONE * 2, REPEATED)
    half = 2.262157 * math.sqrt(0.002 / 9 * 0.35)
    assert found.high - found.mean == pytest.approx(half, rel=1e-6)


def test_bootstrap_samples_have_percentiles() -> None:
    found = summary(MANY, BOOTSTRAP)
    assert (found.low, found.high) == pytest.approx(np.quantile(MANY, (0.025, 0.975)).tolist())
    assert (found.method, found.note) == ("percentile", "")
    assert "Percentiles of 5 samples are little more than" in summary(ONE, BOOTSTRAP).note


@pytest.mark.parametrize("protocol", [SEEDS, FOLDS, BOOTSTRAP, Protocol()])
def test_one_value_has_no_interval(protocol: Protocol) -> None:
    found = summary([0.9], protocol)
    assert (found.n, found.mean, found.method) == (1, 0.9, "none")
    assert all(math.isnan(each) for each in (found.deviation, found.low, found.high))
    assert found.note == "One value does not say how far another training would differ."


def test_no_value_has_no_figure() -> None:
    found = summary([NAN, None], SEEDS)
    assert (found.n, found.missing) == (0, 2) and math.isnan(found.mean)
    assert found.note.startswith("2 of 2 trainings have no value")
    assert summary([], SEEDS).note == ""


def test_two_values_say_hardly_anything() -> None:
    found = summary([0.9, 0.92], SEEDS)
    assert found.low == pytest.approx(0.91 - 12.7062 * 0.01, rel=1e-5)
    assert "Of two values, the interval is wide" in found.note


def test_diverged_trainings_are_left_out_and_said() -> None:
    found = summary([0.9, NAN, 0.92, INF, None, 0.94], SEEDS)
    assert (found.n, found.missing) == (3, 3)
    assert found.mean == pytest.approx(0.92)
    assert found.note == (
        "3 of 6 trainings have no value, as where a training diverged or failed, and are left out: "
        "the figures are of the others alone."
    )
    assert summary([0.9, 0.8, NAN], SEEDS).note.startswith(
        "1 of 3 trainings has no value, as where a training diverged or failed, and is left out"
    )


def test_equal_values_have_an_interval_without_width() -> None:
    found = summary([0.1] * 3, SEEDS)
    assert (found.mean, found.deviation, found.low, found.high) == (0.1, 0, 0.1, 0.1)
    assert found.note.startswith("All 3 values are equal, so that the interval has no width")


# Two candidates


def test_seeds_are_compared_by_welch() -> None:
    found = difference(ONE, OTHER[:4], SEEDS)
    expected = stats.ttest_ind(ONE, OTHER[:4], equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (found.n, found.method, found.note) == ((5, 4), "welch", "")
    assert found.difference == pytest.approx(np.mean(ONE) - np.mean(OTHER[:4]))
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    back = difference(OTHER[:4], ONE, SEEDS)
    assert (back.difference, back.p) == pytest.approx((-found.difference, found.p))


def test_folds_are_compared_in_pairs() -> None:
    found = difference(ONE, OTHER, FOLDS)
    plain = stats.ttest_rel(ONE, OTHER)
    t = plain.statistic * math.sqrt((1 / 5) / (1 / 5 + 1 / 4))  # as the error is larger by this
    assert (found.n, found.method) == ((5, 5), "paired_corrected_t")
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert found.p > plain.pvalue
    low, high = plain.confidence_interval(0.95)
    assert found.high - found.low == pytest.approx((high - low) * math.sqrt(0.45 / 0.2))


def test_repeated_folds_by_hand() -> None:
    # Differences of 2 x 5 folds by hand: mean 0.01, s² = 0.0004 · 10 / 9; 1 / 10 + 1 / 4 = 0.35.
    gaps = [0.03, -0.01] * 5
    found = difference([0.9 + gap for gap in gaps], [0.9] * 10, REPEATED)
    t = 0.01 / math.sqrt(0.0004 * 10 / 9 * 0.35)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 9))


def test_bootstrap_samples_are_compared_in_pairs() -> None:
    worse = [value + (0.01 if i < 2 else -0.01) for i, value in enumerate(MANY)]
    found = difference(MANY, worse, BOOTSTRAP)
    gaps = np.subtract(MANY, worse)
    assert (gaps <= 0).sum() == 2
    assert found.p == pytest.approx(2 * 3 / 41)
    assert (found.low, found.high) == pytest.approx(np.quantile(gaps, (0.025, 0.975)).tolist())
    assert difference(MANY, MANY, BOOTSTRAP).p == 1


def test_pairs_without_a_value_are_left_out() -> None:
    broken = [NAN, *ONE[1:]]
    found = difference(broken, OTHER, FOLDS)
    assert found.n == (4, 4)
    assert found.difference == pytest.approx(np.mean(ONE[1:]) - np.mean(OTHER[1:]))
    assert found.note.startswith("1 of 5 pairs of trainings has no value")
    short = difference(ONE[:3], OTHER, FOLDS)
    assert short.n == (3, 3) and "2 of 5 pairs of trainings have no value" in short.note


@pytest.mark.parametrize("protocol", [SEEDS, FOLDS, BOOTSTRAP, Protocol()])
def test_too_few_values_for_a_comparison(protocol: Protocol) -> None:
    found = difference([0.9], [0.8], protocol)
    assert found.difference == pytest.approx(0.1) and math.isnan(found.p)
    assert found.method == "none"
    assert "chance cannot be told from a difference: train" in found.note
    nothing = difference([NAN, NAN], [0.8, 0.9], protocol)
    assert math.isnan(nothing.difference) and math.isnan(nothing.p)
    assert "have no value" in nothing.note


@pytest.mark.parametrize("protocol", [SEEDS, FOLDS])
def test_values_that_do_not_vary(protocol: Protocol) -> None:
    found = difference([0.9] * 3, [0.8] * 3, protocol)
    assert found.difference == pytest.approx(0.1) and math.isnan(found.p)
    assert found.note.startswith("The values do not vary, so that there is no chance to compare")
    same = difference([0.9] * 3, [0.9] * 3, protocol)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)


@settings(max_examples=100, deadline=None)
@given(
    first=st.lists(st.floats() | st.none(), max_size=6),
    second=st.lists(st.floats() | st.none(), max_size=6),
    protocol=st.sampled_from([Protocol(), SEEDS, FOLDS, REPEATED, BOOTSTRAP]),
)
def test_whatever_the_values_are(
    first: list[float | None], second: list[float | None], protocol: Protocol
) -> None:
    found, one = difference(first, second, protocol), summary(first, protocol)
    assert math.isnan(found.p) or 0 <= found.p <= 1
    assert math.isnan(found.low) or found.low <= found.high
    assert math.isnan(one.low) or one.low <= one.high
    assert {found.method, one.method} <= METHODS.keys()
    assert one.n + one.missing == len(first)


# Several comparisons


def test_holms_correction_by_hand() -> None:
    # Sorted: 0.01 · 4, 0.02 · 3, 0.03 · 2 is not below the one before, 0.9 · 1.
    assert holm([0.03, 0.01, 0.9, 0.02]) == pytest.approx([0.06, 0.04, 0.9, 0.06])
    assert holm([0.4, 0.6]) == pytest.approx([0.8, 0.8])
    assert holm([0.7, 0.8]) == [1, 1]
    assert holm([]) == []
    corrected = holm([0.01, NAN, 0.04])
    assert corrected[0] == pytest.approx(0.02) and corrected[2] == pytest.approx(0.04)
    assert math.isnan(corrected[1])
