"""What is minimized: the weighted sum of one loss over all outputs of a network."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from designer.runs.network import OutputInfo
from designer.runs.recipe import Loss

Outputs = Tensor | tuple[Tensor, ...]


class Objective:
    """The loss of a recipe on the outputs of a network.

    Cross-entropy takes logits (n, classes) and class numbers (n,). Mean squared error takes values
    (n, k) and targets (n, k), or class numbers, which it compares in one-hot form.
    """

    def __init__(self, loss: Loss, outputs: Sequence[OutputInfo]) -> None:
        self._loss = loss
        self._weights = {
            len(present): [output.loss_weight for output in present]
            for present in ([output for output in outputs if not output.auxiliary], outputs)
        }

    def __call__(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """Return the loss, a scalar: the sum over outputs of weight times mean loss."""
        if isinstance(outputs, Tensor):
            return self._mean(outputs, targets)
        weighted = [
            weight * self._mean(output, targets)
            for weight, output in zip(self._weights[len(outputs)], outputs, strict=True)
        ]
        return torch.stack(weighted).sum()

    def each(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every sample on one output, (n,)."""
        if self._loss.name == "cross_entropy":
            smoothing = self._loss.label_smoothing
            return F.cross_entropy(output, targets, reduction="none", label_smoothing=smoothing)
        return (output - _values(targets, output)).square().flatten(1).mean(1)

    def _mean(self, output: Tensor, targets: Tensor) -> Tensor:
        if self._loss.name == "cross_entropy":
            return F.cross_entropy(output, targets, label_smoothing=self._loss.label_smoothing)
        return F.mse_loss(output, _values(targets, output))


def main_output(outputs: Outputs) -> Tensor:
    """Return the output that counts: the first of several."""
    return outputs if isinstance(outputs, Tensor) else outputs[0]


def correct(output: Tensor, targets: Tensor) -> Tensor:
    """Return how many samples have their largest output at their class, int64.

    ``output`` is (..., n, classes), ``targets`` (..., n), what is returned (...).
    """
    return (output.argmax(-1) == targets).sum(-1)


def _values(targets: Tensor, output: Tensor) -> Tensor:
    """Return targets as values of the output's shape; class numbers become one-hot."""
    if targets.is_floating_point():
        return targets
    return F.one_hot(targets, output.shape[1]).to(output.dtype)
