"""Pictures of networks from elsewhere: each on the canvas with its report, and the dialogs."""

from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from tests.gui.hands import wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]

LIBRARY = ("resnet50", "densenet121", "mobilenet_v2", "vit_b_16", "inception_v3")
"""Networks of torchvision that are opened."""
MODULE = Path(__file__).parents[1] / "engine" / "opening" / "user_module.py"

_DRAWN_MS = 500  # for what is drawn a moment later
_SECONDS = 400  # until a scene gives up waiting for the worker

_OPAQUE = '''"""A network with an operation that no layer expresses."""

import torch
from torch import nn


class Unusual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cumsum(self.conv(x), dim=2) * self.scale
        return self.fc(torch.special.i0(x).flatten(1))
'''


def opening_scenes(window, seen: Callable[[object], QPixmap], folder: Path) -> Iterator[Scene]:
    """Open networks, and show the strip, the canvas, the report and the dialogs.

    Parameters
    ----------
    window
        The main window.
    seen
        Returns the window as it is seen, with what floats above it.
    folder
        Where a file can be written.
    """
    from designer.runs import trusted_code

    def whole() -> QPixmap:
        return seen(window)

    window.build_editor()
    foreign = window.foreign
    unusual = folder / "unusual.py"
    unusual.write_text(_OPAQUE)
    trusted_code.trust([MODULE.read_text(), _OPAQUE])
    sources = [f"torchvision:{name}" for name in LIBRARY]
    for source in sources[:2]:
        foreign.open_named(source)
    wait(2000)
    yield "strip", whole
    foreign.close()
    for source in (*sources, str(MODULE), f"{unusual}:Unusual"):
        inputs = ("3x16x16",) if "unusual" in source else ()
        if source.startswith("torchvision"):
            foreign.open(source)
        else:
            foreign.open_code(source, inputs)
        wait_until(lambda: foreign.report is not None, _SECONDS)
        name = Path(source).name.replace("torchvision:", "").partition(".")[0]
        wait(_DRAWN_MS)
        yield f"{name}-report", whole
        foreign.report.close()
        yield name, whole
    yield from _opaque_scenes(window, whole)
    yield from _dialog_scenes(window)


def _opaque_scenes(window, whole: Callable[[], QPixmap]) -> Iterator[Scene]:
    """Show an operation that no layer expresses: its node, its settings, its problem."""
    path = window.workspace.analysis.opaque[0][0]
    window.workspace.select([path], reveal=True)
    window.canvas.actual_size()
    window.canvas.view.reveal(path)
    window.show_dock("problems")
    wait(_DRAWN_MS)
    yield "opaque", whole


def _dialog_scenes(window) -> Iterator[Scene]:
    from designer.gui.opening.edited import EditsDialog
    from designer.gui.opening.run_code_dialog import may_run
    from designer.gui.opening.source_dialogs import LibraryDialog, ModuleDialog

    edits = ["fc2: out_features 84 → 64", "drop is added: Dropout between fc2 and fc3"]
    for name, dialog in (
        ("library", LibraryDialog(window)),
        ("module", ModuleDialog(window)),
        ("edits", EditsDialog("lenet5.py", "LeNet-5", edits, window)),
    ):
        dialog.show()
        yield name, dialog.grab
        dialog.close()
    found: list[QPixmap] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if box is None:
            QTimer.singleShot(50, look)
        else:
            found.append(box.grab())
            box.close()

    QTimer.singleShot(300, look)
    may_run(window, str(MODULE))
    yield "run-code", lambda: found[0]
