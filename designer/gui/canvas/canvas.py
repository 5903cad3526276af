"""The canvas panel: the graph, and over it breadcrumb, minimap, legend and passing notes."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from designer.design import edits
from designer.design.values import Design, Point
from designer.gui.base.action_source import ActionSource
from designer.gui.canvas import positions
from designer.gui.canvas.breadcrumb import Breadcrumb
from designer.gui.canvas.flow import DOWN, RIGHT
from designer.gui.canvas.gestures import commands, grouping, navigating
from designer.gui.canvas.layer import GraphLayer
from designer.gui.canvas.legend import Legend
from designer.gui.canvas.minimap import Minimap
from designer.gui.canvas.overlay_legend import OverlayLegend
from designer.gui.canvas.view import GraphView
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.design_differences import same_network
from designer.gui.documents.node_figures import FigureColors
from designer.gui.documents.workspace import Workspace

_GAP = 6  # pixels between two legends
_LEAST_WIDTH, _LEAST_HEIGHT = 500, 260  # pixels of a canvas that has room for the minimap


class Canvas(QWidget):
    """Offers a method for each action on the graph; what the mouse does is in `gestures`."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="canvas")
        self.workspace = workspace
        self.minimap_shown = True
        self._places: list[Callable[[], object]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.view = GraphView(workspace, self)
        column.addWidget(self.view)
        breadcrumb = Breadcrumb(workspace, self.view)
        breadcrumb.move(10, 8)
        self.minimap = Minimap(self.view)
        self.legend = Legend(self.view)
        self.legend.close_.clicked.connect(lambda: self.show_weight_status(False))
        self.figure_colors = FigureColors(workspace, self)
        self.overlay_legend = OverlayLegend(self.view)
        self.overlay_legend.close_.clicked.connect(lambda: self.figure_colors.show(""))
        self.view.covers = [breadcrumb, self.minimap, self.legend, self.overlay_legend]
        self.setFocusProxy(self.view)
        self.view.installEventFilter(self)
        workspace.compared.connect(self._compared)
        workspace.node_values_changed.connect(self._show_overlay)
        workspace.changed.connect(self._show_overlay)

    @property
    def layer(self) -> GraphLayer:
        """The item that draws the graph, with its arrays."""
        return self.view.layer

    def add_card(self, card: QWidget, place: Callable[[], object]) -> None:
        """Keep a card of another feature in its place over the graph.

        Parameters
        ----------
        card
            A child of the view.
        place
            Moves it to its place; called whenever the view changes its size.
        """
        self._places.append(place)
        self.view.covers.append(card)
        place()

    def set_actions(self, actions: ActionSource) -> None:
        """Set the window's actions, for context menus and for keys with two meanings."""
        self.view.action_source = actions

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._move_to_corners()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._move_to_corners()

    def _move_to_corners(self) -> None:
        self.legend.move_to_corner()
        above = self.legend.height() + _GAP if not self.legend.isHidden() else 0
        self.overlay_legend.move_to_corner(above)
        self.minimap.move_to_corner()
        for place in self._places:
            place()
        has_room = self.width() > _LEAST_WIDTH and self.height() > _LEAST_HEIGHT
        self.minimap.setVisible(self.minimap_shown and has_room)

    # Looking

    def fit(self) -> None:
        """Show everything."""
        self.view.fit()

    def fit_selection(self) -> None:
        """Show what is selected."""
        self.view.fit_selection()

    def actual_size(self) -> None:
        """Show nodes at 100 %."""
        self.view.actual_size()

    def zoom_in(self) -> None:
        """Zoom in by a step."""
        self.view.zoom_by(1)

    def zoom_out(self) -> None:
        """Zoom out by a step."""
        self.view.zoom_by(-1)

    def set_minimap(self, shown: bool) -> None:
        """Show or hide the minimap."""
        self.minimap_shown = shown
        self._move_to_corners()

    @property
    def flows_right(self) -> bool:
        """Whether data flow to the right, not down."""
        return self.view.flow.right

    def set_flow(self, *, right: bool) -> None:
        """Draw graphs from left to right, or from top to bottom."""
        self.view.set_flow(RIGHT if right else DOWN)

    @property
    def absent_shown(self) -> bool:
        """Whether layers that are absent with the present arguments are drawn."""
        return self.view.absent_shown

    def show_absent(self, shown: bool) -> None:
        """Draw the layers that are absent with the present arguments, or leave them out."""
        self.view.show_absent(shown)

    @property
    def weight_status_shown(self) -> bool:
        """Whether nodes are marked with what becomes of their weights, if that was compared."""
        return self.view.weight_status_shown

    def show_weight_status(self, shown: bool) -> None:
        """Show or hide which layers keep their weights."""
        self.view.weight_status_shown = shown
        self._compared()
        if self.view.action_source is not None:
            self.view.action_source.refresh_soon()

    def _compared(self) -> None:
        found = self.workspace.comparison
        if found is None:
            self.view.weight_status_shown = True  # so that the next comparison is shown
        self.view.refresh()
        self.legend.show_comparison(found if self.weight_status_shown else None)
        self._move_to_corners()

    def _show_overlay(self) -> None:
        """Color the nodes by what the document says, and explain the colors."""
        document = self.workspace.document
        overlay = document.overlay if document is not None else None
        self.layer.show_overlay(overlay)
        measured = overlay.design if overlay is not None else None
        stale = measured is not None and not same_network(measured, self.workspace.design)
        self.overlay_legend.show_colors(self.layer.node_colors, stale=stale)
        self._move_to_corners()
        self.view.view_changed.emit()

    def go_in(self) -> None:
        """Look into the selected block."""
        navigating.go_in(self.view)

    def go_out(self) -> None:
        """Look at the graph around this one, and select the block that was left."""
        navigating.go_out(self.view)

    def toggle_expanded(self) -> None:
        """Show or hide the selected block's inside within this graph."""
        path = navigating.selected_block(self.view)
        if path is not None:
            self.view.toggle_expanded(path)

    def select_all(self) -> None:
        """Select every node of the graph that is shown."""
        navigating.select_all(self.view)

    def select_branch(self) -> None:
        """Select all that the selection leads to."""
        navigating.select_branch(self.view)

    def save_picture(self, path: Path) -> None:
        """Write the graph that is shown as SVG or PNG.

        Raises
        ------
        DesignerError
            The file cannot be written.
        """
        from designer.gui.canvas import picture

        self.view.gliding.stop()
        picture.save(self.layer, path, self.workspace.design.name)

    # Messages

    def show_refusal(self, sentence: str) -> None:
        """Show why something was not done."""
        self.view.notes.show_toast(sentence, "refused")

    def show_message(self, sentence: str) -> None:
        """Show what was done."""
        self.view.notes.show_toast(sentence, "note")

    # Editing

    def arrange(self) -> None:
        """Lay the shown graph out in layers, as one step of the history."""
        workspace = self.workspace
        found = graph_paths.graph_at(workspace.design, workspace.scope)
        if found is None:
            return
        block, graph = found
        if all(node.at is None for node in graph.nodes.values()):
            workspace.reported.emit("Everything is arranged already.")
            return
        inputs, outputs = graph_paths.ends_of(workspace.design, block)
        names = (*inputs, *graph.nodes, *outputs)
        points = positions.laid_out(graph, inputs, outputs).tolist()
        by_name = dict(zip(names, points, strict=True))
        at = {name: Point(*by_name[name]) for name in graph.nodes}

        def edit(design: Design) -> Design:
            return edits.move(design, at, block=block)

        before = self.view.corners()
        if workspace.edit(steps.step("arrange"), edit):
            self.view.glide_from(before)
            self.view.fit_if_outside()

    def cut(self) -> None:
        """Move the selection to the clipboard."""
        commands.cut(self.view)

    def copy(self) -> None:
        """Copy the selection to the clipboard."""
        commands.copy(self.view)

    def paste(self) -> None:
        """Add the nodes in the clipboard."""
        commands.paste(self.view)

    def paste_shared(self) -> None:
        """Add copies of the nodes in the clipboard that share their weights."""
        commands.paste_shared(self.view)

    def duplicate(self) -> None:
        """Add the selection once more."""
        commands.duplicate(self.view)

    def delete(self) -> None:
        """Remove the selection."""
        commands.delete(self.view)

    def delete_refusal(self) -> str:
        """Say why nothing can be removed now, "" if something can."""
        return commands.delete_refusal(self.view)

    def quick_add(self) -> None:
        """Add a layer by typing its name."""
        commands.quick_add(self.view)

    def replace_layer(self) -> None:
        """Give the selected node another type."""
        commands.replace_layer(self.view)

    def rename(self) -> None:
        """Rename the selected node."""
        commands.rename(self.view)

    def group(self) -> None:
        """Make the selection a block."""
        grouping.group(self.view)

    def dissolve(self) -> None:
        """Replace the selected block by the nodes inside it."""
        grouping.dissolve(self.view)

    def connect_selected(self) -> None:
        """Draw edges between the selected nodes, or remove them."""
        commands.connect_selected(self.view)

    def connect_refusal(self) -> str:
        """Say why the selected nodes cannot be connected, "" if they can."""
        return commands.connect_refusal(self.view)

    def take_out(self) -> None:
        """Free the selected nodes of their edges and join what they stood between."""
        commands.take_out(self.view)
