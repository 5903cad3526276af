"""The recent designs of the welcome page: a row for each file, gray if it is missing."""

from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QToolButton, QWidget

from designer import preferences
from designer.errors import DesignerError
from designer.gui.base import background, icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme

SHOWN = 6  # the others are in the File menu
_NARROWEST = 330  # width of a row in pixels


class RecentDesigns(QWidget):
    """The files that were opened last, in one column or two.

    Signals
    -------
    opened(path)
        The user chose a file.
    refused(sentence)
        Why a file cannot be opened, or the list not be stored.
    emptied()
        The last row was removed.
    """

    opened = Signal(Path)
    refused = Signal(str)
    emptied = Signal()

    def __init__(self, remembered: preferences.Preferences) -> None:
        super().__init__(objectName="recent-designs")
        self.preferences = remembered
        self.rows: list[RecentRow] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)

    def refresh(self) -> None:
        """Show the recent files; a thread then looks whether they still exist."""
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = [RecentRow(Path(text), self) for text in self.preferences.recent[:SHOWN]]
        for row in self.rows:
            row.clicked.connect(lambda _=False, row=row: self._chosen(row))
            row.removed.connect(lambda row=row: self._remove(row))
        self._place()
        paths = [row.path for row in self.rows]
        if paths:
            background.run(self, lambda: {path: _fault(path) for path in paths}, self._checked)

    def _checked(self, faults: dict[Path, str]) -> None:
        for row in self.rows:
            row.set_fault(faults.get(row.path, ""))

    def _chosen(self, row: "RecentRow") -> None:
        if row.fault:
            self.refused.emit(
                f"{row.path} cannot be opened: {row.fault}. "
                "Restore the file, or remove it from the list."
            )
        else:
            self.opened.emit(row.path)

    def _remove(self, row: "RecentRow") -> None:
        gone = str(row.path)
        self.preferences.recent = [each for each in self.preferences.recent if each != gone]
        try:
            preferences.store(self.preferences)
        except DesignerError as error:
            self.refused.emit(str(error))
        number = self.rows.index(row)
        self.refresh()
        if self.rows:
            self.rows[min(number, len(self.rows) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.emptied.emit()

    def _place(self) -> None:
        columns = max(1, min(2, self.width() // _NARROWEST))
        for row in self.rows:
            self._grid.removeWidget(row)
        for number, row in enumerate(self.rows):
            self._grid.addWidget(row, number // columns, number % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()


class RecentRow(QAbstractButton):
    """The name and folder of a file; the cross or the Delete key removes it from the list."""

    removed = Signal()

    def __init__(self, path: Path, parent: QWidget) -> None:
        super().__init__(parent, objectName=f"recent-{path.name}")
        self.path = path
        self.fault = ""
        self.setAccessibleName(f"{path.name} in {path.parent}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(tip(str(path)))
        self.cross = QToolButton(self, objectName="forget-recent")
        self.cross.setProperty("role", "close-tab")
        self.cross.setAccessibleName(f"Remove {path.name} from the list")
        self.cross.setToolTip("Remove from the list; the file itself stays.")
        self.cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cross.setCursor(Qt.CursorShape.ArrowCursor)
        self.cross.clicked.connect(self.removed)
        self.cross.setIconSize(QSize(12, 12))
        self.cross.hide()
        self._draw()
        theme.changed.connect(self._draw)
        self.show()

    def set_fault(self, fault: str) -> None:
        """Gray the row if there is a fault; "" removes the gray."""
        self.fault = fault
        self.setToolTip(tip(f"{self.path}\n{fault.capitalize()}." if fault else str(self.path)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_NARROWEST, round(QFontMetricsF(self.font()).height() * 2.1))

    def paintEvent(self, event: QPaintEvent) -> None:
        c = colors()
        lit = self.underMouse() or self.hasFocus()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(c.accent if self.hasFocus() else c.line))
        painter.setBrush(QColor(c.hover if lit else c.panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setOpacity(0.5 if self.fault else 1.0)
        size, middle = 15, self.height() / 2
        sign = icons.icon("problem-warning" if self.fault else "clock", c.soft_text)
        sign.paint(painter, 11, round(middle - size / 2), size, size)
        left, right = 35.0, self.width() - (34.0 if lit else 12.0)
        font = sans(bold=True)
        metrics = QFontMetricsF(font)
        name = metrics.elidedText(
            self.path.name, Qt.TextElideMode.ElideMiddle, (right - left) * (0.62)
        )
        baseline = middle + (metrics.ascent() - metrics.descent()) / 2
        painter.setFont(font)
        painter.setPen(QColor(c.text))
        painter.drawText(QPointF(left, baseline), name)
        left += metrics.horizontalAdvance(name) + 10
        painter.setFont(sans(0.9))
        painter.setPen(QColor(c.soft_text))
        words = self.fault or _short(self.path.parent)
        elided = QFontMetricsF(painter.font()).elidedText(
            words, Qt.TextElideMode.ElideMiddle, right - left
        )
        painter.drawText(QPointF(left, baseline), elided)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the file with Enter, remove it from the list with Delete."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = min(22, self.height() - 6)
        self.cross.setGeometry(self.width() - side - 7, (self.height() - side) // 2, side, side)

    def event(self, event: QEvent) -> bool:
        """Show the cross while the row has the pointer or the focus."""
        result = super().event(event)
        if event.type() in (
            QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.FocusIn, QEvent.Type.FocusOut,
        ):  # fmt: skip
            self.cross.setVisible(self.underMouse() or self.hasFocus())
            self.update()
        return result

    def _draw(self) -> None:
        self.cross.setIcon(icons.icon("close", colors().soft_text))
        self.update()


def _short(folder: Path) -> str:
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)


def _fault(path: Path) -> str:
    """Return why a file cannot be opened; "" if it can."""
    if path.is_file():
        return ""
    return "the file is missing" if path.parent.is_dir() else "its folder cannot be reached"
