"""`netdesigner evaluate`: figures of runs on classes, labels and numbers, as text and as JSON."""

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from designer.cli import main
from designer.engine.training import train
from designer.runs import lock
from designer.runs.folder import RunFolder
from tests.engine.inspect.test_evaluating import write_named
from tests.engine.samples import TINY, create, tiny_recipe
from tests.engine.test_several_labels import LABELS, recipe_of, write_stripes
from tests.engine.test_training import StopAt

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def classes(folder: Path) -> RunFolder:
    data = write_named(folder / "named.npz", images=150)
    run = create(folder / "classes", tiny_recipe(data, epochs=1, data__test=0.3))
    train(run)
    return run


@pytest.fixture(scope="module")
def labels(folder: Path) -> RunFolder:
    run = create(folder / "labels", recipe_of(write_stripes(folder / "stripes.npz"), epochs=1))
    train(run)
    return run


@pytest.fixture(scope="module")
def numbers(folder: Path) -> RunFolder:
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (90, 8, 8)).astype(np.uint8)
    targets = pictures.reshape(90, -1)[:, :3].astype(np.float32) / 255
    targets[:, 2] = 0.5
    np.savez(folder / "numbers.npz", x_train=pictures, y_train=targets)
    recipe = tiny_recipe(folder / "numbers.npz", loss__name="mean_squared_error", epochs=1)
    run = create(folder / "numbers", recipe, TINY)
    train(run)
    return run


def evaluated(capsys: Capture, run: RunFolder, *words: str) -> dict[str, Any]:
    """Return the JSON of an evaluation; no NaN is read."""
    assert main(["evaluate", str(run.path), "--json", *words]) == 0
    text = capsys.readouterr().out
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def predictions(run: RunFolder) -> dict[str, Any]:
    with np.load(run.evaluation / "predictions.npz") as tables:
        return {name: tables[name] for name in tables.files}


def test_classes(classes: RunFolder, capsys: Capture) -> None:
    found = evaluated(capsys, classes)
    tables = predictions(classes)
    targets, predicted = tables["targets"], tables["predicted"]
    assert (found["part"], found["images"]) == ("test", len(targets))
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert found["confusion"] == oracle.confusion_matrix(targets, predicted).tolist()
    result = classes.result()
    assert result is not None and result.test is not None
    assert found["loss"] == result.test.loss
    assert found["top5"] == result.test.top5 == 1
    report = oracle.classification_report(targets, predicted, output_dict=True, zero_division=0)
    for key, name in (("macro", "macro avg"), ("weighted", "weighted avg")):
        own = [found[key][each] for each in ("precision", "recall", "f1", "support")]
        wanted = [report[name][each] for each in ("precision", "recall", "f1-score", "support")]
        assert own == pytest.approx(wanted)
    keys = {"class", "precision", "recall", "f1", "support"}
    assert all(keys <= each.keys() for each in found["per_class"])
    assert len(found["average_precision"]) == len(found["roc_auc"]) == 3
    assert 0 <= found["calibration_error"] <= 1
    assert found["weights"] == "best" and found["epoch"] == 1


def test_parts_and_text(classes: RunFolder, capsys: Capture) -> None:
    assert evaluated(capsys, classes, "--part", "train")["part"] == "train"
    assert main(["evaluate", str(classes.path), "--test-time", "flip"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("test part: 45 images, best weights of epoch 1, flip\n")
    for words in ("accuracy", "macro average", "true \\ predicted", "middle"):
        assert words in text


def test_labels(labels: RunFolder, capsys: Capture) -> None:
    found = evaluated(capsys, labels)
    tables = predictions(labels)
    targets, predicted = tables["targets"].astype(int), tables["predicted"].astype(int)
    probability = 1 / (1 + np.exp(-tables["outputs"].astype(float)))
    columns = oracle.precision_recall_fscore_support(targets, predicted, zero_division=np.nan)
    for name, values in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        own = [each[name] for each in found["per_label"]]
        assert own == pytest.approx([None if np.isnan(x) else x for x in values])
    assert [each["label"] for each in found["per_label"]] == list(LABELS)
    assert found["roc_auc"] == pytest.approx(
        oracle.roc_auc_score(targets, probability, average=None)
    )
    assert found["average_precision"] == pytest.approx(
        oracle.average_precision_score(targets, probability, average=None)
    )
    assert found["accuracy"] == pytest.approx((targets == predicted).mean())
    assert found["exact_match"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    micro = oracle.precision_recall_fscore_support(targets, predicted, average="micro")
    assert [found["micro"][name] for name in ("precision", "recall", "f1")] == pytest.approx(
        micro[:3]
    )
    assert main(["evaluate", str(labels.path)]) == 0
    assert "exact match" in capsys.readouterr().out


def test_numbers(numbers: RunFolder, capsys: Capture) -> None:
    found = evaluated(capsys, numbers)
    tables = predictions(numbers)
    targets, outputs = tables["targets"], tables["outputs"]
    for name, figure in (("mae", oracle.mean_absolute_error), ("mse", oracle.mean_squared_error)):
        assert found[name] == pytest.approx(figure(targets, outputs, multioutput="raw_values"))
    wanted = oracle.r2_score(targets, outputs, multioutput="raw_values")
    assert found["r2"][:2] == pytest.approx(wanted[:2])
    assert found["r2"][2] is None  # all targets are equal
    assert [each["target"] for each in found["per_target"]] == ["target 1", "target 2", "target 3"]
    assert [each["mae"] for each in found["per_target"]] == found["mae"]
    assert main(["evaluate", str(numbers.path)]) == 0
    assert "mean absolute error" in capsys.readouterr().out


def test_a_stopped_run_gets_its_evaluation(tmp_path: Path, folder: Path, capsys: Capture) -> None:
    data = write_named(tmp_path / "named.npz", images=150)
    run = create(tmp_path / "stopped", tiny_recipe(data, epochs=3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
        assert train(run, interrupt=StopAt(30)).status == "stopped"
    assert not (run.evaluation / "predictions.npz").exists()
    found = evaluated(capsys, run)
    assert found["epoch"] in (1, 2)
    assert (predictions(run)["predicted"] == predictions(run)["targets"]).mean() == found[
        "accuracy"
    ]


def test_what_is_written_where(classes: RunFolder, tmp_path: Path, capsys: Capture) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in classes.evaluation.iterdir()}
    other = write_named(tmp_path / "other.npz", ("bottom", "top"))
    found = evaluated(capsys, classes, "--data", str(other), "--to", str(tmp_path / "kept"))
    assert (found["part"], found["images"], found["data"]) == ("all", 60, "other")
    assert found["per_class"][1]["recall"] is None
    with np.load(tmp_path / "kept" / "predictions.npz") as tables:
        assert set(tables["targets"].tolist()) == {0, 2}
    evaluated(capsys, classes, "--part", "train")
    assert before == {path.name: path.stat().st_mtime_ns for path in classes.evaluation.iterdir()}


def test_a_run_whose_data_are_gone(classes: RunFolder, tmp_path: Path, capsys: Capture) -> None:
    moved = tmp_path / "run"
    shutil.copytree(classes.path, moved)
    recipe = json.loads((moved / "recipe.json").read_text())
    recipe["data"]["source"] = str(tmp_path / "gone.npz")
    (moved / "recipe.json").write_text(json.dumps(recipe))
    assert main(["evaluate", str(moved)]) == 1
    assert "no longer at" in capsys.readouterr().err
    shutil.copy(classes.recipe().data.source, tmp_path / "here.npz")
    again = evaluated(capsys, RunFolder(moved), "--data", str(tmp_path / "here.npz"))
    result = classes.result()
    assert result is not None and result.test is not None
    assert (again["loss"], again["data"]) == (result.test.loss, "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--weights", "epoch:7"], "keeps no checkpoint of epoch 7"),
        (["--data", "nowhere"], 'called "nowhere"'),
        (["--set-recipe", "epochs=3"], "epochs has no effect on an evaluation"),
        (["--set-recipe", "data.targets=labels"], "data.targets says how another data set is read"),
        (["--test-time", "twice"], "evaluation.test_time takes one of none, flip"),
    ],
)
def test_refusals(classes: RunFolder, words: list[str], message: str, capsys: Capture) -> None:
    assert main(["evaluate", str(classes.path), *words]) == 1
    assert message in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said(
    classes: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("designer.engine.evaluation_files.write_atomically", full)
    assert main(["evaluate", str(classes.path)]) == 0
    shown = capsys.readouterr()
    assert "No space left on device" in shown.err and "accuracy" in shown.out
    assert main(["evaluate", str(classes.path), "--to", str(tmp_path / "new")]) == 1


def test_a_run_that_is_trained_now_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    data = write_named(tmp_path / "named.npz", images=150)
    run = create(tmp_path / "going", tiny_recipe(data, epochs=3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
        train(run, interrupt=StopAt(4))  # within its first epoch: there are no best weights yet
    assert run.last.exists() and not run.best.exists()
    with lock.held(run.lock):
        found = evaluated(capsys, run)
    assert found["images"] > 0 and not list(run.evaluation.iterdir())
    new = create(tmp_path / "new", tiny_recipe(data))
    assert main(["evaluate", str(new.path)]) == 1
    assert "new has no checkpoint yet" in capsys.readouterr().err


def test_the_mean_cost(tmp_path: Path, capsys: Capture) -> None:
    data = write_named(tmp_path / "named.npz", images=150)
    cost = ((0.0, 1.0, 5.0), (1.0, 0.0, 1.0), (9.0, 1.0, 0.0))
    recipe = tiny_recipe(data, epochs=1, data__test=0.3, loss__cost_matrix=cost)
    run = create(tmp_path / "costs", recipe)
    train(run)
    found, tables = evaluated(capsys, run), predictions(run)
    wanted = np.array(cost)[tables["targets"], tables["predicted"]].mean()
    result = run.result()
    assert result is not None and result.test is not None
    assert found["cost"] == pytest.approx(wanted)
    assert result.test.cost == pytest.approx(wanted)
    assert main(["evaluate", str(run.path)]) == 0
    assert "mean cost" in capsys.readouterr().out
