"""Trainings on texts: windows, losses, metrics, exact resumes, evaluations, continuations."""

import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from designer.cli import main
from designer.design import edits
from designer.design.values import Design, LayerNode
from designer.engine.inspect.continuation import continuation
from designer.engine.inspect.evaluating import Choice, evaluate
from designer.engine.inspect.subject import load
from designer.engine.preparation import Prepared, prepare
from designer.engine.text_windows import Windows
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from tests.engine.samples import chain, tiny_recipe
from tests.engine.test_training import StopAt, assert_same, look_always  # noqa: F401

TEXT = "abcde" * 200 + "\n"
LENGTH = 8


def reader(tokens: int = 6, length: int = LENGTH) -> Design:
    """Return a network that reads tokens and gives values for the next one at each of them."""
    layers = {
        "table": LayerNode("Embedding", {"num_embeddings": tokens, "embedding_dim": 8}),
        "gru": LayerNode("GRU", {"hidden_size": 16}),
        "fc": LayerNode("Linear", {"out_features": tokens}),
    }
    design = chain("Reader", (length,), **layers)
    return edits.set_parameter(design, "image", "dtype", "int64")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "letters.txt"
    path.write_text(TEXT)
    return path


def recipe_of(data: Path, **changes: Any) -> Recipe:
    adam = {"optimizer__name": "adam", "optimizer__learning_rate": 0.02}
    return tiny_recipe(data, **{"statistics": 0, "log_interval": 5, "batch": 4, **adam, **changes})


def prepared(run: RunFolder) -> Prepared:
    with ExitStack() as stack:
        return prepare(run, stack)


@pytest.fixture(scope="module")
def trained(text: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    metrics = ("perplexity", "bits_per_token")
    recipe = recipe_of(text, epochs=4, watching__metrics=metrics)
    run = begin(tmp_path_factory.mktemp("runs") / "run", reader(), recipe)
    assert train(run).status == "finished"
    return run


def test_windows_begin_anywhere_and_cover_the_text_once() -> None:
    windows = Windows(tokens=1001, window=10, length=99, seed=1)
    first, second = windows.order(0), windows.order(1)
    assert torch.equal(first, windows.order(0)) and not torch.equal(first, second)
    assert (first.min() >= 0) and (first.max() <= 1001 - 11)
    # One behind the other, around the end: each of the 991 places but one or a few is in a window.
    apart = first.sort().values.diff()
    assert len(first) == 99 and (apart == 10).sum() >= 97 and apart.max() <= 11
    more = Windows(tokens=1001, window=10, length=250, seed=1).order(0)
    assert len(more) == 250 and more.max() <= 990


def test_batches_are_the_text_and_what_follows(tmp_path: Path, text: Path) -> None:
    found = prepared(begin(tmp_path / "run", reader(), recipe_of(text)))
    order = found.sampling.order(0)
    inputs, targets = next(found.train.batches(order, 4))
    assert inputs["image"].dtype == targets.dtype == torch.int64
    vocabulary = found.preprocessing.vocabulary
    for row, (tokens, behind) in enumerate(zip(inputs["image"], targets, strict=True)):
        start = int(order[row])
        assert vocabulary.decode(tokens.tolist()) == TEXT[start : start + LENGTH]
        assert vocabulary.decode(behind.tolist()) == TEXT[start + 1 : start + LENGTH + 1]
    # Validation is the part before the last, in its order: of 125 windows, 88 are trained on.
    inputs, _ = next(found.validation.batches(torch.arange(2), 2))
    start = 88 * LENGTH
    assert vocabulary.decode(inputs["image"].flatten().tolist()) == TEXT[start : start + 2 * LENGTH]


def test_a_repeated_text_is_learned_and_measured(trained: RunFolder) -> None:
    result = trained.result()
    assert result.test.accuracy > 0.9  # but for the first letter of a window, all are certain
    events = [json.loads(line) for line in trained.events.read_text().splitlines()]
    epochs = [each for each in events if each["event"] == "epoch"]
    for each in epochs:
        loss = each["validation"]["loss"]
        assert each["metrics"]["perplexity"] == pytest.approx(math.exp(loss), rel=1e-5)
        assert each["metrics"]["bits_per_token"] == pytest.approx(loss / math.log(2), rel=1e-5)
    assert trained.preprocessing().vocabulary.characters == "\nabcde"


def test_loss_and_accuracy_are_those_of_plain_torch(trained: RunFolder) -> None:
    loaded = load(Subject(run=str(trained.path)))
    found = evaluate(loaded, Choice(part="test"))
    start = LENGTH * 113  # 12 of 125 windows
    tokens = torch.tensor([loaded.preprocessing.vocabulary.encode(TEXT)])[0, start:]
    rows = (len(tokens) - 1) // LENGTH
    inputs, targets = (tokens[first : first + rows * LENGTH].view(rows, LENGTH) for first in (0, 1))
    with torch.no_grad():
        output = loaded.network(inputs)
    loss = F.cross_entropy(output.transpose(1, 2), targets).item()
    figures = found.record.figures
    assert figures["loss"] == pytest.approx(loss, rel=1e-5)
    assert figures["perplexity"] == pytest.approx(math.exp(loss), rel=1e-5)
    right = (output.argmax(2) == targets).float().mean().item()
    assert figures["accuracy"] == pytest.approx(right)
    assert figures["tokens"] == targets.numel()


@pytest.mark.parametrize("changes", [{}, {"data__windows": 9, "accumulation": 2}])
def test_a_stopped_run_goes_on_exactly(
    tmp_path: Path,
    text: Path,
    changes: dict[str, Any],
    look_always: None,  # noqa: F811
) -> None:
    recipe = recipe_of(text, epochs=3, **changes)
    whole, broken = (begin(tmp_path / name, reader(), recipe) for name in ("whole", "broken"))
    steps = train(whole).steps
    assert steps == (3 * 22 if not changes else 3)
    assert train(broken, interrupt=StopAt(max(1, steps // 2))).status == "stopped"
    torch.rand(3)
    assert train(broken, resume=True).status == "finished"
    assert_same(whole, broken)


def test_pictures_for_a_network_that_reads_a_text(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", reader(), recipe_of(Path("mnist10k")))
    with pytest.raises(DesignerError, match="but mnist10k holds pictures: choose a text file"):
        prepared(run)


@pytest.mark.parametrize(
    ("design", "changes", "said"),
    [
        (reader(7), {}, r"6 different tokens, so that output scores of Reader must be 8×6"),
        (reader(), {"data__windows": 3}, "A batch of 4 is larger than the 3 training windows"),
        (reader(length=900), {}, "windows of 900 tokens for 3 parts"),
        (
            reader(),
            {"loss__name": "mean_squared_error"},
            "has tokens as targets, which mean_squared_error does not take.*cross_entropy",
        ),
        (reader(), {"loss__class_weights": "balanced"}, "whose tokens all weigh the same"),
    ],
)
def test_what_does_not_fit_is_said(
    tmp_path: Path, text: Path, design: Design, changes: dict[str, Any], said: str
) -> None:
    run = begin(tmp_path / "run", design, recipe_of(text, **changes))
    with pytest.raises(DesignerError, match=said):
        prepared(run)


def test_a_changed_text_is_refused_at_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "letters.txt"
    path.write_text(TEXT)
    run = begin(tmp_path / "run", reader(), recipe_of(path, epochs=2))
    train(run, interrupt=StopAt(8))
    path.write_text(TEXT.replace("a", "e", 1))
    with pytest.raises(DesignerError, match="cannot continue on other data"):
        prepared(run)


def test_a_network_goes_on_with_a_text(trained: RunFolder) -> None:
    loaded = load(Subject(run=str(trained.path)))
    assert continuation(loaded, "abc", length=10, temperature=0).text == "deabcdeabc"
    long = continuation(loaded, "cdeab" * 4, length=5, temperature=0)
    assert long.text == "cdeab"
    assert "it saw the last ones" in long.notes[0]
    unknown = continuation(loaded, "ab?c", length=2, temperature=0)
    assert (unknown.prompt, unknown.text) == ("abc", "de")
    assert "does not know ?" in unknown.notes[0]
    drawn = [continuation(loaded, "", length=40, temperature=3.0, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    only = continuation(loaded, "abc", length=10, temperature=50.0, top_k=1)
    assert only.text == "deabcdeabc"
    with pytest.raises(DesignerError, match="knows no character of the prompt"):
        continuation(loaded, "???")


def test_tokens_are_drawn_by_their_probabilities(trained: RunFolder) -> None:
    loaded = load(Subject(run=str(trained.path)))
    row = torch.tensor([loaded.preprocessing.vocabulary.encode("abcdeabc")])
    with torch.no_grad():
        wanted = (loaded.network(row)[0, -1] / 4).softmax(0).numpy()
    drawn = [
        continuation(loaded, "abcdeabc", length=1, temperature=4.0, seed=seed).text
        for seed in range(400)
    ]
    counts = np.array([drawn.count(each) for each in "\nabcde"]) / len(drawn)
    assert np.abs(counts - wanted).max() < 0.08


def test_the_command_prints_the_text(
    trained: RunFolder, text: Path, capsys: pytest.CaptureFixture
) -> None:
    options = ["--length", "6", "--temperature", "0"]
    assert main(["sample", str(trained.path), "--prompt", "abc", *options]) == 0
    assert capsys.readouterr().out == "abcdeabcd\n"
    assert main(["sample", str(trained.path), "--prompt", "abc", *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"prompt": "abc", "text": "deabcd", "notes": []}
    assert main(["sample", "lenet5"]) == 1
    assert "does not continue texts" in capsys.readouterr().err
    assert main(["sample", str(trained.path), "--temperature", "-1"]) == 2
    assert "takes a number from 0 to 100; received '-1'" in capsys.readouterr().err
    assert main(["predict", str(trained.path), str(text)]) == 1
    assert "netdesigner sample" in capsys.readouterr().err


def test_a_recorded_vocabulary_is_in_exported_files(trained: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    assert main(["export", str(trained.path), "--to", str(path)]) == 0
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        inputs = json.loads(file.metadata()["inputs"])
    assert inputs[0]["vocabulary"] == {"kind": "characters", "characters": "\nabcde"}


@pytest.mark.parametrize("temperature", [1e-300, 1e-40])
def test_a_tiny_temperature_takes_the_most_probable_token(
    trained: RunFolder, temperature: float
) -> None:
    loaded = load(Subject(run=str(trained.path)))
    assert continuation(loaded, "abc", length=5, temperature=temperature).text == "deabc"


def test_data_that_are_no_text_and_texts_of_other_characters_are_refused(
    trained: RunFolder, tmp_path: Path
) -> None:
    loaded = load(Subject(run=str(trained.path)))
    rows = tmp_path / "rows.csv"
    rows.write_text("a,class\n1,x\n2,y\n")
    with pytest.raises(DesignerError, match="predicts tokens: give a data set with tokens"):
        evaluate(loaded, Choice(data=str(rows)))
    foreign = tmp_path / "foreign.txt"
    foreign.write_text("XYZ" * 50)
    with pytest.raises(DesignerError, match=r"Of the 150 characters .* the network knows 0"):
        evaluate(loaded, Choice(data=str(foreign)))
    foreign.write_text("abcdeX" * 50)
    notes = evaluate(loaded, Choice(data=str(foreign))).record.notes
    assert any("50 characters of foreign are none of the 6" in note for note in notes)


def test_settings_of_pictures_are_named_where_they_are_not_used(tmp_path: Path, text: Path) -> None:
    recipe = recipe_of(text, augmentation__mixup=0.3, augmentation__horizontal_flip=True)
    notes = prepared(begin(tmp_path / "run", reader(), recipe)).notes
    assert any("augmentation.mixup" in note and "are for pictures" in note for note in notes)


def test_a_network_that_sees_the_token_to_predict_is_told_apart(tmp_path: Path, text: Path) -> None:
    both = edits.set_parameter(reader(), "gru", "bidirectional", True)
    for name, design, seen in (("both", both, True), ("one", reader(), False)):
        notes = prepared(begin(tmp_path / name, design, recipe_of(text))).notes
        assert any("depends on the tokens behind it" in note for note in notes) == seen
