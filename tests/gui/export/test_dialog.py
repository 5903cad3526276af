"""The export dialog: formats, weights, folders, and the outcome of each file."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from PySide6.QtCore import QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file

from designer import presets
from designer.cli import main
from designer.codegen import source
from designer.design import edits, files
from designer.design.carried import commented
from designer.design.values import Argument
from designer.gui.documents.workspace import Workspace
from designer.gui.export.dialog import ExportDialog
from designer.gui.shell.main_window import MainWindow
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.ensembles import Ensemble
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.inspection import Subject
from designer.runs.result import Metrics, Result, Status

LEFT = Qt.MouseButton.LeftButton


class Worker(QObject):
    """Stands in for the trainer: records the requests, and answers on demand."""

    def __init__(self, runs: Path) -> None:
        super().__init__()
        self.runs_folder = runs
        self.asked: list[tuple[dict[str, Any], Callable[[dict[str, Any]], object]]] = []

    def ask(self, request: dict[str, Any], done: Callable[[dict[str, Any]], object]) -> None:
        self.asked.append((request, done))

    def answer(self, difference: float = 0.0) -> Path:
        """Write the file that was asked for last, and say so."""
        request, done = self.asked[-1]
        path = Path(request["to"][0])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 2_000)
        done({"ok": True, "files": [{"path": str(path), "bytes": 2_000, "difference": difference}]})
        return path

    def fail(self, message: str, **more: Any) -> None:
        """Refuse what was asked for last."""
        self.asked[-1][1]({"ok": False, "message": message, **more})


@pytest.fixture
def worker(home: Path) -> Worker:
    return Worker(home / "runs")


@pytest.fixture
def workspace() -> Workspace:
    space = Workspace()
    space.open_preset("lenet5")
    return space


@pytest.fixture
def dialog(
    qtbot: QtBot, look: str, workspace: Workspace, worker: Worker, tmp_path: Path
) -> ExportDialog:
    """The dialog for LeNet-5, in a folder of the test, nothing ticked."""
    return shown(qtbot, workspace, worker, tmp_path / "out")


def shown(
    qtbot: QtBot, workspace: Workspace, worker: Worker, folder: Path, **more: Any
) -> ExportDialog:
    form = ExportDialog(workspace, worker, **more)  # type: ignore[arg-type]
    form.folder.edit.setText(str(folder))
    form.show()
    qtbot.waitExposed(form)
    qtbot.waitUntil(lambda: not form.message.text().startswith("Looking"))
    for suffix, row in form.rows.items():
        if row.tick.isChecked():
            tick(form, qtbot, suffix)
    return form


def tick(form: ExportDialog, qtbot: QtBot, *suffixes: str) -> None:
    for suffix in suffixes:
        box = form.rows[suffix].tick
        qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))


def press(form: ExportDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(form.go, LEFT)


def test_every_format_has_a_row(dialog: ExportDialog) -> None:
    assert list(dialog.rows) == list(EXPORT_FORMATS)


def test_code_needs_no_worker(dialog: ExportDialog, worker: Worker, qtbot: QtBot) -> None:
    tick(dialog, qtbot, ".py")
    with qtbot.waitSignal(dialog.job.finished):
        press(dialog, qtbot)
    path = dialog.paths()[0]
    assert path.name == "lenet_5.py"
    assert path.read_text() == commented(source(dialog.design), dialog.design)
    assert worker.asked == []
    assert "compiles" in dialog.rows[".py"].state.text()
    assert str(path.parent) in dialog.message.text()
    assert dialog.show_folder.isVisible()


def test_files_are_asked_for_one_by_one(
    dialog: ExportDialog, worker: Worker, qtbot: QtBot, tmp_path: Path
) -> None:
    tick(dialog, qtbot, ".safetensors", ".onnx")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    request = worker.asked[0][0]
    assert request["do"] == "export"
    assert files.read(Path(request["source"])) == dialog.design
    assert request["to"] == [str(tmp_path / "out" / "lenet_5.safetensors")]
    assert dialog.progress.isVisible()
    assert not dialog.go.isEnabled()
    assert dialog.rows[".onnx"].state.text() == "waiting"
    worker.answer()
    assert len(worker.asked) == 2
    assert "identical" in dialog.rows[".safetensors"].state.text()
    worker.answer(2.4e-7)
    assert "2.4e-07" in dialog.rows[".onnx"].state.text()
    assert "2.00 KB" in dialog.rows[".onnx"].state.text()
    assert dialog.message.text().startswith("2 files written")
    assert not dialog.progress.isVisible()
    assert not Path(request["source"]).exists(), "the copy of the design is removed"


def test_one_failure_does_not_stop_the_others(
    dialog: ExportDialog, worker: Worker, qtbot: QtBot
) -> None:
    tick(dialog, qtbot, ".pt2", ".onnx")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    worker.fail("LeNet-5 cannot be written by torch.export.")
    assert dialog.rows[".pt2"].fault.text() == "LeNet-5 cannot be written by torch.export."
    worker.answer()
    assert "1 of 2 files written" in dialog.message.text()
    assert dialog.go.isEnabled()


def test_a_dead_worker_is_reported(dialog: ExportDialog, worker: Worker, qtbot: QtBot) -> None:
    tick(dialog, qtbot, ".pt", ".onnx")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    worker.fail("The training process was killed (signal 9).", died=True)
    assert len(worker.asked) == 1
    assert "killed" in dialog.rows[".pt"].fault.text()
    assert "the worker process ended" in dialog.rows[".onnx"].fault.text()


def test_cancel_writes_nothing_further(dialog: ExportDialog, worker: Worker, qtbot: QtBot) -> None:
    tick(dialog, qtbot, ".pt", ".onnx")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    assert dialog.leave.text() == "Cancel"
    qtbot.mouseClick(dialog.leave, LEFT)
    assert "finishes the current file" in dialog.message.text()
    worker.answer()
    assert len(worker.asked) == 1
    assert dialog.rows[".onnx"].state.text() == ""
    assert "1 file written" in dialog.message.text()


def test_closing_while_a_file_is_written(
    dialog: ExportDialog, worker: Worker, qtbot: QtBot
) -> None:
    tick(dialog, qtbot, ".pt", ".onnx")
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    with qtbot.waitSignal(dialog.destroyed):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    worker.answer()
    assert len(worker.asked) == 1


def test_overwriting_is_asked_once(dialog: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "out" / "lenet_5.py"
    file.parent.mkdir()
    file.write_text("mine")
    tick(dialog, qtbot, ".py")
    press(dialog, qtbot)
    assert dialog.message.text() == f"Already in {file.parent}: lenet_5.py. Overwrite?"
    assert dialog.go.text() == "Overwrite"
    assert file.read_text() == "mine"
    with qtbot.waitSignal(dialog.job.finished):
        press(dialog, qtbot)
    assert "class" in file.read_text()


def test_another_name_withdraws_the_question(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "lenet_5.py"
    file.parent.mkdir()
    file.write_text("mine")
    tick(dialog, qtbot, ".py")
    press(dialog, qtbot)
    qtbot.keyClicks(dialog.name, "b")
    assert dialog.go.text() == "Export"
    with qtbot.waitSignal(dialog.job.finished):
        press(dialog, qtbot)
    assert file.read_text() == "mine"
    assert (file.parent / "lenet_5b.py").exists()


def test_refusals(dialog: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    assert dialog.message.text() == "Tick at least one file format."
    assert not dialog.go.isEnabled()
    tick(dialog, qtbot, ".py")
    assert dialog.go.isEnabled()
    dialog.name.clear()
    assert "Give the files a name" in dialog.message.text()
    qtbot.keyClicks(dialog.name, "a/b")
    assert not dialog.go.isEnabled()
    dialog.name.setText("net")
    (tmp_path / "file").write_text("")
    dialog.folder.edit.selectAll()
    qtbot.keyClicks(dialog.folder.edit, str(tmp_path / "file"))
    assert dialog.folder.fault.isVisible()
    assert not dialog.go.isEnabled()


def test_a_design_with_errors(
    workspace: Workspace, worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    workspace.edit("set conv1 kernel", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 99))
    form = shown(qtbot, workspace, worker, tmp_path)
    tick(form, qtbot, ".py")
    assert form.message.text().startswith("LeNet-5 cannot be built. Fix this: ")
    assert not form.go.isEnabled()


def trained(worker: Worker, run_name: str, status: Status = "finished", **changes: Any) -> Path:
    """Write a run of LeNet-5 that has weights; later ones are newer."""
    design = replace(presets.load("lenet5"), **changes)
    run = begin(worker.runs_folder / run_name, design, Recipe())
    run.best.write_bytes(b"weights")
    number = len(list(worker.runs_folder.iterdir()))
    os.utime(run.best, (10_000 * number, 10_000 * number))
    result = Result(status=status, test=Metrics(loss=0.1, accuracy=0.981))
    run.result_file.write_bytes(msgspec.json.encode(result))
    return run.path


def choose(form: ExportDialog, qtbot: QtBot, row: int) -> None:
    """Choose weights as with the arrow keys."""
    form.weights.setFocus()
    key = Qt.Key.Key_Down if row > form.weights.currentIndex() else Qt.Key.Key_Up
    for _ in range(abs(row - form.weights.currentIndex())):
        qtbot.keyClick(form.weights, key)
    assert form.weights.currentIndex() == row


def test_latest_finished_run_that_fits_is_chosen(
    workspace: Workspace, worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    trained(worker, "older")
    newer = trained(worker, "newer")
    trained(worker, "stopped", "stopped")
    trained(worker, "other", arguments={"classes": Argument(7)})
    form = shown(qtbot, workspace, worker, tmp_path)
    qtbot.waitUntil(lambda: form.weights.count() == 4)
    names = [form.weights.itemText(row).split("  ·  ")[0] for row in range(4)]
    assert names == ["stopped", "newer", "older", "Fresh weights, not trained"]
    assert form.weights.currentText().startswith("newer  ·  test accuracy 98.10 %")
    tick(form, qtbot, ".pt")
    assert "loaded back" in form.message.text()
    choose(form, qtbot, 0)
    assert "This run is not finished (stopped)" in form.message.text()
    choose(form, qtbot, 3)
    assert "The weights are fresh" in form.message.text()
    choose(form, qtbot, 1)
    press(form, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    assert worker.asked[0][0]["weights"] == str(newer)
    worker.answer()


def test_run_of_other_layer_settings_gives_a_warning(
    workspace: Workspace, worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    trained(worker, "run")
    kind = workspace.design.graph.nodes["pool1"].layer  # type: ignore[union-attr]
    assert kind == "AvgPool2d"
    workspace.edit(
        "set ceil", lambda d: edits.set_parameter(d, "pool1", "count_include_pad", False)
    )
    form = shown(qtbot, workspace, worker, tmp_path)
    tick(form, qtbot, ".pt")
    qtbot.waitUntil(lambda: "trained with other settings" in form.message.text())


def test_design_that_no_run_fits_gets_fresh_weights(
    workspace: Workspace, worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    trained(worker, "run")
    workspace.edit("set fc", lambda d: edits.set_argument(d, "classes", 7))
    form = shown(qtbot, workspace, worker, tmp_path)
    tick(form, qtbot, ".pt")
    qtbot.waitUntil(lambda: "No run fits the present design" in form.message.text())
    assert form.weights.currentText() == "Fresh weights, not trained"
    press(form, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    assert "weights" not in worker.asked[0][0]
    worker.answer()


def test_the_dialog_for_one_run(worker: Worker, qtbot: QtBot, look: str, tmp_path: Path) -> None:
    run = trained(worker, "mine")
    form = shown(qtbot, Workspace(), worker, tmp_path, source=run)
    assert form.weights.currentText() == "mine, its best epoch"
    assert form.weights.count() == 1
    tick(form, qtbot, ".py")
    press(form, qtbot)
    assert worker.asked[0][0] == {
        "do": "export", "source": str(run), "to": [str(tmp_path / "mine.py")],
    }  # fmt: skip


def test_the_dialog_for_an_ensemble(
    worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    members = tuple(Subject(run=str(tmp_path / name)) for name in ("one", "two", "three"))
    form = shown(qtbot, Workspace(), worker, tmp_path / "out", source=Ensemble(members=members))
    assert form.windowTitle() == "Export ensemble of 3"
    assert form.weights.currentText() == "one, two, three"
    tick(form, qtbot, ".onnx")
    press(form, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    request = worker.asked[0][0]
    assert list(request["members"]) == [msgspec.to_builtins(each) for each in members]
    assert "source" not in request
    assert request["to"] == [str(tmp_path / "out" / "ensemble_of_3.onnx")]
    with qtbot.waitSignal(form.job.finished):
        worker.answer()
    assert "1 file written" in form.message.text()


def test_the_folder_is_opened(
    dialog: ExportDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown_: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown_.append)
    tick(dialog, qtbot, ".py")
    with qtbot.waitSignal(dialog.job.finished):
        press(dialog, qtbot)
    qtbot.mouseClick(dialog.show_folder, LEFT)
    assert [url.toLocalFile() for url in shown_] == [str(tmp_path / "out")]


def test_the_runs_panel_opens_the_dialog_for_its_run(window: MainWindow, tmp_path: Path) -> None:
    window.workspace.open_preset("lenet5")
    run = begin(tmp_path / "runs" / "first", window.workspace.design, Recipe())
    window.editor.export_requested.emit(run.path)
    form = window.findChild(ExportDialog)
    assert form is not None
    assert form.weights.currentText() == "first, its best epoch"
    form.reject()


@pytest.mark.slow
def test_trained_weights_are_exported_by_a_real_worker(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = window.trainer.runs_folder
    words = ["--limit", "100", "--batch", "50", "--epochs", "1", "--device", "cpu"]
    assert main(["train", "lenet5", "--runs", str(folder), *words]) == 0
    [path] = folder.iterdir()
    window.workspace.open_preset("lenet5")
    export_ = window.actions_["file.export"]
    qtbot.waitUntil(export_.isEnabled)
    export_.trigger()
    form = window.findChild(ExportDialog)
    assert form is not None
    qtbot.waitUntil(lambda: form.weights.currentText().startswith(path.name))
    form.folder.edit.setText(str(tmp_path / "out"))
    for suffix, row in form.rows.items():
        if row.tick.isChecked() is not (suffix in (".safetensors", ".onnx")):
            tick(form, qtbot, suffix)
    with qtbot.waitSignal(form.job.finished, timeout=120_000):
        press(form, qtbot)
    assert form.message.text().startswith("2 files written")
    trained = torch.load(path / "checkpoints" / "best.pt", weights_only=True)["network"]
    written = load_file(tmp_path / "out" / "lenet_5.safetensors")
    assert written.keys() == trained.keys()
    assert all(torch.equal(written[name], trained[name]) for name in trained)
    form.reject()


def pick(form: ExportDialog, qtbot: QtBot, box: QComboBox, row: int) -> None:
    """Choose a row as with the arrow keys."""
    box.setFocus()
    for _ in range(row):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentIndex() == row


def test_names_of_a_library_are_offered_where_its_network_is_the_same(
    worker: Worker, qtbot: QtBot, look: str, tmp_path: Path
) -> None:
    space = Workspace()
    space.open_preset("resnet18")
    form = shown(qtbot, space, worker, tmp_path)
    qtbot.waitUntil(lambda: form.names.count() == 3)
    assert [form.names.itemText(row) for row in range(3)] == [
        "The design's own", "torchvision: resnet18", "timm: resnet18",
    ]  # fmt: skip
    assert not form.names.isVisible(), "no format has state dicts"
    tick(form, qtbot, ".pt")
    assert form.names.isVisible()
    pick(form, qtbot, form.names, 1)
    press(form, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    request, done = worker.asked[0]
    assert request["options"] == {"opset": None, "names": "torchvision"}
    (tmp_path / "resnet_18.pt").write_bytes(b"x")
    remark = "It loads strictly into torchvision.models.resnet18(num_classes=1000)."
    file = {"path": request["to"][0], "bytes": 1, "difference": 0.0, "remark": remark}
    done({"ok": True, "files": [file]})
    assert form.rows[".pt"].fault.text() == remark
    assert form.rows[".pt"].fault.property("role") == "soft"


def test_no_names_are_offered_for_a_network_of_no_library(
    dialog: ExportDialog, qtbot: QtBot
) -> None:
    tick(dialog, qtbot, ".pt")
    assert not dialog.names.isVisible()


def test_the_opset_is_chosen_for_onnx_alone(
    dialog: ExportDialog, worker: Worker, qtbot: QtBot
) -> None:
    assert not dialog.opset.isVisible()
    tick(dialog, qtbot, ".onnx")
    assert dialog.opset.isVisible()
    pick(dialog, qtbot, dialog.opset, 8)
    assert dialog.opset.currentText() == "18"
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: len(worker.asked) == 1)
    assert worker.asked[0][0]["options"] == {"opset": 18, "names": ""}
    worker.answer()
    tick(dialog, qtbot, ".onnx", ".pt")
    assert dialog.options.opset is None, "a choice that no format needs is left out"
