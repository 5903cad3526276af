import shutil

import pytest
from PySide6.QtCore import Qt

from designer.gui.training.matrix import percent

# What a tooltip asks for and the offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)


@pytest.fixture
def evaluated(desk, written):
    desk.show_run(written())
    desk.wait(desk.evaluation.content.isVisible)
    return desk


def cell(matrix, true, predicted):
    return matrix.rect_of(true, predicted).center().toPoint()


def test_pointing_at_a_cell_shows_its_count(evaluated):
    matrix = evaluated.evaluation.matrix
    evaluated.qtbot.mouseMove(matrix, cell(matrix, 2, 2))
    evaluated.qtbot.mouseMove(matrix, cell(matrix, 0, 1))
    assert matrix.accessibleDescription() == "cat predicted as dog: 20.0 %, 2 of 10"
    assert matrix.words(2, 2) == "bird: recall 100.0 %, 10 of 10"


def test_picking_a_cell_shows_its_mistakes(evaluated):
    panel = evaluated.evaluation
    assert panel.caption.text() == "The 3 worst mistakes"
    assert panel.key.text() == "true → predicted, with probability"
    sure = [mistake.probability for mistake in panel.mistakes.shown]
    assert sure == sorted(sure, reverse=True)
    evaluated.qtbot.mouseClick(
        panel.matrix, Qt.MouseButton.LeftButton, pos=cell(panel.matrix, 0, 1)
    )
    assert panel.caption.text() == "The 2 worst mistakes, cat predicted as dog"
    assert [mistake.index for mistake in panel.mistakes.shown] == [3, 5]
    assert panel.mistakes.shown[0].words == (
        "Test image 3: cat predicted as dog with probability 97.0 %; loss 4.20"
    )
    assert panel.mistakes.shown[0].picture.width() == 8
    evaluated.qtbot.keyClick(panel.matrix, Qt.Key.Key_Escape)
    assert len(panel.mistakes.shown) == 3


def test_cells_have_the_room_of_the_bars_where_the_matrix_is_narrow(evaluated):
    matrix = evaluated.evaluation.matrix
    matrix.resize(300, 260)
    wide = matrix.rect_of(0, 0).width()
    matrix.resize(299, 260)
    assert matrix.rect_of(0, 0).width() > wide + 10
    assert matrix.rect_of(2, 2).right() < matrix.width()


def test_only_a_share_of_all_is_a_hundred_per_cent():
    assert percent(199, 200) == "99.5 %"
    assert percent(99_999, 100_000) == "99.9 %"
    assert percent(7, 7) == "100.0 %"
    assert percent(0, 0) == "–"


def test_the_arrow_keys_move_between_cells(evaluated):
    matrix = evaluated.evaluation.matrix
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Return):
        evaluated.qtbot.keyClick(matrix, key)
    assert evaluated.evaluation.caption.text() == "The worst mistake, dog predicted as cat"


def test_runs_without_an_evaluation_say_why(desk, written):
    message = desk.evaluation.message
    assert "once the run has ended" in message.text()
    desk.show_run(written("stopped", status="stopped"))
    desk.wait(lambda: "written when a training ends" in message.text())
    damaged = written("damaged")
    (damaged.evaluation / "confusion.json").write_text('{"classes": ["a"], "matrix": []}')
    desk.show_run(damaged)
    desk.wait(lambda: "is damaged: train again" in message.text())
    targets = written("targets")
    shutil.rmtree(targets.evaluation)
    targets.evaluation.mkdir()
    (targets.evaluation / "predictions.npz").write_bytes(b"")
    desk.show_run(targets)
    desk.wait(lambda: "predicts numbers, not classes" in message.text())
    assert desk.evaluation.content.isHidden()
