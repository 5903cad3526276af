"""Paints the rows of the palette and the picture of a dragged node."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QIcon, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from designer.gui.base import icons, lettering
from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors, sans
from designer.gui.documents.palette_entries import Entry, Header

ROW = Qt.ItemDataRole.UserRole  # of a model: the `PaletteRow`
FITS = Qt.ItemDataRole.UserRole + 1  # False if an entry cannot take the output of the selected node
_FADED = 0.42
_SIGN = 14  # width of the icon, in logical pixels


class RowDelegate(QStyledItemDelegate):
    """Paints headers in small capitals, and entries with their icon and the matched letters."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        height = option.fontMetrics.height()
        header = isinstance(index.data(ROW), Header)
        return QSize(100, round(height * (1.95 if header else 1.55)))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if isinstance(row, Header):
            _paint_header(painter, option.rect, row, selected and _focused(option))
        else:
            fits = index.data(FITS) is not False
            _paint_entry(painter, option.rect, row, selected, hovered, fits)
        painter.restore()


def _focused(option: QStyleOptionViewItem) -> bool:
    view = option.widget
    return isinstance(view, QListView) and view.hasFocus()


def header_font() -> QFont:
    """Return the font of headers: small capitals, spaced."""
    font = sans(0.82)
    font.setCapitalization(QFont.Capitalization.AllUppercase)
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 105)
    return font


def _paint_header(painter: QPainter, rect: QRect, row: Header, focused: bool) -> None:
    c = colors()
    font = header_font()
    metrics = QFontMetricsF(font)
    baseline = rect.bottom() - metrics.descent() - 4
    painter.setFont(font)
    painter.setPen(QColor(c.text if focused else c.soft_text))
    painter.drawText(QPointF(rect.left() + 3, baseline), row.title)
    if not row.foldable:
        return
    # A chevron: down for open, right for closed.
    middle = QPointF(rect.right() - 12, baseline - metrics.capHeight() / 2)
    shape = [(-3, -1.5), (0, 1.5), (3, -1.5)] if row.open else [(-1.5, -3), (1.5, 0), (-1.5, 3)]
    painter.setPen(QColor(c.text if focused else c.faint_text))
    painter.drawPolyline(QPolygonF([middle + QPointF(x, y) for x, y in shape]))


def _paint_entry(
    painter: QPainter, rect: QRect, row: Entry, selected: bool, hovered: bool, fits: bool
) -> None:
    c = colors()
    if selected or hovered:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.selection if selected else c.hover))
        painter.drawRoundedRect(QRectF(rect).adjusted(0, 0.5, -6, -0.5), 4, 4)
    if not fits:
        painter.setOpacity(_FADED)
    sign = QRectF(rect.left() + 3, rect.center().y() - _SIGN / 2 + 0.5, _SIGN, _SIGN)
    sign_of(row).paint(painter, sign.toRect())
    left = sign.right() + 8
    right = rect.right() - 12.0
    soft_font = sans(0.85)
    soft = row.soft
    width = QFontMetricsF(soft_font).horizontalAdvance(soft)
    painter.setFont(sans())
    metrics = QFontMetricsF(painter.font())
    if soft and left + metrics.horizontalAdvance(row.text) + 10 + width > right:
        soft = soft.partition(" · ")[0]  # only the year where there is no room
        width = QFontMetricsF(soft_font).horizontalAdvance(soft)
    if soft and left + metrics.horizontalAdvance(row.text) + 10 + width > right:
        soft, width = "", 0
    text = metrics.elidedText(row.text, Qt.TextElideMode.ElideRight, right - left)
    baseline = rect.center().y() + 0.5 + (metrics.ascent() - metrics.descent()) / 2
    lit = legible(c.accent, c.window, c.selection)
    fonts, start = (sans(), sans(bold=True)), QPointF(left, baseline)
    lettering.draw(painter, start, text, row.positions, fonts, (c.text, lit))
    if soft:
        painter.setFont(soft_font)
        painter.setPen(QColor(c.soft_text if selected or hovered else c.faint_text))
        painter.drawText(QPointF(right - width, baseline), soft)


def sign_of(row: Entry) -> QIcon:
    """Return the icon of an entry in its color."""
    if row.item.kind == "preset":
        return icons.icon("gallery", colors().soft_text)
    return icons.category_icon(row.category)


def ghost(row: Entry, ratio: float) -> QPixmap:
    """Return the picture that follows the pointer while an entry is dragged."""
    c = colors()
    title, small = sans(bold=True), sans(0.85)
    width = max(132.0, QFontMetricsF(title).horizontalAdvance(row.text) + 52)
    height = QFontMetricsF(title).height() + QFontMetricsF(small).height() + 14
    picture = QPixmap(round(width * ratio), round(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.92)
    body = QRectF(0.75, 0.75, width - 1.5, height - 1.5)
    painter.setPen(QColor(c.accent))
    painter.setBrush(QColor(c.panel))
    painter.drawRoundedRect(body, 5, 5)
    color = c.of(row.category) if row.item.kind != "preset" else QColor(c.soft_text)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(3, 4, 3.5, height - 8), 1.75, 1.75)
    sign_of(row).paint(painter, QRect(round(width) - 24, 7, _SIGN, _SIGN))
    painter.setPen(QColor(c.text))
    painter.setFont(title)
    baseline = 7 + QFontMetricsF(title).ascent()
    painter.drawText(QPointF(13, baseline), row.text)
    painter.setPen(QColor(c.soft_text))
    painter.setFont(small)
    below = baseline + QFontMetricsF(title).descent() + QFontMetricsF(small).ascent()
    painter.drawText(QPointF(13, below), row.group.removesuffix("s of this design"))
    painter.end()
    return picture
