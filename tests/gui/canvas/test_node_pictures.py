"""Pictures on nodes: which tiles are drawn where, at each level of detail, and after an edit."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.design.values import Point
from designer.gui.canvas.canvas import Canvas
from designer.gui.canvas.node_pictures import Atlas, place
from designer.gui.canvas.painting import DETAIL, MAP, OVERVIEW
from designer.gui.documents.node_values import NodePictures
from designer.gui.documents.workspace import Workspace
from tests.gui.canvas.conftest import pixel

RED, GREEN, BLUE = (220, 30, 30), (20, 200, 40), (40, 60, 230)


def plain(*colors: tuple[int, int, int], side: int = 16) -> np.ndarray:
    """Return tiles of one color each."""
    return np.stack([np.full((side, side, 3), color, np.uint8) for color in colors])


def show(workspace: Workspace, **tiles: np.ndarray) -> NodePictures:
    """Draw tiles on nodes, by path with two underscores for a dot."""
    by_path = {path.replace("__", "."): each for path, each in tiles.items()}
    found = NodePictures(workspace.design, by_path, "Feature maps of cat.png")
    workspace.show_pictures(workspace.document, found)
    return found


def seen(canvas: Canvas, path: str) -> set[tuple[int, int, int]]:
    """Return the colors of plain tiles that are seen on a node."""
    canvas.view.gliding.stop()
    viewport = canvas.view.viewport()
    rect = canvas.view.rect_of(path)
    corners = [pixel(canvas, each) for each in (rect.topLeft(), rect.bottomRight())]
    image = viewport.grab(QRect(*corners) & viewport.rect()).toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)
    return {color for color in (RED, GREEN, BLUE) if (pixels[:, 2::-1] == color).all(axis=1).any()}


def test_an_atlas_holds_every_tile_and_halves_of_it() -> None:
    random = np.random.default_rng(0)
    shapes = {"a": (3, 32, 32), "b": (2, 7, 7), "c": (1, 20, 13, 3), "d": (60, 32, 32)}
    arrays = {path: random.integers(0, 256, each).astype(np.uint8) for path, each in shapes.items()}
    arrays["e"] = arrays["b"]
    palette = random.integers(0, 256, (256, 3)).astype(np.uint8)
    atlas = Atlas(NodePictures(None, arrays, "", palette))
    assert atlas.number["e"] == atlas.number["b"] and len(atlas.count) == 4
    assert atlas.numbers_of(["b", "nothing"]).tolist() == [atlas.number["b"], -1]
    for path, array in arrays.items():
        number = atlas.number[path]
        for tile in range(len(array)):
            image = atlas.image(number, tile).toImage().convertToFormat(QImage.Format.Format_RGB32)
            assert (image.height(), image.width()) == array.shape[1:3]
            found = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
            wanted = array[tile] if array.ndim == 4 else palette[array[tile]]
            assert np.array_equal(found[:, : image.width(), 2::-1], wanted)
    halves = {path: int(atlas.halvings[atlas.number[path]]) for path in arrays}
    assert halves == {"a": 2, "b": 0, "c": 1, "d": 2, "e": 0}
    corner = atlas.corner[1, atlas.first[atlas.number["a"]]]
    half = atlas.pixmap.toImage().pixelColor(QPoint(*corner.tolist()))
    four = palette[arrays["a"][0, :2, :2]].reshape(4, 3).astype(int).sum(axis=0) // 4
    assert half.getRgb()[:3] == tuple(four)


def test_as_many_tiles_as_fit_are_placed_in_a_row() -> None:
    areas = np.array([[10, 10, 100, 20], [0, 0, 30, 20], [5, 0, 100, 40], [0, 0, 4, 50]], float)
    sizes = np.array([[16, 16], [16, 16], [128, 32], [8, 8]])
    placed = place(areas, sizes, np.array([12, 12, 1, 3]), gap=2, unit=1)
    assert np.bincount(placed.owner).tolist() == [4, 1, 1, 1]
    assert placed.rect[:4, 0].tolist() == [10, 32, 54, 76]
    assert placed.rect[4].tolist() == [0, 0, 20, 20]
    assert placed.rect[5].tolist() == [5, 8, 100, 25]  # four times as wide as high
    assert placed.rect[6].tolist() == [0, 23, 4, 4]


def test_nodes_have_room_for_pictures_and_keep_their_place(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.open_preset("lenet5")
    canvas.actual_size()
    canvas.view.reveal("conv2")
    workspace.select(["conv2"])
    before = canvas.view.rect_of("conv2")
    at = canvas.view.mapFromScene(before.topLeft())
    show(workspace, conv1=plain(RED, GREEN), conv2=plain(BLUE))
    assert canvas.view.gliding.running
    qtbot.waitUntil(lambda: not canvas.view.gliding.running)
    after = canvas.view.rect_of("conv2")
    assert after.height() > before.height() + 40 and after.width() == before.width()
    moved = canvas.view.mapFromScene(after.topLeft()) - at
    assert moved.manhattanLength() <= 2
    assert seen(canvas, "conv2") == {BLUE} and not seen(canvas, "tanh2")
    canvas.view.reveal("conv1")
    assert seen(canvas, "conv1") == {RED, GREEN}
    design = workspace.design
    workspace.show_pictures(workspace.document, None)
    canvas.view.gliding.stop()
    assert workspace.design is design and canvas.view.rect_of("conv2") == before
    canvas.view.reveal("conv2")
    assert not seen(canvas, "conv2")


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize(("scale", "level"), [(1.0, DETAIL), (0.4, MAP), (0.2, OVERVIEW)])
def test_pictures_are_drawn_at_every_level_of_detail(
    canvas: Canvas, workspace: Workspace, right: bool, scale: float, level: int
) -> None:
    workspace.open_preset("lenet5")
    canvas.set_flow(right=right)
    show(workspace, pool1=plain(RED, GREEN, BLUE, RED, RED, RED))
    canvas.view.gliding.stop()
    canvas.view.navigator.look_at(canvas.view.rect_of("pool1").center(), scale)
    assert canvas.layer.level == level
    # Where the picture is all of a node, one of them has room in the narrower nodes to the right.
    most = {RED} if right and level == OVERVIEW else {RED, GREEN}
    assert most <= seen(canvas, "pool1")
    image = canvas.view.viewport().grab().toImage()
    rect = canvas.view.rect_of("pool1")
    height = (rect.height() * scale) * (1 if level == OVERVIEW else 0.35)
    x = canvas.view.mapFromScene(rect.topLeft() + QPointF(14, 0)).x()
    reds = sum(
        image.pixelColor(x, y).getRgb()[:3] == RED
        for y in range(*(pixel(canvas, each).y() for each in (rect.topLeft(), rect.bottomLeft())))
    )
    assert reds >= height - 2


def test_expanded_blocks_show_the_pictures_of_the_nodes_inside(
    canvas: Canvas, workspace: Workspace
) -> None:
    workspace.open_preset("resnet18")
    show(workspace, layer1=plain(RED), layer1__0__conv1=plain(GREEN), layer1__1__conv1=plain(BLUE))
    canvas.view.gliding.stop()
    canvas.view.navigator.look_at(canvas.view.rect_of("layer1").center(), 0.8)
    assert seen(canvas, "layer1") == {RED}
    canvas.view.toggle_expanded("layer1")
    canvas.view.gliding.stop()
    canvas.view.navigator.look_at(canvas.view.rect_of("layer1.0.conv1").center(), 0.8)
    assert seen(canvas, "layer1") == {GREEN}  # of the first pass, not of the whole block
    workspace.look_into("layer1.1")
    canvas.view.navigator.look_at(canvas.view.rect_of("layer1.1.conv1").center(), 0.8)
    assert seen(canvas, "layer1.1.conv1") == {BLUE}


def test_nodes_that_were_edited_since_show_none(canvas: Canvas, workspace: Workspace) -> None:
    workspace.open_preset("resnet18")
    pictures = show(workspace, conv1=plain(RED), layer1=plain(GREEN), fc=plain(BLUE))
    layer = canvas.layer

    def shown() -> set[str]:
        return {path for path in pictures.pictures if layer.picture[layer.arrays.row[path]] >= 0}

    assert shown() == {"conv1", "layer1", "fc"}
    x, y = canvas.view.positions("")["conv1"]
    workspace.edit("move", lambda d: edits.move(d, {"conv1": Point(x + 50, y)}))
    assert shown() == {"conv1", "layer1", "fc"}  # where a node lies does not matter
    workspace.edit("set", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 5))
    assert shown() == {"layer1", "fc"}
    workspace.edit(
        "set", lambda d: edits.set_parameter(d, "conv1", "bias", True, block="BasicBlock")
    )
    assert shown() == {"fc"}  # the block has another inside
    workspace.edit("set", lambda d: edits.set_argument(d, "classes", 7))
    assert shown() == set()  # fc has as many features as the argument says
    for _ in range(3):
        workspace.undo()
    assert shown() == {"conv1", "layer1", "fc"}


def test_the_minimap_and_saved_pictures_have_them(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    workspace.open_preset("lenet5")
    show(workspace, **{path: plain(RED) for path in workspace.design.graph.nodes})

    def in_the_minimap() -> int:
        image = canvas.minimap.grab().toImage()
        return sum(
            image.pixelColor(x, y).getRgb()[:3] == RED
            for x in range(image.width())
            for y in range(image.height())
        )

    qtbot.waitUntil(lambda: in_the_minimap() > 50)
    for name in ("network.png", "network.svg"):
        canvas.save_picture(tmp_path / name)
    image = QImage(str(tmp_path / "network.png"))
    row = canvas.layer.arrays.row["conv1"]
    bounds = canvas.layer.bounds()
    x, y, _, height = canvas.layer.arrays.box[row].tolist()
    point = QPointF(x + 20, y + height - 20) - bounds.topLeft() + QPointF(32, 32)
    assert image.pixelColor((2 * point).toPoint()) == QColor(*RED)
    assert (tmp_path / "network.svg").read_text().count("<image") == len(
        workspace.design.graph.nodes
    )


def test_the_card_of_a_node_says_what_its_pictures_are(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.open_preset("lenet5")
    design = workspace.design
    sentence = "Channels 3, 1 of 6, the strongest first."
    pictures = {"conv1": plain(RED)}
    found = NodePictures(design, pictures, "Feature maps of cat.png", figures={"conv1": sentence})
    workspace.show_pictures(workspace.document, found)
    canvas.view.gliding.stop()
    canvas.view.reveal("conv1")
    at = pixel(canvas, canvas.view.rect_of("conv1").center())
    qtbot.mouseMove(canvas.view.viewport(), at)
    card = canvas.view.notes.card
    qtbot.waitUntil(card.isVisible)
    assert "Feature maps of cat.png" in card.label.text() and sentence in card.label.text()
