"""A read-only view of Python source with colors, line numbers and marked lines."""

from collections.abc import Sequence
from itertools import islice

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from designer.gui.base.theme import colors, mono
from designer.gui.panels import python_colors
from designer.gui.panels.shared import runs

MOST_MARKS = 500  # marks and matches, because Qt examines each of them for every painted line
_COLORED = 1  # the user state of a text block that has its colors


class CodeView(QPlainTextEdit):
    """A read-only text with a margin of line numbers.

    Signals
    -------
    line_chosen(number)
        The user clicked a line or moved the cursor to it; lines count from 1.
    find_requested()
        Ctrl+F was pressed.
    """

    line_chosen = Signal(int)
    find_requested = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="code")
        self.setAccessibleName("Generated Python")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.marked: Sequence[int] = ()
        self._matches: list[QTextEdit.ExtraSelection] = []
        self._faded = False
        self._line = 1
        self._moving = False  # whether the program, not the user, is moving the cursor
        self._in_string: frozenset[int] = frozenset()
        self._formats = python_colors.token_formats()
        self._margin = _Margin(self)
        self.blockCountChanged.connect(self._fit_margin)
        self.updateRequest.connect(self._scrolled)
        self.cursorPositionChanged.connect(self._cursor_moved)
        self.redraw()

    # The text

    def show_text(self, text: str) -> None:
        """Show another text, keeping the scroll position."""
        if text == self.toPlainText():
            return
        scrolled = self.verticalScrollBar().value(), self.horizontalScrollBar().value()
        line = self._line
        self._in_string = python_colors.long_strings(text.split("\n"))
        self._moving = True
        self.setPlainText(text)
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            self.setTextCursor(QTextCursor(block))
        self._moving = False
        self.verticalScrollBar().setValue(scrolled[0])
        self.horizontalScrollBar().setValue(scrolled[1])

    def set_faded(self, faded: bool) -> None:
        """Dim the text, because it no longer corresponds to the design."""
        if faded != self._faded:
            self._faded = faded
            self.redraw()

    def mark(self, lines: Sequence[int], *, show: bool) -> None:
        """Mark lines, counted from 1; with `show`, scroll to the first if it is not visible."""
        self.marked = tuple(lines)
        self._show_marks()
        if lines and show:
            block = self.document().findBlockByNumber(lines[0] - 1)
            first = self.firstVisibleBlock().blockNumber()
            height = max(self.viewport().height() // max(self.fontMetrics().lineSpacing(), 1), 1)
            if not first <= lines[0] - 1 <= first + height - 2:
                self.verticalScrollBar().setValue(max(lines[0] - 1 - height // 3, 0))
            if self._line not in lines:
                self._moving = True
                self.setTextCursor(QTextCursor(block))
                self._moving = False
                self.horizontalScrollBar().setValue(0)

    def show_matches(self, words: str) -> int:
        """Highlight all occurrences of `words`, and return their number."""
        self._matches = []
        c = colors()
        color = QColor(c.warning)
        color.setAlphaF(0.35)
        cursor = QTextCursor(self.document())
        while words and len(self._matches) < MOST_MARKS:
            cursor = self.document().find(words, cursor)
            if cursor.isNull():
                break
            match = QTextEdit.ExtraSelection()
            match.cursor = cursor
            match.format.setBackground(color)
            self._matches.append(match)
        self._show_marks()
        return len(self._matches)

    def go_to_match(self, step: int, *, from_here: bool = False) -> int:
        """Go to the next match (1) or the previous one (-1).

        Parameters
        ----------
        step
            1 or -1.
        from_here
            Whether a match at the cursor counts as the next one.

        Returns
        -------
        int
            The number of the match, from 1; 0 if there is none.
        """
        if not self._matches:
            return 0
        here = self.textCursor().selectionStart()
        starts = [match.cursor.selectionStart() for match in self._matches]
        if step > 0:
            number = next(
                (n for n, at in enumerate(starts) if at > here or (from_here and at == here)), 0
            )
        else:
            before = [n for n, at in enumerate(starts) if at < here]
            number = before[-1] if before else len(starts) - 1
        self.setTextCursor(self._matches[number].cursor)
        self.centerCursor()
        return number + 1

    # Colors and marks

    def redraw(self) -> None:
        """Use the theme's colors and the application's font."""
        c = colors()
        font = mono(relative=0.95)
        font.setFeature(QFont.Tag("calt"), 0)  # no ligatures: == stays two signs
        self.setFont(font)
        self._formats = python_colors.token_formats()
        if self._faded:
            for each in self._formats.values():
                each.setForeground(QColor(c.faint_text))
        text = c.faint_text if self._faded else c.text
        self.setStyleSheet(
            f"#code {{ background: {c.window}; color: {text}; border: 0; border-radius: 0;"
            " padding: 0; }"
        )
        block = self.document().firstBlock()
        while block.isValid():
            block.setUserState(-1)
            block = block.next()
        self._fit_margin()
        self._show_marks()
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Color the visible lines that have no colors yet, then paint them."""
        block, bottom = self.firstVisibleBlock(), self.viewport().height()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= bottom:
            if block.userState() != _COLORED:
                python_colors.paint(block, self._formats, self._in_string)
                block.setUserState(_COLORED)
            top += self.blockBoundingRect(block).height()
            block = block.next()
        super().paintEvent(event)

    def _show_marks(self) -> None:
        marks = []
        for first, last in islice(runs(self.marked), MOST_MARKS):
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(self.document().findBlockByNumber(first - 1))
            # Including its line end, so that the last line is marked in its full width.
            end = self.document().findBlockByNumber(last - 1)
            beyond = min(end.position() + end.length(), self.document().characterCount() - 1)
            mark.cursor.setPosition(beyond, QTextCursor.MoveMode.KeepAnchor)
            mark.format.setBackground(QColor(colors().selection))
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            marks.append(mark)
        self.setExtraSelections([*marks, *self._matches])
        self._margin.update()

    # The margin

    def margin_width(self) -> int:
        """Return the width of the margin in pixels."""
        digits = max(len(str(self.blockCount())), 3)
        return QFontMetrics(self.font()).horizontalAdvance("0") * digits + 20

    def paint_margin(self, painter: QPainter, rect: QRect) -> None:
        """Paint the line numbers."""
        c = colors()
        painter.fillRect(rect, QColor(c.window))
        painter.setFont(self.font())
        marked = set(self.marked)
        block: QTextBlock = self.firstVisibleBlock()
        geometry = self.blockBoundingGeometry(block).translated(self.contentOffset())
        top, bottom = geometry.top(), rect.bottom()
        while block.isValid() and top <= bottom:
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber() + 1
            painter.setPen(QColor(c.text if number in marked else c.faint_text))
            place = QRect(0, round(top), self._margin.width() - 10, round(height))
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, str(number))
            top += height
            block = block.next()

    def _fit_margin(self) -> None:
        self.setViewportMargins(self.margin_width(), 0, 0, 0)
        self._place_margin()

    def _place_margin(self) -> None:
        area = self.contentsRect()
        self._margin.setGeometry(area.x(), area.y(), self.margin_width(), area.height())

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if dy:
            self._margin.scroll(0, dy)
        else:
            self._margin.update(0, rect.y(), self._margin.width(), rect.height())

    # Events

    def _cursor_moved(self) -> None:
        line = self.textCursor().blockNumber() + 1
        if line != self._line:
            self._line = line
            if not self._moving and not self.textCursor().hasSelection():
                self.line_chosen.emit(line)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Report a click also on the line that has the cursor already."""
        before = self._line
        super().mousePressEvent(event)
        if self._line == before and event.button() == Qt.MouseButton.LeftButton:
            self.line_chosen.emit(before)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_margin()

    def event(self, event: QEvent) -> bool:
        """Handle Ctrl+F here, so that the window does not search for a node."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Find)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Find):
            self.find_requested.emit()
        else:
            super().keyPressEvent(event)


class _Margin(QWidget):
    """The line numbers at the left of the text."""

    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self.view = view

    def sizeHint(self) -> QSize:
        return QSize(self.view.margin_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.view.paint_margin(QPainter(self), event.rect())
