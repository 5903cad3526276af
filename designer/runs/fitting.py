"""Runs whose weights fit a design: equal names and shapes of all parameters and buffers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.report.tensors import modules
from designer.codegen import generate
from designer.design import files
from designer.errors import DesignerError
from designer.layers.tensors import state_key
from designer.runs import own_layers
from designer.runs.events import last_time
from designer.runs.folder import RunFolder, list_runs
from designer.runs.result import Result
from designer.runs.states import COMPLETE, State
from designer.runs.wording import metrics_text

MOST_DESIGNS = 1_000
"""Designs of runs that are remembered: runs of one design share an entry of about 10 kB."""

_Signature = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Fitting:
    """A run whose weights fit.

    Attributes
    ----------
    same
        Whether its network computes the same: equal code, not equal names and shapes alone.
    ended
        When its training ended, in seconds since 1970.
    """

    run: RunFolder
    state: State
    result: Result | None
    same: bool
    ended: float

    @property
    def finished(self) -> bool:
        """Whether its training ended as planned."""
        return self.state in COMPLETE

    @property
    def metrics(self) -> str:
        """Accuracy and loss on the test part, else on the validation part; "" if unknown."""
        if self.result is None:
            return ""
        if self.result.test is not None:
            return f"test {metrics_text(self.result.test)}"
        return f"validation {metrics_text(self.result.best)}" if self.result.best else ""

    @property
    def sentence(self) -> str:
        """The run, when it was trained and how well, for a sentence."""
        words = [self.run.path.name, f"{datetime.fromtimestamp(self.ended):%Y-%m-%d %H:%M}"]
        return ", ".join([*words, self.metrics] if self.metrics else words)


class _Known(NamedTuple):
    """What is compared of a run's design."""

    source: str
    signature: _Signature


_known: dict[bytes, _Known | None] = {}
"""What the design files of runs hold, by a hash of their content; None for damaged ones."""


def find(root: Path, analysis: Analysis) -> list[Fitting]:
    """Return the runs under ``root`` whose weights fit a design, the latest first.

    Parameters
    ----------
    root
        The folder of runs.
    analysis
        The analysis of the design. With errors, or operations without a layer, no run fits.
    """
    if not analysis.valid or analysis.opaque:
        return []
    wanted, parameters = _signature(analysis), analysis.totals.parameters
    source = generate(analysis.design, analysis).source
    found = []
    for run in list_runs(root):
        try:
            path = run.best if run.best.exists() else run.last
            # Reading the number of parameters takes a hundredth of analyzing the design.
            if not path.exists() or run.network().parameters != parameters:
                continue
            known = _read(run.design)
            if known is None or known.signature != wanted:
                continue
            state = run.state()
            result = run.result() if state != "running" else None
            same = known.source == source
            # Not the files' times, which a copy of the folder does not keep.
            ended = last_time(run.events) or path.stat().st_mtime
            found.append(Fitting(run, state, result, same, ended))
        except (DesignerError, OSError):
            continue  # the list of runs says what is wrong with it
    return sorted(found, key=lambda each: each.ended, reverse=True)


def latest(found: Sequence[Fitting]) -> Fitting | None:
    """Return the latest run that ended as planned, None if there is none."""
    return next((each for each in found if each.finished), None)


def _signature(analysis: Analysis) -> _Signature:
    return {
        state_key(module.path, name): tuple(shape)
        for module in modules(analysis)
        for name, shape in module.tensors.items()
    }


def _read(path: Path) -> _Known | None:
    content = path.read_bytes()
    key = blake2b(content, digest_size=16).digest()
    if key not in _known:
        if len(_known) >= MOST_DESIGNS:
            _known.clear()
        try:
            design = files.read(path)
            analysis = analyze(design, measured=own_layers.known(design))
            if analysis.pending:  # it may be trusted, or measured, later
                return None
            _known[key] = _Known(generate(design, analysis).source, _signature(analysis))
        except DesignerError:
            _known[key] = None
    return _known[key]
