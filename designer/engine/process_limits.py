"""Limits of memory and time for a process that runs code of others."""

import contextlib


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has; where the system cannot, do nothing."""
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            held = [line.split()[1] for line in file if line.startswith("VmData:")]
        most = int(held[0]) * 1024 + more
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    except (ImportError, OSError, ValueError, IndexError):
        return  # the process that started this one looks at its memory, too


def limit_time(seconds: float) -> None:
    """Let the system end this process after so many more seconds of work, and some for its parent.

    The process that started it ends it before, unless that was killed.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime + 2 * seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
