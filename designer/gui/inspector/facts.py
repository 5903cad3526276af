"""The lines of the explanation card: formulas with their numbers, costs, receptive field."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from designer.analysis.accounting.receptive_fields import Axes, ReceptiveField
from designer.analysis.accounting.saved_for_backward import saved_bytes_of_nodes
from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import BlockEffect, GraphResult, NodeResult
from designer.analysis.problems import Problem
from designer.analysis.report import formatting
from designer.analysis.report.initial_weights import UNDRAWN, initial_weights
from designer.design.values import Block, BlockNode, LayerNode
from designer.gui.base import numbers
from designer.gui.documents.graph_paths import output_path
from designer.layers.facts import Counts, Facts
from designer.layers.spatial import WORDS
from designer.layers.tensors import FLOAT_BYTES, INDEX_BYTES, State, StateRole
from designer.recipe.initialization import Initialization
from designer.recipe.optimizers import OPTIMIZERS, Optimizer

OUTPUTS = (
    "Layer outputs: 4 bytes for every value of the output, for one image. Activations, dropout "
    "and views are not counted."
)
BUFFERS = (
    "In-and-out buffers, as the CS231n lecture counts them: a convolution's input and output, "
    "every other counted layer's output, for one image."
)
SAVED = (
    "Kept for backward: the tensors that autograd saves between forward and backward in train "
    "mode, for one image. A tensor that several layers save counts once in the total."
)
FILE = "All parameters and buffers as they are saved, each in its own data type."
FROZEN = "Parameters that are trained; those whose learning rate is multiplied by 0 are frozen."
MACS = "Multiply-accumulates of convolutions and matrix products, for one image."
RECEPTIVE_FIELD = (
    "Receptive field (RF): the pixels of the input on which a value in the middle of the output "
    "depends, over all paths. Behind a global branch, such as squeeze and excite, that is the "
    "whole image; the local field is the one by the usual rule, without such branches, and may "
    "exceed the image. Jump is the distance between the local fields of neighboring values, center "
    "that of the first field."
)


INITIAL = (
    "How the weights begin: the standard deviation from which they are drawn before the first "
    "step. A layer's own initialization takes precedence over that of the recipe."
)
_MOST_INITIAL = 3  # different ones of a layer that are shown
_BY_THE_DESIGN = Initialization()


class Fact(NamedTuple):
    """A line of the explanation card, such as weight: 64 · 3 · 7 · 7 = 9,408.

    Attributes
    ----------
    key
        What the line is about.
    text
        The formula with its numbers, "" for none.
    result
        The value.
    help
        The tooltip.
    after
        Words that follow the result.
    """

    key: str
    text: str
    result: str = ""
    help: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        """The line as plain text."""
        how = " = ".join(filter(None, (self.text, self.result)))
        return f"{self.key:<9} {how}{', ' if self.after else ''}{self.after}"


def of_layer(
    analysis: Analysis, path: str, initialization: Initialization = _BY_THE_DESIGN
) -> list[Fact]:
    """Return the lines of a layer; those that the analysis could not infer are left out.

    Parameters
    ----------
    analysis
        The analysis of the design.
    path
        The path of the layer.
    initialization
        That of the recipe.
    """
    result = analysis.node(path)
    if result is None:
        return []
    facts = _inputs(result)
    effect, layer = result.effect, result.layer
    if layer is None or not isinstance(effect, Facts):
        return facts
    given = tuple(each for each in result.inputs if each is not None)
    shape = effect.output.shape
    facts += [_formula(line) for line in layer.shape_formula(given, shape)]
    shown = [facts[-1].result, *(each.result for each in facts if each.key == "shape")]
    if formatting.shape(shape) not in shown:
        facts.append(_shape(shape, effect.output.values))
    states = layer.states(given)
    if states and result.shares:
        facts.append(_shared(result.shares))
    else:
        facts += [_tensor(each) for each in states if each.role is not StateRole.BUFFER]
        facts += _sums(effect.counts, states)
        facts += _initial(analysis, path, initialization)
    if effect.counts.macs:
        formula = layer.macs_formula(given, shape)
        number = numbers.count(effect.counts.macs)
        short = f" ≈ {numbers.scaled(effect.counts.macs)}" if effect.counts.macs >= 10**6 else ""
        facts.append(Fact("MACs", formula, f"{number}{short}", MACS))
    facts += _memory(
        effect.counts, saved_bytes_of_nodes(analysis.top, [path]), _saved_words(result)
    )
    if result.in_place:
        facts.append(Fact("in place", "overwrites its input", help="Nothing else needs its input."))
    facts += _receptive_field(analysis.receptive_fields.get(path))
    return facts


def _shared(owner: str) -> Fact:
    return Fact(
        "weights",
        "",
        f"those of {owner}",
        "This node computes with the weights of another one, where they are counted.",
        "counted there",
    )


def of_use(analysis: Analysis, path: str) -> list[Fact]:
    """Return the lines of a block node: the sums over its layers."""
    result = analysis.node(path) if path else None
    if result is None:
        return []
    facts = _inputs(result)
    effect = result.effect
    if not isinstance(effect, BlockEffect):
        return facts
    for port, flow in enumerate(effect.outputs):
        if flow is not None:
            name = "shape" if len(effect.outputs) == 1 else f"output {port}"
            facts.append(_shape(flow.tensor.shape, flow.tensor.values, name))
    inside = result.inside
    times = len(inside.nodes) if inside is not None and "0" in inside.nodes else 1
    passes = f"in {times} passes" if times > 1 else ""
    facts.append(Fact("layers", "", numbers.count(effect.counts.layers), after=passes))
    if result.shares:
        facts.append(_shared(result.shares))
    else:
        facts += _totals(effect.counts)
    facts += _memory(effect.counts, saved_bytes_of_nodes(analysis.top, [path]), "")
    if inside is not None:
        end = output_path(inside, path)
        facts += _receptive_field(analysis.receptive_fields.get(end) if end else None)
    return facts


def of_several(analysis: Analysis, paths: Iterable[str]) -> list[Fact]:
    """Return the sums over the selected nodes."""
    found = {path: result for path in paths if (result := analysis.node(path)) is not None}
    counts = [result.counts for result in found.values() if result.effect is not None]
    if not counts:
        return []
    summed = Counts._make(map(sum, zip(*counts, strict=True)))
    return [
        Fact("layers", "", numbers.count(summed.layers)),
        *_totals(summed),
        *_memory(summed, saved_bytes_of_nodes(analysis.top, found), ""),
    ]


def of_design(analysis: Analysis, optimizer: Optimizer) -> list[Fact]:
    """Return the totals of the whole design, trained with an optimizer."""
    sums = analysis.totals
    counts = analysis.top.counts
    title = OPTIMIZERS[optimizer.name].title
    facts = [Fact("input", "", formatting.shape(port.shape)) for port in analysis.inputs]
    several = len(analysis.outputs) > 1
    facts += [
        Fact("output", "", formatting.shape(port.shape), after=port.name if several else "")
        for port in analysis.outputs
    ]
    facts.append(Fact("layers", "", numbers.count(sums.layers)))
    facts += _totals(counts)
    facts.append(Fact("file", "", numbers.size(sums.file_bytes), FILE))
    facts += [
        Fact("outputs", _bytes(sums.output_values), numbers.size(sums.output_bytes), OUTPUTS),
        Fact("in + out", _bytes(sums.buffer_values), numbers.size(sums.buffer_bytes), BUFFERS),
        Fact("kept", "", numbers.size(sums.saved_bytes()), SAVED),
        Fact(
            "predict",
            "",
            numbers.size(sums.inference_bytes()),
            "Peak memory for predicting one image: parameters, buffers and the tensors that are "
            "alive at the same time, with those that torch makes on the way.",
        ),
        Fact(
            "train",
            "",
            numbers.size(sums.training_bytes(optimizer)),
            f"Estimated memory for training with {title}, the recipe's optimizer, on one image at "
            "a time: parameters, gradients, optimizer state, tensors kept for backward, and "
            "workspace. The Training panel and the status bar show the estimate for the recipe's "
            "batch.",
            f"1 image, with {title}",
        ),
    ]
    return facts


def composition(block: Block) -> str:
    """List the node types of a block: 3 Conv2d, 3 BatchNorm2d, Add."""
    types = Counter(
        node.layer if isinstance(node, LayerNode) else node.block
        for node in block.graph.nodes.values()
    )
    return ", ".join(f"{number} {name}" if number > 1 else name for name, number in types.items())


def problems_of(analysis: Analysis, path: str, block: str | None, name: str) -> list[Problem]:
    """Return the problems of a node: at its path first, then those in other uses of its block.

    Parameters
    ----------
    analysis
        The analysis of the design.
    path
        The graph path of the node.
    block
        The block that contains it; None for the design's own graph.
    name
        Its name in that graph.
    """
    here, elsewhere = [], []
    messages = set()
    for each in analysis.problems:
        if each.path == path or (each.path.startswith(f"{path}.")):
            here.append(each)
            messages.add(each.message)
        elif each.node == name and each.block == block:
            elsewhere.append(each)
    for each in elsewhere:
        if each.message not in messages:
            messages.add(each.message)
            here.append(each)
    return here


def _inputs(result: NodeResult) -> list[Fact]:
    many = len(result.inputs) > 1
    return [
        Fact(
            f"input {port}" if many else "input",
            "",
            formatting.shape(flow.shape) if flow is not None else "not known",
        )
        for port, flow in enumerate(result.inputs)
    ]


_KEYS = {"height, width": "output", "output": "shape"}


def _formula(line: str) -> Fact:
    """Parse a line such as "height = ⌊(224 - 7) / 2⌋ + 1 = 109"."""
    key, _, rest = line.partition(" = ")
    how, _, result = rest.rpartition(" = ")
    if len(key) > 13:
        return Fact("shape", line)
    return Fact(_KEYS.get(key, key), how, result, "Height and width." if "," in key else "")


def _shape(shape: Sequence[int], values: int, key: str = "shape") -> Fact:
    product = formatting.shape(shape)
    if len(shape) == 1:
        return Fact(key, "", product)
    return Fact(key, "", product, f"{numbers.count(values)} values for one image")


def _tensor(state: State) -> Fact:
    product = " · ".join(map(str, state.shape))
    count = numbers.count(_product(state.shape))
    return Fact(state.name or "stored", product if len(state.shape) > 1 else "", count)


def _initial(analysis: Analysis, path: str, how: Initialization) -> list[Fact]:
    """Return how the weights begin: "init std = √(2 / 576) = 0.0589, Kaiming, normal"."""
    facts = []
    for each in initial_weights(analysis, path, how):
        if each.source in UNDRAWN or not each.deviation:
            facts.append(Fact("init", "", each.words, INITIAL))
            continue
        name = each.name.removesuffix(".weight")
        after = ", ".join(filter(None, (name, each.source)))
        facts.append(Fact("init std", each.formula, f"{each.deviation:.3g}", INITIAL, after))
    return facts[:_MOST_INITIAL]


def _product(shape: Sequence[int]) -> int:
    number = 1
    for each in shape:
        number *= each
    return number


def _sums(counts: Counts, states: Sequence[State]) -> list[Fact]:
    learned = [each for each in states if each.role is not StateRole.BUFFER]
    facts = []
    if len(learned) > 1:
        parts = " + ".join(numbers.count(_product(each.shape)) for each in learned)
        facts.append(Fact("params", parts, numbers.count(counts.weights + counts.biases)))
    if counts.frozen:
        facts.append(Fact("trainable", "", "0", FROZEN, f"{_frozen(counts)} frozen"))
    if counts.buffers:
        names = ", ".join(each.name for each in states if each.role is StateRole.BUFFER)
        facts.append(
            Fact(
                "buffers",
                "",
                numbers.count(counts.buffers),
                f"Saved with the model but not trained: {names}.",
            )
        )
    return facts


def _frozen(counts: Counts) -> str:
    return numbers.count(counts.frozen)


def _totals(counts: Counts) -> list[Fact]:
    both = counts.weights and counts.biases
    parts = f"{numbers.count(counts.weights)} + {numbers.count(counts.biases)}" if both else ""
    facts = [
        Fact(
            "params",
            parts,
            numbers.count(counts.weights + counts.biases),
            "Weights and biases.",
        )
    ]
    if counts.frozen:
        learning = numbers.count(counts.weights + counts.biases - counts.frozen)
        facts.append(Fact("trainable", "", learning, FROZEN, f"{_frozen(counts)} frozen"))
    if counts.buffers:
        facts.append(
            Fact(
                "buffers",
                "",
                numbers.count(counts.buffers),
                "Saved with the model but not trained.",
            )
        )
    if counts.macs:
        facts.append(
            Fact("MACs", numbers.count(counts.macs), numbers.scaled(counts.macs), MACS)
            if counts.macs >= 10**6
            else Fact("MACs", "", numbers.count(counts.macs), MACS)
        )
    return facts


def passes(analysis: Analysis, block: str) -> int:
    """Return how often a block runs in one pass through the network."""
    known: dict[GraphResult, int] = {}  # uses with equal arguments and inputs share a result

    def count(graph: GraphResult) -> int:
        if graph not in known:
            number = 0
            for name, node in graph.wiring.graph.nodes.items():
                result = graph.nodes.get(name)
                if result is None or result.inside is None or not isinstance(node, BlockNode):
                    continue
                repeated = "0" in result.inside.nodes
                number += (node.block == block and not repeated) + count(result.inside)
            known[graph] = number
        return known[graph]

    return count(analysis.top)


def _bytes(values: int) -> str:
    return f"{numbers.count(values)} · {FLOAT_BYTES} B"


def _memory(counts: Counts, saved_bytes: int, words: str) -> list[Fact]:
    facts = []
    for key, values, text in (
        ("outputs", counts.output_values, OUTPUTS),
        ("in + out", counts.buffer_values, BUFFERS),
    ):
        facts.append(
            Fact(key, _bytes(values) if values else "", numbers.size(FLOAT_BYTES * values), text)
        )
    facts.append(Fact("kept", "", numbers.size(saved_bytes), SAVED, words))
    return facts


def _saved_words(result: NodeResult) -> str:
    """Say which tensors autograd saves: its input + a mask or index."""
    if result.effect is None:
        return ""
    saved = result.effect.saved_for_backward
    parts = []
    if saved.inputs:
        parts.append("its input" if len(saved.inputs) == 1 else "its inputs")
    if saved.outputs:
        parts.append("its output")
    if saved.per_image or saved.fixed:
        words = "a mask or index" if (saved.per_image + saved.fixed) % INDEX_BYTES else "more"
        parts.append(words if not parts else "more")
    return " + ".join(parts)


def _receptive_field(field: ReceptiveField | None) -> list[Fact]:
    if field is None:
        return []
    size = f"whole {WORDS[len(field.size)].noun}" if field.whole else _square(field.size)
    if field.local != field.size:
        size = f"{size} (local {_square(field.local)})"
    text = f"jump {formatting.pixels(field.jump)}, center {formatting.pixels(field.start)}"
    return [Fact("RF", "", size, RECEPTIVE_FIELD, text)]


def _square(axes: Axes) -> str:
    """Write the number of each axis: 3×3."""
    return "×".join(map(formatting.number_text, axes))
