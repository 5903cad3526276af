"""Rules of arguments: conditions that a range cannot express.

The depth of a ResNet for CIFAR-10, for example, must be 6n + 2, or 9n + 2 with bottlenecks. Such an
argument has a condition (`Argument.where`), an expression over the arguments of the same design or
block, and words for the error message (`Argument.rule`): "must be 6n + 2; received 21".
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from designer.design.expressions import ExpressionError, Scalar, evaluate
from designer.design.parsing import parse
from designer.design.values import Argument

MOST_STEPS = 200
"""How many numbers on each side of a refused one are tried."""


class Breach(NamedTuple):
    """An argument whose rule is not met.

    Attributes
    ----------
    name
        The argument's name.
    refusal
        What is wrong, in words that follow the name.
    """

    name: str
    refusal: str


def breaches(arguments: Mapping[str, Argument], values: Mapping[str, Scalar]) -> Iterator[Breach]:
    """Yield the arguments whose rules are not met by these values of all arguments."""
    for name, argument in arguments.items():
        if argument.where and (refusal := refused(argument, values[name], values)):
            yield Breach(name, refusal)


def refused(argument: Argument, value: Scalar, values: Mapping[str, Scalar]) -> str | None:
    """Return why an argument's rule is not met, in words that follow its name; None if it is met.

    Parameters
    ----------
    values
        The values of all arguments of the same block or design.
    """
    try:
        if evaluate(parse(argument.where), values):
            return None
    except ExpressionError as error:
        return f"has a rule that cannot be evaluated: '{argument.where}' {error}; received {value}"
    return f"must be {argument.rule}; received {value}"


def fits(
    arguments: Mapping[str, Argument], name: str, value: Scalar, values: Mapping[str, Scalar]
) -> bool:
    """Return whether an argument may have a value, given those of the other arguments."""
    argument = arguments[name]
    if argument.refusal(value) is not None:
        return False
    return not argument.where or refused(argument, value, {**values, name: value}) is None


def nearest(
    arguments: Mapping[str, Argument], name: str, values: Mapping[str, Scalar]
) -> list[Scalar]:
    """Return the allowed values nearest to an argument's own: one below and one above.

    For an argument with choices, or a boolean, all allowed values are returned.
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
    """Return the next allowed whole number in steps of `step`; None if none is near."""
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
    """Return `value` if it is allowed, else the next allowed number in the direction of `step`.

    If there is none in that direction, it is the next one in the other.
    """
    if fits(arguments, name, value, values):
        return value
    behind = following(arguments, name, value, values, step)
    return following(arguments, name, value, values, -step) if behind is None else behind
