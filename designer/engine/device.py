"""Where a training computes: device, precision, processes and memory."""

import errno
import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from designer import freed_memory
from designer.engine.processes import Processes
from designer.errors import DesignerError

_IMAGE_AXES = 4  # of a batch


def choose(name: str) -> torch.device:
    """Return the device of that name; ``auto`` means CUDA, else MPS, else the CPU.

    Of several processes each gets a GPU of its own. MPS is for one process alone.

    Raises
    ------
    DesignerError
        This machine, or this build of torch, does not have it, or not for so many processes.
    """
    processes = Processes.current()
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available() and not processes.several,
        "cpu": True,
    }
    if name == "auto":
        name = "cuda" if present["cuda"] else "mps" if present["mps"] else "cpu"
    if not present[name]:
        raise DesignerError(
            f"This machine has no {name} device that torch can use: set device to auto or cpu."
        )
    if name == "cuda" and processes.several:
        processes.check_gpus(torch.cuda.device_count())
    return torch.device(name, processes.local if name == "cuda" else 0)


def title(device: torch.device) -> str:
    """Return the name of the device for people, such as "NVIDIA H200" or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def memory_format(device: torch.device) -> torch.memory_format:
    """Return the memory layout of images with which the device convolves fastest."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def placed(network: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to a device, with its tensors of four axes in the layout of `memory_format`.

    The layout is of images alone: `nn.Module.to` refuses it for the weights of volumes.
    """
    network = network.to(device)
    layout = memory_format(device)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.dim() == _IMAGE_AXES:
                tensor.data = tensor.data.to(memory_format=layout)
    return network


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory while a training lasts, and return it to the system after.

    By default glibc returns the large blocks of every step, and the system clears them again for
    the next step: up to 1,800 page faults and a third of the time of a step of LeNet-5.
    """
    freed_memory.keep()
    try:
        yield
    finally:
        freed_memory.give_back()


def free_bytes(device: torch.device) -> int:
    """Return the free memory of the device, or of the machine if the device shares it."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


class Memory:
    """The memory used by this process: of the GPU, else of the machine."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._bytes = 0
        self._measured = -math.inf
        if device.type != "cuda":
            import psutil

            self._process = psutil.Process()

    def used_bytes(self) -> int:
        """Return the memory in use, measured at most a quarter of a second ago.

        Asking the system takes as long as half a step of a small network.
        """
        now = time.perf_counter()
        if now - self._measured >= _MEMORY_SECONDS:
            self._measured = now
            if self._device.type == "cuda":
                self._bytes = int(torch.cuda.memory_reserved(self._device))
            else:
                self._bytes = int(self._process.memory_info().rss)
        return self._bytes


_MEMORY_SECONDS = 0.25


def total_bytes(device: torch.device) -> int:
    """Return the total memory of the GPU, else of the machine."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    import psutil

    return int(psutil.virtual_memory().total)


@dataclass(frozen=True)
class Precision:
    """The types that a training computes in.

    Attributes
    ----------
    lower
        The type of matrix products and convolutions; None for float32 throughout.
    note
        A sentence for the user if this is not the precision that the recipe asks for.
    """

    lower: torch.dtype | None = None
    note: str | None = None

    @property
    def needs_scaler(self) -> bool:
        """Whether the loss must be scaled up, because small gradients would become 0."""
        return self.lower is torch.float16


def precision(name: str, device: torch.device) -> Precision:
    """Return the precision of that name on CUDA; elsewhere float32 with a note."""
    if name == "float32":
        return Precision()
    if device.type != "cuda":
        return Precision(note=f"{name} is for CUDA only: training in float32 on {device.type}.")
    if name == "bfloat16" and not torch.cuda.is_bf16_supported():
        return Precision(note="This GPU has no bfloat16: training in float32.")
    return Precision(lower=torch.float16 if name == "float16" else torch.bfloat16)


OUT_OF_MEMORY = {
    "batch": ("{device} ran out of memory at batch {batch}.", "Try batch {half}."),
    "one_example": (
        "{device} ran out of memory at batch 1.",
        "Use smaller images or a smaller network.",
    ),
    "data": (
        "{device} ran out of memory while the data were read.",
        "Set data.limit to fewer images, or end other programs.",
    ),
    "file": (
        "{device} ran out of memory while {path} was read.",
        "End other programs, or use a machine with more memory.",
    ),
    "initialization": (
        "{device} ran out of memory while the weights were initialized.",
        "Choose a smaller batch, or an initialization that looks at no batch.",
    ),
    "initial_weights": (
        "{device} ran out of memory while the initial weights were read.",
        "End other programs, or use a machine with more memory.",
    ),
    "build": (
        "{device} ran out of memory while the network {network} was built.",
        "Make its layers smaller, or use a machine with more memory.",
    ),
    "build_layer": (
        "{device} ran out of memory while the network {network} was built ({line}).",
        "Make this layer smaller, or use a machine with more memory.",
    ),
    "inspect": (
        "{device} ran out of memory while the network was looked into.",
        "Use a smaller batch or fewer pictures, or end other programs.",
    ),
    "time": (
        "{device} ran out of memory while times were measured at batch {batch}.",
        "Measure at batch {half}.",
    ),
    "to_device": (
        "{device} ran out of memory when {network} was put on it.",
        "Use a smaller network.",
    ),
}
"""What was being done when memory ran out, as a sentence, and a sentence on what helps."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory, of the machine or a device, is exhausted."""
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or (isinstance(error, RuntimeError) and _EXHAUSTED.search(str(error)) is not None)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    )


def out_of_memory(error: BaseException, doing: str, **fields: object) -> str | None:
    """Return sentences for an error of exhausted memory, None for any other error.

    They say what was requested, what was free and what helps.

    Parameters
    ----------
    error
        Any error.
    doing
        What was being done: a key of `OUT_OF_MEMORY`.
    **fields
        The fields of its sentences but the device.
    """
    if not is_out_of_memory(error):
        return None
    text = str(error)
    asked = re.search(r"allocate ([\d.]+) ?(\w+)", text)
    device = torch.device("cuda" if "CUDA" in text else "mps" if "MPS" in text else "cpu")
    in_step = doing in ("batch", "one_example")
    name = title(device) if in_step or device.type != "cpu" else "This machine"
    free = f"{free_bytes(device) / 2**30:.2f} GiB"
    what, remedy = (sentence.format(device=name, **fields) for sentence in OUT_OF_MEMORY[doing])
    if asked:
        amounts = f"{_amount(asked[1], asked[2])} more was requested and {free} was free."
    else:
        amounts = f"More was requested, and {free} was free."
    return f"{what} {amounts} {remedy}"


def out_of_memory_at_batch(error: BaseException, batch: int) -> str | None:
    """Return what `out_of_memory` does, for an error of a training step."""
    if batch == 1:
        return out_of_memory(error, "one_example")
    return out_of_memory(error, "batch", batch=batch, half=batch // 2)


@contextmanager
def enough_memory(doing: str, **fields: object) -> Iterator[None]:
    """Turn an error of exhausted memory into sentences; see `out_of_memory`.

    Raises
    ------
    DesignerError
        Memory ran out.
    """
    try:
        yield
    except Exception as error:
        if message := out_of_memory(error, doing, **fields):
            raise DesignerError(message) from error
        raise


# What torch says besides the classes of its errors, on the CPU and of sizes beyond any memory.
_EXHAUSTED = re.compile(
    "out of memory|can(?:'t|not) allocate memory|size calculation overflowed|bad_alloc"
    "|integer multiplication overflow",
    re.IGNORECASE,
)


def _amount(number: str, unit: str) -> str:
    """Return an amount of memory as torch or numpy writes it, whole bytes as GiB."""
    return f"{int(number) / 2**30:,.2f} GiB" if unit == "bytes" else f"{number} {unit}"
