"""What a network says of a picture, as bars: classes with probabilities, or numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme

_LEAST, _MOST = 18, 26  # pixels of a row at the usual font
_LONGEST_NAME, _LONGEST_OF_NUMBER = 0.45, 0.7  # of the width, beside bars and beside numbers

NEARLY_ALL = "> 99.9 %"  # the longest text of a probability

Prediction = Mapping[str, Any]


class Probabilities(QWidget):
    """Bars of the most probable classes, as many as there is room for; the first is emphasized.

    Attributes
    ----------
    predictions
        As `designer.engine.inspect.prediction.predict` gives them for one picture.
    """

    def __init__(self) -> None:
        super().__init__(objectName="probabilities")
        self.predictions: Sequence[Prediction] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Predictions")
        theme.changed.connect(self.update)

    def show_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Show other predictions."""
        self.predictions = predictions
        self.setAccessibleDescription(", ".join(map(words, predictions)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 5 * self._row())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 3 * _LEAST)

    def row_rect(self, number: int) -> QRect:
        """Return the rectangle of a prediction."""
        return QRect(0, number * self._row(), self.width(), self._row())

    def shown(self) -> Sequence[Prediction]:
        """Return the predictions for which there is room."""
        return self.predictions[: max(1, self.height() // self._row())]

    def _row(self) -> int:
        line = self.fontMetrics().height()
        room = self.height() // max(1, len(self.predictions))
        return max(line + 3, _LEAST, min(room, max(_MOST, line + 11)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = colors()
        shown = self.shown()
        bold = sans(bold=True)
        metrics = self.fontMetrics()
        names = [name_of(each) for each in shown]
        widest = max(map(metrics.horizontalAdvance, names), default=0) + 10
        bars = any("probability" in each for each in shown)
        most = _LONGEST_NAME if bars else _LONGEST_OF_NUMBER
        left = min(widest, round(self.width() * most))
        right = QFontMetrics(bold).horizontalAdvance(NEARLY_ALL) + 8
        for number, each in enumerate(shown):
            row = self.row_rect(number)
            painter.setFont(bold if number == 0 else self.font())
            painter.setPen(QColor(c.text))
            name = painter.fontMetrics().elidedText(
                names[number], Qt.TextElideMode.ElideRight, left - 6
            )
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRect(row.left(), row.top(), left, row.height()), middle, name)
            if "probability" not in each:
                rest = row.adjusted(left, 0, 0, 0)
                painter.drawText(rest, middle | Qt.AlignmentFlag.AlignLeft, value_of(each))
                continue
            bar = QRectF(row.adjusted(left, 4, -right, -4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.hover))
            painter.drawRoundedRect(bar, 3, 3)
            bar.setWidth(bar.width() * each["probability"])
            painter.setBrush(QColor(c.accent))
            painter.setOpacity(1.0 if number == 0 else 0.6)
            if bar.width() >= 1:
                painter.drawRoundedRect(bar, min(3.0, bar.width() / 2), 3)
            painter.setOpacity(1.0)
            painter.setPen(QColor(c.text))
            end = QRect(row.right() - right + 1, row.top(), right, row.height())
            painter.drawText(end, middle | Qt.AlignmentFlag.AlignRight, value_of(each))
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Show the whole name of the class under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = event.pos().y() // self._row()
            if 0 <= number < len(self.shown()):
                QToolTip.showText(event.globalPos(), tip(words(self.predictions[number])), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def name_of(prediction: Prediction) -> str:
    """Return the class or the name of the number."""
    return str(prediction.get("class", prediction.get("name", "")))


def value_of(prediction: Prediction) -> str:
    """Return the probability in per cent, or the number."""
    if "value" in prediction:
        return f"{prediction['value']:.5g}"
    return percent(prediction["probability"])


def percent(probability: float) -> str:
    """Write a probability; only certainty is 100 %."""
    share = 100 * probability
    if 99.95 <= share < 100:
        return NEARLY_ALL
    return f"{share:.1f} %"


def words(prediction: Prediction) -> str:
    """Return a prediction for a tooltip."""
    return f"{name_of(prediction)}: {value_of(prediction)}"
