import math

import numpy as np
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


def test_cross_entropy_equals_torch():
    objective = Objective(Loss(), [MAIN])
    expected = F.cross_entropy(numbers(), TARGETS)
    assert objective(numbers(), TARGETS) == expected
    torch.testing.assert_close(objective.each(numbers(), TARGETS).mean(), expected)


def test_labels_are_smoothed_in_training_only():
    loss = Loss(label_smoothing=0.1)
    plain = F.cross_entropy(numbers(), TARGETS)
    smooth = F.cross_entropy(numbers(), TARGETS, label_smoothing=0.1)
    training = Objective(loss, [MAIN], training=True)
    assert training(numbers(), TARGETS) == smooth
    torch.testing.assert_close(training.each(numbers(), TARGETS).mean(), plain)
    assert Objective(loss, [MAIN])(numbers(), TARGETS) == plain
    # By hand: 0.9 of the certainty for the right class, and 0.1 / 3 for each of the three.
    logarithms = numbers().log_softmax(1)
    right = logarithms[torch.arange(6), TARGETS].mean()
    torch.testing.assert_close(smooth, -0.9 * right - 0.1 * logarithms.mean())


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
    loss = Loss(label_smoothing=smoothing)
    objective = Objective(loss, [MAIN], weights=WEIGHTS, training=True)
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


COSTS = ((0.0, 1.0, 4.0), (2.0, 0.0, 1.0), (8.0, 3.0, 0.0))


def one_hot(targets):
    return np.eye(3)[targets] if targets.ndim == 1 else targets


def right_probabilities(x, t):
    """Return the probabilities that logits give to what is right: (n, 1) or (n, labels)."""
    if t.ndim == 1:
        return (np.exp(x) / np.exp(x).sum(1, keepdims=True))[np.arange(len(t)), t][:, None]
    there = 1 / (1 + np.exp(-x))
    return np.where(t > 0, there, 1 - there)


def by_costs(x, t, costs):
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    return np.array([sum(p[i, k] * costs[c][k] for k in range(3)) for i, c in enumerate(t)])


def huber(x, t, beta):
    d = np.abs(x - one_hot(t))
    return np.where(d < beta, d**2 / (2 * beta), d - beta / 2).mean(1)


def focal(x, t, gamma):
    p = right_probabilities(x, t)
    return (-((1 - p) ** gamma) * np.log(p)).mean(1)


# Each loss of one image in numpy, by the formulas of the textbooks, with some settings.
BY_HAND = {
    "cross_entropy": [({}, lambda x, t: -np.log(right_probabilities(x, t)[:, 0]))],
    "mean_squared_error": [({}, lambda x, t: ((x - one_hot(t)) ** 2).mean(1))],
    "binary_cross_entropy": [({}, lambda x, t: -np.log(right_probabilities(x, t)).mean(1))],
    "focal": [
        ({}, lambda x, t: focal(x, t, 2.0)),
        ({"gamma": 0.5}, lambda x, t: focal(x, t, 0.5)),
        ({"gamma": 0.0}, lambda x, t: -np.log(right_probabilities(x, t)).mean(1)),
    ],
    "expected_cost": [
        ({}, lambda x, t: 1 - right_probabilities(x, t)[:, 0]),
        ({"cost_matrix": COSTS}, lambda x, t: by_costs(x, t, COSTS)),
    ],
    "mean_absolute_error": [({}, lambda x, t: np.abs(x - one_hot(t)).mean(1))],
    "smooth_l1": [
        ({}, lambda x, t: huber(x, t, 1.0)),
        ({"beta": 0.3}, lambda x, t: huber(x, t, 0.3)),
    ],
}
CASES = [
    (row.name, kind, settings, by_hand)
    for row in LOSSES.values()
    for settings, by_hand in BY_HAND[row.name]
    for kind in row.targets
    if kind != "tokens"
]


def targets_of(kind):
    found = {"classes": TARGETS, "labels": LABELS, "numbers": numbers(1), "input": LABELS}
    return found[kind]


@pytest.mark.parametrize(("name", "kind", "settings", "by_hand"), CASES)
def test_every_loss_and_its_gradient_are_those_counted_by_hand(name, kind, settings, by_hand):
    objective = Objective(Loss(name=name, **settings), [MAIN])
    targets = targets_of(kind)
    if targets.is_floating_point():
        targets = targets.double()
    output = numbers().double().requires_grad_()
    expected = by_hand(output.detach().numpy(), targets.numpy())
    np.testing.assert_allclose(objective.each(output, targets).detach(), expected, atol=1e-6)
    loss = objective(output, targets)
    assert loss.item() == pytest.approx(expected.mean(), abs=1e-6)
    (gradient,) = torch.autograd.grad(loss, output)
    for place in np.ndindex(6, 3):  # against a difference quotient of the formula
        moved = [output.detach().numpy().copy() for _ in range(2)]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        high, low = (by_hand(each, targets.numpy()).mean() for each in moved)
        assert gradient[place].item() == pytest.approx((high - low) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_text_is_the_mean_over_its_tokens(smoothing):
    output = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.tensor([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])
    objective = Objective(Loss(label_smoothing=smoothing), [MAIN], training=True)
    each = [
        F.cross_entropy(output[i, j], targets[i, j], label_smoothing=smoothing)
        for i in range(2)
        for j in range(5)
    ]
    torch.testing.assert_close(objective(output, targets), torch.stack(each).mean())
    plain = -output.log_softmax(2).gather(2, targets[..., None])[..., 0]
    torch.testing.assert_close(objective.each(output, targets), plain.mean(1))
    assert objective.share(targets).item() == 2


def test_every_loss_has_a_function_and_is_explained():
    assert list(FUNCTIONS) == list(LOSSES) == list(BY_HAND)
    for row in LOSSES.values():
        assert row.formula
        assert row.help.endswith(".")


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_class_weights_weigh_the_focal_loss_as_they_weigh_cross_entropy(kind):
    plain = "cross_entropy" if kind == "classes" else "binary_cross_entropy"
    focal, other = (
        Objective(Loss(name=name, gamma=0.0), [MAIN], weights=WEIGHTS) for name in ("focal", plain)
    )
    targets = targets_of(kind)
    torch.testing.assert_close(focal(numbers(), targets), other(numbers(), targets))
    assert focal.share(targets) == other.share(targets)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_has_a_finite_gradient_where_the_right_answer_is_certain(gamma):
    objective = Objective(Loss(name="focal", gamma=gamma), [MAIN])
    sure = (F.one_hot(TARGETS, 3) * 200.0 - 100).requires_grad_()
    for targets in (TARGETS, F.one_hot(TARGETS, 3).float()):
        (gradient,) = torch.autograd.grad(objective(sure, targets), sure)
        assert gradient.isfinite().all()
        assert objective(-sure, targets).isfinite()  # and where the wrong one is


def test_the_mean_cost_is_that_of_the_decisions():
    objective = Objective(Loss(cost_matrix=COSTS), [MAIN])
    output = torch.tensor([[3.0, 0, 0], [0, 3, 0], [0, 0, 3], [0, 3, 0]])
    targets = torch.tensor([0, 2, 0, 1])
    assert objective.has_costs
    assert objective.cost(output, targets) == 0 + 3 + 4 + 0
    assert not Objective(Loss(), [MAIN]).has_costs


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name, kind, settings, _ in CASES if not settings]
)
def test_every_loss_weighs_its_outputs(name, kind):
    objective = Objective(Loss(name=name), [MAIN, SIDE, OTHER])
    single, targets = Objective(Loss(name=name), [MAIN]), targets_of(kind)
    parts = [single(numbers(seed), targets) for seed in range(3)]
    both = objective(tuple(numbers(seed) for seed in range(3)), targets)
    torch.testing.assert_close(both, parts[0] + 0.3 * parts[1] + 2 * parts[2])
