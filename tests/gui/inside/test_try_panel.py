"""The Try it dock: pictures dropped, pasted and drawn by real events, and what the network says."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from designer.cli import main
from designer.design import edits
from designer.gui.inside.try_panel import TryPanel
from designer.gui.shell.main_window import MainWindow
from designer.runs.inspection import Picture
from tests.gui.hands import LEFT, NONE, Hands, wait_until

SECONDS = 60


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of LeNet-5 that learned a little of the built-in digits."""
    path = tmp_path_factory.mktemp("runs") / "digits"
    words = ["train", "lenet5", "--data", "mnist10k", "--limit", "1500", "--epochs", "2"]
    words += ["--device", "cpu", "--seed", "1", "--run", str(path)]
    subprocess.run([sys.executable, "-m", "designer", *words], check=True, capture_output=True)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two pictures of other sizes than the network's, and a file that is none."""
    ones = np.zeros((60, 40), np.uint8)
    ones[8:52, 18:23] = 255
    Image.fromarray(ones).save(tmp_path / "one.png")
    ring = np.hypot(*np.mgrid[-30:30, -30:30])
    Image.fromarray((abs(ring - 18) < 3).astype(np.uint8) * 255).save(tmp_path / "zero.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    return [tmp_path / name for name in ("one.png", "broken.png", "zero.png")]


@pytest.fixture
def panel(window: MainWindow, run: Path) -> TryPanel:
    window.show_training(run)
    window.show_dock("try")
    return window.editor.try_it


def settled(panel: TryPanel) -> None:
    """Wait until all questions are answered."""
    wait_until(lambda: bool(panel.inspection.pictures), SECONDS)
    wait_until(lambda: not panel.inspection.busy, SECONDS)


def drop(target: QWidget, paths: list[Path]) -> None:
    data, action = QMimeData(), Qt.DropAction.CopyAction
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(9, 9), action, data, LEFT, NONE))
    QApplication.sendEvent(target, QDropEvent(QPointF(9, 9), action, data, LEFT, NONE))


def draw(panel: TryPanel, *points: tuple[float, float]) -> None:
    """Draw a line on the sketchpad with the mouse, from (0, 0) to (1, 1)."""
    pad = panel.drawing.pad
    places = [place(panel, each) for each in points]
    QTest.mousePress(pad, LEFT, NONE, places[0])
    for each in places[1:]:
        QTest.mouseMove(pad, each)
        QApplication.processEvents()
    QTest.mouseRelease(pad, LEFT, NONE, places[-1])


def draw_while_asked(
    panel: TryPanel, first: tuple[float, float], last: tuple[float, float]
) -> None:
    """Draw a line that ends while an answer to its first part is still to come."""
    pad, end = panel.drawing.pad, place(panel, last)
    ended: list[int] = []

    def release() -> None:
        if panel.inspection.busy and not ended:
            ended.append(1)
            QTimer.singleShot(0, lambda: QTest.mouseRelease(pad, LEFT, NONE, end))

    panel.inspection.busy_changed.connect(release)
    QTest.mousePress(pad, LEFT, NONE, place(panel, first))
    QTest.mouseMove(pad, end)
    wait_until(lambda: bool(ended), SECONDS)
    panel.inspection.busy_changed.disconnect(release)


def place(panel: TryPanel, share: tuple[float, float]) -> QPoint:
    """Return a point of the sketchpad, from (0, 0) to (1, 1)."""
    square = panel.drawing.pad.square()
    return (square.topLeft() + QPointF(*share) * square.width()).toPoint()


def top(panel: TryPanel) -> str:
    """Return the class of the longest bar; "" without one."""
    bars = panel.answer.bars
    return str(bars.predictions[0]["class"]) if bars.isVisible() and bars.predictions else ""


def test_a_digit_is_drawn(window: MainWindow, panel: TryPanel) -> None:
    hands = Hands(window)
    assert panel.empty.isVisible() and "draw a digit" in panel.invitation.text()
    hands.click(panel.draw)
    assert panel.drawing.isVisible() and "while you draw" in panel.answer.words.text()
    window.workspace.edit("set padding", lambda each: edits.set_argument(each, "classes", 10))
    design = window.workspace.design
    heard: list[tuple[Picture, ...]] = []
    panel.inspection.changed.connect(lambda: heard.append(panel.inspection.pictures))
    draw(panel, (0.52, 0.15), (0.5, 0.4), (0.49, 0.6), (0.48, 0.85))
    settled(panel)
    assert top(panel) == "1"
    assert heard and heard[-1] == panel.inspection.pictures  # which the other panels follow
    seen = panel.answer.seen.area.picture
    assert (seen.height(), seen.width()) == (32, 32)
    assert seen.pixelColor(16, 16).lightness() > 200 and seen.pixelColor(2, 2).lightness() == 0
    alone = [each["probability"] for each in panel.answer.bars.predictions]
    draw_while_asked(panel, (0.3, 0.3), (0.7, 0.3))
    settled(panel)
    cross = [each["probability"] for each in panel.answer.bars.predictions]
    assert cross != alone
    # A line that is not complete yet is answered, too.
    QTest.mousePress(panel.drawing.pad, LEFT, NONE, place(panel, (0.3, 0.6)))
    QTest.mouseMove(panel.drawing.pad, place(panel, (0.7, 0.6)))
    bars = panel.answer.bars
    wait_until(lambda: [each["probability"] for each in bars.predictions] != cross, SECONDS)
    QTest.mouseRelease(panel.drawing.pad, LEFT, NONE, place(panel, (0.7, 0.6)))
    settled(panel)
    hands.keys("Ctrl+Z", panel.drawing.pad)
    hands.keys("Ctrl+Z", panel.drawing.pad)
    assert len(panel.drawing.pad.strokes) == 1 and window.workspace.design is design
    settled(panel)
    wait_until(lambda: top(panel) == "1", SECONDS)
    pad, middle = panel.drawing.pad, panel.drawing.pad.square().center().toPoint()
    before = panel.answer.bars.predictions
    QTest.mousePress(pad, LEFT, NONE, middle - QPoint(40, 40))
    QTest.mouseMove(pad, middle + QPoint(40, -40))
    wait_until(lambda: panel.answer.bars.predictions != before, SECONDS)  # while it is drawn
    assert len(pad.strokes) == 2
    QTest.mouseRelease(pad, LEFT, NONE, middle + QPoint(40, -40))
    settled(panel)
    hands.click(panel.drawing.clear)
    assert panel.inspection.pictures == () and "while you draw" in panel.answer.words.text()
    angles = np.linspace(0.3, 2 * np.pi + 0.3, 16)
    draw(panel, *((0.5 + 0.22 * np.cos(a), 0.5 + 0.32 * np.sin(a)) for a in angles))
    settled(panel)
    assert top(panel) == "0"


def test_pictures_are_dropped_chosen_sorted_copied_and_pasted(
    window: MainWindow, panel: TryPanel, run: Path, pictures: list[Path], capsys: Any
) -> None:
    hands = Hands(window)
    drop(window, pictures[:1])
    settled(panel)
    assert top(panel) == "1" and not panel.table.isVisible()
    assert panel.answer.original.area.picture.size().toTuple() == (40, 60)
    main(["predict", str(run), str(pictures[0]), "--json", "--top", "10", "--device", "cpu"])
    [wanted] = json.loads(capsys.readouterr().out)
    found = {each["class"]: each["probability"] for each in panel.answer.bars.predictions}
    assert found == pytest.approx(
        {each["class"]: each["probability"] for each in wanted["predictions"]}, abs=1e-6
    )
    drop(panel, [pictures[0].parent])  # a folder, on the dock itself
    wait_until(lambda: len(panel.inspection.pictures) == 3, SECONDS)
    settled(panel)
    results, table = panel.table.results, panel.table
    assert table.isVisible()
    names = [results.index(row, 0).data() for row in range(3)]
    assert names == ["broken.png", "one.png", "zero.png"]
    assert results.index(0, 1).data() == "cannot be read"
    assert "cannot be read (" in panel.answer.words.text() and not panel.answer.retry.isVisible()
    assert [results.index(row, 1).data() for row in (1, 2)] == ["1", "0"]
    assert results.index(1, 0).data(Qt.ItemDataRole.DecorationRole).width() == 32
    hands.click(table.viewport(), table.visualRect(results.index(2, 1)).center())
    assert panel.inspection.chosen == 2
    settled(panel)
    assert top(panel) == "0"
    head = table.horizontalHeader()
    place = QPoint(head.sectionViewportPosition(1) + 20, head.height() // 2)
    hands.click(head.viewport(), place)  # sorts by the class
    assert [results.index(row, 0).data() for row in range(3)][:2] == ["zero.png", "one.png"]
    assert table.currentIndex().row() == 0  # the same picture as before
    hands.keys("Ctrl+C", table)
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [row["class"] for row in rows] == ["0", "1", ""]
    assert float(rows[1]["probability"]) == pytest.approx(found["1"], abs=1e-6)
    assert "cannot be read" in rows[2]["error"]
    image = QImage(str(pictures[0]))
    QGuiApplication.clipboard().setImage(image)
    hands.keys("Ctrl+V", table)
    wait_until(lambda: len(panel.inspection.pictures) == 1, SECONDS)
    settled(panel)
    assert top(panel) == "1" and panel.inspection.picture.name.startswith("Pasted picture")


def test_a_killed_worker_and_a_damaged_checkpoint_are_told(
    window: MainWindow, panel: TryPanel, run: Path, pictures: list[Path], tmp_path: Path
) -> None:
    hands = Hands(window)
    drop(panel, pictures[:1])
    wait_until(lambda: panel.inspection.busy, SECONDS)
    window.trainer._standby.process.send_signal(signal.SIGKILL)
    wait_until(panel.answer.words.isVisible, SECONDS)
    assert "was killed (signal 9)" in panel.answer.words.text()
    hands.click(hands.find(QPushButton, "try-again"))
    settled(panel)
    assert top(panel) == "1"
    window.workspace.edit(
        "narrow", lambda each: edits.set_parameter(each, "conv1", "out_channels", 5)
    )
    wait_until(
        lambda: "was edited since" in panel.note.text() or "edited since" in panel.note.text()
    )
    assert panel.note.text() == (
        f"These are predictions of the run {run.name}: the design on the canvas was edited since."
    )
    window.workspace.undo()
    wait_until(lambda: not panel.note.text())
    best = run / "checkpoints" / "best.pt"
    whole = best.read_bytes()
    try:
        best.write_bytes(whole[: len(whole) // 2])
        panel.inspection.renew(str(run))
        wait_until(lambda: "best.pt" in panel.answer.words.text(), SECONDS)
    finally:
        best.write_bytes(whole)
    hands.click(hands.find(QPushButton, "try-again"))
    settled(panel)
    assert top(panel) == "1"


def test_nothing_is_asked_while_another_tab_hides_the_panel(
    window: MainWindow, panel: TryPanel, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = panel.inspection.ask

    def listened(key: str, *given: Any, **more: Any) -> None:
        asked.append(key)
        ask(key, *given, **more)

    monkeypatch.setattr(panel.inspection, "ask", listened)
    hands = Hands(window)
    hands.tab("Training")
    wait_until(lambda: not panel.isVisible())
    panel.inspection.show([Picture(file=str(pictures[0]))])
    hands.settle()
    assert not asked
    hands.tab("Try it")
    settled(panel)
    wait_until(lambda: asked == ["try"])
    settled(panel)
    assert top(panel) == "1"


def test_a_narrow_panel_shows_the_answer_below_the_table(
    window: MainWindow, panel: TryPanel, pictures: list[Path]
) -> None:
    drop(panel, pictures)
    wait_until(lambda: len(panel.inspection.pictures) == 3, SECONDS)
    settled(panel)
    dock = window.docks["try"]
    dock.setFloating(True)
    for width, vertical in ((440, True), (1000, False), (440, True)):
        dock.resize(width, 500)
        wait_until(lambda wide=width: abs(panel.width() - wide) < 20)
        wait_until(
            lambda vertical=vertical: (
                (panel.content.orientation() == Qt.Orientation.Vertical) == vertical
            )
        )
        QApplication.processEvents()
        assert panel.network.network.width() > 120  # the name of the network is seen
        bar = panel.table.horizontalScrollBar()
        assert bar.maximum() == 0, "all columns are seen"
        assert panel.table.columnWidth(0) >= 120
    dock.setFloating(False)
