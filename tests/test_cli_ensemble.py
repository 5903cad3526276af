"""`netdesigner ensemble`: the mean of several runs against a plain torch script, and its files."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from sklearn import metrics as oracle
from torch import Tensor, nn

from designer.analysis.analysis import analyze
from designer.cli import main
from designer.data import identity
from designer.design.values import LayerNode
from designer.engine import checkpoint, weights
from designer.engine.ensemble_export import of_ensemble
from designer.engine.export import write
from designer.engine.inspect import ensembles
from designer.engine.inspect.evaluating import Choice
from designer.engine.inspect.requests import REQUESTS, Job
from designer.engine.module import module_from_source
from designer.engine.onnx_file import runner
from designer.engine.training import train
from designer.readers.embedded import embedded_design
from designer.recipe import templates
from designer.recipe.reading import changed as changed_recipe
from designer.recipe.recipe import Recipe
from designer.runs.ensembles import Ensemble
from designer.runs.evaluation_record import meaning_of
from designer.runs.events import read_events
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from designer.runs.preprocessing import Preprocessing
from tests.engine.inspect.test_evaluating import write_named
from tests.engine.samples import chain, create, tiny_recipe
from tests.engine.test_several_labels import recipe_of, write_stripes

Capture = pytest.CaptureFixture[str]

WITH_SOFTMAX = chain(
    "With softmax",
    (1, 8, 8),
    flat=LayerNode("Flatten"),
    fc=LayerNode("Linear", {"out_features": 3}),
    probable=LayerNode("Softmax"),
)
SAME_SPLIT = {"data__test": 0.3, "data__split_seed": 0, "epochs": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ensembles")


@pytest.fixture(scope="module")
def classes(folder: Path) -> list[RunFolder]:
    """Two seeds of one design, and a run of another design with other training images."""
    data = write_named(folder / "named.npz", images=150)
    other = {**SAME_SPLIT, "data__split_seed": 1}
    made = [
        create(folder / "seed0", tiny_recipe(data, seed=0, **SAME_SPLIT)),
        create(folder / "seed1", tiny_recipe(data, seed=1, **SAME_SPLIT)),
        create(folder / "other", tiny_recipe(data, seed=2, **other), WITH_SOFTMAX),
    ]
    for run in made:
        train(run)
    return made


@pytest.fixture(scope="module")
def labels(folder: Path) -> list[RunFolder]:
    data = write_stripes(folder / "stripes.npz", images=120)
    return _trained(folder, "labels", lambda seed: recipe_of(data, seed=seed, **SAME_SPLIT))


@pytest.fixture(scope="module")
def numbers(folder: Path) -> list[RunFolder]:
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (90, 8, 8)).astype(np.uint8)
    targets = pictures.reshape(90, -1)[:, :3].astype(np.float32) / 255
    np.savez(folder / "numbers.npz", x_train=pictures, y_train=targets)
    recipe = {"loss__name": "mean_squared_error", **SAME_SPLIT}
    return _trained(
        folder, "numbers", lambda seed: tiny_recipe(folder / "numbers.npz", seed=seed, **recipe)
    )


@pytest.fixture(scope="module")
def snapshots(folder: Path) -> RunFolder:
    """Three cycles of two epochs, with the weights at the end of each."""
    recipe = {
        **SAME_SPLIT,
        "epochs": 6,
        "schedule__name": "cosine_restarts",
        "schedule__restart_epochs": 2,
        "keep_checkpoints": 2,
    }
    run = create(folder / "snap", tiny_recipe(folder / "named.npz", **recipe))
    train(run)
    return run


def _trained(folder: Path, name: str, recipe: Any) -> list[RunFolder]:
    made = [create(folder / f"{name}{seed}", recipe(seed)) for seed in range(2)]
    for run in made:
        train(run)
    return made


def of_runs(*runs: RunFolder, weights: str = "best") -> Ensemble:
    return Ensemble(members=tuple(Subject(run=str(run.path), weights=weights) for run in runs))


def evaluated(capsys: Capture, *words: object) -> dict[str, Any]:
    assert main(["ensemble", "--json", *map(str, words)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return found


def network_of(run: RunFolder, path: Path | None = None) -> nn.Module:
    """Build a network of a run by its own source, and give it the weights of a checkpoint."""
    source = run.source()
    name = source[source.rindex("class ") :].partition("(")[0].removeprefix("class ")
    network = module_from_source(source, name)
    network.load_state_dict(checkpoint.load(path or run.best, source=source)["network"])
    return network.eval()


def answers_of(run: RunFolder, pictures: Any, path: Path | None = None) -> Tensor:
    """Return what a run says of pictures, standardized as its own training did it."""
    preprocessing = run.preprocessing()
    inputs = torch.from_numpy(pictures)[:, None].float() / 255
    inputs = (inputs - preprocessing.mean[0]) / preprocessing.deviation[0]
    with torch.inference_mode():
        found: Tensor = network_of(run, path)(inputs)
    return found


def part_of(run: RunFolder) -> tuple[Any, Any]:
    """Return pictures and targets of the test part, by the record of the run's division."""
    rows = identity.decode(run.examples_file.read_bytes())["test"].indices
    with np.load(run.recipe().data.source) as arrays:
        return arrays["x_train"][rows], arrays["y_train"][rows]


def mean_by_hand(runs: Sequence[RunFolder], kind: str) -> tuple[Tensor, Any]:
    """Return the mean of the probabilities of the test part of the first run, and its targets."""
    pictures, targets = part_of(runs[0])
    outputs = [answers_of(run, pictures).double() for run in runs]
    make = {
        "classes": lambda each: each if (each.sum(1) - 1).abs().max() < 1e-5 else each.softmax(1),
        "labels": torch.sigmoid,
        "numbers": lambda each: each,
    }
    return torch.stack([make[kind](each) for each in outputs]).mean(0), targets


def log_loss(probabilities: Tensor, targets: Any) -> float:
    return -float(probabilities[np.arange(len(targets)), targets].log().mean())


def predicted_by(runs: Sequence[RunFolder]) -> Any:
    return ensembles.evaluate(of_runs(*runs), Choice(), device="cpu").predictions


def test_classes(classes: list[RunFolder], capsys: Capture) -> None:
    """The third member has Softmax as its last layer, and learned with another mean."""
    means = {run.preprocessing().mean for run in classes}
    assert len(means) == 2
    wanted, targets = mean_by_hand(classes, "classes")
    found = evaluated(capsys, *(run.path for run in classes))
    outputs = torch.from_numpy(predicted_by(classes).outputs).double()
    assert (outputs.softmax(1) - wanted).abs().max() < 1e-6
    assert np.array_equal(predicted_by(classes).targets, targets)
    assert found["accuracy"] == pytest.approx(float((wanted.argmax(1).numpy() == targets).mean()))
    assert found["loss"] == pytest.approx(log_loss(wanted, targets), abs=1e-6)
    assert found["roc_auc"] == pytest.approx(
        [oracle.roc_auc_score(targets == k, wanted[:, k]) for k in range(3)]
    )
    assert (found["part"], found["weights"], found["epoch"]) == ("test", "best", None)
    members = found["members"]
    assert [each["run"] for each in members] == ["seed0", "seed1", "other"]
    assert [each.keys() for each in members] == [
        {"run", "weights", "epoch", "loss", "accuracy"} for _ in classes
    ]
    for member, run in zip(members[:2], classes, strict=False):
        result = run.result()
        assert result is not None and result.test is not None
        assert (member["loss"], member["accuracy"]) == (result.test.loss, result.test.accuracy)


def test_a_first_member_that_gives_probabilities(classes: list[RunFolder]) -> None:
    wanted, targets = mean_by_hand(classes[::-1], "classes")
    found = ensembles.evaluate(of_runs(*classes[::-1]), Choice(), device="cpu")
    assert found.record.outputs == "probabilities"
    assert np.abs(found.predictions.outputs - wanted.numpy()).max() < 1e-6
    right = wanted.argmax(1).numpy() == targets
    assert found.record.figures["accuracy"] == pytest.approx(right.mean())


def test_images_that_another_member_learned_from_are_said(
    classes: list[RunFolder], capsys: Capture
) -> None:
    rows = [identity.decode(run.examples_file.read_bytes()) for run in classes]
    both = len(np.intersect1d(rows[0]["test"].digests, rows[2]["train"].digests))
    assert both > 1
    notes = evaluated(capsys, *(run.path for run in classes))["notes"]
    assert notes == [
        f"{both} of these images are in the training part of the run other, so that the figures "
        "are too good."
    ]
    assert evaluated(capsys, classes[0].path, classes[1].path)["notes"] == []


def test_labels(labels: list[RunFolder], capsys: Capture) -> None:
    wanted, targets = mean_by_hand(labels, "labels")
    found = evaluated(capsys, *(run.path for run in labels))
    outputs = torch.from_numpy(predicted_by(labels).outputs).double()
    assert (outputs.sigmoid() - wanted).abs().max() < 1e-6
    right = (wanted.numpy() >= 0.5) == targets.astype(bool)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["exact_match"] == pytest.approx(right.all(1).mean())
    loss = torch.nn.functional.binary_cross_entropy(wanted, torch.from_numpy(targets).double())
    assert found["loss"] == pytest.approx(float(loss), abs=1e-6)


def test_numbers(numbers: list[RunFolder], capsys: Capture) -> None:
    wanted, targets = mean_by_hand(numbers, "numbers")
    found = evaluated(capsys, *(run.path for run in numbers))
    assert found["mse"] == pytest.approx(((wanted.numpy() - targets) ** 2).mean(0), abs=1e-6)
    assert found["loss"] == pytest.approx(((wanted.numpy() - targets) ** 2).mean(), abs=1e-6)
    assert [each["accuracy"] for each in found["members"]] == [None, None]


def test_views_parts_and_text(classes: list[RunFolder], capsys: Capture) -> None:
    runs = [str(run.path) for run in classes]
    assert main(["ensemble", *runs, "--test-time", "flip", "--part", "validation"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("validation part: 30 images, ensemble of 3, flip\n")
    rows = [line.split() for line in text.splitlines()]
    assert ["member", "weights", "epoch", "loss", "accuracy"] in rows
    assert sum(row[:2] == ["seed1", "best"] for row in rows) == 1
    pictures, _ = part_of(classes[0])
    flipped = [answers_of(run, pictures[..., ::-1].copy()).double() for run in classes[:2]]
    plain = [answers_of(run, pictures).double() for run in classes[:2]]
    wanted = torch.stack([each.softmax(1) for each in (*plain, *flipped)]).mean(0)
    choice = Choice(settings={"evaluation.test_time": "flip"})
    found = ensembles.evaluate(of_runs(*classes[:2]), choice, device="cpu").predictions
    assert (torch.from_numpy(found.outputs).double().softmax(1) - wanted).abs().max() < 1e-6


@pytest.mark.parametrize("kind", ["labels", "numbers", "classes"])
def test_files(kind: str, request: pytest.FixtureRequest, folder: Path, capsys: Capture) -> None:
    """Each format gives the mean, for inputs standardized as those of the first member."""
    runs: list[RunFolder] = request.getfixturevalue(kind)
    target = folder / f"{kind}-files"
    suffixes = [*EXPORT_FORMATS] if kind == "classes" else [".py", ".safetensors"]
    paths = [str(target / f"net{suffix}") for suffix in suffixes]
    assert main(["ensemble", *(str(run.path) for run in runs), "--to", *paths]) == 0
    assert capsys.readouterr().out.count("loaded back") == len(suffixes)
    wanted, _ = mean_by_hand(runs, kind)
    pictures, _ = part_of(runs[0])
    of_first = runs[0].preprocessing()
    inputs = torch.from_numpy(pictures)[:, None].float() / 255
    inputs = (inputs - of_first.mean[0]) / of_first.deviation[0]

    network = module_from_source((target / "net.py").read_text(), "Ensemble").eval()
    for suffix in {".pt", ".safetensors"} & {*suffixes}:
        network.load_state_dict(weights.read(str(target / f"net{suffix}")).tensors)
        with torch.inference_mode():
            assert (network(inputs).double() - wanted).abs().max() < 1e-6
    if kind != "classes":
        return
    program = torch.export.load(target / "net.pt2").module()
    assert (program(inputs).double() - wanted).abs().max() < 1e-6
    (found,) = runner(target / "net.onnx")({"image": inputs.numpy()})
    assert np.abs(found - wanted.numpy()).max() < 1e-6


def test_the_design_of_a_file_gives_probabilities(classes: list[RunFolder], folder: Path) -> None:
    """Opened again, the network is known to end in probabilities, and says who its members are."""
    model = of_ensemble(of_runs(*classes))
    exported = write(model, folder / "again.safetensors")
    design = embedded_design(exported.path)
    assert design is not None
    assert design.about.endswith("member1 is seed0, member2 is seed1, member3 is other.")
    analysis = analyze(design)
    assert analysis.valid
    assert meaning_of(analysis, classes[0].recipe(), classes[0].preprocessing()) == "probabilities"
    assert set(design.blocks) == {"Tiny", "Withsoftmax"}  # one block for both seeds
    source = model.generated.source
    assert "return (branch1 + branch2 + branch3) / 3" in source


def test_inputs_that_are_no_pictures(tmp_path: Path, capsys: Capture) -> None:
    """Columns of a table, in which each run has its own means."""
    generator = np.random.default_rng(3)
    values = generator.normal(5, 3, (90, 4)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", x_train=values, y_train=np.arange(90) % 3)
    design = chain("Rows", (4,), fc=LayerNode("Linear", {"out_features": 3}))
    runs = []
    for seed in range(2):
        recipe = tiny_recipe(tmp_path / "rows.npz", epochs=1, seed=seed, data__test=0.3)
        runs.append(create(tmp_path / f"rows{seed}", recipe, design))
        train(runs[-1])
    given = [run.preprocessing().inputs[0] for run in runs]
    assert given[0].mean != given[1].mean
    rows, _ = part_of(runs[0])
    inputs = [
        (torch.from_numpy(rows) - torch.tensor(each.mean)) / torch.tensor(each.deviation)
        for each in given
    ]
    with torch.inference_mode():
        answers = [network_of(run)(x) for run, x in zip(runs, inputs, strict=True)]
        wanted = torch.stack([each.double().softmax(1) for each in answers]).mean(0)
        one = of_ensemble(of_runs(*runs)).network
        assert (one(inputs[0]).double() - wanted).abs().max() < 1e-6
    found = predicted_by(runs)
    assert (torch.from_numpy(found.outputs).double().softmax(1) - wanted).abs().max() < 1e-6


def test_snapshots_of_one_run(snapshots: RunFolder, capsys: Capture) -> None:
    """The rate is at its lowest where the weights were kept, and these weights are averaged."""
    steps = [each for each in read_events(snapshots.events) if each["event"] == "step"]
    rates = {}
    for step in steps:
        rates.setdefault(step["epoch"], []).append(step["lr"])
    assert all(min(rates[epoch]) < 0.1 * max(rates[epoch - 1]) for epoch in (2, 4, 6))
    assert snapshots.kept_epochs() == [0, 2, 4, 6]
    found = evaluated(capsys, *(f"{snapshots.path}@{epoch}" for epoch in (2, 4, 6)))
    assert [each["epoch"] for each in found["members"]] == [2, 4, 6]
    assert [each["weights"] for each in found["members"]] == ["epoch:2", "epoch:4", "epoch:6"]
    assert len({each["loss"] for each in found["members"]}) == 3
    assert found["weights"] == "" and found["notes"] == []
    pictures, targets = part_of(snapshots)
    outputs = [answers_of(snapshots, pictures, snapshots.kept(epoch)) for epoch in (2, 4, 6)]
    wanted = torch.stack([each.double().softmax(1) for each in outputs]).mean(0)
    assert found["loss"] == pytest.approx(log_loss(wanted, targets), abs=1e-6)
    mixed = evaluated(capsys, snapshots.path, f"{snapshots.path}@last", f"{snapshots.path}@2")
    assert [each["weights"] for each in mixed["members"]] == ["best", "last", "epoch:2"]


def test_the_template_keeps_the_ends_of_its_cycles() -> None:
    recipe = templates.applied("snapshots", Recipe())
    assert recipe.schedule.restart_factor == 1 and recipe.schedule.minimum == 0
    assert recipe.schedule.restart_epochs == recipe.keep_checkpoints
    assert recipe.epochs % recipe.keep_checkpoints == 0 and recipe.schedule.warmup_epochs == 0


def test_a_name_with_the_mark(snapshots: RunFolder, folder: Path, capsys: Capture) -> None:
    shutil.copytree(snapshots.path, folder / "runs" / "odd@2")
    words = ("odd@2", "odd@2@4", "--runs", folder / "runs")
    found = evaluated(capsys, *words)
    assert [(each["run"], each["weights"]) for each in found["members"]] == [
        ("odd@2", "best"),
        ("odd@2", "epoch:4"),
    ]


def refused(capsys: Capture, *words: object) -> str:
    assert main(["ensemble", *map(str, words)]) != 0
    captured = capsys.readouterr()
    assert not captured.out and "Traceback" not in captured.err
    return captured.err


def test_what_is_refused(
    classes: list[RunFolder],
    labels: list[RunFolder],
    numbers: list[RunFolder],
    snapshots: RunFolder,
    tmp_path: Path,
    capsys: Capture,
) -> None:
    first = classes[0].path
    assert "two members or more" in refused(capsys)
    assert "two members or more" in refused(capsys, first)
    assert "seed0 is named twice" in refused(capsys, first, first)
    twice = (f"{snapshots.path}@2", f"{snapshots.path}@02")
    assert "snap@2 is named twice" in refused(capsys, *twice)
    assert "no weights of epoch 99999999999999999999999" in refused(
        capsys, first, f"{first}@{'9' * 60}"
    )
    sentence = refused(capsys, first, labels[0].path)
    assert "labels0 predicts labels, but seed0 classes: choose runs" in sentence
    assert "numbers0 predicts numbers, but seed0 classes" in refused(capsys, first, numbers[0].path)
    sentence = refused(capsys, f"{snapshots.path}@2", f"{snapshots.path}@3")
    assert "snap has no weights of epoch 3: it kept those of 0, 2, 4, 6." in sentence
    sentence = refused(capsys, first, f"{first}@7")
    assert "seed0 has no weights of epoch 7: a training keeps them with the setting" in sentence
    assert "There is no run 'nowhere'" in refused(capsys, first, "nowhere")
    assert "There is no run 'nowhere'" in refused(capsys, first, "nowhere@2")
    fresh = create(tmp_path / "fresh", classes[0].recipe())
    assert "fresh" in refused(capsys, first, fresh.path)
    sentence = refused(capsys, first, classes[1].path, "--to", tmp_path / "a.py", "--part", "test")
    assert "--part is for evaluating" in sentence
    assert "no ending that names a format" in refused(
        capsys, first, classes[1].path, "--to", tmp_path / "a.txt"
    )


def test_members_that_do_not_go_together(
    classes: list[RunFolder], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of a run, of each of which another preprocessing is read."""
    first = classes[0]

    given = first.preprocessing()
    found: dict[str, Preprocessing] = {}
    read = RunFolder.preprocessing
    monkeypatch.setattr(
        RunFolder, "preprocessing", lambda run: found.get(run.path.name) or read(run)
    )

    def changed(name: str, **fields: Any) -> RunFolder:
        found[name] = msgspec.structs.replace(given, **fields)
        shutil.copytree(classes[1].path, tmp_path / name)
        return RunFolder(tmp_path / name)

    more = changed("more", classes=("top", "middle", "bottom", "left"))
    other = changed("other-names", classes=("top", "left", "bottom"))
    order = changed("order", classes=("middle", "top", "bottom"))
    large = changed("large", input=(1, 9, 8))
    for run, sentence in (
        (more, "more predicts 4 classes, but seed0 3: choose runs"),
        (
            other,
            "other-names predicts other classes than seed0: number 2 is left instead of middle:",
        ),
        (order, "order has the classes of seed0 in another order: choose runs"),
        (large, "large takes pictures of 1×9×8, but seed0 pictures of 1×8×8: choose runs"),
    ):
        assert sentence in refused(capsys, first.path, run.path)
    fit = changed("fit", fit="pad")
    words = refused(capsys, first.path, fit.path, "--to", tmp_path / "net.py")
    assert "fit brings pictures to their size by pad instead of crop than seed0" in words
    squared = create(
        tmp_path / "squared",
        changed_recipe(first.recipe(), {"loss.name": "mean_squared_error"}),
    )
    train(squared)
    words = refused(capsys, first.path, squared.path)
    assert "squared was trained with mean squared error and gives no probabilities" in words


def test_memory_that_runs_out_is_a_sentence(
    classes: list[RunFolder], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(ensembles, "load", exhausted)
    sentence = refused(capsys, classes[0].path, classes[1].path)
    assert "ran out of memory while the network was looked into." in sentence


def test_requests_of_the_window(classes: list[RunFolder]) -> None:
    members = [msgspec.to_builtins(each) for each in of_runs(*classes).members]
    request = {"do": "ensemble", "subject": members[0], "members": members, "device": "cpu"}
    shares: list[float] = []
    found = REQUESTS["ensemble"](request, Job(shares.append))
    assert [each["run"] for each in found.fields["record"]["members"]] == [
        run.path.name for run in classes
    ]
    assert found.arrays["outputs"].shape == (45, 3)
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
