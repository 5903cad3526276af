"""What only a GPU can show, as one table: ``python -m tests.gpu``, at most five minutes.

Trains, predicts and measures on the GPU and prints for each check what was measured, what it
should be, and a verdict; the exit code is 1 if a verdict is bad. ``--cpu`` does what the CPU can
show of it, with smaller networks.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.values import Design, LayerNode
from designer.engine import checkpoint
from designer.engine.device import memory_format, title
from designer.engine.module import module
from designer.engine.optimizers import optimizer
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.optimizers import Optimizer
from designer.recipe.recipe import Recipe
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.engine.samples import chain, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt
from tests.measuring import peak_bytes

MEMORY_PRESETS = (
    "vgg16",
    "resnet50",
    "googlenet",
    "densenet121",
    "mobilenet_v2",
    "efficientnet_lite0",
)
PREDICTED = (0.8, 1.25)  # over measured, which includes what cuDNN needs for itself
LARGE = 12e9  # bytes of a GPU on which the larger batch fits
LOWER = {"float16": torch.float16, "bfloat16": torch.bfloat16}


class Row(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    check
        What was checked.
    measured, wanted
        What came out, and what should.
    good
        The verdict.
    """

    check: str
    measured: str
    wanted: str
    good: bool


@dataclass(frozen=True)
class Place:
    """Where the checks run.

    Attributes
    ----------
    device
        The GPU, or the CPU.
    folder
        A folder for runs and data.
    """

    device: torch.device
    folder: Path

    @property
    def gpu(self) -> bool:
        """Whether there is a GPU."""
        return self.device.type == "cuda"

    def synchronize(self) -> None:
        """Wait until the device has computed all that it was given."""
        if self.gpu:
            torch.cuda.synchronize()

    def recipe(self, **settings: Any) -> Recipe:
        """Return a recipe for a few steps on small pictures."""
        data = self.folder / "data.npz"
        if not data.exists():
            write_data(data, images=600)
        return tiny_recipe(data, device=self.device.type, **settings)

    def run(self, name: str, recipe: Recipe, *design: Design) -> RunFolder:
        """Return a new run folder."""
        return create(self.folder / name, recipe, *design)


# Mixed precision


def mixed_precision(place: Place) -> Iterator[Row]:
    """Train in each precision: the loss is that of float32, the layers compute in the lower one."""
    results: dict[str, float] = {}
    slow = {"epochs": 1, "optimizer__learning_rate": 1e-4}  # the loss is still far from 0
    for name in ("float32", *LOWER):
        seen: set[torch.dtype] = set()
        with patch.object(nn.Conv2d, "forward", _noting(seen)):
            run = place.run(f"precision-{name}", place.recipe(**slow, precision=name))
            result = train(run)
        assert result.validation is not None
        results[name] = result.validation.loss
        wanted = LOWER[name] if place.gpu and name in LOWER else torch.float32
        yield Row(
            f"{name}: layers compute in",
            ", ".join(sorted(str(each).removeprefix("torch.") for each in seen)),
            str(wanted).removeprefix("torch."),
            wanted in seen,
        )
        difference = abs(results[name] - results["float32"])
        yield Row(
            f"{name}: validation loss after an epoch",
            f"{results[name]:.4f}",
            f"{results['float32']:.4f} within 0.05",
            difference < 0.05,
        )


def _noting(seen: set[torch.dtype]) -> Callable[..., torch.Tensor]:
    """Return ``Conv2d.forward`` that adds the type of its outputs to `seen`, in training only."""
    forward = nn.Conv2d.forward

    def noting(layer: nn.Conv2d, images: torch.Tensor) -> torch.Tensor:
        outputs = forward(layer, images)
        if layer.training and torch.is_grad_enabled():
            seen.add(outputs.dtype)
        return outputs

    return noting


# Memory


def memory(place: Place) -> Iterator[Row]:
    """Compare the predicted bytes with the most that were allocated at once."""
    batch = 2
    if place.gpu:
        total = torch.cuda.get_device_properties(place.device).total_memory
        batch = 32 if total > LARGE else 8
    for name in MEMORY_PRESETS:
        design = presets.load(name)
        totals = analyze(design).totals
        network = module(design).to(place.device)
        (port,) = analyze(design).inputs
        images = torch.rand(batch, *port.shape, device=place.device)
        predicted = totals.inference_bytes(batch)
        measured = _predicting(place, network.eval(), images)
        yield _ratio(f"{name}, batch {batch}: memory of predicting", predicted, measured)
        if place.gpu:
            settings = Optimizer()
            predicted = totals.training_bytes(settings, batch=batch)
            measured = _training(place, network.train(), settings, images)
            yield _ratio(f"{name}, batch {batch}: memory of training", predicted, measured)
        del network, images
        if place.gpu:
            torch.cuda.empty_cache()


def _ratio(check: str, predicted: int, measured: int) -> Row:
    low, high = PREDICTED
    ratio = predicted / measured
    text = f"{predicted / 1e6:,.0f} MB predicted / {measured / 1e6:,.0f} MB = {ratio:.2f}"
    return Row(check, text, f"{low} to {high}", low <= ratio <= high)


def _predicting(place: Place, network: nn.Module, images: torch.Tensor) -> int:
    if not place.gpu:
        own = [*network.parameters(), *network.buffers()]
        held = sum(each.untyped_storage().nbytes() for each in own)
        return held + peak_bytes(network, network, images)
    with torch.no_grad():
        network(images)  # kernels are chosen
        torch.cuda.reset_peak_memory_stats()
        network(images)
    return torch.cuda.max_memory_allocated()


def _training(place: Place, network: nn.Module, settings: Optimizer, images: torch.Tensor) -> int:
    steps = optimizer(settings, network.parameters(), device=place.device)
    for _ in range(2):  # the first makes the optimizer's state
        torch.cuda.reset_peak_memory_stats()
        outputs = network(images)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        loss = torch.stack([output.square().mean() for output in outputs]).sum()
        loss.backward()
        steps.step()
        steps.zero_grad(set_to_none=False)
    return torch.cuda.max_memory_allocated()


# Speed


def throughput(place: Place) -> Iterator[Row]:
    """Train as the program does and in a plain loop, and compare the pictures a second."""
    design = presets.load("resnet_cifar")
    count, batch, epochs = (20_000, 128, 6) if place.gpu else (256, 16, 2)
    images, labels = _pictures(count)
    np.savez(place.folder / "speed.npz", x_train=images, y_train=labels)
    recipe = tiny_recipe(
        place.folder / "speed.npz",
        device=place.device.type,
        batch=batch,
        epochs=epochs,
        log_interval=20 if place.gpu else 2,
    )
    run = place.run("speed", recipe, design)
    train(run)
    ours = _rates(run, batch)
    network = module(design).to(place.device, memory_format=memory_format(place.device)).train()
    loop = _plain_loop(place, network, images[: round(0.8 * count)], labels, batch, epochs)
    ratio = ours / loop
    yield Row(
        f"ResNet-20, batch {batch}: pictures a second",
        f"{ours:,.0f} / plain loop {loop:,.0f} = {ratio:.2f}",
        "at least 0.9" if place.gpu else "only printed",
        ratio >= 0.9 or not place.gpu,
    )


def _pictures(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return images, np.arange(count) % 10


def _rates(run: RunFolder, batch: int) -> float:
    """Return the pictures a second between two step events, a median without the first epoch."""
    steps = [event for event in read_events(run.events) if event["event"] == "step"]
    return median(
        batch * (after["step"] - before["step"]) / (after["time"] - before["time"])
        for before, after in pairwise(steps)
        if before["epoch"] == after["epoch"] > 1
    )


def _plain_loop(
    place: Place,
    network: nn.Module,
    images: "np.ndarray[Any, Any]",
    labels: "np.ndarray[Any, Any]",
    batch: int,
    epochs: int,
) -> float:
    """Return the pictures a second of a loop written by hand, all pictures on the device.

    As of the trainer, a median of the epochs without the first.
    """
    values = torch.from_numpy(images).permute(0, 3, 1, 2).to(place.device).float() / 255
    values = values.contiguous(memory_format=memory_format(place.device))
    targets = torch.from_numpy(labels[: len(images)]).to(place.device)
    steps = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    rates = []
    for _ in range(epochs):
        place.synchronize()
        begun, total = time.perf_counter(), 0.0
        order = torch.randperm(len(values), device=place.device)
        for start in range(0, len(values) - batch + 1, batch):
            chosen = order[start : start + batch]
            loss = F.cross_entropy(network(values[chosen]), targets[chosen])
            loss.backward()
            steps.step()
            steps.zero_grad()
            total += loss.item()
        place.synchronize()
        rates.append(len(values) // batch * batch / (time.perf_counter() - begun))
    return median(rates[1:])


# Resuming


def exact_resume(place: Place) -> Iterator[Row]:
    """Stop a run in the middle and resume it: its weights are those of one that was not stopped."""
    for precision in ("float32", *(LOWER if place.gpu else ())):
        recipe = place.recipe(epochs=4, precision=precision)
        whole = place.run(f"whole-{precision}", recipe)
        stopped = place.run(f"stopped-{precision}", recipe)
        again = place.run(f"again-{precision}", recipe)
        train(whole)
        train(again)
        with patch("designer.engine.steering.POLL_SECONDS", 0.0):
            first = train(stopped, interrupt=StopAt(100))
        second = train(stopped, resume=True)
        # Some kernels of a GPU add in any order, so two trainings of the same run differ, too.
        own, after = _distance(whole, again), _distance(whole, stopped)
        yield Row(
            f"{precision}: a resumed run differs by",
            f"{after:.1e} ({first.status} at step 100, {second.status})",
            "0" if own == 0 else f"at most {10 * own:.1e}, as two runs that were not stopped do",
            first.status == "stopped" and second.status == "finished" and after <= 10 * own,
        )


def _distance(run: RunFolder, other: RunFolder) -> float:
    """Return the largest difference between the weights of two runs."""
    one, two = (
        checkpoint.load(each.last, source=each.source())["network"] for each in (run, other)
    )
    return max(float((one[name].double() - two[name].double()).abs().max()) for name in one)


# Memory that runs out


def out_of_memory(place: Place) -> Iterator[Row]:
    """Let the memory run out while the network is built, and in a step."""
    if not place.gpu:
        return
    wide = chain(
        "Wide",
        (1, 8, 8),
        flat=LayerNode("Flatten"),
        wide=LayerNode("Linear", {"out_features": 1_000_000}),
        fc=LayerNode("Linear", {"out_features": 3}),
    )
    used = torch.cuda.memory_reserved()
    total = torch.cuda.get_device_properties(place.device).total_memory
    for check, design, allowed, words in (
        ("built", wide, 1e6, "ran out of memory"),
        ("trained", wide, 1.2e9, "batch"),
    ):
        run = place.run(f"memory-{check}", place.recipe(batch=256), design)
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction((used + allowed) / total)
        try:
            train(run)
            sentence = "no error"
        except DesignerError as error:
            sentence = str(error)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        yield Row(
            f"out of memory while it is {check}", sentence, f"names {words}", words in sentence
        )


CHECKS = (mixed_precision, memory, throughput, exact_resume, out_of_memory)


def rows(device: torch.device) -> Iterator[Row]:
    """Yield the rows of all checks."""
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            yield from check(Place(device, Path(folder)))


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if a verdict is bad, 2 if there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="do what the CPU can show of it")
    chosen = parser.parse_args(arguments)
    if not (chosen.cpu or torch.cuda.is_available()):
        print("There is no GPU that torch can use; --cpu does what the CPU can show.")
        return 2
    device = torch.device("cpu" if chosen.cpu else "cuda")
    print(f"{title(device)}, torch {torch.__version__}")
    begun, bad = time.monotonic(), 0
    for row in rows(device):
        bad += not row.good
        verdict = "good" if row.good else "BAD"
        print(f"{verdict:4}  {row.check}: {row.measured}; wanted: {row.wanted}", flush=True)
    print(f"{bad} bad; this took {time.monotonic() - begun:.0f} s.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
