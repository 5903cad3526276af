"""Looking about with mouse and keyboard: real events on a shown canvas."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import edits
from designer.design.values import Block, BlockNode, Design, Edge, Graph, LayerNode, Point
from designer.gui.base import theme
from designer.gui.canvas import arrays as a
from designer.gui.canvas.canvas import Canvas
from designer.gui.canvas.painting import _TITLES_FROM, DETAIL, MAP, OVERVIEW
from designer.gui.canvas.targets import PortHit
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
from tests.benchmarks.gui_canvas import residual
from tests.gui.canvas.conftest import center, pixel, wheel

PASSED = (Edge("x", 0, "inside", 0), Edge("inside", 0, "y", 0))

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def broken(design: Design) -> Design:
    return edits.set_parameter(design, "shortcut", "stride", 1, block="Bottleneck")


def test_a_preset_is_shown_from_its_top(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("vgg16")
    seen = canvas.view.navigator.visible()
    assert seen.contains(canvas.view.rect_of("image"))
    assert canvas.layer.level == DETAIL


def test_the_wheel_pans_and_with_control_zooms_about_the_pointer(
    canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("lenet5")
    view = canvas.view
    at = QPoint(700, 200)
    before = view.mapFromScene(QPointF(0, 0))
    wheel(canvas, at, QPoint(0, -120))
    assert view.mapFromScene(QPointF(0, 0)).y() < before.y()
    wheel(canvas, at, QPoint(0, -120), SHIFT)
    assert view.mapFromScene(QPointF(0, 0)).x() < before.x()
    scale, under = view.navigator.scale, view.navigator.to_scene(QPointF(at))
    wheel(canvas, at, QPoint(0, 240), CONTROL)
    assert view.navigator.scale > 1.2 * scale
    moved = view.navigator.to_scene(QPointF(at)) - under
    assert moved.manhattanLength() < 3 / view.navigator.scale


def test_the_middle_button_and_space_drag_the_picture(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("lenet5")
    viewport = canvas.view.viewport()

    def dragged(button: Qt.MouseButton) -> QPoint:
        before = pixel(canvas, QPointF(0, 0))
        qtbot.mousePress(viewport, button, pos=QPoint(100, 300))
        qtbot.mouseMove(viewport, QPoint(140, 330))
        qtbot.mouseRelease(viewport, button, pos=QPoint(140, 330))
        return pixel(canvas, QPointF(0, 0)) - before

    assert dragged(MIDDLE) == QPoint(40, 30)
    qtbot.keyPress(canvas.view, Qt.Key.Key_Space)
    assert dragged(LEFT) == QPoint(40, 30)
    qtbot.keyRelease(canvas.view, Qt.Key.Key_Space)
    assert canvas.view.expanded == frozenset()
    assert workspace.selection == frozenset()


def test_zoom_steps_fit_and_actual_size(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("vgg16")
    navigator = canvas.view.navigator
    canvas.actual_size()
    assert navigator.scale == pytest.approx(navigator.unit)
    canvas.zoom_in()
    canvas.zoom_out()
    assert navigator.scale == pytest.approx(navigator.unit)
    canvas.fit()
    assert navigator.visible().contains(canvas.layer.bounds())
    workspace.select({"fc6", "fc7"})
    canvas.fit_selection()
    assert navigator.visible().contains(canvas.view.rect_of("fc7"))
    assert not navigator.visible().contains(canvas.view.rect_of("image"))


def test_each_graph_is_shown_again_where_it_was_left(canvas: Canvas, workspace: Workspace) -> None:
    first = workspace.open_preset("vgg16")
    workspace.reveal("fc7")
    center_left, scale_left = canvas.view.navigator.center, canvas.view.navigator.scale
    workspace.open_preset("resnet18")
    assert "layer1" in canvas.layer.arrays.row
    assert "fc7" not in canvas.layer.arrays.row
    workspace.show(first)
    assert (canvas.view.navigator.center - center_left).manhattanLength() < 4
    assert canvas.view.navigator.scale == pytest.approx(scale_left)
    workspace.show(None)
    assert canvas.layer.arrays.paths == []


def test_looking_in_and_out(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    workspace.select({"layer2"})
    canvas.go_in()
    assert workspace.scope == "layer2.0"
    assert {"layer2.0.x", "layer2.0.conv1", "layer2.0.y"} <= canvas.layer.arrays.row.keys()
    title = canvas.findChild(QToolButton, "breadcrumb-0")
    assert title is not None
    qtbot.mouseClick(title, LEFT)
    assert workspace.scope == ""
    canvas.go_in()
    assert workspace.scope == ""  # nothing is selected
    workspace.select({"layer2"})
    canvas.go_in()
    canvas.go_out()
    assert workspace.scope == ""
    assert workspace.selection == {"layer2"}


def test_space_expands_a_block_in_place(qtbot: QtBot, window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("resnet18")
    view = window.canvas.view
    window.canvas.setFocus()
    workspace.select({"layer2"})
    folded, below = view.rect_of("layer2"), view.rect_of("layer3")
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert view.expanded == {"layer2"}
    qtbot.waitUntil(lambda: not view.gliding.running)
    opened = view.rect_of("layer2")
    assert opened.height() > 4 * folded.height()
    assert opened.contains(view.rect_of("layer2.0.conv1"))
    assert view.rect_of("layer3").top() > opened.bottom()
    assert view.scope_at(view.rect_of("layer2.0.conv1").center()) == "layer2.0"
    assert view.node_at(view.rect_of("layer2.0.conv1").center()) == "layer2.0.conv1"
    assert view.node_at(opened.topLeft() + QPointF(20, 12)) == "layer2"
    workspace.select({"layer2"})
    qtbot.keyClick(view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not view.gliding.running)
    assert view.rect_of("layer3") == below


def test_expanded_blocks_nest(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    inner = presets.load("resnet18").blocks["BasicBlock"]
    outer = Block({}, ("x",), ("y",), Graph({"inside": BlockNode("BasicBlock")}, PASSED))
    graph = Graph(
        {"image": LayerNode("Input", {"shape": (64, 8, 8)}), "outside": BlockNode("Outer")},
        (Edge("image", 0, "outside", 0),),
    )
    workspace.add(Design("Nested", blocks={"BasicBlock": inner, "Outer": outer}, graph=graph))
    view = canvas.view
    view.toggle_expanded("outside")
    view.toggle_expanded("outside.inside")
    view.gliding.stop()
    outermost, middle = view.rect_of("outside"), view.rect_of("outside.inside")
    assert outermost.contains(middle)
    assert middle.contains(view.rect_of("outside.inside.conv1"))
    assert view.scope_at(view.rect_of("outside.inside.conv1").center()) == "outside.inside"
    view.toggle_expanded("outside")  # folds what is inside too
    assert view.expanded == frozenset()


def test_the_rest_of_the_design_is_not_touched_by_looking(
    canvas: Canvas, workspace: Workspace
) -> None:
    document = workspace.open_preset("resnet18")
    canvas.view.toggle_expanded("layer1")
    canvas.fit()
    assert not document.modified
    assert document.past == []


def test_scene_points_become_positions_in_the_graph(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    view = canvas.view
    before = view.positions("")
    view.toggle_expanded("layer2")
    view.gliding.stop()
    assert view.positions("") == before
    for name in ("conv1", "fc"):
        rect = view.rect_of(name)
        x, y = view.point_in_scope("", QPointF(rect.center().x(), rect.top()))
        assert (x, y) == pytest.approx(before[name])
    rect = view.rect_of("layer2.0.conv2")
    at = view.point_in_scope("layer2.0", QPointF(rect.center().x(), rect.top()))
    assert at == pytest.approx(view.positions("layer2.0")["conv2"])
    assert set(view.positions("layer2.0")) == set(workspace.design.blocks["BasicBlock"].graph.nodes)


def test_arrows_move_along_edges(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("googlenet")
    view = canvas.view

    def key(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> set:
        qtbot.keyClick(view, key, modifier)
        return set(workspace.selection)

    assert key(Qt.Key.Key_Down) == {"image"}
    assert key(Qt.Key.Key_Down) == {"conv1"}
    assert key(Qt.Key.Key_Up) == {"image"}
    workspace.select({"inception4b"})
    assert key(Qt.Key.Key_Right) == {"aux1"}
    assert key(Qt.Key.Key_Up) == {"inception4a"}
    assert key(Qt.Key.Key_Down) == {"inception4b"}
    assert key(Qt.Key.Key_Down, SHIFT) == {"inception4b", "inception4c"}
    assert key(Qt.Key.Key_Down, SHIFT) == {"inception4b", "inception4c", "inception4d"}
    assert view.navigator.visible().contains(view.rect_of("inception4d"))


def test_arrows_leave_an_expanded_block(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    canvas.view.toggle_expanded("layer1")
    workspace.select({"layer1.0.conv1"})
    qtbot.keyClick(canvas.view, Qt.Key.Key_Up)
    assert workspace.selection == {"layer1"}


def test_escape_clears_the_selection(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("lenet5")
    workspace.select({"conv1"})
    qtbot.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert workspace.selection == frozenset()


def test_selecting_all_and_branches(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("googlenet")
    canvas.select_all()
    assert len(workspace.selection) == len(workspace.design.graph.nodes)
    workspace.select({"aux1"})
    canvas.select_branch()
    assert workspace.selection == {"aux1", "aux_scores1"}


def test_hovering_tells_what_is_wrong(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet50")
    workspace.edit("break", broken)
    workspace.reveal("layer2")
    view = canvas.view
    card = view.notes.card
    qtbot.mouseMove(view.viewport(), center(canvas, "layer2"))
    qtbot.waitUntil(card.isVisible)
    assert "inputs differ" in card.label.text()
    assert "Fix: insert a 1×1 projection" in card.label.text()
    qtbot.mouseMove(view.viewport(), QPoint(5, 690))
    qtbot.waitUntil(lambda: not card.isVisible())


def test_a_graph_drawn_anew_under_a_resting_pointer_keeps_the_card(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("resnet50")
    workspace.edit("break", broken)
    workspace.reveal("layer2")
    view = canvas.view
    qtbot.mouseMove(view.viewport(), center(canvas, "layer2"))
    workspace.edit("rename", lambda design: edits.rename_node(design, "layer4", "last"))
    assert view.hover.path == "layer2"
    qtbot.waitUntil(view.notes.card.isVisible)
    workspace.edit("rename", lambda design: edits.rename_node(design, "layer2", "second"))
    assert not view.notes.card.isVisible(), "of a node that is gone"


def test_a_card_says_what_is_so_now(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet50")
    workspace.edit("break", broken)
    workspace.reveal("layer2")
    view = canvas.view
    card = view.notes.card
    for _ in range(2):
        qtbot.mouseMove(view.viewport(), QPoint(5, 690))
        qtbot.mouseMove(view.viewport(), center(canvas, "layer2"))
        qtbot.waitUntil(card.isVisible)
        assert "inputs differ" in card.label.text()
        workspace.undo()
        assert not card.isVisible(), "of a problem that is gone"
        workspace.redo()
    qtbot.mouseMove(view.viewport(), QPoint(5, 690))
    qtbot.mouseMove(view.viewport(), center(canvas, "layer2"))
    qtbot.waitUntil(card.isVisible)
    workspace.open_preset("resnet101")
    assert not card.isVisible(), "of another document"


def test_a_graph_that_nobody_moved_is_looked_at_anew_in_another_size(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.open_preset("vgg16")
    for height in (420, 300, 700):
        canvas.resize(1000, height)
        qtbot.waitUntil(lambda height=height: canvas.height() == height)
        top = pixel(canvas, canvas.view.rect_of("image").topLeft()).y()
        assert 35 <= top <= 45, "not under the breadcrumb"
    canvas.view.navigator.pan(QPoint(0, -200))
    middle = canvas.view.navigator.center
    canvas.resize(1000, 500)
    qtbot.waitUntil(lambda: canvas.height() == 500)
    assert (canvas.view.navigator.center - middle).manhattanLength() < 5


def test_a_small_network_has_its_names_on_a_screen_of_1280_by_720(
    canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("lenet5")
    canvas.resize(730, 288)
    canvas.fit()
    canvas.grab()
    assert canvas.layer.level == MAP
    width = canvas.view.rect_of("conv1").width() * canvas.view.navigator.scale
    assert width >= _TITLES_FROM
    assert canvas.view.navigator.visible().contains(canvas.layer.bounds())


def test_the_minimap_of_a_graph_from_left_to_right_is_low(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("resnet50")
    canvas.resize(730, 320)
    canvas.set_flow(right=True)
    canvas.fit()
    last = canvas.view.rect_of("scores")
    qtbot.waitUntil(lambda: canvas.minimap.height() < 100)
    assert canvas.minimap.isVisible()
    assert not canvas.minimap.geometry().contains(pixel(canvas, last.center()))


def test_the_minimap_leads_there(qtbot: QtBot, canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("vgg16")
    minimap, view = canvas.minimap, canvas.view
    assert minimap.isVisible()
    minimap.grab()
    qtbot.mouseClick(minimap, LEFT, pos=QPoint(minimap.width() // 2, minimap.height() - 12))
    assert view.navigator.visible().intersects(view.rect_of("scores"))
    qtbot.mousePress(minimap, LEFT, pos=QPoint(66, 80))
    qtbot.mouseMove(minimap, QPoint(66, 12))
    qtbot.mouseRelease(minimap, LEFT, pos=QPoint(66, 12))
    canvas.set_minimap(False)
    assert not minimap.isVisible()


def test_revealed_nodes_come_into_sight(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("vgg16")
    workspace.select({"fc8"}, reveal=True)
    assert canvas.view.navigator.visible().contains(canvas.view.rect_of("fc8"))
    canvas.fit()
    workspace.select({"conv1_1"}, reveal=True)
    assert canvas.layer.level == DETAIL


def test_levels_of_detail_have_a_dead_band(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("vgg16")
    layer, navigator = canvas.layer, canvas.view.navigator
    assert layer.level == DETAIL

    def level_at(scale: float) -> int:
        navigator.look_at(QPointF(0, 300), scale)
        return layer.level

    assert level_at(0.56) == DETAIL
    assert level_at(0.45) == MAP
    assert level_at(0.56) == MAP
    assert level_at(0.7) == DETAIL
    assert level_at(0.1) == OVERVIEW
    layer.choose_level(1.0, 5000)
    assert layer.level == OVERVIEW
    layer.choose_level(1.0, 1500)
    assert layer.level == MAP


def test_a_slow_view_is_coarser_until_it_rests(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.open_preset("vgg16")
    layer = canvas.layer
    monkeypatch.setattr("designer.gui.canvas.layer.SLOW", 0.0)
    wheel(canvas, QPoint(300, 300), QPoint(0, -120))
    canvas.view.viewport().repaint()
    assert layer.coarser > 0
    with qtbot.waitSignal(canvas.view.navigator.rested):
        pass
    assert layer.coarser == 0


def test_ports_and_edges_are_found_under_the_pointer(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("googlenet")
    workspace.look_into("inception3a")
    view = canvas.view
    for port in range(4):
        hit = PortHit("inception3a.concat", port, False)
        at = view.port_position(hit)
        assert at is not None
        assert view.port_at(at) == hit
    end = PortHit("inception3a.x", 0, True)
    at = view.port_position(end)
    assert at is not None
    assert view.port_at(at) == end
    assert view.node_at(view.rect_of("inception3a.x").center()) is None
    rect = view.rect_of("inception3a.conv1x1")
    hit = view.edge_at(QPointF(rect.center().x() + 3, rect.bottom() + 12))
    assert hit is not None
    assert hit.scope == "inception3a"
    assert (hit.edge.source, hit.edge.target) == ("conv1x1", "relu1x1")
    assert view.edge_at(rect.topLeft() - QPointF(300, 300)) is None
    assert view.port_position(PortHit("gone", 0, True)) is None


def test_nodes_in_a_rectangle(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    view = canvas.view
    both = view.rect_of("conv1").united(view.rect_of("bn1"))
    assert sorted(view.paths_in(both)) == ["bn1", "conv1"]
    view.toggle_expanded("layer1")
    view.gliding.stop()
    inner = view.rect_of("layer1.0.conv2").adjusted(5, 5, -5, -5)
    assert view.paths_in(inner) == ["layer1.0.conv2"]
    assert "layer1" in view.paths_in(view.rect_of("layer1").adjusted(-1, -1, 1, 1))


def test_offsets_show_nodes_elsewhere_and_back(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    view = canvas.view
    view.toggle_expanded("layer1")
    view.gliding.stop()
    before = {path: view.rect_of(path) for path in ("layer1", "layer1.0.conv1", "layer2")}
    wire = canvas.layer.wire.copy()
    moved = ["layer1"]
    view.set_offset(moved, 30.0, 12.0)
    view.set_offset(moved, 40.0, 20.0)
    for path in ("layer1", "layer1.0.conv1"):
        assert view.rect_of(path) == before[path].translated(40.0, 20.0)
    assert view.rect_of("layer2") == before["layer2"]
    view.viewport().repaint()
    view.set_offset(None)
    assert view.rect_of("layer1") == before["layer1"]
    assert (canvas.layer.wire == wire).all()


def test_arranging_is_one_step_that_glides(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace
) -> None:
    document = workspace.open_preset("lenet5")
    told: list[str] = []
    workspace.reported.connect(told.append)
    canvas.arrange()
    assert told == ["Everything is arranged already."]
    at = {
        name: Point(float(300 * number), 0.0)
        for number, name in enumerate(document.design.graph.nodes)
    }
    workspace.edit("move", lambda design: edits.move(design, at))
    assert canvas.view.rect_of("conv1").left() > canvas.view.rect_of("image").right()
    canvas.arrange()
    assert document.past[-1].label == "Arrange"
    assert canvas.view.gliding.running
    with qtbot.waitSignal(canvas.view.gliding.finished):
        pass
    assert canvas.view.rect_of("conv1").top() > canvas.view.rect_of("image").bottom()
    workspace.undo()
    assert canvas.view.rect_of("conv1").left() > canvas.view.rect_of("image").right()


def test_a_toast_shows_the_newest_sentence(canvas: Canvas, workspace: Workspace) -> None:
    toast = canvas.view.notes.toast
    canvas.show_refusal("This cannot be: a < b & c.")
    assert toast.isVisible()
    assert toast.label.text() == "This cannot be: a &lt; b &amp; c."
    assert toast.geometry().bottom() < canvas.view.height()
    canvas.show_message("Saved.")
    assert toast.label.text() == "Saved."


def test_tips_stay_inside(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("lenet5")
    view = canvas.view
    for point in (QPoint(990, 690), QPoint(0, 0), QPoint(500, 300)):
        view.tip(view.mapToScene(point), "An edge would close a cycle. " * 6, "refused")
        assert view.rect().contains(view.notes.tip.geometry())
    view.tip(None, "")
    assert not view.notes.tip.isVisible()


@pytest.mark.parametrize("look", ["dark", "light"], indirect=True)
@pytest.mark.parametrize("scale", [0.08, 0.35, 1.0, 2.5])
def test_everything_is_painted_in_both_themes(
    canvas: Canvas, workspace: Workspace, look: str, scale: float
) -> None:
    workspace.open_preset("resnet50")
    workspace.edit("break", broken)
    view = canvas.view
    view.toggle_expanded("layer2")
    workspace.select({"conv1", "layer2"})
    view.light_ports({PortHit("conv1", 0, True): "fits", PortHit("bn1", 0, False): "refused"})
    view.navigator.look_at(view.rect_of("layer2").center(), scale)
    before = canvas.grab().toImage()
    colors = {before.pixel(x, y) for x in range(0, 1000, 7) for y in range(0, 700, 7)}
    assert len(colors) > 8
    assert before.pixelColor(3, 300).name() == theme.colors().canvas or scale > 1


def test_the_theme_changes_while_it_is_shown(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace, qapp: object
) -> None:
    workspace.open_preset("lenet5")
    dark = canvas.grab().toImage().pixelColor(3, 300)
    theme.theme.follow(qapp, "light")
    light = canvas.grab().toImage().pixelColor(3, 300)
    assert light.lightness() > 200
    assert dark.lightness() < 60


def test_ten_thousand_nodes_are_shown_and_one_is_edited(
    qtbot: QtBot, canvas: Canvas, workspace: Workspace
) -> None:
    workspace.add(residual(1500))
    qtbot.waitUntil(lambda: len(canvas.layer.arrays.paths) >= 1500)
    canvas.fit()
    assert canvas.layer.level == OVERVIEW
    canvas.grab()
    box = canvas.layer.arrays.box
    name = next(name for name in workspace.design.graph.nodes if name.startswith("conv2d"))
    workspace.edit("bias", lambda design: edits.set_parameter(design, name, "bias", True))
    assert canvas.layer.arrays.box is box
    assert canvas.layer.arrays.kind[0] == a.LAYER


def test_an_empty_canvas_says_what_to_do(canvas: Canvas, workspace: Workspace) -> None:
    hint = canvas.view.notes.hint
    assert not hint.isVisible()
    workspace.add(Design("Empty"))
    assert hint.isVisible()
    assert "press Tab" in hint.text()
    workspace.edit("add", lambda design: edits.add_node(design, "relu", LayerNode("ReLU")))
    assert not hint.isVisible()


def test_a_larger_font_makes_a_larger_picture(
    canvas: Canvas, workspace: Workspace, qapp: QApplication
) -> None:
    workspace.open_preset("lenet5")
    canvas.actual_size()
    scale, font = canvas.view.navigator.scale, qapp.font()
    larger = QFont(font)
    larger.setPointSizeF(font.pointSizeF() * 1.5)
    qapp.setFont(larger)
    try:
        QApplication.sendPostedEvents()
        assert canvas.view.navigator.scale > 1.3 * scale
        assert canvas.view.navigator.scale == pytest.approx(canvas.view.navigator.unit)
    finally:
        qapp.setFont(font)
