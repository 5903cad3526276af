"""Texts as tokens, and their windows: pieces of equal length, each with the tokens one further."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.columns import Column, Indices, Shape, TakenColumn
from designer.data.pictures import Array, PictureForm
from designer.recipe.vocabulary import Vocabulary

INPUT = "text"
"""The name of the only input of a text."""

TARGET = "next token"
"""The name of the only target of a text."""

_DIGEST = 8  # bytes


@dataclass(frozen=True, eq=False)
class TextColumn:
    """The windows of a text: value ``i`` are the tokens from ``i * length`` on, int64 (length,).

    Attributes
    ----------
    tokens
        Of the whole text, in the smallest type that holds them.
    length
        Of a window.
    vocabulary
        What the tokens are.
    """

    tokens: Array
    length: int
    vocabulary: Vocabulary

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int64)

    @property
    def in_memory(self) -> bool:
        return True

    def __len__(self) -> int:
        return max(0, (len(self.tokens) - 1) // self.length)

    def read(self, indices: Indices, form: PictureForm | None = None) -> Array:
        return self._rows(0)[np.asarray(indices, np.intp)].astype(np.int64)

    def shapes(self) -> list[Shape]:
        return [(self.length,)]

    def digests(self, indices: Indices, labels: Sequence[bytes]) -> NDArray[np.uint64]:
        rows = self._rows(0)
        found = [
            hashlib.blake2b(rows[index].tobytes() + label, digest_size=_DIGEST).digest()
            for index, label in zip(indices, labels, strict=True)
        ]
        return np.frombuffer(b"".join(found), "<u8").astype(np.uint64)

    def next_tokens(self) -> Array:
        """Return for each window the token behind each of its own, (n, length), without a copy."""
        return self._rows(1)

    def in_windows_of(self, length: int) -> "TextColumn":
        """Return the same text in windows of another length."""
        return TextColumn(self.tokens, length, self.vocabulary)

    def _rows(self, first: int) -> Array:
        """Return the windows from a token on as rows, without a copy."""
        count = len(self)
        return self.tokens[first : first + count * self.length].reshape(count, self.length)


def text_of(column: Column) -> tuple[TextColumn, int, int] | None:
    """Return the text that a column's windows are from, and the first and the end of them.

    Windows that were taken from a text follow each other. None for columns that are no text.
    """
    if isinstance(column, TextColumn):
        return column, 0, len(column)
    if isinstance(column, TakenColumn) and isinstance(column.column, TextColumn):
        return column.column, int(column.indices[0]), int(column.indices[-1]) + 1
    return None


def tokens_in(column: Column) -> Array:
    """Return the tokens of all windows of a column of text, and the one behind the last."""
    found = text_of(column)
    assert found is not None
    text, first, end = found
    return text.tokens[first * text.length : end * text.length + 1]


def vocabulary_of(codes: NDArray[np.uint32]) -> Vocabulary:
    """Return the characters of a text, by their numbers in Unicode, in that order."""
    return Vocabulary(characters="".join(map(chr, np.unique(codes))))


def numbered(codes: NDArray[np.uint32], vocabulary: Vocabulary) -> tuple[Array, Array]:
    """Return the tokens of a text of characters, and its codes that are none of the vocabulary.

    Parameters
    ----------
    codes
        The characters by their numbers in Unicode, (n,).
    vocabulary
        Of characters.

    Returns
    -------
    tuple of array
        The tokens in the smallest type, without unknown characters; and the codes of these.
    """
    known = np.array([ord(each) for each in vocabulary.characters], np.uint32)
    order = np.argsort(known)
    places = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
    tokens = order[places]
    right = known[tokens] == codes
    return tokens[right].astype(np.min_scalar_type(max(1, len(known) - 1))), codes[~right]
