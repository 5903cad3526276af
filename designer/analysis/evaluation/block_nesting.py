"""Which blocks a block is made of, itself among them, and which never end."""

from collections.abc import Mapping
from typing import NamedTuple

from designer.design.values import Block, BlockNode, Design

MAX_DEPTH = 24


class Parts(NamedTuple):
    """The blocks within a block, itself among them; None where they never end or are too deep."""

    blocks: tuple[Block, ...] | None = None
    deep: bool = False


def _used_blocks(block: Block, design: Design) -> set[str]:
    nodes = block.graph.nodes.values()
    used = {node.block for node in nodes if isinstance(node, BlockNode)}
    return used & design.blocks.keys()


def all_parts(design: Design) -> dict[str, Parts]:
    """Return the blocks within each block, from the innermost ones outwards."""
    waiting = {name: _used_blocks(block, design) for name, block in design.blocks.items()}
    users: dict[str, list[str]] = {}
    for name, used in waiting.items():
        for each in used:
            users.setdefault(each, []).append(name)
    heights = dict.fromkeys(design.blocks, 1)
    parts = dict.fromkeys(design.blocks, Parts())
    ready = [name for name, used in waiting.items() if not used]
    while ready:
        name = ready.pop()
        if heights[name] > MAX_DEPTH:
            parts[name] = Parts(deep=True)
        else:
            block = design.blocks[name]
            found = {id(block): block}
            for used_name in sorted(_used_blocks(block, design)):
                found.update((id(each), each) for each in parts[used_name].blocks or ())
            parts[name] = Parts(tuple(found.values()))
        for user in users.get(name, ()):
            heights[user] = max(heights[user], heights[name] + 1)
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    return parts


def endless(name: str, design: Design, parts: Mapping[str, Parts]) -> tuple[str, str] | None:
    """Say why a block has no parts, as a problem's code and sentence; None where it has."""
    if parts[name].blocks is not None:
        return None
    if parts[name].deep:
        return "too-deep", f"blocks are nested deeper than {MAX_DEPTH} levels; dissolve some"
    waiting = [name]
    seen: set[str] = set()
    while waiting:
        for each in _used_blocks(design.blocks[waiting.pop()], design) - seen:
            seen.add(each)
            waiting.append(each)
    itself = "itself" if name in seen else "blocks that contain each other"
    return "recursive", f"the block {name} contains {itself}; a block must end somewhere"
