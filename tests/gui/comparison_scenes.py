"""Scenes for `screenshots`: two designs side by side, with many differences, few, and none."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget

from designer.design import edits
from designer.design.values import LayerNode
from tests.gui.hands import wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]


def comparison_scenes(window: Any, seen: Callable[[QWidget], QPixmap]) -> Iterator[Scene]:
    """Compare designs, and show a difference of theirs."""
    from designer.gui.gallery.comparison import ComparisonDialog

    def whole() -> QPixmap:
        return seen(window)

    def compared(right: str) -> ComparisonDialog:
        window.compare()
        dialog = next(each for each in window.findChildren(ComparisonDialog) if each.isVisible())
        box = dialog.boxes[1]
        box.setCurrentIndex(box.findData(right))
        wait_until(lambda: dialog.compared is not None)
        wait(400)
        return dialog

    workspace = window.workspace
    workspace.open_preset("lenet5")
    workspace.edit("a wider layer", lambda d: edits.set_parameter(d, "conv2", "out_channels", 32))
    workspace.edit("another name", lambda d: edits.rename_node(d, "fc1", "hidden"))
    edge = next(each for each in workspace.design.graph.edges if each.source == "fc2")
    workspace.edit(
        "dropout", lambda d: edits.insert_on_edge(d, edge, "dropout", LayerNode("Dropout"))
    )
    workspace.edit("no activation", lambda d: edits.remove_nodes(d, ("tanh1",)))
    dialog = compared("lenet5")
    yield "edited", whole
    dialog.table.selectRow(2)
    yield "edited-chosen", whole
    dialog.close()
    workspace.open_preset("resnet18")
    dialog = compared("resnet50")
    yield "resnets", whole
    dialog.table.selectRow(7)
    yield "resnets-inside", whole
    dialog.close()
    dialog = compared("googlenet_torchvision")
    dialog.boxes[0].setCurrentIndex(dialog.boxes[0].findData("googlenet"))
    wait_until(lambda: dialog.compared is not None and dialog.compared.matching.written_out)
    yield "written-out", whole
    dialog.close()
    dialog = compared("resnet18")
    yield "equal", whole
    dialog.close()
