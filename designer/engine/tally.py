"""Losses and right decisions of training steps, read from the device several at a time."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from designer.engine.decisions import Decisions
from designer.engine.losses import Outputs, main_output
from designer.engine.mixing import Mixed, Targets
from designer.engine.processes import Processes

_MOST = 32  # steps whose outputs are retained; they take memory


@dataclass(frozen=True)
class Read:
    """Losses of steps, and right decisions in their batches (0 for numbers)."""

    losses: list[float]
    hits: list[int]


class Tally:
    """Losses and outputs of the steps that were not read yet.

    Reading makes the CPU wait for an accelerator, and all processes for each other, and counting
    right decisions takes a tenth of a millisecond: so the steps of a log interval are read
    together.
    """

    def __init__(
        self, decisions: Decisions, *, device: torch.device, processes: Processes, interval: int
    ) -> None:
        self._decisions = decisions
        self._processes = processes
        self._interval = min(interval, _MOST)
        self._loss_is_known = device.type == "cpu" and not processes.several
        self._losses: list[Tensor] = []
        self._outputs: list[Tensor] = []  # (n, k) each
        self._targets: list[Tensor] = []  # (n,) or (n, k) each
        self._hits: list[Tensor] = []  # of texts

    def note(self, loss: Tensor, outputs: Outputs, targets: Targets) -> bool:
        """Retain loss and output of a step; return whether to read now.

        Decisions on mixed images are right if they are those of the larger share.

        It is time to read when the interval is full, and at once when a loss on the CPU is not
        finite.
        """
        self._losses.append(loss.detach())
        if self._decisions.targets == "tokens":  # whose outputs would take much memory
            assert not isinstance(targets, Mixed)
            self._hits.append(self._decisions.right(main_output(outputs).detach(), targets))
        elif self._decisions.each:
            self._outputs.append(main_output(outputs).detach())
            self._targets.append(targets.heavier if isinstance(targets, Mixed) else targets)
        if self._loss_is_known and not math.isfinite(loss.item()):
            return True
        return len(self._losses) >= self._interval

    def read(self) -> Read:
        """Return losses and hits since the last call, over all processes, and forget them."""
        if not self._losses:
            return Read([], [])
        losses = torch.stack(self._losses).float()
        hits = torch.zeros_like(losses)
        if self._hits:
            hits = torch.stack(self._hits).float()
        elif self._decisions.each:
            outputs, targets = torch.stack(self._outputs), torch.stack(self._targets)
            hits = self._decisions.right(outputs, targets).float()
        for retained in (self._losses, self._outputs, self._targets, self._hits):
            retained.clear()
        table = torch.stack((losses, hits))
        if table.device.type != "mps":  # which has no float64
            table = table.double()
        means, rates = self._processes.mean(table).tolist()
        return Read(means, [round(rate * self._processes.count) for rate in rates])
