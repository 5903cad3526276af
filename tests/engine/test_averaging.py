"""Averages of weights against torch's own, and where a training uses them."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import swa_utils

from designer.engine import checkpoint, training
from designer.engine.averaging import Average, renew_statistics
from designer.engine.training import train
from designer.recipe.averaging import AVERAGES, Averaging
from designer.runs.events import read_events
from designer.runs.train_on import train_on
from tests.engine.samples import TINY, create, tiny_recipe, write_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: Any) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(27, 2))


def batches(count: int = 5) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(3)
    return [
        (torch.randn(6, 1, 5, 5, generator=generator) * 3 + 1, torch.arange(6) % 2)
        for _ in range(count)
    ]


def steps(trained: nn.Module) -> Any:
    """Train a network, and yield after each step."""
    optimizer = torch.optim.SGD(trained.parameters(), 0.1)
    for images, targets in batches(12):
        optimizer.zero_grad()
        nn.functional.cross_entropy(trained(images), targets).backward()
        optimizer.step()
        yield


def test_a_moving_average_equals_the_one_of_torch() -> None:
    """With the decay of each step by hand: torch has no warm-up."""
    ours, theirs = network(), network()
    average = Average(ours, Averaging(name="ema", decay=0.4))
    decays = [min(0.4, (1 + t) / (10 + t)) for t in range(12)]
    assert decays[0] == 0.1 and decays[-1] == 0.4
    torchs = swa_utils.AveragedModel(theirs, use_buffers=True)
    torchs.n_averaged += 1  # else the first step is copied
    for decay, *_ in zip(decays, steps(ours), steps(theirs), strict=True):
        average.after_step()
        torchs.multi_avg_fn = swa_utils.get_ema_multi_avg_fn(decay)
        torchs.update_parameters(theirs)
    trained = {name: each.clone() for name, each in ours.state_dict().items()}
    with average.in_place():
        for name, each in torchs.module.state_dict().items():
            if each.is_floating_point():  # torch averages numbers of batches, too
                torch.testing.assert_close(ours.state_dict()[name], each, rtol=1e-6, atol=1e-6)
        assert ours[1].num_batches_tracked == 12
        assert not torch.equal(ours.state_dict()["0.weight"], trained["0.weight"])
    assert all(torch.equal(each, trained[name]) for name, each in ours.state_dict().items())


def test_a_mean_over_epochs_equals_the_one_of_torch() -> None:
    ours, theirs = network(), network()
    average = Average(ours, Averaging(name="swa", start=0.75))
    torchs = swa_utils.AveragedModel(theirs)
    for epoch, *_ in zip(range(1, 13), steps(ours), steps(theirs), strict=True):
        average.after_step()  # without effect
        average.after_epoch(epoch, epochs=12, pictures=iter(batches()))
        assert average.active == (epoch >= 9)
        if epoch >= 9:  # three quarters of 12
            torchs.update_parameters(theirs)
    assert average.count == 4
    swa_utils.update_bn(batches(), torchs)
    with average.in_place():
        for name, each in torchs.module.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], each, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("start", "epochs", "first"), [(0.0, 4, 1), (1.0, 4, 4), (0.75, 10, 8)])
def test_the_mean_begins_at_its_share_of_the_training(
    start: float, epochs: int, first: int
) -> None:
    average = Average(network(), Averaging(name="swa", start=start))
    for epoch in range(1, epochs + 1):
        average.after_epoch(epoch, epochs=epochs, pictures=iter(batches()))
        assert average.active == (epoch >= first)


def test_statistics_are_renewed_as_torch_does_it_and_frozen_norms_keep_theirs() -> None:
    ours, theirs = network(), network()
    frozen = nn.BatchNorm1d(2).eval()
    ours.append(frozen)
    frozen.running_mean += 5.0
    renew_statistics(ours, batches())
    swa_utils.update_bn(batches(), theirs)
    for name, each in theirs[1].state_dict().items():
        torch.testing.assert_close(ours[1].state_dict()[name], each)
    assert frozen.running_mean.tolist() == [5.0, 5.0]
    assert ours[1].momentum == 0.1
    with pytest.raises(AssertionError):
        torch.testing.assert_close(ours[1].running_mean, torch.zeros(3))


def test_an_average_is_restored() -> None:
    first = network()
    average = Average(first, Averaging(name="ema"))
    for _ in steps(first):
        average.after_step()
    trained = {name: each.clone() for name, each in first.state_dict().items()}
    with average.in_place():
        saved = {name: each.clone() for name, each in first.state_dict().items()}
    second = network()
    again = Average(second, Averaging(name="ema"))
    again.restore(average.weights())
    assert again.count == 12
    with again.in_place():
        assert all(torch.equal(each, saved[name]) for name, each in second.state_dict().items())
    assert all(torch.equal(each, trained[name]) for name, each in second.state_dict().items())


# In a training


@pytest.mark.parametrize("name", [name for name in AVERAGES if name != "none"])
def test_validation_best_last_and_kept_weights_are_the_average(
    tmp_path: Path, data: Path, name: str
) -> None:
    changes = {"averaging__name": name, "averaging__start": 0.1, "averaging__decay": 0.9}
    recipe = tiny_recipe(data, keep_checkpoints=1, augmentation__shift=0.1, **changes)
    run = create(tmp_path / "run", recipe)
    result = train(run)
    prepared = training.prepare(create(tmp_path / "again", recipe), ExitStack())
    best = checkpoint.load(run.best, source=run.source())["network"]
    last = checkpoint.load(run.last, source=run.source())
    assert not torch.equal(last["network"]["conv.weight"], last["training_network"]["conv.weight"])
    kept = checkpoint.load(run.kept(3), source=run.source())["network"]
    assert all(torch.equal(each, last["network"][key]) for key, each in kept.items())
    for state, metrics in ((best, result.best), (last["network"], result.validation)):
        prepared.network.load_state_dict(state)
        prepared.network.eval()
        (batch,) = prepared.validation.batches(torch.arange(24), 24)
        loss = nn.functional.cross_entropy(prepared.network(batch[0]), batch[1])
        assert metrics.loss == pytest.approx(loss.item(), rel=1e-5)
    if name == "swa":  # the statistics are those of the pictures without augmentation
        prepared.network.load_state_dict(last["network"])
        plain = prepared.train.without_augmentation()
        order = prepared.sampling.order(2)
        (whole,) = plain.batches(order, len(order))
        values = prepared.network.conv(whole[0])
        statistics = last["network"]["norm.running_mean"]
        torch.testing.assert_close(values.mean((0, 2, 3)), statistics, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", AVERAGES)
def test_an_average_takes_the_memory_that_is_estimated(
    tmp_path: Path, data: Path, name: str
) -> None:
    prepared = training.prepare(create(tmp_path / "run", tiny_recipe(data)), ExitStack())
    settings = Averaging(name=name)
    average = Average(prepared.network, settings)
    held = sum(each.nbytes for each in average._places)
    assert held == settings.copies * prepared.analysis.totals.file_bytes


def test_the_training_itself_is_that_without_an_average(tmp_path: Path, data: Path) -> None:
    found = []
    for name in ("none", "ema"):
        run = create(tmp_path / name, tiny_recipe(data, averaging__name=name))
        train(run)
        content = checkpoint.load(run.last, source=run.source())
        found.append(content.get("training_network") or content["network"])
    assert all(torch.equal(each, found[1][name]) for name, each in found[0].items())


def test_a_mean_over_epochs_is_continued_where_a_run_is_trained_on(
    tmp_path: Path, data: Path
) -> None:
    recipe = tiny_recipe(data, averaging__name="swa", averaging__start=0.6)
    parent = create(tmp_path / "parent", recipe, TINY)
    train(parent)
    assert checkpoint.load(parent.last, source=parent.source())["averaged"] == 2
    child = train_on(parent, tmp_path / "child", epochs=3)
    train(child, resume=True)
    assert checkpoint.load(child.last, source=child.source())["averaged"] == 5
    assert [each["epoch"] for each in read_events(child.events) if each["event"] == "epoch"] == [
        *range(1, 7)
    ]
