"""The metrics of two networks and the ratio of the second to the first, as a small table."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QWidget

from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import mono, theme
from designer.gui.gallery.metrics import METRICS, NetworkMetrics, ratio_text, value_text

PENDING = "…"


class ComparedFigures(QWidget):
    """A row for each metric.

    Attributes
    ----------
    values
        The labels of each row: first network, second network, ratio.
    """

    def __init__(self) -> None:
        super().__init__(objectName="comparison-figures")
        self.values: list[tuple[QLabel, QLabel, QLabel]] = []
        self._names: list[QLabel] = []
        self._full: Sequence[str] = ()  # the titles as they are
        grid = self._grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        self._titles = [_plain(), _plain(), QLabel("ratio")]
        for column, title in enumerate(self._titles, 1):
            title.setProperty("role", "soft")
            if column < 3:  # a title takes what room there is, and tells the rest as its tooltip
                title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            title.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(title, 0, column)
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
        for column in (1, 2):
            wide = self.fontMetrics().horizontalAdvance("0,000,000,000")
            grid.setColumnMinimumWidth(column, wide)
        grid.setColumnMinimumWidth(3, self.fontMetrics().horizontalAdvance("×0.000000"))
        grid.setRowStretch(grid.rowCount(), 1)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        for cells in self.values:
            for cell in cells:
                cell.setFont(mono())
            cells[2].setProperty("role", "value")

    def show_metrics(
        self,
        titles: Sequence[str],
        one: NetworkMetrics | None,
        other: NetworkMetrics | None,
        pending: Sequence[bool],
    ) -> None:
        """Show the metrics of two networks, None for unknown ones.

        Parameters
        ----------
        titles
            Of the two networks.
        one, other
            Their metrics.
        pending
            Whether those of each are still counted.
        """
        self._full = tuple(titles)
        self._elide()
        for metric, cells in zip(METRICS, self.values, strict=True):
            for cell, of, waits in zip(cells, (one, other), pending, strict=False):
                cell.setText(PENDING if of is None and waits else value_text(metric, of))
            cells[2].setText(
                ratio_text(metric.value(one), metric.value(other)) if one and other else ""
            )

    def _elide(self) -> None:
        """Shorten the titles to the width of their columns."""
        for label, title in zip(self._titles, self._full, strict=False):
            width = label.width()
            label.setText(label.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, width))
            label.setToolTip(wrapped_tip(title))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grid.activate()
        self._elide()

    def lines(self, titles: Sequence[str]) -> list[str]:
        """Return the table as text, with tabs between the columns."""
        return [
            "\t".join(("", *titles, "ratio")),
            *(
                "\t".join((name.text(), *(cell.text() for cell in cells)))
                for name, cells in zip(self._names, self.values, strict=True)
            ),
        ]


def _plain() -> QLabel:
    return QLabel(textFormat=Qt.TextFormat.PlainText)
