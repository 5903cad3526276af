"""The tour of first steps, on a window that stays usable."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.base import theme
from designer.gui.commands.tour import Tour, place_beside
from designer.gui.commands.tour_steps import STEPS, Step
from designer.gui.shell.main_window import MainWindow
from designer.recipe.reading import changed
from tests.gui.hands import activate

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def tour(window: MainWindow, qtbot: QtBot) -> Tour:
    """The tour at its first step, begun from the Help menu with LeNet-5 open."""
    activate(window)
    window.workspace.open_preset("lenet5")
    window.actions_["help.tour"].trigger()
    found = window.findChild(Tour)
    qtbot.waitUntil(found.card.isVisible)
    return found


def is_over(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.findChild(Tour) is None)


def test_without_a_design_it_opens_one(window: MainWindow) -> None:
    window.actions_["help.tour"].trigger()
    assert window.workspace.document.preset == "lenet5"
    assert window.findChild(Tour) is not None


def test_next_back_and_done(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    assert tour.card.title.text() == STEPS[0].title
    assert not tour.card.back.isEnabled()
    titles = []
    for number in range(1, len(STEPS)):
        qtbot.mouseClick(tour.card.next, LEFT)
        assert tour.number == number
        titles.append(tour.card.title.text())
    assert titles == [step.title for step in STEPS[1:]]
    assert tour.card.next.text() == "Done"
    assert not tour.card.skip.isVisible()
    qtbot.mouseClick(tour.card.back, LEFT)
    assert tour.number == len(STEPS) - 2
    qtbot.mouseClick(tour.card.next, LEFT)
    qtbot.mouseClick(tour.card.next, LEFT)
    is_over(window, qtbot)
    assert window.preferences.toured
    assert preferences.load().toured


def test_keys(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    assert tour.card.next.hasFocus()
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Right)
    assert tour.number == 1
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Left)
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Left)
    assert tour.number == 0
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Return)
    assert tour.number == 1
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Escape)
    is_over(window, qtbot)


def test_every_step_points_at_something_seen(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    window.docks["inspector"].hide()
    for number in range(len(STEPS)):
        tour.go_to(number)

        def lies_well() -> bool:
            hole, card = tour._hole, tour.card.geometry()
            inside = window.rect().contains(card)
            covered = hole.intersected(card)
            apart = covered.isEmpty() or hole.width() > 2 * card.width()
            return not hole.isEmpty() and inside and apart

        qtbot.waitUntil(lies_well)
    assert window.docks["inspector"].isVisible(), "it was opened to be shown"
    assert window.workspace.selection == {"conv1"}


def test_it_follows_a_window_that_is_resized(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    for size in ((1000, 640), (1700, 1000)):
        window.resize(*size)
        qtbot.waitUntil(
            lambda: (
                tour.geometry() == window.rect() and window.rect().contains(tour.card.geometry())
            )
        )


def test_the_window_stays_usable(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    field = window.welcome  # covered by the canvas now; the tabs are not
    assert not field.isVisible()
    at = window.tabs.mapTo(window, window.tabs.rect().center())
    assert window.childAt(at) is not tour
    window.workspace.select(["conv2"])
    assert tour.card.isVisible()


def test_what_was_asked_for_goes_on(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    steps = (
        Step(
            "Select",
            "Select a layer.",
            lambda w: w.canvas,
            done=lambda w: bool(w.workspace.selection),
        ),
        Step("Well done", "That was it.", lambda w: w.canvas),
    )
    tour = Tour(window, steps)
    tour.begin()
    assert tour.number == 0
    window.workspace.select(["conv1"])
    qtbot.waitUntil(lambda: tour.number == 1)


def test_train_is_asked_for_with_its_button(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: not window.training.refusal(), timeout=20_000)
    step = next(step for step in STEPS if step.done is not None)
    assert step.target(window).defaultAction() is window.actions_["train.start"]
    assert not step.done(window)


def go_to(tour: Tour, title: str) -> None:
    tour.go_to(next(number for number, step in enumerate(STEPS) if step.title == title))


def test_while_train_is_disabled_it_says_why(window: MainWindow, qtbot: QtBot) -> None:
    """As soon as the data are read, it asks for the button."""
    window.workspace.open_preset("vgg16")
    own = changed(window.workspace.recipe, {"data.source": "imagenet"})  # which is not there
    window.workspace.set_recipe(own)
    qtbot.waitUntil(lambda: bool(window.training.refusal()), timeout=20_000)
    tour = Tour(window)
    tour.begin()
    go_to(tour, "Train it")
    qtbot.waitUntil(lambda: not window.actions_["train.start"].isEnabled())
    assert window.training.refusal() in tour.card.words.text()
    assert "Press Train" not in tour.card.words.text()
    assert tour.step.target(window) is window.docks["training"].widget()
    window.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: not window.training.refusal(), timeout=20_000)
    qtbot.waitUntil(lambda: "Press Train" in tour.card.words.text())
    assert tour.step.target(window).defaultAction() is window.actions_["train.start"]
    assert window.rect().contains(tour.card.geometry())


def test_it_speaks_of_channels_only_where_there_are_some(tour: Tour, window: MainWindow) -> None:
    window.workspace.select([list(window.workspace.design.graph.nodes)[-1]])  # the output
    go_to(tour, "Set them up")
    assert window.workspace.selection == {"conv1"}
    assert "number of channels" in tour.card.words.text()
    window.workspace.select(["tanh1"])
    tour._look()
    assert "number of channels" not in tour.card.words.text()
    window.workspace.select([])
    tour._look()
    assert tour.card.words.text().startswith("Select a layer")


def test_begun_again_it_begins_anew(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(tour.card.next, LEFT)
    window.actions_["help.tour"].trigger()
    qtbot.waitUntil(lambda: len(window.findChildren(Tour)) == 1)
    assert window.findChild(Tour).number == 0


def test_it_follows_the_theme(tour: Tour, qapp) -> None:
    theme.theme.follow(qapp, "light")
    assert theme.LIGHT.panel in tour.card.styleSheet()
    theme.theme.follow(qapp, "dark")


AREA = QRect(0, 0, 1000, 800)


@pytest.mark.parametrize(
    ("target", "where"),
    [
        (QRect(0, 0, 200, 800), QPoint(213, 299)),  # to the right of a column at the left
        (QRect(800, 0, 200, 800), QPoint(486, 299)),  # to the left of one at the right
        (QRect(400, 0, 100, 30), None),
        (QRect(0, 700, 1000, 100), QPoint(349, 486)),  # above a row at the bottom
        (QRect(), QPoint(350, 300)),  # in the middle without a target
        (AREA, None),
    ],
)
def test_places(target: QRect, where: QPoint | None) -> None:
    place = place_beside(target, 300, 200, AREA)
    assert AREA.contains(QRect(place.x(), place.y(), 300, 200))
    if where is not None:
        assert (place - where).manhattanLength() < 4
