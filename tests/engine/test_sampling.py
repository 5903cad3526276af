"""The order of images in an epoch: each once, or each class equally often."""

import pytest
import torch

from designer.engine.sampling import Balanced, Shuffled

LABELS = torch.tensor([0] * 50 + [1] * 7 + [3] * 3)  # class 2 has no images


def test_shuffled_takes_each_image_once_and_another_order_each_epoch() -> None:
    sampling = Shuffled(10, 10, seed=3)
    orders = [sampling.order(epoch) for epoch in range(3)]
    assert all(sorted(order.tolist()) == list(range(10)) for order in orders)
    assert not torch.equal(orders[0], orders[1])
    assert torch.equal(orders[2], Shuffled(10, 10, seed=3).order(2))
    assert not torch.equal(orders[0], Shuffled(10, 10, seed=4).order(0))


def test_the_order_of_earlier_versions_stays() -> None:
    generator = torch.Generator().manual_seed(3 * 1_000_003 + 2)
    expected = torch.randperm(10, generator=generator)[:8]
    assert torch.equal(Shuffled(10, 8, seed=3).order(2), expected)


def test_every_class_comes_equally_often_in_each_epoch() -> None:
    sampling = Balanced(LABELS, length=30, seed=0)
    for epoch in range(6):
        counts = LABELS[sampling.order(epoch)].bincount(minlength=4)
        assert counts.tolist() == [10, 10, 0, 10]


@pytest.mark.parametrize("length", [1, 20, 31, 64])
def test_over_all_epochs_classes_and_their_images_come_equally_often(length: int) -> None:
    sampling = Balanced(LABELS, length=length, seed=5)
    times = torch.zeros(len(LABELS), dtype=torch.int64)
    for epoch in range(12):
        order = sampling.order(epoch)
        assert len(order) == length
        times += order.bincount(minlength=len(LABELS))
        totals = [int(times[each == LABELS].sum()) for each in (0, 1, 3)]
        assert sum(totals) == length * (epoch + 1)
        assert max(totals) - min(totals) <= 1
        for each in (0, 1, 3):
            own = times[each == LABELS]
            assert own.max() - own.min() <= 1


def test_the_balanced_order_is_random_and_depends_on_seed_and_epoch_alone() -> None:
    first = Balanced(LABELS, length=60, seed=1)
    later = first.order(4)
    assert torch.equal(later, Balanced(LABELS, length=60, seed=1).order(4))
    assert not torch.equal(later, first.order(5))
    assert not torch.equal(later, Balanced(LABELS, length=60, seed=2).order(4))
    assert not torch.equal(later, later.sort().values)
