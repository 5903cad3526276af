"""No code of a design file or a run runs before its text was trusted, whatever is done with it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from designer.analysis.analysis import analyze
from designer.cli import main
from designer.cli.commands import program
from designer.codegen import source
from designer.design import clipboard, files, own_code
from designer.design.differences import changes
from designer.design.values import Design
from designer.engine import export
from designer.engine.inspect.subject import load as load_subject
from designer.engine.module import module, module_of_run
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs import launch, own_layers, trusted_code
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from tests.own_code import with_layer, writing

QUICK = ["--limit", "40", "--batch", "20", "--epochs", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the trust, the cache, the design and the run of these tests."""
    folder = tmp_path_factory.mktemp("trust")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def mark(home: Path) -> Path:
    """The file that the code of the design writes as soon as any of it is run."""
    return home / "mark"


@pytest.fixture(scope="module")
def design(mark: Path) -> Design:
    return with_layer(writing(mark))


@pytest.fixture(scope="module")
def file(home: Path, design: Design) -> str:
    path = home / "gated.json"
    files.save(design, path)
    Image.new("RGB", (8, 8)).save(home / "picture.png")
    return str(path)


@pytest.fixture(scope="module")
def run(home: Path, mark: Path, file: str, design: Design) -> Path:
    """A run of the design, trained when it was trusted; now it is not any more."""
    path = home / "run"
    data = ["--data", "mnist10k"]
    assert main(["train", file, *data, *QUICK, "--run", str(path), "--trust-code"]) == 0
    assert mark.exists()
    trusted_code.distrust(design.code.values())
    shutil.rmtree(home / "cache")
    mark.unlink()
    return path


COMMANDS = (
    "train FILE --data mnist10k --limit 40 --epochs 1 --run OUT/run2",
    "export FILE --to OUT/a.py",
    "export FILE --to OUT/a.pt",
    "export FILE --to OUT/a.onnx --weights latest",
    "weights FILE --from OUT/none.pt --out OUT/b.pt",
    "predict FILE OUT/picture.png",
    "time FILE",
    "measure FILE",
    "maps FILE OUT/picture.png --node gate --to OUT/a.png",
    "explain FILE OUT/picture.png --to OUT/a.png",
    "lr-range FILE --data mnist10k",
    "check FILE",
    "check FILE --json",
    "check FILE --batch 8",
)


def test_every_command_that_takes_the_settings_of_a_design_has_the_option():
    for name, command in program.commands.items():
        taken = {each.name for each in command.params}
        if "settings" in taken:
            assert "trust_code" in taken, name


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_on_a_design_run_nothing_of_it(
    command: str, file: str, home: Path, mark: Path, capsys: pytest.CaptureFixture[str]
):
    words = [each.replace("FILE", file).replace("OUT", str(home)) for each in command.split()]
    assert main(words) in (1, 2)
    assert not mark.exists()
    printed = capsys.readouterr()
    assert "trust" in printed.out + printed.err
    assert "Traceback" not in printed.err


def test_the_doctor_and_the_recipe_run_nothing(file: str, mark: Path):
    drawn = ["augment", file, "--data", "mnist10k", "--to", str(mark.with_name("drawn.png"))]
    for words in (["doctor", file], ["recipe", file], drawn):
        main(words)
    assert not mark.exists()


def test_reading_editing_and_analyzing_run_nothing(design: Design, mark: Path):
    text = files.dumps(design)
    assert files.loads(text, origin="text") == design
    analysis = analyze(design, measured=own_layers.measured(design))
    assert not analysis.valid
    pasted, _ = clipboard.paste(
        Design("Empty"), None, clipboard.copy(design, None, ["conv", "gate"])
    )
    assert not analyze(pasted, measured=own_layers.known(pasted)).valid
    list(changes(design, own_code.set_code(design, "Gate", writing(mark) + "\n# more")))
    assert not mark.exists()


def test_building_and_beginning_a_run_are_refused(design: Design, home: Path, mark: Path):
    for refused in (
        lambda: source(design),
        lambda: module(design),
        lambda: export.of_design(design),
        lambda: begin(home / "begun", design, Recipe()),
        lambda: load_subject(Subject(design=files.dumps(design)), device="cpu"),
    ):
        with pytest.raises(DesignerError, match="trusted"):
            refused()
    assert not mark.exists()


RUN_COMMANDS = (
    "resume RUN",
    "train-on RUN --epochs 1 --run OUT/on",
    "evaluate RUN",
    "export RUN --to OUT/c.pt",
    "export RUN --to OUT/c.py",
    "predict RUN OUT/picture.png",
    "measure RUN",
    "time RUN",
    "maps RUN OUT/picture.png --node gate --to OUT/d.png",
    "report RUN --to OUT/report.html",
    "sample RUN",
)


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_commands_on_a_run_run_nothing_of_it(
    command: str, run: Path, home: Path, mark: Path, capsys: pytest.CaptureFixture[str]
):
    words = [each.replace("RUN", str(run)).replace("OUT", str(home)) for each in command.split()]
    assert main(words) in (1, 2)
    assert not mark.exists()
    printed = capsys.readouterr()
    assert "--trust-code" in printed.out + printed.err
    assert "Traceback" not in printed.err


def test_the_network_of_a_run_is_not_built(run: Path, mark: Path):
    with pytest.raises(DesignerError, match="--trust-code"):
        module_of_run(RunFolder.open(run))
    assert not mark.exists()


def test_a_changed_character_asks_again(design: Design, run: Path, mark: Path, home: Path):
    text = design.code["Gate"]
    trusted_code.trust([text + " "])
    with pytest.raises(DesignerError, match="not trusted"):
        module(design)
    assert not mark.exists()
    # The same text needs no more than the option, once; then it is trusted.
    assert main(["export", str(run), "--to", str(home / "e.pt"), "--trust-code"]) == 0
    assert mark.exists()
    assert main(["export", str(run), "--to", str(home / "f.pt")]) == 0


def test_no_module_of_the_working_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A folder may hold, beside a design, a file that has the name of a module.
    mark = tmp_path / "mark"
    for name in ("queue", "msgspec", "torch"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\nraise ImportError\n")
    monkeypatch.chdir(tmp_path)
    pipe = subprocess.PIPE
    process = launch.spawn(
        "designer.engine.own_layer_measuring", "1000000000", "5", stdin=pipe, stdout=pipe
    )
    answered, _ = process.communicate(b"")
    assert (answered, mark.exists()) == (b"{}\n", False)
