"""The design of an ensemble: its members as blocks, and the mean of their probabilities.

What follows from a design follows for ensembles, too: code to be read, every format of model files,
and opening such a file again.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

from designer.design.clipboard import as_block, take_in
from designer.design.naming import first_free, node_name_refusal
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.errors import DesignerError
from designer.layers.stored import MOST_NUMBERS
from designer.runs.ensembles import Member
from designer.runs.preprocessing import Preprocessing

NAME = "Ensemble"


class Standardization(NamedTuple):
    """How an input is standardized: mean and deviation along an axis of its values."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    axis: int
    axes: int


class EnsembleDesign(NamedTuple):
    """The design of an ensemble.

    Attributes
    ----------
    design
        It takes the inputs as the first member does, and gives the mean.
    nodes
        The node of each member, in which the weights have the names of the member's own.
    """

    design: Design
    nodes: tuple[str, ...]


def ensemble_design(members: Sequence[Member]) -> EnsembleDesign:
    """Return the design of an ensemble.

    Its input is standardized as that of the first member. Where another member learned with another
    mean and deviation, a product and a sum with constants in front of it make its input of that.

    Parameters
    ----------
    members
        Which go together; see `designer.runs.ensembles.read_members`.

    Raises
    ------
    DesignerError
        Their preprocessing differs in more than mean and deviation, or they have layer types of
        their own that differ under one name.
    """
    first = members[0]
    about = ", ".join(f"member{number} is {each.name}" for number, each in enumerate(members, 1))
    what = "predictions" if first.preprocessing.targets == "numbers" else "probabilities"
    design = Design(NAME, about=f"The mean of the {what} of several networks: {about}.")
    graph = _Graph()
    inputs = [
        graph.add(
            port.name,
            LayerNode(
                "Input", {"shape": port.shape, **({"dtype": "int64"} if port.integer else {})}
            ),
        )
        for port in first.analysis.inputs
    ]
    nodes, answers = [], []
    for number, member in enumerate(members, 1):
        _require_same_preprocessing(first, member)
        try:
            design, block = take_in(design, member.analysis.design)
        except DesignerError as error:  # layer types of their own with one name
            raise DesignerError(
                f"{member.name} does not fit into one network with the members before it: {error}"
            ) from error
        given = _given(graph, inputs, first, member, number)
        own = as_block(member.analysis.design)
        node = graph.add(f"member{number}", BlockNode(block))
        nodes.append(node)
        for source, port in zip(given, member.analysis.inputs, strict=True):
            graph.connect(source, node, own.inputs.index(port.name))
        output = own.outputs.index(member.analysis.outputs[0].name)
        if member.form == "logits":
            layer = "Softmax" if member.preprocessing.targets == "classes" else "Sigmoid"
            answer = graph.add(f"probabilities{number}", LayerNode(layer))
            graph.edges.append(Edge(node, output, answer, 0))
            answers.append((answer, 0))
        else:
            answers.append((node, output))
    mean = graph.add("mean", LayerNode("Mean"))
    graph.edges += [
        Edge(answer, output, mean, port) for port, (answer, output) in enumerate(answers)
    ]
    graph.connect(mean, graph.add(first.analysis.outputs[0].name, LayerNode("Output")))
    whole = Graph(graph.nodes, tuple(graph.edges))
    return EnsembleDesign(
        Design(NAME, design.about, blocks=design.blocks, graph=whole, code=design.code),
        tuple(nodes),
    )


class _Graph:
    """The nodes and edges of a graph that is made."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []

    def add(self, name: str, node: Node) -> str:
        """Add a node, and return its name, which has a number if another one has it."""
        free = first_free(self.nodes, name, node_name_refusal)
        self.nodes[free] = node
        return free

    def connect(self, source: str, target: str, port: int = 0) -> None:
        self.edges.append(Edge(source, 0, target, port))


def _given(
    graph: _Graph, inputs: Sequence[str], first: Member, member: Member, number: int
) -> list[str]:
    """Return the nodes that give a member its inputs, standardized as in its own training.

    An input ``x`` of the first member is ``(value - mean) / deviation``. With the mean m and the
    deviation d of the member, its own is ``x · deviation / d + (mean - m) / d``.
    """
    found = []
    for place, name in enumerate(inputs):
        ours = _standardization(first.preprocessing, place)
        own = _standardization(member.preprocessing, place)
        if ours == own:
            found.append(name)
            continue
        if len(own.mean) > MOST_NUMBERS:
            raise DesignerError(
                f"{member.name} standardizes {len(own.mean):,} values otherwise than {first.name}, "
                f"and one module can hold {MOST_NUMBERS:,} of them: choose runs with equal "
                "training parts, or export the runs one by one."
            )
        columns = list(zip(*ours[:2], *own[:2], strict=True))
        factors = tuple(deviation / d for _, deviation, _, d in columns)
        shifts = tuple((mean - m) / d for mean, _, m, d in columns)
        shape = (len(factors), *repeat(1, own.axes - own.axis - 1))
        shape = (*repeat(1, own.axis), *shape)
        ending = f"{number}" if len(inputs) == 1 else f"{number}_{name}"
        factor, shift = (
            graph.add(
                f"{words}{ending}",
                LayerNode(
                    "Constant",
                    {"shape": shape, "values": "list", "numbers": numbers, "batch_axis": True},
                ),
            )
            for words, numbers in (("factor", factors), ("shift", shifts))
        )
        scaled = graph.add(f"scaled{ending}", LayerNode("Multiply"))
        shifted = graph.add(f"input{ending}", LayerNode("Add"))
        graph.connect(name, scaled)
        graph.connect(factor, scaled, 1)
        graph.connect(scaled, shifted)
        graph.connect(shift, shifted, 1)
        found.append(shifted)
    return found


def _standardization(given: Preprocessing, place: int) -> Standardization:
    """Return how an input of a network is standardized; by 0 and 1 where it is taken as it is."""
    if given.input:
        return Standardization(given.mean, given.deviation, 0, 3)
    one = given.inputs[place]
    size = one.shape[one.axis]
    return Standardization(
        one.mean or (0.0,) * size, one.deviation or (1.0,) * size, one.axis, len(one.shape)
    )


def _require_same_preprocessing(first: Member, member: Member) -> None:
    """Refuse a member whose preprocessing differs in what a module cannot make up for."""
    ours, theirs = first.preprocessing, member.preprocessing
    whitened = [(each.mean_picture, each.whitening) for each in (ours, theirs)]
    standardized = (ours.mean, ours.deviation) == (theirs.mean, theirs.deviation)
    if ours.fit != theirs.fit:
        what = f"brings pictures to their size by {theirs.fit} instead of {ours.fit}"
    elif ours.gray_range != theirs.gray_range:
        what = "takes other values for black and white"
    elif whitened[0] != whitened[1] or (any(whitened[0]) and not standardized):
        what = "subtracts another mean picture, or whitens by another matrix"
    else:
        return
    raise DesignerError(
        f"{member.name} {what} than {first.name}, which one module cannot do for both: choose runs "
        "with the same preprocessing, or export the runs one by one. They can be evaluated as an "
        "ensemble."
    )
