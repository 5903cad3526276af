"""Which network the panels look into, with which weights, and when that is renewed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.design import edits, files
from designer.design.values import Design
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.network_choice import NetworkChoice
from designer.gui.inside.try_panel import TryPanel
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import Recipe
from designer.runs import lock
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture, Subject

SECONDS = 20_000


class Asked:
    """A worker that notes what it is asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.done: list[Callable[[dict[str, Any]], object]] = []

    def inspect(self, request: Any, done: Any, progress: Any = None) -> Callable[[], None]:
        self.requests.append(request)
        self.done.append(done)
        return lambda: None


@pytest.fixture
def trainer(qtbot: QtBot, look: str, remembered: preferences.Preferences) -> Any:
    trainer = Trainer(remembered)
    trainer.asked = Asked()  # type: ignore[attr-defined]
    trainer.inspection._worker = trainer.asked  # type: ignore[attr-defined]
    yield trainer
    trainer.close()


@pytest.fixture
def lenet(workspace: Workspace) -> Workspace:
    workspace.open_preset("lenet5")
    return workspace


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    found = begin(tmp_path / "home" / "runs" / "first", presets.load("lenet5"), Recipe())
    found.last.write_bytes(b"weights")
    return found


def test_it_follows_the_training_panel_and_the_user(
    lenet: Workspace, trainer: Any, run: RunFolder, shown: Any, qtbot: QtBot
) -> None:
    choice = NetworkChoice(lenet, trainer)
    assert trainer.inspection.subject is None  # nobody looks: a large design is not written out
    shown(choice, 600, 40)
    subject = trainer.inspection.subject
    assert files.loads(subject.design, origin="") == lenet.design and subject.weights == ""
    assert choice.network.currentText() == "LeNet-5, fresh weights"
    assert not choice.checkpoint.isVisible()
    trainer.show(run.path)
    assert trainer.inspection.subject == Subject(run=str(run.path), weights="best")
    assert choice.network.currentText() == "first (shown in Training)"
    assert [choice.checkpoint.itemText(row) for row in range(choice.checkpoint.count())] == [
        "best epoch",
        "last checkpoint",
    ]
    choice.checkpoint.setFocus()
    qtbot.keyClick(choice.checkpoint, "l")  # as a user types in a list
    assert trainer.inspection.subject == Subject(run=str(run.path), weights="last")
    qtbot.waitUntil(lambda: choice.network.count() >= 3, timeout=SECONDS)
    choice.network.setFocus()
    qtbot.keyClick(choice.network, "L")
    assert trainer.inspection.subject.design and not choice.checkpoint.isVisible()


def test_it_shows_what_another_panel_chose(
    lenet: Workspace, trainer: Any, run: RunFolder, shown: Any
) -> None:
    run.kept(3).write_bytes(b"weights")
    choice = NetworkChoice(lenet, trainer)
    shown(choice, 600, 40)
    trainer.inspection.look_into(Subject(run=str(run.path), weights="epoch:3"))
    assert choice.network.currentText() == "first"
    assert choice.checkpoint.currentText() == "epoch 3"


def test_fresh_weights_follow_the_design(lenet: Workspace, trainer: Any, shown: Any, qtbot: QtBot):
    choice = NetworkChoice(lenet, trainer)
    shown(choice, 600, 40)
    lenet.edit("set classes", lambda each: edits.set_argument(each, "classes", 7))

    def looked_into() -> Design:
        return files.loads(trainer.inspection.subject.design, origin="")

    qtbot.waitUntil(lambda: looked_into() == lenet.design, timeout=SECONDS)
    assert looked_into().arguments["classes"].default == 7
    lenet.edit("remove conv1", lambda each: edits.remove_node(each, "conv1", heal=False))
    qtbot.waitUntil(lambda: trainer.inspection.subject is None, timeout=SECONDS)
    assert "has errors" in choice.error


def test_a_new_checkpoint_renews_the_predictions(
    lenet: Workspace, trainer: Any, run: RunFolder, shown: Any, qtbot: QtBot
) -> None:
    """The run is trained as far as its files tell: its lock is held, its checkpoints change."""
    panel = TryPanel(lenet, trainer)
    shown(panel, 640, 240)
    with lock.held(run.lock):
        trainer.show(run.path)
        trainer._set_active(trainer.shown)
        qtbot.waitUntil(lambda: trainer.shown.state == "running", timeout=SECONDS)
        assert trainer.inspection.subject == Subject(run=str(run.path), weights="last")
        trainer.inspection.show([Picture(file="cat.png")])
        asked, subject = trainer.asked, trainer.inspection.subject
        assert [each["do"] for each in asked.requests] == ["predict"]
        version = trainer.inspection.version(subject)
        qtbot.wait(700)  # the files have been looked at
        run.last.write_bytes(b"other weights")
        qtbot.waitUntil(lambda: trainer.inspection.version(subject) > version, timeout=SECONDS)
        assert len(asked.requests) == 2
        assert asked.requests[1] == asked.requests[0]
    run.result_file.write_text('{"status": "stopped"}')
    qtbot.waitUntil(lambda: trainer.active is None, timeout=SECONDS)
    assert trainer.inspection.subject == Subject(run=str(run.path), weights="best")
