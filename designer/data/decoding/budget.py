"""How much memory decoded pictures may take, and how many processes decode them."""

import os
from contextlib import suppress
from pathlib import Path

_SHARE = 0.5  # of the free memory, where the recipe does not say; the rest is for the network
_MOST = 0.9  # of the free memory, whatever the recipe says: a full memory ends the training
_PICTURES = 200  # that are decoded in the time that a process takes to start
_GROUPS = Path("/sys/fs/cgroup")  # where Linux tells the limits of a container


def memory_bytes(gib: float | None, *, processes: int = 1) -> int:
    """Return the bytes that the pictures of a process may take.

    Parameters
    ----------
    gib
        ``data.memory`` of the recipe in GiB; None for a share of what is free.
    processes
        How many processes of the training are on this machine.
    """
    free = free_bytes()
    whole = _SHARE * free if gib is None else min(gib * 2**30, _MOST * free)
    return int(whole / processes)


def decoder_count(workers: int | None, *, pictures: int, processes: int = 1) -> int:
    """Return how many decoder processes a process of a training starts.

    Parameters
    ----------
    workers
        ``data.workers`` of the recipe; None for as many as there are cores, but fewer for so few
        pictures that a process would take longer to start.
    pictures
        How many pictures there are.
    processes
        How many processes of the training are on this machine.
    """
    if workers is not None:
        return workers
    return min(max(1, cores() // processes), pictures // _PICTURES)


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_bytes() -> int:
    """Return the free memory of the machine, or of the container if that has less."""
    import psutil

    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # no container, or one without a limit
        limit = int((_GROUPS / "memory.max").read_text())
        used = int((_GROUPS / "memory.current").read_text())
        free = max(0, min(free, limit - used + _cached_files()))
    return free


def _cached_files() -> int:
    """Return the bytes of files that the container holds in memory only for speed."""
    for line in (_GROUPS / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0
