"""Work that imports modules of the window: in a thread, when all of Qt's classes are there."""

import os
import subprocess
import sys

_PROGRAM = """
import threading
from PySide6 import QtWidgets
from PySide6.QtWidgets import QApplication
from designer.gui import ahead

application = QApplication([])

def work():
    # What is asked for in a thread only, PySide makes there.
    made = set(dir(QtWidgets)) <= set(vars(QtWidgets))
    return made, threading.current_thread() is threading.main_thread()

def done(found):
    print(*found)
    application.quit()

print("QDial" in vars(QtWidgets))
ahead.run(application, work, done)
application.exec()
"""


def test_qts_classes_are_made_before_a_thread_looks_for_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True", "False"]
