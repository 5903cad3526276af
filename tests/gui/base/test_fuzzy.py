"""Fuzzy matching: what fits, in which order, which letters are lit."""

import pytest

from designer.gui.base import fuzzy
from designer.layers.catalogue import layer_types

NAMES = [*layer_types()]


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("conv", "Conv2d"), ("cv2", "Conv2d"), ("bn", "BatchNorm2d"), ("re", "ReLU"),
        ("lrelu", "LeakyReLU"), ("norm", "Normalize"), ("lrn", "LocalResponseNorm"),
        ("add", "Add"), ("maxp", "MaxPool2d"), ("gap", "GlobalAvgPool2d"), ("xq", None),
        ("  fl at ", "Flatten"),
    ],
)  # fmt: skip
def test_what_is_meant_comes_first(pattern: str, first: str | None) -> None:
    found = fuzzy.ranked(pattern, NAMES, str)
    assert (found[0][0] if found else None) == first


def test_the_matched_letters() -> None:
    hit = fuzzy.match("bn", "BatchNorm2d")
    assert hit is not None and hit.positions == (0, 5)
    hit = fuzzy.match("norm", "LocalResponseNorm")
    assert hit is not None and hit.positions == (13, 14, 15, 16)
    assert fuzzy.match("xyz", "Conv2d") is None
    assert fuzzy.match("dd2", "Conv2d") is None
    assert fuzzy.match("", "Conv2d") == (0.0, ())


def test_nothing_typed_keeps_everything_in_order() -> None:
    assert [name for name, _ in fuzzy.ranked(" ", NAMES, str)] == NAMES


def test_letters_that_change_their_length() -> None:
    assert fuzzy.match("x", "İx") is not None
