"""Search, filters and order of the gallery; metrics and their ratios; links in references."""

from collections.abc import Iterable

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.values import Design
from designer.gui.gallery import catalogue
from designer.gui.gallery.catalogue import Match, Query, find, is_typo_of
from designer.gui.gallery.metrics import METRICS, measure, ratio_text, value_text
from designer.gui.gallery.paper_links import link_papers
from tests.gui.gallery.networks import BROKEN, CARDS


def names(found: Iterable[Match]) -> list[str]:
    return [each.card.name for each in found]


def test_everything_is_there_by_year_and_size() -> None:
    found = names(find([BROKEN, *CARDS], Query()))
    assert found[:3] == ["lenet5", "alexnet", "googlenet"]
    assert found[-2:] == ["densenet121", "broken"], "what is damaged comes last"


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [("name", "alexnet", "vgg16"), ("parameters", "lenet5", "vgg16"), ("macs", "lenet5", "vgg16"),
     ("top1", "inception_v3", "lenet5")],
)  # fmt: skip
def test_orders(sort: str, first: str, last: str) -> None:
    found = names(find(CARDS, Query(sort=sort)))
    assert (found[0], found[-1]) == (first, last)


def test_names_are_in_the_order_of_people() -> None:
    found = names(find(CARDS, Query(family="ResNet", sort="name")))
    assert found == ["resnet18", "resnet50", "resnet101"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(size="1M"), ["lenet5"]),
        (Query(size="15M", years="2016"), ["densenet121"]),
        (Query(cost="more"), ["vgg16"]),
        (Query(years="2012"), ["lenet5", "alexnet"]),
        (Query(family="VGG", years="2016"), []),
        (Query(family="Inception", text="22"), []),
    ],
)
def test_filters(query: Query, expected: list[str]) -> None:
    assert names(find([BROKEN, *CARDS], query)) == expected


@pytest.mark.parametrize("table", [catalogue.SIZES, catalogue.COSTS, catalogue.YEARS])
def test_ranges_leave_no_gap_and_do_not_overlap(table: dict) -> None:
    ranges = [each for key, each in table.items() if key]
    for number in [*(each.maximum for each in ranges[:-1]), 1.0, 1e13]:
        assert sum(each.contains(number) for each in ranges) == 1
    assert all(table[""].contains(number) for number in (0, 1e13))


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("r50", "resnet50", set()),
        ("resnet", "resnet18", {"resnet50", "resnet101"}),
        ("zisserman", "vgg16", set()),
        ("he bottleneck", "resnet50", {"resnet101"}),
        ("inception 2015", "inception_v3", set()),
        ("zissermann", "vgg16", set()),
        ("simonian", "vgg16", set()),
        ("shared weights", "lenet5", set()),
        ("  ", "lenet5", {card.name for card in CARDS} - {"lenet5"}),
    ],
)
def test_search(text: str, first: str, others: set[str]) -> None:
    found = names(find(CARDS, Query(text)))
    assert found[0] == first
    assert set(found[1:]) == others


def test_typed_letters_are_marked_in_titles() -> None:
    assert find(CARDS, Query("r50"))[0].positions == (0, 7, 8)
    assert find(CARDS, Query("zisserman"))[0].positions == ()
    assert find(CARDS, Query("qqqqq")) == []
    assert find(CARDS, Query("?!")) == []


def test_one_typo_is_forgiven() -> None:
    for typed in ("szegedi", "szgedy", "szegeedy", "szeegdy", "xzegedy"):
        assert is_typo_of(typed, "szegedy"), typed
    assert not is_typo_of("szagady", "szegedy")
    assert not is_typo_of("hx", "he"), "short words have to be right"


def test_empty_queries() -> None:
    assert Query(sort="macs").is_empty
    assert not Query("x").is_empty
    assert not Query(cost="2G").is_empty


def test_families_are_in_the_order_of_their_first() -> None:
    families = catalogue.families([BROKEN, *CARDS])
    assert families == ["LeNet", "AlexNet", "Inception", "VGG", "ResNet", "DenseNet"]


def test_every_preset_is_read_and_a_damaged_one_says_so(monkeypatch, tmp_path) -> None:
    assert {card.name for card in catalogue.read()} == set(presets.names())
    (tmp_path / "broken.json").write_text("{")
    monkeypatch.setattr(presets, "names", lambda: ("broken",))
    monkeypatch.setattr(presets, "folder", lambda _: tmp_path)
    (card,) = catalogue.read()
    assert "broken" in card.help
    assert card.size_and_cost == "cannot be opened"
    assert card.top1 is None


# NetworkMetrics


def test_figures_of_vgg16() -> None:
    found = measure(analyze(presets.load("vgg16")))
    assert [value_text(row, found) for row in METRICS] == [
        "138,357,544", "15.47 G", "73.3 MB", "26.3 MB", "553 MB", "41", "16", "212 px",
    ]  # fmt: skip
    assert found.problem == ""


def test_figures_of_nothing() -> None:
    found = measure(analyze(Design("Empty")))
    assert found.problem
    assert [value_text(row, found) for row in METRICS][-1] == "–"
    assert value_text(METRICS[0], None) == "–"


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [(2, 2, "="), (2, 3, "×1.5"), (8, 1, "×0.125"), (1, 2517, "×2,517"), (0, 3, "–"),
     (3, None, "–"), (None, 3, "–")],
)  # fmt: skip
def test_ratios(one: float | None, other: float | None, text: str) -> None:
    assert ratio_text(one, other) == text


def test_references_lead_to_their_papers() -> None:
    text = link_papers("K. He. CVPR 2016, arXiv:1512.03385", "#123456")
    assert '<a href="https://arxiv.org/abs/1512.03385"' in text
    assert ">arXiv:1512.03385</a>" in text
    assert 'href="https://doi.org/10.1109/5.726791"' in link_papers(
        "doi:10.1109/5.726791.", "#123456"
    )
    assert link_papers("Nature 1986", "#123456") == "Nature 1986"
