"""What lies under the resting pointer: the node is brighter, its problems are told on a card."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer

from designer.gui.canvas import hits

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

_DELAY = 350  # milliseconds until the card is shown


class Hover(QObject):
    """Follows the pointer while no gesture does."""

    def __init__(self, view: "GraphView") -> None:
        super().__init__(view)
        self.view = view
        self._soon = QTimer(self, interval=_DELAY, singleShot=True)
        self._soon.timeout.connect(self.tell)

    def over(self, point: QPointF) -> None:
        """The pointer is at a scene point."""
        view = self.view
        if view.port_at(point) is not None:
            view.viewport().setCursor(Qt.CursorShape.CrossCursor)
        else:
            view.viewport().unsetCursor()
        row = hits.row_at(view.layer, point)
        if row != view.layer.hovered:
            self._mark(row)
            if row >= 0:
                self._soon.start()

    def leave(self) -> None:
        """The pointer is gone."""
        self._mark(-1)

    def rest(self) -> None:
        """Say nothing for now."""
        self._soon.stop()
        self.view.notes.hide_card()

    def _mark(self, row: int) -> None:
        self.rest()
        layer = self.view.layer
        for each in (layer.hovered, row):
            if each >= 0:
                layer.update(QRectF(*layer.box[each].tolist()).adjusted(-12, -12, 20, 20))
        layer.hovered = row

    def tell(self) -> None:
        """Show what is wrong with the node under the pointer, or with what is inside it."""
        view = self.view
        layer, row = view.layer, view.layer.hovered
        if not 0 <= row < len(layer.arrays.paths) or view.gesture is not None:
            return
        path = layer.arrays.paths[row]
        problems = [
            problem
            for problem in view.workspace.analysis.problems
            if problem.path == path or problem.path.startswith(f"{path}.")
        ]
        if problems:
            box = QRectF(*layer.box[row].tolist())
            corner = QPointF(box.right(), min(box.bottom(), box.top() + 44.0))
            view.notes.show_problems(view.mapFromScene(corner), problems)
