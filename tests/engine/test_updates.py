"""What happens between loss and new weights, against plain torch."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from designer.design import edits
from designer.engine import training
from designer.engine.training import train
from designer.engine.weight_rules import gradient_rules, weight_rules
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.events import read_events
from tests.engine.samples import (
    LENET,
    WITHOUT_DROPOUT,
    WITHOUT_NORM,
    create,
    tiny_recipe,
    write_data,
)
from tests.engine.test_training import StopAt, losses, weights

PLAIN = edits.remove_node(WITHOUT_NORM, "drop")


@pytest.fixture(scope="module")
def data(tmp_path_factory: Any) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3),
        nn.BatchNorm2d(4),
        nn.ConvTranspose2d(4, 6, 3, groups=2),
        nn.Flatten(),
        nn.Linear(6 * 25, 3),
    )


def backward(network: nn.Module, penalty: float = 0.0) -> torch.Tensor:
    """Compute the gradients of a loss, with an L1 penalty of the weights as torch sums it."""
    torch.manual_seed(1)
    images = torch.randn(8, 2, 5, 5)
    loss = F.cross_entropy(network(images), torch.arange(8) % 3)
    if penalty:
        whole = [each.abs().sum() for each in network.parameters() if each.ndim > 1]
        loss = loss + penalty * torch.stack(whole).sum()
    loss.backward()
    return loss


def gradients(network: nn.Module) -> list[torch.Tensor]:
    return [each.grad for each in network.parameters() if each.grad is not None]


def of(**changes: Any) -> Recipe:
    return changed(Recipe(), {name.replace("__", "."): value for name, value in changes.items()})


def apply_rules(network: nn.Module, recipe: Recipe) -> list[torch.Tensor]:
    backward(network)
    for rule in gradient_rules(recipe, list(network.parameters())):
        rule()
    return gradients(network)


def test_by_default_nothing_is_done() -> None:
    network = layers()
    assert gradient_rules(Recipe(), list(network.parameters())) == ()
    assert weight_rules(Recipe(), network) == ()


def test_an_l1_penalty_adds_the_gradient_that_autograd_gives() -> None:
    ours = apply_rules(layers(), of(regularization__l1=0.02))
    theirs = layers()
    backward(theirs, penalty=0.02)
    torch.testing.assert_close(ours, gradients(theirs))


def test_gradients_are_clipped_by_value_then_by_norm() -> None:
    settings = {"gradient_clipping_value": 0.05, "gradient_clipping": 0.2}
    ours = apply_rules(layers(), of(regularization__l1=0.02, **settings))
    theirs = layers()
    backward(theirs, penalty=0.02)
    torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.05)
    torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.2)
    torch.testing.assert_close(ours, gradients(theirs))
    assert torch.cat([each.flatten() for each in ours]).norm() == pytest.approx(0.2, rel=1e-4)


def test_the_norm_of_each_unit_is_bounded_as_torch_bounds_it() -> None:
    network, largest = layers(), 0.5
    conv, norm, transposed, _, linear = network
    before = [each.clone() for each in norm.parameters()] + [conv.bias.clone()]
    expected = [torch.renorm(each.weight.detach(), 2, 0, largest) for each in (conv, linear)]
    # Two groups of 2 inputs each, which lead into 3 units.
    halves = [
        torch.renorm(half.detach(), 2, 1, largest) for half in transposed.weight.split(2, dim=0)
    ]
    (rule,) = weight_rules(of(regularization__max_norm=largest), network)
    rule()
    for found, wanted in zip(
        (conv.weight, linear.weight, transposed.weight), (*expected, torch.cat(halves)), strict=True
    ):
        torch.testing.assert_close(found.detach(), wanted, rtol=1e-5, atol=1e-6)
        assert not torch.equal(found.detach(), torch.zeros_like(wanted))
    assert conv.weight.flatten(1).norm(dim=1).max() <= largest * (1 + 1e-6)
    assert all(map(torch.equal, before, [*norm.parameters(), conv.bias]))


def test_the_bound_leaves_units_of_zeros_and_frozen_weights() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    network[0].weight.data.zero_()
    network[1].weight.data.fill_(9.0)
    network[1].requires_grad_(False)
    (rule,) = weight_rules(of(regularization__max_norm=1.0), network)
    rule()
    assert torch.equal(network[0].weight, torch.zeros(2, 3))
    assert torch.equal(network[1].weight, torch.full((2, 2), 9.0))


def test_a_bound_of_the_norm_holds_at_the_end_of_a_training(tmp_path: Path, data: Path) -> None:
    run = create(tmp_path / "run", tiny_recipe(data, regularization__max_norm=0.3))
    train(run)
    found = {name: each for name, each in weights(run.last, run).items() if each.ndim > 1}
    norms = torch.cat([each.flatten(1).norm(dim=1) for each in found.values()])
    assert norms.max() == pytest.approx(0.3, rel=1e-5)


# Many batches a step


@pytest.mark.parametrize("balanced", [False, True])
def test_accumulated_batches_equal_a_large_one(tmp_path: Path, data: Path, balanced: bool) -> None:
    weighted = {"loss__class_weights": "balanced" if balanced else "none"}
    found = []
    for name, batch, accumulation in (("large", 24, 1), ("small", 8, 3)):
        recipe = tiny_recipe(
            data, batch=batch, accumulation=accumulation, schedule__warmup_epochs=0.5, **weighted
        )
        recipe = changed(recipe, {"schedule.name": "cosine", "epochs": 4})
        run = create(tmp_path / name, recipe, PLAIN)
        result = train(run)
        found.append((run, result, weights(run.last, run)))
    (large, first, one), (small, second, two) = found
    assert (first.steps, first.epochs) == (second.steps, second.epochs)
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-5, atol=1e-6)
    assert second.validation.loss == pytest.approx(first.validation.loss, rel=1e-5)
    rates = [[rate for _, _, rate in losses(run)] for run in (large, small)]
    assert rates[0] == rates[1]
    if not balanced:
        points = [[loss for _, loss, _ in losses(run)] for run in (large, small)]
        assert points[0] == pytest.approx(points[1], rel=1e-5)
        ends = [
            [event["train"] for event in read_events(run.events) if event["event"] == "epoch"]
            for run in (large, small)
        ]
        for ours, theirs in zip(*ends, strict=True):
            assert ours["accuracy"] == theirs["accuracy"]
            assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)


def test_more_batches_than_there_are_images_are_refused(tmp_path: Path, data: Path) -> None:
    run = create(tmp_path / "run", tiny_recipe(data, batch=8, accumulation=100))
    with pytest.raises(
        DesignerError, match=r"100 batches of 8 are more than .* --set-recipe accum"
    ):
        train(run)


# One step an epoch


def test_lbfgs_equals_a_loop_written_by_hand(tmp_path: Path, data: Path) -> None:
    recipe = tiny_recipe(
        data,
        optimizer__name="lbfgs",
        optimizer__learning_rate=1.0,
        optimizer__iterations=4,
        schedule__name="constant",
        loss__class_weights="balanced",
    )
    run = create(tmp_path / "run", recipe, PLAIN)
    result = train(run)
    assert (result.steps, result.epochs) == (3, 3)

    prepared = training.prepare(create(tmp_path / "again", recipe, PLAIN), ExitStack())
    network = prepared.network
    whole = len(prepared.train) // 8 * 8
    (batch,) = prepared.train.batches(prepared.sampling.order(0), whole)
    steps = torch.optim.LBFGS(
        network.parameters(), 1.0, max_iter=4, history_size=10, line_search_fn="strong_wolfe"
    )

    def evaluate() -> torch.Tensor:
        steps.zero_grad()
        loss = F.cross_entropy(network(batch[0]), batch[1], weight=prepared.class_weights)
        loss.backward()
        return loss

    # torch returns the loss before the step, which the events of the run have, too.
    expected = [steps.step(evaluate).item() for _ in range(3)]
    own = dict(network.named_parameters())
    for name, weight in weights(run.last, run).items():
        torch.testing.assert_close(weight, own[name].detach(), rtol=1e-3, atol=1e-4)
    assert expected == sorted(expected, reverse=True)


def test_lbfgs_sees_the_same_dropout_in_every_evaluation(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two evaluations of the same weights give the same loss, to the last bit."""
    run = create(
        tmp_path / "run",
        tiny_recipe(data, epochs=1, optimizer__name="lbfgs", augmentation__shift=0.2),
    )
    found = []

    def twice(self: Any, evaluate: Any) -> None:
        with torch.enable_grad():
            found.extend((evaluate(), evaluate()))

    monkeypatch.setattr(torch.optim.LBFGS, "step", twice)
    train(run)
    assert found[0] == found[1]


def test_lbfgs_learns_weights_whose_channels_come_last(tmp_path: Path) -> None:
    recipe = Recipe(batch=64, epochs=2, threads=1, device="cpu")
    changes = {"optimizer.name": "lbfgs", "optimizer.learning_rate": 1.0, "data.limit": 256}
    run = create(tmp_path / "run", changed(recipe, changes), LENET)
    train(run)
    found = [event["loss"] for event in read_events(run.events) if event["event"] == "step"]
    assert found[1] < 0.8 * found[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accumulation": 2}, "accumulation is 2"),
        ({"precision": "bfloat16"}, "precision is bfloat16"),
        ({"gradient_clipping": 1.0}, r"gradient_clipping is 1.0"),
        ({"gradient_clipping_value": 1.0}, r"gradient_clipping_value is 1.0"),
        ({"loss__center_weight": 0.1}, r"loss.center_weight is 0.1"),
        ({"regularization__l1": 0.1}, r"regularization.l1 is 0.1"),
    ],
)
def test_what_does_not_go_with_full_batches_is_refused(
    tmp_path: Path, data: Path, changes: dict[str, Any], words: str
) -> None:
    recipe = tiny_recipe(data, optimizer__name="lbfgs", **changes)
    with pytest.raises(DesignerError, match=rf"{words}, which does not go with LBFGS.*set it to"):
        create(tmp_path / "run", recipe)


def test_a_large_network_of_full_batches_is_stopped_between_steps(
    tmp_path: Path, data: Path
) -> None:
    run = create(tmp_path / "run", tiny_recipe(data, optimizer__name="lbfgs"), WITHOUT_DROPOUT)
    assert train(run, interrupt=StopAt(0)).steps == 1
    assert train(run, resume=True).status == "finished"
