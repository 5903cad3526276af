"""The gallery by mouse and keys: search, filters, cards, plot, tree, preview, comparison."""

import pytest
from PySide6.QtCore import QLineF, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.analysis.analysis import analyze
from designer.design import edits
from designer.gui.base.theme import theme
from designer.gui.gallery import cards as cards_module
from designer.gui.gallery.browser import Browser
from designer.gui.gallery.catalogue import Match
from designer.gui.gallery.comparison import ComparisonDialog
from designer.gui.gallery.family_colors import FamilyColors
from designer.gui.gallery.label_placement import crosses, place_labels
from designer.gui.gallery.mark_view import MarkView
from designer.gui.gallery.metrics import METRICS, measure, value_text
from designer.gui.gallery.preview import Choice
from designer.gui.gallery.scatter import Scatter, radius_of
from designer.gui.gallery.tree import Tree
from designer.gui.shell.main_window import MainWindow
from tests.gui.gallery.networks import CARDS
from tests.gui.hands import activate

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


class Asked(list[Choice]):
    """What the gallery asked to be opened."""

    @property
    def last(self) -> str:
        return self[-1].name


@pytest.fixture
def gallery(look: str, remembered: preferences.Preferences, qtbot: QtBot) -> Browser:
    """The gallery by itself, every preset read."""
    found = Browser(remembered)
    qtbot.addWidget(found)
    found.resize(1200, 800)
    found.show()
    activate(found)
    found.load()
    qtbot.waitUntil(lambda: bool(found.all))
    return found


@pytest.fixture
def asked(gallery: Browser) -> Asked:
    """What it asks to be opened."""
    choices = Asked()
    gallery.opened.connect(choices.append)
    return choices


@pytest.fixture
def in_window(window: MainWindow, qtbot: QtBot) -> Browser:
    """The gallery in the window."""
    found = window.welcome.gallery
    qtbot.waitUntil(lambda: bool(found.all))
    activate(window)
    return found


def shown(gallery: Browser) -> list[str]:
    return [each.card.name for each in gallery.found]


def choose(gallery: Browser, name: str, key: str, qtbot: QtBot) -> None:
    """Choose in a list as the keys do."""
    box = gallery.boxes[name]
    box.setFocus()
    while box.currentData() != key:
        before = box.currentIndex()
        down = box.findData(key) > before
        qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)
        assert box.currentIndex() != before


# Search and filters


def test_everything_is_there(gallery: Browser) -> None:
    assert set(shown(gallery)) == set(presets.names())
    assert gallery.count.text() == f"{len(presets.names())} networks"
    assert gallery.current == shown(gallery)[0] == gallery.preview.card.name
    assert not gallery.clear.isVisible()


def test_typing_finds_and_enter_opens(gallery: Browser, asked: Asked, qtbot: QtBot) -> None:
    gallery.search.setFocus()
    qtbot.keyClicks(gallery.search, "resnet 50")
    assert gallery.current == "resnet50"
    assert gallery.preview.title.text() == "ResNet-50"
    assert gallery.count.text() == f"{len(shown(gallery))} of {len(presets.names())} networks"
    qtbot.keyClick(gallery.search, Qt.Key.Key_Return)
    assert asked.last == "resnet50"


def test_nothing_fits_and_all_comes_back(gallery: Browser, qtbot: QtBot) -> None:
    qtbot.keyClicks(gallery.search, "qqqq")
    assert gallery.nothing.isVisible()
    assert not gallery.cards.isVisible()
    assert gallery.nothing.text() == "No network matches “qqqq”."
    assert not gallery.preview.isVisible(), "it would show what does not fit"
    choose(gallery, "family", "VGG", qtbot)
    assert gallery.nothing.text() == "No network matches “qqqq” and the filters."
    gallery.search.clear()
    choose(gallery, "size", "1M", qtbot)
    assert gallery.nothing.text() == "No network matches the filters."
    qtbot.mouseClick(gallery.clear, LEFT)
    assert gallery.search.text() == ""
    assert gallery.cards.isVisible()
    assert gallery.preview.isVisible()
    assert set(shown(gallery)) == set(presets.names())


def test_filters_narrow_and_are_remembered(gallery: Browser, qtbot: QtBot) -> None:
    choose(gallery, "size", "more", qtbot)
    choose(gallery, "family", "VGG", qtbot)
    assert "vgg16" in shown(gallery)
    assert all(
        each.card.family == "VGG" and each.card.preset.parameters > 5e7 for each in gallery.found
    )
    assert gallery.boxes["size"].property("lit")
    assert gallery.clear.isVisible()
    choose(gallery, "sort", "macs", qtbot)
    costs = [each.card.preset.macs for each in gallery.found]
    assert costs == sorted(costs)
    qtbot.keyClick(gallery.cards, Qt.Key.Key_3, ALT)
    preferences.store(gallery.preferences)
    again = preferences.load()
    assert again.gallery == preferences.GalleryView(
        view="tree", sort="macs", family="VGG", size="more"
    )
    other = Browser(again)
    qtbot.addWidget(other)
    other.load()
    qtbot.waitUntil(lambda: bool(other.found))
    assert {each.card.family for each in other.found} == {"VGG"}
    assert isinstance(other.view, Tree)


def test_a_family_that_is_gone_is_forgotten(
    remembered: preferences.Preferences, qtbot: QtBot
) -> None:
    remembered.gallery = preferences.GalleryView(family="Gone")
    browser = Browser(remembered)
    qtbot.addWidget(browser)
    browser.load()
    qtbot.waitUntil(lambda: bool(browser.found))
    assert len(browser.found) == len(presets.names())


# The views


@pytest.mark.parametrize(("number", "kind"), [(2, Scatter), (3, Tree)])
def test_views_are_switched(gallery: Browser, qtbot: QtBot, number: int, kind: type) -> None:
    name = {2: "scatter", 3: "tree"}[number]
    gallery.focus_view()
    qtbot.keyClick(gallery.cards, getattr(Qt.Key, f"Key_{number}"), ALT)
    assert isinstance(gallery.view, kind)
    assert gallery.view.isVisible()
    assert gallery.view.hasFocus()
    assert gallery.view.current == gallery.current
    assert not gallery.boxes["sort"].isEnabled()
    qtbot.mouseClick(gallery.findChild(QToolButton, "gallery-view-cards"), LEFT)
    assert gallery.cards.isVisible()
    assert gallery.boxes["sort"].isEnabled()
    qtbot.mouseClick(gallery.findChild(QToolButton, f"gallery-view-{name}"), LEFT)
    assert gallery.preferences.gallery.view == name


def test_tab_leads_through_everything_and_arrows_through_the_views(
    gallery: Browser, qtbot: QtBot
) -> None:
    counted(gallery, "lenet5", qtbot)
    gallery.findChild(QToolButton, "gallery-view-cards").setFocus()
    passed = []
    while "preview-paper" not in passed and len(passed) < 20:
        widget = QApplication.focusWidget()
        assert widget is not None
        passed.append(widget.objectName())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert passed == [
        "gallery-view-cards", "gallery-search", "gallery-family", "gallery-size", "gallery-cost",
        "gallery-years", "gallery-sort", "gallery-cards", "preview-open", "preview-compare",
        "field-classes", "preview-paper",
    ]  # fmt: skip
    switch = gallery.findChild(QToolButton, "gallery-view-cards")
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Right)
    assert gallery.preferences.gallery.view == "scatter"
    assert gallery.findChild(QToolButton, "gallery-view-scatter").hasFocus()


def test_the_chosen_preset_is_selected_in_every_view(gallery: Browser, qtbot: QtBot) -> None:
    for name in ("scatter", "tree", "cards"):
        gallery.show_view(name)
    gallery.choose("googlenet")
    assert gallery.cards.currentIndex().row() == shown(gallery).index("googlenet")
    for name in ("scatter", "tree"):
        gallery.show_view(name)
        assert gallery.view.current == "googlenet"


# Cards


def test_a_click_looks_and_a_double_click_opens(
    gallery: Browser, asked: Asked, qtbot: QtBot
) -> None:
    gallery.choose("vgg16")
    gallery.choose("alexnet")
    middle = gallery.cards.cell_of("vgg16").center()
    qtbot.mouseClick(gallery.cards.viewport(), LEFT, pos=middle)
    assert gallery.preview.card.name == "vgg16"
    assert not asked
    qtbot.mouseDClick(gallery.cards.viewport(), LEFT, pos=middle)
    assert asked.last == "vgg16"


def test_a_card_has_a_button(gallery: Browser, asked: Asked, qtbot: QtBot) -> None:
    cards = gallery.cards
    gallery.choose("alexnet")
    place = cards_module.button_of(cards.cell_of("alexnet"), cards.columns).center().toPoint()
    qtbot.mouseMove(cards.viewport(), place)
    qtbot.mouseClick(cards.viewport(), LEFT, pos=place)
    assert asked.last == "alexnet"


def test_keys_go_from_the_search_through_the_cards(
    gallery: Browser, asked: Asked, qtbot: QtBot
) -> None:
    gallery.search.setFocus()
    qtbot.keyClick(gallery.search, Qt.Key.Key_Down)
    assert gallery.cards.hasFocus()
    qtbot.keyClick(gallery.cards, Qt.Key.Key_Right)
    assert gallery.current == shown(gallery)[1]
    qtbot.keyClick(gallery.cards, Qt.Key.Key_End)
    last = shown(gallery)[-1]
    assert gallery.current == last
    assert gallery.cards.viewport().rect().contains(gallery.cards.cell_of(last).center())
    qtbot.keyClick(gallery.cards, Qt.Key.Key_Return)
    assert asked.last == last


def test_columns_follow_the_width(gallery: Browser, qtbot: QtBot) -> None:
    def columns() -> int:
        cards = gallery.cards
        tops = [cards.visualRect(cards.cards.index(row)).top() for row in range(4)]
        return tops.count(tops[0])

    gallery.resize(1500, 900)
    qtbot.waitUntil(lambda: columns() >= 4)
    gallery.resize(760, 900)
    qtbot.waitUntil(lambda: columns() < 3)
    assert gallery.cards.columns == columns()


def test_pictures_are_drawn_as_they_are_seen(gallery: Browser, qtbot: QtBot) -> None:
    def drawn() -> set[str]:
        return {key.name for key in gallery.pictures._drawn}

    cards = gallery.cards
    rows = -(-cards.viewport().height() // cards.gridSize().height())
    names = shown(gallery)
    qtbot.waitUntil(lambda: set(names[: rows * cards.columns]) <= drawn())
    far = (rows + cards_module._PRELOADED_ROWS) * cards.columns
    assert not drawn() & set(names[far:]), "what is far away is not drawn"
    last = names[-1]
    bar = gallery.cards.verticalScrollBar()
    while bar.value() < bar.maximum():
        before = bar.value()
        wheel(gallery.cards.viewport(), QPointF(100, 100), -120)
        assert bar.value() > before
    qtbot.waitUntil(lambda: last in drawn())


def test_a_picture_in_another_theme_is_another(gallery: Browser, qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    qtbot.waitUntil(lambda: any(key.dark for key in gallery.pictures._drawn))
    try:
        theme.follow(application, "light")
        qtbot.waitUntil(lambda: any(not key.dark for key in gallery.pictures._drawn))
    finally:
        theme.follow(application, "dark")


def wheel(widget: QWidget, place: QPointF, turn: int) -> None:
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(place.toPoint())), QPoint(), QPoint(0, turn),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


# Plot and tree


@pytest.fixture(params=["scatter", "tree"])
def marks(gallery: Browser, request: pytest.FixtureRequest) -> MarkView:
    """The plot, then the tree."""
    gallery.show_view(request.param)
    assert isinstance(gallery.view, MarkView)
    return gallery.view


def pixel(marks: MarkView, name: str) -> QPoint:
    return (marks.places[name].center() - marks.origin()).toPoint()


def test_marks_are_hovered_chosen_and_opened(
    gallery: Browser, asked: Asked, marks: MarkView, qtbot: QtBot
) -> None:
    assert set(marks.places) == set(presets.names())
    gallery.choose("alexnet")
    gallery.choose("googlenet")
    place = pixel(marks, "googlenet")
    qtbot.mouseMove(marks.viewport(), place)
    assert marks.hovered in marks.cards
    assert marks.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    gallery.choose("alexnet")
    marks.reveal(marks.places["googlenet"])
    qtbot.mouseClick(marks.viewport(), LEFT, pos=pixel(marks, "googlenet"))
    assert gallery.current in marks.cards
    assert gallery.current != "alexnet"
    qtbot.mouseDClick(marks.viewport(), LEFT, pos=pixel(marks, "googlenet"))
    assert asked.last == gallery.current


def test_marks_by_keys(gallery: Browser, asked: Asked, marks: MarkView, qtbot: QtBot) -> None:
    gallery.choose("lenet5")
    gallery.focus_view()
    seen = {"lenet5"}
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(marks, key)
        seen.add(gallery.current)
    assert len(seen) >= 3
    sight = marks.viewport().rect()
    assert sight.contains(pixel(marks, gallery.current))
    qtbot.keyClick(marks, Qt.Key.Key_Return)
    assert asked.last == gallery.current


def test_presets_that_were_not_found_are_dim(
    gallery: Browser, marks: MarkView, qtbot: QtBot
) -> None:
    choose(gallery, "family", "VGG", qtbot)
    assert set(marks.places) == set(presets.names())
    assert set(marks.lit) == set(shown(gallery))
    gallery.focus_view()
    for _ in range(3):
        qtbot.keyClick(marks, Qt.Key.Key_Up)
        assert marks.cards[gallery.current].family == "VGG"


@pytest.fixture(params=[Scatter, Tree])
def picture(request: pytest.FixtureRequest, look: str, qtbot: QtBot) -> MarkView:
    """The plot and the tree of a few networks."""
    view = request.param()
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.show_found(CARDS, [Match(card) for card in CARDS], FamilyColors(CARDS))
    return view


def test_pointing_at_a_mark_shows_a_note(picture: MarkView, qtbot: QtBot) -> None:
    before = picture.grab().toImage()
    place = pixel(picture, "vgg16")
    qtbot.mouseMove(picture.viewport(), place)
    assert picture.hovered == "vgg16"
    assert picture.grab().toImage() != before
    qtbot.mouseMove(picture.viewport(), QPoint(1, 1))
    assert picture.hovered == ""
    with qtbot.waitSignal(picture.chosen, check_params_cb=lambda name: name == "vgg16"):
        qtbot.mouseClick(picture.viewport(), LEFT, pos=place)
    with qtbot.waitSignal(picture.opened, check_params_cb=lambda name: name == "vgg16"):
        qtbot.mouseDClick(picture.viewport(), LEFT, pos=place)


@pytest.fixture
def scatter(look: str, qtbot: QtBot) -> Scatter:
    view = Scatter()
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.show_found(CARDS, [Match(card) for card in CARDS], FamilyColors(CARDS))
    return view


def test_points_lie_by_size_and_cost(scatter: Scatter) -> None:
    at = {name: place.center() for name, place in scatter.places.items()}
    assert at["lenet5"].x() < at["densenet121"].x() < at["resnet50"].x() < at["vgg16"].x()
    assert at["lenet5"].y() > at["alexnet"].y() > at["resnet50"].y() > at["vgg16"].y()
    assert all(scatter.area().contains(point) for point in at.values())
    cards = scatter.cards
    assert radius_of(cards["resnet101"]) > radius_of(cards["resnet18"])
    assert radius_of(cards["resnet18"]) > radius_of(cards["alexnet"])


def test_labels_overlap_nothing(scatter: Scatter) -> None:
    boxes = list(scatter.labels.values())
    assert len(boxes) >= 7
    for number, box in enumerate(boxes):
        assert scatter.area().contains(box)
        assert not any(box.intersects(other) for other in boxes[number + 1 :])
        assert not box.intersects(scatter.key)
        for place in scatter.places.values():
            assert not box.intersects(place.adjusted(2, 2, -2, -2))
    scatter.select("resnet18")
    assert "resnet18" in scatter.labels


def test_labels_avoid_lines_if_possible() -> None:
    area, point = QRectF(0, 0, 300, 100), QRectF(140, 40, 20, 20)
    line = QLineF(150, 50, 300, 50)
    for lines, to_the_right in (([], True), ([line], False)):
        box = place_labels({"a": (point, 60.0)}, 12, area, [point], lines)["a"]
        assert not box.intersects(point)
        assert (box.left() > point.right()) == to_the_right
        assert not any(crosses(each, box) for each in lines)
    ways = [line, QLineF(150, 50, 0, 50), QLineF(150, 50, 150, 0), QLineF(150, 50, 150, 100)]
    assert place_labels({"a": (point, 60.0)}, 12, area, [point], ways), (
        "rather on a line than nowhere"
    )


def test_the_plot_zooms_about_the_pointer_and_moves(scatter: Scatter, qtbot: QtBot) -> None:
    point = scatter.places["resnet50"].center()
    apart = scatter.places["resnet101"].center().x() - point.x()
    wheel(scatter.viewport(), point, 240)
    assert (scatter.places["resnet50"].center() - point).manhattanLength() < 0.01
    assert scatter.places["resnet101"].center().x() - point.x() > 1.2 * apart
    empty = QPoint(120, 560)
    assert not scatter.mark_at(QPointF(empty))
    qtbot.mousePress(scatter.viewport(), LEFT, pos=empty)
    qtbot.mouseMove(scatter.viewport(), empty + QPoint(30, -20))
    qtbot.mouseRelease(scatter.viewport(), LEFT, pos=empty + QPoint(30, -20))
    moved = scatter.places["resnet50"].center() - point
    assert (moved - QPointF(30, -20)).manhattanLength() < 0.01
    scatter.setFocus()
    qtbot.keyClick(scatter, Qt.Key.Key_F)
    assert scatter.places["resnet50"].center() == point
    for _ in range(30):
        qtbot.keyClick(scatter, Qt.Key.Key_Plus)
    assert scatter.seen().width >= 0.39
    for _ in range(60):
        qtbot.keyClick(scatter, Qt.Key.Key_Minus)
    assert scatter.seen().width <= 12.1


def test_a_point_out_of_sight_is_moved_to(scatter: Scatter) -> None:
    scatter.zoom(0.2, scatter.places["vgg16"].center())
    assert not scatter.area().contains(scatter.places["lenet5"].center())
    scatter.select("lenet5")
    assert scatter.area().contains(scatter.places["lenet5"].center())


@pytest.fixture
def tree(look: str, qtbot: QtBot) -> Tree:
    view = Tree()
    qtbot.addWidget(view)
    view.resize(420, 260)
    view.show()
    view.show_found(CARDS, [Match(card) for card in CARDS], FamilyColors(CARDS))
    return view


def test_keys_climb_the_tree(tree: Tree, qtbot: QtBot) -> None:
    def go(name: str) -> None:
        tree.select(name)

    tree.chosen.connect(go)
    go("resnet18")
    tree.setFocus()
    for key, name in (
        (Qt.Key.Key_Left, "vgg16"),
        (Qt.Key.Key_Left, "alexnet"),
        (Qt.Key.Key_Left, "lenet5"),
        (Qt.Key.Key_Left, "lenet5"),
        (Qt.Key.Key_Right, "alexnet"),
    ):
        qtbot.keyClick(tree, key)
        assert tree.current == name
        assert tree.viewport().rect().contains(pixel(tree, name))
    go("resnet18")
    qtbot.keyClick(tree, Qt.Key.Key_Down)
    assert tree.current == "resnet50"
    assert tree.near >= {"resnet18", "densenet121"}


def test_the_tree_scrolls_and_is_dragged(tree: Tree, qtbot: QtBot) -> None:
    across = tree.horizontalScrollBar()
    assert across.maximum() > 0
    tree.verticalScrollBar().setRange(0, 0)
    wheel(tree.viewport(), QPointF(50, 50), -120)
    assert across.value() > 0, "sideways, where there is nothing below"
    before = across.value()
    empty = next(
        QPoint(x, y)
        for x in range(40, 400, 10)
        for y in range(60, 250, 10)
        if not tree.mark_at(QPointF(x, y) + tree.origin())
    )
    qtbot.mousePress(tree.viewport(), LEFT, pos=empty)
    qtbot.mouseMove(tree.viewport(), empty - QPoint(20, 0))
    assert tree.viewport().cursor().shape() == Qt.CursorShape.ClosedHandCursor
    qtbot.mouseRelease(tree.viewport(), LEFT, pos=empty - QPoint(20, 0))
    assert across.value() == before + 20


# The preview


def counted(gallery: Browser, name: str, qtbot: QtBot) -> None:
    gallery.choose(name)
    preview = gallery.preview
    qtbot.waitUntil(lambda: preview.card.name == name and preview.metrics is not None)


def test_the_preview_tells_all(gallery: Browser, qtbot: QtBot) -> None:
    counted(gallery, "resnet50", qtbot)
    preview = gallery.preview
    assert preview.title.text() == "ResNet-50"
    expected = measure(analyze(presets.load("resnet50")))
    assert [label.text() for label in preview.values] == [
        value_text(row, expected) for row in METRICS
    ]
    assert preview.values[0].text() == "25,557,032"
    assert "shortcut" in preview.idea.text()
    assert "arxiv.org/abs/1512.03385" in preview.paper.text()
    assert "22.85" in preview.published.text()
    assert "90 epochs" in preview.recipe.text()
    assert "resnet18" in preview.relatives.text()


def test_metrics_of_the_info_file_are_shown_at_once(gallery: Browser, qtbot: QtBot) -> None:
    gallery.choose("vgg16")
    assert gallery.preview.values[0].text() == "138,357,544"
    assert gallery.preview.values[2].text() in ("…", "73.3 MB")
    qtbot.waitUntil(lambda: gallery.preview.values[2].text() == "73.3 MB")


def test_a_relative_is_looked_at(gallery: Browser, qtbot: QtBot) -> None:
    gallery.choose("resnet50")
    with qtbot.waitSignal(gallery.preview.chosen):
        gallery.preview.relatives.linkActivated.emit("resnet18")
    assert gallery.current == "resnet18"


def test_changed_arguments_are_counted_and_opened(
    window: MainWindow, in_window: Browser, qtbot: QtBot
) -> None:
    counted(in_window, "lenet5", qtbot)
    preview = in_window.preview
    field = preview.findChild(QLineEdit, "field-classes")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "26")
    assert preview.choice.arguments == {"classes": 26}
    assert not preview.values[0].isEnabled(), "gray until it is counted"
    qtbot.waitUntil(lambda: preview.values[0].text() == "63,066")
    qtbot.mouseClick(preview.findChild(QPushButton, "preview-open"), LEFT)
    document = window.workspace.document
    assert document.design == edits.set_argument(presets.load("lenet5"), "classes", 26)
    assert document.preset == "lenet5"
    assert document.analysis is preview.analysis_of(preview.choice), "what was counted is kept"
    assert document.modified


def test_an_argument_goes_back_to_its_default(gallery: Browser, qtbot: QtBot) -> None:
    counted(gallery, "resnet50", qtbot)
    preview = gallery.preview
    box = preview.findChild(QComboBox, "field-option")
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert preview.choice.arguments == {"option": "C"}
    qtbot.mouseClick(preview.findChild(QToolButton, "reset-option"), LEFT)
    assert preview.choice.arguments == {}
    assert preview.values[0].text() == "25,557,032"


def test_a_wrong_argument_is_not_taken(gallery: Browser, qtbot: QtBot) -> None:
    counted(gallery, "lenet5", qtbot)
    preview = gallery.preview
    field = preview.findChild(QLineEdit, "field-classes")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "0")
    assert preview.choice.arguments == {}
    assert field.property("wrong")


def test_another_preset_has_its_own_arguments(gallery: Browser, qtbot: QtBot) -> None:
    counted(gallery, "resnet50", qtbot)
    assert gallery.preview.findChild(QComboBox, "field-option") is not None
    gallery.preview._set_argument("classes", 7)
    counted(gallery, "lenet5", qtbot)
    assert gallery.preview.choice.arguments == {}
    assert set(gallery.preview.form.fields) == set(presets.load("lenet5").arguments)


# The comparison


def compared(window: MainWindow, qtbot: QtBot) -> ComparisonDialog:
    dialog = window.findChild(ComparisonDialog)
    qtbot.waitUntil(lambda: set(dialog.keys) <= dialog.metrics.keys())
    return dialog


def test_two_presets_side_by_side(window: MainWindow, in_window: Browser, qtbot: QtBot) -> None:
    in_window.choose("resnet50")
    assert in_window.preview.compare.text() == "Compare…"
    qtbot.mouseClick(in_window.preview.compare, LEFT)
    dialog = compared(window, qtbot)
    assert dialog.keys == ("resnet18", "resnet50"), "with what it follows"
    first = [cell.text() for cell in dialog.values[0]]
    assert first == ["11,689,512", "25,557,032", "×2.19"]
    qtbot.mouseClick(dialog.swap, LEFT)
    assert [cell.text() for cell in dialog.values[0]] == ["25,557,032", "11,689,512", "×0.457"]
    box = dialog.findChild(QComboBox, "comparison-right")
    box.setCurrentIndex(box.findData("vgg16"))
    qtbot.waitUntil(lambda: dialog.values[0][1].text() == "138,357,544")
    qtbot.mouseClick(dialog.copy, LEFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "\tResNet-50\tVGG16\tratio"
    assert lines[1] == "Parameters\t25,557,032\t138,357,544\t×5.41"
    assert lines[: 1 + len(METRICS)] == dialog.text().splitlines()[: 1 + len(METRICS)]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_my_design_beside_a_preset(window: MainWindow, in_window: Browser, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5", {"classes": 26})
    window.workspace.show(None)
    in_window.choose("alexnet")
    assert in_window.preview.compare.text() == "Compare with my design"
    qtbot.mouseClick(in_window.preview.compare, LEFT)
    dialog = compared(window, qtbot)
    assert dialog.keys == ("document 0", "alexnet")
    assert dialog.values[0][0].text() == "63,066"
    assert not dialog.notes.isVisible()
    dialog.reject()


def test_changed_arguments_are_compared(
    window: MainWindow, in_window: Browser, qtbot: QtBot
) -> None:
    counted(in_window, "lenet5", qtbot)
    in_window.preview._set_argument("classes", 26)
    qtbot.mouseClick(in_window.preview.compare, LEFT)
    dialog = compared(window, qtbot)
    assert dialog.keys[1] == "lenet5 classes=26"
    dialog.boxes[0].setCurrentIndex(dialog.boxes[0].findData("lenet5"))
    qtbot.waitUntil(lambda: dialog.values[0][0].text() == "61,706")
    assert dialog.values[0][1].text() == "63,066"
    dialog.reject()


def test_a_broken_design_is_compared_as_far_as_it_is_valid(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.workspace.open_preset("lenet5")
    window.workspace.edit(
        "break it", lambda design: edits.set_parameter(design, "conv2", "kernel_size", 99)
    )
    window.actions_["view.compare"].trigger()
    dialog = compared(window, qtbot)
    assert dialog.keys == ("document 0", "lenet5"), "with the preset that it came from"
    assert dialog.notes.isVisible()
    assert "only as far as it is valid" in dialog.notes.text()
    dialog.reject()


def test_labels_side_by_side_have_room_between_them() -> None:
    points = {"a": (QRectF(0, 20, 4, 4), 60.0), "b": (QRectF(140, 20, 4, 4), 65.0)}
    placed = place_labels(points, 12, QRectF(0, 0, 190, 44), [p for p, _ in points.values()], [])
    assert placed["a"].left() == 8
    assert placed["b"].top() != placed["a"].top()  # beside the other it would be 3 pixels away
