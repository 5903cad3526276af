"""One problem on the screen: its icon, its sentence, its location, and its fixes as buttons."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from designer.analysis.problems import Fix, Problem, Severity
from designer.gui.base import icons, numbers
from designer.gui.base.flow_layout import FlowLayout
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans
from designer.gui.documents import steps
from designer.gui.documents.training_problem import is_advice, is_of_training

_ORDER = tuple(Severity)
ABOUT_CODE = ("not-trusted", "own-code", "own-layer")
"""Codes of problems that the code of the design's own layer types has."""
Group = Sequence[Problem]
"""The same problem in all uses of a block."""


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Return problems in groups, errors first; those of several uses of a block form one group."""
    same: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        key = (problem.severity, problem.block, problem.node, problem.code, problem.message)
        same.setdefault(key, []).append(problem)
    return sorted(same.values(), key=lambda group: _ORDER.index(group[0].severity))


def location_of(group: Group) -> str:
    """Return the location of a problem in words: its path, its block, the origin of the shape."""
    first = group[0]
    if is_of_training(first):
        return "the data and the recipe of the training; the design itself has no errors"
    if not first.path:
        return "the whole training" if is_advice(first) else "the whole design"
    parts = [first.path]
    if first.block is not None:
        parts.append(f"in the block {first.block}")
    if len(group) == 2:
        parts.append("1 more use of the block")
    elif len(group) > 2:
        parts.append(f"{numbers.count(len(group) - 1)} more uses of the block")
    if first.origin and first.origin != first.node:
        parts.append(f"the shape comes from {first.origin}")
    return " · ".join(parts)


class ProblemRow(QWidget):
    """A problem; a click or Enter goes to its node, the buttons fix it.

    Signals
    -------
    chosen(problem)
        The user wants to go to the node.
    fix_requested(fix)
        The user pressed the button of a fix.
    fix_pointed_at(fix)
        The pointer or the focus entered the button of a fix; None when it left.
    silenced(key)
        The user wants to hear nothing more of what the doctor says here.
    code_requested()
        The user wants to read the code that is not trusted yet.
    left(step)
        The focus moves to the next row (1) or the previous one (-1).
    """

    chosen = Signal(Problem)
    fix_requested = Signal(Fix)
    fix_pointed_at = Signal(object)
    left = Signal(int)
    silenced = Signal(str)
    code_requested = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="problem")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.group: Group = ()
        self.unfinished = False
        self.sign = QLabel()
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.location = QLabel(wordWrap=True)
        self.location.setTextFormat(Qt.TextFormat.PlainText)
        self.location.setProperty("role", "soft")
        self.buttons: list[QPushButton] = []
        self._fixes = QWidget()
        self._flow = FlowLayout(self._fixes, gap=6)
        self._flow.setContentsMargins(0, 3, 0, 2)
        self.silence = QToolButton(text="Silence", objectName="silence-advice", autoRaise=True)
        self.silence.setToolTip("Say nothing more of this; the settings can bring it back.")
        self.silence.setCursor(Qt.CursorShape.ArrowCursor)
        self.silence.clicked.connect(self._silence)
        self.silence.hide()
        self.read = QPushButton("Read the code…", objectName="read-code")
        self.read.setToolTip("Read what this layer type does, and trust it or not.")
        self.read.setCursor(Qt.CursorShape.ArrowCursor)
        self.read.clicked.connect(self.code_requested)
        self.read.hide()
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.sentence)
        words.addWidget(self.location)
        words.addWidget(self._fixes)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 6, 10, 6)
        line.setSpacing(9)
        line.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        line.addWidget(self.silence, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.read, 0, Qt.AlignmentFlag.AlignTop)

    def show_group(self, group: Group, *, unfinished: bool = False) -> None:
        """Show another problem in this row; one of an unfinished node in gray."""
        self.group, self.unfinished = group, unfinished
        first = group[0]
        self.sentence.setText(numbers.sentence(first.message))
        self.location.setText(location_of(group))
        kind = "unfinished" if unfinished else first.severity.value
        self.setAccessibleName(f"{kind}: {first.message}")
        self.sentence.setProperty("role", "soft" if unfinished else "")
        self.sentence.style().polish(self.sentence)
        for number, fix in enumerate(first.fixes):
            if number == len(self.buttons):
                self._add_button()
            else:
                self.buttons[number].show()
            self.buttons[number].setText(steps.capitalized(fix.label).replace("&", "&&"))
            self.buttons[number].setAccessibleName(f"Fix: {fix.label}")
        for button in self.buttons[len(first.fixes) :]:
            button.hide()
        self.silence.setVisible(is_advice(first))
        self.read.setVisible(first.code in ABOUT_CODE)
        self.silence.setAccessibleName(f"Say nothing more of {first.code}")
        if bool(first.fixes) == self._fixes.isHidden():
            self._fixes.setHidden(not first.fixes)
        self._flow.invalidate()
        self.redraw()

    def redraw(self) -> None:
        """Draw with the theme's colors."""
        c = colors()
        if self.group:
            error = self.group[0].severity is Severity.ERROR
            name = "problem-error" if error else "problem-warning"
            size = QSize(1, 1) * self.fontMetrics().height()
            color, words = (c.error, "Error: stops training") if error else (c.warning, "Warning")
            if is_of_training(self.group[0]):
                words = "Stops training: the data or the recipe do not fit the design"
            if self.group[0].severity is Severity.PENDING:
                name, color, words = "clock", c.warning, "Pending: not known yet"
            if is_advice(self.group[0]):
                name, color, words = "info", c.accent, "Advice: what keeps a network from learning"
            if self.unfinished:
                name, color = "problem-warning", c.faint_text
                words = "Unfinished: becomes a problem when you work elsewhere"
            self.sign.setPixmap(icons.icon(name, color).pixmap(size, self.devicePixelRatioF()))
            self.sign.setToolTip(tip(words))
        self.location.setFont(sans(0.92))
        self.silence.setFont(sans(0.92))
        self.read.setFont(sans(0.92))
        for button in self.buttons:
            button.setIcon(icons.icon("fix", c.success))
            button.setFont(sans(0.92))

    def pointed_at(self) -> Fix | None:
        """Return the fix whose button has the pointer or the focus, or None."""
        for button, fix in zip(self.buttons, self.group[0].fixes, strict=False):
            if button.hasFocus() or button.underMouse():
                return fix
        return None

    def _silence(self) -> None:
        self.silenced.emit(self.group[0].code)

    def _add_button(self) -> None:
        number = len(self.buttons)
        button = QPushButton(objectName="fix")
        button.setIconSize(QSize(14, 14))
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setAutoDefault(True)
        button.clicked.connect(lambda: self.fix_requested.emit(self.group[0].fixes[number]))
        button.installEventFilter(self)
        self.buttons.append(button)
        self._flow.addWidget(button)

    # Events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Announce the fix whose button the pointer or the focus entered, None when it left."""
        kind = event.type()
        if kind in (QEvent.Type.Enter, QEvent.Type.FocusIn):
            fixes = zip(self.buttons, self.group[0].fixes, strict=False)
            for fix in (fix for button, fix in fixes if button is watched):
                self.fix_pointed_at.emit(fix)
        elif kind in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self.fix_pointed_at.emit(None)
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background here: a style sheet for each of a hundred rows would be slow."""
        c = colors()
        painter = QPainter(self)
        if self.hasFocus():
            painter.fillRect(self.rect(), QColor(c.selection))
            painter.fillRect(0, 0, 2, self.height(), QColor(c.accent))
        elif self.underMouse():
            painter.fillRect(self.rect(), QColor(c.hover))
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(c.line))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.chosen.emit(self.group[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None:
            self.left.emit(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.group[0])
        elif event.key() == Qt.Key.Key_Right and self.group[0].fixes:
            self.buttons[0].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)
