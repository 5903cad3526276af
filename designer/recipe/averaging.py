"""The averages of weights that are evaluated in place of the last ones: one row each."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles


class AveragingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A way to average the weights of a training.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    formula
        The average a of the weights w in plain text.
    source
        The paper that it comes from.
    settings
        The settings it uses.
    """

    name: str
    title: str
    help: str
    formula: str = ""
    source: str = ""
    settings: tuple[str, ...] = ()


_ROWS = (
    AveragingKind(name="none", title="none", help="The weights are used as they are."),
    AveragingKind(
        name="ema",
        title="moving average",
        help="An exponential moving average of the weights over the steps.",
        formula="a ← d·a + (1 − d)·w after each step, d = min(decay, (1 + t) / (10 + t)) with t "
        "steps averaged before",
        source="Polyak and Juditsky, 1992: Acceleration of stochastic approximation by averaging; "
        "Tan and Le, 2019: EfficientNet",
        settings=("decay",),
    ),
    AveragingKind(
        name="swa",
        title="stochastic weight averaging",
        help="The mean of the weights at the end of each epoch from a share of the training on.",
        formula="a ← a + (w − a) / (n + 1) after each epoch, n averaged before",
        source="Izmailov and others, 2018: Averaging weights leads to wider optima and better "
        "generalization",
        settings=("start",),
    ),
)

AVERAGES: Mapping[str, AveragingKind] = {row.name: row for row in _ROWS}


class Averaging(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the network that is validated, tested and exported is an average of weights."""

    prefix: ClassVar[str] = "averaging."
    title: ClassVar[str] = "Averaged weights"
    kinds: ClassVar[Mapping[str, AveragingKind]] = AVERAGES

    name: Annotated[
        str,
        Setting(
            title="Average",
            help="Which average of the weights is validated, tested and exported in their place; "
            "the training itself goes on with the weights.",
            choices=titles(AVERAGES),
            reason="a rate that falls to almost zero has the same effect",
        ),
    ] = "none"
    decay: Annotated[
        float,
        Setting(
            title="Average decay",
            help="Share of the moving average that is kept in a step; it is smaller in the first "
            "steps, which soon count no more.",
            low=0.0,
            high=1.0,
            open_high=True,
            reason="a memory of about a thousand steps",
        ),
    ] = 0.999
    start: Annotated[
        float,
        Setting(
            title="Average from",
            help="Share of the training after which the mean of the weights begins; before that "
            "the weights themselves are used.",
            low=0.0,
            high=1.0,
            reason="as in the paper, 75 % of the training",
        ),
    ] = 0.75

    @property
    def copies(self) -> int:
        """Copies of all parameters and buffers that the average takes in memory."""
        return 0 if self.name == "none" else 1
