"""What a network decides by its outputs, and how many of its decisions are right."""

from dataclasses import dataclass

import torch
from torch import Tensor

from designer.recipe.losses import LOSSES, Loss, Targets
from designer.runs.preprocessing import Preprocessing


@dataclass(frozen=True)
class Decisions:
    """How outputs are read: one class for each image, each of several labels, or numbers.

    Attributes
    ----------
    targets
        What the outputs stand for.
    each
        How many decisions are taken for an image: 1 for classes, the number of labels, that of the
        tokens of a window, 0 for numbers.
    threshold
        The probability from which on a label is predicted, for each label or for all; empty for
        classes and numbers.
    thresholds
        The same as float32 (labels,) or (1,), on the device of the outputs; None if it is empty.
    logits
        Whether outputs are logits; a loss such as mean squared error takes probabilities of labels
        themselves.
    """

    targets: Targets
    each: int
    threshold: tuple[float, ...] = ()
    thresholds: Tensor | None = None
    logits: bool = True

    def predicted(self, output: Tensor) -> Tensor:
        """Return the class number of each image, (..., n), or its labels, bool (..., n, labels).

        Of equal outputs the first class is taken. A label is predicted if its probability is at
        least its threshold.
        """
        if self.thresholds is None:
            return output.argmax(-1)
        values = output.float()
        return (values.sigmoid() if self.logits else values) >= self.thresholds

    def right(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return how many decisions are right.

        Parameters
        ----------
        output
            (..., n, classes) or (..., n, labels).
        targets
            Class numbers (..., n), labels (..., n, labels) of 0 and 1, or tokens (..., n, length).

        Returns
        -------
        Tensor
            int64, (...).
        """
        right = self.predicted(output) == targets
        one = self.thresholds is None and self.targets != "tokens"
        return right.sum(-1) if one else right.sum((-2, -1))

    def all_right(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return for how many images all decisions are right, int64 (...); see `right`."""
        right = self.predicted(output) == targets
        return right.sum(-1) if self.thresholds is None else right.all(-1).sum(-1)


def decisions(preprocessing: Preprocessing, loss: Loss, device: torch.device) -> Decisions:
    """Return how the outputs of a run are read."""
    targets = preprocessing.targets
    if targets in ("numbers", "input"):
        return Decisions(targets, 0)
    if targets == "classes":
        return Decisions(targets, 1)
    if targets == "tokens":
        return Decisions(targets, preprocessing.inputs[0].shape[0])
    return Decisions(
        targets,
        len(preprocessing.labels),
        loss.threshold,
        torch.tensor(loss.threshold, device=device),
        LOSSES[loss.name].logits,
    )
