"""Figures of the steps that are logged: times, the gradient, the change of weights, the device.

They are those of `designer.runs.watching` that need more than the loss. What takes time is measured
on the logged steps alone.
"""

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from designer.runs.watching import TIMES


class StepClock:
    """How long the parts of a step take: data, forward, backward, update.

    Parameters
    ----------
    device
        Where the network computes. A GPU works on while the program goes on, so that its parts are
        timed by marks in its own queue, which cost no waiting, on the steps that are logged; data
        are waited for by the program, on every step.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._spent = dict.fromkeys(TIMES, 0.0)
        self._steps = 0
        self._since = time.perf_counter()
        self._marks: list[torch.cuda.Event] = []
        self._marked: list[list[torch.cuda.Event]] = []  # of steps that were not read yet

    def begin(self) -> None:
        """Begin the time of the next step now, without what was done since the last one."""
        self._since = time.perf_counter()

    def data_ready(self, *, marked: bool) -> None:
        """End the time in which data were waited for; on a GPU, mark this step if it is logged."""
        self._lap("data_seconds")
        self._steps += 1
        self._marks = []
        if marked and self._on_gpu:
            self._marked.append(self._marks)
            self._mark()

    def forward_done(self) -> None:
        """End the time of the outputs and their loss."""
        self._end("forward_seconds")

    def backward_done(self) -> None:
        """End the time of the gradients."""
        self._end("backward_seconds")

    def update_done(self) -> None:
        """End the time of the optimizer's step."""
        self._end("update_seconds")

    def read(self) -> dict[str, float]:
        """Return the mean seconds of each part since the last call."""
        steps, spent = max(self._steps, 1), self._spent
        found = {name: spent[name] / steps for name in TIMES}
        if self._on_gpu:
            found = {"data_seconds": found["data_seconds"], **self._of_gpu()}
        self._spent, self._steps = dict.fromkeys(TIMES, 0.0), 0
        return {name: float(f"{seconds:.4g}") for name, seconds in found.items()}

    def _of_gpu(self) -> dict[str, float]:
        """Return the mean seconds between the marks of steps that the GPU has finished."""
        done = [marks for marks in self._marked if len(marks) == len(TIMES) and _is_over(marks)]
        self._marked = [marks for marks in self._marked if marks not in done]
        if not done:
            return {}
        return {
            name: sum(marks[i].elapsed_time(marks[i + 1]) for marks in done) / len(done) / 1000
            for i, name in enumerate(TIMES[1:])
        }

    def _end(self, name: str) -> None:
        if self._on_gpu:
            if self._marks:
                self._mark()
        else:
            self._lap(name)
        # The program's own time between two marks is part of neither.

    def _lap(self, name: str) -> None:
        now = time.perf_counter()
        self._spent[name] += now - self._since
        self._since = now

    def _mark(self) -> None:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        self._marks.append(event)


def _is_over(marks: list[torch.cuda.Event]) -> bool:
    return bool(marks[-1].query())  # type: ignore[no-untyped-call]


class Changes:
    """The norm of the gradient and of the change of the weights, on the steps that are logged.

    Parameters
    ----------
    parameters
        Those that learn.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._norm: Tensor | None = None
        self._before: list[Tensor] = []
        self._ratio: Tensor | None = None

    @torch.no_grad()
    def before_update(self, scale: Callable[[], float]) -> None:
        """Measure the gradient, and remember the weights.

        Parameters
        ----------
        scale
            Returns by how much the loss was multiplied; the gradient is divided by it.
        """
        gradients = [each.grad for each in self._parameters if each.grad is not None]
        self._norm = _norm(gradients) / scale()
        self._before = [each.detach().clone() for each in self._parameters]

    @torch.no_grad()
    def after_update(self) -> None:
        """Measure the change of the weights since `before_update`."""
        before, self._before = self._before, []
        if before:
            size = _norm(before)
            torch._foreach_sub_(before, [each.detach() for each in self._parameters])
            self._ratio = _norm(before) / size

    def read(self) -> dict[str, float]:
        """Return ``gradient_norm`` and ``update_ratio`` of the last measured step."""
        found = {"gradient_norm": self._norm, "update_ratio": self._ratio}
        self._norm = self._ratio = None
        return {
            name: float(f"{value.item():.6g}") for name, value in found.items() if value is not None
        }


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    """Return the root of the sum of the squares of all values."""
    return nn.utils.get_total_norm(tensors) if tensors else torch.zeros(())


class Utilization:
    """How busy the device is with this training, asked of the system a few times a second."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._share: float | None = None
        self._measured = time.perf_counter()
        if device.type != "cuda":
            import psutil

            self._process = psutil.Process()
            self._process.cpu_percent()  # counts from here
            self._cores = psutil.cpu_count() or 1

    def share(self) -> float | None:
        """Return the share, 0 to 1, measured a quarter of a second ago at most; None if unknown."""
        now = time.perf_counter()
        if now - self._measured >= _UTILIZATION_SECONDS:
            self._measured = now
            self._share = self._asked()
        return self._share

    def _asked(self) -> float | None:
        share: float
        if self._device.type != "cuda":
            share = self._process.cpu_percent() / (100 * self._cores)
        else:
            try:
                share = torch.cuda.utilization(self._device) / 100
            except (ImportError, RuntimeError):  # without NVIDIA's library, or its permission
                return None
        return round(min(share, 1.0), 3)


_UTILIZATION_SECONDS = 0.25
