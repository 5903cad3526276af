"""Why a sound design cannot be trained, as a problem in the list of those of the design."""

from collections.abc import Callable
from dataclasses import dataclass

from designer.analysis.problems import Fix, Problem, Severity
from designer.recipe.recipe import Recipe

CODE = "training"
"""The code of such a problem. Its node is empty, as it lies in the data or in the recipe."""


@dataclass(frozen=True, slots=True)
class RecipeFix(Fix):
    """A change of the recipe, which leaves the design as it is."""

    change: Callable[[Recipe], Recipe]


def recipe_fix(label: str, change: Callable[[Recipe], Recipe]) -> RecipeFix:
    """Return the fix that changes the recipe; its edit changes nothing."""
    return RecipeFix(label, lambda design: design, change)


def training_problem(message: str, fixes: tuple[Fix, ...], *, warning: bool = False) -> Problem:
    """Return why the design cannot be trained, or trains badly, with its data and recipe."""
    severity = Severity.WARNING if warning else Severity.ERROR
    return Problem(CODE, message, severity=severity, fixes=fixes)


def is_of_training(problem: Problem) -> bool:
    """Return whether a problem lies in the data or the recipe and not in the design."""
    return problem.code == CODE
