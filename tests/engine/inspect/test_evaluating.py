"""Evaluating a run on its own and on other data, against scikit-learn and torch."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn import metrics as oracle
from torchvision.transforms.v2 import functional as transforms

from designer.data.pictures import PictureForm
from designer.engine.batches import finish
from designer.engine.inspect import evaluating
from designer.engine.inspect.evaluating import Choice
from designer.engine.inspect.evaluation_data import evaluation_data
from designer.engine.inspect.requests import REQUESTS, Job
from designer.engine.inspect.subject import Loaded, load
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.evaluation_record import EvaluationRecord
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from tests.engine.samples import create, tiny_recipe, write_data

NAMES = ("top", "middle", "bottom")


def write_named(
    path: Path, names: tuple[str, ...] = NAMES, *, images: int = 60, parts: bool = False
) -> Path:
    """Write noisy squares whose places tell their classes, which have names."""
    generator = np.random.default_rng(7)
    labels = np.arange(images) % len(names)
    pictures = generator.integers(0, 200, (images, 8, 8)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        place = NAMES.index(names[label].lower()) if names[label].lower() in NAMES else 0
        picture[2 * place : 2 * place + 2] = 40 + picture[2 * place : 2 * place + 2] * 0.8
    arrays = {"x_train": pictures, "y_train": labels, "classes": np.array(names)}
    if parts:
        arrays |= {"x_test": pictures[:30], "y_test": labels[:30]}
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("evaluating")
    data = write_named(folder / "named.npz", images=120)
    found = create(folder / "run", tiny_recipe(data, epochs=1, data__test=0.3))
    train(found)
    return found


def loaded(run: RunFolder, weights: str = "best") -> Loaded:
    return load(Subject(run=str(run.path), weights=weights), device="cpu")


def softmax(outputs: NDArray[Any]) -> NDArray[Any]:
    return torch.from_numpy(outputs).double().softmax(1).numpy()


def check_against_scikit_learn(record: EvaluationRecord, arrays: dict[str, Any]) -> None:
    figures, targets = record.figures, arrays["targets"]
    probability, numbers = softmax(arrays["outputs"]), np.arange(len(NAMES))
    predicted = arrays["outputs"].argmax(1)
    assert figures["images"] == len(targets)
    assert figures["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert figures["top5"] == 1
    assert figures["loss"] == pytest.approx(
        oracle.log_loss(targets, probability, labels=numbers), abs=1e-6
    )
    matrix = oracle.confusion_matrix(targets, predicted, labels=numbers)
    assert figures["confusion"] == matrix.tolist()
    columns = oracle.precision_recall_fscore_support(
        targets, predicted, labels=numbers, zero_division=np.nan
    )
    for name, values in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        own = [each[name] for each in figures["per_class"]]
        assert own == pytest.approx([None if np.isnan(x) else x for x in values])
    assert [each["class"] for each in figures["per_class"]] == list(NAMES)
    for how in ("macro", "weighted", "micro"):
        wanted = oracle.precision_recall_fscore_support(
            targets, predicted, average=how, zero_division=0
        )
        own = [figures[how][name] for name in ("precision", "recall", "f1")]
        assert own == pytest.approx(wanted[:3])
        assert figures[how]["support"] == len(targets)
    for number in numbers:
        there = targets == number
        scores = probability[:, number]
        if not there.any():
            assert figures["average_precision"][number] is None
            assert figures["roc_auc"][number] is None
            continue
        wanted = oracle.average_precision_score(there, scores)
        assert figures["average_precision"][number] == pytest.approx(wanted)
        assert figures["roc_auc"][number] == pytest.approx(oracle.roc_auc_score(there, scores))
    json.dumps(figures, allow_nan=False)


def test_a_run_is_evaluated_as_at_its_end(run: RunFolder) -> None:
    found = evaluating.evaluate(loaded(run), Choice())
    result = run.result()
    assert result is not None and result.test is not None
    assert found.predictions.metrics == result.test
    written = msgspec.json.decode(
        (run.evaluation / "evaluation.json").read_bytes(), type=EvaluationRecord
    )
    assert written == found.record
    assert (written.part, written.epoch, written.outputs) == ("test", 1, "logits")
    with np.load(run.evaluation / "predictions.npz") as tables:
        assert np.array_equal(tables["predicted"], found.predictions.predicted)
        assert np.array_equal(tables["outputs"], found.predictions.outputs)
    assert 0 < found.record.figures["accuracy"] < 1  # so that the next figures say something
    check_against_scikit_learn(found.record, dict(found.arrays()))


@pytest.mark.parametrize("part", ["train", "validation"])
def test_other_parts(run: RunFolder, part: str) -> None:
    found = evaluating.evaluate(loaded(run, "last"), Choice(part=part))
    assert found.record.part == found.record.figures["part"] == part
    assert found.record.weights == "last"
    record = run.data()
    assert record is not None and found.record.figures["images"] == record.counts[part]
    check_against_scikit_learn(found.record, dict(found.arrays()))


def test_other_data_by_the_names_of_classes(run: RunFolder, tmp_path: Path) -> None:
    other = write_named(tmp_path / "other.npz", ("bottom", "Top", "left", "middle"))
    found = evaluating.evaluate(loaded(run), Choice(data=str(other)))
    with np.load(other) as arrays:
        labels, pictures = arrays["y_train"], arrays["x_train"]
    rows = np.flatnonzero(labels != 2)
    assert np.array_equal(found.predictions.targets, np.array([2, 0, -1, 1])[labels[rows]])
    preprocessing = run.preprocessing()
    inputs = (torch.from_numpy(pictures[rows])[:, None] / 255 - preprocessing.mean[0]) / (
        preprocessing.deviation[0]
    )
    with torch.inference_mode():
        outputs = loaded(run).network(inputs).numpy()
    assert found.predictions.outputs == pytest.approx(outputs, abs=1e-4)
    assert (found.record.part, found.record.data) == ("all", "other")
    assert "15 images of other are left out" in found.record.notes[0]
    assert "does not know: left." in found.record.notes[0]
    check_against_scikit_learn(found.record, dict(found.arrays()))

    shown, _ = evaluating.examples(loaded(run), Choice(data=str(other)), [1, 0, 30])
    assert np.array_equal(shown[..., 0], pictures[rows[[1, 0, 30]]])


def test_fewer_classes_leave_figures_undefined(run: RunFolder, tmp_path: Path) -> None:
    other = write_named(tmp_path / "fewer.npz", ("middle", "top"), parts=True)
    found = evaluating.evaluate(loaded(run), Choice(data=str(other)))
    assert (found.record.part, len(found.predictions.targets)) == ("test", 30)
    last = found.record.figures["per_class"][2]
    assert (last["class"], last["support"], last["recall"], last["roc_auc"]) == (
        "bottom",
        0,
        None,
        None,
    )
    assert "bottom" in found.record.notes[0]
    check_against_scikit_learn(found.record, dict(found.arrays()))


def test_classes_without_names_are_taken_in_their_order(run: RunFolder, tmp_path: Path) -> None:
    other = write_data(tmp_path / "numbered.npz", images=30)
    found = evaluating.evaluate(loaded(run), Choice(data=str(other)))
    assert np.array_equal(found.predictions.targets, np.arange(30) % 3)
    assert "0 as top" in found.record.notes[0]


def test_moved_data_are_recognized_and_own_images_are_told(run: RunFolder, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.npz"
    shutil.copy(run.recipe().data.source, moved)
    found = evaluating.evaluate(loaded(run), Choice(data=str(moved)))
    assert (
        found.predictions.metrics == evaluating.evaluate(loaded(run), Choice()).predictions.metrics
    )
    assert found.record.notes == ("These are the data of the run, whose test part is evaluated.",)

    with np.load(moved) as arrays:
        some = {name: arrays[name][:50] for name in ("x_train", "y_train")}
        np.savez(tmp_path / "some.npz", **some, classes=arrays["classes"])
    again = evaluating.evaluate(loaded(run), Choice(data=str(tmp_path / "some.npz")))
    assert again.record.data == "some"
    assert "in the training part of the run" in again.record.notes[-1]


@pytest.mark.parametrize(
    ("names", "part", "message"),
    [
        (("left", "right"), "", "No class of wrong is one of the network's: it has left, right"),
        (("top", "middle"), "test", "is not divided into parts"),
    ],
)
def test_what_cannot_be_evaluated_is_said(
    run: RunFolder, tmp_path: Path, names: tuple[str, ...], part: str, message: str
) -> None:
    wrong = write_named(tmp_path / "wrong.npz", names)
    with pytest.raises(DesignerError, match=message):
        evaluating.evaluate(loaded(run), Choice(data=str(wrong), part=part))


def test_other_targets_and_settings_are_refused(run: RunFolder, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.npz"
    pictures = np.zeros((8, 8, 8), np.uint8)
    np.savez(numbers, x_train=pictures, y_train=np.linspace(0, 1, 8, dtype=np.float32)[:, None])
    with pytest.raises(DesignerError, match="numbers as targets, but the run run predicts classes"):
        evaluating.evaluate(loaded(run), Choice(data=str(numbers)))
    with pytest.raises(DesignerError, match="epochs has no effect on an evaluation"):
        Choice(settings={"epochs": 3})
    other = write_named(tmp_path / "other.npz")
    with pytest.raises(DesignerError, match="no image 60"):
        evaluating.examples(loaded(run), Choice(data=str(other)), [60])


@pytest.mark.parametrize("views", ["flip", "five_crops", "ten_crops"])
def test_views_are_averaged_as_probabilities(run: RunFolder, views: str) -> None:
    network = loaded(run)
    choice = Choice(settings={"evaluation.test_time": views})
    found = evaluating.evaluate(network, choice)
    preprocessing = run.preprocessing()
    prepared = evaluation_data(network)
    every = np.arange(len(prepared.part))
    side = round(8 * 256 / 224)
    if views == "flip":
        pictures = prepared.part.images.read(every, PictureForm(1, 8, 8))
        whole = torch.from_numpy(pictures)
        seen = [whole, whole.flip(-1)]
    else:
        whole = torch.from_numpy(prepared.part.images.read(every, PictureForm(1, side, side)))
        crops = transforms.five_crop if views == "five_crops" else transforms.ten_crop
        seen = list(crops(whole, [8, 8]))
    mean = torch.zeros(len(whole), 3, dtype=torch.float64)
    with torch.inference_mode():
        for each in seen:
            inputs = (each.float() / 255 - preprocessing.mean[0]) / preprocessing.deviation[0]
            mean += network.network(inputs).double().softmax(1) / len(seen)
    own = softmax(found.predictions.outputs)
    assert own == pytest.approx(mean.numpy(), abs=1e-5)
    wanted = F.nll_loss(mean.log(), torch.from_numpy(found.predictions.targets))
    assert found.record.figures["loss"] == pytest.approx(wanted.item(), abs=1e-5)
    assert found.record.test_time == views


def test_the_worker_answers_with_figures_and_arrays(run: RunFolder) -> None:
    shares: list[float] = []
    request = {"subject": {"run": str(run.path)}, "part": "test", "device": "cpu"}
    answer = REQUESTS["evaluate"](request, Job(report=shares.append))
    assert answer.fields["record"]["figures"]["part"] == "test"
    assert set(answer.arrays) == {"outputs", "targets", "losses", "predicted"}
    assert shares[0] == 0 and shares[-1] == 1
    more = {"indices": [0, 3], "side": 4}
    shown = REQUESTS["examples"]({**request, **more}, Job())
    assert shown.arrays["pictures"].shape == (2, 4, 4, 1)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ({"data": 5}, r"cannot be read: .* at `\$\.data"),
        ({"part": "all"}, r"cannot be read: .* at `\$\.part"),
        ({"settings": [1]}, r"cannot be read: .* at `\$\.settings"),
        ({"settings": {"evaluation.samples": "many"}}, "evaluation.samples"),
        ({"indices": ["x"]}, r"cannot be read: .* at `\$\.indices"),
        ({"indices": [10**30]}, r"cannot be read: .* at `\$\.indices"),
        ({"indices": [-1]}, r"cannot be read: .* at `\$\.indices"),
        ({"indices": [10**9]}, "no image 1,000,000,000"),
    ],
)
def test_odd_requests_are_refused(run: RunFolder, odd: dict[str, Any], message: str) -> None:
    request = {"subject": {"run": str(run.path)}, "device": "cpu", **odd}
    with pytest.raises(DesignerError, match=message):
        REQUESTS["examples" if "indices" in odd else "evaluate"](request, Job())


@pytest.mark.parametrize("kind", ["none", "center_picture", "zca"])
def test_every_preprocessing_goes_with_views(tmp_path: Path, kind: str) -> None:
    data = write_named(tmp_path / "named.npz", images=90)
    recipe = tiny_recipe(
        data, epochs=1, data__preprocessing=kind, evaluation__test_time="ten_crops"
    )
    found = create(tmp_path / "run", recipe)
    result = train(found)
    again = evaluating.evaluate(loaded(found), Choice())
    assert again.predictions.metrics == result.test
    whole = evaluating.evaluate(loaded(found), Choice(settings={"evaluation.test_time": "none"}))
    part = evaluation_data(loaded(found)).part
    pictures = torch.from_numpy(part.images.read(np.arange(len(part)), PictureForm(1, 8, 8)))
    steps = finish(found.preprocessing(), device=torch.device("cpu"))
    with torch.inference_mode():
        outputs = loaded(found).network(steps(pictures))
    assert whole.predictions.outputs == pytest.approx(outputs.numpy(), abs=1e-4)
