"""Drives the canvas by real mouse and key events: presses, drags, clicks, typing."""

from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from designer.design.values import Design, Edge
from designer.gui.canvas.gestures.quick_add import QuickAdd
from designer.gui.canvas.gestures.renaming import NameField
from designer.gui.canvas.targets import EdgeHit, PortHit
from designer.gui.canvas.view import GraphView
from designer.gui.shell.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
Key = Qt.Key
Keys = Qt.KeyboardModifier


class Hand:
    """Acts on the canvas of a window by mouse and keys, and reads the results."""

    def __init__(self, qtbot: QtBot, window: MainWindow, design: Design) -> None:
        self.qtbot, self.window = qtbot, window
        self.workspace = window.workspace
        self.workspace.add(design, saved=design)
        self.view: GraphView = window.canvas.view
        self.sentences: list[str] = []
        self.workspace.refused.connect(self.sentences.append)
        window.canvas.fit()
        self.view.actual_size()
        self.view.setFocus()

    # Where things are

    def at(self, path: str, dx: float = 0.0, dy: float = 0.0) -> QPointF:
        """Return the scene point at the middle of a node, or beside it."""
        return self.view.rect_of(path).center() + QPointF(dx, dy)

    def out(self, path: str, port: int = 0) -> QPointF:
        """Return where an output port is."""
        return self._port(PortHit(path, port, True))

    def into(self, path: str, port: int = 0) -> QPointF:
        """Return where an input port is."""
        return self._port(PortHit(path, port, False))

    def _port(self, hit: PortHit) -> QPointF:
        point = self.view.port_position(hit)
        assert point is not None
        return point

    def on_edge(self, source: str, target: str) -> QPointF:
        """Return the middle of an edge."""
        edge = next(e for e in self.graph.edges if (e.source, e.target) == (source, target))
        row = self.view.layer.arrays.edge_row["", edge]
        wire = self.view.layer.wire[row]
        return QPointF(*wire[len(wire) // 2].tolist())

    def pixel(self, point: QPointF) -> QPoint:
        """Return where in the viewport a scene point is; it has to be in sight."""
        found = self.view.mapFromScene(point)
        assert self.view.viewport().rect().contains(found), f"{found} is out of sight"
        return found

    # Acting

    def press(self, point: QPointF, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mousePress(self.view.viewport(), LEFT, keys, self.pixel(point))

    def move(self, point: QPointF) -> None:
        self.qtbot.mouseMove(self.view.viewport(), self.pixel(point))

    def release(self, point: QPointF, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mouseRelease(self.view.viewport(), LEFT, keys, self.pixel(point))

    def click(self, point: QPointF, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(point, keys)
        self.release(point, keys)

    def double_click(self, point: QPointF) -> None:
        self.qtbot.mouseDClick(self.view.viewport(), LEFT, NONE, self.pixel(point))

    def drag(
        self, start: QPointF, end: QPointF, keys: Qt.KeyboardModifier = NONE, *, hold: bool = False
    ) -> None:
        """Press, go there in two steps, release unless it is to be held."""
        self.press(start, keys)
        self.move((start + end) / 2)
        self.move(end)
        if not hold:
            self.release(end, keys)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        """Press a key where the focus is."""
        self.window.actions_.refresh()
        self.qtbot.keyClick(self.window.focusWidget() or self.window, key, keys)

    def type(self, text: str) -> None:
        self.qtbot.keyClicks(self.window.focusWidget(), text)

    # Results

    @property
    def design(self) -> Design:
        return self.workspace.design

    @property
    def graph(self):
        return self.workspace.design.graph

    @property
    def edges(self) -> set[tuple[str, str, int]]:
        return {(edge.source, edge.target, edge.target_port) for edge in self.graph.edges}

    @property
    def steps(self) -> list[str]:
        """The labels of the history."""
        document = self.workspace.document
        return [step.label for step in document.past] if document else []

    @property
    def selected(self) -> set[str]:
        return set(self.workspace.selection)

    @property
    def list(self) -> QuickAdd | None:
        """The open quick add."""
        return next((each for each in self.view.findChildren(QuickAdd) if each.isVisible()), None)

    @property
    def field(self) -> NameField | None:
        """The open field for a name."""
        return next((each for each in self.view.findChildren(NameField) if each.isVisible()), None)

    @property
    def tip(self) -> str:
        """What is said at the pointer."""
        tip = self.view.notes.tip
        return tip.label.text() if tip.isVisible() else ""

    def lights(self) -> dict[str, str]:
        """The ports that are lit."""
        return {hit.path: light for hit, light in self.view.layer.lit_ports.items()}

    def lit_edge(self) -> Edge | None:
        """The edge that is lit."""
        row = self.view.layer.lit_edge
        return EdgeHit(*self.view.layer.arrays.keys[row]).edge if row >= 0 else None
