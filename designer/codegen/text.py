"""Small helpers for the text of generated files: names, comments, long lines."""

import re
from collections.abc import Iterator

from designer.design.values import block_name_refusal

LINE = 96


def class_name(name: str) -> str:
    """Return a design's name as that of a class: ``ResNet-50`` becomes ``ResNet50``."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[0].upper() + word[1:] for word in words)[:60]
    if not joined or joined[0].isdigit():
        joined = f"Net{joined}"
    return joined if block_name_refusal(joined) is None else f"{joined}Network"


def printable(text: str) -> str:
    """Return free text as one line that is safe in a comment."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]


def wrapped(line: str) -> Iterator[str]:
    """Break a long line at the commas of its outermost brackets, as formatters do."""
    if len(line) <= LINE or "(" not in line:
        yield line
        return
    start = line.index("(") + 1
    arguments, end = _arguments(line, start)
    indent = " " * (len(line) - len(line.lstrip()))
    yield line[:start]
    inner = f"{indent}    {', '.join(arguments)}"
    if len(inner) <= LINE:
        yield inner
    else:
        for argument in arguments:
            yield from wrapped(f"{indent}    {argument},")
    yield indent + line[end:]


def _arguments(line: str, start: int) -> tuple[list[str], int]:
    """Return what stands between the commas from `start` on, and where the bracket closes."""
    depth, begin, quote = 0, start, ""
    arguments = []
    for place in range(start, len(line)):
        sign = line[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                arguments.append(line[begin:place].strip())
                return [each for each in arguments if each], place
            depth -= 1
        elif sign == "," and depth == 0:
            arguments.append(line[begin:place].strip())
            begin = place + 1
    return [line[start:].strip()], len(line)
