"""The dialog that lists which tensor of a design starts from which tensor of a file or run."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers, screens
from designer.gui.base.theme import sans
from designer.gui.documents.weight_status import Comparison
from designer.layers.tensors import show

HEADS = ("This design", "Weights")
_FOLDED = 60  # parts with more rows are collapsed at first


class WeightsReport(QDialog):
    """The report in collapsible parts: matched tensors, fresh ones, and unused weights."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="weights-report")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Weights of {comparison.name}")
        self.report = comparison.report
        summary = QLabel(self.report.summary, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        summary.setFont(sans(bold=True))
        refused = QLabel(
            "\n\n".join(self.report.refused), wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        refused.setObjectName("weights-report-refused")
        refused.setProperty("role", "warning")
        refused.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        refused.setVisible(bool(self.report.refused))
        self.filter = QLineEdit(objectName="weights-report-filter", clearButtonEnabled=True)
        self.filter.setPlaceholderText("Filter tensors…")
        self.filter.textChanged.connect(self._filter)
        self.tree = QTreeWidget(objectName="weights-report-tree")
        self.tree.setAccessibleName("Tensors")
        self.tree.setHeaderLabels(HEADS)
        self.tree.setUniformRowHeights(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._fill()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy as text", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join(self.report.lines()) + "\n")
        )
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(8)
        for widget in (summary, refused, self.filter):
            column.addWidget(widget)
        column.addWidget(self.tree, 1)
        column.addWidget(buttons)
        screens.resize_within(
            self, self.fontMetrics().height() * 44, self.fontMetrics().height() * 36
        )

    def _fill(self) -> None:
        report = self.report
        differing = {each.name for each in report.differing}
        self._part(
            "Of another shape, left fresh",
            [
                (f"{each.name}  {show(each.shape)}", f"{each.origin}  {show(each.stored)}")
                for each in report.differing
            ],
        )
        fresh = [(name, "") for name in report.fresh if name not in differing]
        self._part("Not among the weights, left fresh", fresh)
        self._part("Not used by the design", [("", name) for name in report.left_over])
        for how, title in (("order", "By order and shape"), ("name", "By name")):
            rows = [(each.name, each.origin) for each in report.taken if each.how == how]
            self._part(title, rows)

    def _part(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        if not rows:
            return
        part = QTreeWidgetItem([f"{title} ({numbers.count(len(rows))})", ""])
        part.setFont(0, sans(bold=True))
        part.addChildren([QTreeWidgetItem(list(row)) for row in rows])
        self.tree.addTopLevelItem(part)
        part.setExpanded(len(rows) <= _FOLDED)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for part in _children(self.tree.invisibleRootItem()):
            rows = list(_children(part))
            for row in rows:
                text = f"{row.text(0)} {row.text(1)}".lower()
                row.setHidden(not all(word in text for word in words))
            part.setHidden(all(row.isHidden() for row in rows))
            part.setExpanded(bool(words) or len(rows) <= _FOLDED)


def _children(item: QTreeWidgetItem) -> Iterable[QTreeWidgetItem]:
    return (item.child(number) for number in range(item.childCount()))
