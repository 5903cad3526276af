"""What an evaluation leaves in a folder: predictions, figures, and the worst mistakes."""

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from designer.engine.batches import Images, finish
from designer.engine.evaluation import Predictions
from designer.engine.passes import Passes
from designer.engine.scores import label_scores, number_scores
from designer.metrics.summary import probabilities
from designer.runs.evaluation_record import EvaluationRecord
from designer.runs.preprocessing import Preprocessing
from designer.storage import unwritable, write_atomically

_MISTAKES = 100  # the worst that are listed
_VALUES = 2**24  # of outputs that are inputs again, which are stored: 64 MiB


def write_evaluation(
    folder: Path,
    found: Predictions,
    record: EvaluationRecord,
    *,
    images: Images,
    passes: Passes,
    preprocessing: Preprocessing,
    thresholds: tuple[float, ...],
) -> None:
    """Write an evaluation into a folder, such as ``evaluation`` of a run.

    - ``predictions.npz``: ``outputs`` (n, k), ``targets`` (n,) or (n, k), ``losses`` (n,), not
      weighted by class, and ``predicted``: class numbers (n,) or labels, bool (n, k). Row i is
      image i of the part. Of a network that gives its input again, the first examples that take 64
      MiB have rows of their values.
    - ``evaluation.json``: all figures, and what the outputs are; see
      `designer.runs.evaluation_record`.
    - ``labels.json``, for several labels: how often each was rightly and wrongly predicted; see
      `designer.runs.scores`.
    - ``numbers.json``, for numbers: the errors of each; see `designer.runs.scores`.
    - ``confusion.json``, for classes: ``matrix[i][j]`` counts images of class i predicted as j.
    - ``mistakes.json``, for classes: the misclassified images with the largest losses; ``index`` is
      that in the part, ``probability`` that of the predicted class.
    - ``mistakes.npz``, for classes of images: their ``images`` (m, channels, height, width), uint8,
      at the size of the network's input.

    Parameters
    ----------
    folder
        It is made if it is missing.
    found, record
        What is written.
    images, passes, preprocessing
        Of which the pictures of mistakes are taken.
    thresholds
        The probability from which on each label is predicted, or one for all.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    classes, labels = preprocessing.classes, preprocessing.labels
    tables = {"outputs": found.outputs, "targets": found.targets, "losses": found.losses}
    if preprocessing.gives_input:
        most = max(1, _VALUES // max(1, found.outputs[0].size))
        for name in ("outputs", "targets"):
            tables[name] = tables[name][:most].reshape(min(most, len(found.losses)), -1)
    if preprocessing.vocabulary is not None and found.predicted is not None:
        most = max(1, _VALUES // found.targets.shape[1])
        tables["targets"] = found.targets[:most].astype(np.int32)
        tables["predicted"] = found.predicted[:most].astype(np.int32)
    elif found.predicted is not None:
        tables["predicted"] = found.predicted
    files = {"evaluation.json": record.to_json()}
    if labels:
        assert found.predicted is not None
        files["labels.json"] = _json(
            label_scores(found.predicted, found.targets, labels, each_label(thresholds, labels))
        )
    elif preprocessing.targets == "numbers":
        names = preprocessing.numbers or tuple(map(str, range(found.outputs.shape[1])))
        files["numbers.json"] = _json(number_scores(found.outputs, found.targets, names))
    if classes:
        assert found.predicted is not None
        true, predicted = found.targets, found.predicted
        wrong = np.flatnonzero(predicted != true)
        worst = wrong[np.argsort(-found.losses[wrong], kind="stable")][:_MISTAKES]
        sure = probabilities(found.outputs[worst], record.outputs, "classes").max(1)
        mistakes = [
            {
                "index": int(index),
                "class": classes[true[index]],
                "predicted": classes[predicted[index]],
                "probability": float(probability),
                "loss": float(found.losses[index]),
            }
            for index, probability in zip(worst, sure, strict=True)
        ]
        matrix = record.figures["confusion"]
        files["confusion.json"] = _json({"classes": list(classes), "matrix": matrix})
        files["mistakes.json"] = _json(mistakes)
        if preprocessing.input:
            files["mistakes.npz"] = _packed(images=_pictures(images, worst, passes, preprocessing))
    files["predictions.npz"] = _packed(**tables)
    try:
        folder.mkdir(exist_ok=True, parents=True)
        for name, content in files.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise unwritable(folder, error) from error


def _pictures(
    images: Images, chosen: NDArray[Any], passes: Passes, preprocessing: Preprocessing
) -> NDArray[Any]:
    """Return images as they were before preprocessing, uint8 (n, channels, height, width)."""
    steps = finish(preprocessing, device=torch.device("cpu"))
    pieces = [torch.empty(0, *preprocessing.input)]
    for inputs, _ in images.batches(torch.from_numpy(chosen.astype(np.int64)), _MISTAKES):
        assert isinstance(inputs, torch.Tensor)
        pieces.append(steps.undone(passes.plain(inputs).cpu()))
    values = torch.cat(pieces)
    if len(values) and (values.min() < -0.01 or values.max() > 1.01):  # floats of any scale
        values = (values - values.min()) / (values.max() - values.min())
    return (values.clamp(0, 1) * 255).round().byte().numpy()


def each_label(thresholds: tuple[float, ...], labels: tuple[str, ...]) -> tuple[float, ...]:
    """Return the threshold of each label: that of all where only one is given."""
    return thresholds if len(thresholds) == len(labels) else thresholds * len(labels)


def _json(content: object) -> bytes:
    return msgspec.json.encode(content) + b"\n"


def _packed(**tables: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **tables)  # type: ignore[arg-type]
    return file.getvalue()
