"""Which rate losses suggest, for curves whose steepest and lowest point are known."""

import math
from itertools import pairwise

import pytest

from designer.errors import DesignerError
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.rate_range import Bounds, Losses, bounds


def tried(curve):
    """Return what a test finds whose loss is a function of the rate."""
    within = Bounds(1e-5, 10.0, 200)
    losses = Losses(within)
    for step in range(within.steps):
        losses.add(curve(within.rate(step)))
        if losses.diverged:
            break
    return losses.result(Recipe())


def falling(rate):
    """Fall as a logistic curve around 0.01, lowest at 1, then rise without bound."""
    fall = 2.3 - 2.0 / (1 + math.exp(-4 * (math.log10(rate) + 2)))
    return fall + 40 * max(0.0, math.log10(rate)) ** 2


def test_rates_grow_by_the_same_factor():
    within = Bounds(1e-4, 1.0, 41)
    rates = [within.rate(step) for step in range(41)]
    assert rates[0] == pytest.approx(1e-4)
    assert rates[-1] == pytest.approx(1.0)
    assert all(b / a == pytest.approx(10 ** (4 / 40)) for a, b in pairwise(rates))


def test_the_steepest_rate_is_suggested():
    found = tried(falling)
    assert found.suggestion == pytest.approx(0.01, rel=0.1)
    # The loss is lowest at 1; that it rises steeply behind draws the smoothed one a bit lower.
    assert 0.03 < found.tenth_of_lowest < 0.11
    assert f"{found.suggestion:g}" in found.sentence
    assert "peak" in found.sentence  # of one_cycle, the default


def test_noise_does_not_change_the_suggestion_much():
    def curve(rate):
        return falling(rate) + 0.05 * math.sin(1e4 * math.log(rate))

    assert tried(curve).suggestion == pytest.approx(0.01, rel=0.4)


def test_it_ends_where_the_loss_is_far_above_its_lowest():
    found = tried(falling)
    assert found.diverged
    assert len(found.steps) < 200
    assert max(each.loss for each in found.steps) < 100


def test_a_loss_that_is_not_finite_ends_it():
    found = tried(lambda rate: falling(rate) if rate < 0.5 else math.nan)
    assert found.diverged
    assert found.steps[-1].learning_rate < 0.5
    assert found.suggestion == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("curve", [lambda _: 2.3, lambda rate: 2.3 + rate])
def test_nothing_is_suggested_where_the_loss_never_falls(curve):
    found = tried(curve)
    assert found.suggestion is None
    assert found.tenth_of_lowest is None
    assert "hardly falls" in found.sentence


def test_jumps_alone_suggest_nothing():
    found = tried(lambda rate: 2.3 + 0.1 * math.sin(1e5 * math.log(rate)))
    assert found.suggestion is None


def test_a_loss_that_grows_at_once_is_refused():
    with pytest.raises(DesignerError, match="begin at a lower rate"):
        tried(lambda rate: 2.0 if rate < 1.1e-5 else math.inf)


def test_a_first_loss_that_is_not_finite_is_no_matter_of_the_rate():
    with pytest.raises(DesignerError, match="before any step was taken"):
        tried(lambda _: math.nan)


@pytest.mark.parametrize(("low", "high", "steps"), [(0, 1, 100), (1, 1, 100), (1, math.inf, 100)])
def test_wrong_bounds_are_refused(low, high, steps):
    with pytest.raises(DesignerError, match="lowest rate above"):
        bounds(Recipe(), low=low, high=high, steps=steps)


@pytest.mark.parametrize("steps", [0, 19, 10_001])
def test_a_wrong_number_of_steps_is_refused(steps):
    with pytest.raises(DesignerError, match="20 to 10,000 steps"):
        bounds(Recipe(), steps=steps)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_usual_rate_lies_within_the_bounds(name):
    found = bounds(changed(Recipe(), {"optimizer.name": name}))
    assert found.low * 100 < OPTIMIZERS[name].learning_rate < found.high / 100
