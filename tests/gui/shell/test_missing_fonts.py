"""The note about a script that no installed font can show."""

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.gui.shell.main_window import MainWindow
from designer.gui.shell.missing_fonts import SCRIPTS, MissingFonts, Script, script_without_font


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no font have other letters than those of Latin."""
    monkeypatch.setattr(QFontMetrics, "inFontUcs4", lambda _, code: code < 0x0250)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_without_a_font_is_found(no_fonts: None, script: Script) -> None:
    middle = chr((script.first + script.last) // 2)
    assert script_without_font(f"conv_größe_{middle}") == script
    assert script_without_font("conv_größe") is None


def test_the_note_names_script_and_package_once(
    window: MainWindow, qtbot: QtBot, no_fonts: None
) -> None:
    notes: list[str] = []
    window.workspace.open_preset("lenet5")
    window.workspace.reported.connect(notes.append)
    fonts = window.findChild(MissingFonts)
    assert isinstance(fonts, MissingFonts)
    for old, new in (("conv1", "残差"), ("conv2", "卷积")):
        with qtbot.waitSignal(fonts.pause.timeout):
            window.workspace.edit("rename", lambda d, o=old, n=new: edits.rename_node(d, o, n))
    assert len(notes) == 1
    assert "Chinese" in notes[0] and "fonts-noto-cjk" in notes[0]


def test_nothing_is_said_where_the_fonts_have_the_letters(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFontMetrics, "inFontUcs4", lambda *_: True)
    assert script_without_font("残差🙂") is None
