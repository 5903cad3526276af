"""Parsing: the text of an expression becomes a tree of `designer.design.expressions`."""

import re
from collections.abc import Mapping
from functools import lru_cache

from designer.design.expressions import (
    COMPARISONS,
    FUNCTIONS,
    MAX_MAGNITUDE,
    PRECEDENCE,
    Binary,
    Call,
    Conditional,
    ExpressionError,
    Literal,
    Name,
    Tree,
    Unary,
    limited,
)
from designer.design.identifiers import PATTERN, normalized

MAX_LENGTH = 500
MAX_DEPTH = 40

_SIGNS = {"not": PRECEDENCE["not"], "+": PRECEDENCE["unary"], "-": PRECEDENCE["unary"]}

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)"
    rf"|(?P<name>{PATTERN})"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>(),])"
    r"|(?P<end>$)"
    r"|(?P<unknown>.))",
    re.DOTALL,
)


@lru_cache(maxsize=4096)  # every analysis parses each expression of the design again
def parse(text: str) -> Tree:
    """Parse an expression, with or without its leading ``=``.

    Raises
    ------
    ExpressionError
        The text is not an expression, or is longer or nested deeper than the limits allow.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is longer than {MAX_LENGTH} characters")
    return _Parser(text.removeprefix("=")).parse()


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Rename names in the text of an expression; everything else is kept as written."""

    def one(token: re.Match[str]) -> str:
        name = token["name"]
        new = names.get(normalized(name)) if name else None
        return token[0] if new is None else token[0].removesuffix(name) + new

    return _TOKEN.sub(one, text)


class _Parser:
    """A precedence-climbing parser for the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = 0

    def parse(self) -> Tree:
        tree = self.expression()
        kind, text = self.tokens[self.position]
        if kind != "end":
            raise ExpressionError(f"has '{text}' after its end")
        return tree

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels")
        tree = self.operation(PRECEDENCE["or"])
        if self.accept("if"):
            test = self.operation(PRECEDENCE["or"])
            self.expect("else")
            tree = Conditional(tree, test, self.expression())
        self.depth -= 1
        return tree

    def operation(self, minimum: int) -> Tree:
        tree = self.unary()
        while True:
            kind, symbol = self.tokens[self.position]
            binds = PRECEDENCE.get(symbol, 0)
            if binds < minimum or symbol in ("if", "not") or kind == "text":
                return tree
            self.position += 1
            tree = Binary(symbol, tree, self.operation(binds + 1))
            if symbol in COMPARISONS and self.tokens[self.position][1] in COMPARISONS:
                raise ExpressionError("chains comparisons; write two of them, joined by 'and'")

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
            if self.accept("**"):  # binds to the right: 2 ** 3 ** 2 is 2 ** 9
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
        if kind == "name" and text not in PRECEDENCE and text != "else":
            return self.call(text) if self.accept("(") else Name(text)
        if text == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        found = f"'{text}'" if text else "nothing"
        raise ExpressionError(f"has {found} where a value is expected")

    def call(self, name: str) -> Tree:
        if name not in FUNCTIONS:
            raise ExpressionError(
                f"calls the unknown function '{name}'; there are {', '.join(FUNCTIONS)}"
            )
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(")")
        function = FUNCTIONS[name]
        if not function.least <= len(arguments) <= function.most:
            raise ExpressionError(
                f"calls {name} with {len(arguments)} arguments; it takes "
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
            raise ExpressionError(f"has '{found}' where '{text}' is expected")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "unknown" or (kind == "name" and not found[kind].isidentifier()):
            raise ExpressionError(
                f"has an unknown character at '{text[found.start() :].strip()[:10]}'"
            )
        tokens.append((kind, normalized(found[kind]) if kind == "name" else found[kind]))
        if kind == "end":
            break
    return tokens


def _read_number(text: str) -> int | float:
    if text.isdigit():
        if len(text) > 15:
            raise ExpressionError(f"has a number beyond {MAX_MAGNITUDE:.0e}")
        return int(text)
    return limited(float(text))
