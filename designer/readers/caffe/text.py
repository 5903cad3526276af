"""The text format of protocol buffers, read without the schema: names with values, and groups."""

import re
from collections.abc import Iterator
from typing import Any

_DEEPEST = 30
_MOST_TOKENS = 2_000_000  # ResNet-152 has 40,000
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?f?)(?![\w.]))
    |(?P<word>-?[A-Za-z_][\w.]*)
    |(?P<mark>[{}<>\[\]:;,])""",
    re.VERBOSE,
)


class TextError(Exception):
    """The text is not of the format; the message says in which line."""


class Message:
    """The fields of a group, each with all its values, in order."""

    def __init__(self) -> None:
        self.fields: dict[str, list[Any]] = {}

    def add(self, name: str, value: Any) -> None:
        """Add a value to a field."""
        self.fields.setdefault(name, []).append(value)

    def all(self, name: str) -> list[Any]:
        """Return all values of a field."""
        return self.fields.get(name, [])

    def get(self, name: str, default: Any = None) -> Any:
        """Return the last value of a field."""
        found = self.fields.get(name)
        return found[-1] if found else default

    def group(self, *names: str) -> "Message":
        """Return the group of the first of these names that there is; an empty one if none is."""
        for name in names:
            found = self.get(name)
            if isinstance(found, Message):
                return found
        return Message()

    def groups(self, name: str) -> list["Message"]:
        """Return all groups of a name."""
        return [each for each in self.all(name) if isinstance(each, Message)]


def parse(text: str) -> Message:
    """Return the fields of a text.

    Raises
    ------
    TextError
        It is not of the format, or too long or too deep.
    """
    root = Message()
    open_groups = [(root, "")]
    tokens = _tokens(text)
    for kind, token, line in tokens:
        message, closing = open_groups[-1]
        if kind == "mark" and token == closing:
            open_groups.pop()
        elif kind == "mark" and token in ";,":
            continue
        elif kind == "word":
            _field(token, message, tokens, open_groups, line)
        else:
            raise TextError(f"line {line} has {token!r} where a name should stand")
    if len(open_groups) > 1:
        raise TextError("a group is not closed at its end")
    return root


def _field(
    name: str,
    message: Message,
    tokens: Iterator[tuple[str, str, int]],
    open_groups: list[tuple[Message, str]],
    line: int,
) -> None:
    kind, token, line = _next(tokens, line)
    if token == ":" and kind == "mark":
        kind, token, line = _next(tokens, line)
    if kind == "mark" and token in "{<":
        if len(open_groups) > _DEEPEST:
            raise TextError(f"line {line} is nested too deeply")
        group = Message()
        message.add(name, group)
        open_groups.append((group, "}" if token == "{" else ">"))
    elif kind == "mark" and token == "[":
        while True:
            kind, token, line = _next(tokens, line)
            if kind == "mark" and token == "]":
                return
            if kind == "mark" and token != ",":
                raise TextError(f"line {line} has {token!r} in a list")
            if kind != "mark":
                message.add(name, _value(kind, token))
    elif kind == "mark":
        raise TextError(f"line {line} has {token!r} where the value of {name} should stand")
    else:
        message.add(name, _value(kind, token))


def _value(kind: str, token: str) -> Any:
    if kind == "text":
        return token[1:-1]
    if kind == "number":
        try:
            return int(token, 0)
        except ValueError:
            return float(token.rstrip("fF"))
    return {"true": True, "false": False}.get(token, token)


def _next(tokens: Iterator[tuple[str, str, int]], line: int) -> tuple[str, str, int]:
    found = next(tokens, None)
    if found is None:
        raise TextError(f"it ends in line {line}, within a field")
    return found


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position, line = 0, 1
    for _ in range(_MOST_TOKENS):
        if position == len(text):
            return
        found = _TOKEN.match(text, position)
        if found is None:
            raise TextError(f"line {line} has {text[position : position + 20]!r}")
        position = found.end()
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0], line
        line += found[0].count("\n")
    raise TextError("it has too many words")
