"""A strip below the curves: the newest advice on the shown run, and what helps as buttons."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from designer.analysis.problems import Fix
from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import steps
from designer.gui.documents.training_problem import RecipeFix, remedy_fix
from designer.gui.documents.workspace import Workspace
from designer.gui.training.advising import Advising
from designer.gui.training.setup import SetUp

if TYPE_CHECKING:
    from designer.doctor.advice import Advice

_ICON = QSize(16, 16)


class AdviceStrip(QFrame):
    """One line: a piece of advice, a button with what helps, and one that shows all of the text.

    Parameters
    ----------
    workspace, set_up
        The design and the recipe that remedies change.
    advising
        Says what there is to show.
    """

    def __init__(self, workspace: Workspace, set_up: SetUp, advising: Advising) -> None:
        super().__init__(objectName="advice-strip")
        self._workspace, self._set_up, self._advising = workspace, set_up, advising
        self._key = ""
        self._makes_room = False
        self.sign = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.sentence = ElidedLabel(name="advice-sentence")
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.whole = QLabel(
            objectName="advice-whole", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.whole.hide()
        self.next = QToolButton(objectName="advice-next")
        self.next.setToolTip("Show the next piece of advice.")
        self.next.clicked.connect(self._show_next)
        self.more = QToolButton(objectName="advice-more", checkable=True)
        self.more.setToolTip("Show the whole text, with the figures.")
        self.more.setAccessibleName("Whole text of the advice")
        self.more.toggled.connect(self._show)
        self.helps = QPushButton("What helps", objectName="advice-helps")
        self.menu = QMenu(self.helps)
        self.helps.setMenu(self.menu)
        line = QHBoxLayout()
        line.setSpacing(7)
        line.addWidget(self.sign)
        line.addWidget(self.sentence, 1)
        for button in (self.next, self.more, self.helps):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 3, 8, 3)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self.whole)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()
        advising.run_advice_changed.connect(self._show)
        theme.changed.connect(self._show)

    @property
    def advice(self) -> "Advice | None":
        """The piece that is shown, None for none."""
        found = self._advising.of_run
        return next((each for each in found if each.key == self._key), found[0] if found else None)

    def make_room(self, *, makes_room: bool) -> None:
        """Hide the strip, or show it again: compared runs need the height for their curves."""
        if makes_room != self._makes_room:
            self._makes_room = makes_room
            self._show()

    def _show(self) -> None:
        """Show the newest piece, or the one that was chosen while it is still there."""
        found, advice = self._advising.of_run, self.advice
        self.setVisible(advice is not None and not self._makes_room)
        if advice is None:
            self._key = ""
            self.more.setChecked(False)
            return
        c = colors()
        calm = advice.severity == "explanation"
        color = c.accent if calm else c.warning
        self.sign.setPixmap(icons.icon("info", color).pixmap(_ICON, self.devicePixelRatioF()))
        text = numbers.sentence(advice.text)
        opened = self.more.isChecked()
        self.sentence.setText(_title(advice) if opened else numbers.sentence(advice.sentence))
        self.whole.setVisible(opened)
        self.sentence.setToolTip(tip(text))
        self.setAccessibleName(f"{advice.severity}: {text}")
        self.whole.setText(text)
        number = found.index(advice) + 1
        self.next.setText(f"{number} of {len(found)}")
        self.next.setVisible(len(found) > 1)
        self.more.setIcon(icons.icon("expand"))
        for widget in (self.sentence, self.whole, self.next, self.helps):
            widget.setFont(sans(0.95))
        self._fill(advice)

    def _fill(self, advice: "Advice") -> None:
        self.menu.clear()
        for remedy in advice.remedies:
            action = self.menu.addAction(steps.capitalized(remedy.label).replace("&", "&&"))
            fix = remedy_fix(remedy)
            action.triggered.connect(lambda _=False, fix=fix: self._apply(fix))
        if advice.remedies:
            self.menu.addSeparator()
        silent = self.menu.addAction("Say nothing more of this")
        silent.triggered.connect(
            lambda _=False, key=advice.key: self._workspace.advice_silenced.emit(key)
        )
        self.helps.setText("What helps" if advice.remedies else "Options")

    def _show_next(self) -> None:
        found, advice = self._advising.of_run, self.advice
        if advice is not None:
            self._key = found[(found.index(advice) + 1) % len(found)].key
            self._show()

    def _apply(self, fix: Fix) -> None:
        workspace = self._workspace
        if workspace.document is None:
            workspace.refused.emit("No design is open: open that of the run first.")
        elif isinstance(fix, RecipeFix):
            self._set_up.take(fix.change(self._set_up.recipe))
            workspace.reported.emit(
                f"{steps.capitalized(fix.label)}: the recipe of the next training is changed."
            )
        else:
            workspace.edit(steps.capitalized(fix.label), fix, follow=True)


def _title(advice: "Advice") -> str:
    from designer.doctor.rules import RULES

    return RULES[advice.key].title
