"""Printing: expressions and values as text, in this program's language and as Python source."""

from collections.abc import Mapping

from designer.design.expressions import (
    COMPARISONS,
    FUNCTIONS,
    PRECEDENCE,
    Binary,
    Call,
    Conditional,
    Literal,
    Name,
    Scalar,
    Tree,
    Unary,
)

_ATOM = 10
_IN_PYTHON = {name: function.python for name, function in FUNCTIONS.items()}
_HERE = {name: name for name in FUNCTIONS}


def python_source(tree: Tree) -> str:
    """Return an expression as Python source, with as few brackets as possible.

    Functions are named as in generated files: ``math.floor``, ``make_divisible``.
    """
    return _written(tree, _IN_PYTHON)


def source(tree: Tree) -> str:
    """Return an expression in this program's own language, without the leading ``=``."""
    return _written(tree, _HERE)


def _written(tree: Tree, functions: Mapping[str, str], minimum: int = 0) -> str:
    """Return the text, in brackets if it binds less tightly than `minimum`."""
    match tree:
        case Literal(value):
            negative = isinstance(value, int | float) and value < 0
            binds, text = (PRECEDENCE["unary"] if negative else _ATOM), quoted(value)
        case Name(identifier):
            binds, text = _ATOM, identifier
        case Unary(symbol, operand):
            binds = PRECEDENCE["not" if symbol == "not" else "unary"]
            space = " " if symbol == "not" else ""
            text = f"{symbol}{space}{_written(operand, functions, binds)}"
        case Binary("**", left, right):
            binds = PRECEDENCE["**"]
            base = _written(left, functions, binds + 1)
            plain = functions is _HERE or _is_plain(tree)
            sign = "**" if plain else " ** "  # as formatters write it
            text = f"{base}{sign}{_written(right, functions, binds - 1)}"
        case Binary(symbol, left, right):
            binds = PRECEDENCE[symbol]
            left_binds = binds + 1 if symbol in COMPARISONS else binds
            first = _written(left, functions, left_binds)
            text = f"{first} {symbol} {_written(right, functions, binds + 1)}"
        case Conditional(then, test, otherwise):
            binds = PRECEDENCE["if"]
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


def _is_plain(tree: Tree) -> bool:
    """Tell whether a tree is a name or number, possibly with a sign, or a power of such."""
    match tree:
        case Binary("**", Name() | Literal() | Unary() as base, exponent):
            return _is_plain(base) and _is_plain(exponent)
        case Unary(_, operand):
            return isinstance(operand, Name | Literal)
    return isinstance(tree, Name | Literal)


def quoted(value: object) -> str:
    """Return a literal as Python source; strings in double quotes, as formatters write them."""
    text = repr(value)
    plain = isinstance(value, str) and '"' not in text and "\\" not in text
    return f'"{value}"' if plain else text


def setting_text(value: Scalar) -> str:
    """Return an argument's value as ``--set`` reads it on the command line: true, 0.5, B."""
    return str(value).lower() if isinstance(value, bool) else str(value)
