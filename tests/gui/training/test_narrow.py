"""Set-up and run in a dock as narrow as on a screen of 1280 pixels: nothing is cut off."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QSlider, QToolButton

from designer import presets
from designer.gui.training.recipe_form import RecipeForm, more
from designer.gui.training.wrapping_button import WrappingButton
from designer.runs import lock
from designer.runs.begin import begin

WIDTHS = (200, 260, 400)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_help_of_each_setting_has_room_for_all_lines(qtbot, look, width):
    form = RecipeForm()
    qtbot.addWidget(form)
    form.resize(width, 3000)
    form.show()
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    form.open_all()
    qtbot.waitUntil(form.rows["seed"].isVisible)
    for row in form.rows.values():
        if row.isVisible():
            words = row.words
            assert words.height() >= words.heightForWidth(words.width()), row.title


def test_a_form_that_was_narrow_keeps_no_gaps(qtbot, look):
    form = RecipeForm()
    qtbot.addWidget(form)
    form.show()
    heights = []
    for width in (600, 200, 600):
        form.resize(width, 3000)
        qtbot.waitUntil(lambda: form.rows["batch"].words.width() < form.width())
        QApplication.processEvents()
        heights.append(form.sizeHint().height())
    assert heights[0] == heights[2] < heights[1]


def test_the_rarer_settings_stand_under_headings(qtbot, look):
    form = RecipeForm()
    qtbot.addWidget(form)
    form.show()
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    groups = {field.name.rpartition(".")[0] for field in more()}
    headings = {group: form.findChild(QToolButton, f"recipe-group-{group}") for group in groups}
    assert all(headings.values())
    form.open_all()
    for group, heading in headings.items():
        members = [each for each in more() if each.name.rpartition(".")[0] == group]
        assert heading.isVisible() == any(form.rows[each.name].isVisible() for each in members)


@pytest.mark.parametrize("width", [110, 140, 190, 400])
def test_a_long_button_breaks_its_text(qtbot, look, width):
    button = WrappingButton("Set the design to 10 classes", "remedy")
    qtbot.addWidget(button)
    button.resize(width, button.sizeHint().height())
    button.show()
    lines = button.text().split("\n")
    assert " ".join(lines) == "Set the design to 10 classes"
    metrics = button.fontMetrics()
    assert all(metrics.horizontalAdvance(line) <= width for line in lines)
    assert button.sizeHint().height() >= len(lines) * metrics.height()
    if width in (110, 400):
        assert (len(lines) == 1) == (width == 400)


def test_the_wheel_changes_no_field_without_focus(desk):
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.data.reading)
    desk.training.setFocus()
    before = desk.training.set_up.recipe
    boxes = desk.training.findChildren(QComboBox) + desk.training.findChildren(QSlider)
    assert boxes
    for box in boxes:
        if box.isVisible() and not box.hasFocus():
            middle = QPointF(box.rect().center())
            turn = QWheelEvent(
                middle,
                QPointF(box.mapToGlobal(box.rect().center())),
                QPoint(),
                QPoint(0, -120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(box, turn)
    assert desk.training.set_up.recipe == before


def test_time_left_and_throughput_stay_visible_in_a_narrow_dock(desk, written):
    """The row leaves out what matters less, and never makes the window grow."""
    run = written(status=None)
    with lock.held(run.lock):  # as its worker does
        desk.trainer.window_shown()
        desk.wait(lambda: desk.training.running)
        controls = desk.training.controls
        desk.wait(lambda: "images/s" in controls.speed.text())
        history = desk.trainer.shown.history
        history.by_hand = True
        history.last["step"]["seconds_left"] = 3_700.0
        for width in (640, 700, 900, 1300):
            desk.training.setFixedWidth(width)
            desk.wait(lambda width=width: controls.width() == width)
            controls.show_progress(desk.trainer.shown)
            assert controls.needed_width() <= width
            assert controls.speed.text() == "1,234 images/s · 1 h 1 min left"
            assert controls.speed.isVisible() and controls.schedule.isVisible()
            assert controls.position.text()
        assert "step" in controls.position.text() and controls.device.isVisible()
        assert controls.minimumSizeHint().width() < 640
    desk.wait(lambda: not desk.training.running)


def test_buttons_without_room_are_in_the_menu_more(desk, written):
    written("a")
    desk.runs.show()
    buttons = desk.runs.tools
    for width in (1200, 420, 250, 1200):
        desk.runs.setFixedWidth(width)
        desk.wait(lambda width=width: desk.runs.width() == width)
        shown = {key for key, button in buttons.items() if button.isVisible()}
        desk.wait(
            lambda shown=shown: all(
                buttons[key].width() >= buttons[key].sizeHint().width() for key in shown
            )
        )
        assert (shown == set(buttons)) == (width == 1200)
        desk.runs.more.menu().aboutToShow.emit()
        menu = desk.runs.more.menu().actions()
        for key in buttons:
            assert (desk.runs.actions_[key] in menu) != (key in shown), key


def test_a_run_that_was_never_started_is_not_called_gone(desk):
    path = desk.trainer.runs_folder / "a"
    begin(path, presets.load("lenet5"), presets.recipe("lenet5"))
    desk.trainer.show(path)
    desk.wait(desk.training.card.isVisible)
    assert desk.training.sentence.text() == "This training has not started yet."
    assert desk.training.resume.text() == "Start"


def test_the_values_of_a_plot_are_seen_in_a_narrow_dock(desk, written):
    run = written(epochs=3)
    desk.trainer.show(run.path)
    desk.wait(lambda: desk.training.curves is not None and desk.training.curves.loss.lines)
    for width in (470, 630, 1200):
        desk.training.setFixedWidth(width)
        desk.wait(lambda width=width: desk.training.curves.width() == width)
        for plot in (desk.training.curves.loss, desk.training.curves.accuracy):
            desk.wait(lambda label=plot.header: label.sizeHint().width() <= label.width())


@pytest.mark.parametrize("width", [560, 640, 675, 720, 800, 1000, 1300])
def test_the_buttons_stay_where_they_are_when_a_rate_is_typed(desk, written, width):
    run = written(status=None)
    with lock.held(run.lock):
        desk.trainer.window_shown()
        desk.wait(lambda: desk.training.running)
        controls = desk.training.controls
        desk.wait(lambda: "images/s" in controls.speed.text())
        desk.training.setFixedWidth(width)
        desk.wait(lambda: controls.width() == width)
        controls.row.activate()
        buttons = (controls.pause, controls.stop, controls.checkpoint)
        before = [(each.geometry(), each.text()) for each in buttons]
        desk.trainer.shown.history.by_hand = True
        controls.show_progress(desk.trainer.shown)
        desk.wait(controls.schedule.isVisible)
        controls.row.activate()
        assert [(each.geometry(), each.text()) for each in buttons] == before
        assert controls.needed_width() <= width
    desk.wait(lambda: not desk.training.running)


def test_two_compared_runs_have_high_plots_on_a_small_screen(desk, written):
    desk.training.setFixedSize(674, 231)  # in the first layout at 1366 x 768
    first, second = written("first"), written("second")
    desk.show_run(first)
    curves, card = desk.training.curves, desk.training.card
    desk.wait(lambda: card.isVisible() and curves.loss.height() >= 135)
    desk.trainer.overlay(second.path, True)
    desk.wait(lambda: "second" in curves.legend.text())
    desk.wait(lambda: not card.isVisible() and curves.loss.height() >= 150)
    # The buttons stay where they were, beside the title.
    back, title = desk.training.back, desk.training.title
    assert back.isVisible() and title.isAncestorOf(back)
    desk.qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert desk.training.pages.currentWidget() is desk.training.set_up


def test_the_name_of_a_run_is_read_beside_note_and_buttons(desk, written):
    desk.training.setFixedWidth(632)  # in the first layout at 1280 x 720
    desk.workspace.open_preset("alexnet")
    desk.show_run(written("2026-01-02-1200-lenet5", status="stopped"))
    title = desk.training.title
    desk.wait(lambda: title.note.isVisible() and desk.training.back.isVisible())
    desk.wait(lambda: title.note.text() == "Another design." and title.recipe.text() == "Set-up")
    assert "2026-01-02-1200-lenet5" in title.name.text()
    desk.training.setFixedWidth(860)
    desk.wait(lambda: title.note.text() == "The canvas shows another design.")


def test_bad_news_stand_below_the_title_whose_buttons_help(desk, written):
    training = desk.training

    def below(lower, upper):
        return lower.mapTo(training, QPoint()).y() >= upper.mapTo(training, QPoint()).y()

    for name, status in (("well", "finished"), ("bad", "diverged"), ("fine", "finished")):
        desk.show_run(written(name, status=status, message="The loss is not finite."))
        desk.wait(lambda: training.title.isAncestorOf(training.onward))
        desk.wait(lambda: training.back.isVisible() and training.card.isVisible())
        desk.wait(
            lambda status=status: below(training.curves, training.card) == (status == "diverged")
        )
        assert below(training.card, training.title)


def test_how_a_training_ended_takes_two_lines_at_most(desk, written):
    desk.training.setFixedWidth(660)
    desk.show_run(written())
    sentence = desk.training.sentence
    desk.wait(sentence.isVisible)
    assert sentence.text().startswith("Test loss")
    assert "Finished after 2 epochs" in sentence.text()
    desk.wait(lambda: desk.training.card.height() < 3 * sentence.fontMetrics().height())
    assert sentence.height() >= sentence.heightForWidth(sentence.width())
