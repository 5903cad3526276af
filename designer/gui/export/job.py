"""Writing model files one after another: source code here, other formats in a worker process."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import shiboken6
from PySide6.QtCore import QObject, Signal

from designer.codegen import generate
from designer.design import files
from designer.design.carried import commented
from designer.design.values import Design
from designer.gui.base import background
from designer.gui.worker.trainer import Trainer
from designer.runs import own_layers
from designer.runs.ensembles import Ensemble
from designer.runs.export_formats import ExportOptions
from designer.storage import save_file, unwritable


@dataclass(frozen=True)
class Outcome:
    """The outcome of one file.

    Attributes
    ----------
    size
        Its size in bytes.
    difference
        The largest difference between the outputs of the file, loaded back, and of the network,
        relative to the largest output. None for source code without weights, which is compiled
        instead.
    fault
        Why it was not written, "" if it was.
    remark
        A sentence on the library whose names it has, "" for the design's own names.
    """

    path: Path
    size: int = 0
    difference: float | None = None
    fault: str = ""
    remark: str = ""


class ExportJob(QObject):
    """Writes the files of one export.

    Signals
    -------
    began(path)
        A file is being written.
    ended(outcome)
        A file was written, or could not be.
    finished()
        The last file has ended.
    """

    began = Signal(Path)
    ended = Signal(Outcome)
    finished = Signal()

    def __init__(self, trainer: Trainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trainer = trainer
        self.running = False
        self._waiting: list[Path] = []
        self._weights: Path | None = None
        self._options = ExportOptions()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(
        self,
        source: Design | Path | Ensemble,
        paths: Sequence[Path],
        weights: Path | None = None,
        options: ExportOptions | None = None,
    ) -> None:
        """Write files.

        Parameters
        ----------
        source
            A design, the folder of a run to export with the weights of its best epoch, or an
            ensemble of runs.
        paths
            The files to write; the suffixes name the formats.
        weights
            The folder of a run that fits the design, or a file of weights; None for fresh ones.
        options
            What the user chose beside the formats.
        """
        self.running = True
        self._options = options or ExportOptions()
        self._waiting = list(paths)
        self._weights = weights
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
        """Write no further files; a worker still finishes its current one."""
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

    def _next(self, source: Path | Ensemble) -> None:
        if not self._waiting:
            self._finish()
            return
        path = self._waiting.pop(0)
        self.began.emit(path)

        def answered(answer: dict[str, Any]) -> None:
            # The dialog may be closed by now. The stubs of shiboken6 have no type for isValid.
            if not shiboken6.isValid(self):  # type: ignore[no-untyped-call]
                self._clean()
                return
            self.ended.emit(_outcome(path, answer))
            if answer.get("died"):
                self._refused("")
            else:
                self._next(source)

        request: dict[str, Any] = {"do": "export", "to": [str(path)]}
        if isinstance(source, Ensemble):
            request |= msgspec.to_builtins(source)
        else:
            request["source"] = str(source)
        if self._options != ExportOptions():
            request["options"] = msgspec.to_builtins(self._options)
        if self._weights is not None:
            request["weights"] = str(self._weights)
        self.trainer.ask(request, answered)

    def _refused(self, sentence: str) -> None:
        """End all remaining files with one reason."""
        for path in self._waiting:
            self.ended.emit(
                Outcome(
                    path,
                    fault=sentence
                    or "Not written, because the worker process ended: export again.",
                )
            )
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
    text = generate(design, measured=own_layers.known(design)).source
    compile(text, str(path), "exec")
    data = commented(text, design).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(path, data)
    except OSError as error:
        raise unwritable(path, error) from error
    return Outcome(path, len(data))


def _outcome(path: Path, answer: dict[str, Any]) -> Outcome:
    if not answer.get("ok"):
        return Outcome(path, fault=str(answer.get("message") or "The worker gave no reason."))
    found = answer["files"][0]
    remark = str(found.get("remark", ""))
    return Outcome(Path(found["path"]), found["bytes"], found["difference"], remark=remark)
