"""What the doctor says at every moment of a training, and recordings of trainings."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from designer.doctor.advice import Advice
from designer.doctor.case import Case, Record
from designer.doctor.rules import examine
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import BINS, Measurement, packed, read_measurements
from designer.runs.result import Result

RECORDED = Path(__file__).parent / "recorded"

_NO_HISTOGRAM = packed([0] * BINS)


class Recording(msgspec.Struct):
    """What a training wrote: its events, the statistics of its layers, its result."""

    events: list[dict[str, Any]]
    layers: list[Measurement]
    result: Result


def recording_of(run: RunFolder) -> Recording:
    """Return what a run wrote, without the histograms, which no rule reads."""
    layers = [
        msgspec.structs.replace(
            each,
            layers=tuple(
                msgspec.structs.replace(row, histogram=_NO_HISTOGRAM) for row in each.layers
            ),
        )
        for each in read_measurements(run.layers)
    ]
    result = run.result()
    assert result is not None
    return Recording(read_events(run.events), layers, result)


def save(recording: Recording, name: str) -> Path:
    """Write a recording into the folder of the tests."""
    RECORDED.mkdir(exist_ok=True)
    path = RECORDED / f"{name}.json.gz"
    path.write_bytes(gzip.compress(msgspec.json.encode(recording), mtime=0))
    return path


def load(name: str) -> Recording:
    """Read a recording."""
    content = gzip.decompress((RECORDED / f"{name}.json.gz").read_bytes())
    return msgspec.json.decode(content, type=Recording)


def said(case: Case, recording: Recording) -> list[tuple[int, Advice]]:
    """Return all that is said after each step and epoch and at the end, with the step, once each.

    Parameters
    ----------
    case
        Design and recipe.
    recording
        What the training wrote.
    """
    run, waiting = Record(), list(recording.layers)
    found: dict[str, tuple[int, Advice]] = {}

    def look(step: int) -> None:
        for advice in examine(replace(case, run=run)):
            found.setdefault(advice.key, (step, advice))

    for event in recording.events:
        run.add([event])
        while waiting and waiting[0].step <= event.get("step", 0):
            run.measured([waiting.pop(0)])
        if event["event"] in ("step", "epoch"):
            look(event["step"])
    run.result = recording.result
    look(recording.result.steps)
    return list(found.values())
