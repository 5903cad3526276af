"""Looking at every example of a data set: which can be read, how large they are, which are equal.

What was found of a picture file is remembered while the program runs, by the file's size and time,
so that a data set that is opened again is looked at in no time, and a mended file is noticed.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from designer.data.columns import PictureColumn, evenly
from designer.data.dataset import DataSet
from designer.data.decoding.budget import cores
from designer.data.decoding.decoders import Decoders
from designer.data.decoding.tasks import Answer, Array, Job, Task
from designer.data.files import Files, FilesBelow
from designer.data.findings import LeftOut
from designer.data.parts import Part
from designer.data.pictures import BrokenPicture, Levels, PictureForm, decode, picture_facts
from designer.data.source import source_of
from designer.errors import DesignerError

FACTS = np.dtype(
    [
        ("digest", "<u8"),
        ("height", "<u4"),
        ("width", "<u4"),
        ("channels", "<u4"),
        ("readable", "<u4"),
    ]
)
"""What is known of an example: a hash of its content, and of pictures the size in pixels."""

_ROW = (1, 1, FACTS.itemsize)  # facts as a row of the memory that decoders fill
_TASK = 16  # pictures that a decoder is given at once
_LITTLE = 2**23  # bytes of pictures for which no processes are started
_WAIT = 0.1  # seconds between two looks whether the user has canceled
_REMEMBERED = 4  # data sets
_SMALL = 32  # pixels: decoding a picture to this size reads all of its file, but fast
_DEEP = (
    "it has more than 8 bits of gray, unlike the pictures of the data set that were looked at first"
)
_ENDS = "it ended the process that decoded it, perhaps because memory ran out"

_Stamp = tuple[int, int]
_Indices = NDArray[np.int64]
_Found = tuple[bytes, str]  # the facts as bytes, and why a picture cannot be read


class Canceled(Exception):  # noqa: N818 - no fault: the user wanted it
    """The user canceled an inspection; what was found so far is remembered."""


class Sizes(NamedTuple):
    """The sizes of all pictures that can be read, int64 (n,) each."""

    heights: _Indices
    widths: _Indices
    channels: _Indices


@dataclass(frozen=True, eq=False)
class PartFacts:
    """What is known of the examples of one part of a data set.

    Attributes
    ----------
    indices
        Which of its examples were looked at, ascending, int64 (n,).
    facts
        `FACTS` (n,).
    names
        What `data.skip` calls each of the part's pictures; None for examples without names.
    """

    indices: _Indices
    facts: NDArray[Any]
    names: tuple[str, ...] | None

    def name(self, index: int) -> str:
        """Return what a sentence calls an example of the part."""
        return f"number {index + 1:,}" if self.names is None else self.names[index]


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a look at the examples of a data set found.

    Attributes
    ----------
    parts
        The facts of each part that the data set is stored in.
    broken
        Pictures that cannot be read, by the names that `data.skip` takes.
    total
        The number of all examples.
    """

    parts: Mapping[str, PartFacts]
    broken: tuple[LeftOut, ...]
    total: int

    @property
    def looked_at(self) -> int:
        """How many examples were looked at."""
        return sum(len(part.indices) for part in self.parts.values())

    @property
    def complete(self) -> bool:
        """Whether all examples were looked at."""
        return self.looked_at == self.total

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of all pictures that can be read."""
        facts = np.concatenate([part.facts for part in self.parts.values()])
        pictures = facts[(facts["readable"] > 0) & (facts["height"] > 0)]
        return Sizes(*(pictures[name].astype(np.int64) for name in ("height", "width", "channels")))


def inspect(
    data: DataSet,
    *,
    most: int | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
    canceled: Callable[[], bool] = lambda: False,
) -> Inspection:
    """Look at the examples of a data set; each picture file is decoded once.

    Parameters
    ----------
    data
        The data set.
    most
        How many picture files are looked at, evenly spaced; None for all. Examples in memory are
        all looked at, which is fast.
    processes
        How many processes decode; None for as many as there are cores if there are many pictures.
    progress
        Called on this thread some times a second with the examples done and all to be done.
    canceled
        Asked as often; True ends the inspection.

    Raises
    ------
    Canceled
        `canceled` returned True.
    DesignerError
        Processes that decode pictures cannot be started, or end without having worked.
    """
    total = sum(len(part) for part in data.parts.values())
    chosen = {
        name: evenly(len(part), _share(part, total, most)) for name, part in data.parts.items()
    }
    parts: dict[str, PartFacts] = {}
    broken: list[LeftOut] = []
    aim = sum(map(len, chosen.values()))
    done = 0
    for name, part in data.parts.items():
        indices, column = chosen[name], _pictures(part)
        reasons: dict[int, str] = {}
        if column is None:
            facts = _facts_in_memory(part)
        else:
            facts, reasons = _facts_of_files(
                column,
                indices,
                path=data.path,
                processes=processes,
                progress=partial(_report, progress, done, aim),
                canceled=canceled,
            )
        names = None if column is None else _names_to_skip(column, data.path)
        parts[name] = PartFacts(indices, facts, names)
        broken += [LeftOut(parts[name].name(index), why) for index, why in reasons.items()]
        done += len(indices)
        progress(done, aim)
    return Inspection(parts, tuple(broken), total)


def _report(progress: Callable[[int, int], object], before: int, aim: int, done: int) -> None:
    progress(before + done, aim)


def readable(
    files: Files, names: Sequence[str], levels: Levels | None = None
) -> dict[str, np.uint64]:
    """Return which of some pictures can be read, with the hash of the content of each."""
    found = {}
    examined = Examined(PictureColumn(files, tuple(names), levels))
    row = np.zeros(_ROW, np.uint8)
    for index, name in enumerate(names):
        try:
            examined.decode_into(row, examined.content(index), index)
        except DesignerError:
            continue
        found[name] = row.reshape(-1).view(FACTS)["digest"][0]
    return found


# Examples in memory


def _pictures(part: Part) -> PictureColumn | None:
    """Return the pictures of a part, if its only input is a column of picture files."""
    columns = tuple(part.inputs.values())
    return columns[0] if len(columns) == 1 and isinstance(columns[0], PictureColumn) else None


def _share(part: Part, total: int, most: int | None) -> int:
    """Return how many examples of a part are looked at."""
    if most is None or most >= total or _pictures(part) is None:
        return len(part)
    return max(1, len(part) * most // total)


def _facts_in_memory(part: Part) -> NDArray[Any]:
    facts = np.zeros(len(part), FACTS)
    facts["readable"] = 1
    facts["digest"] = replace(part, targets={}).digests(np.arange(len(part)))
    shapes = [shape for column in part.inputs.values() for shape in column.shapes()]
    if part.pictures:
        facts["height"], facts["width"], facts["channels"] = shapes[0]
    return facts


# Picture files


@dataclass(frozen=True)
class Examined:
    """Picture files whose facts decoders find out; see `tasks.Pictures`."""

    column: PictureColumn

    def __len__(self) -> int:
        return len(self.column)

    def name(self, index: int) -> str:
        return self.column.files.where(self.column.names[index])

    def content(self, index: int) -> bytes:
        try:
            return self.column.content(index)
        except BrokenPicture:
            raise
        except DesignerError as error:
            cause = error.__cause__
            reason = cause.strerror if isinstance(cause, OSError) else None
            raise BrokenPicture(self.name(index), reason or str(error)) from error

    def decode_into(self, row: Array, content: bytes, index: int) -> None:
        """Write the facts of a picture into a row of bytes.

        Raises
        ------
        BrokenPicture
            It cannot be read.
        """
        name, levels = self.name(index), self.column.levels
        facts = picture_facts(content, name)
        if facts.deep and levels is None:
            raise BrokenPicture(name, _DEEP)
        form = PictureForm(facts.channels, _SMALL, _SMALL, "stretch")
        decode(content, name, form, levels=levels)
        digest = hashlib.blake2b(content, digest_size=8).digest()
        found = (
            int.from_bytes(digest, "little"), facts.height, facts.width, facts.channels, 1
        )  # fmt: skip
        row.reshape(-1).view(FACTS)[0] = found


class _Feeder:
    """Gives decoders the pictures to look at, in their order; see `decoders.Feeder`.

    Attributes
    ----------
    begun
        How many of the places were given to decoders.
    finished
        The places that are done.
    errors
        Why the pictures of some of them cannot be read.
    """

    def __init__(self, job: Job, indices: _Indices, places: Sequence[int], *, task: int) -> None:
        self.job = job
        self.begun = 0
        self.finished: list[int] = []
        self.errors: dict[int, Exception] = {}
        self._indices = indices
        self._places = places
        self._task = task

    def next_task(self) -> Task | None:
        places = tuple(self._places[self.begun : self.begun + self._task])
        self.begun += len(places)
        if not places:
            return None
        return Task(self.job.number, tuple(self._indices[list(places)].tolist()), places)

    def done(self, task: Task, answer: Answer) -> None:
        self.finished += task.rows
        for position, error in answer.errors.items():
            self.errors[task.rows[position]] = error


_remembered: OrderedDict[Path, dict[str, tuple[_Stamp, _Found]]] = OrderedDict()


def _facts_of_files(
    column: PictureColumn,
    indices: _Indices,
    *,
    path: Path,
    processes: int | None,
    progress: Callable[[int], object],
    canceled: Callable[[], bool],
) -> tuple[NDArray[Any], dict[int, str]]:
    """Return the facts of some pictures, and why each broken one cannot be read, by its index."""
    known = _remembered.setdefault(path, {})
    _remembered.move_to_end(path)
    while len(_remembered) > _REMEMBERED:
        _remembered.popitem(last=False)
    keys = [column.files.where(column.names[index]) for index in indices.tolist()]
    stamps = _stamps(column.files, keys)
    facts = np.zeros(len(indices), FACTS)
    reasons: dict[int, str] = {}
    unknown: list[int] = []
    for position, (key, stamp) in enumerate(zip(keys, stamps, strict=True)):
        before = known.get(key)
        if before is None or before[0] != stamp:
            unknown.append(position)
            continue
        content, reason = before[1]
        facts[position] = np.frombuffer(content, FACTS)[0]
        if reason:
            reasons[int(indices[position])] = reason
    ready = len(indices) - len(unknown)

    def take(positions: Sequence[int], rows: Array, errors: Mapping[int, Exception]) -> None:
        for place in positions:
            position = unknown[place]
            error, row = errors.get(place), rows[place].reshape(-1)
            reason = "" if error is None else str(getattr(error, "reason", error))
            if reason:
                row[:] = 0
                reasons[int(indices[position])] = reason
            facts[position] = row.view(FACTS)[0]
            stamp = stamps[position]
            if stamp is not None:
                known[keys[position]] = stamp, (row.tobytes(), reason)

    if unknown:
        _decode(
            Examined(column),
            indices[unknown],
            processes=_processes(column, indices[unknown]) if processes is None else processes,
            take=take,
            progress=lambda done: progress(ready + done),
            canceled=canceled,
        )
    return facts, dict(sorted(reasons.items()))


def _processes(column: PictureColumn, indices: _Indices) -> int:
    """Return how many processes look at some pictures; 0 for a thread of this one."""
    size = 0
    for index in indices.tolist():
        try:
            size += column.files.size(column.names[index])
        except DesignerError:  # told when it is read
            continue
        if size > _LITTLE:
            return cores()
    return 0


_Take = Callable[[Sequence[int], Array, Mapping[int, Exception]], None]


def _decode(
    pictures: Examined,
    indices: _Indices,
    *,
    processes: int,
    take: _Take,
    progress: Callable[[int], object],
    canceled: Callable[[], bool],
) -> None:
    """Let decoders look at pictures; `take` gets each that is done, on this thread.

    If a process ends, the pictures that were at hand are looked at one by one, so that the one that
    ended it is known; it counts as broken.
    """
    rest, suspects = list(range(len(indices))), list[int]()
    while rest or suspects:
        places = suspects or rest
        before = len(indices) - len(rest) - len(suspects)
        feeder, failure = _look(
            pictures,
            indices,
            places,
            processes=1 if suspects else processes,
            task=1 if suspects else _TASK,
            take=take,
            progress=partial(_add, progress, before),
            canceled=canceled,
        )
        finished = frozenset(feeder.finished)
        left = [place for place in places[: feeder.begun] if place not in finished]
        if failure is not None and not left:
            raise failure
        if suspects:
            suspects = [place for place in suspects if place not in finished]
            if failure is not None:
                name = pictures.name(int(indices[left[0]]))
                nothing = np.zeros((left[0] + 1, *_ROW), np.uint8)
                take(left[:1], nothing, {left[0]: BrokenPicture(name, _ENDS)})
                suspects.remove(left[0])
        else:
            rest, suspects = rest[feeder.begun :], left


def _look(
    pictures: Examined,
    indices: _Indices,
    places: Sequence[int],
    *,
    processes: int,
    task: int,
    take: _Take,
    progress: Callable[[int], object],
    canceled: Callable[[], bool],
) -> tuple[_Feeder, DesignerError | None]:
    """Let new decoders look at the pictures in some places, until one of them ends."""
    with Decoders(processes) as decoders:
        region, rows = decoders.rows(len(indices), shape=_ROW, dtype="uint8")
        job = Job(decoders.new_job(), pictures, region, _ROW, "uint8", None)
        feeder = _Feeder(job, indices, places, task=task)
        decoders.begin(feeder)
        taken = 0
        while taken < len(places):
            with decoders.changed:
                if len(feeder.finished) == taken and decoders.failure is None:
                    decoders.changed.wait(_WAIT)
                finished, failure = feeder.finished[taken:], decoders.failure
                errors = dict(feeder.errors)
            take(finished, rows, errors)
            taken += len(finished)
            progress(taken)
            if canceled():
                raise Canceled
            if failure is not None:
                return feeder, failure
        return feeder, None


def _add(progress: Callable[[int], object], before: int, done: int) -> None:
    progress(before + done)


def _stamps(files: Files, keys: Sequence[str]) -> list[_Stamp | None]:
    """Return what changes when a file is changed; None where that cannot be found out."""
    if not files.path.is_dir():
        return [_stamp(str(files.path))] * len(keys)
    return [_stamp(key) for key in keys]


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def skip_base(column: PictureColumn, path: Path) -> tuple[Files, str]:
    """Return the files among which `data.skip` names pictures, and the prefix of a column's names.

    Parameters
    ----------
    column
        Pictures of a data set.
    path
        Where the data set is.
    """
    root = source_of(path).files
    files, prefix = column.files, ""
    while isinstance(files, FilesBelow) and files != root:
        prefix = f"{files.folder}/{prefix}"
        files = files.files
    return files, prefix


def _names_to_skip(column: PictureColumn, path: Path) -> tuple[str, ...]:
    """Return what `data.skip` calls each picture: its path within the data set."""
    _, prefix = skip_base(column, path)
    return tuple([prefix + name for name in column.names]) if prefix else column.names
