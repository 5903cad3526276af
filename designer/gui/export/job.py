"""Writing model files one after another: code by itself, all else through a worker process."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal

from designer.codegen import generate
from designer.design import files
from designer.design.values import Design
from designer.gui.base import background
from designer.gui.worker.trainer import Trainer
from designer.storage import unwritable, write_atomically


@dataclass(frozen=True)
class Outcome:
    """What became of a file: its size and largest difference, or why it was not written.

    The difference, relative to the largest output, is that between the outputs of what was loaded
    back and of the network; None for code without weights, which is compiled instead.
    """

    path: Path
    size: int = 0
    difference: float | None = None
    fault: str = ""


class ExportJob(QObject):
    """Writes the files of one export.

    Signals
    -------
    began(path)
        A file is being written.
    ended(outcome)
        It was written, or was not.
    finished()
        Nothing more is to come.
    """

    began = Signal(object)
    ended = Signal(object)
    finished = Signal()

    def __init__(self, trainer: Trainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trainer = trainer
        self.running = False
        self._waiting: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self, source: Design | Path, paths: Sequence[Path]) -> None:
        """Write files of a design with fresh weights, or of a run with its best ones."""
        self.running = True
        self._waiting = list(paths)
        alone = isinstance(source, Design) and all(path.suffix == ".py" for path in paths)
        if isinstance(source, Design) and alone:
            self._write_code(source)
        elif isinstance(source, Design):
            self._folder = tempfile.TemporaryDirectory(prefix="netdesigner-export-")
            file = Path(self._folder.name) / "design.json"
            background.run(
                self,
                lambda: files.save(source, file),
                lambda _: self._next(file),
                self._refused,
            )
        else:
            self._next(source)

    def cancel(self) -> None:
        """Write no further files; the one that a worker has in hand it still finishes."""
        self._waiting.clear()

    def _write_code(self, design: Design) -> None:
        path = self._waiting.pop(0)
        self.began.emit(path)
        background.run(
            self,
            lambda: _written(design, path),
            self._done,
            lambda sentence: self._done(Outcome(path, fault=sentence)),
        )

    def _next(self, source: Path) -> None:
        if not self._waiting:
            self._finish()
            return
        path = self._waiting.pop(0)
        self.began.emit(path)

        def answered(answer: dict[str, Any]) -> None:
            if not shiboken6.isValid(self):  # the dialog was closed
                self._clean()
                return
            self.ended.emit(_outcome(path, answer))
            if answer.get("died"):
                self._refused("")
            else:
                self._next(source)

        request = {"do": "export", "source": str(source), "to": [str(path)]}
        self.trainer.ask(request, answered)

    def _refused(self, sentence: str) -> None:
        """Give up all that is left for one reason."""
        for path in self._waiting:
            self.ended.emit(Outcome(path, fault=sentence or "Not tried: the worker ended."))
        self._waiting.clear()
        self._finish()

    def _done(self, outcome: Outcome) -> None:
        self.ended.emit(outcome)
        self._finish()

    def _finish(self) -> None:
        self.running = False
        self._clean()
        self.finished.emit()

    def _clean(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _written(design: Design, path: Path) -> Outcome:
    text = generate(design).source
    compile(text, str(path), "exec")
    data = text.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise unwritable(path, error) from error
    return Outcome(path, len(data))


def _outcome(path: Path, answer: dict[str, Any]) -> Outcome:
    if not answer.get("ok"):
        return Outcome(path, fault=str(answer.get("message") or "The worker gave no reason."))
    found = answer["files"][0]
    return Outcome(Path(found["path"]), found["bytes"], found["difference"])
