"""Problems are marked where somebody looks, in whichever use of a block that is."""

from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QApplication

from designer.design import edits
from designer.gui.canvas import marks
from designer.gui.canvas.flow import DOWN
from designer.gui.canvas.look import Style
from designer.gui.shell.main_window import MainWindow


def test_a_fault_in_a_block_is_marked_in_every_use(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("resnet50")
    workspace.edit(
        "set conv3 out_channels",
        lambda d: edits.set_parameter(
            d, "conv3", "out_channels", "=3 * channels", block="Bottleneck"
        ),
    )
    (problem,) = workspace.analysis.problems
    assert problem.path == "layer1.0.add"
    for scope in ("layer1.0", "layer2.0", "layer4.0"):
        workspace.look_into(scope)
        QApplication.processEvents()
        arrays = window.canvas.layer.arrays
        wrong = [path for path, row in arrays.row.items() if arrays.bits[row] & marks.ERROR]
        assert wrong == [f"{scope}.add"]
    workspace.undo()
    QApplication.processEvents()
    assert not np.any(window.canvas.layer.arrays.bits & marks.ERROR)


def test_an_operation_that_no_layer_expresses_is_hatched(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("lenet5")
    design = workspace.design
    parameters = {"operation": "aten.erfinv.default", "given": "6x28x28", "outputs": "6x28x28"}
    node = replace(design.graph.nodes["tanh1"], layer="Opaque", parameters=parameters)
    graph = replace(design.graph, nodes={**design.graph.nodes, "tanh1": node})
    workspace.edit("read", lambda d: replace(d, graph=graph))
    QApplication.processEvents()
    arrays = window.canvas.layer.arrays
    hatched = [path for path, row in arrays.row.items() if arrays.bits[row] & marks.OPAQUE]
    assert hatched == ["tanh1"] and arrays.bits[arrays.row["tanh1"]] & marks.WARNING
    usual, own = (
        window.canvas.layer.sprites.body(Style(0, bits=bits), DOWN, 1.0, 1.0).toImage()
        for bits in (0, marks.OPAQUE)
    )
    assert usual != own
    workspace.undo()
    QApplication.processEvents()
    assert not np.any(window.canvas.layer.arrays.bits & marks.OPAQUE)


def test_a_warning_marks_neither_edge_nor_origin(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("lenet5")
    workspace.edit("remove flatten", lambda d: edits.remove_node(d, "flatten"))
    QApplication.processEvents()
    arrays = window.canvas.layer.arrays
    assert arrays.bits[arrays.row["fc1"]] & marks.WARNING
    assert not np.any(arrays.bits & (marks.ERROR | marks.ORIGIN))
