"""What is wrong with a graph beyond its single nodes: cycles, loose ends."""

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
    """Yield the problems of a graph: those of its nodes, cycles, loose ends."""
    cyclic, readers, ends = wiring.cyclic, wiring.readers, wiring.ends
    names: Iterable[str] = wiring.graph.nodes
    if not cyclic and not any(each.problems for each in results.values()):
        names = wiring.unread
    for name in names:
        if name in cyclic:
            if name in wiring.cycle:
                way = " → ".join((*wiring.cycle, wiring.cycle[0]))
                message = f"{name}: lies on a cycle, {way}; remove one of its edges"
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
    for name, port in wiring.numbers.others:  # where anything comes out there is an output 0
        found = results.get(name)
        if found is not None and found.outputs and port >= len(found.outputs):
            message = f"{name}: an edge begins at its output {port}, which it does not have"
            yield Problem("no-such-output", message, name, block, name, port=port)
    for end in ends.outputs:
        sources = wiring.sources.get(end, ())
        if not sources or sources[0] is None:
            message = f"the output {end} of {block} is not connected; draw an edge to it"
            yield Problem("unconnected-output", message, "", block, end)
    for end in ends.inputs:
        if not wiring.targets.get(end):
            message = f"the input {end} of {block} is read by nothing"
            yield Problem("unread-input", message, "", block, end, severity=Severity.WARNING)
