"""The pretrained weights that torchvision offers: a table, read without torchvision.

The table is ``assets/torchvision_weights.json``; tests/runs/test_pretrained.py compares it with
torchvision and renews it.
"""

from collections.abc import Iterable
from functools import cache

import msgspec

from designer.resources import folder

TORCHVISION = "torchvision:"
"""What the name of a source of weights from torchvision begins with."""


class Pretrained(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of one network, trained on ImageNet.

    Attributes
    ----------
    network, weights
        Their names in torchvision, as in ``resnet50`` and ``IMAGENET1K_V2``.
    default
        Whether torchvision takes these weights if only the network is named.
    top1
        Accuracy on the validation images of ImageNet, in percent.
    parameters
        Parameters of the network.
    megabytes
        Size of the download, in units of 2**20 bytes, as torchvision gives it.
    """

    network: str
    weights: str
    default: bool
    top1: float
    parameters: int
    megabytes: float

    @property
    def source(self) -> str:
        """The name by which the weights are given, as in ``torchvision:resnet50``."""
        name = f"{TORCHVISION}{self.network}"
        return name if self.default else f"{name}:{self.weights}"


@cache
def table() -> tuple[Pretrained, ...]:
    """Return all weights, by the name of the network."""
    content = (folder("assets") / "torchvision_weights.json").read_bytes()
    return msgspec.json.decode(content, type=tuple[Pretrained, ...])


def fits(weights: Pretrained, *, preset: str, parameters: int) -> bool:
    """Tell whether weights are likely to fit a design wholly, or all but its last layer.

    Parameters
    ----------
    weights
        The weights.
    preset
        The preset that the design was opened from, "" for none.
    parameters
        The design's number of parameters.
    """
    name = preset.removesuffix("_torchvision")
    return weights.parameters == parameters or weights.network == name


def fitting_first(rows: Iterable[Pretrained], *, preset: str, parameters: int) -> list[Pretrained]:
    """Return weights with those that are likely to fit first; see `fits`."""
    return sorted(rows, key=lambda each: not fits(each, preset=preset, parameters=parameters))
