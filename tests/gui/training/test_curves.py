import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QToolButton

from designer.gui.training.lines import Line, usual_top
from designer.gui.training.plot_pages import PAGES
from designer.gui.training.plots import Plot
from designer.runs.events import EventWriter
from designer.runs.watching import FIGURES


@pytest.fixture
def curves(desk, written):
    desk.show_run(written())
    shown = desk.training.curves
    desk.wait(lambda: len(shown.loss.lines) == 3 and shown.loss.isVisible())
    return shown


def test_loss_and_accuracy_are_in_the_headers(desk, curves):
    words = curves.loss.header.text()
    assert "training" in words and "0.5<" in words and "0.25<" in words
    assert "85.0 %" in curves.accuracy.header.text()
    assert not curves.further
    rate, throughput = page(desk, curves, "Rate, throughput")
    assert rate.isVisible() and not curves.loss.isVisible()
    assert "0.05" in rate.header.text()
    assert "1,234" in throughput.header.text()


def page(desk, curves, name):
    """Open a page of the curves; return its plots."""
    number = next(number for number, each in enumerate(PAGES) if each.name == name)
    button = curves.findChild(QToolButton, f"curves-page-{number}")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: any(plot.lines for plot in curves.further[number]))
    return curves.further[number]


def test_every_figure_of_the_steps_has_a_plot():
    named = [name for each in PAGES for row in each.rows for name in row.figures]
    assert sorted([*named, "loss", "accuracy"]) == sorted(FIGURES)  # these two have the first page


def test_further_pages(desk, curves):
    shown = {
        "Metrics": (("top-5 accuracy 99.0 %", "macro F1 80.0 %"), None),
        "Gradient": (("now 0.15",), ("now 0.002",)),
        "Time, device": (
            ("data 1<", "forward 4<", "backward 7<", "update 2<"),
            ("now 75.0 %",),
            ("now 500<",),
        ),
    }
    curves.smoothing.setValue(0)
    for name, texts in shown.items():
        plots = page(desk, curves, name)
        for plot, words in zip(plots, texts, strict=True):
            assert plot.isVisible() == (words is not None)
            for each in words or ():
                assert each in plot.header.text().replace("&nbsp;", " ").replace("&nbsp;", " ")
    curves.log.click()
    gradient = page(desk, curves, "Gradient")
    assert all(plot.log for plot in gradient)
    assert not any(plot.log for plot in page(desk, curves, "Time, device"))


def test_the_header_shows_the_values_at_the_pointer(desk, curves):
    plot = curves.loss
    view = plot.box.mapViewToScene(QPointF(1.0, 0.5))
    place = plot.view.mapFromScene(view)
    desk.qtbot.mouseMove(plot.view.viewport(), QPoint(place.x() - 1, place.y()))
    desk.qtbot.mouseMove(plot.view.viewport(), place)
    desk.wait(lambda: "epoch 1<" in plot.header.text())
    # Both are of the first epoch, although training is drawn at its middle.
    assert plot.header.text().count(" 0.5<") == 2
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
    rough, points = curves.loss.lines[0].y.copy(), [line.y.copy() for line in curves.loss.lines[1:]]
    desk.qtbot.keyClick(curves.smoothing, Qt.Key.Key_End)
    desk.wait(lambda: curves.loss.lines[0].y[-1] > rough[-1])
    # Smoothing one of the two compared curves would make overfitting look like underfitting.
    assert all((line.y == y).all() for line, y in zip(curves.loss.lines[1:], points, strict=True))
    desk.qtbot.keyClick(curves.smoothing, Qt.Key.Key_Home)
    desk.wait(lambda: curves.loss.lines[0].y[0] == 2.1)
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


def test_training_and_validation_are_the_same_kind_of_value(curves):
    steps, training, validation = curves.loss.lines
    assert steps.faint and not steps.name
    assert training.x.tolist() == [0.5, 1.5] and validation.x.tolist() == [1, 2]
    assert training.epochs.tolist() == validation.epochs.tolist() == [1, 2]
    assert (training.detail, validation.detail) == ("mean of each epoch", "end of each epoch")
    curves.resize(1600, 300)
    curves.loss.resize(800, 300)
    curves.loss.point_at(math.nan)
    assert "training, mean of each epoch 0.5" in curves.loss.header.text()
    assert "validation, end of each epoch 0.25" in curves.loss.header.text()
    curves.loss.resize(300, 300)
    assert "training 0.5<" in curves.loss.header.text()


def test_a_run_of_few_steps_has_a_curve(desk, written):
    """Two steps an epoch, less than the log interval: the steps 1, 2 and 4 are logged."""
    run = written("short", status=None)
    with EventWriter(run.events) as events:
        events.write("start", step=0, epochs=2, steps_per_epoch=2)
        for step in (1, 2, 4):
            epoch = (step + 1) // 2
            events.write("step", step=step, epoch=epoch, loss=2 / step, accuracy=0.5, lr=0.1)
            if step > 1:
                part = {"loss": 3 / step, "accuracy": 0.5}
                parts = {"train": part, "validation": part}
                events.write("epoch", epoch=epoch, step=step, seconds=1.0, **parts)
    desk.show_run(run)
    desk.wait(lambda: desk.training.curves.loss.lines)
    desk.wait(lambda: len(desk.training.curves.loss.lines[1].y) == 2)
    assert len(desk.training.curves.loss.lines[0].y) == 3


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ([1e6, 2.0, 1.5, 1.2, 1.0, 0.9], 2.0),
        ([1e6, 0.5], 0.5),
        ([2.3, 1.2, 0.7, 0.5, 0.4, 0.35, 0.3, 0.2, 0.15, 0.1], None),  # an ordinary loss
        ([0.5, 0.5, 0.5, 0.5], None),
        ([1.0], None),
        ([0.0, 0.0, 0.0], None),
    ],
)
def test_values_far_above_all_others_are_left_out(values, top):
    assert usual_top([np.array(values)]) == top


def test_a_huge_first_loss_does_not_flatten_the_plot(qtbot, look):
    plot = Plot("Loss")
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show()
    x = np.arange(1.0, 9.0)
    plot.set_lines(
        [
            Line("training", "#1f66d0", x - 0.5, 2 / x, marked=True, epochs=x),
            Line("validation", "#b04000", x, np.append(1e6, 3 / x[1:]), marked=True, epochs=x),
        ]
    )
    assert plot.box.viewRange()[1][1] < 3
    assert plot.above.isVisible() and plot.above.text() == "▲ 1 point above: show all"
    assert plot.above.toolTip().startswith("1 point is far above all others")
    assert plot._arrows.data["x"].tolist() == [1.0]
    qtbot.mouseClick(plot.above, Qt.MouseButton.LeftButton)
    assert plot.box.viewRange()[1][1] > 1e6
    qtbot.mouseClick(plot.above, Qt.MouseButton.LeftButton)
    assert plot.box.viewRange()[1][1] < 3
    qtbot.mouseDClick(plot.view.viewport(), Qt.MouseButton.LeftButton)
    assert plot.box.viewRange()[1][1] > 1e6
    # A loss that explodes at the end is always in sight.
    plot.whole = False
    plot.set_lines([Line("validation", "#b04000", x, np.append(3 / x[1:], 1e6), marked=True)])
    assert plot.box.viewRange()[1][1] > 1e6 and not plot.above.isVisible()


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 60, 127, 400])
@pytest.mark.parametrize("last", [0.9, 0.1, 3e-4])
def test_a_curve_that_falls_is_seen_whole(qtbot, look, epochs, last):
    plot = Plot("Loss")
    qtbot.addWidget(plot)
    plot.resize(310, 120)
    plot.show()
    x = np.arange(1.0, epochs + 1)
    steps = np.linspace(0.01, epochs, 100 * epochs)
    rate = 2.3 * (last / 2.3) ** (1 / epochs)
    fall = np.log(2.3 / rate)
    training, validation = 2.3 * np.exp(-fall * (x - 0.5)), 2.2 * np.exp(-fall * x)
    plot.set_lines(
        [
            Line("", "#1f66d0", steps, 2.3 * np.exp(-fall * steps), faint=True),
            Line("training", "#1f66d0", x - 0.5, training, marked=True, epochs=x),
            Line("validation", "#b04000", x, validation, marked=True, epochs=x),
        ]
    )
    high = plot.box.viewRange()[1][1]
    assert plot.above.isHidden()
    for line in plot.lines:
        assert (line.y <= high).mean() >= 0.97
    # Both newest values are readable in a narrow plot.
    assert "validation" in plot.header.text()
    assert plot.header.sizeHint().width() <= plot.width()


def test_the_header_of_several_curves_goes_on_below_where_it_is_narrow(qtbot, look):
    plot = Plot("Time of a step, ms")
    qtbot.addWidget(plot)
    x = np.arange(1.0, 9.0)
    names = ("data", "forward", "backward", "update")
    plot.set_lines([Line(name, "#1f66d0", x, x + 0.25) for name in names])
    plot.show()
    plot.resize(200, 200)
    header = plot.header
    qtbot.waitUntil(lambda: header.height() > 2 * header.fontMetrics().height())
    assert header.height() >= header.heightForWidth(header.width())
    plot.resize(900, 200)
    qtbot.waitUntil(lambda: header.height() < 2 * header.fontMetrics().height())


def test_the_newest_values_have_room_beside_the_button_for_outliers(qtbot, look):
    plot = Plot("Loss")
    qtbot.addWidget(plot)
    plot.resize(325, 120)
    plot.show()
    x = np.arange(1.0, 9.0)
    plot.set_lines(
        [
            Line("training", "#1f66d0", x - 0.5, 0.00234 / x, marked=True, epochs=x),
            Line("validation", "#b04000", x, np.append(1e4, 0.0034 / x[1:]), marked=True, epochs=x),
        ]
    )
    assert plot.above.isVisible()
    qtbot.waitUntil(lambda: plot.header.sizeHint().width() <= plot.header.width())
    assert "0.000293" in plot.header.text() and "0.000425" in plot.header.text()


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 1e9])
def test_the_axis_shows_whole_numbers_at_each_zoom(qtbot, look, percent, log, size):
    plot = Plot("Accuracy", percent=percent)
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.show()
    x = np.arange(1.0, 9.0)
    plot.set_lines([Line("validation", "#b04000", x, size * (0.3 + 0.05 * x))])
    if log:
        plot.set_log(True)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        for _ in range(80):
            qtbot.keyClick(plot.view, key)
        axis = plot.axes["left"]
        texts = [text for _, text in axis._ticks(plot.box.height())]
        metrics = plot.fontMetrics()
        assert texts and all(len(text) <= 12 for text in texts)
        assert len(set(texts)) == len(texts)
        assert all(math.isfinite(float(text.replace(",", ""))) for text in texts)
        assert max(metrics.horizontalAdvance(text) for text in texts) * 0.8 < axis.fixedWidth


def test_the_shown_run_is_not_drawn_again_as_another(desk, curves):
    path = desk.trainer.shown.run.path
    desk.trainer.overlay(path, True)
    desk.wait(lambda: desk.trainer.overlays[path].looked)
    curves._draw()
    assert len(curves.loss.lines) == 3
    assert not curves.legend.text()


def test_a_run_with_mixed_images_says_what_its_training_accuracy_is(desk, written):
    plain, mixed = written("plain"), written("mixed")
    content = mixed.events.read_bytes()
    mixed.events.write_bytes(content.replace(b'"batch":32', b'"batch":32,"mixed":true'))
    desk.show_run(plain)
    curves = desk.training.curves
    desk.wait(lambda: len(curves.loss.lines) == 3 and curves.loss.isVisible())
    assert not curves.mixed.isVisible()
    desk.show_run(mixed)
    desk.wait(curves.mixed.isVisible)
    assert curves.mixed.text() == "Training accuracy is measured on mixed images."
    assert "larger share" in curves.mixed.toolTip()
    page(desk, curves, "Rate, throughput")
    assert not curves.mixed.isVisible()
