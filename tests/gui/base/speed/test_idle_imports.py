"""Work that imports modules of the window: in a thread, when all of Qt's classes are there."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import threading
from PySide6 import QtWidgets
from PySide6.QtWidgets import QApplication
from designer.gui.base.speed import idle_imports

application = QApplication([])

def work():
    # What is asked for in a thread only, PySide makes there.
    made = set(dir(QtWidgets)) <= set(vars(QtWidgets))
    return made, threading.current_thread() is threading.main_thread()

def done(found):
    print(*found)
    application.quit()

print("QDial" in vars(QtWidgets))
idle_imports.run(application, work, done)
application.exec()
"""


def _printed(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_qts_classes_are_made_before_a_thread_looks_for_them() -> None:
    assert _printed(_PROGRAM) == ["False", "True", "False"]


_SHARED = """
import sys, threading
from designer.gui.base.speed import idle_imports

idle_imports._idleness()  # without an event loop, in which the window would be idle
sys.begun = threading.Event()

def work():
    idle_imports._considerate[threading.get_ident()] = 0.0
    import half_imported

threading.Thread(target=work, daemon=True).start()
sys.begun.wait()
import half_imported
print(half_imported.whole)
"""


def test_the_window_gets_a_module_that_a_waiting_thread_imports(tmp_path: Path) -> None:
    package = tmp_path / "half_imported"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import sys, threading\nfrom designer.gui.base.speed import idle_imports\n"
        "idle_imports._considerate[threading.get_ident()] = 1e9  # from here on for ever\n"
        "sys.begun.set()\nfrom half_imported import other\nwhole = True\n"
    )
    (package / "other.py").write_text("")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", _SHARED],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["True"]


_BUSY = """
import time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from designer.gui.base.speed import idle_imports

application = QApplication([])
times = {}

def work():
    import wave
    times["imported"] = time.perf_counter()

def begin():
    idle_imports.run(application, work, lambda _: application.quit())
    until = time.perf_counter() + 0.4  # while a design is opened, for instance
    while time.perf_counter() < until:
        time.sleep(0.001)
    times["free"] = time.perf_counter()

for _ in idle_imports._classes:
    pass
QTimer.singleShot(100, begin)
application.exec()
print(times["imported"] > times["free"])
"""


def test_modules_are_imported_when_the_window_is_no_longer_busy() -> None:
    assert _printed(_BUSY) == ["True"]
