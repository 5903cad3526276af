"""The Layer statistics dock: initializations told apart, histograms that move in a training."""

import csv
import io
import signal
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from designer.design import edits
from designer.design.values import Design, Edge, LayerNode
from designer.gui.base.theme import colors
from designer.gui.inside.figure_plot import FigurePlot
from designer.gui.inside.histogram_view import HistogramView, Row
from designer.gui.inside.kept_measurements import without_common_end
from designer.gui.inside.measured_run import MeasuredRun
from designer.gui.inside.statistics_choice import StatisticsChoice
from designer.gui.inside.statistics_panel import StatisticsPanel
from designer.gui.inside.statistics_values import shown as shown_one
from designer.gui.shell.main_window import MainWindow
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.layer_statistics import (
    BINS,
    LayerFigures,
    Measurement,
    MeasurementWriter,
    packed,
)
from designer.runs.layer_warnings import warnings
from tests.engine.samples import chain
from tests.gui.hands import LEFT, NONE, SHIFT, Hands, wait_until
from tests.runs.test_layer_statistics import figures

SECONDS = 90
SMALL = {"data.source": "mnist10k", "data.limit": 400, "batch": 32, "device": "cpu"}


def tanh_network(**weights: object) -> Design:
    """Return the lesson on initialization: six layers of 60 tanh units."""
    layers = {"flat": LayerNode("Flatten")}
    for number in range(1, 7):
        given = {"out_features": 60, "bias_init": 0.0, **weights}
        layers[f"fc{number}"] = LayerNode("Linear", given)
        layers[f"tanh{number}"] = LayerNode("Tanh")
    layers["out"] = LayerNode("Linear", {"out_features": 10})
    return chain("Six", (1, 28, 28), **layers)


NARROW = tanh_network(weight_init="normal", weight_init_value=0.01)
EDGE = Edge("tanh6", 0, "out", 0)
XAVIER = tanh_network(weight_init="xavier_normal")


@pytest.fixture
def panel(window: MainWindow) -> StatisticsPanel:
    window.workspace.add(NARROW)
    window.workspace.set_recipe(changed(Recipe(), SMALL))
    window.show_dock("statistics")
    found = window.docks["statistics"].widget()
    assert isinstance(found, StatisticsPanel)
    wait_until(found.isVisible)
    return found


def made(step: int = 0, **deviations: float) -> Measurement:
    """Return a measurement of some layers with these deviations, without a network."""
    rows = []
    for path, deviation in deviations.items():
        wide = {"deviation": deviation, "norm": deviation, "mean": 0.0}
        rows += [figures(path, kind, **wide) for kind in ("activation", "gradient")]
        rows.append(figures(path, "weight", "weight", update_ratio=deviation, **wide))
        rows.append(figures(path, "weight", "bias", **wide))
    return Measurement(step=step, epoch=1, batch=8, loss=1.0, layers=tuple(rows))


def histogram(path: str, low: float, high: float) -> LayerFigures:
    """Return figures of a layer whose values are spread equally over a range."""
    equal = packed([1] * BINS)
    return msgspec.structs.replace(figures(path), low=low, high=high, histogram=equal)


def show(panel: StatisticsPanel, **deviations: float) -> None:
    """Show a measurement as if it had been measured now."""
    design = panel.workspace.design
    panel.measure.measured.emit(shown_one("Made", made(**deviations), design=design))


def filled(image: QImage, rect: QRect, color: str) -> int:
    """Return how many columns of a picture have a color somewhere."""
    wanted = QColor(color)
    return sum(
        any(_near(image.pixelColor(x, y), wanted) for y in range(rect.top(), rect.bottom()))
        for x in range(rect.left(), rect.right())
    )


def _near(one: QColor, other: QColor) -> bool:
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return max(abs(a - b) for a, b in parts) < 40


def view_button(panel: StatisticsPanel, name: str) -> QToolButton:
    return panel.choice.buttons[name]


def point_of(plot: FigurePlot, x: float, y: float) -> QPoint:
    """Return where a point of a plot is seen, in its viewport."""
    scene = plot.box.mapViewToScene(QPointF(x, float(plot.scaled(np.array([y]))[0])))
    return plot.view.mapFromScene(scene)


def plot_of(panel: StatisticsPanel, name: str) -> FigurePlot:
    found = panel.pages.views[name].findChild(FigurePlot)
    assert isinstance(found, FigurePlot)
    return found


def test_initializations_are_told_apart_in_the_picture(
    window: MainWindow, panel: StatisticsPanel
) -> None:
    hands = Hands(window)
    assert panel.pages.empty.isVisible() and "without training" in panel.pages.invitation.text()
    hands.click(panel.pages.begin)
    wait_until(lambda: len(panel.model.measured) == 1, SECONDS)
    hands.settle()
    assert "Measured now, 32 images" in panel.step.text()
    assert panel.choice.buttons["warnings"].text() == "Warnings (2)"  # both vanish
    hands.click(panel.keep)
    window.workspace.edit("initialize", lambda _: XAVIER)
    hands.click(panel.measure)
    wait_until(lambda: len(panel.model.measured) == 2, SECONDS)
    hands.settle()
    assert panel.choice.buttons["warnings"].text() == "Warnings"

    # Histograms: on the same scale, the kept one is a needle where the other one is wide.
    view = panel.pages.histograms
    number = next(n for n, row in enumerate(view.rows) if row.path == "tanh6")
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_End)
    hands.settle()
    image, bars = view.viewport().grab().toImage(), view.bars_of(number)
    kept = panel.kept.kept[0].color
    assert 1 <= filled(image, bars, kept) <= 6
    assert filled(image, bars, colors().accent) > 5 * filled(image, bars, kept)

    # The figure over the depth: one curve falls by orders of magnitude, the other stays.
    hands.keys("Alt+2", view)
    hands.settle()
    plot = plot_of(panel, "depth")
    narrow, xavier = plot.curves
    at = [plot.names.index(f"tanh{n}") for n in range(1, 7)]
    assert all(later < 0.3 * before for before, later in pairwise(narrow.y[at]))
    assert min(xavier.y[at]) > 0.25 and plot.log
    first, last = (point_of(plot, each, narrow.y[each]).y() for each in (at[0], at[-1]))
    flat = [point_of(plot, each, xavier.y[each]).y() for each in (at[0], at[-1])]
    height = plot.view.viewport().height()
    assert last - first > 0.5 * height > 5 * abs(flat[1] - flat[0])
    image = plot.view.grab().toImage()
    around = QRect(point_of(plot, at[-1], narrow.y[at[-1]]) - QPoint(3, 3), point_of(
        plot, at[-1], narrow.y[at[-1]]) + QPoint(4, 4))  # fmt: skip
    assert filled(image, around, kept) > 2


def test_what_cannot_be_measured_is_said_and_a_measurement_can_be_canceled(
    window: MainWindow, panel: StatisticsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands(window)
    hands.click(panel.measure)
    assert panel.measure.busy and not panel.pages.begin.isEnabled()
    wait_until(panel.measure.progress.isVisible)
    hands.click(panel.measure.stop)
    assert not panel.measure.busy and not panel.model.measured and panel.pages.begin.isEnabled()
    hands.click(panel.measure)
    service = window.trainer._standby
    assert service is not None
    service.process.send_signal(signal.SIGKILL)
    wait_until(lambda: not panel.measure.busy, SECONDS)
    hands.settle()
    assert "was killed (signal 9)" in panel.note.text() and panel.pages.begin.isEnabled()
    window.workspace.edit("remove", lambda each: edits.disconnect(each, EDGE))
    hands.click(panel.pages.begin)
    assert "The design has errors" in panel.note.text()


def test_kinds_views_and_layers_are_chosen_by_mouse_and_keys(
    window: MainWindow, panel: StatisticsPanel
) -> None:
    hands = Hands(window)
    show(panel, fc1=0.5, tanh1=0.4, fc2=0.02, tanh2=0.3)
    hands.settle()
    view = panel.pages.histograms
    assert [row.path for row in view.rows] == ["fc1", "tanh1", "fc2", "tanh2"]
    QTest.mouseClick(view.viewport(), LEFT, NONE, view.rect_of(1).center())
    assert window.workspace.selection == {"tanh1"}
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert window.workspace.selection == {"fc2"} and view.selected == {"fc2"}
    window.workspace.select(["fc1"])  # on the canvas
    hands.settle()
    assert view.selected == {"fc1"}

    hands.choose(panel.kinds, "Weights")
    assert [row.path for row in view.rows] == ["fc1", "tanh1", "fc2", "tanh2"]
    hands.choose(panel.choice.figures, "Update")
    hands.click(view_button(panel, "depth"))
    plot = plot_of(panel, "depth")
    assert list(plot.curves[0].y) == [0.5, 0.4, 0.02, 0.3]
    assert all(plot.curves[0].suspicious) and plot.mark == 0
    QTest.mouseClick(plot.view.viewport(), LEFT, NONE, point_of(plot, 2, 0.1))
    wait_until(lambda: window.workspace.selection == {"fc2"})
    QTest.keyClick(plot.view, Qt.Key.Key_Right)
    hands.settle()
    assert window.workspace.selection == {"tanh2"} and plot.mark == 3
    QTest.keyClick(plot.view, Qt.Key.Key_Left, SHIFT)
    assert window.workspace.selection == {"fc1"}

    hands.keys("Alt+4", plot.view)
    table = panel.pages.table
    titles = [row.path + row.name for row in table.figures.rows]
    assert titles[:2] == ["fc1weight", "fc1bias"]
    ratio = table.figures.columns.index("update_ratio")
    head = table.horizontalHeader()
    for _ in range(2):
        at = QPoint(head.sectionViewportPosition(ratio) + 20, head.height() // 2)
        table.scrollTo(table.figures.index(0, ratio))
        at.setX(head.sectionViewportPosition(ratio) + 20)
        QTest.mouseClick(head.viewport(), LEFT, NONE, at)
    assert [row.update_ratio for row in table.figures.rows][:4] == [0.5, 0.4, 0.3, 0.02]
    assert table.figures.rows[-1].update_ratio is None
    assert "jump over" in table.figures.data(
        table.figures.index(0, ratio), Qt.ItemDataRole.ToolTipRole
    )
    table.setFocus()
    QTest.keySequence(table, "Ctrl+C")
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [(row["layer"], float(row["update_ratio"])) for row in rows[:2]] == [
        ("fc1", 0.5),
        ("tanh1", 0.4),
    ]
    assert {row["kind"] for row in rows} == {"weights"} and len(rows) == 8

    hands.keys("Alt+5", table)
    found = panel.pages.warnings
    sentences = [found.item(row).text() for row in range(found.count())]
    assert len(sentences) == 4 and "fc1" in sentences[0]
    hands.choose(panel.kinds, "Activations")
    QTest.keyClick(found, Qt.Key.Key_Down)
    assert panel.model.kind == "weight" and window.workspace.selection


def test_nodes_are_colored_by_a_figure_and_get_their_colors_back(
    window: MainWindow, panel: StatisticsPanel
) -> None:
    hands = Hands(window)
    show(panel, fc1=0.5, tanh1=0.4)
    hands.settle()
    hands.click(panel.choice.color)
    document = window.workspace.document
    assert document is not None and document.overlay is not None
    assert document.overlay.title == "Activations: deviation"
    assert dict(document.overlay.values) == {"fc1": 0.5, "tanh1": 0.4}
    hands.choose(panel.kinds, "Weights")
    hands.choose(panel.choice.figures, "Update")
    hands.settle()
    assert document.overlay.title == "Weights: update ratio"
    assert document.overlay.is_bad(document.overlay.values["fc1"])
    hands.click(window.canvas.overlay_legend.close_)
    assert document.overlay is None and not panel.choice.color.isChecked()
    hands.click(panel.choice.color)
    assert document.overlay is not None
    hands.click(panel.choice.color)
    assert document.overlay is None


def test_kept_measurements_are_compared_and_removed(
    window: MainWindow, panel: StatisticsPanel
) -> None:
    hands = Hands(window)
    show(panel, fc1=0.5, fc2=0.5)
    hands.settle()
    hands.click(panel.keep)
    hands.click(panel.keep)
    assert len(panel.kept.kept) == 1 and panel.kept.isVisible()
    show(panel, fc1=0.25, out=0.1)
    hands.settle()
    assert [one.title for one in panel.model.measured] == ["Made", "Made (2)"]
    assert [row.path for row in panel.pages.histograms.rows] == ["fc1", "fc2", "out"]
    hands.click(view_button(panel, "depth"))
    kept, own = plot_of(panel, "depth").curves
    assert (list(kept.y), list(own.y)) == ([0.5, 0.5], [0.25, 0.1])
    assert kept.color != own.color
    chip = panel.kept.findChild(QToolButton, "statistics-kept-0")
    assert isinstance(chip, QToolButton)
    current = panel.kept.findChild(QToolButton, "statistics-current")
    assert current is not None and current.text() == " Made (2)" and chip.text() == " Made"
    mark = current.icon().pixmap(8, 8).toImage().pixelColor(4, 4)
    assert mark == QColor(own.color)
    chip.menu().actions()[1].trigger()
    hands.settle()
    assert not panel.kept.kept and not panel.kept.isVisible()
    assert len(plot_of(panel, "depth").curves) == 1


def test_histograms_move_while_a_network_is_trained(
    window: MainWindow, panel: StatisticsPanel
) -> None:
    hands = Hands(window)
    recipe = changed(Recipe(), SMALL | {"epochs": 4, "statistics": 1, "data.limit": 320})
    window.workspace.edit("initialize", lambda _: XAVIER)
    window.trainer.begin(XAVIER, recipe)
    wait_until(lambda: len(panel.model.run.measurements) > 2, SECONDS)
    hands.tab("Layer statistics")  # the training came to the front
    hands.settle()
    assert panel.model.source is None and "while training" in panel.sources.currentText()
    seen = {panel.step.text(): panel.pages.histograms.viewport().grab().toImage()}

    def ended() -> bool:
        hands.settle()
        if panel.step.text() not in seen:
            seen[panel.step.text()] = panel.pages.histograms.viewport().grab().toImage()
        follower = window.trainer.shown
        return follower is not None and follower.looked and not follower.going

    wait_until(ended, SECONDS)
    steps = [each.step for each in panel.model.run.measurements]
    wait_until(lambda: panel.model.run.measurements[-1].step == 40, SECONDS)
    steps = [each.step for each in panel.model.run.measurements]
    assert steps == list(range(1, 41))
    hands.settle()
    assert len(seen) > 1
    images = list(seen.values())
    assert images[0] != images[-1]

    # Back in time by the keys, then by a click into the plot over the steps.
    hands.click(panel.choice.color)
    document = window.workspace.document
    assert document is not None and document.overlay is not None
    newest = dict(document.overlay.values)
    panel.slider.setFocus()
    QTest.keyClick(panel.slider, Qt.Key.Key_Home)
    hands.settle()
    assert panel.step.text().startswith("Step 1,") and panel.model.position == 0
    first = panel.model.run.measurements[0].main("activation")
    assert [row.figures for row in panel.pages.histograms.rows] == list(first.values())
    assert document.overlay is not None and dict(document.overlay.values) != newest
    hands.keys("Alt+3", panel.slider)
    window.workspace.select(["fc1", "fc2"])
    hands.settle()
    plot = plot_of(panel, "time")
    assert [curve.name for curve in plot.curves] == ["fc1", "fc2"]
    assert len(plot.curves[0].x) == 40 and plot.mark == 1
    deviation = plot.curves[0].y[19]
    QTest.mouseClick(plot.view.viewport(), LEFT, NONE, point_of(plot, 20, deviation))
    wait_until(lambda: panel.step.text().startswith("Step 20,"))
    QTest.keyClick(plot.view, Qt.Key.Key_Right)
    hands.settle()
    assert panel.step.text().startswith("Step 21,")
    QTest.keyClick(panel.slider, Qt.Key.Key_End)
    hands.settle()
    assert panel.model.position is None and panel.step.text().startswith("Step 40,")

    # What was learned is measured, too, of all nodes and not only of modules.
    menu = panel.measure.menu()
    menu.aboutToShow.emit()
    best = next(each for each in menu.actions() if each.text().startswith("Best epoch of"))
    assert best.isEnabled()
    best.trigger()
    wait_until(lambda: len(panel.model.measured) == 1, SECONDS)
    hands.settle()
    assert panel.model.source is panel.model.measured[0]
    assert "best epoch" in panel.sources.currentText()
    assert not panel.slider.isVisible() and panel.step.text().startswith("Measured now, 32")
    learned = panel.model.measured[0].measurement.main("activation")
    assert "scores" in learned and "scores" not in first
    QTest.keyClick(panel.sources, Qt.Key.Key_Home)  # the first of the list is the run
    hands.settle()
    assert panel.model.source is None and panel.slider.isVisible()


def rows(count: int) -> list[Row]:
    paths = [f"layer{number}" for number in range(count)]
    return [Row(path, histogram(path, -1.0, 2.0)) for path in paths]


@pytest.mark.parametrize("look", ["dark", "light"], indirect=True)
def test_of_many_layers_only_those_in_sight_are_drawn(
    look: str, shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = HistogramView()
    shown(view, 500, 300)
    drawn: list[int] = []
    paint = HistogramView._paint_row
    monkeypatch.setattr(
        HistogramView,
        "_paint_row",
        lambda self, painter, number: (drawn.append(number), paint(self, painter, number)),
    )
    view.show_rows(rows(600))
    view.grab()
    assert drawn[0] == 0 and len(set(drawn)) < 20
    chosen: list[str] = []
    view.chosen.connect(chosen.append)
    view.chosen.connect(lambda path: view.select(frozenset([path])))
    QTest.keyClick(view, Qt.Key.Key_End)
    drawn.clear()
    view.grab()
    assert chosen == ["layer599"] and drawn[-1] == 599 and len(set(drawn)) < 20
    assert view.rect_of(599).bottom() <= view.viewport().height()
    view.show_rows(rows(6))
    assert view.verticalScrollBar().maximum() == 0  # they share the height


def test_the_scale_is_that_of_all_layers_or_of_each(shown) -> None:
    view = HistogramView()
    narrow = histogram("b", -0.01, 0.01)
    wide = histogram("a", -1.0, 1.0)
    shown(view, 500, 160)
    view.show_rows([Row("a", wide), Row("b", narrow)])
    assert view.range == (-1.0, 1.0)

    def width(number: int) -> int:
        return filled(view.viewport().grab().toImage(), view.bars_of(number), colors().accent)

    assert width(0) > 0.9 * view.bars_of(0).width() and width(1) < 10
    view.set_same_scale(False)
    assert width(0) > 0.9 * view.bars_of(0).width() and width(1) > 0.9 * view.bars_of(1).width()


def test_layers_that_are_not_finite_have_no_histogram_but_words(shown) -> None:
    view = HistogramView()
    broken = figures("a", mean=None, deviation=None)
    shown(view, 500, 160)
    found = warnings(Measurement(step=1, epoch=1, batch=8, layers=(broken,)))
    view.show_rows([Row("a", broken, (), (found[0].sentence,))])
    view.grab()


def test_the_choice_takes_two_rows_where_one_is_too_narrow(shown) -> None:
    owner = QWidget()
    choice = StatisticsChoice(owner)
    choice.offer("activation")
    choice.show_state(warnings=12, anything=True, colorable=True)
    for width, rows in ((900, 1), (420, 2), (900, 1)):
        shown(choice, width, 90)
        tools, views = choice.color, choice.buttons["warnings"]
        places = [each.mapTo(choice, each.rect().center()) for each in (tools, views)]
        assert (abs(places[0].y() - places[1].y()) < 10) == (rows == 1)
        assert all(
            each.mapTo(choice, each.rect().topRight()).x() < width for each in (tools, views)
        )


def test_a_file_that_is_cut_back_or_damaged_is_read_again(tmp_path: Path, shown, qtbot) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    run = MeasuredRun(owner)
    path = tmp_path / "layers.jsonl"
    with MeasurementWriter(path) as writer:
        for step in (1, 2, 3):
            writer.append(made(step, fc1=0.5))
    run.follow(tmp_path)
    run.look()
    wait_until(lambda: [each.step for each in run.measurements] == [1, 2, 3])
    with MeasurementWriter(path, after=1) as writer:
        writer.append(made(2, fc1=0.75))
    run.look()
    wait_until(lambda: len(run.measurements) == 2)
    assert run.measurements[1].main("activation")["fc1"].deviation == 0.75
    with path.open("ab") as file:
        file.write(b"nothing\n")
    run.look()
    wait_until(lambda: bool(run.sentence))
    assert "damaged" in run.sentence and len(run.measurements) == 2
    run.follow(None)
    assert not run.measurements and not run.sentence


def test_names_in_the_legend_leave_out_what_all_end_in() -> None:
    ends = ", fresh weights, seed 0"
    assert without_common_end([f"Tanh, std 0.01{ends}", f"Tanh, Xavier{ends}"]) == [
        "Tanh, std 0.01",
        "Tanh, Xavier",
    ]
    assert without_common_end([f"Tanh{ends}", f"Tanh{ends[:-1]}1"]) == [
        f"Tanh{ends}",
        f"Tanh{ends[:-1]}1",
    ]
    assert without_common_end([f"Tanh{ends}"]) == [f"Tanh{ends}"]


def test_a_legend_of_long_names_widens_no_dock(window: MainWindow, panel: StatisticsPanel) -> None:
    hands = Hands(window)
    before = panel.minimumSizeHint().width()
    for name in ("first", "second", "third"):
        title = f"{name} measurement with a name that has no room in a narrow dock"
        panel.model.add(shown_one(title, made(fc1=0.5, tanh1=0.4)))
        hands.settle()
        hands.click(panel.keep)
    assert len(panel.kept.kept) == 3 and panel.kept.isVisible()
    assert panel.minimumSizeHint().width() <= max(before, 420)
    panel.kept.resize(panel.kept.minimumSizeHint().width(), panel.kept.height())
    hands.settle()
    buttons = panel.kept.findChildren(QToolButton)
    assert all(
        each.geometry().right() <= panel.kept.width() for each in buttons if each.isVisible()
    )
    assert all("…" in each.text() for each in buttons)
