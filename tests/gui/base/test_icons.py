"""The icons: every name that the window uses is a drawing in the one style."""

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

import designer.gui
from designer.gui.base import icons
from designer.gui.commands.actions import ACTIONS
from designer.layers.category import Category
from designer.resources import folder

FILES = sorted(
    file
    for file in (folder("assets") / "icons").glob("*.svg")
    if not file.stem.endswith(("-dark", "-light"))  # the style sheet's, in colors of their own
)


def names_in_the_code() -> set[str]:
    """Return the names that stand in calls such as ``icons.icon("search", ...)``."""
    found = set()
    for file in Path(designer.gui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "icons"
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                found.add(node.args[0].value)
    return found


def test_every_name_is_a_file() -> None:
    names = {row.icon for row in ACTIONS if row.icon}
    names |= {icons.category_file(category) for category in (*Category, None)}
    names |= names_in_the_code()
    assert names - {file.stem for file in FILES} == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_drawing(file: Path, qapp: QApplication) -> None:
    text = file.read_text(encoding="utf-8")
    assert 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8"' in text
    assert QSvgRenderer(text.encode()).isValid()
    picture = icons.pixmap(file.stem, "#ff0000", 24, 1.0).toImage()
    edge = range(24)
    solid = [picture.pixelColor(x, y) for x in edge for y in edge]
    assert any(each.red() > 240 and each.green() == 0 and each.alpha() > 100 for each in solid)
    border = [picture.pixelColor(x, y).alpha() for x in edge for y in (0, 23)]
    border += [picture.pixelColor(x, y).alpha() for y in edge for x in (0, 23)]
    assert max(border) == 0, "nothing is cut off"


def test_no_two_are_alike() -> None:
    assert len({file.read_text(encoding="utf-8") for file in FILES}) == len(FILES)


def test_the_program_has_an_icon(qapp: QApplication) -> None:
    assert QSvgRenderer(str(folder("assets") / "icon.svg")).isValid()


def test_icons_are_sharp_on_every_screen(qapp: QApplication) -> None:
    for ratio in (1.0, 1.5, 2.0):
        picture = icons.icon("search").pixmap(QSize(18, 18), ratio)
        assert picture.width() == round(18 * ratio)
        assert picture.devicePixelRatio() == ratio
