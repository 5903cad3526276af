"""Settings of a recipe that fit neither each other nor the targets of its data, with what helps."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from designer.recipe.augmentations import active
from designer.recipe.command_line import text_of
from designer.recipe.losses import LOSSES, Targets
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.recipe import Recipe, fields, value_of

_EACH: dict[Targets, str] = {
    "classes": "class",
    "labels": "label",
    "numbers": "number",
    "input": "value",
    "tokens": "token",
}


_WITH_FULL_BATCH: Mapping[str, tuple[Any, str]] = {
    "accumulation": (1, "which takes all training images in one step already"),
    "precision": ("float32", "whose line search needs exact values of the loss"),
    "gradient_clipping": (None, "which needs the gradient as it is"),
    "gradient_clipping_value": (None, "which needs the gradient as it is"),
    "loss.center_weight": (0.0, "whose line search needs centers that stay"),
    "regularization.l1": (0.0, "which needs a smooth loss"),
}
"""Settings that have one value with an optimizer of full batches: that value, and why."""


class Misfit(NamedTuple):
    """A setting that does not fit the data, or another setting.

    Attributes
    ----------
    sentence
        What does not fit, and what helps.
    setting, value
        The dotted name of the setting, and a value that fits.
    remedy
        Title of the button that sets it.
    """

    sentence: str
    setting: str
    value: Any
    remedy: str


def indivisible(recipe: Recipe, processes: int) -> str | None:
    """Return a sentence on a recipe whose batches several processes cannot share, else None."""
    if processes == 1:
        return None
    if recipe.step_images is None:
        return (
            f"optimizer.name is {recipe.optimizer.name}, which does not go with several processes, "
            "as it looks at all training images in one step: train with one process, or choose "
            "another optimizer."
        )
    rest = recipe.batch % processes
    if not rest:
        return None
    fitting = [each for each in (recipe.batch - rest, recipe.batch - rest + processes) if each]
    return (
        f"A batch of {recipe.batch} cannot be divided among {processes} processes: choose a "
        f"multiple of {processes}, such as {' or '.join(map(str, fitting))}."
    )


def conflict(recipe: Recipe) -> Misfit | None:
    """Return the first setting that does not go with another one, None if all do."""
    if recipe.data.resampling == "folds" and recipe.data.fold > recipe.data.folds:
        text = (
            f"data.fold is {recipe.data.fold:,}, but there are only {recipe.data.folds:,} folds: "
            f"hold out one of the folds 1 to {recipe.data.folds:,}."
        )
        return Misfit(text, "data.fold", 1, "hold out the first fold")
    row = OPTIMIZERS[recipe.optimizer.name]
    for name, (value, why) in _WITH_FULL_BATCH.items() if row.full_batch else ():
        given = value_of(recipe, name)
        if given != value:
            shown, title = text_of(value), fields()[name].setting.title
            text = (
                f"{name} is {text_of(given)}, which does not go with {row.title}, {why}: set it "
                f"to {shown}, or choose another optimizer."
            )
            return Misfit(text, name, value, f"set {title} to {shown}")
    return None


def two_classes_are_a_label(recipe: Recipe) -> bool:
    """Return whether the classes 0 and 1 are read as one label that is there or not.

    They are for a loss that takes labels but no classes, unless the recipe says what the targets
    are.
    """
    targets = LOSSES[recipe.loss.name].targets
    return recipe.data.targets == "auto" and "labels" in targets and "classes" not in targets


def whole_numbers_are_classes(recipe: Recipe) -> bool:
    """Return whether whole numbers saved as floats are read as classes.

    They are for a loss that takes classes but no numbers, unless the recipe says what the targets
    are.
    """
    targets = LOSSES[recipe.loss.name].targets
    return recipe.data.targets == "auto" and "classes" in targets and "numbers" not in targets


def misfit(
    recipe: Recipe, *, name: str, targets: Targets, outputs: int, pictures: bool = True
) -> Misfit | None:
    """Return the first setting of the loss or of the data that does not fit, None if all do.

    Parameters
    ----------
    recipe
        The recipe, whose loss can be computed for the targets.
    name
        The name of the data, for the sentence.
    targets, outputs
        What the targets are, and the number of classes, labels or numbers.
    pictures
        Whether the network takes a picture, for which alone some settings are.
    """
    settings, loss = LOSSES[recipe.loss.name].settings, recipe.loss

    def wrong(setting: str, given: int) -> str:
        return (
            f"{setting} has {given:,} {'value' if given == 1 else 'values'}, but {name} has "
            f"{outputs:,} {targets}: give one for each {_EACH[targets]}, in their order."
        )

    if targets == "tokens" and recipe.data.resampling != "none":
        text = (
            f"data.resampling is {recipe.data.resampling}, but {name} is a text, which is divided "
            "by position, since windows drawn at random would show a network in the training what "
            "it is validated on: set it to none."
        )
        return Misfit(text, "data.resampling", "none", "divide the text by position")
    if targets == "tokens" and (loss.weights or loss.class_weights != "none"):
        setting: str = "loss.weights" if loss.weights else "loss.class_weights"
        value: Any = () if loss.weights else "none"
        text = (
            f"{setting} weighs classes, but {name} is a text, whose tokens all weigh the same: set "
            f"it to {text_of(value)}."
        )
        return Misfit(text, setting, value, "weigh all the same")
    if loss.weights and "weights" in settings and len(loss.weights) != outputs:
        text = wrong("loss.weights", len(loss.weights))
        return Misfit(text, "loss.weights", (), "weigh all the same")
    if loss.cost_matrix and targets == "classes" and len(loss.cost_matrix) != outputs:
        size = len(loss.cost_matrix)
        text = (
            f"loss.cost_matrix has {size:,} {'row' if size == 1 else 'rows'}, but {name} has "
            f"{outputs:,} classes: give a row of {outputs:,} numbers for each class, in their "
            "order."
        )
        return Misfit(text, "loss.cost_matrix", (), "let every mistake cost 1")
    if loss.center_weight and targets != "classes":
        text = (
            f"loss.center_weight is {loss.center_weight:g}, which needs one class for each image, "
            f"but {name} has {targets}: set it to 0."
        )
        return Misfit(text, "loss.center_weight", 0.0, "train without the center loss")
    if targets == "labels" and len(loss.threshold) not in (1, outputs):
        text = wrong("loss.threshold", len(loss.threshold))
        return Misfit(text, "loss.threshold", (0.5,), "use the threshold 0.5 for all labels")
    if targets == "input" and (wrong_input := _of_input(recipe, pictures=pictures)):
        return wrong_input
    if recipe.data.sampling == "balanced" and targets != "classes":
        instead = "; to weigh rare labels more, set loss.class_weights to balanced"
        text = (
            f"data.sampling is balanced, which needs one class for each image, but {name} has "
            f"{targets}: set it to shuffled{instead * (targets == 'labels')}."
        )
        return Misfit(text, "data.sampling", "shuffled", "shuffle the images")
    return None


def _of_input(recipe: Recipe, *, pictures: bool) -> Misfit | None:
    """Return the first setting that does not go with a network that is to give its own input."""
    mixing = [row.name for row in active(recipe.augmentation) if row.mixes]
    if mixing and pictures:
        setting = f"augmentation.{mixing[0]}"
        text = (
            f"{setting} mixes the targets of two images, but data.targets is input, so that each "
            "image is its own target: set it to 0."
        )
        return Misfit(text, setting, 0.0, f"train without {mixing[0]}")
    row = LOSSES[recipe.loss.name]
    if not row.logits:
        return None
    setting, value = ("data.preprocessing", "scale") if pictures else ("data.standardize", False)
    given = value_of(recipe, setting)
    if given == value:
        return None
    shown, title = text_of(value), fields()[setting].setting.title
    text = (
        f"The loss {row.name} compares values from 0 to 1, but {setting} is {text_of(given)}, "
        f"which gives others: set it to {shown}, or choose another loss."
    )
    return Misfit(text, setting, value, f"set {title} to {shown}")
