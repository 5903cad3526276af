"""A label that ends with dots where it has no room."""

from pytestqt.qtbot import QtBot

from designer.gui.base.elided_label import ElidedLabel


def test_the_end_is_left_out_but_kept_as_text(qtbot: QtBot) -> None:
    label = ElidedLabel("a sentence of some length", name="words")
    qtbot.addWidget(label)
    label.resize(label.sizeHint())
    assert label.shown_text() == label.text()
    label.resize(60, 20)
    assert label.shown_text().endswith("…") and label.text().endswith("length")
    assert label.minimumSizeHint().width() == 1
    label.grab()
