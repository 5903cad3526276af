"""The welcome page: buttons, recent designs, the gallery of presets."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import analyse
from designer.design import files
from designer.gui import gallery, preferences, thumbnails
from designer.gui.gallery import Gallery
from designer.gui.main_window import MainWindow
from designer.layers.base import Category

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def cards(window: MainWindow, qtbot: QtBot) -> Gallery:
    """The gallery, every preset counted."""
    found = window.welcome.gallery
    qtbot.waitUntil(
        lambda: bool(found.cards.shown) and all(card.sketch for card in found.cards.shown)
    )
    return found


def remember(window: MainWindow, *paths: Path) -> None:
    window.preferences.recent = [str(path) for path in paths]
    window.welcome.refresh()


def test_every_preset_has_a_card_with_figures(cards: Gallery) -> None:
    shown = {card.name: card for card in cards.cards.shown}
    assert shown.keys() == set(presets.names())
    lenet = shown["lenet5"]
    assert lenet.figures == "61.7K parameters · 417K MACs"
    assert "shared weights" in lenet.help
    assert "Proceedings of the IEEE" in lenet.help
    years = [card.preset.year for card in cards.cards.shown if card.preset]
    assert years == sorted(years)


def test_names_are_shown_before_the_figures(window: MainWindow, monkeypatch) -> None:
    monkeypatch.setattr(gallery, "_known", {})
    monkeypatch.setattr(gallery, "count", lambda owner, arrived: None)
    window.welcome.gallery.begin()
    assert {card.figures for card in window.welcome.gallery.cards.shown} == {"counting…"}


def test_a_damaged_preset_says_so(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.json").write_text("{")
    monkeypatch.setattr(presets, "names", lambda: ("broken",))
    monkeypatch.setattr(presets, "folder", lambda _: tmp_path)
    card = gallery._counted("broken")
    assert "broken" in card.help
    assert card.figures == "cannot be opened"


def test_double_click_opens(window: MainWindow, cards: Gallery, qtbot: QtBot) -> None:
    middle = cards.place_of("vgg16").center()
    qtbot.mouseClick(cards.viewport(), LEFT, pos=middle)
    assert window.workspace.document is None
    qtbot.mouseDClick(cards.viewport(), LEFT, pos=middle)
    assert window.workspace.design.name == "VGG16"
    assert window.workspace.document.preset == "vgg16"


def test_a_card_has_a_button(window: MainWindow, cards: Gallery, qtbot: QtBot) -> None:
    place = gallery.button_of(cards.place_of("alexnet"), cards.columns).center().toPoint()
    qtbot.mouseMove(cards.viewport(), place)
    qtbot.mouseClick(cards.viewport(), LEFT, pos=place)
    assert window.workspace.document.preset == "alexnet"


def test_keys(window: MainWindow, cards: Gallery, qtbot: QtBot) -> None:
    window.activateWindow()
    field = window.welcome.filter
    field.setFocus()
    qtbot.keyClicks(field, "18")
    assert cards.cards.shown[0].name == "resnet18"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert cards.hasFocus()
    assert cards.currentIndex().row() == 0
    qtbot.keyClick(cards, Qt.Key.Key_Right)
    chosen = cards.cards.shown[1]
    assert cards.currentIndex().row() == 1
    qtbot.keyClick(cards, Qt.Key.Key_Return)
    assert window.workspace.document.preset == chosen.name


def test_the_chosen_card_is_scrolled_to(window: MainWindow, cards: Gallery, qtbot: QtBot) -> None:
    def in_sight() -> bool:
        place = cards.visualRect(cards.currentIndex())
        viewport = window.welcome.viewport()
        top = cards.viewport().mapTo(viewport, place.topLeft())
        bottom = cards.viewport().mapTo(viewport, place.bottomLeft())
        return top.y() >= 0 and bottom.y() <= viewport.height()

    window.activateWindow()
    cards.focus_first()
    qtbot.keyClick(cards, Qt.Key.Key_End)
    assert cards.currentIndex().row() == cards.cards.rowCount() - 1
    qtbot.waitUntil(in_sight)
    window.resize(1000, 640)
    qtbot.waitUntil(lambda: cards.width() < 1000 and in_sight())


def test_filter_finds_ideas_and_says_when_nothing_fits(
    window: MainWindow, cards: Gallery, qtbot: QtBot
) -> None:
    qtbot.keyClicks(window.welcome.filter, "Zisserman")
    assert [card.name for card in cards.cards.shown] == ["vgg16"]
    qtbot.keyClicks(window.welcome.filter, "xyz")
    assert not cards.isVisible()
    assert "Zissermanxyz" in window.welcome.findChild(type(window.welcome._nothing),
                                                      "gallery-nothing").text()  # fmt: skip


def test_columns_follow_the_width(window: MainWindow, cards: Gallery, qtbot: QtBot) -> None:
    def columns() -> int:
        tops = [cards.visualRect(cards.cards.index(row)).top() for row in range(4)]
        return tops.count(tops[0])

    window.resize(2000, 900)
    qtbot.waitUntil(lambda: columns() >= 4)
    window.resize(1000, 900)
    qtbot.waitUntil(lambda: columns() < 4)
    last = cards.visualRect(cards.cards.index(cards.cards.rowCount() - 1))
    assert last.bottom() < cards.height()


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("welcome-demo", "demo_requested"),
        ("welcome-new", "new_requested"),
        ("welcome-open", "open_requested"),
        ("welcome-tour", "tour_requested"),
    ],
)
def test_buttons(
    home: Path, remembered: preferences.Preferences, qtbot: QtBot, name: str, signal: str
) -> None:
    from designer.gui.welcome import Welcome
    from designer.gui.workspace import Workspace

    page = Welcome(Workspace(), remembered)
    qtbot.addWidget(page)
    page.show()
    with qtbot.waitSignal(getattr(page, signal)):
        qtbot.mouseClick(page.findChild(QPushButton, name), LEFT)


def test_the_demo_opens_lenet(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.welcome.demo, LEFT)
    assert window.workspace.document.preset == "lenet5"


def test_recent_designs(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    assert not window.welcome.recent.isVisible()
    kept, gone = tmp_path / "kept.json", tmp_path / "gone.json"
    files.save(presets.load("lenet5"), kept)
    remember(window, gone, kept)
    rows = window.welcome.recent.rows
    qtbot.waitUntil(lambda: rows[0].fault != "")
    assert rows[1].fault == ""
    qtbot.mouseClick(rows[0], LEFT)
    assert window.workspace.document is None
    message = window.welcome._message
    assert message.isVisible()
    assert "the file is gone" in message.text()
    qtbot.mouseClick(rows[1], LEFT)
    assert window.workspace.document.path == kept


def test_a_recent_design_is_forgotten(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    remember(window, one, other)
    recent = window.welcome.recent
    window.activateWindow()
    row = recent.rows[0]
    row.setFocus()
    assert row.cross.isVisible()
    qtbot.mouseClick(row.cross, LEFT)
    assert window.preferences.recent == [str(other)]
    assert preferences.load().recent == [str(other)]
    recent.rows[0].setFocus()
    qtbot.keyClick(recent.rows[0], Qt.Key.Key_Delete)
    assert window.preferences.recent == []
    assert not recent.isVisible()


def test_pictures_follow_the_network() -> None:
    lenet = thumbnails.sketch(analyse(presets.load("lenet5")))
    assert [box.category for box in lenet.boxes[:2]] == [Category.PORT, Category.CONVOLUTION]
    assert lenet.boxes[1].height > lenet.boxes[-2].height
    residual = thumbnails.sketch(analyse(presets.load("resnet50")))
    columns = [box.column for box in residual.boxes]
    skips = [pair for pair in residual.wires if columns[pair[1]] - columns[pair[0]] > 1]
    assert len(skips) == 16, "one for each block"
    assert Category.NORMALISATION not in {box.category for box in residual.boxes}
    branches = thumbnails.sketch(analyse(presets.load("googlenet")))
    columns = [box.column for box in branches.boxes]
    assert max(columns.count(column) for column in columns) >= 4


def test_a_picture_of_anything(qapp) -> None:
    from PySide6.QtCore import QSize

    from designer.design.values import Design

    empty = thumbnails.sketch(analyse(Design("Empty")))
    assert empty.boxes == ()
    assert thumbnails.picture(empty, QSize(100, 50), 2.0).width() == 200


def test_a_press_beside_the_cards_does_nothing(
    window: MainWindow, cards: Gallery, qtbot: QtBot
) -> None:
    qtbot.mouseClick(cards.viewport(), LEFT, pos=QPoint(cards.width() - 2, cards.height() - 2))
    assert window.workspace.document is None
