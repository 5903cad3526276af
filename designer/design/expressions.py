"""The expression language of parameters: parsed to a small tree, evaluated by it, never by Python.

An expression is a string that begins with ``=``. Its grammar is Python's, cut down to arithmetic,
comparisons, ``and or not``, ``a if test else b`` and a fixed set of functions. Text, depth, powers
and results are limited, so that no file can make the program hang or grow.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

Scalar: TypeAlias = int | float | bool | str | None

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_MAGNITUDE = 10**15
MAX_EXPONENT = 64


class ExpressionError(ValueError):
    """What is wrong with an expression, in words that continue "``=text``: "."""


def make_divisible(value: float, divisor: int = 8) -> int:
    """Round to a multiple of ``divisor``, never more than 10 % down (MobileNetV2's code)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, True or False."""

    value: Scalar

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Name:
    """A name in scope; generated code may put a dotted name here."""

    identifier: str

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Look the name up."""
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
    """Two operands and an operator, logical and comparing ones included."""

    operator: str
    left: "Tree"
    right: "Tree"

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Apply the operator; ``and`` and ``or`` look at the right only where they must."""
        symbol, left = self.operator, self.left.evaluate(scope)
        if symbol == "and":
            return self.right.evaluate(scope) if left else left
        if symbol == "or":
            return left if left else self.right.evaluate(scope)
        right = self.right.evaluate(scope)
        if symbol in _COMPARISON:
            return _compare(symbol, left, right)
        return _calculate(symbol, left, right)


@dataclass(frozen=True, slots=True)
class Conditional:
    """``then if test else otherwise``."""

    then: "Tree"
    test: "Tree"
    otherwise: "Tree"

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Evaluate one of the two."""
        return (self.then if self.test.evaluate(scope) else self.otherwise).evaluate(scope)


@dataclass(frozen=True, slots=True)
class Call:
    """One of the functions in `FUNCTIONS`."""

    function: str
    arguments: tuple["Tree", ...]

    def evaluate(self, scope: Mapping[str, Scalar]) -> Scalar:
        """Call the function."""
        values = [_number(each.evaluate(scope), self.function) for each in self.arguments]
        return _limited(_guarded(FUNCTIONS[self.function].call, *values))


Tree: TypeAlias = Literal | Name | Unary | Binary | Conditional | Call


class Function(NamedTuple):
    """A function of the language: the call, its number of arguments, its Python spelling."""

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

_IN_PYTHON = {name: function.python for name, function in FUNCTIONS.items()}
_HERE = {name: name for name in FUNCTIONS}

_ARITHMETIC: Mapping[str, Callable[[float, float], int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_COMPARISON: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# How tightly each operator binds, as in Python; used for parsing and for writing it back.
_PRECEDENCE = {
    "if": 1,
    "or": 2,
    "and": 3,
    "not": 4,
    **dict.fromkeys(_COMPARISON, 5),
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "//": 7,
    "%": 7,
    "unary": 8,
    "**": 9,
}
_ATOM = 10
_SIGNS = {"not": _PRECEDENCE["not"], "+": _PRECEDENCE["unary"], "-": _PRECEDENCE["unary"]}

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>(),])"
    r"|(?P<end>$)"
    r"|(?P<unknown>.))",
    re.DOTALL,
)


def is_expression(value: object) -> bool:
    """Tell whether a parameter's value is an expression rather than a literal."""
    return isinstance(value, str) and value.startswith("=")


def shortened(text: str) -> str:
    """Return a text of the design as messages show it: not more than its beginning."""
    return text if len(text) <= 80 else f"{text[:80]} ..."


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree:
    """Parse an expression, with or without its leading ``=``.

    Raises
    ------
    ExpressionError
        The text is no expression, or is longer or deeper than the limits allow.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is longer than {MAX_LENGTH} characters")
    return _Parser(text.removeprefix("=")).parse()


def evaluate(tree: Tree, scope: Mapping[str, Scalar]) -> Scalar:
    """Compute the value of an expression.

    Raises
    ------
    ExpressionError
        A name is not in `scope`, an operand has the wrong type, a division by zero, or a result
        beyond `MAX_MAGNITUDE`.
    """
    return tree.evaluate(scope)


def names(tree: Tree) -> frozenset[str]:
    """Return every name that an expression reads."""
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
    """Replace names by trees and fold what has become constant."""
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
    """Return the value as a literal where an expression reads no names, else the tree itself."""
    if names(tree):
        return tree
    try:
        return Literal(evaluate(tree, {}))
    except ExpressionError:
        return tree


def python_source(tree: Tree) -> str:
    """Write an expression as Python source, with as few brackets as possible.

    Functions are spelled as generated files spell them: ``math.floor``, ``make_divisible``.
    """
    return _written(tree, _IN_PYTHON)


def source(tree: Tree) -> str:
    """Write an expression in this language, without the leading ``=``."""
    return _written(tree, _HERE)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Give names in the text of an expression other names, keeping how it is written."""

    def one(token: re.Match[str]) -> str:
        name = token["name"]
        return token[0].removesuffix(name) + names[name] if name in names else token[0]

    return _TOKEN.sub(one, text)


def _written(tree: Tree, functions: Mapping[str, str], minimum: int = 0) -> str:
    """Write an expression with functions spelled so, in brackets if it binds less than asked."""
    match tree:
        case Literal(value):
            negative = isinstance(value, int | float) and value < 0
            binds, text = (_PRECEDENCE["unary"] if negative else _ATOM), quoted(value)
        case Name(identifier):
            binds, text = _ATOM, identifier
        case Unary(symbol, operand):
            binds = _PRECEDENCE["not" if symbol == "not" else "unary"]
            space = " " if symbol == "not" else ""
            text = f"{symbol}{space}{_written(operand, functions, binds)}"
        case Binary("**", left, right):
            binds = _PRECEDENCE["**"]
            base = _written(left, functions, binds + 1)
            text = f"{base}**{_written(right, functions, binds - 1)}"
        case Binary(symbol, left, right):
            binds = _PRECEDENCE[symbol]
            left_binds = binds + 1 if symbol in _COMPARISON else binds
            first = _written(left, functions, left_binds)
            text = f"{first} {symbol} {_written(right, functions, binds + 1)}"
        case Conditional(then, test, otherwise):
            binds = _PRECEDENCE["if"]
            text = (
                f"{_written(then, functions, binds + 1)} if "
                f"{_written(test, functions, binds + 1)} else "
                f"{_written(otherwise, functions, binds)}"
            )
        case Call(name, arguments):
            binds = _ATOM
            given = ", ".join(_written(each, functions) for each in arguments)
            text = f"{functions[name]}({given})"
    return f"({text})" if binds < minimum else text


def quoted(value: object) -> str:
    """Write a literal as Python source, text in double quotes as formatters do."""
    text = repr(value)
    plain = isinstance(value, str) and '"' not in text and "\\" not in text
    return f'"{value}"' if plain else text


def setting_text(value: Scalar) -> str:
    """Write an argument's value as the command line's ``--set`` reads it: true, 0.5, B."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unknown_name(name: str, scope: Mapping[str, Scalar]) -> str:
    close = get_close_matches(name, scope, 1)
    if close:
        return f"names nothing called '{name}'; did you mean '{close[0]}'?"
    known = ", ".join(sorted(scope)) or "no names"
    return f"names nothing called '{name}'; in scope here: {known}"


def _number(value: Scalar, where: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"'{where}' needs numbers, received {value!r}")
    return value


def _limited(value: float) -> int | float:
    if isinstance(value, complex):
        raise ExpressionError("cannot be computed: a negative number has no such power")
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
    return _limited(_guarded(_ARITHMETIC[symbol], first, second))


def _compare(symbol: str, left: Scalar, right: Scalar) -> bool:
    if symbol not in ("==", "!="):
        _number(left, symbol)
        _number(right, symbol)
    return _COMPARISON[symbol](left, right)


class _Parser:
    """A precedence-climbing parser over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = 0

    def parse(self) -> Tree:
        tree = self.expression()
        kind, text = self.tokens[self.position]
        if kind != "end":
            raise ExpressionError(f"has '{text}' where it should end")
        return tree

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels")
        tree = self.operation(_PRECEDENCE["or"])
        if self.accept("if"):
            test = self.operation(_PRECEDENCE["or"])
            self.expect("else")
            tree = Conditional(tree, test, self.expression())
        self.depth -= 1
        return tree

    def operation(self, minimum: int) -> Tree:
        tree = self.unary()
        while True:
            kind, symbol = self.tokens[self.position]
            binds = _PRECEDENCE.get(symbol, 0)
            if binds < minimum or symbol in ("if", "not") or kind == "text":
                return tree
            self.position += 1
            tree = Binary(symbol, tree, self.operation(binds + 1))
            if symbol in _COMPARISON and self.tokens[self.position][1] in _COMPARISON:
                raise ExpressionError("chains comparisons; join two of them with 'and'")

    def unary(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels")
        kind, symbol = self.tokens[self.position]
        tree: Tree
        if symbol in _SIGNS and kind != "text":
            self.position += 1
            tree = Unary(symbol, self.operation(_SIGNS[symbol]))
        else:
            tree = self.atom()
            if self.accept("**"):  # groups from the right
                tree = Binary("**", tree, self.unary())
        self.depth -= 1
        return tree

    def atom(self) -> Tree:
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            return Literal(_read_number(text))
        if kind == "text":
            return Literal(text[1:-1])
        if kind == "name" and text in ("True", "False", "true", "false"):
            return Literal(text.lower() == "true")
        if kind == "name" and text not in _PRECEDENCE and text != "else":
            return self.call(text) if self.accept("(") else Name(text)
        if text == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        found = f"'{text}'" if text else "nothing"
        raise ExpressionError(f"has {found} where a value should stand")

    def call(self, name: str) -> Tree:
        if name not in FUNCTIONS:
            raise ExpressionError(f"calls '{name}'; there are only {', '.join(FUNCTIONS)}")
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(")")
        function = FUNCTIONS[name]
        if not function.least <= len(arguments) <= function.most:
            raise ExpressionError(
                f"gives {name} {len(arguments)} arguments, it takes "
                f"{function.least} to {function.most}"
            )
        return Call(name, tuple(arguments))

    def accept(self, text: str) -> bool:
        kind, found = self.tokens[self.position]
        if found != text or kind == "text":
            return False
        self.position += 1
        return True

    def expect(self, text: str) -> None:
        if not self.accept(text):
            found = self.tokens[self.position][1] or "the end"
            raise ExpressionError(f"has '{found}' where '{text}' should stand")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "unknown":
            raise ExpressionError(f"has an unknown sign at '{text[found.start() :].strip()[:10]}'")
        tokens.append((kind, found[kind]))
        if kind == "end":
            break
    return tokens


def _read_number(text: str) -> int | float:
    if text.isdigit():
        if len(text) > 15:
            raise ExpressionError(f"has a number beyond {MAX_MAGNITUDE:.0e}")
        return int(text)
    return _limited(float(text))
