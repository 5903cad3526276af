"""The processes of a training: what each computes, and what they tell each other.

Each has a copy of the network and a share of every batch. Gradients are averaged over all, so that
the weights stay the same everywhere; the first process validates and writes the run folder.
"""

import io
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from designer.errors import DesignerError
from designer.recipe.recipe import Recipe

FAILURES = "NETDESIGNER_FAILURES"
"""The environment variable that names the file in which the processes of a machine note errors."""


@dataclass(frozen=True)
class Processes:
    """Which of the processes that ``torchrun`` started is the current one; alone, 0 of 1.

    Attributes
    ----------
    rank, count
        Its number among all processes, and how many there are.
    local
        Its number on its own machine, which is that of its GPU.
    on_this_machine
        How many of them are on its own machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0
    on_this_machine: int = 1

    @classmethod
    def current(cls) -> "Processes":
        """Return what the environment variables of ``torchrun`` say."""
        numbers = (int(os.environ.get(key, default)) for key, default in _TORCHRUN.items())
        return cls(*numbers)

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return self.count > 1

    @property
    def first(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0

    def check_gpus(self, gpus: int) -> None:
        """Refuse more processes on this machine than it has GPUs.

        Raises
        ------
        DesignerError
            The sentence has both numbers.
        """
        if self.on_this_machine > gpus:
            raise DesignerError(
                f"This machine has {gpus} {'GPU' if gpus == 1 else 'GPUs'}, but "
                f"{self.on_this_machine} processes are to train on one each: use --processes "
                f"{gpus}, or set device to cpu."
            )

    def check_begun(self, run: Path, count: int) -> None:
        """Refuse to continue a run with another number of processes than it was begun with.

        Each process draws random numbers of its own, and rounding depends on their number.

        Raises
        ------
        DesignerError
            The sentence has both numbers.
        """
        if count == self.count:
            return
        begun = "1 process" if count == 1 else f"{count} processes"
        raise DesignerError(
            f"The run {run.name} was begun with {begun}, and would not continue exactly with "
            f"{self.count}: resume it with {begun} (netdesigner resume {run} --processes {count})."
        )

    def join(self, device: torch.device) -> None:
        """Connect to the other processes, which may wait hours while the first one evaluates.

        No process returns before all have called it. Tensors on GPUs are exchanged by NCCL, all
        else by Gloo.
        """
        if not self.several or torch.distributed.is_initialized():
            return
        backend = "gloo"
        if device.type == "cuda":
            torch.cuda.set_device(device)
            backend = "cpu:gloo,cuda:nccl"
        torch.distributed.init_process_group(backend, timeout=timedelta(hours=6))
        self.gather(None)

    def leave(self) -> None:
        """End the connection; a process that exits with its threads still running may abort."""
        if self.several and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()

    def part_of(self, order: Tensor, *, batch: int) -> Tensor:
        """Return this process's share of the order of an epoch, ``batch`` indices of each step."""
        if not self.several:
            return order
        return order.view(-1, self.count, batch)[:, self.rank].reshape(-1)

    def share(self, value: Any) -> Any:
        """Return the value that the first process passed in."""
        if not self.several:
            return value
        shared = [value]
        torch.distributed.broadcast_object_list(shared)
        return shared[0]

    def gather(self, value: Any) -> list[Any]:
        """Return the values that all processes passed in, in the order of their numbers.

        A value consists of what a checkpoint may hold: tensors, numbers, texts, lists of them.
        """
        if not self.several:
            return [value]
        file = io.BytesIO()
        torch.save(value, file)
        found: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(found, file.getvalue())
        return [torch.load(io.BytesIO(each), weights_only=True) for each in found]

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes; the tensor is overwritten."""
        if self.several:
            torch.distributed.all_reduce(values)
            values /= self.count
        return values

    def prepare_norms(self, network: nn.Module, recipe: Recipe, device: torch.device) -> str:
        """Let the batch norms of a network see whole batches if the recipe says so.

        Parameters
        ----------
        network
            The network, on its device. Its norms are replaced by torch's ``SyncBatchNorm``.
        recipe, device
            How and where it is trained.

        Returns
        -------
        str
            A sentence for the user on what the norms see; "" where they see whole batches.

        Raises
        ------
        DesignerError
            The device is the CPU, for which torch has no such norm.
        """
        if not self.several or not any(isinstance(each, _BatchNorm) for each in network.modules()):
            return ""
        if not recipe.sync_batch_norm:
            return (
                f"Each batch norm sees the {recipe.batch // self.count} images of its own process, "
                f"not all {recipe.batch} of the batch: the losses differ from those of one "
                "process. On GPUs, sync_batch_norm lets them see whole batches (on the command "
                "line: --set-recipe sync_batch_norm=true)."
            )
        if device.type != "cuda":
            raise DesignerError(
                "sync_batch_norm is true, but torch synchronizes batch norms on GPUs only, and "
                f"this training is on the {device.type.upper()}: set it to false (on the command "
                "line: --set-recipe sync_batch_norm=false)."
            )
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return ""


_TORCHRUN = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}


class Failure(msgspec.Struct):
    """Why a process of a training ended, as it is noted for whoever started the processes.

    Attributes
    ----------
    rank
        The number of the process.
    message
        A sentence.
    lost
        Whether it ended only because another one did, to which its connection was lost.
    """

    rank: int
    message: str
    lost: bool = False


def note_failure(message: str, *, lost: bool = False) -> None:
    """Note why this process ends, where the processes of a machine were started together."""
    processes = Processes.current()
    path = os.environ.get(FAILURES)
    if not processes.several or path is None:
        return
    line = msgspec.json.encode(Failure(processes.rank, message, lost)) + b"\n"
    with open(path, "ab", buffering=0) as file:  # a single write, as others write, too
        file.write(line)


def first_failure() -> Failure | None:
    """Return the first failure that was noted, if possible one that is no consequence of another.

    None if nothing was noted.
    """
    path = os.environ.get(FAILURES)
    if path is None:
        return None
    with open(path, "rb") as file:
        found = [msgspec.json.decode(line, type=Failure) for line in file]
    return next((each for each in found if not each.lost), found[0] if found else None)


def connection_lost(error: BaseException) -> str | None:
    """Return a sentence for an error that says that another process ended; None for all others.

    Where that process has noted why, the sentence is its own.
    """
    if not Processes.current().several or isinstance(error, DesignerError):
        return None
    if not isinstance(error, torch.distributed.DistError) and not _LOST.search(str(error)):
        return None
    noted = first_failure()
    if noted is not None and not noted.lost:
        return noted.message
    return (
        "The connection to another process of the training was lost: see what that one says, and "
        "resume the run from its last checkpoint."
    )


# What Gloo and NCCL say when a process at the other end is gone.
_LOST = re.compile(r"gloo|NCCL|Connection (?:closed|reset) by|Broken pipe|Read timeout")
