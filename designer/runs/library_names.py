"""The tensors of torchvision's and timm's networks: a table, read without these packages.

A design with the layers of such a network gets its weights written under the library's names, so
that they load there strictly. The table is ``assets/library_names.json.gz``;
tests/runs/test_library_names.py compares it with the libraries and renews it.
"""

import gzip
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec

from designer.analysis.analysis import Analysis
from designer.analysis.report.tensors import Module, modules
from designer.errors import DesignerError
from designer.resources import folder
from designer.runs.export_formats import LIBRARIES
from designer.runs.layouts import Shape, stored
from designer.runs.weights import match

CLASSES, CHANNELS = 0, -1
"""Sizes in the table's shapes: the number of classes, and that of the channels of an image."""

_CALLS: Mapping[str, str] = {
    "torchvision": "torchvision.models.{}(num_classes={})",
    "timm": "timm.create_model('{}', num_classes={}, in_chans={})",
}
"""How a network is built, by the library: with its name, classes and channels."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network of a library.

    Attributes
    ----------
    name
        Its name in the library.
    options
        Arguments beside the number of classes, as in ``aux_logits=False``; "" for none.
    tensors
        Names and shapes in the order of its state dict.
    """

    name: str
    options: str = ""
    tensors: tuple[tuple[str, Shape], ...]


@dataclass(frozen=True)
class Naming:
    """The names that a library has for the tensors of a design.

    Attributes
    ----------
    library, network
        The library, and the name of its network.
    call
        The expression that builds the network.
    names
        The design's names by those of the library, in the library's order.
    """

    library: str
    network: str
    call: str
    names: Mapping[str, str]


@cache
def table() -> Mapping[str, tuple[Network, ...]]:
    """Return the networks of each library."""
    content = gzip.decompress((folder("assets") / "library_names.json.gz").read_bytes())
    return msgspec.json.decode(content, type=dict[str, tuple[Network, ...]])


def naming(analysis: Analysis, library: str) -> Naming:
    """Return the names that a library has for the tensors of a design.

    Raises
    ------
    DesignerError
        The library has no network with these tensors, or they cannot be told apart.
    """
    found = find(analysis, library)
    if found is None:
        others = [each for each in LIBRARIES if each != library and find(analysis, each)]
        remedy = f"choose {others[0]}, which has one" if others else "leave the design's own names"
        raise DesignerError(
            f"{library} has no network with the layers and shapes of {analysis.design.name}, so "
            f"its names cannot be used: {remedy}."
        )
    return found


def find(analysis: Analysis, library: str) -> Naming | None:
    """Return the names that a library has for the tensors of a design, None if none fit.

    Every tensor must have a counterpart of equal shape. Which is whose is found as for weights from
    elsewhere, by names and by the order of the layers.
    """
    ours = modules(analysis)
    if not ours or not analysis.outputs or not analysis.inputs:
        return None
    classes, channels = analysis.outputs[0].shape[0], analysis.inputs[0].shape[0]
    shapes = Counter(shape for each in ours for shape in each.tensors.values())
    for network in table()[library]:
        if len(network.tensors) != shapes.total():
            continue
        sizes = {CLASSES: classes, CHANNELS: channels}
        theirs = {
            name: tuple(sizes.get(size, size) for size in shape) for name, shape in network.tensors
        }
        if Counter(theirs.values()) == shapes and (names := _matched(ours, theirs)):
            arguments = f"{classes}, {network.options}" if network.options else str(classes)
            call = _CALLS[library].format(network.name, arguments, channels)
            return Naming(library, network.name, call, names)
    return None


def _matched(ours: Sequence[Module], theirs: Mapping[str, Shape]) -> dict[str, str]:
    """Return the design's names by those of a network; nothing if one tensor has no partner."""
    report = match(ours, stored(theirs))
    found = {each.origin: each.name for each in report.taken}
    return {name: found[name] for name in theirs} if found.keys() == theirs.keys() else {}
