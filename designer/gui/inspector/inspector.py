"""The inspector dock: the selected node's form, its problems, and the card that explains it."""

from collections.abc import Iterable, Sequence

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

MOST_FORMS = 24  # kept, so that a node of a kind seen before is shown at once


class Inspector(QWidget):
    """Follows the selection; everything is brought up to date once per turn of the event loop."""

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
        self.note = QLabel("", wordWrap=True, objectName="note")
        self.note.setProperty("role", "soft")
        self.note.setFont(sans(0.9))
        self.card = FactCard()
        self.problems = ProblemList(self.workspace, self.card.copy)
        self.problems.previewed.connect(self._show_words)
        self._slot = 2  # of the form, behind title and note
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
        self.words = QLabel("", wordWrap=True, objectName="explanation")
        self.words.setProperty("role", "soft")
        self.words.setFont(sans(0.9))
        self.words.setContentsMargins(12, 6, 12, 7)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column.addWidget(self.words)
        self.setMinimumWidth(220)
        self._draw()

    def sizeHint(self) -> QSize:
        """Return the size at first."""
        return QSize(320, 600)

    def _draw(self) -> None:
        height = self.words.fontMetrics().lineSpacing() * 3 + 12
        self.words.setFixedHeight(height)

    # Showing

    def refresh(self) -> None:
        """Show what is selected as it is now."""
        if not self.isVisible() and self.contents is not None:
            return  # until it is seen
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
        self.problems.show_problems(new.problems)
        self.card.show_facts(new.facts)
        self.body.invalidate()  # rows and facts that came and went have other heights
        if not same:
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
        self._forms[wanted] = form  # the one used last is the last
        if form is self.form:
            return
        focused = self._focused_key() if same else ""
        if self.form is not None:
            self.body.removeWidget(self.form)
            self.form.hide()
        self.body.insertWidget(self._slot, form)
        form.show()
        form.layout().activate()  # what was shown or hidden out of sight has not been laid out
        form.updateGeometry()
        form.stand_between(self.title.name, self.card.copy)
        self.form = form
        if focused in form.fields:
            form.fields[focused].widget.setFocus()

    def _contents(self, paths: Iterable[str]) -> Contents:
        return contents(self.workspace, paths, self._unfolded, self._unfold)

    def _expect(self) -> None:
        """Note one node of each kind in the design, to make its form when there is time."""
        paths = {type(row.layer): row.path for row in self.workspace.analysis.rows()}
        self._expected = list(paths.values())[: MOST_FORMS // 2]
        self._idle.start()

    def _prepare(self) -> None:
        """Make one form that will be wanted, so that selecting a node shows it at once."""
        if not self._expected or not self.isVisible():
            self._idle.stop()
            return
        sections = self._contents([self._expected.pop(0)]).sections
        wanted = signature(sections)
        if wanted not in self._forms:
            self._forms[wanted] = self._made(sections)

    def _focused_key(self) -> str:
        """Return the key of the row that has the focus, so that a form with more rows keeps it."""
        if self.form is not None:
            for key, field in self.form.fields.items():
                if field.widget.hasFocus():
                    return key
        return ""

    def _made(self, sections: Sequence[Section]) -> Form:
        while len(self._forms) >= MOST_FORMS:
            oldest = next(key for key, form in self._forms.items() if form is not self.form)
            self._forms.pop(oldest).deleteLater()
        form = Form(sections)
        form.hide()
        form.setParent(self.page)
        form.changed.connect(self._changed)
        form.restored.connect(self._restored)
        form.reset.connect(lambda row: self.workspace.edit(f"re{row.step}", row.reset))
        form.explained.connect(self._explain)
        return form

    def _unfold(self, name: str) -> None:
        self._unfolded ^= {name}
        self.refresh()

    # Edits

    def _changed(self, row: Row, value: object, merge: object) -> None:
        select = row.select(value) if row.select is not None else None
        done = self.workspace.edit(row.step, row.change(value), merge=merge, select=select)
        argument, _, part = row.key.rpartition(".")
        renamed = done and part == "name" and argument in self._unfolded
        if renamed:
            self._unfolded = self._unfolded - {argument} | {str(value)}
        self.refresh()  # at once, since the field goes on with what it then holds
        if renamed and self.form is not None:
            self.form.fields[f"{value}.name"].widget.setFocus()

    def _restored(self, row: Row, merge: object) -> None:
        """Take back what was typed since the field got the focus."""
        document = self.workspace.document
        if document is not None and merge is not None and document.merging == merge:
            self.workspace.undo()
            self.refresh()

    # Explaining

    def _explain(self, row: Row | None) -> None:
        """Explain the row under the pointer, else the one with the focus."""
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

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)
        self._soon.start()


_HINT = (
    "Point at a field to read about it. Type = for an expression; the arrow keys step numbers; "
    "Escape restores."
)


class _QuietBar(QScrollBar):
    """Keeps its place, so that the form's width stays, but is seen only where it scrolls."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw nothing where everything is seen."""
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class _Page(QWidget):
    """What scrolls: never wider than the dock."""

    def minimumSizeHint(self) -> QSize:
        """Leave the width to the scroll area, and take the height that wrapped words need in it."""
        needed = self.layout().totalMinimumHeightForWidth(self.width())
        return QSize(0, max(needed, super().minimumSizeHint().height()))


def _words(row: Row) -> str:
    unit = f", in {row.unit}" if row.unit and row.unit not in row.field_type.expects else ""
    takes = f"Takes {row.field_type.expects}{unit}" if row.field_type.numbers else ""
    more = "Or an expression that begins with =." if row.field_type.expressions else ""
    joined = " ".join(filter(None, (row.help, f"{takes}." if takes else "", more)))
    return f"{row.label}: {joined}" if joined else ""
