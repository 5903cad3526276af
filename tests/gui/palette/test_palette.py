"""The palette: found by typing, folded, added by Enter and double-click, dragged out."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from designer import presets
from designer.common_blocks import COMMON_BLOCKS
from designer.design.values import Design
from designer.gui.documents import items
from designer.gui.documents.items import Item
from designer.gui.documents.palette_entries import (
    BLOCKS,
    COMMON,
    PRESETS,
    Entry,
    Header,
    preset_entry,
)
from designer.gui.documents.search_words import SEARCH_WORDS
from designer.gui.documents.workspace import Workspace
from designer.gui.palette.palette import Palette
from designer.layers.catalogue import layer_types
from designer.layers.category import Category
from tests.gui.hands import activate


@pytest.fixture
def palette(qtbot: QtBot, look: str) -> Iterator[Palette]:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    workspace = Workspace()
    palette = Palette(workspace)
    qtbot.addWidget(palette)
    palette.resize(216, 700)
    with qtbot.waitExposed(palette):
        palette.show()
    activate(palette)
    workspace.add(Design("Untitled"))
    qtbot.waitUntil(lambda: not palette._reader.isActive())
    return palette


def _rows(palette: Palette) -> list[Header | Entry]:
    return palette.model.rows


def _texts(palette: Palette) -> list[str]:
    return [row.text for row in _rows(palette) if isinstance(row, Entry)]


def _place(palette: Palette, text: str) -> QPoint:
    """Scroll to a row and return its middle."""
    for number, row in enumerate(_rows(palette)):
        if (row.title if isinstance(row, Header) else row.text) == text:
            index = palette.model.index(number, 0)
            palette.list.scrollTo(index)
            return palette.list.visualRect(index).center()
    raise AssertionError(text)


def _nodes(palette: Palette) -> list[str]:
    return list(palette.workspace.design.graph.nodes)


def test_everything_is_there_under_its_category(palette: Palette) -> None:
    titles = [row.title for row in _rows(palette) if isinstance(row, Header)]
    built_in = [each.value for each in Category if each is not Category.OWN]
    assert titles == [*built_in, COMMON, PRESETS]
    offered = {name for name, kind in layer_types().items() if kind.offered}
    assert set(_texts(palette)) >= offered
    assert "Opaque" not in {*offered, *_texts(palette)}
    entries = {row.item: row for row in _rows(palette) if isinstance(row, Entry)}
    assert entries[Item("preset", "resnet50")].soft == "2015 · 25.6M"
    assert {item.name for item in entries if item.kind == "preset"} == set(presets.names())
    assert [item.name for item in entries if item.kind == "common"] == [
        each.name for each in COMMON_BLOCKS
    ]


def test_blocks_of_the_design_follow_it(palette: Palette) -> None:
    palette.workspace.open_preset("resnet50")
    QApplication.processEvents()
    (row,) = [row for row in _rows(palette) if isinstance(row, Entry) and row.group == BLOCKS]
    assert (row.text, row.soft) == ("Bottleneck", "used 4×")


def test_the_best_match_comes_first_and_shows_its_letters(palette: Palette) -> None:
    QTest.keyClicks(palette.search, "con2")
    assert _texts(palette)[0] == "Conv2d"
    row = _rows(palette)[0]
    assert isinstance(row, Entry)
    assert row.positions == (0, 1, 2, 4)
    assert palette.list.current() == row
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.search.text() == ""
    assert len(_texts(palette)) > 60


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("batch norm", "BatchNorm2d"),
        ("fully connected", "Linear"),
        ("maxp", "MaxPool2d"),
        ("resnet50", "ResNet-50"),
        ("swish", "SiLU"),
        ("crop", "Slice"),
        ("skip", "Add"),
        ("token", "Embedding"),
        ("transpose", "Permute"),
        ("self-attention", "MultiheadAttention"),
        ("self attention", "MultiheadAttention"),
        ("multi-head", "MultiheadAttention"),
        ("nn.Conv1d", "Conv1d"),
        ("torch.nn.Conv1d", "Conv1d"),
        ("F.relu", "ReLU"),
        ("nn.functional.relu", "ReLU"),
        ("torch.cat", "Concat"),
        ("nn.", "Linear"),
        ("nn.TransformerEncoderLayer", "TransformerEncoder"),
        ("F.scaled_dot_product_attention", "ScaledDotProductAttention"),
        ("unsqueeze", "Reshape"),
        ("cls token", "Parameter"),
        ("word embedding", "Embedding"),
        ("positional encoding", "SinusoidalPositions"),
        ("embedding patch", "Conv2d"),
    ],
)
def test_other_words_find_too(palette: Palette, typed: str, name: str) -> None:
    QTest.keyClicks(palette.search, typed)
    assert name in _texts(palette)


def test_other_words_are_of_layer_types() -> None:
    assert SEARCH_WORDS.keys() <= layer_types().keys()
    for name, words in SEARCH_WORDS.items():
        assert name.lower() not in words.split(), f"{name} is found by its name anyway"
        assert words == " ".join(dict.fromkeys(words.split())), f"{name} has a word twice"


def test_nothing_found(palette: Palette) -> None:
    QTest.keyClicks(palette.search, "qqq")
    assert _rows(palette) == []
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert _nodes(palette) == []


def test_enter_adds_the_first_match(palette: Palette) -> None:
    QTest.keyClicks(palette.search, "relu")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert len(_nodes(palette)) == 1
    assert palette.workspace.design.graph.nodes[_nodes(palette)[0]].layer == "ReLU"
    QTest.keyClicks(palette.search, "tanh")  # types over what was there
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert len(_nodes(palette)) == 2


def test_down_enters_the_list_and_up_leaves_it(palette: Palette) -> None:
    QTest.keyClicks(palette.search, "pool")
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.list.hasFocus()
    assert palette.list.currentIndex().row() == 1
    QTest.keyClick(palette.list, Qt.Key.Key_Up)
    QTest.keyClick(palette.list, Qt.Key.Key_Up)
    assert palette.search.hasFocus()
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    QTest.keyClick(palette.list, Qt.Key.Key_Return)
    assert len(_nodes(palette)) == 1


def test_letters_typed_in_the_list_search(palette: Palette) -> None:
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    QTest.keyClick(palette.list, Qt.Key.Key_L)
    QTest.keyClicks(palette.search, "inear")
    assert palette.search.hasFocus()
    assert _texts(palette)[0] == "Linear"


def test_double_click_adds(palette: Palette) -> None:
    place = _place(palette, "Linear")
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(_nodes(palette)) == 1


def test_a_category_folds_by_mouse_and_keys(palette: Palette) -> None:
    viewport = palette.list.viewport()
    title = Category.POOLING.value
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=_place(palette, title))
    assert "MaxPool2d" not in _texts(palette)
    QTest.keyClick(palette.list, Qt.Key.Key_Right)
    assert "MaxPool2d" in _texts(palette)
    QTest.keyClick(palette.list, Qt.Key.Key_Left)
    assert "MaxPool2d" not in _texts(palette)
    QTest.keyClicks(palette.search, "maxpool")  # found although folded
    assert "MaxPool2d" in _texts(palette)


def test_a_drag_carries_the_item_and_a_picture(
    palette: Palette, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[tuple[Item | None, int]] = []

    def caught(drag: QDrag, *_: object) -> Qt.DropAction:
        data: QMimeData = drag.mimeData()
        dragged.append((items.from_mime(data), drag.pixmap().width()))
        return Qt.DropAction.IgnoreAction

    monkeypatch.setattr(QDrag, "exec", caught)
    viewport = palette.list.viewport()
    place = _place(palette, "Conv2d")
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=place)
    for step in (5, 15, 30):
        QTest.mouseMove(viewport, place + QPoint(step, 0))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=place + QPoint(30, 0))
    ((item, width),) = dragged
    assert item == Item("layer", "Conv2d")
    assert width > 100


def test_a_common_block_is_added_wired_in_one_step(palette: Palette) -> None:
    workspace = palette.workspace
    workspace.open_preset("lenet_rgb")
    before = workspace.design
    workspace.select(["pool1"])
    QTest.keyClicks(palette.search, "squeeze exc")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert workspace.design.blocks.keys() == {"SqueezeExcite"}
    assert workspace.selection == {"squeezeexcite"}
    assert workspace.analysis.valid
    assert workspace.analysis.node("squeezeexcite").inside is not None
    workspace.undo()
    assert workspace.design is before


def test_what_does_not_fit_the_selected_node_is_faded(palette: Palette) -> None:
    palette.workspace.open_preset("lenet5")
    palette.workspace.select(["fc1"])
    QApplication.processEvents()
    entries = {row.text: row for row in _rows(palette) if isinstance(row, Entry)}
    assert not palette.model.fits(entries["Conv2d"])
    assert palette.model.fits(entries["Linear"])
    assert palette.model.fits(entries["ReLU"])
    palette.workspace.select(["conv1"])
    QApplication.processEvents()
    assert palette.model.fits(entries["Conv2d"])
    assert not palette.model.fits(entries["Linear"])


def test_tooltips_say_what_it_does_and_is_by_default(palette: Palette) -> None:
    place = palette.list.indexAt(_place(palette, "Conv2d"))
    tip = place.data(Qt.ItemDataRole.ToolTipRole)
    assert "Slides kernels" in tip
    assert "Requires output channels, kernel size." in tip
    assert "stride 1, padding 0" in tip


def test_presets_state_the_parameters_of_their_defaults() -> None:
    from designer.analysis.analysis import analyze
    from designer.analysis.report import formatting

    for name in presets.names():
        parameters = analyze(presets.load(name)).totals.parameters
        assert formatting.short(parameters) in preset_entry(name).soft


@pytest.mark.parametrize("look", ["dark", "light"], indirect=True)
def test_it_can_be_drawn_at_any_width(palette: Palette) -> None:
    for width in (150, 216, 400):
        palette.resize(width, 500)
        assert not palette.grab().isNull()
