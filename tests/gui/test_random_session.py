"""A long session of random edits, undos and redos: nothing breaks, and all of it can be undone."""

import random

import pytest
from PySide6.QtWidgets import QApplication

from designer.design import files
from designer.gui.canvas.frames import build
from designer.gui.canvas.positions import PositionCache
from designer.gui.shell.main_window import MainWindow
from tests.design.random_edits import random_edit
from tests.gui.canvas.comparing import equal, fresh

EDITS = 800
LARGEST = 120  # nodes of a graph, beyond which edits only remove


def _equals_a_fresh_build(window: MainWindow) -> bool:
    """Compare what the canvas draws from with what it would be, made anew."""
    workspace, canvas = window.workspace, window.canvas
    design, analysis = workspace.design, workspace.analysis
    root = build(design, analysis, workspace.scope, canvas.view.expanded, PositionCache())
    return equal(canvas.layer.arrays, fresh(root, analysis.problems, design.blocks))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["resnet18"])
def test_random_edits_undos_and_redos(window: MainWindow, preset: str) -> None:
    for dock in ("analysis", "palette", "inspector", "training"):
        window.build_docks()[dock].hide()  # their own tests look at them
    workspace = window.workspace
    document = workspace.open_preset(preset)
    first = document.design
    draw = random.Random(20261122)
    done = refused = 0
    workspace.refused.connect(lambda _: None)
    for _ in range(EDITS):
        kind = draw.random()
        if kind < 0.15:
            workspace.undo()
        elif kind < 0.25:
            workspace.redo()
        elif (
            sum(len(each.graph.nodes) for each in document.design.blocks.values())
            + len(document.design.graph.nodes)
            > LARGEST
        ):
            for _ in range(20):
                workspace.undo()
        else:
            label, edit = random_edit(document.design, draw)
            if workspace.edit(label, edit):
                done += 1
            else:
                refused += 1
        QApplication.processEvents()
        assert workspace.analysis.design is document.design
        read = files.loads(files.dumps(document.design))  # a valid document: it can be saved
        assert read.graph.nodes == document.design.graph.nodes
        assert set(read.graph.edges) == set(document.design.graph.edges)
        assert _equals_a_fresh_build(window)
    assert done > EDITS / 4
    while document.past:
        workspace.undo()
    assert document.design is first
    QApplication.processEvents()
    assert _equals_a_fresh_build(window)
