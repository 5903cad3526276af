"""Mixup and cutmix: the images, the targets, their loss and their accuracy."""

import pytest
import torch
import torch.nn.functional as F

from designer.engine.decisions import Decisions
from designer.engine.losses import Objective
from designer.engine.mixing import MIXERS, Mixed, Mixing
from designer.engine.processes import Processes
from designer.engine.tally import Read, Tally
from designer.recipe.augmentations import Augmentation
from designer.recipe.losses import Loss
from designer.runs.network import OutputInfo

MAIN = OutputInfo(name="y", shape=(3,))
SIDE = OutputInfo(name="side", shape=(3,), loss_weight=0.3, auxiliary=True)
FIRST, SECOND = torch.tensor([0, 1, 2, 2, 1, 0]), torch.tensor([1, 1, 0, 2, 0, 2])
SHARE = torch.tensor([0.7, 0.2, 0.5, 1.0, 0.0, 0.9])
MIXED = Mixed(FIRST, SECOND, SHARE)


def outputs(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(seed))


def constant(count: int) -> torch.Tensor:
    """Return images of one value each, their number."""
    return torch.arange(count).float().view(-1, 1, 1, 1).expand(-1, 3, 8, 10).contiguous()


def test_mixup_adds_up_two_images_by_the_share_of_their_targets() -> None:
    images, targets = Mixing(Augmentation(mixup=0.4))(constant(50), torch.arange(50))
    share = targets.share.view(-1, 1, 1, 1)
    one, other = (each.view(-1, 1, 1, 1).float() for each in targets[:2])
    torch.testing.assert_close(images, (share * one + (1 - share) * other).expand_as(images))
    assert torch.equal(targets.second, (torch.arange(50) - 1) % 50)


def test_cutmix_puts_one_rectangle_of_the_area_of_the_other_share_into_an_image() -> None:
    images, targets = Mixing(Augmentation(cutmix=1.0))(constant(200), torch.arange(200))
    of_other = images == targets.second.view(-1, 1, 1, 1)
    assert (of_other | (images == targets.first.view(-1, 1, 1, 1))).all()
    torch.testing.assert_close(of_other.float().mean((1, 2, 3)), 1 - targets.share)
    for each in of_other[:, 0]:
        rows, columns = each.any(1), each.any(0)
        assert torch.equal(each, rows[:, None] & columns)
        for line in (rows, columns):  # without a gap
            assert int((line[1:] & ~line[:-1]).sum()) + int(line[0]) <= 1
    assert 0.02 < float(of_other.float().mean()) < 0.5


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_have_mean_and_variance_of_the_beta_distribution(alpha: float) -> None:
    torch.manual_seed(0)
    _, targets = Mixing(Augmentation(mixup=alpha))(
        torch.zeros(20_000, 1, 1, 1), torch.zeros(20_000)
    )
    assert float(targets.share.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(targets.share.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.04)


def test_with_both_each_batch_has_one_of_the_two() -> None:
    torch.manual_seed(0)
    mixing, kinds = Mixing(Augmentation(mixup=1.0, cutmix=1.0)), []
    for _ in range(200):
        images, _ = mixing(constant(8), torch.arange(8))
        whole = images == images.round()
        kinds.append(bool(whole.all()))
        assert kinds[-1] or not whole.flatten(1).all(1)[1:].all()
    assert sum(kinds) == pytest.approx(100, abs=30)


def soft(smoothing: float = 0.0) -> torch.Tensor:
    """Return the mixed targets as probabilities (6, 3)."""
    one, other = (F.one_hot(each, 3).float() for each in (FIRST, SECOND))
    mixed = SHARE[:, None] * one + (1 - SHARE[:, None]) * other
    return mixed * (1 - smoothing) + smoothing / 3


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_that_of_the_mixed_probabilities(smoothing: float) -> None:
    objective = Objective(Loss(label_smoothing=smoothing), [MAIN, SIDE], training=True)
    expected = F.cross_entropy(outputs(), soft(smoothing))
    torch.testing.assert_close(objective(outputs(), MIXED), expected)
    expected = expected + 0.3 * F.cross_entropy(outputs(1), soft(smoothing))
    torch.testing.assert_close(objective((outputs(0), outputs(1)), MIXED), expected)


def test_weights_of_classes_count_by_their_shares() -> None:
    weights = torch.tensor([0.5, 2.0, 1.0])
    objective = Objective(Loss(class_weights="balanced"), [MAIN], weights=weights)
    logs = outputs().log_softmax(1)
    loss, share = 0.0, 0.0
    for n in range(6):
        for target, part in ((FIRST[n], SHARE[n]), (SECOND[n], 1 - SHARE[n])):
            loss -= float(part * weights[target] * logs[n, target])
            share += float(part * weights[target])
    assert objective(outputs(), MIXED).item() == pytest.approx(loss / share, rel=1e-5)
    assert objective.share(MIXED).item() == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "mean_squared_error"])
def test_losses_of_labels_and_numbers_are_added_by_their_shares(name: str) -> None:
    one, other = (F.one_hot(each, 3).float() for each in (FIRST, SECOND))
    function = {
        "binary_cross_entropy": F.binary_cross_entropy_with_logits,
        "mean_squared_error": F.mse_loss,
    }[name]
    expected = sum(
        part * function(outputs()[n], target[n]) / 6
        for n in range(6)
        for target, part in ((one, SHARE[n]), (other, 1 - SHARE[n]))
    )
    found = Objective(Loss(name=name), [MAIN])(outputs(), Mixed(one, other, SHARE))
    torch.testing.assert_close(found, torch.as_tensor(expected))


def test_a_share_of_one_is_the_loss_without_mixing() -> None:
    objective = Objective(Loss(label_smoothing=0.1), [MAIN], training=True)
    whole = Mixed(FIRST, SECOND, torch.ones(6))
    torch.testing.assert_close(objective(outputs(), whole), objective(outputs(), FIRST))


def test_accuracy_is_against_the_heavier_label() -> None:
    tally = Tally(
        Decisions("classes", 1), device=torch.device("cpu"), processes=Processes(), interval=1
    )
    assert MIXED.heavier.tolist() == [0, 1, 2, 2, 0, 0]
    predicted = F.one_hot(torch.tensor([0, 1, 0, 2, 1, 2]), 3).float()
    tally.note(torch.tensor(0.5), predicted, MIXED)
    assert tally.read() == Read(losses=[0.5], hits=[3])


def test_heavier_labels_of_several_an_image() -> None:
    one, other = torch.eye(3), 1 - torch.eye(3)
    mixed = Mixed(one, other, torch.tensor([0.9, 0.1, 0.6]))
    assert torch.equal(mixed.heavier, torch.stack([one[0], other[1], one[2]]))


def test_the_order_in_memory_is_kept() -> None:
    images = torch.rand(4, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    for name in MIXERS:
        mixed, _ = Mixing(Augmentation(**{name: 1.0}))(images, torch.arange(4))
        assert mixed.is_contiguous(memory_format=torch.channels_last)
