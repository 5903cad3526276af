"""The command line: check, presets, and what happens when something is wrong."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete

from designer import __version__, cli, presets
from designer.analysis.report.check import SCHEMA_PATH
from designer.cli import main
from designer.cli.commands import program
from designer.cli.parameters import Whole
from designer.cli.recipes import TAKE_SETTINGS

ROOT = Path(__file__).parents[1]
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def process(
    *arguments: str,
    cwd: Path | None = None,
    path: Path = ROOT,
    code: str = "-m designer",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *code.split(), *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(path),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def write_design(place: Path, nodes: Mapping[str, Any], *edges: list[str], **more: Any) -> str:
    document = {"format": "netdesigner/design", "version": 1, "name": "Mine", **more}
    place.write_text(json.dumps({**document, "nodes": nodes, "edges": edges}), encoding="utf-8")
    return str(place)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A design whose Linear reads an image, and a block that goes wrong in each of its uses."""
    cell = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "c": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 1},
            "a": {"layer": "ReLu"},
        },
        "edges": [["x", "c", "a", "y"]],
        "arguments": {"width": {"default": 4}},
    }
    return write_design(
        tmp_path / "broken.json",
        {
            "image": {"layer": "Input", "shape": [3, 8, 8]},
            "fc": {"layer": "Linear", "out_features": 10},
            "out": {"layer": "Output"},
            "one": {"block": "Cell"},
            "two": {"block": "Cell", "with": {"width": 8}},
            "side": {"layer": "Output"},
            "other": {"layer": "Output"},
        },
        ["image", "fc", "out"],
        ["image", "one", "side"],
        ["image", "two", "other"],
        blocks={"Cell": cell},
    )


# check


@pytest.mark.parametrize(("name", "width"), [("lenet5", 80), ("vgg16", 80), ("vgg16", 120)])
def test_check_prints_the_golden_table(
    name: str,
    width: int,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["check", name]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    golden(f"check_{name}_{width}.txt", output)


def test_check_vgg16_shows_the_figures_of_the_lecture(capsys: Captured) -> None:
    assert main(["check", "vgg16"]) == 0
    output = capsys.readouterr().out
    for text in (
        "TOTAL params: 138M",
        "TOTAL memory: 24M x 4 bytes = 96 MB / image",
        "138,344,128 weights + 13,416 biases = 138,357,544",
        "15,470,264,320",
        "15.47 G",
        "15.2M x 4 bytes = 60.95 MB (58.13 MiB)",
        "15,237,608 values",
        "24,168,936 values",
        "96.68 MB",
        "73,254,912 bytes",
        "73,189,376 bytes",
        "553 MB (528 MiB)",
        "26,292,224 bytes",
        "layer outputs",
        "in-and-out buffers",
        "kept for backward",
    ):
        assert text in output
    rows = {line.split()[0]: line.split() for line in output.splitlines() if line}
    assert rows["conv5_3"][-1] == "196"
    assert rows["pool5"][-1] == "212"
    fc6 = ["4096", "4096", "4,096", "102,760,448", "4,096", "102,760,448", "224"]
    assert rows["fc6"][2:] == fc6


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "resnet50", "mobilenet_v2", "densenet121"])
@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(
    name: str, width: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["check", name, "--batch", "1000000"]) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= width
    assert not CONTROL.search(output)


def test_a_pipe_gets_every_column_in_full(capsys: Captured) -> None:
    assert main(["check", "googlenet"]) == 0
    output = capsys.readouterr().out
    assert "inception3a.relu_reduce3x3  ReLU" in output
    assert "118,013,952" in output
    assert "…" not in output


def test_names_are_cut_in_the_middle_where_nothing_else_helps(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert main(["check", "googlenet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.search(r"^inc\w*….*3x3 ", line) for line in lines)
    assert max(len(line) for line in lines if line.startswith(("inc", "aux", "pool"))) <= 70


def test_check_json_fits_its_schema(capsys: Captured) -> None:
    from jsonschema import validate

    assert main(["check", "resnet18", "--json", "--batch", "4"]) == 0
    found = json.loads(capsys.readouterr().out)
    validate(found, json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))
    assert found["totals"]["saved_bytes"] == 38_400 + 4 * 22_179_840


def test_set_binds_numbers_choices_and_truth(capsys: Captured) -> None:
    settings = ("classes=10", "option=A", "variant=paper", "resolution=64")
    assert main(["check", "resnet18", "--json", *(f"--set={each}" for each in settings)]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = {"classes": 10, "resolution": 64, "option": "A", "variant": "paper"}
    assert found["arguments"] == expected
    assert main(["check", "alexnet", "--json", "--set", "groups=2"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["parameters"] == 60_965_224
    assert main(["check", "vgg16", "--json", "--set", "batch_norm=true"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["buffers"] == 8461


def test_set_reads_a_float_and_a_whole_number_for_one(tmp_path: Path, capsys: Captured) -> None:
    design = write_design(
        tmp_path / "d.json",
        {
            "row": {"layer": "Input", "shape": [4]},
            "drop": {"layer": "Dropout", "p": "=p"},
            "out": {"layer": "Output"},
        },
        ["row", "drop", "out"],
        arguments={"p": {"default": 0.5, "min": 0, "max": 1}},
    )
    for text, value in (("0.25", 0.25), ("1", 1.0), ("1e-3", 0.001)):
        assert main(["check", design, "--json", "--set", f"p={text}"]) == 0
        assert json.loads(capsys.readouterr().out)["arguments"] == {"p": value}
    for text in ("nan", "inf", "-1", "true", "x"):
        assert main(["check", design, "--set", f"p={text}"]) == 1
        assert "The argument 'p' of Mine" in capsys.readouterr().err


def test_a_rule_is_told_after_all_settings_are_made(capsys: Captured) -> None:
    assert main(["check", "preact_resnet_cifar", "--set", "depth=33"]) == 1
    said = "depth must be 6n + 2 with basic blocks, 9n + 2 with bottlenecks; received 33"
    assert capsys.readouterr().err.splitlines() == [
        f"error: {said}",
        "  fix: set depth to 32",
        "  fix: set depth to 38",
    ]
    for settings in (["depth=29", "bottleneck=true"], ["bottleneck=true", "depth=29"]):
        options = [f"--set={each}" for each in settings]
        assert main(["check", "preact_resnet_cifar", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out)["arguments"]["depth"] == 29


# Invalid designs


def test_an_invalid_design_names_every_problem(broken: str, capsys: Captured) -> None:
    assert main(["check", broken]) == 1
    output, errors = capsys.readouterr()
    assert "image" in output
    assert "TOTAL" not in output
    assert "warning: fc: without a Flatten, Linear acts on the width alone" in errors
    assert "  fix: insert Flatten" in errors
    assert "error: a: there is no layer type 'ReLu'; did you mean ReLU?" in errors
    assert "  in the block Cell, at one.a and 1 more" in errors
    assert errors.count("there is no layer type") == 1
    assert "Traceback" not in errors


def test_an_invalid_design_as_json(broken: str, capsys: Captured) -> None:
    assert main(["check", broken, "--json"]) == 1
    output, errors = capsys.readouterr()
    assert errors == ""
    found = json.loads(output)
    assert found["valid"] is False
    paths = [problem["path"] for problem in found["problems"]]
    assert {"fc", "one.a", "two.a"} <= set(paths)


def test_very_many_problems_are_cut_short(tmp_path: Path, capsys: Captured) -> None:
    nodes = {f"r{number}": {"layer": "Relu"} for number in range(200)}
    assert main(["check", write_design(tmp_path / "d.json", nodes)]) == 1
    errors = capsys.readouterr().err
    assert len(errors.splitlines()) < 200
    assert re.search(r"and \d+ more problems; --json has them all\n$", errors)


def test_names_cannot_steer_the_terminal(tmp_path: Path, capsys: Captured) -> None:
    hostile = "\x1b[2Jgone\r\n\x07\u202e"
    design = write_design(tmp_path / "d.json", {}, name=hostile)
    assert main(["check", design]) == 1
    assert main(["check", hostile]) == 1
    output, errors = capsys.readouterr()
    assert "gone" in output
    assert "gone" in errors
    assert not CONTROL.search(output + errors)


# Bad input


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["vg16"], "There is no preset or file 'vg16'; did you mean vgg16?"),
        ([""], "is a folder"),
        (["missing.json"], "There is no file missing.json; check the name and the folder."),
        (["lenet5", "--set", "clases=3"], "no argument 'clases'; did you mean 'classes'?"),
        (["lenet5", "--set", "classes"], "--set takes ARG=VALUE"),
        (["lenet5", "--set", "=3"], "--set takes ARG=VALUE"),
        (["lenet5", "--set", "classes="], "takes a whole number; received ''"),
        (["lenet5", "--set", "classes=1.5"], "takes a whole number; received '1.5'"),
        (["lenet5", "--set", "classes=true"], "takes a whole number; received True"),
        (["lenet5", "--set", "classes=0"], "must be at least 1; received 0"),
        (["lenet5", "--set", "classes=" + "9" * 5000], "takes a whole number"),
        (["lenet5", "--set", "classes=٣"], "takes a whole number"),
        (["vgg16", "--set", "batch_norm=yes"], "takes true or false; received 'yes'"),
        (["resnet50", "--set", "option=D"], "takes one of A, B, C; received 'D'"),
        (["alexnet", "--set", "groups=3"], "takes one of 1, 2; received 3"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str, capsys: Captured) -> None:
    assert main(["check", *arguments]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert sentence in errors
    assert errors.count("\n") == 1


def test_a_damaged_file_is_one_sentence(tmp_path: Path, capsys: Captured) -> None:
    damaged = tmp_path / "damaged.json"
    damaged.write_bytes(b'{"format": "netdesigner/design", \xff')
    assert main(["check", str(damaged)]) == 1
    errors = capsys.readouterr().err
    assert "damaged.json is damaged" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["chek", "lenet5"],
        ["check", "lenet5", "--bach", "3"],
        ["check", "lenet5", "--batch", "0"],
        ["check", "lenet5", "--batch", "-1"],
        ["check", "lenet5", "--batch", "many"],
        ["check", "lenet5", "--batch", "10000000"],
    ],
)
def test_wrong_use_ends_with_2(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("Usage: netdesigner")
    assert "Error: " in errors


def test_a_defect_is_a_sentence_and_a_log(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("the secret of the defect")

    monkeypatch.setattr(presets, "load", fail)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_, **__: str(tmp_path / "log"))
    assert main(["check", "lenet5"]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "RuntimeError" in errors
    assert "please report it" in errors
    (log,) = (tmp_path / "log").iterdir()
    assert str(log) in errors
    assert "the secret of the defect" in log.read_text(encoding="utf-8")
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_a_defect_is_told_where_no_log_can_be_kept(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("the secret of the defect")

    (tmp_path / "file").touch()
    monkeypatch.setattr(presets, "load", fail)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_, **__: str(tmp_path / "file"))
    assert main(["check", "lenet5"]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "the secret of the defect" in errors
    assert "could not be written to" in errors


@pytest.mark.parametrize(
    ("least", "most", "limits"),
    [(1, None, "from 1"), (1, 2000, "from 1 to 2,000")],
)
def test_a_whole_number_is_refused_with_its_limits(
    least: int, most: int | None, limits: str
) -> None:
    whole = Whole(least, most)
    assert whole.convert("12", None, None) == 12
    for text in ("x", "0", "1.5"):
        sentence = f"takes a whole number {limits}; received '{text}'"
        with pytest.raises(click.BadParameter, match=sentence):
            whole.convert(text, None, None)


# The other commands


def test_presets_lists_all(capsys: Captured) -> None:
    assert main(["presets"]) == 0
    output = capsys.readouterr().out
    for name in presets.names():
        assert re.search(rf"^{name} ", output, re.MULTILINE)
    assert "--set classes=1000, resolution=224, option=B (A|C)" in output
    assert "Very Deep Convolutional Networks" in output
    assert max(map(len, output.splitlines())) <= 80
    headings = [line for line in output.splitlines() if "LeNet-5 (1998)" in line]
    assert headings and not any("(1998) (1998)" in line for line in headings)


def test_presets_json(capsys: Captured) -> None:
    assert main(["presets", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(presets.names())
    assert rows["vgg16"]["totals"]["parameters"] == 138_357_544
    assert rows["vgg16"]["arguments"]["batch_norm"]["default"] is False
    assert rows["vgg16"]["paper"]["reference"].endswith("arXiv:1409.1556")


def test_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"netdesigner {__version__}\n"


def test_errors_say_how_to_set_a_setting_where_the_command_takes_settings():
    taking = {
        name
        for name, command in program.commands.items()
        if any(each.name == "set_recipe" for each in command.params)
    }
    assert taking == TAKE_SETTINGS


def commands() -> dict[str, click.Command]:
    """All commands by their words, those of groups among them."""
    found = {}
    for name, command in program.commands.items():
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {each}": below for each, below in command.commands.items()}
    return found


@pytest.mark.parametrize("command", ["", *commands()])
def test_help(command: str, capsys: Captured) -> None:
    assert main([*command.split(), "--help"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("Usage: netdesigner")
    assert not re.search(r"\w\.\.\.$", output, re.MULTILINE)  # a sentence that was cut
    assert max(map(len, output.splitlines())) <= 80


def test_every_option_and_argument_is_explained() -> None:
    for name, command in commands().items():
        with click.Context(command, info_name=name) as context:
            for param in command.get_params(context):
                if isinstance(param, click.Option):
                    record = param.get_help_record(context)
                    assert record is not None and record[1], f"{name} {param.opts}"


def test_the_shell_completes_commands_presets_and_files() -> None:
    def completed(*words: str) -> list[str]:
        return [
            each.value
            for each in ShellComplete(program, {}, "x", "x").get_completions(
                list(words[:-1]), words[-1]
            )
        ]

    assert completed("wei") == ["weights"]
    named = [name for name in presets.names() if name.startswith("lenet5")]
    assert completed("check", "lenet5") == ["lenet5", *named]  # the first stands for files
    assert completed("train", "lenet5", "--set-r") == ["--set-recipe"]


def test_a_shell_that_asks_for_completions_opens_no_window() -> None:
    words = {"COMP_WORDS": "netdesigner check lenet5_1", "COMP_CWORD": "2"}
    ran = process(_NETDESIGNER_COMPLETE="bash_complete", **words)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "plain,lenet5_1998" in ran.stdout.split()


# Terminals and processes


def test_a_terminal_gets_colors(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["check", "vgg16"]) == 0
    colored = capsys.readouterr().out
    assert "\x1b[2mrelu1_1" in colored
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert plain == (ROOT / "tests/golden/check_vgg16_80.txt").read_text(encoding="utf-8")


def test_a_process_prints_the_same_and_loads_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "networkx", "PySide6", "rich")
    code = (
        "import sys; from designer.cli import main; code = main(['check', 'resnet50']); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stderr == "[]\n"
    assert "25,557,032" in ran.stdout


def test_an_optimized_interpreter_prints_the_same() -> None:
    ran = process("check", "lenet5", code="-O -m designer")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == process("check", "lenet5").stdout


@pytest.mark.skipif(os.name != "posix", reason="closes a stream of the shell's")
@pytest.mark.parametrize(("closed", "code"), [("lenet5 >&-", 0), ("nothing 2>&-", 1)])
def test_a_stream_that_was_closed_before(closed: str, code: int) -> None:
    ran = subprocess.run(
        ["sh", "-c", f'"$0" -m designer check {closed}', sys.executable],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "", "")


def test_a_path_that_cannot_be_looked_at_is_a_sentence(capsys: Captured) -> None:
    assert main(["resume", "x" * 5000]) == 1
    errors = capsys.readouterr().err
    assert "xxx cannot be used (File name too long): check the path" in errors
    assert errors.count("\n") == 1


def test_a_closed_pipe_is_silent() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "designer", "check", "resnet50"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "designer", "check", "lenet5", "--json"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert ran.returncode == 1
    assert (
        ran.stderr == "The output cannot be written (No space left on device); free some space.\n"
    )


def test_an_ascii_terminal_does_not_fail() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "designer", "check", "lenet5"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0
    assert b"61,706" in ran.stdout


def test_the_module_is_the_program(tmp_path: Path) -> None:
    ran = process("check", "nothing", cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("There is no preset or file 'nothing'")
    assert cli.PROGRAM == "netdesigner"


def without_a_display() -> dict[str, str]:
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in displays}


def test_the_window_does_not_wait_for_what_takes_commands_apart() -> None:
    code = (
        "import sys; from designer.cli import main; assert main([]) == 1; "
        "print([name for name in ('click', 'designer.cli.commands') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**without_a_display(), "DISPLAY": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
    assert done.stderr.startswith("There is no display to open a window on.")


def test_without_a_display_the_window_says_what_to_do_instead() -> None:
    environment = without_a_display()
    for words, display in (([], ""), (["open", "vgg16"], ":987")):
        done = subprocess.run(
            [sys.executable, "-m", "designer", *words],
            env={**environment, "DISPLAY": display},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("There is no display to open a window on.")
        assert "netdesigner train lenet5" in done.stderr
        assert len(done.stderr.splitlines()) == 1
