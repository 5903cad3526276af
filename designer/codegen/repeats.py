"""Repeated nodes: the nn.Sequential of a block that runs several times in a row.

A worked example, one node in four situations. The block ``Unit`` has the arguments ``channels`` and
``stride``, and returns ``channels`` channels; 64 channels enter the node. `Repeats` first writes
the call of every repetition, and then joins equal calls that follow one another to runs:

``repeat = 3, channels = 64``
    The calls are equal, one run. It is written as a comprehension::

        self.layer1 = nn.Sequential(*(Unit(64, 64) for _ in range(3)))

``repeat = 3, channels = 128, stride = 2 if i == 0 else 1``
    The calls are ``Unit(64, 128, stride=2)``, ``Unit(128, 128)``, ``Unit(128, 128)``: two runs,
    which are written one after the other::

        self.layer1 = nn.Sequential(Unit(64, 128, stride=2), *(Unit(128, 128) for _ in range(2)))

``repeat = n`` with an argument ``n`` of the class
    How many there are is not known, so that the two runs cannot be written. A loop passes the
    channels of each block on to the next::

        layers = []
        width = 64
        for i in range(n):
            layers.append(Unit(width, 128, stride=2 if i == 0 else 1))
            width = layers[-1].out_channels
        self.layer1 = nn.Sequential(*layers)

A block ``Growing`` that returns ``in_channels + growth`` channels, as in a DenseNet
    Every call differs, but by a rule::

        self.layer1 = nn.Sequential(*(Growing(64 + 32 * i, 32) for i in range(6)))

Several such nodes may share a method; see `stages`.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from designer.analysis.evaluation.results import GraphResult
from designer.codegen.calls import BlockCalls, ClassUse
from designer.codegen.parts import IN_FEATURES
from designer.codegen.stages import Stage, shared_method
from designer.codegen.text import loop_variable
from designer.design.expressions import (
    Binary,
    Literal,
    Name,
    Tree,
    is_expression,
    names,
    substitute,
)
from designer.design.parsing import parse
from designer.design.printing import python_source
from designer.design.rewriting import NUMBER
from designer.design.values import BlockNode

_MOST_RUNS = 2
"""Runs of equal calls that are written one after the other; more become a loop."""


class Repeats:
    """Writes the repeated nodes of one class.

    Parameters
    ----------
    calls
        Writes the calls of block classes.
    class_of
        Returns the class that serves a block with a result.
    lines
        The lines of the constructor, which grow.
    """

    def __init__(
        self,
        calls: BlockCalls,
        class_of: Callable[[str, GraphResult], ClassUse],
        lines: list[str],
    ) -> None:
        self.calls = calls
        self.class_of = class_of
        self.lines = lines
        self.stages: list[Stage] = []
        self._features: list[Tree | None] = [None]  # the last axis that enters each repetition

    def write(
        self,
        name: str,
        node: BlockNode,
        chain: GraphResult,
        channels: Tree,
        features: Tree | None = None,
    ) -> Tree | None:
        """Write the nn.Sequential of a node.

        Parameters
        ----------
        name, node
            The node.
        chain
            The result of its block run several times in a row.
        channels, features
            The first and the last axis of its input; None where no expression gives the last one.

        Returns
        -------
        Tree or None
            The channels of its output over the names of the constructor.
        """
        results = [each.inside for each in chain.nodes.values()]
        uses = [self.class_of(node.block, each) for each in results if each is not None]
        widths = {use.extras.get(IN_FEATURES) for use in uses}
        self._features = [features] if len(widths) == 1 else [None]
        count = self.calls.given.tree(node.repeat)
        self.calls.given.mention(count)
        start = len(self.lines)
        found, alike = self._sequential(name, node, uses, count, channels)
        if _are_one_class(uses) and not uses[0].extras:
            lines = slice(start, len(self.lines))
            values = {key: self.calls.value(node, uses[0], key, None) for key in uses[0].parameters}
            self.stages.append(Stage(name, uses[0], values, channels, count, lines, alike))
        return found

    def _sequential(
        self,
        name: str,
        node: BlockNode,
        uses: Sequence[ClassUse],
        count: Tree,
        channels: Tree,
    ) -> tuple[Tree | None, bool]:
        """Write the nn.Sequential in the shortest form that builds these blocks.

        Returns the channels of the output, and whether there is at least one block and all but the
        first are called alike.
        """
        one_class, numbered = _are_one_class(uses), _numbered(node)
        varied = len({tuple(use.extras.items()) for use in uses}) > 1
        calls: list[str] = []
        widths: list[Tree] = [channels]
        before: list[str] = []
        for number, use in enumerate(uses):
            width = widths[-1]
            prefix = f"{name}_{number}" if varied else name
            # Blocks of one class with more different calls are written as a loop, not call by call.
            if not one_class or len({*calls}) <= _MOST_RUNS:
                varying = [
                    python_source(self.calls.value(node, use, key, number))
                    for key in numbered
                    if key in use.parameters
                ]
                if number and one_class and varying == before and width == widths[-2]:
                    calls.append(calls[-1])
                    widths.append(width)
                    continue
                before = varying
                calls.append(self.calls.call(prefix, node, use, [width], number, self._features))
            following = self.calls.out_channels(prefix, node, use, [width], number, 0)
            if following is None:  # only an instance knows its channels
                return self._loop(name, node, uses, count, channels), False
            widths.append(following)
        fixed = isinstance(count, Literal)
        settled = widths[-1] == widths[-2] or fixed
        out_channels = widths[-1] if settled else Name(f"self.{name}[-1].out_channels")
        runs = [(call, len([*same])) for call, same in groupby(calls)]
        # A single call does not show whether those of further repetitions would be equal.
        alike = fixed or len(calls) > 1 or (settled and not numbered)
        growing = self._growing(name, node, uses, channels) if len(runs) > 1 else None
        if len(runs) == 1 and alike:
            self._add_sequential(name, [_several(calls[0], count)])
        elif growing is not None:
            self._add_sequential(name, [_several(growing, count, NUMBER)])
        elif fixed and (len(runs) <= _MOST_RUNS or not one_class):
            self._add_sequential(name, [_several(call, Literal(times)) for call, times in runs])
        else:
            self._loop(name, node, uses, count, channels)
        return out_channels, fixed and len({*calls[1:]}) <= 1

    def _add_sequential(self, name: str, parts: Iterable[str]) -> None:
        self.lines.append(f"self.{name} = nn.Sequential({', '.join(parts)})")

    def _growing(
        self, name: str, node: BlockNode, uses: Sequence[ClassUse], channels: Tree
    ) -> str | None:
        """Return the call for blocks that each add as many channels, as in a DenseNet, or None."""
        use, rule = uses[0], uses[0].out_channels[0]
        if not _are_one_class(uses) or not isinstance(rule, Binary) or rule.operator != "+":
            return None
        before = Name("in_channels")
        if before not in (rule.left, rule.right):
            return None
        more = rule.right if rule.left == before else rule.left
        asked = names(more) & use.parameters.keys()
        meaning = {key: self.calls.value(node, use, key, None) for key in asked}
        step = substitute(more, meaning)
        if names(more) & {before.identifier, *use.extras} or NUMBER in names(step):
            return None
        width = Binary("+", channels, Binary("*", step, Name(NUMBER)))
        return self.calls.call(name, node, use, [width], None, self._features)

    def _loop(
        self,
        name: str,
        node: BlockNode,
        uses: Sequence[ClassUse],
        count: Tree,
        channels: Tree,
    ) -> Tree:
        """Write a loop that passes each block's channels on to the next; return the last ones."""
        layers, width = self.calls.local_name("layers"), self.calls.local_name("width")
        self.lines += [f"{layers} = []", f"{width} = {python_source(channels)}"]
        pass_on = f"{width} = {layers}[-1].out_channels"
        if _are_one_class(uses):
            call = self.calls.call(name, node, uses[0], [Name(width)], None, self._features)
            self.lines += [
                f"for {loop_variable(call)} in range({python_source(count)}):",
                f"    {layers}.append({call})",
                f"    {pass_on}",
            ]
        else:
            for number, use in enumerate(uses):
                call = self.calls.call(
                    f"{name}_{number}", node, use, [Name(width)], number, self._features
                )
                self.lines += [f"{layers}.append({call})", pass_on]
        self.lines.append(f"self.{name} = nn.Sequential(*{layers})")
        return Name(f"self.{name}[-1].out_channels")

    def shared(self) -> list[str]:
        """Return a method that builds several of the nodes, if that makes the class shorter."""
        return shared_method(self.stages, self.lines)


def _several(call: str, count: Tree, variable: str = "_") -> str:
    """Write a call, or a comprehension that repeats it."""
    many = python_source(count)
    return call if many == "1" else f"*({call} for {variable} in range({many}))"


def _are_one_class(uses: Sequence[ClassUse]) -> bool:
    """Tell whether one call in a loop can build them all."""
    return len({(use.name, tuple(use.extras.items())) for use in uses}) == 1


def _numbered(node: BlockNode) -> list[str]:
    """Return the arguments of a node that depend on ``i``, the number of the repetition."""
    values = {key: str(each) for key, each in node.arguments.items() if is_expression(each)}
    return [key for key, value in values.items() if NUMBER in names(parse(value))]
