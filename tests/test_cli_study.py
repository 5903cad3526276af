"""Studies on the command line: written, run, joined, stopped, killed and resumed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from designer.cli import main
from designer.errors import DesignerError
from designer.studies.folder import StudyFolder
from designer.studies.journal import Ended
from designer.studies.spec import Study
from tests.studies.tiny import new_study, write_tiny

Files = tuple[str, str]
Captured = pytest.CaptureFixture[str]
BATCHES = ("--vary", "batch=10,20,40", "--repeats", "2")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def done(files: Files, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study of 3 batches with 2 seeds each that ran without interruption."""
    return new_study(files, tmp_path_factory.mktemp("studies") / "done", *BATCHES, "--run")


def process(folder: StudyFolder, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "designer", "study", "run", str(folder.path), *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def records(folder: StudyFolder, kind: str) -> list[dict]:
    path = folder.path / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [each for each in map(json.loads, lines) if each["do"] == kind]


def wait_for(folder: StudyFolder, kind: str, count: int) -> None:
    limit = time.monotonic() + 120
    while len(records(folder, kind)) < count:
        assert time.monotonic() < limit
        time.sleep(0.01)


def losses(folder: StudyFolder) -> dict[tuple[int, int], float]:
    """Return the validation loss of every training; each must have ended once."""
    ends = records(folder, "end")
    keys = [(each["trial"], each["replicate"]) for each in ends]
    assert set(Counter(keys).values()) <= {1}
    assert {each["outcome"] for each in ends} <= {"finished"}
    return {key: each["figures"]["validation_loss"] for key, each in zip(keys, ends, strict=True)}


# Writing a study


def test_options_become_the_study(files: Files, tmp_path: Path, capsys: Captured) -> None:
    folder = new_study(
        files, tmp_path / "s", "--vary", "optimizer.learning_rate=0.001..0.1:log",
        "--vary", "design.hidden.out_features=2,4", "--sampler", "random", "--trials", "5",
        "--time", "1:00:30", "--goal", "validation_loss", "--goal", "macs", "--prune", "median",
        "--most-parameters", "1000", "--most-file-size", "4000", "--title", "T", "--question", "Q?",
        "--parallel", "2", "--repeats", "2", "--seed", "7",
    )  # fmt: skip
    study = folder.study()
    rate, width = study.varied
    assert rate.range is not None and rate.range.log and rate.range.high == 0.1
    assert width.values == (2, 4)
    assert (study.sampler, study.trials, study.seconds) == ("random", 5, 3630)
    assert study.goals == ("validation_loss", "macs")
    assert (study.pruning.name, study.parallel, study.seed) == ("median", 2, 7)
    assert (study.budget.parameters, study.budget.file_bytes) == (1000, 4000)
    assert (study.protocol.name, study.protocol.repeats, study.protocol.seed) == ("repeats", 2, 7)
    assert (study.title, study.question) == ("T", "Q?")
    assert "The study has 5 candidates and 10 trainings." in capsys.readouterr().out


def test_networks_and_variants_are_fields(files: Files, tmp_path: Path) -> None:
    networks = new_study(files, tmp_path / "n", "--network", files[0], "--network", "lenet5")
    (field,) = networks.study().varied
    assert [each.title for each in field.variants] == ["tiny", "tiny (2)", "LeNet-5"]
    assert sorted(networks.read_designs()) == ["", "network2", "network3"]
    variants = new_study(
        files, tmp_path / "v", "--variant", "small: design.hidden.out_features=2, batch=8",
        "--variant", "as it is:",
    )  # fmt: skip
    (field,) = variants.study().varied
    assert [dict(each.changes) for each in field.variants] == [
        {"design.hidden.out_features": 2, "batch": 8}, {},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--vary", "bach=8,16"], "did you mean 'batch'"),
        (["--vary", "batch=8", "--variant", "no title"], "takes TITLE:NAME=VALUE"),
        (["--variant", "two:batch=8,16"], "one value"),
        (["--vary", "batch=8", "--time", "soon"], "takes hours, minutes and seconds"),
        (["--vary", "batch=8", "--goal", "beauty"], "There is no goal 'beauty'"),
        (["--vary", "batch=8,16", "--sampler", "random"], "would never end"),
        (["--vary", "batch=8", "--folds", "3", "--bootstrap", "2"], "leave out --folds"),
        ([], "varies nothing"),
    ],
)
def test_mistakes_are_sentences(
    files: Files, tmp_path: Path, options: list[str], sentence: str, capsys: Captured
) -> None:
    words = ["study", "new", files[0], "--data", files[1], "--to", str(tmp_path / "s"), *options]
    assert main(words) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_design_with_an_error_is_refused(files: Files, tmp_path: Path, capsys: Captured) -> None:
    content = json.loads(Path(files[0]).read_text())
    content["nodes"]["logits"]["out_features"] = 0
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(content))
    words = ["study", "new", str(wrong), "--data", files[1], "--vary", "batch=8,16"]
    assert main([*words, "--to", str(tmp_path / "s")]) == 1
    assert "out_features" in capsys.readouterr().err


def test_a_template_becomes_a_study(tmp_path: Path, capsys: Captured) -> None:
    words = ["study", "new", "--template", "batch_size", "--to", str(tmp_path / "s")]
    assert main([*words, "--epochs", "1", "--folds", "4", "--title", "Mine"]) == 0
    study = StudyFolder(tmp_path / "s").study()
    assert [each.name for each in study.varied] == ["batch"]
    assert (study.title, study.question[-1], study.protocol.name) == ("Mine", "?", "folds")
    assert StudyFolder(tmp_path / "s").recipe().epochs == 1
    assert main(["study", "new", "lenet5", *words[2:]]) == 1
    assert "leave out DESIGN" in capsys.readouterr().err
    assert main(["study", "templates", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "batch_size"
    assert main(["study", "templates"]) == 0
    assert "What does the batch size do to accuracy and time?" in capsys.readouterr().out


# Showing


def test_show_and_list(done: StudyFolder, tmp_path: Path, capsys: Captured) -> None:
    runs, place = tmp_path / "runs", tmp_path / "runs" / "studies" / "mine"
    place.parent.mkdir(parents=True)
    place.symlink_to(done.path)
    options = ["--runs", str(runs)]
    capsys.readouterr()
    assert main(["study", "show", "mine", *options, "--sort", "steps"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line.split() for line in lines if line.strip().endswith(" s")]
    assert [row[1] for row in table] == ["40", "20", "10"]  # most images in a step: fewest steps
    assert any(line.startswith("Behind ± stands the standard deviation") for line in lines)
    assert main(["study", "show", "mine", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ended"], found["total"], len(found["candidates"])) == (6, 6, 3)
    figures = found["candidates"][0]["figures"]["validation_loss"]
    assert figures["values"] == [losses(done)[0, 0], losses(done)[0, 1]]
    csv, page = tmp_path / "t.csv", tmp_path / "r.html"
    assert main(["study", "show", "mine", *options, "--csv", str(csv), "--html", str(page)]) == 0
    assert len(csv.read_text().splitlines()) == 4
    assert "Validation accuracy by epoch" in page.read_text(encoding="utf-8")
    (runs / "studies" / "broken").mkdir()
    (runs / "studies" / "broken" / "study.json").write_text("{}")
    capsys.readouterr()
    assert main(["study", "list", *options]) == 0
    text = capsys.readouterr().out
    assert re.search(r"mine +batch of tiny +finished +6 of 6 +\d", text)
    assert "broken: " in text
    assert main(["study", "list", *options, "--json"]) == 0
    studies = {each["name"]: each for each in json.loads(capsys.readouterr().out)["studies"]}
    assert studies["broken"]["state"] == "damaged"
    assert studies["mine"]["best"]["values"] in [{"batch": 10}, {"batch": 20}, {"batch": 40}]
    assert main(["study", "show", "min", *options]) == 1
    assert "did you mean mine?" in capsys.readouterr().err
    assert main(["study", "show", "mine", *options, "--sort", "beauty"]) == 1
    assert "There is no goal 'beauty'" in capsys.readouterr().err


# Running


def test_killed_at_any_moment_it_neither_loses_nor_repeats(
    files: Files, done: StudyFolder, tmp_path: Path
) -> None:
    """One process is killed, two go on together, and a worker of theirs is killed, too."""
    folder = new_study(files, tmp_path / "s", *BATCHES)
    first = process(folder)
    wait_for(folder, "take", 3)
    first.kill()
    first.communicate()
    both = [process(folder), process(folder)]
    wait_for(folder, "take", 4)
    run = folder.run(*(records(folder, "take")[-1][each] for each in ("trial", "replicate")))
    limit = time.monotonic() + 120
    while (worker := run.worker()) is None and not run.result_file.exists():
        assert time.monotonic() < limit
    if worker is not None:
        os.kill(worker, signal.SIGKILL)
    for each in both:
        output, _ = each.communicate(timeout=120)
        assert each.returncode == 0, output
    assert losses(folder) == losses(done)
    assert len({each["process"] for each in records(folder, "take")}) == 3


def test_stopped_it_says_how_to_go_on(files: Files, tmp_path: Path) -> None:
    folder = new_study(files, tmp_path / "s", *BATCHES, "--set-recipe", "epochs=2000")
    running = process(folder)
    wait_for(folder, "take", 1)
    while not folder.run(0, 0).events.exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert re.search(r"Stopped after 0 of 6 trainings. Go on with: netdesigner study run", output)
    assert len(records(folder, "release")) == 1
    assert folder.run(0, 0).last.exists()


def test_trials_and_time_are_extended(files: Files, tmp_path: Path) -> None:
    folder = new_study(files, tmp_path / "s", "--vary", "batch=10,20,40", "--trials", "1")
    assert main(["study", "run", str(folder.path), "--trials", "2", "--time", "90"]) == 0
    study = folder.study()
    assert (study.trials, study.seconds) == (2, 90)
    assert len(losses(folder)) == 2
    with pytest.raises(DesignerError, match="at least 1 trial"):
        folder.extend(trials=0)


def test_what_failed_is_trained_again(files: Files, tmp_path: Path) -> None:
    folder = new_study(files, tmp_path / "s", "--vary", "batch=10,20")
    away = Path(files[1]).rename(tmp_path / "away.npz")
    assert main(["study", "run", str(folder.path)]) == 1  # as all failed
    away.rename(files[1])
    assert main(["study", "run", str(folder.path), "--retry-failed"]) == 0
    trials = folder.journal().read().trials
    assert [each.trainings[0].ended.outcome for each in trials] == ["finished"] * 2


def test_damaged_files_are_sentences(files: Files, tmp_path: Path, capsys: Captured) -> None:
    folder = new_study(files, tmp_path / "s", *BATCHES)
    (folder.path / "journal.jsonl").write_bytes(b'{"do":"end","trial":5,"replicate":0}\n')
    assert main(["study", "run", str(folder.path)]) == 1
    assert "journal.jsonl is damaged at byte 0" in capsys.readouterr().err
    folder.study_file.write_bytes(b"{")
    assert main(["study", "run", str(folder.path)]) == 1
    assert "is no study that this version can read" in capsys.readouterr().err
    assert main(["study", "run", str(tmp_path)]) == 1
    assert "study.json is missing" in capsys.readouterr().err
    assert main(["study", "run", "nowhere"]) == 1
    assert "There is no study 'nowhere'" in capsys.readouterr().err


def test_the_journal_holds_what_the_runs_say(done: StudyFolder) -> None:
    for each in records(done, "end"):
        ended = msgspec.convert({**each}, Ended)
        result = done.run(ended.trial, ended.replicate).result()
        assert result is not None and result.best is not None
        assert ended.figures["validation_loss"] == result.best.loss
    assert isinstance(done.study(), Study)
