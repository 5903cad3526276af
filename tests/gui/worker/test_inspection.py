"""Asking the worker process about a network from the window: answers, cancel, a killed worker."""

import os
import signal

import numpy as np
import pytest
import shiboken6
from PIL import Image
from PySide6.QtCore import QObject

from designer import presets
from designer.design import files
from designer.gui.worker.trainer import Trainer
from designer.runs.inspection import Picture, Subject

SECONDS = 60_000  # milliseconds until a test gives up waiting
LENET = Subject(design=files.dumps(presets.load("lenet5")), weights="")


@pytest.fixture
def trainer(qtbot, remembered):
    made = Trainer(remembered)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30), np.uint8)).save(path)
    return Picture(file=str(path))


def predict(pictures):
    return {"do": "predict", "pictures": [{"file": each.file} for each in pictures]}


def test_answers_cancel_and_a_killed_worker(qtbot, trainer, picture):
    inspection = trainer.inspection
    replies, sentences, shares = [], [], []
    inspection.refused.connect(sentences.append)
    inspection.ask("try", predict([picture]), replies.append)
    assert sentences == ["No network is looked into: choose a run or a design."]

    inspection.look_into(LENET)
    inspection.ask("try", predict([picture]), replies.append, progress=shares.append)
    assert inspection.busy
    qtbot.waitUntil(lambda: len(replies) == 1, timeout=SECONDS)
    assert replies[0].arrays["seen"].shape == (1, 32, 32, 1)
    assert shares[0] == 0.0
    assert not inspection.busy

    # Of two questions of a key only the newer is answered.
    inspection.ask("try", predict([picture] * 3000), replies.append)
    inspection.ask("try", predict([picture, picture]), replies.append)
    qtbot.waitUntil(lambda: len(replies) == 2, timeout=SECONDS)
    assert replies[1].arrays["seen"].shape[0] == 2
    inspection.ask("try", predict([picture] * 3000), replies.append)
    inspection.cancel("try")
    assert not inspection.busy

    inspection.ask("try", predict([picture] * 3000), replies.append, progress=shares.append)
    before = len(shares)
    qtbot.waitUntil(lambda: len(shares) > before, timeout=SECONDS)
    sentences.clear()
    os.kill(trainer._standby.process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(sentences), timeout=SECONDS)
    assert "was killed" in sentences[0]
    inspection.ask("try", predict([picture]), replies.append)
    qtbot.waitUntil(lambda: len(replies) == 3, timeout=SECONDS)


def test_nobody_is_told_who_was_deleted_meanwhile(qtbot, trainer, picture):
    class Asking(QObject):
        def refuse(self, sentence: str) -> None:
            self.setObjectName(sentence)

    asking = Asking()
    inspection = trainer.inspection
    inspection.look_into(LENET)
    inspection.ask(
        "try",
        predict([picture] * 3000),
        lambda reply: asking.setObjectName("answered"),
        failed=asking.refuse,
        progress=lambda share: asking.setObjectName(str(share)),
    )
    qtbot.waitUntil(lambda: bool(asking.objectName()), timeout=SECONDS)  # a first share
    shiboken6.delete(asking)
    qtbot.wait(300)
    os.kill(trainer._standby.process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not inspection.busy, timeout=SECONDS)


def test_changes_are_told_once(qtbot, trainer, picture):
    inspection = trainer.inspection
    told = []
    inspection.changed.connect(lambda: told.append(inspection.picture))
    inspection.look_into(LENET)
    inspection.look_into(LENET)
    inspection.show([picture])
    inspection.show([picture])
    inspection.choose(0)
    assert told == [None, picture]
