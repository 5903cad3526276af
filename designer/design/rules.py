"""Rules of arguments: what must hold between an argument and those beside it.

A depth that is 6n + 2, or 9n + 2 with bottlenecks, is no range. Such an argument has a test
(`Argument.where`), an expression over the arguments of its design or block, and the words of the
sentence that says what is wrong where the test is false (`Argument.rule`).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from designer.design.expressions import ExpressionError, Scalar, evaluate
from designer.design.parsing import parse
from designer.design.values import Argument

MOST_STEPS = 200
"""How far from a whole number others are looked for that would hold."""


class Breach(NamedTuple):
    """An argument whose rule does not hold, and why in words that follow its name."""

    name: str
    refusal: str


def breaches(arguments: Mapping[str, Argument], values: Mapping[str, Scalar]) -> Iterator[Breach]:
    """Yield the arguments whose rules do not hold for these values of all of them."""
    for name, argument in arguments.items():
        if argument.where and (refusal := refused(argument, values[name], values)):
            yield Breach(name, refusal)


def refused(argument: Argument, value: Scalar, values: Mapping[str, Scalar]) -> str | None:
    """Say in words that follow the argument's name why its rule does not hold, or None.

    `values` has those of all arguments beside it.
    """
    try:
        if evaluate(parse(argument.where), values):
            return None
    except ExpressionError as error:
        return f"has a rule that cannot be tested: '{argument.where}' {error}; received {value}"
    return f"must be {argument.rule}; received {value}"


def fits(
    arguments: Mapping[str, Argument], name: str, value: Scalar, values: Mapping[str, Scalar]
) -> bool:
    """Tell whether an argument could have a value, the others being as they are."""
    argument = arguments[name]
    if argument.refusal(value) is not None:
        return False
    return not argument.where or refused(argument, value, {**values, name: value}) is None


def nearest(
    arguments: Mapping[str, Argument], name: str, values: Mapping[str, Scalar]
) -> list[Scalar]:
    """Return what an argument could be instead, nearest to what it is: one below, one above.

    Of choices all that fit are returned, in their order.
    """
    argument, value = arguments[name], values[name]
    if argument.choices or isinstance(value, bool):
        choices = argument.choices or (False, True)
        return [each for each in choices if fits(arguments, name, each, values)]
    found = [following(arguments, name, value, values, step) for step in (-1, 1)]
    return [each for each in found if each is not None]


def following(
    arguments: Mapping[str, Argument],
    name: str,
    value: Scalar,
    values: Mapping[str, Scalar],
    step: int,
) -> Scalar:
    """Return the first whole number behind a value, in steps, that fits; None if none is near."""
    if type(value) is int:
        for number in range(1, MOST_STEPS + 1):
            each = value + number * step
            if fits(arguments, name, each, values):
                return each
    return None


def reached(
    arguments: Mapping[str, Argument],
    name: str,
    value: Scalar,
    values: Mapping[str, Scalar],
    step: int,
) -> Scalar:
    """Return a value if it fits, else what follows it or comes before it, else itself."""
    if fits(arguments, name, value, values):
        return value
    behind = following(arguments, name, value, values, step)
    return following(arguments, name, value, values, -step) if behind is None else behind
