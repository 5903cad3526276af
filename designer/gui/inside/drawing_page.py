"""The page of the Try it dock on which a picture is drawn: the sketchpad and its settings."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from designer.gui.base.boxes import Slider
from designer.gui.inside.sketchpad import PEN, Sketchpad

_THINNEST, _THICKEST = 3, 20  # percent of the side
_BESIDE = 76  # pixels of the settings
_GAP = 10
_PAUSE = 40  # milliseconds between two pictures of a line that is being drawn


class DrawingPage(QWidget):
    """The sketchpad beside its settings.

    Signals
    -------
    drawn()
        The drawing has changed; while a line is drawn, now and then.
    settled()
        A line is complete, undone or removed.
    """

    drawn = Signal()
    settled = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="try-drawing")
        self.pad = Sketchpad()
        self.pen = Slider(Qt.Orientation.Horizontal, objectName="try-pen")
        self.pen.setRange(_THINNEST, _THICKEST)
        self.pen.setValue(PEN)
        self.pen.setAccessibleName("Width of the pen")
        self.pen.setToolTip("Width of the pen, from the next line on.")
        self.pen.valueChanged.connect(lambda value: setattr(self.pad, "pen", value))
        self.centered = QCheckBox("Center", objectName="try-center", checked=True)
        self.centered.setToolTip(
            "Scale and center the drawing as MNIST's digits are, whose networks expect that."
        )
        self.centered.toggled.connect(self._center)
        self.undo = QPushButton("Undo", objectName="try-undo")
        self.undo.setToolTip("Remove the last line (Ctrl+Z).")
        self.undo.clicked.connect(self.pad.undo)
        self.clear = QPushButton("Clear", objectName="try-clear")
        self.clear.setToolTip("Remove all lines.")
        self.clear.clicked.connect(self.pad.clear)
        self._soon = QTimer(self, interval=_PAUSE, singleShot=True)
        self._soon.timeout.connect(self.drawn)
        self.pad.changed.connect(self._changed)
        self.pad.settled.connect(self._settled)
        label = QLabel("Pen")
        label.setBuddy(self.pen)
        beside = QWidget()
        beside.setFixedWidth(_BESIDE)
        settings = QVBoxLayout(beside)
        settings.setContentsMargins(0, 0, 0, 0)
        settings.setSpacing(6)
        settings.addWidget(label)
        settings.addWidget(self.pen)
        settings.addWidget(self.centered)
        settings.addStretch(1)
        settings.addWidget(self.undo)
        settings.addWidget(self.clear)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(_GAP)
        across.addWidget(self.pad, 1)
        across.addWidget(beside)
        self._changed()

    def width_for(self, height: int) -> int:
        """Return the width at which the sketchpad is as high as the page."""
        return height + _GAP + _BESIDE

    @property
    def empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self.pad.strokes

    def _center(self, wanted: bool) -> None:
        self.pad.centered = wanted
        if not self.empty:
            self.settled.emit()

    def _changed(self) -> None:
        self.undo.setEnabled(not self.empty)
        self.clear.setEnabled(not self.empty)
        if not self._soon.isActive():
            self._soon.start()

    def _settled(self) -> None:
        self._soon.stop()
        self.settled.emit()
