"""The form of a recipe: a row for each setting, with its help, checked while it is typed."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base.choices_button import ChoicesButton
from designer.gui.base.theme import sans
from designer.gui.training.cache_line import CacheLine
from designer.gui.training.recipe_row import WRONG, Row, plain
from designer.gui.training.setting_search import NOTHING, matching, when_used
from designer.recipe.reading import changed
from designer.recipe.recipe import (
    Recipe,
    consequences,
    fields,
    group_titles,
    is_for,
    is_used,
    value_of,
)
from designer.recipe.settings import Field
from designer.recipe.watching import METRICS

if TYPE_CHECKING:
    from designer.gui.training.data_reading import Reading

_NARROW = 300  # pixels of the form's width below which fields stand below their labels
_COLORS = 3  # channels of pictures with colors
_NAMED = 2  # changed settings that the heading of a group names
_TOLD = 3  # settings without effect of which a search tells when they have one
_FIRST = ("", "optimizer", "schedule")
"""The groups whose essential settings stand first; the others follow in the recipe's order."""


_APPLIES: Mapping[str, Callable[["Reading"], bool]] = {
    "data.classes_from": lambda data: data.in_files and not data.table,
    "data.spellings": lambda data: data.in_files or data.table,
    "data.tokens": lambda data: data.description.kind == "tokens",
    "data.windows": lambda data: data.description.kind == "tokens",
    "data.stratified": lambda data: data.description.kind in ("classes", "labels"),
    "data.resampling": lambda data: data.description.kind != "tokens",
    "data.sampling": lambda data: data.description.kind == "classes",
    "data.memory": lambda data: data.in_files,
    "data.cache": lambda data: data.in_files,
    "data.workers": lambda data: data.in_files,
    "augmentation.saturation": lambda data: data.description.channels >= _COLORS,
    "augmentation.hue": lambda data: data.description.channels >= _COLORS,
}
"""Settings that have an effect with some data sets only, and with which."""

_OFFERED: Mapping[str, Callable[["Reading"], list[str]]] = {
    "watching.metrics": lambda data: [
        row.name for row in METRICS.values() if data.description.kind in row.targets
    ],
}
"""Settings some of whose choices have an effect with some data sets only, and which have."""


def _part(part: str, groups: Sequence[str]) -> list[Field]:
    """Return the settings of a part of the form, group by group."""
    found = [field for field in fields().values() if field.setting.form == part]
    return sorted(found, key=lambda field: groups.index(field.name.rpartition(".")[0]))


def essential() -> list[Field]:
    """Return the settings that are always shown."""
    return _part("essential", [*dict.fromkeys((*_FIRST, *group_titles()))])


def more() -> list[Field]:
    """Return the settings that are shown on request."""
    return _part("more", [*group_titles()])


_Makers = Mapping[str, Callable[["Row"], QWidget]]
_NONE: _Makers = MappingProxyType({})


class RecipeForm(QWidget):
    """Shows a recipe and changes it.

    Parameters
    ----------
    parent
        The widget that it is part of.
    below, beside
        What makes the widget below or beside a setting's editor, by the setting's dotted name.
    headed
        What makes the widget beside the heading of a group, by the group's name.

    Signals
    -------
    edited(recipe)
        The user changed it to this one.
    checked()
        `refusal` changed.
    """

    edited = Signal(Recipe)
    checked = Signal()

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        below: _Makers = _NONE,
        beside: _Makers = _NONE,
        headed: Mapping[str, Callable[[QWidget], QWidget]] = MappingProxyType({}),
    ) -> None:
        super().__init__(parent)
        self._below = {"data.cache": CacheLine, **below}
        self._beside, self._headed = beside, headed
        self._pictures = True  # whether the network takes a picture
        self.recipe = Recipe()
        self.data: Reading | None = None  # the data set of the recipe, once it is read
        self._wrong: dict[str, str] = {}
        # By dotted names; those of the part "more" from its first showing on.
        self.rows: dict[str, Row] = {}
        self._layouts: dict[str, QFormLayout] = {}
        self._found: frozenset[str] | None = None  # dotted names while something is searched
        self.headings: dict[str, QToolButton] = {}  # by group, of the part "more"
        self._lines: dict[str, QWidget] = {}  # of the headings
        always, self.rest = QWidget(self), QWidget(self)
        self.rest.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(always)
        self.more = QToolButton(
            objectName="recipe-more", text="More", toolTip="Show the rarer fields.", checkable=True
        )
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(self._show_more)
        column.addWidget(self.more)
        column.addWidget(self.rest)
        self.unfound = QLabel(
            objectName="recipe-unfound", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.unfound.setProperty("role", "soft")
        self.unfound.hide()
        column.addWidget(self.unfound)
        column.addStretch(1)
        self._fill(always, essential())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for layout in set(self._layouts.values()):
            self._wrap(layout)

    def _wrap(self, layout: QFormLayout) -> None:
        """Put fields below their labels where help beside them would take a line for each word."""
        policy = QFormLayout.RowWrapPolicy
        layout.setRowWrapPolicy(
            policy.WrapAllRows if self.width() < _NARROW else policy.DontWrapRows
        )

    def _fill(self, page: QWidget, part: Sequence[Field]) -> None:
        layout = QFormLayout(page)
        self._wrap(layout)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(5)
        layout.setHorizontalSpacing(10)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        group = ""
        for field in part:
            group, before = field.name.rpartition(".")[0], group
            if part != essential() and (group != before or layout.rowCount() == 0):
                layout.addRow(self._heading(group, page))
            row = self.rows[field.name] = Row(field, page)
            row.typed.connect(self._typed)
            self._layouts[field.name] = layout
            layout.addRow(row.label, row)
            if field.name in self._below:
                row.add(self._below[field.name](row))
            if field.name in self._beside:
                row.add_beside(self._beside[field.name](row))
            row.show_value(value_of(self.recipe, field.name))
        self._show_used()

    def _heading(self, group: str, page: QWidget) -> QWidget:
        """Return the line with the button that shows the rarer settings of a group."""
        line = self._lines[group] = QWidget(page)
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        heading = self.headings[group] = QToolButton(line, objectName=f"recipe-group-{group}")
        heading.setCheckable(True)
        heading.setAutoRaise(True)
        heading.setFont(sans(bold=True))
        heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        heading.toggled.connect(self._show_used)
        across.addWidget(heading)
        across.addStretch(1)
        if group in self._headed:
            across.addWidget(self._headed[group](line))
        return line

    def search(self, text: str) -> None:
        """Show only the settings that have all words of a text; "" shows them as before."""
        searched = bool(text.strip())
        found = matching(text) if searched else []
        self._found = frozenset(field.name for field in found) if searched else None
        if searched:
            self._build_rest()
        self.rest.setVisible(searched or self.more.isChecked())
        self.more.setVisible(not searched)
        self._show_used()
        unused = [field for field in found if not self._is_used(field)]
        self.unfound.setText(when_used(unused[:_TOLD]) if found else NOTHING)
        self.unfound.setVisible(searched and (bool(unused) or not found))

    def open_all(self) -> None:
        """Show the settings of all groups."""
        self.more.setChecked(True)
        for heading in self.headings.values():
            heading.setChecked(True)

    def label_width(self) -> int:
        """Return the width of the labels of the essential settings, in pixels."""
        return max(self.rows[field.name].label.sizeHint().width() for field in essential())

    @property
    def refusal(self) -> str:
        """The sentence on the first wrong value, "" if none is wrong."""
        return next(iter(self._wrong.values()), "")

    def show_recipe(self, recipe: Recipe) -> None:
        """Show a recipe; wrong values that were typed are discarded."""
        self.recipe = recipe
        self._wrong.clear()
        for row in self.rows.values():
            row.show_value(value_of(recipe, row.field.name))
            row.show_error("")
        self._show_used()

    def show_data(self, data: "Reading | None", *, pictures: bool = True) -> None:
        """Leave out settings without effect with these data, unless they have been changed.

        Parameters
        ----------
        data
            What is known of them; None while nothing is.
        pictures
            Whether the network takes a picture, for which alone some settings are.
        """
        if data is not self.data or pictures != self._pictures:
            self.data, self._pictures = data, pictures
            self._offer()
            self._show_used()

    def _offer(self) -> None:
        """Offer the choices that have an effect with the data."""
        for name, offered in _OFFERED.items():
            editor = self.rows[name].editor if name in self.rows else None
            if isinstance(editor, ChoicesButton) and self.data is not None:
                editor.offer(offered(self.data))

    def _is_used(self, field: Field) -> bool:
        if not is_for(field, pictures=self._pictures):
            return False
        applies = _APPLIES.get(field.name)
        if applies is not None and self.data is not None and not applies(self.data):
            return bool(value_of(self.recipe, field.name) != value_of(Recipe(), field.name))
        return is_used(self.recipe, field)

    def _typed(self, name: str, value: object) -> None:
        changes = {name: value, **consequences(self.recipe, {name: value})}
        row = self.rows[name]
        try:
            if value is WRONG:
                raise DesignerError(f"{row.title} must be {row.expected}.")
            recipe = changed(self.recipe, changes)
        except DesignerError as error:
            self._wrong[name] = plain(str(error), row.field)
            row.show_error(self._wrong[name])
            self.checked.emit()
            return
        was_wrong = self._wrong.pop(name, None)
        row.show_error("")
        if recipe != self.recipe:
            self.recipe = recipe
            for other in changes.keys() - {name}:
                self._wrong.pop(other, None)
                if other in self.rows:
                    self.rows[other].show_value(value_of(recipe, other))
                    self.rows[other].show_error("")
            self._show_used()
            self.edited.emit(recipe)
        if was_wrong:
            self.checked.emit()

    def _show_used(self) -> None:
        for name, row in self.rows.items():
            layout, used = self._layouts[name], self._is_used(row.field)
            heading = self.headings.get(name.rpartition(".")[0])
            folded = heading is not None and not heading.isChecked()
            shown = used and not (folded and row.field.setting.form == "more")
            if self._found is not None:
                shown = used and name in self._found
            if layout.isRowVisible(row) != shown:  # Qt lays out anew at each call
                layout.setRowVisible(row, shown)
        for group, heading in self.headings.items():
            members = [each for each in more() if each.name.rpartition(".")[0] == group]
            used_members = [each for each in members if self._is_used(each)]
            names, searched = {each.name for each in used_members}, self._found is not None
            shown = bool(names & self._found if self._found is not None else names)
            self._lines[group].setVisible(shown)
            opened = heading.isChecked() or searched
            arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
            heading.setArrowType(arrow)
            heading.setText(group_titles()[group] + self._summary(used_members))
            heading.setToolTip(", ".join(each.setting.title for each in used_members))

    def _summary(self, members: Sequence[Field]) -> str:
        """Return which settings of a group differ from their defaults, for its heading."""
        plain_recipe = Recipe()
        titles = [
            each.setting.title.lower()
            for each in members
            if value_of(self.recipe, each.name) != value_of(plain_recipe, each.name)
        ]
        if len(titles) > _NAMED:
            return f" · {len(titles)} changed"
        return f" · {', '.join(titles)} changed" if titles else ""

    def _build_rest(self) -> None:
        if self.rest.layout() is None:
            self._fill(self.rest, more())
            self._offer()

    def _show_more(self, shown: bool) -> None:
        self._build_rest()
        self.rest.setVisible(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
