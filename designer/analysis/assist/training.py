"""Problems of training a valid design with a batch size and a loss, with their fixes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import e, log
from typing import NamedTuple

from designer.analysis.analysis import Analysis, Port
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.wiring import Source
from designer.analysis.problems import Fix, Problem, Severity
from designer.analysis.problems.quick_fixes import insert_fix
from designer.design import edits
from designer.design.values import BlockNode, Edge
from designer.layers.errors import InsertLayer
from designer.layers.tensors import show
from designer.recipe.losses import LOSSES

_PASSES = ("Dropout", "Flatten", "Identity", "Output", "Reshape")
"""Layer types that only pass values on: an activation before them still reaches the loss."""


def batch_problems(analysis: Analysis, batch: int, *, processes: int = 1) -> tuple[Problem, ...]:
    """Return the problems of layers that cannot be trained with batches of a size.

    torch refuses to normalize over a batch if that gives one value per channel. The last,
    incomplete batch of an epoch is not trained on, so only the size of the others counts.

    Parameters
    ----------
    analysis
        The analysis of a valid design.
    batch
        Images in a step, over all processes.
    processes
        Processes among which a batch is divided.
    """
    if batch >= 2 * processes:
        return ()
    among = f" divided among {processes} processes" if processes > 1 else ""
    return tuple(
        Problem(
            "batch",
            f"{path} gets one value per channel at batch {batch}{among}: set batch to "
            f"{2 * processes} or more",
            path,
            node=path.rpartition(".")[2],
        )
        for path, result in analysis.top.layers()
        if result.layer is not None
        and not result.frozen
        and result.layer.needs_batch([each for each in result.inputs if each is not None])
    )


def output_problems(analysis: Analysis) -> tuple[Problem, ...]:
    """Return the problems of outputs that are no list of values, which the losses need."""
    return tuple([_output_problem(analysis, port) for port in analysis.outputs if port.shape[1:]])


def _output_problem(analysis: Analysis, port: Port) -> Problem:
    """Return the problem of an output, with the fix of a forgotten Flatten if there is one."""
    message = f"{port.name}: this output is {show(port.shape)} but must be a list of values"
    for each in analysis.problems:
        if each.code == "missing-flatten" and each.fixes:
            message = f"{message}: insert a Flatten before {each.path}"
            return Problem("output", message, port.name, node=port.name, fixes=each.fixes[:1])
    source = analysis.top.wiring.sources[port.name][0]
    assert source is not None
    edge = Edge(*source, port.name, 0)
    fixes: list[Fix] = []
    if edge in analysis.design.graph.edges:
        fixes.append(insert_fix(InsertLayer("insert Flatten", 0, "Flatten", {}), None, edge))
    message = f"{message}: insert a Flatten before it"
    return Problem("output", message, port.name, node=port.name, fixes=tuple(fixes))


# Activations that the loss has built in


class _Graph(NamedTuple):
    """A graph with its block and path, and the block's node with the graph around it."""

    result: GraphResult
    block: str | None = None
    prefix: str = ""
    node: str = ""
    around: "_Graph | None" = None


def loss_problems(analysis: Analysis, loss: str) -> tuple[Problem, ...]:
    """Return a warning for each output behind an activation that its loss does not expect.

    Parameters
    ----------
    analysis
        The analysis of a valid design.
    loss
        The name of the loss in a recipe.
    """
    unwanted = LOSSES[loss].unwanted
    found: dict[str, Problem] = {}
    if not unwanted:
        return ()
    for port in analysis.outputs:
        source = analysis.top.wiring.sources[port.name][0]
        for graph, name, result in _before(_Graph(analysis.top), source):
            kind = type(result.layer).__name__
            if kind in unwanted:
                path = graph.prefix + name
                found[path] = _loss_problem(path, graph.block, name, kind, loss, port)
            if kind not in _PASSES:
                break
    return tuple(found.values())


def _before(graph: _Graph, source: Source | None) -> Iterator[tuple[_Graph, str, NodeResult]]:
    """Yield the layers before a tensor, back along their first inputs, blocks written out."""
    while source is not None:
        name, port = source
        result = graph.result.nodes.get(name)
        if result is None:  # an input of the block
            number = graph.result.wiring.ends.inputs.index(name)
            name, outer = graph.node, graph.around
            if outer is None:
                return
            graph, source = outer, outer.result.wiring.sources[name][number]
            continue
        node = graph.result.wiring.graph.nodes[name]
        if result.inside is not None and isinstance(node, BlockNode):
            prefix = f"{graph.prefix}{name}."
            graph = _Graph(result.inside, node.block, prefix, name, graph)
            end = result.inside.wiring.ends.outputs[port]
            source = result.inside.wiring.sources[end][0]
            continue
        yield graph, name, result
        sources = graph.result.wiring.sources[name]
        source = sources[0] if sources else None


def _loss_problem(
    path: str, block: str | None, name: str, kind: str, loss: str, port: Port
) -> Problem:
    title = LOSSES[loss].title
    message = f"{path}: {title} takes the values before {kind}"
    if loss == "binary_cross_entropy":
        # Behind LogSoftmax values are at most 0, behind the others at least 0.
        side = "above" if kind == "LogSoftmax" else "below"
        message = f"{message}; behind it no label gets a probability {side} 50 %"
    elif kind == "LogSoftmax":
        message = f"{message}, which it has built in"
    else:
        # Between 0 and 1, the best that logits can be is 1 for the right class, 0 for all others.
        least = log(1 + (port.shape[0] - 1) / e)
        message = (
            f"{message}; behind it the loss cannot fall below {least:.4f}, and the network learns "
            "slowly"
        )
    where = f" from {block}" if block is not None else ""
    fix = Fix(f"remove {name}{where}", partial(edits.remove_node, name=name, block=block))
    return Problem("loss", message, path, block, name, severity=Severity.WARNING, fixes=(fix,))


def refusal(analysis: Analysis, batch: int, *, processes: int = 1) -> str:
    """Return why no data can train a valid design at a batch size; "" if some can."""
    if not analysis.totals.parameters:
        return f"{analysis.design.name} has nothing to train: no layer has weights. Add one."
    for problems in (
        batch_problems(analysis, batch, processes=processes),
        output_problems(analysis),
    ):
        if problems:
            first, *others = problems
            return f"{first.message}." + _and_others(len(others))
    return ""


def _and_others(number: int) -> str:
    if not number:
        return ""
    return f" The same holds for {number} more {'node' if number == 1 else 'nodes'}."


def warnings(analysis: Analysis, batch: int | None, loss: str | None) -> tuple[Problem, ...]:
    """Return what would spoil a training of a valid design, as warnings.

    Parameters
    ----------
    analysis
        The analysis of the design, which may be used for something else than training.
    batch, loss
        The size of the batches and the name of the loss, None where they are not known.
    """
    found = batch_problems(analysis, batch) if batch is not None else ()
    problems = (*found, *(loss_problems(analysis, loss) if loss is not None else ()))
    return tuple([replace(each, severity=Severity.WARNING) for each in problems])
