"""The Evaluation dock alone, with runs written by hand and a worker that answers from memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.evaluation import pages, view  # noqa: F401 - slow to import while events wait
from designer.gui.evaluation.contents import Contents
from designer.gui.evaluation.page import Page
from designer.gui.evaluation.panel import EvaluationPanel
from designer.gui.worker.inspection import Reply
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from tests.gui.training.conftest import written  # noqa: F401 - a fixture

SECONDS = 20_000  # milliseconds until a test gives up waiting


@dataclass
class Desk:
    """The dock, and what it asked of the worker."""

    trainer: Trainer
    panel: EvaluationPanel
    qtbot: QtBot
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Callable[[Reply], object]] = field(default_factory=list)
    failures: list[Callable[[str], object]] = field(default_factory=list)

    def wait(self, condition: Callable[[], object]) -> None:
        """Handle events until a condition holds."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=SECONDS)

    def show_run(self, run: RunFolder) -> None:
        """Show a run, and wait until it was read."""
        self.trainer.show(run.path)
        self.wait(lambda: self.trainer.shown.looked)

    def show(self, run: RunFolder) -> None:
        """Show a run with an evaluation, and wait for that."""
        self.show_run(run)
        self.wait(lambda: self.panel.view is not None and self.panel.view.isVisible())

    def show_contents(self, contents: Contents) -> None:
        """Show an evaluation that was made in memory."""
        self.panel.show_contents(contents)

    def page(self, key: str) -> Page:
        """Turn to a page."""
        return self.panel.view.show_page(key)


@pytest.fixture
def desk(
    qtbot: QtBot,
    look: str,
    remembered: preferences.Preferences,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """The dock in a window of its own. Pictures that it asks for are gray, as light as `index`."""
    trainer = Trainer(remembered)
    panel = EvaluationPanel(trainer)
    panel.resize(900, 420)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitExposed(panel)
    made = Desk(trainer, panel, qtbot)

    def ask(
        key: str,
        request: dict[str, Any],
        done: Callable[[Reply], object],
        *,
        failed: Callable[[str], object],
        progress: object = None,
        subject: object = None,
    ) -> None:
        made.asked.append({**request, "subject": msgspec.to_builtins(subject)})
        if request["do"] == "examples":
            shades = (np.array(request["indices"]) % 256).astype(np.uint8)[:, None, None, None]
            reply = Reply({}, {"pictures": np.broadcast_to(shades, (len(shades), 8, 8, 1))})
            QTimer.singleShot(0, panel, lambda: done(reply))
        else:
            made.answers.append(done)
            made.failures.append(failed)

    monkeypatch.setattr(trainer.inspection, "ask", ask)
    yield made
    trainer.close()
