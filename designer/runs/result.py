"""How a training ended."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""A number of epochs or steps; negative and larger ones can only come from a damaged file."""

Status = Literal["finished", "stopped", "early_stopped", "diverged", "failed"]


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Means over some images.

    Attributes
    ----------
    loss
        The mean loss.
    accuracy
        The share of right decisions, 0 to 1: one decision for each image, or, of several labels,
        one for each label; none for numbers.
    exact_match
        The share of images all of whose labels are right; none unless an image may have several.
    top5
        The share of images whose class is among the five most probable; only of the test, and none
        unless each image has one class.
    cost
        The mean cost of the decisions; none unless the loss has a cost matrix.
    """

    loss: float
    accuracy: float | None = None
    exact_match: float | None = None
    top5: float | None = None
    cost: float | None = None


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The epoch (from 1) with the lowest validation loss, and its loss and accuracy there."""

    epoch: Count
    loss: float
    accuracy: float | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """``result.json`` of a run.

    Attributes
    ----------
    status
        How the training ended.
    epochs, steps
        How many were done.
    best
        The epoch with the lowest validation loss.
    validation, test
        Metrics of the last epoch on the validation part, and of the best epoch's weights on the
        test part.
    seconds
        The time trained, over all resumes.
    message
        A sentence for the user if the training diverged or failed.
    skip
        Of a training that failed at a picture that cannot be read: the value of the setting
        ``data.skip`` that leaves out all such pictures; empty if not all of them are known.
    """

    status: Status
    epochs: Count = 0
    steps: Count = 0
    best: Best | None = None
    validation: Metrics | None = None
    test: Metrics | None = None
    seconds: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    message: str | None = None
    skip: tuple[str, ...] | None = None

    def to_json(self) -> bytes:
        """Return the result as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
