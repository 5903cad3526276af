"""The head of the inspector: the editable name, and a line that says what is selected."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from designer.gui.base import icons
from designer.gui.base.theme import sans, theme
from designer.gui.forms.editors import TextEditor
from designer.gui.forms.rows import Row
from designer.gui.inspector.contents import Contents


class Title(QWidget):
    """The name or heading and, below it, type and help.

    Signals
    -------
    committed(row, value, merge)
        A new name was entered; `merge` is None, since it is always a step of its own.
    """

    committed = Signal(Row, object, object)

    def __init__(self) -> None:
        super().__init__(objectName="title")
        self.row: Row | None = None
        self._contents: Contents | None = None
        self.grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 2)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self.name = TextEditor()
        self.name.setObjectName("node-name")
        self.name.setAccessibleName("Name")
        self.name.setProperty("heading", True)
        self.name.textEdited.connect(self._edited)
        self.name.committed.connect(self._commit)
        self.name.left.connect(self._leave)
        self.name.escaped.connect(self._restore)
        self.heading = QLabel("", objectName="heading", textFormat=Qt.TextFormat.PlainText)
        self.sign = QLabel("", objectName="category", textFormat=Qt.TextFormat.PlainText)
        self.kind = QLabel(
            "", wordWrap=True, objectName="type-line", textFormat=Qt.TextFormat.PlainText
        )
        self.kind.setProperty("role", "soft")
        self.kind.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.help = QLabel(
            "", wordWrap=True, objectName="type-help", textFormat=Qt.TextFormat.PlainText
        )
        self.help.setProperty("role", "faint")
        self.help.setFont(sans(0.92))
        self.error = QLabel(
            "", wordWrap=True, objectName="error-name", textFormat=Qt.TextFormat.PlainText
        )
        self.error.setProperty("role", "error")
        self.error.setFont(sans(0.9))
        self.error.hide()
        for label in (self.heading, self.kind, self.help, self.error):
            label.setTextFormat(Qt.TextFormat.PlainText)  # texts of files are never HTML
        for each in (self.name, self.heading):
            each.setFont(sans(1.15, bold=True))
        self.name.setTextMargins(
            -2, 0, 0, 0
        )  # offsets a line edit's own margin, so that all texts align
        self.heading.setMinimumHeight(self.name.sizeHint().height())
        grid.addWidget(self.name, 0, 0, 1, 2)
        grid.addWidget(self.heading, 0, 0, 1, 2)
        grid.addWidget(self.error, 1, 0, 1, 2)
        grid.addWidget(self.sign, 2, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.kind, 2, 1)
        grid.addWidget(self.help, 3, 0, 1, 2)
        theme.changed.connect(self._draw)

    def show_contents(self, contents: Contents, *, same: bool) -> None:
        """Show the title of these contents.

        Parameters
        ----------
        contents
            What the inspector shows.
        same
            Whether it is the same node as before, so that a name being typed stays.
        """
        self._contents, self.row = contents, contents.title
        self.name.setVisible(self.row is not None)
        self.heading.setVisible(self.row is None)
        self.heading.setText(contents.heading)
        if self.row is not None and not (same and self.name.hasFocus()):
            self._restore()
        self.kind.setText(contents.kind)
        self.kind.setVisible(bool(contents.kind))
        self.help.setText(contents.help)
        self.help.setVisible(bool(contents.help))
        self._draw()

    def _draw(self) -> None:
        contents = self._contents
        if contents is None:
            return
        self.sign.setVisible(contents.colored)
        self.grid.setHorizontalSpacing(6 if contents.colored else 0)
        if contents.colored:
            icon = icons.category_icon(contents.category)
            self.sign.setPixmap(icon.pixmap(QSize(14, 14), self.devicePixelRatioF()))

    def _edited(self, text: str) -> None:
        self._show_error(self.row.judge(text).wrong if self.row is not None else "")

    def _commit(self) -> None:
        if self.row is None:
            return
        verdict = self.row.judge(self.name.text())
        self._show_error(verdict.wrong)
        if not verdict.wrong and verdict.value != self.row.value:
            self.committed.emit(self.row, verdict.value, None)

    def _leave(self) -> None:
        self._commit()
        self._restore()

    def _restore(self) -> None:
        if self.row is not None and self.name.text() != self.row.text:
            self.name.setText(self.row.text)
            self.name.setCursorPosition(0)
        self._show_error("")

    def _show_error(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        self.name.set_wrong(bool(sentence))
