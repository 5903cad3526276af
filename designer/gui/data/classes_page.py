"""The page of classes: a table of classes or labels, or histograms of numbers to predict."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from designer.data.balance import MOST as RARE
from designer.gui.base import icons, numbers
from designer.gui.base.theme import colors, theme
from designer.gui.data.class_table import ClassTable
from designer.gui.data.contents import PART_TITLES, Contents
from designer.gui.data.histogram import Histogram, Mark
from designer.gui.data.model import DataModel

_MOST_HISTOGRAMS = 60

_WITHOUT_TABLE = {
    "input": "Each example is its own target: the network learns to give its input again.",
    "tokens": "At each position of the text, the next token is the target.",
}
"""What is said of targets that are neither classes, labels nor numbers."""


class ClassesPage(QStackedWidget):
    """What is to be predicted, and how often it occurs."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-classes")
        self.model = model
        self.search = QLineEdit(objectName="class-search", clearButtonEnabled=True)
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search classes by name")
        self.search.setMaximumWidth(260)
        self.found = QLabel(objectName="class-found", textFormat=Qt.TextFormat.PlainText)
        self.found.setProperty("role", "faint")
        self.mark = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.balance = QLabel(
            objectName="class-balance", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.balance.setMinimumWidth(1)
        self.table = ClassTable()
        self.search.textChanged.connect(self._search)
        self.table.opened.connect(model.class_opened)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.search, 1)
        head.addWidget(self.found)
        head.addSpacing(8)
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.balance, 2)
        of_classes = QWidget()
        column = QVBoxLayout(of_classes)
        column.setContentsMargins(16, 10, 16, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        self.addWidget(of_classes)
        self.histograms = TargetHistograms()
        self.addWidget(self.histograms)
        self.own = QLabel(
            objectName="data-own-target",
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignCenter,
            textFormat=Qt.TextFormat.PlainText,
        )
        self.own.setProperty("role", "soft")
        self.addWidget(self.own)
        model.changed.connect(self._show)
        theme.changed.connect(self._dress)
        self._dress()
        self._show()

    def _dress(self) -> None:
        pixels = self.fontMetrics().height()
        icon = icons.pixmap("problem-warning", colors().warning, pixels, self.devicePixelRatioF())
        self.mark.setPixmap(icon)

    def _show(self) -> None:
        contents = self.model.contents
        if contents is None:
            return
        if (sentence := _WITHOUT_TABLE.get(contents.target.kind)) is not None:
            self.own.setText(sentence)
            self.setCurrentIndex(2)
            return
        if contents.target.kind == "numbers":
            self.histograms.show_contents(contents)
            self.setCurrentIndex(1)
            return
        self.setCurrentIndex(0)
        self.table.show_contents(contents)
        self._show_found()
        text, uneven = balance_text(contents)
        self.balance.setText(text)
        self.balance.setProperty("role", "warning" if uneven else "soft")
        self.balance.style().unpolish(self.balance)
        self.balance.style().polish(self.balance)
        self.mark.setVisible(uneven)

    def _search(self, text: str) -> None:
        self.table.classes.search(text)
        self._show_found()

    def _show_found(self) -> None:
        shown, whole = self.table.classes.rowCount(), len(self.table.classes.names)
        words = f"{numbers.count(shown)} of {numbers.count(whole)}"
        self.found.setText(words if shown != whole else "")


def balance_text(contents: Contents) -> tuple[str, bool]:
    """Return how the training pictures are spread over the classes, and whether very unevenly."""
    counts = contents.counts["train"]
    names = contents.target.values
    most, least = int(np.argmax(counts)), int(np.argmin(counts))
    there, rest = numbers.count(int(counts[most])), numbers.count(int(counts[least]))
    if counts[most] == counts[least]:
        kind = "class" if contents.target.kind == "classes" else "label"
        return f"Every {kind} has {there} training pictures.", False
    words = f"most: {names[most]} with {there}, least: {names[least]} with {rest}"
    uneven = bool(counts[least] * RARE < counts[most])
    if not counts[least]:
        return f"Unbalanced — {words} training pictures.", True
    ratio = numbers.local(f"{counts[most] / counts[least]:,.3g}")
    start = "Unbalanced" if uneven else "Balance"
    return f"{start} {ratio} to 1 — {words} training pictures.", uneven


class TargetHistograms(QScrollArea):
    """A histogram of each number to predict, with its smallest, mean and largest value."""

    def __init__(self) -> None:
        super().__init__(objectName="target-histograms", widgetResizable=True)
        self.views: list[Histogram] = []

    def show_contents(self, contents: Contents) -> None:
        """Show the numbers of all parts of a data set."""
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(12)
        self.views = []
        names = contents.target.values[:_MOST_HISTOGRAMS]
        across = 1 if len(names) == 1 else 2 if len(names) <= 4 else 3
        for number, name in enumerate(names):
            values = np.concatenate([part.labels[:, number] for part in contents.parts.values()])
            low, mean, high = (float(each) for each in (values.min(), values.mean(), values.max()))
            view = Histogram(name)
            view.setMinimumHeight(170)
            view.show_values(values.astype(np.float64), [Mark(mean, f"mean {mean:.4g}")])
            facts = QLabel(
                f"Smallest {low:.6g}, mean {mean:.6g}, largest {high:.6g}; "
                f"standard deviation {float(values.std()):.4g}",
                objectName=f"target-facts-{number}",
                textFormat=Qt.TextFormat.PlainText,
                wordWrap=True,
            )
            facts.setProperty("role", "soft")
            cell = QVBoxLayout()
            cell.setSpacing(2)
            cell.addWidget(view, 1)
            cell.addWidget(facts)
            grid.addLayout(cell, number // across, number % across)
            self.views.append(view)
        parts = ", ".join(PART_TITLES[part].lower() for part in contents.parts)
        words = f"All parts together: {parts}."
        if len(names) < contents.target.outputs:
            words += f" The first {len(names)} of {contents.target.outputs} numbers are shown."
        end = QLabel(words, textFormat=Qt.TextFormat.PlainText)
        end.setProperty("role", "faint")
        grid.addWidget(end, grid.rowCount(), 0, 1, across)
        self.setWidget(inside)
