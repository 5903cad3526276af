"""Measurements that are kept for comparison: a legend whose entries can be renamed and removed."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap, QResizeEvent
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

_WIDEST, _ROOM, _LEAST = 200, 360, 70  # pixels of the words of an entry, of all, and at least
_MARK, _AROUND = 10, 26  # pixels of the mark in the color, and of an entry around its words


class KeptMeasurements(QWidget):
    """The legend of what is kept and of what it is compared with; hidden while nothing is kept.

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
        self._current: Shown | None = None
        self._buttons: list[QToolButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._room = _ROOM  # for the words of all entries
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

    def show_current(self, one: Shown | None) -> None:
        """Name what is shown now before what is kept, as its curve is drawn with theirs."""
        before, self._current = self._current, one
        if (before and before.title) != (one and one.title):
            self._fill()

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
            button.setParent(None)  # so that it is gone at once
            button.deleteLater()
        listed = [*([self._current] if self._current is not None else []), *self.kept]
        names = without_common_end([one.title for one in listed])
        self._buttons = [
            self._button(one, name, self._room // len(listed))
            for one, name in zip(listed, names, strict=True)
        ]
        for number, button in enumerate(self._buttons):
            self._row.insertWidget(number, button)
        self.setVisible(bool(self.kept))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the names to the room that there is."""
        super().resizeEvent(event)
        room = min(_ROOM, self.width() - len(self._buttons) * (_AROUND + self._row.spacing()))
        if room != self._room:
            self._room = room
            self._fill()

    def minimumSizeHint(self) -> QSize:
        """Return the size with short names, so that the legend widens no dock."""
        return QSize(len(self._buttons) * (_LEAST + _AROUND), self._row.minimumSize().height())

    def sizeHint(self) -> QSize:
        return QSize(_ROOM + len(self._buttons) * (_AROUND + 4), self._row.sizeHint().height())

    def _button(self, one: Shown, name: str, room: int) -> QToolButton:
        kept = one.number >= 0
        button = QToolButton(
            self, objectName=f"statistics-kept-{one.number}" if kept else "statistics-current"
        )
        mark = QPixmap(_MARK, _MARK)
        mark.fill(QColor(one.color))
        button.setIcon(QIcon(mark))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        middle = Qt.TextElideMode.ElideMiddle
        # With a space, as the style puts none between the mark and the text.
        button.setText(f" {button.fontMetrics().elidedText(name, middle, min(_WIDEST, room))}")
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.setToolTip(tip(one.title))
        button.setAccessibleName(one.title)
        button.setStyleSheet("padding: 2px 6px;")
        if not kept:
            button.setToolTip(tip(f"{one.title}: what is shown now"))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            return button
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addAction("&Rename…", lambda: self.rename(one))
        menu.addAction("Re&move", lambda: self.remove(one))
        button.setMenu(menu)
        return button


def without_common_end(titles: Sequence[str]) -> list[str]:
    """Return titles without the parts after a comma in which all of them end.

    Of "Xavier, fresh weights, seed 0" and "Kaiming, fresh weights, seed 0", what differs is left.
    """
    parts = [title.split(", ") for title in titles]
    while (
        len(parts) > 1
        and all(len(each) > 1 for each in parts)
        and len({each[-1] for each in parts}) == 1
        and len({tuple(each[:-1]) for each in parts}) == len({tuple(each) for each in parts})
    ):
        parts = [each[:-1] for each in parts]
    return [", ".join(each) for each in parts]
