"""Trainings of networks that take no picture: rows, sequences, volumes, several inputs."""

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import datasets, metrics
from sklearn.model_selection import StratifiedKFold

from designer.design import edits
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.inspect.evaluating import Choice, evaluate
from designer.engine.inspect.subject import load
from designer.engine.preparation import Prepared, prepare
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from tests.engine.samples import chain, create, tiny_recipe
from tests.engine.test_training import StopAt, assert_same, look_always  # noqa: F401

Node = LayerNode


def linear(outputs: int) -> LayerNode:
    return Node("Linear", {"out_features": outputs})


def mlp(inputs: int, outputs: int, hidden: int = 24) -> Design:
    """Return a network for rows of numbers."""
    layers = {"fc1": linear(hidden), "relu": Node("ReLU"), "fc2": linear(outputs)}
    return chain("Rows", (inputs,), **layers)


def write_rows(path: Path, rows: Any, labels: Sequence[object], names: Sequence[str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "class"])
        writer.writerows([*map(float, row), label] for row, label in zip(rows, labels, strict=True))
    return path


def recipe_of(data: Path, **changes: Any) -> Recipe:
    return tiny_recipe(data, **{"statistics": 0, "log_interval": 50, **changes})


@pytest.mark.parametrize(
    "load_rows", [datasets.load_wine, datasets.load_iris], ids=["wine", "iris"]
)
def test_a_small_network_learns_a_table_to_95_percent(
    tmp_path: Path, load_rows: Callable[[], Any]
) -> None:
    table = load_rows()
    classes = table.target_names[table.target]
    names = [name.replace(" (cm)", "") for name in table.feature_names]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    found = []
    for number, (trained, tested) in enumerate(folds.split(table.data, table.target)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for part, rows in (("train", trained), ("test", tested)):
            write_rows(folder / f"{part}.csv", table.data[rows], classes[rows], names)
        recipe = recipe_of(folder, epochs=10, batch=10, optimizer__learning_rate=0.05)
        run = begin(tmp_path / f"run{number}", mlp(len(names), 3), recipe)
        result = train(run)
        assert result.test is not None and result.test.accuracy is not None
        found.append(result.test.accuracy)
    assert np.mean(found) >= 0.95


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of two columns of numbers of other units and one of texts."""
    generator = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = ["size,weight,kind,class"]
    for number in range(120):
        kind = "pqr"[number % 3]
        size = 1000 + 50 * generator.normal() + 100 * (number % 2)
        weight = 0.01 * generator.normal() + 0.02 * (number % 2)
        lines.append(f"{size!r},{weight!r},{kind},{'xy'[number % 2]}")
    path.write_text("\n".join(lines))
    return path


def prepared(run: RunFolder) -> Prepared:
    with ExitStack() as stack:
        return prepare(run, stack)


def test_numbers_are_standardized_by_the_training_part_alone(tmp_path: Path, rows: Path) -> None:
    found = prepared(begin(tmp_path / "run", mlp(5, 2), recipe_of(rows)))
    (of_input,) = found.preprocessing.inputs
    assert [each.name for each in of_input.columns] == ["size", "weight", "kind"]
    inputs, _ = next(found.train.batches(torch.arange(len(found.train)), len(found.train)))
    values = inputs["image"].double()  # the name of the Input
    torch.testing.assert_close(values[:, :2].mean(0), torch.zeros(2).double(), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        values[:, :2].std(0, correction=0), torch.ones(2).double(), atol=1e-4, rtol=0
    )
    assert set(values[:, 2:].unique().tolist()) == {0, 1}
    assert of_input.mean[2:] == (0, 0, 0) and of_input.deviation[2:] == (1, 1, 1)
    others, _ = next(found.validation.batches(torch.arange(4), 4))
    assert others["image"][:, :2].abs().max() < 6

    off = prepared(begin(tmp_path / "off", mlp(5, 2), recipe_of(rows, data__standardize=False)))
    inputs, _ = next(off.train.batches(torch.arange(4), 4))
    assert inputs["image"][:, 0].min() > 800


def test_a_stopped_run_on_rows_is_resumed_exactly(
    tmp_path: Path,
    rows: Path,
    look_always: None,  # noqa: F811
) -> None:
    recipe = recipe_of(rows, epochs=4, log_interval=1)
    whole = begin(tmp_path / "whole", mlp(5, 2), recipe)
    train(whole)
    again = begin(tmp_path / "again", mlp(5, 2), recipe)
    assert train(again, interrupt=StopAt(17)).status == "stopped"
    assert train(again, resume=True).status == "finished"
    assert_same(whole, again)


def test_a_run_is_not_resumed_on_other_rows(
    tmp_path: Path,
    rows: Path,
    look_always: None,  # noqa: F811
) -> None:
    moved = tmp_path / "moved.csv"
    moved.write_text(rows.read_text())
    run = begin(tmp_path / "run", mlp(5, 2), recipe_of(moved, log_interval=1))
    train(run, interrupt=StopAt(3))
    lines = moved.read_text().split("\n")
    lines[1:61] = [line.replace("1", "2", 1) for line in lines[1:61]]
    moved.write_text("\n".join(lines))
    with pytest.raises(DesignerError, match=r"examples of .* have another content or label"):
        train(run, resume=True)


def test_another_table_is_evaluated_with_the_figures_of_the_training(
    tmp_path: Path, rows: Path
) -> None:
    run = begin(tmp_path / "run", mlp(5, 2), recipe_of(rows, epochs=8))
    train(run)
    lines = rows.read_text().split("\n")
    other = tmp_path / "other.csv"
    # More columns, in another order: what is done to each stays as it was in the training.
    cells = [line.split(",") for line in lines[1:31]]
    content = [f"{label},{kind},7,{size},{weight}" for size, weight, kind, label in cells]
    other.write_text("\n".join(["class,kind,more,size,weight", *content]))
    found = evaluate(load(Subject(run=str(run.path))), Choice(data=str(other)))
    assert found.record.things == "examples"

    learned = run.preprocessing().inputs[0]
    kinds = learned.columns[2].categories
    values = torch.tensor(
        [
            [float(size), float(weight), *(float(kind == each) for each in kinds)]
            for size, weight, kind, _ in cells
        ],
        dtype=torch.float64,
    )
    standard = (values - torch.tensor(learned.mean)) / torch.tensor(learned.deviation)
    network = load(Subject(run=str(run.path))).network
    with torch.inference_mode():
        expected = network(standard.float())
    np.testing.assert_allclose(found.predictions.outputs, expected, atol=1e-5)
    right = expected.argmax(1).numpy() == np.array(["xy".index(label) for *_, label in cells])
    assert found.record.figures["accuracy"] == pytest.approx(right.mean())


def siamese(shape: tuple[int, ...] = (1, 6, 6)) -> Design:
    """Return a network of two pictures and one output: whether they are alike."""
    nodes = {
        "left": Node("Input", {"shape": shape}),
        "right": Node("Input", {"shape": shape}),
        "a": Node("Flatten"),
        "b": Node("Flatten"),
        "both": Node("Concat"),
        "fc1": linear(32),
        "relu": Node("ReLU"),
        "fc2": linear(1),
        "out": Node("Output"),
    }
    edges = [("left", "a", 0), ("right", "b", 0), ("a", "both", 0), ("b", "both", 1)]
    edges += [("both", "fc1", 0), ("fc1", "relu", 0), ("relu", "fc2", 0), ("fc2", "out", 0)]
    return Design("Pairs", graph=Graph(nodes, tuple(Edge(a, 0, b, port) for a, b, port in edges)))


def write_pairs(path: Path, *, count: int = 400) -> Path:
    """Write pairs of pictures that are both bright, both dark, or of each one."""
    generator = np.random.default_rng(1)
    bright = generator.integers(0, 2, (2, count))
    pictures = generator.integers(0, 100, (2, count, 6, 6)) + 120 * bright[:, :, None, None]
    left, right = pictures.astype(np.uint8)
    np.savez(path, left=left, right=right, same=(bright[0] == bright[1]).astype(int))
    return path


def test_two_inputs_and_one_answer(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "pairs.npz")
    recipe = recipe_of(data, epochs=12, batch=16, loss__name="binary_cross_entropy")
    run = begin(tmp_path / "run", siamese(), changed(recipe, {"data.test": 0.3}))
    result = train(run)
    assert result.status == "finished"
    preprocessing = run.preprocessing()
    assert preprocessing.labels == ("same",)
    assert [each.bytes for each in preprocessing.inputs] == [True, True]
    with np.load(run.evaluation / "predictions.npz") as tables:
        outputs, targets = tables["outputs"][:, 0], tables["targets"][:, 0]
    area = evaluate(load(Subject(run=str(run.path))), Choice()).record.figures["roc_auc"][0]
    assert area == pytest.approx(metrics.roc_auc_score(targets, outputs))
    assert area > 0.98


def test_inputs_come_by_their_names_whatever_their_order(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "pairs.npz", count=40)
    with np.load(data) as arrays:
        left = arrays["left"]
    run = begin(tmp_path / "run", siamese(), recipe_of(data, loss__name="binary_cross_entropy"))
    found = prepared(run)
    inputs, _ = next(found.train.batches(torch.arange(len(found.train)), len(found.train)))
    assert list(inputs) == ["left", "right"]
    mean, deviation = (
        torch.tensor(getattr(found.preprocessing.inputs[0], name)) for name in ("mean", "deviation")
    )
    back = ((inputs["left"] * deviation + mean) * 255).round().byte().numpy()[:, 0]
    stored = {picture.tobytes() for picture in left}
    assert all(picture.tobytes() in stored for picture in back)


CASES: Mapping[str, tuple[tuple[int, ...], dict[str, LayerNode], int]] = {
    "a sequence of rows": ((7, 3), {"flat": Node("Flatten")}, 1),
    "a volume": ((2, 3, 4, 5), {"flat": Node("Flatten")}, 0),
    "a volume for Conv3d": (
        (2, 3, 4, 5),
        {"conv": Node("Conv3d", {"out_channels": 4, "kernel_size": 3}), "flat": Node("Flatten")},
        0,
    ),
    "one number": ((1,), {}, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_values_of_other_shapes_are_learned(tmp_path: Path, case: str) -> None:
    shape, layers, axis = CASES[case]
    generator = np.random.default_rng(2)
    labels = np.arange(150) % 2
    values = generator.normal(size=(150, *shape)) + 3 * labels.reshape(-1, *(1,) * len(shape))
    np.savez(tmp_path / "data.npz", x=values, y=labels)
    design = chain("Any", shape, **layers, fc=linear(2))
    run = begin(tmp_path / "run", design, recipe_of(tmp_path / "data.npz", epochs=8))
    result = train(run)
    assert result.test is not None and result.test.accuracy is not None
    assert result.test.accuracy > 0.85
    (learned,) = run.preprocessing().inputs
    assert learned.axis == axis
    assert len(learned.mean) == shape[axis]


def test_a_number_for_each_row_is_learned(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(size=(200, 3))
    targets = values @ np.array([1.0, -2.0, 0.5])
    np.savez(tmp_path / "data.npz", x=values, y=targets)
    recipe = recipe_of(tmp_path / "data.npz", epochs=10, loss__name="mean_squared_error")
    run = begin(tmp_path / "run", chain("Line", (3,), fc=linear(1)), recipe)
    train(run)
    figures = evaluate(load(Subject(run=str(run.path))), Choice()).record.figures
    assert figures["r2"][0] > 0.98


AUTOENCODER = chain(
    "Auto",
    (1, 8, 8),
    flat=Node("Flatten"),
    code=linear(12),
    relu=Node("ReLU"),
    decode=linear(64),
    back=Node("Reshape", {"shape": (1, 8, 8)}),
)


def write_stripes(path: Path) -> Path:
    generator = np.random.default_rng(4)
    rows = generator.integers(0, 8, 200)
    pictures = np.zeros((200, 8, 8), np.uint8)
    pictures[np.arange(200), rows] = 220
    np.savez(path, images=pictures, labels=rows % 3)
    return path


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
def test_an_autoencoder_learns_its_own_input(tmp_path: Path, loss: str) -> None:
    recipe = recipe_of(
        write_stripes(tmp_path / "stripes.npz"),
        epochs=25,
        loss__name=loss,
        data__targets="input",
        data__preprocessing="scale",
        optimizer__name="adam",
        optimizer__learning_rate=0.01,
    )
    run = begin(tmp_path / "run", AUTOENCODER, recipe)
    result = train(run)
    assert result.test is not None and result.test.accuracy is None
    assert run.recipe().data.targets == "input"
    found = evaluate(load(Subject(run=str(run.path))), Choice())
    figures, outputs = found.record.figures, torch.from_numpy(found.predictions.outputs)
    pictures = torch.from_numpy(found.predictions.targets)
    assert pictures.min() == 0 and pictures.max() == pytest.approx(220 / 255)
    given = outputs.sigmoid() if loss == "binary_cross_entropy" else outputs
    error = torch.nn.functional.mse_loss(given, pictures).item()
    mean = torch.nn.functional.mse_loss(pictures.mean(0).expand_as(pictures), pictures).item()
    assert figures["squared_error"] == pytest.approx(error, rel=1e-4)
    assert figures["mean_example_error"] == pytest.approx(mean, rel=1e-4)
    assert figures["error_share"] < 0.25
    expected = (
        torch.nn.functional.binary_cross_entropy_with_logits(outputs, pictures).item()
        if loss == "binary_cross_entropy"
        else error
    )
    assert result.test.loss == pytest.approx(expected, rel=1e-4)


def test_an_autoencoder_of_rows(tmp_path: Path, rows: Path) -> None:
    recipe = recipe_of(rows, loss__name="mean_squared_error", data__targets="input")
    run = begin(tmp_path / "run", chain("Auto", (5,), fc=linear(5)), recipe)
    assert train(run).status == "finished"


REFUSED: Mapping[str, tuple[Design, dict[str, Any], str]] = {
    "fewer columns": (
        mlp(4, 2),
        {},
        r"rows has 5 values for each example \(size, weight, kind = p",
    ),
    "more classes": (mlp(5, 3), {}, "2 classes but output scores of Rows gives 3 values"),
    "a picture": (
        chain("Net", (1, 2, 3), flat=Node("Flatten"), fc=linear(2)),
        {},
        "rows has 5 values for each example, no pictures, but Net takes a picture",
    ),
    "own input of another size": (
        mlp(5, 2),
        {"loss__name": "mean_squared_error", "data__targets": "input"},
        "Output scores of Rows is 2, but data.targets is input, so that it must be 5",
    ),
    "probabilities of standardized values": (
        mlp(5, 5),
        {"loss__name": "binary_cross_entropy", "data__targets": "input"},
        "compares values from 0 to 1, but data.standardize is true",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_is_one_sentence(tmp_path: Path, rows: Path, case: str) -> None:
    design, changes, said = REFUSED[case]
    run = begin(tmp_path / "run", design, recipe_of(rows, **changes))
    with pytest.raises(DesignerError, match=said):
        train(run)


def test_a_mask_is_not_asked_for_a_last_layer(tmp_path: Path) -> None:
    data = write_stripes(tmp_path / "stripes.npz")
    mask = chain("Mask", (1, 8, 8), conv=Node("Conv2d", {"out_channels": 21, "kernel_size": 1}))
    with pytest.raises(DesignerError) as refused:
        create(tmp_path / "run", recipe_of(data), mask)
    assert "21×8×8" in str(refused.value) and "set its last layer" not in str(refused.value)


def test_a_single_class_is_evaluated(tmp_path: Path, rows: Path) -> None:
    run = begin(tmp_path / "run", mlp(5, 2), recipe_of(rows))
    train(run)
    lines = rows.read_text().splitlines()
    one = tmp_path / "one.csv"
    one.write_text("\n".join([lines[0], *(line for line in lines if line.endswith(",x"))][:6]))
    found = evaluate(load(Subject(run=str(run.path))), Choice(data=str(one))).record
    assert found.figures["images"] == 5
    assert any("No example that is evaluated has the class y" in note for note in found.notes)


def test_whole_numbers_beyond_an_embedding_are_refused(tmp_path: Path) -> None:
    layers = {
        "table": Node("Embedding", {"num_embeddings": 4, "embedding_dim": 3}),
        "flat": Node("Flatten"),
        "fc": linear(2),
    }
    design = edits.set_parameter(chain("Tokens", (5,), **layers), "image", "dtype", "int64")
    tokens = np.arange(200).reshape(40, 5) % 4
    path = tmp_path / "tokens.npz"
    np.savez(path, x=tokens, y=np.arange(40) % 2)
    run = begin(tmp_path / "run", design, recipe_of(path))
    train(run)
    for wrong, said in ((7, "knows those from 0 to 3 only: set .* to 8"), (-1, "number them from")):
        tokens[3, 3] = wrong
        other = tmp_path / "other.npz"
        np.savez(other, x=tokens, y=np.arange(40) % 2)
        with pytest.raises(DesignerError, match=said):
            evaluate(load(Subject(run=str(run.path))), Choice(data=str(other)))
        with pytest.raises(DesignerError, match=said):
            prepared(begin(tmp_path / f"run{wrong}", design, recipe_of(other)))
