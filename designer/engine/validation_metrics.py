"""The metrics that a recipe watches on the validation part: what computes each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from designer.engine.decisions import Decisions
from designer.metrics import calibration, curves, regression, scores
from designer.metrics.summary import TOP, of_loss, probabilities
from designer.recipe.watching import METRICS
from designer.runs.evaluation_record import Meaning


@dataclass(frozen=True)
class Predictions:
    """What a network predicts for the images of a part, and what is right.

    Attributes
    ----------
    values
        Probabilities (n, classes) or (n, labels), or numbers (n, k); float64.
    predicted
        Class numbers (n,) or labels (n, labels); empty for numbers.
    targets
        Class numbers (n,), labels (n, labels) or numbers (n, k).
    """

    values: NDArray[np.float64]
    predicted: NDArray[np.int64]
    targets: NDArray[np.float64]

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Which class or labels each image has, (n, classes) or (n, labels)."""
        if self.targets.ndim == 1:
            one_hot: NDArray[np.bool_] = curves.one_hot(self.targets, self.values.shape[1])
            return one_hot
        return self.targets.astype(bool)

    def macro(self) -> scores.Average:
        """Return the mean figures of the classes or labels that are there or predicted."""
        if self.targets.ndim == 1:
            matrix = scores.confusion(self.predicted, self.targets, self.values.shape[1])
            counts = scores.counts_of_classes(matrix)
        else:
            counts = scores.counts_of_labels(self.predicted, self.targets)
        return scores.average(counts.occurring(), "macro")

    def curves(self) -> list[curves.Curve]:
        """Return the curve of each class or label against the others."""
        positive = self.positive
        return [curves.curve(self.values[:, i], positive[:, i]) for i in range(positive.shape[1])]


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are defined; NaN if none is."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else np.nan


_FUNCTIONS: Mapping[str, Callable[[Predictions], float]] = {
    "top5": lambda made: scores.top_k(made.values, made.targets, TOP),
    "macro_precision": lambda made: made.macro().precision,
    "macro_recall": lambda made: made.macro().recall,
    "macro_f1": lambda made: made.macro().f1,
    "average_precision": lambda made: _mean([each.average_precision for each in made.curves()]),
    "roc_auc": lambda made: _mean([each.area for each in made.curves()]),
    "calibration_error": lambda made: (
        calibration.calibration(*calibration.top(made.values, made.targets)).error
    ),
    "mean_absolute_error": lambda made: float(
        regression.errors(made.values, made.targets).mae.mean()
    ),
    "r2": lambda made: _mean(regression.errors(made.values, made.targets).r2.tolist()),
}
"""The function of each row of `designer.recipe.watching.METRICS`.

Those of texts follow from the mean loss: see `designer.metrics.summary.of_loss`.
"""


@dataclass
class WatchedMetrics:
    """Collects the outputs of an evaluation, batch by batch, and computes metrics of them.

    Attributes
    ----------
    names
        The metrics; those that are not defined for the targets are left out.
    decisions
        What the outputs stand for.
    meaning
        What the outputs are.
    """

    names: Sequence[str]
    decisions: Decisions
    meaning: Meaning = "logits"
    _outputs: list[Tensor] = field(default_factory=list)
    _targets: list[Tensor] = field(default_factory=list)
    _sum: float = 0.0  # of texts, whose outputs would take much memory
    _tokens: int = 0

    def __post_init__(self) -> None:
        targets = self.decisions.targets
        self.names = [name for name in self.names if targets in METRICS[name].targets]

    def add(self, output: Tensor, targets: Tensor) -> None:
        """Take the main output (n, k) of a batch and its targets."""
        if not self.names:
            return
        if self.decisions.targets == "tokens":
            logarithms = F.cross_entropy(
                output.detach().float().flatten(0, -2), targets.flatten(), reduction="sum"
            )
            self._sum += logarithms.item()
            self._tokens += targets.numel()
        else:
            self._outputs.append(output.detach().float())
            self._targets.append(targets)

    def read(self) -> dict[str, float]:
        """Return the metrics of what was added, by name, and forget it."""
        if self._tokens:
            found = of_loss(self._sum / self._tokens)
            self._sum, self._tokens = 0.0, 0
            return {name: found[name] for name in METRICS if name in self.names}
        if not self._outputs:
            return {}
        outputs, targets = torch.cat(self._outputs), torch.cat(self._targets)
        self._outputs, self._targets = [], []
        made = self._predictions(outputs, targets)
        return {name: _FUNCTIONS[name](made) for name in METRICS if name in self.names}

    def _predictions(self, outputs: Tensor, targets: Tensor) -> Predictions:
        values = probabilities(outputs.cpu().numpy(), self.meaning, self.decisions.targets)
        predicted = np.empty(0, np.int64)
        if self.decisions.each:
            predicted = self.decisions.predicted(outputs).long().cpu().numpy()
        return Predictions(values, predicted, targets.cpu().numpy())
