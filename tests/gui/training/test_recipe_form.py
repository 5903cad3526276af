"""The form of a recipe, setting by setting, as the recipe's tables have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from designer.data import cache_folder
from designer.gui.base.choices_button import ChoicesButton
from designer.gui.training.cache_line import CacheLine
from designer.gui.training.data_reading import read
from designer.gui.training.recipe_form import RecipeForm
from designer.gui.training.recipe_row import value_text
from designer.recipe.data import Data
from designer.recipe.optimizers import OPTIMIZERS, Optimizer
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields, is_for, is_used, value_of
from designer.recipe.schedules import SCHEDULES
from designer.recipe.settings import Group
from tests.recipe.alternatives import another_value

SHOWN = [name for name, field in fields().items() if field.setting.form != "elsewhere"]


@pytest.fixture
def form(qtbot: QtBot) -> RecipeForm:
    form = RecipeForm()
    qtbot.addWidget(form)
    form.more.click()
    form.open_all()
    return form


@pytest.fixture(scope="module")
def opened_form(qapp: QApplication) -> Iterator[RecipeForm]:
    """A form with all groups open, which is never shown."""
    form = RecipeForm()
    form.more.click()
    form.open_all()
    yield form
    form.deleteLater()


@pytest.fixture
def fresh(opened_form: RecipeForm) -> RecipeForm:
    """The form of the whole module, with the recipe of a new design."""
    opened_form.show_recipe(Recipe())
    return opened_form


def test_every_setting_has_a_row(fresh: RecipeForm) -> None:
    assert sorted(fresh.rows) == sorted(SHOWN)


def test_the_essential_settings_come_first(fresh: RecipeForm) -> None:
    assert list(fresh.rows)[:9] == [
        "epochs",
        "batch",
        "optimizer.name",
        "optimizer.learning_rate",
        "schedule.name",
        "augmentation.rotation",
        "augmentation.shift",
        "augmentation.horizontal_flip",
        "augmentation.crop_padding",
    ]


@pytest.mark.parametrize("name", SHOWN)
def test_a_row_changes_its_setting(fresh: RecipeForm, name: str) -> None:
    field, editor = fields()[name], fresh.rows[name].editor
    value = another_value(field)
    if isinstance(editor, QCheckBox):
        editor.setChecked(value)
    elif isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(value))
    elif isinstance(editor, ChoicesButton):
        for each in value:
            editor.actions_by_name[each].trigger()
    else:
        assert isinstance(editor, QLineEdit)
        text = str(value)
        if isinstance(value, tuple):
            text = ("; " if field.is_table else ", ").join(map(value_text, value))
        editor.setText(text)
        editor.textEdited.emit(text)
    assert fresh.refusal == ""
    assert value_of(fresh.recipe, name) == value
    assert fresh.rows[name].label.text() == field.setting.title


@pytest.mark.parametrize("name", [name for name in SHOWN if fields()[name].setting.unit])
def test_a_unit_stands_in_the_field(fresh: RecipeForm, name: str) -> None:
    unit = fresh.rows[name].editor.findChild(QLabel, "unit")
    assert unit.text() == fields()[name].setting.unit


@pytest.mark.parametrize("name", [name for name in SHOWN if fields()[name].kind in (int, float)])
def test_a_wrong_number_is_refused_by_the_title(fresh: RecipeForm, name: str) -> None:
    editor, title = fresh.rows[name].editor, fields()[name].setting.title
    assert isinstance(editor, QLineEdit)
    for text, words in (("-1", "is -1"), ("x", "must be a")):
        editor.setText(text)
        editor.textEdited.emit(text)
        assert fresh.refusal.startswith(f"{title} ")
        assert words in fresh.refusal
        assert name not in fresh.refusal or name == title.lower()
        assert fresh.refusal.count(title) == 1
    fresh.show_recipe(Recipe())
    assert fresh.refusal == ""


@pytest.mark.parametrize(
    ("group", "kind"),
    [*(("optimizer", k) for k in OPTIMIZERS), *(("schedule", k) for k in SCHEDULES)],
)
def test_only_what_is_used_is_shown(fresh: RecipeForm, group: str, kind: str) -> None:
    fresh.show_recipe(recipe := changed(Recipe(), {f"{group}.name": kind}))
    for row in fresh.rows.values():
        used = is_used(recipe, row.field) and is_for(row.field, pictures=True)
        assert row.isVisibleTo(fresh) == used


def test_groups_with_tables_have_a_setting_that_chooses() -> None:
    for group in {field.group for field in fields().values()}:
        assert issubclass(group, Group)
        assert (group.chooser in group.__struct_fields__) == bool(group.kinds)
    assert Optimizer.kinds is OPTIMIZERS


def test_the_cache_is_emptied_by_a_button(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path)
    pictures = tmp_path / ("0" * 32)
    pictures.mkdir()
    (pictures / "rows").write_bytes(bytes(3 * 2**20))
    line = CacheLine()
    qtbot.addWidget(line)
    line.show()
    qtbot.waitUntil(line.button.isEnabled)
    assert line.words.text().startswith("The cache takes 3")
    qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: line.words.text() == "The cache is empty.")
    assert not pictures.exists() and not line.button.isEnabled()


def test_settings_of_pictures_are_left_out_for_other_inputs(form: RecipeForm) -> None:
    assert not form.rows["data.standardize"].isVisibleTo(form)
    form.show_recipe(changed(Recipe(), {"augmentation.rotation": 10.0}))
    form.show_data(None, pictures=False)
    assert form.rows["data.standardize"].isVisibleTo(form)
    hidden = [name for name in SHOWN if not form.rows[name].isVisibleTo(form)]
    assert {name for name in SHOWN if name.startswith("augmentation.")} < set(hidden)
    assert {"data.fit", "data.preprocessing", "data.memory", "evaluation.test_time"} < set(hidden)
    assert form.rows["data.validation"].isVisibleTo(form)
    form.show_data(None)
    assert form.rows["augmentation.rotation"].isVisibleTo(form)


def test_settings_without_effect_on_the_data_are_left_out(form: RecipeForm) -> None:
    row = form.rows["data.cache"]
    assert row.isVisibleTo(form)
    form.show_data(read(Data()))  # digits in memory
    assert not row.isVisibleTo(form) and form.rows["data.sampling"].isVisibleTo(form)
    form.show_recipe(changed(Recipe(), {"data.cache": "always"}))
    assert row.isVisibleTo(form)
    form.show_data(None)
    assert form.rows["data.memory"].isVisibleTo(form)


@pytest.mark.parametrize(("width", "below"), [(230, True), (420, False)])
def test_in_a_narrow_form_fields_stand_below_their_labels(
    form: RecipeForm, qtbot: QtBot, width: int, below: bool
) -> None:
    form.setFixedWidth(width)
    form.show()
    qtbot.waitExposed(form)
    for name in ("epochs", "keep_checkpoints"):
        row = form.rows[name]
        qtbot.waitUntil(row.isVisible)
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        assert (row.label.geometry().bottom() < row.geometry().top()) is below
        assert row.width() > 0.5 * width
