"""torch's optimizers as the rows of the table build them."""

from typing import Any

import msgspec
import pytest
import torch

from designer.engine.optimizers import optimizer
from designer.recipe.optimizers import OPTIMIZERS, Optimizer, state_copies
from designer.recipe.recipe import fields
from tests.recipe.alternatives import another_value

CPU = torch.device("cpu")
SETTINGS = [field for field in fields().values() if field.group is Optimizer]

CASES = [
    (
        Optimizer(name="sgd", momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    (
        Optimizer(name="sgd", momentum=0.0, weight_decay=0.0),
        lambda p: torch.optim.SGD(p, 0.05),
    ),
    (
        Optimizer(name="rmsprop", momentum=0.5, decay=0.9, weight_decay=0.01),
        lambda p: torch.optim.RMSprop(p, 0.05, alpha=0.9, momentum=0.5, weight_decay=0.01),
    ),
    (
        Optimizer(name="adagrad", epsilon=1e-10, weight_decay=0.01),
        lambda p: torch.optim.Adagrad(p, 0.05, weight_decay=0.01),
    ),
    (
        Optimizer(name="adam", betas=(0.8, 0.99), weight_decay=0.01),
        lambda p: torch.optim.Adam(p, 0.05, betas=(0.8, 0.99), weight_decay=0.01),
    ),
    (
        Optimizer(name="adamw", weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.1),
    ),
]


@pytest.mark.parametrize(("recipe", "make"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_steps_equal_those_of_torch(recipe, make):
    torch.manual_seed(0)
    ours = torch.nn.Parameter(torch.randn(5, 4))
    theirs = torch.nn.Parameter(ours.detach().clone())
    pairs = [
        (ours, optimizer(recipe, [ours], device=torch.device("cpu"))),
        (theirs, make([theirs])),
    ]
    for _ in range(20):
        for weight, steps in pairs:
            steps.zero_grad()
            (weight.sin().square().sum()).backward()
            steps.step()
    torch.testing.assert_close(ours, theirs)


def trained(settings: Optimizer, steps: int = 3) -> tuple[torch.Tensor, torch.optim.Optimizer]:
    """Return a weight after some steps, and the optimizer."""
    weight = torch.nn.Parameter(torch.linspace(-1, 1, 20).view(5, 4))
    optimize = optimizer(settings, [weight], device=CPU)
    for _ in range(steps):
        optimize.zero_grad()
        (weight * weight.detach().cos()).sum().backward()  # type: ignore[no-untyped-call]
        optimize.step()
    return weight.detach(), optimize


def variants(name: str) -> list[Optimizer]:
    """Return an optimizer with its defaults, each of its settings changed, and without momentum."""
    default = Optimizer(name=name, learning_rate=OPTIMIZERS[name].learning_rate)
    found = [default, msgspec.structs.replace(default, momentum=0.0)]
    others = {
        field.own_name: another_value(field) for field in SETTINGS if field.own_name != "name"
    }
    return found + [
        msgspec.structs.replace(default, **{name: value}) for name, value in others.items()
    ]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_is_as_large_as_the_row_says(name: str) -> None:
    for settings in variants(name):
        weight, optimize = trained(settings)
        state: dict[str, Any] = optimize.state[optimize.param_groups[0]["params"][0]]
        values = [each for each in state.values() if isinstance(each, torch.Tensor)]
        kept = sum(each.nbytes for each in values if each.shape == weight.shape)
        assert kept == state_copies(settings) * weight.nbytes, settings


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.own_name)
def test_a_setting_has_an_effect_where_the_row_lists_it(name: str, field: Any) -> None:
    if field.own_name == "name":
        return
    default = Optimizer(name=name, learning_rate=OPTIMIZERS[name].learning_rate)
    other = msgspec.structs.replace(default, **{field.own_name: another_value(field)})
    same = torch.equal(trained(default)[0], trained(other)[0])
    assert same != field.used_with(name)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(name: str) -> None:
    settings = Optimizer(name=name, learning_rate=OPTIMIZERS[name].learning_rate)
    weight, optimize = trained(settings, steps=20)
    assert torch.isfinite(weight).all()
    assert type(optimize).__name__ == OPTIMIZERS[name].torch
    target = torch.nn.Parameter(torch.full((3,), 2.0))
    steps = optimizer(settings, [target], device=CPU)
    for _ in range(200):
        steps.zero_grad()
        target.square().sum().backward()  # type: ignore[no-untyped-call]
        steps.step()
    assert target.abs().max() < 2.0
