"""The vocabulary of a text: which tokens it is made of, and how they are numbered."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import msgspec

TOKENS: Mapping[str, str] = {"characters": "characters", "bytes": "bytes"}
"""What the tokens of a text may be, with titles."""

_BYTES = 256
_NAMES = {" ": "space", "\n": "line end", "\t": "tab", "\r": "carriage return"}


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The tokens of a text; a token is a number from 0 on.

    Attributes
    ----------
    kind
        Whether a token is a character or a byte of UTF-8.
    characters
        The different characters in the order of their numbers; "" for bytes, each of which is its
        own number.
    """

    kind: Literal["characters", "bytes"] = "characters"
    characters: str = ""

    def __post_init__(self) -> None:
        if self.kind == "bytes" and self.characters:
            raise ValueError("a vocabulary of bytes has no characters")
        if self.kind == "characters" and not self.characters:
            raise ValueError("a vocabulary of characters has at least one")
        if len(set(self.characters)) != len(self.characters):
            raise ValueError("a vocabulary has each character once")

    @property
    def size(self) -> int:
        """How many different tokens there are."""
        return len(self.characters) if self.kind == "characters" else _BYTES

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each token."""
        if self.kind == "bytes":
            return tuple(f"byte {value}" for value in range(_BYTES))
        return tuple(_NAMES.get(each, each) for each in self.characters)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters)}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a short text, without characters that are none of the vocabulary."""
        if self.kind == "bytes":
            return list(text.encode("utf-8", "surrogateescape"))
        numbers = self._numbers
        return [numbers[each] for each in text if each in numbers]

    def unknown(self, text: str) -> str:
        """Return the different characters of a text that are none of the vocabulary, in order."""
        if self.kind == "bytes":
            return ""
        return "".join(dict.fromkeys(each for each in text if each not in self._numbers))

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens; bytes that are no UTF-8 become the sign for that."""
        if self.kind == "bytes":
            return bytes(tokens).decode("utf-8", "replace")
        return "".join([self.characters[each] for each in tokens])


def shown(characters: str, most: int = 10) -> str:
    """Return characters for a sentence: the first ones, those without a shape by name."""
    listed = [
        _NAMES.get(each, each if each.isprintable() else repr(each)[1:-1]) for each in characters
    ]
    rest = len(listed) - most
    return " ".join(listed[:most]) + (f" and {rest:,} more" if rest > 0 else "")
