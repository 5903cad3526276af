"""Runs of an earlier version in the docks that look into networks, and on the canvas."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from designer.engine import export
from designer.gui.shell.main_window import MainWindow
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture
from tests.gui.hands import Hands, wait_until
from tests.gui.inside.test_map_overlay import shown, text
from tests.old_versions.test_before_american_spelling import FOLDER, RUNS

SECONDS = 90


@pytest.fixture
def hands(window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """A window beside a copy of the runs and their data."""
    shutil.copytree(FOLDER, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    window.trainer.preferences.device = "cpu"
    window.resize(1400, 1000)
    yield Hands(window)
    window.trainer.close()


def test_an_old_run_is_looked_into(hands: Hands, tmp_path: Path) -> None:
    window, inspection = hands.window, hands.window.trainer.inspection
    picture = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(noise).save(picture)
    for name in RUNS:
        run = RunFolder(tmp_path / "old" / "runs" / name)
        window.show_training(run.path)
        window.show_dock("try")
        window.show_dock("maps")
        wait_until(lambda: window.docks["maps"].widget().view is not None, SECONDS)
        view, answer = window.docks["maps"].widget().view, window.editor.try_it.answer
        inspection.show([Picture(file=str(picture))])
        window.editor.maps.show(True)
        window.workspace.select(["fc"])
        wait_until(lambda run=run: inspection.subject.run == str(run.path), SECONDS)
        hands.settle()
        wait_until(lambda: window.editor.maps.settled and not inspection.busy, SECONDS)
        hands.settle()
        wait_until(lambda: not inspection.busy, SECONDS)
        # The Try it dock and the Maps dock say what the network says.
        about = run.preprocessing()
        image = (torch.from_numpy(noise) / 255 - about.mean[0]) / about.deviation[0]
        with torch.no_grad():
            scores = export.of_run(run).network(image[None, None])[0]
        (first, *_) = answer.bars.predictions
        assert first["class"] == about.classes[int(scores.argmax())]
        assert first["probability"] == pytest.approx(scores.softmax(0).max().item(), abs=1e-5)
        values = view.page.replies[0].arrays["values"].reshape(-1)
        assert values == pytest.approx(scores.numpy(), abs=1e-5)
        assert {"first", "second", "fc"} <= shown(hands)
        assert text(hands, "map-weights") == f"{name}, best epoch"
        # Its training recorded no statistics: that is said, with a button that measures them.
        window.show_dock("statistics")
        panel = window.docks["statistics"].widget()
        wait_until(panel.isVisible)
        hands.settle()
        wait_until(lambda panel=panel: "recorded no statistics" in panel.pages.invitation.text())
        hands.click(panel.pages.begin)
        wait_until(lambda panel=panel: panel.model.current is not None, SECONDS)
        assert "fc" in panel.model.current.measurement.main("activation")
        panel.model.measured.clear()
        window.editor.maps.show(False)
