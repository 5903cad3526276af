"""The optimizers as the rows of the table build them, against torch's and formulas by hand."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch

from designer.engine.optimizers import OWN, optimizer
from designer.errors import DesignerError
from designer.recipe.optimizers import OPTIMIZERS, Optimizer, state_copies
from designer.recipe.recipe import fields
from tests.recipe.alternatives import another_value

CPU = torch.device("cpu")
SETTINGS = [field for field in fields().values() if field.group is Optimizer]


class PlainLARS:
    """LARS as its paper writes it, one number at a time for readers."""

    def __init__(self, parameters: Any, rate: float, momentum: float, decay: float, trust: float):
        self.parameters = list(parameters)
        self.settings = rate, momentum, decay, trust
        self.velocities = [torch.zeros_like(each) for each in self.parameters]

    def zero_grad(self) -> None:
        for each in self.parameters:
            each.grad = None

    def step(self) -> None:
        rate, momentum, decay, trust = self.settings
        for weight, velocity in zip(self.parameters, self.velocities, strict=True):
            ratio, own_decay = 1.0, 0.0
            if weight.ndim > 1:
                own_decay = decay
                w, g = weight.norm().item(), weight.grad.norm().item()
                ratio = trust * w / (g + decay * w)
            change = weight.grad + own_decay * weight.detach()
            velocity.copy_(momentum * velocity + rate * ratio * change)
            weight.data -= velocity


def of_torch(kind: Any, **arguments: Any) -> Callable[[Any], Any]:
    return lambda parameters: kind(parameters, **arguments)


CASES: dict[str, list[tuple[dict[str, Any], Callable[[Any], Any]]]] = {
    "sgd": [
        (
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
            of_torch(torch.optim.SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        ),
        ({"momentum": 0.0, "weight_decay": 0.0}, of_torch(torch.optim.SGD, lr=0.05)),
    ],
    "rmsprop": [
        (
            {"momentum": 0.5, "decay": 0.9, "weight_decay": 0.01},
            of_torch(torch.optim.RMSprop, lr=0.05, alpha=0.9, momentum=0.5, weight_decay=0.01),
        )
    ],
    "adagrad": [
        (
            {"epsilon": 1e-10, "weight_decay": 0.01},
            of_torch(torch.optim.Adagrad, lr=0.05, weight_decay=0.01),
        )
    ],
    "adadelta": [
        (
            {"rho": 0.8, "epsilon": 1e-6, "weight_decay": 0.01},
            of_torch(torch.optim.Adadelta, lr=0.05, rho=0.8, weight_decay=0.01),
        )
    ],
    "adam": [
        (
            {"betas": (0.8, 0.99), "weight_decay": 0.01},
            of_torch(torch.optim.Adam, lr=0.05, betas=(0.8, 0.99), weight_decay=0.01),
        )
    ],
    "adamw": [({"weight_decay": 0.1}, of_torch(torch.optim.AdamW, lr=0.05, weight_decay=0.1))],
    "nadam": [
        ({"weight_decay": 0.1}, of_torch(torch.optim.NAdam, lr=0.05, weight_decay=0.1)),
        (
            {"weight_decay": 0.1, "decoupled_decay": True, "betas": (0.8, 0.99)},
            of_torch(
                torch.optim.NAdam,
                lr=0.05,
                weight_decay=0.1,
                betas=(0.8, 0.99),
                decoupled_weight_decay=True,
            ),
        ),
    ],
    "radam": [
        ({"weight_decay": 0.1}, of_torch(torch.optim.RAdam, lr=0.05, weight_decay=0.1)),
        (
            {"weight_decay": 0.1, "decoupled_decay": True},
            of_torch(torch.optim.RAdam, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True),
        ),
    ],
    "lars": [
        (
            {"momentum": 0.8, "weight_decay": 0.1, "trust": 0.02},
            lambda parameters: PlainLARS(parameters, 0.05, 0.8, 0.1, 0.02),
        ),
        (
            {"momentum": 0.0, "weight_decay": 0.0},
            lambda parameters: PlainLARS(parameters, 0.05, 0.0, 0.0, 0.001),
        ),
    ],
    "lbfgs": [
        (
            {"iterations": 3, "history": 4},
            of_torch(
                torch.optim.LBFGS,
                lr=0.05,
                max_iter=3,
                history_size=4,
                line_search_fn="strong_wolfe",
            ),
        ),
        (
            {"line_search": False},
            of_torch(torch.optim.LBFGS, lr=0.05, max_iter=20, history_size=10),
        ),
    ],
}


def pair() -> list[torch.nn.Parameter]:
    """Return a weight of two dimensions, and one of a single dimension as norms and biases are."""
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(5, 4)), torch.nn.Parameter(torch.randn(4))]


def loss(parameters: list[torch.nn.Parameter]) -> torch.Tensor:
    weight, bias = parameters
    return (weight.sin() * bias.cos()).square().sum() + 0.1 * weight.square().sum()


def take_steps(parameters: list[torch.nn.Parameter], steps: Any, count: int) -> None:
    """Take so many steps down the loss."""

    def evaluate() -> float:
        steps.zero_grad()
        value = loss(parameters)
        value.backward()  # type: ignore[no-untyped-call]
        return value.item()

    for _ in range(count):
        if isinstance(steps, torch.optim.LBFGS):
            steps.step(evaluate)
        else:
            evaluate()
            steps.step()


def test_every_row_has_a_case() -> None:
    assert list(CASES) == list(OPTIMIZERS)


@pytest.mark.parametrize(
    ("name", "number"), [(name, i) for name, cases in CASES.items() for i in range(len(cases))]
)
def test_steps_equal_those_of_torch(name: str, number: int) -> None:
    settings, make = CASES[name][number]
    recipe = Optimizer(name=name, learning_rate=0.05, **settings)
    for count in (1, 4, 15):
        mine, other = pair(), pair()
        take_steps(mine, optimizer(recipe, mine, device=CPU), count)
        take_steps(other, make(other), count)
        for a, b, start in zip(mine, other, pair(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
            assert not torch.equal(a, start)


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


def trained(settings: Optimizer, steps: int = 3) -> tuple[list[Any], torch.optim.Optimizer]:
    """Return parameters after some steps, and the optimizer."""
    parameters = pair()
    optimize = optimizer(settings, parameters, device=CPU)
    take_steps(parameters, optimize, steps)
    return [each.detach() for each in parameters], optimize


def tensors(state: Any) -> list[torch.Tensor]:
    """Return all tensors in the state of an optimizer that are larger than a number."""
    if isinstance(state, torch.Tensor):
        return [state] if state.ndim else []
    if isinstance(state, dict):
        state = list(state.values())
    return [each for part in state for each in tensors(part)] if isinstance(state, list) else []


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_is_as_large_as_the_row_says(name: str) -> None:
    for variant in variants(name):
        settings, steps = variant, 3
        if OPTIMIZERS[name].full_batch:  # until the history is full
            settings = msgspec.structs.replace(
                variant, history=min(variant.history, 3), iterations=2, learning_rate=0.01
            )
            steps = 4
        parameters, optimize = trained(settings, steps)
        held = {id(each): each for state in optimize.state.values() for each in tensors(state)}
        kept = sum(each.nbytes for each in held.values())
        whole = sum(each.nbytes for each in parameters)
        assert kept == state_copies(settings) * whole, settings


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.own_name)
def test_a_setting_has_an_effect_where_the_row_lists_it(name: str, field: Any) -> None:
    if field.own_name == "name":
        return
    row = OPTIMIZERS[name]
    default = Optimizer(name=name, learning_rate=row.learning_rate, weight_decay=0.1)
    if row.full_batch:  # so few that the weights are still on their way
        default = msgspec.structs.replace(default, history=1, iterations=4)
    other = msgspec.structs.replace(default, **{field.own_name: another_value(field)})
    # RAdam's first five steps are plain momentum.
    before, after = (trained(each, 2 if row.full_batch else 7)[0] for each in (default, other))
    same = all(map(torch.equal, before, after))
    assert same != field.used_with(name)


@pytest.mark.parametrize(
    "name", [name for name, row in OPTIMIZERS.items() if "decay_norms" in row.settings]
)
@pytest.mark.parametrize("grouped", [False, True])
def test_norms_and_biases_may_be_left_without_decay(name: str, grouped: bool) -> None:
    settings = Optimizer(name=name, learning_rate=0.01, weight_decay=0.3, decay_norms=False)
    row, none = OPTIMIZERS[name], msgspec.structs.replace(settings, weight_decay=0.0)
    ours, theirs = pair(), pair()
    start: list[Any] = list(ours)
    if grouped:
        start = [{"params": ours[1:], "lr_scale": 0.5}, {"params": ours[:1], "lr_scale": 1.0}]
    made = optimizer(settings, start, device=CPU)
    assert {group.get("lr_scale") for group in made.param_groups} == (
        {0.5, 1.0} if grouped else {None}
    )
    take_steps(ours, made, 5)
    kind = getattr(torch.optim, row.torch)
    decayed = {"params": theirs[:1], "weight_decay": 0.3}
    groups: list[Any] = [decayed, {"params": theirs[1:], "weight_decay": 0.0}]
    take_steps(theirs, kind(groups, **row.arguments(none)), 5)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


def test_several_rates_do_not_go_with_one_optimizer_of_full_batches() -> None:
    weight, bias = pair()
    groups = [{"params": [weight], "lr_scale": 1.0}, {"params": [bias], "lr_scale": 0.1}]
    with pytest.raises(DesignerError, match="LBFGS takes one learning rate for all layers"):
        optimizer(Optimizer(name="lbfgs"), groups, device=CPU)


def test_lars_leaves_a_weight_of_zeros_and_a_gradient_of_zeros_finite() -> None:
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    made = optimizer(Optimizer(name="lars", learning_rate=0.1, momentum=0.0), [weight], device=CPU)
    weight.grad = torch.ones(2, 2)
    made.step()
    torch.testing.assert_close(weight.detach(), torch.full((2, 2), -0.1))
    weight.grad = torch.zeros(2, 2)
    made.step()
    assert torch.isfinite(weight).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(name: str) -> None:
    row = OPTIMIZERS[name]
    settings = Optimizer(name=name, learning_rate=row.learning_rate, **row.usual)
    parameters, optimize = trained(settings, steps=20)
    assert all(torch.isfinite(each).all() for each in parameters)
    assert type(optimize).__name__ == row.torch
    assert (row.torch in OWN) != hasattr(torch.optim, row.torch)
    assert loss(parameters) < loss(pair())
