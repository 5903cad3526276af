"""The choice of weights to start from, in the set-up."""

from PySide6.QtCore import Qt, QTimer

from designer.design import edits
from designer.gui.training.torchvision_list import TorchvisionList
from designer.gui.training.weights_report import WeightsReport


def opened(desk):
    desk.workspace.open_preset("lenet5")
    return desk.training.set_up.start


def test_a_run_is_chosen_and_its_matches_are_shown(desk, written):
    run = written("good")
    run.best.write_bytes(b"not read")
    written("empty")
    start = opened(desk)
    start.list_runs()
    desk.wait(lambda: start.name.count() == 4)
    offered = [start.name.itemText(i) for i in range(4)]
    assert offered == ["Fresh weights", "good", "A file…", "From torchvision…"]
    assert start.details.isHidden() and desk.workspace.comparison is None

    start.name.activated.emit(1)
    assert desk.workspace.document.recipe.initial_weights == str(run.path)
    assert start.name.currentText() == "good"
    desk.wait(lambda: desk.workspace.comparison)
    assert start.words.text() == "10 of 10 tensors fit: 10 by name."
    assert not start.details.isHidden()

    desk.workspace.edit("classes", lambda d: edits.set_argument(d, "classes", 3))
    desk.wait(lambda: "2 stay fresh" in start.words.text())
    assert desk.workspace.comparison.weight_status["fc3"] == "resized"

    start.details.click()
    report = desk.training.window().findChild(WeightsReport)
    tree = report.tree
    parts = [tree.topLevelItem(i).text(0) for i in range(tree.topLevelItemCount())]
    assert parts == ["Of another shape, left fresh (2)", "By name (8)"]
    report.filter.setText("conv2")
    assert [tree.topLevelItem(i).isHidden() for i in range(2)] == [True, False]
    report.close()

    start.name.activated.emit(0)
    assert desk.workspace.document.recipe.initial_weights == ""
    assert desk.workspace.comparison is None and start.words.isHidden()


def test_a_file_is_read_by_a_worker(desk):
    start = opened(desk)
    asked = []
    start.ask = lambda request, done: asked.append((request, done))
    start.take("/weights/net.pth", report=True)
    (request, done) = asked.pop()
    assert request == {"do": "look", "weights": "/weights/net.pth"}
    assert start.words.text() == "Comparing the weights with the design…"
    assert start.name.currentText() == "net.pth"
    done({"ok": True, "ordered": True, "tensors": [["a.weight", [6, 1, 5, 5]], ["a.bias", [6]]]})
    desk.wait(lambda: desk.training.window().findChild(WeightsReport))
    assert "2 of 10 tensors fit" in start.words.text()
    assert desk.training.set_up.refusal == ""
    desk.training.window().findChild(WeightsReport).close()


def test_torchvision_is_chosen_from_a_list(desk, qtbot):
    start = opened(desk)
    asked = []
    start.ask = lambda request, _: asked.append(request["weights"])
    index = start.name.count() - 1

    def cancel():
        qtbot.keyClick(start.findChild(TorchvisionList), Qt.Key.Key_Escape)

    def choose():
        form = start.findChild(TorchvisionList)
        qtbot.keyClicks(form.filter, "no such")
        assert form.source == "" and not form.choose.isEnabled()
        form.filter.clear()
        qtbot.keyClicks(form.filter, "resnet50 V")
        qtbot.keyClick(form.filter, Qt.Key.Key_Down)
        assert form.list.currentItem().text(1) == "IMAGENET1K_V2"
        qtbot.keyClick(form.filter, Qt.Key.Key_Up)
        qtbot.keyClick(form.filter, Qt.Key.Key_Return)

    QTimer.singleShot(0, cancel)
    start.name.activated.emit(index)
    assert asked == [] and start.name.currentText() == "Fresh weights"
    desk.wait(lambda: start.findChild(TorchvisionList) is None)
    QTimer.singleShot(0, choose)
    start.name.activated.emit(index)
    assert asked == ["torchvision:resnet50:IMAGENET1K_V1"]
    assert start.name.currentText() == "torchvision:resnet50:IMAGENET1K_V1"
    assert desk.workspace.document.recipe.initial_weights == asked[0]


def test_networks_that_fit_the_design_are_listed_first(qtbot):
    form = TorchvisionList("resnet50", 23_528_522)
    qtbot.addWidget(form)
    assert form.source == "torchvision:resnet50:IMAGENET1K_V1"
    assert form.list.topLevelItem(0).text(5) == form.list.topLevelItem(1).text(5) == "same network"
    assert form.list.topLevelItem(2).text(5) == ""


def test_weights_that_cannot_be_used_stop_the_training(desk, written):
    start = opened(desk)
    run = written("empty")
    start.take(str(run.path))
    desk.wait(lambda: start.error)
    assert "empty has no checkpoint yet" in desk.training.refusal()
    answers = []
    start.ask = lambda _, done: answers.append(done)
    start.take("/weights/other.pt")
    answers[0]({"ok": True, "ordered": True, "tensors": [["a.weight", [1, 2]]]})
    desk.wait(lambda: start.error)
    assert "No tensor of other.pt fits this design" in desk.training.refusal()
    start.take("/weights/bad.pt")
    answers[1]({"ok": False, "message": "bad.pt is damaged."})
    assert start.words.text() == "bad.pt is damaged."
    start.take("")
    assert start.error == "" and "weights" not in desk.training.refusal()
