"""Damaged files of every kind, each read as the program reads it.

A file is *refused* with a sentence, or *equal* to the undamaged one, or holds another *valid* value
where its format cannot know better. It must not be *raw* (another exception, or a hang) nor, for
checkpoints and weights, *silent*: read with other values.
"""

import collections
import contextlib
import io
import random
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import numpy as np
import torch

from designer import preferences
from designer.analysis.analysis import analyze
from designer.cli.curves import draw_curves
from designer.design import files
from designer.engine import checkpoint, export, weights
from designer.engine.loop import Loop
from designer.engine.preparation import prepare
from designer.engine.training import train
from designer.errors import DesignerError
from designer.gui.documents import backup
from designer.gui.evaluation import contents
from designer.gui.evaluation.view import title_of
from designer.gui.worker.history import History
from designer.layers.own import layer_type
from designer.recipe.reading import recipe_from_json
from designer.recipe.stored import load as load_stored
from designer.reports import reading
from designer.reports.html import html
from designer.reports.markdown import markdown
from designer.reports.sections import sections
from designer.runs import control, heartbeat
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.heartbeat import Heart
from designer.runs.queue import Queue
from designer.runs.survey import summarize
from tests.engine.samples import TINY, create, tiny_recipe, write_data
from tests.hostile import foreign
from tests.hostile.mutations import HUGE, WRONG, damaged_bytes, damaged_json
from tests.own_code import GATE

SECONDS = 30  # until reading a file counts as a hang

Read = Callable[[random.Random], tuple[bytes, Any]]
"""Damage a file and read it; returns what is shown of a failure, and what was read."""


class Kind:
    """A kind of file: the value of the undamaged one, and how a damaged one is made and read.

    Attributes
    ----------
    silent_is_bad
        Whether a file that is read with other values is a failure.
    never_refused
        Whether the program goes on without the damaged parts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.whole: Any = None

    silent_is_bad = False
    never_refused = False

    def read(self, random_: random.Random) -> Any:
        """Write a damaged file and read it."""
        raise NotImplementedError


class Design(Kind):
    """Design files, with a data set and a recipe in them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = files.dumps(TINY).encode()
        self.whole = TINY

    def read(self, random_: random.Random) -> Any:
        path = self.folder / "design.json"
        path.write_bytes(damaged_json(self.data, random_))
        loaded = files.load(path)
        with contextlib.suppress(DesignerError):
            load_stored(loaded.training, path)
        with contextlib.suppress(DesignerError):
            analyze(loaded.design)
        return loaded.design


class RecipeFile(Kind):
    """Recipes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        recipe = tiny_recipe(folder / "data.npz", gradient_clipping=1.0, data__limit=50)
        self.data, self.whole = recipe.to_json(), recipe

    def read(self, random_: random.Random) -> Any:
        return recipe_from_json(damaged_json(self.data, random_))


class OfRun(Kind):
    """Kinds that damage one file of a trained run, in a copy of it."""

    names: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.original = trained(folder)
        self.run = RunFolder(folder / type(self).__name__)
        shutil.copytree(self.original.path, self.run.path)
        self.files = [self.run.path / name for name in self.names]
        self.files = [path for path in self.files if path.exists()]
        self.contents = {path: path.read_bytes() for path in self.files}
        self.whole = self.value()

    def damaged(self, data: bytes, random_: random.Random) -> bytes:
        """Return the damaged content of a file."""
        return damaged_json(data, random_)

    def read(self, random_: random.Random) -> Any:
        path = random_.choice(self.files)
        path.write_bytes(self.damaged(self.contents[path], random_))
        try:
            return self.value()
        finally:
            path.write_bytes(self.contents[path])

    def value(self) -> Any:
        """Return all that the program reads of the damaged files."""
        raise NotImplementedError


class Run(OfRun):
    """The JSON files of a run, as resume, export, the list of runs and the panel read them."""

    names = (
        "recipe.json", "network.json", "preprocessing.json", "result.json", "data.json",
        "environment.json", "worker.lock", "heartbeat.json", "control.jsonl", "design.json",
        "model.py", "origin.json",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        run = trained(folder)
        control.send(run.control, "set_lr", value=0.01)
        super().__init__(folder)
        (self.run.path / "worker.lock").write_bytes(b'{"pid": 1, "started": "x"}')

    def value(self) -> Any:
        run = self.run
        summarize(run)
        heartbeat.sentence(heartbeat.read(run))
        control.ControlReader(run.control).poll()
        RunFolder.open(run.path)
        values = (
            run.state(), run.recipe(), run.network(), run.preprocessing(), run.result(),
            run.data(), run.origin(), run.source(), files.read(run.design),
        )  # fmt: skip
        export.of_run(run)
        with contextlib.ExitStack() as closing:
            prepare(run, closing)
        return values


class Events(OfRun):
    """Event logs, as the panel, the curves and the list of runs read them."""

    names = ("events.jsonl",)

    def value(self) -> Any:
        summarize(self.run)
        events = read_events(self.run.events)
        history = History()
        history.add(events)
        history.at_epochs(history.steps)
        _ = history.total_steps
        with contextlib.suppress(DesignerError):
            draw_curves(events, title="run")
        return events


class EvaluationFiles(OfRun):
    """The evaluation of a run and its log, as reports and the window read them."""

    names = (
        "evaluation/evaluation.json", "evaluation/mistakes.json", "evaluation/mistakes.npz",
        "evaluation/predictions.npz", "events.jsonl", "environment.json",
    )  # fmt: skip

    def damaged(self, data: bytes, random_: random.Random) -> bytes:
        if data.startswith(b"PK"):
            return damaged_bytes(data, random_)
        return damaged_json(data, random_)

    def value(self) -> Any:
        report = reading.read(self.run)
        found = sections(report)
        shown = contents.read(self.run)
        worst = [(shown.sentence(i), shown.caption(i)) for i in shown.wrong.tolist()]
        return html(report, found), markdown(report, found), title_of(shown), worst


class Checkpoint(OfRun):
    """Checkpoints whose bytes are damaged: each must be refused or give the same values."""

    names = ("checkpoints/last.pt", "checkpoints/best.pt")
    silent_is_bad = True

    def damaged(self, data: bytes, random_: random.Random) -> bytes:
        return damaged_bytes(data, random_)

    def value(self) -> Any:
        source = self.run.source()
        last = checkpoint.load(self.run.last, source=source, resume=True)
        best = checkpoint.load(self.run.best, source=source)
        initial = weights.read(str(self.run.path))
        return flat([last, best, dict(initial.tensors)])


class Content(OfRun):
    """Checkpoints whose content was changed by hand and saved with a right checksum."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with contextlib.ExitStack() as closing:
            self.prepared = prepare(self.run, closing)
        self.content = checkpoint.load(self.run.last, source=self.run.source(), resume=True)

    def value(self) -> Any:
        return None

    def read(self, random_: random.Random) -> Any:
        content = copied(self.content)
        holder, key = random_.choice(list(positions(content)))
        match random_.randrange(4):
            case 0:
                if isinstance(holder, dict):
                    del holder[key]
            case 1:
                holder[key] = random_.choice(HUGE)
            case 2:
                holder[key] = random_.choice((*WRONG, torch.zeros(3), torch.zeros(2, 2).int()))
            case 3:
                value = holder[key]
                holder[key] = float("nan") if isinstance(value, int | float) else [value]
        path = self.run.last
        held = {k: v for k, v in content.items() if k not in ("format", "source", "checksum")}
        checkpoint.save(path, held, source=self.run.source())
        loaded = checkpoint.load(path, source=self.run.source(), resume=True)
        with Heart(None) as heart:
            loop = Loop(self.prepared, self.run, _never(), heart)
            loop.restore(loaded)
        return flat(loaded)


class Weights(Kind):
    """Exported weights that are loaded as initial weights."""

    silent_is_bad = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        model = export.of_design(TINY)
        self.files = [folder / f"weights{ending}" for ending in (".pt", ".safetensors")]
        for path in self.files:
            weights.save(model.network, path, TINY, about=model.about)
        self.contents = [path.read_bytes() for path in self.files]
        self.whole = flat(dict(sorted(weights.read(str(self.files[0])).tensors.items())))

    def read(self, random_: random.Random) -> Any:
        at = random_.randrange(len(self.files))
        self.files[at].write_bytes(damaged_bytes(self.contents[at], random_))
        return flat(dict(sorted(weights.read(str(self.files[at])).tensors.items())))


class PreferencesFile(Kind):
    """Preferences: what cannot be used is replaced by its default, the rest stays."""

    never_refused = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.whole = preferences.Preferences(
            recent=["/a.json", "/b.json"], theme="dark", runs_folder=str(folder)
        )
        self.data = msgspec.json.encode(self.whole)

    def read(self, random_: random.Random) -> Any:
        path = self.folder / "preferences.json"
        path.write_bytes(damaged_json(self.data, random_))
        with patch.object(preferences, "path", lambda: path):
            found = preferences.load()
            preferences.store(found)
            return preferences.load()


class QueueFile(Kind):
    """The trainings that wait: a damaged file is set aside with a sentence."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.queue = Queue(folder / "queue")
        self.queue.folder.mkdir(exist_ok=True)
        for name in ("first", "second", "third"):
            self.queue.add(folder / name, resume=name == "second")
        self.whole = self.queue.hold(True)
        self.data = self.queue.file.read_bytes()

    def read(self, random_: random.Random) -> Any:
        self.queue.file.write_bytes(damaged_json(self.data, random_))
        state = self.queue.read()
        self.queue.move(self.folder / "third", 0)
        self.queue.remove([self.folder / "first"])
        return state


class BackupFile(Kind):
    """Backups of designs that were not saved."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        recipe = tiny_recipe(folder / "data.npz")
        whole = backup.Backup(files.dumps(TINY), str(folder / "a.json"), "lenet5", recipe, "digest")
        self.data = msgspec.json.encode(whole)
        self.whole = (whole, TINY)

    def read(self, random_: random.Random) -> Any:
        path = self.folder / "backup.json"
        path.write_bytes(damaged_json(self.data, random_))
        return backup.read(path)


class CodeText(Kind):
    """The Python text of a design's own layer type, which is read and not run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.whole = self._settings(GATE)

    def read(self, random_: random.Random) -> Any:
        text = damaged_bytes(GATE.encode(), random_).decode(errors="replace")
        return self._settings(text)

    @staticmethod
    def _settings(text: str) -> Any:
        kind = layer_type("Gate", text)
        if kind.fault is not None:
            raise DesignerError(str(kind.fault))
        return {name: each.default for name, each in kind.parameters.items()}


class Foreign(Kind):
    """Networks from elsewhere, opened with their weights."""

    format: foreign.Format

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / f"network{self.format.suffix}"
        self.format.write(self.path)
        self.data = self.path.read_bytes()
        self.whole = foreign.opened(self.path, folder / "weights.safetensors")

    def read(self, random_: random.Random) -> Any:
        self.path.write_bytes(self.format.damage(self.data, random_))
        return foreign.opened(self.path, self.folder / "weights.safetensors")


KINDS: dict[str, type[Kind]] = {
    "design": Design,
    "recipe": RecipeFile,
    "run": Run,
    "events": Events,
    "evaluation": EvaluationFiles,
    "checkpoint": Checkpoint,
    "content": Content,
    "weights": Weights,
    "preferences": PreferencesFile,
    "queue": QueueFile,
    "backup": BackupFile,
    "code": CodeText,
    **{name: type(name, (Foreign,), {"format": each}) for name, each in foreign.FORMATS.items()},
}


def trained(folder: Path) -> RunFolder:
    """Return a short finished run, trained once for all kinds."""
    run = RunFolder(folder / "trained")
    if not run.path.exists():
        data = write_data(folder / "data.npz", images=60)
        create(run.path, tiny_recipe(data, epochs=2, schedule__name="reduce_on_plateau"))
        train(run)
    return run


def _never() -> Any:
    import threading

    return threading.Event()


def copied(value: Any) -> Any:
    """Return a copy of nested dicts and lists; tensors and tuples are shared."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def positions(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in a value with each of its keys; of long lists only the first."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(min(3, len(value))):
            yield value, key
            yield from positions(value[key])


def flat(value: Any) -> Any:
    """Return a value that can be compared by ``==``, tensors as their bytes."""
    if isinstance(value, torch.Tensor):
        array = value.detach().contiguous().flatten().view(torch.uint8).numpy()
        return (str(value.dtype), tuple(value.shape), array.tobytes())
    if isinstance(value, dict):
        return {key: flat(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [flat(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return value


class Hang(BaseException):
    """Reading a file took too long."""


def _alarm(*_: object) -> None:
    raise Hang


def outcome(kind: Kind, random_: random.Random) -> tuple[str, str]:
    """Damage and read one file; return the outcome and, for a bad one, what happened."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _alarm)
        signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            value = kind.read(random_)
    except DesignerError as error:
        sentence = str(error)
        raw = [word for word in ("Traceback", "object at 0x", "Error(") if word in sentence]
        return ("raw", sentence) if raw else ("refused", sentence)
    except (Exception, Hang):
        return "raw", traceback.format_exc(limit=-4)
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)
    if same(value, kind.whole):
        return "equal", ""
    return ("silent", "read with other values") if kind.silent_is_bad else ("valid", "")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, NaN equal to itself."""
    return bool(one == other) or msgspec_text(one) == msgspec_text(other)


def msgspec_text(value: Any) -> str:
    """Return a value as text."""
    try:
        return msgspec.json.encode(value).decode(errors="replace")
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        return repr(value)


def run_kind(
    name: str, folder: Path, count: int, seed: int
) -> tuple[collections.Counter[str], list[tuple[int, str, str]]]:
    """Damage so many files of a kind; return how many had each outcome, and the bad ones."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    kind = KINDS[name](folder)
    counter: collections.Counter[str] = collections.Counter()
    bad = []
    for number in range(count):
        # A generator for each, so that a failure can be repeated by its number.
        what, shown = outcome(kind, random.Random(f"{name} {seed} {number}"))
        counter[what] += 1
        if what in ("raw", "silent"):
            bad.append((number, what, shown))
    return counter, bad


def report(folder: Path, count: int, seed: int, only: str | None) -> int:
    """Print a table of all kinds and the first failures of each; return the number of failures."""
    failures = 0
    for name in KINDS if only is None else [only]:
        counter, bad = run_kind(name, folder, count, seed)
        row = ", ".join(f"{number} {what}" for what, number in counter.most_common())
        sys.stdout.write(f"{name:<11} {count} files: {row}\n")
        seen: set[str] = set()
        for number, what, shown in bad:
            key = shown[-300:]
            if key not in seen and len(seen) < 12:
                sys.stdout.write(f"  {what} at {number}: {shown}\n")
            seen.add(key)
        sys.stdout.flush()
        failures += len(bad)
    return failures
