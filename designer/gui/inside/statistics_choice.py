"""The row of the Layer statistics dock with its views and the figure that is shown."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from designer.gui.base import icons
from designer.gui.base.boxes import ComboBox
from designer.gui.base.theme import sans, theme
from designer.gui.inside.statistics_values import figures_of
from designer.runs.layer_statistics import FIGURES, Kind

_VIEWS = (
    ("histograms", "Histograms", "The distribution of the values of each layer."),
    ("depth", "By layer", "A figure from the first to the last layer."),
    ("time", "Over time", "A figure over the steps of the training, for the selected layers."),
    ("table", "Table", "All figures of all layers, to sort and to copy."),
    ("warnings", "Warnings", "What is suspicious, and what helps."),
)
_FIRST_FIGURE = "deviation"
_NARROW = "padding: 4px 6px;"
_LEAST_WIDTH = 76  # pixels of the list of figures in a narrow dock
_SPACE = 6


class StatisticsChoice(QWidget):
    """The views, the figure, and how it is drawn; two rows where one is too narrow.

    Signals
    -------
    changed()
        Another view or figure was chosen, or another scale of the figure.
    same_scale(same)
        All histograms are to be on one scale of values, or each on its own.
    color_wanted()
        The button that colors the nodes was pressed.
    """

    changed = Signal()
    same_scale = Signal(bool)
    color_wanted = Signal()

    def __init__(self, shortcuts_of: QWidget) -> None:
        super().__init__()
        self.figures = ComboBox(objectName="statistics-figure")
        self.figures.setAccessibleName("Figure")
        self.figures.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToContents)
        self.figures.setMinimumWidth(_LEAST_WIDTH)
        self.figures.currentIndexChanged.connect(self._figure_chosen)
        self.log = self._toggle("statistics-log", "Log", "Draw the figure on a logarithmic axis.")
        self.log.clicked.connect(self.changed)
        self.same = self._toggle(
            "statistics-same", "Same scale", "Draw all layers on one scale of values."
        )
        self.same.setChecked(True)
        self.same.toggled.connect(self.same_scale)
        self.color = self._toggle(
            "statistics-color",
            "Color nodes",
            "Color the nodes on the canvas by this figure: choose it in the list beside.",
        )
        self.color.clicked.connect(self.color_wanted)
        self.buttons: dict[str, QToolButton] = {}
        self._views = self._switch(shortcuts_of)
        self._tools = QWidget()
        across = QHBoxLayout(self._tools)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(_SPACE)
        across.addStretch(1)
        for widget in (self.same, self.log, self.figures, self.color):
            across.addWidget(widget)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACE)
        self._row.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)
        self._row.addWidget(self._views, 0, Qt.AlignmentFlag.AlignLeft)
        self._row.addWidget(self._tools, 1)
        theme.changed.connect(self._dress)
        self._dress()

    def _toggle(self, name: str, text: str, help_: str) -> QToolButton:
        button = QToolButton(objectName=name, text=text, checkable=True)
        button.setToolTip(help_)
        button.setAccessibleName(text)
        return button

    def _switch(self, shortcuts_of: QWidget) -> QFrame:
        """Return the buttons that switch between the views."""
        frame = QFrame()
        frame.setProperty("role", "segments")
        across = QHBoxLayout(frame)
        across.setContentsMargins(2, 2, 2, 2)
        across.setSpacing(2)
        group = QButtonGroup(self)
        for number, (name, text, help_) in enumerate(_VIEWS, 1):
            button = QToolButton(text=text, checkable=True, objectName=f"statistics-view-{name}")
            button.setToolTip(f"{help_}  Alt+{number}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setStyleSheet(_NARROW)
            button.clicked.connect(self.changed)
            group.addButton(button)
            self.buttons[name] = button
            across.addWidget(button)
            keys = QShortcut(QKeySequence(f"Alt+{number}"), shortcuts_of)
            keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            keys.activated.connect(button.click)
        self.buttons["histograms"].setChecked(True)
        return frame

    def _dress(self) -> None:
        self.color.setIcon(icons.icon("colors"))
        for button in (*self.buttons.values(), self.same, self.log):
            button.setFont(sans(0.92))
        # Its width is that with a number, so that nothing moves when there is one.
        room = self.buttons["warnings"].fontMetrics().horizontalAdvance("Warnings (99)")
        self.buttons["warnings"].setMinimumWidth(room + 14)
        self._arrange()

    # What is chosen

    @property
    def view(self) -> str:
        """The name of the view that is chosen."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

    @property
    def figure(self) -> str:
        """The figure that is chosen."""
        return str(self.figures.currentData())

    def offer(self, kind: Kind) -> None:
        """Offer the figures of a kind of values; the chosen one stays if it is among them."""
        before = self.figures.currentData() or _FIRST_FIGURE
        names = figures_of(kind)
        self.figures.blockSignals(True)
        self.figures.clear()
        for name in names:
            self.figures.addItem(FIGURES[name].title, name)
            help_ = FIGURES[name].help
            self.figures.setItemData(self.figures.count() - 1, help_, Qt.ItemDataRole.ToolTipRole)
        self.figures.setCurrentIndex(
            names.index(before) if before in names else names.index(_FIRST_FIGURE)
        )
        self.figures.blockSignals(False)
        self.log.setChecked(FIGURES[self.figure].logarithmic)

    def choose(self, figure: str) -> None:
        """Choose a figure."""
        self.figures.setCurrentIndex(self.figures.findData(figure))

    def show_state(self, *, warnings: int, anything: bool, colorable: bool) -> None:
        """Show what belongs to the view, and how many warnings there are."""
        self.same.setVisible(self.view == "histograms")
        self.log.setVisible(self.view in ("depth", "time"))
        self.color.setEnabled(anything and colorable)
        words = f"Warnings ({warnings})" if warnings else "Warnings"
        self.buttons["warnings"].setText(words)

    def _figure_chosen(self) -> None:
        self.log.setChecked(FIGURES[self.figure].logarithmic)
        self.changed.emit()

    # One row or two

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        widest = self.same.sizeHint().width() + self.color.sizeHint().width() + 2 * _SPACE
        needed = self._views.sizeHint().width() + widest + self.figures.sizeHint().width()
        one = self.width() >= needed + _SPACE
        direction = QBoxLayout.Direction
        wanted = direction.LeftToRight if one else direction.TopToBottom
        if wanted != self._row.direction():
            self._row.setDirection(wanted)
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Return the size of two rows in width, and of those that there are in height."""
        width = max(self._views.minimumSizeHint().width(), self._tools.minimumSizeHint().width())
        return QSize(width, self._row.minimumSize().height())

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()
