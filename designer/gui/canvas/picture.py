"""Saving the graph that the canvas shows as a picture: vectors (SVG) or pixels (PNG)."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF
from PySide6.QtSvg import QSvgGenerator

from designer.errors import DesignerError
from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks
from designer.gui.canvas.captions import container_title
from designer.gui.canvas.containers import draw_container, draw_container_title
from designer.gui.canvas.layer import GraphLayer
from designer.gui.canvas.look import (
    FADED_OPACITY,
    Style,
    draw_badge,
    draw_body,
    draw_port,
    font,
    node_texts,
)
from designer.gui.canvas.measures import PICTURE_GAP
from designer.gui.canvas.node_pictures import NONE, place, strip_areas
from designer.gui.canvas.overlay_legend import PICTURE_SIZE, draw_legend
from designer.gui.canvas.targets import PortHit
from designer.gui.documents.graph_paths import name_of, parent
from designer.storage import save_file, unwritable

MARGIN = 32.0  # scene units around the graph
RATIO = 2.0  # pixels of a PNG for one scene unit
_MOST_PIXELS = 12_000  # of the longer side of a PNG: 550 MB for a square picture


def save(layer: GraphLayer, path: Path, name: str) -> None:
    """Write the whole graph as it looks now, in the format of the file's ending.

    Raises
    ------
    DesignerError
        The file's ending is unknown, there is nothing to draw, or it cannot be written.
    """
    bounds = layer.bounds()
    if bounds.isEmpty():
        raise DesignerError("The design has no nodes to draw yet; add a layer first.")
    area = bounds.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
    if layer.node_colors is not None:
        area.setHeight(area.height() + PICTURE_SIZE.height())
        area.setWidth(max(area.width(), PICTURE_SIZE.width() + 2 * MARGIN))
    ending = path.suffix.lower()
    if ending == ".svg":
        _save_svg(layer, path, name, area)
    elif ending == ".png":
        _save_png(layer, path, area)
    else:
        raise DesignerError(
            f"A picture is written as .svg or .png; {path.name} ends in neither. "
            "Choose one of these endings."
        )


def _save_svg(layer: GraphLayer, path: Path, name: str, area: QRectF) -> None:
    content = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(content)
    generator.setTitle(name)
    generator.setDescription("Drawn by Network Designer")
    generator.setResolution(96)
    size = QSize(round(area.width()), round(area.height()))
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    painter = QPainter()
    if not painter.begin(generator):
        raise DesignerError(f"The picture {path} cannot be drawn; save it as PNG.")
    painter.translate(-area.topLeft())
    draw(painter, layer, area)
    painter.end()
    _write(path, content)


def _save_png(layer: GraphLayer, path: Path, area: QRectF) -> None:
    longer = max(area.width(), area.height())
    ratio = min(RATIO, _MOST_PIXELS / longer)
    size = QSize(max(1, round(area.width() * ratio)), max(1, round(area.height() * ratio)))
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    if image.isNull():
        raise DesignerError("There is not enough memory for a PNG of this size; save it as SVG.")
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(ratio, ratio)
    painter.translate(-area.topLeft())
    draw(painter, layer, area)
    painter.end()
    content = QBuffer()
    # The stub asks for bytes, which PySide refuses at run time.
    image.save(content, "PNG")  # type: ignore[call-overload]
    _write(path, content)


def _write(path: Path, content: QBuffer) -> None:
    try:
        save_file(path, bytes(content.data().data()))
    except OSError as error:
        raise unwritable(path, error) from error


def draw(painter: QPainter, layer: GraphLayer, area: QRectF) -> None:
    """Draw the whole graph in full detail as vectors, with nothing selected."""
    look, arrays = layer.look, layer.arrays
    painter.fillRect(area, look.canvas)
    rows = range(len(arrays.paths))
    containers = [row for row in rows if arrays.kind[row] == a.CONTAINER]
    for row in sorted(containers, key=lambda each: int(arrays.depth[each])):
        bad = layer.node_colors is not None and bool(layer.suspicious[row])
        draw_container(painter, look, _rect(layer, row), int(arrays.bits[row]), suspicious=bad)
    for edge, wire in enumerate(arrays.wire):
        bits = int(arrays.wire_bits[edge])
        color = look.error if bits & marks.ERROR else look.wire
        painter.setOpacity(FADED_OPACITY if bits & marks.FADED else 1.0)
        painter.setPen(QPen(color, 1.8 if bits & marks.ERROR else 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in wire.tolist()]))
    painter.setOpacity(1.0)
    for row in rows:
        if arrays.kind[row] != a.CONTAINER and layer.box[row, 2] > 0:
            _draw_node(painter, layer, row)
    for row in containers:
        path = arrays.paths[row]
        texts = container_title(arrays.frames[parent(path)], name_of(path))
        draw_container_title(painter, look, _rect(layer, row), *texts)
    for row in rows:
        if layer.box[row, 2] > 0:
            _draw_ports(painter, layer, row)
        if arrays.bits[row] & (marks.ERROR | marks.WARNING):
            rect = _rect(layer, row)
            badge = QPointF(rect.right() - 4, rect.top() + 2)
            draw_badge(painter, look, badge, int(arrays.bits[row]))
    if layer.node_colors is not None:
        corner = area.bottomLeft() + QPointF(MARGIN, -PICTURE_SIZE.height() - MARGIN / 2)
        draw_legend(painter, look, corner, layer.node_colors)


def _rect(layer: GraphLayer, row: int) -> QRectF:
    return QRectF(*layer.arrays.box[row].tolist())


def _draw_node(painter: QPainter, layer: GraphLayer, row: int) -> None:
    arrays, look = layer.arrays, layer.look
    end = bool(arrays.kind[row] >= a.INPUT_END)
    rect = _rect(layer, row)
    bits = int(arrays.bits[row])
    style = Style(int(arrays.category[row]), end, bits)
    if layer.node_colors is not None:
        style = style._replace(step=int(layer.step[row]), suspicious=bool(layer.suspicious[row]))
    strip = 0.0 if end else arrays.flow.strip
    draw_body(painter, look, rect, style, strip=strip)
    inks = look.inks[look.ink_of_step[style.step]]
    path = arrays.paths[row]
    caption = layer.captions.of(arrays.frames[parent(path)], name_of(path), path)
    painter.setOpacity(FADED_OPACITY + 0.2 if bits & marks.FADED else 1.0)
    for each in node_texts(caption, rect.width(), rect.height() - strip, end):
        painter.setFont(font(each.size, each.bold))
        painter.setPen(inks[each.soft])
        painter.drawText(QPointF(rect.x() + each.x, rect.y() + each.y), each.text)
    painter.setOpacity(1.0)
    atlas = layer.atlas
    if atlas is not None and layer.picture[row] != NONE:
        number = int(layer.picture[row])
        size, count = atlas.size[number], atlas.count[number]
        box = arrays.box[row : row + 1]
        area = strip_areas(box, box[:, 3] - strip, 1.0)
        placed = place(area, size[None], count[None], gap=PICTURE_GAP, unit=1.0)
        for tile, rectangle in zip(placed.tile.tolist(), placed.rect.tolist(), strict=True):
            # An image of its own: in SVG the part of a larger one would be all of it.
            image = atlas.image(number, tile).toImage()
            painter.drawImage(QRectF(*rectangle), image)


def _draw_ports(painter: QPainter, layer: GraphLayer, row: int) -> None:
    arrays = layer.arrays
    color = layer.look.categories[int(arrays.category[row])]
    for output, count in ((False, arrays.inputs[row]), (True, arrays.outputs[row])):
        for port in range(int(count)):
            center = layer.port_position(PortHit(arrays.paths[row], port, output))
            if center is not None:
                draw_port(painter, layer.look, center, color)
