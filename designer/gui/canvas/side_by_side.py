"""Two designs side by side: panned, zoomed, looked into and selected together."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from designer.analysis.analysis import Analysis
from designer.folding.differences_in_words import Difference
from designer.folding.matching import Matching
from designer.gui.base.theme import theme
from designer.gui.canvas.compared_view import ComparedView
from designer.gui.canvas.difference_marks import STYLES, draw_sign
from designer.gui.canvas.partners import Partners


class SideBySide(QWidget):
    """Shows two designs with marks of what differs, and a legend of the marks.

    Signals
    -------
    picked(number)
        A node was clicked that a difference is about; -1 for another node or the background.
    """

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="side-by-side")
        self.views = (ComparedView(0, self), ComparedView(1, self))
        self.halves = QSplitter(Qt.Orientation.Horizontal)
        self.halves.setChildrenCollapsible(False)
        for view in self.views:
            view.setMinimumSize(180, 120)
            self.halves.addWidget(view)
            self.halves.setStretchFactor(view.side, 1)
        self.legend = _Legend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.halves, 1)
        column.addWidget(self.legend)
        self._partners: Partners | None = None
        self._rows: Sequence[Difference] = ()
        self._following = False
        self._places: tuple[tuple[object, object], np.ndarray, np.ndarray] | None = None
        for view in self.views:
            view.clicked.connect(self._clicker(view.side))
            view.navigator.moved.connect(self._mover(view.side))
            view.workspace.scope_changed.connect(self._scoper(view.side))

    @property
    def frame(self) -> QWidget:
        """It as a widget."""
        return self

    def show_analysis(self, side: int, analysis: Analysis) -> None:
        """Show a design on the left, 0, or on the right, 1; nothing is marked any more."""
        self._forget()
        for view in self.views:
            view.show_partners(None)
        self.views[side].show_analysis(analysis)

    def show_matching(self, matching: Matching, rows: Sequence[Difference]) -> None:
        """Mark what differs between the two designs that are shown, and link the views."""
        analyses = [view.workspace.analysis for view in self.views]
        self._forget()
        self._rows = rows
        self._partners = Partners(matching, analyses[0], analyses[1])
        for view in self.views:
            view.show_partners(self._partners)
        # The larger graph begins at its beginning, and the other one follows.
        drawn = [len(view.layer.arrays.paths) for view in self.views]
        self._move(int(drawn[1] > drawn[0]))

    def reveal(self, number: int) -> None:
        """Show and select the node that a difference is about, in both designs if both have it."""
        if self._partners is None:
            return
        row = self._rows[number]
        paths = [
            self._partners.shown_at(each.side, row, each.workspace.scope) for each in self.views
        ]
        first = 1 if paths[1] is not None else 0
        leader, path = self.views[first], paths[first]
        if path is None:
            self._reveal_graph(row)
            return
        partner = self._partners.path(first, path)
        leader.workspace.reveal(path)
        other = self.views[1 - first]
        leader.workspace.select({path})
        other.workspace.select({partner} if partner is not None else ())
        if partner is not None:
            self._in_silence(lambda: other.workspace.reveal(partner))
        self._move(first)

    def _reveal_graph(self, row: Difference) -> None:
        """Show the graph of the block that a difference is about, in all designs that have it."""
        assert self._partners is not None
        for view in self.views:
            scope = self._partners.graph_of(view.side, row)
            view.workspace.select(())
            if scope is not None:
                self._in_silence(partial(view.workspace.look_into, scope))
        self._move(0)

    def _forget(self) -> None:
        self._partners = self._places = None
        self._rows = ()

    # Linking

    def _clicker(self, side: int) -> Callable[[str], None]:
        return lambda path: self._click(side, path)

    def _mover(self, side: int) -> Callable[[], None]:
        return lambda: self._move(side)

    def _scoper(self, side: int) -> Callable[[], None]:
        return lambda: self._look_into(side)

    def _in_silence(self, work: Callable[[], object]) -> None:
        """Change the other view without it being followed in turn."""
        if self._following:
            return
        self._following = True
        try:
            work()
        finally:
            self._following = False

    def _click(self, side: int, path: str) -> None:
        """Select the partner of a node that was clicked."""
        partners = self._partners
        partner = partners.path(side, path) if partners is not None and path else None
        self.views[1 - side].workspace.select({partner} if partner is not None else ())
        number = -1
        if partners is not None and path:
            scope = self.views[side].workspace.scope
            found = (partners.shown_at(side, row, scope) == path for row in self._rows)
            number = next((n for n, same in enumerate(found) if same), -1)
        self.picked.emit(number)

    def _look_into(self, side: int) -> None:
        """Show the same graph in the other view."""
        partners = self._partners
        if partners is None or self._following:
            return
        scope = partners.scope(side, self.views[side].workspace.scope)
        if scope is not None:
            other = self.views[1 - side]
            self._in_silence(lambda: other.workspace.look_into(scope))
        self._move(side)

    def _move(self, side: int) -> None:
        """Let the other view show what belongs to the middle of this one."""
        if self._partners is None or self._following:
            return
        leader, follower = self.views[side], self.views[1 - side]
        center, scale = leader.navigator.center, leader.navigator.scale
        here, there = self._partner_places()
        if side:
            here, there = there, here
        if not len(here):
            return
        order = np.argsort(here[:, 1], kind="stable")
        here, there = here[order], there[order]
        # What lies between two nodes is shown between their partners, so that nothing jumps where
        # one of the designs has more nodes.
        y = float(np.interp(center.y(), here[:, 1], there[:, 1]))
        y += min(0.0, center.y() - here[0, 1]) + max(0.0, center.y() - here[-1, 1])
        x = center.x() + float(np.interp(center.y(), here[:, 1], there[:, 0] - here[:, 0]))
        self._in_silence(lambda: follower.navigator.look_at(QPointF(x, y), scale))

    def _partner_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the middles of drawn nodes that are partners, (n, 2) for each view."""
        left, right = (view.layer.arrays for view in self.views)
        key = (left.row, right.row)
        known = self._places
        if known is not None and known[0][0] is key[0] and known[0][1] is key[1]:
            return known[1], known[2]
        assert self._partners is not None
        pairs = []
        for path, row in left.row.items():
            partner = self._partners.path(0, path)
            if partner is not None and partner in right.row:
                pairs.append((row, right.row[partner]))
        rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        middles = [
            arrays.box[rows[:, side], :2] + arrays.box[rows[:, side], 2:] / 2
            for side, arrays in enumerate((left, right))
        ]
        self._places = key, middles[0], middles[1]
        return middles[0], middles[1]


class _Legend(QWidget):
    """The signs with their words, in one row."""

    def __init__(self) -> None:
        super().__init__(objectName="side-by-side-legend")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(5)
        for kind, style in STYLES.items():
            label = QLabel(style.words, textFormat=Qt.TextFormat.PlainText)
            label.setProperty("role", "soft")
            row.addWidget(_Sign(kind))
            row.addWidget(label)
            row.addSpacing(10)
        row.addStretch(1)


class _Sign(QWidget):
    """The sign of a kind of difference, as it is drawn on nodes."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.setFixedSize(QSize(18, 18))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_sign(painter, QRectF(self.rect()).center(), 16.0, self.kind)
