"""The caption of a node: its name, a line that describes it, the shape of its output."""

from typing import NamedTuple

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.design.values import BlockNode, Node
from designer.gui.canvas.frames import Frame
from designer.layers.tensors import show

UNKNOWN = "—"
_PENDING = {"not-trusted": "not trusted yet", "not-measured": "measuring…"}


class Caption(NamedTuple):
    """What is written on a node; `repeat` is ``×3`` or empty."""

    name: str
    summary: str
    shape: str
    repeat: str = ""


_MOST = 20_000  # captions; more nodes than are ever drawn with captions, so hardly ever reached


class Captions:
    """The captions of nodes, made when first painted and cached until node or result change."""

    def __init__(self) -> None:
        self._cached: dict[str, tuple[Node | None, NodeResult | None, Caption]] = {}

    def of(self, frame: Frame, name: str, path: str) -> Caption:
        """Return the caption of a node, or of an input or output of a block."""
        node = frame.graph.nodes.get(name)
        result = frame.result.nodes.get(name) if frame.result is not None else None
        cached = self._cached.get(path)
        if node is not None and cached is not None and cached[0] is node and cached[1] is result:
            return cached[2]
        if len(self._cached) > _MOST:
            self._cached.clear()
        caption = _end_caption(frame, name) if node is None else _caption(name, node, result)
        self._cached[path] = node, result, caption
        return caption


def _caption(name: str, node: Node, result: NodeResult | None) -> Caption:
    found = _own_caption(name, node, result)
    return found._replace(summary=f"shares {node.shares}") if node.shares else found


def _own_caption(name: str, node: Node, result: NodeResult | None) -> Caption:
    shape = UNKNOWN
    if result is not None and result.outputs and result.outputs[0] is not None:
        shape = show(result.outputs[0].shape)
    if isinstance(node, BlockNode):
        return Caption(name, _block_summary(node, result), shape, _repeat(node, result))
    if result is not None and result.layer is not None:
        if result.pending is not None:
            shape = _PENDING.get(result.problems[0].code, UNKNOWN)
        return Caption(name, result.layer.summary(), shape)
    return Caption(name, node.layer, shape)


def _repeat(node: BlockNode, result: NodeResult | None) -> str:
    if node.repeat == 1:
        return ""
    inside = result.inside if result is not None else None
    if inside is not None and "0" in inside.nodes:
        return f"×{len(inside.nodes)}"
    return f"×{node.repeat}".replace("=", "")


def _scope(result: NodeResult | None) -> GraphResult | None:
    """Return the results inside a block, in the first pass of a repeated one."""
    inside = result.inside if result is not None else None
    if inside is not None and "0" in inside.nodes:
        inside = inside.nodes["0"].inside
    return inside


def shown_arguments(node: BlockNode, result: NodeResult | None) -> list[tuple[str, str]]:
    """Return the arguments that distinguish one use of a block from another, with their values.

    Those that only pass on an argument of the same name, as in ``option = option``, are left out.
    """
    inside = _scope(result)
    shown = []
    for name, given in node.arguments.items():
        if isinstance(given, str) and given.lstrip("=").strip() == name:
            continue
        value = inside.scope.get(name, given) if inside is not None else given
        if isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, float):
            text = f"{value:.4g}"  # the inspector has all digits
        else:
            text = str(value).lstrip("=")
        shown.append((name, text))
    return shown


def _block_summary(node: BlockNode, result: NodeResult | None) -> str:
    shown = shown_arguments(node, result)
    if len(shown) > 2:  # too many for one line: only the values, in the block's order
        text = " ".join(value for _, value in shown)
    else:  # the block's first, mostly the number of channels, is understood without its name
        inside = _scope(result)
        unnamed = next(iter(inside.scope if inside is not None else node.arguments), "")
        text = ", ".join([value if name == unnamed else f"{name} {value}" for name, value in shown])
    return f"{node.block} {text}".rstrip()


def container_title(frame: Frame, name: str) -> tuple[str, str]:
    """Return the title of an expanded block: its name, and block, repetitions and arguments."""
    node = frame.graph.nodes[name]
    if not isinstance(node, BlockNode):
        raise TypeError(f"{name} is a layer, which cannot be expanded.")
    result = frame.result.nodes.get(name) if frame.result is not None else None
    arguments = ", ".join(f"{key} = {value}" for key, value in shown_arguments(node, result))
    return name, " ".join(each for each in (node.block, _repeat(node, result), arguments) if each)


def _end_caption(frame: Frame, name: str) -> Caption:
    shape = ""
    result = frame.result
    if result is not None:
        if name in frame.inputs:
            port = frame.inputs.index(name)
            if port < len(result.inputs):
                shape = show(result.inputs[port].shape)
        elif name in frame.outputs:
            port = frame.outputs.index(name)
            outputs = result.effect.outputs
            leaving = outputs[port] if port < len(outputs) else None
            if leaving is not None:
                shape = show(leaving.tensor.shape)
    return Caption(name, "", shape)


def carried_shape(frame: Frame, source: str, port: int) -> str:
    """Return the shape of the tensor on an edge from `source`, "" if it is not known."""
    if source in frame.inputs:
        return _end_caption(frame, source).shape
    result = frame.result.nodes.get(source) if frame.result is not None else None
    if result is None or port >= len(result.outputs):
        return ""
    flow = result.outputs[port]
    return show(flow.shape) if flow is not None else ""
