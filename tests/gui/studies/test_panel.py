"""The list of studies: what it says, and its actions."""

import json
import os
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMessageBox, QPushButton

from designer.gui.studies import starting
from designer.gui.studies.listing import Listing
from designer.gui.studies.new_study import NewStudyDialog
from designer.recipe.reading import changed
from designer.studies import journal, launching
from tests.gui.hands import activate
from tests.gui.studies import samples

LEFT = Qt.MouseButton.LeftButton


def test_states_and_best_values_are_listed(root):
    samples.three(root)
    samples.forty(root)
    (root / "broken").mkdir()
    (root / "broken" / "study.json").write_text("{")
    (root / "no study").mkdir()
    found = {entry.path.name: entry for entry in Listing().read(root)}
    assert set(found) == {"batch-size", "grid", "broken"}
    assert found["batch-size"].state == "finished, 9 trained"
    assert found["batch-size"].best.endswith(" %")
    assert found["grid"].state.startswith("stopped, 29 of ")
    assert found["broken"].state == "unreadable"
    assert "study.json" in found["broken"].fault


def test_a_running_study_says_so_while_its_process_lives(root):
    folder = samples.three(root)
    listing = Listing()
    with journal.Presence(folder.path):
        assert listing.read(root)[0].state == "running, 9 of 9"
    assert listing.read(root)[0].stage == "finished"


def test_five_hundred_trainings_are_listed_within_a_second(root):
    samples.many(root, wide=False)
    listing, begin = Listing(), time.process_time()
    entry = listing.read(root)[0]
    assert entry.state == "finished, 500 trained"
    assert time.process_time() - begin < 1


def test_a_new_study_and_news_of_a_chosen_one_are_shown(chosen, root, qtbot):
    panel = chosen(samples.forty(root))
    assert panel.list.currentItem().text(0) == "Rate, width and optimizer of LeNet-5"
    before = len(panel.view.model.table.rows)
    folder = panel.view.model.folder
    with folder.journal().alone():
        pass
    journal_ = folder.journal()
    with journal_.alone() as state:
        values = dict(state.trials[0].values)
        journal_.append(
            journal.Proposed(trial=before, values=values, costs={}, refusal="It is the same.")
        )
    panel._look()
    qtbot.waitUntil(lambda: len(panel.view.model.table.rows) == before + 1)
    samples.three(root)
    panel._look()
    qtbot.waitUntil(lambda: panel.list.topLevelItemCount() == 2)
    assert panel.chosen_path == folder.path, "the chosen study stays chosen"


def test_stop_asks_the_process_and_start_begins_one(chosen, root, qtbot, monkeypatch):
    folder = samples.forty(root)
    panel = chosen(folder)
    start, stop = panel.buttons["start"], panel.buttons["stop"]
    assert start.isEnabled() and start.text() == "Go on"
    assert not stop.isEnabled() and "not running" in stop.toolTip()
    begun = []
    monkeypatch.setattr(launching, "start", begun.append)
    QTest.mouseClick(start, LEFT)
    assert begun == [folder]
    asked = []
    with journal.Presence(folder.path, lambda: asked.append(True)):
        panel._look()
        qtbot.waitUntil(stop.isEnabled)
        assert not start.isEnabled() and "running already" in start.toolTip()
        QTest.mouseClick(stop, LEFT)
        qtbot.waitUntil(lambda: bool(asked))


def test_why_a_process_ended_is_said(chosen, root):
    folder = samples.forty(root)
    folder.process_log.write_text("Every training of the study fails: no space left.\n")
    panel = chosen(folder)
    assert panel.message.text() == "Every training of the study fails: no space left."
    assert panel.message.isVisible()


def test_delete_asks_first_and_is_refused_while_it_runs(chosen, root, qtbot, monkeypatch):
    folder = samples.three(root)
    panel = chosen(folder)
    delete = panel.buttons["delete"]
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: box.button(QMessageBox.StandardButton.Cancel).click()
    )
    QTest.mouseClick(delete, LEFT)
    assert folder.path.exists()

    def agree(box: QMessageBox) -> None:
        next(each for each in box.buttons() if each.text() == "Delete").click()

    monkeypatch.setattr(QMessageBox, "exec", agree)
    with journal.Presence(folder.path):
        panel._look()
        qtbot.waitUntil(lambda: not delete.isEnabled())
    panel._look()
    qtbot.waitUntil(delete.isEnabled)
    QTest.mouseClick(delete, LEFT)
    qtbot.waitUntil(lambda: not folder.path.exists())
    qtbot.waitUntil(lambda: panel.list.topLevelItemCount() == 0)
    assert panel.invitation.isVisible()


def test_a_damaged_study_is_named(panel, root, qtbot):
    (root / "broken").mkdir(parents=True)
    (root / "broken" / "study.json").write_text(json.dumps({"title": 3}))
    panel._look()
    qtbot.waitUntil(lambda: "study.json" in panel.message.text())
    assert panel.list.topLevelItem(0).text(1) == "unreadable"


def test_three_clicks_from_the_welcome_page_to_a_running_study(window, qtbot, root, monkeypatch):
    begun: list[Path] = []
    monkeypatch.setattr(launching, "start", lambda folder: begun.append(folder.path))
    qtbot.waitUntil(lambda: bool(window.welcome.studies.buttons))
    button = window.welcome.studies.buttons["batch_size"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(QDialog, "template-dialog")
    words = dialog.findChildren(type(dialog.error))[1].text()
    assert "digits" in words and "4 candidates × 3 trainings = 12 trainings of 5 epochs." in words
    start = dialog.findChild(QPushButton, "template-start")
    qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(begun))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert window.workspace.design.name == "LeNet-5"
    panel = window.editor.studies
    qtbot.waitUntil(lambda: panel.isVisible() and panel.chosen_path == begun[0])
    assert panel.chosen.title == "Batch size"
    assert window.focusWidget() is panel.list


def test_a_study_that_cannot_be_written_is_refused_in_a_sentence(panel, root, qtbot):
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("a file in the place of the folder")
    panel.ask_for_template("width")
    dialog = panel.findChild(starting.TemplateDialog)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.error.text()))
    assert os.fspath(root) in dialog.error.text()
    assert dialog.start.isEnabled()
    dialog.reject()


def test_a_study_of_the_form_is_trained_to_its_end(panel, workspace, qtbot):
    quick = {"data.limit": 64, "epochs": 1, "threads": 1, "device": "cpu", "statistics": 0}
    workspace.set_recipe(changed(workspace.recipe, quick))
    QTest.mouseClick(panel.new, LEFT)
    dialog = panel.findChild(NewStudyDialog)
    dialog.tree.items["batch"].setCheckState(0, Qt.CheckState.Checked)
    row = dialog.rows["batch"]
    QTest.mouseClick(row.forms.buttons["values"], LEFT)
    row.values.selectAll()
    QTest.keyClicks(row.values, "16, 32")
    qtbot.waitUntil(dialog.start.isEnabled)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: bool(panel.entries), timeout=5_000)
    assert panel.entries[0].title == "Batch"
    qtbot.waitUntil(lambda: panel.entries[0].state.startswith("running"), timeout=20_000)
    qtbot.waitUntil(lambda: panel.entries[0].state == "finished, 2 trained", timeout=60_000)
    qtbot.waitUntil(lambda: all(row.finished for row in panel.view.model.table.rows))
    assert panel.entries[0].best.endswith(" %")


def test_tab_goes_from_the_list_through_the_pages(shown, window, root):
    panel = shown(samples.three(root))
    panel.view.show_page("effect")
    activate(window)
    panel.list.setFocus()
    names = []
    while "effect-goal" not in names and len(names) < 12:
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        names.append(window.focusWidget().objectName())
    assert "try-network" not in names  # of a dock beside it
    assert names.index("study-tabs") < names.index("study-csv") < names.index("effect-goal")
