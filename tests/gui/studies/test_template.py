"""The batch-size template from the welcome page to its end, and what it shows, by its runs."""

import statistics

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPushButton

from designer.recipe.reading import changed
from designer.runs.folder import RunFolder
from designer.studies import launching
from designer.studies.folder import StudyFolder

LEFT = Qt.MouseButton.LeftButton
SMALL = {"data.limit": 600, "epochs": 1, "threads": 1, "device": "cpu", "statistics": 0}


@pytest.mark.slow
def test_its_table_and_plot_are_those_of_its_runs(window, qtbot, root, monkeypatch):
    start = launching.start

    def start_small(folder: StudyFolder) -> object:
        folder.base_recipe.write_bytes(changed(folder.recipe(), SMALL).to_json())
        return start(folder)

    monkeypatch.setattr(launching, "start", start_small)
    qtbot.waitUntil(lambda: bool(window.welcome.studies.buttons))
    qtbot.mouseClick(window.welcome.studies.buttons["batch_size"], LEFT)
    dialog = window.findChild(QDialog, "template-dialog")
    qtbot.mouseClick(dialog.findChild(QPushButton, "template-start"), LEFT)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    panel = window.editor.studies
    qtbot.waitUntil(lambda: bool(panel.entries), timeout=20_000)
    qtbot.waitUntil(lambda: panel.entries[0].state == "finished, 12 trained", timeout=180_000)
    qtbot.waitUntil(lambda: [row.finished for row in panel.view.model.table.rows] == [True] * 4)
    table = panel.view.model.table
    for row, batch in zip(table.rows, (8, 32, 128, 512), strict=True):
        assert row.values == {"batch": batch}
        results = [RunFolder(path).result() for path in row.runs]
        assert [RunFolder(path).recipe().seed for path in row.runs] == [0, 1, 2]
        accuracies = [result.best.accuracy for result in results]
        found = row.summary("validation_accuracy")
        assert found.mean == pytest.approx(statistics.mean(accuracies))
        assert found.deviation == pytest.approx(statistics.stdev(accuracies))
        assert row.mean("steps") == statistics.mean(result.steps for result in results)
    panel.view.show_page("effect")
    means = panel.view.page.plot.lines[1]
    assert [10**x for x in means.x] == pytest.approx([8, 32, 128, 512])
    expected = [100 * row.mean("validation_accuracy") for row in table.rows]
    assert means.y.tolist() == pytest.approx(expected)
