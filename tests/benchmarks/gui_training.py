"""The training docks: from Train to the first point, and a long curve panned.

``python -m tests.benchmarks gui`` prints these rows among others. Each is measured in a process of
its own, offscreen; the first point counts once it is painted.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

POINTS = 1_000_000
FRAMES = 60
LIMIT = 300  # seconds

Row = tuple[str, float, float, float, str]


def rows() -> Iterator[Row]:
    """Yield (label, ours, the goal's value, ratio, goal)."""
    for label, side, goal, words in (
        ("Train to first point, standby worker [s]", "standby", 1.0, "under 1 s"),
        ("Train to first point, cold [s]", "cold", 4.0, "under 4 s"),
        (f"plot of {POINTS:,} points panned [ms]", "pan", 16.0, "under 16 ms"),
    ):
        value = _measured(side)
        yield label, value, goal, goal / value, words


def _measured(side: str) -> float:
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_LOGGING_RULES": "*.warning=false",
            "XDG_CONFIG_HOME": home,
            "XDG_STATE_HOME": home,
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.gui_training", side, home],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=True,
        )
    return float(json.loads(done.stdout.splitlines()[-1]))


def _application():
    from PySide6.QtWidgets import QApplication

    from designer.gui.base import theme

    application = QApplication([])
    application.setStyle("Fusion")
    theme.load_fonts(application)
    theme.theme.follow(application, "dark")
    return application


def panned() -> float:
    """Return the median milliseconds of a frame while a curve of `POINTS` points is panned."""
    application = _application()
    import numpy as np

    from designer.gui.base.theme import colors
    from designer.gui.training.lines import Line
    from designer.gui.training.plots import Plot
    from designer.gui.worker.history import smoothed

    x = np.linspace(0, 20, POINTS)
    noise = np.random.default_rng(0).normal(0, 0.08, POINTS)
    y = 2.3 * np.exp(-x / 4) + 0.3 + noise
    c = colors()
    plot = Plot("Loss")
    plot.resize(900, 400)
    plot.show()
    plot.set_lines(
        [
            Line("", c.train, x, y, faint=True),
            Line("train", c.train, x, smoothed(y, 0.6)),
            Line("validation", c.validation, np.arange(1.0, 21.0), y[:: POINTS // 20], marked=True),
        ]
    )
    application.processEvents()
    times = []
    for share in (1.0, 0.5, 0.1, 0.01):  # of the curve that is visible
        plot.box.setXRange(5, 5 + 20 * share, padding=0)
        application.processEvents()
        for _ in range(FRAMES // 4):
            start = time.perf_counter()
            plot.box.translateBy(x=0.02 * share)
            plot.view.viewport().repaint()
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def first_point(home: str, *, standby: bool) -> float:
    """Return the seconds from pressing Train on LeNet-5 to the painted first point."""
    application = _application()
    from PySide6.QtCore import QEventLoop, QTimer

    from designer import preferences
    from designer.gui.shell.main_window import MainWindow

    clock = QTimer(interval=5)  # how often a condition is checked, if no event happens
    clock.start()

    def wait(condition: Callable[[], object]) -> None:
        while not condition():
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    window = MainWindow(preferences.Preferences(runs_folder=f"{home}/runs", standby=standby))
    window.show()
    window.workspace.open_preset("lenet5")
    window.show_dock("training")
    training = window.training
    wait(lambda: training.set_up.data.reading)
    if standby:
        wait(lambda: window.trainer.ready)
    start = time.perf_counter()
    window.actions_["train.start"].trigger()
    wait(lambda: training.curves and any(len(line.x) for line in training.curves.loss.lines))
    training.curves.loss.view.viewport().repaint()
    seconds = time.perf_counter() - start
    training.stop()
    wait(lambda: not training.running)
    window.trainer.close()
    return seconds


if __name__ == "__main__":
    side, home = sys.argv[1:]
    value = panned() if side == "pan" else first_point(home, standby=side == "standby")
    print(json.dumps(value), flush=True)
    os._exit(0)  # without waiting for Qt and threads to end
