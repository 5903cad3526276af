"""Every optimizer of the table on CUDA: fused where the row says so, with the state it names."""

from pathlib import Path

import msgspec
import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.engine.module import module
from designer.engine.optimizers import optimizer
from designer.engine.training import train
from designer.recipe.optimizers import OPTIMIZERS, Optimizer, state_copies
from tests.engine.samples import create, tiny_recipe, write_data

CUDA = torch.device("cuda")
VALUES = 2**20


def settings_of(name: str) -> list[Optimizer]:
    """Return an optimizer with its default settings, and without momentum."""
    default = Optimizer(name=name, learning_rate=OPTIMIZERS[name].learning_rate)
    return [default, msgspec.structs.replace(default, momentum=0.0)]


def stepped(settings: Optimizer, device: torch.device) -> tuple[torch.Tensor, int]:
    """Return weights after three steps, and the bytes that the steps left allocated on the GPU."""
    weight = torch.nn.Parameter(torch.linspace(-1, 1, VALUES, device=device))
    weight.grad = weight.detach().cos()
    before = torch.cuda.memory_allocated()
    steps = optimizer(settings, [weight], device=device)
    for _ in range(3):
        steps.step()
    return weight.detach().cpu(), torch.cuda.memory_allocated() - before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_state_takes_what_the_row_says(name: str) -> None:
    for settings in settings_of(name):
        expected = 4 * VALUES * state_copies(settings)
        assert 0 <= stepped(settings, CUDA)[1] - expected < 4096, settings  # counters of steps


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_steps_are_those_of_the_cpu(name: str) -> None:
    for settings in settings_of(name):
        on_cpu = stepped(settings, torch.device("cpu"))[0]
        torch.testing.assert_close(stepped(settings, CUDA)[0], on_cpu, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_trains_a_run(name: str, tmp_path: Path) -> None:
    chosen = {
        "optimizer__name": name,
        "optimizer__learning_rate": OPTIMIZERS[name].learning_rate,
        "device": "cuda",
    }
    recipe = tiny_recipe(write_data(tmp_path / "data.npz"), **chosen)
    result = train(create(tmp_path / "run", recipe))
    assert result.status == "finished"
    assert result.validation is not None and result.validation.loss < 10


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_training_takes_no_more_than_estimated(name: str) -> None:
    """VGG16 at batch 32: a step's peak against the estimate, once cuDNN has chosen kernels."""
    design = presets.load("vgg16")
    settings = settings_of(name)[0]
    network = module(design).to(CUDA).train()
    steps = optimizer(settings, network.parameters(), device=CUDA)
    for _ in range(2):
        torch.cuda.reset_peak_memory_stats()
        loss = network(torch.rand(32, 3, 224, 224, device=CUDA)).square().mean()
        loss.backward()
        steps.step()
        steps.zero_grad(set_to_none=False)
    peak = torch.cuda.max_memory_allocated()
    estimate = analyze(design).totals.training_bytes(settings, batch=32)
    print(f"VGG16, batch 32, {name}: estimated {estimate:,} bytes, peak {peak:,}")
    assert 0.8 < peak / estimate < 1.25
