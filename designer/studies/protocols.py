"""How often a candidate of a study is trained, and with which seeds: a row for each protocol."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from designer.recipe.recipe import Recipe


class Protocol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a protocol.

    Attributes
    ----------
    name
        A row of `PROTOCOLS`.
    repeats
        How often each candidate is trained.
    seed
        The first seed; each repetition has the next one.
    """

    name: str = "single"
    repeats: int = 3
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


def _single(protocol: Protocol, recipe: Recipe) -> tuple[Replicate, ...]:
    return (Replicate("", {}),)


def _repeats(protocol: Protocol, recipe: Recipe) -> tuple[Replicate, ...]:
    """Train with several seeds, but always on the same division of the data."""
    fixed = {"data.split_seed": recipe.split_seed}
    seeds = range(protocol.seed, protocol.seed + protocol.repeats)
    return tuple(Replicate(f"seed {seed}", {"seed": seed, **fixed}) for seed in seeds)


PROTOCOLS: Mapping[str, Callable[[Protocol, Recipe], tuple[Replicate, ...]]] = {
    "single": _single,
    "repeats": _repeats,
}


def replicates(protocol: Protocol, recipe: Recipe) -> tuple[Replicate, ...]:
    """Return the trainings of a candidate."""
    return PROTOCOLS[protocol.name](protocol, recipe)
