import shutil

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt

from designer.gui.training.matrix import percent
from designer.runs.result import Metrics
from designer.runs.scores import LabelScore, NumberScore

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


LABELS = [
    LabelScore(
        name="cat",
        threshold=0.5,
        support=30,
        true_positives=27,
        false_positives=9,
        false_negatives=3,
        precision=0.75,
        recall=0.9,
        f1=54 / 66,
    ),
    LabelScore(
        name="night",
        threshold=0.25,
        support=2,
        true_positives=0,
        false_positives=0,
        false_negatives=2,
        precision=None,
        recall=0.0,
        f1=0.0,
    ),
    LabelScore(
        name="dog",
        threshold=0.5,
        support=10,
        true_positives=10,
        false_positives=0,
        false_negatives=0,
        precision=1.0,
        recall=1.0,
        f1=1.0,
    ),
]
NUMBERS = [
    NumberScore(name="width", mean_absolute_error=0.25, mean_squared_error=0.1, r2=0.93),
    NumberScore(name="height", mean_absolute_error=12.5, mean_squared_error=200.0, r2=None),
]


def instead(run, **files):
    """Put files into the evaluation of a run instead of those of classes."""
    shutil.rmtree(run.evaluation)
    run.evaluation.mkdir()
    for name, scores in files.items():
        (run.evaluation / f"{name}.json").write_bytes(msgspec.json.encode(scores))
    return run


def cells(table):
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_several_labels_have_a_table(desk, written):
    run = instead(written(), labels=LABELS)
    figures = Metrics(loss=0.2, accuracy=0.965, exact_match=0.9)
    run.result_file.write_bytes(msgspec.structs.replace(run.result(), test=figures).to_json())
    desk.show_run(run)
    panel = desk.evaluation
    desk.wait(panel.scores.isVisible)
    assert not panel.matrix.isVisible()
    assert panel.scores_title.text() == (
        "Test accuracy: 96.50 % of the decisions on 3 labels; all labels are right in 90.00 % of "
        "the images"
    )
    assert cells(panel.scores)[:2] == [
        ["cat", "30", "75.0 %", "90.0 %", "81.8 %", "9", "3", "0.5"],
        ["night", "2", "–", "0.0 %", "0.0 %", "0", "2", "0.25"],
    ]


def test_a_click_on_a_title_sorts_and_what_has_no_value_stays_last(desk, written):
    desk.show_run(instead(written(), labels=LABELS))
    table = desk.evaluation.scores
    desk.wait(table.isVisible)
    for order in (["cat", "dog", "night"], ["dog", "cat", "night"]):
        header = table.horizontalHeader()
        at = QPoint(header.sectionViewportPosition(2) + 5, header.height() // 2)
        desk.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert [row[0] for row in cells(table)] == order


def test_predicted_numbers_have_a_table_and_classes_again_their_matrix(desk, written):
    desk.show_run(instead(written("numbers"), numbers=NUMBERS))
    panel = desk.evaluation
    desk.wait(panel.scores.isVisible)
    assert panel.scores_title.text() == "Errors on the test images"
    assert cells(panel.scores) == [
        ["width", "0.25", "0.1", "0.93"],
        ["height", "12.5", "200", "–"],
    ]
    desk.show_run(written("classes"))
    desk.wait(panel.matrix.isVisible)
    assert not panel.scores.isVisible()


def test_damaged_figures_are_refused(desk, written):
    desk.show_run(instead(written(), labels=[{"name": "cat"}]))
    desk.wait(lambda: "train again to renew it" in desk.evaluation.message.text())
