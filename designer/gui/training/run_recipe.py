"""The set-up of a run as it was begun: every setting that counts, and what differs from now."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.theme import sans
from designer.gui.training.recipe_row import value_text
from designer.recipe.recipe import Recipe, fields, is_used, value_of
from designer.recipe.settings import Field

_COLUMNS = 3


class RunRecipe(QWidget):
    """Shows the recipe of a run, which cannot be changed, beside that of the current design.

    Signals
    -------
    used(recipe)
        The recipe is to be that of the current design.
    left()
        The run is to be shown again.
    """

    used = Signal(Recipe)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="training-run-recipe")
        self.recipe: Recipe | None = None
        self.title = QLabel(objectName="run-recipe-title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.summary = QLabel(
            objectName="run-recipe-summary", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.summary.setProperty("role", "soft")
        self.use = QPushButton("Use for the present design", objectName="run-recipe-use")
        self.use.setToolTip("Put all of these settings into the set-up of the present design.")
        self.use.clicked.connect(self._use)
        self.back = QPushButton("Back to the run", objectName="run-recipe-back")
        self.back.clicked.connect(self.left)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.use)
        head.addWidget(self.back)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.area.setAccessibleName("Settings of the run")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addWidget(self.area, 1)

    def _use(self) -> None:
        if self.recipe is not None:
            self.used.emit(self.recipe)

    def show_recipe(self, name: str, recipe: Recipe | None, now: Recipe | None) -> None:
        """Show the recipe of a run.

        Parameters
        ----------
        name
            The run's.
        recipe
            Its recipe; None if the file cannot be read.
        now
            The recipe of the current design; None without one.
        """
        self.recipe = recipe
        self.title.setText(f"Set-up of {name}")
        self.title.setFont(sans(bold=True))
        self.use.setEnabled(recipe is not None and now is not None and recipe != now)
        if recipe is None:
            self.summary.setText(
                "The recipe of this run cannot be read: restore recipe.json in its folder."
            )
            self.area.setWidget(QWidget())
            return
        shown = [field for field in fields().values() if is_used(recipe, field)]
        others = [each for each in fields().values() if now and _differs(each, recipe, now)]
        self.summary.setText(_summary(others, known=now is not None))
        self.area.setWidget(_page(shown, recipe, now))


def _differs(field: Field, recipe: Recipe, now: Recipe) -> bool:
    return bool(value_of(recipe, field.name) != value_of(now, field.name))


def _summary(others: list[Field], *, known: bool) -> str:
    if not known:
        return "No design is open to compare it with."
    if not others:
        return "It is the same as the set-up of the present design."
    names = ", ".join(field.setting.title for field in others)
    return f"It differs from the set-up of the present design in: {names}."


def _page(shown: list[Field], recipe: Recipe, now: Recipe | None) -> QWidget:
    """Return the settings side by side in columns, each setting beside its value."""
    page = QWidget()
    columns = QHBoxLayout(page)
    columns.setContentsMargins(0, 0, 0, 0)
    columns.setSpacing(24)
    size = -(-len(shown) // _COLUMNS)
    for begin in range(0, len(shown), size):
        form = QFormLayout()
        form.setVerticalSpacing(3)
        form.setHorizontalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for field in shown[begin : begin + size]:
            label = QLabel(field.setting.title, textFormat=Qt.TextFormat.PlainText)
            label.setProperty("role", "soft")
            label.setToolTip(field.setting.help)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            form.addRow(label, _value(field, recipe, now))
        columns.addLayout(form, 1)
    return page


def _value(field: Field, recipe: Recipe, now: Recipe | None) -> QLabel:
    text = _in_words(field, value_of(recipe, field.name))
    label = QLabel(objectName=f"run-recipe-{field.name}", wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if now is not None and _differs(field, recipe, now):
        text = f"{text} (now {_in_words(field, value_of(now, field.name))})"
        label.setFont(sans(bold=True))
    label.setText(text)
    return label


def _in_words(field: Field, value: Any) -> str:
    """Return a value as the form shows it, with its unit."""
    setting = field.setting
    if value in (None, "", ()):
        return setting.empty or "none"
    text = setting.chosen(value) or value_text(value)
    return f"{text} {setting.unit}" if setting.unit else text
