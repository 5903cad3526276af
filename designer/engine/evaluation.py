"""Loss and accuracy on images that were not trained on, and the test part in detail."""

import io
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from designer.engine.batches import Images
from designer.engine.decisions import Decisions
from designer.engine.freezing import mode_kept
from designer.engine.losses import Objective, main_output
from designer.engine.scores import label_scores, number_scores
from designer.runs.folder import RunFolder
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Metrics
from designer.storage import unwritable, write_atomically

_MISTAKES = 100  # the worst that are listed


def evaluate(
    network: nn.Module, images: Images, objective: Objective, decisions: Decisions, *, batch: int
) -> Metrics:
    """Return mean loss and accuracy over all images, in eval mode; modes are restored after.

    The loss is that of the training, with its class weights; the accuracy counts every decision
    the same.

    Parameters
    ----------
    network, images, objective, decisions
        What is evaluated, on what, its loss, and how its outputs are read.
    batch
        Images evaluated at once.
    """
    loss, share, right, exact = 0.0, 0.0, 0, 0
    with mode_kept(network), torch.inference_mode():
        network.eval()
        for inputs, targets in images.batches(torch.arange(len(images)), batch):
            outputs = network(inputs)
            counts = objective.share(targets).item()
            loss += objective(outputs, targets).item() * counts
            share += counts
            if decisions.each:
                right += int(decisions.right(main_output(outputs), targets))
            if decisions.targets == "labels":
                exact += int(decisions.all_right(main_output(outputs), targets))
    return Metrics(
        loss=loss / share,
        accuracy=right / (len(images) * decisions.each) if decisions.each else None,
        exact_match=exact / len(images) if decisions.targets == "labels" else None,
    )


def write_details(
    network: nn.Module,
    images: Images,
    objective: Objective,
    decisions: Decisions,
    *,
    batch: int,
    preprocessing: Preprocessing,
    run: RunFolder,
) -> None:
    """Write the main output for every image into the run's ``evaluation`` folder.

    - ``predictions.npz``: ``outputs`` (n, k), ``targets`` (n,) or (n, k), ``losses`` (n,), not
      weighted by class, and ``predicted``: class numbers (n,) or labels, bool (n, k).
    - ``labels.json``, for several labels: how often each was rightly and wrongly predicted; see
      `designer.runs.scores`.
    - ``numbers.json``, for numbers: the errors of each; see `designer.runs.scores`.
    - ``confusion.json``, for classes: ``matrix[i][j]`` counts images of class i predicted as j.
    - ``mistakes.json``, for classes: the misclassified images with the largest losses; ``index`` is
      that in the test part, ``probability`` that of the predicted class.
    - ``mistakes.npz``, for classes: their ``images`` (m, channels, height, width), uint8, at the
      size of the network's input.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    classes, labels = preprocessing.classes, preprocessing.labels
    network.eval()
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    with torch.inference_mode():
        for inputs, targets in images.batches(torch.arange(len(images)), batch):
            output = main_output(network(inputs)).float()
            rows.append((output.cpu(), targets.cpu(), objective.each(output, targets).cpu()))
    columns = (torch.cat(column).numpy() for column in zip(*rows, strict=True))
    tables = dict(zip(("outputs", "targets", "losses"), columns, strict=True))
    files: dict[str, bytes] = {}
    if labels:
        assert decisions.thresholds is not None
        outputs = torch.from_numpy(tables["outputs"]).to(decisions.thresholds.device)
        tables["predicted"] = decisions.predicted(outputs).cpu().numpy()
        given = decisions.threshold
        thresholds = given if len(given) == len(labels) else given * len(labels)
        scores = label_scores(tables["predicted"], tables["targets"], labels, thresholds)
        files["labels.json"] = _json(scores)
    elif not classes:
        names = preprocessing.numbers or tuple(map(str, range(tables["outputs"].shape[1])))
        files["numbers.json"] = _json(number_scores(tables["outputs"], tables["targets"], names))
    if classes:
        tables["predicted"] = predicted = tables["outputs"].argmax(1)
        true = tables["targets"]
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(matrix, (true, predicted), 1)
        wrong = np.flatnonzero(predicted != true)
        worst = wrong[np.argsort(-tables["losses"][wrong], kind="stable")][:_MISTAKES]
        mistakes = [
            {
                "index": int(i),
                "class": classes[true[i]],
                "predicted": classes[predicted[i]],
                "probability": float(torch.from_numpy(tables["outputs"][i]).softmax(0).max()),
                "loss": float(tables["losses"][i]),
            }
            for i in worst
        ]
        confusion = {"classes": list(classes), "matrix": matrix.tolist()}
        files["confusion.json"] = _json(confusion)
        files["mistakes.json"] = _json(mistakes)
        files["mistakes.npz"] = _packed(images=_pictures(images, worst, preprocessing))
    files["predictions.npz"] = _packed(**tables)
    try:
        run.evaluation.mkdir(exist_ok=True)
        for name, content in files.items():
            write_atomically(run.evaluation / name, content)
    except OSError as error:
        raise unwritable(run.evaluation, error) from error


def _pictures(
    images: Images, chosen: np.ndarray[Any, Any], preprocessing: Preprocessing
) -> np.ndarray[Any, Any]:
    """Return images as they were before standardization, uint8 (n, channels, height, width)."""
    mean = torch.tensor(preprocessing.mean).view(-1, 1, 1)
    deviation = torch.tensor(preprocessing.deviation).view(-1, 1, 1)
    pieces = [torch.empty(0, *preprocessing.input)]
    for inputs, _ in images.batches(torch.from_numpy(chosen.astype(np.int64)), _MISTAKES):
        pieces.append(inputs.float().cpu() * deviation + mean)
    values = torch.cat(pieces)
    if len(values) and (values.min() < -0.01 or values.max() > 1.01):  # floats of any scale
        values = (values - values.min()) / (values.max() - values.min())
    return (values.clamp(0, 1) * 255).round().byte().numpy()


def _json(content: object) -> bytes:
    return msgspec.json.encode(content) + b"\n"


def _packed(**tables: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **tables)  # type: ignore[arg-type]
    return file.getvalue()
