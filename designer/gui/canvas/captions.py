"""The words on a node: name, one line of what it is, the shape of its output."""

from typing import NamedTuple

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.design.values import BlockNode, Node
from designer.gui.canvas.frames import Frame
from designer.layers.tensors import show

UNKNOWN = "—"


class Caption(NamedTuple):
    """What is written on a node; `repeat` is "×3" or empty."""

    name: str
    summary: str
    shape: str
    repeat: str = ""


class Captions:
    """The words of nodes, made when they are first painted and kept while they are right."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Node | None, NodeResult | None, Caption]] = {}

    def of(self, frame: Frame, name: str, path: str) -> Caption:
        """Return the words of a node, or of an end of a block."""
        node = frame.graph.nodes.get(name)
        result = frame.result.nodes.get(name) if frame.result is not None else None
        kept = self._kept.get(path)
        if node is not None and kept is not None and kept[0] is node and kept[1] is result:
            return kept[2]
        if len(self._kept) > 20_000:
            self._kept.clear()
        caption = _end(frame, name) if node is None else _caption(name, node, result)
        self._kept[path] = node, result, caption
        return caption


def _caption(name: str, node: Node, result: NodeResult | None) -> Caption:
    shape = UNKNOWN
    if result is not None and result.outputs and result.outputs[0] is not None:
        shape = show(result.outputs[0].shape)
    if isinstance(node, BlockNode):
        return Caption(name, _block_summary(node, result), shape, _repeat(node, result))
    if result is not None and result.layer is not None:
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
    """Return the inside of a block, of a repeated one that of its first pass."""
    inside = result.inside if result is not None else None
    if inside is not None and "0" in inside.nodes:
        inside = inside.nodes["0"].inside
    return inside


def told_arguments(node: BlockNode, result: NodeResult | None) -> list[tuple[str, str]]:
    """Return the arguments that tell one use of a block from another, with their values.

    Those that only hand on an argument of the same name, as ``option = option``, tell nothing.
    """
    inside = _scope(result)
    told = []
    for name, given in node.arguments.items():
        if isinstance(given, str) and given.lstrip("=").strip() == name:
            continue
        value = inside.scope.get(name, given) if inside is not None else given
        words = str(value).lower() if isinstance(value, bool) else str(value).lstrip("=")
        told.append((name, words))
    return told


def _block_summary(node: BlockNode, result: NodeResult | None) -> str:
    told = told_arguments(node, result)
    if len(told) > 2:  # too many for one line: the values alone, in the block's order
        words = " ".join(value for _, value in told)
    else:  # the first is the one that everybody knows: the number of channels
        words = ", ".join([value for _, value in told[:1]] + [" ".join(each) for each in told[1:]])
    return f"{node.block} {words}".rstrip()


def title(path_name: str, node: BlockNode, result: NodeResult | None) -> tuple[str, str]:
    """Return the title of an expanded block: its name, and what it is a use of."""
    told = ", ".join(f"{name} = {value}" for name, value in told_arguments(node, result))
    repeat = _repeat(node, result)
    return path_name, " ".join(each for each in (node.block, repeat, told) if each)


def _end(frame: Frame, name: str) -> Caption:
    shape = ""
    result = frame.result
    if result is not None:
        if name in frame.inputs:
            place = frame.inputs.index(name)
            if place < len(result.inputs):
                shape = show(result.inputs[place].shape)
        elif name in frame.outputs:
            place = frame.outputs.index(name)
            outputs = result.effect.outputs
            if place < len(outputs) and outputs[place] is not None:
                shape = show(outputs[place].tensor.shape)
    return Caption(name, "", shape)


def carried_shape(frame: Frame, source: str, port: int) -> str:
    """Return the shape of what an edge carries, "" if it is not known."""
    if source in frame.inputs:
        return _end(frame, source).shape
    result = frame.result.nodes.get(source) if frame.result is not None else None
    if result is None or port >= len(result.outputs):
        return ""
    flow = result.outputs[port]
    return show(flow.shape) if flow is not None else ""
