"""How often each block of a design is used, repetitions included."""

from collections import Counter

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult
from designer.design.values import BlockNode


def counted_uses(analysis: Analysis) -> dict[str, int]:
    """Return the number of uses of each block in the written-out network, the most used first.

    A block that is repeated 3 times in a block that is used twice has 6.
    """
    known: dict[int, Counter[str]] = {}

    def counted(result: GraphResult) -> Counter[str]:
        found = known.get(id(result))
        if found is None:
            found = known[id(result)] = Counter()
            for name, node in result.wiring.graph.nodes.items():
                inside = result.nodes[name].inside if name in result.nodes else None
                if isinstance(node, BlockNode) and inside is not None:
                    # A repeated block results in a graph of its repetitions, "0", "1" and so on.
                    if not next(iter(inside.nodes), "").isdecimal():
                        found[node.block] += 1
                    found.update(counted(inside))
        return found

    return dict(counted(analysis.top).most_common())
