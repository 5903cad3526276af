"""Problems of training a valid design with a batch size and a loss, with their fixes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import e, log
from typing import NamedTuple

from designer.analysis.analysis import Analysis, Port
from designer.analysis.assist.inputs import text_length
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.wiring import Source
from designer.analysis.problems import Fix, Problem, Severity
from designer.analysis.problems.quick_fixes import insert_fix
from designer.design import edits
from designer.design.values import BlockNode, Edge
from designer.layers.base import Layer
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
    among = f" divided among {processes} processes" if processes > 1 else ""
    found = []
    for path, result in analysis.top.layers():
        inputs = [each for each in result.inputs if each is not None]
        if result.layer is None or result.frozen or not inputs:  # while a design is edited
            continue
        if not result.layer.needs_batch(inputs):
            continue
        if not any(each.batched for each in inputs):
            message = (
                f"{path} gets one value per channel at any batch, since its input is the same for "
                "every image: remove it"
            )
        elif batch < 2 * processes:
            message = (
                f"{path} gets one value per channel at batch {batch}{among}: set batch to "
                f"{2 * processes} or more"
            )
        else:
            continue
        found.append(Problem("batch", message, path, node=path.rpartition(".")[2]))
    return tuple(found)


def output_problems(analysis: Analysis, targets: str = "auto") -> tuple[Problem, ...]:
    """Return the problems of outputs that are no list of values, which the losses need.

    Parameters
    ----------
    analysis
        The analysis of a valid design.
    targets
        The setting ``data.targets``; where it is ``input``, outputs are compared with the input.
    """
    if targets == "input":
        return ()
    length = text_length(analysis)
    return tuple(
        [
            _output_problem(analysis, port)
            for port in analysis.outputs
            # That of a text has the numbers of its vocabulary for each of the tokens.
            if port.shape[1:] and not (len(port.shape) == 2 and port.shape[0] == length)
        ]
    )


def _output_problem(analysis: Analysis, port: Port) -> Problem:
    """Return the problem of an output, with the fix of a forgotten Flatten if there is one."""
    message = f"{port.name}: this output is {show(port.shape)} but must be a list of values"
    if length := text_length(analysis):
        message = f"{message}, or one for each of the {length} tokens of a text"
    for each in analysis.problems:
        if each.code == "missing-flatten" and each.fixes:
            message = f"{message}: insert a Flatten before {each.path}"
            return Problem("output", message, port.name, node=port.name, fixes=each.fixes[:1])
    same = any(port.shape[1:] == each.shape[1:] for each in analysis.inputs if each.shape[1:])
    if same or any(_enlarges(result) for _, result in analysis.top.layers()):
        message = (
            f"{port.name}: this output is {show(port.shape)}, values for every place of the input, "
            "as a mask has them, but training compares one list of values for each example: let a "
            "GlobalAvgPool2d and a Linear end the network, or, if it is to give its own "
            "input, set data.targets to input"
        )
        return Problem("output", message, port.name, node=port.name)
    source = analysis.top.wiring.sources[port.name][0]
    assert source is not None
    edge = Edge(*source, port.name, 0)
    layer = InsertLayer("insert Flatten", 0, "Flatten", {})
    message = f"{message}: insert a Flatten before it"
    if len(port.shape) == 2:  # tokens with a row of values each
        layer = InsertLayer("average the rows", 0, "Reduce", {"reduction": "mean", "dim": (1,)})
        message = (
            f"{port.name}: this output is {show(port.shape)}, a row of {port.shape[1]} values for "
            f"each of {port.shape[0]} positions, but must be one list of values: average the rows "
            "with a Reduce before it, or keep one of them with a Slice and a Flatten"
        )
    fixes: list[Fix] = []
    if edge in analysis.design.graph.edges:
        fixes.append(insert_fix(layer, None, edge))
    return Problem("output", message, port.name, node=port.name, fixes=tuple(fixes))


def _enlarges(result: NodeResult) -> bool:
    """Return whether a layer at least doubles a map, as on the way up of a segmentation network."""
    before, after = (next(iter(each), None) for each in (result.inputs, result.outputs))
    if before is None or after is None or not len(before.shape) == len(after.shape) == 3:
        return False
    return before.shape[1] > 1 and after.shape[1] >= 2 * before.shape[1]


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


def last_layer(analysis: Analysis) -> Layer | None:
    """Return the layer that gives the main output, None if that is the input.

    Layers that only pass values on are skipped, and means of values that are alike, as at the end
    of an ensemble.
    """
    for _, result in layers_before_output(analysis):
        if type(result.layer).__name__ not in (*_PASSES, "Mean"):
            return result.layer
    return None


def layers_before_output(analysis: Analysis) -> Iterator[tuple[str, NodeResult]]:
    """Yield the layers before the main output with their paths, back along their first inputs."""
    source = analysis.top.wiring.sources[analysis.outputs[0].name][0]
    for graph, name, result in _before(_Graph(analysis.top), source):
        yield graph.prefix + name, result


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
    elif loss != "cross_entropy":
        message = (
            f"{message}; behind it no probability comes near 0 or 1, and the network learns slowly"
        )
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


def refusal(analysis: Analysis, batch: int, *, processes: int = 1, targets: str = "auto") -> str:
    """Return why no data can train a valid design at a batch size; "" if some can.

    ``targets`` is the setting ``data.targets`` of the recipe.
    """
    if not analysis.totals.parameters:
        return f"{analysis.design.name} has nothing to train: no layer has weights. Add one."
    for problems in (
        batch_problems(analysis, batch, processes=processes),
        output_problems(analysis, targets),
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
