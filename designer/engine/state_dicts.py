"""Finding the state dict in what a training script saved: beside what, and under whichever key."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

_DEEPEST = 6
# Parts of the keys under which scripts put the weights of a network.
_USUAL = re.compile(r"state_?dict|model|net|module|weights|params|backbone|encoder", re.IGNORECASE)
# Of keys with an average of the weights, which is taken only where there is nothing else.
_AVERAGES = re.compile(r"ema|swa|average|teacher", re.IGNORECASE)
_OTHERS = re.compile(r"optim|sched|scaler|generator_state|rng|loss|metric", re.IGNORECASE)
_PARAMETERS = frozenset(
    (
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "kernel",
        "gamma",
        "beta",
        "scale",
        "embedding",
    )
)


class Found(NamedTuple):
    """A state dict, and the keys that lead to it, joined by dots; "" for the file itself."""

    key: str
    tensors: Mapping[str, Tensor]


def state_dicts(content: Mapping[Any, Any]) -> list[Found]:
    """Return the state dicts in a file, the one that most likely is the network's first.

    That is one with names of parameters, under a usual key (``state_dict``, ``model``, ``net``),
    no moving average of the weights, and then the largest.

    Parameters
    ----------
    content
        What the file holds: a state dict, dictionaries of some, tensors and values beside them.
    """
    found = [each for each in _walk(content, "", _DEEPEST) if each.tensors]
    return sorted(found, key=_rank)  # stable: of equal ones the first in the file


def _rank(found: Found) -> tuple[bool, bool, bool, int]:
    last = found.key.rpartition(".")[2]
    named = any(re.split(r"[./]", name)[-1] in _PARAMETERS for name in found.tensors)
    return (
        not named,
        bool(_AVERAGES.search(found.key)),
        not _USUAL.search(last),
        -len(found.tensors),
    )


def _walk(content: Mapping[Any, Any], key: str, depth: int) -> Iterator[Found]:
    if not all(isinstance(name, str) for name in content):
        return  # the state of an optimizer, by the numbers of its parameters
    inner: dict[str, list[Found]] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and depth and not _OTHERS.search(name):
            path = f"{key}.{name}" if key else name
            inner[name] = list(_walk(value, path, depth - 1))
    own = {name: each for name, each in content.items() if isinstance(each, Tensor)}
    if _are_modules(inner):  # a tree of modules, as other frameworks save it
        own |= {
            f"{name}.{rest}": tensor
            for name, found in inner.items()
            for rest, tensor in found[0].tensors.items()
        }
        inner = {}
    yield Found(key, own)
    for found in inner.values():
        yield from found


def _are_modules(inner: Mapping[str, list[Found]]) -> bool:
    """Return whether dictionaries are the modules of one network rather than networks."""
    return bool(inner) and all(
        len(found) == 1
        and found[0].tensors
        and not _USUAL.fullmatch(name)
        # Whole networks have modules in them, a module has tensors of its own.
        and all("." not in tensor for tensor in found[0].tensors)
        for name, found in inner.items()
    )
