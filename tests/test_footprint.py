"""What the program writes: nothing but what was asked, and its settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.samples import write_data

ROOT = Path(__file__).parents[1]
FOLDERS = ("home", "tmp", "documents", "work")
WINDOW = """
import sys
from PySide6.QtCore import QTimer
from designer.gui.shell import application
from designer.gui.shell.main_window import MainWindow
show = MainWindow.show
MainWindow.show = lambda self: (show(self), QTimer.singleShot(1500, self.close))
sys.exit(application.run(["lenet5"]))
"""


class Place:
    """A home folder, a folder for temporary files, one for documents, and one to work in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in FOLDERS:
            (root / name).mkdir()

    def run(self, *words: str) -> set[str]:
        """Run Python here; return what was written, as paths below the four folders."""
        before = self._files()
        names = ("XDG_", "TORCH", "ORT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        environment = {
            **kept,
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_DOCUMENTS_DIR": str(self.root / "documents"),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        subprocess.run(
            [sys.executable, *words],
            cwd=self.root / "work",
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return self._files() - before

    def _files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")} - set(FOLDERS)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


linux = pytest.mark.skipif(sys.platform != "linux", reason="names the folders of Linux")


def test_commands_that_print_write_nothing(place: Place) -> None:
    for words in (["check", "resnet50"], ["presets"], ["recipe"], ["runs"], ["completion", "zsh"]):
        assert place.run("-m", "designer", *words) == set(), words


def test_training_writes_its_run_and_exporting_its_files(place: Place) -> None:
    write_data(place.root / "work" / "data.npz")
    run = ["train", "lenet5", "--data", "mnist10k", "--limit", "64", "--epochs", "1"]
    written = place.run("-m", "designer", *run, "--run", "run")
    assert "work/run/result.json" in written
    assert {each for each in written if not each.startswith("work/run")} == set()
    files = {f"model{ending}" for ending in (".onnx", ".pt", ".pt2", ".py", ".safetensors")}
    written = place.run("-m", "designer", "export", "run", "--to", *sorted(files))
    assert written == {f"work/{name}" for name in files}


def test_a_run_without_a_name_lies_in_the_documents(place: Place) -> None:
    run = ["train", "lenet5", "--data", "mnist10k", "--limit", "64", "--epochs", "1"]
    written = place.run("-m", "designer", *run)
    assert written
    assert all(each.startswith("documents/Network Designer") for each in written)


@linux
def test_the_window_writes_its_settings(place: Place) -> None:
    written = place.run("-c", WINDOW)
    settings = "home/.config/netdesigner"
    assert written == {"home/.config", settings, f"{settings}/preferences.json"}
