"""The pages of a study: what they draw, and what a click does."""

import csv

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton

from designer.gui.gallery.comparison import ComparisonDialog
from designer.gui.studies import curves_page
from designer.gui.studies.pages import PAGES
from designer.studies.folder import StudyFolder
from tests.gui.studies import samples

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def turn(view, key):
    """Click the tab of a page, and return the page."""
    number = [row.key for row in PAGES].index(key)
    QTest.mouseClick(view.tabs, LEFT, NONE, view.tabs.tabRect(number).center())
    assert view.tabs.currentIndex() == number
    return view.page


def cells(page):
    """Return the texts of the table, row by row."""
    model = page.rows
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_every_page_shows_every_study(view, root, qtbot):
    single = StudyFolder.create(
        root / "seeds",
        samples.study(title="Seeds", protocol=samples.Protocol(name="repeats", repeats=3)),
        {"": samples.LENET},
        samples.RECIPE,
    )
    begun = StudyFolder.create(
        root / "begun",
        samples.study("batch=8,16", title="Begun"),
        {"": samples.LENET},
        samples.RECIPE,
    )
    variants = samples.ready_made(root, "width")
    for folder in (samples.three(root), samples.forty(root), variants, single, begun):
        shown_view = view(folder)
        for row in PAGES:
            page = turn(shown_view, row.key)
            qtbot.waitUntil(page.isVisible)
            qtbot.wait(20)
            assert not page.grab().isNull()
        assert shown_view.notice.text.text() == ""
        turn(shown_view, "answer")


def test_the_table_sorts_copies_and_shows_a_run(shown, hands, root, qtbot, window):
    folder = samples.three(root)
    shown_view = shown(folder).view
    page = turn(shown_view, "table")
    assert [row[1] for row in cells(page)] == ["8", "32", "512"]
    titles = [page.rows.headerData(i, Qt.Orientation.Horizontal) for i in range(3)]
    assert titles == ["#", "Batch", "Validation accuracy"]
    assert all("±" in row[2] for row in cells(page))
    view = page.list
    header = view.header()
    place = QPointF(header.sectionViewportPosition(2) + 20, header.height() / 2).toPoint()
    QTest.mouseClick(header.viewport(), LEFT, NONE, place)
    first = [row[1] for row in cells(page)]
    QTest.mouseClick(header.viewport(), LEFT, NONE, place)
    assert first != ["8", "32", "512"] and [row[1] for row in cells(page)] == first[::-1]
    best = max(page.rows.rows, key=lambda row: row.mean("validation_accuracy"))
    assert {cells(page)[0][0], cells(page)[-1][0]} & {str(best.number)}
    row = view.visualRect(page.rows.index(0, 1)).center()
    QTest.mouseClick(view.viewport(), LEFT, NONE, row)
    QTest.keySequence(view, "Ctrl+C")
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied == ["\t".join(titles_of(page)), "\t".join(cells(page)[0])]
    QTest.mouseDClick(view.viewport(), LEFT, NONE, row)
    wanted = page.rows.rows[0].runs[0]
    qtbot.waitUntil(lambda: window.trainer.shown is not None)
    assert window.trainer.shown.run.path == wanted
    assert window.docks["training"].widget().isVisible()


def titles_of(page):
    """Return the titles of the columns."""
    return [column.title for column in page.rows.columns]


def test_refused_candidates_say_why(view, root):
    shown_view = view(samples.forty(root))
    page = turn(shown_view, "table")
    refused = [row for row in cells(page) if row[-1].startswith("refused")]
    assert len(refused) == 9
    assert "beyond the budget of 100,000" in refused[0][-1]


def test_csv_has_a_line_for_each_candidate(view, root, tmp_path, monkeypatch):
    shown_view = view(samples.forty(root))
    file = tmp_path / "table.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    QTest.mouseClick(shown_view.csv, LEFT)
    with file.open(newline="") as opened:
        assert len(list(csv.reader(opened))) == 39
    assert str(file) in shown_view.notice.text.text()


def test_a_report_is_written(view, root, tmp_path, monkeypatch, qtbot):
    shown_view = view(samples.three(root))
    file = tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    QTest.mouseClick(shown_view.report, LEFT)
    qtbot.waitUntil(lambda: str(file) in shown_view.notice.text.text())
    assert "What does the batch size do" in file.read_text()


def test_the_effect_of_a_field_has_its_values_along_the_axis(view, root):
    shown_view = view(samples.three(root))
    page = turn(shown_view, "effect")
    means = page.plot.lines[1]
    assert [10**x for x in means.x] == pytest.approx([8, 32, 512])
    table = page.table
    expected = [100 * row.mean("validation_accuracy") for row in table.rows]
    assert means.y.tolist() == pytest.approx(expected)
    assert (means.low < means.y).all() and (means.high > means.y).all()
    at = page.plot.pixel(1, 1)
    QTest.mouseMove(page.plot.view.viewport(), at.toPoint())
    QApplication.processEvents()
    page.plot._point_at((1, 1))
    assert page.plot.readout.text().startswith("Batch 32: ")


def test_names_stand_along_the_axis_of_words(view, root):
    shown_view = view(samples.forty(root))
    page = turn(shown_view, "effect")
    assert page.field.currentText() == "Optimizer"
    assert page.plot.lines[1].x.tolist() == [0.0, 1.0]
    page.field.choose("optimizer.learning_rate")
    page.field.activated.emit(page.field.currentIndex())
    assert page.plot.lines[1].x.tolist()[0] == pytest.approx(-4)


def test_curves_are_colored_by_a_field_and_lead_to_their_runs(view, root, qtbot):
    folder = samples.three(root)
    shown_view = view(folder)
    page = turn(shown_view, "curves")
    qtbot.waitUntil(lambda: len(page.plot.lines) == 3)
    assert page.legend.text().index(" 8<") < page.legend.text().index(" 32<")
    assert not page.plot.legend.isVisible()
    assert len({line.color for line in page.plot.lines}) == 3
    assert "512" in page.legend.text()
    line = page.plot.lines[1]
    assert len(line.x) == 3 * 7 and line.x[:6].tolist() == [1, 2, 3, 4, 5, 6]
    with qtbot.waitSignal(shown_view.model.run_wanted) as wanted:
        QTest.mouseClick(page.plot.view.viewport(), LEFT, NONE, page.plot.pixel(1, 5).toPoint())
    assert wanted.args[0].parent == folder.runs and wanted.args[0].name.startswith("0002-")


def test_ranges_of_parallel_axes_leave_the_lines_that_pass(view, root):
    shown_view = view(samples.forty(root))
    plot = turn(shown_view, "parallel").plot
    assert [axis.title for axis in plot.axes][-1] == "Validation accuracy"
    assert plot.kept().all()
    best = max(range(len(plot.rows)), key=lambda i: plot.rows[i].mean("validation_accuracy"))
    last = len(plot.axes) - 1
    top = plot.point(best, last)
    QTest.mousePress(plot, LEFT, NONE, (top - QPointF(0, 6)).toPoint())
    QTest.mouseMove(plot, (top + QPointF(0, 6)).toPoint())
    QTest.mouseRelease(plot, LEFT, NONE, (top + QPointF(0, 6)).toPoint())
    kept = plot.kept()
    assert kept[best] and not kept.all()
    QTest.mouseClick(plot, LEFT, NONE, top.toPoint())  # drops the range
    assert plot.kept().all()


def test_a_line_under_the_pointer_is_read_out(view, root):
    shown_view = view(samples.three(root))
    page = turn(shown_view, "parallel")
    plot = page.plot
    middle = (plot.point(1, 0) + plot.point(1, 1)) / 2
    QTest.mouseMove(plot, middle.toPoint())
    QApplication.processEvents()
    assert page.readout.text().startswith("Candidate 2: batch 32, validation accuracy ")


def test_the_front_is_drawn_and_a_click_shows_a_design(shown, hands, root, qtbot, window):
    shown_view = shown(samples.forty(root)).view
    page = turn(shown_view, "pareto")
    assert (page.up.chosen, page.along.chosen) == ("validation_accuracy", "macs")
    rows = [row for row in page.table.rows if row.finished]
    best = [
        row.number
        for row in rows
        if not any(
            other.costs["macs"] <= row.costs["macs"]
            and other.mean("validation_accuracy") >= row.mean("validation_accuracy")
            and other is not row
            for other in rows
        )
    ]
    assert sorted(row.number for row in page._groups[1]) == sorted(best)
    QTest.mouseClick(page.plot.view.viewport(), LEFT, NONE, page.plot.pixel(1, 0).toPoint())
    row = page.card.row
    assert row is page._groups[1][0] and page.card.isVisible()
    assert "MACs" in page.card.text.text()
    qtbot.waitUntil(lambda: page.card.picture.sketch is not None)
    before = window.workspace.document
    hands.click(hands.find(QPushButton, "candidate-open"))
    qtbot.waitUntil(lambda: window.workspace.document is not before)
    width = window.workspace.design.graph.nodes["conv2"].parameters["out_channels"]
    assert width == row.values[samples.WIDE]
    window.workspace.show(before)
    hands.click(hands.find(QPushButton, "candidate-compare"))
    qtbot.waitUntil(lambda: window.findChild(ComparisonDialog) is not None)
    dialog = window.findChild(ComparisonDialog)
    assert dialog.keys[0] == "document 0" and dialog.keys[1].startswith("document ")
    dialog.reject()


def test_importance_has_a_bar_for_each_field(view, root, qtbot):
    shown_view = view(samples.forty(root))
    page = turn(shown_view, "importance")
    qtbot.waitUntil(lambda: len(page.bars.rows) == 3)
    shares = dict(page.bars.rows)
    assert set(shares) == {"Optimizer", "Learning rate", "Conv2 out_channels"}
    assert shares["Learning rate"] == max(shares.values())
    assert page.text.text()


def test_the_answer_is_sentences(view, root, qtbot):
    shown_view = view(samples.three(root))
    page = turn(shown_view, "answer")
    qtbot.waitUntil(lambda: "32" in page.text.text())
    assert page.question.text() == "What does the batch size do to accuracy and time?"
    assert shown_view.title.text().startswith("Batch size: 9 of 9 trainings have ended")


def test_trainings_of_a_row_are_evaluated_as_an_ensemble(chosen, root, qtbot):
    panel = chosen(samples.three(root))
    page = turn(panel.view, "table")
    page.list.setCurrentIndex(page.rows.index(1, 0))
    page.list.customContextMenuRequested.emit(page.list.rect().center())
    menu = page.findChild(QMenu, "study-row-menu")
    action = next(each for each in menu.actions() if each.text() == "Evaluate as ensemble")
    assert action.isEnabled()
    with qtbot.waitSignal(panel.trainer.ensemble_wanted) as asked:
        action.trigger()
    menu.close()
    (found,) = asked.args
    assert [member.run for member in found.members] == [str(run) for run in page.current.runs]


def test_epochs_are_whole_numbers(view, root, qtbot):
    page = turn(view(samples.three(root)), "curves")
    qtbot.waitUntil(lambda: bool(page.plot.lines))
    assert curves_page._epochs(1.0, 3.0) == [(1.0, "1"), (2.0, "2"), (3.0, "3")]
    assert [text for _, text in curves_page._epochs(0.5, 1.0)] == ["1"]
    assert all("." not in text for _, text in page.plot._bottom.marks)
    assert len(page.plot._bottom.marks) >= 3
