"""A line of printed text and its style; without what `sheet` needs, so that it is imported fast."""

from enum import Enum
from typing import NamedTuple


class Style(Enum):
    """How a line is emphasized where colors can be shown."""

    PLAIN = ""
    HEADING = "bold"
    FAINT = "dim"
    ERROR = "red"
    WARNING = "yellow"
    ADDED = "green"


class Line(NamedTuple):
    """A line of text and its style."""

    text: str = ""
    style: Style = Style.PLAIN
