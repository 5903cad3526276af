"""Problems of a graph as a whole: cycles, outputs that nothing reads, open ends of a block."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from designer.analysis.evaluation.results import NodeResult
from designer.analysis.evaluation.wiring import Wiring
from designer.analysis.problems import Fix, Problem, Severity
from designer.design import edits
from designer.layers.ports import Output


def graph_problems(
    wiring: Wiring, results: Mapping[str, NodeResult], block: str | None
) -> Iterator[Problem]:
    """Yield the problems of a graph and of its nodes, in the order of the file.

    Parameters
    ----------
    wiring, results
        The edges of the graph and the results of its nodes.
    block
        The name of the block whose graph it is, None for the design's own.
    """
    cyclic, readers, ends = wiring.cyclic, wiring.readers, wiring.ends
    names: Iterable[str] = wiring.graph.nodes
    if not cyclic and not any(each.problems for each in results.values()):
        names = wiring.unread
    for name in names:
        if name in cyclic:
            if name in wiring.cycle:
                cycle = " → ".join((*wiring.cycle, wiring.cycle[0]))
                message = f"{name}: lies on a cycle, {cycle}; remove one of its edges"
                yield Problem("cycle", message, name, block, name)
            continue
        result = results[name]
        if result.problems:
            yield from result.problems
        if (name, 0) in readers or isinstance(result.layer, Output):
            continue
        if not any((name, port) in readers for port in range(1, len(result.outputs))):
            message = f"{name}: nothing reads its output; connect it or remove it"
            fix = Fix(f"remove {name}", partial(edits.remove_node, name=name, block=block))
            yield Problem("unread", message, name, block, name, fixes=(fix,))
    for name, port in wiring.numbers.others:
        found = results.get(name)
        if found is not None and found.outputs and port >= len(found.outputs):
            message = (
                f"{name}: an edge leaves its output {port}, which does not exist; remove that edge"
            )
            yield Problem("no-such-output", message, name, block, name, port=port)
    for end in ends.outputs:
        sources = wiring.sources.get(end, ())
        if not sources or sources[0] is None:
            message = f"the output {end} of {block} is not connected; draw an edge to it"
            yield Problem("unconnected-output", message, "", block, end)
    for end in ends.inputs:
        if not wiring.targets.get(end):
            message = f"nothing reads the input {end} of {block}; connect it or remove it"
            yield Problem("unread-input", message, "", block, end, severity=Severity.WARNING)
