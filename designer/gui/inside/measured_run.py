"""The statistics of layers that a run records: follows its file while it grows. Never blocks."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from designer.gui.base import background
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import Measurement, MeasurementReader
from designer.runs.lines import NewLines

OFTEN = 250  # milliseconds between two readings while the run is trained
_PIECE = 1 << 20  # bytes read at once


class MeasuredRun(QObject):
    """Reads the measurements of a run, again and again as long as somebody looks at one that grows.

    Signals
    -------
    changed()
        There are other measurements, or another sentence.

    Attributes
    ----------
    path
        The run folder; None for no run.
    measurements
        What was measured, in the order of the steps.
    sentence
        What is wrong with the file, "" if it is in order.
    read
        Whether the file was read to its end at least once.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self.measurements: list[Measurement] = []
        self.sentence = ""
        self.read = False
        self._reader: MeasurementReader | None = None
        self._reading = False
        self._again = False
        self._timer = QTimer(self, interval=OFTEN)
        self._timer.timeout.connect(self.look)

    def follow(self, path: Path | None) -> None:
        """Read another run, or none."""
        if path == self.path:
            return
        self.path = path
        self.measurements = []
        self.sentence, self.read = "", False
        self._reader = MeasurementReader(RunFolder(path).layers) if path is not None else None
        self._reading = False
        self.changed.emit()

    def watch(self, growing: bool) -> None:
        """Look again and again if the file grows; else once more to its end."""
        if growing and not self._timer.isActive():
            self._timer.start()
            self.look()
        elif not growing:
            self._timer.stop()
            self.look()

    def look(self) -> None:
        """Read what is new, unless it is being read."""
        reader = self._reader
        if reader is None:
            return
        if self._reading:
            self._again = True
            return
        self._reading, self._again = True, False
        background.run(
            self,
            lambda: reader.poll(at_most=_PIECE),
            lambda found: self._seen(reader, found),
            lambda sentence: self._not_seen(reader, sentence),
        )

    def _seen(self, reader: MeasurementReader, found: NewLines[Measurement]) -> None:
        if reader is not self._reader:
            return  # of another run
        self._reading = False
        changed = bool(found.values) or bool(self.sentence) or not self.read
        if found.restarted:
            changed = changed or bool(self.measurements)
            self.measurements = []
        self.measurements += found.values
        self.sentence = ""
        if found.more or self._again:
            self.look()
        self.read = self.read or not found.more
        if changed:
            self.changed.emit()

    def _not_seen(self, reader: MeasurementReader, sentence: str) -> None:
        if reader is not self._reader:
            return
        self._reading = False
        if (sentence, True) != (self.sentence, self.read):
            self.sentence, self.read = sentence, True
            self.changed.emit()
