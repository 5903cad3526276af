"""Whether a data set fits a design, in a sentence, and the edits that make it fit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.problems import Fix
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.documents.training_problem import recipe_fix
from designer.known_data.titles import BUILT_IN, built_in_for, data_title
from designer.recipe.losses import LOSSES, Targets, losses_for
from designer.recipe.misfits import Misfit, misfit, whole_numbers_are_classes
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, fields, other_data

if TYPE_CHECKING:
    from designer.data import Description
    from designer.data.findings import Finding

# Above this ratio between the sizes of images and input, a remedy is offered besides scaling.
_FAR = 1.5


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
    fixes
        Edits of the design and changes of the recipe that make them fit.
    """

    refusal: str = ""
    warning: str = ""
    note: str = ""
    fixes: tuple[Fix, ...] = ()


def match(analysis: Analysis, data: "Description", recipe: Recipe) -> Match:
    """Compare a data set with the inputs and outputs of a design, and with the loss."""
    whole = data.as_classes is not None
    data = for_recipe(data, recipe)
    data = replace(data, name=data_title(recipe.data.source, data.name))
    if question := next((each for each in data.findings if each.kind == "question"), None):
        return Match(question.sentence, fixes=choices(question))
    shapes = [port.shape for port in analysis.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3:
        return Match(
            "A training needs one image as input: give the design one Input of shape channels, "
            "height, width."
        )
    channels, height, width = shapes[0]

    def input_fixes(size: tuple[int, int, int], *, checked: bool = False) -> tuple[Fix, ...]:
        edit = _input_edit(analysis, size)
        if edit is None or (checked and not _stays_valid(analysis.design, edit)):
            return ()
        return (Fix(f"set the input to {_shape(size)}", edit),)

    own = (data.channels, data.heights[1], data.widths[1])
    if data.channels != channels and {data.channels, channels} != {1, 3}:
        last = [each for each in analysis.problems if each.code == "channels-last"]
        because = f" {last[0].message}." if last else ""
        return Match(
            f"The images of {data.name} have {_channels(data.channels)}, but the design's input "
            f"has {channels}.{because}",
            fixes=input_fixes(own),
        )
    loss = LOSSES[recipe.loss.name]
    targets: Targets = data.kind
    if targets not in loss.targets:
        fitting = LOSSES[losses_for(targets)[0]]
        remedies = [recipe_fix(f"use the {fitting.title}", with_value("loss.name", fitting.name))]
        for kind in sorted(_also_read_as(data).intersection(loss.targets)):
            as_kind = with_value("data.targets", kind)
            remedies.append(recipe_fix(f"read the {targets} as {kind}", as_kind))
        return Match(
            f"{data.name} has {targets} as targets, but {loss.title} needs "
            f"{' or '.join(loss.targets)}.",
            fixes=tuple(remedies),
        )
    if wrong := misfit(recipe, name=data.name, targets=targets, outputs=data.outputs):
        fix = recipe_fix(wrong.remedy, with_value(wrong.setting, wrong.value))
        return Match(_titled(wrong), fixes=(fix,))
    for problem in training.output_problems(analysis):
        return Match(f"{problem.message}.", fixes=problem.fixes)
    if refusal := training.refusal(analysis, recipe.batch):
        set_batch = recipe_fix("set the batch to 2", with_value("batch", 2))
        of_batch = training.batch_problems(analysis, recipe.batch)
        trained = bool(analysis.totals.parameters)
        return Match(refusal, fixes=(set_batch,) if trained and of_batch else ())
    if first_label := _first_label_refusal(data, recipe):
        return first_label
    numeric: tuple[Fix, ...] = ()  # for numbers that were read as classes
    if whole and data.classes:
        title = LOSSES["mean_squared_error"].title
        numeric = (recipe_fix(f"use the {title}", with_value("loss.name", "mean_squared_error")),)
    note = f" {data.note}" if data.note else ""
    for output in analysis.outputs:
        if output.shape[0] != data.outputs and (gap := _gaps(data, output.shape[0])):
            return Match(gap + note, fixes=numeric)
        if output.shape[0] != data.outputs and data.lowest_label:
            return Match(_begin_later(data), fixes=(_first_label(data),))
        if output.shape[0] != data.outputs:
            count = _count(data)
            outputs = outputs_fix(analysis, data.outputs, count)
            of_design = (outputs,) if outputs else ()
            return Match(
                f"{data.name} has {count}, but {output.name} has {_values(output.shape[0])}.{note}",
                fixes=(*numeric, *of_design) if output.shape[0] == 1 else (*of_design, *numeric),
            )
    counts = split_counts(data, recipe)
    if counts["train"] < recipe.batch:
        number = max(counts["train"], 1)
        return Match(
            f"A batch of {numbers.count(recipe.batch)} is more than the "
            f"{numbers.count(counts['train'])} training images.",
            fixes=(
                recipe_fix(
                    f"set the batch to {numbers.count(number)}", with_value("batch", number)
                ),
            ),
        )
    if "validation" not in counts:
        return Match(
            "No images are left for validation.",
            fixes=(recipe_fix("keep 10 % for validation", with_value("data.validation", 0.1)),),
        )
    notes: list[str] = []
    fixes: tuple[Fix, ...] = ()
    warnings: list[str] = []
    for problem in training.loss_problems(analysis, recipe.loss.name):
        warnings.append(f"{problem.message}.")
        fixes += problem.fixes
    if data.lowest_label:
        warnings.append(_begin_later(data))
        fixes += (_first_label(data),)
    if data.note:
        notes.append(data.note)
    for found in (*data.findings, *_balance(data, recipe)):
        if found.kind == "warning":
            warnings.append(found.sentence)
        fixes += choices(found)
    if data.absent:
        notes.append(_never_occur(data))
    if data.channels != channels:
        gray = "Gray images are repeated for 3 channels."
        notes.append(gray if channels == 3 else "Color images are converted to gray.")
        if recipe.data.source in BUILT_IN:
            offered = built_in_for(channels)
            fixes += (recipe_fix(BUILT_IN[offered].offer, with_values(other_data(offered))),)
    if (height, width) != (own[1], own[2]) or data.heights[0] != data.heights[1]:
        notes.append(f"Images are scaled to {height}×{width}.")
        factor = max(height / own[1], own[1] / height)
        if factor > _FAR and data.heights[0] == data.heights[1]:
            fixes += input_fixes((channels, own[1], own[2]), checked=True)
    return Match(warning=" ".join(warnings), note=" ".join(notes), fixes=fixes)


def _also_read_as(data: "Description") -> frozenset[Targets]:
    """Return the other kinds of targets that the targets of data may be read as."""
    if data.kind == "classes":
        return frozenset({"labels"})
    if data.kind == "numbers" and data.outputs == 1:  # they may number classes
        return frozenset({"classes"})
    return frozenset()


def _titled(wrong: Misfit) -> str:
    """Return the sentence of a misfit with the title of the setting in place of its name."""
    return wrong.sentence.replace(wrong.setting, fields()[wrong.setting].setting.title, 1)


def _begin_later(data: "Description") -> str:
    from designer.data.labels import begin_later  # with numpy, which takes 0.1 s

    return begin_later(data.name, data.lowest_label)


def for_recipe(data: "Description", recipe: Recipe) -> "Description":
    """Return data as a recipe reads them: whole floats as classes for a loss that needs these."""
    if data.as_classes is not None and whole_numbers_are_classes(recipe):
        data = data.as_classes
    return data.from_first_label(recipe.data.first_label)


def _gaps(data: "Description", size: int) -> str:
    """Return why class numbers with many gaps do not fit an output of a size, "" if they may."""
    from designer.data.labels import gaps

    classes = data.outputs - data.lowest_label
    return gaps(data.name, classes, len(data.absent)) if size != classes else ""


def _never_occur(data: "Description") -> str:
    from designer.data.labels import never_occur

    return never_occur(data.name, data.absent)


def _first_label_refusal(data: "Description", recipe: Recipe) -> Match | None:
    """Return the refusal of a first label that was set but does not fit, or None."""
    first = recipe.data.first_label
    if not first or (data.classes and data.classes[0] == str(first)):
        return None
    if data.classes:
        message = (
            f"The labels of {data.name} begin at {data.lowest_label}, but the first label is "
            f"{first}."
        )
    else:
        message = (
            f"{data.name} has {data.kind} as targets, but the first label is {first}, which is for "
            "classes."
        )
    lowest = data.lowest_label
    fix = recipe_fix(f"set the first label to {lowest}", with_value("data.first_label", lowest))
    return Match(message, fixes=(fix,))


def _first_label(data: "Description") -> Fix:
    first = data.lowest_label
    return recipe_fix(f"number the classes from {first}", with_value("data.first_label", first))


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


def outputs_fix(analysis: Analysis, number: int, count: str) -> Fix | None:
    """Return the edit that gives the outputs of a design a size; None if none is clear.

    Parameters
    ----------
    analysis
        That of the design.
    number
        The size.
    count
        The size in words: 10 classes.
    """
    edit = _outputs_edit(analysis, number)
    return Fix(f"set the design to {count}", edit) if edit else None


def _count(data: "Description") -> str:
    """Return how many classes, labels or targets data have, in words."""
    if data.classes:
        return f"{data.outputs} classes"
    thing = "label" if data.kind == "labels" else "target"
    return f"1 {thing}" if data.outputs == 1 else f"{data.outputs} {thing}s"


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


def _balance(data: "Description", recipe: Recipe) -> "tuple[Finding, ...]":
    from designer.data.balance import balance_findings  # with numpy, which takes 0.1 s

    return balance_findings(data.name, data.target, data.class_counts, recipe)


def choices(found: "Finding") -> tuple[Fix, ...]:
    """Return the answers to a question about data, or the remedies, as changes of the recipe."""
    return tuple(recipe_fix(each.label, with_values(each.settings)) for each in found.choices)


def with_value(name: str, value: object) -> Callable[[Recipe], Recipe]:
    """Return the change of a recipe that sets one setting, and what follows from it."""
    return with_values({name: value})


def with_values(changes: Mapping[str, object]) -> Callable[[Recipe], Recipe]:
    """Return the change of a recipe that sets some settings, and what follows from them."""
    return lambda recipe: changed(recipe, {**changes, **consequences(recipe, changes)})


def _shape(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def _values(number: int) -> str:
    return "1 value" if number == 1 else f"{numbers.count(number)} values"


def _channels(number: int) -> str:
    return f"{number} channel" if number == 1 else f"{number} channels"
