"""Networks from elsewhere by hand, with the real worker; a file of code that was edited."""

from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file
from torch import nn

from designer.design import edits, files
from designer.gui.opening.edited import EditsDialog
from designer.gui.shell.main_window import MainWindow
from designer.runs.folder import RunFolder
from designer.runs.states import COMPLETE
from tests.gui.hands import LEFT, Hands, activate
from tests.gui.opening.test_foreign import drop, press

PATIENCE = 180_000  # milliseconds; a worker loads torch for long on a busy machine

pytestmark = pytest.mark.slow


class Digits(nn.Module):
    """A network of another program, for seven classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.fc = nn.Linear(128, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.pool(torch.relu(self.norm(self.conv(x)))).flatten(1))


@pytest.fixture(scope="module")
def network() -> Digits:
    torch.manual_seed(0)
    return Digits()


@pytest.fixture(scope="module")
def program(network: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of torch.export with the network."""
    path = tmp_path_factory.mktemp("network") / "digits.pt2"
    exported = torch.export.export(network.train(), (torch.randn(2, 1, 28, 28),), strict=False)
    torch.export.save(exported, path)
    return path


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    window.resize(1600, 1200)
    return Hands(window, qtbot)


def press_when_ready(hands: Hands, name: str) -> None:
    """Press a button as soon as it can be."""
    button = hands.find(QPushButton, name)
    hands.qtbot.waitUntil(button.isEnabled, timeout=PATIENCE)
    hands.click(button)


def export(hands: Hands, folder: Path, *endings: str) -> None:
    """Export files of these kinds with the weights that the dialog chooses by itself."""
    activate(hands.window)
    hands.settle()
    hands.keys("Ctrl+E", hands.window)
    for box in hands.window.findChildren(QCheckBox):
        name = box.objectName()
        if name.startswith("export-tick") and box.isChecked() != name.endswith(endings):
            QTest.mouseClick(box, LEFT, pos=box.rect().topLeft() + box.rect().center() / 8)
    field = hands.find(QLineEdit, "export-folder")
    hands.click(field)
    hands.keys("Ctrl+A")
    hands.type(str(folder))
    press_when_ready(hands, "export-go")
    hands.qtbot.waitUntil(
        lambda: all(any(folder.glob(f"*{each}")) for each in endings), timeout=PATIENCE
    )
    hands.qtbot.waitUntil(
        lambda: hands.find(QPushButton, "export-close").text() == "Close", timeout=PATIENCE
    )
    hands.click(hands.find(QPushButton, "export-close"))
    activate(hands.window)
    hands.settle()


def test_a_program_is_opened_changed_trained_from_its_weights_and_exported(
    window: MainWindow, hands: Hands, qtbot: QtBot, program: Path, network: Digits, tmp_path: Path
) -> None:
    drop(window, program)
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=PATIENCE)
    report = window.foreign.report
    assert report is not None
    assert report.verdict.text().startswith("The outputs are equal to the last bit")
    QTest.keyClick(report, Qt.Key.Key_Escape)

    export(hands, tmp_path / "as-it-is", ".safetensors")
    (written,) = (tmp_path / "as-it-is").glob("*.safetensors")
    tensors = load_file(written)
    for name, value in network.state_dict().items():
        assert torch.equal(tensors[name], value), name

    hands.click_node("fc")
    hands.fill("out_features", "10")
    hands.tab("Training")
    start = window.training.set_up.start
    qtbot.waitUntil(lambda: window.workspace.comparison is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(window.workspace.comparison.report.differing) == 2)
    assert hands.find(QComboBox, "start-from").currentText() == "digits.safetensors"
    epochs = hands.find(QLineEdit, "recipe-epochs")
    hands.click(epochs)
    hands.keys("Ctrl+A")
    hands.type("1")
    press_when_ready(hands, "training-start")
    qtbot.waitUntil(lambda: window.trainer.shown is not None, timeout=PATIENCE)
    run: RunFolder = window.trainer.shown.run
    qtbot.waitUntil(lambda: run.state() in COMPLETE, timeout=PATIENCE)
    assert run.recipe().initial_weights == start.source

    export(hands, tmp_path / "trained", ".safetensors")
    (written,) = (tmp_path / "trained").glob("*.safetensors")
    tensors = load_file(written)
    assert tensors["fc.weight"].shape == (10, 128)
    assert not torch.equal(tensors["conv.weight"], network.conv.weight)  # it learned


def test_an_edited_file_is_taken_into_its_design(
    window: MainWindow, hands: Hands, qtbot: QtBot, tmp_path: Path
) -> None:
    window.workspace.open_preset("lenet5")
    workspace = window.workspace
    workspace.edit("Move conv1", lambda d: edits.move(d, {"conv1": (3.0, 1.0)}))
    before = workspace.design
    export(hands, tmp_path, ".py")
    (code,) = tmp_path.glob("*.py")

    said: list[str] = []
    workspace.reported.connect(said.append)
    drop(window, code)  # not edited: nothing is run, nothing is asked
    qtbot.waitUntil(lambda: any("was not edited" in each for each in said), timeout=PATIENCE)
    assert len(workspace.documents) == 1 and workspace.design is before

    code.write_text(
        code.read_text()
        .replace("nn.Linear(120, 84)", "nn.Linear(120, 64)")
        .replace("nn.Linear(84,", "nn.Linear(64,")
    )
    press("Run the code")
    seen: list[list[str]] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, EditsDialog):
            QTimer.singleShot(50, look)
            return
        seen.append([dialog.list.item(n).text() for n in range(dialog.list.count())])
        QTest.mouseClick(dialog.take, LEFT)

    drop(window, code)
    QTimer.singleShot(100, look)
    qtbot.waitUntil(lambda: workspace.design is not before, timeout=PATIENCE)
    assert seen == [["fc2: out_features 84 → 64"]]
    assert files.dumps(workspace.design) == files.dumps(
        edits.set_parameter(before, "fc2", "out_features", 64)
    )
    activate(window)
    hands.settle()
    hands.keys("Ctrl+Z", window)
    assert workspace.design is before
