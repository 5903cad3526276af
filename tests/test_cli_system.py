"""The command line in its surroundings: help with examples, completion, the desktop, the window."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from designer import presets
from designer.cli import main, window
from designer.cli.commands import program
from designer.cli.desktop import FILE_TYPE
from designer.design import files
from designer.runs.folder import RunFolder

ROOT = Path(__file__).parents[1]
COMMANDS = [None, *program.commands]

Captured = pytest.CaptureFixture[str]
linux = pytest.mark.skipif(sys.platform != "linux", reason="for the desktops of Linux")


def completed(*words: str) -> list[str]:
    """Return what the shell is offered in the place of the last word; files are left out."""
    shell = ShellComplete(program, {}, "x", "x")
    found = shell.get_completions(list(words[:-1]), words[-1])
    return [each.value for each in found if each.type == "plain"]


# Help


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_page_has_examples_that_are_right(name: str | None, capsys: Captured) -> None:
    words = [] if name is None else [name]
    assert main([*words, "-h"]) == 0
    short = capsys.readouterr().out
    assert main([*words, "--help"]) == 0
    assert capsys.readouterr().out == short
    assert "\\b" not in short  # click's sign for text that is not wrapped is seen by nobody
    examples = short.partition("Examples:\n")[2].split("\n")
    shown = [shlex.split(line) for line in examples if line]
    assert len(shown) in (2, 3)
    for program_name, *example in shown:
        assert program_name == "netdesigner"
        context = program.make_context("netdesigner", [])
        called, command, rest = program.resolve_command(context, example)
        assert called == (name or {"my.json": "open"}.get(example[0], example[0]))
        assert command is not None
        command.make_context(called, rest, parent=context)  # raises if a word is wrong


# The window on a design


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the designs of each window that is opened."""
    seen: list[list[str]] = []
    monkeypatch.setattr("designer.gui.shell.application.display_missing", lambda: "")
    monkeypatch.setattr(
        "designer.gui.shell.application.run",
        lambda designs, demo: seen.append(list(designs)) or 0,
    )
    return seen


def test_a_design_in_the_place_of_a_command_opens_the_window(
    opened: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("my.json", "no suffix", "-dash.json"):
        files.save(presets.load("lenet5"), tmp_path / name)
    assert main(["my.json"]) == 0
    assert main(["./my.json", "vgg16"]) == 0
    assert main([str(tmp_path / "my.json")]) == 0
    assert main(["no suffix"]) == 0
    assert main(["lenet5"]) == 0
    assert main(["--", "-dash.json"]) == 0
    assert opened == [
        ["my.json"],
        ["./my.json", "vgg16"],
        [str(tmp_path / "my.json")],
        ["no suffix"],
        ["lenet5"],
        ["-dash.json"],
    ]


def test_what_is_no_design_is_refused_before_a_window_opens(
    opened: list[list[str]], capsys: Captured
) -> None:
    for words, sentence in {
        ("gone.json",): "There is no file gone.json; check the name and the folder.\n",
        ("open", "a/b.json"): "There is no file a/b.json; check the name and the folder.\n",
        ("open", "vgg15"): "There is no preset or file 'vgg15'; did you mean vgg1",
    }.items():
        assert main(list(words)) == 1
        assert capsys.readouterr().err.startswith(sentence)
    assert main(["chekc"]) == 2
    assert (
        "no command, preset or design file 'chekc'. Did you mean 'check'?"
        in capsys.readouterr().err
    )
    assert opened == []


def test_a_command_comes_before_a_file_of_its_name(
    opened: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    files.save(presets.load("lenet5"), tmp_path / "presets")
    assert main(["presets"]) == 0
    assert opened == []
    assert main(["./presets"]) == 0
    assert opened == [["./presets"]]


# Completion


def test_words_are_completed_from_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [RunFolder(tmp_path / name) for name in ("first", "second")]
    monkeypatch.setattr("designer.runs.folder.list_runs", lambda folder: runs)
    assert completed("che") == ["check"]
    assert completed("lenet5_1") == ["lenet5_1998"]
    assert completed("resume", "f") == ["first"]
    assert completed("export", "sec") == ["second"]
    assert completed("train", "lenet5", "--data", "mn") == ["mnist10k", "mnist"]
    assert completed("train", "lenet5", "--optimizer", "ada") == [
        "adagrad",
        "adadelta",
        "adam",
        "adamw",
    ]
    assert completed("train", "lenet5", "--set-recipe", "optimizer.mom") == ["optimizer.momentum="]
    assert completed("completion", "") == ["bash", "zsh", "fish"]
    assert completed("check", "vgg1") == [each for each in presets.names() if "vgg1" in each]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_one_that_it_can_read(shell: str, capsys: Captured) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_NETDESIGNER_COMPLETE={shell}_complete" in script
    if (path := shutil.which(shell)) is not None:
        subprocess.run([path, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_preset(tmp_path: Path) -> None:
    program_file = tmp_path / "netdesigner"
    program_file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m designer "$@"\n')
    program_file.chmod(0o755)
    script = """
        eval "$(netdesigner completion bash)"
        COMP_WORDS=(netdesigner check lenet5_1) COMP_CWORD=2
        _netdesigner_completion netdesigner 2> /dev/null  # compopt works in real completions only
        echo "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        ["bash", "-c", script],
        env={
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "lenet5_1998\n"


def test_another_shell_is_refused(capsys: Captured) -> None:
    assert main(["completion", "csh"]) == 1
    assert capsys.readouterr().err == (
        "There is no completion for the shell 'csh'; choose bash, zsh or fish.\n"
    )


# The desktop


@linux
def test_the_desktop_is_told_and_untold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    data = tmp_path / "my data é"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    monkeypatch.setattr("designer.cli.desktop.shutil.which", lambda program: None)
    assert main(["install-desktop"]) == 0
    written = {path for path in data.rglob("*") if path.is_file()}
    assert capsys.readouterr().out == "".join(
        f"Wrote {data / each}\n"
        for each in (
            "applications/netdesigner.desktop",
            "icons/hicolor/scalable/apps/netdesigner.svg",
            f"icons/hicolor/scalable/mimetypes/{FILE_TYPE.replace('/', '-')}.svg",
            "mime/packages/netdesigner.xml",
        )
    )
    assert len(written) == 4
    entry = (data / "applications/netdesigner.desktop").read_text(encoding="utf-8")
    assert f"MimeType={FILE_TYPE};" in entry
    assert main(["install-desktop", "--remove"]) == 0
    assert capsys.readouterr().out.count("Removed ") == 4
    assert not any(path.is_file() for path in data.rglob("*"))
    assert main(["install-desktop", "--remove"]) == 0
    assert capsys.readouterr().out == ""


@linux
@pytest.mark.parametrize(
    ("folder", "quoted"),
    [
        ("/home/zoé a/bin", "/home/zoé a/bin"),
        ("/50 % off", "/50 %% off"),
        ("/a$b`c", r"/a\\$b\\`c"),
        ('/a"b', r"/a\\" + '"b'),
        ("/a\\b", r"/a\\\\b"),
    ],
)
def test_the_entry_starts_this_installation(
    folder: str, quoted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from designer.cli import desktop

    monkeypatch.setattr("sys.executable", f"{folder}/python")
    assert desktop._command() == f'"{quoted}/python" "-m" "designer"'


@linux
@pytest.mark.skipif(
    not (shutil.which("gio") and shutil.which("update-mime-database")), reason="needs gio"
)
def test_a_file_manager_tells_designs_from_other_json(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "designer", "install-desktop"]
    subprocess.run(command, env=environment, check=True)
    design, other = tmp_path / "design.json", tmp_path / "other.json"
    files.save(presets.load("lenet5"), design)
    other.write_text('{"format": "something else"}')

    def kind(path: Path) -> str:
        return subprocess.run(
            ["gio", "info", "-a", "standard::content-type", str(path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert FILE_TYPE in kind(design)
    assert FILE_TYPE not in kind(other)


@linux
def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (tmp_path / "applications").write_text("a file in the place of the folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["install-desktop"]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["install-desktop"], ["install-desktop", "--remove"]])
def test_other_systems_are_told_what_to_do(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("designer.cli.desktop.sys.platform", "win32")
    assert main(command) == 1
    assert "This command is for the desktops of Linux." in capsys.readouterr().err


def test_window_module_checks_designs(opened: list[list[str]]) -> None:
    assert window.show() == 0
    assert opened == [[]]
