"""The objective: the weighted sum of one loss over all outputs of a network."""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from designer.recipe.losses import Loss
from designer.runs.network import OutputInfo

Outputs = Tensor | tuple[Tensor, ...]

LossFunction = Callable[[Tensor, Tensor, Loss, str], Tensor]
"""Of output, targets, settings and torch's ``reduction``, which is "mean" or "none"."""


def _cross_entropy(output: Tensor, targets: Tensor, loss: Loss, reduction: str) -> Tensor:
    return F.cross_entropy(
        output, targets, reduction=reduction, label_smoothing=loss.label_smoothing
    )


def _mean_squared_error(output: Tensor, targets: Tensor, _: Loss, reduction: str) -> Tensor:
    return F.mse_loss(output, as_values(targets, output), reduction=reduction)


FUNCTIONS: Mapping[str, LossFunction] = {
    "cross_entropy": _cross_entropy,
    "mean_squared_error": _mean_squared_error,
}
"""The function of each row of `designer.recipe.losses.LOSSES`."""


class Objective:
    """The loss of a recipe on the outputs of a network.

    Outputs are logits (n, classes) or values (n, k); targets are class numbers (n,) or values
    (n, k). A loss of values compares class numbers in one-hot form.
    """

    def __init__(self, loss: Loss, outputs: Sequence[OutputInfo]) -> None:
        self._loss = loss
        self._function = FUNCTIONS[loss.name]
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
        losses = self._function(output, targets, self._loss, "none")
        return losses.flatten(1).mean(1) if losses.ndim > 1 else losses

    def _mean(self, output: Tensor, targets: Tensor) -> Tensor:
        return self._function(output, targets, self._loss, "mean")


def main_output(outputs: Outputs) -> Tensor:
    """Return the main output: the first of several."""
    return outputs if isinstance(outputs, Tensor) else outputs[0]


def correct(output: Tensor, targets: Tensor) -> Tensor:
    """Return how many samples have their largest output at their class.

    Parameters
    ----------
    output
        (..., n, classes).
    targets
        Class numbers (..., n).

    Returns
    -------
    Tensor
        int64, (...).
    """
    return (output.argmax(-1) == targets).sum(-1)


def as_values(targets: Tensor, output: Tensor) -> Tensor:
    """Return targets as values of the output's shape; class numbers become one-hot vectors."""
    if targets.is_floating_point():
        return targets
    return F.one_hot(targets, output.shape[1]).to(output.dtype)
