"""A window that is killed while it trains: the training goes on, and the next window finds it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer.gui import preferences
from designer.gui.main_window import MainWindow
from designer.runs.events import read_events
from designer.runs.folder import RunFolder, list_runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL"),
]


def _steps(run: RunFolder) -> int:
    return sum(event["event"] == "step" for event in read_events(run.events))


@pytest.mark.parametrize("standby", [True, False])
def test_a_training_outlives_its_window(qtbot: QtBot, look: str, home: Path, standby: bool) -> None:
    runs = home / "runs"
    remembered = preferences.Preferences(runs_folder=str(runs), standby=standby)
    preferences.store(remembered)
    program = "from designer.gui import app; app.run(demo=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
    )
    try:
        qtbot.waitUntil(lambda: bool(list_runs(runs)), timeout=60_000)
        (run,) = list_runs(runs)
        qtbot.waitUntil(lambda: _steps(run) > 3, timeout=60_000)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    seen = _steps(run)
    qtbot.waitUntil(lambda: _steps(run) > seen + 3, timeout=60_000)

    window = MainWindow(preferences.load())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.training.running, timeout=20_000)
    assert window.trainer.active is not None
    assert window.trainer.active.run.path == run.path
    window.training.stop()
    qtbot.waitUntil(lambda: run.worker() is None, timeout=60_000)
    qtbot.waitUntil(lambda: not window.training.running, timeout=20_000)
    assert run.state() == "stopped"
    sequence = [json.loads(line)["sequence"] for line in run.events.read_text().splitlines()]
    assert sequence == [*range(1, len(sequence) + 1)]
    window.close()
