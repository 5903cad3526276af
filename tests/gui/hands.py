"""A user's hands: real mouse and key events on a window, without calls of its methods.

Only what an eye would see is read from the window: where things are drawn, and the results.
"""

from collections.abc import Callable

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from designer.gui.canvas.targets import PortHit
from designer.gui.documents.items import Item, to_mime
from designer.gui.shell.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def wait(milliseconds: int) -> None:
    """Let events be handled for a while; unlike QTest.qWait, threads get their turns meanwhile."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], bool], seconds: int = 20) -> None:
    """Let events be handled until a condition holds; works outside of pytest, too."""
    deadline = QDeadlineTimer(1000 * seconds)
    while not condition():
        assert not deadline.hasExpired(), "the condition did not become true"
        wait(10)


def activate(widget: QWidget) -> None:
    """Make a widget's window the active one; keys and shortcuts work from then on."""
    window = widget.window()
    window.activateWindow()
    wait_until(window.isActiveWindow)


class Hands:
    """Mouse and keyboard on one window."""

    def __init__(self, window: MainWindow, qtbot: QtBot | None = None) -> None:
        self.window = window
        self.qtbot = qtbot
        self._held = QPoint()

    # Looking

    @property
    def view(self) -> QWidget:
        """The canvas's viewport, which gets the mouse."""
        return self.window.canvas.view.viewport()

    def settle(self) -> None:
        """Let the window do what it put off until the present event is done."""
        for _ in range(3):
            QApplication.processEvents()

    def pixel(self, point: QPointF) -> QPoint:
        """Return where a point of the scene is seen."""
        return self.window.canvas.view.mapFromScene(point)

    def node(self, path: str) -> QPoint:
        """Return where a node is seen: on its body, besides its ports."""
        rect = self.window.canvas.view.rect_of(path)
        return self.pixel(QPointF(rect.x() + rect.width() * 0.3, rect.center().y()))

    def port(self, path: str, number: int = 0, *, output: bool) -> QPoint:
        """Return where a port is seen."""
        position = self.window.canvas.view.port_position(PortHit(path, number, output))
        assert position is not None, f"{path} has no such port"
        return self.pixel(position)

    def find(self, kind: type[QWidget], name: str) -> QWidget:
        """Return the visible widget with an object name."""
        self.settle()
        roots = [self.window, *QApplication.topLevelWidgets()]
        found = [
            each
            for root in roots
            for each in ([root] if isinstance(root, kind) else []) + root.findChildren(kind)
            if each.objectName() == name and each.isVisible()
        ]
        assert found, f"no {kind.__name__} called {name} is seen"
        return found[0]

    # Keys

    def keys(self, text: str, widget: QWidget | None = None) -> None:
        """Press a combination of keys, such as Ctrl+Z, where the focus is."""
        target = widget or QApplication.focusWidget() or self.window
        QTest.keySequence(target, text)
        self.settle()

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        QTest.keyClicks(QApplication.focusWidget(), text)
        self.settle()

    def on_canvas(self) -> None:
        """Give the canvas the keys."""
        self.keys("F7", self.window)

    # Mouse

    def click(self, widget: QWidget, point: QPoint | None = None, modifiers=NONE) -> None:
        """Click somewhere on a widget."""
        QTest.mouseClick(widget, LEFT, modifiers, point or widget.rect().center())
        self.settle()

    def click_node(self, path: str, modifiers=NONE) -> None:
        """Click a node, after having scrolled to where it is seen."""
        self.show(path)
        self.click(self.view, self.node(path), modifiers)

    def show(self, *paths: str) -> None:
        """Show everything, if a node is out of sight."""
        self.settle()
        if not all(self.view.rect().contains(self.node(path)) for path in paths):
            self.on_canvas()
            self.keys("F")
            wait_until(lambda: all(self.view.rect().contains(self.node(path)) for path in paths))

    def drag(self, start: QPoint, end: QPoint, modifiers=NONE) -> None:
        """Press, move in small steps, and release on the canvas."""
        self.press_and_move(start, end, modifiers)
        self.release(modifiers)

    def press_and_move(self, start: QPoint, end: QPoint, modifiers=NONE) -> None:
        """Press and move in small steps, and hold."""
        QTest.mousePress(self.view, LEFT, modifiers, start)
        for step in range(1, 9):
            QTest.mouseMove(self.view, start + (end - start) * step / 8)
            self.settle()
        self._held = end

    def release(self, modifiers=NONE) -> None:
        """Let go where the pointer is."""
        QTest.mouseRelease(self.view, LEFT, modifiers, self._held)
        self.settle()

    def connect(self, source: str, target: str, port: int = 0) -> None:
        """Draw an edge from an output to an input."""
        self.show(source, target)
        self.drag(self.port(source, output=True), self.port(target, port, output=False))

    def drop(self, item: Item, point: QPoint) -> None:
        """Drag an item out of the palette and let it fall onto the canvas.

        The system's drag loop cannot be driven from a test; its events can.
        """
        data, action = to_mime(item), Qt.DropAction.CopyAction
        for kind in (QDragEnterEvent, QDragMoveEvent):
            QApplication.sendEvent(self.view, kind(point, action, data, LEFT, NONE))
            self.settle()
        QApplication.sendEvent(self.view, QDropEvent(QPointF(point), action, data, LEFT, NONE))
        self.settle()

    def click_edge(self, source: str, target: str) -> None:
        """Click the middle of the wire between two nodes."""
        self.show(source, target)
        start, end = self.port(source, output=True), self.port(target, output=False)
        self.click(self.view, (start + end) / 2)

    def tab(self, title: str) -> None:
        """Bring a dock to the front by its tab."""
        self.settle()
        for bar in self.window.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.isVisible() and bar.tabText(index).startswith(title):
                    self.click(bar, bar.tabRect(index).center())
                    return
        raise AssertionError(f"no tab is called {title}")

    # What users do with these

    def fix(self, label: str) -> None:
        """Press the button of a fix in the Problems dock."""
        self.tab("Problems")
        dock = self.window.docks["problems"]
        for button in dock.findChildren(QPushButton, "fix"):
            if button.text() == label and button.isVisible():
                self.click(button)
                return
        raise AssertionError(f"no fix is called {label}")

    def add(self, text: str) -> None:
        """Add a layer behind the selection: Tab, type, Enter."""
        self.on_canvas()
        self.keys("Tab")
        self.type(text)
        self.keys("Return")

    def fill(self, key: str, text: str) -> None:
        """Type a value into a field of the inspector."""
        field = self.find(QLineEdit, f"field-{key}")
        self.click(field)
        self.keys("Ctrl+A")
        self.type(text)
        self.keys("Return")

    def choose(self, box: QComboBox, text: str) -> None:
        """Choose from a list by typing."""
        box.setFocus()
        QTest.keyClicks(box, text)
        self.settle()
