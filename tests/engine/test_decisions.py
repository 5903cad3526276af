"""How outputs are read as decisions, and how many are right: counted by hand."""

import pytest
import torch
import torch.nn.functional as F

from designer.engine.decisions import Decisions, decisions
from designer.recipe.losses import Loss
from designer.runs.preprocessing import Preprocessing

CPU = torch.device("cpu")


def preprocessing(**names: tuple[str, ...]) -> Preprocessing:
    return Preprocessing(
        input=(1, 8, 8), mean=(0.0,), deviation=(1.0,), classes=names.pop("classes", ()), **names
    )


def test_a_class_is_the_largest_output() -> None:
    output = F.one_hot(torch.tensor([0, 1, 2, 0, 0, 0]), 3).float()
    found = decisions(preprocessing(classes=("a", "b", "c")), Loss(), CPU)
    targets = torch.tensor([0, 1, 2, 2, 1, 0])
    assert found == Decisions("classes", 1)
    assert found.right(output, targets) == 4
    assert found.all_right(output, targets) == 4


PROBABILITIES = torch.tensor([[0.1, 0.3, 0.9], [0.5, 0.6, 0.2]])
LABELS = torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("threshold", "predicted", "right", "whole"),
    [
        ((0.5,), [[0, 0, 1], [1, 1, 0]], 5, 1),
        ((0.25,), [[0, 1, 1], [1, 1, 0]], 6, 2),
        ((0.05, 0.7, 0.95), [[1, 0, 0], [1, 0, 0]], 2, 0),
    ],
)
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mean_squared_error"])
def test_a_label_is_there_from_its_threshold_on(
    loss: str,
    threshold: tuple[float, ...],
    predicted: list[list[int]],
    right: int,
    whole: int,
) -> None:
    of_run = preprocessing(labels=("a", "b", "c"))
    found = decisions(of_run, Loss(name=loss, threshold=threshold), CPU)
    outputs = PROBABILITIES.logit() if loss == "binary_cross_entropy" else PROBABILITIES
    assert found.each == 3
    assert found.predicted(outputs).int().tolist() == predicted
    assert found.right(outputs, LABELS) == right
    assert found.all_right(outputs, LABELS) == whole
    several = torch.stack((outputs, outputs)), torch.stack((LABELS, 1 - LABELS))
    assert found.right(*several).tolist() == [right, 6 - right]


def test_numbers_are_neither_right_nor_wrong() -> None:
    assert decisions(preprocessing(), Loss(name="mean_squared_error"), CPU).each == 0
