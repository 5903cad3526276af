"""What a report consists of, whatever it is written as: sections of blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Named values, each with a sentence that explains it or an empty text."""

    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Table:
    """A table; its first ``left`` columns are texts, the others numbers."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    summary: str = ""
    """What a folded table is called; "" for one that is always open."""


@dataclass(frozen=True)
class Plot:
    """A plot as SVG, with a caption that says how to read it. Markdown has none."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Picture:
    """A picture as PNG, with what is written below it."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side. Markdown has none."""

    pictures: Sequence[Picture]
    caption: str


@dataclass(frozen=True)
class Code:
    """Lines of a programming language, or of the command line."""

    text: str
    language: str = ""


Block = Text | Facts | Table | Plot | Pictures | Code


@dataclass(frozen=True)
class Section:
    """A heading with blocks and further sections below it."""

    title: str
    blocks: Sequence[Block] = ()
    sections: "Sequence[Section]" = field(default=())
