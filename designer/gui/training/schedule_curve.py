"""The learning rate over the epochs of a training, drawn below the choice of its schedule."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, theme
from designer.recipe.recipe import Recipe
from designer.recipe.schedules import Position, momentum_at, rate_at, warmup_steps

_POINTS = 240  # of the curve
_STEPS = 100  # an epoch, while the data are not known
_HEIGHT = 76


class ScheduleCurve(QWidget):
    """The curve, with the highest rate and the number of epochs at its axes.

    Where the schedule says the momentum, too, it is a second, dashed curve.

    Parameters
    ----------
    recipe
        Returns the recipe at hand.
    steps_per_epoch
        Returns the steps of an epoch, None while unknown.
    """

    def __init__(
        self,
        recipe: Callable[[], Recipe],
        steps_per_epoch: Callable[[], int | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, objectName="schedule-curve")
        self._recipe = recipe
        self._steps_per_epoch = steps_per_epoch
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    def refresh(self) -> None:
        """Draw the curve of the recipe anew."""
        recipe = self._recipe()
        self.rates, self.momenta = curve(recipe, self._steps_per_epoch() or _STEPS)
        highest = max(self.rates)
        words = f"Learning rate over {numbers.count(recipe.epochs)} epochs, at most {highest:.3g}."
        if any(each is not None for each in self.momenta):
            words += " The dashed curve is the momentum."
        if recipe.schedule.name == "reduce_on_plateau":
            words += " It is reduced whenever the validation loss stops falling."
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(0.8))
        metrics, c = painter.fontMetrics(), colors()
        highest, recipe = max(self.rates), self._recipe()
        top = f"{highest:.3g}"
        left = max(metrics.horizontalAdvance(top), metrics.horizontalAdvance("0")) + 6.0
        box = QRectF(left, metrics.height() / 2, 0, 0)
        box.setRight(self.width() - 4)
        box.setBottom(self.height() - metrics.height() - 3)
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.drawLine(box.topLeft(), box.bottomLeft())
        painter.setPen(QColor(c.faint_text))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for text, y in ((top, box.top()), ("0", box.bottom())):
            painter.drawText(
                QRectF(0, y - metrics.height() / 2, left - 5, metrics.height()), right, text
            )
        below = QRectF(box.left(), box.bottom() + 2, box.width(), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "learning rate")
        painter.drawText(
            below, Qt.AlignmentFlag.AlignRight, f"{numbers.count(recipe.epochs)} epochs"
        )
        if all(each is not None for each in self.momenta):
            pen = QPen(QColor(c.validation), 1.2, Qt.PenStyle.DashLine)
            self._draw(painter, box, [each or 0.0 for each in self.momenta], 1.0, pen)
        self._draw(painter, box, self.rates, highest, QPen(QColor(c.train), 1.6))

    def _draw(
        self, painter: QPainter, box: QRectF, values: list[float], highest: float, pen: QPen
    ) -> None:
        count = max(len(values) - 1, 1)
        points = [
            QPointF(
                box.left() + box.width() * number / count,
                box.bottom() - box.height() * value / (highest or 1),
            )
            for number, value in enumerate(values)
        ]
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))


def curve(recipe: Recipe, steps_per_epoch: int) -> tuple[list[float], list[float | None]]:
    """Return the learning rate and the momentum at up to 240 steps of a training, evenly spaced.

    Parameters
    ----------
    recipe
        Says schedule, rate and epochs.
    steps_per_epoch
        Steps of an epoch.
    """
    steps = recipe.epochs * steps_per_epoch
    chosen = (
        range(steps)
        if steps <= _POINTS
        else [round(i * (steps - 1) / (_POINTS - 1)) for i in range(_POINTS)]
    )
    warmup = warmup_steps(recipe.schedule, steps_per_epoch=steps_per_epoch)
    base = recipe.optimizer.learning_rate
    at = [
        Position(step=step, steps=steps, steps_per_epoch=steps_per_epoch, base=base, warmup=warmup)
        for step in chosen
    ]
    rates = [rate_at(recipe.schedule, each) for each in at]
    return rates, [momentum_at(recipe.schedule, each) for each in at]
