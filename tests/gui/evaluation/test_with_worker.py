"""The Evaluation dock with the worker process: its pictures, and other data."""

import shutil

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from safetensors import safe_open

from designer.gui.evaluation.other_data import Wanted
from designer.gui.evaluation.panel import EvaluationPanel
from designer.runs.ensembles import Ensemble
from designer.runs.inspection import Subject
from tests.engine.samples import write_data
from tests.gui.inside.conftest import trained, trainer  # noqa: F401 - fixtures

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)

SECONDS = 60_000  # milliseconds until a test gives up waiting


@pytest.fixture
def panel(qtbot, look, trainer, trained):  # noqa: F811 - they are the fixtures above
    made = EvaluationPanel(trainer)
    made.resize(900, 420)
    qtbot.addWidget(made)
    made.show()
    trainer.show(trained.path)
    qtbot.waitUntil(lambda: made.view is not None and made.view.isVisible(), timeout=SECONDS)
    yield made
    trainer.show(None)


def test_pictures_are_those_of_the_test_part(qtbot, panel, trained):  # noqa: F811
    """The squares of the data are brighter at the height that tells their class."""
    model = panel.view.model
    page = panel.view.show_page("confusion")
    contents = model.contents
    true = int(contents.targets[0])
    cell = (true, int(contents.predicted[0]))
    at = page.matrix.rect_of(*cell).center().toPoint()
    qtbot.mouseClick(page.matrix, Qt.MouseButton.LeftButton, pos=at)
    wanted = page.pictures.wall.indices[0]
    qtbot.waitUntil(lambda: model.picture(wanted) is not None, timeout=SECONDS)
    assert not model.trouble
    picture = model.picture(wanted)
    rows = [sum(picture.pixelColor(x, y).red() for x in range(8)) for y in range(8)]
    assert sorted(np.argsort(rows)[-2:].tolist()) == [2 * true, 2 * true + 1]


def test_other_data_are_evaluated_and_their_pictures_shown(qtbot, panel, trained, tmp_path):  # noqa: F811
    other = write_data(tmp_path / "other squares.npz", images=30, seed=5)
    panel.evaluate_on(trained, Wanted(str(other), "", "last", "flip"))
    view = panel.view
    qtbot.waitUntil(lambda: "other squares" in view.title.text(), timeout=SECONDS)
    assert "30 images, last weights, flip average" in view.title.text()
    view.show_page("confusion")
    page = view.page
    true = int(view.model.contents.targets[1])
    page.matrix.pick(true, int(view.model.contents.predicted[1]))
    wanted = page.pictures.wall.indices[0]
    qtbot.waitUntil(lambda: view.model.picture(wanted) is not None, timeout=SECONDS)
    with np.load(other) as tables:
        expected = tables["x_train"][wanted]
    picture = view.model.picture(wanted)
    assert [picture.pixelColor(x, 0).red() for x in range(8)] == expected[0].tolist()
    panel.evaluate_on(trained, Wanted(str(tmp_path / "nowhere"), "", "best", "none"))
    qtbot.waitUntil(view.notice.isVisible, timeout=SECONDS)
    assert "nowhere" in view.notice.text.text()


def test_an_ensemble_is_evaluated(qtbot, panel, trained, tmp_path):  # noqa: F811
    """The members are two epochs of the run, and a copy of the run that comes first."""
    copy = tmp_path / "copy"
    shutil.copytree(trained.path, copy)
    members = (Subject(run=str(copy)), *(subject(trained, epoch) for epoch in (1, 2)))
    panel.trainer.ensemble_wanted.emit(Ensemble(members=members))
    assert panel.trainer.shown.run.path == copy
    assert panel.work.words.text() == "The ensemble of 3 is evaluated …"
    view = panel.view
    qtbot.waitUntil(lambda: "Ensemble" in view.title.text(), timeout=SECONDS)
    assert view.title.text() == "Ensemble of 3 on the test part of copy: 12 images"
    page = view.show_page("overview")
    rows = {each.name: each for each in page.figures}
    assert [name for name in rows if name.endswith("alone")] == [
        "copy alone",
        "small@1 alone",
        "small@2 alone",
    ]
    assert view.own.isVisible()
    qtbot.mouseClick(view.own, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.title.text().startswith("copy on its test part"), timeout=SECONDS)
    panel.trainer.ensemble_wanted.emit(Ensemble(members=(Subject(run=str(copy)),) * 2))
    qtbot.waitUntil(view.notice.isVisible, timeout=SECONDS)
    assert "copy is named twice" in view.notice.text.text()


def test_an_ensemble_is_exported(qtbot, trainer, trained, tmp_path):  # noqa: F811
    members = [msgspec.to_builtins(subject(trained, epoch)) for epoch in (1, 2)]
    answers = []
    path = tmp_path / "net.safetensors"
    trainer.ask({"do": "export", "members": members, "to": [str(path)]}, answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=SECONDS)
    assert answers[0]["files"][0]["difference"] == 0
    with safe_open(path, framework="np") as file:
        assert {name.split(".")[0] for name in file.keys()} == {"member1", "member2"}  # noqa: SIM118


def subject(run, epoch):
    return Subject(run=str(run.path), weights=f"epoch:{epoch}")
