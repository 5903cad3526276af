"""The time that each node takes, forward and backward, on a device.

In a pass over the nodes each is run on detached inputs, so that its backward pass can be run and
timed by itself afterwards, from the last node to the first as in training. Such passes alternate
with steps of the whole compiled module, so that both are measured under the same conditions. The
network is a copy of its own with fresh weights, on which the time does not depend: nothing that
others use is changed.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training as checks
from designer.analysis.evaluation.flat import Slot
from designer.design.values import Design
from designer.engine import device as devices
from designer.engine import export
from designer.engine.freezing import freeze, groups
from designer.engine.inputs import example_inputs
from designer.engine.inspect.steps import Steps
from designer.engine.optimizers import optimizer
from designer.errors import DesignerError
from designer.layers.ports import Output
from designer.recipe.optimizers import OPTIMIZERS, Optimizer
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Subject, design_of, recipe_of
from designer.runs.layer_times import LayerTimes, NodeTime, StepTime

SECONDS = 20.0
"""About how long a measurement may take."""
_PASSES, _LEAST = 15, 1.5  # passes and seconds after which medians are steady enough
_STEADY, _SPREAD = 5, 1.5  # passes, and median by minimum, from which on it was disturbed
_MOST = 300  # passes of a network that is done in no time
_FEWEST = 4  # passes for which there should be time, one of them to warm up
_TRIED = 2  # examples of the first passes, which tell how long a batch would take
_MEMORY = 0.8  # share of the free memory that the estimate of a step may take
_ROOM = 1.5  # how much more memory than a training step a pass over the nodes takes at most

Progress = Callable[[float], None]


def of_subject(
    subject: Subject,
    *,
    batch: int | None = None,
    training: bool = True,
    device: str | None = None,
    seconds: float = SECONDS,
    progress: Progress = lambda _: None,
) -> LayerTimes:
    """Measure the network of a subject with the batch, precision and optimizer of its recipe.

    Parameters
    ----------
    subject
        A run or a design.
    batch
        The number of examples, if not the recipe's.
    training
        Whether it is measured in train mode with backward passes, or in eval mode.
    device
        As the recipe's setting ``device``; None for the recipe's own.
    seconds
        About how long it may take; at least one pass is always measured.
    progress
        Called with the share that is done.

    Raises
    ------
    DesignerError
        The design has errors, or cannot be run at this batch size on this device.
    """
    design, recipe = design_of(subject), recipe_of(subject)
    if batch is not None:
        recipe = msgspec.structs.replace(recipe, batch=batch)
    if device is not None:
        recipe = msgspec.structs.replace(recipe, device=device)
    return measure(design, recipe, training=training, seconds=seconds, progress=progress)


def measure(
    design: Design,
    recipe: Recipe,
    *,
    training: bool = True,
    seconds: float = SECONDS,
    progress: Progress = lambda _: None,
) -> LayerTimes:
    """Measure a design with the batch, precision, optimizer and device of a recipe.

    The parameters are those of `of_subject`.

    Raises
    ------
    DesignerError
        As `of_subject`.
    """
    began = time.perf_counter()
    progress(0.0)
    device = devices.choose(recipe.device)
    with _generators_kept(device), _as_in_training(device):
        bench = _Bench(design, recipe, device, training)
        notes = list(bench.notes)
        batch = _batch_in_memory(bench.analysis, recipe, device, training)
        if batch < recipe.batch:
            notes.append(
                f"Measured at batch {batch} instead of {recipe.batch}, for which memory is short."
            )
        if training:
            _check_batch(bench.analysis, batch)
        affordable = _batch_in_time(bench, batch, seconds, progress)
        if affordable < batch:
            notes.append(
                f"Measured at batch {affordable} instead of {batch}, so that several passes take "
                f"no longer than {seconds:g} seconds."
            )
            batch = affordable
        found = _passes(bench, batch, began, seconds, progress)
    progress(1.0)
    return _summary(bench, found, batch, notes)


def _check_batch(analysis: Analysis, batch: int) -> None:
    """Refuse a batch that is too small for a layer in train mode."""
    for problem in checks.batch_problems(analysis, batch):
        raise DesignerError(f"{problem.message}.")


@dataclass
class _Pass:
    """What was measured in turn: the nodes by path, and the whole step; in seconds."""

    forward: Mapping[str, float]
    backward: Mapping[str, float]
    step: tuple[float, ...]


def _passes(
    bench: "_Bench", batch: int, began: float, seconds: float, progress: Progress
) -> list[_Pass]:
    """Measure until the time is over; the first of several passes only warms up."""
    found: list[_Pass] = []
    while True:
        start = time.perf_counter()

        def report(start: float = start) -> None:
            now = time.perf_counter()
            by_passes = min(len(found) / (_PASSES + 1), (now - began) / _LEAST)
            progress(min(0.99, max((now - began) / (seconds + 1), by_passes)))

        found.append(bench.both(batch, report))
        now = time.perf_counter()
        spent = now - began
        enough = (len(found) > _PASSES and spent > _LEAST) or len(found) > _MOST
        if enough or spent + (now - start) > seconds:
            return found[1:] or found


def _summary(
    bench: "_Bench", found: Sequence[_Pass], batch: int, notes: Sequence[str]
) -> LayerTimes:
    def median(values: Iterator[float]) -> float:
        return statistics.median(values)

    notes = [*notes, *_disturbed(found)]
    first = found[0]
    nodes = [
        NodeTime(
            path=path,
            forward=median(each.forward[path] for each in found),
            backward=median(each.backward[path] for each in found)
            if path in first.backward
            else None,
        )
        for path in first.forward
    ]
    forward, *rest = (median(iter(each)) for each in zip(*(p.step for p in found), strict=True))
    backward, update = rest if rest else (None, None)
    return LayerTimes(
        nodes=nodes,
        step=StepTime(forward=forward, backward=backward, optimizer=update),
        batch=batch,
        training=bench.training,
        device=devices.title(bench.device),
        passes=len(found),
        notes=tuple(notes),
    )


def _disturbed(found: Sequence[_Pass]) -> Iterator[str]:
    """Say so if whole steps took much longer than the shortest, mostly because of other work."""
    steps = sorted(sum(each.step) for each in found)
    median = statistics.median(steps)
    if len(steps) >= _STEADY and median > _SPREAD * steps[0]:
        yield (
            f"The step took from {1000 * steps[0]:.3g} to {1000 * steps[-1]:.3g} ms, half of the "
            f"times more than {1000 * median:.3g} ms: other programs seem to share the device. End "
            "them and measure again."
        )


def _batch_in_memory(
    analysis: Analysis, recipe: Recipe, device: torch.device, training: bool
) -> int:
    """Return the recipe's batch, halved until a step fits into memory by the estimate."""
    batch, free = recipe.batch, _MEMORY * devices.free_bytes(device)
    if not training:
        return batch
    precision = "float32" if recipe.precision == "float32" else "mixed"
    while batch > 1:
        needed = analysis.totals.training_bytes(recipe.optimizer, batch, precision)
        if _ROOM * needed < free:
            break
        batch //= 2
    return batch


def _batch_in_time(bench: "_Bench", batch: int, seconds: float, progress: Progress) -> int:
    """Return the largest batch, up to the wanted one, with which a few passes end in time.

    Only on the CPU, where the time grows with the batch, and unless a layer refuses small batches.
    """
    tried = min(batch, _TRIED)
    if bench.device.type != "cpu" or (
        bench.training and checks.batch_problems(bench.analysis, tried)
    ):
        return batch
    took = 0.0
    for _ in range(2):  # the first pass also loads what torch needs
        start = time.perf_counter()
        bench.both(tried, lambda: progress(0.02))
        took = time.perf_counter() - start
    return min(batch, max(tried, int(tried * seconds / (_FEWEST * took))))


class _Bench:
    """A network twice on a device: node by node, and in one piece as it is trained."""

    def __init__(
        self, design: Design, recipe: Recipe, device: torch.device, training: bool
    ) -> None:
        model = export.of_design(design)
        self.analysis, self.device, self.training = model.analysis, device, training
        self.clock = _Clock(device)
        precision = devices.precision(recipe.precision, device)
        notes = [precision.note] if precision.note else []
        self.lower = precision.lower
        self.whole = self._placed(model.network)
        self.steps = Steps(self._placed(export.of_design(design).network), model.analysis)
        self.optimizer = None
        if training and any(each.requires_grad for each in self.whole.parameters()):
            parameters = groups(self.whole, self.analysis)
            settings = recipe.optimizer
            row = OPTIMIZERS[settings.name]
            if row.full_batch:
                notes.append(
                    f"A step of {row.title} looks at all training images many times: measured was "
                    "one batch of it, with a step of plain SGD."
                )
                settings = Optimizer(momentum=0.0)
            self.optimizer = optimizer(settings, parameters, device=device)
            for group in self.optimizer.param_groups:
                group["lr"] = 0.0  # takes as long, and weights stay ordinary numbers
        self.notes = tuple(notes)

    def _placed(self, network: nn.Module) -> nn.Module:
        """Put a network on the device, in the mode that is measured."""
        with devices.enough_memory("to_device", network=self.analysis.design.name):
            network = devices.placed(network, self.device)
        network.train(self.training)
        if self.training:
            freeze(network, self.analysis)
        return network

    def both(self, batch: int, progress: Callable[[], None]) -> _Pass:
        """Measure each node, then the whole step."""
        with devices.enough_memory("time", batch=batch, half=max(1, batch // 2)):
            inputs = self._inputs(batch)
            mode = nullcontext() if self.training else torch.inference_mode()
            with mode:
                forward, backward = self._nodes(inputs, progress)
                progress()
                step = self._step(list(inputs.values()))
            progress()
        return _Pass(forward, backward, step)

    def _inputs(self, batch: int) -> dict[str, Tensor]:
        """Return random inputs by the names of the network's inputs."""
        return example_inputs(self.analysis, batch, device=self.device)

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        with (
            nullcontext()
            if self.lower is None
            else torch.autocast(self.device.type, dtype=self.lower)
        ):
            yield

    def _nodes(
        self, inputs: Mapping[str, Tensor], progress: Callable[[], None]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return the forward and the backward times of the nodes by path."""
        clock, values = self.clock, dict[Slot, Tensor]()
        values.update({(name, 0): value for name, value in inputs.items()})
        marks: dict[str, tuple[Any, Any]] = {}
        back: dict[str, tuple[Any, Any]] = {}
        graph: list[tuple[str, list[Tensor], list[Tensor]]] = []
        with self._autocast():
            for step, last in zip(self.steps.steps, self.steps.last_readers, strict=True):
                if isinstance(step.result.layer, Output) or (
                    step.training_only and not self.training
                ):
                    continue
                progress()
                known = [each for each in step.result.inputs if each is not None]
                given = [
                    values[source].detach().requires_grad_(self.training and each.needs_grad)
                    for source, each in zip(step.sources, known, strict=True)
                ]
                for source in last:
                    values.pop(source, None)
                start = clock.mark()
                found = step(given)
                marks[step.path] = start, clock.mark()
                for port, value in enumerate(found):
                    values[step.path, port] = value.detach()
                learning = [each for each in found if each.requires_grad]
                if learning:
                    wanted = [each for each in (*given, *step.learned()) if each.requires_grad]
                    graph.append((step.path, learning, wanted))
                del given, found, value, learning
        values.clear()
        while graph:
            path, learning, wanted = graph.pop()
            progress()
            gradients = [torch.ones_like(each) for each in learning]
            start = clock.mark()
            torch.autograd.grad(learning, wanted, gradients, allow_unused=True)
            back[path] = start, clock.mark()
            del learning, wanted, gradients
        clock.wait()
        return (
            {path: clock.seconds(*pair) for path, pair in marks.items()},
            {path: clock.seconds(*pair) for path, pair in back.items()},
        )

    def _step(self, inputs: list[Tensor]) -> tuple[float, ...]:
        """Return the times of the forward pass and, in train mode, of backward and update."""
        clock = self.clock
        if self.optimizer is not None:
            self.optimizer.zero_grad(set_to_none=True)
        began = clock.mark()
        with self._autocast():
            outputs = self.whole(*inputs)
        forward = clock.mark()
        if self.optimizer is None:
            clock.wait()
            return (clock.seconds(began, forward),)
        found = outputs if isinstance(outputs, tuple | list) else (outputs,)
        found = [each for each in found if each.requires_grad]
        gradients = [torch.ones_like(each) for each in found]
        start = clock.mark()
        torch.autograd.backward(found, gradients)
        backward = clock.mark()
        self.optimizer.step()
        updated = clock.mark()
        clock.wait()
        return (
            clock.seconds(began, forward),
            clock.seconds(start, backward),
            clock.seconds(backward, updated),
        )


class _Clock:
    """Marks moments of the work on a device; on CUDA as events, which do not hold it up."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def mark(self) -> Any:
        """Return the present moment."""
        if self._device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # the stub has no types
            event.record(torch.cuda.current_stream(self._device))
            return event
        if self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()

    def wait(self) -> None:
        """Wait until all moments that were marked have passed."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    def seconds(self, start: Any, end: Any) -> float:
        """Return the time between two moments that have passed."""
        if self._device.type == "cuda":
            return float(start.elapsed_time(end)) / 1000
        return float(end - start)


@contextmanager
def _generators_kept(device: torch.device) -> Iterator[None]:
    """Restore the state of the random generators, which dropout and the inputs draw from."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield


@contextmanager
def _as_in_training(device: torch.device) -> Iterator[None]:
    """Set what a training sets for speed: the choice of kernels, and memory that is kept."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = device.type == "cuda"
    try:
        with devices.freed_memory_kept():
            yield
    finally:
        torch.backends.cudnn.benchmark = before
