"""What `designer.engine.torch_internals` relies on in torch: a new version may change it."""

import subprocess
import sys

import pytest
import torch
from torch.optim import Optimizer

from designer.engine.torch_internals import SHIELDED, eager
from designer.recipe.optimizers import OPTIMIZERS

KINDS = [
    getattr(torch.optim, row.torch)
    for row in OPTIMIZERS.values()
    if hasattr(torch.optim, row.torch)  # LARS is of this program
]


@pytest.mark.parametrize("kind", KINDS)
def test_torch_wraps_what_is_unwrapped(kind: type[Optimizer]) -> None:
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # wraps step at the first instance
    kind([torch.zeros(1, requires_grad=True)])
    for name in (*SHIELDED, "step"):
        method = getattr(kind, name)
        assert hasattr(method, "__wrapped__"), f"{kind.__name__}.{name} needs no unwrapping"
        assert not hasattr(getattr(eager(kind), name), "__wrapped__") or name == "step"
    assert getattr(kind.step, "hooked", False), "torch marks a wrapped step otherwise now"


@pytest.mark.parametrize("kind", KINDS)
def test_torch_leaves_the_unwrapped_step_alone(kind: type[Optimizer]) -> None:
    unwrapped = eager(kind)
    step = unwrapped.step
    unwrapped([torch.zeros(1, requires_grad=True)])
    assert unwrapped.step is step


@pytest.mark.parametrize("kind", KINDS)
def test_unwrapped_optimizers_compute_the_same(kind: type[Optimizer]) -> None:
    weights = [torch.linspace(-1, 1, 6, requires_grad=True) for _ in range(2)]
    optimizers = [kind([weights[0]], lr=0.1), eager(kind)([weights[1]], lr=0.1)]
    for _ in range(3):
        for weight, optimizer in zip(weights, optimizers, strict=True):

            def loss(weight: torch.Tensor = weight, optimizer: Optimizer = optimizer) -> float:
                optimizer.zero_grad()
                value = weight.sin().sum()
                value.backward()  # type: ignore[no-untyped-call]
                return value.item()

            optimizer.step(loss)  # L-BFGS computes it several times
    assert torch.equal(*weights)
    states = [optimizer.state_dict() for optimizer in optimizers]
    optimizers[1].load_state_dict(states[0])
    assert optimizers[1].state_dict()["param_groups"] == states[0]["param_groups"]


def test_a_step_does_not_import_the_compiler() -> None:
    program = (
        "import sys, torch\n"
        "from designer.engine.optimizers import optimizer\n"
        "from designer.recipe.optimizers import Optimizer\n"
        "weight = torch.nn.Parameter(torch.ones(2))\n"
        "steps = optimizer(Optimizer(), [weight], device=torch.device('cpu'))\n"
        "weight.sum().backward()\n"
        "steps.step(); steps.zero_grad(); steps.load_state_dict(steps.state_dict())\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
