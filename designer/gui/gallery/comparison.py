"""The dialog that compares two networks, open designs or presets, metric by metric."""

from collections.abc import Callable, Sequence
from functools import partial
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
from designer.gui.base import background, icons, screens
from designer.gui.base.boxes import ComboBox
from designer.gui.base.theme import colors, mono, theme
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.metrics import METRICS, NetworkMetrics, measure, ratio_text, value_text
from designer.gui.gallery.preview import Choice


class Side(NamedTuple):
    """A network that can be compared.

    Attributes
    ----------
    key
        Identifies it in the lists.
    title
        Its text in the lists.
    kind
        "open design" or "preset"; the lists have a line between them.
    analyze
        Returns its analysis; called in a thread.
    """

    key: str
    title: str
    kind: str
    analyze: Callable[[], Analysis]


def of_document(document: Document, number: int) -> Side:
    """Return an open design in its current state."""
    analysis = document.analysis
    return Side(f"document {number}", document.title, "open design", lambda: analysis)


def of_choice(choice: Choice) -> Side:
    """Return a preset with the chosen arguments."""
    try:
        title = presets.info(choice.name).title
    except DesignerError:
        title = choice.name
    if choice.arguments:
        values = ", ".join(f"{name}={value}" for name, value in choice.arguments.items())
        title, key = f"{title} ({values})", f"{choice.name} {values}"
    else:
        key = choice.name
    return Side(key, title, "preset", lambda: analyze(choice.design()))


def dialog(
    workspace: Workspace, mine: Document | None, choice: Choice | None, parent: QWidget
) -> "ComparisonDialog":
    """Return the dialog with two networks chosen.

    An open design is compared with the given preset, or else with the preset it came from. Without
    an open design, a preset is compared with the first one that it builds on.

    Parameters
    ----------
    workspace
        The open designs.
    mine
        The design that was edited last; None if none is open.
    choice
        A preset; None for none in particular.
    parent
        The window.
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
    """Return the first preset that a preset builds on, or the preset itself if there is none."""
    try:
        return next(iter(presets.info(name).follows), name)
    except DesignerError:
        return name


def _measure(side: Side) -> NetworkMetrics:
    return measure(side.analyze())


class ComparisonDialog(QDialog):
    """A table with the metrics of two networks and the ratio of the second to the first."""

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
        self.swap = QToolButton(objectName="comparison-swap", toolTip="Swap the two networks.")
        self.swap.setAccessibleName("Swap the two networks")
        self.swap.clicked.connect(self._swap)
        self.notes = QLabel(
            objectName="comparison-notes", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.notes.setProperty("role", "warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.copy = QPushButton("Copy as text", objectName="comparison-copy")
        self.copy.setToolTip("Copy the table, for a mail or a spreadsheet.")
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
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        screens.resize_within(self, max(640, self.sizeHint().width()), self.sizeHint().height())
        for box in self.boxes:
            box.currentIndexChanged.connect(self._chosen)
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
        for number, metric in enumerate(METRICS, 2):
            name = QLabel(metric.label, toolTip=metric.help, textFormat=Qt.TextFormat.PlainText)
            grid.addWidget(name, number, 0)
            self._names.append(name)
            cells = (_plain(), _plain(), _plain())
            for column, cell in enumerate(cells, 1):
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                grid.addWidget(cell, number, column, Qt.AlignmentFlag.AlignRight)
            self.values.append(cells)
        grid.setColumnMinimumWidth(3, self.fontMetrics().horizontalAdvance("×0.000000"))
        return grid

    def _apply_theme(self) -> None:
        self.swap.setIcon(icons.icon("replace", colors().soft_text))
        self.swap.setIconSize(QSize(16, 16))
        self.swap.setStyleSheet(
            "QToolButton { padding: 5px 0 5px 14px; }"
        )  # aligned with the ratios below
        for cells in self.values:
            for cell in cells:
                cell.setFont(mono())
            cells[2].setProperty("role", "value")

    # Showing

    @property
    def keys(self) -> tuple[str, str]:
        """The keys of the two networks that are compared."""
        return self.boxes[0].currentData(), self.boxes[1].currentData()

    def _chosen(self) -> None:
        self._show()
        for key in dict.fromkeys(self.keys):
            if key not in self.metrics and key not in self.faults:
                background.run(
                    self,
                    partial(_measure, self.sides[key]),
                    partial(self._arrived, key),
                    partial(self._failed, key),
                )

    def _arrived(self, key: str, found: NetworkMetrics) -> None:
        self.metrics[key] = found
        self._show()

    def _failed(self, key: str, sentence: str) -> None:
        self.faults[key] = sentence
        self._show()

    def _show(self) -> None:
        one, other = (self.metrics.get(key) for key in self.keys)
        for metric, cells in zip(METRICS, self.values, strict=True):
            for cell, of, key in zip(cells, (one, other), self.keys, strict=False):
                pending = of is None and key not in self.faults
                cell.setText("…" if pending else value_text(metric, of))
            cells[2].setText(
                ratio_text(metric.value(one), metric.value(other)) if one and other else ""
            )
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
        return f"{title} is counted only as far as it is valid. Its first problem: {found.problem}"

    def _swap(self) -> None:
        one, other = self.keys
        self.boxes[0].setCurrentIndex(self.boxes[0].findData(other))
        self.boxes[1].setCurrentIndex(self.boxes[1].findData(one))

    def text(self) -> str:
        """Return the table as text, with tabs between the columns."""
        titles = [self.sides[key].title for key in self.keys]
        lines = ["\t".join(("", *titles, "ratio"))]
        lines += [
            "\t".join((name.text(), *(cell.text() for cell in cells)))
            for name, cells in zip(self._names, self.values, strict=True)
        ]
        return "\n".join(lines) + "\n"

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())


def _plain() -> QLabel:
    return QLabel(textFormat=Qt.TextFormat.PlainText)
