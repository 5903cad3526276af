"""The figures of the analysis by which nodes can be colored: one row each.

To add one, add a row to `FIGURES`: the View menu and the command palette have it then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject

from designer.gui.documents.document import Document
from designer.gui.documents.graph_paths import output_path
from designer.gui.documents.node_values import NodeTimes, Overlay, with_sums
from designer.gui.documents.workspace import Workspace

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.analysis.evaluation.results import GraphResult, NodeResult


@dataclass(frozen=True)
class NodeFigure:
    """A row of the table.

    Attributes
    ----------
    key
        The name in the code.
    title
        What menu and legend call it.
    help
        One sentence for the tooltip.
    overlay
        Returns the figure of each node and block of a document that has one.
    refusal
        Returns why there is none; "" if there is.
    """

    key: str
    title: str
    help: str
    overlay: Callable[[Document], Overlay]
    refusal: Callable[[Document], str] = lambda _: ""


def _of_analysis(
    key: str,
    title: str,
    help_: str,
    unit: str,
    values: "Callable[[Analysis], Mapping[str, float]]",
    *,
    logarithmic: bool = True,
) -> NodeFigure:
    """Return the row of a figure that the analysis knows.

    Parameters
    ----------
    key, title, help_
        As in `NodeFigure`.
    unit
        "" for counts, "bytes" for sizes.
    values
        Returns the figure of each node and block that has one, by path.
    logarithmic
        Whether it spans orders of magnitude.
    """
    return NodeFigure(
        key,
        title,
        help_,
        lambda document: Overlay(title, values(document.analysis), unit, logarithmic=logarithmic),
    )


def _parameters(analysis: "Analysis") -> dict[str, float]:
    counts = ((path, result.counts) for path, result in _nodes(analysis.top))
    return _positive({path: each.weights + each.biases for path, each in counts})


def _macs(analysis: "Analysis") -> dict[str, float]:
    return _positive({path: result.counts.macs for path, result in _nodes(analysis.top)})


def _saved_for_backward(analysis: "Analysis") -> dict[str, float]:
    from designer.analysis.accounting.saved_for_backward import saved_bytes_by_layer

    return _positive(with_sums(saved_bytes_by_layer(analysis.top)))


def _output_values(analysis: "Analysis") -> dict[str, float]:
    found = {}
    for path, result in _nodes(analysis.top):
        output = result.outputs[0] if result.outputs else None
        if output is not None:
            found[path] = output.values
    return _positive(found)


def _receptive_field(analysis: "Analysis") -> dict[str, float]:
    fields = analysis.receptive_fields
    found = {path: max(field.size) for path, field in fields.items() if field is not None}
    for path, result in _nodes(analysis.top):
        end = output_path(result.inside, path) if result.inside is not None else ""
        if end in found:
            found[path] = found[end]
    return found


def _positive(values: Mapping[str, float]) -> dict[str, float]:
    return {path: value for path, value in values.items() if value > 0}


def _nodes(graph: "GraphResult", prefix: str = "") -> "Iterator[tuple[str, NodeResult]]":
    """Yield the path and result of every node, blocks and what is inside them."""
    for name, result in graph.nodes.items():
        yield prefix + name, result
        if result.inside is not None:
            yield from _nodes(result.inside, f"{prefix}{name}.")


def _time(document: Document) -> Overlay:
    from designer.analysis.report.formatting import milliseconds

    measured = document.times
    assert measured is not None  # or it was refused
    nodes = measured.times.nodes
    forward = with_sums({each.path: each.forward for each in nodes})
    backward = with_sums({each.path: each.backward or 0.0 for each in nodes})
    return Overlay(
        "Time per layer",
        _positive({path: 1000 * (forward[path] + backward[path]) for path in forward}),
        "ms",
        logarithmic=True,
        words={
            path: f"{milliseconds(forward[path] + backward[path])} ms, of which "
            f"{milliseconds(forward[path])} forward and {milliseconds(backward[path])} backward"
            for path in forward
        },
        design=measured.design,
    )


def _not_measured(document: Document) -> str:
    return (
        "" if document.times else "Nothing is measured yet: choose Measure times in the View menu."
    )


FIGURES: tuple[NodeFigure, ...] = (
    _of_analysis(
        "parameters",
        "Parameters",
        "Color nodes by their number of weights and biases.",
        "",
        _parameters,
    ),
    _of_analysis(
        "macs",
        "MACs",
        "Color nodes by their multiply-accumulates for one image.",
        "",
        _macs,
    ),
    _of_analysis(
        "saved_for_backward",
        "Memory kept for backward",
        "Color nodes by the bytes that autograd saves for them in training, for one image.",
        "bytes",
        _saved_for_backward,
    ),
    _of_analysis(
        "output",
        "Output size",
        "Color nodes by the number of values in their output for one image.",
        "",
        _output_values,
    ),
    _of_analysis(
        "receptive_field",
        "Receptive field",
        "Color nodes by the pixels of the input that a value in the middle of their output "
        "depends on, along the longer side.",
        "px",
        _receptive_field,
        logarithmic=False,
    ),
    NodeFigure(
        "time",
        "Time per layer",
        "Color nodes by the time that they take forward and backward, as it was measured.",
        _time,
        _not_measured,
    ),
)
_BY_KEY = {each.key: each for each in FIGURES}


class FigureColors(QObject):
    """Colors the nodes of each design by a figure that the user chose, also after edits."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._made: WeakKeyDictionary[Document, _Made] = WeakKeyDictionary()
        workspace.changed.connect(self._follow)
        workspace.node_values_changed.connect(self._follow)

    @property
    def shown(self) -> str:
        """The key of the figure that colors the current design; "" for none, or another's."""
        document = self.workspace.document
        made = self._made.get(document) if document is not None else None
        if document is None or made is None or document.overlay is not made.overlay:
            return ""
        return made.key

    def refusal(self, key: str) -> str:
        """Return why the current design cannot be colored by a figure; "" if it can."""
        document = self.workspace.document
        return _BY_KEY[key].refusal(document) if document is not None else "No design is open."

    def show(self, key: str) -> None:
        """Color the nodes of the current design by a figure; "" for their usual colors."""
        document = self.workspace.document
        if document is None:
            return
        if not key:
            self.workspace.show_overlay(document, None)
            return
        overlay = _BY_KEY[key].overlay(document)
        self._made[document] = _Made(key, overlay, (document.analysis, document.times))
        self.workspace.show_overlay(document, overlay)

    def _follow(self) -> None:
        """Show the figure of the design as it is now."""
        key, document = self.shown, self.workspace.document
        if not key or document is None:
            return
        analysis, times = self._made[document].source
        if analysis is not document.analysis or times is not document.times:
            self.show(key)


class _Made(NamedTuple):
    """An overlay with the figure's key and what it was made from."""

    key: str
    overlay: Overlay
    source: "tuple[Analysis, NodeTimes | None]"
