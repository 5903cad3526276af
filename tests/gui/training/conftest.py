"""Runs written by hand, and the training docks without the rest of the window."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.gui.documents.workspace import Workspace
from designer.gui.evaluation.panel import EvaluationPanel
from designer.gui.training import curves  # noqa: F401 - slow to import while events are handled
from designer.gui.training.panel import TrainingPanel
from designer.gui.training.runs import RunsPanel
from designer.gui.worker import follower
from designer.gui.worker.trainer import Trainer
from designer.recipe.reading import changed
from designer.runs.begin import begin
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Best, Metrics, Result

SECONDS = 20_000  # milliseconds until a test gives up waiting
PER_EPOCH = 10


@dataclass
class Desk:
    """The docks about training, one below the other."""

    workspace: Workspace
    trainer: Trainer
    training: TrainingPanel
    runs: RunsPanel
    evaluation: EvaluationPanel
    refused: list[str]
    qtbot: QtBot

    def wait(self, condition: Callable[[], object]) -> None:
        """Handle events until a condition holds."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=SECONDS)

    def show_run(self, run: RunFolder) -> None:
        """Show a run and wait until it was read and its curves are there."""
        self.trainer.show(run.path)
        self.wait(lambda: self.trainer.shown.looked and self.training.curves is not None)


@pytest.fixture
def desk(
    qtbot: QtBot,
    look: str,
    remembered: preferences.Preferences,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """All training docks in one shown widget; workers that are left are killed at the end."""
    monkeypatch.setattr(follower, "SELDOM", follower.OFTEN)  # runs that rest are looked at as often
    workspace = Workspace()
    trainer = Trainer(remembered)
    training = TrainingPanel(workspace, trainer)
    runs = RunsPanel(workspace, trainer)
    evaluation = EvaluationPanel(trainer)
    whole = QWidget()
    column = QVBoxLayout(whole)
    for panel in (training, runs, evaluation):
        column.addWidget(panel, 1)
    whole.resize(900, 1000)
    qtbot.addWidget(whole)
    whole.show()
    qtbot.waitExposed(whole)
    refused: list[str] = []
    workspace.refused.connect(refused.append)
    yield Desk(workspace, trainer, training, runs, evaluation, refused, qtbot)
    end_workers(trainer)


def end_workers(trainer: Trainer) -> None:
    """Close a trainer and kill the worker that trains, which would continue otherwise."""
    job = trainer._job
    trainer.close()
    if job is not None:
        job.service.process.kill()


@pytest.fixture
def written(remembered: preferences.Preferences) -> Callable[..., RunFolder]:
    """Return a function that writes a run folder as a worker would leave it."""

    def write(
        name: str = "a-run", *, epochs: int = 2, status: str | None = "finished", message: str = ""
    ) -> RunFolder:
        recipe = changed(presets.recipe("lenet5"), {"epochs": epochs})
        run = begin(Path(remembered.runs_folder) / name, presets.load("lenet5"), recipe)
        write_events(run, epochs=epochs)
        if status is not None:
            figures = Metrics(loss=0.4, accuracy=0.875)
            result = Result(
                status=status,
                epochs=epochs,
                steps=epochs * PER_EPOCH,
                best=Best(epoch=epochs, loss=0.45, accuracy=0.85),
                validation=figures,
                test=figures if status == "finished" else None,
                seconds=75.0,
                message=message or None,
            )
            run.result_file.write_bytes(result.to_json())
        if status == "finished":
            write_evaluation(run)
        return run

    return write


def write_events(run: RunFolder, *, epochs: int, after: int = 0) -> None:
    """Write the events of a falling loss."""
    with EventWriter(run.events, after=after) as events:
        events.write(
            "start",
            step=0,
            epochs=epochs,
            steps_per_epoch=PER_EPOCH,
            batch=32,
            device="cpu",
            device_name="CPU",
            memory_bytes=8_000_000_000,
            counts={"train": 320, "validation": 32, "test": 32},
        )
        for step in range(1, epochs * PER_EPOCH + 1):
            events.write(
                "step",
                step=step,
                epoch=(step - 1) // PER_EPOCH + 1,
                loss=2 / step + 0.1,
                accuracy=1 - 0.9 / step,
                lr=0.05,
                images_per_second=1234.5,
                seconds_left=float(epochs * PER_EPOCH - step),
                memory_bytes=500_000_000,
                gradient_norm=3 / step,
                update_ratio=0.002,
                data_seconds=0.001,
                forward_seconds=0.004,
                backward_seconds=0.007,
                update_seconds=0.002,
                utilization=0.75,
            )
            if step % PER_EPOCH == 0:
                events.write(
                    "epoch",
                    epoch=step // PER_EPOCH,
                    step=step,
                    train={"loss": 0.5, "accuracy": 0.8},
                    validation={"loss": 5 / step, "accuracy": 0.85},
                    metrics={"macro_f1": 0.8, "top5": 0.99},
                    best=True,
                    seconds=1.0,
                    seconds_left=0.0,
                )


def write_evaluation(run: RunFolder) -> None:
    """Write an evaluation of three classes with three mistakes, and the pictures of two."""
    classes = ("cat", "dog", "bird")
    mistakes = {3: ("cat", "dog", 4.2, 0.97), 5: ("cat", "dog", 2.2, 0.9)}
    mistakes[9] = ("dog", "cat", 1.2, 0.6)
    targets = np.repeat(np.arange(3), 10)
    targets[[9, 10]] = targets[[10, 9]]  # the image 9 is a dog
    probabilities = np.full((30, 3), 0.05)
    probabilities[np.arange(30), targets] = 0.9
    losses = np.full(30, 0.1)
    for index, (_, said, loss, probability) in mistakes.items():
        probabilities[index] = (1 - probability) / 2
        probabilities[index, classes.index(said)] = probability
        losses[index] = loss
    rows = [
        {"index": index, "class": true, "predicted": said, "loss": loss, "probability": sure}
        for index, (true, said, loss, sure) in list(mistakes.items())[:2]
    ]
    (run.evaluation / "mistakes.json").write_bytes(msgspec.json.encode(rows))
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 8, 8)).astype(np.uint8)
    np.savez(run.evaluation / "mistakes.npz", images=images)
    write_predictions(
        run,
        Preprocessing(input=(1, 8, 8), mean=(0.5,), deviation=(0.5,), classes=classes),
        outputs=np.log(probabilities).astype(np.float32),
        targets=targets,
        losses=losses,
        predicted=probabilities.argmax(1),
    )


def write_predictions(run: RunFolder, preprocessing: Preprocessing, **tables: np.ndarray) -> None:
    """Write what a training leaves of its evaluation, as the first version did."""
    network = msgspec.json.decode(run.network_file.read_bytes())
    network["input"] = preprocessing.input
    network["outputs"][0]["shape"] = tables["outputs"].shape[1:]
    run.network_file.write_bytes(msgspec.json.encode(network))
    run.preprocessing_file.write_bytes(msgspec.json.encode(preprocessing))
    np.savez(run.evaluation / "predictions.npz", **tables)


@pytest.fixture
def answer(qtbot: QtBot) -> Callable[[str], list[str]]:
    """Return a function that presses a button, given by its text, in the next message box.

    The function returns a list that receives the text of the box.
    """

    def press(text: str) -> list[str]:
        seen: list[str] = []

        def look() -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                QTimer.singleShot(5, look)
                return
            seen.append(f"{box.text()} {box.informativeText()}")
            button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
            button.click()

        QTimer.singleShot(0, look)
        return seen

    return press
