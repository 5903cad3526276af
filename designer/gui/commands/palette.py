"""The command palette: one field that finds everything the window can do or show."""

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from designer.gui.base import icons, lettering
from designer.gui.base.contrast import legible
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, mono, sans
from designer.gui.canvas.gestures.quick_add import close_open
from designer.gui.commands.actions import Actions
from designer.gui.commands.search import NODES_ONLY, Command, Search
from designer.gui.commands.window import Window

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole.UserRole
_WIDTH = 660
_ROWS = 11  # seen at once, in a window that is high enough
_TOP = 64  # pixels above it
_RADIUS = 8
_SIGN = 15


class CommandPalette(QFrame):
    """A field over a list; Enter runs the chosen row, Escape or a click outside closes it."""

    def __init__(self, window: Window, actions: Actions, text: str = "") -> None:
        super().__init__(window.frame, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command-palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.window_ = window
        self.frame = window.frame
        self.search = Search(window, actions)
        self.results = Results(self)
        self.field = _Field(self)
        self.list = QListView(objectName="command-results", uniformItemSizes=True)
        self.list.setAccessibleName("Search results")
        self.list.setModel(self.results)
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self.run)
        self.foot = QLabel(objectName="command-foot", textFormat=Qt.TextFormat.PlainText)
        self.foot.setFont(sans(0.88))
        down = QVBoxLayout(self)
        down.setContentsMargins(8, 8, 8, 6)
        down.setSpacing(6)
        down.addWidget(self.field)
        down.addWidget(self.list)
        down.addWidget(self.foot)
        self.list.setStyleSheet(f"QListView {{ background: {colors().panel}; }}")
        self.field.textChanged.connect(self._find)
        self.list.selectionModel().currentChanged.connect(self._explain)
        self.field.setText(text)
        self._find(text)

    def popup(self) -> None:
        """Show it at the top of its window in place of the quick-add list of the canvas."""
        close_open(self.window_.canvas.view)
        width = min(_WIDTH, self.frame.width() - 40)
        self.setFixedWidth(width)
        room = self.frame.height() - _TOP - 3 * self.field.sizeHint().height()
        self.list.setFixedHeight(max(3, min(_ROWS, room // row_height())) * row_height())
        top = self.frame.mapToGlobal(QPoint((self.frame.width() - width) // 2, _TOP))
        self.move(top)
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the corners off.

        A translucent background would be black there under a window manager that does not blend
        windows.
        """
        super().resizeEvent(event)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        self.setMask(QRegion(outline.toFillPolygon().toPolygon()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background with round corners, which a style sheet leaves out for popups."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colors().panel))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colors().strong_line))
        painter.setBrush(QColor(colors().panel))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS
        )

    def step(self, by: int) -> None:
        """Move the choice down by some rows; a single step wraps around at the ends."""
        number = self.results.rowCount()
        if number:
            now = self.list.currentIndex().row()
            row = (now + by) % number if abs(by) == 1 else max(0, min(number - 1, now + by))
            self.list.setCurrentIndex(self.results.index(row))

    def run(self) -> None:
        """Run the chosen row; if it cannot be done now, show why and stay open."""
        index = self.list.currentIndex()
        if not index.isValid():
            return
        command: Command = index.data(_ROLE)
        if command.refusal:
            self._explain(index)
            return
        self.close()
        self.window_.guarded(command.run)

    def _find(self, text: str) -> None:
        self.results.show(self.search.find(text))
        if self.results.rowCount():
            self.list.setCurrentIndex(self.results.index(0))
            self.list.scrollToTop()
        else:
            self._explain(QModelIndex())

    def _explain(self, index: _Index) -> None:
        """Show in the last line why the chosen row cannot be run, or which keys work."""
        c = colors()
        command: Command | None = index.data(_ROLE) if index.isValid() else None
        if command is None:
            words, color = f"Nothing matches “{self.field.text().strip()}”.", c.soft_text
        elif command.refusal:
            words, color = command.refusal, c.warning
        else:
            words = f"Enter runs it  ·  {NODES_ONLY} finds nodes only  ·  Escape closes"
            color = c.faint_text
        self.foot.setText(words)
        self.foot.setStyleSheet(f"color: {color}; padding: 0 4px;")


class _Field(QLineEdit):
    """The text field; the arrow keys move through the list below it."""

    def __init__(self, palette: CommandPalette) -> None:
        super().__init__(objectName="command-field")
        self._palette = palette
        self.setPlaceholderText("Search commands, layers, nodes, presets, files…")
        self.setAccessibleName("Search commands, layers, nodes, presets, files")
        self.setFont(sans(1.12))
        self.addAction(
            icons.icon("search", colors().faint_text), QLineEdit.ActionPosition.LeadingPosition
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, run, close, or type."""
        steps = {
            Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS - 1,
            Qt.Key.Key_PageUp: 1 - _ROWS, Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1,
        }  # fmt: skip
        if event.key() in steps:
            self._palette.step(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._palette.run()
        elif event.key() == Qt.Key.Key_Escape:
            self._palette.close()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next_: bool) -> bool:
        """Leave Tab to `keyPressEvent`, which moves through the list."""
        return False


class Results(QAbstractListModel):
    """The commands that were found, as rows."""

    def __init__(self, parent: QFrame) -> None:
        super().__init__(parent)
        self.commands: list[Command] = []

    def show(self, commands: list[Command]) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self.commands = commands
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self.commands)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a row, or its words."""
        command = self.commands[index.row()]
        if role == _ROLE:
            return command
        if role == Qt.ItemDataRole.DisplayRole:
            return command.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(command.refusal or command.detail)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{command.text}, {command.kind}, {command.refusal or command.detail}"
        return None


def row_height() -> int:
    """Return the height of a row in pixels."""
    return round(QFontMetricsF(sans()).height() * 1.85)


class _Delegate(QStyledItemDelegate):
    """Paints name, description, shortcut and kind."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Give every row the same height."""
        return QSize(100, row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a row."""
        c = colors()
        command: Command = index.data(_ROLE)
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.selection if selected else c.hover))
            painter.drawRoundedRect(rect.adjusted(0, 0.5, 0, -0.5), 5, 5)
        _paint_sign(painter, rect, command)
        metrics = QFontMetricsF(sans())
        baseline = rect.center().y() + (metrics.ascent() - metrics.descent()) / 2
        right = _paint_right(painter, rect, baseline, command, selected=selected)
        words, lit = c.text, legible(c.accent, c.panel, c.selection)
        if command.refusal:
            words = lit = c.faint_text if selected else c.disabled_text
        x = lettering.draw(
            painter,
            QPointF(rect.left() + 34, baseline),
            metrics.elidedText(
                command.text, Qt.TextElideMode.ElideRight, max(60.0, right - rect.left() - 44)
            ),
            command.positions,
            (sans(), sans(bold=True)),
            (words, lit),
        )
        painter.setFont(sans(0.9))
        painter.setPen(QColor(c.soft_text))
        room = right - x - 22
        if room > 40:
            words = QFontMetricsF(painter.font()).elidedText(
                command.refusal or command.detail, Qt.TextElideMode.ElideRight, room
            )
            painter.drawText(QPointF(x + 12, baseline), words)
        painter.restore()


def _paint_sign(painter: QPainter, rect: QRectF, command: Command) -> None:
    c = colors()
    if not command.icon:
        return
    shaped = command.icon.startswith("layer-")
    tint = c.of(command.category).name() if shaped else c.soft_text
    sign = QRectF(rect.left() + 10, rect.center().y() - _SIGN / 2, _SIGN, _SIGN)
    if command.refusal:
        tint = c.disabled_text
    icons.icon(command.icon, tint).paint(painter, sign.toRect())


def _paint_right(
    painter: QPainter, rect: QRectF, baseline: float, command: Command, *, selected: bool
) -> float:
    """Paint kind and shortcut at the right; return where they begin."""
    c = colors()
    painter.setFont(sans(0.85))
    kind = command.kind.lower()
    x = rect.right() - 10 - QFontMetricsF(painter.font()).horizontalAdvance(kind)
    painter.setPen(QColor(c.soft_text if selected else c.faint_text))
    painter.drawText(QPointF(x, baseline), kind)
    if command.keys:
        painter.setFont(mono(relative=0.85))
        width = QFontMetricsF(painter.font()).horizontalAdvance(command.keys) + 10
        height = QFontMetricsF(painter.font()).height() + 3
        cap = QRectF(x - 12 - width, rect.center().y() - height / 2, width, height)
        painter.setPen(QColor(c.line if c.dark else c.strong_line))
        painter.setBrush(QColor(c.field))
        painter.drawRoundedRect(cap, 4, 4)
        painter.setPen(QColor(c.soft_text))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, command.keys)
        x = cap.left()
    return x
