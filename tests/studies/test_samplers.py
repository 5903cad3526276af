"""Candidates: grids in order, draws at random, searches; the same for the same journal."""

import math

import pytest

from designer.errors import DesignerError
from designer.studies import searching
from designer.studies.grids import grid_of, grid_size
from designer.studies.journal import Ended, State, Training, Trial
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Range, Study
from tests.studies.samples import study

THREE = ("batch=8,32", "optimizer.learning_rate=0.001..1:log", "design.conv1.out_channels=2..8")


def _run(made: Study, count: int, score) -> State:
    """Propose candidates, each of which ends at once with a score."""
    state = State()
    for number in range(count):
        values = SAMPLERS[made.sampler].propose(made, state)
        if values is None:
            break
        figures = {goal: float(each) for goal, each in zip(made.goals, score(values), strict=True)}
        ended = Ended(trial=number, replicate=0, outcome="finished", figures=figures)
        state.trials.append(Trial(number, values, {}, "", [Training(ended=ended)]))
    return state


def test_a_grid_has_every_combination_once():
    made = study("batch=8,32,128", "optimizer.name=sgd,adam")
    found = [each.values for each in _run(made, 100, lambda _: (0,)).trials]
    assert len(found) == grid_size(made) == 6
    assert found[0] == {"batch": 8, "optimizer.name": "sgd"}
    assert found[1] == {"batch": 8, "optimizer.name": "adam"}
    assert len({tuple(each.values()) for each in found}) == 6


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (Range(low=1, high=1000, log=True, whole=True, points=4), [1, 10, 100, 1000]),
        (Range(low=0.0, high=1.0), [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Range(low=1, high=3, whole=True), [1, 2, 3]),
        (Range(low=0.1, high=0.5, step=0.1), pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])),
        (Range(low=1, high=4, whole=True, points=9), [1, 2, 3, 4]),
    ],
)
def test_the_values_that_a_grid_takes_of_a_range(given, values):
    assert grid_of(given) == values


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
def test_draws_lie_in_their_ranges_and_repeat_with_the_journal(sampler):
    goals = ("validation_accuracy", "macs") if sampler == "nsga2" else ("validation_accuracy",)
    made = study(*THREE, sampler=sampler, trials=30, goals=goals, seed=3)

    def score(values):
        return (values["batch"] / 100, 5.0)[: len(goals)]

    found = [each.values for each in _run(made, 24, score).trials]
    assert found == [each.values for each in _run(made, 24, score).trials]
    for values in found:
        assert values["batch"] in (8, 32)
        assert 0.001 <= values["optimizer.learning_rate"] <= 1
        assert values["design.conv1.out_channels"] in range(2, 9)
    rates = [math.log10(each["optimizer.learning_rate"]) for each in found]
    assert min(rates) < -2 < -1 < max(rates)  # equal ratios are drawn equally often
    assert found != [
        each.values for each in _run(study(*THREE, sampler=sampler, goals=goals), 24, score).trials
    ]


def test_a_search_finds_more_of_what_is_good_than_chance():
    def score(values):
        distance = abs(math.log10(values["optimizer.learning_rate"]) + 2)
        return (1 - distance / 3 + (0.2 if values["batch"] == 32 else 0),)

    state = _run(study(*THREE, sampler="tpe", trials=40), 40, score)
    late = [score(each.values)[0] for each in state.trials[20:]]
    # Of draws at random the mean is 1 - (1 / 6 + 2 / 3) / 3 + 0.1 = 0.82.
    assert sum(late) / len(late) > 0.95


def test_refused_candidates_teach_a_search_what_is_out_of_budget():
    made = study(*THREE, sampler="tpe", trials=60)
    state = State()
    for number in range(60):
        values = SAMPLERS["tpe"].propose(made, state)
        large = values["design.conv1.out_channels"] > 4
        figures = {"validation_accuracy": values["design.conv1.out_channels"] / 8}
        ended = Ended(trial=number, replicate=0, outcome="finished", figures=figures)
        state.trials.append(
            Trial(number, values, {}, "too large" if large else "", [Training(ended=ended)])
        )
    refused = [bool(each.refusal) for each in state.trials]
    assert sum(refused[:15]) >= 5
    assert sum(refused[-20:]) <= 8  # by chance 4 of 7 are: 11 or 12


def test_without_optuna_a_search_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(DesignerError, match=r"pip install 'netdesigner\[search\]'"):
        searching.required()
