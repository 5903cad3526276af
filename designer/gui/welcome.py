"""The welcome page: a first training one press away, recent designs, the gallery of presets."""

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QPainter, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.gui import icons
from designer.gui.gallery import Gallery
from designer.gui.preferences import Preferences
from designer.gui.recent_designs import RecentDesigns
from designer.gui.theme import colours, sans, theme
from designer.gui.workspace import Workspace
from designer.resources import folder

_WIDEST = 1180  # of what is on the page, so that lines stay readable
_NARROW = 760  # below, the buttons stand in two rows
_LOGO = 44


class Welcome(QScrollArea):
    """What is shown while no design is open. It only asks; the window acts.

    Signals
    -------
    open_requested(), new_requested(), tour_requested(), demo_requested()
        A button was pressed.
    file_requested(path), preset_requested(name)
        A recent design or a preset is wanted.
    """

    open_requested = Signal()
    new_requested = Signal()
    tour_requested = Signal()
    demo_requested = Signal()
    file_requested = Signal(Path)
    preset_requested = Signal(str)

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__(objectName="welcome")
        self.workspace = workspace
        self.preferences = preferences
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._begun = False
        self.recent = RecentDesigns(preferences)
        self.recent.opened.connect(self.file_requested)
        self.recent.told.connect(self.tell)
        self.recent.emptied.connect(self.refresh)
        self.gallery = Gallery()
        self.gallery.opened.connect(self.preset_requested)
        self.gallery.current_moved.connect(self._follow)
        self.verticalScrollBar().rangeChanged.connect(self._keep_in_sight)
        self._assemble()
        theme.changed.connect(self._dress)
        self.refresh()

    def refresh(self) -> None:
        """Show the designs that are remembered now."""
        self.recent.refresh()
        some = bool(self.recent.rows)
        self._recent_title.setVisible(some)
        self.recent.setVisible(some)
        self.tell("")

    def tell(self, sentence: str) -> None:
        """Show a sentence above the gallery; "" for none."""
        self._message.setText(sentence)
        self._message.setVisible(bool(sentence))

    # Assembling

    def _assemble(self) -> None:
        page = QWidget(objectName="welcome-page")
        across = QHBoxLayout(page)
        across.setContentsMargins(32, 28, 32, 16)
        column = QWidget()
        column.setMaximumWidth(_WIDEST)
        across.addStretch(1)
        across.addWidget(column, 1_000)
        across.addStretch(1)
        down = QVBoxLayout(column)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(0)
        down.addLayout(self._heading())
        down.addSpacing(20)
        down.addLayout(self._buttons())
        down.addSpacing(7)
        self._promise = _label(
            "LeNet-5 comes with its digits chosen: one press of Train shows a falling curve "
            "within seconds. Nothing here needs a network connection or a GPU.",
            "soft",
        )
        down.addWidget(self._promise)
        down.addSpacing(26)
        self._message = _label("", "error")
        self._message.setObjectName("welcome-message")
        down.addWidget(self._message)
        self._recent_title = _label("Recent designs")
        down.addWidget(self._recent_title)
        down.addSpacing(8)
        down.addWidget(self.recent)
        down.addSpacing(24)
        row = QHBoxLayout()
        self._gallery_title = _label("Presets")
        self.filter = _Filter(self.gallery)
        self.filter.setPlaceholderText("Filter by name, year, author, idea…")
        self.filter.setAccessibleName("Filter the presets")
        self.filter.setFixedWidth(280)
        self.filter.textChanged.connect(self._filtered)
        self._sign = self.filter.addAction(
            icons.icon("search", colours().faint_text), QLineEdit.ActionPosition.LeadingPosition
        )
        row.addWidget(self._gallery_title)
        row.addStretch(1)
        row.addWidget(self.filter)
        down.addLayout(row)
        down.addSpacing(10)
        down.addWidget(self.gallery)
        self._nothing = _label("", "soft")
        self._nothing.setObjectName("gallery-nothing")
        self._nothing.hide()
        down.addWidget(self._nothing)
        down.addStretch(1)
        self.setWidget(page)

    def _heading(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(14)
        self._logo = QLabel()
        self._logo.setFixedSize(_LOGO, _LOGO)
        words = QVBoxLayout()
        words.setSpacing(1)
        self._title = _label("Network Designer")
        words.addWidget(self._title)
        words.addWidget(
            _label(
                "Assemble a neural network from blocks, see what every layer costs, train it, and "
                "take away the model and its code.",
                "soft",
            )
        )
        row.addWidget(self._logo, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return row

    def _buttons(self) -> QBoxLayout:
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._rows.setSpacing(8)
        self.demo = self._button(
            "Train LeNet on handwritten digits now", "play", "welcome-demo", self.demo_requested
        )
        self.demo.setProperty("primary", True)
        rest = QHBoxLayout()
        rest.setSpacing(8)
        for text, icon, name, signal in (
            ("New design", "new", "welcome-new", self.new_requested),
            ("Open…", "open", "welcome-open", self.open_requested),
            ("First steps", "help", "welcome-tour", self.tour_requested),
        ):
            rest.addWidget(self._button(text, icon, name, signal))
        rest.addStretch(1)
        self._rows.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignLeft)
        self._rows.addLayout(rest, 1)
        return self._rows

    def _button(self, text: str, icon: str, name: str, wanted: SignalInstance) -> QPushButton:
        button = QPushButton(text, objectName=name)
        button.setIconSize(QSize(18, 18))
        button.setProperty("icon-name", icon)
        button.setAutoDefault(True)
        button.clicked.connect(lambda _=False: wanted.emit())
        return button

    def _dress(self) -> None:
        c = colours()
        self._title.setFont(sans(2.0, bold=True))
        for title in (self._recent_title, self._gallery_title):
            title.setFont(sans(1.18, bold=True))
        for button in self.findChildren(QPushButton):
            white = bool(button.property("primary"))
            name = button.property("icon-name")
            button.setIcon(icons.icon(name, "#ffffff" if white else c.text))
            button.setFont(sans(1.06, bold=white))
            button.setMinimumHeight(round(button.fontMetrics().height() * 2.3))
        self._sign.setIcon(icons.icon("search", c.faint_text))
        self._logo.setPixmap(_logo(_LOGO, self.devicePixelRatioF()))

    # Behaviour

    def _filtered(self, text: str) -> None:
        self.gallery.cards.filter(text)
        nothing = not self.gallery.cards.shown
        self._nothing.setText(f"No preset fits “{text.strip()}”.")
        self._nothing.setVisible(nothing)
        self.gallery.setVisible(not nothing)

    def _follow(self, place: QRect) -> None:
        inside = QRect(self.gallery.mapTo(self.widget(), place.topLeft()), place.size())
        middle = inside.center()
        self.ensureVisible(middle.x(), middle.y(), 0, inside.height() // 2 + 8)

    def _keep_in_sight(self) -> None:
        if self.gallery.hasFocus():
            self._follow(self.gallery.visualRect(self.gallery.currentIndex()))

    def showEvent(self, event: QShowEvent) -> None:
        """Fill the gallery once the page is seen, so that the window opens without waiting."""
        super().showEvent(event)
        if not self._begun:
            self._begun = True
            self._dress()  # not before: Qt forgets fonts when the page gets its place
            QTimer.singleShot(0, self.gallery, self.gallery.begin)
            self.demo.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand the buttons in one row or two."""
        super().resizeEvent(event)
        narrow = self.viewport().width() < _NARROW
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._rows.setDirection(way)


class _Filter(QLineEdit):
    """Where the gallery is filtered; its keys lead into the cards."""

    def __init__(self, gallery: Gallery) -> None:
        super().__init__(objectName="gallery-filter", clearButtonEnabled=True)
        self.gallery = gallery

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go down to the cards, open the first, or clear."""
        if event.key() == Qt.Key.Key_Down:
            self.gallery.focus_first()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gallery.open_current()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


def _logo(size: int, ratio: float) -> QPixmap:
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(folder("assets") / "icon.svg")).render(painter)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
