"""Grids of many maps, one map large, bars and colors: what is painted and what is read."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from designer.gui.base import signed_colors
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.inside import coloring
from designer.gui.inside.bars import Bars
from designer.gui.inside.coloring import Scale
from designer.gui.inside.large_map import LargeMap
from designer.gui.inside.page import figures_words
from designer.gui.inside.statistics_values import in_order
from designer.gui.inside.tile_grid import TileGrid

LEFT = Qt.MouseButton.LeftButton


BLACK, ORANGE = signed_colors.color(0.0), signed_colors.color(1.0)


def test_colors_of_a_map_are_those_of_its_scale():
    image = coloring.colored(np.array([[0.0, 1.0, 2.0]]), coloring.scale_of(np.array([2.0])))
    found = [image.pixelColor(x, 0).name() for x in range(3)]
    assert found == [BLACK, signed_colors.color(0.5), ORANGE]
    signed = np.array([[-4.0, 0.0, 4.0]])
    image = coloring.colored(signed, coloring.scale_of(signed))
    found = [image.pixelColor(x, 0).name() for x in range(3)]
    assert found == [signed_colors.color(-1.0), BLACK, ORANGE]
    assert coloring.scale_of(np.array([-1.0, 3.0])) == Scale(-3, 3)


def test_a_map_over_a_picture_hides_nothing_where_it_is_zero():
    image = coloring.heat(np.array([[0.0, 1.0]]), Scale(0, 1), 0.5)
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(1, 0).alpha() == 128
    image = coloring.heat(np.array([[-1.0, 0.0]]), Scale(-1, 1), 1.0)
    assert [image.pixelColor(x, 0).alpha() for x in range(2)] == [255, 0]


def test_maps_without_a_difference_and_without_a_number_are_painted():
    flat = np.zeros((2, 2), np.float32)
    image = coloring.colored(flat, coloring.scale_of(flat))
    assert image.pixelColor(0, 0).name() == BLACK
    broken = np.array([[np.nan, 1.0]])
    image = coloring.colored(broken, coloring.scale_of(broken))
    assert image.pixelColor(1, 0).name() == ORANGE


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_do_not_change_the_scale(bad):
    values = np.array([[bad, 1.0], [-2.0, 0.5]], np.float32)
    assert coloring.scale_of(values) == Scale(-2, 2)
    assert coloring.scale_of(np.full((2, 2), bad)) == Scale(0, 0)
    kernel = np.stack([values, values, values])
    assert coloring.picture(kernel).pixelColor(1, 0).name() == "#ffffff"


def test_figures_that_are_no_numbers_are_written():
    fields = dict.fromkeys(("minimum", "maximum", "mean", "deviation", "zeros"))
    assert (
        figures_words(fields).replace("\xa0", " ")
        == "from nan to nan · mean nan · deviation nan · zeros nan"
    )


def test_of_2048_channels_only_those_in_sight_are_made(shown):
    grid = TileGrid("grid")
    values = np.arange(2048, dtype=np.float32)[:, None, None] * np.ones((1, 7, 7), np.float32)
    shown(grid, 600, 300)
    grid.show_tiles(values, Scale(0, 2047), range(2048))
    grid.grab()
    assert 0 < len(grid._images) < 100
    bar = grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    grid.grab()
    assert len(grid._images) < 200 and 2047 in grid._images
    rect = grid.rect_of(2047)
    assert grid.viewport().rect().contains(rect)
    picture = grid.viewport().grab().toImage()
    assert picture.pixelColor(rect.center()).name() == ORANGE


def test_the_keys_go_through_the_maps_in_their_order(shown, qtbot):
    grid = TileGrid("grid")
    shown(grid, 400, 200)
    grid.show_tiles(np.zeros((30, 4, 4), np.float32), None, range(29, -1, -1))
    moved = []
    grid.moved.connect(moved.append)
    for key in ("Right", "Right", "Down", "End", "Left", "Home"):
        qtbot.keyClick(grid, getattr(Qt.Key, f"Key_{key}"))
    assert moved == [29, 28, 28 - grid.columns, 0, 1, 29]
    assert grid.viewport().rect().contains(grid.rect_of(29))
    grid.show_tiles(np.zeros((3, 4, 4), np.float32), None, range(3))
    assert grid.current == -1


def test_kernels_of_three_channels_are_colors(shown):
    grid = TileGrid("grid")
    shown(grid, 200, 100)
    kernel = np.zeros((1, 3, 2, 2), np.float32)
    kernel[0, 0] = 1
    kernel[0, 2, 0, 0] = 1
    grid.show_tiles(kernel, None, range(1))
    image = grid.image(0)
    assert image.pixelColor(0, 0) == QColor(255, 0, 255)
    assert image.pixelColor(1, 1) == QColor(255, 0, 0)


def test_the_value_under_the_pointer_is_read(shown, qtbot):
    large = LargeMap("large")
    shown(large, 300, 200)
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    large.show_map(values, Scale(0, 11), "channel 5")
    qtbot.mouseMove(large, large.place_of(2, 1))
    assert large.told == "row 2, column 1: 9"
    qtbot.mouseMove(large, large.rect().bottomLeft())
    assert large.told == ""
    picture = large.grab().toImage()
    assert picture.pixelColor(large.place_of(0, 0)).name() == BLACK
    assert picture.pixelColor(large.place_of(2, 3)).name() == ORANGE


@pytest.mark.parametrize("count", [5, 25_088])
def test_bars_show_every_value(shown, qtbot, count):
    bars = Bars("bars")
    shown(bars, 300, 160)
    heights = np.zeros(count)
    heights[count // 2] = 2.0
    heights[0] = -1.0
    bars.show_bars(heights, lambda place: f"value {place}")
    assert bars.bounds == (-1, 2)
    picture = bars.grab().toImage()
    area = bars.area.toRect()
    blue = QColor(bars.grab().toImage().pixelColor(area.left(), area.bottom() - 4))
    column = area.left() + int((count // 2 + 0.5) * area.width() / count)
    near = [picture.pixelColor(column + shift, area.top() + 10) for shift in (-1, 0, 1)]
    assert blue in near
    qtbot.mouseMove(bars, area.bottomLeft())
    qtbot.mouseMove(bars, area.center())
    assert bars.told == f"value {int((area.center().x() - 2) * count / bars.area.width())}"


def test_layers_of_two_measurements_stand_in_the_order_of_the_network():
    assert in_order([]) == [] and in_order([["a", "b"], ["a", "b"]]) == ["a", "b"]
    training, now = ["conv1", "tanh1", "fc"], ["image", "conv1", "tanh1", "flat", "fc", "scores"]
    assert in_order([training, now]) == now
    assert in_order([now, training]) == now
    assert in_order([["a", "c"], ["b", "d"]]) == ["b", "d", "a", "c"]


def test_a_label_with_a_short_text_shows_it_where_the_whole_does_not_fit(qtbot):
    label = ElidedLabel("As the network saw it", short="Network input")
    qtbot.addWidget(label)
    whole = label.fontMetrics().horizontalAdvance(label.text())
    shown = []
    for width in (whole + 1, whole - 1, 20):
        label.resize(width, 20)
        shown.append(label.shown_text())
    assert shown[:2] == ["As the network saw it", "Network input"] and shown[2].endswith("…")
