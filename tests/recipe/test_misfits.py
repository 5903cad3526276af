"""Settings that do not fit the targets of the data: a sentence for each, and a value that fits."""

from typing import Any

import pytest

from designer.recipe.losses import Targets
from designer.recipe.misfits import conflict, misfit, whole_numbers_are_classes
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe

SIGNED = {"loss.name": "binary_cross_entropy"}


@pytest.mark.parametrize(
    ("changes", "targets", "words"),
    [
        (
            {"loss.weights": (1.0, 2.0)},
            "classes",
            "loss.weights has 2 values, but pets has 3 classes: give one for each class, in their "
            "order.",
        ),
        (
            {"loss.cost_matrix": ((0.0, 1.0), (1.0, 0.0))},
            "classes",
            "loss.cost_matrix has 2 rows, but pets has 3 classes: give a row of 3 numbers for each "
            "class, in their order.",
        ),
        (
            {"loss.name": "focal", "loss.center_weight": 0.1},
            "labels",
            "loss.center_weight is 0.1, which needs one class for each image, but pets has labels: "
            "set it to 0.",
        ),
        (
            {**SIGNED, "loss.weights": (1.0,)},
            "labels",
            "loss.weights has 1 value, but pets has 3 labels: give one for each label, in their "
            "order.",
        ),
        (
            {**SIGNED, "loss.threshold": (0.5, 0.4)},
            "labels",
            "loss.threshold has 2 values, but pets has 3 labels: give one for each label, in their "
            "order.",
        ),
        (
            {"loss.name": "mean_squared_error", "data.sampling": "balanced"},
            "numbers",
            "data.sampling is balanced, which needs one class for each image, but pets has "
            "numbers: set it to shuffled.",
        ),
        (
            {**SIGNED, "data.sampling": "balanced"},
            "labels",
            "data.sampling is balanced, which needs one class for each image, but pets has labels: "
            "set it to shuffled; to weigh rare labels more, set loss.class_weights to balanced.",
        ),
        (
            {"data.resampling": "folds"},
            "tokens",
            "data.resampling is folds, but pets is a text, which is divided by position, since "
            "windows drawn at random would show a network in the training what it is validated on: "
            "set it to none.",
        ),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], targets: Targets, words: str) -> None:
    recipe = changed(Recipe(), changes)
    found = misfit(recipe, name="pets", targets=targets, outputs=3)
    assert found is not None
    assert found.sentence == words
    mended = changed(recipe, {found.setting: found.value})
    assert misfit(mended, name="pets", targets=targets, outputs=3) is None


@pytest.mark.parametrize(
    ("changes", "targets"),
    [
        ({}, "classes"),
        ({"loss.weights": (1.0, 2.0, 3.0)}, "classes"),
        ({"data.sampling": "balanced"}, "classes"),
        ({**SIGNED, "loss.threshold": (0.1, 0.2, 0.3)}, "labels"),
        ({**SIGNED, "loss.threshold": (0.1,)}, "labels"),
        ({"loss.threshold": (0.1, 0.2)}, "classes"),  # without effect there
    ],
)
def test_what_fits(changes: dict[str, Any], targets: Targets) -> None:
    recipe = changed(Recipe(), changes)
    assert misfit(recipe, name="pets", targets=targets, outputs=3) is None


def test_a_fold_that_there_is_not() -> None:
    recipe = changed(Recipe(), {"data.resampling": "folds", "data.folds": 3, "data.fold": 4})
    found = conflict(recipe)
    assert found is not None
    assert found.sentence == (
        "data.fold is 4, but there are only 3 folds: hold out one of the folds 1 to 3."
    )
    assert conflict(changed(recipe, {found.setting: found.value})) is None
    assert conflict(changed(recipe, {"data.resampling": "none"})) is None


@pytest.mark.parametrize(
    ("loss", "targets", "read"),
    [
        ("cross_entropy", "auto", True),
        ("cross_entropy", "numbers", False),
        ("mean_squared_error", "auto", False),
        ("binary_cross_entropy", "auto", False),
    ],
)
def test_when_whole_numbers_are_classes(loss: str, targets: str, read: bool) -> None:
    recipe = changed(Recipe(), {"loss.name": loss, "data.targets": targets})
    assert whole_numbers_are_classes(recipe) is read
