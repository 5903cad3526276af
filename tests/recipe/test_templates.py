"""The table of recipe templates, and those that users save."""

from pathlib import Path

import pytest

from designer.errors import DesignerError
from designer.recipe import templates
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields, is_used, value_of
from designer.recipe.templates import TEMPLATES, Template


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "recipes"
    monkeypatch.setattr(templates, "own_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("row", TEMPLATES.values(), ids=lambda row: row.name)
def test_a_template_is_applied(row: Template) -> None:
    assert row.help.endswith(".")
    assert row.source
    before = changed(
        Recipe(), {"data.source": "shapes10", "seed": 7, "device": "cpu", "data.validation": 0.2}
    )
    after = templates.applied(row.name, before)
    for name, value in row.changes.items():
        assert value_of(after, name) == value
        assert is_used(after, fields()[name])
    for name in ("data.source", "data.validation", "seed", "device"):
        assert value_of(after, name) == value_of(before, name)


def test_the_weight_decays_of_the_papers() -> None:
    decays = {name: row.changes.get("optimizer.weight_decay") for name, row in TEMPLATES.items()}
    assert decays["alexnet"] == decays["vgg"] == 5e-4
    assert decays["resnet"] == decays["resnet_cifar"] == 1e-4


def test_an_own_template_is_saved_used_and_removed(own: Path) -> None:
    whitening = {"data.preprocessing": "zca", "data.whitening_epsilon": 0.5}
    recipe = changed(Recipe(), {"epochs": 3, "data.source": "elsewhere", "seed": 5, **whitening})
    templates.save(" my recipe ", recipe)
    assert templates.names()[-1] == "my recipe"
    after = templates.applied("my recipe", Recipe())
    assert (after.data.preprocessing, after.data.whitening_epsilon) == ("zca", 0.5)
    assert (after.epochs, after.data.source, after.seed) == (3, Recipe().data.source, 0)
    templates.remove("my recipe")
    assert templates.own_names() == []
    with pytest.raises(DesignerError, match="There is no recipe template my recipe; the templates"):
        templates.applied("my recipe", Recipe())


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "x" * 81, "resnet"])
def test_names_that_are_refused(own: Path, name: str) -> None:
    with pytest.raises(DesignerError):
        templates.save(name, Recipe())
    assert templates.own_names() == []


def test_a_damaged_template_is_refused(own: Path) -> None:
    own.mkdir()
    (own / "bad.json").write_text("{")
    with pytest.raises(DesignerError, match=r"bad\.json cannot be used"):
        templates.applied("bad", Recipe())
