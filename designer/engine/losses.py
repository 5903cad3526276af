"""The objective: the weighted sum of one loss over all outputs of a network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from designer.recipe.losses import LOSSES, Loss
from designer.runs.network import OutputInfo

Outputs = Tensor | tuple[Tensor, ...]


@dataclass(frozen=True)
class Terms:
    """What a loss depends on besides outputs and targets.

    Attributes
    ----------
    settings
        Those of the recipe.
    weights
        The weight of each class, or of each label where it is there: float32 (classes,) on the
        device of the outputs. None weighs all the same.
    """

    settings: Loss
    weights: Tensor | None = None


LossFunction = Callable[[Tensor, Tensor, Terms, str], Tensor]
"""Of output, targets, terms and torch's ``reduction``, which is "mean" or "none"."""


def _cross_entropy(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    return F.cross_entropy(
        output,
        targets,
        weight=terms.weights,
        reduction=reduction,
        label_smoothing=terms.settings.label_smoothing,
    )


def _mean_squared_error(output: Tensor, targets: Tensor, _: Terms, reduction: str) -> Tensor:
    return F.mse_loss(output, as_values(targets, output), reduction=reduction)


def _binary_cross_entropy(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    return F.binary_cross_entropy_with_logits(
        output, targets, pos_weight=terms.weights, reduction=reduction
    )


FUNCTIONS: Mapping[str, LossFunction] = {
    "cross_entropy": _cross_entropy,
    "mean_squared_error": _mean_squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
}
"""The function of each row of `designer.recipe.losses.LOSSES`."""


class Objective:
    """The loss of a recipe on the outputs of a network.

    Outputs are logits (n, classes) or (n, labels), or values (n, k); targets are class numbers
    (n,), labels (n, labels) of 0 and 1, or values (n, k). A loss of values compares class numbers
    in one-hot form.

    Parameters
    ----------
    loss
        The settings.
    outputs
        The outputs of the network.
    weights
        As in `Terms`. Cross-entropy is then torch's weighted mean: the sum of weight times loss,
        divided by the sum of the weights of the samples.
    """

    def __init__(
        self, loss: Loss, outputs: Sequence[OutputInfo], *, weights: Tensor | None = None
    ) -> None:
        self._terms = Terms(loss, weights)
        self._unweighted = Terms(loss)
        self._function = FUNCTIONS[loss.name]
        self._weights = {
            len(present): [output.loss_weight for output in present]
            for present in ([output for output in outputs if not output.auxiliary], outputs)
        }

    @property
    def counts_samples(self) -> bool:
        """Whether batches of equal size count the same: only weights of classes change that."""
        return (
            self._terms.weights is None
            or "classes" not in LOSSES[self._terms.settings.name].targets
        )

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
        """Return the loss of every sample on one output, (n,), not weighted by class."""
        losses = self._function(output, targets, self._unweighted, "none")
        return losses.flatten(1).mean(1) if losses.ndim > 1 else losses

    def share(self, targets: Tensor) -> Tensor:
        """Return by how much a batch counts where the losses of several are averaged, a scalar.

        This is what the mean over a batch was divided by: the number of its samples, or the sum of
        their class weights.
        """
        if self.counts_samples or self._terms.weights is None:
            return torch.tensor(float(len(targets)), device=targets.device)
        return self._terms.weights[targets].sum()

    def _mean(self, output: Tensor, targets: Tensor) -> Tensor:
        return self._function(output, targets, self._terms, "mean")


def main_output(outputs: Outputs) -> Tensor:
    """Return the main output: the first of several."""
    return outputs if isinstance(outputs, Tensor) else outputs[0]


def as_values(targets: Tensor, output: Tensor) -> Tensor:
    """Return targets as values of the output's shape; class numbers become one-hot vectors."""
    if targets.is_floating_point():
        return targets
    return F.one_hot(targets, output.shape[1]).to(output.dtype)
