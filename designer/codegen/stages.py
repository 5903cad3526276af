"""One method for several stages: repeated nodes of one class whose calls are nearly alike.

A worked example, the three stages of a ResNet for CIFAR. `repeats` has written the first as a
comprehension in one line and the others as loops of six lines each. Their nodes are::

    basic1  PreActBlock  repeat = n  channels = 16
    basic2  PreActBlock  repeat = n  channels = 32  stride = 2 if i == 0 else 1
    basic3  PreActBlock  repeat = n  channels = 64  stride = 2 if i == 0 else 1

`_shared_arguments` decides how the method handles each argument of the block:

``_SharedArgument("channels", "channels", passed=(16, 32, 64), differs=True)``
    Every block of a stage gets what the stage passes. It differs from stage to stage, so it is
    passed by position.
``_SharedArgument("stride", "stride if i == 0 else 1", passed=(1, 2, 2), default=1)``
    The first block of a stage gets what the stage passes, the others 1, which is also what the
    first gets where a stage passes nothing.

From these `_method` writes the method and the lines that call it::

    self.basic1 = self._stage(16, 16, n)
    self.basic2 = self._stage(16, 32, n, stride=2)
    self.basic3 = self._stage(32, 64, n, stride=2)

    @staticmethod
    def _stage(in_channels, channels, count, stride=1):
        layers = []
        for i in range(count):
            layers.append(PreActBlock(in_channels, channels, stride=stride if i == 0 else 1))
            in_channels = layers[-1].out_channels
        return nn.Sequential(*layers)

With the method's docstring these are 11 lines instead of 13, so `shared_method` returns the method.
Where every stage is known to have at least one block, and all blocks but the first are called
alike, the loop is written shorter, as ``first`` and ``rest``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from designer.codegen.calls import ClassUse
from designer.codegen.text import loop_variable, wrapped
from designer.design.expressions import (
    Binary,
    Conditional,
    Literal,
    Name,
    Tree,
    names,
)
from designer.design.printing import python_source
from designer.design.rewriting import NUMBER

_LOCALS = {"count", "layers", "first", "rest"}
_FIRST_AND_LATER = (("in_channels", False), ("first.out_channels", True))
_FIRST = Binary("==", Name(NUMBER), Literal(0))


@dataclass(frozen=True)
class Stage:
    """A repeated node whose blocks all have one class, and the lines that build it.

    Attributes
    ----------
    name
        The node's name.
    use
        The class of its blocks.
    values
        The block's arguments as expressions, in which ``i`` is the number of the repetition.
    channels, count
        The channels of its input, and how often the block is repeated.
    lines
        Where the constructor's lines for it stand.
    alike_but_first
        Whether it has at least one block, and all blocks but the first are called alike.
    """

    name: str
    use: ClassUse
    values: dict[str, Tree]
    channels: Tree
    count: Tree
    lines: slice
    alike_but_first: bool


@dataclass(frozen=True)
class _SharedArgument:
    """How the method handles one argument of the block.

    Attributes
    ----------
    key
        The name of the argument.
    text
        The expression that the method passes to the block; "" leaves the block's default.
    passed
        What each stage passes to the method; none where the method itself knows the value.
    default
        The method's own default, for stages that pass nothing.
    differs
        Whether stages pass different values, each for all of its blocks.
    """

    key: str
    text: str
    passed: tuple[Tree, ...] = ()
    default: Tree | None = None
    differs: bool = False


def shared_method(stages: Iterable[Stage], lines: list[str]) -> list[str]:
    """Return a method that builds the stages of one class, or nothing if it makes no text shorter.

    Of several classes, the one with most stages gets the method. In `lines`, the constructor's,
    the lines of these stages are replaced by calls of the method.
    """
    groups: dict[str, list[Stage]] = {}
    for stage in stages:
        groups.setdefault(stage.use.name, []).append(stage)
    alike = max(groups.values(), key=len, default=[])
    arguments = _shared_arguments(alike) if len(alike) > 1 else None
    if arguments is None or _LOCALS & alike[0].use.parameters.keys():
        return []
    method, calls = _method(alike, arguments)
    before = sum(_height(lines[stage.lines]) for stage in alike)
    if _height(method) + _height(calls) >= before:
        return []
    for stage, call in reversed([*zip(alike, calls, strict=True)]):
        lines[stage.lines] = [call]
    return method


def _shared_arguments(stages: Sequence[Stage]) -> list[_SharedArgument] | None:
    """Return how the method handles each of the block's arguments, None if one method cannot."""
    shared = []
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
            shared.append(_SharedArgument(key, python_source(trees[0])))
        elif same and isinstance(trees[0], Literal):
            shared.append(
                _SharedArgument(key, "" if trees[0] == default else python_source(trees[0]))
            )
        elif firsts == tuple(map(_later, trees)):
            shared.append(_SharedArgument(key, key, trees, differs=not same))
        elif len(rests) == 1 and isinstance(rest, Literal):
            text = python_source(Conditional(Name(key), _FIRST, rest))
            shared.append(_SharedArgument(key, text, firsts, rest))
        else:
            return None
    return shared


def _at_first(tree: Tree) -> Tree:
    """Return ``a`` of ``a if i == 0 else b``, and any other expression as it is."""
    return tree.then if isinstance(tree, Conditional) and tree.test == _FIRST else tree


def _later(tree: Tree) -> Tree:
    """Return ``b`` of ``a if i == 0 else b``, and any other expression as it is."""
    return tree.otherwise if isinstance(tree, Conditional) and tree.test == _FIRST else tree


def _method(
    stages: Sequence[Stage], arguments: Sequence[_SharedArgument]
) -> tuple[list[str], list[str]]:
    """Return the lines of the method and, for each stage, the line that calls it."""
    use = stages[0].use
    passed = [each for each in arguments if each.passed]
    # One argument that differs comes before the number of blocks, those with a default come last.
    passed.sort(key=lambda each: (not each.differs, each.default is not None))
    leading = [each for each in passed[:1] if each.differs]
    named = passed[len(leading) :]
    parameters = [
        "in_channels",
        *(each.key for each in leading),
        "count",
        *(
            each.key if each.default is None else f"{each.key}={python_source(each.default)}"
            for each in named
        ),
    ]
    reads_number = any(
        each.default is None and loop_variable(each.text) == NUMBER for each in arguments
    )
    if all(stage.alike_but_first for stage in stages) and not reads_number:
        first, rest = (_call(use, arguments, width, later) for width, later in _FIRST_AND_LATER)
        body = [
            f"first = {first}",
            f"rest = ({rest} for _ in range(count - 1))",
            "return nn.Sequential(first, *rest)",
        ]
    else:
        call = _call(use, arguments, "in_channels", None)
        body = [
            "layers = []",
            f"for {loop_variable(call)} in range(count):",
            f"    layers.append({call})",
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
        values = [
            python_source(stage.channels),
            *(python_source(each.passed[number]) for each in leading),
            python_source(stage.count),
            *(
                f"{each.key}={python_source(each.passed[number])}"
                for each in arguments
                if each in named and each.passed[number] != each.default
            ),
        ]
        calls.append(f"self.{stage.name} = self._stage({', '.join(values)})")
    return method, calls


def _call(
    use: ClassUse, arguments: Sequence[_SharedArgument], width: str, later: bool | None
) -> str:
    """Return the call that builds a block of the method.

    Parameters
    ----------
    use, arguments
        The class, and how its arguments are handled.
    width
        The expression for the channels of the block's input.
    later
        Whether the call builds a later block or the first; None where one call builds them all.
    """
    parts = [width]
    for index, each in enumerate(arguments):
        text = each.text
        if each.default is not None and later is not None:
            is_usual = each.default == Literal(use.parameters[each.key].default)
            text = each.key if not later else "" if is_usual else python_source(each.default)
        if text:
            parts.append(text if index == len(parts) - 1 == 0 else f"{each.key}={text}")
    return f"{use.name}({', '.join(parts)})"


def _height(lines: Iterable[str]) -> int:
    """Return how many lines a text of the constructor takes after wrapping."""
    return sum(len([*wrapped(f"        {line}")]) for line in lines)
