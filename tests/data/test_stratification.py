"""Parts of data with several labels: exact in number, with each label in proportion."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import DataSet, array_part, split
from designer.data.stratification import drawn_by_labels
from designer.data.targets import Target


def many(count: int = 400, labels: int = 12) -> np.ndarray:
    """Labels that are from frequent to rare, and partly occur together."""
    chance = np.random.default_rng(5)
    rows = chance.random((count, labels)) < 0.5 / np.arange(1, labels + 1)
    rows[:, 1] |= rows[:, 0] & (chance.random(count) < 0.5)
    return rows.astype(np.float32)


def labelled(rows: np.ndarray) -> DataSet:
    target = Target("labels", "labels", tuple(f"l{i}" for i in range(rows.shape[1])))
    part = array_part(np.zeros((len(rows), 1, 1, 1), np.uint8), rows, target="labels")
    return DataSet("made", Path("/made"), (target,), part)


def test_a_small_example_by_hand() -> None:
    """First the rarest label, b, then a, each in turns; of the two without labels the first."""
    a, b, both, none = (1, 0), (0, 1), (1, 1), (0, 0)
    rows = np.array([a, a, both, b, a, a, none, none])
    assert np.flatnonzero(drawn_by_labels(rows, np.arange(8), 4)).tolist() == [0, 3, 4, 6]


@pytest.mark.parametrize("seed", range(5))
def test_each_part_has_every_label_in_proportion(seed: int) -> None:
    rows = many()
    parts = split(labelled(rows), validation=0.1, test=0.2, seed=seed)
    assert parts.validation is not None and parts.test is not None
    found = [part.indices for part in (parts.train, parts.validation, parts.test)]
    assert [len(each) for each in found] == [280, 40, 80]
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(400))
    totals = rows.sum(axis=0)
    for each in found:
        assert (np.abs(rows[each].sum(axis=0) - totals * len(each) / 400) < 3).all()
    rare = totals.argmin()
    assert [rows[each][:, rare].sum() > 0 for each in found] == [True] * 3


def test_it_is_more_even_than_chance() -> None:
    rows = many()
    totals = rows.sum(axis=0)

    def unevenness(chosen: np.ndarray) -> float:
        return float(np.abs(rows[chosen].sum(axis=0) / totals - 0.1).mean())

    chance = np.random.default_rng(0)
    orders = [chance.permutation(400) for _ in range(20)]
    drawn = [unevenness(order[drawn_by_labels(rows, order, 40)]) for order in orders]
    random = [unevenness(order[:40]) for order in orders]
    assert max(drawn) < 0.5 * np.mean(random)


def test_the_test_part_does_not_depend_on_validation_and_limit() -> None:
    data = labelled(many())
    whole = split(data, seed=3)
    other = split(data, seed=3, validation=0.3, limit=50)
    assert whole.test is not None and other.test is not None
    np.testing.assert_array_equal(whole.test.indices, other.test.indices)
    assert len(other.train) == 50
    again = split(data, seed=3)
    np.testing.assert_array_equal(whole.train.indices, again.train.indices)
    different = split(data, seed=4)
    assert different.test is not None
    assert not np.array_equal(whole.test.indices, different.test.indices)


@pytest.mark.parametrize("count", [0, 1, 5, 6])
def test_any_number_of_examples_without_labels(count: int) -> None:
    chosen = drawn_by_labels(np.zeros((6, 3)), np.arange(6), count)
    assert chosen.sum() == count
    every = drawn_by_labels(np.ones((6, 3)), np.arange(6), count)
    assert every.sum() == count
