"""What the window loads: never torch, and at its start nothing that takes long."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from designer.gui import app

application = QApplication([])

def told():
    slow = ("torch", "kornia", "pyqtgraph", "networkx", "onnx", "PIL", "designer.engine")
    print(*[name for name in slow if name in sys.modules])
    application.quit()

QTimer.singleShot(300, told)
app.run(["resnet50"])
"""


def test_the_window_never_imports_torch_and_starts_lean(tmp_path: Path) -> None:
    configuration = tmp_path / "netdesigner" / "preferences.json"
    configuration.parent.mkdir()
    configuration.write_text('{"standby": false}')
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
