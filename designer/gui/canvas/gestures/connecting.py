"""Drawing edges with the mouse: from an output or input port, or by the end of an edge."""

from PySide6.QtCore import QPointF, Qt

from designer.analysis.assist import editing
from designer.analysis.assist.connecting import Connecting, Verdict
from designer.design import edits
from designer.design.values import Edge, LayerNode
from designer.gui.canvas.gestures import quick_add
from designer.gui.canvas.gestures.common import DraggedEdge, is_drag
from designer.gui.canvas.gestures.gesture import Gesture
from designer.gui.canvas.gestures.selecting import select_edge
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit, Light, PortHit
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.adding import Spot
from designer.layers.tensors import show

_MOST_LIT = 400  # nodes whose ports are lit, of those in sight


class Connect(Gesture):
    """Draws an edge from a port, or moves the end of an edge to another port.

    Attributes
    ----------
    hit
        The port where the edge begins or, if an end is moved, the port that stays.
    instead
        The edge whose end is moved, None for a new edge.
    verdict
        Whether the port under the pointer fits; None if there is none.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: SceneView, hit: PortHit, instead: Edge | None = None) -> None:
        super().__init__(view)
        self.hit, self.instead = hit, instead
        self.scope, self.name = graph_paths.parent(hit.path), graph_paths.name_of(hit.path)
        self.verdict: Verdict | None = None
        self.dragged: DraggedEdge | None = None
        self.verdicts: dict[tuple[str, int | None], Verdict] = {}  # by node and port
        workspace = view.workspace
        self.block = graph_paths.block_at(workspace.design, self.scope)
        self.rules = Connecting(
            workspace.analysis,
            self.scope,
            self.block,
            self.name,
            hit.port,
            output=hit.output,
            instead=instead,
        )

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.pressed = point

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.dragged is None:
            if not is_drag(self.view, self.pressed, point):
                return
            self.dragged = DraggedEdge(self.view)
            self.view.light_ports(self._lights())
        self.verdict, end = self._look(point)
        fixed = self.view.port_position(self.hit) or self.pressed
        start, stop = (fixed, end) if self.hit.output else (end, fixed)
        self.dragged.show_between(start, stop, self.verdict.kind if self.verdict else "")
        if self.verdict is None or (self.verdict.kind == "fits" and not self.verdict.sentence):
            shape = self.rules.shape()
            free = self.verdict is None and shape is not None and self.instead is None
            self.view.tip(point, show(shape) if free and shape else "", "note")
        else:
            self.view.tip(point, self.verdict.sentence, self.verdict.kind)

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.dragged is None:
            if self.instead is not None:
                select_edge(self.view, EdgeHit(self.scope, self.instead))
            else:  # so that a key pressed next, such as Delete, is about this node
                self.view.workspace.select({self.hit.path})
            return
        self.verdict, _ = self._look(point)
        self._remove()
        workspace, verdict = self.view.workspace, self.verdict
        if verdict is None:
            if self.instead is None:
                self._ask(point)
            else:
                self._disconnect(self.instead)
        elif verdict.kind == "refused":
            workspace.refused.emit(verdict.sentence)
        elif verdict.edge is not None and verdict.edge != self.instead:
            self._connect(verdict.edge)

    def cancel(self) -> None:
        self._remove()

    def _remove(self) -> None:
        if self.dragged is not None:
            self.dragged.remove()

    # Judging

    def _look(self, point: QPointF) -> tuple[Verdict | None, QPointF]:
        """Return the verdict about an edge that ends here, and the point where it would end."""
        view = self.view
        port = view.port_at(point)
        if port is not None and port.output != self.hit.output and port.path != self.hit.path:
            verdict = self._judge(port.path, port.port)
            return verdict, view.port_position(port) or point
        path = port.path if port is not None else view.node_at(point)
        if path is None or path == self.hit.path:
            return None, point
        return self._judge(path, None), point

    def _judge(self, path: str, port: int | None) -> Verdict:
        scope, name = graph_paths.parent(path), graph_paths.name_of(path)
        if scope != self.scope:
            graph = scope or "the design itself"
            return Verdict(
                "refused", f"An edge stays within one graph, but {name} lies in {graph}."
            )
        key = name, port
        if key not in self.verdicts:
            self.verdicts[key] = (
                self.rules.judge_node(name)
                if port is None or self._joins(name, port)
                else self.rules.judge_fully(name, port)
            )
        return self.verdicts[key]

    def _joins(self, name: str, port: int) -> bool:
        """Tell whether a connected port belongs to a node that takes any number of edges."""
        if not self.hit.output:
            return False
        node = self.rules.graph.nodes.get(name)
        taken = (name, port) in self.rules.taken
        if not taken or not isinstance(node, LayerNode):
            return False
        return editing.input_ports(self.rules.design, node) > 2

    def _lights(self) -> dict[PortHit, Light]:
        """Return how each port in sight at which the edge may end is lit."""
        view = self.view
        arrays = view.layer.arrays
        lights: dict[PortHit, Light] = {}
        frame = arrays.frames.get(self.scope)
        if frame is None:
            return lights
        visible = {
            graph_paths.name_of(path)
            for path in view.paths_in(view.navigator.visible())
            if graph_paths.parent(path) == self.scope
        }
        shown = [*visible, *frame.inputs, *frame.outputs]
        for name in shown[:_MOST_LIT]:
            path = graph_paths.join(self.scope, name)
            if name == self.name:
                continue
            row = arrays.row[path]
            if self.hit.output:
                for port in range(int(arrays.inputs[row])):
                    # A join whose ports are all connected gets one more at the drop.
                    free = editing.next_port(self.rules.design, name, self.block)
                    more = free if self._joins(name, port) and free is not None else port
                    verdict = self.rules.judge(name, more)
                    if verdict.kind != "refused":
                        lights[PortHit(path, port, False)] = verdict.kind
            else:
                for port in range(int(arrays.outputs[row])):
                    verdict = self.rules.judge(name, port)
                    if verdict.kind != "refused":
                        lights[PortHit(path, port, True)] = verdict.kind
        return lights

    # Editing

    def _connect(self, edge: Edge) -> None:
        block, old = self.block, self.instead
        label = steps.step("connect", source=edge.source, target=edge.target)
        if old is None:
            self.view.workspace.edit(label, lambda design: edits.connect(design, edge, block=block))
            return
        lost = old.target if old.target != edge.target else ""
        self.view.workspace.edit(
            label,
            lambda design: editing.close_gaps(
                edits.reconnect(design, old, edge, block=block), (lost,), block
            ),
        )

    def _disconnect(self, edge: Edge) -> None:
        block = self.block
        self.view.workspace.edit(
            steps.step("disconnect", source=edge.source, target=edge.target),
            lambda design: editing.disconnect(design, edge, block=block),
        )

    def _ask(self, point: QPointF) -> None:
        """Offer to add a node that fits the port."""
        view = self.view
        quick_add.ask(
            view,
            point,
            Spot(
                self.scope,
                at=view.point_in_scope(self.scope, point),
                positions=view.positions(self.scope),
                name=self.name,
                port=self.hit.port,
                output=self.hit.output,
            ),
        )


class PressEdge(Gesture):
    """A press on an edge: a click chooses the edge, a drag moves its nearer end."""

    def __init__(self, view: SceneView, hit: EdgeHit) -> None:
        super().__init__(view)
        self.hit = hit
        self.connect: Connect | None = None

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.pressed = point
        select_edge(self.view, self.hit)

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.connect is None:
            if not is_drag(self.view, self.pressed, point):
                return
            self.connect = Connect(self.view, self._farther_port(), self.hit.edge)
            self.connect.start(self.pressed, modifiers)
        self.connect.move(point, modifiers)

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.connect is not None:
            self.connect.end(point, modifiers)

    def cancel(self) -> None:
        if self.connect is not None:
            self.connect.cancel()

    def _farther_port(self) -> PortHit:
        """Return the port at the farther end of the edge, which stays connected."""
        scope, edge = self.hit
        source = PortHit(graph_paths.join(scope, edge.source), edge.source_port, True)
        target = PortHit(graph_paths.join(scope, edge.target), edge.target_port, False)
        distances = [
            (position - self.pressed).manhattanLength() if position is not None else 0.0
            for position in (self.view.port_position(source), self.view.port_position(target))
        ]
        return source if distances[0] >= distances[1] else target
