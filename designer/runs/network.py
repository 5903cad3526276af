"""What the trainer must know about a network besides its source."""

from typing import Annotated

import msgspec
from msgspec import Meta

_Size = Annotated[int, Meta(ge=1, le=2**53)]


class OutputInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One output: ``shape`` without the batch axis; auxiliary ones exist in train mode only."""

    name: str
    shape: tuple[_Size, ...]
    loss_weight: Annotated[float, Meta(ge=-1e30, le=1e30)] = 1.0
    auxiliary: bool = False


class NetworkInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``network.json`` of a run: ``input`` is (channels, height, width), the main output first."""

    name: str
    input: tuple[_Size, _Size, _Size]
    outputs: Annotated[tuple[OutputInfo, ...], Meta(min_length=1)]
    parameters: Annotated[int, Meta(ge=0, le=2**53)]
