"""What steps gave is read together, and at once when a loss is not finite."""

import math

import pytest
import torch

from designer.engine.decisions import Decisions
from designer.engine.processes import Processes
from designer.engine.tally import Read, Tally

OUTPUTS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 2.0]])
TARGETS = torch.tensor([0, 0, 0])
CLASSES = Decisions("classes", 1)
NUMBERS = Decisions("numbers", 0)


def tally(*, classes: bool = True, interval: int = 3) -> Tally:
    return Tally(
        CLASSES if classes else NUMBERS,
        device=torch.device("cpu"),
        processes=Processes(),
        interval=interval,
    )


def test_steps_are_read_when_the_interval_is_full() -> None:
    kept = tally()
    due = [
        kept.note(torch.tensor(loss), OUTPUTS, targets)
        for loss, targets in ((0.5, TARGETS), (0.25, 1 - TARGETS), (2.0, TARGETS))
    ]
    assert due == [False, False, True]
    assert kept.read() == Read(losses=[0.5, 0.25, 2.0], hits=[2, 1, 2])
    assert kept.read() == Read(losses=[], hits=[])


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_due_at_once(loss: float) -> None:
    kept = tally()
    assert not kept.note(torch.tensor(1.0), OUTPUTS, TARGETS)
    assert kept.note(torch.tensor(loss), OUTPUTS, TARGETS)
    first, second = kept.read().losses
    assert first == 1.0
    assert not math.isfinite(second)


def test_the_first_of_several_outputs_counts() -> None:
    kept = tally()
    kept.note(torch.tensor(1.0), (OUTPUTS, 1 - OUTPUTS), TARGETS)
    assert kept.read().hits == [2]


def test_values_that_are_no_classes_have_no_hits() -> None:
    kept = tally(classes=False)
    kept.note(torch.tensor(1.0), torch.zeros(3, 1), torch.zeros(3, 1))
    assert kept.read() == Read(losses=[1.0], hits=[0])


def test_a_long_interval_does_not_keep_outputs_for_long() -> None:
    kept = tally(interval=10_000)
    steps = 0
    while not kept.note(torch.tensor(1.0), OUTPUTS, TARGETS):
        steps += 1
        assert steps < 100
    assert len(kept.read().losses) == steps + 1
