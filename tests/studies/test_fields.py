"""Fields that vary: found by name, read as they are typed, refused in a sentence."""

import pytest

from designer import presets
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.studies import fields, typed
from designer.studies.grids import choices_of
from designer.studies.spec import Range, Study, Variant, Varied
from tests.studies.samples import LENET


def _read(text: str, preset: str = "lenet5") -> Varied:
    return typed.read(text, presets.load(preset), Recipe())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("batch=8, 32,128", [8, 32, 128]),
        ("optimizer.name=sgd,adam", ["sgd", "adam"]),
        ("optimizer.learning_rate=0.1,1e-3", [0.1, 0.001]),
        ("design.classes=2,10", [2, 10]),
        ("design.conv1.out_channels=2..6:step=2", [2, 4, 6]),
        ("design.conv1.out_channels=2..6", [2, 3, 4, 5, 6]),
        ("optimizer.learning_rate=0.001..1:log:points=4", [0.001, 0.01, 0.1, 1.0]),
        ("optimizer.momentum=0..0.8", [0.0, 0.2, 0.4, 0.6, 0.8]),
        ("gradient_clipping=none,1", [None, 1]),
        ("data.stratified=true,false", [True, False]),
        ("design.conv1.kernel_size=3,5,[3,1]", [3, 5, [3, 1]]),
        ("data.stratified", [False, True]),
    ],
)
def test_values_are_read_as_they_are_typed(text, values):
    assert list(choices_of(_read(text))) == values


def test_a_name_alone_takes_what_suits_the_field():
    assert "adam" in _read("optimizer.name").values
    assert _read("batch").range == Range(low=32, high=128, whole=True)
    assert _read("optimizer.learning_rate").range == Range(low=0.005, high=0.5, log=True)
    assert _read("design.option", "resnet_cifar").values == ("A", "B", "C")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("batsch=1", "did you mean 'batch'"),
        ("classes=3", "did you mean 'design.classes'"),
        ("seed=1,2", "the protocol of the study repeats"),
        ("batch=8..4", "lower end first"),
        ("batch=1.5..4", "whole ends"),
        ("batch=a,b", "takes numbers; received 'a'"),
        ("optimizer.learning_rate=0..1:log", "above 0"),
        ("optimizer.learning_rate=0..1:steps=3", "is no range"),
        ("optimizer.learning_rate=0.1..1:step=2", "fits its range"),
        ("batch=8..64:step=1.5", "whole step"),
        ("optimizer.learning_rate=0.1..1:points=20000", "makes 10,000 or fewer"),
        ("optimizer.learning_rate=0.1..1:step=1e-9", "makes 10,000 or fewer"),
        ("optimizer.name=a..b", "is no range"),
        ("optimizer.name=1..2", "takes no range"),
    ],
)
def test_what_is_no_field_or_value_is_refused_in_a_sentence(text, words):
    with pytest.raises(DesignerError, match=words):
        _read(text)


@pytest.mark.parametrize(
    ("varied", "words"),
    [
        (Varied(name="batch", values=(8, 0)), "batch is 0 but must be at least 1"),
        (Varied(name="batch"), "has no values"),
        (Varied(name="batch", values=(8, 16, 8)), "has the value 8 twice"),
        (Varied(name="batch", range=Range(low=0, high=9, whole=True)), "at least 1"),
        (Varied(name="optimizer.name", values=("adam", "adamm")), "adamm"),
        (Varied(name="design.classes", values=(0,)), "at least 1"),
        (Varied(name="design.conv1.out_channels", values=(0,)), "at least 1; received 0"),
        (Varied(name="x", variants=(Variant(title="a"), Variant(title="a"))), "two variants"),
        (Varied(name="x", variants=(Variant(title="a", design="b"),)), "no design b"),
        (Varied(name="x", variants=(Variant(title="a", changes={"design.no.p": 1}),)), "'no'"),
    ],
)
def test_a_study_with_a_wrong_value_is_refused_before_it_begins(varied, words):
    with pytest.raises(DesignerError, match=words):
        fields.check(Study(title="t", varied=(varied,)), {"": LENET}, Recipe())


def test_a_field_varies_once():
    twice = (Varied(name="batch", values=(8,)), Varied(name="batch", values=(16,)))
    with pytest.raises(DesignerError, match="varies twice"):
        fields.check(Study(title="t", varied=twice), {"": LENET}, Recipe())


def test_values_change_design_and_recipe_with_what_follows():
    design, recipe = fields.with_values(
        LENET,
        Recipe(),
        {"design.conv1.out_channels": 4, "design.classes": 3, "optimizer.name": "adam"},
    )
    assert design.graph.nodes["conv1"].parameters["out_channels"] == 4
    assert design.arguments["classes"].default == 3
    assert recipe.optimizer.name == "adam"
    assert recipe.optimizer.learning_rate == 0.001  # that of Adam
    _, recipe = fields.with_values(
        LENET, Recipe(), {"optimizer.name": "adam", "optimizer.learning_rate": 0.5}
    )
    assert recipe.optimizer.learning_rate == 0.5


def test_every_field_can_be_varied_as_suggested():
    for preset in ("lenet5", "resnet_cifar", "vit_b_16", "lstm_rows"):
        design = presets.load(preset)
        for each in fields.all_fields(design, Recipe()):
            found = each.suggestion()
            assert found.name == each.name
            assert len(choices_of(found)) >= 1, each
            if found.range is not None:
                assert found.range.low < found.range.high, each
