"""Changes of a design or a recipe that several rules offer as remedies."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from designer.analysis.analysis import analyze
from designer.analysis.problems import Fix
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.doctor.advice import Remedy, setting
from designer.doctor.case import Case
from designer.doctor.design_rules import DROPOUTS, NORMS, WEIGHTED
from designer.doctor.network import Network, Place
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe

_RATE = 0.5  # of dropout before the last layer: that of AlexNet and VGG
_WIDTHS = ("out_channels", "out_features")


def larger(case: Case) -> tuple[Remedy, ...]:
    """Return the remedy that doubles the channels and features of the hidden layers."""
    return _resized(case, "double the channels of the hidden layers", lambda width: 2 * width)


def smaller(case: Case) -> tuple[Remedy, ...]:
    """Return the remedy that halves the channels and features of the hidden layers."""
    return _resized(
        case, "halve the channels of the hidden layers", lambda width: max(1, width // 2)
    )


def _resized(case: Case, label: str, new: Callable[[int], int]) -> tuple[Remedy, ...]:
    network = case.network
    if network is None:
        return ()
    last = {each.number for each in _last_weighted(network)}
    nodes = dict.fromkeys(
        (each.block, each.node) for each in network.of_types(WEIGHTED) if each.number not in last
    )

    def edit(design: Design) -> Design:
        for block, name in nodes:
            node = design.graph_of(block).nodes[name]
            for parameter in _WIDTHS:
                given = node.parameters.get(parameter) if isinstance(node, LayerNode) else None
                if isinstance(given, int):
                    design = edits.set_parameter(design, name, parameter, new(given), block=block)
        return design

    return _offered(case, label, edit)


def insert_norms(case: Case) -> tuple[Remedy, ...]:
    """Return the remedy that puts a norm behind every convolution of a network without any."""
    network = case.network
    if network is None or any(network.of_types(NORMS)):
        return ()
    convolutions = [each for each in network.of_types(WEIGHTED) if each.layer.convolution]
    nodes = {
        (each.block, each.node): f"BatchNorm{each.layer.spatial_axes}d" for each in convolutions
    }
    norms = " or ".join(sorted({*nodes.values()}))

    def edit(design: Design) -> Design:
        for (block, name), kind in nodes.items():
            leaving = [each for each in design.graph_of(block).edges if each.source == name]
            if len(leaving) == 1:
                norm = LayerNode(kind, {})
                design = edits.insert_on_edge(design, leaving[0], "norm", norm, block=block)
        return design

    return _offered(case, f"insert {norms} behind each convolution", edit)


def insert_dropout(case: Case) -> tuple[Remedy, ...]:
    """Return the remedy that drops half of what the last layer reads; none where dropout is."""
    network = case.network
    if network is None or any(True for _ in _dropping(network)):
        return ()
    last = _last_weighted(network)
    edge = last[0].edge if len(last) == 1 else None
    if edge is None:
        return ()
    place, found = last[0], edge

    def edit(design: Design) -> Design:
        node = LayerNode("Dropout", {"p": _RATE})
        return edits.insert_on_edge(design, found, "dropout", node, block=place.block)

    return _offered(case, f"insert Dropout {_RATE:g} before {place.node}", edit)


def without_dropout(case: Case) -> tuple[Remedy, ...]:
    """Return the remedy that removes all dropout; none where there is none."""
    if case.network is None:
        return ()
    nodes = dict.fromkeys((each.block, each.node) for each in _dropping(case.network))

    def edit(design: Design) -> Design:
        for block, name in nodes:
            design = edits.remove_node(design, name, block=block)
        return design

    return _offered(case, "remove the dropout", edit) if nodes else ()


def regularizing(recipe: Recipe, *, pictures: bool = True) -> tuple[Remedy, ...]:
    """Return the changes of a recipe that help against overfitting.

    Only a network that takes ``pictures`` can be given augmented ones.
    """
    decay = max(5e-4, 2 * recipe.optimizer.weight_decay)
    augmented = (
        ()
        if recipe.augmentation.active or not pictures
        else setting(recipe, "shift the images by up to 10 %", augmentation__shift=0.1)
    )
    stopped = (
        ()
        if recipe.early_stopping
        else setting(recipe, "stop early, after 5 epochs without gain", early_stopping=5)
    )
    return (
        *augmented,
        *setting(recipe, f"set the weight decay to {decay:g}", optimizer__weight_decay=decay),
        *stopped,
    )


def _dropping(network: Network) -> Iterator[Place]:
    return (each for each in network.of_types(DROPOUTS) if getattr(each.layer, "p", 0) > 0)


def _last_weighted(network: Network) -> list[Place]:
    """Return the last weighted layer before each output."""
    found = []
    for output in network.of_types(frozenset(("Output",))):
        place: Place | None = output
        while place is not None and place.type not in WEIGHTED:
            place = place.inputs[0] if place.inputs else None
        if place is not None:
            found.append(place)
    return found


def _offered(case: Case, label: str, edit: Edit) -> tuple[Remedy, ...]:
    """Return the remedy of an edit; none if it changes nothing or the design would be invalid."""
    analysis = case.analysis
    assert analysis is not None
    try:
        after = edit(analysis.design)
    except DesignerError:
        return ()
    if after == analysis.design:
        return ()
    changed = analyze(after, analysis)
    same_outputs = [each.shape for each in changed.outputs] == [
        each.shape for each in analysis.outputs
    ]
    if not changed.valid or not same_outputs:
        return ()
    return (Remedy(label=label, fix=Fix(label, edit)),)


def leaky(case: Case, paths: list[str]) -> tuple[Remedy, ...]:
    """Return the remedy that puts LeakyReLU in the place of ReLU at some paths."""
    network = case.network
    if network is None:
        return ()
    nodes = dict.fromkeys(
        (each.block, each.node)
        for each in network.of_types(frozenset(("ReLU",)))
        if each.path in paths
    )

    def edit(design: Design) -> Design:
        for block, name in nodes:
            node = design.graph_of(block).nodes[name]
            if isinstance(node, LayerNode):
                changed = replace(node, layer="LeakyReLU")
                design = edits.replace_node(design, name, changed, block=block)
        return design

    return _offered(case, "use LeakyReLU there", edit) if nodes else ()
