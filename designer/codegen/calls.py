"""Calls of block classes: the expressions by which a constructor builds the blocks in it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from designer.codegen.parts import IN_FEATURES, ConstructorArguments
from designer.design.expressions import (
    Literal,
    Tree,
    is_expression,
    names,
    substitute,
)
from designer.design.printing import python_source, quoted
from designer.design.rewriting import NUMBER
from designer.design.values import Argument, BlockNode, Value

Channels: TypeAlias = tuple[Tree | None, ...]

_FEW = 4
"""Up to so many arguments, all but the first are passed by keyword."""


class ClassUse(NamedTuple):
    """A block's class and what a call of it must pass.

    Attributes
    ----------
    name
        The name of the class.
    parameters
        The block's arguments that its constructor takes, with their defaults.
    extras
        Keyword arguments for sizes that only the analysis knows, with their values for this use.
    out_channels, out_features
        The first and the last axis of each output as an expression over the constructor's
        arguments; None where no expression gives it.
    """

    name: str
    parameters: Mapping[str, Argument]
    extras: Mapping[str, Value]
    out_channels: Channels
    out_features: Channels = ()


def in_channels_name(port: int) -> str:
    """Return the constructor argument that holds the channels of a block's input."""
    return f"in_channels_{port}" if port else "in_channels"


def in_features_name(port: int) -> str:
    """Return the constructor argument that holds the last axis of a block's input."""
    return f"{IN_FEATURES}_{port}" if port else IN_FEATURES


class BlockCalls:
    """Writes the calls of block classes in one constructor.

    Parameters
    ----------
    given
        The arguments of that constructor. What a call reads is recorded there.
    """

    def __init__(self, given: ConstructorArguments) -> None:
        self.given = given

    def local_name(self, wanted: str) -> str:
        """Return a name for a local variable of the constructor that no argument has."""
        taken = self.given.arguments.keys() | self.given.extras.keys()
        return wanted if wanted not in taken else f"{wanted}_"

    def call(
        self,
        name: str,
        node: BlockNode,
        use: ClassUse,
        channels: Sequence[Tree],
        number: int | None,
        features: Sequence[Tree | None] = (),
    ) -> str:
        """Return the call that builds a block.

        Parameters
        ----------
        name
            What the constructor's extra arguments for this block begin with: the node's name.
        node, use
            The node, and the class that serves it.
        channels
            The channels of each input.
        number
            The value of ``i`` in the node's expressions; None leaves ``i`` as a variable.
        features
            The last axis of each input, None where no expression gives it.
        """
        self.given.mention(*channels)
        words = [python_source(each) for each in channels]
        positional = True
        for index, (key, argument) in enumerate(use.parameters.items()):
            written = key in node.arguments and not is_expression(node.arguments[key])
            positional = positional and (index == 0 or (written and len(use.parameters) > _FEW))
            tree = self.value(node, use, key, number)
            text = python_source(tree)
            if not written and text == quoted(argument.default):
                positional = False
                continue
            self.given.mention(tree)
            words.append(text if positional else f"{key}={text}")
        last = {in_features_name(port): tree for port, tree in enumerate(features)}
        for key, value in use.extras.items():
            if key in last:
                assert isinstance(value, int)
                tree = self.given.last_axis(name, last[key], value)
            else:
                tree = self.given.size(f"{name}_{key}", value)
            words.append(f"{key}={python_source(tree)}")
        return f"{use.name}({', '.join(words)})"

    def value(self, node: BlockNode, use: ClassUse, key: str, number: int | None) -> Tree:
        """Return the value of one of the block's arguments; `number` is as in `call`."""
        if key not in node.arguments:
            return Literal(use.parameters[key].default)
        tree = self.given.tree(node.arguments[key])
        if number is None or NUMBER not in names(tree):
            return tree
        return substitute(tree, {NUMBER: Literal(number)})

    def out_channels(
        self,
        name: str,
        node: BlockNode,
        use: ClassUse,
        channels: Sequence[Tree],
        number: int | None,
        port: int,
    ) -> Tree | None:
        """Return the channels of one output over the names of this constructor.

        The parameters are those of `call`, and the output port. Returns None where only an
        instance knows.
        """
        return self._outside(use.out_channels[port], name, node, use, channels, number)

    def out_features(
        self,
        name: str,
        node: BlockNode,
        use: ClassUse,
        features: Sequence[Tree | None],
        number: int | None,
        port: int,
    ) -> Tree | None:
        """Return the last axis of a block's output, as `out_channels` returns the first."""
        rule = use.out_features[port] if use.out_features else None
        if rule is None:
            return None
        last = {in_features_name(each): tree for each, tree in enumerate(features)}
        asked = names(rule)
        if asked & use.extras.keys() - last.keys() or any(
            tree is None and key in asked for key, tree in last.items()
        ):
            return None
        meaning = {key: self.value(node, use, key, number) for key in asked & use.parameters.keys()}
        meaning |= {key: tree for key, tree in last.items() if tree is not None}
        return substitute(rule, meaning)

    def _outside(
        self,
        rule: Tree | None,
        name: str,
        node: BlockNode,
        use: ClassUse,
        channels: Sequence[Tree],
        number: int | None,
    ) -> Tree | None:
        if rule is None:
            return None
        asked = names(rule)
        meaning = {key: self.value(node, use, key, number) for key in asked & use.parameters.keys()}
        for index, tree in enumerate(channels):
            meaning[in_channels_name(index)] = tree
        for key in sorted(asked & use.extras.keys()):
            meaning[key] = self.given.size(f"{name}_{key}", use.extras[key])
        return substitute(rule, meaning)
