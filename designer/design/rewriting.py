"""Rewriting the expressions of nodes: renamed names, or values instead of names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from designer.design.expressions import (
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
    is_expression,
    names,
    shortened,
    substitute,
)
from designer.design.parsing import parse, renamed
from designer.design.printing import quoted, source
from designer.design.values import LayerNode, Node, Value
from designer.errors import DesignerError

SIZES = ("in_channels", "in_height", "in_width", "in_features")
"""Names besides the arguments that expressions in a block can read: sizes of its first input.

``in_channels`` is its first axis, ``in_features`` its last one, which for tokens are the features.
"""
_IMAGE = 3
"""The axes of an image, which has a height and a width."""


def sizes_of_input(shape: Sequence[int]) -> dict[str, int]:
    """Return the value of each of `SIZES` that a block's first input of this shape has."""
    if not shape:
        return {}
    known = {"in_channels": shape[0], "in_features": shape[-1]}
    if len(shape) == _IMAGE:
        known["in_height"], known["in_width"] = shape[1:]
    return known


NUMBER = "i"
"""The index of the repetition, a name that the arguments of a repeated block can read."""


def names_read(node: Node) -> set[str]:
    """Return the names that a node's expressions read from the graph around it."""
    found: set[str] = set()
    if isinstance(node, LayerNode):
        for value in node.parameters.values():
            found |= _names(value)
    else:
        for value in node.arguments.values():
            found |= _names(value)
        found.discard(NUMBER)
        found |= _names(node.repeat)
        found |= _names(node.learning_rate) - {NUMBER}
        return found | _names(node.when)
    return found | _names(node.when) | _names(node.learning_rate)


def names_read_in(nodes: Iterable[Node]) -> set[str]:
    """Return the names that the expressions of some nodes read."""
    return set().union(*map(names_read, nodes))


def with_names(node: Node, new: Mapping[str, str]) -> Node:
    """Rename names in a node's expressions; return the node itself if it reads none of them."""
    return _rewritten(node, lambda value: _renamed(value, new))


def with_values(node: Node, trees: Mapping[str, Tree]) -> Node:
    """Replace names in a node's expressions by values or expressions.

    Returns the node itself if it reads none of the names.

    Raises
    ------
    DesignerError
        The result cannot be written as an expression.
    """
    return _rewritten(node, lambda value: _replaced(value, trees))


def tree_of(value: Scalar) -> Tree:
    """Return the tree of an expression, or of a plain value.

    Raises
    ------
    DesignerError
        The expression is not valid.
    """
    if not is_expression(value):
        return Literal(value)
    try:
        return parse(str(value))
    except ExpressionError as error:
        raise DesignerError(
            f"The expression '{shortened(str(value))}' {error}; fix it first."
        ) from None


def value_of(tree: Tree) -> Scalar:
    """Return what a file stores for a tree: a plain value, or an expression that begins with =.

    Raises
    ------
    DesignerError
        The tree cannot be written as an expression, since it is too long or too deep.
    """
    if isinstance(tree, Literal):
        value = tree.value
        return f"={quoted(value)}" if is_expression(value) else value
    text = f"={source(tree)}"
    try:
        parse(text)
    except ExpressionError as error:
        raise DesignerError(f"The expression '{shortened(text)}' {error}.") from None
    return text


def _names(value: Value) -> set[str]:
    if isinstance(value, tuple):
        return set().union(*map(_names, value))
    if not is_expression(value):
        return set()
    try:
        return set(names(parse(str(value))))
    except ExpressionError:  # the analysis reports it as a problem
        return set()


def _rewritten(node: Node, change: Callable[[Scalar], Scalar]) -> Node:
    def each(value: Value) -> Value:
        return tuple(map(change, value)) if isinstance(value, tuple) else change(value)

    if isinstance(node, LayerNode):
        parameters = {key: each(value) for key, value in node.parameters.items()}
        changed: Node = replace(node, parameters=parameters)
    else:
        arguments = {key: change(value) for key, value in node.arguments.items()}
        changed = replace(node, arguments=arguments, repeat=change(node.repeat))
    changed = replace(changed, when=change(node.when), learning_rate=change(node.learning_rate))
    return node if changed == node else changed


def _renamed(value: Scalar, new: Mapping[str, str]) -> Scalar:
    return renamed(str(value), new) if is_expression(value) else value


def _replaced(value: Scalar, trees: Mapping[str, Tree]) -> Scalar:
    if not is_expression(value):
        return value
    try:
        tree = parse(str(value))
    except ExpressionError:  # the analysis reports it as a problem
        return value
    new = {name: trees[name] for name in names(tree) if name in trees}
    if not new:
        return value
    plain = {name: each.identifier for name, each in new.items() if isinstance(each, Name)}
    if len(plain) == len(new):  # keeps the text as it was written
        return renamed(str(value), plain)
    return value_of(substitute(tree, trees))
