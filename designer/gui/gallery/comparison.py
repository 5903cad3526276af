"""The dialog that compares two networks: side by side, difference by difference, in figures."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.analysis import Analysis
from designer.folding.differences_in_words import KINDS, Difference, differences, without_rows
from designer.folding.matching import Matching, match
from designer.gui.base import background, icons, numbers, screens
from designer.gui.base.boxes import ComboBox
from designer.gui.base.theme import colors, theme
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.compared_figures import ComparedFigures
from designer.gui.gallery.compared_sides import Side, choices, of_file
from designer.gui.gallery.difference_table import Differences, DifferenceTable
from designer.gui.gallery.metrics import NetworkMetrics, measure
from designer.gui.gallery.preview import Choice

_SIZE = (1400, 900)  # pixels, where the screen has room for it
_OTHER_FILE = "other file"  # the key of the entry that asks for one
_FILTER = "Designs (*.json);;All files (*)"


class TwoCanvases(Protocol):
    """What the dialog uses of the canvases, which belong to another feature."""

    picked: Any  # the signal that the node of a difference was clicked: its number, or -1

    @property
    def frame(self) -> QWidget:
        """The canvases as a widget."""

    def show_analysis(self, side: int, analysis: Analysis) -> None:
        """Show a design on one side; nothing is marked any more."""

    def show_matching(self, matching: Matching, rows: Sequence[Difference]) -> None:
        """Mark what differs, and link the two."""

    def reveal(self, number: int) -> None:
        """Show what a difference is about."""


class _Compared(NamedTuple):
    """What two designs differ in."""

    matching: Matching
    rows: Sequence[Difference]


def dialog(
    workspace: Workspace,
    mine: Document | None,
    choice: Choice | None,
    canvases: Callable[[], TwoCanvases],
    parent: QWidget | None,
    *,
    other: Document | None = None,
) -> "ComparisonDialog":
    """Return the dialog with two networks chosen; see `compared_sides.choices`.

    Parameters
    ----------
    workspace, mine, choice, other
        As for `compared_sides.choices`.
    canvases
        Makes the two canvases.
    parent
        The window.
    """
    sides, left, right = choices(workspace, mine, choice, other=other)
    folder = mine.path.parent if mine is not None and mine.path is not None else Path.home()
    return ComparisonDialog(sides, left, right, canvases(), folder, parent)


def _analyzed(side: Side) -> tuple[Analysis, NetworkMetrics]:
    analysis = side.analyze()
    return analysis, measure(analysis)


def _compare(one: Analysis, other: Analysis) -> _Compared:
    found = match(one.design, other.design, (one.measured, other.measured))
    return _Compared(found, differences(found))


class ComparisonDialog(QDialog):
    """Two networks on canvases, a table of their differences, and one of their metrics.

    Attributes
    ----------
    sides
        All that can be chosen, by key.
    metrics, analyses, faults
        What is known of them, and why one cannot be read, by key.
    compared
        The differences of the two that are shown; None while they are looked for.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        left: str,
        right: str,
        canvases: TwoCanvases,
        folder: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, objectName="comparison")
        self.setWindowTitle("Compare")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.sides = {side.key: side for side in sides}
        self.folder = folder
        self.metrics: dict[str, NetworkMetrics] = {}
        self.analyses: dict[str, Analysis] = {}
        self.faults: dict[str, str] = {}
        self.compared: _Compared | None = None
        self._shown: list[Analysis | None] = [None, None]
        self.canvases = canvases
        self.boxes = (self._box("left", left), self._box("right", right))
        self._keys = [left, right]
        self.figures = ComparedFigures()
        self.values = self.figures.values
        self.table = DifferenceTable()
        self.summary = QLabel(
            objectName="comparison-summary", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.swap = QToolButton(objectName="comparison-swap", toolTip="Swap the two networks.")
        self.swap.setAccessibleName("Swap the two networks")
        self.swap.clicked.connect(self._swap)
        self.notes = QLabel(
            objectName="comparison-notes", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.notes.setProperty("role", "warning")
        self._lay_out()
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        screens.resize_within(self, *_SIZE)
        for box in self.boxes:
            box.currentIndexChanged.connect(self._chosen)
        self.table.chosen.connect(canvases.reveal)
        canvases.picked.connect(self.table.select_quietly)
        self.table.setFocus()  # the arrow keys go through the differences
        self._chosen()

    # Assembling

    def _box(self, name: str, key: str) -> QComboBox:
        box = ComboBox(objectName=f"comparison-{name}")
        box.setAccessibleName("First network" if name == "left" else "Second network")
        box.setMaxVisibleItems(24)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(16)
        kind = ""
        for side in self.sides.values():
            if kind and side.kind != kind:
                box.insertSeparator(box.count())
            kind = side.kind
            box.addItem(side.title, side.key)
        box.insertSeparator(box.count())
        box.addItem("Choose a file…", _OTHER_FILE)
        box.setCurrentIndex(max(0, box.findData(key)))
        return box

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(8)
        above.addWidget(self.boxes[0], 1)
        above.addWidget(self.swap)
        above.addWidget(self.boxes[1], 1)
        listed = QWidget()
        down = QVBoxLayout(listed)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(6)
        down.addWidget(self.summary)
        down.addWidget(self.table, 1)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.setChildrenCollapsible(False)
        below.addWidget(listed)
        below.addWidget(self.figures)
        below.setStretchFactor(0, 2)
        below.setStretchFactor(1, 1)
        below.setHandleWidth(16)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.canvases.frame)
        self.halves.addWidget(below)
        self.halves.setStretchFactor(0, 1)
        self.halves.setSizes([10_000, self.figures.sizeHint().height()])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy = QPushButton("Copy as text", objectName="comparison-copy")
        self.copy.setToolTip("Copy both tables, for a mail or a spreadsheet.")
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(self._copy)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addLayout(above)
        column.addWidget(self.notes)
        column.addWidget(self.halves, 1)
        column.addWidget(buttons)

    def _apply_theme(self) -> None:
        self.swap.setIcon(icons.icon("replace", colors().soft_text))
        self.swap.setIconSize(QSize(16, 16))

    # Choosing

    @property
    def keys(self) -> tuple[str, str]:
        """The keys of the two networks that are compared."""
        return self._keys[0], self._keys[1]

    def _chosen(self) -> None:
        for number, box in enumerate(self.boxes):
            if box.currentData() == _OTHER_FILE:
                self._ask_for_file(number)
            self._keys[number] = box.currentData()
        self._show()
        for key in dict.fromkeys(self.keys):
            if key not in self.metrics and key not in self.faults:
                background.run(
                    self,
                    partial(_analyzed, self.sides[key]),
                    partial(self._arrived, key),
                    partial(self._failed, key),
                )

    def _ask_for_file(self, number: int) -> None:
        """Ask for a file and choose it, or choose again what was chosen before."""
        text, _ = QFileDialog.getOpenFileName(
            self, "Compare with a design file", str(self.folder), _FILTER
        )
        key = self._keys[number]
        if text:
            side = of_file(Path(text))
            self.folder, key = Path(text).parent, side.key
            for known in (self.metrics, self.analyses, self.faults):  # it is read again
                known.pop(key, None)
            if key not in self.sides:
                for box in self.boxes:
                    blocked = box.blockSignals(True)
                    box.insertItem(box.count() - 1, side.title, key)
                    box.blockSignals(blocked)
            self.sides[key] = side
        box = self.boxes[number]
        blocked = box.blockSignals(True)
        box.setCurrentIndex(box.findData(key))
        box.blockSignals(blocked)

    def _swap(self) -> None:
        for box, key in zip(self.boxes, reversed(self.keys), strict=True):
            blocked = box.blockSignals(True)
            box.setCurrentIndex(box.findData(key))
            box.blockSignals(blocked)
        self._chosen()

    # Showing

    def _arrived(self, key: str, found: tuple[Analysis, NetworkMetrics]) -> None:
        self.analyses[key], self.metrics[key] = found
        self._show()

    def _failed(self, key: str, sentence: str) -> None:
        self.faults[key] = sentence
        self._show()

    def _show(self) -> None:
        titles = [self.sides[key].title for key in self.keys]
        one, other = (self.metrics.get(key) for key in self.keys)
        pending = [key not in self.metrics and key not in self.faults for key in self.keys]
        self.figures.show_metrics(titles, one, other, pending)
        notes = [self._note(key) for key in dict.fromkeys(self.keys)]
        self.notes.setText("\n".join(filter(None, notes)))
        self.notes.setVisible(any(notes))
        analyses = [self.analyses.get(key) for key in self.keys]
        if any(now is not shown for now, shown in zip(analyses, self._shown, strict=True)):
            self._compare(analyses)
        self._summarize()

    def _compare(self, analyses: list[Analysis | None]) -> None:
        """Show two designs, and look for their differences in a thread."""
        self.compared = None
        self.table.show_rows(())
        for side, analysis in enumerate(analyses):
            if analysis is not None and analysis is not self._shown[side]:
                self.canvases.show_analysis(side, analysis)
        self._shown = analyses
        one, other = analyses
        if one is not None and other is not None:
            background.run(
                self, partial(_compare, one, other), partial(self._differences_arrived, analyses)
            )

    def _differences_arrived(self, analyses: list[Analysis | None], found: _Compared) -> None:
        if analyses is not self._shown:
            return  # others were chosen meanwhile
        self.compared = found
        self.table.show_rows(found.rows)
        self.canvases.show_matching(found.matching, found.rows)
        self._summarize()

    def _summarize(self) -> None:
        """Say how much differs."""
        if any(key in self.faults for key in self.keys):
            self.summary.setText("There is nothing to compare.")
        elif self.compared is None:
            self.summary.setText("Comparing …")
        else:
            self.summary.setText(summary(self.compared.matching, self.compared.rows))

    def _note(self, key: str) -> str:
        if key in self.faults:
            return self.faults[key]
        found = self.metrics.get(key)
        if found is None or not found.problem:
            return ""
        title = self.sides[key].title
        return f"{title} is counted only as far as it is valid. Its first problem: {found.problem}"

    def text(self) -> str:
        """Return both tables as text, with tabs between the columns."""
        lines = self.figures.lines([self.sides[key].title for key in self.keys])
        if self.compared is not None and self.compared.rows:
            rows = ("\t".join(Differences.texts(row)) for row in self.compared.rows)
            lines += ["", *rows]
        return "\n".join(lines) + "\n"

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())


def summary(matching: Matching, rows: Sequence[Difference]) -> str:
    """Return a sentence on how many differences of which kind there are."""
    if not rows:
        return without_rows(matching)
    apart = (
        "Their blocks were cut differently, so all layers are compared as they are evaluated. "
        if matching.written_out
        else ""
    )
    counts = {kind: sum(row.kind == kind for row in rows) for kind in KINDS}
    words = [f"{numbers.count(n)} {KINDS[kind].word}" for kind, n in counts.items() if n]
    total = "1 difference" if len(rows) == 1 else f"{numbers.count(len(rows))} differences"
    return f"{apart}{total}: {', '.join(words)}."
