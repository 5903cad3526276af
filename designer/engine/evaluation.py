"""Loss and accuracy on images that were not trained on, and what a network says of each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from designer.engine.batches import Images
from designer.engine.decisions import Decisions
from designer.engine.freezing import mode_kept
from designer.engine.inputs import call
from designer.engine.losses import Objective, Outputs, main_output
from designer.engine.passes import Mean, Passes, mean_of_values
from designer.engine.validation_metrics import WatchedMetrics
from designer.metrics.scores import top_k
from designer.runs.result import Metrics

TOP = 5  # of how many most probable classes one may be the right one


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says of every image of a part, in the order of the part.

    Attributes
    ----------
    outputs
        The main output, float32 (n, k); of a network that gives its input again, (n, ...); of one
        that reads a text nothing, (n, 0).
    targets
        Class numbers (n,), labels or numbers (n, k), tokens (n, length), or inputs (n, ...).
    losses
        The loss of each image on the main output, (n,), not weighted by class.
    predicted
        Class numbers (n,) or labels, bool (n, k); None for numbers.
    metrics
        The means.
    """

    outputs: NDArray[Any]
    targets: NDArray[Any]
    losses: NDArray[Any]
    predicted: NDArray[Any] | None
    metrics: Metrics


def evaluate(
    network: nn.Module,
    images: Images,
    objective: Objective,
    decisions: Decisions,
    *,
    batch: int,
    watched: WatchedMetrics | None = None,
) -> Metrics:
    """Return mean loss and accuracy over all images, in eval mode; modes are restored after.

    The loss is that of the training, with its class weights but without its label smoothing; the
    accuracy counts every decision the same.

    Parameters
    ----------
    network, images, objective, decisions
        What is evaluated, on what, its loss, and how its outputs are read.
    batch
        Images evaluated at once.
    watched
        Takes every main output with its targets, for further metrics.
    """
    sums = _Sums(objective, decisions)
    with mode_kept(network), torch.inference_mode():
        network.eval()
        for inputs, targets in images.batches(torch.arange(len(images)), batch):
            outputs = call(network, inputs)
            sums.add(outputs, targets)
            if watched is not None:
                watched.add(main_output(outputs), targets)
    return sums.metrics(len(images))


def predictions(
    network: nn.Module,
    images: Images,
    objective: Objective,
    decisions: Decisions,
    *,
    batch: int,
    passes: Passes | None = None,
    mean: Mean = mean_of_values,
    device: torch.device | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Predictions:
    """Return what a network says of every image, in eval mode; modes are restored after.

    With one pass over each image, loss and accuracy are exactly those of `evaluate`.

    Parameters
    ----------
    network, images, objective, decisions
        As of `evaluate`; the images come with all views that `passes` makes of them.
    batch
        Views of images that are computed at once.
    passes, mean
        How often the network is asked about each image, and how its answers are averaged.
    device
        Where it computes; its random draws are restored afterwards.
    progress
        Called with the share that is done.
    """
    passes = passes or Passes()
    rows = _Rows(objective, decisions)
    done = 0
    with mode_kept(network), torch.inference_mode(), passes.seeded(device or torch.device("cpu")):
        network.eval()
        size = max(1, batch // passes.kind.views)
        for inputs, targets in images.batches(torch.arange(len(images)), size):
            progress(done / len(images))
            rows.add(passes.ask(network, inputs, mean), targets)
            done += len(targets)
    progress(1.0)
    return rows.predictions()


def predictions_of(
    outputs: Tensor, targets: Tensor, objective: Objective, decisions: Decisions, *, batch: int
) -> Predictions:
    """Return predictions whose outputs are known, such as the means of several networks.

    Parameters
    ----------
    outputs, targets
        Of all images, (n, k) and (n,) or (n, k), on the device of the objective.
    objective, decisions
        As of `evaluate`.
    batch
        Images whose losses are computed at once.
    """
    rows = _Rows(objective, decisions)
    with torch.inference_mode():
        for start in range(0, len(outputs), batch):
            rows.add(outputs[start : start + batch], targets[start : start + batch])
    return rows.predictions()


class _Rows:
    """Outputs, targets and losses of batches, put together."""

    def __init__(self, objective: Objective, decisions: Decisions) -> None:
        self._objective, self._decisions = objective, decisions
        self._sums = _Sums(objective, decisions)
        self._rows: list[tuple[Tensor, ...]] = []

    def add(self, outputs: Outputs, targets: Tensor) -> None:
        self._sums.add(outputs, targets)
        output = main_output(outputs).float()
        row = [output, targets, self._objective.each(output, targets)]
        if self._decisions.each:
            row.append(self._decisions.predicted(output))
        if self._decisions.targets == "tokens":  # whose outputs would take much memory
            row[0] = output.new_empty(len(output), 0)
        self._rows.append(tuple(each.cpu() for each in row))

    def predictions(self) -> Predictions:
        outputs, targets, losses, *rest = (
            torch.cat(column).numpy() for column in zip(*self._rows, strict=True)
        )
        top = None
        if self._decisions.targets == "classes":
            top = top_k(outputs, targets, min(TOP, outputs.shape[1]))
        metrics = self._sums.metrics(len(targets), top5=top)
        return Predictions(outputs, targets, losses, rest[0] if rest else None, metrics)


class _Sums:
    """Losses and right decisions of batches, added up."""

    def __init__(self, objective: Objective, decisions: Decisions) -> None:
        self._objective = objective
        self._decisions = decisions
        self._has_costs = objective.has_costs and decisions.targets == "classes"
        self._loss, self._share, self._cost, self._right, self._exact = 0.0, 0.0, 0.0, 0, 0

    def add(self, outputs: Outputs, targets: Tensor) -> None:
        decisions, objective = self._decisions, self._objective
        counts = objective.share(targets).item()
        self._loss += objective(outputs, targets).item() * counts
        self._share += counts
        if decisions.each:
            self._right += int(decisions.right(main_output(outputs), targets))
        if self._has_costs:
            self._cost += objective.cost(main_output(outputs), targets).item()
        if decisions.targets == "labels":
            self._exact += int(decisions.all_right(main_output(outputs), targets))

    def metrics(self, images: int, *, top5: float | None = None) -> Metrics:
        """Return the means over so many images."""
        each = self._decisions.each
        return Metrics(
            loss=self._loss / self._share,
            accuracy=self._right / (images * each) if each else None,
            exact_match=self._exact / images if self._decisions.targets == "labels" else None,
            top5=top5,
            cost=self._cost / images if self._has_costs else None,
        )
