"""The lessons: their designs and recipes are whole, and the command line writes them."""

import json
import re
from pathlib import Path

import pytest

from designer import lessons, presets
from designer.analysis.analysis import analyze
from designer.analysis.assist.training import warnings
from designer.cli import main
from designer.cli.commands import program
from designer.data.opening import open_dataset
from designer.design import files
from designer.errors import DesignerError
from designer.resources import folder

ROWS = pytest.mark.parametrize("lesson", lessons.LESSONS, ids=lessons.names())


def test_names_are_told_apart() -> None:
    assert len(set(lessons.names())) == len(lessons.LESSONS)
    for lesson in lessons.LESSONS:
        assert len({each.key for each in lesson.designs}) == len(lesson.designs)
        assert len({each.title for each in lesson.designs}) == len(lesson.designs)


def test_every_design_file_serves_a_lesson() -> None:
    sources = {each.source for lesson in lessons.LESSONS for each in lesson.designs}
    own = {path.stem for path in (folder("presets") / "lessons").glob("*.json")}
    assert own <= sources
    assert sources - own <= set(presets.names())


@ROWS
def test_a_lesson_is_whole(lesson: lessons.Lesson) -> None:
    assert all(re.fullmatch(r"[A-Z].*\.", text) for text in lesson.text)
    assert len(lesson.title) <= 20
    assert set(lesson.commands) <= set(program.commands)
    data = open_dataset(lesson.recipe["data.source"])
    ((_, _, channels),) = data.train.shapes()
    for each in lesson.designs:
        recipe = lessons.recipe(lesson, each)
        analysis = analyze(lessons.load(each))
        assert analysis.valid
        assert analysis.problems == ()
        assert warnings(analysis, recipe.batch, recipe.loss.name) == ()
        (output,) = analysis.outputs
        assert output.shape == (data.outputs,)
        assert analysis.inputs[0].shape[0] == channels


def test_three_small_kernels_see_as_much_as_a_large_one_with_fewer_parameters() -> None:
    small, large = (analyze(lessons.load(each)) for each in lessons.find("small_kernels").designs)
    assert small.receptive_fields["stage2.2.conv"] == large.receptive_fields["stage2.0.conv"]
    assert small.totals.parameters < 0.6 * large.totals.parameters


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(DesignerError, match="did you mean initialization"):
        lessons.find("initialisation")
    with pytest.raises(DesignerError, match="the lessons are initialization, "):
        lessons.find("qqq")


def test_the_command_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons"]) == 0
    out = capsys.readouterr().out
    assert [name for name in lessons.names() if f"{name}: " in out] == list(lessons.names())
    assert main(["lessons", "shortcuts", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["lessons"]
    assert row["designs"][1]["arguments"]["depth"] == 56
    assert len(row["text"]) == 3


def test_the_command_writes_what_can_be_opened_and_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / "lesson"
    command = ["lessons", "vanishing_gradients", "--to", str(target)]
    assert main(command) == 0
    assert str(target / "relu.json") in capsys.readouterr().out
    lesson = lessons.find("vanishing_gradients")
    for each in lesson.designs:
        path = target / f"{each.key}.json"
        assert files.read(path) == lessons.load(each)
        assert presets.recipe(path) == lessons.recipe(lesson, each)
    text = (target / "lesson.md").read_text(encoding="utf-8")
    assert lesson.text[2] in text
    assert "netdesigner train relu_norm.json" in text
    assert main(["check", str(target / "relu.json")]) == 0
    capsys.readouterr()
    assert main(command) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["lessons", "--to", str(target)]) == 1
    assert "Name the lesson" in capsys.readouterr().err


def test_nothing_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert main(["lessons", "shortcuts", "--to", str(file)]) == 1
    assert "file" in capsys.readouterr().err
    assert file.read_text() == "mine"
