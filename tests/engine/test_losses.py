import math

import pytest
import torch
import torch.nn.functional as F

from designer.engine.losses import FUNCTIONS, Objective, main_output
from designer.recipe.losses import LOSSES, Loss
from designer.runs.network import OutputInfo

MAIN = OutputInfo(name="y", shape=(3,))
SIDE = OutputInfo(name="side", shape=(3,), loss_weight=0.3, auxiliary=True)
OTHER = OutputInfo(name="other", shape=(3,), loss_weight=2.0)


def numbers(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(6, 3, generator=generator)


TARGETS = torch.tensor([0, 1, 2, 2, 1, 0])
LABELS = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]).float()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_torch(smoothing):
    objective = Objective(Loss(label_smoothing=smoothing), [MAIN])
    expected = F.cross_entropy(numbers(), TARGETS, label_smoothing=smoothing)
    assert objective(numbers(), TARGETS) == expected
    torch.testing.assert_close(objective.each(numbers(), TARGETS).mean(), expected)


def test_mean_squared_error_takes_values_or_classes():
    objective = Objective(Loss(name="mean_squared_error"), [MAIN])
    values = numbers(1)
    assert objective(numbers(), values) == F.mse_loss(numbers(), values)
    one_hot = F.one_hot(TARGETS, 3).float()
    expected = F.mse_loss(numbers(), one_hot)
    assert objective(numbers(), TARGETS) == expected
    torch.testing.assert_close(objective.each(numbers(), TARGETS).mean(), expected)


def test_outputs_are_weighted():
    objective = Objective(Loss(), [MAIN, SIDE])
    outputs = (numbers(0), numbers(1))
    expected = F.cross_entropy(outputs[0], TARGETS) + 0.3 * F.cross_entropy(outputs[1], TARGETS)
    torch.testing.assert_close(objective(outputs, TARGETS), expected)
    assert main_output(outputs) is outputs[0]


def test_in_eval_mode_auxiliary_outputs_are_gone():
    objective = Objective(Loss(), [MAIN, SIDE, OTHER])
    outputs = (numbers(0), numbers(2))
    expected = F.cross_entropy(outputs[0], TARGETS) + 2 * F.cross_entropy(outputs[1], TARGETS)
    torch.testing.assert_close(objective(outputs, TARGETS), expected)


def test_binary_cross_entropy_equals_torch():
    objective = Objective(Loss(name="binary_cross_entropy"), [MAIN])
    expected = F.binary_cross_entropy(numbers().sigmoid(), LABELS)
    torch.testing.assert_close(objective(numbers(), LABELS), expected)
    torch.testing.assert_close(objective.each(numbers(), LABELS).mean(), expected)
    # By hand: of outputs 0, the probability of each answer is a half.
    assert objective(torch.zeros(6, 3), LABELS).item() == pytest.approx(math.log(2))


def test_mean_squared_error_takes_labels():
    objective = Objective(Loss(name="mean_squared_error"), [MAIN])
    assert objective(numbers(), LABELS) == F.mse_loss(numbers(), LABELS)


WEIGHTS = torch.tensor([0.5, 2.0, 3.0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_weights_are_torchs(smoothing):
    objective = Objective(Loss(label_smoothing=smoothing), [MAIN], weights=WEIGHTS)
    module = torch.nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=smoothing)
    torch.testing.assert_close(objective(numbers(), TARGETS), module(numbers(), TARGETS))


def test_a_weighted_mean_is_divided_by_the_weights():
    objective = Objective(Loss(), [MAIN], weights=WEIGHTS)
    losses = -numbers().log_softmax(1)[torch.arange(6), TARGETS]
    weights = torch.tensor([0.5, 2.0, 3.0, 3.0, 2.0, 0.5])
    expected = (weights * losses).sum() / 11
    torch.testing.assert_close(objective(numbers(), TARGETS), expected)
    assert objective.share(TARGETS).item() == 11
    assert not objective.counts_samples
    torch.testing.assert_close(objective.each(numbers(), TARGETS), losses)


def test_weights_of_labels_count_where_the_label_is_there():
    objective = Objective(Loss(name="binary_cross_entropy"), [MAIN], weights=WEIGHTS)
    there, absent = -F.logsigmoid(numbers()), -F.logsigmoid(-numbers())
    expected = (LABELS * WEIGHTS * there + (1 - LABELS) * absent).mean()
    torch.testing.assert_close(objective(numbers(), LABELS), expected)
    assert objective.share(LABELS).item() == 6
    assert objective.counts_samples


def test_without_weights_every_sample_counts_the_same():
    assert Objective(Loss(), [MAIN]).share(TARGETS).item() == 6


def test_every_loss_has_a_function():
    assert list(FUNCTIONS) == list(LOSSES)


@pytest.mark.parametrize(
    ("name", "kind"), [(row.name, kind) for row in LOSSES.values() for kind in row.targets]
)
def test_every_loss_is_the_mean_of_its_samples_and_falls_along_its_gradient(name, kind):
    targets = {"classes": TARGETS, "labels": LABELS, "numbers": numbers(1)}[kind]
    objective = Objective(Loss(name=name), [MAIN])
    output = numbers().requires_grad_()
    loss = objective(output, targets)
    losses = objective.each(output, targets)
    assert losses.shape == (len(targets),)
    torch.testing.assert_close(losses.mean(), loss)
    (gradient,) = torch.autograd.grad(loss, output)
    with torch.no_grad():
        assert objective(output - 0.01 * gradient, targets) < loss
