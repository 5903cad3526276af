"""Ensembles: chosen runs, or checkpoints of one run, whose probabilities are averaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from designer.analysis.analysis import Analysis
from designer.design import files
from designer.errors import DesignerError
from designer.recipe.losses import LOSSES
from designer.recipe.recipe import Recipe
from designer.runs import own_layers, trusted_code
from designer.runs.evaluation_record import meaning_of
from designer.runs.folder import RunFolder
from designer.runs.inspection import EPOCH, MARK, Subject, member_name, recipe_of
from designer.runs.network import InputInfo, shown_inputs
from designer.runs.preprocessing import InputPreprocessing, Preprocessing

Form = Literal["logits", "probabilities", "values"]
"""What the outputs of a network are where they are averaged: logits, of which softmax or sigmoid
make probabilities first; probabilities; or values, which are averaged as they are."""

_TARGETS = ("classes", "labels", "numbers")
_DIGITS = 20  # of the number of an epoch; Python refuses to read one of thousands


class Ensemble(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several networks that predict as one: the mean of their probabilities, or of their numbers.

    Attributes
    ----------
    members
        The networks, each a run with its weights.
    """

    members: tuple[Subject, ...]

    @property
    def name(self) -> str:
        """What files and titles call it."""
        return f"ensemble of {len(self.members)}"


@dataclass(frozen=True, eq=False)
class Member:
    """What is known of a member without its weights.

    Attributes
    ----------
    subject
        Its run, and which weights.
    analysis, recipe, preprocessing
        Of its run.
    form
        What its outputs are.
    """

    subject: Subject
    analysis: Analysis
    recipe: Recipe
    preprocessing: Preprocessing
    form: Form

    @property
    def name(self) -> str:
        """The name of its run, with the epoch unless that is the best one."""
        return member_name(self.subject)


def of_runs(runs: Sequence[RunFolder]) -> Ensemble:
    """Return runs with their best weights as an ensemble, or the epochs that a single run kept."""
    if len(runs) > 1:
        return Ensemble(members=tuple(Subject(run=str(run.path)) for run in runs))
    (run,) = runs
    weights = [f"{EPOCH}{epoch}" for epoch in run.kept_epochs() if epoch]
    return Ensemble(members=tuple(Subject(run=str(run.path), weights=each) for each in weights))


def weights_named(text: str) -> str:
    """Return the weights that stand behind the @ of a member, as `Subject` has them.

    Parameters
    ----------
    text
        ``best``, ``last`` or the number of an epoch whose weights were kept.
    """
    return f"{EPOCH}{text.lstrip('0') or '0'}" if text.isdecimal() else text


def read_members(ensemble: Ensemble) -> list[Member]:
    """Return what is known of the members of an ensemble, which go together.

    Raises
    ------
    DesignerError
        There are fewer than two, or one is named twice; a run cannot be read or has not these
        weights; members have other inputs, or predict something else.
    """
    members = ensemble.members
    if len(members) < 2:
        raise DesignerError(
            "An ensemble has two members or more: name further runs, or epochs of one run whose "
            f"weights were kept, as in my-run{MARK}20 my-run{MARK}40."
        )
    for number, subject in enumerate(members):
        if subject in members[:number]:
            raise DesignerError(
                f"{member_name(subject)} is named twice, which would give it twice the weight: "
                "name each member once."
            )
        _require_weights(subject)
    found = [_read(subject) for subject in members]
    for other in found[1:]:
        _require_same_answers(found[0], other)
        _require_same_inputs(found[0], other)
    return found


def _require_weights(subject: Subject) -> None:
    run = RunFolder.open(Path(subject.run))
    if not subject.weights.startswith(EPOCH):
        if not (run.best.exists() or run.last.exists()):
            raise run.no_checkpoint()
        return
    number = subject.weights.removeprefix(EPOCH)
    kept = run.kept_epochs()
    if len(number) > _DIGITS or int(number) not in kept:
        there = ", ".join(map(str, kept))
        remedy = (
            f"it kept those of {there}"
            if kept
            else "a training keeps them with the setting keep_checkpoints"
        )
        raise DesignerError(f"{run.path.name} has no weights of epoch {number}: {remedy}.")


def _read(subject: Subject) -> Member:
    run = RunFolder.open(Path(subject.run))
    design = files.read(run.design)
    trusted_code.require(design)
    analysis = own_layers.analyzed(design)
    recipe, preprocessing = recipe_of(subject), run.preprocessing()
    if preprocessing.targets not in _TARGETS:
        what = "its input" if preprocessing.targets == "input" else "the next tokens of a text"
        raise DesignerError(
            f"{member_name(subject)} predicts {what}, but the members of an ensemble predict "
            "classes, labels or numbers: choose other runs."
        )
    form: Form = meaning_of(analysis, recipe, preprocessing)
    if form == "logits" and not LOSSES[recipe.loss.name].logits:
        form = "values"
    return Member(subject, analysis, recipe, preprocessing, form)


def _names(preprocessing: Preprocessing) -> tuple[str, ...]:
    return preprocessing.classes or preprocessing.labels or preprocessing.numbers


def _require_same_answers(first: Member, other: Member) -> None:
    """Refuse a member that predicts something else than the first one."""
    kinds = [each.preprocessing.targets for each in (first, other)]
    if kinds[0] != kinds[1]:
        raise DesignerError(
            f"{other.name} predicts {kinds[1]}, but {first.name} {kinds[0]}: choose runs that "
            "predict the same."
        )
    ours, theirs = _names(first.preprocessing), _names(other.preprocessing)
    if ours != theirs:
        raise DesignerError(
            f"{_difference(ours, theirs, first.name, other.name, kinds[0])}: choose runs that were "
            f"trained with the same {kinds[0]} in the same order."
        )
    if (first.form == "values") != (other.form == "values"):
        plain, probable = (first, other) if first.form == "values" else (other, first)
        raise DesignerError(
            f"{plain.name} was trained with {LOSSES[plain.recipe.loss.name].title} and gives no "
            f"probabilities, while {probable.name} does: choose runs with losses of one kind."
        )


def _difference(
    ours: Sequence[str], theirs: Sequence[str], first: str, other: str, kind: str
) -> str:
    """Return how the outputs of two members differ, as the beginning of a sentence."""
    if len(ours) != len(theirs):
        return f"{other} predicts {len(theirs):,} {kind}, but {first} {len(ours):,}"
    if sorted(ours) == sorted(theirs):
        return f"{other} has the {kind} of {first} in another order"
    number = next(i for i, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1])
    return (
        f"{other} predicts other {kind} than {first}: number {number + 1} is {theirs[number]} "
        f"instead of {ours[number]}"
    )


def _require_same_inputs(first: Member, other: Member) -> None:
    """Refuse a member that takes something else than the first one."""
    ours, theirs = first.preprocessing, other.preprocessing
    if _input(ours) == _input(theirs):
        return
    words = [_shown(each) for each in (ours, theirs)]
    if words[0] == words[1]:
        raise DesignerError(
            f"{other.name} takes other columns of a table, or other values, than {first.name}: "
            "choose runs that were trained with the same data."
        )
    raise DesignerError(
        f"{other.name} takes {words[1]}, but {first.name} {words[0]}: choose runs with the same "
        "inputs."
    )


def _input(given: Preprocessing) -> object:
    """Return what the inputs of members must have in common: all but how they are standardized."""
    return given.input, tuple(unstandardized(each) for each in given.inputs)


def unstandardized(given: InputPreprocessing) -> InputPreprocessing:
    """Return the preprocessing of an input without mean and deviation."""
    return msgspec.structs.replace(given, mean=(), deviation=())


def _shown(given: Preprocessing) -> str:
    if given.input:
        return f"pictures of {'×'.join(map(str, given.input))}"
    return shown_inputs(
        [
            InputInfo(name=each.name, shape=each.shape, integer=each.integer, axis=each.axis)
            for each in given.inputs
        ]
    )
