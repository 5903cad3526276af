"""Fuzzy matching: whether a text holds the typed letters in order, how well, and where."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

_LETTER = 1.0
_TOGETHER = 4.0  # for a letter right behind the one before
_WORD = 3.0  # for the first letter of a word: the D of Conv2d's "2d" is none, the N of BatchNorm is
_FIRST = 3.0  # for the first letter of all
_SKIPPED = 0.4  # for some letters that were not typed, so that short texts come first ...
_SOME = 8  # ... but texts of about one length keep their order


class Match(NamedTuple):
    """How well a text fits, more being better, and the places of the typed letters in it."""

    score: float
    positions: tuple[int, ...]


NO_PATTERN = Match(0.0, ())


def match(pattern: str, text: str) -> Match | None:
    """Match typed letters with a text, whatever their case; None if they do not fit.

    The letters have to stand in the text in their order, but not side by side: ``cv2`` fits
    ``Conv2d``. Blanks in the pattern are skipped. Of all ways to fit, the best one is returned:
    letters side by side and at the beginnings of words count most.
    """
    letters = "".join(pattern.lower().split())
    if not letters:
        return NO_PATTERN
    low = text.lower()
    if len(low) != len(text):  # a few letters change their length with their case
        low = text
    if not _fits(letters, low):
        return None
    # best[place] is the best way in which the letters so far end at that place.
    best: dict[int, tuple[float, tuple[int, ...]]] = {}
    for number, letter in enumerate(letters):
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        before: tuple[float, tuple[int, ...]] | None = (0.0, ()) if number == 0 else None
        for place, each in enumerate(low):
            if each == letter:
                ways = []
                if before is not None:
                    ways.append((before[0] + _worth(text, place), (*before[1], place)))
                if place - 1 in best:
                    score, places = best[place - 1]
                    ways.append((score + max(_TOGETHER, _worth(text, place)), (*places, place)))
                if ways:
                    following[place] = max(ways, key=lambda way: way[0])
            if place in best and (before is None or best[place][0] > before[0]):
                before = best[place]
        best = following
        if not best:
            return None
    score, positions = max(best.values(), key=lambda way: way[0])
    whole = 2 * _FIRST if low == letters else 0.0
    skipped = (len(text) - len(letters)) // _SOME
    return Match(score + whole - _SKIPPED * skipped, positions)


def ranked(pattern: str, items: Iterable[_T], text: Callable[[_T], str]) -> list[tuple[_T, Match]]:
    """Return the items that fit, the best first and equal ones in their order."""
    found = [(item, hit) for item in items if (hit := match(pattern, text(item))) is not None]
    return sorted(found, key=lambda each: -each[1].score) if pattern.strip() else found


def _fits(letters: str, low: str) -> bool:
    rest = iter(low)
    return all(letter in rest for letter in letters)


def _worth(text: str, place: int) -> float:
    """Return what a letter counts at a place of the text by itself."""
    if place == 0:
        return _LETTER + _FIRST + _WORD
    before, here = text[place - 1], text[place]
    begins = (
        not before.isalnum()
        or (here.isupper() and not before.isupper())
        or (here.isdigit() and not before.isdigit())
    )
    return _LETTER + (_WORD if begins and here.isalnum() else 0.0)
