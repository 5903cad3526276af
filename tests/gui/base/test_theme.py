"""Text is read well on every ground that it stands on, in both themes."""

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDialogButtonBox, QProxyStyle, QStyle
from pytestqt.qtbot import QtBot

from designer.gui.base.contrast import ENOUGH, contrast, legible
from designer.gui.base.theme import DARK, LIGHT, Colors
from designer.layers.category import Category

THEMES = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])


def test_contrast_is_that_of_wcag() -> None:
    """Its extremes, and a pair from https://www.w3.org/WAI/WCAG22/Techniques/general/G18."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("ground", ["#ffffff", "#282c34"])
@pytest.mark.parametrize("color", ["#5cb42a", "#2cb2ba", "#737ade", "#808080"])
def test_a_color_becomes_legible_and_keeps_its_hue(color: str, ground: str) -> None:
    """It is changed no more than it takes."""
    result = legible(color, ground)
    assert ENOUGH <= contrast(result, ground) < ENOUGH + 0.8 or result == color
    if QColor(color).hslSaturation():
        assert abs(QColor(result).hslHue() - QColor(color).hslHue()) <= 2


@THEMES
@pytest.mark.parametrize(
    "name",
    [
        "text",
        "soft_text",
        "faint_text",
        "accent",
        "success",
        "warning",
        "error",
        "train",
        "validation",
    ],
)
def test_words_are_read_on_window_and_panel(theme: Colors, name: str) -> None:
    """Whatever a color says, it can be read."""
    for ground in (theme.window, theme.panel, theme.field, theme.canvas):
        assert contrast(getattr(theme, name), ground) >= ENOUGH, ground


@THEMES
def test_words_upon_colors_are_read(theme: Colors) -> None:
    """Those of buttons, of what is selected and of what went wrong."""
    pairs = [
        (theme.on_accent, theme.accent),
        ("#ffffff", theme.train_button),
        ("#ffffff", theme.train_hover),
        (theme.text, theme.selection),
        (theme.soft_text, theme.selection),
        (theme.text, theme.error_panel),
        (theme.error, theme.error_panel),
    ]
    for words, ground in pairs:
        assert contrast(words, ground) >= ENOUGH, (words, ground)


@THEMES
def test_what_is_disabled_looks_weaker_than_what_is_faint(theme: Colors) -> None:
    """It is still seen."""
    for ground in (theme.window, theme.panel):
        assert 2.8 < contrast(theme.disabled_text, ground) < contrast(theme.faint_text, ground) - 1


@THEMES
@pytest.mark.parametrize("category", [None, *Category])
def test_the_colors_of_categories_are_read_as_text(
    theme: Colors, category: Category | None
) -> None:
    """As in the source of a network, selected or not."""
    for ground in (theme.window, theme.panel, theme.selection):
        assert contrast(theme.text_of(category), ground) >= ENOUGH, ground


class _WithIcons(QProxyStyle):
    """A style as that of many desktops, which puts icons on the buttons of dialogs."""

    def styleHint(self, hint, option=None, widget=None, returned=None) -> int:
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return super().styleHint(hint, option, widget, returned)


def test_buttons_of_dialogs_have_no_icons_on_any_desktop(qtbot: QtBot, look: str) -> None:
    style = _WithIcons("Fusion")
    box = QDialogButtonBox()
    qtbot.addWidget(box)
    box.setStyle(style)
    standard = QDialogButtonBox.StandardButton
    box.setStandardButtons(standard.Ok | standard.Cancel | standard.Close)
    assert [button.icon().isNull() for button in box.buttons()] == [True, True, True]
    box.setStyle(None)
