"""The requests by which a network is looked into: a table that the worker process serves.

A row gets the request and a `Job`, by which it says how far it is and learns that nobody waits for
its answer any more. What it returns is the answer: plain values, and arrays, which reach the other
process through shared memory (`designer.shared_arrays`). To add a kind of question, write a
function and add a row to `REQUESTS`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import torch

from designer.engine import device as devices
from designer.engine.canceled import Canceled
from designer.engine.inspect import (
    channels,
    continuation,
    ensembles,
    evaluating,
    explain,
    filters,
    maps,
    measuring,
    prediction,
    timing,
)
from designer.engine.inspect.subject import Loaded, load
from designer.engine.rate_range import rate_range
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.runs.ensembles import Ensemble
from designer.runs.inspection import Picture, Subject, design_of, recipe_of
from designer.runs.rate_range import bounds
from designer.runs.result import Count
from designer.shared_arrays import Arrays

Request = Mapping[str, Any]
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Job:
    """The work on one request.

    Attributes
    ----------
    report
        Tells the other process which share is done, from 0 to 1.
    canceled
        Returns whether nobody waits for the answer any more.
    """

    report: Callable[[float], None] = lambda _: None
    canceled: Callable[[], bool] = lambda: False

    def progress(self, share: float) -> None:
        """Say how far the work is, from 0 to 1; call it often.

        Raises
        ------
        Canceled
            The work is to end here.
        """
        if self.canceled():
            raise Canceled
        self.report(share)


@dataclass(frozen=True)
class Answer:
    """What a request gives: values for JSON, and arrays by name."""

    fields: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)


def subject_of(request: Request) -> Loaded:
    """Return the network of a request: its ``subject``, on its ``device``."""
    return load(_converted(request, "subject", Subject), device=request.get("device", "auto"))


def pictures_of(request: Request) -> list[Picture]:
    """Return the ``pictures`` of a request."""
    return _converted(request, "pictures", list[Picture])


def _converted(request: Request, name: str, kind: type[_Kind]) -> _Kind:
    """Return a field of a request as a value of a type."""
    try:
        return msgspec.convert(request.get(name), kind)
    except msgspec.ValidationError as error:
        raise DesignerError(f"The request's {name} cannot be read: {error}.") from error


def picture_of(request: Request) -> Picture:
    """Return the one of the ``pictures`` of a request.

    Raises
    ------
    DesignerError
        There is none.
    """
    found = pictures_of(request)
    if not found:
        raise DesignerError("There is no picture: choose one.")
    return found[0]


def _predict(request: Request, job: Job) -> Answer:
    loaded = subject_of(request)
    found, arrays = prediction.predict(
        loaded,
        pictures_of(request),
        top=request.get("top", 5),
        side=request.get("side"),
        progress=job.progress,
    )
    return Answer({"predictions": found, "notes": loaded.notes}, arrays)


def _continue(request: Request, job: Job) -> Answer:
    loaded = subject_of(request)
    how = _converted({"how": request.get("how", {})}, "how", _Drawing)
    found = continuation.continuation(
        loaded,
        how.prompt,
        length=how.length,
        temperature=how.temperature,
        top_k=how.top_k,
        seed=how.seed,
        progress=job.progress,
    )
    return Answer({**found._asdict(), "notes": (*loaded.notes, *found.notes)})


class _Drawing(msgspec.Struct):
    """How a text is continued; see `continuation.continuation`."""

    prompt: str = ""
    length: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    temperature: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    top_k: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


def _channels(request: Request, _: Job) -> Answer:
    loaded = subject_of(request)
    precision = request.get("precision", "float32")
    fields, arrays = channels.channels(
        loaded, picture_of(request), request["node"], precision=precision
    )
    return Answer({**fields, "notes": loaded.notes}, arrays)


def _filters(request: Request, _: Job) -> Answer:
    tensor, channel = request.get("tensor", ""), request.get("channel")
    return Answer(
        *filters.filters(subject_of(request), request["node"], tensor=tensor, channel=channel)
    )


def _explain(request: Request, job: Job) -> Answer:
    loaded = subject_of(request)
    fields, arrays = explain.explain(
        loaded,
        picture_of(request),
        method=request["method"],
        wanted=None if request.get("class") is None else str(request["class"]),
        node=request.get("node", ""),
        patch=request.get("patch"),
        stride=request.get("stride"),
        progress=job.progress,
    )
    return Answer({**fields, "notes": loaded.notes}, arrays)


def _maps(request: Request, job: Job) -> Answer:
    loaded = subject_of(request)
    picture = picture_of(request)
    sizes = {name: request[name] for name in ("size", "most") if name in request}
    index, tiles = maps.packed(maps.maps(loaded, picture, progress=job.progress, **sizes))
    return Answer({"nodes": index, "notes": loaded.notes}, {"tiles": tiles})


def _measure(request: Request, job: Job) -> Answer:
    loaded = subject_of(request)
    measured, notes = measuring.measure(loaded, recipe_of(loaded.subject), progress=job.progress)
    return Answer({"measurement": measured, "notes": notes})


def _time(request: Request, job: Job) -> Answer:
    subject = _converted(request, "subject", Subject)
    wanted = {name: request[name] for name in ("batch", "training", "device") if name in request}
    found = timing.of_subject(subject, progress=job.progress, **wanted)
    return Answer({"times": msgspec.to_builtins(found)})


class _Chosen(msgspec.Struct):
    """What is evaluated by a request, and which images of it are shown."""

    data: str | None = None
    part: Literal["train", "validation", "test", ""] | None = None
    settings: dict[str, Any] | None = None
    batch: Count | None = None
    indices: list[Count] = []


def _chosen(request: Request) -> tuple[evaluating.Choice, list[int]]:
    """Return what is evaluated by a request, and the images that it names."""
    fields = {name: request[name] for name in _Chosen.__struct_fields__ if name in request}
    found = _converted({"choice": fields}, "choice", _Chosen)
    choice = evaluating.Choice(
        data=found.data or "",
        part=found.part or "",
        settings=found.settings or {},
        batch=found.batch,
    )
    return choice, found.indices


def _evaluate(request: Request, job: Job) -> Answer:
    choice, _ = _chosen(request)
    found = evaluating.evaluate(subject_of(request), choice, progress=job.progress)
    return Answer({"record": msgspec.to_builtins(found.record)}, found.arrays())


def _ensemble(request: Request, job: Job) -> Answer:
    choice, _ = _chosen(request)
    members = _converted(request, "members", tuple[Subject, ...])
    found = ensembles.evaluate(
        Ensemble(members=members),
        choice,
        device=request.get("device", "auto"),
        progress=job.progress,
    )
    return Answer({"record": msgspec.to_builtins(found.record)}, found.arrays())


def _examples(request: Request, job: Job) -> Answer:
    choice, indices = _chosen(request)
    shown, names = evaluating.examples(
        subject_of(request), choice, indices, side=request.get("side"), progress=job.progress
    )
    return Answer({"names": names}, {"pictures": shown})


NUMBERS: Mapping[str, tuple[int, int]] = {
    "top": (1, 2**31),
    "side": (1, 2**16),
    "channel": (0, 2**31),
    "patch": (1, 2**16),
    "stride": (1, 2**16),
    "size": (1, 2**10),
    "most": (1, 2**10),
    "batch": (1, 2**20),
    "threads": (1, 2**10),
}
"""The numbers in requests, with the smallest and the largest that any network can have a use for.
A request may leave out each of them, or have null in its place."""


def _rate_range(request: Request, job: Job) -> Answer:
    subject = msgspec.convert(request["subject"], Subject)
    recipe = recipe_of(subject)
    if recipe.device == "auto":
        recipe = changed(recipe, {"device": request.get("device", "auto")})
    if threads := request.get("threads"):
        recipe = changed(recipe, {"threads": threads})
    wanted = {name: request[name] for name in ("low", "high", "steps") if name in request}
    within = bounds(recipe, **wanted)
    found = rate_range(design_of(subject), recipe, within, progress=job.progress)
    return Answer({"range": msgspec.to_builtins(found)})


REQUESTS: Mapping[str, Callable[[Request, Job], Answer]] = {
    "predict": _predict,
    "continue": _continue,
    "channels": _channels,
    "filters": _filters,
    "explain": _explain,
    "maps": _maps,
    "measure": _measure,
    "time": _time,
    "evaluate": _evaluate,
    "ensemble": _ensemble,
    "examples": _examples,
    "rate_range": _rate_range,
}
"""What is done for each kind of request.

Every request has ``subject`` (`designer.runs.inspection.Subject`), and may have ``device`` and
``threads``, the number of threads that it may take: 1 while a training runs beside it.

- ``predict``: ``pictures``, ``top``, ``side``. Gives ``predictions`` (see `prediction.predict`),
  ``notes``, and the arrays that it says.
- ``continue``: ``how``, an object with ``prompt``, ``length``, ``temperature``, ``top_k`` and
  ``seed``, all optional. Gives ``prompt``, ``text`` and ``notes``; see `continuation.continuation`.
- ``channels``: ``pictures`` with one, ``node``, ``precision``. See `channels.channels`.
- ``filters``: ``node``, ``tensor``, ``channel``. See `filters.filters`.
- ``explain``: ``pictures`` with one, ``method``, ``class``, ``node``, ``patch``, ``stride``. See
  `explain.explain`.
- ``maps``: ``pictures`` with one entry, ``size``, ``most`` (see `maps.maps`). Gives ``nodes`` and
  the array ``tiles`` (see `maps.packed`), ``notes``.
- ``measure``: a design's ``subject`` has its ``recipe``, whose data, batch and loss are taken, as
  those of a run are. Gives ``measurement`` (`designer.runs.layer_statistics.Measurement`), and
  ``notes``.
- ``evaluate``: ``data``, ``part``, ``settings``, ``batch``, all optional: see
  `evaluating.Choice`. ``settings`` may have ``evaluation.test_time`` and ``evaluation.samples``.
  Gives ``record``, a `designer.runs.evaluation_record.EvaluationRecord` with all figures, and the
  arrays of ``predictions.npz``: ``outputs``, ``targets``, ``losses``, ``predicted``. Nothing is
  written.
- ``ensemble``: ``members``, a list of subjects that are runs; else as ``evaluate``. The record has
  ``members``, too; see `ensembles.evaluate`. The request's own ``subject`` is the first of them.
- ``examples``: ``data``, ``part``, ``settings`` as of ``evaluate``, ``indices`` of images of the
  part, which are rows of those arrays, and ``side``, the longest side in pixels. Gives ``names``,
  of files or empty, and the array ``pictures``, uint8 (n, height, width, channels).
- ``rate_range``: ``low``, ``high``, ``steps``, all optional: see `designer.runs.rate_range.bounds`.
  The subject is a design with its recipe, or a run, of which design and recipe are taken. Gives
  ``range``, a `designer.runs.rate_range.RateRange`.
- ``time``: ``batch``, ``training``. Gives ``times``, a `designer.runs.layer_times.LayerTimes`.
"""


def answer(request: Request, job: Job) -> Answer:
    """Do what a request asks for.

    Raises
    ------
    Canceled
        It is not wanted any more.
    DesignerError
        It cannot be done.
    """
    if job.canceled():  # while it waited for others
        raise Canceled
    _check_numbers(request)
    with _threads(request.get("threads")), devices.enough_memory("inspect"):
        return REQUESTS[request["do"]](request, job)


def _check_numbers(request: Request) -> None:
    """Refuse what is no number that a network can have a use for, such as a channel of -1."""
    for name, (low, high) in NUMBERS.items():
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise DesignerError(
                f"The request's {name} is {value!r}: it must be a whole number from {low} to "
                f"{high:,}."
            )


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
