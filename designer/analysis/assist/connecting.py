"""Verdicts on an edge before it is drawn: it fits, it causes a problem, or it is refused."""

from typing import Literal, NamedTuple

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist.editing import input_ports, next_port
from designer.analysis.assist.lookup import graph_at, refusal, tensor_at
from designer.analysis.problems import Severity
from designer.design import edits
from designer.design.values import BlockNode, Edge
from designer.errors import DesignerError
from designer.layers.tensors import Shape

Kind = Literal["fits", "problem", "refused"]


class Verdict(NamedTuple):
    """The verdict on an edge.

    Attributes
    ----------
    kind
        Whether it fits, can be drawn but causes a problem, or is refused.
    sentence
        Why it does not fit; "" where it fits or the reason was not asked for.
    edge
        The edge itself, None where there is no port for it.
    """

    kind: Kind
    sentence: str = ""
    edge: Edge | None = None


class Connecting:
    """The edges that could be drawn from one port of a graph.

    Parameters
    ----------
    analysis
        The analysis of the design.
    scope, block
        The path of the graph on the canvas, and the block whose graph it is.
    name, port, output
        Where the edge is drawn from: a node, or an input or output of the block; its port; and
        whether that is an output port.
    instead
        An edge that the new one replaces.

    Attributes
    ----------
    taken
        The input ports that edges enter, each as (node, port).
    """

    def __init__(
        self,
        analysis: Analysis,
        scope: str,
        block: str | None,
        name: str,
        port: int,
        *,
        output: bool,
        instead: Edge | None = None,
    ) -> None:
        self.analysis = analysis
        self.scope, self.block = scope, block
        self.name, self.port, self.output = name, port, output
        self.instead = instead
        self.design = analysis.design
        if instead is not None:
            self.design = edits.disconnect(self.design, instead, block=block)
        self.results = graph_at(analysis, scope)
        self.graph = self.design.graph_of(block)
        self._closed = self._closing()
        self.taken = {edge[2:] for edge in self.graph.edges}

    def edge(self, name: str, port: int) -> Edge:
        """Return the edge between the port where it is drawn from and this one."""
        if self.output:
            return Edge(self.name, self.port, name, port)
        return Edge(name, port, self.name, self.port)

    def judge(self, name: str, port: int) -> Verdict:
        """Return the verdict on the edge to a port, fast enough for every node on the canvas.

        A refusal has no sentence, and the insides of blocks are not checked; see `judge_fully`.
        """
        edge = self.edge(name, port)
        if name in self._closed or edge[2:] in self.taken:
            return Verdict("refused", edge=edge)
        sentence = self._layer_sentence(edge)
        return Verdict("problem" if sentence else "fits", sentence, edge)

    def judge_fully(self, name: str, port: int) -> Verdict:
        """Return the verdict on the edge to a port, with its reason and the insides of blocks."""
        verdict = self.judge(name, port)
        edge = self.edge(name, port)
        if verdict.kind == "refused":
            try:
                edits.connect(self.design, edge, block=self.block)
            except DesignerError as error:
                return Verdict("refused", str(error), edge)
        if verdict.kind == "problem" or not isinstance(
            self.graph.nodes.get(edge.target), BlockNode
        ):
            return verdict
        after = edits.connect(self.design, edge, block=self.block)
        path = f"{self.scope}.{edge.target}" if self.scope else edge.target
        known = {each.message for each in self.analysis.problems}
        for each in analyze(after, self.analysis).problems:
            inside = each.path.startswith(f"{path}.")
            wrong = each.path == path and each.severity is Severity.ERROR
            if (inside or wrong) and each.message not in known:
                return Verdict("problem", each.message, edge)
        return verdict

    def judge_node(self, name: str) -> Verdict:
        """Return the verdict on the edge to a node, at its first free port that fits."""
        if not self.output or name in self._closed:
            return self.judge_fully(name, 0)
        port = next_port(self.design, name, self.block)
        if port is None:
            node = self.graph.nodes.get(name)
            most = 1 if node is None else input_ports(self.design, node)
            return Verdict("refused", _full(name, most))
        free = [
            each
            for each in range(port, max(port + 1, self._ports(name)))
            if (name, each) not in self.taken
        ]
        verdicts = [self.judge_fully(name, each) for each in free]
        return next((each for each in verdicts if each.kind == "fits"), verdicts[0])

    def shape(self) -> Shape | None:
        """Return the shape of the tensor that the edge carries, None if it is not known."""
        if not self.output:
            return None
        tensor = tensor_at(self.results, self.design, self.block, self.name, self.port)
        return tensor.shape if tensor is not None else None

    def _ports(self, name: str) -> int:
        node = self.graph.nodes.get(name)
        return input_ports(self.design, node) if isinstance(node, BlockNode) else 0

    def _closing(self) -> set[str]:
        """Return the nodes to which the edge would close a cycle."""
        onward: dict[str, list[str]] = {}
        for edge in self.graph.edges:
            one, other = (edge.target, edge.source) if self.output else (edge.source, edge.target)
            onward.setdefault(one, []).append(other)
        seen, waiting = {self.name}, [self.name]
        while waiting:
            more = [each for each in onward.get(waiting.pop(), ()) if each not in seen]
            seen.update(more)
            waiting.extend(more)
        return seen

    def _layer_sentence(self, edge: Edge) -> str:
        """Return why a layer would not take the tensor, "" if it would or nothing is known."""
        tensor = tensor_at(self.results, self.design, self.block, edge.source, edge.source_port)
        result = self.results.nodes.get(edge.target) if self.results is not None else None
        old = self.instead
        without = old.target_port if old is not None and old.target == edge.target else None
        why = refusal(result, tensor, edge.target_port, without=without)
        return f"{edge.target}: {why}" if why else ""


def _full(name: str, most: int) -> str:
    if not most:
        return f"{name} has no inputs; draw an edge from it instead."
    if most == 1:
        return f"The input of {name} already has an edge; remove that edge first."
    return f"The {most} inputs of {name} already have edges; remove one of them first."
