"""Settings are found by words, in the form and in the set-up of a training."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton

from designer.gui.training.recipe_form import RecipeForm
from designer.gui.training.setting_search import NOTHING, matching
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from tests.gui.training.test_set_up import lenet  # noqa: F401


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mixup", {"augmentation.mixup"}),
        ("warmup", {"schedule.warmup_epochs"}),
        ("Warm-up", {"schedule.warmup_epochs"}),
        ("optimizer.weight_decay", {"optimizer.weight_decay"}),
        ("label smooth", {"loss.label_smoothing"}),
        ("nadam", {"optimizer.name"}),
        ("overfitting", {"optimizer.weight_decay"}),  # only the help has it
        ("mnist10k", set()),
    ],
)
def test_settings_are_found_by_names_and_choices_and_else_by_their_help(text, names):
    assert {field.name for field in matching(text)} == names


@pytest.fixture
def form(qtbot, look):
    form = RecipeForm()
    qtbot.addWidget(form)
    form.resize(500, 600)
    form.show()
    return form


def shown(form):
    return {name for name, row in form.rows.items() if row.isVisible()}


def test_a_search_shows_what_is_found_and_its_end_shows_the_form_as_before(form):
    before = shown(form)
    form.search("mixup")
    assert shown(form) == {"augmentation.mixup"}
    assert [group for group, each in form.headings.items() if each.isVisible()] == ["augmentation"]
    assert form.more.isHidden() and form.unfound.isHidden()
    form.search(" ")
    assert shown(form) == before
    assert form.more.isVisible() and form.rest.isHidden()


def test_a_search_tells_when_a_setting_has_an_effect(form):
    form.search("betas")
    assert not shown(form)
    assert form.unfound.text() == "Betas has an effect only with Adam, AdamW, NAdam or RAdam."
    form.show_recipe(changed(Recipe(), {"optimizer.name": "adam"}))
    form.search("betas")
    assert shown(form) == {"optimizer.betas"}
    form.search("data.folds")
    assert form.unfound.text() == "Folds has an effect only where Resampling is folds."
    form.show_recipe(changed(Recipe(), {"data.resampling": "folds"}))
    form.search("data.folds")
    assert shown(form) == {"data.folds"} and form.unfound.isHidden()
    form.search("dropout of layers")
    assert not shown(form) and form.unfound.text() == NOTHING


def test_a_setting_is_found_and_typed_by_keys(lenet, qtbot):  # noqa: F811
    finder = lenet.training.findChild(QLineEdit, "recipe-finder")
    qtbot.mouseClick(finder, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(finder, "smoothing")
    editor = lenet.training.findChild(QLineEdit, "recipe-loss.label_smoothing")
    qtbot.waitUntil(editor.isVisible)
    qtbot.mouseClick(editor, Qt.MouseButton.LeftButton)
    qtbot.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(editor, "0.1")
    assert lenet.workspace.recipe.loss.label_smoothing == 0.1
    finder.clear()
    assert not editor.isVisible() and lenet.training.set_up.form.rows["epochs"].isVisible()


def test_the_device_stands_above_the_data_where_three_columns_are_narrow(lenet):  # noqa: F811
    set_up = lenet.training.set_up
    line = set_up.fontMetrics().height()

    def corners(lines):
        set_up.resize(lines * line, 400)
        QApplication.processEvents()
        boxes = (set_up.data, set_up.form, set_up.device_name)
        return [each.mapTo(set_up, each.rect().topLeft()) for each in boxes]

    data, form, device = corners(90)
    assert data.x() < form.x() < device.x()
    data, form, device = corners(50)
    assert data.x() == device.x() < form.x() and device.y() < data.y()
    data, form, device = corners(30)
    assert data.x() == form.x() == device.x() and data.y() < form.y() < device.y()


def test_the_group_of_augmentation_has_a_button_that_shows_draws(lenet, qtbot):  # noqa: F811
    set_up = lenet.training.set_up
    qtbot.mouseClick(set_up.form.more, Qt.MouseButton.LeftButton)
    preview = set_up.findChild(QToolButton, "recipe-preview")
    assert preview.isVisible()
    with qtbot.waitSignal(set_up.preview_wanted):
        qtbot.mouseClick(preview, Qt.MouseButton.LeftButton)


def test_what_has_no_effect_on_gray_images_and_classes_is_not_offered(lenet):  # noqa: F811
    form = lenet.training.set_up.form
    form.open_all()
    metrics = form.rows["watching.metrics"].editor.actions_by_name
    assert {name for name, each in metrics.items() if not each.isVisible()} == {
        "mean_absolute_error",
        "r2",
        "perplexity",
        "bits_per_token",
    }
    assert form.rows["augmentation.contrast"].isVisible()
    assert not form.rows["augmentation.hue"].isVisible()
    form.show_recipe(changed(form.recipe, {"augmentation.hue": 0.1}))
    assert form.rows["augmentation.hue"].isVisible()  # so that it can be ended
