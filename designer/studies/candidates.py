"""Candidates of a study: the design and the recipe that values of its fields stand for."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from designer.analysis.accounting.totals import Totals
from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.problems import Severity
from designer.design.values import Design
from designer.errors import DesignerError
from designer.recipe.misfits import conflict
from designer.recipe.recipe import Recipe
from designer.runs import own_layers
from designer.studies.fields import changes_of, with_values
from designer.studies.goals import GOALS
from designer.studies.spec import Budget, Choice, Study


@dataclass(frozen=True)
class Candidate:
    """What values of the varied fields stand for.

    Attributes
    ----------
    design, recipe
        With the values; None if a field refuses its value.
    costs
        What the network costs, by the names of `spec.Budget`; empty if the design has errors.
    refusal
        Why it cannot or must not be trained, as a sentence; "" if it may be.
    """

    design: Design | None
    recipe: Recipe | None
    costs: Mapping[str, float]
    refusal: str


def candidate(
    study: Study, values: Mapping[str, Choice], designs: Mapping[str, Design], recipe: Recipe
) -> Candidate:
    """Return the candidate of some values, examined but not trained.

    Parameters
    ----------
    study
        The study.
    values
        The value of each varied field by its name; of variants, the title.
    designs
        The study's designs by the names of their files; "" is its own.
    recipe
        The recipe of the study.
    """
    try:
        file, changes = changes_of(study, values)
        design, recipe = with_values(designs[file], recipe, changes)
    except DesignerError as error:
        return Candidate(None, None, {}, str(error))
    analysis = own_layers.analyzed(design)
    if wrong_design := error_of(analysis):
        return Candidate(design, recipe, {}, f"The design cannot be built: {wrong_design}.")
    costs = costs_of(analysis.totals, recipe)
    refusal = over_budget(study.budget, costs)
    if not refusal:
        refusal = training.refusal(analysis, recipe.batch, targets=recipe.data.targets)
    if not refusal and (wrong := conflict(recipe)):
        refusal = wrong.sentence
    return Candidate(design, recipe, costs, refusal)


def error_of(analysis: Analysis) -> str:
    """Return the first error of a design, without a full stop; "" if it is valid."""
    if analysis.valid:
        return ""
    errors = [each.message for each in analysis.problems if each.severity is Severity.ERROR]
    return errors[0].rstrip(".") if errors else "its own layer types are not trusted"


def costs_of(totals: Totals, recipe: Recipe) -> dict[str, float]:
    """Return what a network costs, by the names of `spec.Budget`."""
    memory = totals.training_bytes(
        recipe.optimizer,
        recipe.batch,
        copies=recipe.averaging.copies,
        accumulates=recipe.batches_are_accumulated,
    )
    return {
        "parameters": totals.parameters,
        "macs": totals.macs,
        "training_bytes": memory,
        "file_bytes": totals.file_bytes,
    }


def over_budget(budget: Budget, costs: Mapping[str, float]) -> str:
    """Return a sentence on the first cost beyond the budget; "" if there is none."""
    for name, limit in msgspec.structs.asdict(budget).items():
        if limit is not None and costs[name] > limit:
            title, unit = GOALS[name].title, GOALS[name].unit
            of = f"bytes of {title}" if unit == "bytes" else title
            return f"It has {costs[name]:,.0f} {of}, beyond the budget of {limit:,.0f}."
    return ""
