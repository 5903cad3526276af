"""The canvas's colors and fonts in the present theme, and the drawing of single parts.

Everything is drawn in scene units with a painter at any scale, so that the same code draws the
sprites of the window and the vectors of a saved picture.
"""

from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QStaticText,
)
from PySide6.QtSvg import QSvgRenderer

from designer.gui.base import color_map, icons
from designer.gui.base.theme import SANS, Colors, colors
from designer.gui.canvas import arrays, marks
from designer.gui.canvas.captions import Caption
from designer.gui.canvas.measures import (
    EDGE_BAR,
    ICON,
    ICON_LEFT,
    NAME_TEXT,
    PORT,
    RADIUS,
    SMALL_TEXT,
    STACK,
    TEXT_LEFT,
    TEXT_RIGHT,
)
from designer.gui.canvas.node_colors import NO_VALUE

FADED_OPACITY = 0.38
HATCHING = 9.0
"""Distance of the slanted lines of an opaque node, in scene units across."""
_BLACK, _WHITE = QColor("#000000"), QColor("#ffffff")


class Style(NamedTuple):
    """All that the body of a node depends on; the key of its sprite.

    Attributes
    ----------
    category
        Its index in `arrays.CATEGORIES`.
    end
        Whether it is an input or output of the block that is shown.
    bits
        The bits of `marks`.
    step
        The step of the color map that its value has; `NO_VALUE` for none.
    suspicious
        Whether its value, or one inside it, is suspicious.
    """

    category: int
    end: bool = False
    bits: int = 0
    selected: bool = False
    hovered: bool = False
    icon: bool = True
    step: int = NO_VALUE
    suspicious: bool = False


class Look:
    """The colors of the canvas in the present theme."""

    def __init__(self) -> None:
        c: Colors = colors()
        self.colors = c
        self.text = QColor(c.text)
        self.soft = QColor(c.soft_text)
        self.faint = QColor(c.faint_text)
        self.panel = QColor(c.panel)
        self.hover = QColor(c.hover)
        self.canvas = QColor(c.canvas)
        self.line = QColor(c.line)
        self.outline = mixed(QColor(c.line), QColor(c.strong_line), 0.35)
        self.wire = mixed(QColor(c.strong_line), QColor(c.soft_text), 0.3)
        self.accent = QColor(c.accent)
        self.error = QColor(c.error)
        self.warning = QColor(c.warning)
        self.success = QColor(c.success)
        self.selected = QColor("#ffffff") if c.dark else QColor(c.accent)
        self.weight_status = {
            marks.WEIGHT_STATUS["kept"]: self.success,
            marks.WEIGHT_STATUS["new"]: self.accent,
            marks.WEIGHT_STATUS["resized"]: self.warning,
        }
        self.frozen = QColor("#7cc8f4") if c.dark else QColor("#1f7fb4")
        self.dot = mixed(QColor(c.canvas), QColor(c.strong_line), 0.45 if c.dark else 0.6)
        self.categories = [c.of(category) for category in arrays.CATEGORIES]
        self.block_name = QColor(c.text_of(None))
        # In the overview a node is a rectangle of its color, paler so that errors stand out.
        self.blocks = [mixed(color, self.canvas, 0.22) for color in self.categories]
        # The colors of steps; the last one, gray, is that of `NO_VALUE`.
        self.steps = [*color_map.palette(), mixed(self.canvas, self.outline, 0.75)]
        # The usual text and soft text, then what can be read on light and on dark steps.
        self.inks = ((self.text, self.soft), (_BLACK, _BLACK), (_WHITE, _WHITE))
        self.ink_of_step = [1 if dark else 2 for dark in color_map.dark_text()] + [0]

    def outline_of(self, style: Style) -> tuple[QColor, float]:
        """Return the color and width of a node's outline."""
        if style.selected:
            return self.selected, 1.8
        if style.bits & marks.ERROR:
            return self.error, 1.5
        if style.bits & marks.WARNING:
            return self.warning, 1.2
        if style.bits & marks.ORIGIN:
            return self.error, 1.0
        return self.outline, 1.0


def mixed(one: QColor, two: QColor, part: float) -> QColor:
    """Return a color between two: the first at part 0, the second at part 1."""
    return QColor.fromRgbF(
        one.redF() + (two.redF() - one.redF()) * part,
        one.greenF() + (two.greenF() - one.greenF()) * part,
        one.blueF() + (two.blueF() - one.blueF()) * part,
    )


@lru_cache(maxsize=8)  # the canvas uses five
def font(size: int, bold: bool = False) -> QFont:
    """Return the font of the canvas, `size` scene units high."""
    result = QFont(SANS)
    result.setPixelSize(size)
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    result.setFeature(QFont.Tag("calt"), 0)  # this ligature would turn the x of conv3x3 into ×
    if bold:
        result.setWeight(QFont.Weight.DemiBold)
    return result


@lru_cache(maxsize=8)  # as many as fonts
def metrics(size: int, bold: bool = False) -> QFontMetricsF:
    """Return the metrics of the canvas's font of this size."""
    return QFontMetricsF(font(size, bold))


# Bound of the three caches below, which save shortening and laying out texts in every frame:
# 700 texts are drawn in 1.9 ms as QStaticText, in 3.5 ms as strings. It holds all texts of about
# 5,000 nodes; in larger designs the texts that were out of sight longest are made again.
_MOST_TEXTS = 20_000


@lru_cache(maxsize=_MOST_TEXTS)
def elided(text: str, width: float, size: int, bold: bool = False) -> tuple[str, float]:
    """Return a text shortened to a width, and the width it then has.

    Names, which are bold, lose their middle: mostly they differ at the end.
    """
    measures = metrics(size, bold)
    natural = measures.horizontalAdvance(text)
    if natural <= width:
        return text, natural
    mode = Qt.TextElideMode.ElideMiddle if bold else Qt.TextElideMode.ElideRight
    short = measures.elidedText(text, mode, width)
    return short, measures.horizontalAdvance(short)


@lru_cache(maxsize=_MOST_TEXTS)
def static_text(text: str, size: int, bold: bool) -> QStaticText:
    """Return a text in the canvas's font that Qt has laid out already."""
    static = QStaticText(text)
    static.setTextFormat(Qt.TextFormat.PlainText)
    static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    static.prepare(font=font(size, bold))
    return static


@lru_cache(maxsize=64)  # categories times themes
def _sign(category: int, color: str) -> QSvgRenderer:
    return icons.renderer(icons.category_file(arrays.CATEGORIES[category]), color)


@lru_cache(maxsize=64)  # as many as signs
def _opaque_sign(color: str) -> QSvgRenderer:
    return icons.renderer("layer-opaque", color)


@lru_cache(maxsize=4)  # one for each theme
def _snowflake(color: str) -> QSvgRenderer:
    return icons.renderer("freeze", color)


def draw_body(
    painter: QPainter,
    look: Look,
    rect: QRectF,
    style: Style,
    *,
    thicker: float = 1.0,
    strip: float = 0.0,
) -> None:
    """Draw a node without its texts and ports.

    At a small scale `thicker`, a factor of line widths, keeps the lines visible. `strip` is the
    height of the lower part that pictures are drawn on.
    """
    color = look.categories[style.category]
    if style.bits & marks.FADED:
        painter.setOpacity(FADED_OPACITY)
    outline, width = look.outline_of(style)
    fill = look.hover if style.hovered else look.panel
    sign = color
    if style.step != NO_VALUE:
        fill, (sign, _) = look.steps[style.step], look.inks[look.ink_of_step[style.step]]
        fill = mixed(fill, sign, 0.15) if style.hovered else fill
    elif style.bits & marks.FROZEN:
        fill = mixed(fill, look.frozen, 0.16)
    radius = rect.height() / 2 if style.end else RADIUS
    if style.bits & marks.STACK:
        for step in (2, 1):
            painter.setPen(QPen(look.outline, thicker))
            painter.setBrush(QBrush(mixed(look.panel, look.canvas, 0.3 * step)))
            painter.drawRoundedRect(rect.translated(STACK * step, STACK * step), radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(fill))
    painter.drawRoundedRect(rect, radius, radius)
    opaque = bool(style.bits & marks.OPAQUE)
    if not style.end:
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(rect, radius, radius)
        painter.setClipPath(clip, Qt.ClipOperation.IntersectClip)
        if opaque:
            draw_hatching(painter, rect, mixed(fill, look.soft, 0.22), thicker)
        painter.fillRect(QRectF(rect.left(), rect.top(), EDGE_BAR * thicker, rect.height()), color)
        status = look.weight_status.get(style.bits & marks.ANY_WEIGHT_STATUS)
        if status is not None:
            bar = EDGE_BAR * thicker
            painter.fillRect(QRectF(rect.right() - bar, rect.top(), bar, rect.height()), status)
        painter.restore()
        if style.bits & marks.FADED:
            painter.setOpacity(FADED_OPACITY)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(outline, width * thicker)
    if style.bits & marks.FADED or opaque:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.drawRoundedRect(rect, radius, radius)
    if style.suspicious:
        draw_suspicious(painter, look, rect, radius, thicker)
    if style.icon and not style.end:
        middle = rect.center().y() - strip / 2
        square = QRectF(rect.left() + ICON_LEFT, middle - ICON / 2, ICON, ICON)
        renderer = _opaque_sign(sign.name()) if opaque else _sign(style.category, sign.name())
        renderer.render(painter, square)
    if style.icon and style.bits & marks.ANY_WEIGHT_STATUS:
        draw_weight_status(
            painter, look, QPointF(rect.left() + ICON_LEFT + ICON, rect.top() + 11), style.bits
        )
    if style.icon and style.bits & marks.FROZEN:
        corner = QPointF(rect.left() + ICON_LEFT + ICON, rect.bottom() - strip - 11)
        draw_snowflake(painter, look, corner)
    painter.setOpacity(1.0)


def draw_hatching(painter: QPainter, rect: QRectF, color: QColor, thicker: float) -> None:
    """Draw the slanted lines of a node that stands for an operation that no layer expresses."""
    painter.setPen(QPen(color, 1.2 * thicker))
    left = rect.left() - rect.height()
    while left < rect.right():
        painter.drawLine(QPointF(left, rect.bottom()), QPointF(left + rect.height(), rect.top()))
        left += HATCHING


def draw_suspicious(
    painter: QPainter, look: Look, rect: QRectF, radius: float, thicker: float = 1.0
) -> None:
    """Draw the outline of a node whose value is suspicious, set off from its own color."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((look.canvas, 4.6), (look.error, 2.6)):
        painter.setPen(QPen(color, width * thicker))
        painter.drawRoundedRect(rect, radius, radius)


def draw_snowflake(painter: QPainter, look: Look, center: QPointF) -> None:
    """Draw the snowflake of a frozen node, on a disc that sets it off from the icon below."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(mixed(look.panel, look.frozen, 0.16)))
    painter.drawEllipse(center, 7.5, 7.5)
    _snowflake(look.frozen.name()).render(painter, QRectF(center.x() - 6, center.y() - 6, 12, 12))


def draw_weight_status(painter: QPainter, look: Look, center: QPointF, bits: int) -> None:
    """Draw what becomes of a node's weights: a tick (kept), a plus (new) or ≠ (resized)."""
    status = bits & marks.ANY_WEIGHT_STATUS
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(look.weight_status[status]))
    painter.drawEllipse(center, 6.5, 6.5)
    pen = QPen(QColor("#ffffff") if not look.colors.dark else look.canvas, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    signs = {"kept": _TICK, "new": _PLUS, "resized": _UNEQUAL}
    name = next(name for name, each in marks.WEIGHT_STATUS.items() if each == status)
    for x1, y1, x2, y2 in signs[name]:
        painter.drawLine(center + QPointF(x1, y1), center + QPointF(x2, y2))


_TICK = ((-2.8, 0.2, -0.9, 2.3), (-0.9, 2.3, 3.0, -2.2))
_PLUS = ((-3.0, 0.0, 3.0, 0.0), (0.0, -3.0, 0.0, 3.0))
_UNEQUAL = ((-2.9, -1.4, 2.9, -1.4), (-2.9, 1.4, 2.9, 1.4), (1.6, -3.2, -1.6, 3.2))


def draw_port(
    painter: QPainter, look: Look, center: QPointF, color: QColor, *, filled: bool = False
) -> None:
    """Draw a port's circle."""
    painter.setPen(QPen(color, 1.4))
    painter.setBrush(QBrush(color if filled else look.canvas))
    painter.drawEllipse(center, PORT - 0.7, PORT - 0.7)


def draw_badge(painter: QPainter, look: Look, center: QPointF, bits: int) -> None:
    """Draw the sign of a problem: a disc for an error, a triangle for a warning."""
    error = bool(bits & marks.ERROR)
    painter.setPen(QPen(look.canvas, 1.5))
    painter.setBrush(QBrush(look.error if error else look.warning))
    if error:
        painter.drawEllipse(center, 7.0, 7.0)
    else:
        path = QPainterPath(center + QPointF(0, -8))
        path.lineTo(center + QPointF(8.5, 7))
        path.lineTo(center + QPointF(-8.5, 7))
        path.closeSubpath()
        painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor("#ffffff") if error else look.canvas))
    painter.drawRoundedRect(QRectF(center.x() - 0.9, center.y() - 4, 1.8, 5), 0.9, 0.9)
    painter.drawEllipse(center + QPointF(0, 3.4), 1.05, 1.05)


TALL = 52.0
"""Height of a node, in scene units, beyond which its shape has a line of its own."""


class NodeText(NamedTuple):
    """A piece of a node's text: where its baseline begins relative to the node, and its style."""

    x: float
    y: float
    text: str
    size: int
    bold: bool = False
    soft: bool = False


@lru_cache(maxsize=_MOST_TEXTS)
def node_texts(caption: Caption, width: float, height: float, end: bool) -> tuple[NodeText, ...]:
    """Return the texts of a node (or block's end) of this size, shortened to fit."""
    if end:
        text, advance = elided(caption.name, width - 20, SMALL_TEXT, True)
        return (NodeText((width - advance) / 2, height / 2 + 4, text, SMALL_TEXT, True),)
    room = width - TEXT_LEFT - TEXT_RIGHT
    tall = height > TALL  # a line more, for the shape
    result = []
    repeat = 0.0
    if caption.repeat:
        text, advance = elided(caption.repeat, 48.0, SMALL_TEXT, True)
        repeat = advance + 8.0
        result.append(
            NodeText(width - TEXT_RIGHT - advance, 18.5, text, SMALL_TEXT, bold=True, soft=True)
        )
    shape, advance = elided(caption.shape, room if tall else room * 0.6, SMALL_TEXT)
    left, base = (TEXT_LEFT, 50.5) if tall else (width - TEXT_RIGHT - advance, 34.5)
    result.append(NodeText(left, base, shape, SMALL_TEXT, soft=True))
    name, _ = elided(caption.name, room - repeat, NAME_TEXT, True)
    result.append(NodeText(TEXT_LEFT, 18.5, name, NAME_TEXT, bold=True))
    summary, _ = elided(caption.summary, room if tall else room - advance - 8.0, SMALL_TEXT)
    result.append(NodeText(TEXT_LEFT, 34.5, summary, SMALL_TEXT, soft=True))
    return tuple(result)
