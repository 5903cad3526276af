"""What files say is shown as it is: HTML in names, descriptions and paths is never rendered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QMessageBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

import designer.gui
from designer.design import edits, files
from designer.design.values import Argument, Design, Edge, LayerNode
from designer.gui.base.plain_text import tip
from designer.gui.shell.main_window import MainWindow
from designer.recipe import stored
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from tests.gui.hands import Hands

EVIL = '<img src="x"><b>B</b>'
ROOT = Path(designer.gui.__file__).parent
_RICH = ("<qt>", "<p>")  # how the tool tips begin that the program itself writes as HTML


def _creations() -> Iterator[tuple[str, ast.Call, list[str]]]:
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "QLabel":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node, lines


def test_every_label_of_a_text_that_varies_says_whether_it_is_plain() -> None:
    """Qt guesses otherwise, from the text, which may come from a file."""
    guessing = []
    for at, call, lines in _creations():
        fixed = (
            call.args
            and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
            and getattr(call.args[0], "value", "") != ""
        )
        stated = any(each.arg == "textFormat" for each in call.keywords)
        end = call.end_lineno or call.lineno
        after = any("setTextFormat" in line for line in lines[end : end + 3])
        if not (fixed or stated or after or at.partition(":")[0] in _PICTURES_OR_HTML):
            guessing.append(at)
    assert guessing == []


# Labels that hold a picture, or HTML that the program writes, with what comes from files escaped.
_PICTURES_OR_HTML = {
    "commands/help.py",
    "gallery/welcome.py",
    "gallery/preview.py",
    "panels/conventions_dialog.py",
    "training/curves.py",
    "training/dataset.py",
}


def _evil_design() -> Design:
    design = Design(EVIL, about=f"{EVIL} about")
    design = edits.add_node(design, "image", LayerNode("Input", {"shape": (1, 8, 8)}))
    design = edits.add_node(
        design, "conv", LayerNode("Conv2d", {"out_channels": EVIL, "kernel_size": "=kind"})
    )
    design = edits.connect(design, Edge("image", 0, "conv", 0))
    argument = Argument(default=EVIL, choices=(EVIL, "other"), help=f"{EVIL} help")
    from dataclasses import replace

    return replace(design, arguments={"kind": argument}, cites=(EVIL,))


def _tips(widget: QWidget) -> Iterator[str]:
    yield widget.toolTip()
    if isinstance(widget, QTabBar):
        yield from (widget.tabToolTip(index) for index in range(widget.count()))
    if isinstance(widget, QAbstractItemView | QComboBox) and widget.model() is not None:
        yield from _model_tips(widget.model(), QModelIndex())


def _model_tips(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[str]:
    for row in range(min(model.rowCount(parent), 200)):
        columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)
        for column in range(columns):
            index = model.index(row, column, parent)
            yield str(model.data(index, Qt.ItemDataRole.ToolTipRole) or "")
            yield from _model_tips(model, index) if column == 0 else ()


def _check(root: QWidget) -> None:
    """Look at every label and tool tip below a widget."""
    for widget in [root, *root.findChildren(QWidget)]:
        if isinstance(widget, QLabel) and "<img" in widget.text():
            assert widget.textFormat() == Qt.TextFormat.PlainText, widget.objectName()
        for text in _tips(widget):
            if "<img" in text:
                assert not text.startswith(_RICH), (widget.objectName(), text)
                assert "<img" not in tip(text), (widget.objectName(), text)
                raise AssertionError(f"{widget.objectName()} has the tool tip {text}")


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A design file whose name, texts and data are HTML."""
    folder = tmp_path / "<b>folder<" / "b>"
    folder.mkdir(parents=True)
    path = folder / "<img src=x>.json"
    recipe = changed(
        Recipe(), {"data.source": str(folder / EVIL), "initial_weights": f"{folder}/{EVIL}"}
    )
    files.save(_evil_design(), path, stored.dump(recipe, path))
    return path


def test_a_design_full_of_html_is_shown_as_text(
    window: MainWindow, qtbot: QtBot, evil: Path
) -> None:
    hands = Hands(window, qtbot)
    window.resize(1500, 950)
    window.documents.open_file(evil)
    window.build_docks()
    for key, dock in window.docks.items():
        window.show_dock(key)
        hands.settle()
        qtbot.wait(30)
        _check(dock)
    for paths in ([], ["conv"], ["image"], ["image", "conv"]):
        window.workspace.select(paths)
        hands.settle()
        _check(window)
    window.workspace.refused.emit(f"{EVIL} is refused.")
    hands.settle()
    _check(window)
    window.workspace.show(None)
    hands.settle()
    _check(window)


def test_questions_show_names_as_text(window: MainWindow, qtbot: QtBot, evil: Path) -> None:
    window.documents.open_file(evil)
    window.workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    seen: list[str] = []
    timer = QTimer(window, interval=10)

    def press() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            timer.stop()
            _check(box)
            seen.extend(label.text() for label in box.findChildren(QLabel))
            box.button(QMessageBox.StandardButton.Cancel).click()

    timer.timeout.connect(press)
    timer.start()
    window.close()
    assert any("<img src=x>.json" in text for text in seen)
    assert window.isVisible()


def test_a_tool_tip_keeps_its_lines() -> None:
    assert tip("plain & simple\nlines") == "plain & simple\nlines"
    assert tip("a < b\n<b>") == "<qt>a &lt; b<br>&lt;b&gt;</qt>"
