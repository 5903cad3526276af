"""Helpers for the text of generated files: names, comments, long lines."""

import re
from collections.abc import Iterator
from itertools import pairwise

from designer.design.identifiers import normalized, words
from designer.design.naming import block_name_refusal
from designer.design.rewriting import NUMBER

LINE = 100


def class_name(name: str) -> str:
    """Return the class name for a design's name: ``ResNet-50`` becomes ``ResNet50``."""
    joined = normalized("".join(word[0].upper() + word[1:] for word in words(name)))[:60]
    if not joined.isidentifier():  # it is empty or starts with a digit
        joined = f"Net{joined}"
    return joined if block_name_refusal(joined) is None else f"{joined}Network"


def printable(text: str) -> str:
    """Return free text as one line of at most 200 characters that is safe in a comment."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]


def wrapped(line: str) -> Iterator[str]:
    """Break a long line at the commas of its outermost brackets, as formatters do."""
    opening = "[" if line.lstrip().startswith("[") else "("
    start = line.find(opening) + 1
    if not start and line.endswith("]"):  # the last of several indices in a row
        start = line.rindex("[") + 1
    if len(line) <= LINE or not start:
        yield line
        return
    commas, loop, end = _outermost(line, start)
    indent = " " * (len(line) - len(line.lstrip()))
    target, equals, value = line.partition(" = ")
    first, *others = _calls(value) if equals else [line]
    if len(others) > 1:
        yield f"{target} = ("
        for call in (first, *others):
            yield from wrapped(f"{indent}    {call}")
        yield f"{indent})"
        return
    if others and "(" in others[0]:  # the last call is broken
        start = len(f"{target} = {first}") + others[0].index("(") + 1
        commas, loop, end = _outermost(line, start)
    yield line[:start]
    inner = f"{indent}    {line[start:end].strip()}"
    if len(inner) <= LINE:
        yield inner
    elif loop:  # a generator, which takes no comma
        yield from wrapped(f"{indent}    {line[start:loop].strip()}")
        yield f"{indent}    {line[loop:end].strip()}"
    elif not commas:
        yield from wrapped(f"{indent}    {line[start:end].strip()}")
    else:
        for begin, comma in pairwise([start - 1, *commas, end]):
            argument = line[begin + 1 : comma].strip()
            if argument:
                yield from wrapped(f"{indent}    {argument},")
    yield indent + line[end:]


def _calls(value: str) -> Iterator[str]:
    """Yield the calls of a chain: of ``a(1).b(2)`` these are ``a(1)`` and ``.b(2)``."""
    start, opening = 0, value.find("(")
    while opening >= 0:
        _, _, end = _outermost(value, opening + 1)
        if value[end + 1 : end + 2] == ".":
            yield value[start : end + 1]
            start = end + 1
        opening = value.find("(", end)
    yield value[start:]


def _outermost(line: str, start: int) -> tuple[list[int], int, int]:
    """Look through the bracket that opens just before `start`, without nested brackets and strings.

    Returns the positions of its commas, of a generator's ``for`` (0 if there is none), and of the
    closing bracket.
    """
    depth, quote, loop = 0, "", 0
    commas: list[int] = []
    for position in range(start, len(line)):
        sign = line[position]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                return commas, loop, position
            depth -= 1
        elif sign == "," and depth == 0:
            commas.append(position)
        elif depth == 0 and line.startswith(" for ", position):
            loop = position
    return commas, loop, len(line)


def loop_variable(call: str) -> str:
    """Return the variable of a loop around a call: ``i`` where the call reads it, else ``_``."""
    return NUMBER if re.search(rf"\b{NUMBER}\b", call) else "_"
