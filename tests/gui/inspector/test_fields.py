"""Every kind of field: typed and pasted, right and wrong, expressions, steps, undo."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QWidget

from designer.design import edits, files
from designer.design.values import LayerNode
from designer.gui.forms.editors import TextEditor
from designer.layers.catalogue import layer_types
from tests.gui.inspector.conftest import Hands
from tests.layers.building import design

_RIGHT = [
    ("conv1", "out_channels", "12", 12),
    ("conv1", "out_channels", "12 channels", 12),
    ("conv1", "kernel_size", "3", 3),
    ("conv1", "kernel_size", "3×3", 3),
    ("conv1", "kernel_size", "3x5", (3, 5)),
    ("conv1", "kernel_size", "3 5", (3, 5)),
    ("conv1", "kernel_size", "3, 5", (3, 5)),
    ("conv1", "kernel_size", "[3, 5]", (3, 5)),
    ("conv1", "stride", "2", 2),
    ("conv1", "padding", "2", 2),
    ("conv1", "padding", "1 × 2", (1, 2)),
    ("conv1", "padding", "same", "same"),
    ("conv1", "bias_init", "0.1", 0.1),
    ("conv1", "bias_init", "1e-3", 0.001),
    ("conv1", "out_channels", "=2 * 4", "=2 * 4"),
    ("conv1", "kernel_size", "=2 + 1", "=2 + 1"),
    ("conv1", "kernel_size", "=2 + 1, =min(5, 7)", ("=2 + 1", "=min(5, 7)")),
    ("pool1", "stride", "3", 3),
    ("image", "shape", "3 64 64", (3, 64, 64)),
    ("image", "shape", "784", 784),
    ("image", "shape", "1 × =16 * 2 × 32", (1, "=16 * 2", 32)),
]


@pytest.mark.parametrize("pasted", [False, True])
def test_right_values_are_taken_while_typing(lenet: Hands, pasted: bool) -> None:
    for node, key, text, value in _RIGHT:
        lenet.select(node)
        first = lenet.workspace.design
        (lenet.paste if pasted else lenet.type)(key, text)
        assert lenet.value(node, key) == value, text
        assert not lenet.error(key), text
        assert len(lenet.steps()) == 1
        assert lenet.steps()[0].endswith(f" of {node}")
        lenet.workspace.undo()
        lenet.settle()
        assert lenet.workspace.design is first


_WRONG = [
    ("conv1", "out_channels", "0", "at least 1"),
    ("conv1", "out_channels", "-3", "at least 1"),
    ("conv1", "out_channels", "1.5", "whole number"),
    ("conv1", "out_channels", "many", "'many'"),
    ("conv1", "out_channels", "64 pixels", "'64 pixels'"),
    ("conv1", "out_channels", "9999999999999", "at least 1"),
    ("conv1", "kernel_size", "3 4 5", "[3, 4, 5]"),
    ("conv1", "kernel_size", "0 3", "at least 1"),
    ("conv1", "padding", "some", "same"),
    ("conv1", "padding", "-1", "from 0 on"),
    ("conv1", "bias_init", "much", "a number or nothing"),
    ("conv1", "out_channels", "=", "expression"),
    ("conv1", "out_channels", "=2 *", "value is expected"),
    ("conv1", "out_channels", "=clases", "'clases'"),
    ("conv1", "out_channels", "=2 / 4", "whole number"),
    ("conv1", "out_channels", "=1 - 1", "at least 1"),
    ("conv1", "out_channels", "=open(3)", "'open'"),
    ("image", "shape", "1 2 3 4 5 6 7", "1 to 6"),
]


@pytest.mark.parametrize("pasted", [False, True])
def test_wrong_values_are_refused_in_a_sentence(lenet: Hands, pasted: bool) -> None:
    for node, key, text, words in _WRONG:
        lenet.select(node)
        shown = lenet.line(key).text()
        first = lenet.workspace.design
        line = (lenet.paste if pasted else lenet.type)(key, text)
        assert words in lenet.error(key), text
        assert lenet.error(key).endswith(".")
        assert line.property("wrong")
        assert lenet.workspace.design is first, text
        QTest.keyClick(line, Qt.Key.Key_Escape)
        QTest.keyClick(line, Qt.Key.Key_Escape)  # the first one may have closed the completion
        lenet.settle()
        assert line.text() == shown
        assert lenet.workspace.design is first
        assert not lenet.error(key)
        assert not line.property("wrong")
        assert lenet.steps() == []


def test_an_emptied_field_that_needs_a_value(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.line("out_channels")
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    lenet.settle()
    assert "nothing is given" in lenet.error("out_channels")
    assert lenet.steps() == []


def test_digits_of_one_visit_are_one_step_and_of_two_visits_two(lenet: Hands) -> None:
    lenet.select("conv1")
    lenet.type("out_channels", "128")
    lenet.type("kernel_size", "3")
    lenet.type("out_channels", "256")
    assert lenet.steps() == [
        "Set output channels of conv1",
        "Set kernel size of conv1",
        "Set output channels of conv1",
    ]
    lenet.workspace.undo()
    lenet.settle()
    assert lenet.line("out_channels").text() == "128"


def test_the_cursor_stays_where_one_types(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.type("out_channels", "128")
    QTest.keyClick(line, Qt.Key.Key_Home)
    QTest.keyClick(line, Qt.Key.Key_Right)
    QTest.keyClicks(line, "9")
    lenet.settle()
    assert (line.text(), line.cursorPosition()) == ("1928", 2)
    assert line.hasFocus()
    assert lenet.value("conv1", "out_channels") == 1928
    assert lenet.line("out_channels") is line


def test_undo_elsewhere_updates_the_field_that_has_the_focus(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.type("out_channels", "128")
    lenet.workspace.undo()
    lenet.settle()
    assert line.hasFocus()
    assert line.text() == "6"
    lenet.workspace.redo()
    lenet.settle()
    assert line.text() == "128"


def test_leaving_writes_the_value_as_the_form_does(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.type("kernel_size", "3")
    assert line.text() == "3"
    QTest.keyClick(line, Qt.Key.Key_Tab)
    lenet.settle()
    assert line.text() == "3 × 3"
    assert lenet.line("stride").hasFocus()


def test_leaving_a_wrong_text_puts_the_value_back(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.type("kernel_size", "large")
    QTest.keyClick(line, Qt.Key.Key_Tab)
    lenet.settle()
    assert line.text() == "5 × 5"
    assert not lenet.error("kernel_size")
    assert lenet.steps() == []


def test_a_default_is_no_longer_stored_and_the_label_tells_what_differs(lenet: Hands) -> None:
    lenet.select("conv1")
    label = lenet.inspector.form.fields["stride"].label
    assert not label.font().bold()
    assert not lenet.there("reset-stride")
    lenet.type("stride", "2")
    assert label.font().weight() > 400
    QTest.mouseClick(lenet.find("reset-stride"), Qt.MouseButton.LeftButton)
    lenet.settle()
    assert lenet.value("conv1", "stride") is None
    assert lenet.steps()[-1] == "Reset stride of conv1"
    lenet.type("stride", "1")
    assert lenet.value("conv1", "stride") is None


def test_an_empty_optional_field_means_nothing(lenet: Hands) -> None:
    lenet.select("pool1")
    line = lenet.type("stride", "3")
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    lenet.settle()
    assert lenet.value("pool1", "stride") is None
    assert line.placeholderText() == "nothing"
    assert not lenet.error("stride")


@pytest.mark.parametrize(
    ("key", "start", "keys", "end"),
    [
        ("out_channels", "8", [Qt.Key.Key_Up], "9"),
        ("out_channels", "8", [Qt.Key.Key_PageUp], "18"),
        ("out_channels", "2", [Qt.Key.Key_Down] * 3, "1"),
        ("bias_init", "0.5", [Qt.Key.Key_Up], "0.6"),
        ("bias_init", "0.1", [Qt.Key.Key_Down], "0.09"),
        ("bias_init", "1e-05", [Qt.Key.Key_Up], "2e-05"),
        ("kernel_size", "3 5", [Qt.Key.Key_Up], "3 6"),
        ("kernel_size", "3 5", [Qt.Key.Key_Home, Qt.Key.Key_Up], "4 5"),
    ],
)
def test_arrow_keys_step(lenet: Hands, key: str, start: str, keys: list[Qt.Key], end: str) -> None:
    lenet.select("conv1")
    line = lenet.type(key, start)
    for each in keys:
        QTest.keyClick(line, each)
    lenet.settle()
    assert line.text() == end
    assert len(lenet.steps()) == 1


def test_arrow_keys_step_to_what_a_rule_allows(hands_on: Callable[[str], Hands]) -> None:
    hands = hands_on("preact_resnet_cifar")
    hands.type("depth", "20")
    line = hands.line("depth")
    found = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp):
        QTest.keyClick(line, key)
        found.append(line.text())
    assert found == ["26", "32", "26", "38"]
    QTest.mouseClick(hands.switch("bottleneck"), Qt.MouseButton.LeftButton)
    hands.settle()
    sentence = "must be 6n + 2 with basic blocks, 9n + 2 with bottlenecks; received"
    assert hands.workspace.analysis.valid  # 38 is both
    hands.type("depth", "40")
    assert hands.error("depth") == f"depth {sentence} 40."
    assert hands.workspace.design.arguments["depth"].default == 38
    QTest.keyClick(line, Qt.Key.Key_Up)
    hands.settle()
    assert hands.workspace.design.arguments["depth"].default == 47
    QTest.mouseClick(hands.switch("bottleneck"), Qt.MouseButton.LeftButton)
    hands.settle()
    (problem,) = hands.workspace.analysis.problems
    assert problem.message == f"depth {sentence} 47"
    assert hands.error("depth") == f"{problem.message}."


def test_the_wheel_steps_only_the_field_that_has_the_focus(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.line("out_channels")

    def turn(widget: QWidget) -> None:
        middle = QPointF(widget.rect().center())
        event = QWheelEvent(
            middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, 120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
        lenet.settle()

    turn(line)
    turn(lenet.box("padding_mode"))
    assert lenet.steps() == []
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    turn(line)
    assert lenet.value("conv1", "out_channels") == 7


def test_a_switch_by_mouse_and_by_key(lenet: Hands) -> None:
    lenet.select("conv1")
    switch = lenet.switch("bias")
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    lenet.settle()
    assert lenet.value("conv1", "bias") is False
    assert not lenet.there("field-bias_init")  # has no effect now
    QTest.keyClick(switch, Qt.Key.Key_Return)
    lenet.settle()
    assert lenet.value("conv1", "bias") is None
    assert lenet.steps() == ["Set bias of conv1", "Set bias of conv1"]


def test_a_list_by_keys_shows_what_then_matters(lenet: Hands) -> None:
    lenet.select("conv1")
    assert not lenet.there("field-weight_init_mode")
    box = lenet.box("weight_init")
    box.setFocus()
    for _ in range(8):
        QTest.keyClick(box, Qt.Key.Key_Down)
    lenet.settle()
    assert lenet.value("conv1", "weight_init") == "kaiming_normal"
    assert lenet.box("weight_init").hasFocus()
    assert lenet.box("weight_init_mode").isVisible()
    assert len(lenet.steps()) == 1


def test_an_expression_in_place_of_a_switch(lenet: Hands) -> None:
    lenet.select("conv1")
    switch = lenet.switch("bias")
    switch.setFocus()
    QTest.keyClicks(switch, "=")
    line = lenet.find("expression-bias", TextEditor)
    QTest.keyClicks(line, "1 > 2")
    lenet.settle()
    assert lenet.value("conv1", "bias") == "=1 > 2"
    assert line.remark == "= off"
    line.selectAll()
    QTest.keyClicks(line, "=nobody")
    lenet.settle()
    assert "'nobody'" in lenet.error("bias")
    QTest.keyClick(line, Qt.Key.Key_Escape)
    lenet.settle()
    assert lenet.value("conv1", "bias") is None
    assert lenet.switch("bias").hasFocus()


def test_an_expression_shows_its_value_beside_or_below(resnet: Hands) -> None:
    resnet.select("fc")
    assert resnet.line("out_features").text() == "=classes"
    assert resnet.line("out_features").remark == "= 1000"
    resnet.type("out_features", "=classes + 1")
    assert resnet.line("out_features").remark == "= 1001"
    resnet.type("out_features", "=classes + 1 + 1 + 1 + 1 + 1 + 1")
    assert resnet.find("value-out_features").text() == "= 1006"


def test_names_in_scope_are_completed(resnet: Hands) -> None:
    resnet.select("fc")
    line = resnet.type("out_features", "=2 * cla")
    names = resnet.find("completions", QListWidget)
    assert [names.item(row).text() for row in range(names.count())] == ["classes"]
    QTest.keyClick(line, Qt.Key.Key_Return)
    resnet.settle()
    assert line.text() == "=2 * classes"
    assert resnet.value("fc", "out_features") == "=2 * classes"
    assert not names.isVisible()
    QTest.keyClicks(line, " + m")
    assert names.currentItem().text() == "min"
    QTest.keyClick(line, Qt.Key.Key_Down)
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert line.text() == "=2 * classes + max("
    assert line.hasFocus()
    QTest.keyClicks(line, "o")
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert not names.isVisible()
    assert line.text() == "=2 * classes + max(o"


def test_undo_keys_are_left_to_the_window(lenet: Hands) -> None:
    lenet.select("conv1")
    line = lenet.type("out_channels", "128")
    QTest.keyClick(line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert line.text() == "128"


def test_when_by_switch_and_expression(resnet: Hands) -> None:
    resnet.select("relu")
    switch = resnet.switch("when")
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    resnet.settle()
    assert resnet.node("relu").when is False
    QTest.keyClicks(switch, "=")
    QTest.keyClicks(resnet.find("expression-when", TextEditor), "option == 'A'")
    resnet.settle()
    assert resnet.node("relu").when == "=option == 'A'"
    assert resnet.find("expression-when", TextEditor).remark in ("= off", "= on")


def test_every_layer_type_has_a_form_in_which_every_value_reads_back(lenet: Hands) -> None:
    for name, layer in layer_types().items():
        lenet.workspace.edit(
            "add", lambda d, name=name: edits.add_node(d, f"new_{name}", LayerNode(name))
        )
        lenet.select(f"new_{name}")
        fields = lenet.inspector.form.fields
        for key, parameter in layer.parameters.items():
            if key in fields and not parameter.required:
                row = fields[key].row
                assert parameter.check(row.judge(row.text).value) == parameter.default
                assert row.help
                assert row.label[0].isupper()
        assert layer.required <= fields.keys()
        assert name in lenet.inspector.title.kind.text()


def test_a_refused_number_leaves_no_edit_of_its_first_digits(resnet: Hands) -> None:
    resnet.select("layer2.0.shortcut")
    line = resnet.type("stride", "10001")  # at most 1000, and 1000 came by
    assert resnet.error("stride")
    assert resnet.value("layer2.0.shortcut", "stride") == "=stride"
    QTest.keyClick(line, Qt.Key.Key_Tab)
    resnet.settle()
    assert line.text() == "=stride"
    assert resnet.steps() == []
    line = resnet.type("stride", "1000")
    QTest.keyClick(line, Qt.Key.Key_End)
    QTest.keyClicks(line, "1")
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    resnet.settle()
    assert resnet.value("layer2.0.shortcut", "stride") == 1000
    assert len(resnet.steps()) == 1


@pytest.mark.parametrize(
    "text",
    ["=width +", "=)", "=nowhere", "=1 / 0", "=9 ** 9 ** 9", "=", "='a'", "=1 if", ("=)", 3)],
)
def test_a_wrong_expression_never_shows_the_values_of_another_node(
    hands_on: Callable[[str], Hands], text: str | tuple[str, int]
) -> None:
    """The file may come from another program; conv2 and fc2 are shown in the forms of others."""
    hands = hands_on("lenet5")
    key = "kernel_size" if isinstance(text, tuple) else "out_channels"
    hands.workspace.edit("break", lambda given: edits.set_parameter(given, "conv2", key, text))
    hands.workspace.edit(
        "break", lambda given: edits.set_parameter(given, "fc2", "out_features", "=1 +")
    )
    hands.select("conv1")
    hands.select("conv2")
    assert hands.inspector.title.name.text() == "conv2"
    shown = hands.line(key).text()
    assert shown == (text if isinstance(text, str) else "=) × 3"), shown
    assert any("conv2" in each.message for each in hands.inspector.problems._shown)
    hands.select("fc1")
    hands.select("fc2")
    assert hands.line("out_features").text() == "=1 +"
    hands.type("out_features", "=2 +")
    assert "value is expected" in hands.error("out_features")
    hands.type("out_features", "84")
    assert hands.value("fc2", "out_features") == 84


@pytest.mark.parametrize(
    ("kind", "key", "text", "value"),
    [
        ("Constant", "numbers", "1, -2.5 3", (1, -2.5, 3)),
        ("Constant", "numbers", "", None),
        ("Constant", "numbers", "7", 7),
        ("Index", "indices", "0, 2, 2", (0, 2, 2)),
        ("Slice", "stop", "", None),
        ("Slice", "stop", "-1", -1),
        ("Roll", "shifts", "-3, -3", (-3, -3)),
        ("Reduce", "dim", "1, 3", (1, 3)),
        ("WindowMerge", "height", "14", 14),
    ],
)
def test_lists_and_numbers_that_may_be_left_out(
    lenet: Hands, kind: str, key: str, text: str, value: object
) -> None:
    """The layer may have problems of its own here; the field takes what is typed."""
    required = {"Constant": {"shape": (3,)}}.get(kind, {})
    before = {"numbers": (5, 6, 7), "stop": 4}
    given = {**required, **({key: before[key]} if key in before else {})}
    lenet.workspace.edit("add", lambda d: edits.add_node(d, "new", LayerNode(kind, given)))
    lenet.settle()
    lenet.select("new")
    line = lenet.type(key, text)
    if not text:
        QTest.keyClick(line, Qt.Key.Key_Delete)
        lenet.settle()
    assert not lenet.error(key)
    assert lenet.value("new", key) == value


def test_a_layer_has_a_number_for_each_spatial_axis(lenet: Hands, tmp_path: Path) -> None:
    """Sizes of volumes are three numbers, of sequences one; a single number stands for all."""
    hands = lenet
    for axes in (1, 3):
        nodes = {
            "image": {"layer": "Input", "shape": [1, *[9] * axes]},
            "conv": {"layer": f"Conv{axes}d", "out_channels": 2, "kernel_size": 3},
            "scores": {"layer": "Output"},
        }
        path = tmp_path / f"{axes}.json"
        path.write_text(files.dumps(design(nodes, [list(nodes)])), encoding="utf-8")
        hands.workspace.open(path)
        hands.select("conv")
        assert hands.line("kernel_size").text() == " × ".join(["3"] * axes)
        assert hands.facts()["RF"] == "×".join(["3"] * axes)
        hands.type("kernel_size", "5 3 1" if axes == 3 else "5")
        assert hands.value("conv", "kernel_size") == ((5, 3, 1) if axes == 3 else 5)
        assert hands.facts()["RF"] == ("5×3×1" if axes == 3 else "5")
        hands.type("padding", "1")
        assert hands.value("conv", "padding") == 1
    hands.type("stride", "1 2")
    assert "three [depth, height, width]" in hands.error("stride")
