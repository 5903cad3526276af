"""Shared weights: nodes of a graph that use the module of another one, their owner.

A node names its owner in `shares`. The owner and all that share with it are a group. An edit of one
member's parameters holds for the whole group, since there is one module.
"""

from collections.abc import Container, Mapping
from dataclasses import replace

from designer.design.values import Graph, LayerNode, Node
from designer.errors import DesignerError


def owner_of(nodes: Mapping[str, Node], name: str) -> str:
    """Return the node whose module a node uses: itself unless it shares."""
    return nodes[name].shares or name


def group_of(nodes: Mapping[str, Node], name: str) -> tuple[str, ...]:
    """Return the nodes that use the same module as a node, itself among them, in their order."""
    owner = owner_of(nodes, name)
    return tuple(key for key, node in nodes.items() if owner in (key, node.shares))


def without(nodes: Mapping[str, Node], gone: Container[str]) -> dict[str, Node]:
    """Return the nodes that remain; the first that shares with a removed one becomes the owner."""
    left = {name: node for name, node in nodes.items() if name not in gone}
    heirs: dict[str, str] = {}
    for name, node in left.items():
        if node.shares and node.shares not in left:
            heir = heirs.setdefault(node.shares, name)
            left[name] = replace(node, shares="" if heir == name else heir)
    return left


def renamed(node: Node, new: Mapping[str, str]) -> Node:
    """Return a node with the new name of its owner."""
    if node.shares in new and new[node.shares] != node.shares:
        return replace(node, shares=new[node.shares])
    return node


def with_group(nodes: Mapping[str, Node], name: str, changed: Node) -> dict[str, Node]:
    """Return a changed node, and the nodes of its group with the same parameters.

    Each keeps what is its own: when it exists, and where it is drawn. A node that shares or stops
    sharing by the change changes alone, and so do nodes of another layer type (a Linear that uses
    the weight of an Embedding).
    """
    before = nodes[name]
    found = {name: changed}
    if before.shares != changed.shares:
        return found
    for other in group_of(nodes, name):
        node = nodes[other]
        if other != name and _type(node) == _type(before):
            kept = replace(changed, when=node.when, at=node.at, shares=node.shares)
            if kept != node:
                found[other] = kept
    return found


def _type(node: Node) -> str:
    return node.layer if isinstance(node, LayerNode) else f"block {node.block}"


def share(graph: Graph, name: str, owner: str) -> Graph:
    """Let a node use the module of another one; what shared with it follows.

    Raises
    ------
    DesignerError
        One of the nodes does not exist, or both are the same.
    """
    for each in (name, owner):
        if each not in graph.nodes:
            raise DesignerError(f"There is no node '{each}' here; it may have been removed.")
    owner = owner_of(graph.nodes, owner)
    if owner == name:
        raise DesignerError(f"{name} cannot share its own weights; choose another node.")
    changed = {
        key: replace(node, shares=owner)
        for key, node in graph.nodes.items()
        if name in (key, node.shares)
    }
    return replace(graph, nodes={**graph.nodes, **changed})


def stop_sharing(graph: Graph, name: str) -> Graph:
    """Give a node a module of its own; if it is the owner, the next of its group becomes that."""
    node = graph.nodes[name]
    alone = replace(node, shares="") if node.shares else node
    rest = without(graph.nodes, () if node.shares else (name,))
    nodes = {key: alone if key == name else rest[key] for key in graph.nodes}
    return graph if nodes == graph.nodes else replace(graph, nodes=nodes)


def check_alone(graph: Graph, names: Container[str], what: str) -> None:
    """Refuse to move some nodes of a group to another graph without the others.

    Parameters
    ----------
    what
        What is to be done, in words that follow "before it is".

    Raises
    ------
    DesignerError
        A node shares weights with one that stays.
    """
    for name, node in graph.nodes.items():
        if node.shares and (name in names) != (node.shares in names):
            inside, outside = (name, node.shares) if name in names else (node.shares, name)
            raise DesignerError(
                f"{inside} shares weights with {outside}, and only nodes of the same graph can do "
                f"that; stop the sharing before it is {what}."
            )
