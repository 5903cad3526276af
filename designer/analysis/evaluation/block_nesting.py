"""Which blocks each block is made of, and which blocks contain themselves."""

from collections.abc import Mapping
from typing import NamedTuple

from designer.design.values import Block, BlockNode, Design

MAX_DEPTH = 24


class NestedBlocks(NamedTuple):
    """The blocks that a block is made of.

    Attributes
    ----------
    blocks
        The block itself and every block within it; None where the block contains itself or is
        nested too deeply.
    too_deep
        Whether it is nested too deeply.
    """

    blocks: tuple[Block, ...] | None = None
    too_deep: bool = False


def _used_blocks(block: Block, design: Design) -> set[str]:
    nodes = block.graph.nodes.values()
    used = {node.block for node in nodes if isinstance(node, BlockNode)}
    return used & design.blocks.keys()


def nested_blocks(design: Design) -> dict[str, NestedBlocks]:
    """Return the blocks within each block of a design.

    Goes from the innermost blocks outwards (Kahn's algorithm), so that blocks on a cycle are never
    reached.
    """
    waiting = {name: _used_blocks(block, design) for name, block in design.blocks.items()}
    users: dict[str, list[str]] = {}
    for name, used in waiting.items():
        for each in used:
            users.setdefault(each, []).append(name)
    heights = dict.fromkeys(design.blocks, 1)
    nested = dict.fromkeys(design.blocks, NestedBlocks())
    ready = [name for name, used in waiting.items() if not used]
    while ready:
        name = ready.pop()
        if heights[name] > MAX_DEPTH:
            nested[name] = NestedBlocks(too_deep=True)
        else:
            block = design.blocks[name]
            found = {id(block): block}
            for used_name in sorted(_used_blocks(block, design)):
                found.update((id(each), each) for each in nested[used_name].blocks or ())
            nested[name] = NestedBlocks(tuple(found.values()))
        for user in users.get(name, ()):
            heights[user] = max(heights[user], heights[name] + 1)
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    return nested


def nesting_fault(
    name: str, design: Design, nested: Mapping[str, NestedBlocks]
) -> tuple[str, str] | None:
    """Return the code and sentence of the problem of a block that cannot be written out, or None.

    Parameters
    ----------
    name
        The block.
    design
        The design that it belongs to.
    nested
        What `nested_blocks` returned for the design.
    """
    if nested[name].blocks is not None:
        return None
    if nested[name].too_deep:
        return "too-deep", f"blocks are nested deeper than {MAX_DEPTH} levels; dissolve some"
    waiting = [name]
    seen: set[str] = set()
    while waiting:
        for each in _used_blocks(design.blocks[waiting.pop()], design) - seen:
            seen.add(each)
            waiting.append(each)
    if name in seen:
        return "recursive", f"the block {name} contains itself; remove one of these uses"
    return (
        "recursive",
        f"the block {name} contains blocks that contain each other; remove one of these uses",
    )
