"""Renaming a node in a field over it, which checks the name while it is typed."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from designer.design import blocks, edits, naming
from designer.design.identifiers import normalized
from designer.design.values import BlockNode, Design
from designer.gui.base.theme import sans
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.adding import default_name

_LEAST = 14  # letters for which the field has room at any zoom
_AROUND = 28  # pixels of border, padding and cursor beside the text


def rename_node(view: SceneView, path: str) -> "NameField":
    """Open a field in which a node is renamed."""
    workspace = view.workspace
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    block = graph_paths.block_at(workspace.design, scope)

    def refusal(new: str) -> str:
        return "" if new == name else naming.name_refusal(workspace.design, new, block) or ""

    def rename(new: str) -> None:
        if new != name:
            workspace.edit(
                steps.step("rename", old=name, new=new),
                lambda design: edits.rename_node(design, name, new, block=block),
                select=[graph_paths.join(scope, new)],
            )

    return NameField(view, path, name, "Name of the node", refusal, rename)


def name_block(view: SceneView, path: str, merge: object) -> "NameField | None":
    """Open a field in which a new block is named.

    Naming it is merged, by `merge`, into the step of the history that made the block.
    """
    workspace = view.workspace
    node = graph_paths.node_at(workspace.design, path)
    if not isinstance(node, BlockNode):
        return None
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    around, old = graph_paths.block_at(workspace.design, scope), node.block

    def refusal(new: str) -> str:
        return "" if new == old else blocks.block_name_sentence(workspace.design, new) or ""

    def rename(new: str) -> None:
        if new == old:
            return
        wanted = default_name(new)
        node_name = name if wanted == name else naming.free_name(workspace.design, wanted, around)

        def edit(design: Design) -> Design:
            design = edits.rename_node(design, name, node_name, block=around)
            return blocks.rename_block(design, old, new)

        workspace.edit(
            steps.step("name_block", name=new),
            edit,
            select=[graph_paths.join(scope, node_name)],
            merge=merge,
        )

    return NameField(view, path, old, "Name of the new block", refusal, rename)


class NameField(QLineEdit):
    """A field over a node: Enter or leaving it accepts the name, Escape does not.

    `refusal` returns why a text cannot be the name, "" if it can; `accept` gets the new name.
    """

    def __init__(
        self,
        view: SceneView,
        path: str,
        text: str,
        what: str,
        refusal: Callable[[str], str],
        accept: Callable[[str], None],
    ) -> None:
        super().__init__(view, objectName="rename-field")
        for other in view.findChildren(NameField):
            if other is not self:
                other.leave()
        self.view, self.path = view, path
        self._refusal, self._accept = refusal, accept
        self.setAccessibleName(what)
        self.setMaxLength(64)
        self.setFont(sans(bold=True))
        self.setText(text)
        self.selectAll()
        self.textEdited.connect(self._check)
        self.textEdited.connect(self._cover_node)
        self.installEventFilter(self)
        view.view_changed.connect(self._cover_node)
        self.ensurePolished()  # for the size that it has in the style sheet
        self._cover_node()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close the field without accepting the name."""
        if self.isHidden():
            return
        self.view.view_changed.disconnect(self._cover_node)
        self.hide()
        self.view.tip(None, "")
        self.view.setFocus()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # every key goes to the field, none is a shortcut of the canvas
            return True
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)  # which this type of event always is
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._finish()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
        if event.type() == QEvent.Type.FocusOut and not self.isHidden():
            if self._refusal(normalized(self.text().strip())):
                self.leave()
            else:
                self._finish()
        return False

    def _finish(self) -> None:
        if self.isHidden():
            return
        text = normalized(self.text().strip())
        if self._refusal(text):
            self._check(text)
            return
        self.leave()
        self._accept(text)

    def _check(self, text: str) -> None:
        """Show what is wrong with a name while it is typed."""
        sentence = self._refusal(normalized(text.strip()))
        self.setProperty("wrong", bool(sentence))
        self.style().unpolish(self)
        self.style().polish(self)
        below = QPointF(self.geometry().left() - 14, self.geometry().bottom() - 12)
        self.view.tip(self.view.mapToScene(below.toPoint()), sentence, "refused")

    def _cover_node(self) -> None:
        """Lie over the node's name, wide enough for the whole text at any zoom."""
        if self.view.rect_of(self.path).isEmpty():
            self.leave()
            return
        rect = self.view.mapFromScene(self.view.rect_of(self.path)).boundingRect()
        least = self.fontMetrics().averageCharWidth() * _LEAST
        text = self.fontMetrics().horizontalAdvance(self.text())
        width = min(max(rect.width(), max(least, text) + _AROUND), self.view.width() - 8)
        height = self.sizeHint().height()
        x = min(max(rect.center().x() - width // 2, 4), self.view.width() - width - 4)
        y = min(max(rect.top(), 4), self.view.height() - height - 4)
        self.setGeometry(QRect(x, y, width, height))
