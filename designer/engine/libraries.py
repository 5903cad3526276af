"""State dicts with the names of torchvision or timm, loaded into the networks of these packages."""

import ast
import importlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from designer.runs.library_names import Naming

TOLERANCE = 1e-4
"""How far outputs may differ, relative to the largest, where sums have another order."""


def renamed(state: Mapping[str, Tensor], naming: Naming) -> OrderedDict[str, Tensor]:
    """Return the tensors of a design under a library's names, in the library's order.

    torchvision's MnasNet looks up which version of its own class a state dict is of.
    """
    found = OrderedDict((theirs, state[ours]) for theirs, ours in naming.names.items())
    if naming.library == "torchvision" and naming.network.startswith("mnasnet"):
        found._metadata = {"": {"version": 2}}  # type: ignore[attr-defined]
    return found


def original(state: Mapping[str, Tensor], naming: Naming) -> dict[str, Tensor]:
    """Return the tensors of a file with a library's names under those of the design."""
    return {ours: state[theirs] for theirs, ours in naming.names.items()}


def network(naming: Naming, state: Mapping[str, Tensor]) -> nn.Module | None:
    """Return the library's network with weights, in eval mode; None if it cannot be built here.

    It is built without values, since drawing fresh ones takes GoogLeNet half a minute.

    Raises
    ------
    RuntimeError
        The names or shapes are not those of the installed version.
    """
    try:
        package = importlib.import_module(naming.library)
    except ImportError:
        return None
    call = ast.parse(naming.call, mode="eval").body
    assert isinstance(call, ast.Call)
    make: Any = package
    for name in ast.unparse(call.func).split(".")[1:]:
        make = getattr(make, name)
    values = [ast.literal_eval(each) for each in call.args]
    options = {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
    found: nn.Module
    try:
        with torch.device("meta"):
            found = make(*values, **options)
    except NotImplementedError:  # a RegNet computes its widths by tensors, which need values
        found = make(*values, **options)
    found.load_state_dict(state, strict=True, assign=True)
    return found.eval()


def remark(naming: Naming, difference: float | None) -> str:
    """Return what a user must know of a file with a library's names.

    Parameters
    ----------
    naming
        The names.
    difference
        How far the outputs of the library's network, with these weights, differ from the design's;
        None if the library is not installed.
    """
    if difference is None:
        return f"Its names are those of {naming.call}; {naming.library} is not installed here."
    if difference <= TOLERANCE:
        return f"It loads strictly into {naming.call}, whose outputs are the same."
    return (
        f"It loads strictly into {naming.call}, but the outputs there differ by up to "
        f"{difference:.0e}: settings without weights, such as strides, are others in "
        f"{naming.library}."
    )
