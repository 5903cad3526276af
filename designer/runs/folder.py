"""The folder of a training run: its files, and how it is created, listed and read."""

import math
import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from designer import file_lock, leftovers
from designer.design.identifiers import words
from designer.errors import DesignerError
from designer.runs import links
from designer.runs.data_record import DataRecord, Location
from designer.runs.network import NetworkInfo
from designer.runs.origin import Origin
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Result
from designer.runs.states import State
from designer.storage import unwritable, write_atomically

if TYPE_CHECKING:
    from designer.recipe.recipe import Recipe


_T = TypeVar("_T")
_KEPT = re.compile(r"epoch-(0|[1-9][0-9]{0,8})\.pt")  # the name of a file of `RunFolder.kept`


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run. Nothing is cached: every answer comes from the files."""

    path: Path

    @property
    def design(self) -> Path:
        """The design at the start of the run."""
        return self.path / "design.json"

    @property
    def recipe_file(self) -> Path:
        """The recipe, with every setting."""
        return self.path / "recipe.json"

    @property
    def source_file(self) -> Path:
        """The Python module that is trained."""
        return self.path / "model.py"

    @property
    def network_file(self) -> Path:
        """Shapes and loss weights, a ``NetworkInfo``."""
        return self.path / "network.json"

    @property
    def data_file(self) -> Path:
        """What the run was trained on, a ``DataRecord``."""
        return self.path / "data.json"

    @property
    def examples_file(self) -> Path:
        """The examples of each part, with their hashes; see ``designer.data.identity``."""
        return self.path / "examples.npz"

    @property
    def location_file(self) -> Path:
        """Where the data are now, a ``Location``; absent unless they were moved."""
        return self.path / "location.json"

    @property
    def origin_file(self) -> Path:
        """Which run this one continues, an ``Origin``; absent if it began by itself."""
        return self.path / "origin.json"

    @property
    def environment(self) -> Path:
        """Versions, device and threads of the first worker; each event ``start`` has its own."""
        return self.path / "environment.json"

    @property
    def preprocessing_file(self) -> Path:
        """How images were preprocessed, a ``Preprocessing``."""
        return self.path / "preprocessing.json"

    @property
    def preprocessing_arrays(self) -> Path:
        """The arrays of a ``Preprocessing`` that has some."""
        return self.path / "preprocessing.npz"

    @property
    def events(self) -> Path:
        """The event log; see ``events.EventReader``."""
        return self.path / "events.jsonl"

    @property
    def layers(self) -> Path:
        """Statistics of the layers; see ``layer_statistics.MeasurementReader``."""
        return self.path / "layers.jsonl"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard event files; absent unless the recipe asks for them."""
        return self.path / "tensorboard"

    @property
    def control(self) -> Path:
        """The commands to the worker; see ``control.send``."""
        return self.path / "control.jsonl"

    @property
    def last(self) -> Path:
        """The newest checkpoint: everything that the next step depends on."""
        return self.path / "checkpoints" / "last.pt"

    @property
    def best(self) -> Path:
        """The weights of the epoch with the lowest validation loss."""
        return self.path / "checkpoints" / "best.pt"

    def kept(self, epoch: int) -> Path:
        """Return the file of the weights that were kept after an epoch; 0: before the first step.

        The recipe's setting ``keep_checkpoints`` says of which epochs there is one.
        """
        return self.last.with_name(f"epoch-{epoch}.pt")

    def kept_epochs(self) -> list[int]:
        """Return the epochs whose weights were kept, in ascending order."""
        try:
            names = os.listdir(self.last.parent)
        except OSError:
            return []
        found = (_KEPT.fullmatch(name) for name in names)
        return sorted([int(each[1]) for each in found if each])

    @property
    def evaluation(self) -> Path:
        """Predictions, confusion matrix and worst mistakes on the test part."""
        return self.path / "evaluation"

    @property
    def weights_report(self) -> Path:
        """Which initial weights were loaded, a ``weights_report.Report``; absent without any."""
        return self.path / "weights.json"

    @property
    def result_file(self) -> Path:
        """How the run ended; absent until it has."""
        return self.path / "result.json"

    @property
    def lock(self) -> Path:
        """Locked by the worker while it runs."""
        return self.path / "worker.lock"

    @property
    def heartbeat(self) -> Path:
        """When the worker last ran and made progress; see ``heartbeat.read``."""
        return self.path / "heartbeat.json"

    @property
    def log(self) -> Path:
        """The output of a detached worker."""
        return self.path / "worker.log"

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        design_json: bytes | str,
        source: str,
        recipe: "Recipe",
        network: NetworkInfo,
        fill: "Callable[[RunFolder], None] | None" = None,
    ) -> "RunFolder":
        """Create the folder of a run that is ready to train; a kill never leaves half of it.

        Parameters
        ----------
        path
            The folder, which is empty or does not exist.
        design_json, source, recipe, network
            The contents of its files.
        fill
            Writes further files into the folder that it is given, before that has its name.

        Raises
        ------
        DesignerError
            The folder is not empty or cannot be written.
        """
        try:
            if path.is_file():
                raise DesignerError(f"{path} is a file: choose a folder for the run.")
            if path.exists() and any(path.iterdir()):
                raise DesignerError(
                    f"{path} is not empty: choose another folder for the run, or resume it."
                )
            target = Path(os.path.realpath(path))
            leftovers.remove(target.parent)
            run = cls(target.with_name(leftovers.temporary_name()))
            try:
                for folder in (run.last.parent, run.evaluation):
                    folder.mkdir(parents=True)
                design = design_json.encode() if isinstance(design_json, str) else design_json
                write_atomically(run.design, design)
                write_atomically(run.source_file, source.encode())
                write_atomically(run.network_file, msgspec.json.encode(network) + b"\n")
                write_atomically(run.recipe_file, recipe.to_json())
                if fill is not None:
                    fill(run)
                if target.exists():
                    target.rmdir()
                run.path.rename(target)
            except BaseException:
                shutil.rmtree(run.path, ignore_errors=True)
                raise
        except OSError as error:
            raise unwritable(path, error) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return the run in a folder.

        Raises
        ------
        DesignerError
            The folder is missing, is not a run, or holds a pipe or a link that leads out of it.
        """
        run = cls(path)
        if not path.is_dir():
            raise DesignerError(
                f"There is no run folder {path}: check the path, or begin a new run."
            )
        links.refuse(path)
        for file in (run.recipe_file, run.source_file, run.network_file):
            if not file.is_file():
                raise DesignerError(
                    f"{path} is not a complete run folder, as {file.name} is missing: "
                    "choose another folder, or begin a new run."
                )
        return run

    def recipe(self) -> "Recipe":
        """Read the recipe; raise DesignerError if it is damaged."""
        from designer.recipe.reading import read_recipe

        return read_recipe(self.recipe_file)

    def network(self) -> NetworkInfo:
        """Read the network's shapes and loss weights; raise DesignerError if damaged."""
        return _read(self.network_file, NetworkInfo)

    def preprocessing(self) -> Preprocessing:
        """Read how images were preprocessed.

        Raises
        ------
        DesignerError
            It is damaged, not yet written, or not that of the run's network and data.
        """
        found = _read(self.preprocessing_file, Preprocessing)
        if found.arrays:
            try:
                found = found.with_arrays(_content(self.preprocessing_arrays))
            except (OSError, ValueError) as error:
                raise _unreadable(self.preprocessing_arrays, error) from error
        network, record = self.network(), self.data()
        outputs = {math.prod(output.shape) for output in network.outputs}
        if (
            found.input != network.input
            or [(each.name, each.shape) for each in found.inputs]
            != [(each.name, each.shape) for each in network.inputs]
            or (found.classes and outputs != {len(found.classes)})
            or (record is not None and found.classes != record.classes)
        ):
            raise self.preprocessing_misfits()
        return found

    def preprocessing_misfits(self) -> DesignerError:
        """Return the error for a preprocessing that is not that of the run."""
        return DesignerError(
            f"{self.preprocessing_file} does not fit the network and the classes of the run: "
            "restore the file, or begin a new run."
        )

    def no_checkpoint(self) -> DesignerError:
        """Return the error for a run whose weights are asked for before there are any."""
        return DesignerError(
            f"{self.path.name} has no checkpoint yet: a training writes one at the end of its "
            "first epoch."
        )

    def data(self) -> DataRecord | None:
        """Read what the run was trained on; raise DesignerError if damaged.

        None before the first step, and for runs of the version that did not record it.
        """
        return _read(self.data_file, DataRecord) if self.data_file.exists() else None

    def data_source(self) -> str:
        """Return where the data of the run are; raise DesignerError if a file is damaged."""
        if self.location_file.exists():
            return _read(self.location_file, Location).source
        return self.recipe().data.source

    def origin(self) -> Origin | None:
        """Read which run this one continues, None if none; raise DesignerError if damaged."""
        return _read(self.origin_file, Origin) if self.origin_file.exists() else None

    def source(self) -> str:
        """Read the source of the network; raise DesignerError if it cannot be read."""
        try:
            return _content(self.source_file).decode().replace("\r\n", "\n")
        except (OSError, ValueError) as error:
            raise _unreadable(self.source_file, error) from error

    def result(self) -> Result | None:
        """Read how the run ended, None if it has not; raise DesignerError if damaged."""
        if not self.result_file.exists():
            return None
        remedy = "remove the file and resume the run, whose checkpoint is kept"
        return _read(self.result_file, Result, remedy)

    def worker(self) -> int | None:
        """Return the process number of the worker that trains this run, None if there is none."""
        return file_lock.holder(self.lock)

    def state(self) -> State:
        """Return ``running`` while a worker trains the run, else how it ended or was interrupted.

        Raises
        ------
        DesignerError
            ``result.json`` is damaged, or a link leads out of the folder.
        """
        links.refuse(self.path)
        if self.worker() is not None:
            return "running"
        if (result := self.result()) is not None:
            return result.status
        return "interrupted" if self.events.exists() else "new"


def default_path(root: Path, name: str, *, now: datetime | None = None) -> Path:
    """Return an unused path under ``root``, such as ``2026-11-21-1405-lenet5``."""
    word = "".join(words(name.lower())) or "network"
    word = word.encode()[:60].decode(errors="ignore")  # the name of a folder has 255 bytes at most
    stem = f"{now or datetime.now():%Y-%m-%d-%H%M}-{word}"
    path = root / stem
    number = 2
    while path.exists():
        path = root / f"{stem}-{number}"
        number += 1
    return path


def list_runs(root: Path) -> list[RunFolder]:
    """Return the runs under ``root``, the newest first; other folders are skipped."""
    try:
        entries = list(os.scandir(root))
    except OSError:
        return []
    found: list[tuple[int, RunFolder]] = []
    for entry in entries:
        run = RunFolder(Path(entry.path))
        # Another user's folder, or one that is deleted meanwhile, does not hide the others.
        with suppress(OSError):
            if not leftovers.is_one(entry.name):  # being made now
                state = run.recipe_file.stat()
                if stat.S_ISREG(state.st_mode):
                    found.append((state.st_mtime_ns, run))
    return [run for _, run in sorted(found, key=lambda each: each[0], reverse=True)]


_RESTORE = "restore the file, or begin a new run"


_MOST_BYTES = 64 * 2**20  # of a file of a run that is read as a whole


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES // 2**20} MiB")
    return data


def _read(path: Path, kind: type[_T], remedy: str = _RESTORE) -> _T:
    try:
        return msgspec.json.decode(_content(path), type=kind)
    except RecursionError as error:
        raise _unreadable(path, ValueError("it is nested too deeply"), remedy) from error
    # What msgspec raises, and damaged UTF-8, are kinds of ValueError.
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, remedy) from error


def _unreadable(path: Path, error: Exception, remedy: str = _RESTORE) -> DesignerError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DesignerError(f"{path} cannot be read ({reason}): {remedy}.")
