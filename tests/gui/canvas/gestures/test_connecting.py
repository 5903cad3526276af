"""Drawing edges with the mouse, and by keys."""

import pytest

from designer.design import edits
from designer.design.values import Edge
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


def test_from_an_output_to_an_input(hand: Hand) -> None:
    hand.drag(hand.out("act"), hand.into("alone"))
    assert hand.steps == ["Connect act to alone"]
    assert ("act", "alone", 0) in hand.edges
    assert hand.sentences == []
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert ("act", "alone", 0) not in hand.edges


def test_back_from_an_input_to_an_output(hand: Hand) -> None:
    hand.drag(hand.into("alone"), hand.out("conv"))
    assert ("conv", "alone", 0) in hand.edges


def test_on_the_body_it_takes_the_next_free_port(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.at("add"))
    assert ("side", "add", 1) in hand.edges
    assert ("act", "add", 0) in hand.edges


def test_on_a_taken_port_of_a_join_too(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.into("add"))
    assert ("side", "add", 1) in hand.edges


def test_what_fits_lights_up_and_what_does_not_says_why(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.into("fc"), hold=True)
    assert hand.lights()["alone"] == "fits"
    assert hand.lights()["add"] == "fits"
    assert hand.lights()["fc"] == "problem"
    assert "conv" not in hand.lights()  # its input is taken
    assert "fc" in hand.tip
    hand.release(hand.into("fc"))
    assert hand.lights() == {}
    assert ("side", "fc", 0) in hand.edges  # allowed; a problem with fixes
    problems = [each for each in hand.workspace.analysis.problems if each.path == "fc"]
    assert any(each.fixes for each in problems)


def test_a_second_edge_into_a_port_is_refused(hand: Hand) -> None:
    before = hand.design
    hand.drag(hand.out("side"), hand.into("act"), hold=True)
    assert "has an edge from 'conv' already" in hand.tip
    hand.release(hand.into("act"))
    assert hand.design is before
    assert hand.sentences == [
        "Input 0 of 'act' has an edge from 'conv' already; remove that first."
    ]


def test_a_cycle_is_refused(hand: Hand) -> None:
    before = hand.design
    hand.drag(hand.out("add"), hand.at("conv"), hold=True)
    assert "would close a cycle" in hand.tip
    hand.release(hand.at("conv"))
    assert hand.design is before
    assert "would close a cycle; data flows one way" in hand.sentences[0]


def test_escape_cancels(hand: Hand) -> None:
    before = hand.design
    hand.drag(hand.out("side"), hand.into("alone"), hold=True)
    hand.key(Key.Key_Escape)
    assert hand.lights() == {} and hand.tip == ""
    hand.release(hand.into("alone"))
    assert hand.design is before


def test_the_end_of_an_edge_moves_to_another_port(hand: Hand) -> None:
    hand.drag(hand.into("act"), hand.into("alone"))
    assert hand.steps == ["Connect conv to alone"]
    assert ("conv", "alone", 0) in hand.edges and ("conv", "act", 0) not in hand.edges


def test_the_beginning_of_an_edge_moves_to_another_node(hand: Hand) -> None:
    start = hand.on_edge("act", "add")
    start.setY(start.y() - 1)  # nearer to its beginning
    hand.drag(start, hand.at("side"))
    assert {("side", "add", 0)} == {edge for edge in hand.edges if edge[1] == "add"}


def test_an_end_released_on_nothing_is_cut(hand: Hand) -> None:
    hand.drag(hand.into("act"), hand.at("act", 190, -30))
    assert hand.steps == ["Disconnect conv from act"]
    assert ("conv", "act", 0) not in hand.edges


def test_an_end_put_back_changes_nothing(hand: Hand) -> None:
    before = hand.design
    hand.press(hand.into("act"))
    hand.move(hand.at("alone"))
    hand.move(hand.into("act"))
    hand.release(hand.into("act"))
    assert hand.design is before


def test_an_edge_is_chosen_by_a_click_and_deleted(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.click(hand.on_edge("act", "add"))
    assert hand.selected == set()
    assert hand.lit_edge() == Edge("act", 0, "add", 0)
    hand.key(Key.Key_Delete)
    assert hand.steps == ["Disconnect act from add"]
    assert not any(edge[1] == "add" for edge in hand.edges)
    assert hand.window.actions_.refusal("edit.delete") == "Click the node or edge to remove."


def test_a_join_closes_its_gap_when_an_edge_goes(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.at("add"))
    hand.view.fit()
    hand.click(hand.on_edge("act", "add"))
    hand.key(Key.Key_Delete)
    assert {edge for edge in hand.edges if edge[1] == "add"} == {("side", "add", 0)}


def test_released_on_nothing_it_asks_what_fits(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.at("side", 190, 80))
    found = hand.list
    assert found is not None
    names = [each.item.name for each in found.model.entries]
    assert "Conv2d" in names and "Input" not in names and "Linear" not in names[:5]
    assert found.field.placeholderText() == "Add after side…"
    hand.type("drop")
    hand.key(Key.Key_Return)
    assert hand.list is None
    assert hand.steps == ["Add dropout"]
    assert ("side", "dropout", 0) in hand.edges
    assert hand.selected == {"dropout"}


def test_before_an_input_what_is_added_feeds_it(hand: Hand) -> None:
    hand.drag(hand.into("alone"), hand.at("alone", 130, -70))
    hand.type("sigm")
    hand.key(Key.Key_Return)
    assert ("sigmoid", "alone", 0) in hand.edges


@pytest.mark.parametrize("name", ["resnet50", "googlenet"])
def test_c_connects_with_a_block(hand: Hand, name: str) -> None:
    hand.workspace.open_preset(name)
    block = "layer3" if name == "resnet50" else "inception4a"
    edge = next(each for each in hand.graph.edges if each.target == block)
    hand.workspace.edit("cut", lambda design: edits.disconnect(design, edge))
    hand.workspace.select([edge.source, block])
    hand.view.setFocus()
    hand.key(Key.Key_C)
    assert (edge.source, block, 0) in hand.edges


def test_c_connects_and_disconnects(hand: Hand) -> None:
    hand.click(hand.at("side"))
    hand.click(hand.at("add"), Keys.ShiftModifier)
    hand.key(Key.Key_C)
    assert hand.steps == ["Connect side to add"]
    assert ("side", "add", 1) in hand.edges
    hand.key(Key.Key_C)
    assert hand.steps == ["Connect side to add", "Disconnect side from add"]
    assert ("side", "add", 1) not in hand.edges


def test_c_is_refused_with_its_reason(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_C)
    assert hand.window.actions_.refusal("layer.connect").startswith("Select two nodes")
    hand.click(hand.at("side"))
    hand.click(hand.at("act"), Keys.ShiftModifier)
    hand.key(Key.Key_C)
    assert hand.sentences == [
        "Input 0 of 'act' has an edge from 'conv' already; remove that first."
    ]


def test_a_press_on_a_port_selects_its_node_so_that_delete_is_about_it(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.click(hand.out("side"))
    assert hand.selected == {"side"}
    hand.key(Key.Key_Delete)
    assert "side" not in hand.graph.nodes and "conv" in hand.graph.nodes
    hand.click(hand.at("conv"))
    hand.click(hand.into("act"))  # which has an edge: this is chosen, and no node
    assert hand.selected == set()


def test_keys_do_nothing_while_a_port_is_pressed(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.press(hand.out("side"))
    for key in (Key.Key_Delete, Key.Key_Backspace, Key.Key_Up, Key.Key_F2, Key.Key_A):
        hand.key(key)
    assert not hand.steps and hand.selected == {"conv"}
    hand.release(hand.out("side"))
    assert hand.selected == {"side"}
