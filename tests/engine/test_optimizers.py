import pytest
import torch

from designer.engine.optimizers import optimizer
from designer.recipe.optimizers import Optimizer

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
