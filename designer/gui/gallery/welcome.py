"""The welcome page: a first training, new and recent designs, lessons, and the gallery."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPixmap, QShowEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons
from designer.gui.base.button_row import ButtonRow, Entry
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents.document import Document
from designer.gui.documents.recent_designs import RecentDesigns
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.browser import Browser
from designer.gui.gallery.lessons import LessonRow
from designer.preferences import Preferences
from designer.resources import folder

_SIDE = 19  # width of the left side in line heights
_LOGO = 36
_STUDIES_MS = 200  # after the page is first shown, until the ready-made studies are loaded


class Welcome(QWidget):
    """The page shown in place of the editor. Its signals ask the window to act.

    Signals
    -------
    open_requested(), new_requested(), tour_requested(), demo_requested()
        A button was pressed.
    file_requested(path), preset_requested(choice)
        A recent design or a preset is to be opened.
    run_requested(path)
        The design of the run that is being trained is to be opened.
    back_requested(document)
        The design that was edited last is to be shown.
    compare_requested(choice)
        A preset is to be compared with another network.
    lesson_requested(key)
        A lesson is to be opened.
    study_requested(name)
        A ready-made study is to be started.
    """

    open_requested = Signal()
    new_requested = Signal()
    tour_requested = Signal()
    demo_requested = Signal()
    file_requested = Signal(Path)
    preset_requested = Signal(object)
    run_requested = Signal(Path)
    back_requested = Signal(object)
    compare_requested = Signal(object)
    lesson_requested = Signal(str)
    study_requested = Signal(str)

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__(objectName="welcome")
        self.workspace = workspace
        self.preferences = preferences
        self._shown_before = False
        self._mine: Document | None = None
        self._run = Path()  # that is being trained
        self.recent = RecentDesigns(preferences)
        self.recent.opened.connect(self.file_requested)
        self.recent.refused.connect(self.tell)
        self.recent.emptied.connect(self.refresh)
        self.gallery = Browser(preferences)
        self.gallery.opened.connect(self.preset_requested)
        self.gallery.compared.connect(self.compare_requested)
        self._assemble()
        theme.changed.connect(self._apply_theme)
        workspace.switched.connect(self._switched)
        self.refresh()

    @property
    def mine(self) -> Document | None:
        """The open design that was edited last."""
        documents = self.workspace.documents
        if self._mine in documents:
            return self._mine
        return documents[-1] if documents else None

    def refresh(self) -> None:
        """Show the current open and recent designs."""
        self.recent.refresh()
        some = bool(self.recent.rows)
        self._recent_title.setVisible(some)
        self.recent.setVisible(some)
        mine = self.mine
        self.back.setVisible(mine is not None)
        if mine is not None:
            self.back.setText(f"Back to {mine.title}".replace("&", "&&"))
        self.gallery.preview.set_mine(mine.title if mine is not None else "")
        self.tell("")

    def tell(self, sentence: str) -> None:
        """Show why a design cannot be opened above the recent designs; "" for nothing."""
        self._message.setText(sentence)
        self._refusal.setVisible(bool(sentence))

    def show_running(self, run: Path | None) -> None:
        """Name the run that is being trained, with a button that opens its design."""
        self._running.setVisible(run is not None)
        if run is not None:
            self._run = run
            self._running_text.setText(f"The run {run.name} is being trained.")

    def _switched(self) -> None:
        if self.workspace.document is not None:
            self._mine = self.workspace.document

    # Assembling

    def _assemble(self) -> None:
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        self.side = QScrollArea(objectName="welcome-side", widgetResizable=True)
        self.side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side.setWidget(self._side())
        across.addWidget(self.side)
        right = QVBoxLayout()
        right.setContentsMargins(8, 16, 12, 0)
        right.setSpacing(12)
        self.lessons = LessonRow()
        self.lessons.chosen.connect(self.lesson_requested)
        right.addWidget(self.lessons)
        self.studies = ButtonRow("welcome-studies", "Studies", "study")
        self.studies.chosen.connect(self.study_requested)
        right.addWidget(self.studies)
        right.addWidget(self.gallery, 1)
        across.addLayout(right, 1)

    def _side(self) -> QWidget:
        page = QWidget(objectName="welcome-page")
        down = QVBoxLayout(page)
        down.setContentsMargins(20, 18, 14, 16)
        down.setSpacing(0)
        down.addLayout(self._heading())
        down.addSpacing(10)
        down.addWidget(
            _label(
                "Assemble a neural network from blocks, see what every layer costs, train it, and "
                "export the model and its code.",
                "soft",
            )
        )
        down.addSpacing(18)
        self.demo = self._button(
            "Train LeNet on digits now", "play", "welcome-demo", self.demo_requested.emit
        )
        self.demo.setProperty("primary", True)
        self.demo.setToolTip("Open LeNet-5 with its handwritten digits chosen, and train it.")
        self.back = self._button(
            "", "go-in", "welcome-back", lambda: self.back_requested.emit(self.mine)
        )
        self.back.setToolTip("Return to the open design.")
        buttons = [self.demo, self.back]
        for text, icon, name, request in (
            ("New design", "new", "welcome-new", self.new_requested.emit),
            ("Open…", "open", "welcome-open", self.open_requested.emit),
            ("First steps", "help", "welcome-tour", self.tour_requested.emit),
        ):
            buttons.append(self._button(text, icon, name, request))
        for button in buttons:
            down.addWidget(button)
            down.addSpacing(7)
            if button is self.demo:
                self._note = _label(
                    "The training starts at once, and the loss curve falls within seconds. This "
                    "needs no network connection and no GPU.",
                    "soft",
                )
                down.addWidget(self._note)
                down.addSpacing(14)
        drops = _label(
            "Or drop files on this window: designs, networks of other programs, or your own "
            "pictures and data as a folder, an archive or a table.",
            "soft",
        )
        drops.setObjectName("welcome-drops")
        down.addSpacing(3)
        down.addWidget(drops)
        down.addSpacing(15)
        self._running_text = _label("", "soft")
        self._running_text.setTextFormat(Qt.TextFormat.PlainText)
        self.show_run = self._button(
            "Show this training", "chart", "welcome-run", lambda: self.run_requested.emit(self._run)
        )
        self.show_run.setToolTip("Open the design that is being trained, and its curves.")
        self._running = _block(self._running_text, self.show_run)
        self._message = _label("", "error")
        self._message.setObjectName("welcome-message")
        self._refusal = _block(self._message)
        for block in (self._running, self._refusal):
            block.hide()
            down.addWidget(block)
        self._recent_title = _label("Recent designs")
        down.addWidget(self._recent_title)
        down.addSpacing(8)
        down.addWidget(self.recent)
        down.addStretch(1)
        return page

    def _heading(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        self._logo = QLabel()
        self._logo.setFixedSize(_LOGO, _LOGO)
        self._title = _label("Network Designer")
        row.addWidget(self._logo)
        row.addWidget(self._title, 1)
        return row

    def _button(
        self, text: str, icon: str, name: str, request: Callable[[], object]
    ) -> QPushButton:
        button = QPushButton(text, objectName=name)
        button.setIconSize(QSize(18, 18))
        button.setProperty("icon-name", icon)
        button.setProperty("role", "start")
        button.setAutoDefault(True)
        button.clicked.connect(lambda _=False: request())
        return button

    def _apply_theme(self) -> None:
        c = colors()
        self.side.setFixedWidth(round(_SIDE * self.fontMetrics().height()))
        self._title.setFont(sans(1.55, bold=True))
        self._recent_title.setFont(sans(1.1, bold=True))
        for button in self.side.findChildren(QPushButton):
            white = bool(button.property("primary"))
            name = button.property("icon-name")
            button.setIcon(icons.icon(name, "#ffffff" if white else c.text))
            button.setFont(sans(1.0, bold=white))
            button.setMinimumHeight(round(button.fontMetrics().height() * 2.2))
        self._logo.setPixmap(_logo(_LOGO, self.devicePixelRatioF()))

    # Behavior

    def _load_studies(self) -> None:
        """Fill the row of studies, whose import takes longer than what is seen first."""
        idle_imports.run(self, _studies, self.studies.fill)

    def showEvent(self, event: QShowEvent) -> None:
        """Fill the gallery when the page is first shown, at its final size."""
        super().showEvent(event)
        if not self._shown_before:
            self._shown_before = True
            self._apply_theme()  # again, since Qt resets fonts when the page gets its parent
            self.gallery.load()
            QTimer.singleShot(_STUDIES_MS, self, self._load_studies)
            self.demo.setFocus(Qt.FocusReason.OtherFocusReason)


def _studies() -> list[Entry]:
    """Return the buttons of the ready-made studies; in a thread, as they import the recipe."""
    from designer.gui.documents import study_templates

    return study_templates.entries()


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


def _block(*widgets: QWidget) -> QWidget:
    """Put widgets below each other, with room before what follows."""
    block = QWidget()
    down = QVBoxLayout(block)
    down.setContentsMargins(0, 0, 0, 18)
    down.setSpacing(8)
    for widget in widgets:
        down.addWidget(widget)
    return block


def _logo(size: int, ratio: float) -> QPixmap:
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(folder("assets") / "icon.svg")).render(painter)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
