"""Folds and bootstrap samples: as scikit-learn draws them, disjoint, complete, of all kinds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils import resample

from designer.data import DataSet, Split, array_part, open_dataset, split
from designer.data.checks import resampling_findings
from designer.data.duplicates import duplicates
from designer.data.identity import decode, encode, examples_of, split_as_before
from designer.data.inspection import inspect
from designer.data.resampling import (
    Resampling,
    resampled,
    with_all_examples,
)
from designer.data.targets import Target, numbers_target
from designer.errors import DesignerError
from tests.data.writers import classes_of_sizes, write_pictures

SEEDS = st.integers(0, 2**32 - 1)
LABELS = Target("labels", "labels", ("a", "b", "c"))
BOOTSTRAP = Resampling("bootstrap", seed=3)


def folds_of(labels: np.ndarray, folds: int, seed: int, *, stratified: bool = True) -> list:
    """The examples to train on and those held out, for each fold."""
    return [
        resampled(labels, Resampling("folds", folds, fold, seed), stratified=stratified, where="x")
        for fold in range(1, folds + 1)
    ]


def splits(dataset: DataSet, folds: int, **options: object) -> list[Split]:
    """The parts of each fold."""
    return [
        split(dataset, resampling=Resampling("folds", folds, fold, 4), **options)
        for fold in range(1, folds + 1)
    ]


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=12, max_size=60),
    folds=st.integers(2, 6),
    seed=SEEDS,
)
@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_folds_are_those_of_scikit_learn(labels: list[int], folds: int, seed: int) -> None:
    classes = np.array(labels)
    for stratified, kind in ((True, StratifiedKFold), (False, KFold)):
        if stratified and np.bincount(classes).max() < folds:
            continue  # which scikit-learn refuses
        theirs = kind(folds, shuffle=True, random_state=seed).split(classes, classes)
        ours = folds_of(classes, folds, seed, stratified=stratified)
        for found, expected in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_array_equal(found[1], expected[1])


@settings(max_examples=30, deadline=None)
@given(count=st.integers(30, 90), seed=SEEDS)
def test_a_bootstrap_sample_is_that_of_scikit_learn(count: int, seed: int) -> None:
    drawn, held_out = resampled(
        np.zeros(count, int), Resampling("bootstrap", seed=seed), stratified=True, where="x"
    )
    np.testing.assert_array_equal(drawn, resample(np.arange(count), random_state=seed))
    np.testing.assert_array_equal(np.union1d(drawn, held_out), np.arange(count))
    assert not np.isin(held_out, drawn).any()


def test_seeds_beyond_32_bits_are_seeds_of_their_own() -> None:
    labels = np.arange(40) % 4
    large, small = (folds_of(labels, 2, seed)[0][1].tolist() for seed in (5 + 2**32, 5))
    assert large != small


def test_folds_leave_the_test_part_out_and_the_rest_is_divided() -> None:
    dataset = classes_of_sizes([50, 40, 10])
    parts = splits(dataset, 4, test=0.2, seed=4)
    (test,) = {tuple(each.test.indices.tolist()) for each in parts}
    held_out = [each.validation.indices for each in parts]
    together = np.concatenate([np.array(test), *held_out])
    assert np.array_equal(np.sort(together), np.arange(100)), "disjoint and complete"
    for each in parts:
        assert np.bincount(each.validation.labels).tolist() == [10, 8, 2]
        assert np.bincount(each.train.labels).tolist() == [30, 24, 6]
        assert (np.diff(each.train.labels) >= 0).all(), "in the order of the classes"
        assert not np.isin(each.train.indices, each.validation.indices).any()


def test_without_a_test_share_all_examples_are_divided() -> None:
    dataset = classes_of_sizes([9, 6])
    parts = splits(dataset, 3, test=0.0)
    assert [each.test for each in parts] == [None] * 3
    held_out = np.concatenate([each.validation.indices for each in parts])
    assert np.array_equal(np.sort(held_out), np.arange(15))


def test_a_test_part_of_the_data_stays_as_it_is() -> None:
    own = array_part(np.zeros((3, 1, 1, 1), np.uint8), np.array([0, 1, 1]))
    (first, second) = splits(classes_of_sizes([6, 4], test=own), 2)
    assert first.test is own
    assert len(first.validation) == len(second.validation) == 5


def test_a_limit_takes_training_images_in_proportion() -> None:
    parts = splits(classes_of_sizes([60, 30]), 3, test=0.0, limit=12)
    for each in parts:
        assert np.bincount(each.train.labels).tolist() == [8, 4]
        assert len(each.validation) == 30
        assert not np.isin(each.train.indices, each.validation.indices).any()
    dataset = classes_of_sizes([60, 30])
    whole = split(dataset, test=0.0, resampling=BOOTSTRAP)
    few = split(dataset, test=0.0, resampling=BOOTSTRAP, limit=12)
    assert len(few.train) == 12 and np.isin(few.train.indices, whole.train.indices).all()
    assert np.array_equal(few.validation.indices, whole.validation.indices)


def test_a_bootstrap_of_a_data_set() -> None:
    dataset = classes_of_sizes([60, 40])
    parts = split(dataset, test=0.1, resampling=BOOTSTRAP)
    assert len(parts.train) == 90, "as many as there are besides the test part"
    assert len(np.unique(parts.train.indices)) < 90, "some several times"
    every = np.concatenate([np.unique(parts.train.indices), parts.validation.indices])
    assert np.array_equal(np.sort(np.concatenate([every, parts.test.indices])), np.arange(100)), (
        "held out is what was never drawn"
    )
    again, _ = split_as_before(dataset, decode(encode(examples_of(dataset, parts))))
    assert np.array_equal(again.train.indices, parts.train.indices), "a resume has it again"


def test_an_example_that_was_drawn_twice_is_no_copy() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 1), np.uint8)
    dataset = replace(classes_of_sizes([15, 15]), train=array_part(images, np.arange(30) % 2))
    parts = split(dataset, test=0.0, resampling=BOOTSTRAP)
    assert duplicates(inspect(dataset), dataset, parts).within == {}


def test_several_labels_are_in_proportion_in_each_fold() -> None:
    rows = (np.random.default_rng(0).random((120, 3)) < [0.5, 0.2, 0.1]).astype(np.float32)
    train = array_part(np.zeros((120, 1, 1, 1), np.uint8), rows, target="labels")
    parts = splits(DataSet("made", Path("/made"), (LABELS,), train), 4, test=0.0)
    held_out = np.concatenate([each.validation.indices for each in parts])
    assert np.array_equal(np.sort(held_out), np.arange(120))
    for each in parts:
        assert np.abs(each.validation.labels.sum(axis=0) - rows.sum(axis=0) / 4).max() <= 1.25


def test_numbers_are_divided_without_classes() -> None:
    train = array_part(
        np.zeros((11, 1, 1, 1), np.uint8), np.zeros((11, 2), np.float32), target="numbers"
    )
    parts = splits(DataSet("made", Path("/made"), (numbers_target(2),), train), 3, test=0.0)
    theirs = KFold(3, shuffle=True, random_state=4).split(np.zeros(11))
    for each, (_, held_out) in zip(parts, theirs, strict=True):
        assert np.array_equal(each.validation.indices, held_out)


def test_a_validation_part_of_the_data_is_divided_with_the_rest() -> None:
    labels = np.array([0, 1, 1])
    own = array_part(np.full((3, 1, 1, 1), 7, np.uint8), labels)
    dataset = classes_of_sizes([6, 4], validation=own)
    resampling = Resampling("folds", 2, 1)
    joined = with_all_examples(dataset, resampling)
    assert joined.validation is None and len(joined.train) == 13
    assert joined.train.labels.tolist() == [*dataset.train.labels, *labels]
    assert joined.train.images.read([12])[0, 0, 0, 0] == 7
    assert with_all_examples(dataset, Resampling()) is dataset


def test_pictures_of_a_validation_folder_are_divided_with_the_rest(tmp_path: Path) -> None:
    for part, count in (("train", 4), ("val", 2)):
        for name in ("cat", "dog"):
            write_pictures(tmp_path / part / name, count)
    dataset = open_dataset(str(tmp_path))
    joined = with_all_examples(dataset, Resampling("folds", 3, 1))
    assert len(joined.train) == 12 and joined.train.names is not None
    parts = splits(joined, 3, test=0.0)
    names = [name for each in parts for name in each.validation.names]
    assert sorted(names) == sorted(joined.train.names)
    assert any(name.startswith("val/") for name in names)


def test_parts_that_are_stored_apart_are_refused() -> None:
    own = array_part(np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 1, 1]))
    dataset = classes_of_sizes([6, 4], validation=own)
    with pytest.raises(DesignerError, match=r"stores its training and validation images apart"):
        with_all_examples(dataset, BOOTSTRAP)


@pytest.mark.parametrize(
    ("resampling", "words"),
    [
        (Resampling("folds", 3, 4), "data.fold is 4, but there are only 3 folds"),
        (Resampling("folds", 12, 1), "only 10 examples .* set data.folds to 10 or less"),
    ],
)
def test_what_is_refused(resampling: Resampling, words: str) -> None:
    with pytest.raises(DesignerError, match=words):
        split(classes_of_sizes([6, 4]), test=0.0, resampling=resampling)


def test_a_bootstrap_that_draws_everything_is_refused() -> None:
    with pytest.raises(DesignerError, match="none is left for validation: add examples"):
        resampled(np.zeros(1, int), BOOTSTRAP, stratified=True, where="/made")


def said(sizes: list[int], resampling: Resampling) -> list[str]:
    """What is said of classes of these sizes without a test part."""
    dataset = classes_of_sizes(sizes)
    parts = split(dataset, test=0.0, resampling=resampling)
    return [found.sentence for found in resampling_findings(dataset, parts, resampling)]


def test_what_is_said_of_resampled_parts() -> None:
    folds = Resampling("folds", 5)
    assert said([20, 3], folds) == [
        "Fold 1 of 5 is held out: 18 images are trained on, 5 validated on, and 0 tested on.",
        "The class class1 has fewer images (3) than there are folds (5), so that some folds hold "
        "none of them out.",
    ]
    assert said([20, 1, 2], folds)[1] == (
        "2 classes have fewer images than there are folds (5), so that some folds hold none of "
        "them out; the class class1 has 1."
    )
    assert len(said([20, 5], folds)) == 1
    (sample,) = said([20, 3], BOOTSTRAP)
    assert sample.startswith("The training part is a bootstrap sample of 23 images; those that it")
    assert said([20, 3], Resampling()) == []
