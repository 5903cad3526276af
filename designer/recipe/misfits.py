"""Settings of a recipe that do not fit the targets of its data, with what helps."""

from typing import Any, NamedTuple

from designer.recipe.losses import LOSSES, Targets
from designer.recipe.recipe import Recipe

_EACH: dict[Targets, str] = {"classes": "class", "labels": "label", "numbers": "number"}


class Misfit(NamedTuple):
    """A setting that does not fit the data.

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


def whole_numbers_are_classes(recipe: Recipe) -> bool:
    """Return whether whole numbers saved as floats are read as classes.

    They are for a loss that takes classes but no numbers, unless the recipe says what the targets
    are.
    """
    targets = LOSSES[recipe.loss.name].targets
    return recipe.data.targets == "auto" and "classes" in targets and "numbers" not in targets


def misfit(recipe: Recipe, *, name: str, targets: Targets, outputs: int) -> Misfit | None:
    """Return the first setting of the loss or of the sampling that does not fit, None if all do.

    Parameters
    ----------
    recipe
        The recipe, whose loss can be computed for the targets.
    name
        The name of the data, for the sentence.
    targets, outputs
        What the targets are, and the number of classes, labels or numbers.
    """
    settings, loss = LOSSES[recipe.loss.name].settings, recipe.loss

    def wrong(setting: str, given: int) -> str:
        return (
            f"{setting} has {given:,} {'value' if given == 1 else 'values'}, but {name} has "
            f"{outputs:,} {targets}: give one for each {_EACH[targets]}, in their order."
        )

    if loss.weights and "weights" in settings and len(loss.weights) != outputs:
        text = wrong("loss.weights", len(loss.weights))
        return Misfit(text, "loss.weights", (), "weigh all the same")
    if targets == "labels" and len(loss.threshold) not in (1, outputs):
        text = wrong("loss.threshold", len(loss.threshold))
        return Misfit(text, "loss.threshold", (0.5,), "use the threshold 0.5 for all labels")
    if recipe.data.sampling == "balanced" and targets != "classes":
        instead = "; to weigh rare labels more, set loss.class_weights to balanced"
        text = (
            f"data.sampling is balanced, which needs one class for each image, but {name} has "
            f"{targets}: set it to shuffled{instead * (targets == 'labels')}."
        )
        return Misfit(text, "data.sampling", "shuffled", "shuffle the images")
    return None
