"""The gallery: search and filters, one of the three views, and the preview beside it."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons
from designer.gui.base.boxes import ComboBox
from designer.gui.base.theme import colors, theme
from designer.gui.gallery import catalogue
from designer.gui.gallery.cards import CardsView
from designer.gui.gallery.catalogue import ANY, Card, Match, Query
from designer.gui.gallery.family_colors import FamilyColors
from designer.gui.gallery.pictures import Pictures
from designer.gui.gallery.preview import Preview
from designer.preferences import GalleryView, Preferences

_VIEWS = (
    ("cards", "Cards", "gallery", "All networks as cards."),
    ("scatter", "Plot", "chart", "Parameters against multiply-accumulates."),
    ("tree", "Tree", "branch", "The family tree of the networks, by year."),
)
_FILTERS = (("size", catalogue.SIZES), ("cost", catalogue.COSTS), ("years", catalogue.YEARS))

if TYPE_CHECKING:
    from designer.gui.gallery.mark_view import MarkView

View: TypeAlias = "CardsView | MarkView"


class Browser(QWidget):
    """Search, filters, the three views and the preview.

    Signals
    -------
    opened(choice)
        A preset is to be opened with the arguments set in the preview.
    compared(choice)
        It is to be compared with another network.
    """

    opened = Signal(object)
    compared = Signal(object)

    def __init__(self, preferences: Preferences) -> None:
        super().__init__(objectName="gallery")
        self.preferences = preferences
        remembered = preferences.gallery
        self.query = Query(
            family=remembered.family,
            size=remembered.size,
            cost=remembered.cost,
            years=remembered.years,
            sort=remembered.sort,
        )
        self.all: tuple[Card, ...] = ()
        self.found: list[Match] = []
        self.families = FamilyColors()
        self.current = ""
        self.pictures = Pictures(self)
        self.cards = CardsView(self.pictures)
        self.views: dict[str, View] = {}
        self._current_views: set[str] = set()  # the views that show the last search
        self.preview = Preview(self.pictures)
        self.preview.opened.connect(self.opened)
        self.preview.compared.connect(self.compared)
        self.preview.chosen.connect(self.choose)
        self._assemble()
        self._add_view("cards", self.cards)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        self.show_view(remembered.view)

    # Assembling

    def _assemble(self) -> None:
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(8)
        first = QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(self._switch())
        self.search = _Search(self)
        first.addWidget(self.search, 1)
        self.count = QLabel(objectName="gallery-count", textFormat=Qt.TextFormat.PlainText)
        self.count.setProperty("role", "soft")
        first.addWidget(self.count)
        down.addLayout(first)
        down.addLayout(self._filter_row())
        self.stack = QStackedWidget()
        self.nothing = QLabel(
            objectName="gallery-nothing", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.nothing.setProperty("role", "soft")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack.addWidget(self.nothing)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.stack, 1)
        body.addWidget(self.preview)
        down.addLayout(body, 1)

    def _switch(self) -> QFrame:
        """Return the buttons that switch between the three views."""
        frame = QFrame(objectName="gallery-switch")
        frame.setProperty("role", "segments")
        across = QHBoxLayout(frame)
        across.setContentsMargins(2, 2, 2, 2)
        across.setSpacing(2)
        self.switch = QButtonGroup(self)
        for number, (name, text, _, help_) in enumerate(_VIEWS, 1):
            button = QToolButton(text=text, checkable=True, objectName=f"gallery-view-{name}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setToolTip(f"{text}  Alt+{number}\n{help_}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, name=name: self.show_view(name))
            self.switch.addButton(button)
            across.addWidget(button)
            keys = QShortcut(QKeySequence(f"Alt+{number}"), self)
            keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            keys.activated.connect(lambda name=name: self.show_view(name))
        return frame

    def _filter_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.boxes = {"family": self._box("family", "Family")}
        self.boxes["family"].addItem("Any family", ANY)
        for name, bounds in _FILTERS:
            self.boxes[name] = self._box(name, name.capitalize())
            for key, each in bounds.items():
                self.boxes[name].addItem(each.label, key)
        self.boxes["sort"] = self._box("sort", "Order")
        for key, (label, _) in catalogue.SORTS.items():
            self.boxes["sort"].addItem(label, key)
        self.clear = QPushButton("Show all", objectName="gallery-clear")
        self.clear.setToolTip("Clear search and filters.")
        self.clear.clicked.connect(self.show_all)
        for name, box in self.boxes.items():
            if name == "sort":
                row.addWidget(self.clear)
                row.addStretch(1)
            row.addWidget(box)
            box.setCurrentIndex(max(0, box.findData(getattr(self.query, name))))
            box.currentIndexChanged.connect(self._filters_changed)
        return row

    def _box(self, name: str, accessible: str) -> QComboBox:
        box = ComboBox(objectName=f"gallery-{name}")
        box.setAccessibleName(accessible)
        box.setMaxVisibleItems(30)
        box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setMinimumContentsLength(4)
        box.setMinimumWidth(60)
        return box

    def _add_view(self, name: str, view: View) -> None:
        self.views[name] = view
        self.stack.addWidget(view)
        view.opened.connect(self.open)
        view.chosen.connect(self.choose)
        QWidget.setTabOrder(self.boxes["sort"], view)
        QWidget.setTabOrder(view, self.preview.open)

    def _refresh_view(self) -> None:
        """Update the visible view; the others are updated when they become visible."""
        name = self.preferences.gallery.view
        if self.all and name not in self._current_views:
            self._current_views.add(name)
            self.view.show_found(self.all, self.found, self.families)
            self.view.select(self.current)

    def _apply_theme(self) -> None:
        c = colors()
        for button, (_, _, icon, _) in zip(self.switch.buttons(), _VIEWS, strict=True):
            button.setIcon(icons.icon(icon, c.text))
            button.setIconSize(QSize(15, 15))
        self.search.apply_theme()

    # Showing

    def load(self) -> None:
        """Read and show the presets, which takes some milliseconds."""
        self.all = cards = catalogue.read()
        self.families = FamilyColors(cards)
        box = self.boxes["family"]
        box.blockSignals(True)
        for family in sorted(self.families.names, key=str.lower):
            box.addItem(family, family)
        box.setCurrentIndex(max(0, box.findData(self.query.family)))
        box.blockSignals(False)
        self._filters_changed()

    @property
    def view(self) -> View:
        """The visible view: cards, plot or tree."""
        return self.views[self.preferences.gallery.view]

    def show_view(self, name: str) -> None:
        """Show cards, plot or tree."""
        if name not in self.views:
            if name == "scatter":
                from designer.gui.gallery.scatter import Scatter

                self._add_view(name, Scatter())
            else:
                from designer.gui.gallery.tree import Tree

                self._add_view(name, Tree())
        had_focus = self.stack.isAncestorOf(self.focusWidget() or self)
        self._remember(view=name)
        self.switch.buttons()[[each[0] for each in _VIEWS].index(name)].setChecked(True)
        sorted_ = name == "cards"
        self.boxes["sort"].setEnabled(sorted_)
        self.boxes["sort"].setToolTip(
            "The order of the cards." if sorted_ else "The order applies to the cards only."
        )
        self._refresh_view()
        self._show()
        if had_focus:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _filters_changed(self) -> None:
        chosen = {name: box.currentData() for name, box in self.boxes.items()}
        self.query = replace(self.query, text=self.search.text(), **chosen)
        self._remember(**chosen)
        self._find()

    def search_typed(self) -> None:
        """Search for the typed text and show the best match in the preview."""
        self.query = replace(self.query, text=self.search.text())
        self._find(best=True)

    def show_all(self) -> None:
        """Clear search and filters."""
        self.search.clear()
        for name, box in self.boxes.items():
            if name != "sort":
                box.setCurrentIndex(0)

    def _find(self, *, best: bool = False) -> None:
        if not self.all:
            return
        self.found = catalogue.find(self.all, self.query)
        self._current_views = set()
        self._refresh_view()
        names = [each.card.name for each in self.found]
        if names and (self.current not in names or (best and self.query.text.strip())):
            self._choose(names[0])
        else:
            self._choose(self.current)
        whole, some = len(self.all), len(names)
        self.count.setText(f"{whole} networks" if some == whole else f"{some} of {whole} networks")
        self.clear.setVisible(not self.query.is_empty)
        for name, box in self.boxes.items():
            lit = name != "sort" and bool(box.currentData())
            if bool(box.property("lit")) != lit:
                box.setProperty("lit", lit)
                box.style().unpolish(box)
                box.style().polish(box)
        self._show()

    def _show(self) -> None:
        nothing = bool(self.all) and not self.found
        text = self.query.text.strip()
        if replace(self.query, text="").is_empty:
            self.nothing.setText(f"No network matches “{text}”.")
        elif text:
            self.nothing.setText(f"No network matches “{text}” and the filters.")
        else:
            self.nothing.setText("No network matches the filters.")
        self.stack.setCurrentWidget(self.nothing if nothing else self.view)
        self.preview.setVisible(not nothing)

    def choose(self, name: str) -> None:
        """Show a preset in the preview."""
        if name != self.current:
            self._choose(name)

    def _choose(self, name: str) -> None:
        self.current = name
        for view in self._current_views:
            self.views[view].select(name)
        card = next((each for each in self.all if each.name == name), None)
        if card is not None and card is not self.preview.card:
            self.preview.show_card(card, self.all, self.families)

    def open(self, name: str) -> None:
        """Ask to open a preset with the arguments set in the preview."""
        self.choose(name)
        card = next((each for each in self.all if each.name == name), None)
        if card is not None and self.preview.choice.name == name:
            self.opened.emit(self.preview.choice)

    def open_current(self) -> None:
        """Ask to open the preset in the preview."""
        if self.current and self.found:
            self.open(self.current)

    def focus_view(self) -> None:
        """Give the visible view the focus."""
        self.view.setFocus(Qt.FocusReason.TabFocusReason)

    def _remember(self, **changed: str) -> None:
        known = self.preferences.gallery
        values = {name: getattr(known, name) for name in GalleryView.__struct_fields__}
        self.preferences.gallery = GalleryView(**{**values, **changed})


class _Search(QLineEdit):
    """The search field; its Down and Enter keys act on the view."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(objectName="gallery-search", clearButtonEnabled=True)
        self.browser = browser
        self.setPlaceholderText("Search by name, family, author, idea, year…")
        self.setAccessibleName("Search the presets")
        self.setMinimumWidth(120)
        self._sign = self.addAction(
            icons.icon("search", colors().faint_text), QLineEdit.ActionPosition.LeadingPosition
        )
        self.textChanged.connect(browser.search_typed)

    def apply_theme(self) -> None:
        """Draw the icon in the colors of the theme."""
        self._sign.setIcon(icons.icon("search", colors().faint_text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move to the view with Down, open with Enter, clear with Escape."""
        if event.key() == Qt.Key.Key_Down:
            self.browser.focus_view()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.browser.open_current()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
