"""Evaluating an ensemble: what each member says of an image, and the mean of that."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from designer.engine.evaluation import Predictions, predictions_of
from designer.engine.inspect.evaluating import Choice, Evaluated, chosen_data, evaluator_of
from designer.engine.inspect.evaluation_data import EvaluationData, in_training
from designer.engine.inspect.subject import Loaded, load
from designer.engine.passes import Mean, mean_of_classes, mean_of_labels, mean_of_values
from designer.recipe.losses import Targets
from designer.recipe.reading import changed
from designer.runs.ensembles import Ensemble, Form, Member, read_members
from designer.runs.evaluation_record import MemberRecord
from designer.runs.folder import RunFolder


def evaluate(
    ensemble: Ensemble,
    choice: Choice,
    *,
    device: str = "auto",
    progress: Callable[[float], None] = lambda _: None,
) -> Evaluated:
    """Evaluate an ensemble on the data of its first member, or on any other data.

    One member after another predicts all images, so that the memory of the device holds few of
    them at once. Each gets the images as its own training preprocessed them, and is asked with the
    views of its own recipe. The mean is decided about and measured as the first member is: with its
    thresholds and its loss.

    Parameters
    ----------
    ensemble
        The networks.
    choice
        What is evaluated, and how.
    device
        As the recipe's setting of this name.
    progress
        Called with the share that is done.

    Returns
    -------
    Evaluated
        Its record has the members, each with its own loss and accuracy.

    Raises
    ------
    DesignerError
        Members do not go together, see `read_members`, or the data cannot be evaluated.
    """
    members = read_members(ensemble)
    progress(0.0)
    first = load(ensemble.members[0], device=device)
    data = chosen_data(first, choice, anew=True)
    outputs: list[Tensor] = []
    records: list[MemberRecord] = []
    notes: list[str] = [*data.notes]
    for number, member in enumerate(members):
        loaded = load(member.subject, device=device)
        recipe = changed(member.recipe, choice.asking)
        evaluator = evaluator_of(loaded, recipe, batch=choice.batch)
        with evaluator.images(data.part, data.path) as images:
            found = evaluator.predictions(images, progress=_of_one(progress, number, len(members)))
        outputs.append(torch.from_numpy(found.outputs))
        records.append(_record(loaded, found))
        notes += [*loaded.notes, evaluator.passes.note, _trained_on(member, members[0], data)]
    evaluator = evaluator_of(first, changed(members[0].recipe, choice.asking), batch=choice.batch)
    kind, targets = first.preprocessing.targets, torch.from_numpy(found.targets)
    combined = mean_output(outputs, [each.form for each in members], kind)
    found = predictions_of(
        combined.to(first.device),
        targets.to(first.device),
        evaluator.objective,
        evaluator.decisions,
        batch=evaluator.batch,
    )
    record = evaluator.record(
        found,
        part=data.name,
        notes=tuple(dict.fromkeys(filter(None, notes))),
        data=data.data,
        source=data.source,
        weights=records[0].weights if len({each.weights for each in records}) == 1 else "",
        members=tuple(records),
    )
    return Evaluated(found, record)


def _of_one(progress: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    """Return what is told the share of one member that is done, and tells that of all."""
    return lambda share: progress((number + share) / count)


def mean_output(outputs: Sequence[Tensor], forms: Sequence[Form], targets: Targets) -> Tensor:
    """Return the outputs of an ensemble, (n, k), in the form of those of its first member.

    The mean is that of the probabilities: where the first member gives logits, those are returned
    of which softmax or sigmoid make the mean.

    Parameters
    ----------
    outputs
        Of each member, (n, k).
    forms
        What the outputs of each are: values of all members, or logits and probabilities.
    targets
        What they stand for.
    """
    mean: Mean = mean_of_values
    pairs = zip(outputs, forms, strict=True)
    if forms[0] == "logits":
        mean = mean_of_classes if targets == "classes" else mean_of_labels
        alike = [each if form == "logits" else _logits(each, targets) for each, form in pairs]
    else:
        alike = [
            _probabilities(each, targets) if form == "logits" else each for each, form in pairs
        ]
    return mean(torch.stack(alike))


def _probabilities(logits: Tensor, targets: Targets) -> Tensor:
    return logits.softmax(-1) if targets == "classes" else logits.sigmoid()


def _logits(probabilities: Tensor, targets: Targets) -> Tensor:
    least = torch.finfo(probabilities.dtype).tiny
    if targets == "classes":
        return probabilities.clamp(min=least).log()
    return probabilities.clamp(min=least).log() - (1 - probabilities).clamp(min=least).log()


def _record(loaded: Loaded, found: Predictions) -> MemberRecord:
    loss = found.metrics.loss
    return MemberRecord(
        run=RunFolder(Path(loaded.subject.run)).path.name,
        weights=loaded.subject.weights,
        epoch=loaded.epoch,
        loss=loss if math.isfinite(loss) else None,
        accuracy=found.metrics.accuracy,
    )


def _trained_on(member: Member, first: Member, data: EvaluationData) -> str:
    """Return a sentence on evaluated images that a member was trained on, "" without any.

    The first member's own data are divided as for its training, so that only others can have
    learned from what it did not; those of another data set were looked through for it already.
    """
    if data.name == "train" or member.subject.run == first.subject.run:
        return ""
    runs = [RunFolder(Path(each.subject.run)) for each in (first, member)]
    try:
        divided = [run.examples_file.read_bytes() for run in runs]
    except OSError:  # of an earlier version
        return ""
    if divided[0] == divided[1]:
        return ""
    return in_training(member.subject.run, data.part)
