"""What of a design would begin with weights from elsewhere: torch-free, by names and shapes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.report.tensors import modules
from designer.design import files
from designer.errors import DesignerError
from designer.runs.folder import RunFolder
from designer.runs.layouts import Stored, stored
from designer.runs.weights import Fate, Report, match, stored_by, weight_status


@dataclass(frozen=True)
class Origin:
    """Weights that a training may start from: what they are called, and which tensors they are."""

    name: str
    tensors: Sequence[Stored]
    ordered: bool = True


@dataclass(frozen=True)
class Comparison:
    """A design beside weights.

    Attributes
    ----------
    name
        What the weights are called.
    report
        What each tensor begins with.
    fates
        What becomes of each layer and block, by path.
    layers
        How many layers share each fate.
    """

    name: str
    report: Report
    weight_status: Mapping[str, Fate]
    layers: Mapping[Fate, int]


def of_run(path: Path) -> Origin:
    """Return the weights of an earlier run by its design, without opening its checkpoint.

    Raises
    ------
    DesignerError
        It is no run, was never trained for an epoch, or its design cannot be read.
    """
    run = RunFolder.open(path)
    if not (run.best.exists() or run.last.exists()):
        raise DesignerError(f"{path.name} has no checkpoint yet; train it for an epoch first.")
    analysis = analyze(files.read(run.design))
    return Origin(path.name, stored_by(modules(analysis)))


def of_answer(source: str, answer: Mapping[str, object]) -> Origin:
    """Return the weights in a file, as a worker told of them."""
    rows: Sequence[tuple[str, Sequence[int]]] = answer["tensors"]  # type: ignore[assignment]
    shapes = {name: tuple(shape) for name, shape in rows}
    return Origin(Path(source).name, stored(shapes), bool(answer["ordered"]))


def compare(analysis: Analysis, origin: Origin) -> Comparison:
    """Put a design beside weights."""
    ours = modules(analysis)
    report = match(ours, origin.tensors, ordered=origin.ordered)
    found = weight_status(ours, report)
    layers = {each.layer for each in ours}
    return Comparison(origin.name, report, found, Counter(found[layer] for layer in layers))
