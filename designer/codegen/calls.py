"""Calls of block classes: the expressions by which a constructor builds the blocks in it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from designer.codegen.parts import ConstructorArguments
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
    out_channels
        The channels of each output as an expression over the constructor's arguments; None where
        only an instance knows them.
    """

    name: str
    parameters: Mapping[str, Argument]
    extras: Mapping[str, Value]
    out_channels: Channels


def in_channels_name(port: int) -> str:
    """Return the constructor argument that holds the channels of a block's input."""
    return f"in_channels_{port}" if port else "in_channels"


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
        for key, value in use.extras.items():
            words.append(f"{key}={python_source(self.given.size(f'{name}_{key}', value))}")
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
        rule = use.out_channels[port]
        if rule is None:
            return None
        asked = names(rule)
        meaning = {key: self.value(node, use, key, number) for key in asked & use.parameters.keys()}
        for index, tree in enumerate(channels):
            meaning[in_channels_name(index)] = tree
        for key in sorted(asked & use.extras.keys()):
            meaning[key] = self.given.size(f"{name}_{key}", use.extras[key])
        return substitute(rule, meaning)
