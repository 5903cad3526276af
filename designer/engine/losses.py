"""The objective: the weighted sum of one loss over all outputs of a network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from designer.engine.mixing import Mixed, Targets
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
    smoothing
        Share of a label's certainty that is spread over all classes.
    """

    settings: Loss
    weights: Tensor | None = None
    smoothing: float = 0.0
    _costs: dict[torch.device, Tensor] = field(default_factory=dict, compare=False)

    def costs(self, output: Tensor) -> Tensor:
        """Return the cost matrix, float32 (classes, classes), on the device of the outputs.

        Where none is given, every mistake costs 1.
        """
        if self._costs.get(output.device) is None:
            given = self.settings.cost_matrix
            matrix = torch.tensor(given) if given else 1 - torch.eye(output.shape[1])
            self._costs[output.device] = matrix.to(output.device)
        return self._costs[output.device]


LossFunction = Callable[[Tensor, Tensor, Terms, str], Tensor]
"""Of output, targets, terms and torch's ``reduction``, which is "mean" or "none"."""


def _cross_entropy(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    shape = targets.shape
    losses = F.cross_entropy(
        output.flatten(0, -2),  # of a text (n, length, tokens), torch wants the tokens second
        targets.flatten(),
        weight=terms.weights,
        reduction=reduction,
        label_smoothing=terms.smoothing,
    )
    return losses if reduction == "mean" else losses.view(shape)


def _mean_squared_error(output: Tensor, targets: Tensor, _: Terms, reduction: str) -> Tensor:
    return F.mse_loss(output, as_values(targets, output), reduction=reduction)


def _binary_cross_entropy(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    return F.binary_cross_entropy_with_logits(
        output, targets, pos_weight=terms.weights, reduction=reduction
    )


def _focal(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    gamma, weights = terms.settings.gamma, terms.weights
    if targets.ndim == 1:
        losses = _focused(output.log_softmax(1).gather(1, targets[:, None])[:, 0], gamma)
        if weights is None:
            return losses.mean() if reduction == "mean" else losses
        own = weights[targets]  # as torch weighs cross-entropy
        return (own * losses).sum() / own.sum() if reduction == "mean" else own * losses
    # The logit of the right one of the two answers for a label is the output or its negative.
    losses = _focused(-F.softplus(torch.where(targets > 0, -output, output)), gamma)
    if weights is not None:
        losses = torch.where(targets > 0, weights, 1.0) * losses
    return losses.mean() if reduction == "mean" else losses


_LEAST = 1e-12  # of 1 - p: a power below 1 has no finite gradient at 0


def _focused(logarithm: Tensor, gamma: float) -> Tensor:
    """Return the focal loss of right answers, by the logarithms of their probabilities."""
    return -((-logarithm.expm1()).clamp_min(_LEAST) ** gamma) * logarithm


def _expected_cost(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    costs = (output.softmax(1) * terms.costs(output)[targets]).sum(1)
    return costs.mean() if reduction == "mean" else costs


def _mean_absolute_error(output: Tensor, targets: Tensor, _: Terms, reduction: str) -> Tensor:
    return F.l1_loss(output, as_values(targets, output), reduction=reduction)


def _smooth_l1(output: Tensor, targets: Tensor, terms: Terms, reduction: str) -> Tensor:
    values = as_values(targets, output)
    return F.smooth_l1_loss(output, values, reduction=reduction, beta=terms.settings.beta)


FUNCTIONS: Mapping[str, LossFunction] = {
    "cross_entropy": _cross_entropy,
    "mean_squared_error": _mean_squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
    "focal": _focal,
    "expected_cost": _expected_cost,
    "mean_absolute_error": _mean_absolute_error,
    "smooth_l1": _smooth_l1,
}
"""The function of each row of `designer.recipe.losses.LOSSES`."""


class Objective:
    """The loss of a recipe on the outputs of a network.

    Outputs are logits (n, classes) or (n, labels), of a text (n, length, tokens), or values (n, k);
    targets are class numbers (n,), labels (n, labels) of 0 and 1, tokens (n, length), or values
    (n, k). A loss of values compares class numbers in one-hot form.

    Parameters
    ----------
    loss
        The settings.
    outputs
        The outputs of the network.
    weights
        As in `Terms`. Cross-entropy is then torch's weighted mean: the sum of weight times loss,
        divided by the sum of the weights of the samples.
    training
        Whether it is what a training minimizes, with label smoothing, or what validation and test
        are measured by, without.
    """

    def __init__(
        self,
        loss: Loss,
        outputs: Sequence[OutputInfo],
        *,
        weights: Tensor | None = None,
        training: bool = False,
    ) -> None:
        self._terms = Terms(loss, weights, loss.label_smoothing if training else 0.0)
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

    @property
    def has_costs(self) -> bool:
        """Whether a cost matrix is given."""
        return bool(self._terms.settings.cost_matrix)

    def cost(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return what the decisions of a batch cost together, a scalar.

        Parameters
        ----------
        output
            (n, classes); the largest is the decision.
        targets
            The right classes (n,).
        """
        return self._terms.costs(output)[targets, output.argmax(1)].sum()

    def __call__(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Return the loss, a scalar: the sum over outputs of weight times mean loss.

        That of a mixed image is the sum of the losses against its two targets by their shares.
        """
        if isinstance(outputs, Tensor):
            return self._mean(outputs, targets)
        weighted = [
            weight * self._mean(output, targets)
            for weight, output in zip(self._weights[len(outputs)], outputs, strict=True)
        ]
        return torch.stack(weighted).sum()

    def each(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every sample on one output, (n,), neither weighted nor smoothed."""
        losses = self._function(output, targets, self._unweighted, "none")
        return losses.flatten(1).mean(1) if losses.ndim > 1 else losses

    def share(self, targets: Targets) -> Tensor:
        """Return by how much a batch counts where the losses of several are averaged, a scalar.

        This is what the mean over a batch was divided by: the number of its samples, or the sum of
        their class weights.
        """
        if isinstance(targets, Mixed):
            first, second = (self._weight(each) for each in targets[:2])
            return torch.lerp(second, first, targets.share).sum()
        return self._weight(targets).sum()

    def _weight(self, targets: Tensor) -> Tensor:
        """Return by how much each sample counts, (n,)."""
        if self.counts_samples or self._terms.weights is None or targets.ndim > 1:
            return torch.ones(len(targets), device=targets.device)
        return self._terms.weights[targets]

    def _mean(self, output: Tensor, targets: Targets) -> Tensor:
        if not isinstance(targets, Mixed):
            return self._function(output, targets, self._terms, "mean")
        first, second = (self._function(output, each, self._terms, "none") for each in targets[:2])
        if first.ndim > 1:
            first, second = first.flatten(1).mean(1), second.flatten(1).mean(1)
        return torch.lerp(second, first, targets.share).sum() / self.share(targets)


def main_output(outputs: Outputs) -> Tensor:
    """Return the main output: the first of several."""
    return outputs if isinstance(outputs, Tensor) else outputs[0]


def as_values(targets: Tensor, output: Tensor) -> Tensor:
    """Return targets as values of the output's shape; class numbers become one-hot vectors."""
    if targets.is_floating_point():
        return targets
    return F.one_hot(targets, output.shape[1]).to(output.dtype)
