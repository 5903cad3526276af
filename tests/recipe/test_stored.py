"""The recipe in a design file: paths near it are relative, a bad part leaves the rest usable."""

import os
from pathlib import Path
from typing import Any

import pytest

from designer.design import files
from designer.design.values import Design
from designer.recipe import stored
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields
from tests.recipe.alternatives import another_value


def _saved(recipe: Recipe, file: Path) -> dict[str, Any]:
    """Write a design with a recipe, and return its key ``training`` as read from the file."""
    files.save(Design("d"), file, stored.dump(recipe, file))
    training = files.load(file).training
    assert isinstance(training, dict)
    return training


@pytest.mark.parametrize("name", sorted(fields()))
def test_every_setting_comes_back(tmp_path: Path, name: str) -> None:
    recipe = changed(Recipe(), {name: another_value(fields()[name])})
    assert recipe != Recipe()
    file = tmp_path / "d.json"
    assert stored.load(_saved(recipe, file), file) == (recipe, ())


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ("proj/data", "./data"),
        ("proj/sub/data.npz", "./sub/data.npz"),
        ("data", "../data"),
        ("proj/nets", "./nets"),
    ],
)
def test_a_path_near_the_file_is_relative_and_moves_with_it(
    tmp_path: Path, data: str, written: str
) -> None:
    base = tmp_path / "one"
    source = changed(Recipe(), {"data.source": str(base / data)})
    file = base / "proj" / "d.json"
    file.parent.mkdir(parents=True)
    training = _saved(source, file)
    assert training["recipe"]["data"]["source"] == written
    base.rename(tmp_path / "two")
    moved = stored.load(training, tmp_path / "two" / "proj" / "d.json").recipe
    assert moved is not None
    assert moved.data.source == str(tmp_path / "two" / data)


@pytest.mark.parametrize(
    "source", ["mnist10k", "imagenet", "~/digits", os.path.abspath("/elsewhere/far/away/digits")]
)
def test_names_and_far_paths_stay_as_they_are(tmp_path: Path, source: str) -> None:
    file = tmp_path / "d.json"
    training = _saved(changed(Recipe(), {"data.source": source}), file)
    assert training["recipe"]["data"]["source"] == source
    found = stored.load(training, file).recipe
    assert found is not None
    assert found.data.source == source


def test_initial_weights_are_relative_too_and_names_of_torchvision_stay(tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    recipe = changed(Recipe(), {"initial_weights": str(tmp_path / "w.pt")})
    training = _saved(recipe, file)
    assert training["recipe"]["initial_weights"] == "./w.pt"
    assert stored.load(training, file).recipe == recipe
    recipe = changed(Recipe(), {"initial_weights": "torchvision:resnet18"})
    assert _saved(recipe, file)["recipe"]["initial_weights"] == "torchvision:resnet18"


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_paths_relate_to_the_target_of_a_link(tmp_path: Path) -> None:
    real, links = tmp_path / "real", tmp_path / "links" / "deep"
    real.mkdir()
    links.mkdir(parents=True)
    (real / "d.json").touch()
    (links / "d.json").symlink_to(real / "d.json")
    recipe = changed(Recipe(), {"data.source": str(real / "data")})
    training = _saved(recipe, links / "d.json")
    assert training["recipe"]["data"]["source"] == "./data"
    assert stored.load(training, real / "d.json").recipe == recipe
    assert stored.load(training, links / "d.json").recipe == recipe


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (5, "no object"),
        ([], "no object"),
        ({"recipe": 5}, "training.recipe is no object"),
        ({"plan": {}}, "unknown key plan"),
        ({"recipe": {"epochs": "many"}}, "epochs"),
        ({"recipe": {"epochs": -3}}, "epochs is -3 but must be at least 1"),
        ({"recipe": {"epochs": 10**30}}, "epochs"),
        ({"recipe": {"speed": 1}}, "unknown setting speed"),
        ({"recipe": {"optimizer": {"name": "lion"}}}, "optimizer.name"),
        ({"recipe": {"optimizer": {"pace": 1}}}, "unknown setting optimizer.pace"),
        ({"recipe": {"optimizer": 3}}, "unknown setting optimizer"),
        ({"recipe": {"data": {"source": ""}}}, "data.source is empty"),
        ({"recipe": {"data": {"source": None}}}, "data.source"),
    ],
)
def test_a_bad_part_is_named_and_the_rest_is_used(
    tmp_path: Path, training: Any, words: str
) -> None:
    if isinstance(training, dict) and "recipe" in training and training["recipe"] != 5:
        training["recipe"] = {"batch": 77, **training["recipe"]}
    found = stored.load(training, tmp_path / "d.json")
    assert words in stored.sentence(found.faults)
    if found.recipe is not None:
        assert found.recipe == changed(Recipe(), {"batch": 77})


def test_many_faults_are_counted(tmp_path: Path) -> None:
    training = {"recipe": {f"x{number}": 1 for number in range(10)}}
    found = stored.load(training, tmp_path / "d.json")
    assert stored.sentence(found.faults).endswith("; and 7 more")


def test_a_design_without_a_recipe_has_the_same_bytes_as_before(tmp_path: Path) -> None:
    files.save(Design("d"), tmp_path / "d.json")
    text = (tmp_path / "d.json").read_text(encoding="utf-8")
    assert "training" not in text
    assert text == files.dumps(Design("d"))


def test_a_part_of_another_file_has_no_recipe(tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    _saved(Recipe(), file)
    assert "training" not in files.dumps(files.read(file))


def test_a_name_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    recipe = changed(Recipe(), {"data.source": f"{tmp_path}/\udce4"})
    file = tmp_path / "d.json"
    with pytest.raises(files.DesignerError, match="is no valid text: rename it"):
        files.save(Design("d"), file, stored.dump(recipe, file))
    assert not file.exists()
