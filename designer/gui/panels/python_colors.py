"""The colors of generated Python, computed for the visible lines only.

A `QSyntaxHighlighter` examines every line whenever the text is replaced, which takes 0.4 s for the
source of a design of 10,000 layers.
"""

import keyword
import re
from collections.abc import Iterator

from PySide6.QtGui import QColor, QTextBlock, QTextCharFormat, QTextLayout

from designer.design.identifiers import PATTERN
from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors
from designer.layers.category import Category

_TOKENS = re.compile(
    rf"""(?P<comment>\#.*)
    |(?P<string>'[^'\n]*'|"[^"\n]*")
    |(?P<keyword>\b(?:{"|".join(keyword.kwlist)})\b)
    |(?<=class\ )(?P<name>{PATTERN})|(?<=def\ )(?P<function>{PATTERN})
    |(?P<torch>\b(?:nn|F|torch|math)\.\w+(?:\.\w+)*)
    |(?P<self>\bself\b)
    |(?P<number>\b\d+(?:\.\d+)?(?:e-?\d+)?\b)""",
    re.VERBOSE,
)
_QUOTES = '"""'


def token_formats() -> dict[str, QTextCharFormat]:
    """Return the text format of each kind of token in the current theme."""
    c = colors()
    kinds = {
        "comment": legible(c.faint_text, c.window, c.selection),
        "string": c.text_of(Category.POOLING),
        "keyword": c.text_of(Category.NORMALIZATION),
        "name": c.text_of(None),
        "function": c.text_of(Category.CONVOLUTION),
        "torch": c.text_of(Category.CONVOLUTION),
        "self": c.soft_text,
        "number": c.text_of(Category.ACTIVATION),
    }
    formats = {}
    for kind, color in kinds.items():
        formats[kind] = QTextCharFormat()
        formats[kind].setForeground(QColor(color))
    return formats


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and length of each token in a line outside of triple-quoted strings."""
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup
        assert kind is not None
        yield kind, match.start(kind), match.end(kind) - match.start(kind)


def long_strings(lines: list[str]) -> frozenset[int]:
    """Return the numbers, from 0, of the lines that are part of a triple-quoted string."""
    found = set()
    inside = False
    for number, line in enumerate(lines):
        if inside or _QUOTES in line:
            found.add(number)
        inside ^= line.count(_QUOTES) % 2 == 1
    return frozenset(found)


def paint(
    block: QTextBlock, formats: dict[str, QTextCharFormat], in_string: frozenset[int]
) -> None:
    """Color one line of a document.

    Parameters
    ----------
    block
        The line.
    formats
        From `token_formats`.
    in_string
        From `long_strings`.
    """
    text = block.text()
    spans = [("string", 0, len(text))] if block.blockNumber() in in_string else list(tokens(text))
    ranges = []
    for kind, start, length in spans:
        each = QTextLayout.FormatRange()
        each.start, each.length, each.format = start, length, formats[kind]
        ranges.append(each)
    block.layout().setFormats(ranges)
