"""The strip below the toolbar that shows how far the networks are that are being opened."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.elided_label import ElidedLabel
from designer.gui.opening.opener import Opener, Opening

DELAY = 200
"""Milliseconds after which the strip appears: what is opened sooner is not worth a look."""
_MOST = 3  # rows; further ones are counted
_BAR = 180  # width of a bar in pixels


class OpeningStrip(QFrame):
    """A row for each network that is being opened, with a button that cancels it."""

    def __init__(self, opener: Opener, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="opening-strip")
        self.setProperty("role", "card")
        self.opener = opener
        self.rows: list[_Row] = []
        self.more = ElidedLabel(name="opening-more")
        self.more.setProperty("role", "soft")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 5, 8, 5)
        self._column.setSpacing(4)
        self._column.addWidget(self.more)
        self._soon = QTimer(self, interval=DELAY, singleShot=True)
        self._soon.timeout.connect(self._appear)
        opener.changed.connect(self._refresh)
        self.hide()

    def _refresh(self) -> None:
        going = self.opener.going
        if not going:
            self._soon.stop()
            self.hide()
        elif self.isHidden() and not self._soon.isActive():
            self._soon.start()
        shown = going[:_MOST]
        for row in [each for each in self.rows if each.opening not in shown]:
            self.rows.remove(row)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        known = [row.opening for row in self.rows]
        for opening in shown:
            if opening not in known:
                row = _Row(opening, self)
                row.cancel.clicked.connect(lambda _=False, it=opening: self.opener.cancel(it))
                self.rows.append(row)
                self._column.insertWidget(self._column.count() - 1, row)
        for row in self.rows:
            row.refresh()
        rest = len(going) - len(shown)
        self.more.setText(f"{rest} more will be opened after these." if rest else "")
        self.more.setVisible(bool(rest))

    def _appear(self) -> None:
        self.setVisible(bool(self.opener.going))


class _Row(QWidget):
    """Name, stage and share of one network, and the button that cancels it."""

    def __init__(self, opening: Opening, parent: QWidget) -> None:
        super().__init__(parent)
        self.opening = opening
        self.words = ElidedLabel(name="opening-words")
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar(objectName="opening-progress", textVisible=False)
        self.bar.setAccessibleName(f"How much of {opening.title} is opened")
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(_BAR)
        self.cancel = QPushButton("Cancel", objectName="opening-cancel")
        self.cancel.setToolTip("Do not open this network.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.cancel)

    def refresh(self) -> None:
        """Show how far it is."""
        self.words.setText(f"Opening {self.opening.title}: {self.opening.stage}…")
        self.bar.setValue(round(1000 * self.opening.share))
