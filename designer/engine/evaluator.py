"""Evaluating a network on a part of a data set: predictions, all figures, and files of both."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from designer.analysis.analysis import Analysis
from designer.data import Part
from designer.engine import device as devices
from designer.engine.batches import Images
from designer.engine.decisions import Decisions
from designer.engine.evaluation import Predictions, predictions
from designer.engine.evaluation_files import write_evaluation
from designer.engine.losses import Objective
from designer.engine.part_images import part_images
from designer.engine.passes import Passes, mean_of, passes_of
from designer.metrics.summary import Asked, all_figures, of_loss, probabilities
from designer.recipe.recipe import Recipe
from designer.runs.evaluation_record import EvaluationRecord, Meaning, meaning_of
from designer.runs.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class Evaluator:
    """A network with all that evaluating it depends on.

    Attributes
    ----------
    network, analysis
        The network on its device, and the analysis of its design.
    recipe
        Its loss, batch, precision and seed, and how it is asked: the group ``evaluation``.
    preprocessing
        How pictures become its input, and what its outputs stand for.
    objective, decisions
        Its loss, and how its outputs are read.
    device
        Where it is.
    batch
        Images that are computed at once.
    """

    network: nn.Module
    analysis: Analysis
    recipe: Recipe
    preprocessing: Preprocessing
    objective: Objective
    decisions: Decisions
    device: torch.device
    batch: int

    @property
    def passes(self) -> Passes:
        """How often the network is asked about each example: other inputs have one view."""
        settings = self.recipe.evaluation
        if self.preprocessing.inputs or self.preprocessing.gives_input:
            settings = msgspec.structs.replace(settings, test_time="none")
        return passes_of(settings, self.analysis, seed=self.recipe.seed)

    @property
    def meaning(self) -> Meaning:
        """What its outputs are."""
        return meaning_of(self.analysis, self.recipe, self.preprocessing)

    @contextmanager
    def images(self, part: Part, source: Path) -> Iterator[Images]:
        """Give the images of a part of the data set at a path, with all views of each.

        Raises
        ------
        DesignerError
            An image cannot be read or cannot become the network's input.
        """
        with part_images(
            part,
            self.preprocessing,
            self.recipe.data,
            passes=self.passes,
            device=self.device,
            batch=self.batch,
            source=source,
        ) as found:
            yield found

    def predictions(
        self, images: Images, *, progress: Callable[[float], None] = lambda _: None
    ) -> Predictions:
        """Return what the network says of all images of `images`."""
        passes = self.passes
        with self._autocast():
            return predictions(
                self.network,
                images,
                self.objective,
                self.decisions,
                batch=self.batch,
                passes=passes,
                mean=mean_of(self.recipe.loss, self.meaning, self.preprocessing.targets),
                device=self.device,
                progress=progress,
            )

    def _autocast(self) -> AbstractContextManager[Any]:
        lower = devices.precision(self.recipe.precision, self.device).lower
        return nullcontext() if lower is None else torch.autocast("cuda", dtype=lower)

    def figures(self, found: Predictions) -> dict[str, Any]:
        """Return all figures of predictions as plain values; see `designer.metrics.summary`."""
        preprocessing, loss = self.preprocessing, found.metrics.loss
        first = {"images": len(found.targets), "loss": loss if math.isfinite(loss) else None}
        targets = preprocessing.targets
        names = preprocessing.classes or preprocessing.labels or preprocessing.numbers
        asked = Asked(
            targets,
            names or tuple(map(str, range(found.outputs.shape[1]))),
            self.decisions.threshold,
            self.recipe.loss.cost_matrix,
        )
        if targets == "tokens" and math.isfinite(loss):
            first |= of_loss(loss)
        values = probabilities(found.outputs, self.meaning, targets)
        return {**first, **all_figures(values, found.predicted, found.targets, asked)}

    def record(
        self, found: Predictions, *, part: str, notes: tuple[str, ...] = (), **fields: Any
    ) -> EvaluationRecord:
        """Return what ``evaluation.json`` says of predictions.

        Parameters
        ----------
        found, part
            What was predicted, of which part.
        notes
            Sentences for the user; that on random draws is added.
        **fields
            Further fields of `EvaluationRecord`.
        """
        passes = self.passes
        return EvaluationRecord(
            part=part,
            outputs=self.meaning,
            test_time=passes.kind.name,
            samples=passes.samples,
            things="examples" if self.preprocessing.inputs else "images",
            notes=tuple(dict.fromkeys(filter(None, (*notes, passes.note)))),
            figures={"part": part, **self.figures(found)},
            **fields,
        )

    def write(
        self, folder: Path, found: Predictions, record: EvaluationRecord, images: Images
    ) -> None:
        """Write predictions and figures into a folder; see `write_evaluation`.

        Raises
        ------
        DesignerError
            It cannot be written.
        """
        write_evaluation(
            folder,
            found,
            record,
            images=images,
            passes=self.passes,
            preprocessing=self.preprocessing,
            thresholds=self.decisions.threshold,
        )
