"""The presets as the gallery knows them, and which of them are wanted in which order; no Qt."""

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

_SHORT = 5  # letters; in shorter words a slip is not forgiven


@dataclass(frozen=True)
class Card:
    """A preset by what its ``info`` file tells; its design is not read.

    Attributes
    ----------
    fault
        Why its files cannot be used.
    """

    name: str
    preset: Preset | None = None
    fault: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.preset.title if self.preset else self.name

    @property
    def family(self) -> str:
        """The name that its relatives share, "" if it cannot be used."""
        return self.preset.family if self.preset else ""

    @property
    def figures(self) -> str:
        """Its size and cost in words."""
        if self.preset is None:
            return "cannot be opened"
        size, cost = numbers.short(self.preset.parameters), numbers.short(self.preset.macs)
        return f"{size} parameters · {cost} MACs"

    @property
    def help(self) -> str:
        """What the tooltip says."""
        return self.preset.idea if self.preset else self.fault

    @cached_property
    def top1(self) -> Published | None:
        """The top-1 error on ImageNet that its paper leads with."""
        for each in self.preset.published if self.preset else ():
            if each.measure == "top-1 error" and "imagenet" in each.conditions.lower():
                return each
        return None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words by which it is found, plain and in small letters."""
        if self.preset is None:
            return (self.name.lower(),)
        paper = self.preset.paper
        text = (self.name, self.title, self.family, str(self.preset.year), self.preset.idea,
                paper.title, paper.reference)  # fmt: skip
        return tuple(dict.fromkeys(re.findall(r"[^\W_]+", plain(" ".join(text)))))


def read() -> tuple[Card, ...]:
    """Read what is told of every preset; their designs stay unread."""
    return tuple(_card(name) for name in presets.names())


def _card(name: str) -> Card:
    try:
        return Card(name, presets.info(name))
    except DesignerError as error:
        return Card(name, fault=str(error))


class Bounds(NamedTuple):
    """A range to choose: how it is called, above what and up to what."""

    label: str
    above: float = -inf
    most: float = inf

    def hold(self, number: float) -> bool:
        """Tell whether a number is in the range."""
        return self.above < number <= self.most


ANY = ""
SIZES = {
    ANY: Bounds("Any size"),
    "1M": Bounds("Up to 1M parameters", most=1e6),
    "5M": Bounds("1M to 5M parameters", 1e6, 5e6),
    "15M": Bounds("5M to 15M parameters", 5e6, 15e6),
    "50M": Bounds("15M to 50M parameters", 15e6, 50e6),
    "more": Bounds("Above 50M parameters", 50e6),
}
COSTS = {
    ANY: Bounds("Any cost"),
    "100M": Bounds("Up to 100M MACs", most=1e8),
    "500M": Bounds("100M to 500M MACs", 1e8, 5e8),
    "2G": Bounds("500M to 2G MACs", 5e8, 2e9),
    "8G": Bounds("2G to 8G MACs", 2e9, 8e9),
    "more": Bounds("Above 8G MACs", 8e9),
}
YEARS = {
    ANY: Bounds("Any year"),
    "2012": Bounds("Until 2012", most=2012),
    "2014": Bounds("2013 and 2014", 2012, 2014),
    "2015": Bounds("2015", 2014, 2015),
    "2016": Bounds("2016", 2015, 2016),
    "2018": Bounds("2017 and 2018", 2016, 2018),
    "now": Bounds("Since 2019", 2018),
}

SORTS: dict[str, tuple[str, Callable[[Card], tuple[Any, ...]]]] = {
    "year": ("Year", lambda card: (card.preset.year, card.preset.parameters)),
    "name": ("Name", lambda card: ()),
    "parameters": ("Parameters", lambda card: (card.preset.parameters,)),
    "macs": ("MACs", lambda card: (card.preset.macs,)),
    "top1": ("Top-1 error", lambda card: (card.top1.value if card.top1 else inf,)),
}


@dataclass(frozen=True)
class Query:
    """Which presets are wanted, and in which order: keys of the tables above."""

    text: str = ""
    family: str = ANY
    size: str = ANY
    cost: str = ANY
    years: str = ANY
    sort: str = "year"

    @property
    def plain(self) -> bool:
        """Whether all are wanted."""
        return not (self.text.strip() or self.family or self.size or self.cost or self.years)

    def passes(self, card: Card) -> bool:
        """Tell whether a preset fits the filters, whatever was typed."""
        if card.preset is None:
            return not (self.family or self.size or self.cost or self.years)
        return (
            self.family in (ANY, card.family)
            and SIZES.get(self.size, SIZES[ANY]).hold(card.preset.parameters)
            and COSTS.get(self.cost, COSTS[ANY]).hold(card.preset.macs)
            and YEARS.get(self.years, YEARS[ANY]).hold(card.preset.year)
        )


class Match(NamedTuple):
    """A preset that is wanted, and the places of the typed letters in its title."""

    card: Card
    positions: tuple[int, ...] = ()


def find(cards: Iterable[Card], query: Query) -> list[Match]:
    """Return the presets that are wanted.

    Those whose title fits what was typed come first, the best before the others; then, in the
    order that was chosen, those in which every typed word is found: in family, idea, paper,
    authors or year. Where nothing is found at all, a slip in a word is forgiven.
    """
    key = SORTS.get(query.sort, SORTS["year"])[1]
    fitting = sorted(
        (card for card in cards if query.passes(card)),
        key=lambda card: (card.preset is None, key(card) if card.preset else (), natural(card)),
    )
    if not query.text.strip():
        return [Match(card) for card in fitting]
    hits = fuzzy.ranked(query.text, fitting, lambda card: card.title)
    found = [Match(card, match.positions) for card, match in hits]
    typed = re.findall(r"[^\W_]+", plain(query.text))
    names = {each.card.name for each in found}
    rest = [card for card in fitting if typed and card.name not in names]
    found += [Match(card) for card in rest if all(_told(word, card) for word in typed)]
    return found or [
        Match(card) for card in rest if all(_told(word, card, slip=True) for word in typed)
    ]


def families(cards: Iterable[Card]) -> list[str]:
    """Return all families, those with the earliest member first."""
    first: dict[str, int] = {}
    for card in cards:
        if card.preset is not None:
            first[card.family] = min(card.preset.year, first.get(card.family, 9999))
    return sorted(first, key=lambda family: (first[family], family.lower()))


def followers(cards: Sequence[Card], name: str) -> list[Card]:
    """Return the presets that build on one."""
    return [card for card in cards if card.preset is not None and name in card.preset.follows]


def natural(card: Card) -> list[tuple[int, int, str]]:
    """Return what sorts titles as people do: ResNet-18 before ResNet-101."""
    parts = re.findall(r"\d+|\D+", card.title.lower())
    return [(0, int(each), "") if each.isdigit() else (1, 0, each) for each in parts]


def plain(text: str) -> str:
    """Return a text in small letters without accents."""
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def _told(typed: str, card: Card, *, slip: bool = False) -> bool:
    return any(typed in word or (slip and nearly(typed, word)) for word in card.words)


def nearly(typed: str, word: str) -> bool:
    """Tell whether a word begins as typed but for one letter: wrong, missing, extra or swapped."""
    if len(typed) < _SHORT:
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
