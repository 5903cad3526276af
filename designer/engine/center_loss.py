"""The center loss: features of images of one class are pulled to a center that moves with them.

Wen, Zhang, Li and Qiao, "A Discriminative Feature Learning Approach for Deep Face Recognition"
(2016).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.analysis.assist.features import features_at, features_misfit
from designer.engine import checkpoint
from designer.engine.mixing import Mixed, Targets
from designer.engine.processes import Processes
from designer.errors import DesignerError
from designer.recipe.losses import Loss


class CenterLoss:
    """Half the mean squared distance of features from the center of their class, times a weight.

    The paper takes the sum over a batch instead of the mean, so that its weight belongs to a batch
    size. All centers begin at 0. What it remembers from one step to the next are the centers.

    Parameters
    ----------
    settings
        Weight, rate and the node with the features.
    network, analysis
        The network on its device, and the analysis of its design.
    classes
        The number of classes.
    processes
        Those that a batch is divided among: all have the same centers.

    Raises
    ------
    DesignerError
        The node is none of the design, or gives no list of values.
    """

    def __init__(
        self,
        settings: Loss,
        network: nn.Module,
        analysis: Analysis,
        *,
        classes: int,
        processes: Processes,
    ) -> None:
        found = features_at(analysis, settings.center_node)
        if found is None:
            raise DesignerError(features_misfit(analysis, settings.center_node))
        self._weight, self._alpha = settings.center_weight, settings.center_alpha
        self._processes = processes
        device = next(network.parameters()).device
        self.centers = torch.zeros(classes, found.size, device=device)
        self._features: Tensor | None = None
        self._batches: list[tuple[Tensor, Tensor]] = []  # features and targets of the step
        module = network.get_submodule(found.path)
        if found.before:
            module.register_forward_pre_hook(lambda _, inputs: self._take(inputs[0]))
        else:
            module.register_forward_hook(lambda _, __, output: self._take(output))

    def _take(self, features: Tensor) -> None:
        if torch.is_grad_enabled():  # not while it is only measured
            self._features = features.flatten(1).clone()  # the next layer may overwrite it

    def __call__(self, targets: Targets) -> Tensor:
        """Return the loss of the batch that went through the network last, a scalar.

        Parameters
        ----------
        targets
            The classes (n,). A mixed image is pulled to both centers by their shares, and moves
            that of the larger share.
        """
        assert self._features is not None
        features, self._features = self._features.float(), None
        if isinstance(targets, Mixed):
            self._batches.append((features.detach(), targets.heavier))
            first, second = (self._distances(features, each) for each in targets[:2])
            distances = torch.lerp(second, first, targets.share)
        else:
            self._batches.append((features.detach(), targets))
            distances = self._distances(features, targets)
        return self._weight / 2 * distances.mean()

    def _distances(self, features: Tensor, targets: Tensor) -> Tensor:
        """Return the square of the distance of each image's features to a center, (n,)."""
        return (features - self.centers[targets]).square().sum(1)

    def move(self) -> None:
        """Move the centers towards the features since the last call: equation 4 of the paper."""
        features, targets = (torch.cat(each) for each in zip(*self._batches, strict=True))
        self._batches.clear()
        sums = torch.zeros_like(self.centers).index_add_(0, targets, features)
        numbers = torch.bincount(targets, minlength=len(sums)).to(sums.dtype)[:, None]
        count = self._processes.count
        sums, numbers = (self._processes.mean(each) * count for each in (sums, numbers))
        self.centers -= self._alpha * (numbers * self.centers - sums) / (1 + numbers)

    def state(self) -> Iterator[tuple[str, Any]]:
        """Yield what a checkpoint holds of it, by name."""
        yield "centers", self.centers

    def restore(self, content: checkpoint.Content) -> None:
        """Continue from the content of a checkpoint, which has what `state` yielded."""
        saved = content["centers"]
        if saved is None or saved.shape != self.centers.shape:
            raise ValueError("the centers of the classes had another shape")
        self.centers.copy_(saved)
