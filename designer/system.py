"""What differs between machines: what users type outside the program, and its graphics cards."""

import shlex
import sys


def quoted(*words: str) -> str:
    """Return words as they are typed on a command line, in quotation marks where these are needed.

    On Windows the quotation marks are double ones, which cmd and PowerShell both know.
    """
    if sys.platform == "win32":
        import subprocess

        return subprocess.list2cmdline(words)
    return shlex.join(words)


def how_to_continue(pid: int) -> str:
    """Return a sentence on how to continue a stopped process."""
    if sys.platform == "win32":
        return f"Resume process {pid} in the Resource Monitor."
    return f"Continue it with kill -CONT {pid}."


def how_to_end(pid: int) -> str:
    """Return a sentence on how to end a process for which it is no use to wait."""
    if sys.platform == "win32":
        return f"To end it, end process {pid} in the Task Manager."
    return f"To end it, use kill -KILL {pid}."


def how_to_add_font(package: str) -> str:
    """Return a sentence on how to get a font; ``package`` of Debian and Ubuntu contains one."""
    if sys.platform == "linux":
        return (
            f"On Debian and Ubuntu, apt install {package} adds one; then start the program again."
        )
    return (
        "Install a font that has them, for example a Noto font from fonts.google.com/noto; then "
        "start the program again."
    )


def graphics_cards() -> int:
    """Return the number of NVIDIA's graphics cards, on which torch can train with CUDA."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no driver, or one that this library does not know
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()
