"""The stops of the tour: what each says, and the widget it points at."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from designer.design.values import LayerNode
from designer.gui.commands.window import Window
from designer.gui.documents import graph_paths
from designer.layers.catalogue import layer_types
from designer.layers.category import Category


@dataclass(frozen=True)
class Step:
    """A stop of the tour.

    Attributes
    ----------
    title
        The heading of the card.
    words
        What the card says, or returns it where that depends on the state of the window.
    target
        Returns the widget to point at.
    prepare
        Makes the target visible.
    done
        Whether the user has done what the step asks for; the tour then goes to the next step.
    """

    title: str
    words: str | Callable[[Window], str]
    target: Callable[[Window], QWidget | None]
    prepare: Callable[[Window], object] = lambda _: None
    done: Callable[[Window], bool] | None = None

    def text(self, window: Window) -> str:
        """Return what the card says now."""
        return self.words if isinstance(self.words, str) else self.words(window)


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
    """Select the first convolution, unless one is selected, so that there is much to inspect."""
    window.show_dock("inspector")
    nodes = window.workspace.design.graph.nodes
    if _convolution_is_selected(window):
        return
    found = [name for name, node in nodes.items() if _is_convolution(node)]
    if found:
        window.workspace.select(found[:1], reveal=True)


def _convolution_is_selected(window: Window) -> bool:
    selection = window.workspace.selection
    node = graph_paths.node_at(window.workspace.design, next(iter(selection), ""))
    return len(selection) == 1 and _is_convolution(node)


def _is_convolution(node: object) -> bool:
    layer = layer_types().get(node.layer) if isinstance(node, LayerNode) else None
    return layer is not None and layer.category is Category.CONVOLUTION


def _about_settings(window: Window) -> str:
    if not window.workspace.selection:
        return (
            "Select a layer: its settings are shown here, and below them why its output has this "
            "shape and what it costs, with the numbers."
        )
    example = "number of channels" if _convolution_is_selected(window) else "value"
    return (
        "The settings of the selected layer are here. Below them you see why its output has this "
        f"shape and what it costs, with the numbers. Try another {example}: everything updates at "
        "once, and Ctrl+Z undoes it."
    )


def _about_training(window: Window) -> str:
    refusal = window.training.refusal()
    if refusal:
        return (
            "The Training panel sets up a training. When data set and recipe fit the network, the "
            f"Train button starts it; it cannot yet. {refusal}"
        )
    return (
        "Press Train. The training runs in a process of its own, and its curves grow in the "
        "Training panel. You can pause, adjust and stop it at any time."
    )


def _train_button(window: Window) -> QWidget | None:
    """Return the button if it can be pressed, else the panel that says what is missing."""
    return (_dock("training") if window.training.refusal() else _button("train.start"))(window)


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
        _about_settings,
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
        _about_training,
        _train_button,
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
