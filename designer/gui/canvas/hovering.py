"""The node under the resting pointer: it is brighter, and a card shows its problems."""

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer

from designer.gui.canvas import hits
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents.spacing import NODE_HEIGHT

_DELAY = 350  # milliseconds until the card is shown


class Hover(QObject):
    """Follows the pointer while no gesture has it."""

    def __init__(self, view: SceneView) -> None:
        super().__init__(view)
        self.view = view
        self._soon = QTimer(self, interval=_DELAY, singleShot=True)
        self._soon.timeout.connect(self._show_problems)

    def move(self, point: QPointF) -> None:
        """Highlight what lies at the pointer's scene point."""
        view = self.view
        if view.port_at(point) is not None:
            view.viewport().setCursor(Qt.CursorShape.CrossCursor)
        else:
            view.viewport().unsetCursor()
        row = hits.row_at(view.layer, point)
        if row != view.layer.hovered:
            self._highlight(row)
            if row >= 0:
                self._soon.start()

    def leave(self) -> None:
        """Highlight nothing: the pointer has left the view."""
        self._highlight(-1)

    def hide(self) -> None:
        """Hide the card, and do not show it while the pointer stays where it is."""
        self._soon.stop()
        self.view.notes.hide_card()

    def _highlight(self, row: int) -> None:
        self.hide()
        layer = self.view.layer
        for each in (layer.hovered, row):
            if each >= 0:
                layer.update(QRectF(*layer.box[each].tolist()).adjusted(-12, -12, 20, 20))
        layer.hovered = row

    def _show_problems(self) -> None:
        """Show the problems of the node under the pointer and of the nodes inside it."""
        view = self.view
        layer, row = view.layer, view.layer.hovered
        if not 0 <= row < len(layer.arrays.paths):
            return
        path = layer.arrays.paths[row]
        problems = [
            problem
            for problem in view.workspace.problems
            if problem.path == path or problem.path.startswith(f"{path}.")
        ]
        if problems:
            box = QRectF(*layer.box[row].tolist())
            corner = QPointF(box.right(), min(box.bottom(), box.top() + NODE_HEIGHT))
            view.notes.show_problems(view.mapFromScene(corner), problems)
