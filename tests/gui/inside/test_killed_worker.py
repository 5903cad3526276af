"""The worker process is killed while the window waits for its answers: what is said and kept."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QPushButton

from designer.design import edits
from designer.gui.shell.main_window import MainWindow
from designer.runs.inspection import Picture
from tests.gui.hands import Hands, wait_until
from tests.gui.inside.test_map_overlay import shown, text

SECONDS = 90


@pytest.fixture
def hands(window: MainWindow) -> Iterator[Hands]:
    """A window that shows LeNet-5, of which nothing is saved."""
    window.trainer.preferences.device = "cpu"
    window.resize(1400, 1000)
    window.workspace.open_preset("lenet5")
    window.build_editor()
    yield Hands(window)
    window.trainer.close()


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    """Two pictures of noise."""
    found = []
    for number in range(2):
        path = tmp_path / f"noise{number}.png"
        noise = np.random.default_rng(number).integers(0, 256, (40, 30), np.uint8)
        Image.fromarray(noise).save(path)
        found.append(Picture(file=str(path)))
    return found


def process(window: MainWindow) -> int:
    standby = window.trainer._standby
    assert standby is not None
    return standby.process.pid


def test_all_that_waited_say_so_and_are_answered_by_another_process(
    hands: Hands, pictures: list[Picture]
) -> None:
    window = hands.window
    workspace, inspection = window.workspace, window.trainer.inspection
    edit = edits.set_parameter
    workspace.edit("wide", lambda d: edit(d, "conv2", "out_channels", 20), select=["conv2"])
    window.show_dock("try")
    window.show_dock("maps")
    wait_until(lambda: window.docks["maps"].widget().view is not None, SECONDS)
    window.editor.maps.show(True)
    inspection.show(pictures[:1])
    wait_until(lambda: window.editor.maps.settled and not inspection.busy, SECONDS)
    view, answer = window.docks["maps"].widget().view, window.editor.try_it.answer
    assert shown(hands) and not view.message.isVisible() and answer.bars.predictions
    before, design, maps = process(window), workspace.design, workspace.document.pictures
    os.kill(before, signal.SIGSTOP)  # so that all requests are on their way when it is killed
    inspection.show(pictures[1:])
    wait_until(lambda: {"canvas-maps", "maps-0", "try"} <= inspection._asked.keys(), SECONDS)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not inspection.busy, SECONDS)
    for sentence in (text(hands, "map-words"), view.message.text(), answer.words.text()):
        assert sentence == (
            "The worker process was killed (signal 9), perhaps because the machine's memory ran "
            "out. A new process is started: try again."
        )
    assert workspace.design is design and len(workspace.document.past) == 1
    assert workspace.document.pictures is maps and shown(hands)  # those of the picture before
    assert inspection.pictures == tuple(pictures[1:]) and workspace.selection == {"conv2"}
    hands.click(hands.find(QPushButton, "map-again"))
    again = next(each for each in view.findChildren(QPushButton) if each.text() == "Try again")
    hands.click(again)
    hands.click(hands.find(QPushButton, "try-again"))
    wait_until(lambda: window.editor.maps.settled and not inspection.busy, SECONDS)
    assert process(window) != before
    assert text(hands, "map-picture") == "Feature maps of noise1.png"
    assert not text(hands, "map-words") and workspace.document.pictures is not maps
    assert not view.message.isVisible() and answer.bars.predictions


def test_a_process_that_is_killed_while_it_computes(hands: Hands, pictures: list[Picture]) -> None:
    window = hands.window
    window.workspace.open_preset("resnet50")  # its maps take a while
    maps = window.editor.maps
    window.trainer.inspection.show(pictures[:1])
    maps.show(True)
    wait_until(lambda: maps.asking and maps.share > 0, SECONDS)
    before = process(window)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not maps.asking, SECONDS)
    assert "was killed (signal 9)" in text(hands, "map-words") and not shown(hands)
    hands.click(hands.find(QPushButton, "map-again"))
    wait_until(lambda: maps.settled, SECONDS)
    hands.settle()
    assert not text(hands, "map-words") and process(window) != before
    assert shown(hands) >= {"conv1", "layer1", "fc"}
