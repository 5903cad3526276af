"""The list of studies: what it says, and its actions."""

import json
import os
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QPushButton, QToolButton

from designer.gui.studies import starting
from designer.gui.studies.listing import Listing
from designer.studies import journal, launching
from tests.gui.studies import samples


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
    samples.many(root)
    listing, begin = Listing(), time.process_time()
    entry = listing.read(root)[0]
    assert entry.state == "finished, 500 trained"
    assert time.process_time() - begin < 1


def test_a_new_study_and_news_of_a_chosen_one_are_shown(shown, hands, root, qtbot):
    panel = shown(samples.forty(root))
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


def test_stop_asks_the_process_and_start_begins_one(shown, hands, root, qtbot, monkeypatch):
    folder = samples.forty(root)
    panel = shown(folder)
    start, stop = (hands.find(QToolButton, f"studies-{key}-button") for key in ("start", "stop"))
    assert start.isEnabled() and start.text() == "Go on"
    assert not stop.isEnabled() and "not running" in stop.toolTip()
    begun = []
    monkeypatch.setattr(launching, "start", begun.append)
    hands.click(start)
    assert begun == [folder]
    asked = []
    with journal.Presence(folder.path, lambda: asked.append(True)):
        panel._look()
        qtbot.waitUntil(stop.isEnabled)
        assert not start.isEnabled() and "running already" in start.toolTip()
        hands.click(stop)
        qtbot.waitUntil(lambda: bool(asked))


def test_why_a_process_ended_is_said(shown, root):
    folder = samples.forty(root)
    folder.process_log.write_text("Every training of the study fails: no space left.\n")
    panel = shown(folder)
    assert panel.message.text() == "Every training of the study fails: no space left."
    assert panel.message.isVisible()


def test_delete_asks_first_and_is_refused_while_it_runs(shown, hands, root, qtbot, monkeypatch):
    folder = samples.three(root)
    panel = shown(folder)
    delete = hands.find(QToolButton, "studies-delete-button")
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: box.button(QMessageBox.StandardButton.Cancel).click()
    )
    hands.click(delete)
    assert folder.path.exists()

    def agree(box: QMessageBox) -> None:
        next(each for each in box.buttons() if each.text() == "Delete").click()

    monkeypatch.setattr(QMessageBox, "exec", agree)
    with journal.Presence(folder.path):
        panel._look()
        qtbot.waitUntil(lambda: not delete.isEnabled())
    panel._look()
    qtbot.waitUntil(delete.isEnabled)
    hands.click(delete)
    qtbot.waitUntil(lambda: not folder.path.exists())
    qtbot.waitUntil(lambda: panel.list.topLevelItemCount() == 0)
    assert panel.invitation.isVisible()


def test_a_damaged_study_is_named(hands, window, root, qtbot):
    (root / "broken").mkdir(parents=True)
    (root / "broken" / "study.json").write_text(json.dumps({"title": 3}))
    panel = window.editor.studies
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
    assert "digits" in dialog.findChildren(type(dialog.error))[1].text()
    start = dialog.findChild(QPushButton, "template-start")
    qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(begun))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert window.workspace.design.name == "LeNet-5"
    panel = window.editor.studies
    qtbot.waitUntil(lambda: panel.isVisible() and panel.chosen_path == begun[0])
    assert panel.chosen.title == "Batch size"


def test_a_study_that_cannot_be_written_is_refused_in_a_sentence(hands, window, root, qtbot):
    panel = window.editor.studies
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("a file in the place of the folder")
    panel.ask_for_template("width")
    dialog = window.findChild(starting.TemplateDialog)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.error.text()))
    assert os.fspath(root) in dialog.error.text()
    assert dialog.start.isEnabled()
    dialog.reject()
