"""What the inspector shows for one node, several, a block node, a block, a port, the design."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.design.values import BlockNode, Edge
from designer.gui.forms.editors import ProseEditor
from designer.gui.inspector.facts import of_design
from designer.gui.inspector.inspector import Inspector
from designer.gui.shell.main_window import MainWindow
from designer.layers.category import Category
from designer.recipe.reading import changed
from tests.gui.hands import activate
from tests.gui.inspector.conftest import Hands


def _click(hands: Hands, name: str) -> None:
    QTest.mouseClick(hands.find(name), Qt.MouseButton.LeftButton)
    hands.settle()


def _rename(hands: Hands, text: str, *, enter: bool = True) -> QLineEdit:
    line = hands.find("node-name", QLineEdit)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    line.selectAll()
    QTest.keyClicks(line, text)
    if enter:
        QTest.keyClick(line, Qt.Key.Key_Return)
    hands.settle()
    return line


# One node


def test_the_card_of_a_learned_tensor(hands_on: Callable[[str], Hands]) -> None:
    vit = hands_on("vit_b_16")
    vit.select("class_token")
    assert vit.facts() == {
        "values": "768",
        "shape": "1×768",
        "stored": "768",
        "outputs": "0 bytes",
        "in + out": "0 bytes",
        "kept": "0 bytes",
    }
    lines = [fact.key for fact in vit.inspector.card.facts]
    assert len(lines) == len(set(lines))
    titles = {label.text() for label in vit.inspector.findChildren(QLabel)}
    assert {"Initialization", "Initial value"} <= titles


def test_head_and_card_of_a_layer(resnet: Hands) -> None:
    resnet.select("conv1")
    title = resnet.inspector.title
    assert title.name.text() == "conv1"
    assert title.kind.text() == "Conv2d · 2-D convolution"
    assert resnet.inspector.words.text().startswith("Slides kernels over the image")
    assert resnet.facts() == {
        "input": "3×224×224",
        "output": "112",
        "shape": "64×112×112",
        "weight": "9,408",
        "init std": "0.0476",  # 1 / sqrt(3 * 147), the default of torch
        "MACs": "118,013,952 ≈ 118.0 M",
        "outputs": "3.21 MB",
        "in + out": "3.81 MB",
        "kept": "602 KB",
        "RF": "7×7",
    }
    lines = {fact.key: fact for fact in resnet.inspector.card.facts}
    assert lines["output"].text == "⌊(224 - 7 + 2·3) / 2⌋ + 1"
    assert lines["weight"].text == "64 · 3 · 7 · 7"
    assert lines["RF"].after == "jump 2, center 0.5"
    assert "autograd" in lines["kept"].help


def test_the_card_follows_what_is_typed_and_is_copied(resnet: Hands) -> None:
    resnet.select("conv1")
    resnet.type("stride", "4")
    assert resnet.facts()["shape"] == "64×56×56"
    _click(resnet, "copy-facts")
    text = QApplication.clipboard().text()
    assert "weight    64 · 3 · 7 · 7 = 9,408\n" in text
    assert "RF        7×7, jump 4, center 0.5" in text


def test_selecting_another_node_of_the_type_keeps_the_widgets(resnet: Hands) -> None:
    resnet.select("layer2.0.conv1")
    line = resnet.line("out_channels")
    resnet.select("layer2.0.conv3")
    assert resnet.line("out_channels") is line
    assert line.text() == "=4 * channels"


def test_a_name_is_taken_at_the_end_and_refused_while_typing(lenet: Hands) -> None:
    lenet.select("conv1")
    line = _rename(lenet, "conv2", enter=False)
    assert "already" in lenet.error("name")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert lenet.steps() == []
    QTest.keyClick(line, Qt.Key.Key_Escape)
    lenet.settle()
    assert line.text() == "conv1"
    assert not lenet.error("name")
    for wrong in ("train", "1st", "for", "two words"):
        _rename(lenet, wrong, enter=False)
        assert lenet.error("name"), wrong
    _rename(lenet, "first")
    assert lenet.steps() == ["Rename conv1"]
    assert lenet.workspace.selection == {"first"}
    assert Edge("image", 0, "first", 0) in lenet.workspace.design.graph.edges
    lenet.workspace.undo()
    lenet.settle()
    assert line.text() == "conv1"


def test_a_name_is_taken_when_the_focus_goes(lenet: Hands) -> None:
    lenet.select("conv1")
    line = _rename(lenet, "first", enter=False)
    QTest.keyClick(line, Qt.Key.Key_Tab)
    lenet.settle()
    assert lenet.steps() == ["Rename conv1"]


def test_a_layer_within_a_block_says_where_an_edit_counts(resnet: Hands) -> None:
    resnet.select("layer2.0.conv1")
    note = resnet.inspector.note.text()
    assert "all 4 uses, which run 16 times" in note
    assert resnet.line("out_channels").remark == "= 128"
    resnet.select("layer3.0.conv1")
    assert resnet.line("out_channels").remark == "= 256"


# Several nodes


def test_several_nodes_share_a_form(lenet: Hands) -> None:
    lenet.select("conv1", "conv2")
    assert lenet.inspector.title.heading.text() == "2 nodes"
    assert lenet.line("kernel_size").text() == "5 × 5"
    line = lenet.line("out_channels")
    assert (line.text(), line.placeholderText()) == ("", "various")
    lenet.type("out_channels", "32")
    assert lenet.value("conv1", "out_channels") == lenet.value("conv2", "out_channels") == 32
    assert lenet.steps() == ["Set output channels of 2 nodes"]
    lenet.workspace.undo()
    lenet.settle()
    assert (line.text(), line.placeholderText()) == ("", "various")


def test_passing_through_a_various_field_changes_nothing(lenet: Hands) -> None:
    lenet.select("conv1", "conv2")
    QTest.mouseClick(lenet.line("out_channels"), Qt.MouseButton.LeftButton)
    QTest.keyClick(lenet.line("out_channels"), Qt.Key.Key_Tab)
    lenet.settle()
    assert lenet.steps() == []


def test_a_various_switch_sets_all(lenet: Hands) -> None:
    lenet.workspace.edit("x", lambda d: edits.set_parameter(d, "conv1", "bias", False))
    lenet.select("conv1", "conv2")
    switch = lenet.switch("bias")
    assert switch.checkState() == Qt.CheckState.PartiallyChecked
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    lenet.settle()
    assert switch.checkState() == Qt.CheckState.Checked
    assert lenet.value("conv1", "bias") is None


def test_different_types_share_common_parameters(lenet: Hands) -> None:
    lenet.select("conv1", "fc1")
    assert lenet.switch("bias").isVisible()
    assert not lenet.there("field-kernel_size")
    lenet.select("conv1", "flatten")
    assert not lenet.there("field-bias")
    assert lenet.there("field-when")


def test_a_value_must_be_valid_for_all_selected_nodes(resnet: Hands) -> None:
    resnet.select("conv1", "layer2.0.conv1")
    resnet.type("out_channels", "=channels")
    assert "'channels'" in resnet.error("out_channels")  # the design has no such argument
    assert resnet.steps() == []


# Blocks


def test_the_use_of_a_block(resnet: Hands) -> None:
    resnet.select("layer2")
    assert resnet.inspector.title.kind.text() == "Bottleneck · block of 11 nodes"
    assert "3 Conv2d" in resnet.inspector.title.help.text()
    assert resnet.find("value-stride").text() == "= 2, then 1"
    resnet.type("repeat", "6")
    node = resnet.node("layer2")
    assert isinstance(node, BlockNode)
    assert node.repeat == 6
    assert resnet.facts()["layers"] == "66"
    resnet.type("channels", "0")
    assert "at least 1" in resnet.error("channels")
    resnet.type("channels", "=32 * (i + 1)")
    assert not resnet.error("channels")
    assert resnet.find("value-channels").text() == "= 32, 64, 96, …"
    _click(resnet, "look-into")
    assert resnet.workspace.scope == "layer2.0"


def test_an_argument_with_choices_can_be_chosen_or_an_expression(resnet: Hands) -> None:
    resnet.select("layer2")
    line = resnet.find("expression-option", QLineEdit)
    assert line.text() == "=option"
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    line.selectAll()
    QTest.keyClicks(line, "C")
    QTest.keyClick(line, Qt.Key.Key_Tab)
    resnet.settle()
    assert resnet.node("layer2").arguments["option"] == "C"
    box = resnet.box("option")
    assert box.currentText() == "C"
    QTest.keyClick(box, Qt.Key.Key_Up)
    resnet.settle()
    assert resnet.node("layer2").arguments["option"] == "B"


def test_several_uses_at_once(resnet: Hands) -> None:
    resnet.select("layer2", "layer3", "layer4")
    assert resnet.inspector.title.kind.text() == "3 Bottleneck"
    assert resnet.line("channels").placeholderText() == "various"
    resnet.type("repeat", "2")
    assert {resnet.node(f"layer{n}").repeat for n in (2, 3, 4)} == {2}
    assert resnet.steps() == ["Set repeat of 3 nodes"]


def test_a_block_that_is_looked_into(resnet: Hands) -> None:
    resnet.workspace.look_into("layer2.0")
    resnet.select()
    assert resnet.inspector.title.name.text() == "Bottleneck"
    resnet.type("channels", "32")
    assert resnet.workspace.design.blocks["Bottleneck"].arguments["channels"].default == 32
    _rename(resnet, "Unit")
    assert resnet.node("layer2").block == "Unit"
    assert resnet.workspace.scope == "layer2.0"
    resnet.type("end-x", "image")
    QTest.keyClick(resnet.line("end-x"), Qt.Key.Key_Return)
    resnet.settle()
    assert resnet.workspace.design.blocks["Unit"].inputs == ("image",)
    _click(resnet, "add-input")
    assert resnet.workspace.design.blocks["Unit"].inputs == ("image", "x")
    _click(resnet, "remove-end-x")
    assert resnet.workspace.design.blocks["Unit"].inputs == ("image",)


def test_the_definition_of_an_argument(resnet: Hands) -> None:
    resnet.workspace.look_into("layer2.0")
    resnet.select()
    _click(resnet, "define-channels")
    resnet.type("channels.minimum", "100")
    assert "The current value does not fit" in resnet.error("channels.minimum")
    resnet.type("channels.maximum", "512")
    argument = resnet.workspace.design.blocks["Bottleneck"].arguments["channels"]
    assert (argument.minimum, argument.maximum) == (1, 512)
    line = resnet.type("channels.name", "width")
    QTest.keyClick(line, Qt.Key.Key_Return)
    resnet.settle()
    block = resnet.workspace.design.blocks["Bottleneck"]
    assert "width" in block.arguments
    assert block.graph.nodes["conv3"].parameters["out_channels"] == "=4 * width"
    assert resnet.node("layer2").arguments["width"] == 128
    _click(resnet, "remove-width")
    block = resnet.workspace.design.blocks["Bottleneck"]
    assert "width" not in block.arguments
    assert block.graph.nodes["conv1"].parameters["out_channels"] == 64


# The design


def test_the_design_and_its_arguments(resnet: Hands) -> None:
    resnet.select()
    assert resnet.inspector.title.name.text() == "ResNet-50"
    assert resnet.facts()["params"] == "25,557,032"
    resnet.type("classes", "10")
    assert resnet.facts()["params"] == "23,528,522"
    assert resnet.steps() == ["Set classes"]
    resnet.type("resolution", "8")
    assert "at least 32" in resnet.error("resolution")
    _click(resnet, "add-argument")
    assert "width" in resnet.workspace.design.arguments
    box = resnet.box("width.kind")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    resnet.settle()
    assert resnet.workspace.design.arguments["width"].default == 1.0
    assert isinstance(resnet.workspace.design.arguments["width"].default, float)
    QTest.keyClick(resnet.box("width.kind"), Qt.Key.Key_Down)
    resnet.settle()
    assert resnet.workspace.design.arguments["width"].default is True
    _rename(resnet, "Mine")
    assert resnet.workspace.design.name == "Mine"


def test_description_and_references_of_the_design(lenet: Hands) -> None:
    lenet.select()
    prose = lenet.find("field-about", ProseEditor)
    QTest.mouseClick(prose.viewport(), Qt.MouseButton.LeftButton)
    prose.selectAll()
    QTest.keyClicks(prose, "A first net.")
    lenet.settle()
    assert lenet.workspace.design.about == "A first net."
    assert lenet.steps() == ["Set the description"]
    QTest.keyClick(prose, Qt.Key.Key_Escape)
    lenet.settle()
    assert lenet.steps() == []
    assert prose.text() == lenet.workspace.design.about != "A first net."
    line = lenet.type("cites", "LeCun 1998; arXiv:1")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert lenet.workspace.design.cites == ("LeCun 1998", "arXiv:1")


def test_nothing_open(lenet: Hands) -> None:
    lenet.workspace.close(lenet.workspace.documents[0])
    lenet.settle()
    assert lenet.inspector.title.heading.text() == "Nothing open"


def test_a_hidden_inspector_catches_up_when_shown(lenet: Hands, qtbot: QtBot) -> None:
    lenet.select("conv1")
    lenet.inspector.hide()
    lenet.select("fc1")
    assert lenet.inspector.title.name.text() == "conv1"
    lenet.inspector.show()
    qtbot.waitUntil(lambda: lenet.inspector.title.name.text() == "fc1")


# Problems


def test_a_problem_offers_its_fixes_and_says_what_they_change(lenet: Hands) -> None:
    lenet.workspace.edit("x", lambda d: edits.remove_node(d, "flatten"))
    lenet.select("fc1")
    assert "without a Flatten, Linear acts on the width alone" in lenet.find("problem-0").text()
    button = lenet.find("fix-0-0", QPushButton)
    assert button.text() == "Insert Flatten"
    QApplication.sendEvent(button, QEvent(QEvent.Type.Enter))
    assert lenet.inspector.words.text() == "flatten (Flatten) is added between pool2 and fc1."
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    lenet.settle()
    assert lenet.workspace.analysis.valid
    assert lenet.steps()[-1] == "Insert Flatten"
    assert not lenet.there("problem-0")


def test_a_fix_by_keyboard(lenet: Hands) -> None:
    lenet.select("conv1")
    lenet.type("kernel_size", "60")
    button = next(
        each
        for each in lenet.inspector.findChildren(QPushButton)
        if each.text().startswith("Set kernel size")
    )
    button.setFocus()
    assert lenet.inspector.words.text() == "conv1: kernel size 60 → 32."
    QTest.keyClick(button, Qt.Key.Key_Space)
    lenet.settle()
    assert lenet.value("conv1", "kernel_size") == (32, 32)


def test_pointing_at_a_field_explains_it(lenet: Hands) -> None:
    lenet.select("conv1")
    row = lenet.inspector.form.fields["stride"]
    QTest.mouseMove(row.label)
    row.label.hovered.emit(True)
    assert lenet.inspector.words.text().startswith("Stride: Step of the kernel.")
    QTest.mouseClick(lenet.line("groups"), Qt.MouseButton.LeftButton)
    row.label.hovered.emit(False)
    assert lenet.inspector.words.text().startswith("Groups: ")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_a_sign(category: Category) -> None:
    from designer.gui.base import icons

    assert icons.path(icons.category_file(category)).exists()


def test_every_button_can_be_named(resnet: Hands) -> None:
    resnet.select()
    for button in resnet.inspector.findChildren(QToolButton):
        assert button.accessibleName() or button.toolTip() or not button.isVisible()


def test_a_port_of_a_block_is_renamed_and_stays_selected(resnet: Hands) -> None:
    resnet.workspace.look_into("layer2.0")
    resnet.select("layer2.0.x")
    assert resnet.inspector.title.kind.text() == "input of Bottleneck"
    _rename(resnet, "add")
    assert "already" in resnet.error("name")
    _rename(resnet, "image")
    assert resnet.workspace.design.blocks["Bottleneck"].inputs == ("image",)
    assert resnet.workspace.selection == {"layer2.0.image"}
    assert resnet.steps() == ["Rename port x"]


def test_tab_leads_through_everything(lenet: Hands) -> None:
    lenet.select("conv1")
    lenet.type("kernel_size", "60")
    lenet.find("node-name").setFocus()
    names = []
    for _ in range(16):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        names.append(QApplication.focusWidget().objectName())
    fields = ["out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias",
              "padding_mode", "weight_init", "bias_init", "learning_rate", "when"]  # fmt: skip
    assert names[:12] == [f"field-{key}" for key in fields]
    assert names[12:15] == ["copy-facts", "fix-0-0", "fix-0-1"]


def test_undo_by_key_from_a_field_of_the_window(window: MainWindow, qtbot: QtBot) -> None:
    activate(window)
    window.workspace.open_preset("lenet5")
    window.workspace.select(["conv1"])
    inspector = window.docks["inspector"].widget()
    QApplication.processEvents()
    line = inspector.form.fields["out_channels"].line
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    line.selectAll()
    QTest.keyClicks(line, "12")
    undo = window.actions_["edit.undo"]
    qtbot.waitUntil(lambda: undo.isEnabled() and "output channels" in undo.text())
    assert line.text() == "12"
    QTest.keyClick(line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: line.text() == "6")
    assert line.hasFocus()


def test_a_preloaded_form_has_room_for_all_its_rows(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("resnet50")
    window.workspace.select(["conv1"])
    inspector = window.docks["inspector"].widget()
    assert isinstance(inspector, Inspector)
    qtbot.waitUntil(lambda: not inspector._expected)
    window.workspace.select(["layer2"])
    hands = Hands(inspector, window.workspace)
    hands.settle()
    button = hands.find("look-into", QPushButton)
    assert button.height() == button.sizeHint().height()


def test_several_outputs_are_distinguished_by_name(lenet: Hands) -> None:
    def outputs() -> list[tuple[str, str]]:
        facts = of_design(lenet.workspace.analysis, lenet.workspace.recipe.optimizer)
        return [(fact.result, fact.after) for fact in facts if fact.key == "output"]

    assert outputs() == [("10", "")]
    lenet.workspace.open_preset("googlenet")
    assert outputs() == [("1000", "scores"), ("1000", "aux_scores1"), ("1000", "aux_scores2")]


def test_the_memory_of_training_is_that_with_the_optimizer_of_the_recipe(lenet: Hands) -> None:
    def training() -> tuple[str, str]:
        facts = of_design(lenet.workspace.analysis, lenet.workspace.recipe.optimizer)
        (fact,) = (fact for fact in facts if fact.key == "train")
        return fact.result, fact.after

    with_momentum, words = training()
    assert words == "1 image, with SGD"
    lenet.workspace.set_recipe(changed(lenet.workspace.recipe, {"optimizer.name": "adam"}))
    with_moments, words = training()
    assert words == "1 image, with Adam"
    assert with_moments != with_momentum


def test_an_input_with_its_channels_last_is_set_by_a_button(lenet: Hands) -> None:
    lenet.workspace.edit("x", lambda d: edits.set_parameter(d, "image", "shape", (28, 28, 1)))
    lenet.select("conv1")
    assert "if image is height × width × channels" in lenet.find("problem-0").text()
    button = lenet.find("fix-0-0", QPushButton)
    assert button.text() == "Set the input to 1×28×28"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    lenet.settle()
    assert lenet.value("image", "shape") == (1, 28, 28)
