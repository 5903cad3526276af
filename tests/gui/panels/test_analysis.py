"""The Analysis dock: the table, its sums, and the selection in step with the canvas."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QMenu, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.gui.base import numbers
from designer.gui.base.theme import theme
from designer.gui.documents import fitting
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.layer_table import COLUMNS
from designer.gui.panels.shared import LARGE
from designer.gui.shell.main_window import MainWindow
from designer.gui.worker.trainer import Trainer
from designer.preferences import Preferences
from designer.recipe.optimizers import Optimizer
from designer.recipe.reading import changed

NUMBER = {column.name: index for index, column in enumerate(COLUMNS)}
NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(workspace: Workspace, shown: Callable[..., QWidget]) -> AnalysisPanel:
    workspace.open_preset("vgg16")
    return shown(AnalysisPanel(workspace, Trainer(Preferences(standby=False))))


@pytest.fixture
def plain() -> Iterator[None]:
    numbers.use("plain")
    yield
    numbers.use("english")


def _click(qtbot: QtBot, panel: AnalysisPanel, path: str, modifiers=NONE) -> None:
    view = panel.view
    row = next(row for row in range(len(view.layers.order)) if view.layers.path(row) == path)
    index = view.layers.index(row, NUMBER["type"])
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), LEFT, modifiers, view.visualRect(index).center())


def _click_header(qtbot: QtBot, panel: AnalysisPanel, name: str) -> None:
    header = panel.view.horizontalHeader()
    x = header.sectionViewportPosition(NUMBER[name]) + header.sectionSize(NUMBER[name]) // 2
    qtbot.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))


def _paths(panel: AnalysisPanel) -> list[str]:
    return [panel.view.layers.path(row) for row in range(panel.view.layers.rowCount())]


def _selected(panel: AnalysisPanel) -> list[str]:
    return [panel.view.layers.path(row) for row in panel.view.selected_rows()]


def _cell(panel: AnalysisPanel, path: str, name: str) -> str:
    row = _paths(panel).index(path)
    return panel.view.layers.index(row, NUMBER[name]).data()


def _chain(count: int) -> Design:
    names = ["image", *(f"relu{number}" for number in range(count - 1))]
    nodes = {name: LayerNode("ReLU") for name in names}
    nodes["image"] = LayerNode("Input", {"shape": (1, 4, 4)})
    edges = tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))
    return Design("chain", graph=Graph(nodes, edges))


# What is shown


def test_vgg16_as_in_the_lecture(panel: AnalysisPanel) -> None:
    assert _cell(panel, "conv1_1", "output") == "64×224×224"
    assert _cell(panel, "conv1_1", "values") == "3,211,264"
    assert _cell(panel, "relu1_1", "values") == "–"
    assert _cell(panel, "fc6", "parameters") == "102,764,544"
    assert _cell(panel, "conv5_3", "receptive_field") == "196"
    assert panel.total_row.text("parameters") == "138,357,544"
    assert panel.total_row.text("values") == "15,237,608"
    assert panel.total_row.text("macs") == "15.47 G"
    assert "138,357,544" in panel.total_row.accessibleName()


def test_the_memory_totals(panel: AnalysisPanel) -> None:
    figures = {name: figure.value.text() for name, figure in panel.memory.values.items()}
    assert figures["layer outputs"] == "15.2M x 4 bytes = 60.95 MB"
    assert figures["in-and-out buffers"] == "24M x 4 bytes = 96 MB"
    assert figures["kept for backward"] == "73.3 MB"
    assert figures["inference peak"] == "26.3 MB"
    for figure in panel.memory.values.values():
        assert figure.toolTip().count("<p>") >= 3, "what it is, its formula, who counts so"


def test_the_training_estimate_follows_batch_optimizer_and_precision(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    totals = workspace.analysis.totals
    value = panel.memory.values["training"].value
    batch = panel.findChild(QSpinBox, "batch")
    assert batch.value() == workspace.document.recipe.batch
    batch.setFocus()
    batch.selectAll()
    qtbot.keyClicks(batch, "1")
    precision = panel.findChild(QComboBox, "precision")
    precision.setFocus()
    qtbot.keyClick(precision, Qt.Key.Key_Up)
    assert value.text() == "1.723 GB (1.605 GiB)"
    assert totals.training_bytes(Optimizer(), 1) == pytest.approx(1.723e9, rel=1e-3)
    optimizer = panel.findChild(QComboBox, "optimizer")
    optimizer.setFocus()
    qtbot.keyClicks(optimizer, "AdamW")
    assert value.text() == "2.276 GB (2.120 GiB)"


def test_the_training_estimate_follows_the_recipe(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    batch = panel.findChild(QSpinBox, "batch")
    workspace.set_recipe(changed(workspace.recipe, {"batch": 16}))
    assert batch.value() == 16
    batch.setFocus()
    batch.selectAll()
    qtbot.keyClicks(batch, "4")
    workspace.set_recipe(changed(workspace.recipe, {"epochs": 3}))
    assert batch.value() == 4, "what was typed here stays"
    workspace.set_recipe(changed(workspace.recipe, {"batch": 8}))
    assert batch.value() == 8


def test_lower_precision_is_suggested_where_the_device_has_it(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    precision = panel.findChild(QComboBox, "precision")
    for key, suggested in (("cpu", "float32"), ("cuda", "mixed")):
        found = (fitting.Device(key, "Device", 6 * 10**9, 8 * 10**9),)
        monkeypatch.setattr(fitting, "devices", lambda found=found: found)
        workspace.switched.emit()
        qtbot.waitUntil(lambda: not panel._newest_devices.busy)
        assert precision.currentText() == suggested


def test_an_edit_updates_the_table(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.edit("narrow", lambda d: edits.set_parameter(d, "fc7", "out_features", 10))
    qtbot.waitUntil(lambda: _cell(panel, "fc7", "values") == "10")
    assert panel.total_row.text("parameters") == "117,531,202"
    workspace.undo()
    qtbot.waitUntil(lambda: panel.total_row.text("parameters") == "138,357,544")


def test_a_broken_design_has_totals_so_far(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.edit("break", lambda d: edits.set_parameter(d, "conv3_1", "kernel_size", 500))
    qtbot.waitUntil(lambda: panel.total_row.text("layer") == "Total so far")
    assert "conv2_2" in _paths(panel)
    assert "conv3_2" not in _paths(panel)
    assert "problems" in panel.total_row.toolTip()


def test_a_large_design_is_computed_in_a_thread(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.add(_chain(LARGE + 100))
    assert len(_paths(panel)) == 41
    qtbot.waitUntil(lambda: panel.view.layers.rowCount() == LARGE + 100)
    assert panel.total_row.text("type") == "2,100 layers"
    workspace.show(workspace.documents[0])
    qtbot.waitUntil(lambda: len(_paths(panel)) == 41)


def test_a_hidden_panel_waits(panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot) -> None:
    panel.hide()
    before = panel.view.layers.table
    workspace.open_preset("lenet5")
    qtbot.wait(1)
    assert panel.view.layers.table is before
    panel.show()
    qtbot.waitUntil(lambda: len(_paths(panel)) == 14)
    assert panel.memory.batch.value() == workspace.document.recipe.batch


def test_numbers_in_the_users_format(plain: None, panel: AnalysisPanel) -> None:
    assert _cell(panel, "conv1_1", "values") == "3211264"
    assert panel.total_row.text("parameters") == "138357544"


def test_another_theme(panel: AnalysisPanel, qapp) -> None:
    dark = panel.view.viewport().grab().toImage().pixelColor(30, 4)
    theme.follow(qapp, "light")
    light = panel.view.viewport().grab().toImage().pixelColor(30, 4)
    theme.follow(qapp, "dark")
    assert dark.lightness() < 100 < light.lightness()


def test_a_narrow_dock_uses_short_texts(
    workspace: Workspace, shown: Callable[..., QWidget], qtbot: QtBot
) -> None:
    workspace.open_preset("resnet50")
    panel = shown(AnalysisPanel(workspace, Trainer(Preferences(standby=False))), width=660)
    qtbot.waitUntil(lambda: sum(map(panel.view.columnWidth, range(9))) <= panel.view.width())
    panel.resize(1300, 420)
    width = panel.view.columnWidth(NUMBER["values"])
    advance = panel.view.fontMetrics().horizontalAdvance("28,096,536")
    assert width > advance


# Sorting, filtering, columns


def test_a_header_sorts_down_up_and_back(panel: AnalysisPanel, qtbot: QtBot) -> None:
    network = _paths(panel)
    _click_header(qtbot, panel, "parameters")
    assert _paths(panel)[:3] == ["fc6", "fc7", "fc8"]
    _click_header(qtbot, panel, "parameters")
    assert _paths(panel)[-1] == "fc6"
    _click_header(qtbot, panel, "parameters")
    assert _paths(panel) == network


def test_sorting_keeps_the_selection(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _click(qtbot, panel, "fc7")
    _click_header(qtbot, panel, "macs")
    assert workspace.selection == {"fc7"}
    assert _selected(panel) == ["fc7"]


def test_filter_by_keyboard(panel: AnalysisPanel, qtbot: QtBot) -> None:
    words = panel.findChild(QLineEdit, "layer-filter")
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_F, CONTROL)
    qtbot.keyClicks(words, "conv3 conv2d")
    qtbot.waitUntil(lambda: _paths(panel) == ["conv3_1", "conv3_2", "conv3_3"])
    qtbot.keyClick(words, Qt.Key.Key_Escape)
    assert len(_paths(panel)) == 41


def test_columns_are_hidden_and_come_back(panel: AnalysisPanel) -> None:
    menu = panel.view.columns_menu()
    memory = next(action for action in menu.actions() if action.text() == "Memory")
    memory.trigger()
    assert panel.view.isColumnHidden(NUMBER["memory"])
    assert NUMBER["memory"] not in panel.view.shown_columns()
    menu.actions()[-1].trigger()
    assert not panel.view.isColumnHidden(NUMBER["memory"])


# Selection


def test_a_click_selects_and_reveals_the_node(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.revealed) as seen:
        _click(qtbot, panel, "conv2_1")
    assert seen.args == ["conv2_1"]
    assert workspace.selection == {"conv2_1"}
    _click(qtbot, panel, "conv3_1", CONTROL)
    assert workspace.selection == {"conv2_1", "conv3_1"}
    _click(qtbot, panel, "conv2_1")
    _click(qtbot, panel, "pool2", SHIFT)
    assert workspace.selection == {"conv2_1", "relu2_1", "conv2_2", "relu2_2", "pool2"}
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert workspace.selection == {"conv3_1"}


def test_the_canvas_selects_rows_those_of_a_block_together(
    workspace: Workspace, shown: Callable[..., QWidget], qtbot: QtBot
) -> None:
    workspace.open_preset("resnet50")
    panel = shown(AnalysisPanel(workspace, Trainer(Preferences(standby=False))))
    workspace.select(["layer2"])
    assert len(_selected(panel)) == 4 * 11
    assert all(path.startswith("layer2.") for path in _selected(panel))
    row = panel.view.selected_rows()[0]
    assert 0 <= panel.view.rowViewportPosition(row) < panel.view.viewport().height()
    assert workspace.selection == {"layer2"}, "showing a selection does not change it"
    _click(qtbot, panel, "layer3.1.conv2")
    assert workspace.selection == {"layer3.1.conv2"}
    assert workspace.scope == "layer3.1"
    workspace.select([])
    assert not _selected(panel)


def test_a_change_of_document_shows_its_own_selection(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _click(qtbot, panel, "conv2_1")
    workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: len(_paths(panel)) == 14)
    assert not _selected(panel)
    workspace.show(workspace.documents[0])
    qtbot.waitUntil(lambda: _selected(panel) == ["conv2_1"])
    assert workspace.selection == {"conv2_1"}


# Text and CSV


def test_copy_selected_rows(panel: AnalysisPanel, qtbot: QtBot) -> None:
    _click(qtbot, panel, "conv5_3")
    qtbot.keyClick(panel.view, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == (
        "Layer    Type      Output   Values  Memory  Kept     Params     MACs   RF\n"
        "conv5_3  Conv2d  512×14×14  100,352  401 KB     0  2,359,808  462.4 M  196\n"
    ).replace("Output   Values", "   Output   Values").replace("Type      ", "Type    ")
    qtbot.keyClick(panel.view, Qt.Key.Key_C, CONTROL | SHIFT)
    assert QGuiApplication.clipboard().text() == (
        "layer,type,output,values,memory_bytes,kept_bytes,parameters,macs,receptive_field\n"
        "conv5_3,Conv2d,512x14x14,100352,401408,0,2359808,462422016,196\n"
    )


def test_copy_leaves_out_hidden_columns_and_keeps_the_order(panel: AnalysisPanel) -> None:
    for name in ("type", "memory", "saved_for_backward", "macs", "receptive_field", "values"):
        panel.view.show_column(NUMBER[name], False)
    header = panel.view.horizontalHeader()
    header.moveSection(header.visualIndex(NUMBER["parameters"]), 1)
    panel.copy_all_csv()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[:3] == ["layer,parameters,output", "image,0,3x224x224", "conv1_1,1792,64x224x224"]
    assert len(lines) == 42


def test_save_csv(
    panel: AnalysisPanel, workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    chosen = [str(tmp_path / "table"), ""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chosen.pop(0), ""))
    with qtbot.waitSignal(workspace.reported):
        panel.save_csv()
    text = (tmp_path / "table.csv").read_text()
    assert text.count("\n") == 42
    panel.save_csv()  # nothing was chosen
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x"), ""))
    with qtbot.waitSignal(workspace.refused) as seen:
        panel.save_csv()
    assert "make its folder, or choose another" in seen.args[0]


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_context_menu_offers_what_is_possible(panel: AnalysisPanel, qtbot: QtBot) -> None:
    panel.view.customContextMenuRequested.emit(QPoint(10, 10))
    menu = panel.findChild(QMenu, "layers-menu")
    texts = {action.text().replace("&", ""): action.isEnabled() for action in menu.actions()}
    assert texts["Copy whole table as text"]
    assert not texts["Copy as text"], "nothing is selected"
    menu.close()


def test_in_the_window_a_row_goes_to_the_node(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    panel = window.docks["analysis"].widget()
    qtbot.waitUntil(lambda: len(_paths(panel)) == 14)
    _click(qtbot, panel, "fc1")
    assert window.workspace.selection == {"fc1"}
