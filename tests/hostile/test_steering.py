"""Trainings of combined recipes that get commands: stopped in between, they end as if not."""

from pathlib import Path
from typing import Any

import pytest

from designer.engine import steering
from designer.engine.training import train
from designer.runs import control
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.train_on import train_on
from tests.engine.samples import create, tiny_recipe
from tests.hostile.kills import DATA, RECIPES, ending

NAMES = ("ema", "swa", "lbfgs", "centers")

Commands = dict[int, list[tuple[control.CommandName, float | None]]]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def steered(
    run: RunFolder, commands: Commands, monkeypatch: pytest.MonkeyPatch, *, resume: bool = False
) -> tuple[dict[str, Any], int]:
    """Train a run, with commands sent after steps; return how it ended, and its stops."""
    write, waiting = EventWriter.write, dict(commands)

    def sending(log: EventWriter, event: str, **fields: Any) -> None:
        write(log, event, **fields)
        if event == "step":
            for command, value in waiting.pop(fields["step"], ()):
                control.send(run.control, command, value=value)

    stops = 0
    with monkeypatch.context() as patch:
        patch.setattr(steering, "POLL_SECONDS", 0.0)
        patch.setattr(EventWriter, "write", sending)
        while train(run, resume=resume).status == "stopped":
            stops, resume = stops + 1, True
    found = ending(run)
    del found["files"]  # the control file is among them, or not
    return found, stops


def run_of(name: str, folder: Path) -> RunFolder:
    case = RECIPES[name]
    folder.mkdir()
    data = DATA[case.data](folder / "data.npz")
    recipe = tiny_recipe(data, **{"epochs": 3, **case.changes, "checkpoint_seconds": 1000.0})
    return create(folder / "run", recipe, case.design)


def test_typed_rates_pauses_and_stops(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: Commands = {
        2: [("set_lr", 0.02), ("checkpoint", None)],
        5: [("scale_lr", 0.5)],
        7: [("checkpoint", None), ("pause", None), ("resume", None)],
    }
    stopped: Commands = {step: [*sent, ("stop", None)] for step, sent in commands.items()}
    left_alone, none = steered(run_of(name, tmp_path / "a"), commands, monkeypatch)
    found, stops = steered(run_of(name, tmp_path / "b"), stopped, monkeypatch)
    assert (none, stops) == (0, 3)
    assert found == left_alone
    assert len({rate for _, _, rate, *_ in found["steps"]}) > 1


def test_training_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = run_of(name, tmp_path / "a")
    steps = train(parent).steps
    children = [train_on(parent, tmp_path / f"child{i}", epochs=2) for i in range(2)]
    left_alone, _ = steered(children[0], {}, monkeypatch, resume=True)
    stopped: Commands = {steps + 1: [("stop", None)]}
    found, stops = steered(children[1], stopped, monkeypatch, resume=True)
    assert stops == 1
    assert found == left_alone
    assert found["result"][1] > parent.recipe().epochs
