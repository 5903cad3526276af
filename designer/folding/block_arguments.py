"""What differs between the uses of a block becomes an argument, or follows from one.

The values that one parameter of one node has in all uses are a column. A column of equal values is
written into the block. Any other is compared with what is there already: the arguments so far, and
the size of the block's input. So the third convolution of a ResNet's bottleneck, with 256, 512 ...
channels, is ``=4 * channels`` where the first has 64, 128 ..., and the shortcut has a convolution
``when`` ``=in_channels != 4 * channels``. Only where nothing fits there is a new argument.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias, cast

from designer.design.expressions import (
    Binary,
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
    Unary,
    evaluate,
    is_expression,
    substitute,
)
from designer.design.naming import argument_name_refusal, first_free
from designer.design.parsing import parse
from designer.design.rewriting import NUMBER, sizes_of_input, tree_of, value_of
from designer.design.values import Argument, BlockNode, LayerNode, Node, Value
from designer.folding.alignment import IDENTITY, Template, TemplateNode, kind_of, names_in
from designer.folding.working_graph import WorkingGraph


class _Free:
    """The value of a parameter of a node that a use does not have: any will do."""

    def __repr__(self) -> str:
        return "free"


FREE = _Free()
Column: TypeAlias = Sequence["Scalar | _Free"]

_CHANNELS = "channels"
_FAMILIES = {
    "out_channels": _CHANNELS,
    "out_features": _CHANNELS,
    "channels": _CHANNELS,
    "features": _CHANNELS,
    "groups": _CHANNELS,
    "normalized_shape": _CHANNELS,
    "shape": _CHANNELS,
    "node when": "when",
    "kernel_size": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "dilation": "dilation",
}
"""Parameters that count the same thing, and so may follow from one another."""
RATE, WHEN, REPEAT = "node learning_rate", "node when", "node repeat"
"""What else may differ between nodes; no parameter has such a name."""
_NAMES = {
    RATE: "learning_rate",
    WHEN: "when",
    REPEAT: "repeat",
    "out_channels": "channels",
    "out_features": "features",
    "normalized_shape": "features",
}
MOST_RATIO = 64
"""The largest ratio of channels that is written as a factor."""


def family(key: str) -> str:
    """Return what a parameter or argument counts: ``conv1_channels`` counts channels."""
    for word, found in _FAMILIES.items():
        if key == word or key.endswith(f"_{word}"):
            return found
    return key


@dataclass
class _Made:
    """An argument while the block is made; its name is a number until all are known.

    Attributes
    ----------
    temporary
        The name in the trees.
    base
        The name that it would have if it were the only one, ``channels``.
    node
        The node that needs it first.
    column
        Its value in each use.
    """

    temporary: str
    base: str
    node: str
    column: list["Scalar | _Free"]


@dataclass
class Arguments:
    """The arguments of a block, and the nodes that read them.

    Attributes
    ----------
    arguments
        The arguments by name.
    nodes
        The nodes of the block.
    given
        For each use, the value of each argument; those that do not matter are left out.
    """

    arguments: dict[str, Argument]
    nodes: dict[str, Node]
    given: list[dict[str, Scalar]]


def arguments_for(
    graph: WorkingGraph,
    template: Template,
    node_names: Mapping[int, str],
    scope: Mapping[str, Scalar],
) -> Arguments | None:
    """Return the arguments and nodes of the block that a template becomes.

    Parameters
    ----------
    node_names
        The names of the nodes in the block.
    scope
        The values of the design's arguments, which expressions read.

    Returns
    -------
    Arguments or None
        None if values differ in a way that no argument expresses.
    """
    return _Maker(graph, template, node_names, scope).make()


@dataclass
class _Maker:
    graph: WorkingGraph
    template: Template
    node_names: Mapping[int, str]
    scope: Mapping[str, Scalar]
    made: list[_Made] = field(default_factory=list)
    known: list[tuple[str, Tree, list[Scalar | _Free]]] = field(default_factory=list)
    """Families, trees and columns of what a further column may follow from."""

    def make(self) -> Arguments | None:
        self._add_sizes()
        columns = list(self._columns())
        trees: dict[tuple[int, str, int], Tree] = {}
        # Columns with values in all uses come first: others may follow from them.
        columns.sort(key=lambda each: any(value is FREE for value in each[3]))
        for number, key, index, column in columns:
            tree = self._tree(number, key, column)
            if tree is None:
                return None
            trees[number, key, index] = tree
        conditions: dict[int, Tree] = {}
        for number in self.template.order:
            node = self.template.nodes[number]
            if not all(node.present):
                if any(use and self.graph.nodes[use].when is not True for use in node.uses):
                    return None
                conditions[number] = self._condition(number, node)
        renamed = self._names()
        nodes = {
            self.node_names[number]: self._node(number, trees, conditions, renamed)
            for number in self.template.order
        }
        arguments, given = self._arguments(renamed)
        return Arguments(arguments, nodes, given)

    def _add_sizes(self) -> None:
        """Note the size of the first input that expressions may read."""
        shapes = [self.graph.shapes.get(each.inputs[0]) for each in self.template.pieces]
        if any(shape is None for shape in shapes):
            return
        known = [sizes_of_input(shape) for shape in shapes if shape is not None]
        ranks = {len(shape) for shape in shapes if shape is not None}
        size = "in_features" if ranks == {2} else "in_channels"
        if all(size in each for each in known):
            self.known.append((_CHANNELS, Name(size), [each[size] for each in known]))

    def _columns(self) -> Iterator[tuple[int, str, int, list[Scalar | _Free]]]:
        """Yield node, parameter, index in a tuple (-1 for a plain value), and the values."""
        for number in self.template.order:
            node = self.template.nodes[number]
            if node.label == (IDENTITY, "shortcut"):
                continue
            values = [None if use is None else _values(self.graph.nodes[use]) for use in node.uses]
            keys = dict.fromkeys(key for each in values if each is not None for key in each)
            for key in keys:
                column: list[Value | _Free] = []
                for use, each in zip(node.uses, values, strict=True):
                    if use is None or each is None or key in self.graph.free.get(use, ()):
                        column.append(FREE)
                    else:
                        column.append(each.get(key, _default(self.graph, use, key)))
                yield from self._split(number, key, column)

    def _split(
        self, number: int, key: str, column: list[Value | _Free]
    ) -> Iterator[tuple[int, str, int, list[Scalar | _Free]]]:
        """Yield a column of tuples as one for each element, unless all their elements are equal."""
        column = [_short(each, self._axes(number, key)) for each in column]
        lengths = {len(each) for each in column if isinstance(each, tuple)}
        if not lengths:
            yield number, key, -1, cast("list[Scalar | _Free]", column)
            return
        length = max(lengths)
        for index in range(length):
            yield (
                number,
                key,
                index,
                [each[index] if isinstance(each, tuple) else each for each in column],
            )

    def _axes(self, number: int, key: str) -> int:
        use = next(each for each in self.template.nodes[number].uses if each is not None)
        kind = kind_of(self.graph, self.graph.nodes[use])
        return kind.parameters[key].axes if kind is not None and key in kind.parameters else 0

    # What a column becomes

    def _tree(self, number: int, key: str, column: list[Scalar | _Free]) -> Tree | None:
        """Return the expression of a column; None if there is none."""
        values = [each for each in column if each is not FREE]
        if not values:
            return Literal(None)
        first = values[0]
        same = all(_same(each, first) for each in values)
        if same and len(values) < len(column) and family(key) in (_CHANNELS, "stride"):
            # The stride of a shortcut that few uses have is that of the block.
            for kind, tree, known in self.known:
                if kind == family(key) and _fits(column, known):
                    return tree
        if same and not is_expression(first):
            return Literal(cast(Scalar, first))
        read = frozenset().union(*[names_in(cast(Scalar, each)) for each in values])
        if NUMBER in read:
            return tree_of(cast(Scalar, first)) if read == {NUMBER} and same else None
        if any(each is None for each in values):
            return None
        found = self._follows(family(key), column)
        return found if found is not None else self._new(key, self.node_names[number], column)

    def _follows(self, kind: str, column: list[Scalar | _Free]) -> Tree | None:
        """Return the expression of a column over what is known already; None if there is none."""
        for other, tree, known in self.known:
            if other == kind and _fits(column, known):
                return tree
        if any(is_expression(each) for each in column):
            return None
        if kind == "padding":
            for other, tree, known in self.known:
                half = _computed(known, lambda value: value // 2)
                if other == "kernel_size" and half is not None and _fits(column, half):
                    return Binary("//", tree, Literal(2))
                if other == "dilation" and _fits(column, known):
                    return tree
        if kind == _CHANNELS:
            for other, tree, known in self.known:
                found = _ratio(column, known, tree) if other == _CHANNELS else None
                if found is not None:
                    self.known.append((_CHANNELS, found, list(column)))
                    return found
        return None

    def _new(self, key: str, node: str, column: list[Scalar | _Free]) -> Tree:
        """Return the name of a new argument, or an expression that reads it."""
        if family(key) == _CHANNELS and list(column) != self._channels_out():
            found = self._expansion(node, column)
            if found is not None:
                return found
        base = f"with_{node}" if key == WHEN else _NAMES.get(key, key)
        return self._argument(base, family(key), node, column)

    def _argument(
        self, base: str, kind: str, node: str, column: Sequence["Scalar | _Free"]
    ) -> Tree:
        values = [each for each in column if each is not FREE]
        if any(isinstance(each, float) for each in values):
            column = [float(each) if type(each) is int else each for each in column]
        made = _Made(f"argument{len(self.made)}", base, node, list(column))
        self.made.append(made)
        self.known.append((kind, Name(made.temporary), made.column))
        return Name(made.temporary)

    def _expansion(self, node: str, column: list[Scalar | _Free]) -> Tree | None:
        """Return channels as an argument times those of the input, if it has fewer values."""
        for kind, tree, known in self.known[:1]:
            if (
                kind != _CHANNELS
                or not isinstance(tree, Name)
                or not tree.identifier.startswith("in_")
            ):
                return None
            ratios: list[Scalar | _Free] = []
            for value, base in zip(column, known, strict=True):
                if value is FREE:
                    ratios.append(FREE)
                elif not _is_int(value) or not _is_int(base) or value % base:  # type: ignore[operator]
                    return None
                else:
                    ratios.append(value // base)  # type: ignore[operator]
            different = {each for each in ratios if each is not FREE}
            if len(different) * 2 > len({each for each in column if each is not FREE}):
                return None
            name = self._argument("expansion", "expansion", node, ratios)
            found = Binary("*", name, tree)
            self.known.append((_CHANNELS, found, list(column)))
            return found
        return None

    def _channels_out(self) -> list[Scalar | _Free]:
        """Return the channels that the block gives in each use; 0 where they are not known."""
        found: list[Scalar | _Free] = []
        for piece in self.template.pieces:
            at, port = piece.outputs[0]
            shape = self.graph.shapes.get((piece.names[at], port))
            found.append(shape[0] if shape else 0)
        return found

    def _condition(self, number: int, node: TemplateNode) -> Tree:
        """Return when a node exists that some uses lack."""
        column = list(node.present)
        for kind, tree, known in self.known:
            if kind == "when":
                if known == column:
                    return tree
                if known == [not each for each in column]:
                    return Unary("not", tree)
        atoms = list(self._atoms())
        for tree, values in atoms:
            if values == column:
                self.known.append(("when", tree, list(column)))
                return tree
        for (one, first), (two, second) in combinations(atoms, 2):
            for symbol, joined in (
                ("and", [a and b for a, b in zip(first, second, strict=True)]),
                ("or", [a or b for a, b in zip(first, second, strict=True)]),
            ):
                if joined == column:
                    tree = Binary(symbol, one, two)
                    self.known.append(("when", tree, list(column)))
                    return tree
        name = self.node_names[number]
        return self._argument(f"with_{name}", "when", name, list(column))

    def _atoms(self) -> Iterator[tuple[Tree, list[bool]]]:
        """Yield comparisons on which the existence of a node may depend, and their values."""
        sizes = [each for each in self.known if isinstance(each[1], Name)][:1]
        for kind, tree, known in self.known:
            if any(each is FREE or not _is_int(each) for each in known):
                continue
            if kind in ("stride", "expansion"):
                yield Binary("==", tree, Literal(1)), [each == 1 for each in known]
                yield Binary("!=", tree, Literal(1)), [each != 1 for each in known]
        for kind, tree, known in reversed(self.known):
            for size_kind, size, values in sizes:
                if kind != _CHANNELS or size_kind != _CHANNELS or tree == size:
                    continue
                if any(each is FREE or not _is_int(each) for each in known):
                    continue
                equal = [one == other for one, other in zip(values, known, strict=True)]
                yield Binary("==", size, tree), equal
                yield Binary("!=", size, tree), [not each for each in equal]

    # Names and values

    def _names(self) -> dict[str, str]:
        """Return the name of each argument; of several of one kind the last has the plain name."""
        last = {each.base: each.temporary for each in self.made}
        renamed: dict[str, str] = {}
        taken: set[str] = set()
        for each in sorted(self.made, key=lambda made: last[made.base] != made.temporary):
            plain = last[each.base] == each.temporary
            name = each.base if plain else f"{each.node}_{each.base}"
            name = first_free(taken, name, argument_name_refusal)
            taken.add(name)
            renamed[each.temporary] = name
        return renamed

    def _arguments(
        self, renamed: Mapping[str, str]
    ) -> tuple[dict[str, Argument], list[dict[str, Scalar]]]:
        arguments: dict[str, Argument] = {}
        given: list[dict[str, Scalar]] = [{} for _ in self.template.pieces]
        for each in self.made:
            name = renamed[each.temporary]
            values = [cast(Scalar, value) for value in each.column if value is not FREE]
            plain = [self._value(value) for value in values]
            arguments[name] = _argument_of(plain, not any(map(is_expression, values)))
            for use, value in zip(given, each.column, strict=True):
                if value is not FREE:
                    use[name] = cast(Scalar, value)
        return arguments, given

    def _value(self, value: Scalar) -> Scalar:
        if not is_expression(value):
            return value
        try:
            return evaluate(parse(str(value)), self.scope)
        except ExpressionError:
            return 1

    def _node(
        self,
        number: int,
        trees: Mapping[tuple[int, str, int], Tree],
        conditions: Mapping[int, Tree],
        renamed: Mapping[str, str],
    ) -> Node:
        """Return a node of the block."""
        node = self.template.nodes[number]
        replacements: dict[str, Tree] = {key: Name(name) for key, name in renamed.items()}

        def written(tree: Tree) -> Scalar:
            return value_of(substitute(tree, replacements))

        when: Scalar = True
        if number in conditions:
            when = written(conditions[number])
        if node.label == (IDENTITY, "shortcut"):
            return LayerNode(IDENTITY, when=when)
        found: dict[str, Value] = {}
        for (at, key, index), tree in trees.items():
            if at == number:
                value = written(tree)
                if index < 0:
                    found[key] = value
                else:
                    before = found.get(key, ())
                    found[key] = (*cast(tuple[Scalar, ...], before), value)
        use = next(each for each in node.uses if each is not None)
        original = self.graph.nodes[use]
        shares = "" if node.shares is None else self.node_names[node.shares]
        rate = cast(Scalar, found.pop(RATE, 1))
        if number not in conditions:
            when = cast(Scalar, found.pop(WHEN, True))
        if isinstance(original, LayerNode):
            keys = dict.fromkeys((*original.parameters, *found))
            return replace(
                original,
                parameters={key: found[key] for key in keys if key in found},
                learning_rate=rate,
                when=when,
                at=None,
                shares=shares,
            )
        repeat = cast(Scalar, found.pop(REPEAT, 1))
        given = {key: cast(Scalar, value) for key, value in found.items() if value is not None}
        return replace(
            original,
            arguments=given,
            repeat=repeat,
            learning_rate=rate,
            when=when,
            at=None,
            shares=shares,
        )


def _values(node: Node) -> dict[str, Value]:
    """Return the parameters or arguments of a node, and what else may differ between uses."""
    found: dict[str, Value] = dict(
        node.parameters if isinstance(node, LayerNode) else node.arguments
    )
    if node.learning_rate != 1:
        found[RATE] = node.learning_rate
    if node.when is not True:
        found[WHEN] = node.when
    if isinstance(node, BlockNode) and node.repeat != 1:
        found[REPEAT] = node.repeat
    return found


def _default(graph: WorkingGraph, use: str, key: str) -> Value:
    """Return the value of a parameter that a node does not give."""
    node = graph.nodes[use]
    if key in (RATE, REPEAT, WHEN):
        return key == WHEN or 1
    if isinstance(node, BlockNode):
        return graph.blocks[node.block].arguments[key].default
    kind = kind_of(graph, node)
    if kind is None or key not in kind.parameters or kind.parameters[key].required:
        return None
    return cast(Value, kind.parameters[key].default)


def _short(value: "Value | _Free", axes: int) -> "Value | _Free":
    """Return one number for a tuple of equal ones where that means the same."""
    if axes and isinstance(value, tuple) and len(set(value)) == 1 and len(value) == axes:
        return value[0]
    return value


def _same(one: object, other: object) -> bool:
    """Tell whether values are equal, 1 and True not being so."""
    return one == other and (type(one) is bool) is (type(other) is bool)


def _fits(column: Column, known: Column) -> bool:
    """Tell whether a column has the values of another one; which other may not be free there."""
    return all(
        one is FREE or (other is not FREE and _same(one, other))
        for one, other in zip(column, known, strict=True)
    )


def _is_int(value: object) -> bool:
    return type(value) is int


def _computed(column: Column, function: Callable[[int], int]) -> "list[Scalar | _Free] | None":
    """Return a function of each value; None where one is no whole number."""
    found: list[Scalar | _Free] = []
    for each in column:
        if each is FREE:
            found.append(FREE)
        elif type(each) is int:
            found.append(function(each))
        else:
            return None
    return found


def _ratio(column: Column, known: Column, tree: Tree) -> Tree | None:
    """Return a column as a whole multiple or part of another one; None if it is neither."""
    pairs = []
    for one, other in zip(column, known, strict=True):
        if one is FREE:
            continue
        if type(one) is not int or type(other) is not int or not one or not other:
            return None
        pairs.append((one, other))
    one, other = pairs[0]
    factor, part = one // other, other // one
    if 1 < factor <= MOST_RATIO and all(a == factor * b for a, b in pairs):
        return Binary("*", Literal(factor), tree)
    if 1 < part <= MOST_RATIO and all(a == b // part for a, b in pairs):
        return Binary("//", tree, Literal(part))
    return None


def _argument_of(values: Sequence[Scalar], all_literal: bool) -> Argument:
    """Return an argument that takes these values, its default the most frequent one."""
    default = Counter(values).most_common(1)[0][0]
    if isinstance(default, str):
        choices = tuple(dict.fromkeys(values)) if all_literal else ()
        return Argument(default, choices=choices)
    numbers = [each for each in values if type(each) is int]
    least = min(numbers, default=-1)
    if type(default) is int and len(numbers) == len(values) and all_literal and least >= 0:
        return Argument(default, minimum=min(least, 1))
    return Argument(default)
