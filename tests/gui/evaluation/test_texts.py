"""The Evaluation dock with a network that was trained on a text."""

import math
from pathlib import Path

import pytest

from designer.cli import main
from designer.engine.training import train
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from tests.engine.test_text import TEXT, reader, recipe_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "letters.txt").write_text(TEXT)
    made = begin(folder / "letters", reader(), recipe_of(folder / "letters.txt", epochs=1))
    assert train(made).status == "finished"
    return made


def test_the_overview_has_perplexity_and_bits(desk, run: RunFolder) -> None:
    desk.show(run)
    figures = {each.name: each for each in desk.page("overview").figures}
    test = run.result().test
    assert figures["Perplexity"].value == pytest.approx(math.exp(test.loss), rel=1e-5)
    assert figures["Bits per token"].value == pytest.approx(test.loss / math.log(2), rel=1e-5)
    assert figures["Accuracy"].value == pytest.approx(test.accuracy)
    assert figures["Accuracy"].text.endswith("%") and not figures["Loss"].text.endswith("%")


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_reports_tell_how_the_network_goes_on(run: RunFolder, tmp_path: Path, name: str) -> None:
    assert main(["report", str(run.path), "--to", str(tmp_path / name)]) == 0
    text = (tmp_path / name).read_text()
    for words in ("Perplexity", "Bits per token", "netdesigner sample", "next token"):
        assert words in text


def test_the_command_names_both(run: RunFolder, capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", str(run.path)]) == 0
    output = capsys.readouterr().out
    assert "perplexity" in output and "bits per token" in output
