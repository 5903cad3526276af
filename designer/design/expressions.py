"""The expression language of parameters: trees and their evaluation; no text is run by Python.

An expression is a string that begins with ``=``, such as ``=2 * channels``. Its grammar is a part
of Python's: arithmetic, comparisons, ``and or not``, ``a if test else b`` and a few functions.
Length, depth, exponents and results are limited, so that no file can make the program hang or use
up memory.

`designer.design.parsing` makes trees from text, `designer.design.printing` text from trees.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias

Scalar: TypeAlias = int | float | bool | str | None

MAX_MAGNITUDE = 10**15
MAX_EXPONENT = 64


class ExpressionError(ValueError):
    """What is wrong with an expression, in words that follow it: "the expression '=x/' has ..."."""


def make_divisible(value: float, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, but not more than 10 % down (MobileNetV2's code)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, True or False."""

    value: Scalar

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Return the literal's value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Name:
    """A name in scope; in generated code also a dotted name."""

    identifier: str

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Return the value that the name has in `scope`."""
        try:
            return scope[self.identifier]
        except KeyError:
            raise ExpressionError(_unknown_name(self.identifier, scope)) from None


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x`` or ``not x``."""

    operator: str
    operand: "Tree"

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Apply the operator."""
        value = self.operand.evaluate(scope)
        if self.operator == "not":
            return not value
        number = _number(value, self.operator)
        return -number if self.operator == "-" else number


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator and its two operands: arithmetic, a comparison, ``and`` or ``or``."""

    operator: str
    left: "Tree"
    right: "Tree"

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Apply the operator; ``and`` and ``or`` evaluate the right operand only if needed."""
        symbol, left = self.operator, self.left.evaluate(scope)
        if symbol == "and":
            return self.right.evaluate(scope) if left else left
        if symbol == "or":
            return left if left else self.right.evaluate(scope)
        right = self.right.evaluate(scope)
        if symbol in COMPARISONS:
            return _compare(symbol, left, right)
        return _calculate(symbol, left, right)


@dataclass(frozen=True, slots=True)
class Conditional:
    """``then if test else otherwise``."""

    then: "Tree"
    test: "Tree"
    otherwise: "Tree"

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Evaluate the test, and then only the branch that it selects."""
        return (self.then if self.test.evaluate(scope) else self.otherwise).evaluate(scope)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the functions in `FUNCTIONS`."""

    function: str
    arguments: tuple["Tree", ...]

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Evaluate the arguments and call the function."""
        values = [_number(each.evaluate(scope), self.function) for each in self.arguments]
        return limited(_guarded(FUNCTIONS[self.function].call, *values))


Tree: TypeAlias = Literal | Name | Unary | Binary | Conditional | Call


class Function(NamedTuple):
    """A function of the language.

    Attributes
    ----------
    call
        Computes it.
    least, most
        Smallest and largest number of arguments.
    python
        How generated Python code names it.
    """

    call: Callable[..., int | float]
    least: int
    most: int
    python: str


FUNCTIONS: Mapping[str, Function] = {
    "min": Function(min, 2, 8, "min"),
    "max": Function(max, 2, 8, "max"),
    "abs": Function(abs, 1, 1, "abs"),
    "round": Function(round, 1, 1, "round"),
    "floor": Function(math.floor, 1, 1, "math.floor"),
    "ceil": Function(math.ceil, 1, 1, "math.ceil"),
    "int": Function(int, 1, 1, "int"),
    "make_divisible": Function(make_divisible, 1, 2, "make_divisible"),
}

_ARITHMETIC: Mapping[str, Callable[[float, float], int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# How tightly each operator binds, as in Python; for parsing and printing.
PRECEDENCE = {
    "if": 1,
    "or": 2,
    "and": 3,
    "not": 4,
    **dict.fromkeys(COMPARISONS, 5),
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "//": 7,
    "%": 7,
    "unary": 8,
    "**": 9,
}


def is_expression(value: object) -> bool:
    """Return whether a parameter's value is an expression rather than a literal."""
    return isinstance(value, str) and value.startswith("=")


def shortened(text: str) -> str:
    """Return a text for a message: its first 80 characters if it is longer."""
    return text if len(text) <= 80 else f"{text[:80]} ..."


def evaluate(tree: Tree, scope: Mapping[str, Scalar]) -> Scalar:
    """Compute the value of an expression.

    Raises
    ------
    ExpressionError
        A name is not in `scope`, an operand has the wrong type, a divisor is zero, or the result
        exceeds `MAX_MAGNITUDE`.
    """
    return tree.evaluate(scope)


def names(tree: Tree) -> frozenset[str]:
    """Return the names that an expression reads."""
    match tree:
        case Name(identifier):
            return frozenset((identifier,))
        case Unary(_, operand):
            return names(operand)
        case Binary(_, left, right):
            return names(left) | names(right)
        case Conditional(then, test, otherwise):
            return names(then) | names(test) | names(otherwise)
        case Call(_, arguments):
            return frozenset().union(*map(names, arguments))
        case _:
            return frozenset()


def substitute(tree: Tree, replacements: Mapping[str, Tree]) -> Tree:
    """Replace names by expressions, and fold what has become constant."""
    match tree:
        case Name(identifier):
            return replacements.get(identifier, tree)
        case Unary(symbol, operand):
            return fold(Unary(symbol, substitute(operand, replacements)))
        case Binary(symbol, left, right):
            return fold(
                Binary(symbol, substitute(left, replacements), substitute(right, replacements))
            )
        case Conditional(then, test, otherwise):
            test = substitute(test, replacements)
            if isinstance(test, Literal):
                return substitute(then if test.value else otherwise, replacements)
            return Conditional(
                substitute(then, replacements), test, substitute(otherwise, replacements)
            )
        case Call(name, arguments):
            return fold(Call(name, tuple(substitute(each, replacements) for each in arguments)))
        case _:
            return tree


def fold(tree: Tree) -> Tree:
    """Return an expression without names as the literal of its value; else the tree itself."""
    if names(tree):
        return tree
    try:
        return Literal(evaluate(tree, {}))
    except ExpressionError:
        return tree


def _unknown_name(name: str, scope: Mapping[str, Scalar]) -> str:
    close = get_close_matches(name, scope, 1)
    if close:
        return f"uses the unknown name '{name}'; did you mean '{close[0]}'?"
    known = ", ".join(sorted(scope)) or "none"
    return f"uses the unknown name '{name}'; names that it can use: {known}"


def _number(value: Scalar, where: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"'{where}' needs numbers, received {value!r}")
    return value


def limited(value: float) -> int | float:
    """Return a result unless it is complex, not a number, or too large.

    Raises
    ------
    ExpressionError
        The result is one of these.
    """
    if isinstance(value, complex):
        raise ExpressionError(
            "cannot be computed: a fractional power of a negative number is not real"
        )
    if math.isnan(value) or abs(value) > MAX_MAGNITUDE:
        raise ExpressionError(f"has a result beyond {MAX_MAGNITUDE:.0e}")
    return value


def _guarded(function: Callable[..., int | float], *values: float) -> int | float:
    try:
        return function(*values)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise ExpressionError(f"cannot be computed: {error}") from None


def _calculate(symbol: str, left: Scalar, right: Scalar) -> int | float:
    first, second = _number(left, symbol), _number(right, symbol)
    if symbol == "**" and abs(second) > MAX_EXPONENT:
        raise ExpressionError(f"has an exponent beyond {MAX_EXPONENT}: {second}")
    return limited(_guarded(_ARITHMETIC[symbol], first, second))


def _compare(symbol: str, left: Scalar, right: Scalar) -> bool:
    if symbol not in ("==", "!="):
        _number(left, symbol)
        _number(right, symbol)
    return COMPARISONS[symbol](left, right)
