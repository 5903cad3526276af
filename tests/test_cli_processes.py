"""Trainings in several processes, as a user types them."""

import json
import signal
import subprocess
import sys

import pytest

from designer.cli import main
from designer.design import files
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs import launch
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from tests.engine.samples import TWO_OUTPUTS, create, tiny_recipe, write_data
from tests.engine.test_processes import losses

SECONDS = 120


@pytest.fixture
def made(tmp_path):
    """Return a recipe, and the words of a command that trains a design with it."""
    recipe = tiny_recipe(
        write_data(tmp_path / "squares.npz"), batch=10, epochs=2, schedule__name="constant"
    )
    (tmp_path / "recipe.json").write_bytes(recipe.to_json())
    files.save(TWO_OUTPUTS, tmp_path / "two.json")
    words = ["train", str(tmp_path / "two.json"), "--recipe", str(tmp_path / "recipe.json")]
    return recipe, [*words, "--run", str(tmp_path / "run")]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one_and_ctrl_c_stops_them(tmp_path, made):
    recipe, words = made
    alone = create(tmp_path / "alone", recipe, TWO_OUTPUTS)
    train(alone)
    words = [*words, "--epochs", "100000", "--processes", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "designer", *words], stdout=subprocess.PIPE, text=True
    ) as child:
        told = []
        try:
            for line in child.stdout:
                told.append(line)
                if line.startswith("epoch   2"):
                    child.send_signal(signal.SIGINT)
            assert child.wait(SECONDS) == 0, "".join(told)
        finally:  # a training outlives its command
            if (worker := RunFolder(tmp_path / "run").worker()) is not None:
                launch.end(worker)
    told = "".join(told)
    assert "Training on 2 processes, CPU each, 1 thread each" in told
    assert "Resume it with: netdesigner resume" in told
    shared = RunFolder.open(tmp_path / "run")
    assert shared.state() == "stopped" and shared.worker() is None
    assert shared.log.read_text() == ""
    assert losses(alone) == pytest.approx(losses(shared)[: len(losses(alone))], rel=1e-5)
    assert json.loads(shared.environment.read_text())["processes"] == 2


def test_a_run_is_resumed_with_as_many_processes_as_before(tmp_path, made, monkeypatch):
    recipe, _ = made
    run = create(tmp_path / "run", recipe, TWO_OUTPUTS)
    started = []

    def spawn(*words, **streams):
        started.append(words)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launch, "spawn", spawn)
    with EventWriter(run.events) as events:
        events.write("start", step=0, epochs=2, steps_per_epoch=8, processes=4)
    for resume, processes in ((False, None), (False, 2), (True, None), (True, 3)):
        with pytest.raises(DesignerError, match="No space left"):
            launch.start(run.path, resume=resume, processes=processes)
    worker, several, path = (
        "designer.engine.worker",
        "designer.engine.several_processes",
        str(run.path),
    )
    assert started == [
        (worker, path),
        (several, "2", path),
        (several, "4", path, "--resume"),
        (several, "3", path, "--resume"),
    ]


def test_a_batch_that_cannot_be_divided_is_a_sentence(tmp_path, made, capsys):
    _, words = made
    assert main([*words, "--processes", "3"]) == 1
    told = capsys.readouterr()
    assert told.err.strip() == (
        "A batch of 10 cannot be divided among 3 processes: choose a multiple of 3, "
        "such as 9 or 12."
    )
    assert told.out == "" and not (tmp_path / "run").exists()


def test_the_command_for_several_machines_is_printed(tmp_path, made, capsys):
    _, words = made
    assert main([*words, "--processes", "5", "--print-command"]) == 0
    told = capsys.readouterr()
    command = f"-m designer.engine.worker {tmp_path / 'run'}\n"
    assert told.out.startswith("torchrun --nnodes 2 --nproc-per-node 5")
    assert told.out.endswith(command)
    assert "must be on a disk that all of them share" in told.err
    run = RunFolder.open(tmp_path / "run")
    assert not run.events.exists() and run.worker() is None
