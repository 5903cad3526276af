"""The command that changes the learning rate of a training that goes on."""

from pathlib import Path
from typing import Any

import pytest

from designer.cli import main
from designer.runs import lock
from designer.runs.control import ControlReader
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from tests.engine.samples import create, tiny_recipe

PER_EPOCH, EPOCHS = 10, 4


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose schedule peaks at 0.05 after its first epoch, and that has taken five steps."""
    recipe = tiny_recipe(
        tmp_path / "data.npz", epochs=EPOCHS, schedule__name="cosine", schedule__warmup_epochs=1.0
    )
    run = create(tmp_path / "run", recipe)
    with EventWriter(run.events) as events:
        events.write("start", step=0, epochs=EPOCHS, steps_per_epoch=PER_EPOCH)
        events.write("step", step=5, epoch=1, loss=1.0, lr=0.025)
    return run


def lr(run: RunFolder, *words: str) -> int:
    with lock.held(run.lock):  # as its worker does
        return main(["lr", str(run.path), *words])


def sent(run: RunFolder) -> list[Any]:
    return [(each.command, each.value) for each in ControlReader(run.control).poll()]


def test_the_rate_now_is_printed(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert lr(run) == 0
    assert capsys.readouterr().out == "The learning rate is 0.025.\n"
    assert sent(run) == []


def test_a_rate_is_sent_and_the_peak_is_said(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lr(run, "0.06", "--dry-run") == 0
    assert sent(run) == []
    assert lr(run, "0.06") == 0
    # The next step, the sixth, would have had 0.03.
    words = "The schedule goes on scaled: it will peak at 0.1 in epoch 1."
    said = f"The learning rate is 0.06 from the next step on. {words}\n"
    assert capsys.readouterr().out == 2 * said
    assert sent(run) == [("set_lr", 0.06)]


def test_a_rate_is_held_and_the_schedule_followed_again(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lr(run, "0.01", "--hold") == 0
    assert lr(run, "--schedule") == 0
    assert sent(run) == [("hold_lr", 0.01), ("schedule_lr", None)]
    first, second = capsys.readouterr().out.splitlines()
    assert first == "The learning rate is held at 0.01 from the next step on."
    assert second == "The schedule's own rates are used again from the next step on."


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("-1",), "The learning rate cannot be -1.0: give a number above 0."),
        (("nan", "--hold"), "The learning rate cannot be nan: give a number above 0."),
        (("--hold",), "--hold needs a rate"),
        (("0.1", "--schedule"), "--schedule goes with neither a rate nor --hold"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: RunFolder, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], refusal: str
) -> None:
    arguments = ("--", *words) if words[0] == "-1" else words
    assert lr(run, *arguments) != 0
    assert refusal in " ".join(capsys.readouterr().err.split())
    assert sent(run) == []


def test_a_run_that_is_not_trained_is_refused(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lr", str(run.path), "0.1"]) != 0
    assert "is not being trained" in capsys.readouterr().err
