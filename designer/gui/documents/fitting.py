"""The devices of this machine, and whether a training fits into their memory; without torch."""

import math
import platform
import sys
import threading
import time
from dataclasses import dataclass

from designer.analysis.accounting.totals import Totals
from designer.doctor.case import DeviceFacts
from designer.recipe.recipe import Recipe

FRESH = 3.0  # seconds for which the free memory of the devices is not asked again
LARGEST = 1 << 20  # images in a batch, the most that is reported to fit


@dataclass(frozen=True)
class Device:
    """A device by the name that a recipe gives it; memory in bytes."""

    key: str
    name: str
    free: int
    total: int


class _Last:
    """The last answer and its time, so that all parts of the window show the same numbers."""

    lock = threading.Lock()
    at = -math.inf
    found: tuple[Device, ...] = ()


def devices() -> tuple[Device, ...]:
    """Return the devices with their free memory, at most `FRESH` seconds old.

    The first one is what ``auto`` takes. This asks drivers, which takes a while, so do not call it
    on the main thread.
    """
    with _Last.lock:
        if time.monotonic() - _Last.at > FRESH:
            _Last.found, _Last.at = _asked(), time.monotonic()
        return _Last.found


def _asked() -> tuple[Device, ...]:
    import psutil

    memory = psutil.virtual_memory()
    found = [*_nvidia()]
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.append(Device("mps", "Apple GPU", memory.available, memory.total))
    found.append(Device("cpu", "CPU", memory.available, memory.total))
    return tuple(found)


def chosen(recipe: Recipe, found: tuple[Device, ...]) -> Device | None:
    """Return the device that a recipe names, or None if this machine lacks it."""
    if recipe.device == "auto":
        return found[0] if found else None
    return next((device for device in found if device.key == recipe.device), None)


def needed(totals: Totals, recipe: Recipe, device: Device, batch: int | None = None) -> int:
    """Return the memory of a training in bytes, without the workspace of kernels."""
    return totals.training_bytes(
        recipe.optimizer,
        recipe.batch if batch is None else batch,
        precision_of(recipe, device),
        copies=recipe.averaging.copies,
        accumulates=recipe.batches_are_accumulated,
    )


def precision_of(recipe: Recipe, device: Device | None) -> str:
    """Return the precision in which a device trains, as the accounting names it.

    Lower precisions are for CUDA only; other devices, and an unknown one, use float32.
    """
    lower = recipe.precision != "float32" and device is not None and device.key == "cuda"
    return "mixed" if lower else "float32"


def largest_batch(totals: Totals, recipe: Recipe, device: Device) -> int:
    """Return the largest batch that fits into the free memory of a device; 0 if none does."""
    largest = totals.largest_batch(
        device.free,
        recipe.optimizer,
        precision_of(recipe, device),
        copies=recipe.averaging.copies,
        accumulates=recipe.batches_are_accumulated,
    )
    return int(min(largest, LARGEST))


def facts(totals: Totals, recipe: Recipe, device: Device) -> DeviceFacts:
    """Return what the doctor needs to know of a device."""
    return DeviceFacts(
        key=device.key,
        name=device.name,
        free=device.free,
        needed=needed(totals, recipe, device),
        largest_batch=largest_batch(totals, recipe, device),
    )


def _nvidia() -> list[Device]:
    """Return the first graphics card of NVIDIA, which is the one that torch takes, or none."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no driver, or one that this library does not know
        return []
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        name = pynvml.nvmlDeviceGetName(handle)
        name = name.decode() if isinstance(name, bytes) else str(name)
        return [Device("cuda", name, int(memory.free), int(memory.total))]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()
