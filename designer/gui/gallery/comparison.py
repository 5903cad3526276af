"""Two networks side by side: open designs or presets, figure by figure, with ratios."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.errors import DesignerError
from designer.gui.base import background, icons
from designer.gui.base.theme import colors, mono, theme
from designer.gui.documents.workspace import Document, Workspace
from designer.gui.gallery.metrics import METRICS, NetworkMetrics, measure, ratio_text, value_text
from designer.gui.gallery.preview import Choice


class Side(NamedTuple):
    """A network that can be compared: its key, its title, what kind it is, how it is analyzed."""

    key: str
    title: str
    kind: str
    analyze: Callable[[], Analysis]


def of_document(document: Document, number: int) -> Side:
    """Return an open design, as it is now."""
    analysis = document.analysis
    return Side(f"document {number}", document.title, "open design", lambda: analysis)


def of_choice(choice: Choice) -> Side:
    """Return a preset with its arguments as they were turned."""
    try:
        title = presets.info(choice.name).title
    except DesignerError:
        title = choice.name
    if choice.arguments:
        said = ", ".join(f"{name}={value}" for name, value in choice.arguments.items())
        title, key = f"{title} ({said})", f"{choice.name} {said}"
    else:
        key = choice.name
    return Side(key, title, "preset", lambda: analyze(choice.design()))


def dialog(
    workspace: Workspace, mine: Document | None, choice: Choice | None, parent: QWidget
) -> "ComparisonDialog":
    """Return the dialog: a design of the user's own first, if one is open, then a preset.

    Without an open design a preset stands beside the first that it follows, and without a preset
    a design beside the one it came from.
    """
    sides = [of_document(each, number) for number, each in enumerate(workspace.documents)]
    if choice is not None and choice.arguments:
        sides.append(of_choice(choice))
    known = [of_choice(Choice(name)) for name in presets.names()]
    sides += sorted(known, key=lambda side: side.title.lower())
    first = presets.names()[0]
    right = of_choice(choice).key if choice is not None else ""
    if mine is not None:
        left = sides[workspace.documents.index(mine)].key
        right = right or mine.preset or first
    else:
        right = right or first
        left = _parent(choice.name if choice is not None else first)
    return ComparisonDialog(sides, left, right, parent)


def _parent(name: str) -> str:
    """Return the first preset that one follows; one that follows none is its own."""
    try:
        return next(iter(presets.info(name).follows), name)
    except DesignerError:
        return name


class ComparisonDialog(QDialog):
    """A table of all figures of two networks, and how many times the second is the first."""

    def __init__(
        self, sides: Sequence[Side], left: str, right: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="comparison")
        self.setWindowTitle("Compare")
        self.sides = {side.key: side for side in sides}
        self.metrics: dict[str, NetworkMetrics] = {}
        self.faults: dict[str, str] = {}
        self.boxes = (self._box("left", left), self._box("right", right))
        self.values: list[tuple[QLabel, QLabel, QLabel]] = []
        self._names: list[QLabel] = []
        self.swap = QToolButton(objectName="comparison-swap", toolTip="Swap the two.")
        self.swap.setAccessibleName("Swap the two")
        self.swap.clicked.connect(self._swap)
        self.notes = QLabel(objectName="comparison-notes", wordWrap=True)
        self.notes.setProperty("role", "warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy = QPushButton("Copy as text", objectName="comparison-copy")
        self.copy.setToolTip("Put the table on the clipboard, for a mail or a spreadsheet.")
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(self._copy)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        down = QVBoxLayout(self)
        down.setContentsMargins(22, 20, 22, 16)
        down.setSpacing(12)
        down.addLayout(self._grid())
        down.addWidget(self.notes)
        down.addStretch(1)
        down.addWidget(buttons)
        theme.changed.connect(self._dress)
        self._dress()
        self.resize(max(640, self.sizeHint().width()), self.sizeHint().height())
        for box in self.boxes:
            box.currentIndexChanged.connect(self._chosen)
        self._chosen()

    # Assembling

    def _box(self, name: str, key: str) -> QComboBox:
        box = QComboBox(objectName=f"comparison-{name}")
        box.setAccessibleName(f"The {'first' if name == 'left' else 'second'} network")
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
        box.setCurrentIndex(max(0, box.findData(key)))
        return box

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(self.swap, 0, 3, Qt.AlignmentFlag.AlignRight)
        for column, box in enumerate(self.boxes, 1):
            grid.addWidget(box, 0, column)
        line = QFrame()
        line.setProperty("role", "line")
        grid.addWidget(line, 1, 0, 1, 4)
        for number, row in enumerate(METRICS, 2):
            name = QLabel(row.label, toolTip=row.help)
            grid.addWidget(name, number, 0)
            self._names.append(name)
            cells = (QLabel(), QLabel(), QLabel())
            for column, cell in enumerate(cells, 1):
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                grid.addWidget(cell, number, column, Qt.AlignmentFlag.AlignRight)
            self.values.append(cells)
        grid.setColumnMinimumWidth(3, self.fontMetrics().horizontalAdvance("×0.000000"))
        return grid

    def _dress(self) -> None:
        self.swap.setIcon(icons.icon("replace", colors().soft_text))
        self.swap.setIconSize(QSize(16, 16))
        self.swap.setStyleSheet(
            "QToolButton { padding: 5px 0 5px 14px; }"
        )  # flush with the ratios below
        for cells in self.values:
            for cell in cells:
                cell.setFont(mono())
            cells[2].setProperty("role", "value")

    # Showing

    @property
    def keys(self) -> tuple[str, str]:
        """The two networks that are compared."""
        return self.boxes[0].currentData(), self.boxes[1].currentData()

    def _chosen(self) -> None:
        self._show()
        for key in dict.fromkeys(self.keys):
            if key not in self.metrics and key not in self.faults:
                side = self.sides[key]
                background.run(
                    self,
                    lambda side=side: measure(side.analyze()),
                    lambda found, key=key: self._arrived(key, found),
                    lambda sentence, key=key: self._failed(key, sentence),
                )

    def _arrived(self, key: str, found: NetworkMetrics) -> None:
        self.metrics[key] = found
        self._show()

    def _failed(self, key: str, sentence: str) -> None:
        self.faults[key] = sentence
        self._show()

    def _show(self) -> None:
        one, other = (self.metrics.get(key) for key in self.keys)
        for row, cells in zip(METRICS, self.values, strict=True):
            for cell, of, key in zip(cells, (one, other), self.keys, strict=False):
                cell.setText("…" if of is None and key not in self.faults else value_text(row, of))
            there = one is not None and other is not None
            cells[2].setText(ratio_text(row.value(one), row.value(other)) if there else "")
        notes = [self._note(key) for key in dict.fromkeys(self.keys)]
        self.notes.setText("\n".join(filter(None, notes)))
        self.notes.setVisible(any(notes))

    def _note(self, key: str) -> str:
        if key in self.faults:
            return self.faults[key]
        found = self.metrics.get(key)
        if found is None or not found.problem:
            return ""
        title = self.sides[key].title
        return f"{title} is counted as far as it goes; it has a problem: {found.problem}"

    def _swap(self) -> None:
        one, other = self.keys
        self.boxes[0].setCurrentIndex(self.boxes[0].findData(other))
        self.boxes[1].setCurrentIndex(self.boxes[1].findData(one))

    def text(self) -> str:
        """Return the table as lines with tabs between the columns."""
        titles = [self.sides[key].title for key in self.keys]
        lines = ["\t".join(("", *titles, "ratio"))]
        lines += [
            "\t".join((name.text(), *(cell.text() for cell in cells)))
            for name, cells in zip(self._names, self.values, strict=True)
        ]
        return "\n".join(lines) + "\n"

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
