"""What the window loads: never torch, and at its start nothing that takes long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from designer.gui.shell import application as window

application = QApplication([])

def report():
    print(*[name for name in {names} if name in sys.modules])
    application.quit()

QTimer.singleShot({after}, report)
window.run({designs})
"""


@pytest.mark.parametrize(
    ("designs", "after", "names"),
    [
        (
            [],
            0,
            [
                *("pyqtgraph", "networkx", "PIL", "numpy", "click"),
                *(
                    "designer.gui.shell.editor",
                    "designer.analysis.analysis",
                    "designer.design.values",
                    "designer.recipe.recipe",
                ),
            ],
        ),
        (["resnet50"], 300, ["torch", "pyqtgraph", "onnx", "designer.engine"]),
    ],
)
def test_the_window_never_imports_torch_and_starts_lean(
    tmp_path: Path, designs: list[str], after: int, names: list[str]
) -> None:
    configuration = tmp_path / "netdesigner" / "preferences.json"
    configuration.parent.mkdir()
    configuration.write_text('{"standby": false}')
    program = _PROGRAM.replace("{names}", repr(names))
    program = program.replace("{after}", str(after)).replace("{designs}", repr(designs))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
