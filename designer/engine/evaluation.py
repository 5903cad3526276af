"""Loss and accuracy on images that were not trained on, and the test part in detail."""

import io
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from designer.engine.batches import Images
from designer.engine.freezing import mode_kept
from designer.engine.losses import Objective, correct, main_output
from designer.runs.folder import RunFolder
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Metrics
from designer.storage import unwritable, write_atomically

_MISTAKES = 100  # the worst that are listed


def evaluate(
    network: nn.Module, images: Images, objective: Objective, *, batch: int, classes: int
) -> Metrics:
    """Return mean loss and accuracy over all images, in eval mode; modes are restored after.

    Parameters
    ----------
    network, images, objective
        What is evaluated, on what, and its loss.
    batch
        Images evaluated at once.
    classes
        The number of classes; 0 for regression, which has no accuracy.
    """
    loss, hits = 0.0, 0
    with mode_kept(network), torch.inference_mode():
        network.eval()
        for inputs, targets in images.batches(torch.arange(len(images)), batch):
            outputs = network(inputs)
            loss += objective(outputs, targets).item() * len(targets)
            if classes:
                hits += int(correct(main_output(outputs), targets))
    return Metrics(loss=loss / len(images), accuracy=hits / len(images) if classes else None)


def write_details(
    network: nn.Module,
    images: Images,
    objective: Objective,
    *,
    batch: int,
    preprocessing: Preprocessing,
    run: RunFolder,
) -> None:
    """Write the main output for every image into the run's ``evaluation`` folder.

    - ``predictions.npz``: ``outputs`` (n, k), ``targets`` (n,) or (n, k), ``losses`` (n,) and, for
      classes, ``predicted`` (n,).
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
    classes = preprocessing.classes
    network.eval()
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    with torch.inference_mode():
        for inputs, targets in images.batches(torch.arange(len(images)), batch):
            output = main_output(network(inputs)).float()
            rows.append((output.cpu(), targets.cpu(), objective.each(output, targets).cpu()))
    columns = (torch.cat(column).numpy() for column in zip(*rows, strict=True))
    tables = dict(zip(("outputs", "targets", "losses"), columns, strict=True))
    files: dict[str, bytes] = {}
    if classes:
        tables["predicted"] = predicted = tables["outputs"].argmax(1)
        labels = tables["targets"]
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(matrix, (labels, predicted), 1)
        wrong = np.flatnonzero(predicted != labels)
        worst = wrong[np.argsort(-tables["losses"][wrong], kind="stable")][:_MISTAKES]
        mistakes = [
            {
                "index": int(i),
                "class": classes[labels[i]],
                "predicted": classes[predicted[i]],
                "probability": float(torch.from_numpy(tables["outputs"][i]).softmax(0).max()),
                "loss": float(tables["losses"][i]),
            }
            for i in worst
        ]
        confusion = {"classes": list(classes), "matrix": matrix.tolist()}
        files["confusion.json"] = msgspec.json.encode(confusion) + b"\n"
        files["mistakes.json"] = msgspec.json.encode(mistakes) + b"\n"
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


def _packed(**tables: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **tables)  # type: ignore[arg-type]
    return file.getvalue()
