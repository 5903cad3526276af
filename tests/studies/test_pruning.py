"""Rules by which trainings that fall behind are stopped."""

from designer.studies.pruning import falls_behind
from designer.studies.spec import Pruning

OTHERS = [[1.0, 0.5, 0.4], [1.1, 0.6, 0.5], [1.2, 0.7, 0.6], [1.3, 0.8, 0.7]]


def test_what_is_worse_than_the_median_is_stopped_after_the_first_epochs():
    median = Pruning(name="median", warmup=1, trials=4)
    assert not falls_behind(median, [9.0], OTHERS)
    assert falls_behind(median, [9.0, 0.66], OTHERS)
    assert not falls_behind(median, [9.0, 0.64], OTHERS)
    assert not falls_behind(median, [0.1, 9.0], OTHERS)  # its best loss counts
    assert not falls_behind(median, [9.0, 9.0], OTHERS[:3])
    assert falls_behind(median, [9.0, float("nan")], OTHERS)
    assert not falls_behind(Pruning(name="none"), [9.0, 9.0], OTHERS)


def test_halving_looks_after_1_2_4_epochs_only():
    halving = Pruning(name="halving", warmup=1, trials=2)
    others = [[1.0] * 9, [0.9] * 9]
    stopped = [falls_behind(halving, [2.0] * epoch, others) for epoch in range(1, 10)]
    assert stopped == [False, True, True, False, True, False, False, False, True]
