"""What an edge would do before it is drawn: fit, become a problem, or be refused."""

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
    """What becomes of an edge, and in a sentence why it is not well."""

    kind: Kind
    sentence: str = ""
    edge: Edge | None = None


class Connecting:
    """The edges that could be drawn from one port of a graph.

    Parameters
    ----------
    scope, block
        The path of the graph that is looked at, and the block whose graph it is.
    name, port, output
        Where the edge begins: a node or an end of the block, and its output or input port.
    instead
        An edge that the new one replaces.

    Attributes
    ----------
    taken
        The input ports that edges enter.
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
        """Return the edge to a port at the other side."""
        if self.output:
            return Edge(self.name, self.port, name, port)
        return Edge(name, port, self.name, self.port)

    def judge(self, name: str, port: int) -> Verdict:
        """Say at once what the edge to a port at the other side would do.

        A refusal is without its reason, and blocks are not looked into; `judge_fully` does both.
        """
        edge = self.edge(name, port)
        if name in self._closed or edge[2:] in self.taken:
            return Verdict("refused", edge=edge)
        sentence = self._layer_sentence(edge)
        return Verdict("problem" if sentence else "fits", sentence, edge)

    def judge_fully(self, name: str, port: int) -> Verdict:
        """Say what the edge would do and why."""
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
            inside = each.path == path or each.path.startswith(f"{path}.")
            if inside and each.severity is Severity.ERROR and each.message not in known:
                return Verdict("problem", each.message, edge)
        return verdict

    def judge_node(self, name: str) -> Verdict:
        """Say what the edge to a node's next free fitting port would do."""
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
        """Return the shape that leaves the port where the edge begins, if it is known."""
        if not self.output:
            return None
        tensor = tensor_at(self.results, self.design, self.block, self.name, self.port)
        return tensor.shape if tensor is not None else None

    def _ports(self, name: str) -> int:
        node = self.graph.nodes.get(name)
        return input_ports(self.design, node) if isinstance(node, BlockNode) else 0

    def _closing(self) -> set[str]:
        """Return the nodes to which an edge would close a cycle."""
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
        """Say why a layer would not take the tensor, "" if it would or that is not known."""
        tensor = tensor_at(self.results, self.design, self.block, edge.source, edge.source_port)
        result = self.results.nodes.get(edge.target) if self.results is not None else None
        old = self.instead
        without = old.target_port if old is not None and old.target == edge.target else None
        why = refusal(result, tensor, edge.target_port, without=without)
        return f"{edge.target}: {why}" if why else ""


def _full(name: str, most: int) -> str:
    if not most:
        return f"{name} takes no inputs; data begins there."
    if most == 1:
        return f"The input of {name} has an edge already; remove that first."
    return f"The {most} inputs of {name} have edges already; remove one first."
