"""Fuzzy matching: whether a text has the typed letters in order, how well, and where."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

_LETTER = 1.0
_TOGETHER = 4.0  # for a letter that directly follows the last one
_WORD = 3.0  # for the first letter of a word, such as the N of BatchNorm
_FIRST = 3.0  # for the first letter of the text
_SKIPPED = 0.4  # taken off for so many letters that were not typed: short texts come first ...
_SOME = 8  # ... but texts of about one length keep their order


class Match(NamedTuple):
    """How well a text matches (more is better), and the indices of the typed letters in it."""

    score: float
    positions: tuple[int, ...]


NO_PATTERN = Match(0.0, ())


def match(pattern: str, text: str) -> Match | None:
    """Match typed letters with a text, ignoring case; None if they do not match.

    The letters must occur in the text in their order, but not side by side: ``cv2`` matches
    ``Conv2d``. Spaces in the pattern are skipped. Of all matches the one with the highest score is
    returned: letters side by side and at the beginnings of words count most.
    """
    letters = "".join(pattern.lower().split())
    if not letters:
        return NO_PATTERN
    low = text.lower()
    if len(low) != len(text):  # the dotted capital I of Turkish becomes two characters
        low = "".join(sign.lower()[0] for sign in text)
    if len(low) != len(text):  # a few letters change their length with their case
        low = text
    if not _in_order(letters, low):
        return None
    # best[index] is the best match of the letters so far whose last one is at that index.
    best: dict[int, tuple[float, tuple[int, ...]]] = {}
    for number, letter in enumerate(letters):
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        before: tuple[float, tuple[int, ...]] | None = (0.0, ()) if number == 0 else None
        for index, each in enumerate(low):
            if each == letter:
                matches = []
                if before is not None:
                    matches.append((before[0] + _worth(text, index), (*before[1], index)))
                if index - 1 in best:
                    score, indices = best[index - 1]
                    worth = max(_TOGETHER, _worth(text, index))
                    matches.append((score + worth, (*indices, index)))
                if matches:
                    following[index] = max(matches, key=itemgetter(0))
            if index in best and (before is None or best[index][0] > before[0]):
                before = best[index]
        best = following
        if not best:
            return None
    score, positions = max(best.values(), key=itemgetter(0))
    whole = 2 * _FIRST if low == letters else 0.0
    skipped = (len(text) - len(letters)) // _SOME
    return Match(score + whole - _SKIPPED * skipped, positions)


def ranked(pattern: str, items: Iterable[_T], text: Callable[[_T], str]) -> list[tuple[_T, Match]]:
    """Return the items whose text matches, the best first and equal ones in their order."""
    found = [(item, hit) for item in items if (hit := match(pattern, text(item))) is not None]
    return sorted(found, key=lambda each: -each[1].score) if pattern.strip() else found


def _in_order(letters: str, low: str) -> bool:
    rest = iter(low)
    return all(letter in rest for letter in letters)


def _worth(text: str, index: int) -> float:
    """Return the score of one letter, wherever the other letters are."""
    if index == 0:
        return _LETTER + _FIRST + _WORD
    before, here = text[index - 1], text[index]
    begins = (
        not before.isalnum()
        or (here.isupper() and not before.isupper())
        or (here.isdigit() and not before.isdigit())
    )
    return _LETTER + (_WORD if begins and here.isalnum() else 0.0)
