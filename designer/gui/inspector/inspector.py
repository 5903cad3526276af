"""The inspector dock: form, problems and explanation card of the selected nodes."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.theme import sans, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.forms.form import Form, signature
from designer.gui.forms.rows import Row, Section
from designer.gui.inspector.contents import Contents, contents
from designer.gui.inspector.fact_card import FactCard
from designer.gui.inspector.problem_list import ProblemList
from designer.gui.inspector.title import Title

# Forms are reused, since making one takes 25 ms and showing a node in an existing one 0.4 ms.
# The least recently used form is dropped.
MAX_FORMS = 24


class Inspector(QWidget):
    """Shows the selection; edits are collected and shown once per turn of the event loop."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="inspector")
        self.workspace = workspace
        self.contents: Contents | None = None
        self.form: Form | None = None
        self._forms: dict[tuple[object, ...], Form] = {}
        self._unfolded: frozenset[str] = frozenset()
        self._explained: Row | None = None
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self._expected: list[str] = []
        self._idle = QTimer(self, interval=20)
        self._idle.timeout.connect(self._prepare)
        workspace.switched.connect(self._expect)
        self._assemble()
        for signal in (
            workspace.changed,
            workspace.switched,
            workspace.selection_changed,
            workspace.scope_changed,
            workspace.recipe_changed,
        ):
            signal.connect(self._soon.start)
        theme.changed.connect(self._draw)
        self.refresh()

    def _assemble(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.page = _Page()
        self.body = QVBoxLayout(self.page)
        self.body.setContentsMargins(12, 10, 4, 12)
        self.body.setSpacing(8)
        self.title = Title()
        self.title.committed.connect(self._changed)
        self.note = QLabel("", wordWrap=True, objectName="note", textFormat=Qt.TextFormat.PlainText)
        self.note.setProperty("role", "soft")
        self.note.setFont(sans(0.9))
        self.card = FactCard()
        self.problems = ProblemList(self.workspace, self.card.copy)
        self.problems.previewed.connect(self._show_words)
        self._form_index = 2  # of the form in the layout, after title and note
        for widget in (self.title, self.note, self.problems, self.card):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        self.area = QScrollArea(widgetResizable=True, objectName="inspector-scroll")
        self.area.setVerticalScrollBar(_QuietBar())
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.page)
        column.addWidget(self.area, 1)
        line = QFrame()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        column.addWidget(line)
        self.words = QLabel(
            "", wordWrap=True, objectName="explanation", textFormat=Qt.TextFormat.PlainText
        )
        self.words.setProperty("role", "soft")
        self.words.setFont(sans(0.9))
        self.words.setContentsMargins(12, 6, 12, 7)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column.addWidget(self.words)
        self.setMinimumWidth(220)
        self._draw()

    def sizeHint(self) -> QSize:
        return QSize(320, 600)

    def _draw(self) -> None:
        self._fit_words(shrink=True)

    def _fit_words(self, *, shrink: bool = False) -> None:
        """Make room for the whole explanation: three to six lines.

        It only grows while the same node is shown, so that the form does not jump while the pointer
        moves over it.
        """
        margins = self.words.contentsMargins()
        line, around = self.words.fontMetrics().lineSpacing(), margins.top() + margins.bottom()
        wanted = self.words.heightForWidth(self.words.width())
        least = 3 * line + around if shrink else self.words.minimumHeight()
        height = min(max(wanted, least), 6 * line + around)
        self.words.setFixedHeight(height)
        whole = f"<p>{escape(self.words.text())}</p>"  # as rich text, which a tooltip wraps
        self.words.setToolTip(whole if wanted > height else "")

    # Showing

    def refresh(self) -> None:
        """Show the current selection in its current state."""
        if not self.isVisible() and self.contents is not None:
            return  # showEvent catches up
        self._soon.stop()
        new = self._contents(self.workspace.selection)
        old = self.contents
        same = old is not None and new.identity == old.identity
        if not same and self._unfolded:
            self._unfolded = frozenset()
            new = self._contents(self.workspace.selection)
        self.contents = new
        self.title.show_contents(new, same=same)
        self.note.setText(new.note)
        self.note.setVisible(bool(new.note))
        self._show_sections(new.sections, same=same)
        hidden = self.workspace.is_incomplete
        self.problems.show_problems([each for each in new.problems if not hidden(each)])
        self.card.show_facts(new.facts)
        self.body.invalidate()  # the height of rows and card may have changed
        if not same:
            self._fit_words(shrink=True)
            self.area.verticalScrollBar().setValue(0)
            self._explain(None)
        elif self._explained is not None:
            self._explain(self._explained)

    def _show_sections(self, sections: Sequence[Section], *, same: bool) -> None:
        wanted = signature(sections)
        form = self._forms.pop(wanted, None)
        if form is None:
            form = self._made(sections)
        else:
            if not same:
                form.forget()
            form.show_sections(sections, same=same)
        self._forms[wanted] = form  # the form used last is the last one
        if form is self.form:
            return
        focused = self._focused_key() if same else ""
        if self.form is not None:
            self.body.removeWidget(self.form)
            self.form.hide()
        self.body.insertWidget(self._form_index, form)
        form.show()
        form.grid.activate()  # hidden widgets are not laid out when their rows change
        form.updateGeometry()
        form.stand_between(self.title.name, self.card.copy)
        self.form = form
        if focused in form.fields:
            form.fields[focused].widget.setFocus()

    def _contents(self, paths: Iterable[str]) -> Contents:
        return contents(self.workspace, paths, self._unfolded, self._unfold)

    def _expect(self) -> None:
        """Note one node of each layer type in the design, to make their forms in idle time."""
        paths = {type(row.layer): row.path for row in self.workspace.analysis.rows()}
        self._expected = list(paths.values())[: MAX_FORMS // 2]
        self._idle.start()

    def _prepare(self) -> None:
        """Make one of the expected forms, so that selecting such a node is faster."""
        if not self._expected or not self.isVisible():
            self._idle.stop()
            return
        sections = self._contents([self._expected.pop(0)]).sections
        wanted = signature(sections)
        if wanted not in self._forms:
            self._forms[wanted] = self._made(sections)

    def _focused_key(self) -> str:
        """Return the key of the row that has the focus, "" if none has."""
        if self.form is not None:
            for key, field in self.form.fields.items():
                if field.widget.hasFocus():
                    return key
        return ""

    def _made(self, sections: Sequence[Section]) -> Form:
        while len(self._forms) >= MAX_FORMS:
            oldest = next(key for key, form in self._forms.items() if form is not self.form)
            self._forms.pop(oldest).deleteLater()
        form = Form(sections)
        form.hide()
        form.setParent(self.page)
        form.changed.connect(self._changed)
        form.restored.connect(self._restored)
        form.reset.connect(self._reset)
        form.explained.connect(self._explain)  # type: ignore[call-overload]  # it may emit None
        return form

    def _unfold(self, name: str) -> None:
        self._unfolded ^= {name}
        self.refresh()

    # Edits

    def _reset(self, row: Row) -> None:
        if row.reset is not None:
            self.workspace.edit(row.reset_step, row.reset)

    def _changed(self, row: Row, value: Any, merge: object) -> None:
        select = row.select(value) if row.select is not None else None
        done = self.workspace.edit(row.step, row.change(value), merge=merge, select=select)
        argument, _, part = row.key.rpartition(".")
        renamed = done and part == "name" and argument in self._unfolded
        if renamed:
            self._unfolded = self._unfolded - {argument} | {str(value)}
        self.refresh()  # at once, since the field continues with the new value
        if renamed and self.form is not None:
            self.form.fields[f"{value}.name"].widget.setFocus()

    def _restored(self, row: Row, merge: object) -> None:
        """Undo the edits made since the field got the focus."""
        document = self.workspace.document
        if document is not None and merge is not None and document.merging == merge:
            self.workspace.undo()
            self.refresh()

    # Explaining

    def _explain(self, row: Row | None) -> None:
        """Explain a row; for None, explain the row with the focus."""
        focused = self._focused_key()
        if row is None and self.form is not None and focused:
            row = self.form.fields[focused].row
        self._explained = row
        self._show_words("" if row is None else _words(row))

    def _show_words(self, words: str) -> None:
        if not words and self._explained is not None:
            words = _words(self._explained)
        if not words and self.contents is not None:
            words = self.contents.words or _HINT
        self.words.setText(words)
        self._fit_words()

    def showEvent(self, event: QShowEvent) -> None:
        """Show changes that were made while the inspector was hidden."""
        super().showEvent(event)
        self._soon.start()


_HINT = (
    "Point at a field to read about it. Type = for an expression; the arrow keys step numbers; "
    "Escape restores the value."
)


class _QuietBar(QScrollBar):
    """A scroll bar that is painted only if there is something to scroll.

    It always takes its space, so that the width of the form does not change.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class _Page(QWidget):
    """The content of the scroll area: never wider than the dock."""

    def minimumSizeHint(self) -> QSize:
        """Leave the width to the scroll area; take the height that the texts need at that width."""
        layout = self.layout()
        needed = layout.totalMinimumHeightForWidth(self.width()) if layout is not None else 0
        return QSize(0, max(needed, super().minimumSizeHint().height()))


def _words(row: Row) -> str:
    unit = f", in {row.unit}" if row.unit and row.unit not in row.field_type.expects else ""
    takes = f"Takes {row.field_type.expects}{unit}" if row.field_type.numbers else ""
    more = "An expression begins with =." if row.field_type.expressions else ""
    joined = " ".join(filter(None, (row.help, f"{takes}." if takes else "", more)))
    return f"{row.label}: {joined}" if joined else ""
