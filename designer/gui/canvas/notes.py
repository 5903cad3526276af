"""The passing notes over the canvas: toasts, a tip at the pointer, a card of problems, a hint."""

from collections.abc import Sequence

from PySide6.QtCore import QEasingCurve, QObject, QPoint, QPropertyAnimation, Qt, QTimer
from PySide6.QtWidgets import QFrame, QGraphicsOpacityEffect, QLabel, QVBoxLayout, QWidget

from designer.analysis.problems import Problem, Severity
from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, strong, theme

_SHOWN = 3600  # milliseconds that a toast stays; longer sentences stay longer
_PER_LETTER = 35  # milliseconds
_FADE = 300  # milliseconds
_GAP = 12  # pixels between a card and the border of the view
_MOST_PROBLEMS = 3
_ANY = 16_777_215  # QWIDGETSIZE_MAX: no limit


class _Card(QFrame):
    """A small frame with some lines of text, which mouse events pass through."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent, objectName=name)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.kind = "note"
        self.label = QLabel(self, objectName=f"{name}-text")
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(11, 8, 11, 8)
        self._column.addWidget(self.label)
        self.hide()
        theme.changed.connect(self.restyle)

    def set_text(self, text: str, kind: str, most: int = 340) -> None:
        """Show rich text and take its size, at most `most` pixels wide."""
        self.kind = kind
        self.restyle()
        self.label.setFont(sans(0.95))
        self.label.setMinimumSize(0, 0)
        self.label.setMaximumSize(_ANY, _ANY)
        self.label.setWordWrap(False)
        self.label.setText(text)
        wide = self.label.sizeHint().width()
        width = min(wide, most)
        self.label.setWordWrap(wide > most)
        one_line = self.label.sizeHint().height()
        height = self.label.heightForWidth(width) if wide > most else one_line
        self.label.setFixedSize(width, height)
        self.setFixedSize(self._column.sizeHint())

    def restyle(self) -> None:
        """Use the colors of the present theme for this kind of note."""
        c = colors()
        border, back = {
            "refused": (c.error, c.error_panel),
            "error": (c.error, c.error_panel),
            "problem": (c.warning, c.panel),
            "warning": (c.warning, c.panel),
            "fits": (c.success, c.panel),
        }.get(self.kind, (c.strong_line, c.panel))
        self.setStyleSheet(
            f"#{self.objectName()} {{ background: {back}; border: 1px solid {border};"
            f" border-radius: 6px; }} QLabel {{ background: transparent; color: {c.text}; }}"
        )


class Notes(QObject):
    """The passing notes of a view.

    They are children of the view, not of its viewport, so that they do not scroll with it.
    """

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self.view = view
        self.toast = _Card(view, "toast")
        self.tip = _Card(view, "tip")
        self.card = _Card(view, "problem-card")
        self.hint = QLabel(view, objectName="hint", textFormat=Qt.TextFormat.PlainText)
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hint.hide()
        self._effect = QGraphicsOpacityEffect(self.toast)
        self.toast.setGraphicsEffect(self._effect)
        self._stays = QTimer(view, singleShot=True)
        self._fade = QPropertyAnimation(self._effect, b"opacity", view)
        self._fade.setDuration(_FADE)
        self._fade.setStartValue(1.0)
        self._fade.setEndValue(0.0)
        self._fade.setEasingCurve(QEasingCurve.Type.InQuad)
        self._fade.finished.connect(self.toast.hide)
        self._stays.timeout.connect(self._fade.start)

    def show_toast(self, sentence: str, kind: str) -> None:
        """Show a sentence at the bottom for some seconds."""
        self._fade.stop()
        self._effect.setOpacity(1.0)
        self.toast.set_text(
            _escaped(sentence), kind, most=min(560, max(200, self.view.width() - 60))
        )
        self.toast.show()
        self.toast.raise_()
        self.reposition()
        self._stays.start(_SHOWN + _PER_LETTER * len(sentence))

    def reposition(self) -> None:
        """Move the toast to the middle of the bottom and the hint to the middle of the view."""
        toast, view = self.toast, self.view
        toast.move((view.width() - toast.width()) // 2, view.height() - toast.height() - 22)
        hint = self.hint
        hint.move((view.width() - hint.width()) // 2, (view.height() - hint.height()) // 2)

    def show_hint(self, text: str) -> None:
        """Show a sentence in the middle of an empty canvas; "" hides it."""
        if text:
            self.hint.setStyleSheet(_hint_style())
            self.hint.setText(text)
            self.hint.adjustSize()
            self.reposition()
        self.hint.setVisible(bool(text))

    def show_tip(self, at: QPoint, sentence: str, kind: str) -> None:
        """Show a sentence beside the pointer."""
        self.tip.set_text(_escaped(sentence), kind, most=300)
        self._put(self.tip, at + QPoint(16, 18))

    def hide_tip(self) -> None:
        """Hide the tip."""
        self.tip.hide()

    def show_problems(
        self, at: QPoint, problems: Sequence[Problem], lines: Sequence[str] = ()
    ) -> None:
        """Show problems and their fixes at a point of the view, beside a node, and more lines."""
        c = colors()
        parts = []
        for problem in problems[:_MOST_PROBLEMS]:
            part = _escaped(numbers.sentence(problem.message))
            for fix in problem.fixes[:3]:
                part += f'<br><span style="color:{c.accent}">Fix: {_escaped(fix.label)}</span>'
            parts.append(part)
        if len(problems) > _MOST_PROBLEMS:
            more = len(problems) - _MOST_PROBLEMS
            sentence = f"{more} more problems are not shown here."
            parts.append(f'<span style="color:{c.soft_text}">{sentence}</span>')
        if lines:
            parts.append("<br>".join(map(_escaped, lines)))
        wrong = any(problem.severity is Severity.ERROR for problem in problems)
        self.card.set_text("<br><br>".join(parts), "error" if wrong else "warning")
        self._put(self.card, at + QPoint(8, 6))

    def show_caption(self, at: QPoint, lines: Sequence[str]) -> None:
        """Show the texts of a node in full at a point of the view, the first one bold."""
        name, *rest = map(_escaped, lines)
        self.card.set_text("<br>".join([strong(name), *filter(None, rest)]), "note", most=460)
        self._put(self.card, at + QPoint(8, 6))

    def hide_card(self) -> None:
        """Hide the card."""
        self.card.hide()

    def _put(self, card: _Card, at: QPoint) -> None:
        """Show a card at a point of the view, moved so that none of it is cut off."""
        view = self.view
        x = min(at.x(), view.width() - card.width() - _GAP)
        y = at.y()
        if y + card.height() > view.height() - _GAP:
            y = at.y() - card.height() - 40
        card.move(max(x, _GAP), max(y, _GAP))
        card.show()
        card.raise_()


def _hint_style() -> str:
    return f"color: {colors().soft_text}; background: transparent;"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
