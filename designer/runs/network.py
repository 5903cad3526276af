"""What the trainer must know about a network besides its source."""

import msgspec


class OutputInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One output: ``shape`` without the batch axis; auxiliary ones exist in train mode only."""

    name: str
    shape: tuple[int, ...]
    loss_weight: float = 1.0
    auxiliary: bool = False


class NetworkInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``network.json`` of a run: ``input`` is (channels, height, width), the main output first."""

    name: str
    input: tuple[int, int, int]
    outputs: tuple[OutputInfo, ...]
    parameters: int
