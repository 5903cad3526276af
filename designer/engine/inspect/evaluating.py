"""Evaluating a network on its own data or on any other, and showing the images of a result."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from designer.data.pictures import Array
from designer.engine.batches import form_of
from designer.engine.decisions import decisions
from designer.engine.evaluation import Predictions
from designer.engine.evaluator import Evaluator
from designer.engine.inspect.evaluation_data import EvaluationData, evaluation_data, key_of
from designer.engine.inspect.pictures import averaged, seen
from designer.engine.inspect.subject import Loaded
from designer.engine.losses import Objective
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import network_info
from designer.runs.evaluation_record import EvaluationRecord
from designer.runs.inspection import recipe_of
from designer.shared_arrays import Arrays

_GROUPS = ("data.", "evaluation.")
_REMEMBERED = 2  # data sets whose images may be looked at: that of a run, and another
_BATCH = 64  # pictures that are read at once


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is evaluated, and how.

    Attributes
    ----------
    data
        The path or name of a data set; "" for the network's own data.
    part
        ``train``, ``validation`` or ``test``; "" for the test part, or for all images of another
        data set that has no parts.
    settings
        Of the recipe's groups ``data``, which say how another data set is read, and
        ``evaluation``, by their dotted names.
    batch
        Images that are computed at once; None for those of the recipe.
    """

    data: str = ""
    part: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch: int | None = None

    def __post_init__(self) -> None:
        for name in self.settings:
            if not name.startswith(_GROUPS):
                raise DesignerError(
                    f"{name} has no effect on an evaluation: give settings that begin with "
                    f"{' or '.join(_GROUPS)}"
                )
        if self.reading and not self.data:
            raise DesignerError(
                f"{next(iter(self.reading))} says how another data set is read: name one (on the "
                "command line with --data), or leave the setting out."
            )

    @property
    def reading(self) -> dict[str, Any]:
        """The settings that say how another data set is read."""
        return {name: value for name, value in self.settings.items() if name.startswith("data.")}

    @property
    def asking(self) -> dict[str, Any]:
        """The settings that say how the network is asked."""
        return {name: value for name, value in self.settings.items() if name not in self.reading}


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The result of an evaluation.

    Attributes
    ----------
    predictions
        Of every image.
    record
        All figures, and how they were found.
    """

    predictions: Predictions
    record: EvaluationRecord

    def arrays(self) -> Arrays:
        """Return the arrays that ``predictions.npz`` has."""
        found = self.predictions
        arrays = {"outputs": found.outputs, "targets": found.targets, "losses": found.losses}
        return arrays if found.predicted is None else {**arrays, "predicted": found.predicted}


class UnwrittenError(DesignerError):
    """The result of an evaluation cannot be written; ``found`` is the result."""

    def __init__(self, sentence: str, found: Evaluated) -> None:
        super().__init__(sentence)
        self.found = found


def evaluate(
    loaded: Loaded,
    choice: Choice,
    *,
    write: Callable[[EvaluationRecord], Path | None] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Evaluated:
    """Evaluate a network.

    Parameters
    ----------
    loaded
        The network.
    choice
        What is evaluated, and how.
    write
        Returns the folder into which everything is written, None for none.
    progress
        Called with the share that is done.

    Raises
    ------
    UnwrittenError
        The folder cannot be written.
    DesignerError
        The data cannot be evaluated; see `evaluation_data`.
    """
    recipe = changed(recipe_of(loaded.subject), choice.asking)
    progress(0.0)
    data = chosen_data(loaded, choice, anew=True)
    evaluator = evaluator_of(loaded, recipe, batch=choice.batch)
    with evaluator.images(data.part, data.path) as images:
        found = evaluator.predictions(images, progress=progress)
        record = evaluator.record(
            found,
            part=data.name,
            notes=(*loaded.notes, *data.notes),
            data=data.data,
            source=data.source,
            weights=loaded.subject.weights,
            epoch=loaded.epoch,
        )
        result = Evaluated(found, record)
        folder = write(record) if write is not None else None
        if folder is not None:
            try:
                evaluator.write(folder, found, record, images)
            except DesignerError as error:
                raise UnwrittenError(str(error), result) from error
    return result


def evaluator_of(loaded: Loaded, recipe: Recipe, *, batch: int | None = None) -> Evaluator:
    """Return what evaluates a network by a recipe."""
    preprocessing = loaded.preprocessing
    weights = preprocessing.class_weights
    objective = Objective(
        recipe.loss,
        network_info(loaded.analysis).outputs,
        weights=torch.tensor(weights, device=loaded.device) if weights else None,
    )
    return Evaluator(
        loaded.network,
        loaded.analysis,
        recipe,
        preprocessing,
        objective,
        decisions(preprocessing, recipe.loss, loaded.device),
        loaded.device,
        batch or recipe.batch,
    )


def examples(
    loaded: Loaded,
    choice: Choice,
    indices: Sequence[int],
    *,
    side: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Array, list[str]]:
    """Return images of the part that is evaluated, as the network sees them, to be shown.

    Parameters
    ----------
    loaded
        The network.
    choice
        What is evaluated.
    indices
        Of the images in the part.
    side
        The longest side in pixels; larger ones are averaged. None shows every pixel.
    progress
        Called with the share that is done.

    Returns
    -------
    Array
        uint8 (n, height, width, channels).
    list of str
        The names of their files; empty ones where they are in no files.

    Raises
    ------
    DesignerError
        There is no such image, or it cannot be read.
    """
    part = chosen_data(loaded, choice).part
    rows = np.array(list(indices), np.int64)
    if len(wrong := rows[(rows < 0) | (rows >= len(part))]):
        raise DesignerError(
            f"The part has the images 0 to {len(part) - 1:,}; there is no image {wrong[0]:,}."
        )
    form = form_of(loaded.preprocessing)
    size = [form.height, form.width]
    if side is not None and max(size) > side:
        size = [max(1, round(each * side / max(size))) for each in size]
    shown = np.zeros((len(rows), *size, form.channels), np.uint8)
    for start in range(0, len(rows), _BATCH):
        progress(start / len(rows))
        some = slice(start, start + _BATCH)
        shown[some] = averaged(seen(part.images.read(rows[some], form)), size)
    progress(1.0)
    names = part.names or ("",) * len(part)
    return shown, [names[row] for row in rows]


_data: OrderedDict[bytes, EvaluationData] = OrderedDict()


def chosen_data(loaded: Loaded, choice: Choice, *, anew: bool = False) -> EvaluationData:
    """Return the images of a choice; the last two are remembered, so that each can be shown.

    Parameters
    ----------
    loaded, choice
        The network, and what is evaluated.
    anew
        Whether they are read again, as files may have changed.

    Raises
    ------
    DesignerError
        The data cannot be evaluated; see `evaluation_data`.
    """
    key = key_of(loaded, choice.data, choice.part, choice.reading)
    found = _data.pop(key, None)
    if found is None or anew:
        found = evaluation_data(loaded, data=choice.data, part=choice.part, settings=choice.reading)
    _data[key] = found
    while len(_data) > _REMEMBERED:
        _data.popitem(last=False)
    return found
