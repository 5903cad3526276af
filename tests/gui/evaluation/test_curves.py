"""The Curves and Calibration pages, driven by mouse and keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from sklearn import metrics as sk

from tests.gui import evaluation_scenes as made

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def curves(desk, tmp_path):
    """The curves of six labels, the last of which is chosen."""
    desk.show_contents(made.labels(tmp_path))
    page = desk.page("curves")
    choose(desk, page, 2 + 5)
    return desk, page


def choose(desk, page, row, modifier=Qt.KeyboardModifier.NoModifier):
    item = page.list.item(row)
    page.list.scrollToItem(item)
    at = page.list.visualItemRect(item).center()
    desk.qtbot.mouseClick(page.list.viewport(), LEFT, modifier, at)
    desk.wait(lambda: len(page._known) and all(each in page._known for each in page._chosen))


def test_the_break_even_point_is_marked_where_precision_and_recall_are_equal(curves):
    _, page = curves
    contents = page.contents
    (mark,) = page.plot.marks
    scores, there = contents.values[:, 5], contents.there[:, 5]
    precision, recall, _ = sk.precision_recall_curve(there, scores)
    at = int(np.abs(precision - recall)[:-1].argmin())
    assert (mark.x, mark.y) == (pytest.approx(recall[at]), pytest.approx(precision[at]))
    assert mark.text == f"break-even {100 * precision[at]:.1f} %"
    area = sk.average_precision_score(there, scores)
    assert page.plot.lines[0].name == f"several animals: average precision {area:.4f}"
    assert (page.plot.up.text(), page.plot.along.text()) == ("↑ Precision", "Recall →")
    assert "dashed line is where both are equal" in page.plot.caption.text()


def test_the_pointer_reads_the_threshold_and_a_click_shows_the_wrong_side(curves):
    desk, page = curves
    contents, line = page.contents, page.plot.lines[0]
    point = len(line.x) // 2
    threshold = page._known[5].thresholds[point]
    desk.qtbot.mouseMove(page.plot.view.viewport(), page.plot.pixel(0, point).toPoint())
    desk.wait(lambda: f"threshold {threshold:.4g}" in page.plot.readout.text())
    desk.qtbot.mouseClick(page.plot.view.viewport(), LEFT, pos=page.plot.pixel(0, point).toPoint())
    scores, there = contents.values[:, 5], contents.there[:, 5]
    said = scores >= threshold
    missed, alarms = int((there & ~said).sum()), int((~there & said).sum())
    assert page.pictures.isVisible()
    assert page.pictures.caption.text() == (
        f"At threshold {threshold:.4g}, {missed} of several animals are missed and {alarms} "
        "others taken for it"
    )
    shown = page.pictures.wall.indices
    assert sorted(shown) == np.flatnonzero(there != said).tolist()
    assert scores[shown[0]] == scores[there & ~said].min()  # the farthest from the threshold


def test_the_roc_curve_has_its_area_and_keys_go_along_it(curves):
    desk, page = curves
    desk.qtbot.mouseClick(page.kinds.buttons["roc"], LEFT)
    contents = page.contents
    area = sk.roc_auc_score(contents.there[:, 5], contents.values[:, 5])
    assert page.plot.lines[0].name == f"several animals: area {area:.4f}"
    assert not page.plot.marks
    for _ in range(2):
        desk.qtbot.keyClick(page.plot.view, Qt.Key.Key_Right)
    assert page.plot.readout.text().startswith(
        f"threshold {contents.values[:, 5].max():.4g}, recall"
    )
    desk.qtbot.keyClick(page.plot.view, Qt.Key.Key_Return)
    assert page.pictures.isVisible()


def test_several_classes_and_their_averages_are_compared(curves):
    desk, page = curves
    control = Qt.KeyboardModifier.ControlModifier
    choose(desk, page, 0)
    choose(desk, page, 1, control)
    choose(desk, page, 2, control)
    contents = page.contents
    known = [0, 1, 2, 3, 5]  # no image has the label unicorn
    there, scores = contents.there, contents.values
    micro = sk.average_precision_score(there, scores, average="micro")
    macro = sk.average_precision_score(there[:, known], scores[:, known], average="macro")
    names = [line.name for line in page.plot.lines if line.name]
    assert f"micro average: average precision {micro:.4f}" in names
    assert f"macro average: average precision {macro:.4f}" in names
    assert len(names) == 3


def test_a_label_that_no_image_has_is_said_to_have_no_curve(curves):
    desk, page = curves
    choose(desk, page, 2 + 4)
    assert page.plot.caption.text() == "No image of unicorn was evaluated, so it has no curve."


def test_of_a_thousand_classes_only_the_chosen_curves_are_computed(desk, tmp_path):
    desk.show_contents(made.thousand(tmp_path))
    page = desk.page("curves")
    desk.wait(lambda: page._known)
    assert len(page._known) == 1
    worst = page._chosen[0]
    assert page.contents.scores.f1[worst] == np.nanmin(page.contents.scores.f1)


def test_the_reliability_plot_has_a_bar_for_each_filled_bin_and_says_what_it_shows(desk, tmp_path):
    contents = made.thousand(tmp_path)
    desk.show_contents(contents)
    page = desk.page("calibration")
    found = contents.calibration
    share, gaps = page.plot._bars
    assert len(share.top) == (found.counts > 0).sum()
    np.testing.assert_allclose(gaps.top - gaps.bottom, np.abs(found.gaps[found.counts > 0]))
    right = 100 * (contents.predicted == contents.targets).mean()
    sure = 100 * contents.values.max(1).mean()
    assert page.plot.caption.text().startswith(
        f"The network is right in {right:.1f} % and says {sure:.1f} % on average: it is "
        "underconfident."
    )
