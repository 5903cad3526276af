"""What the trainer must know about a network besides its source."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from designer.errors import DesignerError

_Size = Annotated[int, Meta(ge=1, le=2**53)]


class OutputInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One output: ``shape`` without the batch axis; auxiliary ones exist in train mode only."""

    name: str
    shape: tuple[_Size, ...]
    loss_weight: Annotated[float, Meta(ge=-1e30, le=1e30)] = 1.0
    auxiliary: bool = False


class InputInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the inputs of a network that does not take a picture.

    Attributes
    ----------
    name, shape
        The node, and the shape of its values without the batch axis.
    integer
        Whether its values are whole numbers, such as tokens.
    axis
        The axis along which the values are of different kinds, such as the columns of a table or
        the channels of a volume: each gets a mean and a deviation of its own.
    """

    name: str
    shape: Annotated[tuple[_Size, ...], Meta(min_length=1)]
    integer: bool = False
    axis: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.axis >= len(self.shape):
            raise ValueError(f"axis is {self.axis}, but {self.name} has {len(self.shape)} axes")


class NetworkInfo(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """``network.json`` of a run.

    Attributes
    ----------
    name
        Of the design.
    input
        Channels, height and width of the only input of a network that takes a picture; empty for
        other networks.
    inputs
        The inputs of a network that takes anything else, in their order; empty for pictures.
    outputs
        The main output first.
    parameters
        How many there are.
    """

    name: str
    input: tuple[_Size, ...] = ()
    inputs: tuple[InputInfo, ...] = ()
    outputs: Annotated[tuple[OutputInfo, ...], Meta(min_length=1)]
    parameters: Annotated[int, Meta(ge=0, le=2**53)]

    def __post_init__(self) -> None:
        if bool(self.input) == bool(self.inputs) or len(self.input) not in (0, 3):
            raise ValueError("either input has three sizes, or inputs has entries")

    @property
    def picture(self) -> tuple[int, int, int]:
        """Channels, height and width of the picture that the network takes.

        Raises
        ------
        DesignerError
            It takes something else.
        """
        if self.inputs:
            raise DesignerError(
                f"{self.name} takes {shown_inputs(self.inputs)}, so that it cannot be shown a "
                "picture: choose a network with one Input of three axes (channels × height × "
                "width)."
            )
        channels, height, width = self.input
        return channels, height, width


def shown_inputs(inputs: Iterable[InputInfo]) -> str:
    """Return what a network takes, for a sentence: "x (13)" or "left (1×28×28) and right (...)"."""
    return " and ".join(
        f"{each.name} ({'×'.join(map(str, each.shape))}{', whole numbers' * each.integer})"
        for each in inputs
    )
