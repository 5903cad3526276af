"""The trainings of each protocol: what changes from one to the next, and what stays the same."""

from typing import Any

import msgspec
import pytest

from designer import presets
from designer.errors import DesignerError
from designer.recipe.misfits import conflict
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.studies.folder import check
from designer.studies.protocols import PROTOCOLS, Protocol, Replicate, replicates
from designer.studies.spec import Study, Variant, Varied

RECIPE = changed(Recipe(), {"seed": 40})


def trainings(name: str, **settings: int) -> tuple[Replicate, ...]:
    """The trainings of a protocol, with the recipe's seed at 40."""
    return replicates(Protocol(name=name, **settings), RECIPE)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_row_of_the_table(name: str) -> None:
    row = PROTOCOLS[name]
    assert row.name == name and row.title
    assert row.help[0].isupper() and row.help.endswith(".")
    found = trainings(name)
    assert len({each.label for each in found}) == len(found)
    recipes = [changed(RECIPE, each.changes) for each in found]
    assert len(set(map(msgspec.json.encode, recipes))) == len(found), "no training comes twice"
    for recipe in recipes:
        assert conflict(recipe) is None
        assert recipe.split_seed == RECIPE.split_seed, "the test part stays the same"
    assert trainings(name) == found, "a study that goes on has the same ones"
    if "repeats" in row.settings:
        assert len(trainings(name, repeats=6)) == 2 * len(found)
    if "folds" in row.settings:
        assert len(trainings(name, folds=10)) == 2 * len(found)


def test_a_single_training_is_that_of_the_recipe() -> None:
    assert trainings("single") == (Replicate("", {}),)


def test_repeats_have_other_seeds_and_the_same_parts() -> None:
    found = trainings("repeats", repeats=3, seed=7)
    assert [each.label for each in found] == ["seed 7", "seed 8", "seed 9"]
    assert [each.changes for each in found] == [
        {"seed": seed, "data.split_seed": 40} for seed in (7, 8, 9)
    ]


def test_each_fold_is_held_out_once() -> None:
    found = trainings("folds", folds=4, seed=2)
    assert [each.label for each in found] == [f"fold {fold} of 4" for fold in (1, 2, 3, 4)]
    recipes = [changed(RECIPE, each.changes) for each in found]
    assert [recipe.data.fold for recipe in recipes] == [1, 2, 3, 4]
    assert {recipe.data.folds for recipe in recipes} == {4}
    assert {recipe.resampling_seed for recipe in recipes} == {2}, "folds of one division"
    assert [recipe.seed for recipe in recipes] == [2, 3, 4, 5]


def test_repeated_folds_are_divided_anew() -> None:
    found = trainings("repeated_folds", repeats=2, folds=3)
    assert [each.label for each in found][2:4] == [
        "division 1, fold 3 of 3",
        "division 2, fold 1 of 3",
    ]
    recipes = [changed(RECIPE, each.changes) for each in found]
    assert [recipe.data.fold for recipe in recipes] == [1, 2, 3, 1, 2, 3]
    assert [recipe.resampling_seed for recipe in recipes] == [0, 0, 0, 1, 1, 1]
    assert [recipe.seed for recipe in recipes] == [0, 1, 2, 3, 4, 5]


def test_bootstrap_samples_are_drawn_anew() -> None:
    recipes = [changed(RECIPE, each.changes) for each in trainings("bootstrap", repeats=3)]
    assert {recipe.data.resampling for recipe in recipes} == {"bootstrap"}
    assert [recipe.resampling_seed for recipe in recipes] == [0, 1, 2]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "repeats", "repeats": 0}, "has 0 repeats: give 1 or more"),
        ({"name": "bootstrap", "repeats": -1}, "has -1 repeats: give 1 or more"),
        ({"name": "folds", "folds": 1}, "has 1 folds: give 2 to 1,000"),
        ({"name": "folds", "folds": 2000}, "has 2,000 folds: give 2 to 1,000"),
        ({"name": "repeated_folds", "repeats": 101, "folds": 100}, "train each candidate 10,100"),
        ({"name": "repeats", "seed": -1}, "seed -1 of the protocol is out of range"),
        ({"name": "repeats", "seed": 2**63 - 2}, "is out of range"),
    ],
)
def test_numbers_that_make_no_sense(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(DesignerError, match=words):
        replicates(Protocol(**settings), RECIPE)


def test_numbers_that_a_protocol_does_not_use_are_not_looked_at() -> None:
    assert len(trainings("single", repeats=0, folds=0)) == 1
    assert len(trainings("folds", repeats=0)) == 5


@pytest.mark.parametrize(
    "varied",
    [
        Varied(name="data.folds", values=(3, 5)),
        Varied(name="division", variants=(Variant(title="few", changes={"data.fold": 2}),)),
    ],
    ids=["a field", "a variant"],
)
def test_a_study_does_not_vary_what_its_protocol_sets(varied: Varied) -> None:
    study = Study(title="x", varied=(varied,), protocol=Protocol(name="folds"))
    words = r"The protocol folds sets data.folds? for each training itself: vary something else"
    with pytest.raises(DesignerError, match=words):
        check(study, {"": presets.load("lenet5")}, RECIPE)
