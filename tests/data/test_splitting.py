"""Splits: disjoint, complete, stratified, repeatable."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from designer.data import DataSet, Part, array_part, open_dataset, split
from designer.data.targets import numbers_target
from designer.errors import DesignerError
from tests.data.writers import classes_of_sizes

FRACTIONS = st.floats(0, 0.45)


def indices(part: Part | None, dataset: DataSet) -> np.ndarray:
    """The training images of the data set that a part consists of."""
    if part is None:
        return np.array([], int)
    if part is dataset.train:
        return np.arange(len(part))
    assert part.indices is not None
    assert part.origin is dataset.train
    return part.indices


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 40), min_size=2, max_size=6),
    validation=FRACTIONS,
    test=FRACTIONS,
    seed=st.integers(0, 2**32),
    limit=st.none() | st.integers(1, 200),
)
def test_a_split(
    sizes: list[int], validation: float, test: float, seed: int, limit: int | None
) -> None:
    spare = sum(sizes) - len(sizes)  # since each class keeps an image
    assume(not validation or not test or max(1, round(test * sum(sizes))) < spare)
    dataset = classes_of_sizes(sizes)
    chosen = {"validation": validation, "test": test, "seed": seed}
    full = split(dataset, **chosen)
    parts = [indices(part, dataset) for part in (full.train, full.validation, full.test)]

    together = np.concatenate(parts)
    assert np.array_equal(np.sort(together), np.arange(sum(sizes))), "disjoint and complete"
    assert (full.validation is None, full.test is None) == (validation == 0, test == 0)
    counts = np.array([np.bincount(dataset.train.labels[p], minlength=len(sizes)) for p in parts])
    assert (counts[0] >= 1).all(), "every class stays in training"

    def is_fair(count: np.ndarray, share: np.ndarray) -> bool:
        return bool((np.abs(count - share) < 1 + 1e-9).all())

    remaining = np.array(sizes)
    for count in (counts[2], counts[1]):  # the test part is cut first
        share = count.sum() * remaining / remaining.sum()
        # Where a small class has nothing left to give, the others give more.
        assert is_fair(count, share) or (count == remaining - 1).any()
        remaining = remaining - count

    again = split(dataset, **chosen, limit=limit)
    for name in ("validation", "test"):
        first, second = getattr(full, name), getattr(again, name)
        assert np.array_equal(indices(first, dataset), indices(second, dataset)), "repeatable"
    kept = indices(again.train, dataset)
    assert np.isin(kept, parts[0]).all()
    assert len(kept) == min(limit or len(parts[0]), len(parts[0]))
    share = len(kept) * counts[0] / counts[0].sum()
    assert is_fair(np.bincount(dataset.train.labels[kept], minlength=len(sizes)), share)


def test_without_stratification_classes_come_as_chance_has_it() -> None:
    dataset = classes_of_sizes([900, 100])
    shares = []
    for seed in range(30):
        parts = split(dataset, validation=0.1, test=0.2, seed=seed, stratified=False)
        found = [indices(part, dataset) for part in (parts.train, parts.validation, parts.test)]
        assert np.array_equal(np.sort(np.concatenate(found)), np.arange(1000))
        assert [len(each) for each in found] == [700, 100, 200]
        for part in (parts.train, parts.validation, parts.test):
            assert (np.diff(part.labels) >= 0).all(), "in the order of the classes"
        shares.append(np.bincount(parts.test.labels, minlength=2)[1])
    # Of 200 drawn of 1,000 without replacement, 20 are of the rare class, with a deviation of 3.8.
    assert abs(np.mean(shares) - 20) < 4 * 3.8 / 30**0.5
    assert 2 < np.std(shares) < 6
    again = split(dataset, validation=0.1, test=0.2, seed=29, stratified=False)
    assert np.array_equal(again.test.indices, parts.test.indices)


def test_the_sizes_are_the_fractions() -> None:
    parts = split(classes_of_sizes([500, 300, 200]), validation=0.2, test=0.1)
    assert np.bincount(parts.test.labels).tolist() == [50, 30, 20]
    assert np.bincount(parts.validation.labels).tolist() == [100, 60, 40]
    assert np.bincount(parts.train.labels).tolist() == [350, 210, 140]


def test_the_seed_decides() -> None:
    dataset = classes_of_sizes([50, 50])
    first, same, other = (split(dataset, seed=seed).validation.indices for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_existing_parts_are_used_as_they_are() -> None:
    own = array_part(np.zeros((3, 1, 1, 1), np.uint8), np.array([0, 1, 1]))
    dataset = classes_of_sizes([50, 50], test=own)
    parts = split(dataset, validation=0.1, test=0.9)
    assert parts.test is own
    assert (len(parts.validation), len(parts.train)) == (10, 90)
    dataset = classes_of_sizes([50, 50], validation=own, test=own)
    parts = split(dataset)
    assert (parts.validation, parts.test) == (own, own)
    assert sorted(parts.train.indices) == list(range(len(dataset.train)))
    assert (np.diff(parts.train.labels) >= 0).all()  # class by class, whatever the order in files


def test_a_subset_reads_its_own_images() -> None:
    dataset = open_dataset("mnist10k")
    part = split(dataset).validation
    size = {"height": 28, "width": 28, "channels": 1}
    np.testing.assert_array_equal(
        part.read([5, 2], **size), dataset.train.read(part.indices[[5, 2]], **size)
    )
    np.testing.assert_array_equal(part.labels, dataset.train.labels[part.indices])
    assert part.in_memory
    assert len(part.read(range(len(part)), **size)) == len(part) == 800


def test_regression_is_split_without_classes() -> None:
    train = array_part(
        np.zeros((40, 1, 1, 1), np.uint8), np.zeros((40, 2), np.float32), target="numbers"
    )
    dataset = DataSet("made", Path("/made"), (numbers_target(2),), train)
    parts = split(dataset, validation=0.25, test=0, limit=7)
    assert (len(parts.train), len(parts.validation), parts.test) == (7, 10, None)


def test_a_small_fraction_gives_one_image() -> None:
    parts = split(classes_of_sizes([5, 5]), validation=0.001, test=0)
    assert len(parts.validation) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": -0.1}, "validation fraction -0.1 is out of range"),
        ({"test": 1.0}, "test fraction 1.0 is out of range"),
        ({"test": float("nan")}, "test fraction nan is out of range"),
        ({"validation": 0.5, "test": 0.5}, "test and validation leave no training images"),
        ({"limit": 0}, "limit of 0 training images"),
    ],
)
def test_what_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(DesignerError, match=message):
        split(classes_of_sizes([5, 5]), **options)


def test_too_few_images_to_cut() -> None:
    dataset = classes_of_sizes([1, 1])
    with pytest.raises(DesignerError, match=r"/made has too few .* set the test fraction to 0"):
        split(dataset)
    assert split(dataset, validation=0, test=0).train is dataset.train
