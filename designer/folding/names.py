"""Names of nodes and blocks in a folded design, from the modules that they come from."""

import re
from collections.abc import Collection, Iterable

from designer.design.naming import block_name_refusal, first_free, node_name_refusal
from designer.design.values import LayerNode, Node

_SHORT = {
    "batchnorm": "bn",
    "globalresponsenorm": "grn",
    "layernorm": "norm",
    "channelslayernorm": "norm",
    "groupnorm": "norm",
    "adaptiveavgpool": "avgpool",
    "globalavgpool": "avgpool",
    "multiheadattention": "attention",
}
"""Short names of layer types whose own name is long, in lower case and without ``2d``."""


def identifier(path: str) -> str:
    """Return a module's path as a name of a node: ``layer1_0_conv1`` for ``layer1.0.conv1``."""
    return re.sub(r"\W", "_", path)


def short_name(kind: str) -> str:
    """Return a short name for a layer type or a block: ``conv``, ``bn``, ``relu``."""
    name = re.sub(r"\d+d$", "", kind).lower().lstrip("_")
    return _SHORT.get(name, name) or "node"


def inner_name(name: str, node: Node, module: str, around: str) -> str:
    """Return the name of a node in a block.

    Parameters
    ----------
    name, node
        The node as the graph has it.
    module
        The path of the innermost module that it came from.
    around
        The path of the module that becomes the block.
    """
    is_module = re.fullmatch(rf"{re.escape(identifier(module))}(_?\d+)?", name) is not None
    if module and is_module and module != around:
        inside = module[len(around) + 1 :] if around and module.startswith(f"{around}.") else module
        # Numbers alone, as in an nn.Sequential, say less than what the layer is.
        if re.search(r"[^\W\d]", inside):
            return identifier(inside).lstrip("_")
    if not module and name.startswith(f"{identifier(around)}_"):
        inside = name[len(identifier(around)) + 1 :]
        if inside[:1].isalpha():
            return inside
    if not module and isinstance(node, LayerNode) and name[:1].isalpha():
        return re.sub(r"_?\d+$", "", name) or short_name(node.layer)
    return short_name(node.layer if isinstance(node, LayerNode) else node.block)


def free_node_name(taken: Collection[str], name: str) -> str:
    """Return a name for a node that is not taken and allowed."""
    return first_free(taken, name, node_name_refusal)


def block_name(taken: Collection[str], kind: str) -> str:
    """Return a name for the block that a class becomes: ``DenseLayer`` for ``..._DenseLayer``."""
    name = identifier(kind.rpartition(".")[2]).lstrip("_0123456789") or "Block"
    return first_free(taken, name, block_name_refusal)


def common_prefix(nodes: Iterable[str]) -> str:
    """Return what the names of nodes begin with, up to a ``_``."""
    parts = [name.split("_") for name in nodes]
    common = []
    for each in zip(*parts, strict=False):
        if len(set(each)) > 1:
            break
        common.append(each[0])
    if any(len(each) == len(common) for each in parts):
        common = common[:-1]
    return "_".join(common)
