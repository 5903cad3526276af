"""The layout of the family tree: columns of years, with relatives at similar heights.

A layered graph drawing: the groups are assigned to columns, lines that pass a column reserve a lane
in it, and sweeps over the columns order them by the mean height of their neighbors (the barycenter
method of Sugiyama, Tagawa and Toda, 1981). Imports no Qt.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from designer.gui.gallery.catalogue import Card, families, natural_key

_SWEEPS = 6  # over all columns; more do not change the presets' tree


class Box(NamedTuple):
    """A rectangle of the tree."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The y coordinate of the center."""
        return self.y + self.height / 2


_UNPLACED = Box(0, 0, 0, 0)


class Measures(NamedTuple):
    """Sizes of the tree's parts, in pixels.

    Attributes
    ----------
    text, head
        Return the width of a title and of a family's name.
    row, header
        The height of a title and of a family's name.
    pad
        The space between a group's edge and its content.
    between
        The space between the groups of a column.
    gap
        The space between columns.
    year
        The height of the row of years at the top.
    """

    text: Callable[[str], float]
    head: Callable[[str], float]
    row: float
    header: float
    pad: float
    between: float
    gap: float
    year: float


@dataclass(eq=False)
class Group:
    """The members of one family that were published in one year.

    Attributes
    ----------
    family, year, cards
        The family, the year and the members.
    parents
        The presets of other groups that they build on.
    level
        The column within the year: after the groups of that year that it builds on.
    box
        The rectangle.
    """

    family: str
    year: int
    cards: list[Card]
    parents: set[str] = field(default_factory=set)
    level: int = 0
    box: Box = _UNPLACED


@dataclass(eq=False)
class Lane:
    """The space in a column through which the lines from a network pass to later columns."""

    parent: str
    box: Box = _UNPLACED


_Item = Group | Lane


class YearSpan(NamedTuple):
    """A year and the x coordinates at which its columns begin and end."""

    year: int
    left: float
    right: float


class Link(NamedTuple):
    """A group that builds on a network.

    Attributes
    ----------
    parent, owner
        The network, and its group.
    group
        The group that builds on it.
    lanes
        The lanes through which the line between them passes.
    """

    parent: str
    owner: Group
    group: Group
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True)
class TreeLayout:
    """The positions of all networks, groups and lines.

    Attributes
    ----------
    places
        The rectangle of each network.
    groups, links, years
        The groups, the lines between them, and the extents of the years.
    width, height
        The size of the tree.
    """

    places: Mapping[str, Box]
    groups: Sequence[Group]
    links: Sequence[Link]
    years: Sequence[YearSpan]
    width: float
    height: float


def lay_out(cards: Iterable[Card], measures: Measures) -> TreeLayout:
    """Lay out all networks; what a network builds on is always to its left."""
    known = [card for card in cards if card.preset is not None]
    groups = _groups(known)
    of = {card.name: group for group in groups for card in group.cards}
    for group in groups:
        for card in group.cards:
            group.parents |= {name for name in card.follows if of.get(name) not in (None, group)}
    _set_levels(groups, of)
    columns = _columns(groups)
    links = _links(columns, of)
    spans, width = _set_sizes(columns, measures)
    _set_heights(columns, links, measures)
    places = {
        card.name: Box(
            group.box.x + measures.pad,
            group.box.y + measures.header + number * measures.row,
            group.box.width - 2 * measures.pad,
            measures.row,
        )
        for group in groups
        for number, card in enumerate(group.cards)
    }
    height = max((g.box.y + g.box.height for g in groups), default=measures.year)
    return TreeLayout(places, groups, links, spans, width, height + measures.between)


def relatives(cards: Iterable[Card], name: str) -> frozenset[str]:
    """Return a network with all its ancestors and descendants."""
    follows: dict[str, Sequence[str]] = {card.name: card.follows for card in cards}
    leads: dict[str, Sequence[str]] = {}
    for child, parents in follows.items():
        for parent in parents:
            leads[parent] = (*leads.get(parent, ()), child)
    found = {name}
    for edges in (follows, leads):
        pending = [name]
        seen = {name}
        while pending:
            for other in edges.get(pending.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        found |= seen
    return frozenset(found)


def _groups(cards: Sequence[Card]) -> list[Group]:
    order = {family: index for index, family in enumerate(families(cards))}
    groups: dict[tuple[int, int], Group] = {}
    for card in sorted(cards, key=natural_key):
        key = card.year, order[card.family]
        groups.setdefault(key, Group(card.family, card.year, [])).cards.append(card)
    return [groups[key] for key in sorted(groups)]


def _set_levels(groups: Sequence[Group], of: Mapping[str, Group]) -> None:
    """Set the level of each group to one more than those of its year that it builds on.

    A cycle of groups within a year is cut where it is entered.
    """
    done: set[Group] = set()

    def visit(group: Group, above: frozenset[Group]) -> int:
        if group in done:
            return group.level
        before = [
            of[name] for name in group.parents
            if of[name].year == group.year and of[name] not in above
        ]  # fmt: skip
        levels = [visit(each, above | {group}) for each in before]
        group.level = 1 + max(levels, default=-1)
        done.add(group)
        return group.level

    for group in groups:
        visit(group, frozenset((group,)))


def _columns(groups: Sequence[Group]) -> list[list[_Item]]:
    columns: dict[tuple[int, int], list[_Item]] = {}
    for group in groups:
        columns.setdefault((group.year, group.level), []).append(group)
    return [columns[key] for key in sorted(columns)]


def _links(columns: Sequence[list[_Item]], of: Mapping[str, Group]) -> list[Link]:
    """Link each group with its parents, and add lanes to the columns that the lines pass.

    All lines from one network share its lanes, so that they separate as late as possible.
    """
    number = {item: index for index, column in enumerate(columns) for item in column}
    groups = [item for column in columns for item in column if isinstance(item, Group)]
    lanes: dict[str, list[Lane]] = {}
    links = []
    for group in groups:
        for name in sorted(group.parents):
            first = number[of[name]] + 1
            passed = number[group] - first
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
            item.box = Box(x, 0, width, height)
        year, left, right = groups[0].year, x - measures.gap / 2, x + width + measures.gap / 2
        if spans and spans[-1].year == year:
            left = spans.pop().left
        spans.append(YearSpan(year, left, right))
        x += width + measures.gap
    return spans, x - measures.gap / 2


def _set_heights(columns: Sequence[list[_Item]], links: Sequence[Link], measures: Measures) -> None:
    """Move all items close to the mean height of their neighbors, on the left and right in turn."""
    before: dict[_Item, list[_Item]] = {}
    after: dict[_Item, list[_Item]] = {}
    for link in links:
        items: list[_Item] = [link.owner, *link.lanes, link.group]
        for one, other in pairwise(items):
            before.setdefault(other, []).append(one)
            after.setdefault(one, []).append(other)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        neighbors = before if forward else after
        for column in columns if forward else reversed(columns):
            targets = {}
            for item in column:
                middles = [each.box.middle for each in neighbors.get(item, [item])]
                targets[item] = sum(middles) / len(middles)
            column.sort(key=targets.__getitem__)
            heights = [item.box.height + measures.between for item in column]
            tops = _separated([targets[item] - item.box.height / 2 for item in column], heights)
            for item, top in zip(column, tops, strict=True):
                item.box = item.box._replace(y=top)
    items = [item for column in columns for item in column]
    highest = min((item.box.y for item in items), default=0.0)
    for item in items:
        item.box = item.box._replace(y=item.box.y - highest + measures.year)


def _separated(targets: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return the y coordinates closest to the targets, in order and without overlap.

    Items that would overlap become one stack at the mean of their targets, which minimizes the
    squared distances (isotonic regression by pooling adjacent violators).
    """
    stacks: list[tuple[float, int, float]] = []  # sum of the targets of its top, members, height
    for target, height in zip(targets, heights, strict=True):
        total, members, whole = target, 1, height
        while stacks and stacks[-1][0] / stacks[-1][1] + stacks[-1][2] > total / members:
            above, count, high = stacks.pop()
            total, members, whole = above + total - members * high, members + count, whole + high
        stacks.append((total, members, whole))
    tops: list[float] = []
    for total, members, _ in stacks:
        y = total / members
        for _ in range(members):
            tops.append(y)
            y += heights[len(tops) - 1]
    return tops
