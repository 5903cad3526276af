"""How evenly the classes of a data set are represented, and what to do where they are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.data.findings import Choice, Finding
from designer.data.parts import Part
from designer.data.targets import Target
from designer.recipe.losses import LOSSES
from designer.recipe.recipe import Recipe

MOST = 10
"""From this ratio of the most to the least frequent class on, a part is unbalanced."""

PART_TITLES = {"train": "training", "validation": "validation", "test": "test"}
_NAMED = 5  # classes that a sentence names


@dataclass(frozen=True)
class Balance:
    """How often the classes, or the labels, of a part occur.

    Attributes
    ----------
    most, least
        The most and the least frequent class that occurs, each with its count.
    rare
        The classes that occur more than `MOST` times less often than the most frequent one, the
        rarest first.
    missing
        The classes that do not occur, but do in another part.
    """

    most: tuple[str, int]
    least: tuple[str, int]
    rare: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """How many times more often the most frequent class occurs than the least frequent."""
        return self.most[1] / self.least[1]

    @property
    def unbalanced(self) -> bool:
        """Whether a network would learn much more of some classes than of others."""
        return self.ratio > MOST


def class_counts(part: Part, target: Target) -> NDArray[np.int64]:
    """Return how many examples of a part have each class or label, int64 (classes,).

    There are none for numbers and inputs.
    """
    if target.kind not in ("classes", "labels"):
        return np.zeros(0, np.int64)
    if target.kind == "labels":
        return np.asarray(part.labels.sum(axis=0), np.int64)
    return np.bincount(part.labels, minlength=target.outputs).astype(np.int64)


def balances(target: Target, counts: Mapping[str, Sequence[int]]) -> dict[str, Balance]:
    """Return the balance of each part in which a class occurs; of none for numbers.

    Parameters
    ----------
    target
        The classes or labels.
    counts
        How often each occurs, by the name of the part.
    """
    if target.kind == "numbers" or not counts:
        return {}
    anywhere = np.sum([np.asarray(each) for each in counts.values()], axis=0) > 0
    found = {}
    for part, numbers in counts.items():
        row = np.asarray(numbers)
        occurring = np.flatnonzero(row)
        if not len(occurring):
            continue
        ascending = occurring[np.argsort(row[occurring], kind="stable")]
        most = int(row.max())
        rare = [int(each) for each in ascending if row[each] * MOST < most]
        found[part] = Balance(
            most=(target.values[int(row.argmax())], most),
            least=(target.values[int(ascending[0])], int(row[ascending[0]])),
            rare=tuple(target.values[each] for each in rare),
            missing=tuple(
                target.values[int(each)] for each in np.flatnonzero((row == 0) & anywhere)
            ),
        )
    return found


def balance_findings(
    name: str,
    target: Target,
    counts: Mapping[str, Sequence[int]],
    recipe: Recipe | None = None,
) -> tuple[Finding, ...]:
    """Return what is said of the balance of a data set.

    Parameters
    ----------
    name
        The name of the data set.
    target, counts
        As of `balances`.
    recipe
        The recipe of the training, which may balance the classes already; the default if None.
    """
    found = balances(target, counts)
    findings = []
    if "train" in found and found["train"].unbalanced:
        findings.append(_imbalance(name, target, found["train"], recipe or Recipe()))
    for part, balance in found.items():
        if balance.missing:
            findings.append(_missing(name, target, part, balance))
    return tuple(findings)


def _imbalance(name: str, target: Target, balance: Balance, recipe: Recipe) -> Finding:
    (most, highest), (least, lowest) = balance.most, balance.least
    noun = "class" if target.kind == "classes" else "label"
    rare = f"The {noun} {balance.rare[0]} is rare"
    if len(balance.rare) > 1:
        plural = "classes" if target.kind == "classes" else "labels"
        rare = f"{len(balance.rare):,} {plural} are rare: {_some(balance.rare)}"
    facts = (
        f"The training part of {name} is unbalanced: {highest:,} images have the {noun} {most} and "
        f"{lowest:,} {'has' if lowest == 1 else 'have'} the {noun} {least}, a ratio of "
        f"{round(balance.ratio):,} to 1. {rare}."
    )
    weighted = recipe.loss.class_weights == "balanced" or bool(recipe.loss.weights)
    if weighted or recipe.data.sampling == "balanced":
        sentence = f"{facts} The recipe balances them."
        return Finding(code="imbalance", sentence=sentence, facts=facts)
    choices = []
    if "class_weights" in LOSSES[recipe.loss.name].settings:
        choices.append(
            Choice(
                label="weigh rare ones more in the loss",
                settings={"loss.class_weights": "balanced"},
            )
        )
    if target.kind == "classes":
        choices.append(
            Choice(label="draw all classes equally often", settings={"data.sampling": "balanced"})
        )
    remedies = ": " * bool(choices) + " or ".join(
        {
            "loss.class_weights": "weigh rare ones more in the loss (loss.class_weights=balanced)",
            "data.sampling": "draw all classes equally often (data.sampling=balanced)",
        }[setting]
        for choice in choices
        for setting in choice.settings
    )
    return Finding(
        code="imbalance",
        sentence=f"{facts} A network learns to prefer frequent ones{remedies}.",
        kind="warning",
        choices=tuple(choices),
        facts=facts,
    )


def _missing(name: str, target: Target, part: str, balance: Balance) -> Finding:
    noun = "class" if target.kind == "classes" else "label"
    if len(balance.missing) > 1:
        noun = "classes" if target.kind == "classes" else "labels"
    said = f"The {PART_TITLES[part]} part of {name} has no image with the {noun}"
    sentence = f"{said} {_some(balance.missing)}, unlike other parts."
    if part == "train":
        sentence += " A network cannot learn what it never sees: add training images."
    return Finding(
        code=f"missing-in-{part}",
        sentence=sentence,
        kind="warning" if part == "train" else "note",
    )


def _some(names: tuple[str, ...]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
