"""The methods that show which parts of a picture speak for a class: a row each.

The window and the command line offer what stands here; `designer.engine.inspect.explain` computes
it. To add a method, add a row here and its function there.
"""

from collections.abc import Mapping

import msgspec


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table.

    Attributes
    ----------
    name
        What requests and the command line call it.
    title
        What the window calls it.
    help
        Whole sentences: how the map is computed, what it shows, and where it was published.
    caption
        What a map shows, with the fields ``{name}`` of the class and, where it has them, ``{node}``
        and ``{patch}``.
    at_node
        Whether it is computed at a node that the user may choose.
    moves_patch
        Whether it moves a patch over the picture, whose size and step the user may choose.
    signed
        Whether values below zero have a meaning: parts of the picture that speak against the class.
    """

    name: str
    title: str
    help: str
    caption: str
    at_node: bool = False
    moves_patch: bool = False
    signed: bool = False


_ROWS = (
    Explanation(
        name="gradcam",
        title="Grad-CAM",
        help="The channels of a node, each weighted by the mean gradient of the class's score with "
        "respect to it, are added up, and what is above zero is shown: where the network sees the "
        "class (Selvaraju et al. 2017).",
        caption="Where {node} speaks for {name}",
        at_node=True,
    ),
    Explanation(
        name="gradient",
        title="Input gradient",
        help="How much the class's score changes with each pixel: the largest absolute gradient "
        "over the picture's channels (Simonyan et al. 2013).",
        caption="How much each pixel changes the score of {name}",
    ),
    Explanation(
        name="occlusion",
        title="Occlusion",
        help="A patch of the mean color is moved over the picture: how much the class's "
        "probability falls where it lies (Zeiler and Fergus 2014).",
        caption="How far the probability of {name} falls if a patch of {patch} pixels covers a "
        "place",
        moves_patch=True,
        signed=True,
    ),
)

EXPLANATIONS: Mapping[str, Explanation] = {row.name: row for row in _ROWS}
