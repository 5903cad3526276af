"""What the Maps dock shows once it is needed: its header, its pages, and what is being computed."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.data.pictures import SUFFIXES
from designer.gui.base import icons
from designer.gui.base.dragged import local_paths
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.segments import Segment, Segments
from designer.gui.base.theme import sans, theme
from designer.gui.inside.channels_page import ChannelsPage
from designer.gui.inside.compare_menu import CompareMenu
from designer.gui.inside.filters_page import FiltersPage
from designer.gui.inside.map_overlay import EXAMPLE
from designer.gui.inside.maps_model import MapsModel, Side
from designer.gui.inside.page import Page
from designer.gui.inside.picture_dialogs import choose_file
from designer.gui.inside.side_title import SideTitle
from designer.gui.inside.why_page import WhyPage
from designer.gui.worker.inspection import Reply
from designer.runs.inspection import Picture

_PAGES = (
    Segment("channels", "Channels", "All that the node computes for the picture"),
    Segment("filters", "Filters", "The weights of the node"),
    Segment("why", "Why this class", "Which parts of the picture speak for a class"),
)
_PATIENCE = 500  # milliseconds until the progress of a question is shown
_UNLIMITED = 16_777_215  # QWIDGETSIZE_MAX
_LARGE = 0.8  # share of the screen that the dock takes when it is enlarged
_FRAMED = 100  # milliseconds after which the window has given a floating dock its frame
_PICTURES = 12  # listed in the menu
_NARROW = 66  # letters side by side, below which buttons have no words
Answers = Sequence[tuple[str, Callable[[], object]]]


class MapsView(QWidget):
    """Channels and filters of the selected node, and what speaks for a class.

    Parameters
    ----------
    model
        What is shown.
    dock
        The dock around it, which can be made large.
    """

    def __init__(self, model: MapsModel, dock: QDockWidget) -> None:
        super().__init__(objectName="maps-view")
        self.model = model
        self.dock = dock
        self.pages: dict[str, Page] = {
            "channels": ChannelsPage(model),
            "filters": FiltersPage(model),
            "why": WhyPage(model),
        }
        self._asked: object = None
        self._replies: list[Reply | None] = []
        self._waiting: set[str] = set()
        self._buttons: list[QPushButton] = []  # below the message
        self.segments = Segments("maps-page", _PAGES)
        self.segments.chosen.connect(lambda _: self.refresh())
        self.node = ElidedLabel(name="maps-node")
        self.picture = self._button("maps-picture", "Picture")
        self.picture.setToolTip("The picture that the network is shown; drop one here to change it")
        self.compare = self._button("maps-compare", "Compare")
        self.compare.setToolTip("Show another picture, epoch or network beside this one")
        self.large = self._button("maps-large", "")
        self.large.setToolTip("Show this panel large, in a window of its own, or put it back")
        self.large.setAccessibleName("Large")
        self.large.clicked.connect(self._enlarge)
        menu = QMenu(self.picture)
        menu.aboutToShow.connect(lambda: self._fill_pictures(menu))
        self.picture.setMenu(menu)
        self.compare.setMenu(CompareMenu(model, partial(choose_file, self), self.compare))
        self.titles = [SideTitle(model, side) for side in range(2)]
        self.stack = QStackedWidget()
        self.message = QLabel(
            objectName="maps-message", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.message.setProperty("role", "soft")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.answers = QHBoxLayout()
        self.progress = QWidget(objectName="maps-progress")
        self.bar = QProgressBar(textVisible=False, objectName="maps-bar")
        self.cancel = QPushButton("Cancel", objectName="maps-cancel")
        self.cancel.clicked.connect(self._cancel)
        self._patience = QTimer(self, interval=_PATIENCE, singleShot=True)
        self._patience.timeout.connect(self.progress.show)
        self._lay_out()
        for page in self.pages.values():
            page.asks.connect(self.refresh)
        self.setAcceptDrops(True)
        theme.changed.connect(self._dress)
        self._dress()

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton(objectName=name, text=text)
        if text:
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.setSpacing(6)
        header.addWidget(self.segments)
        header.addWidget(self.node, 1)
        for button in (self.picture, self.compare, self.large):
            header.addWidget(button)
        names = QHBoxLayout()
        names.setSpacing(10)
        for title in self.titles:
            names.addWidget(title, 1)
        self.titles[1].hide()
        empty = QWidget()
        down = QVBoxLayout(empty)
        down.addStretch(1)
        down.addWidget(self.message)
        self.answers.setAlignment(Qt.AlignmentFlag.AlignCenter)
        down.addLayout(self.answers)
        down.addStretch(1)
        self.stack.addWidget(empty)
        for page in self.pages.values():
            self.stack.addWidget(page)
        row = QHBoxLayout(self.progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Computing …"))
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.progress.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 8, 4)
        column.setSpacing(4)
        column.addLayout(header)
        column.addLayout(names)
        column.addWidget(self.stack, 1)
        column.addWidget(self.progress)

    def _dress(self) -> None:
        self.node.setFont(sans(bold=True))
        signs = ((self.picture, "picture"), (self.compare, "panels"), (self.large, "expand"))
        for button, icon in signs:
            button.setIcon(icons.icon(icon))

    # Asking

    @property
    def page(self) -> Page:
        """The page that is shown, or would be if there were no message."""
        return self.pages[self.segments.current]

    def refresh(self) -> None:
        """Ask for what is to be shown now, unless it is shown or on its way already."""
        model = self.model
        sides = model.sides
        if not self.node.text().startswith(f"{model.node} · "):  # with its layer, once it is known
            self.node.setText(model.node)
        self.titles[1].setVisible(len(sides) > 1)
        names = [side.picture.name if side.picture is not None else "" for side in sides]
        for title, side, name in zip(self.titles, sides, names, strict=False):
            title.show_subject(side.subject, name, narrow=len(sides) > 1)
        self.titles[0].setVisible(bool(sides))
        self.picture.setText(_short(names[0]) if sides and names[0] else "Picture")
        self.compare.setEnabled(bool(sides))
        missing = self._missing(sides)
        if missing is not None:
            self._cancel_questions()
            self._asked = None
            self._say(*missing)
            return
        self._ask(sides)

    def _missing(self, sides: Sequence[Side]) -> tuple[str, Answers] | None:
        """Return a sentence on what is missing before anything can be asked, with remedies."""
        document = self.model.workspace.document
        if not sides:
            if document is None:
                return "Open a design, to see what its layers compute.", ()
            return "The design has errors: mend them, to see what its layers compute.", ()
        if not self.model.node:
            return "Select a layer on the canvas, to see what it computes.", ()
        if refusal := self.page.refusal():
            return refusal, ()
        if self.page.needs_picture and sides[0].picture is None:
            if not self.model.takes_pictures:
                return (
                    "This network takes no picture: type a row in the Try it dock, or take an "
                    "example of its data.",
                    (("Take an example", self._take_example),),
                )
            return (
                "Choose a picture that the network is shown, or drop one here.",
                (("Choose a picture…", self._choose), ("Take an example", self._take_example)),
            )
        return None

    def _ask(self, sides: Sequence[Side]) -> None:
        questions: list[dict[str, Any]] = []
        for side in sides:
            question = self.page.request(side)
            if side.picture is not None:
                question["pictures"] = [side.picture]
            questions.append(question)
        asked = (
            self.page,
            [(side.subject, question) for side, question in zip(sides, questions, strict=True)],
            [self.model.inspection.version(side.subject) for side in sides],
        )
        if asked == self._asked:
            return
        self._cancel_questions()
        self._asked = asked
        self._replies = [None] * len(sides)
        self._patience.start()
        self.bar.setRange(0, 0)
        for number, (side, question) in enumerate(zip(sides, questions, strict=True)):
            key = f"maps-{number}"
            self._waiting.add(key)
            self.model.inspection.ask(
                key,
                question,
                partial(self._answered, number),
                failed=partial(self._failed, number),
                progress=self._show_progress,
                subject=side.subject,
            )

    def _answered(self, number: int, reply: Reply) -> None:
        self._waiting.discard(f"maps-{number}")
        self._replies[number] = reply
        replies = [each for each in self._replies if each is not None]
        if len(replies) < len(self._replies):
            return
        self._rest()
        fields = replies[0].fields
        page = self.page
        if "layer" in fields:
            self.node.setText(f"{self.model.node} · {fields['layer']}")
        page.show_replies(replies)
        self.node.setToolTip(tip(" ".join(fields.get("notes", ()))))
        self.stack.setCurrentWidget(page)

    def _failed(self, number: int, sentence: str) -> None:
        self._waiting.discard(f"maps-{number}")
        self._cancel_questions()
        again: list[tuple[str, Callable[[], object]]] = [("Try again", self._again)]
        if self.page.has_own_settings:  # which cannot be seen behind the sentence
            again.insert(0, ("Use the usual settings", self.page.use_usual_settings))
        design = self.model.of_design()
        if design is not None and self.model.sides[0].subject.run:
            again.append(
                (
                    "Look into the design on the canvas",
                    lambda: self.model.look_into(0, design),
                )
            )
        self._say(sentence, again)

    def _again(self) -> None:
        self._asked = None
        self.refresh()

    def _cancel(self) -> None:
        """Give up what is being computed, as the user wishes."""
        self._cancel_questions()
        self._say("This was canceled.", [("Compute again", self._again)])

    def _cancel_questions(self) -> None:
        for key in tuple(self._waiting):
            self.model.inspection.cancel(key)
        self._waiting.clear()
        self._rest()

    def _rest(self) -> None:
        self._patience.stop()
        self.progress.hide()

    def _show_progress(self, share: float) -> None:
        self.bar.setRange(0, 100)
        self.bar.setValue(round(100 * share))

    def _say(self, sentence: str, answers: Answers = ()) -> None:
        """Show a sentence in place of the page, with a button for each answer."""
        for button in self._buttons:
            self.answers.removeWidget(button)
            button.hide()  # which its deletion, later, does not do
            button.deleteLater()
        self._buttons = []
        for words, act in answers:
            button = QPushButton(words)
            button.clicked.connect(lambda _=False, act=act: act())
            self.answers.addWidget(button)
            self._buttons.append(button)
        self.message.setText(sentence)
        self.stack.setCurrentIndex(0)

    # Pictures

    def _fill_pictures(self, menu: QMenu) -> None:
        menu.clear()
        menu.addAction("Choose a file…").triggered.connect(self._choose)
        inspection, shown = self.model.inspection, self.model.picture
        more = "Next example" if shown is not None and shown.part else "Take an example"
        action = menu.addAction(f"{more} of the data")
        action.triggered.connect(self._take_example)
        if inspection.pictures:
            menu.addSeparator()
        for number, picture in enumerate(inspection.pictures[:_PICTURES]):
            action = menu.addAction(picture.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(number == inspection.chosen)
            action.triggered.connect(lambda _=False, number=number: inspection.choose(number))

    def _choose(self) -> None:
        path = choose_file(self)
        if path is not None:
            self._take([path])

    def _take_example(self) -> None:
        """Show the first example of the validation part of the data, or the next one."""
        shown = self.model.picture
        if shown is None or not shown.part:
            self.model.inspection.show([EXAMPLE])
        else:
            self.model.inspection.show([Picture(part=shown.part, index=shown.index + 1)])

    def _take(self, paths: Sequence[Path]) -> None:
        self.model.inspection.show([Picture(file=str(path)) for path in paths])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures; whatever else is dragged is the window's."""
        if _pictures(event):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        self._take(_pictures(event))
        event.acceptProposedAction()

    # Size

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the words of the buttons where there is room for these."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        narrow = self.width() < _NARROW * self.fontMetrics().horizontalAdvance("m")
        wanted = style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
        if self.picture.toolButtonStyle() != wanted:
            for button in (self.picture, self.compare):
                button.setToolButtonStyle(wanted)
            layout = self.layout()
            assert layout is not None
            layout.activate()  # now, so that they are not painted in their places before

    def _enlarge(self) -> None:
        """Show the dock in a large window of its own, or put it back."""
        self.dock.setFloating(not self.dock.isFloating())
        # Once the window has given it a frame, or a place.
        QTimer.singleShot(_FRAMED, self._fill_screen if self.dock.isFloating() else self._put_back)

    def _put_back(self) -> None:
        """Bring the dock to the front of its tabs again."""
        if not self.dock.isFloating():
            self.dock.raise_()

    def _fill_screen(self) -> None:
        dock = self.dock
        if dock.isFloating():
            screen = dock.screen().availableGeometry()
            size = screen.size() * _LARGE
            dock.setMaximumSize(_UNLIMITED, _UNLIMITED)  # as long as it was docked it had a limit
            dock.resize(size)
            dock.move(
                screen.left() + (screen.width() - size.width()) // 2,
                screen.top() + (screen.height() - size.height()) // 2,
            )


def _pictures(event: QDropEvent) -> list[Path]:
    """Return the picture files that are dragged."""
    paths = local_paths(event.mimeData())
    return [path for path in paths if path.suffix.lower() in SUFFIXES and not path.is_dir()]


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:12].rstrip()}…"
