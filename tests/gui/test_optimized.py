"""The window under ``python -O``, which drops assertions: nothing is built by one."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from designer.cli import main
from designer.gui.shell import docks, main_window

assert False, "assertions are dropped"
application = QApplication([])

def look():
    windows = application.topLevelWidgets()
    (window,) = [each for each in windows if isinstance(each, main_window.MainWindow)]
    if window.workspace.document is None or not window.canvas.isVisible():
        QTimer.singleShot(50, look)
        return
    print(window.workspace.design.name, list(window.docks) == [row.key for row in docks.DOCKS])
    for key in window.docks:
        window.show_dock(key)
    application.quit()

QTimer.singleShot(0, look)
main(["open", "lenet5"])
"""


def test_a_design_is_opened(tmp_path: Path) -> None:
    configuration = tmp_path / "netdesigner" / "preferences.json"
    configuration.parent.mkdir()
    configuration.write_text('{"standby": false}')
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-O", "-c", _PROGRAM],
        env={**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.split() == ["LeNet-5", "True"], done.stderr
