"""The node under the resting pointer: brighter, with a card of what is wrong or cut off."""

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer

from designer.gui.canvas import arrays as a
from designer.gui.canvas import hits
from designer.gui.canvas.look import node_texts
from designer.gui.canvas.node_pictures import NONE
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths
from designer.gui.documents.spacing import NODE_HEIGHT

_DELAY = 350  # milliseconds until the card is shown


class Hover(QObject):
    """Follows the pointer while no gesture has it."""

    def __init__(self, view: SceneView) -> None:
        super().__init__(view)
        self.view = view
        self._soon = QTimer(self, interval=_DELAY, singleShot=True)
        self._soon.timeout.connect(self._show_card)

    def move(self, point: QPointF) -> None:
        """Highlight what lies at the pointer's scene point."""
        view = self.view
        if view.port_at(point, beside_body=True) is not None:
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

    @property
    def path(self) -> str | None:
        """The path of the highlighted node, None for none."""
        layer = self.view.layer
        return layer.arrays.paths[layer.hovered] if layer.hovered >= 0 else None

    def stay(self, path: str | None) -> None:
        """Highlight a node that was highlighted before the graph was drawn anew, if it stayed."""
        view = self.view
        row = view.layer.arrays.row.get(path, -1) if path is not None else -1
        shown = view.notes.card.isVisible()
        if row >= 0 and row == hits.row_at(view.layer, view.pointer):
            view.layer.hovered = row
            if shown:  # it may say what is no longer so
                self.hide()
                self._show_card()
        elif path is not None or shown:
            self.hide()

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

    def _show_card(self) -> None:
        """Show the problems of the node under the pointer, its texts if cut off, its value."""
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
        box = QRectF(*layer.box[row].tolist())
        corner = QPointF(box.right(), min(box.bottom(), box.top() + NODE_HEIGHT))
        value = layer.node_colors.lines(path) if layer.node_colors is not None else []
        name = graph_paths.name_of(path)
        if problems:
            view.notes.show_problems(view.mapFromScene(corner), problems, value)
        elif layer.arrays.kind[row] == a.CONTAINER:
            if value:
                view.notes.show_caption(view.mapFromScene(corner), [name, *value])
        else:
            frame = layer.arrays.frames[graph_paths.parent(path)]
            caption = layer.captions.of(frame, name, path)
            end = bool(layer.arrays.kind[row] >= a.INPUT_END)
            height = box.height() - (0 if end else layer.arrays.flow.strip)
            written = {each.text for each in node_texts(caption, box.width(), height, end)}
            cut = not written.issuperset(filter(None, (caption.name, caption.summary)))
            shown = self._words_of_pictures(row)
            if cut or value or shown:
                texts = (caption.summary, caption.shape) if cut or shown else ()
                lines = [caption.name, *texts, *value, *shown]
                view.notes.show_caption(view.mapFromScene(corner), lines)

    def _words_of_pictures(self, row: int) -> list[str]:
        """Return what the pictures on a node are."""
        layer = self.view.layer
        if layer.atlas is None or layer.picture[row] == NONE:
            return []
        pictures = layer.atlas.pictures
        return [pictures.words, pictures.figures.get(layer.arrays.paths[row], "")]
