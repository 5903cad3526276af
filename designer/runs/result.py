"""How a training ended."""

from typing import Literal

import msgspec

Status = Literal["finished", "stopped", "early_stopped", "diverged", "failed"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Mean loss and accuracy (0 to 1; none for regression) over some images."""

    loss: float
    accuracy: float | None = None


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The epoch (from 1) with the lowest validation loss, and its validation figures."""

    epoch: int
    loss: float
    accuracy: float | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """``result.json`` of a run.

    ``epochs`` and ``steps`` count what was done, ``validation`` is of the last epoch, ``test`` of
    the best epoch's weights, ``seconds`` is the time trained, over all resumes. ``message`` is a
    sentence for the user where the training diverged or failed.
    """

    status: Status
    epochs: int = 0
    steps: int = 0
    best: Best | None = None
    validation: Figures | None = None
    test: Figures | None = None
    seconds: float = 0.0
    message: str | None = None

    def to_json(self) -> bytes:
        """Return the result as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
