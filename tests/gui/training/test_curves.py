import math

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QToolButton


@pytest.fixture
def curves(desk, written):
    desk.show_run(written())
    shown = desk.training.curves
    desk.wait(lambda: len(shown.loss.lines) == 3 and shown.loss.isVisible())
    return shown


def test_loss_and_accuracy_are_in_the_headers(desk, curves):
    assert "train" in curves.loss.header.text() and "validation 0.25" in curves.loss.header.text()
    assert "validation 85.0 %" in curves.accuracy.header.text()
    assert curves.rate is None
    button = curves.findChild(QToolButton, "curves-page-1")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: curves.rate.lines)
    assert curves.rate.isVisible() and not curves.loss.isVisible()
    assert "0.05" in curves.rate.header.text()
    assert "1,234" in curves.throughput.header.text()


def test_the_header_shows_the_values_at_the_pointer(desk, curves):
    plot = curves.loss
    view = plot.box.mapViewToScene(QPointF(1.0, 0.5))
    place = plot.view.mapFromScene(view)
    desk.qtbot.mouseMove(plot.view.viewport(), QPoint(place.x() - 1, place.y()))
    desk.qtbot.mouseMove(plot.view.viewport(), place)
    desk.wait(lambda: "epoch 1.0" in plot.header.text() or "epoch 0.9" in plot.header.text())
    assert "validation 0.5" in plot.header.text()
    assert "epoch" in curves.accuracy.header.text()
    desk.qtbot.mouseMove(curves.legend, QPoint(1, 1))
    plot.pointed.emit(math.nan)
    assert "epoch" not in plot.header.text()


def test_keys_pan_and_zoom_and_home_shows_all(desk, curves):
    plot = curves.loss
    whole = plot.box.viewRange()
    desk.qtbot.keyClick(plot.view, Qt.Key.Key_Plus)
    (left, right), _ = plot.box.viewRange()
    assert right - left == pytest.approx(0.8 * (whole[0][1] - whole[0][0]))
    assert not plot.following
    desk.qtbot.keyClick(plot.view, Qt.Key.Key_Right)
    assert plot.box.viewRange()[0][0] > left
    desk.qtbot.keyClick(plot.view, Qt.Key.Key_Home)
    assert plot.box.viewRange()[0] == pytest.approx(whole[0])
    assert plot.following


def test_dragging_pans(desk, curves):
    plot = curves.loss
    before = plot.box.viewRange()[0]
    port = plot.view.viewport()
    middle = port.rect().center()
    desk.qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 7):
        desk.qtbot.mouseMove(port, middle - QPoint(10 * step, 0))
    desk.qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=middle - QPoint(60, 0))
    assert plot.box.viewRange()[0][0] > before[0]
    desk.qtbot.mouseDClick(port, Qt.MouseButton.LeftButton, pos=middle)
    assert plot.following


def test_smoothing_and_logarithm(desk, curves):
    rough = curves.loss.lines[1].y.copy()
    desk.qtbot.keyClick(curves.smoothing, Qt.Key.Key_End)
    desk.wait(lambda: curves.loss.lines[1].y.max() < rough.max())
    desk.qtbot.keyClick(curves.smoothing, Qt.Key.Key_Home)
    desk.wait(lambda: len(curves.loss.lines) == 2)
    desk.qtbot.mouseClick(curves.log, Qt.MouseButton.LeftButton)
    low, high = curves.loss.box.viewRange()[1]
    assert low < math.log10(0.25) < high < 1


def test_saving(desk, curves, tmp_path):
    for name in ("curves.png", "curves.svg", "curves.csv"):
        curves.save(tmp_path / name)
    desk.wait(lambda: len(list(tmp_path.glob("curves.*"))) == 3)
    picture = QImage(str(tmp_path / "curves.png"))
    assert picture.width() == 2 * (curves.loss.width() + curves.accuracy.width())
    assert QSvgRenderer(str(tmp_path / "curves.svg")).isValid()
    assert (tmp_path / "curves.csv").read_text().startswith("step,epoch")
    curves.save(tmp_path / "curves.doc")
    assert "cannot be saved as" in desk.refused[-1]
    for ending in ("png", "svg", "csv"):
        desk.refused.clear()
        curves.save(tmp_path / "absent" / f"curves.{ending}")
        desk.wait(lambda: desk.refused and "cannot be written" in desk.refused[-1])
