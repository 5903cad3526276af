"""The first steps: what the tour says, and at what it points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from designer.design.values import LayerNode
from designer.layers.catalogue import layer_types
from designer.layers.category import Category

if TYPE_CHECKING:
    from designer.gui.shell.main_window import MainWindow


@dataclass(frozen=True)
class Step:
    """A stop of the tour.

    Attributes
    ----------
    target
        Returns the widget that is pointed at.
    prepare
        Brings it to where it can be seen.
    done
        Whether the user has done what the step asks for; it then goes on by itself.
    """

    title: str
    words: str
    target: Callable[["MainWindow"], QWidget | None]
    prepare: Callable[["MainWindow"], object] = lambda _: None
    done: Callable[["MainWindow"], bool] | None = None


def _dock(name: str) -> Callable[["MainWindow"], QWidget | None]:
    return lambda window: window.docks[name].widget()


def _show(name: str) -> Callable[["MainWindow"], object]:
    return lambda window: window.show_dock(name)


def _button(key: str) -> Callable[["MainWindow"], QWidget | None]:
    def find(window: "MainWindow") -> QWidget | None:
        bar = window.findChild(QToolBar, "toolbar")
        return bar.widgetForAction(window.actions_[key]) if bar is not None else None

    return find


def _select_a_layer(window: "MainWindow") -> None:
    """Select the first convolution, so that there is something to inspect."""
    window.show_dock("inspector")
    if window.workspace.selection:
        return
    types = layer_types()
    for name, node in window.workspace.design.graph.nodes.items():
        layer = types.get(node.layer) if isinstance(node, LayerNode) else None
        if layer is not None and layer.category is Category.CONVOLUTION:
            window.workspace.select([name], reveal=True)
            return


STEPS = (
    Step(
        "A network is a drawing",
        "Data flows from top to bottom, and each box is a layer. Ctrl with the wheel zooms: from "
        "close by, a box tells its settings and the shape of what it gives. The wheel alone pans, "
        "F shows everything.",
        lambda window: window.canvas,
    ),
    Step(
        "Add layers",
        "Drag a layer onto the canvas, or onto a wire to insert it there. Double-click or Enter "
        "adds it after the selection. Type above to search.",
        _dock("palette"),
        _show("palette"),
    ),
    Step(
        "Set them up",
        "What is selected shows its settings here, and below them why its output has this shape "
        "and what it costs, with the numbers. Try another number of channels: everything follows "
        "at once, and Ctrl+Z takes it back.",
        _dock("inspector"),
        _select_a_layer,
    ),
    Step(
        "See what it costs",
        "One row for each layer: shape, memory, parameters, multiplications, receptive field. "
        "A row that is clicked is selected on the canvas, too.",
        _dock("analysis"),
        _show("analysis"),
    ),
    Step(
        "Mend what does not fit",
        "Where shapes do not fit, the layer is marked and the reason stands here, usually with a "
        "fix to press. Nothing can be broken for good: every step can be undone.",
        _dock("problems"),
        _show("problems"),
    ),
    Step(
        "Train it",
        "Press Train. The training runs in a process of its own; the curves grow in the panel "
        "below, and it can be paused, steered and stopped at any time.",
        _button("train.start"),
        _show("training"),
        lambda window: window.training.running,
    ),
    Step(
        "Take it away",
        "Export writes the network as Python code and as model files, with fresh weights or those "
        "of a training. Each file is checked before it counts as written.",
        _button("file.export"),
    ),
    Step(
        "Find anything",
        "Ctrl+K finds every command, layer, node, preset and file by typing a few letters. These "
        "steps come back with F1. Enjoy!",
        lambda window: window.findChild(QToolButton, "search"),
    ),
)
