import csv
import io
import shutil

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from designer.gui.evaluation.matrix import percent
from designer.gui.evaluation.other_data import OtherDataDialog
from designer.gui.evaluation.view import as_csv
from designer.runs.evaluation_record import EvaluationRecord
from designer.runs.preprocessing import Preprocessing
from tests.gui import evaluation_scenes as made
from tests.gui.hands import activate
from tests.gui.training.conftest import write_predictions

# What a tooltip asks for and the offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def evaluated(desk, written):
    desk.show(written())
    return desk


def cell(matrix, true, predicted):
    return matrix.rect_of(true, predicted).center().toPoint()


# Overview


def test_the_overview_has_each_figure_with_what_it_means(evaluated):
    """Of 30 images 27 are right: recall 0.8, 0.9, 1, precision 8/9, 9/11, 1."""
    figures = {figure.name: figure for figure in evaluated.page("overview").figures}
    assert figures["Accuracy"].text == "90.00 %"
    assert figures["Macro recall"].value == pytest.approx((0.8 + 0.9 + 1) / 3)
    assert figures["Macro precision"].value == pytest.approx((8 / 9 + 9 / 11 + 1) / 3)
    assert figures["Loss"].value == pytest.approx((27 * 0.1 + 4.2 + 2.2 + 1.2) / 30)
    # All right ones are 0.9 sure; bins of 1/15: 0.9 and 0.9 (wrong) share one, 0.97 and 0.6 not.
    sure = [0.9] * 28 + [0.97, 0.6]
    gaps = abs(27 - sum(sure[:28])) + 0.97 + 0.6
    assert figures["Calibration error"].value == pytest.approx(gaps / 30, abs=1e-6)
    assert all(figure.sentence.endswith(".") for figure in figures.values())
    assert "Top-5 accuracy" not in figures  # of three classes


def test_the_cost_matrix_of_the_recipe_gives_a_mean_cost(desk, written):
    run = written()
    recipe = msgspec.json.decode(run.recipe_file.read_bytes())
    recipe["loss"]["cost_matrix"] = [[0, 5, 1], [2, 0, 1], [1, 1, 0]]
    run.recipe_file.write_bytes(msgspec.json.encode(recipe))
    desk.show(run)
    figures = {figure.name: figure.value for figure in desk.page("overview").figures}
    assert figures["Mean cost"] == pytest.approx((2 * 5 + 1 * 2) / 30)


# Confusion


def test_pointing_at_a_cell_shows_its_count(evaluated):
    matrix = evaluated.page("confusion").matrix
    evaluated.qtbot.mouseMove(matrix, cell(matrix, 2, 2))
    evaluated.qtbot.mouseMove(matrix, cell(matrix, 0, 1))
    assert matrix.accessibleDescription() == "cat predicted as dog: 20.0 %, 2 of 10"
    assert matrix.words(2, 2) == "bird: recall 100.0 %, 10 of 10"


def test_a_click_on_a_wrong_cell_shows_its_pictures(evaluated):
    page = evaluated.page("confusion")
    pictures = page.pictures
    assert pictures.caption.text() == "3 mistakes"
    assert pictures.wall.indices == [3, 5, 9]  # the largest losses first
    evaluated.qtbot.mouseClick(page.matrix, LEFT, pos=cell(page.matrix, 0, 1))
    assert pictures.caption.text() == "2 images of cat predicted as dog"
    assert pictures.wall.indices == [3, 5]
    assert pictures.wall.words(0).startswith(
        "Image 3 of the test part: cat predicted as dog with probability 97.0 %; loss 4.20"
    )
    assert evaluated.panel.view.model.picture(3).width() == 8  # came with the evaluation
    evaluated.qtbot.keyClick(page.matrix, Qt.Key.Key_Escape)
    assert len(pictures.wall.indices) == 3


def test_pictures_that_did_not_come_with_the_evaluation_are_fetched(evaluated):
    page = evaluated.page("confusion")
    evaluated.qtbot.mouseClick(page.matrix, LEFT, pos=cell(page.matrix, 2, 2))
    assert page.pictures.caption.text() == "10 images of bird predicted rightly"
    model = evaluated.panel.view.model
    evaluated.wait(lambda: model.picture(20) is not None)
    assert model.picture(20).pixelColor(0, 0).red() == 20
    request = evaluated.asked[-1]
    assert request["do"] == "examples" and request["part"] == "test" and 20 in request["indices"]
    assert request["subject"]["run"] == str(evaluated.trainer.shown.run.path)


def test_the_most_frequent_mistakes_are_listed(evaluated):
    page = evaluated.page("confusion")
    assert [page.pairs.itemText(number) for number in range(page.pairs.count())] == [
        "cat → dog: 2 (20.0 %)",
        "dog → cat: 1 (10.0 %)",
    ]
    page.pairs.setFocus()
    evaluated.qtbot.keyClick(page.pairs, Qt.Key.Key_Down)
    evaluated.qtbot.keyClick(page.pairs, Qt.Key.Key_Down)
    assert page.pictures.wall.indices == [9]


def test_cells_have_the_room_of_the_bars_where_the_matrix_is_narrow(evaluated):
    matrix = evaluated.page("confusion").matrix
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
    page = evaluated.page("confusion")
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Return):
        evaluated.qtbot.keyClick(page.matrix, key)
    assert page.pictures.caption.text() == "1 image of dog predicted as cat"


def test_no_mistake_of_a_thousand_classes_goes_unseen(desk, tmp_path):
    """One pixel shows several cells, and the strongest of them."""
    desk.show_contents(made.thousand(tmp_path))
    matrix = desk.page("confusion").matrix
    picture = matrix._heat_map(50, 40)
    assert (picture.width(), picture.height()) == (40, 50)
    matrix.show_matrix(["a"] * 1000, np.eye(1000, dtype=np.int64) * 5)
    quiet = matrix._heat_map(50, 40).pixelColor(30, 0)
    lonely = np.eye(1000, dtype=np.int64) * 5
    lonely[7, 761] = 1  # in row 0 of 50 and column 30 of 40
    matrix.show_matrix(["a"] * 1000, lonely)
    assert matrix._heat_map(50, 40).pixelColor(30, 0) != quiet


# Classes


def rows(table):
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_the_table_of_classes_begins_with_the_worst_and_shows_the_wrong_pictures(evaluated):
    page = evaluated.page("classes")
    assert [row[0] for row in rows(page.scores)] == ["cat", "dog", "bird"]
    assert rows(page.scores)[0][:5] == ["cat", "10", "88.9 %", "80.0 %", "84.2 %"]
    evaluated.wait(lambda: rows(page.scores)[2][5:7] == ["100.0 %", "100.0 %"])
    at = page.scores.visualRect(page.scores.model().index(1, 0)).center()
    evaluated.qtbot.mouseClick(page.scores.viewport(), LEFT, pos=at)
    assert page.pictures.caption.text() == "dog: 1 missed, 2 wrongly predicted as it"
    assert page.pictures.wall.indices == [3, 5, 9]


def test_a_click_on_a_title_sorts_and_what_has_no_value_stays_last(desk, tmp_path):
    desk.show_contents(made.labels(tmp_path))
    table = desk.page("classes").scores
    for last in ("unicorn", "unicorn"):  # which no image has, so that its recall is unknown
        header = table.horizontalHeader()
        at = QPoint(header.sectionViewportPosition(3) + 5, header.height() // 2)
        desk.qtbot.mouseClick(header.viewport(), LEFT, pos=at)
        found = [row[3] for row in rows(table)]
        assert rows(table)[-1][0] == last and found[-1] == "–"
    assert float(found[0].split()[0]) >= float(found[1].split()[0])


def test_enter_on_a_class_shows_its_curves(evaluated):
    page = evaluated.page("classes")
    page.scores.selectRow(1)
    evaluated.qtbot.keyClick(page.scores, Qt.Key.Key_Return)
    curves = evaluated.panel.view.page
    assert curves.objectName() == "evaluation-curves"
    evaluated.wait(lambda: any(line.name.startswith("dog:") for line in curves.plot.lines))


# Other outputs


def test_several_labels_have_a_table_curves_and_calibration_but_no_matrix(desk, written):
    run = written()
    shutil.rmtree(run.evaluation)
    run.evaluation.mkdir()
    outputs = np.array([[2.0, -2.0], [2.0, 2.0], [-2.0, -2.0], [-2.0, 2.0]], np.float32)
    write_predictions(
        run,
        Preprocessing(
            input=(1, 8, 8), mean=(0.5,), deviation=(0.5,), classes=(), labels=("cat", "dog")
        ),
        outputs=outputs,
        targets=np.array([[1, 0], [1, 0], [0, 0], [1, 1]], np.float32),
        losses=np.array([0.1, 1.0, 0.1, 0.9], np.float32),
        predicted=outputs > 0,
    )
    recipe = msgspec.json.decode(run.recipe_file.read_bytes())
    recipe["loss"]["name"] = "binary_cross_entropy"
    run.recipe_file.write_bytes(msgspec.json.encode(recipe))
    desk.show(run)
    tabs = desk.panel.view.tabs
    assert [tabs.tabText(number) for number in range(tabs.count())] == [
        "Overview",
        "Labels",
        "Curves",
        "Calibration",
        "Mistakes",
    ]
    figures = {figure.name: figure.text for figure in desk.page("overview").figures}
    assert (figures["Accuracy"], figures["Exact match"]) == ("75.00 %", "50.00 %")
    by_name = {row[0]: row for row in rows(desk.page("classes").scores)}
    assert by_name["dog"][1:5] == ["1", "50.0 %", "100.0 %", "66.7 %"]
    assert by_name["dog"][-1] == "0.5"
    wall = desk.page("mistakes").pictures.wall
    assert wall.indices == [1, 3]
    assert desk.panel.view.model.contents.caption(1)[0] == "+dog"
    assert desk.panel.view.model.contents.caption(3)[0] == "−cat"


def test_predicted_numbers_have_errors_and_a_scatter_plot(desk, written):
    run = written("numbers")
    shutil.rmtree(run.evaluation)
    run.evaluation.mkdir()
    outputs = np.array([[1.0], [3.0], [2.0]], np.float32)
    targets = np.array([[1.0], [2.0], [4.0]], np.float32)
    preprocessing = Preprocessing(
        input=(1, 8, 8), mean=(0.5,), deviation=(0.5,), classes=(), numbers=("width",)
    )
    write_predictions(
        run,
        preprocessing,
        outputs=outputs,
        targets=targets,
        losses=((outputs - targets) ** 2)[:, 0],
    )
    desk.show(run)
    figures = {figure.name: figure.value for figure in desk.page("overview").figures}
    assert figures["mean absolute error"] == 1.0  # of 0, 1 and 2
    assert figures["mean squared error"] == pytest.approx(5 / 3)
    assert figures["R²"] == pytest.approx(1 - 5 / (14 / 3))  # the mean of the targets is 7/3
    page = desk.page("predictions")
    desk.qtbot.mouseClick(page.plot.view.viewport(), LEFT, pos=page.plot.pixel(0, 2).toPoint())
    assert page.pictures.caption.text() == "Example 2"
    assert page.pictures.wall.indices == [2]
    desk.qtbot.mouseClick(page.kinds.buttons["residuals"], LEFT)
    assert page.table().rows[2] == (2, 4.0, 2.0, 2.0)
    desk.show(written("classes"))
    desk.wait(lambda: desk.panel.view.tabs.count() == 6)


# What cannot be shown


def test_runs_without_an_evaluation_say_why_and_offer_one(desk, written):
    message = desk.panel.message
    assert "once the run has ended" in message.text()
    desk.show_run(written("stopped", status="stopped"))
    desk.wait(lambda: "written when a training ends" in message.text())
    assert desk.panel.evaluate.isHidden()  # there are no weights yet
    with_weights = written("weights", status="stopped")
    with_weights.last.parent.mkdir(exist_ok=True)
    with_weights.last.write_bytes(b"")
    desk.show_run(with_weights)
    desk.wait(desk.panel.evaluate.isVisible)


@pytest.mark.parametrize("damage", ["cut off", "shapes", "classes", "record"])
def test_damaged_evaluations_are_refused(desk, written, damage):
    run = written()
    path = run.evaluation / "predictions.npz"
    with np.load(path) as tables:
        content = dict(tables)
    if damage == "cut off":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "record":
        (run.evaluation / "evaluation.json").write_bytes(b"{")
    else:
        if damage == "shapes":
            content["outputs"] = content["outputs"][:, :2]
        else:
            content["targets"][0] = 3
        np.savez(path, **content)
    desk.show_run(run)
    desk.wait(lambda: "train again to renew it" in desk.panel.message.text())
    assert desk.panel.view is None


# Other data


def test_other_data_are_evaluated_by_the_worker_and_shown_with_their_name(evaluated):
    desk, view = evaluated, evaluated.panel.view
    desk.qtbot.mouseClick(view.other, LEFT)
    dialog = desk.panel.findChild(OtherDataDialog, "evaluate")
    desk.qtbot.keyClicks(dialog.data.lineEdit(), "/data/more cats")
    dialog.weights.setFocus()
    desk.qtbot.keyClick(dialog.weights, Qt.Key.Key_Down)
    dialog.views.setFocus()
    desk.qtbot.keyClick(dialog.views, Qt.Key.Key_Down)
    desk.qtbot.mouseClick(dialog.start, LEFT)
    request = desk.asked[-1]
    assert (request["do"], request["data"], request["part"]) == ("evaluate", "/data/more cats", "")
    assert request["settings"] == {"evaluation.test_time": "flip"}
    assert request["subject"]["weights"] == "last"
    assert desk.panel.work.isVisible()
    record = EvaluationRecord(
        data="more cats",
        source="/data/more cats",
        part="all",
        weights="last",
        test_time="flip",
        notes=("Two classes are missing.",),
    )
    arrays = {
        "outputs": np.eye(3, dtype=np.float32)[[0, 0, 1]] * 4,
        "targets": np.array([0, 1, 1]),
        "losses": np.array([0.1, 4.0, 0.1], np.float32),
        "predicted": np.array([0, 0, 1]),
    }
    reply = type("Reply", (), {"fields": {"record": msgspec.to_builtins(record)}, "arrays": arrays})
    desk.answers[-1](reply)
    desk.wait(lambda: "more cats" in view.title.text())
    assert view.title.text() == "a-run on more cats: 3 images, last weights, flip average"
    assert view.page.figures[0].text == "66.67 %"
    desk.page("mistakes")
    desk.wait(lambda: view.model.picture(1) is not None)
    assert desk.asked[-1]["data"] == "/data/more cats" and desk.asked[-1]["part"] == ""
    desk.qtbot.mouseClick(view.own, LEFT)
    desk.wait(lambda: view.title.text() == "a-run on its test part: 30 images")
    assert view.own.isHidden()


def test_a_refusal_is_shown_above_the_pages(evaluated):
    desk, view = evaluated, evaluated.panel.view
    desk.qtbot.mouseClick(view.other, LEFT)
    dialog = desk.panel.findChild(OtherDataDialog, "evaluate")
    desk.qtbot.mouseClick(dialog.start, LEFT)
    desk.failures[-1]("There is no such data set: choose another.")
    assert view.notice.isVisible() and "choose another" in view.notice.text.text()
    assert desk.panel.work.isHidden()


# Keys, files


def test_pages_and_pictures_are_reached_by_keys(evaluated):
    view = evaluated.panel.view
    activate(view)
    view.tabs.setFocus()
    before = view.tabs.currentIndex()
    evaluated.qtbot.keyClick(view.tabs, Qt.Key.Key_Right)
    assert view.tabs.currentIndex() == before + 1
    page = evaluated.page("mistakes")
    wall = page.pictures.wall
    tried = []
    view.model.try_wanted.connect(tried.append)
    wall.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        evaluated.qtbot.keyClick(wall, key)
    assert [(picture.part, picture.index) for picture in tried] == [("test", 5)]


def test_a_double_click_opens_the_picture_in_try_it(evaluated):
    wall = evaluated.page("mistakes").pictures.wall
    with evaluated.qtbot.waitSignal(evaluated.panel.try_wanted):
        evaluated.qtbot.mouseDClick(wall, LEFT, pos=wall.rect_of(1).center())
    assert evaluated.trainer.inspection.picture.index == 5


def test_no_page_needs_a_wide_window(evaluated):
    for row in evaluated.panel.view._rows:
        evaluated.page(row.key)
    evaluated.page("classes").scores.selectRow(0)
    assert evaluated.panel.minimumSizeHint().width() <= 380
    assert evaluated.panel.minimumSizeHint().height() <= 260


def test_the_figures_of_each_page_are_a_table(evaluated):
    for row in evaluated.panel.view._rows:
        page = evaluated.page(row.key)
        if row.key == "curves":
            evaluated.wait(lambda page=page: page.table().rows)
        titles, *found = csv.reader(io.StringIO(as_csv(page.table())))
        assert found and all(len(each) == len(titles) for each in found), row.key
    matrix = list(csv.reader(io.StringIO(as_csv(evaluated.page("confusion").table()))))
    assert matrix[1:] == [["cat", "8", "2", "0"], ["dog", "1", "9", "0"], ["bird", "0", "0", "10"]]


def test_figures_are_saved_as_csv(evaluated, monkeypatch, tmp_path):
    from PySide6.QtWidgets import QFileDialog

    target = tmp_path / "figures"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    evaluated.page("overview")
    evaluated.qtbot.mouseClick(evaluated.panel.view.save, LEFT)
    text = target.with_suffix(".csv").read_text()
    assert text.startswith("figure,value\nAccuracy,0.9\n")


@pytest.mark.parametrize("name", ["report.html", "report.md", "report"])
def test_a_report_is_written_in_the_background(evaluated, monkeypatch, tmp_path, name):
    from PySide6.QtWidgets import QFileDialog

    view, target = evaluated.panel.view, tmp_path / name
    kind = "HTML (*.html)" if name == "report" else ""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), kind))
    evaluated.qtbot.mouseClick(view.report, LEFT)
    assert evaluated.panel.work.isVisible()
    evaluated.wait(view.notice.isVisible)
    written = target if target.suffix else target.with_suffix(".html")
    assert view.notice.text.text() == f"The report is in {written}."
    text = written.read_text()
    assert "a-run" in text and "cat" in text and "90.00" in text
    evaluated.qtbot.mouseClick(view.notice.buttons[-1], LEFT)
    assert view.notice.isHidden() and evaluated.panel.work.isHidden()


def test_a_report_that_cannot_be_written_is_refused(evaluated, monkeypatch, tmp_path):
    from PySide6.QtWidgets import QFileDialog

    target = tmp_path / "report.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    evaluated.qtbot.mouseClick(evaluated.panel.view.report, LEFT)
    evaluated.wait(evaluated.panel.view.notice.isVisible)
    assert "ends in .html or .md" in evaluated.panel.view.notice.text.text()
