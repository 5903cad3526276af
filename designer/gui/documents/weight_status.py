"""Which layers of a design would start from given weights, by names and shapes; without torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.report.tensors import modules
from designer.design import files
from designer.runs import own_layers
from designer.runs.folder import RunFolder
from designer.runs.layouts import Stored, stored
from designer.runs.weights import WeightStatus, match, stored_by, weight_status
from designer.runs.weights_report import Report


@dataclass(frozen=True)
class Origin:
    """Weights that a training may start from.

    Attributes
    ----------
    name
        What the user knows them by: the name of a run or file.
    tensors
        Names and shapes.
    ordered
        Whether the tensors are in the order of the layers.
    """

    name: str
    tensors: Sequence[Stored]
    ordered: bool = True


@dataclass(frozen=True)
class Comparison:
    """A design compared with weights.

    Attributes
    ----------
    name
        The name of the weights.
    report
        What each tensor starts from.
    weight_status
        What each layer and block starts from, by path.
    layers
        The number of layers of each status.
    """

    name: str
    report: Report
    weight_status: Mapping[str, WeightStatus]
    layers: Mapping[WeightStatus, int]


def of_run(path: Path) -> Origin:
    """Return the weights of an earlier run by its design, without opening its checkpoint.

    Raises
    ------
    DesignerError
        The folder is no run, has no checkpoint yet, or its design cannot be read.
    """
    run = RunFolder.open(path)
    if not (run.best.exists() or run.last.exists()):
        raise run.no_checkpoint()
    design = files.read(run.design)
    analysis = analyze(design, measured=own_layers.known(design))
    return Origin(path.name, stored_by(modules(analysis)))


def of_answer(source: str, answer: Mapping[str, object]) -> Origin:
    """Return the weights in a file from a worker's answer about it."""
    rows: Sequence[tuple[str, Sequence[int]]] = answer["tensors"]  # type: ignore[assignment]
    shapes = {name: tuple(shape) for name, shape in rows}
    return Origin(Path(source).name, stored(shapes), bool(answer["ordered"]))


def compare(analysis: Analysis, origin: Origin) -> Comparison:
    """Compare a design with weights."""
    ours = modules(analysis)
    report = match(ours, origin.tensors, ordered=origin.ordered)
    found = weight_status(ours, report)
    layers = {each.layer for each in ours}
    return Comparison(origin.name, report, found, Counter(found[layer] for layer in layers))
