"""Why a sound design cannot be trained, as a problem in the list of those of the design."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from designer.analysis.problems import Fix, Problem, Severity
from designer.recipe.recipe import Recipe

if TYPE_CHECKING:
    from designer.doctor.advice import Advice, Remedy

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


def advice_problem(advice: "Advice") -> Problem:
    """Return what the doctor says as a problem, whose code is the key of the condition."""
    path, block, node = advice.location
    return Problem(
        advice.key,
        advice.text,
        path,
        block,
        node,
        severity=Severity(advice.severity),
        fixes=tuple([remedy_fix(each) for each in advice.remedies]),
    )


def remedy_fix(remedy: "Remedy") -> Fix:
    """Return the fix of a remedy: its own, or the change of the recipe."""
    return remedy.fix or recipe_fix(remedy.label, remedy.recipe)


def is_advice(problem: Problem) -> bool:
    """Return whether a problem is what the doctor says, which can be silenced by its code."""
    return problem.severity in (Severity.ADVICE, Severity.EXPLANATION)
