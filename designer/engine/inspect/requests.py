"""The requests by which a network is looked into: a table that the worker process serves.

A row gets the request and a `Job`, by which it says how far it is and learns that nobody waits for
its answer any more. What it returns is the answer: plain values, and arrays, which reach the other
process through shared memory (`designer.shared_arrays`). To add a kind of question, write a
function and add a row to `REQUESTS`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import torch

from designer.engine import device as devices
from designer.engine.inspect import channels, explain, filters, maps, measuring, prediction, timing
from designer.engine.inspect.subject import Loaded, load
from designer.errors import DesignerError
from designer.runs.inspection import Picture, Subject, recipe_of
from designer.shared_arrays import Arrays

Request = Mapping[str, Any]


class Canceled(DesignerError):  # noqa: N818 - nothing went wrong
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("This was canceled.")


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
    subject = msgspec.convert(request["subject"], Subject)
    return load(subject, device=request.get("device", "auto"))


def pictures_of(request: Request) -> list[Picture]:
    """Return the ``pictures`` of a request."""
    return msgspec.convert(request["pictures"], list[Picture])


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
    found, shown = prediction.predict(
        loaded,
        pictures_of(request),
        top=request.get("top", 5),
        side=request.get("side"),
        progress=job.progress,
    )
    return Answer({"predictions": found, "notes": loaded.notes}, {"seen": shown})


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
        wanted=request.get("class"),
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
    subject = msgspec.convert(request["subject"], Subject)
    wanted = {name: request[name] for name in ("batch", "training", "device") if name in request}
    found = timing.of_subject(subject, progress=job.progress, **wanted)
    return Answer({"times": msgspec.to_builtins(found)})


REQUESTS: Mapping[str, Callable[[Request, Job], Answer]] = {
    "predict": _predict,
    "channels": _channels,
    "filters": _filters,
    "explain": _explain,
    "maps": _maps,
    "measure": _measure,
    "time": _time,
}
"""What is done for each kind of request.

Every request has ``subject`` (`designer.runs.inspection.Subject`), and may have ``device`` and
``threads``, the number of threads that it may take: 1 while a training runs beside it.

- ``predict``: ``pictures``, ``top``, ``side``. Gives ``predictions`` (see `prediction.predict`),
  ``notes``, and the array ``seen``, uint8 (n, height, width, channels).
- ``channels``: ``pictures`` with one, ``node``, ``precision``. See `channels.channels`.
- ``filters``: ``node``, ``tensor``, ``channel``. See `filters.filters`.
- ``explain``: ``pictures`` with one, ``method``, ``class``, ``node``, ``patch``, ``stride``. See
  `explain.explain`.
- ``maps``: ``pictures`` with one entry, ``size``, ``most`` (see `maps.maps`). Gives ``nodes`` and
  the array ``tiles`` (see `maps.packed`), ``notes``.
- ``measure``: a design's ``subject`` has its ``recipe``, whose data, batch and loss are taken, as
  those of a run are. Gives ``measurement`` (`designer.runs.layer_statistics.Measurement`), and
  ``notes``.
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
    with _threads(request.get("threads")), devices.enough_memory("inspect"):
        return REQUESTS[request["do"]](request, job)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
