"""The Problems dock: the problems of the design, their locations and their fixes."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.problems import Fix, Problem
from designer.design.values import LayerNode
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.training_problem import RecipeFix, is_of_training
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.changes import preview
from designer.gui.panels.problem_row import ProblemRow, grouped
from designer.gui.panels.shared import LARGE, LazyPanel, Newest

STEP = 20
"""Problems that are shown at first, and that each press of the button below adds."""
HINT = "Point at a fix to see what it changes."


class ProblemsPanel(LazyPanel):
    """A row for each problem, and below them a preview of the fix under the pointer.

    Signals
    -------
    training_chosen()
        The user wants to go to a problem that lies in the set-up of the training.
    """

    training_chosen = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "problems")
        self.rows: list[ProblemRow] = []
        self._limit = STEP
        self._newest = Newest(self)
        self.nothing = QLabel("No problems.", objectName="no-problems")
        self.nothing.setProperty("role", "soft")
        self.nothing.setContentsMargins(12, 10, 12, 10)
        self.more = QPushButton(objectName="more-problems")
        self.more.clicked.connect(self._show_more)
        self._page = QWidget()
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.with_advice = QCheckBox(objectName="show-advice", checked=True)
        self.with_advice.setToolTip("What keeps the network from learning well stops no training.")
        self.with_advice.toggled.connect(self.refresh)
        self.with_advice.hide()
        self._column.addWidget(self.nothing)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._page)
        self.preview = QLabel(objectName="fix-preview", wordWrap=True)
        self.preview.setTextFormat(Qt.TextFormat.PlainText)
        self.preview.setProperty("role", "soft")
        self.preview.setContentsMargins(12, 5, 12, 6)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignTop)
        line = QFrame()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(0)
        foot.addWidget(line)
        foot.addWidget(self.preview)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        above = QVBoxLayout()
        above.setContentsMargins(10, 4, 10, 0)
        above.addWidget(self.with_advice)
        column.addLayout(above)
        column.addWidget(self.area, 1)
        column.addWidget(self._foot)
        workspace.switched.connect(self._switched)
        workspace.problems_changed.connect(self.refresh_soon)

    # What is shown

    def refresh(self) -> None:
        """Show the problems of the current design."""
        advice = grouped(self.workspace.advice)
        self.with_advice.setVisible(bool(advice))
        count = numbers.count(len(advice))
        self.with_advice.setText(f"Show advice ({count})")
        groups = grouped(self.workspace.problems)
        groups += advice if self.with_advice.isChecked() else []
        calm = grouped(self.workspace.unfinished)
        first_calm, groups = len(groups), [*groups, *calm]
        shown = groups[: self._limit]
        had_focus = self._row_in_focus()
        # Hidden meanwhile: each row that appears would lay out all those before it.
        self._page.hide()
        for number, group in enumerate(shown):
            if number == len(self.rows):
                self._add_row()
            else:
                self.rows[number].show()
            self.rows[number].show_group(group, unfinished=number >= first_calm)
        for row in self.rows[len(shown) :]:
            row.hide()
        self.nothing.setVisible(not groups)
        self.nothing.setText("No problems." if self.workspace.document else "No design is open.")
        self.more.setVisible(len(groups) > len(shown))
        self.more.setText(f"Show more ({numbers.count(len(groups) - len(shown))} hidden)")
        self._foot.setVisible(any(group[0].fixes for group in shown))
        # Always two lines high, so that the rows do not move when a preview appears.
        self.preview.setFixedHeight(2 * self.preview.fontMetrics().lineSpacing() + 11)
        self._page.show()
        if had_focus is not None and shown:
            self.rows[min(had_focus, len(shown) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        self._preview_fix(next((fix for row in self._shown() if (fix := row.pointed_at())), None))

    def redraw(self) -> None:
        """Draw with the theme's colors."""
        for row in self.rows:
            row.redraw()

    def _shown(self) -> list[ProblemRow]:
        return [row for row in self.rows if not row.isHidden()]

    def _row_in_focus(self) -> int | None:
        """Return the number of the row that has the focus, itself or in a button, or None."""
        focus = self.window().focusWidget()
        for number, row in enumerate(self._shown()):
            if focus is not None and (row is focus or row.isAncestorOf(focus)):
                return number
        return None

    def _add_row(self) -> None:
        row = ProblemRow()
        row.chosen.connect(self._go)
        row.fix_requested.connect(self._apply)
        # Signal(object): PySide has no type for "Fix or None".
        row.fix_pointed_at.connect(self._preview_fix)  # type: ignore[call-overload]
        row.silenced.connect(self.workspace.advice_silenced)
        row.code_requested.connect(lambda row=row: self._read_code(row.group[0]))
        row.left.connect(lambda step, row=row: self._step(row, step))
        self.rows.append(row)
        self._column.insertWidget(self._column.count() - 2, row)

    def _show_more(self) -> None:
        first = self._limit
        self._limit += STEP
        self.refresh()
        self.rows[first].setFocus(Qt.FocusReason.OtherFocusReason)

    def _switched(self) -> None:
        self._limit = STEP
        self.area.verticalScrollBar().setValue(0)

    # Actions

    def _go(self, problem: Problem) -> None:
        if is_of_training(problem):
            self.training_chosen.emit()
        elif problem.path:
            self.workspace.select([problem.path], reveal=True)

    def _read_code(self, problem: Problem) -> None:
        """Show the code of the layer type that a problem is about."""
        node = graph_paths.node_at(self.workspace.design, problem.path)
        if isinstance(node, LayerNode):
            self.workspace.code_requested.emit(node.layer)

    def _step(self, row: ProblemRow, step: int) -> None:
        shown = self._shown()
        number = shown.index(row) + step
        if 0 <= number < len(shown):
            shown[number].setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(shown[number], 0, 4)

    def _apply(self, fix: Fix) -> None:
        if isinstance(fix, RecipeFix):
            self.workspace.set_recipe(fix.change(self.workspace.recipe))
        else:
            self.workspace.edit(steps.capitalized(fix.label), fix, follow=True)

    def _preview_fix(self, fix: Fix | None) -> None:
        """Show what a fix changes, or a hint for None."""
        if fix is None:
            self._newest.cancel()
            self.preview.setText(HINT)
            return
        if isinstance(fix, RecipeFix):
            self._newest.cancel()
            self.preview.setText("This changes the recipe of the training, not the design.")
            return
        before = self.workspace.analysis
        if before.totals.layers <= LARGE:
            self._newest.cancel()
            self.preview.setText(_words(before, fix))
        else:
            self.preview.setText("…")
            self._newest.start(lambda: _words(before, fix), self.preview.setText)


def _words(before: Analysis, fix: Fix) -> str:
    """Return what a fix changes, in a sentence."""
    try:
        after = fix(before.design)
    except DesignerError as error:
        return str(error)
    return preview(before, analyze(after, before))
