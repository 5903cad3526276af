"""Random edits, tabs, themes and answers with feature maps shown: no stale maps on wrong nodes."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.results import NodeResult
from designer.design.grouping import group
from designer.design.values import BlockNode, Design
from designer.engine import checkpoint, export
from designer.engine.inspect import requests
from designer.gui.base.theme import theme
from designer.gui.documents.freezing import freeze, freeze_refusal
from designer.gui.documents.node_values import NodePictures
from designer.gui.shell.main_window import MainWindow
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture
from designer.runs.preprocessing import Preprocessing
from tests.design.random_edits import random_edit
from tests.engine.samples import TINY, tiny_recipe, write_data
from tests.gui.hands import wait_until
from tests.gui.inside.test_map_overlay import Answer, Worker

STEPS = 160
LARGEST = 30  # nodes of a design, beyond which edits are undone
SECONDS = 60


class SlowWorker(Worker):
    """Answers some requests late, in another order, or with a sentence in place of an answer."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self.draw = draw

    def inspect(
        self,
        request: Answer,
        done: Callable[[Answer], object],
        progress: Callable[[float], object] | None = None,
    ) -> Callable[[], None]:
        self.asked.append(request)

        def answer() -> None:
            if self.draw.random() < 0.1:
                done({"ok": False, "message": "The worker process was killed (signal 9)."})
            else:
                done(self._answer(request))

        QTimer.singleShot(self.draw.choice((0, 0, 5, 40)), answer)
        return self._cancel


@pytest.fixture
def diverged(tmp_path: Path) -> RunFolder:
    """A run of the small network whose weights are no numbers."""
    run = begin(tmp_path / "diverged", TINY, tiny_recipe(write_data(tmp_path / "squares.npz")))
    about = Preprocessing(input=(1, 8, 8), mean=(0.1,), deviation=(0.3,), classes=("a", "b", "c"))
    run.preprocessing_file.write_bytes(msgspec.json.encode(about))
    model = export.of_design(TINY)
    state = model.network.state_dict()
    for each in state.values():
        if each.is_floating_point():
            each.fill_(torch.nan)
    run.best.parent.mkdir(exist_ok=True)
    checkpoint.save(run.best, {"network": state}, source=model.generated.source)
    return run


class Session:
    """What a user may do with maps shown; each action is a method, drawn by its name."""

    def __init__(self, window: MainWindow, draw: random.Random, folder: Path) -> None:
        self.window, self.workspace, self.draw, self.folder = window, window.workspace, draw, folder
        self.computed: dict[int, Analysis] = {}
        blocked = group(TINY, ["norm", "act"], "Normed", "normed")
        self.designs = (TINY, blocked)

    def edit(self) -> None:
        design = self.workspace.design
        if len(design.graph.nodes) > LARGEST:
            for _ in range(10):
                self.workspace.undo()
        else:
            self.workspace.edit(*random_edit(design, self.draw))

    def undo(self) -> None:
        self.workspace.undo()

    def redo(self) -> None:
        self.workspace.redo()

    def mend(self) -> None:
        """Undo until the design computes something."""
        while not self.workspace.analysis.valid and self.workspace.document.past:
            self.workspace.undo()

    def freeze(self) -> None:
        layers = [name for name, each in self.workspace.analysis.top.layers() if each.layer]
        if layers:
            self.workspace.select([self.draw.choice(layers)])
            if not freeze_refusal(self.workspace):
                freeze(self.workspace, 0)

    def switch_tab(self) -> None:
        self.workspace.show(self.draw.choice(self.workspace.documents))

    def open(self) -> None:
        if len(self.workspace.documents) < 4:
            self.workspace.add(self.draw.choice(self.designs))

    def close(self) -> None:
        if len(self.workspace.documents) > 1:
            document = self.draw.choice(self.workspace.documents)
            document.saved, document.saved_recipe = document.design, document.recipe
            self.window.documents.close(document)

    def look_into(self) -> None:
        self.workspace.look_into(
            self.draw.choice(["", *(name for name, each in self.workspace.design.graph.nodes.items()
                                    if isinstance(each, BlockNode))])
        )  # fmt: skip

    def switch_maps(self) -> None:
        self.window.editor.maps.toggle()

    def other_picture(self) -> None:
        path = self.folder / f"{self.draw.randrange(3)}.png"
        self.window.trainer.inspection.show([Picture(file=str(path))])

    def example(self) -> None:
        self.window.trainer.inspection.show([])

    def other_run(self) -> None:
        shown = self.window.trainer.shown
        self.window.trainer.show(None if shown is not None else self.folder / "diverged")

    def new_checkpoint(self) -> None:
        self.window.trainer.inspection.renew(str(self.folder / "diverged"))

    def again(self) -> None:
        self.window.editor.maps.compute_again()

    def fresh(self) -> None:
        self.window.editor.maps.use_fresh_weights()

    def wait(self) -> None:
        wait_until(lambda: self.window.editor.maps.settled, SECONDS)

    def rest(self) -> None:
        """Wait until what is looked into follows the design."""
        wait_until(lambda: not self.window.editor.try_it.network._soon.isActive(), SECONDS)
        self.wait()

    def analysis(self, design: Design) -> Analysis:
        return self.computed.setdefault(id(design), analyze(design))

    def check(self) -> None:
        """Compare what is drawn with what was computed, and with the design as it is now."""
        document, layer = self.workspace.document, self.window.canvas.layer
        shown = {path: row for path, row in layer.arrays.row.items() if layer.picture[row] >= 0}
        if document.pictures is None:
            assert not shown
            return
        assert self.window.editor.maps.shown
        assert layer.atlas.pictures is document.pictures
        assert shown.keys() <= document.pictures.pictures.keys()
        measured, now = self.analysis(document.pictures.design), self.workspace.analysis
        for path in shown:
            one, other = (computed_by(each, path) for each in (measured, now))
            assert one is not None, path
            assert other is None or one == other, path

    def check_values(self) -> bool:
        """Compare maps of the present design with those that are computed again."""
        maps, document = self.window.editor.maps, self.workspace.document
        source = maps.source
        if source is None or maps.error:  # such as that of a process that was killed
            return False
        assert not maps.stale
        request = {"do": "maps", "subject": msgspec.to_builtins(source.subject), "device": "cpu"}
        request |= {"pictures": [msgspec.to_builtins(source.picture)], "size": 32, "most": 6}
        found = requests.answer(request, requests.Job())
        every = found.arrays["tiles"]
        drawn = pictures_of(document.pictures)
        assert drawn.keys() == {row["path"] for row in found.fields["nodes"]}
        for row in found.fields["nodes"]:
            size = int(np.prod(row["shape"]))
            tiles = every[row["start"] : row["start"] + size].reshape(row["shape"])
            assert np.array_equal(drawn[row["path"]], tiles), row["path"]
        return True


def pictures_of(found: NodePictures | None) -> dict[str, Any]:
    assert found is not None
    return dict(found.pictures)


def computed_by(analysis: Analysis, path: str) -> object:
    """Return the layer of a node with its values, of a block all layers; None if one is not known.

    This is what the analysis found, not what the design says: expressions are evaluated.
    """
    result = analysis.node(path)
    return layers_of(result) if result is not None else None


def layers_of(result: NodeResult) -> object:
    if result.inside is None:
        return result.layer
    inside = {name: layers_of(each) for name, each in result.inside.nodes.items()}
    return inside if all(each is not None for each in inside.values()) else None


def test_maps_stay_with_what_computed_them(
    window: MainWindow, tmp_path: Path, diverged: RunFolder
) -> None:
    draw = random.Random(20261129)
    window.trainer.inspection._worker = SlowWorker(draw)
    window.workspace.add(TINY)
    window.build_editor()
    window.resize(1200, 900)
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (9, 7), np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    session = Session(window, draw, tmp_path)
    window.editor.maps.show(True)
    actions = [*["edit"] * 8, *["undo"] * 4, *["redo"] * 2, *["wait"] * 3, *["mend"] * 2]
    actions += ["freeze", "switch_tab", "switch_tab", "open", "close", "look_into", "switch_maps"]
    actions += [
        "other_picture",
        "example",
        "other_run",
        "new_checkpoint",
        "again",
        "again",
        "fresh",
    ]
    compared = 0
    for step in range(STEPS):
        getattr(session, draw.choice(actions))()
        if step in (STEPS // 3, 2 * STEPS // 3):
            theme.follow(QApplication.instance(), "light" if step < STEPS / 2 else "dark")
        QApplication.processEvents()
        session.check()
        if step % 20 == 19:
            session.mend()
            window.editor.maps.show(True)
            session.rest()
            window.editor.maps.compute_again()
            session.wait()
            session.check()
            compared += session.check_values()
    assert compared >= 2  # the others ended with a process that was killed
