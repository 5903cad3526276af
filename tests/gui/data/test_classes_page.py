"""The page of classes: counts, search, order, what is rare, labels and numbers."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from designer.gui.data.histogram import Histogram, ticks
from tests.gui.data.conftest import LEFT, write_arrays, write_folders


def column(page, number):
    model = page.table.classes
    return [model.index(row, number).data() for row in range(model.rowCount())]


def click_title(page, number):
    head = page.table.horizontalHeader()
    x = head.sectionViewportPosition(number) + 12
    QTest.mouseClick(head.viewport(), LEFT, pos=head.viewport().rect().center().__class__(x, 8))


def test_balanced_classes_have_a_bar_for_each_part_and_no_remark(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "pets", {"cat": 20, "dog": 20, "eel": 20}))
    page = viewer.turn("classes")
    assert column(page, 0) == ["cat", "dog", "eel"]
    assert [column(page, part) for part in (1, 2, 3)] == [["16"] * 3, ["2"] * 3, ["2"] * 3]
    assert column(page, 4) == ["33.3 %"] * 3 and column(page, 5) == [""] * 3
    assert viewer.child(QLabel, "class-balance").text() == "Every class has 16 training pictures."
    assert not page.mark.isVisible()
    assert not [row for row in viewer.window.header.findings.rows if row.finding.code != "sample"]


def test_rare_classes_are_marked_in_words_and_balanced_by_a_button(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "pets", {"cat": 60, "dog": 40, "wombat": 4}))
    page = viewer.turn("classes")
    assert column(page, 5)[:2] == ["", ""]
    assert column(page, 5)[2].startswith(("rare: 1 to ", "none for "))
    assert "Unbalanced" in viewer.child(QLabel, "class-balance").text() and page.mark.isVisible()
    (row,) = (row for row in viewer.window.header.findings.rows if row.finding.code == "imbalance")
    buttons = {button.text(): button for button in row.findChildren(QPushButton)}
    QTest.mouseClick(buttons["Draw all classes equally often"], LEFT)
    assert viewer.workspace.recipe.data.sampling == "balanced"
    viewer.settled()
    codes = [each.finding.code for each in viewer.window.header.findings.rows]
    assert "imbalance" not in codes  # it is a note now
    QTest.mouseClick(viewer.window.header.notes, LEFT)
    (row,) = (row for row in viewer.window.header.findings.rows if row.finding.code == "imbalance")
    assert row.finding.sentence.endswith("The recipe balances them.")


def test_titles_sort_and_the_search_filters(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "pets", {"cat": 9, "dog": 21, "horse": 15}))
    page = viewer.turn("classes")
    click_title(page, 1)
    assert column(page, 0) == ["cat", "horse", "dog"]
    click_title(page, 1)
    assert column(page, 0) == ["dog", "horse", "cat"]
    QTest.keyClicks(viewer.child(QLineEdit, "class-search"), "O")
    assert column(page, 0) == ["dog", "horse"]
    assert viewer.child(QLabel, "class-found").text() == "2 of 3"


def test_a_class_is_opened_with_enter(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "pets", {"cat": 9, "dog": 21}))
    page = viewer.turn("classes")
    page.table.selectRow(1)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    pictures = viewer.window.pages["pictures"]
    assert pictures.isVisible() and pictures.label.currentText() == "dog"
    assert viewer.child(QLabel, "picture-found").text() == "21 pictures"


def test_labels_are_counted_one_by_one(viewer, tmp_path):
    labels = np.zeros((100, 3), np.float32)
    labels[:, 0] = 1
    labels[:50, 1] = 1
    labels[:4, 2] = 1
    viewer.open(
        write_arrays(tmp_path / "scenes.npz", labels),
        loss__name="binary_cross_entropy",
        data__targets="labels",
        data__validation=0.0,
        data__test=0.0,
    )
    assert viewer.window.tabs.tabText(0) == "Labels"
    page = viewer.turn("classes")
    assert column(page, 1) == ["100", "50", "4"]
    assert column(page, 2) == ["100 %", "50 %", "4 %"]
    assert column(page, 3)[2] == "rare: 1 to 25"


@pytest.mark.parametrize("look", ["light", "dark"], indirect=True)
def test_numbers_have_histograms(viewer, tmp_path):
    values = np.stack([np.arange(90) / 7, np.arange(90) % 5], 1).astype(np.float32)
    viewer.open(write_arrays(tmp_path / "houses.npz", values), loss__name="mean_squared_error")
    assert viewer.window.tabs.tabText(0) == "Numbers"
    page = viewer.turn("classes")
    first, second = page.histograms.views
    assert first.counts.sum() == second.counts.sum() == 90
    assert second.counts.tolist() == [18] * 5
    assert second.text_of(2) == "2: 18 pictures"
    facts = viewer.child(QLabel, "target-facts-1").text()
    assert facts.startswith("Smallest 0, mean 2, largest 4")
    QTest.mouseMove(second, second.rect().center())
    assert not second.grab().toImage().isNull()


def test_ten_thousand_classes(viewer, tmp_path):
    labels = np.arange(20_000) % 10_000
    np.savez(tmp_path / "many.npz", images=np.zeros((20_000, 2, 2, 1), np.uint8), labels=labels)
    viewer.open(tmp_path / "many.npz", data__validation=0.0, data__test=0.0)
    page = viewer.turn("classes")
    assert page.table.classes.rowCount() == 10_000
    page.table.scrollToBottom()
    click_title(page, 0)
    page.search.setText("999")
    assert column(page, 0)[0] == "1999"
    QApplication.processEvents()


def test_bars_of_whole_numbers_and_of_one_value(shown):
    view = shown(Histogram("Values"))
    view.show_values(np.array([3.0, 3.0]))
    assert view.counts.tolist() == [2]
    view.show_values(np.full(5, 0.5))
    assert view.counts.sum() == 5
    view.show_values(np.arange(1000.0))
    assert len(set(view.counts[:-1].tolist())) == 1  # whole widths
    assert view.counts.sum() == 1000


def test_ticks_are_round():
    assert ticks(0, 100, 5).tolist() == [0, 20, 40, 60, 80, 100]
    assert ticks(3, 3, 5).tolist() == [3]
