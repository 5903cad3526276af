"""Whether a data set fits a design, in a sentence, and the edits that make it fit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.problems import Problem
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.recipe.losses import LOSSES
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences

if TYPE_CHECKING:
    from designer.data import Description

# Above this ratio between the sizes of images and input, a remedy is offered besides scaling.
_FAR = 1.5


class Remedy(NamedTuple):
    """A button's text, and the edit of the design or the change of the recipe that it makes."""

    label: str
    edit: Edit | None = None
    change: Callable[[Recipe], Recipe] | None = None


@dataclass(frozen=True)
class Match:
    """Whether a data set fits a design.

    Attributes
    ----------
    refusal
        Why they cannot be trained together, "" if they can.
    warning
        What makes the training worse than it need be, "" for nothing.
    note
        How images are converted for the network, "" if they are used as they are.
    remedies
        Edits that make them fit, each with the text of its button.
    """

    refusal: str = ""
    warning: str = ""
    note: str = ""
    remedies: tuple[Remedy, ...] = ()


def match(analysis: Analysis, data: "Description", recipe: Recipe) -> Match:
    """Compare a data set with the inputs and outputs of a design, and with the loss."""
    data = data.from_first_label(recipe.data.first_label)
    shapes = [port.shape for port in analysis.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        return Match(
            "A training needs one image as input: give the design one Input of shape channels, "
            "height, width."
        )
    channels, height, width = shapes[0]
    own = (data.channels, data.heights[1], data.widths[1])
    if data.channels != channels and {data.channels, channels} != {1, 3}:
        return Match(
            f"The images of {data.name} have {_channels(data.channels)}, but the design's input "
            f"has {channels}.",
            remedies=(Remedy(f"Set the input to {_shape(own)}", _input_edit(analysis, own)),),
        )
    loss, targets = LOSSES[recipe.loss.name], "classes" if data.classes else "numbers"
    if targets not in loss.targets:
        fitting = next(row for row in LOSSES.values() if targets in row.targets)
        return Match(
            f"{data.name} has {targets} as targets, but {loss.title} needs "
            f"{' or '.join(loss.targets)}.",
            remedies=(Remedy(f"Use the {fitting.title}", change=_with("loss.name", fitting.name)),),
        )
    for problem in training.output_problems(analysis):
        return Match(f"{problem.message}.", remedies=_fixes(problem))
    if refusal := training.refusal(analysis, recipe.batch):
        larger = Remedy("Set the batch to 2", change=_with("batch", 2))
        return Match(refusal, remedies=(larger,))
    for output in analysis.outputs:
        if output.shape[0] != data.outputs and data.lowest_label:
            return Match(_begin_later(data), remedies=(_first_label(data),))
        if output.shape[0] != data.outputs:
            edit = _outputs_edit(analysis, data.outputs)
            if data.classes:
                has = f"{data.name} has {data.outputs} classes"
                remedy = f"Set the design to {data.outputs} classes"
            else:
                has = f"{data.name} has {data.outputs} targets"
                remedy = f"Set the design to {data.outputs} targets"
            return Match(
                f"{has}, but {output.name} has {numbers.count(output.shape[0])} values.",
                remedies=(Remedy(remedy, edit),) if edit else (),
            )
    counts = split_counts(data, recipe)
    if counts["train"] < recipe.batch:
        number = max(counts["train"], 1)
        return Match(
            f"A batch of {numbers.count(recipe.batch)} is more than the "
            f"{numbers.count(counts['train'])} training images.",
            remedies=(
                Remedy(f"Set the batch to {numbers.count(number)}", change=_with("batch", number)),
            ),
        )
    if "validation" not in counts:
        return Match(
            "No images are left for validation.",
            remedies=(Remedy("Keep 10 % for validation", change=_with("data.validation", 0.1)),),
        )
    notes: list[str] = []
    remedies: tuple[Remedy, ...] = ()
    warnings: list[str] = []
    for problem in training.loss_problems(analysis, recipe.loss.name):
        warnings.append(f"{problem.message}.")
        remedies += _fixes(problem)
    if data.lowest_label:
        warnings.append(_begin_later(data))
        remedies += (_first_label(data),)
    if data.note:
        notes.append(data.note)
    if data.channels != channels:
        gray = "Gray images are repeated for 3 channels."
        notes.append(gray if channels == 3 else "Color images are converted to gray.")
    if (height, width) != (own[1], own[2]) or data.heights[0] != data.heights[1]:
        notes.append(f"Images are scaled to {height}×{width}.")
        factor = max(height / own[1], own[1] / height)
        if factor > _FAR and data.heights[0] == data.heights[1]:
            size = (channels, own[1], own[2])
            edit = _input_edit(analysis, size)
            if edit is not None and _stays_valid(analysis.design, edit):
                remedies += (Remedy(f"Set the input to {_shape(size)}", edit),)
    return Match(
        warning=" ".join(warnings),
        note=" ".join(notes),
        remedies=remedies,
    )


def _begin_later(data: "Description") -> str:
    from designer.data.labels import begin_later  # with numpy, which takes 0.1 s

    return begin_later(data.name, data.lowest_label)


def _first_label(data: "Description") -> Remedy:
    first = data.lowest_label
    return Remedy(f"Number the classes from {first}", change=_with("data.first_label", first))


def _fixes(problem: Problem) -> tuple[Remedy, ...]:
    return tuple([Remedy(fix.label[:1].upper() + fix.label[1:], fix.edit) for fix in problem.fixes])


def split_counts(data: "Description", recipe: Recipe) -> dict[str, int]:
    """Return the number of images in each part, by the rule of `designer.data.splitting`."""
    counts = dict(data.counts)
    whole = counts["train"]
    for part, share in (("test", recipe.data.test), ("validation", recipe.data.validation)):
        if part not in counts and share > 0:
            counts[part] = min(max(1, round(share * whole)), max(counts["train"] - 1, 0))
            counts["train"] -= counts[part]
    if recipe.data.limit is not None:
        counts["train"] = min(counts["train"], recipe.data.limit)
    return {part: counts[part] for part in ("train", "validation", "test") if part in counts}


def _outputs_edit(analysis: Analysis, number: int) -> Edit | None:
    """Return the edit that gives the outputs another size, or None if there is no clear one.

    It sets the argument ``classes``, the one argument that the last layers depend on, or the
    ``out_features`` of the last Linear.
    """
    design = analysis.design
    arguments: set[str] = set()
    layers: set[str] = set()
    for node, _ in analysis.top.layers():
        if "." in node:
            continue
        layer = design.graph.nodes.get(node)
        if isinstance(layer, LayerNode) and layer.layer == "Linear":
            value = layer.parameters.get("out_features")
            layers.add(node)
            if isinstance(value, str) and value.startswith("="):
                name = value[1:].strip()
                if name in design.arguments:
                    arguments.add(name)
    if "classes" in design.arguments:
        return lambda design: edits.set_argument(design, "classes", number)
    if len(arguments) == 1:
        (name,) = arguments
        return lambda design: edits.set_argument(design, name, number)
    last = [node for node, _ in analysis.top.layers() if node in layers]
    if len(analysis.outputs) != 1 or not last:
        return None
    return lambda design: edits.set_parameter(design, last[-1], "out_features", number)


def _input_edit(analysis: Analysis, shape: tuple[int, int, int]) -> Edit | None:
    """Return the edit that gives the design's input another shape, or None if there is none."""
    name = analysis.inputs[0].name
    node = analysis.design.graph.nodes.get(name)
    if not isinstance(node, LayerNode):
        return None
    given = node.parameters.get("shape")
    given = given if isinstance(given, tuple) and len(given) == 3 else shape

    def edit(design: Design) -> Design:
        sizes: list[int | float | str | None] = []
        for old, size in zip(given, shape, strict=True):
            argument = old[1:].strip() if isinstance(old, str) and old.startswith("=") else ""
            if argument in design.arguments and (sizes.count(old) == 0 or shape[1] == shape[2]):
                design = edits.set_argument(design, argument, size)
                sizes.append(old)
            else:
                sizes.append(size)
        return edits.set_parameter(design, name, "shape", tuple(sizes))

    return edit


def _stays_valid(design: Design, edit: Edit) -> bool:
    from designer.analysis.analysis import analyze

    try:
        return analyze(edit(design)).valid
    except DesignerError:
        return False


def _with(name: str, value: object) -> Callable[[Recipe], Recipe]:
    changes = {name: value}
    return lambda recipe: changed(recipe, {**changes, **consequences(recipe, changes)})


def _shape(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def _channels(number: int) -> str:
    return f"{number} channel" if number == 1 else f"{number} channels"
