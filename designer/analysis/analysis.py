"""The analysis of a design: shapes, costs and problems as a pure function of the design."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from designer.analysis.accounting.receptive_fields import ReceptiveField, receptive_fields
from designer.analysis.accounting.totals import Totals, totals
from designer.analysis.evaluation.evaluator import Evaluator
from designer.analysis.evaluation.results import GraphResult, NodeResult, without_weights
from designer.analysis.problems import Problem, Severity
from designer.analysis.problems.channels_last import may_have_channels_last, with_channels_last
from designer.analysis.problems.quick_fixes import argument_problems, fixes_for_all_uses
from designer.design.expressions import Scalar
from designer.design.values import Design, LayerNode
from designer.layers.base import READS_IMAGES, Layer
from designer.layers.catalogue import layer_types
from designer.layers.opaque import Opaque
from designer.layers.own import NOT_MEASURED, Measured, Request
from designer.layers.ports import Input, Output
from designer.layers.tensors import Shape


@dataclass(frozen=True)
class Port:
    """An input or output of a design.

    Attributes
    ----------
    name, shape
        The node, and the shape of its tensor without the batch axis.
    integer
        Whether its values are whole numbers, such as tokens.
    loss_weight, auxiliary
        Of an output: the weight of its loss, and whether only training uses it.
    """

    name: str
    shape: Shape
    loss_weight: float = 1.0
    auxiliary: bool = False
    integer: bool = False


@dataclass(frozen=True)
class Row:
    """One layer of the written-out network, as a table shows it.

    Attributes
    ----------
    path
        The layer's graph path, such as ``layer2.0.conv1``.
    layer, result
        The layer and its result.
    receptive_field
        That of its output; None without an image.
    """

    path: str
    layer: Layer
    result: NodeResult
    receptive_field: ReceptiveField | None

    @property
    def type(self) -> str:
        """The name of the layer type."""
        return type(self.layer).__name__

    @property
    def shape(self) -> Shape:
        """The output's shape without the batch axis."""
        flow = self.result.outputs[0]
        assert flow is not None
        return flow.shape

    @property
    def shares(self) -> str:
        """The path of the layer whose weights it uses; empty for its own, or if it has none."""
        given = [each for each in self.result.inputs if each is not None]
        return self.result.shares if self.layer.states(given) else ""

    @property
    def formula(self) -> tuple[str, ...]:
        """The formulas of shape, weights and MACs, with the numbers filled in."""
        given = tuple(each for each in self.result.inputs if each is not None)
        return self.layer.formula(given, self.shape)


class Analysis:
    """The result of analyzing a design; totals, rows and receptive fields are computed on demand.

    Attributes
    ----------
    design
        The design that was analyzed.
    top
        The result of its own graph, with the results of its blocks inside.
    evaluator
        The pass that made it; the next analysis reuses its results of blocks.
    problems
        All problems of the design, in the order of the graph.
    """

    def __init__(self, design: Design, evaluator: Evaluator, top: GraphResult) -> None:
        self.design = design
        self.top = top
        self.evaluator = evaluator
        found = with_channels_last(fixes_for_all_uses(top.problems), self._suspects())
        self.problems = (
            *argument_problems(design),
            *_code_problems(design),
            *found,
            *self._missing_ports(),
        )

    @property
    def valid(self) -> bool:
        """Whether the design can be built: no errors, nothing pending; warnings are allowed."""
        return all(problem.severity not in _HINDERS for problem in self.problems)

    @property
    def measured(self) -> Measured:
        """What was known of the design's own layer types."""
        return self.evaluator.measured

    @cached_property
    def pending(self) -> tuple[Request, ...]:
        """What must be measured of the design's own layer types; each once.

        More may follow: what is behind a layer is known only after it was measured.
        """
        found: dict[Request, None] = {}
        if self.design.code:
            waiting, seen = [self.top], {id(self.top)}
            while waiting:
                for result in waiting.pop().nodes.values():
                    if result.pending is not None:
                        found[result.pending] = None
                    if result.inside is not None and id(result.inside) not in seen:
                        seen.add(id(result.inside))
                        waiting.append(result.inside)
        return tuple(found)

    @property
    def arguments(self) -> Mapping[str, Scalar]:
        """The values of the design's arguments."""
        return self.top.scope

    @cached_property
    def totals(self) -> Totals:
        """The totals of the whole design."""
        return totals(self.top)

    @cached_property
    def inputs(self) -> tuple[Port, ...]:
        """The design's inputs, in the order of the file."""
        return tuple(
            Port(name, result.layer.shape, integer=result.layer.dtype == "int64")
            for name, result in self._ports()
            if isinstance(result.layer, Input)
        )

    @cached_property
    def outputs(self) -> tuple[Port, ...]:
        """The design's outputs whose shape is known, the main one first."""
        ports = [
            Port(
                name,
                result.outputs[0].shape,
                result.layer.loss_weight,
                result.layer.auxiliary,
                result.outputs[0].integer,
            )
            for name, result in self._ports()
            if isinstance(result.layer, Output) and result.outputs and result.outputs[0] is not None
        ]
        return tuple(sorted(ports, key=lambda port: port.auxiliary))

    @cached_property
    def receptive_fields(self) -> Mapping[str, ReceptiveField | None]:
        """The receptive field of each layer's output, by path; None without an image."""
        return receptive_fields(self.top)

    @cached_property
    def opaque(self) -> tuple[tuple[str, Opaque], ...]:
        """The operations that no layer expresses, by path; they are in the way of code."""
        graphs = (self.design.graph, *[each.graph for each in self.design.blocks.values()])
        nodes = [node for graph in graphs for node in graph.nodes.values()]
        if not any(isinstance(node, LayerNode) and node.layer == "Opaque" for node in nodes):
            return ()  # most designs are spared a walk over all uses of blocks
        return tuple(
            [
                (path, result.layer)
                for path, result in self.top.layers()
                if isinstance(result.layer, Opaque)
            ]
        )

    def rows(self) -> list[Row]:
        """Return every layer whose output is known, in forward order, blocks written out."""
        return [
            Row(path, result.layer, result, self.receptive_fields.get(path))
            for path, result in self.top.layers()
            if result.layer is not None and result.effect is not None
        ]

    def node(self, path: str) -> NodeResult | None:
        """Return the result of the node at a graph path, or None.

        That of a node which shares weights, or lies in a block that does, has no weights; its
        `shares` names the node that has them.
        """
        graph: GraphResult | None = self.top
        result: NodeResult | None = None
        owner: list[str] = []
        for name in path.split("."):
            owner.append(name if graph is None else graph.wiring.shared.get(name, name))
            result = graph.nodes.get(name) if graph is not None else None
            graph = result.inside if result is not None else None
        shares = ".".join(owner)
        if result is None or shares == path:
            return result
        return without_weights(result, shares)

    def _suspects(self) -> dict[str, tuple[LayerNode, Shape]]:
        """Return the inputs whose channels seem to be last but that are read as images."""
        found: dict[str, tuple[LayerNode, Shape]] = {}
        for name, result in self._ports():
            node = self.design.graph.nodes[name]
            if isinstance(result.layer, Input) and isinstance(node, LayerNode):
                shape = result.layer.shape
                if may_have_channels_last(shape) and _is_read_as_image(self.top, name):
                    found[name] = node, shape
        return found

    def _ports(self) -> list[tuple[str, NodeResult]]:
        nodes = self.top.nodes
        return [(name, nodes[name]) for name in self.top.ports if name in nodes]

    def _missing_ports(self) -> list[Problem]:
        """Return the problems of a design without Input or Output."""
        if self.top.wiring.cyclic:
            return []  # these may be on the cycle or behind it
        if self.top.problems and not self.top.problems[0].path:
            return []  # too large to be evaluated
        nodes = self.design.graph.nodes
        ports = [nodes[name] for name in self.top.ports]
        layers = {node.layer for node in ports if isinstance(node, LayerNode)}
        problems = []
        if Input.__name__ not in layers:
            message = "the design has no Input; add one where data enters"
            problems.append(Problem("no-input", message))
        if Output.__name__ not in layers:
            message = "the design has no Output; add one where data leaves"
            problems.append(Problem("no-output", message))
        return problems


_HINDERS = (Severity.ERROR, Severity.PENDING)


def _code_problems(design: Design) -> list[Problem]:
    """Return the problems of own layer types with the name of a built-in one."""
    return [
        Problem(
            "code-name",
            f"the class {name} in the code of this design has the name of a built-in layer type; "
            "rename it",
        )
        for name in design.code
        if name in layer_types()
    ]


def _is_read_as_image(top: GraphResult, name: str) -> bool:
    """Tell whether a convolution or a pool reads an input, or what keeps its shape and axes."""
    waiting, seen = [(top, name)], {(top, name)}
    while waiting:
        graph, source = waiting.pop()
        for target in graph.wiring.targets[source]:
            result = graph.nodes.get(target)
            following: list[tuple[GraphResult, str]] = []
            if result is None:  # an output of the block
                continue
            if result.inside is not None:
                sources = graph.wiring.sources[target]
                ends = zip(result.inside.wiring.ends.inputs, sources, strict=False)
                following = [(result.inside, end) for end, each in ends if each == (source, 0)]
            elif result.layer is not None and result.layer.category in READS_IMAGES:
                return True
            elif _keeps_axes(result):
                following = [(graph, target)]
            waiting += [each for each in following if each not in seen]
            seen.update(following)
    return False


def _keeps_axes(result: NodeResult) -> bool:
    given = result.inputs[0] if result.inputs else None
    made = result.outputs[0] if result.outputs else None
    if given is None or made is None:
        return False
    return (given.shape, given.axes) == (made.shape, made.axes)


def analyze(
    design: Design, previous: Analysis | None = None, measured: Measured | None = None
) -> Analysis:
    """Analyze a design. Whatever is wrong with it becomes a problem, never an exception.

    Parameters
    ----------
    design
        Any design that could be read or edited.
    previous
        The analysis of an earlier version of the design; results that are still valid are reused.
    measured
        What is known of the design's own layer types; that of the previous analysis if not given.
        See `designer.runs.own_layers`.
    """
    if measured is None:
        measured = previous.measured if previous is not None else NOT_MEASURED
    if previous is not None and (design.code or previous.design.code):
        same = previous.measured is measured and previous.design.code == design.code
        previous = previous if same else None
    evaluator = Evaluator(design, previous.evaluator if previous is not None else None, measured)
    with _garbage_collection_off():
        return Analysis(design, evaluator, evaluator.top(previous.top if previous else None))


@contextmanager
def _garbage_collection_off() -> Iterator[None]:
    """Switch off Python's search for cyclic garbage, of which an analysis makes none.

    Each search goes through all live objects. In an edit that changes every shape of a large design
    the searches take a tenth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
