"""A view of a design that is only looked at, with marks of what differs from another one."""

import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from designer.analysis.analysis import Analysis
from designer.design.values import BlockNode
from designer.gui.canvas.breadcrumb import Breadcrumb
from designer.gui.canvas.difference_marks import draw_marks, draw_selection
from designer.gui.canvas.gestures import navigating
from designer.gui.canvas.partners import Partners
from designer.gui.canvas.view import GraphView
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace

_PAN = 60  # pixels of an arrow key
_STEPS = {
    Qt.Key.Key_Left: QPoint(_PAN, 0),
    Qt.Key.Key_Right: QPoint(-_PAN, 0),
    Qt.Key.Key_Up: QPoint(0, _PAN),
    Qt.Key.Key_Down: QPoint(0, -_PAN),
}
_ZOOMS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}


class ComparedView(GraphView):
    """Shows one of two designs. Dragging pans, a click selects, a double click looks into a block.

    It has a workspace of its own, so that nothing in it edits an open design.

    Signals
    -------
    clicked(path)
        A node was clicked, or "" for the background.
    """

    clicked = Signal(str)

    def __init__(self, side: int, parent: QWidget) -> None:
        super().__init__(Workspace(), parent)
        self.workspace.setParent(self)
        self.workspace.own_layers.busy = True  # what is only looked at is not measured
        self.setObjectName(f"compared-{side}")
        self.setAccessibleName("Second network" if side else "First network")
        self.setAcceptDrops(False)
        self.side = side
        self._partners: Partners | None = None
        self._marked: tuple[object, np.ndarray, list[str]] | None = None
        self._pressed: QPoint | None = None
        self._dragged = False
        breadcrumb = Breadcrumb(self.workspace, self)
        breadcrumb.move(8, 6)
        self.covers = [breadcrumb]

    def show_analysis(self, analysis: Analysis) -> None:
        """Show a design."""
        workspace, old = self.workspace, self.workspace.document
        self.show_partners(None)
        workspace.add(analysis.design, analysis=analysis)
        if old is not None:
            workspace.close(old)

    def show_partners(self, partners: Partners | None) -> None:
        """Mark what differs; None for nothing."""
        self._partners, self._marked = partners, None
        self.viewport().update()

    def marks(self) -> dict[str, str]:
        """Return the kind of difference of each drawn node that is marked, by its path."""
        rows, kinds = self._rows()
        paths = self.layer.arrays.paths
        return {paths[row]: kind for row, kind in zip(rows.tolist(), kinds, strict=True)}

    def _rows(self) -> tuple[np.ndarray, list[str]]:
        """Return the rows of the marked nodes, and their marks."""
        arrays = self.layer.arrays
        if self._marked is None or self._marked[0] is not arrays.row:
            rows, kinds = [], []
            if self._partners is not None:
                for path, row in arrays.row.items():
                    frame = arrays.frames.get(graph_paths.parent(path))
                    if frame is None:
                        continue
                    kind = self._partners.mark(self.side, frame.block, path)
                    if kind:
                        rows.append(row)
                        kinds.append(kind)
            self._marked = arrays.row, np.array(rows, dtype=np.int64), kinds
        return self._marked[1], self._marked[2]

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # type: ignore[override]  # Qt passes no QRect
        super().drawForeground(painter, rect)
        rows, kinds = self._rows()
        draw_selection(painter, self.layer.box[self.layer.selected])
        draw_marks(painter, self.layer.box[rows], kinds, rect, self.navigator.scale)

    def _show_hint(self) -> None:
        super()._show_hint()
        document = self.workspace.document
        if document is not None and not document.design.graph.nodes:
            self.notes.show_hint("This design has no nodes.")

    # Only looking

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        self.hover.hide()
        self._pressed, self._dragged = event.position().toPoint(), False
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer = self.scene_point(event)
        position = event.position().toPoint()
        if self._pressed is None:
            self.hover.move(self.pointer)
            self.viewport().unsetCursor()
            return
        moved = position - self._pressed
        if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
            self._dragged = True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self.navigator.pan(moved)
            self._pressed = position

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        self._pressed = None
        self.viewport().unsetCursor()
        if not self._dragged and event.button() == Qt.MouseButton.LeftButton:
            path = self.node_at(self.scene_point(event)) or ""
            self.workspace.select({path} if path else ())
            self.clicked.emit(path)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        path = self.node_at(self.scene_point(event))
        node = graph_paths.node_at(self.workspace.design, path) if path else None
        if path and isinstance(node, BlockNode):
            self.workspace.look_into(graph_paths.inside(self.workspace.analysis, path))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.accept()  # its entries edit

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.navigator.pan(_STEPS[key])
        elif key in _ZOOMS:
            self.zoom_by(_ZOOMS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_0):
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            navigating.go_in(self)
        elif key == Qt.Key.Key_Backspace:
            navigating.go_out(self)
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.ignore()
