"""Networks from elsewhere in the window: progress, cancel, faults, tabs, weights and reports."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from designer import presets
from designer.codegen import source
from designer.design import carried, edits
from designer.design.values import Design
from designer.gui.documents import imported
from designer.gui.opening.edited import EditsDialog
from designer.gui.opening.source_dialogs import ShapeDialog
from designer.gui.shell.dropped import kind_of
from designer.gui.shell.main_window import MainWindow
from designer.runs import trusted_code
from tests.gui.opening.conftest import Worker, report

LEFT = Qt.MouseButton.LeftButton
SECONDS = 30_000  # milliseconds until a test gives up waiting


def drop(window: MainWindow, path: Path) -> None:
    """Drop a file on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, action = QPoint(200, 200), Qt.DropAction.CopyAction
    button, modifier = LEFT, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, button, modifier)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), action, data, button, modifier))


def press(name: str) -> list[str]:
    """Press the button with this text in the message box that is shown next.

    Returns
    -------
    list of str
        Gets the text of the box, once the button was pressed.
    """
    texts: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, look)
            return
        texts.append(box.text())
        button = next(each for each in box.buttons() if name in each.text().replace("&", ""))
        QTest.mouseClick(button, LEFT)

    QTimer.singleShot(20, look)
    return texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.pt2"
    path.write_bytes(b"PK")
    return path


@pytest.fixture
def refused(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the window refused, in place of the boxes on the welcome page."""
    heard: list[str] = []
    monkeypatch.setattr(window, "show_error", heard.append)
    return heard


def test_of_several_files_of_code_one_is_asked_for_after_the_other(
    window: MainWindow, worker: Worker, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [tmp_path / f"net{number}.py" for number in range(3)]
    for path in paths:
        path.write_text(f"# {path.name}\nclass Net: ...\n")
    boxes: list[int] = []

    def look() -> None:
        shown = [
            box
            for box in QApplication.topLevelWidgets()
            if isinstance(box, QMessageBox) and box.isVisible()
        ]
        if shown:
            boxes.append(len(shown))
            shown[0].reject()

    timer = QTimer(interval=150, timeout=look)
    for path in paths:
        window.foreign.open_code(str(path))
    timer.start()
    try:
        qtbot.waitUntil(lambda: len(boxes) == 3, timeout=SECONDS)
    finally:
        timer.stop()
    assert boxes == [1, 1, 1]
    assert not worker.asked


def test_a_dropped_file_becomes_a_tab_with_its_weights_and_report(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    drop(window, file)
    request = worker.asked[0][0]
    assert (request["source"], request["run_code"]) == (str(file), False)
    worker.tell(0, 0.3, "Reading")
    strip = window.foreign.strip
    qtbot.waitUntil(strip.isVisible, timeout=SECONDS)
    assert strip.rows[0].words.text() == "Opening small.pt2: Reading…"
    assert strip.rows[0].bar.value() == 300
    weights = worker.answer(0, with_opaque())
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=SECONDS)
    weights = weights.with_name("small.safetensors")
    assert not strip.isVisible()
    document = window.workspace.document
    assert document is not None and document.title == "LeNet-5" and document.modified
    assert window.workspace.recipe.initial_weights == str(weights)
    assert window.preferences.recent[0] == str(file)
    dialog = window.foreign.report
    assert dialog is not None and dialog.isVisible()
    assert dialog.verdict.text().startswith("The outputs are equal to the last bit")
    assert [dialog.operations.item(n).text() for n in range(dialog.operations.count())] == [
        "aten.erfinv.default, called in small.py:12"
    ]
    item = dialog.operations.visualItemRect(dialog.operations.item(0))
    QTest.mouseClick(dialog.operations.viewport(), LEFT, pos=item.center())
    assert window.workspace.selection == {"tanh1"}
    QTest.mouseClick(dialog.findChild(QPushButton, "import-copy"), LEFT)
    text = QGuiApplication.clipboard().text()
    assert "Layers: 12: 4 Tanh, 3 Linear, 2 Conv2d" in text
    assert "Tensors: 9 of 10 have values of the source; fresh values have fc3.bias" in text


def test_the_report_is_shown_again_and_leaves_with_its_design(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    action = window.actions_["file.report"]
    window.documents.open_file(file)
    worker.answer(0)
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=SECONDS)
    first = window.foreign.report
    assert first is not None
    first.close()
    window.foreign.show_report()
    assert window.foreign.report is not None
    QTest.keyClick(window.foreign.report, Qt.Key.Key_Escape)
    assert window.foreign.report is None
    window.actions_.refresh()
    action.trigger()
    assert window.foreign.report is not None and window.foreign.report.isVisible()
    window.workspace.open_preset("lenet5")
    assert window.foreign.report is None
    window.actions_.refresh()
    assert not action.isEnabled() and "not read from another program" in action.toolTip()


def test_what_is_opened_can_be_canceled_one_by_one(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    for name in ("torchvision:alexnet", "torchvision:resnet18", "timm:resnet50", "timm:vgg11"):
        window.foreign.open(name)
    strip = window.foreign.strip
    qtbot.waitUntil(strip.isVisible, timeout=SECONDS)
    assert strip.more.text() == "1 more will be opened after these."
    QTest.mouseClick(strip.rows[1].cancel, LEFT)
    assert worker.canceled == [1]
    assert [row.opening.source for row in strip.rows] == [
        "torchvision:alexnet",
        "timm:resnet50",
        "timm:vgg11",
    ]
    assert not strip.more.isVisible()
    worker.asked[1][1]({"ok": True, "design": "", "report": {}})  # too late
    worker.fail(0, "This was canceled.", canceled=True)
    qtbot.wait(50)
    assert window.workspace.document is None
    window.foreign.close()
    assert worker.canceled == [1, 2, 3] and not strip.isVisible()


def test_what_could_not_be_opened_is_no_recent_file(
    window: MainWindow, worker: Worker, refused: list[str], file: Path
) -> None:
    window.documents.open_file(file)
    worker.fail(0, "It is damaged.")
    assert len(refused) == 1 and window.preferences.recent == []


def test_a_killed_worker_is_said(
    window: MainWindow, worker: Worker, refused: list[str], file: Path
) -> None:
    window.documents.open_file(file)
    worker.fail(0, "The worker process was killed (signal 9).", died=True)
    assert refused == [
        "small.pt2 was not opened. The worker process was killed (signal 9). A new process is "
        "started: open it again."
    ]
    assert not any(imported.new_folder().parent.glob("*/*"))


def test_a_design_that_cannot_be_read_is_said(
    window: MainWindow, worker: Worker, refused: list[str], qtbot: QtBot, file: Path
) -> None:
    window.documents.open_file(file)
    worker.asked[0][1]({"ok": True, "design": "{}", "report": {}, "weights": None})
    qtbot.waitUntil(lambda: bool(refused), timeout=SECONDS)
    assert refused[0].startswith("small.pt2 was not opened. ")


def test_code_is_run_only_after_the_users_word_and_asked_for_once(
    window: MainWindow, worker: Worker, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import torch\n")

    def answered(button: str) -> None:
        """Drop the file and wait until the question is answered."""
        pressed = press(button)
        drop(window, path)
        qtbot.waitUntil(lambda: bool(pressed), timeout=SECONDS)
        qtbot.wait(50)

    answered("Cancel")
    assert worker.asked == []
    answered("Run the code")
    assert worker.asked[0][0]["run_code"] is True
    assert worker.asked[0][0]["digest"] == sha256(path.read_bytes()).hexdigest()
    assert trusted_code.trusted(["import torch\n"])
    drop(window, path)  # the same text
    qtbot.waitUntil(lambda: len(worker.asked) == 2, timeout=SECONDS)
    path.write_text("import torch, os\n")
    answered("Cancel")
    assert len(worker.asked) == 2


def test_an_exported_file_opens_without_a_question(
    window: MainWindow, worker: Worker, qtbot: QtBot, tmp_path: Path
) -> None:
    design = presets.load("lenet5")
    path = tmp_path / "lenet5.py"
    path.write_text(carried.commented(source(design), design))
    drop(window, path)
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=SECONDS)
    assert window.workspace.design == design
    drop(window, path)
    qtbot.wait(100)
    assert len(window.workspace.documents) == 1 and worker.asked == []


def edited_answer(worker: Worker, number: int, design: Design) -> None:
    """Answer with the network of an edited file."""
    worker.answer(number, design, report(kind="python", opaque=()))


def test_edits_are_shown_and_taken_as_one_step_or_opened(
    window: MainWindow, worker: Worker, qtbot: QtBot, tmp_path: Path
) -> None:
    design = presets.load("lenet5")
    window.workspace.open_preset("lenet5")
    before = window.workspace.design
    path = tmp_path / "lenet5.py"
    path.write_text(carried.commented(source(design), design) + "\n# A remark.\nimport os\n")
    read = edits.set_parameter(design, "fc2", "out_features", 64)
    seen: list[list[str]] = []

    def choose(name: str) -> None:
        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, EditsDialog):
                QTimer.singleShot(20, look)
                return
            rows = range(dialog.list.count())
            seen.append([dialog.list.item(number).text() for number in rows])
            QTest.mouseClick(dialog.findChild(QPushButton, name), LEFT)

        QTimer.singleShot(20, look)

    press("Run the code")
    drop(window, path)
    qtbot.waitUntil(lambda: len(worker.asked) == 1, timeout=SECONDS)
    worker.know(0)  # nothing is shown before it is compared
    choose("edits-take")
    edited_answer(worker, 0, read)
    qtbot.waitUntil(lambda: window.workspace.design is not before, timeout=SECONDS)
    assert seen == [["fc2: out_features 84 → 64"]]
    assert window.workspace.design == read and len(window.workspace.documents) == 1
    window.workspace.undo()
    assert window.workspace.design is before

    drop(window, path)
    qtbot.waitUntil(lambda: len(worker.asked) == 2, timeout=SECONDS)
    choose("edits-open")
    edited_answer(worker, 1, read)
    qtbot.waitUntil(lambda: len(window.workspace.documents) == 2, timeout=SECONDS)
    assert window.workspace.design == read
    window.workspace.show(window.workspace.documents[0])
    assert window.workspace.design is before


def test_the_answer_of_enter_is_not_to_run(window: MainWindow, tmp_path: Path) -> None:
    from designer.gui.opening.run_code_dialog import may_run

    def look() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox) and "mine.py" in box.text()
        QTest.keyClick(box, Qt.Key.Key_Return)

    QTimer.singleShot(50, look)
    assert not may_run(window, str(tmp_path / "mine.py"))


def test_weights_are_put_beside_a_saved_design(
    window: MainWindow,
    worker: Worker,
    qtbot: QtBot,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.documents.open_file(file)
    worker.answer(0)
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=SECONDS)
    before = Path(window.workspace.recipe.initial_weights)
    assert before.name == "small.safetensors"
    (tmp_path / "mine.safetensors").write_bytes(b"another file")
    target = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    window.actions_.refresh()
    window.actions_["file.save"].trigger()
    assert (tmp_path / "mine.safetensors").read_bytes() == b"another file"
    beside = tmp_path / "mine-2.safetensors"
    assert beside.read_bytes() == before.read_bytes()
    document = window.workspace.document
    assert document is not None and not document.modified
    assert window.workspace.recipe.initial_weights == str(beside)
    assert '"./mine-2.safetensors"' in target.read_text()  # relative to the design
    window.documents.close()
    assert not before.exists() and beside.exists()
    window.documents.open_file(target)
    assert window.workspace.recipe.initial_weights == str(beside)


def test_a_killed_window_finds_report_and_weights_again(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path, remembered: object
) -> None:
    window.documents.open_file(file)
    worker.answer(0)
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=SECONDS)
    weights = Path(window.workspace.recipe.initial_weights)
    document = window.workspace.document
    assert document is not None and document.imported is not None
    again = imported.of_recipe(document.recipe)
    assert again is not None and again == document.imported
    assert again.weights == weights and again.report == report()
    os.utime(weights.parent, (0, 0))
    imported.remove_old()
    assert not weights.exists()


def test_the_design_is_shown_before_its_weights_are_there(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path, refused: list[str]
) -> None:
    window.documents.open_file(file)
    worker.know(0)
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=SECONDS)
    first = window.workspace.document
    assert first is not None and first.imported is None and window.foreign.report is None
    window.documents.open_file(file)
    worker.know(1)
    qtbot.waitUntil(lambda: len(window.workspace.documents) == 2, timeout=SECONDS)
    worker.answer(0)  # of the tab behind
    qtbot.waitUntil(lambda: first.imported is not None, timeout=SECONDS)
    assert first.recipe is not None and first.recipe.initial_weights.endswith("small.safetensors")
    assert not window.workspace.recipe.initial_weights and window.foreign.report is None
    worker.fail(1, "The memory is full.")
    assert refused == [
        "The design of small.pt2 is open, but without its weights. The memory is full."
    ]
    assert len(window.workspace.documents) == 2


def test_weights_of_a_design_that_was_closed_are_removed(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.documents.open_file(file)
    worker.know(0)
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=SECONDS)
    window.workspace.close(window.workspace.documents[0])
    weights = worker.answer(0)
    qtbot.waitUntil(lambda: not weights.parent.exists(), timeout=SECONDS)
    assert window.workspace.documents == []


def test_weights_that_a_library_drew_are_left_to_the_recipe(
    window: MainWindow, worker: Worker, qtbot: QtBot
) -> None:
    window.foreign.open_named("torchvision:resnet18")
    weights = worker.answer(0, found=report(kind="torchvision", source="torchvision:resnet18"))
    qtbot.waitUntil(lambda: window.foreign.report is not None, timeout=SECONDS)
    assert window.workspace.recipe.initial_weights == "" and not weights.parent.exists()
    assert window.foreign.report is not None
    assert window.foreign.report.origin.text() == "torchvision:resnet18, a network of torchvision"


def test_the_shape_of_an_input_is_asked_for_where_a_file_lacks_it(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ShapeDialog)
        assert not dialog.go.isEnabled()
        QTest.keyClicks(dialog.inputs_field, "3xx")
        assert not dialog.go.isEnabled() and "'3xx' is no shape" in dialog.note.text()
        dialog.inputs_field.clear()
        QTest.keyClicks(dialog.inputs_field, "3x32x32, int64:8")
        QTest.mouseClick(dialog.go, LEFT)

    window.documents.open_file(file)
    QTimer.singleShot(50, answer)
    worker.fail(0, "Its input has no size in the file. Say it with --input, such as --input 3x8x8.")
    assert worker.asked[1][0]["inputs"] == ["3x32x32", "int64:8"]


def test_a_window_that_closes_gives_up_what_is_opened(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    window.documents.open_file(file)
    window.close()
    assert worker.canceled == [0] and not window.isVisible()
    worker.fail(0, "This was canceled.", canceled=True)


def test_kinds_of_files(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "a.PT2") == "network"
    assert kind_of(tmp_path / "a.py") == "network"


def test_a_design_with_an_opaque_operation_is_neither_trained_nor_exported(
    window: MainWindow, worker: Worker, qtbot: QtBot, file: Path
) -> None:
    from designer.gui.export.dialog import ExportDialog

    window.documents.open_file(file)
    worker.answer(0, with_opaque())
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=SECONDS)
    sentence = (
        "LeNet-5 can neither be trained nor be exported: tanh1 has the operation "
        "aten.erfinv.default (small.py:12), which no layer expresses. Replace it by layers on the "
        "canvas."
    )
    assert window.training.refusal() == sentence
    dialog = ExportDialog(window.workspace, window.trainer, window)
    assert dialog.refusal() == sentence
    dialog.reject()


def with_opaque() -> Design:
    """Return LeNet-5 with an operation in the place of its first Tanh."""
    from dataclasses import replace

    design = presets.load("lenet5")
    shape = "6x28x28"
    parameters = {
        "operation": "aten.erfinv.default",
        "line": "small.py:12",
        "given": shape,
        "outputs": shape,
    }
    node = replace(design.graph.nodes["tanh1"], layer="Opaque", parameters=parameters)
    nodes = {**design.graph.nodes, "tanh1": node}
    return replace(design, graph=replace(design.graph, nodes=nodes))
