"""Measurements that are kept for comparison: a legend whose entries can be renamed and removed."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from designer.gui.base.plain_text import tip
from designer.gui.base.theme import theme
from designer.gui.inside.statistics_values import MOST_KEPT, Shown

_WIDEST, _ROOM = 200, 360  # pixels of an entry, and of all
_MARK = 10  # pixels of the mark in the color


class KeptMeasurements(QWidget):
    """The legend; it is hidden while nothing is kept.

    Signals
    -------
    changed()
        Others are kept, or they have other names.

    Attributes
    ----------
    kept
        The measurements, the newest last.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="statistics-kept")
        self.kept: list[Shown] = []
        self._buttons: list[QToolButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.hide()
        theme.changed.connect(self._fill)

    def keep(self, one: Shown) -> None:
        """Keep a measurement; of more than there are colors, the oldest is removed."""
        if any(each.measurement is one.measurement for each in self.kept):
            return
        self.kept = self.kept[-(MOST_KEPT - 1) :]
        used = {each.number for each in self.kept}
        number = next(each for each in range(MOST_KEPT) if each not in used)
        self.kept.append(replace(one, number=number))
        self._changed()

    def remove(self, one: Shown) -> None:
        """Keep a measurement no longer."""
        self.kept.remove(one)
        self._changed()

    def rename(self, one: Shown) -> None:
        """Ask for another name of a measurement."""
        text, wanted = QInputDialog.getText(
            self, "Rename", "Name of this measurement:", QLineEdit.EchoMode.Normal, one.title
        )
        if wanted and text.strip():
            self.kept[self.kept.index(one)] = replace(one, title=text.strip())
            self._changed()

    def _changed(self) -> None:
        self._fill()
        self.changed.emit()

    def _fill(self) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = [self._button(one) for one in self.kept]
        for number, button in enumerate(self._buttons):
            self._row.insertWidget(number, button)
        self.setVisible(bool(self.kept))

    def _button(self, one: Shown) -> QToolButton:
        button = QToolButton(self, objectName=f"statistics-kept-{one.number}")
        mark = QPixmap(_MARK, _MARK)
        mark.fill(QColor(one.color))
        button.setIcon(QIcon(mark))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        room = Qt.TextElideMode.ElideMiddle
        widest = min(_WIDEST, _ROOM // len(self.kept))
        # With a space, as the style puts none between the mark and the text.
        button.setText(f" {button.fontMetrics().elidedText(one.title, room, widest)}")
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.setToolTip(tip(one.title))
        button.setAccessibleName(one.title)
        button.setStyleSheet("padding: 2px 6px;")
        menu = QMenu(button)
        menu.addAction("&Rename…", lambda: self.rename(one))
        menu.addAction("Re&move", lambda: self.remove(one))
        button.setMenu(menu)
        return button
