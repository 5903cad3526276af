"""The card over the canvas that explains the feature maps: of what, which weights, what colors."""

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from designer.gui.base import icons, signed_colors
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans, theme
from designer.gui.inside.map_overlay import MapOverlay
from designer.gui.inside.picture_dialogs import choose_file

_WIDTH = 33  # digits
_BELOW = 44  # pixels from the top, where the breadcrumb is
_PATIENCE = 400  # milliseconds until the progress is shown
STALE = "These are maps of the design before your last edits; nodes that you edited show none."


class MapCard(QFrame):
    """Shown while feature maps are wanted; its parent places it."""

    def __init__(self, overlay: MapOverlay, parent: QWidget) -> None:
        super().__init__(parent, objectName="map-card")
        self.overlay = overlay
        self.setProperty("role", "card")
        self.title, self.weights = ElidedLabel(name="map-picture"), ElidedLabel(name="map-weights")
        self.weights.setProperty("role", "soft")
        self.close_ = QToolButton(objectName="map-close", autoRaise=True)
        self.close_.setToolTip("Remove the feature maps from the nodes.")
        self.close_.setAccessibleName("Remove the feature maps")
        self.words = QLabel(objectName="map-words", wordWrap=True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar(objectName="map-progress", textVisible=False, maximum=100)
        self.bar.setFixedHeight(6)
        self.stop = QPushButton("Cancel", objectName="map-cancel")
        self.again = QPushButton("Compute again", objectName="map-again")
        self.fresh = QPushButton("Fresh weights", objectName="map-fresh")
        self.fresh.setToolTip("Compute the maps of the design as it is now with fresh weights.")
        self.picture = QPushButton("Picture…", objectName="map-open")
        self.picture.setToolTip("Choose the picture file that the network looks at.")
        self._assemble()
        self._late = QTimer(self, interval=_PATIENCE, singleShot=True)
        self._late.timeout.connect(self._update)
        self.close_.clicked.connect(lambda: overlay.show(False))
        self.stop.clicked.connect(overlay.cancel)
        self.again.clicked.connect(self._again)
        self.fresh.clicked.connect(overlay.use_fresh_weights)
        self.picture.clicked.connect(self._choose)
        overlay.changed.connect(self._changed)
        theme.changed.connect(self._dress)
        self.hide()
        self._dress()

    def _assemble(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 6, 8, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_)
        grid.addLayout(head, 0, 0, 1, 2)
        grid.addWidget(self.weights, 1, 0, 1, 2)
        grid.addWidget(_Scale(), 2, 0)
        grid.addWidget(self.picture, 2, 1)
        grid.addWidget(self.words, 3, 0, 1, 2)
        grid.addWidget(self.bar, 4, 0, 1, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for each in (self.again, self.fresh, self.stop):
            each.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            buttons.addWidget(each)
        buttons.addStretch(1)
        grid.addLayout(buttons, 5, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def _changed(self) -> None:
        if not self.overlay.asking:
            self._late.stop()
        elif not self._late.isActive() and not self.bar.isVisible():
            self._late.start()
        self._update()

    def _update(self) -> None:
        overlay = self.overlay
        document = overlay.workspace.document
        self.setVisible(overlay.shown and document is not None)
        if not overlay.shown or document is None:
            return
        source = overlay.source
        picture = source.picture if source is not None else None
        if picture is None:
            self.title.setText("Feature maps")
        elif picture.file:
            self.title.setText(f"Feature maps of {picture.name}")
        else:
            self.title.setText("Feature maps of an example")
        where = picture.file or picture.name if picture is not None else ""
        self.title.setToolTip(tip(where))
        self.weights.setText(source.weights if source is not None else "")
        self.weights.setVisible(source is not None)
        stale = overlay.stale and not overlay.asking
        waits = overlay.asking and (self.bar.isVisible() or not self._late.isActive())
        self.words.setText(overlay.error or (STALE if stale else ""))
        self.words.setVisible(bool(self.words.text()))
        self.again.setVisible((stale or bool(overlay.error)) and not waits)
        if overlay.error:
            self.again.setText("Try again")
            self.again.setToolTip("Ask once more.")
        else:
            self.again.setText("Compute again")
            self.again.setToolTip("Compute the maps of the design as it is now.")
        asked = overlay.asked
        with_weights = asked is not None and bool(asked.subject.run or asked.subject.weights)
        self.fresh.setVisible(bool(overlay.error) and with_weights)
        self.bar.setVisible(waits)
        self.bar.setValue(round(100 * overlay.share))
        self.stop.setVisible(waits)
        self.picture.setVisible(not waits)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * _WIDTH)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        wide, wraps = self.width(), layout.hasHeightForWidth()
        self.resize(wide, layout.heightForWidth(wide) if wraps else layout.sizeHint().height())
        self.move_to_corner()

    def move_to_corner(self) -> None:
        """Move to the top left corner of what is around it, below the breadcrumb."""
        self.move(10, _BELOW)

    def _again(self) -> None:
        if self.overlay.error:
            self.overlay.try_again()
        else:
            self.overlay.compute_again()

    def _choose(self) -> None:
        chosen = choose_file(self)
        if chosen is not None:
            self.overlay.choose_picture(chosen)

    def _dress(self) -> None:
        self.close_.setIcon(icons.icon("close"))
        self.title.setFont(sans(0.92, bold=True))
        for label in (self.weights, self.words):
            label.setFont(sans(0.92))


class _Scale(QWidget):
    """The colors from the most negative value to the most positive one."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(round(1.1 * self.fontMetrics().height()))
        self.setToolTip(
            "Blue is negative, black is 0, orange is positive. All maps of a node have one scale: "
            "the lightest color is the largest absolute value in them."
        )

    def sizeHint(self) -> QSize:
        return QSize(120, round(1.1 * self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(sans(0.85))
        metrics = painter.fontMetrics()
        low, high = "\N{MINUS SIGN}", "+"
        left, right = metrics.horizontalAdvance(low) + 6, metrics.horizontalAdvance(high) + 6
        bar = QRectF(left, self.height() / 2 - 4, self.width() - left - right, 8)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for step in range(17):
            gradient.setColorAt(step / 16, QColor(signed_colors.color(step / 8 - 1)))
        painter.fillRect(bar, gradient)
        painter.setPen(self.palette().text().color())
        whole = QRectF(self.rect())
        painter.drawText(whole, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, low)
        painter.drawText(whole, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, high)
