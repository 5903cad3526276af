"""What other tools print: known values, by rule."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import analyze
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.conventions import (
    conventions,
    running_statistics,
    torchinfo_mult_adds,
    torchinfo_values,
)
from designer.gui.panels.conventions_dialog import ConventionsDialog
from designer.gui.worker.trainer import Trainer
from designer.preferences import Preferences

# (preset, mult-adds, bytes of outputs) as torchinfo 1.8 prints them for the generated module.
TORCHINFO = [
    ("lenet5", 423_038, 52_144),
    ("alexnet", 1_135_915_368, 5_274_176),
    ("vgg16", 15_483_821_032, 108_453_696),
    ("googlenet", 1_594_279_400, 25_882_432),
    ("resnet18", 1_814_083_944, 39_747_392),
    ("resnet50", 4_089_238_376, 177_831_744),
]


@pytest.mark.parametrize(("name", "mult_adds", "output_bytes"), TORCHINFO)
def test_torchinfo(name: str, mult_adds: int, output_bytes: int) -> None:
    rows = analyze(presets.load(name)).rows()
    assert torchinfo_mult_adds(rows) == mult_adds
    assert torchinfo_values(rows) * 2 * 4 == output_bytes


def test_vgg16_by_every_convention() -> None:
    found = {(row.tool, row.name): row.value for row in conventions(analyze(presets.load("vgg16")))}
    assert found["CS231n lecture", "TOTAL params"] == "138M"
    assert found["CS231n lecture", "TOTAL memory"] == "24M x 4 bytes = 96 MB"
    assert found["convnet-burden", "feature memory"] == "60.95 MB (58.13 MiB)"
    assert found["torchinfo", "Forward/backward pass size"] == "108.45 MB"
    assert found["torchvision's tables", "GFLOPS"] == "15.47"
    assert found["torch FlopCounterMode", "Total FLOPs"] == "30.94 G"
    assert found["Keras summary", "Total params"] == "138,357,544 (527.8 MiB)"


def test_keras_counts_running_statistics_of_resnet50() -> None:
    assert running_statistics(analyze(presets.load("resnet50")).rows()) == 53_120


def test_the_button_opens_the_comparison(
    workspace: Workspace, shown: Callable[..., QWidget], qtbot: QtBot
) -> None:
    panel = shown(AnalysisPanel(workspace, Trainer(Preferences(standby=False))))
    workspace.open_preset("vgg16")
    button = panel.findChild(QToolButton, "how-others-count")
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = panel.findChild(ConventionsDialog)
    assert dialog.isVisible()
    copy = dialog.findChild(QPushButton, "copy-conventions")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "torchinfo | Forward/backward pass size | 108.45 MB" in _clipboard()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def _clipboard() -> str:
    from PySide6.QtGui import QGuiApplication

    return QGuiApplication.clipboard().text()
