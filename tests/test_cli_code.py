"""`netdesigner code`: the code of a design is shown, and a class is taken from a file."""

from pathlib import Path

import pytest

from designer.cli import main
from designer.design import files
from designer.design.values import Design
from tests.own_code import GATE, with_layer, writing


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_the_text_is_shown_and_not_run(own: Path, capsys: pytest.CaptureFixture[str]):
    mark, file = own / "mark", own / "my.json"
    files.save(with_layer("import numpy\n" + writing(mark)), file)
    assert main(["code", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "Gate: not trusted" in shown
    assert "imports beside torch and the standard library: numpy" in shown
    assert "  class Gate(nn.Module):" in shown
    assert main(["code", str(file), "--trust-code"]) == 0
    assert "Gate: trusted" in capsys.readouterr().out
    assert not mark.exists()


def test_a_class_is_taken_into_a_design_file(own: Path, capsys: pytest.CaptureFixture[str]):
    mark, file, code = own / "mark", own / "my.json", own / "gate.py"
    files.save(Design("Empty"), file, {"recipe": {"epochs": 3}})
    code.write_text(f"open({str(mark)!r}, 'w')\n{GATE}\nclass Other(Gate): pass\n")
    assert main(["code", str(file), "--take", str(code)]) == 1
    assert "has several classes; name one: Gate, Other." in capsys.readouterr().err
    assert main(["code", str(file), "--take", str(code), "--class", "Gate"]) == 0
    assert "not trusted" in capsys.readouterr().out
    content = files.load(file)
    assert content.design.code == {"Gate": GATE}
    assert content.training == {"recipe": {"epochs": 3}}
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("class A(", [], "line 1: this is no Python"),
        ("x = 1", [], "has no class of nn.Module"),
        (GATE, ["--class", "Door"], "has no class Door; it has Gate."),
        (GATE.replace("Gate", "ReLU"), [], "There is a built-in layer type ReLU"),
        (None, [], "cannot be read"),
    ],
)
def test_refusals(
    own: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    words: list[str],
    sentence: str,
):
    file, code = own / "my.json", own / "gate.py"
    files.save(Design("Empty"), file)
    if text is not None:
        code.write_text(text)
    assert main(["code", str(file), "--take", str(code), *words]) == 1
    assert sentence in capsys.readouterr().err
    assert files.read(file).code == {}


def test_presets_stay_as_they_are(own: Path, capsys: pytest.CaptureFixture[str]):
    (own / "gate.py").write_text(GATE)
    assert main(["code", "lenet5"]) == 0
    assert "has no code of its own" in capsys.readouterr().out
    assert main(["code", "lenet5", "--take", str(own / "gate.py")]) == 1
    assert "is a preset" in capsys.readouterr().err
    assert main(["code", "lenet5", "--class", "Gate"]) == 1
