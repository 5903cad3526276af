"""Problems are marked where somebody looks, in whichever use of a block that is."""

import numpy as np
from PySide6.QtWidgets import QApplication

from designer.design import edits
from designer.gui.canvas import marks
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


def test_a_warning_marks_neither_edge_nor_origin(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("lenet5")
    workspace.edit("remove flatten", lambda d: edits.remove_node(d, "flatten"))
    QApplication.processEvents()
    arrays = window.canvas.layer.arrays
    assert arrays.bits[arrays.row["fc1"]] & marks.WARNING
    assert not np.any(arrays.bits & (marks.ERROR | marks.ORIGIN))
