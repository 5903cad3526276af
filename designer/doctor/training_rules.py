"""What speaks against a training before it begins, in its recipe, its data and its device."""

from collections.abc import Iterable

from designer.analysis.assist.inputs import text_length
from designer.analysis.report.formatting import size
from designer.doctor.advice import Advice, Remedy, setting
from designer.doctor.case import Case

_STEPS = 500
"""Fewer steps than these are few for a network that starts from random weights."""
_SMALL_BATCH = 64
_MULTIPLE = 8  # of the batch, that tensor cores need


def unbalanced_classes(case: Case) -> Iterable[Advice]:
    """Find classes of which one occurs ten times more often than another."""
    for found in case.data.findings if case.data is not None else ():
        if found.code == "imbalance" and found.kind == "warning":
            yield Advice(
                sentence=found.sentence.removeprefix(found.facts).strip(),
                evidence=found.facts,
                remedies=tuple(
                    [Remedy(label=each.label, settings=each.settings) for each in found.choices]
                ),
            )


def leak(case: Case) -> Iterable[Advice]:
    """Find images of equal content in two parts; a text may well repeat itself."""
    if case.analysis is not None and text_length(case.analysis):
        return
    shared = case.data.shared if case.data is not None else {}
    for (first, second), count in shared.items():
        if not count:
            continue
        are = "image is" if count == 1 else "images are"
        yield Advice(
            sentence=f"{count:,} {are} in the {first} and in the {second} part: a network that "
            "remembers them seems to be better than it is. Remove the copies in the Data window, "
            "or take another split.",
            evidence=f"Found by the hashes of the contents: {count:,} in common.",
        )


def batch_no_multiple_of_8(case: Case) -> Iterable[Advice]:
    """Find a batch that leaves tensor cores of a GPU unused."""
    recipe, device = case.recipe, case.device
    if recipe is None or device is None or device.key != "cuda" or not recipe.batch % _MULTIPLE:
        return
    nearest = max(_MULTIPLE, round(recipe.batch / _MULTIPLE) * _MULTIPLE)
    yield Advice(
        sentence=f"A batch that is no multiple of {_MULTIPLE} may take a GPU longer than the next "
        "larger one that is, since it computes in blocks of that size.",
        evidence=f"The batch is {recipe.batch:,}, and the device is {device.name or 'a GPU'}.",
        remedies=setting(recipe, f"set the batch to {nearest:,}", batch=nearest),
    )


def memory(case: Case) -> Iterable[Advice]:
    """Find more memory than the device has free."""
    recipe, device = case.recipe, case.device
    if recipe is None or device is None or not device.free or device.needed <= device.free:
        return
    largest = device.largest_batch
    smaller = largest // _MULTIPLE * _MULTIPLE or largest
    remedies: tuple[Remedy, ...] = ()
    if smaller:
        remedies = setting(recipe, f"set the batch to {smaller:,}", batch=smaller)
    yield Advice(
        sentence=f"The training needs more memory than {device.name or device.key} has free"
        + ("." if smaller else ", even with a batch of one image: take a smaller network."),
        evidence=f"A batch of {recipe.batch:,} takes about {size(device.needed)}; "
        f"{size(device.free)} is free.",
        remedies=remedies,
    )


def too_few_steps(case: Case) -> Iterable[Advice]:
    """Find few steps in the whole training where each learns from many images."""
    recipe, run = case.recipe, case.run
    if recipe is None or run is None or recipe.initial_weights:
        return
    steps, images = run.planned_steps, recipe.step_images
    if not 0 < steps < _STEPS or images is None or images <= _SMALL_BATCH:
        return
    fewer = images
    while fewer > 8 and steps * images / fewer < _STEPS:
        fewer //= 2
    batch, accumulation = min(fewer, recipe.batch), max(1, fewer // recipe.batch)
    rate = recipe.optimizer.learning_rate * batch * accumulation / images
    smaller = (
        f"set the batch to {batch:,}"
        if accumulation == recipe.accumulation
        else f"learn from {batch * accumulation:,} images a step"
    )
    epochs = -(-recipe.epochs * _STEPS // steps)
    yield Advice(
        sentence="The training has few steps, since each takes a large batch: the weights change "
        "too seldom to go far from where they begin.",
        evidence=f"{steps:,} steps in all, each with {images:,} images.",
        remedies=(
            *setting(
                recipe,
                f"{smaller} and set the rate to {rate:.3g}",
                batch=batch,
                accumulation=accumulation,
                optimizer__learning_rate=rate,
            ),
            *setting(recipe, f"train for {epochs:,} epochs", epochs=epochs),
        ),
    )
