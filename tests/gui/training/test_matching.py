"""Which designs fit the built-in data."""

from dataclasses import replace

import pytest
from PIL import Image

from designer import presets
from designer.analysis.analysis import analyze
from designer.data import describe, open_dataset
from designer.data.findings import Choice, Finding
from designer.data.options import read_options
from designer.gui.documents.training_problem import RecipeFix
from designer.gui.training.matching import match
from designer.known_data.titles import BUILT_IN, built_in_for
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe


@pytest.fixture(scope="module")
def described():
    return {name: describe(open_dataset(name)) for name in BUILT_IN}


WITH_RECIPE = [name for name in presets.names() if presets.path(name, "recipe").exists()]


@pytest.mark.parametrize("name", WITH_RECIPE)
def test_every_preset_with_a_recipe_fits_the_built_in_data_for_it(name, described):
    """At once, or after the one fix that sets the number of classes."""
    design = presets.load(name)
    analysis = analyze(design)
    source = built_in_for(analysis.inputs[0].shape[0])
    recipe = changed(presets.recipe(name), {"data.source": source})
    found = match(analysis, described[source], recipe)
    if found.refusal:
        assert "has 10 classes, but" in found.refusal
        fix = found.fixes[0]
        assert not isinstance(fix, RecipeFix) and "10 classes" in fix.label
        found = match(analyze(fix.edit(design)), described[source], recipe)
    assert not found.refusal


NAMES = Choice(label="take the classes from the names", settings={"data.classes_from": "names"})
WEIGHTS = Choice(label="balance the weights", settings={"loss.class_weights": "balanced"})


def test_a_question_of_the_data_is_answered_before_all_else(described):
    digits = replace(
        described["mnist10k"],
        findings=(
            Finding(code="rare", sentence="Class 3 is rare.", kind="warning", choices=(WEIGHTS,)),
            Finding(code="names", sentence="Which?", kind="question", choices=(NAMES,)),
        ),
    )
    recipe = changed(presets.recipe("alexnet"), {"data.source": "mnist10k"})
    found = match(analyze(presets.load("alexnet")), digits, recipe)
    assert found.refusal == "Which?" and [fix.label for fix in found.fixes] == [NAMES.label]
    assert isinstance(found.fixes[0], RecipeFix)
    assert found.fixes[0].change(recipe).data.classes_from == "names"


def test_warnings_of_the_data_have_their_remedies(described):
    rare = Finding(code="rare", sentence="Class 3 is rare.", kind="warning", choices=(WEIGHTS,))
    digits = replace(described["mnist10k"], findings=(rare,))
    recipe = presets.recipe("lenet5")
    found = match(analyze(presets.load("lenet5")), digits, recipe)
    assert not found.refusal and found.warning == "Class 3 is rare."
    fix = found.fixes[0]
    assert isinstance(fix, RecipeFix)
    assert fix.change(recipe).loss.class_weights == "balanced"


def test_whole_numbers_may_be_read_as_classes_for_a_loss_of_classes(tmp_path):
    rows = ["file,age"]
    for number in range(40):
        Image.new("L", (28, 28), number).save(tmp_path / f"face{number}.png")
        rows.append(f"face{number}.png,{number % 30}")
    (tmp_path / "ages.csv").write_text("\n".join(rows))
    recipe = changed(Recipe(), {"data.source": str(tmp_path)})
    found = match(analyze(presets.load("lenet5")), describe(open_dataset(tmp_path)), recipe)
    assert "has numbers as targets" in found.refusal
    (fix,) = [fix for fix in found.fixes if fix.label == "read the numbers as classes"]
    read = fix.change(recipe)
    data = describe(open_dataset(tmp_path, read_options(read.data)))
    assert data.kind == "classes"
    refusal = match(analyze(presets.load("lenet5")), data, read).refusal
    assert "has 30 classes, but scores has 10 values" in refusal
