"""How often a candidate of a study is trained, on which parts of the data, and with which seeds.

To add a protocol, add a row to `PROTOCOLS`; checks, window and command line follow.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from designer.errors import DesignerError
from designer.recipe.recipe import Recipe

_LARGEST_SEED = 2**63 - 1
_MOST_FOLDS = 1000
_MOST_TRAININGS = 10_000  # of one candidate; a mistyped number would make the study hang

Interval = Literal["t", "corrected_t", "percentile"]
"""The rule by which `designer.studies.statistics` judges the values of the trainings."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a protocol.

    Attributes
    ----------
    name
        A row of `PROTOCOLS`.
    repeats
        How often each candidate is trained, or of folds, how often they are drawn anew.
    folds
        Into how many folds the examples are divided.
    seed
        The first seed; each training has the next one.
    """

    name: str = "single"
    repeats: int = 3
    folds: int = 5
    seed: int = 0


class Replicate(msgspec.Struct, frozen=True):
    """One training of a candidate.

    Attributes
    ----------
    label
        What tells it from the others: "seed 1".
    changes
        Changes of the recipe by dotted names.
    """

    label: str
    changes: dict[str, Any]


class ProtocolKind(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table of protocols.

    Attributes
    ----------
    name, title
        Its name in a study, and for people.
    help
        What is trained, and what the spread of the results then says, in one or two sentences.
    replicates
        Yields the trainings of a candidate.
    settings
        The settings of `Protocol` that it uses, besides the seed.
    interval
        How the values of its trainings are judged.
    source
        The paper: authors, year and title; "" where there is none.
    """

    name: str
    title: str
    help: str
    replicates: Callable[[Protocol, Recipe], Iterator[Replicate]]
    settings: tuple[Literal["repeats", "folds"], ...] = ()
    interval: Interval = "t"
    source: str = ""

    @property
    def is_paired(self) -> bool:
        """Whether training ``i`` of every candidate has the same examples, drawn for it."""
        return self.interval != "t"


def _single(protocol: Protocol, recipe: Recipe) -> Iterator[Replicate]:
    yield Replicate("", {})


def _repeats(protocol: Protocol, recipe: Recipe) -> Iterator[Replicate]:
    for seed in range(protocol.seed, protocol.seed + protocol.repeats):
        yield Replicate(f"seed {seed}", {"seed": seed, "data.split_seed": recipe.split_seed})


def _folds(protocol: Protocol, recipe: Recipe) -> Iterator[Replicate]:
    for fold in range(1, protocol.folds + 1):
        label = f"fold {fold} of {protocol.folds}"
        seed = protocol.seed + fold - 1
        yield Replicate(label, _fold(protocol, recipe, fold, seed=seed, drawn=protocol.seed))


def _repeated_folds(protocol: Protocol, recipe: Recipe) -> Iterator[Replicate]:
    seed = protocol.seed
    for repeat in range(protocol.repeats):
        for fold in range(1, protocol.folds + 1):
            label = f"division {repeat + 1}, fold {fold} of {protocol.folds}"
            drawn = protocol.seed + repeat
            yield Replicate(label, _fold(protocol, recipe, fold, seed=seed, drawn=drawn))
            seed += 1


def _fold(
    protocol: Protocol, recipe: Recipe, fold: int, *, seed: int, drawn: int
) -> dict[str, Any]:
    """Return the changes that hold a fold out; `drawn` is the seed that the folds are drawn by."""
    return {
        "seed": seed,
        "data.split_seed": recipe.split_seed,
        "data.resampling": "folds",
        "data.folds": protocol.folds,
        "data.fold": fold,
        "data.resampling_seed": drawn,
    }


def _bootstrap(protocol: Protocol, recipe: Recipe) -> Iterator[Replicate]:
    for number in range(protocol.repeats):
        seed = protocol.seed + number
        yield Replicate(
            f"sample {number + 1}",
            {
                "seed": seed,
                "data.split_seed": recipe.split_seed,
                "data.resampling": "bootstrap",
                "data.resampling_seed": seed,
            },
        )


_ROWS = (
    ProtocolKind(
        name="single",
        title="one training",
        help="Each candidate is trained once, as its recipe says. How far a second training would "
        "differ by chance is not known.",
        replicates=_single,
    ),
    ProtocolKind(
        name="repeats",
        title="several seeds",
        help="Each candidate is trained with several seeds on the same division of the data: the "
        "spread is that of fresh weights, order and random draws alone.",
        replicates=_repeats,
        settings=("repeats",),
    ),
    ProtocolKind(
        name="folds",
        title="cross-validation",
        help="What is not for the test is divided into folds, and each candidate is trained once "
        "for each fold, which is held out for validation: the spread has that of the examples, "
        "too. The test part stays the same.",
        replicates=_folds,
        settings=("folds",),
        interval="corrected_t",
        source="Kohavi, 1995: A study of cross-validation and bootstrap for accuracy estimation "
        "and model selection",
    ),
    ProtocolKind(
        name="repeated_folds",
        title="repeated cross-validation",
        help="Cross-validation several times, with other folds each time: the mean depends less on "
        "how the folds were drawn.",
        replicates=_repeated_folds,
        settings=("repeats", "folds"),
        interval="corrected_t",
        source="Bouckaert and Frank, 2004: Evaluating the replicability of significance tests for "
        "comparing learning algorithms",
    ),
    ProtocolKind(
        name="bootstrap",
        title="bootstrap",
        help="Each candidate is trained on several samples of as many examples as there are, drawn "
        "with replacement, and validated on those that were not drawn, about 37 %. As a sample has "
        "only 63 % of the examples, the values are a little worse than those of all.",
        replicates=_bootstrap,
        settings=("repeats",),
        interval="percentile",
        source="Efron and Tibshirani, 1993: An introduction to the bootstrap",
    ),
)
PROTOCOLS: Mapping[str, ProtocolKind] = {row.name: row for row in _ROWS}
"""All rows by their names."""


def replicates(protocol: Protocol, recipe: Recipe) -> tuple[Replicate, ...]:
    """Return the trainings of a candidate.

    All protocols but ``single`` keep the seed of the split that the recipe has, so that all
    trainings of all candidates have the same test part. With ``repeats``, which examples are for
    training and validation stays the same, too: only the training is repeated.

    Parameters
    ----------
    protocol
        Its settings.
    recipe
        The recipe of the study.

    Raises
    ------
    DesignerError
        The numbers of the protocol make no sense.
    """
    _check(protocol)
    return tuple(PROTOCOLS[protocol.name].replicates(protocol, recipe))


def _check(protocol: Protocol) -> None:
    settings = PROTOCOLS[protocol.name].settings
    trainings = 1
    if "repeats" in settings:
        if protocol.repeats < 1:
            raise DesignerError(
                f"The protocol {protocol.name} has {protocol.repeats:,} repeats: give 1 or more."
            )
        trainings *= protocol.repeats
    if "folds" in settings:
        if not 2 <= protocol.folds <= _MOST_FOLDS:
            raise DesignerError(
                f"The protocol {protocol.name} has {protocol.folds:,} folds: give 2 to "
                f"{_MOST_FOLDS:,}."
            )
        trainings *= protocol.folds
    if trainings > _MOST_TRAININGS:
        raise DesignerError(
            f"The protocol {protocol.name} would train each candidate {trainings:,} times: give "
            f"numbers that make {_MOST_TRAININGS:,} or fewer."
        )
    if not 0 <= protocol.seed <= _LARGEST_SEED - trainings:
        raise DesignerError(
            f"The seed {protocol.seed} of the protocol is out of range: give a whole number from 0 "
            f"to {_LARGEST_SEED - trainings}."
        )
