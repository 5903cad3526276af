"""Unfold: uses of blocks become the nodes inside of them, all the way down to layers.

Names are those of the generated module's paths, with ``_`` for ``.``: the first convolution of
``layer1.0`` is ``layer1_0_conv1``. Arguments of blocks are replaced by their values, which may be
expressions over the design's arguments; a condition or a number of repetitions is that of the
current values.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.wiring import without_nodes
from designer.design.blocks import parts
from designer.design.expressions import (
    Binary,
    Literal,
    Scalar,
    Tree,
    evaluate,
    fold,
    substitute,
)
from designer.design.naming import first_free, node_name_refusal
from designer.design.printing import source
from designer.design.rewriting import NUMBER, sizes_of_input, tree_of, value_of, with_values
from designer.design.values import Block, BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.errors import DesignerError
from designer.folding.fold import Folded, paths_with_tensors, refuse_errors
from designer.layers.own import Measured

LONGEST = 60
"""Characters of an argument's expression that is written into the nodes of a block."""
MOST_LAYERS = 20_000
"""Layers of a design that can be unfolded."""

_Port = tuple[str, int]


def unfold(
    design: Design, names: Collection[str] | None = None, measured: Measured | None = None
) -> Folded:
    """Return a design in which the nodes of blocks stand in the design's own graph.

    Parameters
    ----------
    design
        Any design without errors.
    names
        The uses of blocks in the design's own graph that are unfolded; all by default.
    measured
        What is known of the design's own layer types.

    Returns
    -------
    Folded
        Blocks that are used no more are left out.

    Raises
    ------
    DesignerError
        The design has errors or too many layers, or a use has an input that is not connected or
        an output that is not read.
    """
    analysis = analyze(design, measured=measured)
    refuse_errors(analysis, "unfolded")
    if analysis.totals.layers > MOST_LAYERS:
        raise DesignerError(
            f"{design.name} has {analysis.totals.layers:,} layers; at most {MOST_LAYERS:,} can be "
            "unfolded."
        )
    graph = design.graph
    chosen = [
        name
        for name, node in graph.nodes.items()
        if isinstance(node, BlockNode) and (names is None or name in names)
    ]
    if not chosen:
        return Folded(design, _moved(analysis, {}))
    made = _Unfolder(design, analysis.arguments, set(graph.nodes) - set(chosen))
    made.unfold(analysis.top, chosen)
    changed = replace(design, graph=made.graph())
    used = set(parts(design.blocks, changed.graph.nodes.values()))
    blocks = {name: block for name, block in design.blocks.items() if name in used}
    return Folded(replace(changed, blocks=blocks), _moved(analysis, made.moved))


def _moved(analysis: Analysis, names: Mapping[str, str]) -> dict[str, str]:
    """Return for each layer with tensors what their names begin with before and after.

    Parameters
    ----------
    names
        The new names of the layers in unfolded blocks, by their paths.
    """
    return {path: names.get(path, path) for path in paths_with_tensors(analysis)}


@dataclass
class _Unfolder:
    """Collects the nodes and edges of the graph.

    Attributes
    ----------
    design
        The design.
    scope
        The values of its arguments.
    taken
        Names that nodes have already.
    moved
        The new name of each layer in an unfolded block, by its path.
    owners
        For nodes that share weights, the path of the module that they use.
    """

    design: Design
    scope: Mapping[str, Scalar]
    taken: set[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def unfold(self, result: GraphResult, chosen: Collection[str]) -> None:
        """Put the nodes of chosen uses of blocks in their places."""
        present = [name for name in result.wiring.order if name in set(chosen)]
        graph = self._without_absent(set(chosen) - set(present))
        entering = _entering(graph)
        leaving: dict[_Port, _Port | None] = {}
        inner: dict[str, dict[str, Node]] = {}
        for name in present:
            node = graph.nodes[name]
            assert isinstance(node, BlockNode)
            given = {
                port: source
                for port, each in entering.get(name, {}).items()
                if (source := leaving.get(each, each)) is not None
            }
            self.nodes = inner[name] = {}
            owner = node.shares or name
            found = self._use(name, node, result.nodes[name], given, {}, Literal(1), owner)
            leaving |= {(name, port): source for port, source in found.items()}
        self.nodes = {}
        for name, node in graph.nodes.items():
            self.nodes |= inner.get(name, {name: node})
        for edge in graph.edges:
            source = leaving.get((edge.source, edge.source_port), (edge.source, edge.source_port))
            if source is not None and edge.target not in inner:
                self.edges.append(Edge(*source, edge.target, edge.target_port))
        self._refuse_unread(inner)

    def _refuse_unread(self, inner: Mapping[str, Mapping[str, Node]]) -> None:
        """Raise an error if nothing reads a layer that was in a block with an unread output."""
        read = {each.source for each in self.edges}
        paths = {name: path for path, name in self.moved.items()}
        for use, nodes in inner.items():
            for name in nodes:
                if name not in read:
                    raise DesignerError(
                        f"{use} cannot be unfolded: nothing would read {paths.get(name, name)}, "
                        "as an output of the block around it is not read. Connect that output, or "
                        "remove it and the layers that compute it from the block."
                    )

    def _without_absent(self, absent: Collection[str]) -> Graph:
        """Return the design's graph without uses that their `when` or `repeat` leaves out."""
        graph = self.design.graph
        entering = _entering(graph)
        bridged = []
        for name in absent:
            node = graph.nodes[name]
            assert isinstance(node, BlockNode)
            block = self.design.blocks[node.block]
            if len(block.inputs) == len(block.outputs) == len(entering.get(name, ())) == 1:
                bridged.append(name)
        return without_nodes(graph, set(absent) - set(bridged), bridged) if absent else graph

    def graph(self) -> Graph:
        """Return the graph, its shared weights included."""
        first: dict[str, str] = {}
        nodes = dict(self.nodes)
        for name, path in self.owners.items():
            owner = self.moved.get(path) or first.setdefault(path, name)
            nodes[name] = replace(nodes[name], shares="" if owner == name else owner)
        return Graph(nodes, tuple(self.edges))

    def _use(
        self,
        path: str,
        node: BlockNode,
        result: NodeResult,
        given: Mapping[int, _Port],
        trees: Mapping[str, Tree],
        rate: Tree,
        module: str,
    ) -> Mapping[int, _Port | None]:
        """Add the nodes of a use of a block; return what its output ports stand for.

        Parameters
        ----------
        path
            Its path, such as ``layer1.0``.
        node, result
            The node and its result.
        given
            What its input ports read.
        trees
            The values of the names that its expressions read.
        rate
            The factor of the learning rate around it.
        module
            The path of the node whose module it uses.
        """
        block, inside = self.design.blocks[node.block], result.inside
        if inside is None:
            raise DesignerError(
                f"{path} cannot be unfolded, since an input is not connected; connect it first."
            )
        steps: list[tuple[str, GraphResult]] = [("", inside)]
        if _is_chain(inside):
            steps = [
                (f".{number}", step.inside)
                for number, step in inside.nodes.items()
                if step.inside is not None
            ]
        leaving: Mapping[int, _Port | None] = {}
        for number, (more, step) in enumerate(steps):
            around = {**trees, NUMBER: Literal(number)}
            scope: dict[str, Tree] = {
                size: Literal(value) for size, value in sizes_of_input(step.inputs[0].shape).items()
            }
            for name, argument in block.arguments.items():
                value = tree_of(node.arguments.get(name, argument.default))
                scope[name] = self._short(substitute(value, around))
            inner_rate = _product(rate, substitute(tree_of(node.learning_rate), around))
            leaving = self._block(path + more, block, step, given, scope, inner_rate, module + more)
            given = {port: source for port, source in leaving.items() if source is not None}
        return leaving

    def _short(self, tree: Tree) -> Tree:
        """Return an expression, or its current value where it is too long to be written."""
        if isinstance(tree, Literal) or len(source(tree)) <= LONGEST:
            return tree
        return Literal(evaluate(tree, self.scope))

    def _block(
        self,
        path: str,
        block: Block,
        result: GraphResult,
        given: Mapping[int, _Port],
        trees: Mapping[str, Tree],
        rate: Tree,
        module: str,
    ) -> dict[int, _Port | None]:
        """Add the nodes of a block that take part; return what its outputs stand for."""
        graph = result.wiring.graph
        entering = _entering(graph)
        ports: dict[_Port, _Port | None] = {
            (end, 0): given.get(port) for port, end in enumerate(block.inputs)
        }
        for name in result.wiring.order:
            node = graph.nodes[name]
            read = {
                port: source
                for port, each in entering.get(name, {}).items()
                if (source := ports.get(each)) is not None
            }
            inner, owner = f"{path}.{name}", f"{module}.{node.shares or name}"
            if isinstance(node, BlockNode):
                found = self._use(inner, node, result.nodes[name], read, trees, rate, owner)
                ports |= {(name, port): source for port, source in found.items()}
                continue
            own = _product(rate, substitute(tree_of(node.learning_rate), trees))
            made = self._layer(inner, node, own, trees)
            if owner != inner and _has_tensors(result.nodes[name]):
                self.owners[made] = owner
            self.edges += [Edge(*source, made, port) for port, source in read.items()]
            outputs = range(len(result.nodes[name].outputs) or 1)
            ports |= {(name, port): (made, port) for port in outputs}
        return {
            port: ports.get(entering[end][0]) if end in entering else None
            for port, end in enumerate(block.outputs)
        }

    def _layer(self, path: str, node: LayerNode, rate: Tree, trees: Mapping[str, Tree]) -> str:
        """Add a layer; return its name."""
        name = first_free(self.taken, path.replace(".", "_"), node_name_refusal)
        self.taken.add(name)
        plain = with_values(replace(node, learning_rate=1, when=True), trees)
        self.nodes[name] = replace(plain, learning_rate=value_of(rate), shares="", at=None)
        self.moved[path] = name
        return name


def _entering(graph: Graph) -> dict[str, dict[int, _Port]]:
    """Return what the input ports of each node, or output of a block, read."""
    found: dict[str, dict[int, _Port]] = {}
    for edge in graph.edges:
        found.setdefault(edge.target, {})[edge.target_port] = edge.source, edge.source_port
    return found


def _has_tensors(result: NodeResult) -> bool:
    """Tell whether a layer has tensors in the state dict."""
    given = [each for each in result.inputs if each is not None]
    return result.layer is not None and bool(result.layer.states(given))


def _is_chain(result: GraphResult) -> bool:
    """Tell whether a result is that of a repeated block; its nodes have numbers for names."""
    return next(iter(result.nodes), "").isdecimal()


def _product(one: Tree, other: Tree) -> Tree:
    """Return the product of two factors."""
    if Literal(1) in (one, other):
        return other if one == Literal(1) else one
    return fold(Binary("*", one, other))
