"""The family tree's layout: parents to the left, nothing overlaps, relatives are found."""

from itertools import combinations

import msgspec
import pytest

from designer.gui.gallery import catalogue
from designer.gui.gallery.catalogue import Card
from designer.gui.gallery.tree_layout import Measures, TreeLayout, lay_out, relatives
from tests.gui.gallery.networks import BROKEN, CARDS

MEASURES = Measures(
    text=lambda text: 7.0 * len(text), head=lambda text: 6.0 * len(text), row=20.0, header=18.0,
    pad=10.0, between=12.0, gap=40.0, year=30.0,
)  # fmt: skip


def check(tree: TreeLayout, cards: tuple[Card, ...]) -> None:
    boxes = [group.box for group in tree.groups]
    for one, other in combinations(boxes, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart, (one, other)
    for box in boxes:
        assert box.x >= 0
        assert box.y >= MEASURES.year
        assert box.x + box.width <= tree.width
        assert box.y + box.height <= tree.height
    assert tree.places.keys() == {card.name for card in cards if card.preset}


@pytest.mark.parametrize("cards", [(), CARDS[:1], CARDS, (*CARDS, BROKEN), catalogue.read()])
def test_nothing_overlaps(cards: tuple[Card, ...]) -> None:
    check(lay_out(cards, MEASURES), cards)


def test_parents_are_to_the_left() -> None:
    tree = lay_out(CARDS, MEASURES)
    for link in tree.links:
        place = tree.places[link.parent]
        assert place.x + place.width < link.group.box.x
    within = {
        (card.name, parent)
        for card in CARDS
        for parent in card.preset.follows
        if not any(link.parent == parent and card in link.group.cards for link in tree.links)
    }
    assert within == {("resnet50", "resnet18"), ("resnet101", "resnet18")}, "of one group"


@pytest.mark.parametrize("cards", [CARDS, catalogue.read()])
def test_lines_do_not_pass_behind_other_groups(cards: tuple[Card, ...]) -> None:
    """A line behind a card would seem to come from it."""
    tree = lay_out(cards, MEASURES)
    columns = sorted({group.box.x for group in tree.groups})
    passed = 0
    for link in tree.links:
        between = [x for x in columns if link.owner.box.x < x < link.group.box.x]
        assert [lane.box.x for lane in link.lanes] == between
        for lane in link.lanes:
            passed += 1
            assert lane.parent == link.parent
            for group in tree.groups:
                top, bottom = group.box.y, group.box.y + group.box.height
                assert group.box.x != lane.box.x or not top < lane.box.y < bottom
    assert passed


def test_years_go_to_the_right_without_gaps() -> None:
    tree = lay_out(CARDS, MEASURES)
    assert [span.year for span in tree.years] == [1998, 2012, 2014, 2015, 2016]
    for before, after in zip(tree.years, tree.years[1:], strict=False):
        assert before.right == after.left
    # Inception v3 follows a network of its own year, and stands in a column of its own.
    assert tree.places["inception_v3"].x > tree.places["resnet18"].x


def following(card: Card, *follows: str) -> Card:
    assert card.preset is not None
    return Card(card.name, msgspec.structs.replace(card.preset, follows=list(follows)))


def test_a_circle_of_one_year_is_cut() -> None:
    resnet, inception = CARDS[4], CARDS[7]
    cards = (following(resnet, "inception_v3"), following(inception, "resnet18"))
    tree = lay_out(cards, MEASURES)
    check(tree, cards)
    assert len(tree.links) == 2


def test_relatives_are_ancestors_and_descendants() -> None:
    found = relatives(CARDS, "resnet18")
    before, after = {"vgg16", "alexnet", "lenet5"}, {"resnet50", "resnet101", "inception_v3"}
    assert found == {"resnet18", *before, *after, "densenet121"}
    assert "googlenet" not in found
    assert relatives((*CARDS, BROKEN), "broken") == {"broken"}
