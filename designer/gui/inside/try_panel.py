"""The Try it dock: what a network says of pictures or rows, or how it goes on with a text."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, icons
from designer.gui.base.dragged import local_paths
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.inside import picture_dialogs
from designer.gui.inside.continuation_page import ContinuationPage
from designer.gui.inside.drawing_page import DrawingPage
from designer.gui.inside.invitation import Invitation
from designer.gui.inside.network_choice import NetworkChoice
from designer.gui.inside.own_pictures import OwnPictures
from designer.gui.inside.picture_answer import PictureAnswer
from designer.gui.inside.result_table import THUMBNAIL, ResultTable
from designer.gui.inside.values_page import ValuesPage
from designer.gui.worker.inspection import Reply
from designer.gui.worker.trainer import Trainer
from designer.runs.inspection import Picture, Subject
from designer.runs.preprocessing import InputPreprocessing

TOP = 10  # classes of the chosen picture
_AT_ONCE = 32  # pictures of the table in one question, so that other questions come between
_LEFT = 60  # percent of the room that the table has at first
_LEAST = 290  # pixels of width
_NARROW = 58  # letters side by side, below which the answer stands below the table
_SLOW = 500  # milliseconds after which it is shown how far the work is
_HINT = "Draw with the mouse: the network says what it sees while you draw."
_UNTRAINED = (
    "This design takes no picture. Train it on a table or on arrays: its run knows what the values "
    "mean, and predicts from rows that you type here."
)
_MOST_ROWS = 10_000  # of files; the command line has no limit
_TABLE, _ONE, _DRAWING = "try-table", "try", "try-drawing"  # the keys of the questions
_TEXT = "try-text"


class TryPanel(QWidget):
    """Chooses pictures, asks what the network says of them, and shows the answers.

    Which pictures, and which of them is large, stands in `Inspection`, which the other panels that
    look into the network follow.
    """

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="try-panel")
        self.workspace = workspace
        self.inspection = trainer.inspection
        self.own = OwnPictures()
        self.network = NetworkChoice(workspace, trainer)
        self.network.noted.connect(self._note)
        self.answer = PictureAnswer()
        self.answer.again.connect(self._ask_again)
        self.table = ResultTable()
        self.table.chosen.connect(self.inspection.choose)
        self.table.copy_wanted.connect(self.copy)
        self.drawing = DrawingPage()
        self.drawing.drawn.connect(self._drawn)
        self.drawing.settled.connect(self._settled)
        self.texts = ContinuationPage()
        self.texts.wanted.connect(self._go_on)
        self.texts.canceled.connect(self._stop_text)
        self.values = ValuesPage()
        self.values.edited.connect(self._show_typed)
        self._noted, self._said = "", ""  # by the choice of the network, and by the worker
        self._network: Subject | None = None  # that was asked last
        self._asked: dict[str, Hashable] = {}  # what was asked last, by key
        self._foreign = False  # what is shown was chosen for a network of other inputs
        self._drawn_since = False  # the drawing has changed while its answer was awaited
        self._dragged = False
        self._unasked = False  # something changed while nobody saw the panel
        self._sized_for_drawing: bool | None = None
        self._assemble()
        self._slow = QTimer(self, interval=_SLOW, singleShot=True)
        self._slow.timeout.connect(lambda: self._show_progress(True))
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh)
        self.inspection.changed.connect(self._refresh)
        theme.changed.connect(self._dress)
        self.setAcceptDrops(True)
        self._dress()
        self._refresh()

    def _assemble(self) -> None:
        self.add = QToolButton(text="Pictures", objectName="try-pictures")
        self.add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add.setToolTip("Choose pictures, a folder of them, or what the clipboard holds.")
        menu = QMenu(self.add)
        menu.addAction("Choose &pictures…", self.choose_files)
        menu.addAction("Choose a &folder…", self.choose_folder)
        menu.addAction("Paste from the &clipboard", self.paste)
        self.add.setMenu(menu)
        self.draw = QToolButton(text="Draw", objectName="try-draw", checkable=True)
        self.draw.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.draw.setToolTip("Draw with the mouse, white on black: a digit, for example.")
        self.draw.toggled.connect(self._draw_toggled)
        self.open = QToolButton(text="Open…", objectName="try-open")
        self.open.setToolTip("Choose a table or arrays, whose rows the network is asked about.")
        self.open.clicked.connect(self.choose_values)
        self.type = QToolButton(text="Type a row", objectName="try-type")
        self.type.setToolTip("Show the fields again, in which a row is typed or chosen.")
        self.type.clicked.connect(self._show_typed)
        for button in (self.open, self.type):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more = QToolButton(objectName="try-more")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip("Copy or save the table.")
        self.more.setAccessibleName("Copy or save the table")
        more = QMenu(self.more)
        more.addAction("&Copy as CSV", self.copy)
        more.addAction("&Save as CSV…", self.save)
        self.more.setMenu(more)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.network, 1)
        for button in (self.add, self.draw, self.open, self.type, self.more):
            top.addWidget(button)
        self.note = ElidedLabel(name="try-note")
        self.note.setProperty("role", "soft")
        self.bar = QProgressBar(objectName="try-progress", textVisible=False)
        self.bar.setFixedHeight(6)
        self.stop = QPushButton("Cancel", objectName="try-cancel")
        self.stop.clicked.connect(self._cancel)
        self.progress = QWidget()
        going = QHBoxLayout(self.progress)
        going.setContentsMargins(0, 0, 0, 0)
        going.addWidget(self.bar, 1)
        going.addWidget(self.stop)
        self.progress.hide()
        self.answer.foot.addWidget(self.progress)
        self.left = QStackedWidget()
        self.left.addWidget(self.table)
        self.left.addWidget(self.drawing)
        self.content = QSplitter(Qt.Orientation.Horizontal)
        self.content.setChildrenCollapsible(False)
        self.content.setHandleWidth(9)
        self.content.addWidget(self.left)
        self.content.addWidget(self.answer)
        self.content.setStretchFactor(0, 1)
        self.content.setStretchFactor(1, 1)
        self.empty = Invitation(
            "try-empty",
            (
                ("files", "Choose pictures…", self.choose_files),
                ("folder", "Choose a folder…", self.choose_folder),
                ("paste", "Paste", self.paste),
                ("draw", "Draw", lambda: self.draw.setChecked(True)),
            ),
        )
        self.invitation = self.empty.words
        self.pages = QStackedWidget()
        self.pages.setMinimumWidth(_LEAST)  # not that of table and answer side by side
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.content)
        self.pages.addWidget(self.texts)
        self.pages.addWidget(self.values)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(5)
        column.addLayout(top)
        column.addWidget(self.note)
        column.addWidget(self.pages, 1)

    def _dress(self) -> None:
        for button, icon in (
            (self.add, "picture"),
            (self.draw, "rename"),
            (self.open, "open"),
            (self.type, "rename"),
            (self.more, "dots"),
        ):
            button.setIcon(icons.icon(icon))

    # Choosing pictures

    def show_paths(self, paths: Sequence[Path]) -> None:
        """Show the network pictures, of folders all in them, or rows of tables or arrays."""
        inputs = self.network.reads_values()

        def read() -> list[Picture]:
            if inputs:
                return _rows(paths, inputs)
            from designer.data.pictures import picture_files

            return [Picture(file=str(each.absolute())) for each in picture_files(paths)]

        background.run(self, read, self._show, self._refuse)

    def show_image(self, image: QImage) -> None:
        """Show the network a picture that has no file."""
        try:
            self._show([Picture(file=str(self.own.pasted(image)))])
        except DesignerError as error:
            self._refuse(str(error))

    def _show(self, pictures: Sequence[Picture]) -> None:
        self.draw.setChecked(False)
        self.inspection.show(pictures)

    def choose_files(self) -> None:
        """Ask for picture files."""
        if paths := picture_dialogs.choose_files(self):
            self.show_paths(paths)

    def choose_values(self) -> None:
        """Ask for tables or arrays."""
        if paths := picture_dialogs.choose_values(self):
            self.show_paths(paths)

    def choose_folder(self) -> None:
        """Ask for a folder of pictures."""
        folder = picture_dialogs.choose_folder(self)
        if folder is not None:
            self.show_paths([folder])

    def paste(self) -> None:
        """Show the network what the clipboard holds: files, or a picture."""
        data = QGuiApplication.clipboard().mimeData()
        paths = local_paths(data)
        if paths:
            self.show_paths(paths)
        elif data.hasImage():
            self.show_image(QGuiApplication.clipboard().image())
        else:
            self._refuse("The clipboard holds no picture: copy one, or files of pictures.")

    def _refuse(self, sentence: str) -> None:
        self.workspace.refused.emit(sentence)

    # Rows

    def _show_typed(self) -> None:
        """Ask about the row that is typed, or the example that is chosen."""
        self.inspection.show([self.values.example()])

    def _fits(self) -> bool:
        """Show what the network can be shown; tell whether that was shown already.

        A row stays nothing for a network that takes pictures, and a picture for one that does not.
        """
        chosen, foreign, self._foreign = self.inspection.picture, self._foreign, False
        if self.network.reads_values():
            is_picture = chosen is not None and chosen.file and chosen.row is None
            if chosen is None or is_picture or foreign:
                self._show_typed()
                return False
        elif chosen is not None and (chosen.cells or chosen.row is not None):
            self.inspection.show(())
            return False
        return True

    @property
    def _of_values(self) -> bool:
        """Whether the page with the fields of a row is shown."""
        chosen = self.inspection.picture
        return bool(self.network.reads_values()) and not (chosen is not None and chosen.file)

    # Drawing

    def _draw_toggled(self, wanted: bool) -> None:
        if wanted:
            self.drawing.pad.setFocus()
            self._settled()
        else:
            self._end_live()
            if not self.drawing.empty:
                self.inspection.show(())
        self._arrange()

    def _settled(self) -> None:
        """Let all panels look at the drawing."""
        self._end_live()
        if self.drawing.empty:
            self.inspection.show(())
            self.answer.show_hint(_HINT)
            return
        try:
            path = self.own.drawn(self.drawing.pad.picture())
        except DesignerError as error:
            self._refuse(str(error))
            return
        self.inspection.show([Picture(file=str(path))])

    def _drawn(self) -> None:
        """Ask about a line that is not complete yet; of answers that wait, only the newest."""
        if self.drawing.empty or not self.draw.isChecked() or self.inspection.subject is None:
            return
        if self._drawn_since:
            return
        if _DRAWING in self._asked:
            self._drawn_since = True
            return
        try:
            picture = Picture(file=str(self.own.passing(self.drawing.pad.picture())))
        except DesignerError as error:
            self._refuse(str(error))
            return
        self._asked[_DRAWING] = picture
        self.inspection.ask(
            _DRAWING,
            {"do": "predict", "pictures": [picture], "top": TOP},
            self._show_live,
            failed=self._live_failed,
        )

    def _show_live(self, reply: Reply) -> None:
        if not self.drawing.empty:
            self._show_answer(reply)
        self._live_failed("")

    def _live_failed(self, _: str) -> None:
        """Go on with what was drawn meanwhile; what is wrong is said when the line is complete."""
        self._asked.pop(_DRAWING, None)
        if self._drawn_since:
            self._drawn_since = False
            self._drawn()

    def _end_live(self) -> None:
        """Give up the question about a line that was not complete."""
        self.inspection.cancel(_DRAWING)
        self._asked.pop(_DRAWING, None)
        self._drawn_since = False

    # Asking

    def _refresh(self) -> None:
        """Show the pictures, and ask what has not been asked about them."""
        if self.values.show_inputs(self.network.reads_values()):
            self._foreign = True
        if self.isVisible() and not self._fits():
            return  # it was called again
        pictures = self.inspection.pictures
        if self.table.results.pictures != pictures:
            self.inspection.cancel(_TABLE)
            self._asked.pop(_TABLE, None)
            self.table.results.show_pictures(pictures)
        self._arrange()
        self._say_note()
        self._unasked = not self.isVisible()
        if self._unasked:
            return
        if self.network.reads_text():
            return  # it is asked by a button
        chosen = self.inspection.picture
        if chosen is not None:
            self.answer.show_picture(chosen)
        elif self.draw.isChecked():
            self.answer.show_hint(_HINT)
        subject = self.inspection.subject
        if subject is None:
            self._asked.clear()
            if self.network.error and chosen is not None:
                self.answer.show_fault(self.network.error, retry=False)
            return
        if subject != self._network:
            self._network, self._said = subject, ""
            self.answer.forget()  # what another network said
            self._say_note()
        network = (subject, self.inspection.version(subject))
        if chosen is not None:
            self._ask_once(_ONE, (network, chosen), self._ask_about_chosen)
        if len(pictures) > 1:
            self.table.choose(self.inspection.chosen)
            self._ask_once(_TABLE, (network, pictures), self._ask_about_all)

    def _arrange(self) -> None:
        """Show the page that fits: an invitation, a picture, a table, or the drawing."""
        several = len(self.inspection.pictures) > 1
        drawing = self.draw.isChecked()
        self.left.setCurrentWidget(self.drawing if drawing else self.table)
        self.left.setVisible(drawing or several)
        self.answer.show_drawing(drawing)
        if drawing != self._sized_for_drawing:
            self._sized_for_drawing = drawing
            self._share_room()
        reads_text = self.network.reads_text()
        inputs = self.network.reads_values()
        self.add.setVisible(not reads_text and not inputs)
        self.draw.setVisible(not reads_text and not inputs)
        self.open.setVisible(bool(inputs))
        self.type.setVisible(bool(inputs) and not self._of_values)
        self.type.setText("Type a row" if self.values.columns else "Choose an example")
        self.more.setVisible(several and not reads_text)
        if reads_text or self._of_values:
            self.pages.setCurrentWidget(self.texts if reads_text else self.values)
            return
        untrained = self.network.wants_training()
        nothing = not self.inspection.pictures and not drawing
        self.pages.setCurrentWidget(self.empty if nothing or untrained else self.content)
        pictures = not untrained and not inputs
        for each in (self.add, self.draw, *self.empty.buttons):
            each.setVisible(pictures)
        self.invitation.setText(
            self.network.error
            or (untrained and _UNTRAINED)
            or "Drop pictures or a folder here, paste one, or draw a digit:\n"
            "the network says what it sees."
        )

    def _share_room(self) -> None:
        """Divide the room between the table or the drawing, and the answer."""
        across = self.content.orientation() == Qt.Orientation.Horizontal
        whole = max(self.width() if across else self.pages.height(), 1)
        first = whole * _LEFT // 100
        if self.draw.isChecked() and across:
            first = self.drawing.width_for(self.pages.height())
        self.content.setSizes([first, whole - first])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow panel, leave out words and show the answer below the table."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self.fontMetrics().horizontalAdvance("m")
        style, orientation = Qt.ToolButtonStyle, Qt.Orientation
        for button in (self.add, self.draw):
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )
        self.network.label.setVisible(not narrow)
        wanted = orientation.Vertical if narrow else orientation.Horizontal
        if self.content.orientation() != wanted:
            self.content.setOrientation(wanted)
            self._share_room()

    def _ask_once(self, key: str, what: Hashable, ask: Callable[[], None]) -> None:
        if self._asked.get(key) != what:
            self._asked[key] = what
            self._slow.start()
            ask()

    def _ask_again(self) -> None:
        self._asked.clear()
        self._refresh()

    def _ask_about_chosen(self) -> None:
        picture = self.inspection.picture
        assert picture is not None
        self.inspection.ask(
            _ONE,
            {"do": "predict", "pictures": [picture], "top": TOP},
            self._show_answer,
            failed=self._failed,
        )

    def _show_answer(self, reply: Reply) -> None:
        self._ended()
        self._said = " ".join(reply.fields["notes"])
        self._say_note()
        [found] = reply.fields["predictions"]
        if self._of_values:
            self.values.show_answer(found.get("predictions", ()), found.get("error", ""))
        elif "error" in found:
            self.answer.show_fault(found["error"], retry=False)
        else:
            given = _images(reply, "given") or [None]
            self.answer.show_answer(found["predictions"], _images(reply)[0], given[0])

    def _failed(self, sentence: str) -> None:
        self._ended()
        self._said = ""
        self._say_note()
        self._asked.pop(_ONE, None)
        self.values.show_answer((), sentence)
        self.answer.show_fault(sentence, retry=True)

    def _ask_about_all(self) -> None:
        self.table.results.forget()
        self._ask_about_next()

    def _ask_about_next(self) -> None:
        start = len(self.table.results.found)
        some = self.inspection.pictures[start : start + _AT_ONCE]
        if not some:
            self._ended()
            return
        self.bar.setRange(0, len(self.inspection.pictures))
        self.bar.setValue(start)
        self.inspection.ask(
            _TABLE,
            {"do": "predict", "pictures": some, "top": 1, "side": THUMBNAIL},
            self._show_results,
            failed=self._table_failed,
        )

    def _show_results(self, reply: Reply) -> None:
        self.table.results.add_results(reply.fields["predictions"], _images(reply))
        self._ask_about_next()

    def _table_failed(self, sentence: str) -> None:
        self._ended()
        self._asked.pop(_TABLE, None)
        self.answer.show_fault(sentence, retry=True)

    # Texts

    def _go_on(self) -> None:
        """Let the network go on with the prompt."""
        self.texts.show_progress(0.0)
        self.inspection.ask(
            _TEXT,
            {"do": "continue", "how": self.texts.how()},
            self._show_text,
            failed=self._text_failed,
            progress=self.texts.show_progress,
        )

    def _show_text(self, reply: Reply) -> None:
        self.texts.show_progress(None)
        self.texts.show_text(reply.fields["prompt"], reply.fields["text"])
        self._said = " ".join(reply.fields["notes"])
        self._say_note()

    def _text_failed(self, sentence: str) -> None:
        self.texts.show_progress(None)
        self.texts.show_fault(sentence)

    def _stop_text(self) -> None:
        self.inspection.cancel(_TEXT)
        self.texts.show_progress(None)

    # Progress

    def _ended(self) -> None:
        """Show no progress any more, unless pictures of the table are still to be asked about."""
        asking = _TABLE in self._asked and len(self.inspection.pictures) > 1
        if not asking or len(self.table.results.found) == len(self.inspection.pictures):
            self._slow.stop()
            self._show_progress(False)

    def _show_progress(self, going: bool) -> None:
        if going and len(self.inspection.pictures) < 2:
            self.bar.setRange(0, 0)
        self.progress.setVisible(going)

    def _cancel(self) -> None:
        """Stop asking; what was answered stays."""
        for key in (_ONE, _TABLE):
            self.inspection.cancel(key)
        self._slow.stop()
        self._show_progress(False)
        self.answer.show_fault("This was canceled.", retry=True)

    # Sentences

    def _note(self, sentence: str) -> None:
        self._noted = sentence
        self._say_note()

    def _say_note(self) -> None:
        words = " ".join(filter(None, (self._noted, self._said)))
        shown = words if self.inspection.pictures or self.network.reads_text() else ""
        self.note.setText(shown)
        self.note.setToolTip(tip(shown))
        self.note.setVisible(bool(shown))

    # The table as text

    def copy(self) -> None:
        """Copy the selected rows as CSV, or all if at most one is selected."""
        self.workspace.reported.emit(self.table.copy())

    def save(self) -> None:
        """Ask for a file and write the table to it as CSV."""
        try:
            path = self.table.save()
        except DesignerError as error:
            self._refuse(str(error))
            return
        if path is not None:
            self.workspace.reported.emit(f"The table was saved as {path}.")

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and pictures."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._show_dragged(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_dragged(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Show the network what was dropped, whatever the files are called."""
        event.acceptProposedAction()
        self._show_dragged(False)
        data = event.mimeData()
        paths = local_paths(data)
        if paths:
            self.show_paths(paths)
        elif data.hasImage():
            self.show_image(QImage(data.imageData()))

    def _show_dragged(self, dragged: bool) -> None:
        self._dragged = dragged
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask what was not asked while nobody saw the panel."""
        super().showEvent(event)
        if self._unasked:
            self._soon.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a frame while files are dragged over the panel."""
        super().paintEvent(event)
        if self._dragged:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(colors().accent), 2, Qt.PenStyle.DashLine))
            painter.drawRect(self.rect().adjusted(2, 2, -2, -2))
            painter.end()


def _images(reply: Reply, name: str = "seen") -> list[QImage | None]:
    """Return the pictures as the network saw or gave them; None for what is no picture."""
    from designer.gui.base.pictures import picture_of

    return [
        picture_of(each.transpose(2, 0, 1)) if each.size > 1 else None
        for each in reply.arrays.get(name, ())
    ]


def _rows(paths: Sequence[Path], inputs: Sequence[InputPreprocessing]) -> list[Picture]:
    """Return the first rows of tables or arrays."""
    from designer.data.given_examples import GivenInput, given_in

    wanted = [
        GivenInput(each.name, each.shape, each.integer, bytes=each.bytes, columns=each.columns)
        for each in inputs
    ]
    found = [
        Picture(file=str(path.absolute()), row=row)
        for path in paths
        for row in range(len(given_in(path, wanted)))
    ]
    return found[:_MOST_ROWS]
