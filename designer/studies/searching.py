"""Searching with Optuna: what the journal knows is told to it, and it proposes the next candidate.

Optuna keeps nothing itself: the journal of the study is the only record, so that a killed study, or
several processes with the same folder, need no second one.
"""

import logging
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from designer.errors import DesignerError
from designer.studies.goals import GOALS
from designer.studies.grids import Values, choices_of
from designer.studies.journal import State, Trial
from designer.studies.spec import Study, Varied

if TYPE_CHECKING:
    import optuna

_STARTUP = 10  # candidates drawn at random before the search begins
_POPULATION = 16


def required() -> Any:
    """Return Optuna.

    Raises
    ------
    DesignerError
        It is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise DesignerError(
            "Searching needs Optuna: install it with pip install 'netdesigner[search]', or take "
            "the sampler grid or random."
        ) from error
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna


def propose(study: Study, state: State) -> Values:
    """Return the values of the next candidate.

    Trials that are being trained count with a poor result, so that processes at the same time do
    not propose the same; refused candidates count as worse than all that were trained.

    Raises
    ------
    DesignerError
        Optuna is not installed.
    """
    optuna = required()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of options that Optuna calls experimental
        search = optuna.create_study(
            directions=["maximize" if GOALS[name].larger else "minimize" for name in study.goals],
            sampler=_sampler(study, state),
        )
        search.add_trials(list(told(study, state)))
        asked = search.ask(distributions(study))
    named = {each.name: each for each in study.varied}
    return {name: _value(named[name], value) for name, value in asked.params.items()}


def _sampler(study: Study, state: State) -> "optuna.samplers.BaseSampler":
    import optuna

    seed = (study.seed * 1_000_003 + len(state.trials)) % 2**32
    if study.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(
            population_size=_POPULATION, seed=seed, constraints_func=_constraints
        )
    return optuna.samplers.TPESampler(
        seed=seed,
        n_startup_trials=_STARTUP,
        multivariate=True,
        constant_liar=True,
        constraints_func=_constraints,
    )


def _constraints(trial: "optuna.trial.FrozenTrial") -> tuple[float, ...]:
    """Return above 0 for a candidate that was refused."""
    return (float(trial.user_attrs.get("refused", 0)),)


def distributions(study: Study) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return what the fields of a study may be, as Optuna describes it."""
    import optuna

    found: dict[str, optuna.distributions.BaseDistribution] = {}
    for each in study.varied:
        given = each.range
        if given is None:
            # Optuna takes plain values only, so that each choice goes by its position.
            count = len(choices_of(each))
            found[each.name] = optuna.distributions.CategoricalDistribution(list(range(count)))
        elif given.whole:
            found[each.name] = optuna.distributions.IntDistribution(
                int(given.low), int(given.high), log=given.log, step=int(given.step or 1)
            )
        else:
            found[each.name] = optuna.distributions.FloatDistribution(
                given.low, given.high, log=given.log, step=given.step
            )
    return found


def _value(varied: Varied, number: Any) -> Any:
    return number if varied.range is not None else choices_of(varied)[number]


def number(varied: Varied, value: Any) -> Any:
    """Return a value of a field as Optuna knows it; see `distributions`."""
    return value if varied.range is not None else list(choices_of(varied)).index(value)


def told(study: Study, state: State) -> "Iterator[optuna.trial.FrozenTrial]":
    """Yield the candidates of a study as trials of Optuna."""
    import optuna

    known = distributions(study)
    named = {each.name: each for each in study.varied}
    states = optuna.trial.TrialState
    for trial in state.trials:
        params = {name: number(named[name], value) for name, value in trial.values.items()}
        found: dict[str, Any] = {"params": params, "distributions": known}
        attributes: dict[str, Any] = {"refused": 1} if trial.refusal else {}
        if trial.refusal or trial.ended:
            values = [mean_figure(trial, name) for name in study.goals]
            if trial.refusal or not all(map(math.isfinite, values)):
                attributes["refused"] = 1
                values = [_worst(name) for name in study.goals]
            # The constraints of a trial that is added are read from here.
            system = {"constraints": (float(attributes.get("refused", 0)),)}
            yield optuna.trial.create_trial(
                state=states.COMPLETE,
                values=values,
                user_attrs=attributes,
                system_attrs=system,
                **found,
            )
        else:
            yield optuna.trial.create_trial(state=states.RUNNING, **found)


def mean_figure(trial: Trial, goal: str) -> float:
    """Return the mean of a figure over the trainings of a trial; NaN if one does not have it."""
    if goal in trial.costs:
        return trial.costs[goal]
    ended = [each.ended for each in trial.trainings if each.ended is not None]
    values = [each.figures.get(goal, math.nan) for each in ended]
    return sum(values) / len(values) if values else math.nan


def _worst(goal: str) -> float:
    return -1e9 if GOALS[goal].larger else 1e9
