"""Blocks in a row: the nn.Sequential of a repeated node, and a method where several are alike."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from designer.analysis.evaluation.results import GraphResult
from designer.codegen.text import wrapped
from designer.design.expressions import (
    Binary,
    Conditional,
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

if TYPE_CHECKING:
    from designer.codegen.classes import ClassUse, ClassWriter

_INDEX = Name(NUMBER)
_LOCALS = {"count", "layers", "first", "rest"}
_FIRST_AND_LATER = (("in_channels", False), ("first.out_channels", True))
_FIRST = Binary("==", _INDEX, Literal(0))
_MOST_RUNS = 2  # of blocks called alike that are written one behind the other, not as a loop


@dataclass(frozen=True)
class _Stage:
    """A repeated node whose blocks are all of one class, and the lines that build it.

    `alike_but_first` tells that it has blocks in any case, and the later ones are called alike.
    """

    name: str
    use: "ClassUse"
    values: dict[str, Tree]
    channels: Tree
    count: Tree
    lines: slice
    alike_but_first: bool


@dataclass(frozen=True)
class _Word:
    """An argument of the block in the method that several stages share.

    Attributes
    ----------
    text
        What the block gets; "" leaves it at its default.
    given
        What each stage passes; none where the method itself knows the value.
    default
        What the method takes it for where a stage passes nothing.
    differs
        Whether it is told apart from stage to stage, for all blocks of one.
    """

    key: str
    text: str
    given: tuple[Tree, ...] = ()
    default: Tree | None = None
    differs: bool = False


class Repeats:
    """Writes the repeated nodes of one class."""

    def __init__(self, writer: "ClassWriter") -> None:
        self.writer = writer
        self.stages: list[_Stage] = []

    def write(self, name: str, node: BlockNode, chain: GraphResult, channels: Tree) -> Tree | None:
        """Write the nn.Sequential of a node; return its output's channels."""
        writer = self.writer
        results = [each.inside for each in chain.nodes.values()]
        uses = [writer.library.use(node.block, each) for each in results if each is not None]
        count = writer.given.tree(node.repeat)
        writer.given.mention(count)
        start = len(writer.lines)
        found, alike = self._sequential(name, node, uses, count, channels)
        if _are_one_class(uses) and not uses[0].extras:
            lines = slice(start, len(writer.lines))
            values = {key: writer.value(node, uses[0], key, None) for key in uses[0].parameters}
            self.stages.append(_Stage(name, uses[0], values, channels, count, lines, alike))
        return found

    def _sequential(
        self,
        name: str,
        node: BlockNode,
        uses: Sequence["ClassUse"],
        count: Tree,
        channels: Tree,
    ) -> tuple[Tree | None, bool]:
        """Return the output's channels, and whether the later blocks are called alike."""
        writer = self.writer
        one_class, numbered = _are_one_class(uses), _numbered(node)
        varied = len({tuple(use.extras.items()) for use in uses}) > 1
        calls: list[str] = []
        widths: list[Tree] = [channels]
        before: list[str] = []
        for number, use in enumerate(uses):
            width = widths[-1]
            prefix = f"{name}_{number}" if varied else name
            if not one_class or len({*calls}) <= _MOST_RUNS:  # else they become a loop
                given = [
                    python_source(writer.value(node, use, key, number))
                    for key in numbered
                    if key in use.parameters
                ]
                if number and one_class and given == before and width == widths[-2]:
                    calls.append(calls[-1])
                    widths.append(width)
                    continue
                before = given
                calls.append(writer.call(prefix, node, use, [width], number))
            following = writer.output(prefix, node, use, [width], number, 0)
            if following is None:  # only an instance knows: hand it on in a loop
                return self._loop(name, node, uses, count, channels), False
            widths.append(following)
        fixed = isinstance(count, Literal)
        settled = widths[-1] == widths[-2] or fixed
        out_channels = widths[-1] if settled else Name(f"self.{name}[-1].out_channels")
        runs = [(call, len([*same])) for call, same in groupby(calls)]
        # Of a single one nothing tells whether more of them would be alike.
        alike = fixed or len(calls) > 1 or (settled and not numbered)
        growing = self._growing(name, node, uses, channels) if len(runs) > 1 else None
        if len(runs) == 1 and alike:
            self._of(name, [_several(calls[0], count)])
        elif growing is not None:
            self._of(name, [_several(growing, count, NUMBER)])
        elif fixed and (len(runs) <= _MOST_RUNS or not one_class):
            self._of(name, [_several(call, Literal(times)) for call, times in runs])
        else:
            self._loop(name, node, uses, count, channels)
        return out_channels, fixed and len({*calls[1:]}) <= 1

    def _of(self, name: str, parts: Iterable[str]) -> None:
        self.writer.lines.append(f"self.{name} = nn.Sequential({', '.join(parts)})")

    def _growing(
        self, name: str, node: BlockNode, uses: Sequence["ClassUse"], channels: Tree
    ) -> str | None:
        """Return the call for blocks that each add the same to the channels, None for others."""
        use, rule = uses[0], uses[0].out_channels[0]
        if not _are_one_class(uses) or not isinstance(rule, Binary) or rule.operator != "+":
            return None
        before = Name("in_channels")
        if before not in (rule.left, rule.right):
            return None
        more = rule.right if rule.left == before else rule.left
        asked = names(more) & use.parameters.keys()
        meaning = {key: self.writer.value(node, use, key, None) for key in asked}
        step = substitute(more, meaning)
        if names(more) & {before.identifier, *use.extras} or NUMBER in names(step):
            return None
        width = Binary("+", channels, Binary("*", step, _INDEX))
        return self.writer.call(name, node, use, [width], None)

    def _loop(
        self,
        name: str,
        node: BlockNode,
        uses: Sequence["ClassUse"],
        count: Tree,
        channels: Tree,
    ) -> Tree:
        """Write a loop that hands each block's channels on to the next."""
        writer = self.writer
        layers, width = writer.fresh("layers"), writer.fresh("width")
        writer.lines += [f"{layers} = []", f"{width} = {python_source(channels)}"]
        hand_on = f"{width} = {layers}[-1].out_channels"
        if _are_one_class(uses):
            call = writer.call(name, node, uses[0], [Name(width)], None)
            writer.lines += [
                f"for {_variable(call)} in range({python_source(count)}):",
                f"    {layers}.append({call})",
                f"    {hand_on}",
            ]
        else:
            for number, use in enumerate(uses):
                call = writer.call(f"{name}_{number}", node, use, [Name(width)], number)
                writer.lines += [f"{layers}.append({call})", hand_on]
        writer.lines.append(f"self.{name} = nn.Sequential(*{layers})")
        return Name(f"self.{name}[-1].out_channels")

    # What several have in common

    def shared(self) -> list[str]:
        """Return a method that builds the stages of one class, if that makes the class shorter.

        The lines of these stages call it then. Of several classes, the one with most stages has it.
        """
        groups: dict[str, list[_Stage]] = {}
        for stage in self.stages:
            groups.setdefault(stage.use.name, []).append(stage)
        stages = max(groups.values(), key=len, default=[])
        words = _in_common(stages) if len(stages) > 1 else None
        if words is None or _LOCALS & stages[0].use.parameters.keys():
            return []
        method, calls = _method(stages, words)
        lines = self.writer.lines
        before = sum(_height(lines[stage.lines]) for stage in stages)
        if _height(method) + _height(calls) >= before:
            return []
        for stage, call in reversed([*zip(stages, calls, strict=True)]):
            lines[stage.lines] = [call]
        return method


def _in_common(stages: Sequence[_Stage]) -> list[_Word] | None:
    """Return the block's arguments for all stages, None where they cannot be told in common."""
    words = []
    for key, argument in stages[0].use.parameters.items():
        default = Literal(argument.default)
        trees = tuple(stage.values[key] for stage in stages)
        firsts = tuple(_at_first(tree) for tree in trees)
        rests = {_later(tree) for tree in trees}
        rest = _later(trees[0])
        same = len({*trees}) == 1
        if any(NUMBER in names(tree) for tree in (*firsts, *rests)):
            if not same or names(trees[0]) - {NUMBER}:
                return None
            words.append(_Word(key, python_source(trees[0])))
        elif same and isinstance(trees[0], Literal):
            words.append(_Word(key, "" if trees[0] == default else python_source(trees[0])))
        elif firsts == tuple(map(_later, trees)):
            words.append(_Word(key, key, trees, differs=not same))
        elif len(rests) == 1 and isinstance(rest, Literal):
            text = python_source(Conditional(Name(key), _FIRST, rest))
            words.append(_Word(key, text, firsts, rest))
        else:
            return None
    return words


def _at_first(tree: Tree) -> Tree:
    """Return what ``a if i == 0 else b`` is for the first block, any other tree as it is."""
    return tree.then if isinstance(tree, Conditional) and tree.test == _FIRST else tree


def _later(tree: Tree) -> Tree:
    """Return what ``a if i == 0 else b`` is for the later blocks, any other tree as it is."""
    return tree.otherwise if isinstance(tree, Conditional) and tree.test == _FIRST else tree


def _method(stages: Sequence[_Stage], words: Sequence[_Word]) -> tuple[list[str], list[str]]:
    """Return the lines of the method and, for each stage, the line that calls it."""
    use = stages[0].use
    given = [word for word in words if word.given]
    # What is told apart stands first, one of it before the number of blocks; defaults come last.
    given.sort(key=lambda word: (not word.differs, word.default is not None))
    leading = [word for word in given[:1] if word.differs]
    named = given[len(leading) :]
    parameters = [
        "in_channels",
        *(word.key for word in leading),
        "count",
        *(
            word.key if word.default is None else f"{word.key}={python_source(word.default)}"
            for word in named
        ),
    ]
    counted = any(word.default is None and _variable(word.text) == NUMBER for word in words)
    if all(stage.alike_but_first for stage in stages) and not counted:
        first, rest = (_made(use, words, width, later) for width, later in _FIRST_AND_LATER)
        body = [
            f"first = {first}",
            f"rest = ({rest} for _ in range(count - 1))",
            "return nn.Sequential(first, *rest)",
        ]
    else:
        made = _made(use, words, "in_channels", None)
        body = [
            "layers = []",
            f"for {_variable(made)} in range(count):",
            f"    layers.append({made})",
            "    in_channels = layers[-1].out_channels",
            "return nn.Sequential(*layers)",
        ]
    method = [
        "@staticmethod",
        f"def _stage({', '.join(parameters)}):",
        '    """Return blocks in a row, each for the channels that the one before gives."""',
        *(f"    {line}" for line in body),
    ]
    calls = []
    for number, stage in enumerate(stages):
        passed = [
            python_source(stage.channels),
            *(python_source(word.given[number]) for word in leading),
            python_source(stage.count),
            *(
                f"{word.key}={python_source(word.given[number])}"
                for word in words
                if word in named and word.given[number] != word.default
            ),
        ]
        calls.append(f"self.{stage.name} = self._stage({', '.join(passed)})")
    return method, calls


def _made(use: "ClassUse", words: Sequence[_Word], width: str, later: bool | None) -> str:
    """Write the construction of the first block, of a later one, or (None) of any."""
    parts = [width]
    for place, word in enumerate(words):
        text = word.text
        if word.default is not None and later is not None:
            usual = word.default == Literal(use.parameters[word.key].default)
            text = word.key if not later else "" if usual else python_source(word.default)
        if text:
            parts.append(text if place == len(parts) - 1 == 0 else f"{word.key}={text}")
    return f"{use.name}({', '.join(parts)})"


def _height(lines: Iterable[str]) -> int:
    return sum(len([*wrapped(f"        {line}")]) for line in lines)


def _several(call: str, count: Tree, variable: str = "_") -> str:
    """Write a call once, or as often as is asked for."""
    many = python_source(count)
    return call if many == "1" else f"*({call} for {variable} in range({many}))"


def _are_one_class(uses: Sequence["ClassUse"]) -> bool:
    """Tell whether one call in a loop builds them all."""
    return len({(use.name, tuple(use.extras.items())) for use in uses}) == 1


def _numbered(node: BlockNode) -> list[str]:
    """Return the arguments of a use that depend on the number of the repetition."""
    values = {key: str(each) for key, each in node.arguments.items() if is_expression(each)}
    return [key for key, value in values.items() if NUMBER in names(parse(value))]


def _variable(call: str) -> str:
    """Return the name that a loop has for the number of the repetition."""
    return NUMBER if re.search(rf"\b{NUMBER}\b", call) else "_"
