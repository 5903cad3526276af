"""The status bar: what the design costs, whether training fits, sentences for a moment."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.gui.base import numbers
from designer.gui.documents import fitting
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.status import StatusBar
from designer.recipe.optimizers import Optimizer
from designer.recipe.reading import changed


class Training(QObject):
    changed = Signal()


@pytest.fixture
def training(qapp) -> Training:
    return Training()


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> tuple[fitting.Device, ...]:
    found = (fitting.Device("cuda", "Small GPU", 6 * 10**9, 8 * 10**9),)
    monkeypatch.setattr(fitting, "devices", lambda: found)
    return found


@pytest.fixture
def status(
    workspace: Workspace,
    training: Training,
    devices: tuple[fitting.Device, ...],
    shown: Callable[..., QWidget],
    qtbot: QtBot,
) -> StatusBar:
    bar = shown(StatusBar(workspace, training), width=1500, height=28)
    workspace.open_preset("vgg16")
    qtbot.waitUntil(lambda: bool(bar.fit_.text()))
    return bar


def test_counts_of_vgg16(status: StatusBar) -> None:
    assert status.problems.text() == "No problems"
    assert status.size_.text() == "138.4 M parameters · 553 MB file"
    assert status.macs.text() == "15.47 G MACs"
    assert status.memory.text() == (
        "per image: layer outputs 61.0 MB · in-and-out buffers 96 MB · kept for backward 73.3 MB"
    )
    assert "138,357,544" in status.size_.toolTip()
    assert "24M x 4 bytes = 96 MB" in status.memory.toolTip()
    assert all(
        each.isVisible()
        for each in (status.problems, status.size_, status.macs, status.memory, status.fit_)
    )


def test_whether_training_fits_follows_the_recipe(
    status: StatusBar, workspace: Workspace, training: Training, qtbot: QtBot
) -> None:
    recipe = workspace.document.recipe
    workspace.document.recipe = changed(recipe, {"batch": 32, "precision": "float32"})
    training.changed.emit()
    needed = numbers.size(workspace.analysis.totals.training_bytes(Optimizer(), 32))
    text = f"training at batch 32 takes {needed}, 6.00 GB free"
    qtbot.waitUntil(lambda: status.fit_.text() == text)
    assert "fits" in status.fit_.toolTip()
    assert status.fit_.property("role") == "soft"
    workspace.document.recipe = changed(recipe, {"batch": 256, "precision": "float32"})
    training.changed.emit()
    qtbot.waitUntil(lambda: "batch 256" in status.fit_.text())
    assert "does not fit" in status.fit_.toolTip()
    assert status.fit_.property("role") == "warning"


def test_problems_are_counted(status: StatusBar, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.edit("break", lambda d: edits.set_parameter(d, "conv3_1", "kernel_size", 500))
    qtbot.waitUntil(lambda: status.problems.text() == "1 problem")
    assert status.size_.text().endswith("so far")
    assert not status.fit_.text()
    workspace.undo()
    qtbot.waitUntil(lambda: status.problems.text() == "No problems")


def test_a_message_replaces_the_counts_for_a_moment(
    status: StatusBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.reported.emit("The table is in x.csv.")
    assert status.message.text() == "The table is in x.csv."
    assert status.message.isVisible()
    assert not status.size_.isVisible()
    status._over.setInterval(1)
    workspace.refused.emit("No.")
    qtbot.waitUntil(status.size_.isVisible)
    assert not status.message.isVisible()


def test_a_narrow_window_hides_the_least_important(status: StatusBar, qtbot: QtBot) -> None:
    status.resize(560, 28)
    qtbot.waitUntil(lambda: not status.memory.isVisible())
    assert status.problems.isVisible()
    assert status.size_.isVisible()
    status.resize(1500, 28)
    qtbot.waitUntil(status.memory.isVisible)


def test_without_a_design_it_is_empty(
    status: StatusBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.close(workspace.document)
    qtbot.waitUntil(lambda: not status.size_.isVisible())
    assert not status.problems.isVisible()


def test_numbers_in_the_users_format(status: StatusBar, workspace: Workspace, qtbot: QtBot) -> None:
    numbers.use("plain")
    try:
        workspace.changed.emit(workspace.design, workspace.design)
        qtbot.waitUntil(lambda: "138357544" in status.size_.toolTip())
    finally:
        numbers.use("english")
