"""What is said of a text and a design that do not fit, and the edits that make them fit."""

from pathlib import Path

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.data import describe, open_dataset
from designer.design.edits import set_argument
from designer.gui.training.matching import match, split_counts
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from tests.engine.test_text import TEXT, reader


@pytest.fixture
def data(tmp_path: Path):
    path = tmp_path / "letters.txt"
    path.write_text(TEXT)
    return describe(open_dataset(path))


RECIPE = changed(Recipe(), {"data.source": "letters.txt", "batch": 8})


@pytest.mark.parametrize("name", ["preset", "design"])
def test_one_click_gives_a_design_the_vocabulary_of_a_text(data, name: str) -> None:
    design = reader(9)
    if name == "preset":
        design = presets.load("gpt_nano")
        for argument, value in {"layers": 1, "heads": 1, "width": 8, "context": 8}.items():
            design = set_argument(design, argument, value)
    found = match(analyze(design), data, RECIPE)
    given = "65" if name == "preset" else "9"
    assert found.refusal.startswith("letters has 6 different tokens, but ")
    assert found.refusal.endswith(f"gives values for {given}.")
    (fix,) = found.fixes
    assert fix.label == "set the design to 6 tokens"
    after = match(analyze(fix.edit(design)), data, RECIPE)
    assert (after.refusal, after.warning) == ("", "")


def test_an_embedding_that_knows_too_few_tokens(data) -> None:
    from designer.design.edits import set_parameter

    design = set_parameter(reader(), "table", "num_embeddings", 4)
    found = match(analyze(design), data, RECIPE)
    assert "an Embedding knows only 4" in found.refusal
    after = found.fixes[0].edit(design)
    assert after.graph.nodes["table"].parameters["num_embeddings"] == 6


def test_designs_and_data_of_other_kinds(data) -> None:
    found = match(analyze(presets.load("lenet5")), data, RECIPE)
    assert found.refusal.startswith("letters is a text, whose tokens a design reads by one Input")
    digits = describe(open_dataset("mnist10k"))
    found = match(analyze(presets.load("gpt_nano")), digits, Recipe())
    assert found.refusal.endswith("is none: choose a text file or a folder of them.")


def test_windows_are_counted_by_the_length_that_the_design_reads(data) -> None:
    assert split_counts(data, RECIPE, 8) == {"train": 101, "validation": 12, "test": 12}
    few = changed(RECIPE, {"data.windows": 5})
    assert split_counts(data, few, 8)["train"] == 5
    found = match(analyze(reader()), data, few)
    assert found.refusal.startswith("A batch of 8 is more than the 5 windows of 8 tokens")
    assert found.fixes[0].label == "set the batch to 5"
    short = match(analyze(reader(length=900)), data, RECIPE)
    assert "is too short for parts of windows of 900 tokens" in short.refusal
