"""The presets of the gallery: search, filters and order. Imports no Qt."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

from designer import presets
from designer.errors import DesignerError
from designer.gui.base import fuzzy, numbers
from designer.presets import Preset, Published

_TYPO_LENGTH = 5  # letters; shorter words must be typed correctly


@dataclass(frozen=True)
class Card:
    """A preset as described by its ``info`` file; its design is not read.

    Attributes
    ----------
    name
        The name of its files.
    preset
        What the file says; None if it cannot be read.
    fault
        Why it cannot be read.
    """

    name: str
    preset: Preset | None = None
    fault: str = ""

    @property
    def title(self) -> str:
        """The title, or the file name if it cannot be read."""
        return self.preset.title if self.preset else self.name

    @property
    def family(self) -> str:
        """The name of its family, such as ResNet; "" if it cannot be read."""
        return self.preset.family if self.preset else ""

    @property
    def year(self) -> int:
        """The year of its paper; 0 if it cannot be read."""
        return self.preset.year if self.preset else 0

    @property
    def parameters(self) -> int:
        """The number of parameters; 0 if it cannot be read."""
        return self.preset.parameters if self.preset else 0

    @property
    def macs(self) -> int:
        """The multiply-accumulates for one image; 0 if it cannot be read."""
        return self.preset.macs if self.preset else 0

    @property
    def follows(self) -> Sequence[str]:
        """The names of the presets that it builds on."""
        return self.preset.follows if self.preset else ()

    @property
    def size_and_cost(self) -> str:
        """Parameters and MACs as text."""
        if self.preset is None:
            return "cannot be opened"
        return f"{numbers.short(self.parameters)} parameters · {numbers.short(self.macs)} MACs"

    @property
    def help(self) -> str:
        """The tooltip."""
        return self.preset.idea if self.preset else self.fault

    @cached_property
    def top1(self) -> Published | None:
        """The first top-1 error on ImageNet that its paper reports."""
        for each in self.preset.published if self.preset else ():
            if each.measure == "top-1 error" and "imagenet" in each.conditions.lower():
                return each
        return None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words that a search can find, in lower case without accents."""
        if self.preset is None:
            return (self.name.lower(),)
        paper = self.preset.paper
        text = (self.name, self.title, self.family, str(self.year), self.preset.idea,
                paper.title, paper.reference)  # fmt: skip
        return tuple(dict.fromkeys(_words(" ".join(text))))


def read() -> tuple[Card, ...]:
    """Read the ``info`` files of all presets, but not their designs."""
    return tuple(_card(name) for name in presets.names())


def _card(name: str) -> Card:
    try:
        return Card(name, presets.info(name))
    except DesignerError as error:
        return Card(name, fault=str(error))


class Bounds(NamedTuple):
    """A range of a filter: its label, and its bounds, of which the lower one is excluded."""

    label: str
    above: float = -inf
    maximum: float = inf

    def contains(self, number: float) -> bool:
        """Tell whether a number is in the range."""
        return self.above < number <= self.maximum


ANY = ""
SIZES = {
    ANY: Bounds("Any size"),
    "1M": Bounds("Up to 1M parameters", maximum=1e6),
    "5M": Bounds("1M to 5M parameters", 1e6, 5e6),
    "15M": Bounds("5M to 15M parameters", 5e6, 15e6),
    "50M": Bounds("15M to 50M parameters", 15e6, 50e6),
    "more": Bounds("Above 50M parameters", 50e6),
}
COSTS = {
    ANY: Bounds("Any cost"),
    "100M": Bounds("Up to 100M MACs", maximum=1e8),
    "500M": Bounds("100M to 500M MACs", 1e8, 5e8),
    "2G": Bounds("500M to 2G MACs", 5e8, 2e9),
    "8G": Bounds("2G to 8G MACs", 2e9, 8e9),
    "more": Bounds("Above 8G MACs", 8e9),
}
YEARS = {
    ANY: Bounds("Any year"),
    "2012": Bounds("Until 2012", maximum=2012),
    "2014": Bounds("2013 and 2014", 2012, 2014),
    "2015": Bounds("2015", 2014, 2015),
    "2016": Bounds("2016", 2015, 2016),
    "2018": Bounds("2017 and 2018", 2016, 2018),
    "now": Bounds("Since 2019", 2018),
}

SORTS: dict[str, tuple[str, Callable[[Card], tuple[Any, ...]]]] = {
    "year": ("By year", lambda card: (card.year, card.parameters)),
    "name": ("By name", lambda card: ()),
    "parameters": ("By parameters", lambda card: (card.parameters,)),
    "macs": ("By MACs", lambda card: (card.macs,)),
    "top1": ("By top-1 error", lambda card: (card.top1.value if card.top1 else inf,)),
}


@dataclass(frozen=True)
class Query:
    """The search text, and keys of the tables of filters and sort orders above."""

    text: str = ""
    family: str = ANY
    size: str = ANY
    cost: str = ANY
    years: str = ANY
    sort: str = "year"

    @property
    def is_empty(self) -> bool:
        """Whether it finds all presets."""
        return not (self.text.strip() or self.family or self.size or self.cost or self.years)

    def passes(self, card: Card) -> bool:
        """Tell whether a preset passes the filters, regardless of the search text."""
        if card.preset is None:
            return not (self.family or self.size or self.cost or self.years)
        return (
            self.family in (ANY, card.family)
            and SIZES.get(self.size, SIZES[ANY]).contains(card.parameters)
            and COSTS.get(self.cost, COSTS[ANY]).contains(card.macs)
            and YEARS.get(self.years, YEARS[ANY]).contains(card.year)
        )


class Match(NamedTuple):
    """A preset that was found, and the positions of the typed letters in its title."""

    card: Card
    positions: tuple[int, ...] = ()


def find(cards: Iterable[Card], query: Query) -> list[Match]:
    """Return the presets that a query finds.

    Those whose title matches the text come first, the best match first. Then come, in the chosen
    order, those with every typed word in family, idea, paper, authors or year. If nothing is found,
    words with a typo match, too.
    """
    key = SORTS.get(query.sort, SORTS["year"])[1]
    fitting = sorted(
        (card for card in cards if query.passes(card)),
        key=lambda card: (card.preset is None, key(card), natural_key(card)),
    )
    if not query.text.strip():
        return [Match(card) for card in fitting]
    hits = fuzzy.ranked(query.text, fitting, lambda card: card.title)
    found = [Match(card, match.positions) for card, match in hits]
    typed = _words(query.text)
    names = {each.card.name for each in found}
    rest = [card for card in fitting if typed and card.name not in names]
    found += [Match(card) for card in rest if all(_mentions(card, word) for word in typed)]
    return found or [
        Match(card) for card in rest if all(_mentions(card, word, typos=True) for word in typed)
    ]


def families(cards: Iterable[Card]) -> list[str]:
    """Return all families in the order of their earliest member."""
    first: dict[str, int] = {}
    for card in cards:
        if card.preset is not None:
            first[card.family] = min(card.year, first.get(card.family, 9999))
    return sorted(first, key=lambda family: (first[family], family.lower()))


def followers(cards: Sequence[Card], name: str) -> list[Card]:
    """Return the presets that build on the named one."""
    return [card for card in cards if name in card.follows]


def natural_key(card: Card) -> list[tuple[int, int, str]]:
    """Return a sort key that compares numbers in titles by value: ResNet-18 before ResNet-101."""
    parts = re.findall(r"\d+|\D+", card.title.lower())
    return [(0, int(each), "") if each.isdigit() else (1, 0, each) for each in parts]


def _words(text: str) -> list[str]:
    """Return the words of a text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _mentions(card: Card, typed: str, *, typos: bool = False) -> bool:
    return any(typed in word or (typos and is_typo_of(typed, word)) for word in card.words)


def is_typo_of(typed: str, word: str) -> bool:
    """Tell whether a typed word is the beginning of a word with one typo.

    A typo is one letter that is wrong, missing or extra, or two that are swapped.
    """
    if len(typed) < _TYPO_LENGTH:
        return False
    same = next(
        (n for n, pair in enumerate(zip(typed, word, strict=False)) if pair[0] != pair[1]),
        min(len(typed), len(word)),
    )
    rest, there = typed[same:], word[same:]
    return (
        there.startswith((rest, rest[1:]))
        or there[1:].startswith((rest, rest[1:]))
        or (there[:2] == rest[1::-1] and there[2:].startswith(rest[2:]))
    )
