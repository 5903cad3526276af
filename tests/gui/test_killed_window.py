"""A window that is killed while it trains: the training goes on, and the next window finds it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.gui.shell.main_window import MainWindow
from designer.runs import control
from designer.runs.begin import begin
from designer.runs.events import read_events
from designer.runs.folder import RunFolder, list_runs
from designer.runs.queue import Queue

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL"),
]


def _steps(run: RunFolder) -> int:
    return sum(event["event"] == "step" for event in read_events(run.events))


def test_a_training_outlives_its_window(qtbot: QtBot, look: str, home: Path) -> None:
    runs = home / "runs"
    preferences.store(preferences.Preferences(runs_folder=str(runs)))
    program = "from designer.gui.shell import application as window; window.run(demo=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
    )

    def begun() -> bool:
        assert child.poll() is None, "the window has ended"
        return bool(list_runs(runs))

    try:
        qtbot.waitUntil(begun, timeout=60_000)
        (run,) = list_runs(runs)
        qtbot.waitUntil(lambda: _steps(run) > 1, timeout=60_000)
        waiting = begin(runs / "waiting", presets.load("lenet5"), run.recipe())
        Queue(preferences.state_folder()).add(waiting.path)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    seen = _steps(run)
    qtbot.waitUntil(lambda: _steps(run) > seen, timeout=60_000)
    control.send(run.control, "pause")  # it shall not come to its end before it is found

    window = MainWindow(preferences.load())
    qtbot.addWidget(window)
    window.show()
    window.build_docks()
    qtbot.waitUntil(lambda: window.training.running, timeout=20_000)
    follower = window.trainer.shown
    assert follower is not None and follower is window.trainer.active
    assert follower.run.path == run.path
    qtbot.waitUntil(lambda: follower.paused, timeout=60_000)
    held = follower.history.steps.rows
    window.training.toggle_pause()
    qtbot.waitUntil(lambda: follower.history.steps.rows > held, timeout=60_000)
    window.training.stop()
    qtbot.waitUntil(lambda: follower.state == "stopped", timeout=60_000)
    # What waited for it in the killed window is trained by this one.
    qtbot.waitUntil(lambda: waiting.worker() is not None, timeout=60_000)
    assert window.trainer.active is not None
    assert window.trainer.active.run.path == waiting.path
    assert window.trainer.queue.runs == ()
    window.training.stop()
    qtbot.waitUntil(lambda: waiting.state() == "stopped", timeout=60_000)
    qtbot.waitUntil(lambda: not window.training.running, timeout=60_000)
    events = read_events(run.events)
    steps = [event["step"] for event in events if event["event"] == "step"]
    assert follower.history.steps["step"].tolist() == steps
    assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
    window.close()
