"""The nodes of a design as they are compared: settings as the layers read them, edges by number."""

from collections.abc import Hashable

from designer.design.differences import SHARES, settings_of
from designer.design.expressions import is_expression
from designer.design.values import BlockNode, Design, LayerNode, Node
from designer.folding.node_alignment import Vertex
from designer.layers.catalogue import layer_types
from designer.layers.parameters import REQUIRED, ParameterError


class Reading:
    """A design whose settings are read as its layers do, so that 3 is (3, 3) and also the default.

    Attributes
    ----------
    blocks
        For each block that the other design has, a number that is the same there.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.blocks: dict[str, Hashable] = {}
        self._types = layer_types(design.code)

    def kind(self, node: Node) -> Hashable:
        """Return what two nodes have in common that may be the same."""
        if isinstance(node, LayerNode):
            return node.layer
        if node.block not in self.design.blocks:
            return ("missing block", node.block)
        return ("block", self.blocks.get(node.block, (id(self), node.block)))

    def default(self, node: Node, key: str) -> object:
        """Return the value of a setting that is not given; None if there is none."""
        if isinstance(node, BlockNode):
            block = self.design.blocks.get(node.block)
            argument = block.arguments.get(key) if block is not None else None
            return argument.default if argument is not None else None
        kind = self._types.get(node.layer)
        parameter = kind.parameters.get(key) if kind is not None else None
        found = parameter.default if parameter is not None else None
        return None if found is REQUIRED else found

    def shown(self, node: Node, key: str, value: object) -> object:
        """Return a value as designs write it: one number for a size that is the same on all axes.

        None becomes the default.
        """
        value = self.default(node, key) if value is None else value
        kind = self._types.get(node.layer) if isinstance(node, LayerNode) else None
        parameter = kind.parameters.get(key) if kind is not None else None
        axes = parameter is not None and parameter.axes > 0
        if axes and isinstance(value, tuple) and value and len(set(value)) == 1:
            return value[0]
        return value

    def value(self, node: Node, key: str, value: object) -> object:
        """Return a value in the parameter's own type; as it is where it is an expression."""
        kind = self._types.get(node.layer) if isinstance(node, LayerNode) else None
        parameter = kind.parameters.get(key) if kind is not None else None
        if parameter is None or is_expression(value):
            return value
        if isinstance(value, tuple) and any(map(is_expression, value)):
            return value
        try:
            return parameter.check(value)  # type: ignore[arg-type]  # None never comes here
        except ParameterError:
            return value

    def given(self, node: Node) -> Hashable:
        """Return the settings that differ from their defaults, in one order."""
        found = []
        for key, value in settings_of(node).items():
            if value in (None, "") or key == SHARES:
                continue
            if (key, value) not in (("when", True), ("learning_rate", 1), ("repeat", 1)):
                read = self.value(node, key, value)
                if read != self.default(node, key):
                    found.append((key, read))
        return tuple(sorted(found, key=lambda each: each[0]))


def vertices_of(reading: Reading, block: str | None) -> tuple[list[str], list[Vertex]]:
    """Return the names and vertices of a graph; a block's inputs and outputs come first."""
    design = reading.design
    graph = design.graph_of(block)
    around = design.blocks[block] if block is not None else None
    ends = (*around.inputs, *around.outputs) if around is not None else ()
    names = [*ends, *(name for name in graph.nodes if name not in ends)]
    number = {name: n for n, name in enumerate(names)}
    sources: list[list[tuple[int, int] | None]] = [[] for _ in names]
    for edge in graph.edges:
        if edge.source in number and edge.target in number:
            ports = sources[number[edge.target]]
            ports += [None] * (edge.target_port + 1 - len(ports))
            ports[edge.target_port] = (number[edge.source], edge.source_port)
    vertices: list[Vertex] = []
    for name, entered in zip(names, sources, strict=True):
        if around is not None and name in ends:
            inputs = name in around.inputs
            place = around.inputs.index(name) if inputs else around.outputs.index(name)
            kind: Hashable = ("input" if inputs else "output", place)
            vertices.append(Vertex(name, kind, (), tuple(entered)))
        else:
            node = graph.nodes[name]
            known = name.replace(".", "_")  # the path of a layer, or its name in a flat design
            vertices.append(Vertex(known, reading.kind(node), reading.given(node), tuple(entered)))
    return names, vertices
