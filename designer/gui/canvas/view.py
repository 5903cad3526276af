"""The view that follows the workspace: shows the current design, remembers where it looked."""

from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from designer.design.values import Design
from designer.gui.base import numbers
from designer.gui.canvas.differences import touched
from designer.gui.canvas.flow import DOWN, DOWN_WITH_PICTURES, RIGHT_WITH_PICTURES, Flow
from designer.gui.canvas.frames import build
from designer.gui.canvas.interaction import InteractiveView
from designer.gui.canvas.painting import in_rect
from designer.gui.canvas.positions import PositionCache
from designer.gui.documents.document import Document
from designer.gui.documents.graph_paths import graph_at, join, name_of, parent
from designer.gui.documents.workspace import Workspace

EMPTY = "Drag a layer here, or press Tab and type its name."


_MOST_FOLLOWED = 200
"""Changed nodes up to which the view moves to them; more are all over the graph."""


class _DocumentState:
    """What the view remembers of a document: where it looked, and which blocks are expanded."""

    def __init__(self) -> None:
        # Center and scale by scope, and whether nodes had pictures.
        self.looks: dict[tuple[str, bool], tuple[QPointF, float]] = {}
        self.expanded: frozenset[str] = frozenset()
        self.positions = PositionCache()


class GraphView(InteractiveView):
    """Shows the graph of the workspace that is looked into.

    Attributes
    ----------
    weight_status_shown
        Whether nodes are marked with what becomes of their weights, if that was compared.
    absent_shown
        Whether nodes that are absent with the present arguments are drawn, faintly.
    flow
        The direction in which data flow.
    covers
        Widgets that lie over parts of the view.
    """

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(workspace, parent)
        self.setObjectName("graph")
        self.setAccessibleName("Graph of the network")
        self.weight_status_shown = True
        self.absent_shown = False
        self.flow = DOWN
        self.covers: list[QWidget] = []
        self._states: WeakKeyDictionary[Document, _DocumentState] = WeakKeyDictionary()
        self._state = _DocumentState()
        self._shown: tuple[Document | None, str] = (None, "")
        self._fresh = True  # no node of the graph has been shown yet
        self._unseen = False  # the view was set before the window had its size
        self._begun: tuple[QPointF, float] | None = None  # center and scale of the first look
        workspace.changed.connect(self.refresh)
        workspace.switched.connect(self.refresh)
        workspace.scope_changed.connect(self.refresh)
        workspace.selection_changed.connect(self._select)
        workspace.revealed.connect(self.reveal)
        workspace.followed.connect(self._follow)  # type: ignore[call-overload]  # the stub knows no types but object
        workspace.problems_changed.connect(self.refresh)
        workspace.node_values_changed.connect(self._show_values)
        self.navigator.moved.connect(self._moved)
        self.navigator.rested.connect(lambda: self.layer.set_moving(False))

    @property
    def expanded(self) -> frozenset[str]:
        """The paths of the blocks that are expanded in place."""
        return self._state.expanded

    @property
    def drawn_flow(self) -> Flow:
        """The flow with room for pictures on the nodes, if there are some."""
        document = self.workspace.document
        if document is None or document.pictures is None:
            return self.flow
        return RIGHT_WITH_PICTURES if self.flow.right else DOWN_WITH_PICTURES

    def refresh(self) -> None:
        """Show the workspace's design as it is now, changing only what differs."""
        workspace = self.workspace
        hovered = self.hover.path
        shown = (workspace.document, workspace.scope)
        if shown != self._shown:
            self._turn_to(*shown)
            hovered = None
        self._offset = None
        self.gliding.stop()
        root = None
        if workspace.document is not None:
            root = build(
                workspace.design,
                workspace.analysis,
                workspace.scope,
                self.expanded,
                self._state.positions,
                absent=self.absent_shown,
                flow=self.drawn_flow,
            )
        compared = workspace.comparison if self.weight_status_shown else None
        weight_status = compared.weight_status if compared is not None else None
        drawn = workspace.selection & self.layer.arrays.row.keys()
        problems, blocks = workspace.problems, workspace.design.blocks
        self.layer.show_overlay(workspace.document.overlay if workspace.document else None)
        self.layer.show_design(root, problems, blocks, weight_status, workspace.design.code)
        document = workspace.document
        pictures = document.pictures if document is not None else None
        self.layer.show_pictures(pictures, workspace.design)
        for path in sorted(drawn - self.layer.arrays.row.keys()):
            if self._report_absent(path):
                break
        self.light_edge(self.chosen_edge)
        self._show_hint()
        if self._fresh and len(self.layer.arrays.paths):
            self._look_first()
        self._update_level()
        self.hover.stay(hovered)

    def _show_values(self) -> None:
        """Show other pictures on the nodes; what is in the middle of the view stays there."""
        before, held = self.corners(), self._in_the_middle()
        turned = self.layer.arrays.flow != self.drawn_flow
        self.refresh()
        if not turned or held not in before:
            return
        at = self.rect_of(held).topLeft() - QPointF(*before[held])
        self.navigator.look_at(self.navigator.center + at, self.navigator.scale)
        self.glide_from({path: (x + at.x(), y + at.y()) for path, (x, y) in before.items()})

    def _in_the_middle(self) -> str:
        """Return the node that keeps its place: a selected one in sight, else the middle one."""
        arrays, seen = self.layer.arrays, self.navigator.visible()
        rows = np.flatnonzero(in_rect(self.layer.box, seen, 0.0))
        if not len(rows):
            return ""
        selected = rows[self.layer.selected[rows]]
        rows = selected if len(selected) else rows
        middle = self.layer.box[rows, :2] + self.layer.box[rows, 2:] / 2
        away = np.abs(middle - (seen.center().x(), seen.center().y())).sum(axis=1)
        return arrays.paths[int(rows[away.argmin()])]

    def reveal(self, path: str) -> None:
        super().reveal(path)
        self._report_absent(path)

    def _report_absent(self, path: str) -> bool:
        """Say so if a node is not drawn since it is absent; return whether it is."""
        frame = self.layer.arrays.frames.get(parent(path))
        name = name_of(path)
        if frame is None or name in frame.graph.nodes or name not in frame.whole.nodes:
            return False
        self.workspace.reported.emit(
            f"{name} is absent with the present arguments, so it is not drawn; choose Absent "
            "layers in the View menu to see it."
        )
        return True

    def _follow(self, before: Design, after: Design) -> None:
        """Pan to what differs between two values of the design, if that is out of sight."""
        rects = [
            self.rect_of(join(scope, name))
            for scope, frame in self.layer.arrays.frames.items()
            for name in touched(before, after, frame.block)
        ]
        rects = [rect for rect in rects if not rect.isEmpty()]
        seen = self.navigator.visible()
        if not rects or len(rects) > _MOST_FOLLOWED or not self.isVisible():
            return
        around = QRectF()
        for rect in rects:
            around = around.united(rect)
        if around.width() > seen.width() or around.height() > seen.height():
            if any(seen.contains(rect) for rect in rects):
                return
            around = rects[0]
        covers = [QRectF(each.geometry()) for each in self.covers if each.isVisible()]
        self.navigator.bring_in(around, covers)

    def _turn_to(self, document: Document | None, scope: str) -> None:
        """Prepare for another document or graph, and remember where this one was left."""
        old, old_scope = self._shown
        self.cancel_gesture()
        self.notes.hide_tip()
        if not self._fresh:
            key = old_scope, self.layer.arrays.flow.strip > 0
            self._state.looks[key] = self.navigator.center, self.navigator.scale
        if document is not old:
            state = self._states.get(document) if document is not None else None
            if state is None:
                state = _DocumentState()
                state.positions.ready.connect(self.refresh)
                if document is not None:
                    self._states[document] = state
            self._state = state
        self.layer.clear()
        self.chosen_edge = None
        self._shown = document, scope
        self._fresh = True

    def _look_first(self) -> None:
        """Look where the graph was left, or at its beginning."""
        self._fresh = False
        look = self._state.looks.get((self._shown[1], self.layer.arrays.flow.strip > 0))
        self._begun = None
        if look is not None:
            self.navigator.look_at(*look)
        else:
            self.navigator.begin(self.layer.bounds(), right=self.flow.right)
            self._begun = self.navigator.center, self.navigator.scale
        self._unseen = not self.isVisible()

    def _show_hint(self) -> None:
        """Say on an empty canvas what to do."""
        text = ""
        if self.workspace.document is not None and not self.layer.arrays.paths:
            found = graph_at(self.workspace.design, self.workspace.scope)
            count = len(found[1].nodes) if found is not None else 0
            text = f"Arranging {numbers.count(count)} nodes …" if count else EMPTY
        self.notes.show_hint(text)

    def _select(self) -> None:
        if self.workspace.selection:
            self.chosen_edge = None
            self.light_edge(None)
        self.layer.select(self.workspace.selection)
        self.view_changed.emit()

    def _moved(self) -> None:
        self._unseen = False
        self._update_level()

    def _update_level(self) -> None:
        """Choose the level of detail for the part that is in sight now."""
        layer = self.layer
        layer.set_moving(self.navigator.moving)
        count = int(np.count_nonzero(in_rect(layer.box, self.navigator.visible(), 0.0)))
        layer.choose_level(self.navigator.scale, count)
        self.view_changed.emit()

    def set_flow(self, flow: Flow) -> None:
        """Draw graphs in another direction; what was looked at in the old one is forgotten."""
        if flow is self.flow:
            return
        self.cancel_gesture()
        before = self.corners()
        self.flow = flow
        for state in (self._state, *self._states.values()):
            state.looks.clear()
        self.refresh()
        self.glide_from(before)
        if len(self.layer.arrays.paths):
            self.navigator.begin(self.layer.bounds(), right=flow.right)
            for path in sorted(self.workspace.selection)[:1]:
                self.reveal(path)

    def show_absent(self, shown: bool) -> None:
        """Draw the nodes that are absent with the present arguments, or leave them out."""
        before = self.corners()
        self.absent_shown = shown
        self.refresh()
        self.glide_from(before)

    def toggle_expanded(self, path: str) -> None:
        """Show or hide a block's inside within the graph around it."""
        before = self.corners()
        expanded = self.expanded
        if path in expanded:
            self._state.expanded = frozenset(
                each for each in expanded if each != path and not each.startswith(f"{path}.")
            )
        else:
            self._state.expanded = expanded | {path}
        self.refresh()
        self.glide_from(before)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        old = event.oldSize()
        if self._unseen:
            self._look_first()
        elif old.isValid() and old.width() > 0 and not self._fresh:
            # What was in the middle stays there, unless nobody has moved the graph yet.
            middle = self.navigator.to_scene(QPointF(old.width() / 2, old.height() / 2))
            if self._at_first_look(middle):
                self._look_first()
            else:
                self.navigator.look_at(middle, self.navigator.scale)
        self.notes.reposition()
        self._update_level()

    def _at_first_look(self, middle: QPointF) -> bool:
        """Tell whether the view still has the center and the scale of the first look."""
        strip = self.layer.arrays.flow.strip > 0
        if self._begun is None or (self._shown[1], strip) in self._state.looks:
            return False
        center, scale = self._begun
        away = (middle - center).manhattanLength() * scale  # a pixel or two are rounding
        return scale == self.navigator.scale and away < 4

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.notes.hide_card()
