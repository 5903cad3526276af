"""What speaks against a design before it is trained."""

from collections.abc import Iterable, Sequence
from math import prod

from designer.analysis.assist.inputs import takes_picture
from designer.analysis.assist.training import loss_problems
from designer.analysis.problems import Fix
from designer.analysis.problems.quick_fixes import insert_fix
from designer.design import edits
from designer.design.edits import Edit
from designer.design.expressions import is_expression
from designer.design.values import Design, Value
from designer.doctor.advice import Advice, Location, Remedy, setting
from designer.doctor.case import Case, value
from designer.doctor.network import Place
from designer.layers.errors import InsertLayer
from designer.layers.tensors import Tensor

WEIGHTED = frozenset(
    (
        "Conv1d", "Conv2d", "Conv3d", "DepthwiseConv2d", "SeparableConv2d", "ConvTranspose1d",
        "ConvTranspose2d", "ConvTranspose3d", "PartialConv2d",
        "Linear", "DropConnect",
    )
)  # fmt: skip
"""Layer types that multiply by weights: each is a linear function of what it reads."""

NORMS = frozenset(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"))
"""Layer types that normalize over the batch."""

DROPOUTS = frozenset(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"))
"""Layer types that set values to 0 at random."""

# Layer types that are linear too, or change nothing: two weighted layers with only these between
# them are a single linear function.
_LINEAR = NORMS | DROPOUTS | frozenset(
    (
        "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d",
        "AvgPool3d", "ChannelShuffle", "Flatten", "GlobalAvgPool1d", "GlobalAvgPool2d",
        "GlobalAvgPool3d",
        "Identity", "Permute", "PixelShuffle", "Reshape", "Scale", "ZeroPad2d",
    )
)  # fmt: skip

_BIASES = 1e-3
"""From this share of all parameters on, biases before norms are worth a word in any network."""
_LARGE = 1_000_000  # parameters; in smaller networks they always are


def no_activation(case: Case) -> Iterable[Advice]:
    """Find two weighted layers with nothing nonlinear between, which are no deliberate pair.

    Of a part of a network, whose output is an image, nothing is said.
    """
    network = case.network
    if network is None or any(port.shape[1:] for port in network.analysis.outputs):
        return
    found: dict[tuple[str | None, str], list[tuple[Place, Place]]] = {}
    for second in network.of_types(WEIGHTED):
        first = _before(second, _LINEAR)
        if first is not None and not _deliberate(first, second):
            found.setdefault((second.block, second.node), []).append((first, second))
    for pairs in found.values():
        first, second = pairs[0]
        fixes: list[Fix] = []
        if second.edge is not None:
            relu = InsertLayer(f"insert ReLU before {second.node}", 0, "ReLU", {})
            fixes.append(insert_fix(relu, second.block, second.edge))
        yield Advice(
            sentence=f"There is no activation between {first.path} and {second.path}: two linear "
            "layers in a row compute no more than a single one.",
            evidence=f"{plural(2 * len(pairs), 'layer')} with "
            f"{sum(_parameters(each) for pair in pairs for each in pair):,} parameters.",
            remedies=tuple([Remedy(label=each.label, fix=each) for each in fixes]),
            location=at(second),
        )


def _before(place: Place, passed: frozenset[str] | None) -> Place | None:
    """Return the weighted layer that a layer follows, if nothing else reads what is between.

    Parameters
    ----------
    place
        The layer.
    passed
        Types of layers that may stand between; None for all that have a single input.
    """
    each = place.inputs[0] if place.inputs else None
    while each is not None and len(each.readers) == 1:
        if each.type in WEIGHTED:
            return each
        if (passed is not None and each.type not in passed) or len(each.inputs) != 1:
            return None
        each = each.inputs[0]
    return None


def _deliberate(first: Place, second: Place) -> bool:
    """Tell whether two linear layers in a row are usual, since together they are cheaper.

    These are a layer that is narrower than what it reads and what follows (a low-rank pair, and
    the linear bottleneck of MobileNetV2, Sandler et al. 2018), a depthwise convolution and the 1x1
    one that mixes its channels, also the one that ends such a block, and kernels of one row and
    one column.
    """
    if first.width < min(first.width_before, second.width):
        return True
    pair = first, second
    if any(_is_depthwise(each) for each in pair):
        return True
    if _is_pointwise(first):
        before = _before(first, None)
        if before is not None and _is_depthwise(before):
            return True
    kernels = [getattr(each.layer, "kernel_size", (0, 0)) for each in pair]
    return (
        all(1 in each for each in kernels)
        and kernels[0] == kernels[1][::-1]
        and max(kernels[0]) > 1
    )


def _is_depthwise(place: Place) -> bool:
    if place.type == "DepthwiseConv2d":
        return True
    plain = place.type in ("Conv1d", "Conv2d", "Conv3d")
    return plain and 1 < getattr(place.layer, "groups", 1) == place.width_before


def _is_pointwise(place: Place) -> bool:
    return getattr(place.layer, "kernel_size", None) == (1, 1)


def activation_before_loss(case: Case) -> Iterable[Advice]:
    """Find a softmax or sigmoid that the loss has built in."""
    if case.analysis is None or case.recipe is None:
        return
    for problem in loss_problems(case.analysis, case.recipe.loss.name):
        what, _, why = problem.message.partition("; ")
        yield Advice(
            sentence=f"{what}.",
            evidence=f"{why[:1].upper()}{why[1:]}." if why else "The network computes it twice.",
            remedies=tuple([Remedy(label=each.label, fix=each) for each in problem.fixes]),
            location=Location(problem.path, problem.block, problem.node),
        )


def bias_before_norm(case: Case) -> Iterable[Advice]:
    """Find biases that a following norm subtracts again, where they cost anything or are mixed.

    Large networks that have them throughout, such as VGG and Inception-v2 with norms, are left
    alone: there they are less than a thousandth of the parameters.
    """
    network = case.network
    if network is None:
        return
    followed = [
        each
        for each in network.of_types(WEIGHTED)
        if len(each.readers) == 1 and each.readers[0].type in NORMS and not each.result.frozen
    ]
    useless = [each for each in followed if getattr(each.layer, "bias", False)]
    useless = [each for each in useless if not is_expression(network.given(each, "bias"))]
    biases = sum(each.width for each in useless)
    parameters = network.analysis.totals.parameters
    mixed = bool(useless) and len(useless) < len(followed)
    cheap = parameters >= _LARGE and biases < _BIASES * parameters
    if not useless or (cheap and not mixed):
        return
    others = f"; {plural(len(followed) - len(useless), 'other layer')} before a norm has none"
    yield Advice(
        sentence=f"{names(useless)} {'adds a bias' if len(useless) == 1 else 'add biases'} that "
        "the norm behind subtracts again with the mean.",
        evidence=f"{biases:,} of {parameters:,} parameters have no effect{others * mixed}.",
        remedies=_all_nodes(
            f"remove {plural(len(useless), 'bias', 'biases')} before norms", useless, "bias", False
        ),
        location=at(useless[0]),
    )


def zero_weights(case: Case) -> Iterable[Advice]:
    """Find two weighted layers in a row whose weights all begin with the same value."""
    network, recipe = case.network, case.recipe
    if network is None or (recipe is not None and recipe.initial_weights):
        return
    of_recipe = value(recipe, "initialization.name")
    same = ("zeros", "constant")

    def is_same(place: Place) -> bool:
        own = getattr(place.layer, "weight_init", "default")
        return own in same or (own == "default" and of_recipe in same)

    for second in network.of_types(WEIGHTED):
        first = _before(second, None)
        if first is None or not (is_same(first) and is_same(second)):
            continue
        if first.result.frozen or second.result.frozen:
            continue
        changed = [
            each
            for each in network.of_types(WEIGHTED)
            if getattr(each.layer, "weight_init", "default") in same
        ]
        remedies = _all_nodes("initialize them at random", changed, "weight_init", "kaiming_normal")
        if recipe is not None and of_recipe in same:
            label = "initialize each layer as the design says"
            remedies = (*setting(recipe, label, initialization__name="design"), *remedies)
        count = sum(is_same(each) for each in network.of_types(WEIGHTED))
        yield Advice(
            sentence=f"All weights of {first.path} and {second.path} begin with the same value: "
            "their units stay equal, since all of them get the same gradient, or none.",
            evidence=f"{count} of {plural(len(list(network.of_types(WEIGHTED))), 'layer')} with "
            "weights begin so.",
            remedies=remedies,
            location=at(second),
        )
        return


def dropout_before_norm(case: Case) -> Iterable[Advice]:
    """Find dropout whose noise a later norm over the batch learns, though prediction has none.

    Li et al. 2018, "Understanding the disharmony between dropout and batch normalization by
    variance shift". Where other paths go around either of them, as in residual and fractal
    networks, the shift is small and nothing is said.
    """
    network = case.network
    if network is None:
        return
    drops = [each for each in network.of_types(DROPOUTS) if getattr(each.layer, "p", 0) > 0]
    norms = list(network.of_types(NORMS))
    if not drops or not norms:
        return
    narrow = network.narrow()
    for drop in drops:
        behind = next((each for each in norms if each.number > drop.number), None)
        if behind is None or not {drop.number, behind.number} <= narrow:
            continue
        p = float(getattr(drop.layer, "p", 0.0))
        yield Advice(
            sentence=f"{drop.path} drops values before the norm {behind.path}, which learns a "
            "larger variance than it meets when the network predicts: put dropout behind the last "
            "norm, or leave it out.",
            evidence=f"At a rate of {p:g}, the mean square of what it gives is "
            f"{1 / (1 - p):.3g} times as large in training."
            if p < 1
            else "At a rate of 1 nothing is left of what it gets.",
            remedies=(
                Remedy(
                    label=f"remove {drop.node}",
                    fix=Fix(f"remove {drop.node}", _removal(drop)),
                ),
            ),
            location=at(drop),
        )
        return


def _removal(place: Place) -> Edit:
    return lambda design: edits.remove_node(design, place.node, block=place.block)


def batch_of_one(case: Case) -> Iterable[Advice]:
    """Find a norm over a batch of one image, whose statistics are those of a single picture."""
    network, recipe = case.network, case.recipe
    if network is None or recipe is None or recipe.batch != 1:
        return
    norms = [each for each in network.of_types(NORMS) if not each.result.frozen]
    if norms:
        yield Advice(
            sentence=f"{names(norms)} {'takes' if len(norms) == 1 else 'take'} mean and variance "
            "of a batch, which is a single image: they say little about the others.",
            evidence=f"The batch is 1, and {plural(len(norms), 'layer')} "
            f"{'normalizes' if len(norms) == 1 else 'normalize'} over it.",
            remedies=setting(recipe, "set the batch to 32", batch=32),
            location=at(norms[0]),
        )


def unscaled_pictures(case: Case) -> Iterable[Advice]:
    """Find pictures of 0 to 255 in front of a weighted layer."""
    network, recipe = case.network, case.recipe
    if network is None or recipe is None or value(recipe, "data.preprocessing") != "none":
        return
    if case.analysis is not None and not takes_picture(case.analysis):
        return
    first = next((each for each in network.places if each.type in WEIGHTED | NORMS), None)
    if first is not None and first.type in WEIGHTED:
        yield Advice(
            sentence=f"{first.path} gets pictures as they are stored: values this large make its "
            "first steps far too large.",
            evidence="Without preprocessing, pixels are numbers from 0 to 255; standardized, they "
            "have a mean of 0 and a deviation of 1.",
            remedies=setting(recipe, "standardize the pictures", data__preprocessing="standardize"),
            location=at(first),
        )


# Words, and edits of several nodes


def at(place: Place) -> Location:
    """Return where a layer stands."""
    return Location(place.path, place.block, place.node)


def names(places: Sequence[Place]) -> str:
    """Return the path of the first of some layers, and how many more there are."""
    if len(places) == 1:
        return places[0].path
    rest = "1 more layer" if len(places) == 2 else f"{len(places) - 1:,} more layers"
    return f"{places[0].path} and {rest}"


def plural(count: int, noun: str, several: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def _parameters(place: Place) -> int:
    return sum(prod(each.shape) for each in place.layer.states(_inputs(place)))


def _inputs(place: Place) -> list[Tensor]:
    return [each for each in place.result.inputs if each is not None]


def _all_nodes(
    label: str, places: Iterable[Place], parameter: str, new: Value
) -> tuple[Remedy, ...]:
    """Return the remedy that sets a parameter of several nodes in one step; none for no nodes."""
    nodes = list(dict.fromkeys((each.block, each.node) for each in places))

    def edit(design: Design) -> Design:
        for block, node in nodes:
            design = edits.set_parameter(design, node, parameter, new, block=block)
        return design

    return (Remedy(label=label, fix=Fix(label, edit)),) if nodes else ()
