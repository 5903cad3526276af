"""Names of layers that a program of torch.export cannot have, and the names that it gets instead.

A loaded program is a `torch.fx.GraphModule`, whose own attributes (``code``, ``graph``, ``meta``)
would be hidden by a layer, a stored tensor or a block of the same name.
"""

import copy
from collections.abc import Mapping
from functools import cache
from operator import attrgetter

from torch import fx, nn

_LATER = frozenset({"range_constraints", "shape_env", "validate_inputs"})
"""Attributes that torch gives the module of a program after it is made."""


@cache
def taken() -> frozenset[str]:
    """Return the names that the module of a program has for itself."""
    return frozenset(dir(fx.GraphModule(nn.Module(), fx.Graph()))) | _LATER


def new_names(network: nn.Module) -> Mapping[str, str]:
    """Return another name, with _ behind it, for each part of a network that must not keep its own.

    Only the outermost names matter: within blocks, every name can stay.
    """
    own = [*network._modules, *network._parameters, *network._buffers]
    found: dict[str, str] = {}
    for name in own:
        if name in taken():
            new = f"{name}_"
            while new in own:
                new += "_"
            found[name] = new
    return found


def renamed(network: nn.Module) -> nn.Module:
    """Return a network that computes the same with the same tensors, under `new_names`."""
    names = new_names(network)
    if not names:
        return network
    found = copy.copy(network)
    for kind in ("_modules", "_parameters", "_buffers"):
        parts = getattr(network, kind)
        setattr(found, kind, {names.get(name, name): part for name, part in parts.items()})
    found._non_persistent_buffers_set = {
        names.get(name, name) for name in network._non_persistent_buffers_set
    }
    # `forward` still reads the names of the design.
    properties = {name: property(attrgetter(new)) for name, new in names.items()}
    found.__class__ = type(type(network).__name__, (type(network),), properties)
    return found


def remark(network: nn.Module) -> str:
    """Return a sentence that names the parts that are called otherwise in a program; "" if none."""
    names = new_names(network)
    if not names:
        return ""
    listed = ", ".join(f"{name} is {new}" for name, new in names.items())
    return f"In the program {listed}, since torch.export has attributes of the first name."
