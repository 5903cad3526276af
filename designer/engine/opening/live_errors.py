"""Sentences for what goes wrong in code of others: what, in which line, and the remedy."""

import linecache
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from designer.errors import DesignerError

_LIBRARIES = (str(Path(torch.__file__).parent), str(Path(__file__).parents[2]), "<frozen")
_DATA_DEPENDENT = (
    "data-dependent",
    "DataDependent",
    "TraceError",
    "symbolically traced variables",
    "FakeTensor",  # sizes that depend on values, as of packed sequences
)
_MOST_WORDS = 300  # characters of an error that are shown


class DataDependentError(DesignerError):
    """The code decides by the values of tensors, which no other input can mend."""


@dataclass(frozen=True)
class Named:
    """The code that is run, for sentences.

    Attributes
    ----------
    text
        Its name for people.
    path
        Its file; "" for an installed module.
    """

    text: str
    path: str = ""

    def too_large(self) -> str:
        """Return a sentence for code that takes too much memory."""
        return (
            f"{self.text} cannot be opened: its code took more memory than is free. Make the "
            "network or its input smaller, or close other programs."
        )

    def sentence(self, error: BaseException, what: str) -> str:
        """Return a sentence for an error in the code.

        Parameters
        ----------
        error
            What was raised.
        what
            What could not be done, in words that follow the name, such as "cannot be built".
        """
        if isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):
            return self.too_large()
        line = self.line(error)
        where = f" in {line}" if line else ""
        if isinstance(error, SystemExit):
            return f"{self.text} {what}: its code calls exit(){where}. Remove that call."
        words = _shown(str(error)).rstrip(".")
        return f"{self.text} {what}: {type(error).__name__}{where}{': ' if words else ''}{words}."

    def line(self, error: BaseException) -> str:
        """Return the innermost line of the code that an error went through, with its text."""
        found = [*self._frames(error)]
        if not found:
            return ""
        best = next((each for each in reversed(found) if each.filename == self.path), found[-1])
        text = linecache.getline(best.filename, best.lineno or 0).strip()
        return f"{Path(best.filename).name}:{best.lineno}{f' ({_shown(text)})' if text else ''}"

    def _frames(self, error: BaseException) -> Iterator[traceback.FrameSummary]:
        for frame in traceback.extract_tb(error.__traceback__):
            if not frame.filename.startswith(_LIBRARIES) or frame.filename == self.path:
                yield frame


def is_data_dependent(error: BaseException) -> bool:
    """Tell whether code could not be traced as it looks at the values of tensors."""
    words = f"{type(error).__name__} {error}"
    return any(each in words for each in _DATA_DEPENDENT)


def _shown(text: str) -> str:
    """Return a text in one line; signs that no terminal can show are shown by their numbers."""
    words = " ".join(text.split())[:_MOST_WORDS]
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
