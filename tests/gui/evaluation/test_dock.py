"""The row of the dock: what it connects the panel with."""

from PySide6.QtWidgets import QDockWidget

from designer import preferences
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.docks import DOCKS, Context
from designer.gui.worker.trainer import Trainer
from designer.runs.ensembles import Ensemble
from designer.runs.inspection import Picture, Subject


def test_an_ensemble_that_is_wanted_brings_the_dock_to_the_front(
    qtbot, look: str, remembered: preferences.Preferences
) -> None:
    trainer, dock, shown = Trainer(remembered), QDockWidget(), []
    qtbot.addWidget(dock)
    row = next(each for each in DOCKS if each.key == "evaluation")
    panel = row.build(
        Context(Workspace(), trainer, dock, lambda _: None, shown.append, lambda *_: None)
    )
    dock.setWidget(panel)
    run = str(trainer.runs_folder / "first")
    trainer.ensemble_wanted.emit(Ensemble(members=(Subject(run=run), Subject(run=run))))
    assert shown == ["evaluation"]
    trainer.close()


def test_a_picture_that_is_opened_brings_try_it_to_the_front(
    qtbot, look: str, remembered: preferences.Preferences
) -> None:
    trainer, dock, shown = Trainer(remembered), QDockWidget(), []
    qtbot.addWidget(dock)
    row = next(each for each in DOCKS if each.key == "evaluation")
    panel = row.build(
        Context(Workspace(), trainer, dock, lambda _: None, shown.append, lambda *_: None)
    )
    dock.setWidget(panel)
    panel._built().model.try_wanted.emit(Picture(part="test", index=7))
    assert shown == ["try"]
    assert trainer.inspection.picture == Picture(part="test", index=7)
    trainer.close()
