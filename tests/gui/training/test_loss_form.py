"""The settings of the loss that have an editor of their own: costs in a table, nodes in a list."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QToolButton,
)

from designer.gui.training.cost_matrix import CostsDialog


def opened(desk):
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.form.data)
    desk.training.set_up.form.open_all()


def button_of(dialog, which):
    return dialog.findChild(QDialogButtonBox).button(which)


def costs_dialog(desk):
    button = desk.training.findChild(QPushButton, "recipe-costs")
    desk.wait(lambda: button.height() > 10)  # once it is laid out
    desk.wait(lambda: desk.training.window().findChild(CostsDialog) is None)
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return desk.training.window().findChild(CostsDialog)


def type_cost(desk, table, row, column, text):
    """Type into a cell as a user does: click it, type, leave it by Enter."""
    place = table.visualItemRect(table.item(row, column)).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert (table.currentRow(), table.currentColumn()) == (row, column)
    desk.qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    desk.qtbot.keyClicks(editor, text)
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.wait(lambda: table.item(row, column).text() == text)
    desk.wait(lambda: table.viewport().findChild(QLineEdit) is None)


def test_costs_are_typed_into_a_table_of_the_classes(desk):
    opened(desk)
    dialog = costs_dialog(desk)
    table = dialog.findChild(QTableWidget)
    assert (table.rowCount(), table.columnCount()) == (10, 10)
    assert table.verticalHeaderItem(3).text() == "is 3"
    type_cost(desk, table, 1, 2, "x")
    ok = button_of(dialog, QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    assert dialog.words.text().startswith("The cost of 2 where 1 is right is 'x': type a number")
    type_cost(desk, table, 1, 2, "7,5")
    assert ok.isEnabled()
    desk.qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    costs = desk.workspace.recipe.loss.cost_matrix
    assert costs[1] == (1, 0, 7.5, 1, 1, 1, 1, 1, 1, 1)
    assert sum(map(sum, costs)) == 90 - 1 + 7.5
    line = desk.training.findChild(QLineEdit, "recipe-loss.cost_matrix")
    assert line.text().startswith("0, 1, 1, 1, 1, 1, 1, 1, 1, 1; 1, 0, 7.5, 1")

    dialog = costs_dialog(desk)
    assert dialog.findChild(QTableWidget).item(1, 2).text() == "7.5"
    plain = button_of(dialog, QDialogButtonBox.StandardButton.RestoreDefaults)
    desk.qtbot.mouseClick(plain, Qt.MouseButton.LeftButton)
    cancel = button_of(dialog, QDialogButtonBox.StandardButton.Cancel)
    desk.qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert desk.workspace.recipe.loss.cost_matrix == costs


def test_no_costs_are_kept_where_every_mistake_costs_1(desk):
    opened(desk)
    line = desk.training.findChild(QLineEdit, "recipe-loss.cost_matrix")
    line.setFocus()
    desk.qtbot.keyClicks(line, "0, 1; 5")
    assert "as many numbers in each row" in desk.training.set_up.form.refusal
    desk.qtbot.keyClicks(line, " 0")
    assert desk.workspace.recipe.loss.cost_matrix == ((0, 1), (5, 0))
    desk.wait(lambda: "Cost matrix has 2 rows, but" in desk.training.set_up.match.refusal)
    dialog = costs_dialog(desk)  # of 10 classes, begun anew
    ok = button_of(dialog, QDialogButtonBox.StandardButton.Ok)
    desk.qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert desk.workspace.recipe.loss.cost_matrix == ()
    assert line.text() == ""


def test_the_features_of_the_center_loss_are_chosen_among_the_nodes(desk):
    opened(desk)
    button = desk.training.findChild(QToolButton, "recipe-center-nodes")
    menu = button.menu()
    menu.aboutToShow.emit()
    texts = [each.text() for each in menu.actions()]
    assert texts[0] == "before the last layer (as if empty)"
    assert {"fc1", "fc2", "fc3"} <= set(texts)
    menu.actions()[texts.index("fc2")].trigger()
    assert desk.workspace.recipe.loss.center_node == "fc2"
    line = desk.training.findChild(QLineEdit, "recipe-loss.center_node")
    assert line.text() == "fc2"
    weight = desk.training.findChild(QLineEdit, "recipe-loss.center_weight")
    weight.setFocus()
    weight.selectAll()
    desk.qtbot.keyClicks(weight, "0.1")
    line.setFocus()
    line.selectAll()
    desk.qtbot.keyClicks(line, "conv1")
    desk.wait(
        lambda: desk.training.set_up.match.refusal.startswith(
            "Center features is conv1, which is no layer of"
        )
    )


def test_the_epsilon_is_shown_for_whitening_only(desk):
    opened(desk)
    combo = desk.training.findChild(QComboBox, "recipe-data.preprocessing")
    epsilon = desk.training.findChild(QLineEdit, "recipe-data.whitening_epsilon")
    assert not epsilon.isVisible()
    combo.setFocus()
    desk.qtbot.keyClick(combo, Qt.Key.Key_End)
    assert desk.workspace.recipe.data.preprocessing == "zca"
    assert epsilon.isVisible()
    assert desk.training.set_up.match.refusal == ""  # 32x32 pixels of gray
