"""Where the networks stand in their family tree: years to the right, relatives close; no Qt."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from designer.gui.gallery.catalogue import Card, families, natural

_SWEEPS = 6  # over all columns, to bring relatives to one height


class Box(NamedTuple):
    """A rectangle of the tree."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + self.height / 2


_NOWHERE = Box(0, 0, 0, 0)


class Measures(NamedTuple):
    """Sizes of the tree's parts, in pixels."""

    text: Callable[[str], float]  # how wide a title is
    head: Callable[[str], float]  # how wide a family's name is
    row: float
    header: float
    pad: float
    between: float  # groups of a column
    gap: float  # between columns
    year: float  # of the line of years on top


@dataclass(eq=False)
class Group:
    """The members of one family that appeared in one year, under one heading."""

    family: str
    year: int
    cards: list[Card]
    parents: set[str] = field(default_factory=set)
    level: int = 0  # within its year: behind those of the year that it follows
    place: Box = _NOWHERE


@dataclass(eq=False)
class Lane:
    """Where the lines from a network pass a column on their way to later ones."""

    parent: str
    place: Box = _NOWHERE


_Item = Group | Lane


class YearSpan(NamedTuple):
    """A year and where its columns begin and end."""

    year: int
    left: float
    right: float


class Link(NamedTuple):
    """What a group follows: a network of another group; and the lanes that lead from it."""

    parent: str
    owner: Group
    group: Group
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True)
class TreeLayout:
    """The whole tree: where every network stands, the groups, and what follows what."""

    places: Mapping[str, Box]
    groups: Sequence[Group]
    links: Sequence[Link]
    years: Sequence[YearSpan]
    width: float
    height: float


def lay_out(cards: Iterable[Card], measures: Measures) -> TreeLayout:
    """Box all networks; those that a network follows are always to its left."""
    known = [card for card in cards if card.preset is not None]
    groups = _groups(known)
    of = {card.name: group for group in groups for card in group.cards}
    for group in groups:
        for card in group.cards:
            assert card.preset is not None
            group.parents |= {
                name for name in card.preset.follows if of.get(name) not in (None, group)
            }
    _set_levels(groups, of)
    columns = _columns(groups)
    links = _links(columns, of)
    spans, width = _set_sizes(columns, measures)
    _set_heights(columns, links, measures)
    places = {
        card.name: Box(
            group.place.x + measures.pad,
            group.place.y + measures.header + number * measures.row,
            group.place.width - 2 * measures.pad,
            measures.row,
        )
        for group in groups
        for number, card in enumerate(group.cards)
    }
    height = max((g.place.y + g.place.height for g in groups), default=measures.year)
    return TreeLayout(places, groups, links, spans, width, height + measures.between)


def relatives(cards: Iterable[Card], name: str) -> frozenset[str]:
    """Return a network with all that it comes from and all that came from it."""
    follows = {card.name: card.preset.follows for card in cards if card.preset is not None}
    leads: dict[str, list[str]] = {}
    for child, parents in follows.items():
        for parent in parents:
            leads.setdefault(parent, []).append(child)
    found = {name}
    for ways in (follows, leads):
        open_ = [name]
        seen = {name}
        while open_:
            for other in ways.get(open_.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    open_.append(other)
        found |= seen
    return frozenset(found)


def _groups(cards: Sequence[Card]) -> list[Group]:
    order = {family: place for place, family in enumerate(families(cards))}
    groups: dict[tuple[int, int], Group] = {}
    for card in sorted(cards, key=natural):
        assert card.preset is not None
        key = card.preset.year, order[card.family]
        groups.setdefault(key, Group(card.family, card.preset.year, [])).cards.append(card)
    return [groups[key] for key in sorted(groups)]


def _set_levels(groups: Sequence[Group], of: Mapping[str, Group]) -> None:
    """Put each group behind those of its year that it follows; a circle is cut somewhere."""
    done: set[int] = set()

    def visit(group: Group, above: frozenset[int]) -> int:
        if id(group) in done:
            return group.level
        before = [
            of[name] for name in group.parents
            if of[name].year == group.year and id(of[name]) not in above
        ]  # fmt: skip
        levels = [visit(each, above | {id(group)}) for each in before]
        group.level = 1 + max(levels, default=-1)
        done.add(id(group))
        return group.level

    for group in groups:
        visit(group, frozenset((id(group),)))


def _columns(groups: Sequence[Group]) -> list[list[_Item]]:
    columns: dict[tuple[int, int], list[_Item]] = {}
    for group in groups:
        columns.setdefault((group.year, group.level), []).append(group)
    return [columns[key] for key in sorted(columns)]


def _links(columns: Sequence[list[_Item]], of: Mapping[str, Group]) -> list[Link]:
    """Join each group with what it follows, and add the lanes that this takes to the columns.

    All lines from one network share its lanes, so that they part as late as can be.
    """
    number = {id(item): place for place, column in enumerate(columns) for item in column}
    groups = [item for column in columns for item in column if isinstance(item, Group)]
    lanes: dict[str, list[Lane]] = {}
    links = []
    for group in groups:
        for name in sorted(group.parents):
            first = number[id(of[name])] + 1
            passed = number[id(group)] - first
            known = lanes.setdefault(name, [])
            while len(known) < passed:
                lane = Lane(name)
                columns[first + len(known)].append(lane)
                known.append(lane)
            links.append(Link(name, of[name], group, tuple(known[: max(0, passed)])))
    return links


def _set_sizes(columns: Sequence[list[_Item]], measures: Measures) -> tuple[list[YearSpan], float]:
    x = measures.gap / 2
    spans: list[YearSpan] = []
    for column in columns:
        groups = [item for item in column if isinstance(item, Group)]
        width = 2 * measures.pad + max(
            max(measures.head(group.family), *(measures.text(card.title) for card in group.cards))
            for group in groups
        )
        for item in column:
            height = 0.0
            if isinstance(item, Group):
                height = measures.header + measures.row * len(item.cards) + measures.pad
            item.place = Box(x, 0, width, height)
        year, left, right = groups[0].year, x - measures.gap / 2, x + width + measures.gap / 2
        if spans and spans[-1].year == year:
            left = spans.pop().left
        spans.append(YearSpan(year, left, right))
        x += width + measures.gap
    return spans, x - measures.gap / 2


def _set_heights(columns: Sequence[list[_Item]], links: Sequence[Link], measures: Measures) -> None:
    """Bring all near the middle of what they are joined with, left and right in turn."""
    before: dict[int, list[_Item]] = {}
    after: dict[int, list[_Item]] = {}
    for link in links:
        way: list[_Item] = [link.owner, *link.lanes, link.group]
        for one, other in pairwise(way):
            before.setdefault(id(other), []).append(one)
            after.setdefault(id(one), []).append(other)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        joined = before if forward else after
        for column in columns if forward else reversed(columns):
            wishes = {}
            for item in column:
                middles = [each.place.middle for each in joined.get(id(item), [item])]
                wishes[id(item)] = sum(middles) / len(middles)
            column.sort(key=lambda item: wishes[id(item)])
            heights = [item.place.height + measures.between for item in column]
            tops = _apart([wishes[id(g)] - g.place.height / 2 for g in column], heights)
            for item, top in zip(column, tops, strict=True):
                item.place = item.place._replace(y=top)
    items = [item for column in columns for item in column]
    highest = min((item.place.y for item in items), default=0.0)
    for item in items:
        item.place = item.place._replace(y=item.place.y - highest + measures.year)


def _apart(wished: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return tops in order, none above the end of the one before, as near to the wishes as can be.

    Neighbors that would overlap become one stack, placed at the mean of what they query for.
    """
    stacks: list[tuple[float, int, float]] = []  # sum of the wishes for its top, members, height
    for query, height in zip(wished, heights, strict=True):
        total, members, whole = query, 1, height
        while stacks and stacks[-1][0] / stacks[-1][1] + stacks[-1][2] > total / members:
            above, count, high = stacks.pop()
            total, members, whole = above + total - members * high, members + count, whole + high
        stacks.append((total, members, whole))
    tops: list[float] = []
    rest = list(heights)
    for total, members, _ in stacks:
        y = total / members
        for _ in range(members):
            tops.append(y)
            y += rest[len(tops) - 1]
    return tops
