"""Reading a run for the doctor, again and again while it grows."""

from designer.analysis.analysis import analyze
from designer.design import files
from designer.doctor.case import Case, DataFacts, DeviceFacts, Record
from designer.runs import own_layers
from designer.runs.events import EventReader
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import MeasurementReader


class RunReader:
    """Reads what is new of a run at each `poll`; it knows no Qt and may be used in any thread.

    Parameters
    ----------
    run
        The run folder.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._events = EventReader(run.events)
        self._layers = MeasurementReader(run.layers)
        self._record = Record()
        self._shared: dict[tuple[str, str], int] | None = None
        design = files.read(run.design)
        analysis = analyze(design, measured=own_layers.known(design))
        self._analysis = analysis if analysis.valid else None
        self._recipe = run.recipe()

    def poll(self) -> Case:
        """Return the case of the run as it is now.

        Raises
        ------
        DesignerError
            A file of the run is damaged.
        """
        news = self._events.poll()
        if news.restarted:
            self._record = Record()
            self._layers = MeasurementReader(self._run.layers)
        self._record.add(news.events)
        self._record.measured(self._layers.poll().values)
        self._record.result = None if self._run.worker() is not None else self._run.result()
        if self._shared is None and self._run.examples_file.exists():
            self._shared = shared_examples(self._run)
        return Case(
            analysis=self._analysis,
            recipe=self._recipe,
            data=DataFacts(shared=self._shared or {}),
            device=self._device(),
            run=self._record,
        )

    def _device(self) -> DeviceFacts | None:
        """Return the device that the run is trained on, None before its first step."""
        start = self._record.start
        if not start:
            return None
        return DeviceFacts(key=start.get("device", ""), name=start.get("device_name", ""))


def shared_examples(run: RunFolder) -> dict[tuple[str, str], int]:
    """Return how many images each two parts of a run's data have in common.

    The record of its examples has a hash of each with its label. A damaged record gives nothing:
    who resumes the run is told of it.
    """
    import numpy as np

    from designer.data.identity import decode

    try:
        parts = decode(run.examples_file.read_bytes())
    except (OSError, ValueError):
        return {}
    names = list(parts)
    found = {}
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            equal = np.intersect1d(parts[first].digests, parts[second].digests)
            found[first, second] = len(equal)
    return {pair: count for pair, count in found.items() if count}


def read_case(run: RunFolder) -> Case:
    """Return the case of a run; raise DesignerError if a file of it is damaged."""
    return RunReader(run).poll()
