"""An inspector of its own on a workspace with LeNet-5 or ResNet-50."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from designer.design.values import LayerNode, Node
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.forms.choosers import Switch
from designer.gui.forms.editors import TextEditor
from designer.gui.inspector.inspector import Inspector
from tests.gui.hands import activate


@dataclass
class Hands:
    """What a user does with an inspector: finds fields by their keys, types, reads."""

    inspector: Inspector
    workspace: Workspace

    def select(self, *paths: str) -> None:
        self.workspace.select(paths)
        self.settle()

    def settle(self) -> None:
        for _ in range(3):
            QApplication.processEvents()

    def find(self, name: str, kind: type = QWidget) -> QWidget:
        found = [each for each in self.inspector.findChildren(kind, name) if each.isVisible()]
        assert len(found) == 1, (name, len(found))
        return found[0]

    def there(self, name: str) -> bool:
        return any(each.isVisible() for each in self.inspector.findChildren(QWidget, name))

    def line(self, key: str) -> TextEditor:
        return self.find(f"field-{key}", TextEditor)

    def switch(self, key: str) -> Switch:
        return self.find(f"field-{key}", Switch)

    def box(self, key: str) -> QComboBox:
        return self.find(f"field-{key}", QComboBox)

    def type(self, key: str, text: str) -> TextEditor:
        """Click into a field, which selects its text, and type over it."""
        line = self.line(key)
        QTest.mouseClick(line, Qt.MouseButton.LeftButton)
        line.selectAll()
        QTest.keyClicks(line, text)
        self.settle()
        return line

    def paste(self, key: str, text: str) -> TextEditor:
        QApplication.clipboard().setText(text)
        line = self.line(key)
        QTest.mouseClick(line, Qt.MouseButton.LeftButton)
        line.selectAll()
        QTest.keyClick(line, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        self.settle()
        return line

    def error(self, key: str) -> str:
        labels = self.inspector.findChildren(QLabel, f"error-{key}")
        return next((each.text() for each in labels if each.isVisible()), "")

    def node(self, path: str) -> Node:
        found = graph_paths.node_at(self.workspace.design, path)
        assert found is not None
        return found

    def value(self, path: str, key: str) -> object:
        node = self.node(path)
        assert isinstance(node, LayerNode)
        return node.parameters.get(key)

    def steps(self) -> list[str]:
        document = self.workspace.document
        assert document is not None
        return [step.label for step in document.past]

    def facts(self) -> dict[str, str]:
        return {fact.key: fact.result for fact in self.inspector.card.facts}


@pytest.fixture
def swept(qapp: QApplication) -> None:
    """Really delete the widgets of earlier tests, which else all take part in a new style."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def hands_on(swept: None, qtbot: QtBot, look: str) -> Callable[[str], Hands]:
    def opened(preset: str) -> Hands:
        workspace = Workspace()
        inspector = Inspector(workspace)
        qtbot.addWidget(inspector)
        inspector.resize(320, 900)
        with qtbot.waitExposed(inspector):
            inspector.show()
        activate(inspector)
        workspace.open_preset(preset)
        hands = Hands(inspector, workspace)
        hands.settle()
        return hands

    return opened


@pytest.fixture
def lenet(hands_on: Callable[[str], Hands]) -> Hands:
    return hands_on("lenet5")


@pytest.fixture
def resnet(hands_on: Callable[[str], Hands]) -> Hands:
    return hands_on("resnet50")
