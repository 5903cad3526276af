"""How much of the differences in a figure is due to each field."""

import math
import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from designer.errors import DesignerError
from designer.studies.answers import wording
from designer.studies.answers.effects import is_number, key_of
from designer.studies.answers.table import Row, Table
from designer.studies.goals import GOALS
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Choice

_FEW = 10  # candidates for each field, below which the shares mean little
_MOST_VALUES = 6  # numbers of more different values are put into groups
_GROUPS = 4  # as many groups, with as many candidates each
_LEAST_FOR_OPTUNA = 20  # candidates, of whose best tenth PED-ANOVA makes a distribution


@dataclass(frozen=True)
class Importance:
    """The importance of each field.

    Attributes
    ----------
    shares
        By the names of the fields, each from 0 to 1; empty if nothing can be said.
    sentence
        What the shares are, and how much they mean.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""


def importance(table: Table, goal: str) -> Importance:
    """Return how much of the differences in a figure between candidates each field explains.

    Of a grid, the shares are those of the main effects in the variance. Of random candidates and
    searches, Optuna's PED-ANOVA (Watanabe et al., 2023) judges what tells the best candidates from
    the others, if it is installed.

    Parameters
    ----------
    table
        The study's table.
    goal
        The name of the figure.
    """
    title = GOALS[goal].title
    rows = [row for row in table.finished if math.isfinite(row.mean(goal))]
    names = [each.name for each in table.study.varied]
    if not names:
        return Importance(sentence="No field varies in this study.")
    values = [row.mean(goal) for row in rows]
    if len(rows) < 3:
        return Importance(
            sentence="The importance of fields needs 3 or more finished candidates with a "
            f"{title}; so far there {'is' if len(rows) == 1 else 'are'} {len(rows)}."
        )
    if min(values) == max(values):
        return Importance(sentence=f"All candidates have the same {title}.")
    if SAMPLERS[table.study.sampler].endless and len(rows) >= _LEAST_FOR_OPTUNA:
        shares = _ped_anova(table, rows, goal)
        if shares is not None:
            return Importance(
                shares,
                f"Importance by PED-ANOVA of Optuna: how far the values of the best tenth of the "
                f"{len(rows):,} candidates differ from those of all, as shares of the sum over all "
                f"fields.{_caution(len(rows), len(names))}",
            )
    return _main_effects(rows, names, goal)


def _main_effects(rows: Sequence[Row], names: Sequence[str], goal: str) -> Importance:
    """Return the shares of the main effects in the variance between candidates (eta squared)."""
    values = [row.mean(goal) for row in rows]
    mean = math.fsum(values) / len(values)
    whole = math.fsum((value - mean) ** 2 for value in values)
    shares, chances = {}, []
    for name in names:
        groups: dict[Hashable, list[float]] = {}
        for key, value in zip(_groups([row.values[name] for row in rows]), values, strict=True):
            groups.setdefault(key, []).append(value)
        between = math.fsum(
            len(each) * (math.fsum(each) / len(each) - mean) ** 2 for each in groups.values()
        )
        shares[name] = between / whole
        if len(groups) > 1:
            chances.append((len(groups) - 1) / (len(rows) - 1))
    if not chances:
        return Importance(sentence="All finished candidates have the same values.")
    if min(chances) == 1:
        return Importance(
            sentence="Each candidate has a value of its own in every field, so that no share can "
            "be told: see the effect of a field, or vary several fields in a grid."
        )
    low, high = f"{100 * min(chances):.0f}", f"{100 * max(chances):.0f}"
    chance = f"{low} %" if low == high else f"{low} to {high} %"
    left = max(0.0, 1 - sum(shares.values()))
    return Importance(
        shares,
        f"Share of the variance in {GOALS[goal].title} between the {len(rows):,} candidates that "
        f"the values of a field explain by themselves (main effects); {100 * left:.0f} % is left "
        f"for combinations of fields and chance. A field that does nothing gets about {chance} by "
        f"chance.{_caution(len(rows), len(names))}",
    )


def _caution(rows: int, fields: int) -> str:
    if rows >= _FEW * fields:
        return ""
    return (
        f" With {rows:,} candidates for {wording.counted(fields, 'field')}, this is a rough hint."
    )


def _groups(values: Sequence[Choice]) -> list[Hashable]:
    """Return a group for each value: the value itself, or its quarter if there are many numbers."""
    keys = [key_of(value) for value in values]
    if len(set(keys)) <= _MOST_VALUES or not all(map(is_number, values)):
        return keys
    ascending = sorted(float(value) for value in values)
    ends = [ascending[len(ascending) * part // _GROUPS] for part in range(1, _GROUPS)]
    return [sum(float(value) >= end for end in ends) for value in values]


def _ped_anova(table: Table, rows: Sequence[Row], goal: str) -> dict[str, float] | None:
    """Return Optuna's importances; None if it is not installed or cannot tell."""
    from designer.studies import searching

    try:
        optuna = searching.required()
    except DesignerError:
        return None
    known = searching.distributions(table.study)
    varied = {each.name: each for each in table.study.varied}
    direction = "maximize" if GOALS[goal].larger else "minimize"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Optuna calls experimental
        study = optuna.create_study(direction=direction)
        try:
            for row in rows:
                params = {
                    name: searching.number(varied[name], value)
                    for name, value in row.values.items()
                }
                study.add_trial(
                    optuna.trial.create_trial(
                        params=params, distributions=known, value=row.mean(goal)
                    )
                )
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        except (ValueError, RuntimeError, ImportError):  # such as too few different candidates
            return None
    shares = {name: float(found.get(name, 0.0)) for name in varied}
    return shares if all(map(math.isfinite, shares.values())) else None
