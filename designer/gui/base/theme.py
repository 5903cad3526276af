"""The two themes, light and dark: colors, fonts and the style sheet of plain widgets."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from designer.gui.base.contrast import legible
from designer.layers.category import Category
from designer.resources import folder

ThemeName = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class Colors:
    """The colors of a theme, named by their use.

    Attributes
    ----------
    canvas, window, panel, field
        Backgrounds of the graph, of the window and docks, of cards and nodes, of text fields.
    line, strong_line
        Borders that separate, and borders that should be noticed.
    text, soft_text, faint_text, disabled_text
        Text by falling importance, and text of disabled widgets.
    accent, on_accent
        Selection and focus, and text on it.
    success, warning, error
        Success, warnings, errors; each has enough contrast for text on `window` and `panel`.
    train_button, train_hover
        Background of the main button, whose text is white, and while the pointer is over it.
    train, validation
        The two curves of a plot.
    """

    dark: bool
    canvas: str
    window: str
    panel: str
    field: str
    hover: str
    line: str
    strong_line: str
    text: str
    soft_text: str
    faint_text: str
    disabled_text: str
    accent: str
    on_accent: str
    selection: str
    success: str
    train_button: str
    train_hover: str
    warning: str
    error: str
    error_panel: str
    train: str
    validation: str
    categories: dict[Category, str]
    block: str

    def of(self, category: Category | None) -> QColor:
        """Return the color of a layer category for areas and lines; None is a block."""
        return QColor(self.block if category is None else self.categories[category])

    def text_of(self, category: Category | None) -> str:
        """Return the color of a layer category for text on `window`, `panel` and `selection`."""
        return legible(self.of(category).name(), self.window, self.panel, self.selection)


DARK = Colors(
    dark=True,
    canvas="#181b20",
    window="#1f2228",
    panel="#282c34",
    field="#16181d",
    hover="#323741",
    line="#2f343d",
    strong_line="#4a515e",
    text="#e6e8ec",
    soft_text="#a3aab6",
    faint_text="#8d94a1",
    disabled_text="#717884",
    accent="#5b9bff",
    on_accent="#0b1220",
    selection="#2a3f63",
    success="#3fb68b",
    train_button="#27815f",
    train_hover="#1f6c4f",
    warning="#f0a840",
    error="#ff6b66",
    error_panel="#4a2226",
    train="#5b9bff",
    validation="#f5a742",
    categories={
        Category.PORT: "#9aa1ad",
        Category.STORED: "#8fb0c9",
        Category.CONVOLUTION: "#5b9bff",
        Category.POOLING: "#3fb68b",
        Category.ACTIVATION: "#f5a742",
        Category.NORMALIZATION: "#b588ee",
        Category.DENSE: "#ef6a93",
        Category.SEQUENCE: "#9ccf4f",
        Category.REGULARIZATION: "#8f9f6b",
        Category.JOIN: "#56c5d0",
        Category.ARITHMETIC: "#d97fd6",
        Category.SHAPE: "#c99a72",
        Category.OWN: "#d6cb5e",
    },
    block="#e0cc5a",
)

LIGHT = Colors(
    dark=False,
    canvas="#f4f5f7",
    window="#ebedf0",
    panel="#ffffff",
    field="#ffffff",
    hover="#dfe3e9",
    line="#d5d9e0",
    strong_line="#a9b1be",
    text="#1c2026",
    soft_text="#4d5562",
    faint_text="#616976",
    disabled_text="#858d9a",
    accent="#1f66d6",
    on_accent="#ffffff",
    selection="#cfe0fb",
    success="#177350",
    train_button="#1b855e",
    train_hover="#177350",
    warning="#965800",
    error="#c42f2a",
    error_panel="#fde7e6",
    train="#1f66d6",
    validation="#ad4a00",
    categories={
        Category.PORT: "#7b8391",
        Category.STORED: "#4d7a99",
        Category.CONVOLUTION: "#2f74e0",
        Category.POOLING: "#1f9a6d",
        Category.ACTIVATION: "#dc8412",
        Category.NORMALIZATION: "#8e56d4",
        Category.DENSE: "#d6406f",
        Category.SEQUENCE: "#578f12",
        Category.REGULARIZATION: "#6f8043",
        Category.JOIN: "#1796a4",
        Category.ARITHMETIC: "#a83fa5",
        Category.SHAPE: "#a06c40",
        Category.OWN: "#8a7f12",
    },
    block="#b39a10",
)

SANS = "Inter"
MONO = "JetBrains Mono"


class Theme(QObject):
    """The theme in use.

    Attributes
    ----------
    requested
        What the user chose; "system" follows the system.
    colors
        The colors of the theme in use.

    Signals
    -------
    changed()
        The application has new colors.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.requested: ThemeName = "system"
        self.colors = DARK

    def follow(self, application: QApplication, requested: ThemeName) -> None:
        """Use light, dark, or what the system uses, now and when it changes."""
        self.choose(application, requested)
        self.style(application)
        self.changed.emit()

    def choose(self, application: QApplication, requested: ThemeName) -> None:
        """Do as `follow`, but without the style sheet, which `style` sets later.

        Qt applies the style sheet again to every widget that gets another parent. To set it once
        the window is complete saves 0.06 of 0.35 s.
        """
        self.requested = requested
        hints = application.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed, Qt.ConnectionType.UniqueConnection)
        system = hints.colorScheme() == Qt.ColorScheme.Dark
        dark = system if requested == "system" else requested == "dark"
        self.colors = DARK if dark else LIGHT
        application.setPalette(_palette(self.colors))

    def style(self, application: QApplication) -> None:
        """Set the style sheet of the theme in use."""
        application.setStyleSheet(_style_sheet(self.colors))

    def _system_changed(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            self.follow(application, self.requested)


theme = Theme()


def colors() -> Colors:
    """Return the colors in use."""
    return theme.colors


def load_fonts(application: QApplication) -> None:
    """Load the program's fonts, and use them at the system's font size."""
    for file in sorted(folder("assets").joinpath("fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(file))
    font = QFont(SANS)
    size = application.font().pointSizeF()
    font.setPointSizeF(size if size > 0 else 9.0)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setFeature(QFont.Tag("calt"), 0)  # else the x of conv3x3 becomes ×
    application.setFont(font)


def mono(size: float = 0.0, *, relative: float = 1.0) -> QFont:
    """Return the font of code and numbers: `size` points, or relative to the application's."""
    font = QFont(MONO)
    font.setPointSizeF(size or QApplication.font().pointSizeF() * relative)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def sans(relative: float = 1.0, *, bold: bool = False) -> QFont:
    """Return the font of text, relative to the application's size."""
    font = QFont(QApplication.font())
    font.setPointSizeF(font.pointSizeF() * relative)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def strong(html: str) -> str:
    """Return HTML in the weight of headings: Inter has no heavier one, so <b> would be smeared."""
    return f'<span style="font-weight:600">{html}</span>'


def _palette(c: Colors) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for each, color in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.field),
        (role.AlternateBase, c.panel),
        (role.Text, c.text),
        (role.Button, c.panel),
        (role.ButtonText, c.text),
        (role.BrightText, c.error),
        (role.ToolTipBase, c.panel),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.faint_text),
        (role.Highlight, c.selection),
        (role.HighlightedText, c.text),
        (role.Link, c.accent),
        (role.Accent, c.accent),
        (role.Light, c.hover),
        (role.Midlight, c.hover),
        (role.Mid, c.line),
        (role.Dark, c.line),
        (role.Shadow, "#000000"),
    ):
        palette.setColor(each, QColor(color))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(c.disabled_text))
    return palette


def _style_sheet(c: Colors) -> str:
    """Return the style sheet of plain widgets; others paint themselves."""
    pictures = (folder("assets") / "icons").as_posix()
    look = "dark" if c.dark else "light"
    return f"""
QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.strong_line};
    padding: 4px 6px; }}
QMainWindow::separator {{ background: {c.line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {c.accent}; }}
QMenuBar {{ background: {c.window}; padding: 2px 4px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {c.hover}; }}
QMenu {{ background: {c.panel}; border: 1px solid {c.strong_line}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 10px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.selection}; }}
QMenu::item:disabled {{ color: {c.disabled_text}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
QMenu::icon {{ padding-left: 6px; }}
QToolBar {{ background: {c.window}; border: 0; border-bottom: 1px solid {c.line};
    padding: 4px 8px; spacing: 6px; }}
QToolBar::separator {{ background: {c.line}; width: 1px; margin: 4px 4px; }}
QToolButton {{ border: 0; border-radius: 5px; padding: 5px 8px; background: transparent; }}
QToolButton:hover {{ background: {c.hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {c.selection}; }}
QToolButton:disabled {{ color: {c.disabled_text}; }}
QToolButton[primary="true"] {{ background: {c.train_button}; color: #ffffff; font-weight: 600;
    padding: 5px 12px; }}
QToolButton[primary="true"]:hover {{ background: {c.train_hover}; }}
QToolButton[primary="true"]:disabled {{ background: {c.hover}; color: {c.disabled_text}; }}
QToolButton[role="search"] {{ background: {c.field}; border: 1px solid {c.line};
    color: {c.faint_text}; padding: 5px 10px; }}
QToolButton[role="search"]:hover {{ border-color: {c.strong_line}; }}
QToolBar QToolButton#qt_toolbar_ext_button {{ padding: 0; background: {c.hover};
    qproperty-icon: url("{pictures}/chevron-{look}.svg"); }}
QToolButton[role="close-tab"] {{ padding: 1px; }}
QPushButton {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 5px;
    padding: 5px 12px; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:pressed {{ background: {c.selection}; }}
QPushButton:focus {{ border-color: {c.accent}; }}
QPushButton:disabled {{ color: {c.disabled_text}; background: {c.window}; }}
QPushButton[role="start"] {{ text-align: left; padding-left: 14px; }}
QPushButton[primary="true"] {{ background: {c.train_button}; color: #ffffff; border: 0;
    font-weight: 600; padding: 6px 14px; }}
QPushButton[primary="true"]:hover {{ background: {c.train_hover}; }}
QPushButton[primary="true"]:disabled {{ background: {c.hover}; color: {c.disabled_text}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{
    background: {c.field}; border: 1px solid {c.line}; border-radius: 5px; padding: 4px 7px;
    selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
QComboBox:!editable {{ padding-left: 9px; }}
QSpinBox, QDoubleSpinBox {{ padding: 2px 7px 3px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border;
    width: 0; border: 0; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: 0; padding: 0; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border-color: {c.accent}; }}
QLineEdit[wrong="true"], QComboBox[wrong="true"] {{ border-color: {c.error}; }}
QLineEdit[heading="true"] {{ background: transparent; border: 0; border-radius: 0;
    border-bottom: 1px solid transparent; padding: 2px 0; }}
QLineEdit[heading="true"]:hover {{ border-color: {c.line}; }}
QLineEdit[heading="true"]:focus {{ border-color: {c.accent}; }}
QLineEdit[heading="true"][wrong="true"] {{ border-color: {c.error}; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {c.disabled_text}; background: {c.window}; }}
QComboBox[lit="true"] {{ border-color: {c.accent}; color: {c.accent}; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: url("{pictures}/chevron-{look}.svg"); width: 12px; height: 12px; }}
QToolButton::menu-indicator {{ image: none; }}
QCheckBox {{ min-height: 18px; }}
QCheckBox::indicator, QTreeView::indicator, QListView::indicator {{ width: 14px; height: 14px;
    border: 1px solid {c.strong_line}; border-radius: 3px; background: {c.field}; }}
QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked {{
    background: {c.accent}; border-color: {c.accent};
    image: url("{pictures}/check-{look}.svg"); }}
QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
QComboBox QAbstractItemView {{ background: {c.panel}; border: 1px solid {c.strong_line};
    selection-background-color: {c.selection}; selection-color: {c.text}; outline: 0; }}
QTreeView, QTableView, QListView {{ background: {c.window}; border: 0; outline: 0;
    alternate-background-color: {c.window}; gridline-color: {c.line}; }}
QTableView::item, QListView::item, QTreeView::item {{ padding: 3px 6px; border: 0; }}
QTableView::item:selected, QListView::item:selected, QTreeView::item:selected {{
    background: {c.selection}; color: {c.text}; }}
QTreeView::item:hover, QListView::item:hover {{ background: {c.hover}; }}
QHeaderView {{ background: {c.window}; }}
QHeaderView::section {{ background: {c.window}; color: {c.soft_text}; border: 0;
    border-bottom: 1px solid {c.line}; padding: 5px 6px; }}
QHeaderView::up-arrow, QHeaderView::down-arrow {{ width: 12px; height: 12px;
    subcontrol-origin: margin; subcontrol-position: top center; }}
QHeaderView::up-arrow {{ image: url("{pictures}/chevron-up-{look}.svg"); }}
QHeaderView::down-arrow {{ image: url("{pictures}/chevron-{look}.svg"); }}
QTreeView QHeaderView::section {{ padding: 5px 9px; }}
QTabBar {{ background: {c.window}; }}
QTabBar::tab {{ background: transparent; color: {c.soft_text}; padding: 6px 12px; border: 0;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabBar[crowded="true"]::tab {{ padding: 6px 6px; }}
QTabBar::scroller {{ width: 30px; }}
QTabBar::tear {{ width: 0; border: 0; }}
QTabBar QToolButton {{ background: {c.window}; border: 0; border-radius: 0; padding: 0; }}
QTabBar QToolButton::right-arrow {{ image: url("{pictures}/chevron-right-{look}.svg");
    width: 14px; height: 14px; }}
QTabBar QToolButton::left-arrow {{ image: url("{pictures}/chevron-left-{look}.svg");
    width: 14px; height: 14px; }}
QTabWidget::pane {{ border: 0; }}
QDockWidget {{ color: {c.soft_text}; border: 1px solid {c.strong_line};
    titlebar-close-icon: none; titlebar-normal-icon: none; }}
QDockWidget::title {{ background: {c.window}; padding: 5px 8px; text-align: left; }}
QStatusBar {{ background: {c.window}; border-top: 1px solid {c.line}; }}
QStatusBar::item {{ border: 0; }}
QScrollArea {{ background: {c.window}; border: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {c.strong_line}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {c.faint_text}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ background: {c.field}; border: 0; border-radius: 3px; max-height: 6px;
    text-align: center; color: transparent; }}
QProgressBar::chunk {{ background: {c.success}; border-radius: 3px; }}
QLabel[role="soft"] {{ color: {c.soft_text}; }}
QLabel[role="faint"] {{ color: {c.faint_text}; }}
QLabel[role="value"] {{ color: {c.accent}; }}
QListView#completions {{ background: {c.panel}; border: 1px solid {c.strong_line};
    border-radius: 4px; }}
QWidget#form QLineEdit {{ padding: 2px 7px; }}
QWidget#form QComboBox {{ padding: 2px 7px 2px 9px; }}
QTextEdit#facts {{ background: transparent; border: 0; border-radius: 0; padding: 0; }}
QToolButton[bare="true"] {{ padding: 0; }}
QLabel[role="error"] {{ color: {c.error}; }}
QLabel[role="warning"] {{ color: {c.warning}; }}
QFrame[role="card"] {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 7px; }}
QFrame[role="error-card"] {{ background: {c.error_panel}; border: 1px solid {c.error};
    border-radius: 7px; }}
QFrame[role="warning-card"], QFrame[role="pending-card"] {{ background: {c.panel};
    border: 1px solid {c.warning};
    border-radius: 7px; }}
QFrame[role="segments"] {{ background: {c.field}; border: 1px solid {c.line};
    border-radius: 6px; }}
QFrame[role="segments"] QToolButton {{ padding: 4px 10px; border-radius: 4px;
    color: {c.soft_text}; }}
QFrame[role="segments"] QToolButton:checked {{ color: {c.text}; }}
QFrame[role="segments"] QToolButton:focus {{ border: 1px solid {c.accent}; padding: 3px 9px; }}
QFrame[role="line"] {{ background: {c.line}; border: 0; max-height: 1px; }}
"""
