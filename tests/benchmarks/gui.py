"""How long users wait for the window: start, canvas, first point of a training; and its memory."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks import gui_canvas, gui_maps, gui_session, gui_training

ROUNDS = 7

Row = tuple[str, float, float, float, str]

# Each program prints "shown" when its window is painted and the event loop is idle.
_SHOWN = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

application = QApplication(["", "-style", "Fusion"])

def idle():
    print("shown", flush=True)
    if sys.argv[1:] == ["stay"]:
        sys.stdin.readline()
    application.quit()

def later():
    QTimer.singleShot(0, idle)
"""
_BARE = f"""{_SHOWN}
from PySide6.QtWidgets import QMainWindow

window = QMainWindow()
window.resize(1480, 920)
window.show()
QTimer.singleShot(0, later)
application.exec()
"""
_OURS = f"""{_SHOWN}
from designer.gui.shell import application as window

QTimer.singleShot(0, lambda: QTimer.singleShot(0, later))
window.run(OPEN)
"""


def run() -> Iterator[Row]:
    """Yield (label, ours, the peer's or the goal's value, ratio, goal)."""
    yield from _start_and_memory()
    yield from gui_canvas.rows()
    yield from gui_maps.rows()
    yield from gui_session.rows()
    yield from gui_training.rows()


def _start_and_memory() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        welcome, bare = _OURS.replace("OPEN", "[]"), _BARE
        _seconds(welcome, environment)  # writes the compiled files, as an installation does
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_seconds(welcome, environment))
            theirs.append(_seconds(bare, environment))
        spent, least = statistics.median(ours), statistics.median(theirs)
        goal = "under 0.6 s and 6x a bare QMainWindow"
        yield "process start to a usable window [s]", spent, least, spent / least, goal
        megabytes = _memory(_OURS.replace("OPEN", "['resnet50']"), environment)
        yield (
            "memory of the window with ResNet-50 [MB]",
            megabytes,
            200.0,
            200.0 / megabytes,
            "under 200 MB",
        )


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a new user, without a standby worker."""
    homes = {
        f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "STATE", "DATA", "CACHE")
    }
    preferences = folder / "CONFIG" / "netdesigner" / "preferences.json"
    preferences.parent.mkdir(parents=True)
    preferences.write_text('{"standby": false}')
    return {
        **os.environ,
        **homes,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def _process(program: str, environment: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _seconds(program: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    with _process(program, environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
    if line.strip() != "shown":
        raise RuntimeError(f"the window was not shown: {line!r}")
    return seconds


def _memory(program: str, environment: dict[str, str]) -> float:
    """Return the resident memory in MB of a program that has shown its window."""
    with _process(program, environment, "stay") as process:
        assert process.stdout is not None
        process.stdout.readline()
        resident = float(psutil.Process(process.pid).memory_info().rss)
        process.communicate("\n")
    return resident / 1e6
