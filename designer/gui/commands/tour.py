"""The tour of the window: cards that point at the real widgets, which stay usable."""

import contextlib

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer import preferences
from designer.errors import DesignerError
from designer.gui.base.theme import colors, sans, theme
from designer.gui.commands.tour_steps import STEPS, Step
from designer.gui.commands.window import Window

_LOOK = 100  # milliseconds between two checks of where the target is
_WIDTH = 340  # of the card
_GAP = 14  # between card and target
_AIR = 4  # between a button and the ring around it
_VEIL = 95  # of 255


class Tour(QWidget):
    """A veil over the window with a hole at the target; the mouse goes through it."""

    def __init__(self, window: Window, steps: tuple[Step, ...] = STEPS) -> None:
        super().__init__(window.frame, objectName="tour")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.window_ = window
        self.frame = window.frame
        self.steps = steps
        self.number = 0
        self._hole = QRect()
        self.card = Card(self)
        self._looking = QTimer(self, interval=_LOOK)
        self._looking.timeout.connect(self._look)
        theme.changed.connect(self._dress)

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.steps[self.number]

    def begin(self) -> None:
        """Show the first step, ending a tour that is under way."""
        for other in self.frame.findChildren(Tour):
            if other is not self:
                other.end()
        self.window_.preferences.toured = True
        with contextlib.suppress(DesignerError):  # shown when the window closes
            preferences.store(self.window_.preferences)
        self.show()
        self._looking.start()
        self.go_to(0)

    def go_to(self, number: int) -> None:
        """Show a step; a number after the last step ends the tour."""
        if number >= len(self.steps):
            self.end()
            return
        self.number = max(0, number)
        self.step.prepare(self.window_)
        self._tell()
        self._look()
        self.card.show()
        self.raise_()
        self.card.raise_()
        self.card.next.setFocus(Qt.FocusReason.OtherFocusReason)
        QTimer.singleShot(0, self, self._look)  # docks take their size after they are shown

    def end(self) -> None:
        """Close the tour."""
        self._looking.stop()
        self.hide()
        self.card.hide()
        self.card.deleteLater()
        self.deleteLater()

    def _tell(self) -> None:
        """Show the words of the step, which may depend on the state of the window."""
        words = self.step.text(self.window_)
        self.card.show_step(self.step.title, words, self.number, len(self.steps))

    def _look(self) -> None:
        """Follow the target, and go to the next step when this one is done."""
        if not self._looking.isActive():
            return
        if self.step.done is not None and self.step.done(self.window_):
            self.go_to(self.number + 1)
            return
        if self.step.text(self.window_) != self.card.words.text():
            self._tell()
        hole = self._target_area()
        area = self.frame.rect()
        if hole != self._hole or self.geometry() != area:
            self._hole = hole
            self.setGeometry(area)
            self.update()
        size = self.card.sizeHint()
        self.card.setGeometry(QRect(place_beside(hole, size.width(), size.height(), area), size))

    def _target_area(self) -> QRect:
        target = self.step.target(self.window_)
        if target is None or not target.isVisible() or target.window() is not self.frame:
            return QRect()
        corner = target.mapTo(self.frame, QPoint(0, 0))
        # A panel borders on the next one, which a wider ring would cover.
        air = _AIR if isinstance(target, QAbstractButton) else 0
        area = QRect(corner, target.size()).adjusted(-air, -air, air, air)
        return area.intersected(self.frame.rect())

    def _dress(self) -> None:
        self.card.dress()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Darken everything but the target."""
        c = colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QPainterPath()
        veil.addRect(QRectF(self.rect()))
        hole = QPainterPath()
        if not self._hole.isEmpty():
            hole.addRoundedRect(QRectF(self._hole).adjusted(1, 1, -1, -1), 8, 8)
        painter.fillPath(veil.subtracted(hole), QColor(0, 0, 0, _VEIL if c.dark else _VEIL - 30))
        painter.setPen(QPen(QColor(c.accent), 2))
        painter.drawPath(hole)


class Card(QFrame):
    """The text of a step with its buttons, which the arrow keys and Escape press, too."""

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour.frame, objectName="tour-card")
        self._tour = tour
        self.setFixedWidth(_WIDTH)
        self.title = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words = QLabel(
            wordWrap=True, objectName="tour-words", textFormat=Qt.TextFormat.PlainText
        )
        self.count = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.count.setProperty("role", "faint")
        self.skip = self._button("Skip", "tour-skip")
        self.back = self._button("Back", "tour-back")
        self.next = self._button("Next", "tour-next")
        self.next.setProperty("primary", True)
        self.skip.clicked.connect(tour.end)
        self.back.clicked.connect(lambda: tour.go_to(tour.number - 1))
        self.next.clicked.connect(lambda: tour.go_to(tour.number + 1))
        across = QHBoxLayout()
        across.setSpacing(6)
        across.addWidget(self.count)
        across.addStretch(1)
        for button in (self.skip, self.back, self.next):
            across.addWidget(button)
        down = self._down = QVBoxLayout(self)
        down.setContentsMargins(16, 14, 16, 14)
        down.setSpacing(8)
        down.addWidget(self.title)
        down.addWidget(self.words)
        down.addSpacing(4)
        down.addLayout(across)
        self.dress()

    def _button(self, text: str, name: str) -> QPushButton:
        button = _Button(text, objectName=name)
        button.setAutoDefault(True)
        return button

    def dress(self) -> None:
        """Use the colors and fonts of the theme."""
        c = colors()
        self.setStyleSheet(
            f"#tour-card {{ background: {c.panel}; border: 1px solid {c.accent};"
            " border-radius: 9px; }"
        )
        self.title.setFont(sans(1.15, bold=True))

    def show_step(self, title: str, words: str, number: int, of: int) -> None:
        """Show the text of a step."""
        self.title.setText(title)
        self.words.setText(words)
        self.count.setText(f"{number + 1} of {of}")
        self.back.setEnabled(number > 0)
        self.skip.setVisible(number < of - 1)
        self.next.setText("Next" if number < of - 1 else "Done")
        self.setAccessibleName(f"{title}. {words}")
        height = self._down.heightForWidth(_WIDTH)
        self.setFixedHeight(height if height > 0 else self._down.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go forward or back, or end the tour."""
        if event.key() in (Qt.Key.Key_Right, Qt.Key.Key_PageDown):
            self._tour.go_to(self._tour.number + 1)
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_PageUp):
            self._tour.go_to(self._tour.number - 1)
        elif event.key() == Qt.Key.Key_Escape:
            self._tour.end()
        else:
            super().keyPressEvent(event)


class _Button(QPushButton):
    """A button that leaves the arrow keys to the card."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press with Enter and Space only."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)


def place_beside(target: QRect, width: int, height: int, area: QRect) -> QPoint:
    """Return the corner of a card beside its target, or on it where there is no room."""
    if target.isEmpty():
        return QPoint((area.width() - width) // 2, (area.height() - height) // 2)
    middle = target.center()
    rooms = (
        (area.right() - target.right() - width, target.right() + _GAP, middle.y() - height // 2),
        (target.left() - width, target.left() - width - _GAP, middle.y() - height // 2),
        (area.bottom() - target.bottom() - height, middle.x() - width // 2,
         target.bottom() + _GAP),
        (target.top() - height, middle.x() - width // 2, target.top() - height - _GAP),
    )  # fmt: skip
    room, x, y = max(rooms)
    if room < _GAP:  # the target fills the window: cover its lower right corner
        x, y = target.right() - width - 3 * _GAP, target.bottom() - height - 3 * _GAP
    margin = 8
    return QPoint(
        max(margin, min(x, area.width() - width - margin)),
        max(margin, min(y, area.height() - height - margin)),
    )
