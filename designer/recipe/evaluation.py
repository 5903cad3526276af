"""How a trained network is evaluated and asked: several views of each picture, several passes."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles

ENLARGED = 256 / 224
"""By how much a picture is larger than the network's input where crops are taken of it: as in
Krizhevsky et al. 2012, who took 224 of 256 pixels."""


class ViewsKind(msgspec.Struct, frozen=True, kw_only=True):
    """A way to show a network several views of each picture; the mean of its answers counts.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says which views there are.
    views
        How many.
    crops
        Whether they are crops of a picture that is larger than the network's input.
    formula
        What is averaged.
    source
        The paper: authors, year and title.
    settings
        No row has settings of its own.
    """

    name: str
    title: str
    help: str
    views: int = 1
    crops: bool = False
    formula: str = ""
    source: str = ""
    settings: tuple[str, ...] = ()


_KRIZHEVSKY = (
    "Krizhevsky, Sutskever and Hinton, 2012: ImageNet classification with deep convolutional "
    "neural networks"
)

_ROWS = (
    ViewsKind(name="none", title="none", help="Each picture is seen once, as it is."),
    ViewsKind(
        name="flip",
        title="flip average",
        help="Each picture is seen as it is and mirrored left to right.",
        views=2,
        formula="p = (p(x) + p(mirrored x)) / 2",
        source="Simonyan and Zisserman, 2015: Very deep convolutional networks for large-scale "
        "image recognition",
    ),
    ViewsKind(
        name="five_crops",
        title="five crops",
        help="Each picture is made larger by 256 / 224, and seen by its four corners and its "
        "middle.",
        views=5,
        crops=True,
        formula="p = (p(corner 1) + ... + p(corner 4) + p(middle)) / 5",
        source=_KRIZHEVSKY,
    ),
    ViewsKind(
        name="ten_crops",
        title="ten crops",
        help="The five crops, and each of them mirrored left to right.",
        views=10,
        crops=True,
        formula="p = (p(crop 1) + ... + p(crop 5) + p(mirrored crop 1) + ...) / 10",
        source=_KRIZHEVSKY,
    ),
)

TEST_TIMES: Mapping[str, ViewsKind] = {row.name: row for row in _ROWS}


class Evaluation(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the test part is evaluated, and how pictures are answered."""

    prefix: ClassVar[str] = "evaluation."
    title: ClassVar[str] = "Evaluation"

    test_time: Annotated[
        str,
        Setting(
            title="Test-time views",
            help="Shows the network several views of each picture in the final test, and averages "
            "the probabilities: mirrored, or cropped at five places, which takes as many times "
            "longer. Validation while training sees each picture once.",
            choices=titles(TEST_TIMES),
            reason="the figures are those of a single pass, as most papers give them",
        ),
    ] = "none"
    samples: Annotated[
        int,
        Setting(
            title="Samples",
            help="Passes over each picture whose probabilities are averaged, for networks with a "
            "layer that draws at random in the test, too, such as FractionalMaxPool2d; other "
            "networks take one.",
            unit="passes",
            low=1,
            high=1000,
            reason="one pass; the draws follow from the seed, so that it can be repeated",
            formula="p = (p_1(x) + ... + p_k(x)) / k",
            source="Graham, 2014: Fractional max-pooling",
        ),
    ] = 1
