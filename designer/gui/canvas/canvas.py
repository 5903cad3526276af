"""The canvas panel: the graph, and over it breadcrumb, minimap and passing notes."""

from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from designer.design import edits
from designer.design.values import Design, Point
from designer.gui.base.action_source import ActionSource
from designer.gui.canvas.breadcrumb import Breadcrumb
from designer.gui.canvas.gestures import commands
from designer.gui.canvas.layer import GraphLayer
from designer.gui.canvas.legend import Legend
from designer.gui.canvas.minimap import Minimap
from designer.gui.canvas.view import GraphView
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace


class Canvas(QWidget):
    """What the actions of the menus do with the graph; the hand's doings are in `gestures`."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="canvas")
        self.workspace = workspace
        self.actions_: ActionSource | None = None
        self.minimap_shown = True
        self.fates_shown = True  # which layers keep their weights, where that was compared
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.view = GraphView(workspace, self)
        column.addWidget(self.view)
        breadcrumb = Breadcrumb(workspace, self.view)
        breadcrumb.move(10, 8)
        self.minimap = Minimap(self.view)
        self.legend = Legend(self.view)
        self.legend.close_.clicked.connect(lambda: self.show_fates(False))
        self.setFocusProxy(self.view)
        self.view.installEventFilter(self)
        workspace.compared.connect(self._compared)

    @property
    def layer(self) -> GraphLayer:
        """The item that draws the graph, with its arrays."""
        return self.view.layer

    def set_actions(self, actions: ActionSource) -> None:
        """Take the table of actions, for menus and for keys with two meanings."""
        self.actions_ = actions

    def trigger(self, key: str) -> None:
        """Run an action of the table."""
        if self.actions_ is not None:
            self.actions_.refresh()  # what enables it may have happened just now
            self.actions_[key].trigger()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Keep the minimap in its corner."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the minimap in its corner."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        self.legend.place()
        self.minimap.place()
        self.minimap.setVisible(self.minimap_shown and self.height() > 260)

    # Looking

    def fit(self) -> None:
        """Show everything."""
        self.view.fit()

    def fit_selection(self) -> None:
        """Show what is selected."""
        self.view.fit_selection()

    def actual_size(self) -> None:
        """Show nodes in their own size."""
        self.view.actual_size()

    def zoom_in(self) -> None:
        """Show less, larger."""
        self.view.zoom_by(1)

    def zoom_out(self) -> None:
        """Show more, smaller."""
        self.view.zoom_by(-1)

    def set_minimap(self, shown: bool) -> None:
        """Show or hide the minimap."""
        self.minimap_shown = shown
        self._place()

    def show_fates(self, shown: bool) -> None:
        """Show or hide which layers keep their weights."""
        self.fates_shown = shown
        self._compared()
        if self.actions_ is not None:
            self.actions_.refresh_soon()

    def _compared(self) -> None:
        found = self.workspace.comparison
        if found is None:
            self.fates_shown = True  # the next one shows itself
        self.view.refresh()
        self.legend.show_comparison(found if self.fates_shown else None)

    def go_in(self) -> None:
        """Look into the selected block."""
        path = self._selected_block()
        if path is not None:
            self.workspace.look_into(graph_paths.inside(self.workspace.analysis, path))
            self.workspace.select(())

    def go_out(self) -> None:
        """Look at the graph around this one, with the block selected that was left."""
        steps = graph_paths.scopes(self.workspace.scope)
        if steps:
            left = self.workspace.scope
            self.workspace.look_into(steps[-2][1] if len(steps) > 1 else "")
            last = graph_paths.name_of(left)
            self.workspace.select({graph_paths.parent(left) if last.isdecimal() else left})

    def toggle_expanded(self) -> None:
        """Show or hide the selected block's inside within this graph."""
        path = self._selected_block()
        if path is not None:
            self.view.toggle_expanded(path)

    def _selected_block(self) -> str | None:
        for path in sorted(self.workspace.selection):
            if hasattr(graph_paths.node_at(self.workspace.design, path), "block"):
                return path
        return None

    def arrange(self) -> None:
        """Lay the graph out from top to bottom, as one step of the history."""
        from designer.gui.canvas.placing import arranged

        workspace = self.workspace
        found = graph_paths.graph_at(workspace.design, workspace.scope)
        if found is None:
            return
        block, graph = found
        if all(node.at is None for node in graph.nodes.values()):
            workspace.told.emit("Everything is arranged already.")
            return
        ends = ((), ())
        if block is not None:
            ends = (workspace.design.blocks[block].inputs, workspace.design.blocks[block].outputs)
        names = (*ends[0], *graph.nodes, *ends[1])
        points = dict(zip(names, arranged(graph, *ends).tolist(), strict=True))
        at = {name: Point(*points[name]) for name in graph.nodes}

        def edit(design: Design) -> Design:
            return edits.move(design, at, block=block)

        before = self.view.places_now()
        if workspace.edit("arrange", edit):
            self.view.glide_from(before)
            self.view.fit_if_outside()

    def select_all(self) -> None:
        """Select every node of this graph."""
        found = graph_paths.graph_at(self.workspace.design, self.workspace.scope)
        if found is not None:
            scope = self.workspace.scope
            self.workspace.select(graph_paths.join(scope, name) for name in found[1].nodes)

    def select_branch(self) -> None:
        """Select all that the selection leads to, each in its own graph."""
        self.workspace.select(self.branch(self.workspace.selection))

    def branch(self, paths: "frozenset[str] | set[str]") -> set[str]:
        """Return nodes and all that is reached from them along edges."""
        reached = set(paths)
        for scope in {graph_paths.parent(path) for path in paths}:
            found = graph_paths.graph_at(self.workspace.design, scope)
            if found is None:
                continue
            after: dict[str, list[str]] = {}
            for edge in found[1].edges:
                after.setdefault(edge.source, []).append(edge.target)
            waiting = [
                graph_paths.name_of(path) for path in paths if graph_paths.parent(path) == scope
            ]
            while waiting:
                for name in after.get(waiting.pop(), ()):
                    path = graph_paths.join(scope, name)
                    if name in found[1].nodes and path not in reached:
                        reached.add(path)
                        waiting.append(name)
        return reached

    def save_picture(self, path: Path) -> None:
        """Write the graph that is looked into as SVG or PNG.

        Raises
        ------
        DesignerError
            It cannot be written.
        """
        from designer.gui.canvas import picture

        self.view.gliding.stop()
        picture.save(self.layer, path, self.workspace.design.name)

    # Saying

    def show_refusal(self, sentence: str) -> None:
        """Show why something was not done."""
        self.view.notes.show_toast(sentence, "refused")

    def show_message(self, sentence: str) -> None:
        """Show what was done."""
        self.view.notes.show_toast(sentence, "note")

    # Editing

    def cut(self) -> None:
        """Move the selection to the clipboard."""
        commands.cut(self)

    def copy(self) -> None:
        """Copy the selection to the clipboard."""
        commands.copy(self)

    def paste(self) -> None:
        """Add what the clipboard holds."""
        commands.paste(self)

    def duplicate(self) -> None:
        """Add the selection once more."""
        commands.duplicate(self)

    def delete(self) -> None:
        """Remove the selection."""
        commands.delete(self)

    def delete_refusal(self) -> str:
        """Say why nothing can be removed now, "" if something can."""
        return commands.delete_refusal(self)

    def quick_add(self) -> None:
        """Add a layer by typing its name."""
        commands.quick_add(self)

    def replace_layer(self) -> None:
        """Give the selected node another type."""
        commands.replace_layer(self)

    def rename(self) -> None:
        """Rename the selected node."""
        commands.rename(self)

    def group(self) -> None:
        """Make the selection a block."""
        commands.group(self)

    def dissolve(self) -> None:
        """Put the nodes of the selected block in its place."""
        commands.dissolve(self)

    def connect_selected(self) -> None:
        """Draw edges between the selected nodes, or remove them."""
        commands.connect_selected(self)

    def connect_refusal(self) -> str:
        """Say why the selected nodes cannot be connected."""
        return commands.connect_refusal(self)

    def take_out(self) -> None:
        """Free the selected nodes of their edges."""
        commands.take_out(self)
