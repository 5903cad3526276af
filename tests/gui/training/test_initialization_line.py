"""The choice of the initialization in the form, and what it means for the selected layers."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit

from designer.gui.inspector import contents


def words(desk):
    return desk.training.findChild(QLabel, "initialization-line").text()


def choose(desk, title):
    """Choose a row of the drop-down list by keys."""
    combo = desk.training.findChild(QComboBox, "recipe-initialization.name")
    combo.setFocus()
    index = combo.findText(title)
    desk.qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(index):
        desk.qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert combo.currentText() == title


def inspected(desk):
    found = contents.contents(
        desk.workspace, desk.workspace.selection, frozenset(), lambda _: None
    ).facts
    return next((each.plain for each in found if each.key.startswith("init")), "")


def test_the_deviation_of_the_selected_layer_follows_choice_and_selection(desk):
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.data.reading)
    desk.training.set_up.form.open_all()
    assert words(desk) == "Select a layer to see the standard deviation of its weights."
    desk.workspace.select(["conv2"])
    # conv2 reads 6 channels by kernels of 5x5: 1 / sqrt(3 * 150)
    desk.wait(lambda: words(desk) == "conv2: standard deviation 0.0471 (fan in 150)")
    assert inspected(desk) == "init std  1 / √(3 · 150) = 0.0471, PyTorch's default"
    choose(desk, "Kaiming, normal")
    desk.wait(lambda: words(desk) == "conv2: standard deviation 0.115 (fan in 150)")
    assert inspected(desk) == "init std  √(2 / 150) = 0.115, Kaiming, normal"
    assert desk.workspace.recipe.initialization.name == "kaiming_normal"
    deviation = desk.training.findChild(QLineEdit, "recipe-initialization.deviation")
    assert not deviation.isVisible()
    choose(desk, "normal")
    assert deviation.isVisible()
    deviation.setFocus()
    deviation.selectAll()
    desk.qtbot.keyClicks(deviation, "0.2")
    desk.wait(lambda: words(desk) == "conv2: standard deviation 0.2")
    desk.workspace.select(["conv1", "fc2"])
    desk.wait(lambda: words(desk).splitlines() == [
        "conv1: standard deviation 0.2", "fc2: standard deviation 0.2"
    ])  # fmt: skip


def test_the_zeroed_end_of_a_branch_is_said(desk):
    desk.workspace.open_preset("resnet_cifar")
    desk.training.set_up.form.open_all()
    desk.workspace.select(["layer1.0.bn2"])
    desk.wait(lambda: words(desk) == "layer1.0.bn2: weights 1, biases 0")
    desk.training.findChild(QCheckBox, "recipe-initialization.zero_last").click()
    desk.wait(lambda: "all 0, as the last weights" in words(desk))
    assert inspected(desk) == "init      all 0, as the last weights of a residual branch"
