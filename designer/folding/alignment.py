"""Several pieces of a graph as one: which nodes correspond, and which only some pieces have.

The bottlenecks of a ResNet are a worked example. The first of each stage has a convolution and a
norm in its shortcut, the others have not. `Template` takes the one with most nodes as it is, aligns
the nodes of the others with its nodes in forward order, by layer type and parameters, and notes for
each node which pieces have it. What some pieces lack is left out by ``when`` in the block, which
puts an edge in the place of a node with one input. So `Template.is_right` follows such edges for
each piece, and compares what is left with the piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from designer.design.expressions import ExpressionError, Scalar, is_expression, names
from designer.design.parsing import parse
from designer.design.rewriting import NUMBER
from designer.design.values import BlockNode, LayerNode, Node
from designer.folding.working_graph import Port, WorkingGraph
from designer.layers.base import Layer
from designer.layers.catalogue import layer_types

Ref: TypeAlias = tuple[int, int]
"""A node of a piece and its output port; the inputs of a piece are -1, -2, ..."""
Label: TypeAlias = tuple[object, ...]

NOTHING: Ref = (0, -1)
"""In the place of a source: there is none that is right."""
IDENTITY = "Identity"
MOST_CELLS = 250_000
"""Comparisons of nodes in one alignment: pieces of 500 nodes each."""
LEAST_ALIKE = 0.6
"""The share of a piece's nodes that must correspond to those of the others."""


class Piece(NamedTuple):
    """Some nodes of a graph that may become the use of a block.

    Attributes
    ----------
    names
        The nodes in forward order.
    labels
        What must be equal for nodes to correspond.
    sources
        For each node, what its input ports read.
    shares
        For each node, the number of the node whose weights it shares; None for its own.
    outputs
        The ports that nodes outside read.
    inputs
        The ports outside that the piece reads.
    """

    names: tuple[str, ...]
    labels: tuple[Label, ...]
    sources: tuple[tuple[Ref | None, ...], ...]
    shares: tuple[int | None, ...]
    outputs: tuple[Ref, ...]
    inputs: tuple[Port, ...]

    @property
    def structure(self) -> tuple[object, ...]:
        """What is equal for pieces whose nodes correspond one to one."""
        return self.labels, self.sources, self.shares, self.outputs, len(self.inputs)


def piece_of(
    graph: WorkingGraph, names: Sequence[str], readers: Mapping[Port, list[tuple[str, int]]]
) -> Piece:
    """Return the piece of a graph that consists of these nodes, given in forward order."""
    index = {name: number for number, name in enumerate(names)}
    inputs: dict[Port, int] = {}
    sources = []
    for name in names:
        found: list[Ref | None] = []
        for source in graph.sources[name]:
            if source is None:
                found.append(None)
            elif source[0] in index:
                found.append((index[source[0]], source[1]))
            else:
                found.append((-1 - inputs.setdefault(source, len(inputs)), 0))
        sources.append(tuple(found))
    outputs: dict[Ref, None] = {}
    for name in names:
        for port in sorted({port for source, port in _ports(graph, name, readers)}):
            if any(reader not in index for reader, _ in readers.get((name, port), ())):
                outputs[index[name], port] = None
    return Piece(
        tuple(names),
        tuple([label(graph, graph.nodes[name]) for name in names]),
        tuple(sources),
        tuple([index.get(graph.nodes[name].shares) for name in names]),
        tuple(outputs),
        tuple(inputs),
    )


def _ports(
    graph: WorkingGraph, name: str, readers: Mapping[Port, list[tuple[str, int]]]
) -> list[Port]:
    return [
        port
        for port in ((name, number) for number in range(_outputs(graph, name)))
        if port in readers
    ]


def _outputs(graph: WorkingGraph, name: str) -> int:
    known = 1
    while (name, known) in graph.shapes:
        known += 1
    return known


def kind_of(graph: WorkingGraph, node: Node) -> type[Layer] | None:
    """Return the layer type of a node; None for the use of a block."""
    return layer_types(graph.code).get(node.layer) if isinstance(node, LayerNode) else None


def label(graph: WorkingGraph, node: Node) -> Label:
    """Return what must be equal for nodes to correspond: the type, and the form of its values."""
    if isinstance(node, BlockNode):
        # An expression over the number of the repetition has no value outside of the node.
        rules = [(key, value) for key, value in node.arguments.items() if reads_number(value)]
        return ("block", node.block, *sorted(rules))
    kind = kind_of(graph, node)
    forms = []
    for key, parameter in (kind.parameters if kind is not None else {}).items():
        default = None if parameter.required else parameter.default
        value = node.parameters.get(key, default)
        if value is None:
            forms.append((key, "none"))
        elif isinstance(value, tuple) and not parameter.axes:
            forms.append((key, str(len(value))))
        elif isinstance(value, str) and not is_expression(value) and not isinstance(default, str):
            forms.append((key, value))
    return (node.layer, *forms)


def reads_number(value: Scalar) -> bool:
    """Tell whether a value is an expression that reads the number of the repetition."""
    return is_expression(value) and NUMBER in names_in(value)


@lru_cache(maxsize=4096)
def names_in(value: Scalar) -> frozenset[str]:
    """Return the names that a value reads; none if it is no valid expression."""
    if not is_expression(value):
        return frozenset()
    try:
        return names(parse(str(value)))
    except ExpressionError:
        return frozenset()


@dataclass
class TemplateNode:
    """A node of a template.

    Attributes
    ----------
    label
        That of the nodes that correspond to it.
    sources
        What its input ports read.
    uses
        For each piece, the node that corresponds to it; None if the piece has none.
    present
        For each piece, whether the node exists in it.
    shares
        The node of the template whose weights it shares.
    """

    label: Label
    sources: list[Ref | None]
    uses: list[str | None]
    present: list[bool]
    shares: int | None = None

    def copy(self) -> "TemplateNode":
        """Return a copy that can be changed."""
        return replace(
            self, sources=list(self.sources), uses=list(self.uses), present=list(self.present)
        )


@dataclass
class Template:
    """Pieces of a graph as one graph.

    Attributes
    ----------
    pieces
        The pieces.
    nodes
        The nodes by number.
    order
        The numbers of the nodes in forward order.
    outputs
        The ports of its outputs.
    inputs
        How many inputs it has.
    """

    pieces: list[Piece]
    nodes: dict[int, TemplateNode]
    order: list[int]
    outputs: list[Ref]
    inputs: int
    graph: WorkingGraph = field(repr=False, kw_only=True)
    forms: dict[str, Mapping[str, object]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, graph: WorkingGraph, pieces: Sequence[Piece]) -> "Template":
        """Return the template of pieces whose nodes correspond one to one."""
        first = pieces[0]
        nodes = {
            number: TemplateNode(
                first.labels[number],
                list(first.sources[number]),
                [each.names[number] for each in pieces],
                [True] * len(pieces),
                first.shares[number],
            )
            for number in range(len(first.names))
        }
        return cls(
            list(pieces), nodes, list(nodes), list(first.outputs), len(first.inputs), graph=graph
        )

    def with_pieces(self, pieces: Sequence[Piece]) -> "Template | None":
        """Return a template with further pieces of one structure; None where that is not possible.

        The nodes of the pieces are aligned with those of the template.
        """
        piece = pieces[0]
        if len(piece.inputs) != self.inputs or len(piece.outputs) != len(self.outputs):
            return None
        pairs = self._aligned(piece)
        if pairs is None or len(pairs) < LEAST_ALIKE * min(len(piece.names), len(self.order)):
            return None
        made = Template(
            [*self.pieces, *pieces],
            {key: each.copy() for key, each in self.nodes.items()},
            [],
            list(self.outputs),
            self.inputs,
            graph=self.graph,
            forms=self.forms,
        )
        return made if made._merge(self.order, pieces, pairs) and made.is_right() else None

    def _aligned(self, piece: Piece) -> dict[int, int] | None:
        """Return the nodes of the template by the nodes of a piece, by the best alignment."""
        rows, columns = self.order, range(len(piece.names))
        if len(rows) * len(columns) > MOST_CELLS:
            return None
        best = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
        scores: dict[tuple[int, int], float] = {}
        for row in reversed(range(len(rows))):
            node = self.nodes[rows[row]]
            for column in reversed(columns):
                found = max(best[row + 1][column], best[row][column + 1])
                if node.label == piece.labels[column]:
                    score = scores[row, column] = self._likeness(node, piece.names[column])
                    found = max(found, best[row + 1][column + 1] + score)
                best[row][column] = found
        pairs: dict[int, int] = {}
        row = column = 0
        while row < len(rows) and column < len(columns):
            here = best[row][column]
            score = scores.get((row, column), -1.0)
            if score > 0 and here == best[row + 1][column + 1] + score:
                pairs[column] = rows[row]
                row, column = row + 1, column + 1
            elif here == best[row + 1][column]:
                row += 1
            else:
                column += 1
        return pairs

    def _likeness(self, node: TemplateNode, name: str) -> float:
        """Return how much a node is like one of the template: more for each equal parameter.

        Size of the kernel, and whether the convolution is in groups, say more than channels.
        """
        other = next(each for each in node.uses if each is not None)
        first, second = self._form(other), self._form(name)
        equal = [key for key, value in first.items() if second.get(key) == value]
        weight = sum(3.0 if key in ("kernel_size", "groups") else 1.0 for key in equal)
        return 20.0 + 10.0 * weight / (weight + 1.0)

    def _form(self, name: str) -> Mapping[str, object]:
        """Return the parameters of a node; of groups only whether there are several."""
        known = self.forms.get(name)
        if known is None:
            node = self.graph.nodes[name]
            known = dict(node.parameters if isinstance(node, LayerNode) else node.arguments)
            if isinstance(node, BlockNode):
                arguments = self.graph.blocks[node.block].arguments
                known = {key: known.get(key, each.default) for key, each in arguments.items()}
            if "groups" in known:
                known["groups"] = known["groups"] != 1
            self.forms[name] = known
        return known

    def _merge(self, order: list[int], pieces: Sequence[Piece], pairs: Mapping[int, int]) -> bool:
        """Add the nodes of pieces: those without a partner become new nodes."""
        piece, before = pieces[0], len(self.pieces) - len(pieces)
        number_of = dict(pairs)
        own: set[int] = set()
        new_order: list[int] = []
        waiting = list(order)
        for column in range(len(piece.names)):
            if column in pairs:
                while waiting[0] != pairs[column]:
                    new_order.append(waiting.pop(0))
                new_order.append(waiting.pop(0))
            else:
                number = number_of[column] = len(self.nodes)
                own.add(number)
                self.nodes[number] = TemplateNode(
                    piece.labels[column], [], [None] * before, [False] * before
                )
                new_order.append(number)
        self.order = [*new_order, *waiting]
        there = {number: column for column, number in number_of.items()}
        for number in self.order:
            node = self.nodes[number]
            at = there.get(number)
            is_skip = node.label == (IDENTITY, "shortcut")
            node.uses += [None if at is None else each.names[at] for each in pieces]
            # A join stays where its other inputs are left out, and passes on the only one.
            stays = at is None and all(node.present) and self._is_join(node) and not is_skip
            node.present += [at is not None or stays] * len(pieces)

        def mapped(ref: Ref | None) -> Ref | None:
            return ref if ref is None or ref[0] < 0 else (number_of[ref[0]], ref[1])

        for column, number in number_of.items():
            if number in own:
                self.nodes[number].sources = [mapped(each) for each in piece.sources[column]]
            owner = piece.shares[column]
            owner = None if owner is None else number_of[owner]
            if number in own:
                self.nodes[number].shares = owner
            elif self.nodes[number].shares != owner:
                return False
        gone = set(self.order) - set(there)
        for column, number in pairs.items():
            node = self.nodes[number]
            if len(node.sources) != len(piece.sources[column]):
                return False
            for port, ref in enumerate(piece.sources[column]):
                found = self._joined(node.sources[port], mapped(ref), gone, own, len(pieces))
                if found == NOTHING:
                    return False
                node.sources[port] = found
        for number_out, ref in enumerate(piece.outputs):
            found = self._joined(self.outputs[number_out], mapped(ref), gone, own, len(pieces))
            if found is None or found == NOTHING:
                return False
            self.outputs[number_out] = found
        return True

    def _joined(
        self, here: Ref | None, there: Ref | None, gone: set[int], own: set[int], count: int
    ) -> Ref | None:
        """Return what a port reads: `here` in the template, `there` in the new pieces.

        `NOTHING` if no one graph gives both.

        Parameters
        ----------
        gone, own
            The nodes that only the template has, and those that only the new pieces have.
        count
            How many new pieces there are.
        """
        if here == there:
            return here
        if here is None or there is None:
            return NOTHING
        down = self._past(here, gone)
        if there in down:
            return here
        up = self._past(there, own)
        if here in up:
            return there
        if down[-1] == up[-1] and len(up) > 1:
            self.nodes[up[-2][0]].sources[0] = here
            return there
        end = down[-1]
        if end[0] in gone and self._is_join(self.nodes[end[0]]):
            join = self.nodes[end[0]]
            ports = [port for port, ref in enumerate(join.sources) if ref is not None]
            for port in ports:
                ref = join.sources[port]
                assert ref is not None
                if there in self._past(ref, gone):
                    for other in ports:
                        if other != port:
                            self._cut(join, other, count)
                    return here
        return NOTHING

    def _cut(self, join: TemplateNode, port: int, count: int) -> None:
        """Put an Identity into an input of a join, which the last `count` pieces lack."""
        ref = join.sources[port]
        assert ref is not None
        if ref[0] >= 0 and self.nodes[ref[0]].label == (IDENTITY, "shortcut"):
            return
        before = len(self.pieces) - count
        number = len(self.nodes)
        self.nodes[number] = TemplateNode(
            (IDENTITY, "shortcut"),
            [ref],
            [None] * len(self.pieces),
            [True] * before + [False] * count,
        )
        join.sources[port] = number, 0
        at = next(n for n, each in enumerate(self.order) if self.nodes[each] is join)
        self.order.insert(at, number)

    def _past(self, ref: Ref, absent: set[int]) -> list[Ref]:
        """Return a port, and those that its readers get where nodes with one input are absent."""
        found = [ref]
        while ref[0] in absent and ref[1] == 0 and len(self.nodes[ref[0]].sources) == 1:
            source = self.nodes[ref[0]].sources[0]
            if source is None:
                break
            ref = source
            found.append(ref)
        return found

    def _is_join(self, node: TemplateNode) -> bool:
        kind = layer_types(self.graph.code).get(str(node.label[0]))
        return kind is not None and kind.inputs[0] == 1 < kind.inputs[1]

    def is_right(self) -> bool:
        """Tell whether leaving out absent nodes gives each piece."""
        checked: set[tuple[object, ...]] = set()
        for number, piece in enumerate(self.pieces):
            key = (piece.structure, *(self.nodes[each].present[number] for each in self.order))
            if key not in checked and not self._gives(number, piece):
                return False
            checked.add(key)
        return True

    def _gives(self, number: int, piece: Piece) -> bool:
        """Tell whether leaving out what is absent gives one of the pieces."""
        index = {name: n for n, name in enumerate(piece.names)}

        def read(ref: Ref | None) -> Ref | None:
            """Return what is read in the piece; `NOTHING` for an input that vanishes."""
            while ref is not None and ref[0] >= 0:
                node = self.nodes[ref[0]]
                name = node.uses[number]
                if name is not None:
                    return index[name], ref[1]
                if not node.present[number]:
                    if node.label[0] == IDENTITY or len(node.sources) != 1:
                        return NOTHING
                    ref = node.sources[0]
                    continue
                given = [read(each) for each in node.sources]
                left = [each for each in given if each != NOTHING]
                if node.label == (IDENTITY, "shortcut"):
                    return left[0] if left else NOTHING
                if len(left) != 1:
                    return NOTHING
                return left[0]
            return ref

        for each in self.order:
            node = self.nodes[each]
            name = node.uses[number]
            if name is not None:
                given = tuple([read(ref) for ref in node.sources])
                if given != piece.sources[index[name]]:
                    return False
        return tuple([read(ref) for ref in self.outputs]) == piece.outputs
