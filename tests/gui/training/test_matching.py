"""Which designs fit the built-in data."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from designer import presets
from designer.analysis.analysis import analyze
from designer.data import describe, open_dataset
from designer.data.findings import Choice, Finding
from designer.data.options import read_options
from designer.data.targets import Target
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.gui.documents.training_problem import RecipeFix
from designer.gui.training.matching import Match, match
from designer.known_data.titles import BUILT_IN, built_in_for
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe


@pytest.fixture(scope="module")
def described():
    return {name: describe(open_dataset(name)) for name in BUILT_IN}


def takes_a_picture(name: str) -> bool:
    """Return whether a preset takes one picture; of other data none are built in."""
    inputs = analyze(presets.load(name)).inputs
    return len(inputs) == 1 and inputs[0].shape[0] in (1, 3)


WITH_RECIPE = [
    name
    for name in presets.names()
    if presets.path(name, "recipe").exists() and takes_a_picture(name)
]


@pytest.mark.parametrize("name", WITH_RECIPE)
def test_every_preset_with_a_recipe_fits_the_built_in_data_for_it(name, described):
    """At once, or after the one fix that sets the number of classes."""
    design = presets.load(name)
    analysis = analyze(design)
    source = built_in_for(analysis.inputs[0].shape[0])
    recipe = changed(presets.recipe(name), {"data.source": source})
    data = described[source]
    if recipe.data.targets != "auto":
        data = describe(open_dataset(source, read_options(recipe.data)))
    found = match(analysis, data, recipe)
    if found.refusal:
        assert "has 10 classes, but" in found.refusal
        fix = found.fixes[0]
        assert not isinstance(fix, RecipeFix) and "10 classes" in fix.label
        found = match(analyze(fix.edit(design)), data, recipe)
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


@pytest.mark.parametrize(
    ("changes", "words", "label"),
    [
        (
            {"accumulation": 1000, "batch": 64},
            "1,000 batches of 64 are more than the",
            "accumulate 112",
        ),
        ({"accumulation": 3, "batch": 5000}, "3 batches of 5,000", "do not accumulate"),
        (
            {"optimizer.name": "lbfgs", "gradient_clipping": 1.0},
            "Gradient clipping is 1.0, which does not go with LBFGS",
            "set Gradient clipping to none",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_mended_by_one_press(described, changes, words, label):
    recipe = changed(presets.recipe("lenet5"), {"data.source": "mnist10k", **changes})
    analysis = analyze(presets.load("lenet5"))
    found = match(analysis, described["mnist10k"], recipe)
    assert words in found.refusal
    (fix,) = found.fixes
    assert fix.label == label
    assert not match(analysis, described["mnist10k"], fix.change(recipe)).refusal


def rows(inputs=(4,), outputs=2, name="x"):
    nodes = {
        name: LayerNode("Input", {"shape": inputs}),
        "fc": LayerNode("Linear", {"out_features": outputs}),
        "out": LayerNode("Output"),
    }
    edges = (Edge(name, 0, "fc", 0), Edge("fc", 0, "out", 0))
    return Design("Rows", graph=Graph(nodes, edges))


@pytest.fixture
def table(tmp_path):
    lines = [f"{i / 4},{'pqr'[i % 3]},{'xy'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["size,kind,label", *lines]))
    return describe(open_dataset(tmp_path / "t.csv"))


def test_a_table_fits_a_network_of_as_many_values(table):
    recipe = changed(Recipe(), {"batch": 8})
    assert match(analyze(rows()), table, recipe) == Match()
    found = match(analyze(rows((7,))), table, recipe)
    assert "has 4 values for each example" in found.refusal and "takes 7" in found.refusal
    (fix,) = found.fixes
    assert match(analyze(fix.edit(rows((7,)))), table, recipe) == Match()


def test_a_table_does_not_fit_a_network_of_pictures_nor_pictures_one_of_rows(table, described):
    recipe = changed(Recipe(), {"batch": 8})
    found = match(analyze(presets.load("lenet5")), table, recipe)
    assert "no pictures, but LeNet-5 takes a picture" in found.refusal
    found = match(analyze(rows((7,), 10)), described["mnist10k"], recipe)
    assert "1×28×28 values" in found.refusal
    assert not match(analyze(rows((784,), 10)), described["mnist10k"], recipe).refusal


def test_what_is_said_of_a_table_speaks_of_examples(table):
    found = match(analyze(rows()), table, changed(Recipe(), {"batch": 64}))
    assert found.refusal == "A batch of 64 is more than the 32 training examples."


def test_the_input_itself_as_the_target(table, described):
    own = replace(table, target=Target("input", "input", ()), class_counts={})
    settings = {"batch": 8, "data.targets": "input", "loss.name": "mean_squared_error"}
    recipe = changed(Recipe(), settings)
    assert not match(analyze(rows((4,), 4)), own, recipe).refusal
    found = match(analyze(rows((4,), 3)), own, recipe)
    assert "out is 3, but the target is the input itself" in found.refusal
    assert found.fixes[0].change(recipe).data.targets == "auto"


def test_two_classes_are_one_label_for_binary_cross_entropy(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.eye(20, 4), same=np.arange(20) % 2)
    data = describe(open_dataset(tmp_path / "t.npz"))
    recipe = changed(Recipe(), {"batch": 4, "loss.name": "binary_cross_entropy"})
    assert not match(analyze(rows((4,), 1)), data, recipe).refusal
    found = match(analyze(rows((4,), 2)), data, recipe)
    assert "1 label, but out has 2 values" in found.refusal
