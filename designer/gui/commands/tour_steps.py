"""The stops of the tour: what each says, and the widget it points at."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from designer.design.values import LayerNode
from designer.gui.commands.window import Window
from designer.layers.catalogue import layer_types
from designer.layers.category import Category


@dataclass(frozen=True)
class Step:
    """A stop of the tour.

    Attributes
    ----------
    title, words
        What the card says.
    target
        Returns the widget to point at.
    prepare
        Makes the target visible.
    done
        Whether the user has done what the step asks for; the tour then goes to the next step.
    """

    title: str
    words: str
    target: Callable[[Window], QWidget | None]
    prepare: Callable[[Window], object] = lambda _: None
    done: Callable[[Window], bool] | None = None


def _dock(name: str) -> Callable[[Window], QWidget | None]:
    return lambda window: window.build_docks()[name].widget()


def _show(name: str) -> Callable[[Window], object]:
    return lambda window: window.show_dock(name)


def _button(key: str) -> Callable[[Window], QWidget | None]:
    def find(window: Window) -> QWidget | None:
        bar, action = (
            window.frame.findChild(QToolBar, "toolbar"),
            window.frame.findChild(QAction, key),
        )
        return bar.widgetForAction(action) if bar is not None and action is not None else None

    return find


def _select_a_layer(window: Window) -> None:
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
        "Data flows along the wires, and each box is a layer. Ctrl with the wheel zooms: close "
        "up, a box shows its settings and the shape of its output. The wheel alone pans, and F "
        "shows everything.",
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
        "The settings of the selected layer are here. Below them you see why its output has this "
        "shape and what it costs, with the numbers. Try another number of channels: everything "
        "updates at once, and Ctrl+Z undoes it.",
        _dock("inspector"),
        _select_a_layer,
    ),
    Step(
        "See what it costs",
        "There is one row for each layer: shape, memory, parameters, multiplications, receptive "
        "field. Click a row to select the layer on the canvas, too.",
        _dock("analysis"),
        _show("analysis"),
    ),
    Step(
        "Fix what does not fit",
        "Where shapes do not fit, the layer is marked and the reason is listed here, usually with "
        "a button that fixes it. You cannot break anything: every step can be undone.",
        _dock("problems"),
        _show("problems"),
    ),
    Step(
        "Train it",
        "Press Train. The training runs in a process of its own, and its curves grow in the panel "
        "below. You can pause, adjust and stop it at any time.",
        _button("train.start"),
        _show("training"),
        lambda window: window.training.running,
    ),
    Step(
        "Take it away",
        "Export writes the network as Python code and as model files, with fresh or trained "
        "weights. Each file is loaded again and checked.",
        _button("file.export"),
    ),
    Step(
        "Find anything",
        "Press Ctrl+K and type a few letters to find any command, layer, node, preset or file. F1 "
        "starts this tour again. Enjoy!",
        lambda window: window.frame.findChild(QToolButton, "search"),
    ),
)
