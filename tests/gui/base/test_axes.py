import math

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor

from designer.gui.base.axes import Axis, log_ticks, ticks
from designer.gui.base.theme import colors
from designer.gui.training.plots import Plot


def texts(found):
    return [text for _, text in found]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (-0.1, 2.6, 9, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        (5.0, 5.2, 5, ["5.00", "5.05", "5.10", "5.15", "5.20"]),
        (-3, 3, 4, ["-2", "0", "2"]),
        (0, 35_000, 6, ["0", "10,000", "20,000", "30,000"]),
        (0, 2.5e6, 6, ["0", "5e5", "1.0e6", "1.5e6", "2.0e6", "2.5e6"]),
        (0, 3e-5, 5, ["0", "1e-5", "2e-5", "3e-5"]),
    ],
)
def test_ticks_are_round_and_as_many_as_fit(low, high, most, expected):
    found = ticks(low, high, most)
    assert texts(found) == expected
    assert len(found) <= most + 1
    assert all(
        at == pytest.approx(float(text.replace(",", "")), abs=1e-9 * (high - low))
        for at, text in found
    )


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (-3, 1, 8, ["0.001", "0.01", "0.1", "1", "10"]),
        (-4.2, -3.1, 6, ["0.0001", "0.0002", "0.0005"]),
        (0.30, 0.31, 5, ["2.00", "2.01", "2.02", "2.03", "2.04"]),
        (-5, -1, 2, ["0.0001", "0.01"]),
    ],
)
def test_logarithmic_ticks_show_the_values(low, high, most, expected):
    found = log_ticks(low, high, most)
    assert texts(found) == expected
    assert all(at == pytest.approx(math.log10(float(text)), abs=1e-9) for at, text in found)
    assert all(low <= at <= high for at, _ in found)


def test_a_short_axis_has_more_than_one_number(qtbot):
    axis = Axis("left")
    assert texts(ticks(20, 90, 80 / 34)) == ["50"]
    assert texts(axis._found(80, 20, 90)) == ["20", "40", "60", "80"]


@pytest.mark.parametrize("look", ["dark", "light"], indirect=True)
def test_ticks_and_grid_lines_are_drawn(qtbot, look):
    plot = Plot("Loss")
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    with qtbot.waitExposed(plot):
        plot.show()
    picture = plot.view.grab().toImage()
    back = QColor(colors().window)
    curves = plot.box.sceneBoundingRect().toRect()
    left = QRect(0, curves.top(), curves.left() - 4, curves.height())
    below = QRect(curves.left(), curves.bottom() + 5, curves.width(), 12)

    def drawn(rect):
        return sum(
            picture.pixelColor(x, y) != back
            for x in range(rect.left(), rect.right())
            for y in range(rect.top(), rect.bottom())
        )

    assert drawn(left) > 50 and drawn(below) > 50
    middle = [picture.pixelColor(curves.center().x(), y) for y in range(curves.height())]
    lines = sum(color != back for color in middle)
    assert 3 <= lines <= 15
