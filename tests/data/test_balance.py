"""How evenly classes are represented, and the remedies that are offered."""

import numpy as np
import pytest

from designer.data import array_part
from designer.data.balance import balance_findings, balances, class_counts
from designer.data.targets import Target, classes_target, numbers_target
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe

CLASSES = classes_target(("cat", "dog", "owl"))
LABELS = Target("labels", "labels", ("red", "round"))


def test_counts_of_classes_labels_and_numbers() -> None:
    images = np.zeros((3, 1, 1, 1), np.uint8)
    of_classes = array_part(images, np.array([0, 2, 2]))
    of_labels = array_part(images, np.array([[1, 1], [0, 1], [0, 0]], np.float32))
    assert class_counts(of_classes, CLASSES).tolist() == [1, 0, 2]
    assert class_counts(of_labels, LABELS).tolist() == [1, 2]
    assert class_counts(of_labels, numbers_target(2)).tolist() == []


@pytest.mark.parametrize(
    ("counts", "unbalanced", "rare"),
    [
        ((10, 10, 10), False, ()),
        ((10, 1, 5), False, ()),
        ((11, 1, 5), True, ("dog",)),
        ((500, 3, 40), True, ("dog", "owl")),
        ((500, 0, 500), False, ()),
    ],
)
def test_beyond_ten_to_one_a_part_is_unbalanced(
    counts: tuple[int, ...], unbalanced: bool, rare: tuple[str, ...]
) -> None:
    found = balances(CLASSES, {"train": counts})["train"]
    assert found.unbalanced is unbalanced
    assert found.rare == rare


def test_the_warning_names_rare_classes_and_offers_both_remedies() -> None:
    (found,) = balance_findings("pets", CLASSES, {"train": (500, 3, 400)})
    assert found.code == "imbalance"
    assert found.kind == "warning"
    assert found.sentence == (
        "The training part of pets is unbalanced: 500 images have the class cat and 3 have the "
        "class dog, a ratio of 167 to 1. The class dog is rare. A network learns to prefer "
        "frequent ones: weigh rare ones more in the loss (loss.class_weights=balanced) or draw all "
        "classes equally often (data.sampling=balanced)."
    )
    for choice in found.choices:
        assert changed(Recipe(), choice.settings) != Recipe()


@pytest.mark.parametrize(
    "settings",
    [
        {"loss.class_weights": "balanced"},
        {"data.sampling": "balanced"},
        {"loss.weights": (1.0, 2.0, 3.0)},
    ],
)
def test_a_recipe_that_balances_needs_no_remedy(settings: dict[str, object]) -> None:
    recipe = changed(Recipe(), settings)
    (found,) = balance_findings("pets", CLASSES, {"train": (500, 3, 400)}, recipe)
    assert found.kind == "note"
    assert found.choices == ()


def test_labels_are_only_weighed() -> None:
    (found,) = balance_findings("pets", LABELS, {"train": (500, 3)})
    assert [choice.settings for choice in found.choices] == [{"loss.class_weights": "balanced"}]


def test_a_loss_without_class_weights_is_offered_sampling_only() -> None:
    recipe = changed(Recipe(), {"loss.name": "mean_squared_error"})
    (found,) = balance_findings("pets", CLASSES, {"train": (500, 3, 400)}, recipe)
    assert [choice.settings for choice in found.choices] == [{"data.sampling": "balanced"}]


def test_classes_missing_in_a_part_are_told() -> None:
    counts = {"train": (5, 0, 5), "test": (2, 2, 0)}
    of_train, of_test = balance_findings("pets", CLASSES, counts)
    assert (of_train.code, of_train.kind) == ("missing-in-train", "warning")
    assert "the class dog" in of_train.sentence
    assert (of_test.code, of_test.kind) == ("missing-in-test", "note")
    assert "the class owl" in of_test.sentence


def test_numbers_have_no_balance() -> None:
    assert balances(numbers_target(2), {}) == {}
    assert balance_findings("ages", numbers_target(1), {}) == ()
