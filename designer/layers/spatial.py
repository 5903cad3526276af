"""Words for layers over one, two or three spatial axes: sequences, images and volumes."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """How texts name the data of a layer and its axes.

    Attributes
    ----------
    data
        What has these axes, with its article.
    names
        The axes behind the channels.
    sides
        All of them together.
    lines
        What lies one behind the other along them.
    unit
        What their sizes count.
    """

    data: str
    names: tuple[str, ...]
    sides: str
    lines: str
    unit: str

    @property
    def noun(self) -> str:
        """What has these axes, without its article: ``image``."""
        return self.data.rpartition(" ")[2]

    @property
    def whole(self) -> str:
        """All axes: ``channels × height × width``."""
        return " × ".join(("channels", *self.names))

    @property
    def some_lines(self) -> str:
        """Lines along one of the axes: ``rows or columns``."""
        return self.lines.replace(" and ", " or ")

    def fill(self, text: str) -> str:
        """Return a sentence with the words in its fields, such as ``{sides}``."""
        text = text.format(**self._asdict())
        return text[:1].upper() + text[1:]


WORDS: Mapping[int, Words] = {
    1: Words("a sequence", ("length",), "length", "positions", "positions"),
    2: Words("an image", ("height", "width"), "height and width", "rows and columns", "pixels"),
    3: Words(
        "a volume",
        ("depth", "height", "width"),
        "depth, height and width",
        "planes, rows and columns",
        "voxels",
    ),
}
"""The words for each number of spatial axes."""
