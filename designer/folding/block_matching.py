"""Which block of one design is which block of another one."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from designer.design.values import Block, LayerNode
from designer.folding.compared_nodes import Reading

_SIMILAR = 0.5
"""The least share of nodes of the same kind in blocks of different names that are the same."""

_COMPARED = 40_000
"""The most pairs of blocks whose nodes are counted, which takes a tenth of a second."""


def match_blocks(one: Reading, other: Reading) -> dict[str, str]:
    """Return the blocks that both designs have: the same, of the same name, or much alike."""
    before, after = one.design.blocks, other.design.blocks
    if not before or not after:
        return {}
    found: dict[str, str] = {}
    contents = [
        {name: _contents(reading, block) for name, block in reading.design.blocks.items()}
        for reading in (one, other)
    ]

    def pair(chosen: Sequence[tuple[str, str]]) -> None:
        for name, partner in chosen:
            if name not in found and partner not in taken:
                found[name] = partner
                taken.add(partner)

    taken: set[str] = set()
    same: dict[Hashable, list[str]] = {}
    for partner, content in contents[1].items():
        same.setdefault(content.exact, []).append(partner)
    equal = [
        (name, partner)
        for name, content in contents[0].items()
        for partner in same.get(content.exact, ())
    ]
    pair([each for each in equal if each[0] == each[1]])
    pair(equal)
    pair([(n, n) for n in before if n in after and _alike(contents[0][n], contents[1][n])])
    rest = [name for name in before if name not in found]
    others = [name for name in after if name not in taken]
    if len(rest) * len(others) <= _COMPARED:
        likeness = {
            (name, partner): _alike(contents[0][name], contents[1][partner])
            for name in rest
            for partner in others
        }
        best = sorted(likeness, key=lambda each: -likeness[each])
        pair([each for each in best if likeness[each] >= _SIMILAR])
    return {name: found[name] for name in before if name in found}


class _Contents(NamedTuple):
    """What is in a block: a value that is equal for equal blocks, and how many nodes of a kind."""

    exact: Hashable
    kinds: Counter[str]


def _contents(reading: Reading, block: Block) -> _Contents:
    kinds = [
        node.layer if isinstance(node, LayerNode) else "block"
        for node in block.graph.nodes.values()
    ]
    settings = Counter(
        (kind, reading.given(node))
        for kind, node in zip(kinds, block.graph.nodes.values(), strict=True)
    )
    exact = frozenset(settings.items()), len(block.inputs), len(block.outputs)
    return _Contents((exact, len(block.graph.edges)), Counter(kinds))


def _alike(one: _Contents, other: _Contents) -> float:
    """Return the share of the nodes of two blocks that have a counterpart in the other one."""
    both = (one.kinds & other.kinds).total()
    return 2 * both / max(1, one.kinds.total() + other.kinds.total())
