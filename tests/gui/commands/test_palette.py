"""The command palette: finds actions, layers, nodes, blocks, presets and files by typing."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import files
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.gui.commands.palette import CommandPalette
from designer.gui.commands.search import MOST, Command, Search
from designer.gui.shell.docks import DOCKS
from designer.gui.shell.main_window import MainWindow
from tests.gui.hands import activate

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
LEFT = Qt.MouseButton.LeftButton


def opened(window: MainWindow, qtbot: QtBot, text: str = "") -> CommandPalette:
    """Open the palette as its shortcut does."""
    window.command_palette(text)
    palette = window.findChild(CommandPalette)
    qtbot.waitExposed(palette)
    return palette


def type_(palette: CommandPalette, qtbot: QtBot, text: str) -> list[Command]:
    palette.field.clear()
    qtbot.keyClicks(palette.field, text)
    return palette.results.commands


def test_the_shortcut_opens_it(window: MainWindow, qtbot: QtBot) -> None:
    activate(window)
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(CommandPalette)
    assert palette.isVisible()
    assert palette.results.commands[0].text == "New"
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(CommandPalette) is None)


def test_an_action_is_done(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    first = type_(palette, qtbot, "new")[0]
    assert (first.text, first.kind, first.keys) == ("New", "File", "Ctrl+N")
    assert first.positions == (0, 1, 2)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.workspace.document is not None
    assert not palette.isVisible()


@pytest.mark.parametrize(
    ("typed", "name"),
    [("nn.Conv1d", "Conv1d"), ("F.relu", "ReLU"), ("self attention", "MultiheadAttention")],
)
def test_layers_are_found_as_code_names_them(
    window: MainWindow, qtbot: QtBot, typed: str, name: str
) -> None:
    found = type_(opened(window, qtbot), qtbot, typed)
    assert name in [each.text for each in found if each.kind == "layer"]


def test_what_cannot_be_done_says_why_and_stays(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    first = type_(palette, qtbot, "save as")[0]
    assert first.refusal == "No design is open."
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert palette.foot.text() == "No design is open."


def test_a_node_is_gone_to(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("resnet50")
    palette = opened(window, qtbot, "@")
    assert {command.kind for command in palette.results.commands} == {"node"}
    assert palette.results.commands[0].text == "image"
    found = type_(palette, qtbot, "@layer3.2.conv2")
    assert found[0].text == "layer3.2.conv2"
    assert found[0].detail.startswith("Conv2d")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.workspace.selection == {"layer3.2.conv2"}
    assert window.workspace.scope == "layer3.2"


def test_a_layer_is_added(window: MainWindow, qtbot: QtBot, monkeypatch) -> None:
    from designer.gui.documents import adding

    added = []
    monkeypatch.setattr(adding, "append", lambda workspace, item: added.append(item))
    window.workspace.open_preset("lenet5")
    palette = opened(window, qtbot)
    first = type_(palette, qtbot, "batchnorm2")[0]
    assert (first.text, first.detail) == ("BatchNorm2d", "add the layer")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert added == [("layer", "BatchNorm2d")]


def test_it_takes_the_place_of_quick_add(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    window.canvas.quick_add()
    (quick,) = window.findChildren(QFrame, "quick-add")
    assert quick.isVisible()
    opened(window, qtbot)
    assert not quick.isVisible()


def test_blocks_presets_and_files_are_found(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "my-thesis.json"
    files.save(presets.load("lenet5"), file)
    window.preferences.recent = [str(file)]
    window.workspace.open_preset("resnet50")
    palette = opened(window, qtbot)
    block = next(iter(window.workspace.design.blocks))
    assert ("block", block) in {(each.kind, each.text) for each in type_(palette, qtbot, block)}
    assert type_(palette, qtbot, "vgg16")[0].kind == "preset"
    assert type_(palette, qtbot, "thesis")[0].kind == "recent"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.workspace.document.path == file


def test_every_panel_is_found_once(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    palette = opened(window, qtbot)
    for row in DOCKS:
        texts = [each.text for each in type_(palette, qtbot, row.title)]
        assert sum(text in (row.title, f"Show {row.title}") for text in texts) == 1, texts


def test_no_corner_is_painted_outside_of_the_round_ones(window: MainWindow, qtbot: QtBot) -> None:
    """Under a window manager that does not blend windows, what is translucent is black."""
    palette = opened(window, qtbot)
    assert not palette.testAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
    assert not palette.mask().contains(QPoint(0, 0))
    assert palette.mask().contains(palette.rect().center())


def test_descriptions_are_searched_too(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    assert "VGG16" in [command.text for command in type_(palette, qtbot, "zisserman")]
    assert "Settings" in [command.text for command in type_(palette, qtbot, "folders")]


def test_a_theme_is_found_by_its_name(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    for word in ("dark", "light", "theme"):
        assert "Settings" in [command.text for command in type_(palette, qtbot, word)]


def test_keys_move_through_the_list(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    last = palette.results.rowCount() - 1

    def row(key: Qt.Key) -> int:
        qtbot.keyClick(palette.field, key)
        return palette.list.currentIndex().row()

    assert row(Qt.Key.Key_Down) == 1
    assert row(Qt.Key.Key_Tab) == 2
    assert row(Qt.Key.Key_PageDown) == 12
    assert row(Qt.Key.Key_PageUp) == 2
    assert row(Qt.Key.Key_Up) == 1
    assert row(Qt.Key.Key_Up) == 0
    assert row(Qt.Key.Key_Up) == last
    assert row(Qt.Key.Key_Down) == 0


def test_a_click_does_it(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    type_(palette, qtbot, "alexnet")
    place = palette.list.visualRect(palette.results.index(0)).center()
    qtbot.mouseClick(palette.list.viewport(), LEFT, pos=place)
    assert window.workspace.document.preset == "alexnet"


def test_nothing_fits(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    assert type_(palette, qtbot, "qqqqqq") == []
    assert "qqqqqq" in palette.foot.text()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


@pytest.mark.parametrize("size", [(1480, 920), (700, 500)])
def test_it_lies_within_its_window(window: MainWindow, qtbot: QtBot, size: tuple[int, int]) -> None:
    window.resize(*size)
    palette = opened(window, qtbot)
    left = palette.mapToGlobal(QPoint(0, 0)).x() - window.mapToGlobal(QPoint(0, 0)).x()
    assert left >= 0
    assert left + palette.width() <= window.width()


def test_many_nodes_are_cut_to_what_is_shown(window: MainWindow) -> None:
    names = [f"conv{number}" for number in range(2_000)]
    nodes = {"image": LayerNode("Input", {"shape": (1, 4, 4)})}
    nodes |= {name: LayerNode("Conv2d", {"out_channels": 1, "kernel_size": 1}) for name in names}
    edges = tuple(Edge(one, 0, two, 0) for one, two in zip(["image", *names], names, strict=False))
    window.workspace.add(Design("Long", graph=Graph(nodes, edges)))
    search = Search(window, window.actions_)
    assert len(search.find("@conv")) == MOST
    assert search.find("@cnv1999")[0].text == "conv1999"
    mixed = search.find("conv")
    assert len(mixed) <= MOST
    assert {"node", "layer"} <= {command.kind for command in mixed}
