"""A window that shows a small residual network, driven by mouse and keys."""

import pytest
from pytestqt.qtbot import QtBot

from designer.design.values import Design
from designer.gui.shell.main_window import MainWindow
from tests.analysis.drawing import IMAGE, OUTPUT, design
from tests.gui.canvas.gestures.hand import Hand

CONV = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}


def residual() -> Design:
    """Return image, conv, act and a side branch into add; scores; and nodes that stand alone."""
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "act": {"layer": "ReLU"},
        "side": CONV,
        "add": {"layer": "Add"},
        "scores": OUTPUT,
        "alone": {"layer": "Tanh"},
        "fc": {"layer": "Linear", "out_features": 10},
    }
    return design(nodes, [["image", "conv", "act", "add", "scores"], ["image", "side"]])


@pytest.fixture
def hand(qtbot: QtBot, window: MainWindow) -> Hand:
    """Drives a window that shows the residual network."""
    return Hand(qtbot, window, residual())
