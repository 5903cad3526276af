"""Whether a data set fits a design, in a sentence, and the edits that make it fit."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.assist.features import features_misfit
from designer.analysis.assist.inputs import takes_picture, text_length
from designer.analysis.problems import Fix
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, LayerNode
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.documents.training_problem import recipe_fix
from designer.gui.training.text_matching import text_refusal
from designer.known_data.titles import BUILT_IN, built_in_for, data_title
from designer.recipe.data import other_data
from designer.recipe.losses import LOSSES, Targets, losses_for
from designer.recipe.misfits import (
    conflict,
    misfit,
    two_classes_are_a_label,
    whole_numbers_are_classes,
)
from designer.recipe.preprocessing import too_large
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, fields

if TYPE_CHECKING:
    from designer.data import Description
    from designer.data.findings import Finding

LOSS_SAID, BALANCE_SAID = "activation-before-loss", "imbalance"
"""Conditions of the doctor that a match says, too."""

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


def match(
    analysis: Analysis, data: "Description", recipe: Recipe, *, silenced: Collection[str] = ()
) -> Match:
    """Compare a data set with the inputs and outputs of a design, and with the loss.

    Parameters
    ----------
    analysis, data, recipe
        What is compared.
    silenced
        Conditions of the doctor that are no warnings, either.
    """
    whole = data.as_classes is not None
    data = for_recipe(data, recipe)
    data = replace(data, name=data_title(recipe.data.source, data.name))
    if question := next((each for each in data.findings if each.kind == "question"), None):
        return Match(question.sentence, fixes=choices(question))
    if data.kind == "tokens":
        return _text_match(analysis, data, recipe)
    if text_length(analysis) and any(len(port.shape) > 1 for port in analysis.outputs):
        return Match(
            f"{analysis.design.name or 'The design'} reads the tokens of a text and gives values "
            f"for the next ones, but {data.name} is none: choose a text file or a folder of them."
        )
    pictures = takes_picture(analysis)
    return (
        (_channels_refusal(analysis, data) if pictures and not data.inputs else None)
        or _inputs_refusal(analysis, data)
        or _recipe_refusal(analysis, data, recipe)
        or _outputs_refusal(analysis, data, numbers_as_classes=whole and bool(data.classes))
        or _parts_refusal(data, recipe)
        or _accepted(analysis, data, recipe, silenced)
    )


def _text_match(analysis: Analysis, data: "Description", recipe: Recipe) -> Match:
    """Compare a text with a design and the recipe."""
    refusal, fixes = text_refusal(analysis, data)
    if refusal:
        return Match(refusal, fixes=fixes)
    if refused := _recipe_refusal(analysis, data, recipe):
        return refused
    length = text_length(analysis)
    counts = split_counts(data, recipe, length)
    windows = counts["train"]
    if min(counts.values()) < 1:
        return Match(
            f"{data.name} is too short for parts of windows of {numbers.count(length)} tokens: "
            "choose a longer text, or read fewer tokens at once."
        )
    if "validation" not in counts:
        return Match(
            "No part of the text is left for validation.",
            fixes=(recipe_fix("keep 10 % for validation", with_value("data.validation", 0.1)),),
        )
    if windows < recipe.batch:
        count = max(1, windows)
        return Match(
            f"A batch of {numbers.count(recipe.batch)} is more than the {numbers.count(windows)} "
            f"windows of {numbers.count(length)} tokens that an epoch takes.",
            fixes=(
                recipe_fix(f"set the batch to {numbers.count(count)}", with_value("batch", count)),
            ),
        )
    warnings = [found.sentence for found in data.findings if found.kind == "warning"]
    return Match(warning=" ".join(warnings))


def _inputs_refusal(analysis: Analysis, data: "Description") -> Match | None:
    """Return why the inputs of data are not those of the design, or None."""
    from designer.data.named_inputs import Wanted, inputs_misfit  # with numpy, which takes 0.1 s

    pictures = takes_picture(analysis)
    wanted = [Wanted(port.name, port.shape, port.integer) for port in analysis.inputs]
    refusal = inputs_misfit(data, [] if pictures else wanted, network=analysis.design.name)
    if not refusal:
        return None
    own = [each.shape for each in data.inputs]
    if not own:
        own = [(data.channels, data.heights[1], data.widths[1])]
    fixes: tuple[Fix, ...] = ()
    if len(own) == len(wanted) == 1 and own[0] != wanted[0].shape:
        edit = _input_edit(analysis, own[0])
        fixes = (Fix(f"set the Input to {_shape(own[0])}", edit),) if edit is not None else ()
    return Match(refusal, fixes=fixes)


def _size(analysis: Analysis) -> tuple[int, int, int]:
    """Return channels, height and width of the design's input, which is an image."""
    channels, height, width = analysis.inputs[0].shape
    return channels, height, width


def _input_fixes(
    analysis: Analysis, size: tuple[int, int, int], *, checked: bool = False
) -> tuple[Fix, ...]:
    """Return the change of the input's size; none if, checked, the design would not be valid."""
    edit = _input_edit(analysis, size)
    if edit is None or (checked and not _stays_valid(analysis.design, edit)):
        return ()
    return (Fix(f"set the input to {_shape(size)}", edit),)


def _channels_refusal(analysis: Analysis, data: "Description") -> Match | None:
    """Return why the channels of the images do not fit, or None."""
    channels = _size(analysis)[0]
    own = (data.channels, data.heights[1], data.widths[1])
    if data.channels != channels and {data.channels, channels} != {1, 3}:
        last = [each for each in analysis.problems if each.code == "channels-last"]
        because = f" {last[0].message}." if last else ""
        return Match(
            f"The images of {data.name} have {_channels(data.channels)}, but the design's input "
            f"has {channels}.{because}",
            fixes=_input_fixes(analysis, own),
        )
    return None


def _recipe_refusal(analysis: Analysis, data: "Description", recipe: Recipe) -> Match | None:
    """Return which setting of the recipe does not fit the data or the design, or None."""
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
    pictures = takes_picture(analysis)
    if wrong := misfit(
        recipe, name=data.name, targets=targets, outputs=data.outputs, pictures=pictures
    ):
        fix = recipe_fix(wrong.remedy, with_value(wrong.setting, wrong.value))
        return Match(_titled(wrong.sentence, wrong.setting), fixes=(fix,))
    if pictures and (refusal := too_large(recipe.data.preprocessing, _size(analysis))):
        standardize = with_value("data.preprocessing", "standardize")
        return Match(
            _titled(refusal, "data.preprocessing"),
            fixes=(recipe_fix("standardize the pictures", standardize),),
        )
    if recipe.loss.center_weight and (
        refusal := features_misfit(analysis, recipe.loss.center_node)
    ):
        end = recipe_fix("train without the center loss", with_value("loss.center_weight", 0.0))
        return Match(_titled(refusal, "loss.center_node"), fixes=(end,))
    for problem in training.output_problems(analysis, targets):
        return Match(f"{problem.message}.", fixes=problem.fixes)
    if refusal := training.refusal(analysis, recipe.batch, targets=targets):
        set_batch = recipe_fix("set the batch to 2", with_value("batch", 2))
        of_batch = training.batch_problems(analysis, recipe.batch)
        trained = bool(analysis.totals.parameters)
        return Match(refusal, fixes=(set_batch,) if trained and of_batch else ())
    if wrong := conflict(recipe):
        fix = recipe_fix(wrong.remedy, with_value(wrong.setting, wrong.value))
        return Match(_titled(wrong.sentence, wrong.setting), fixes=(fix,))
    return _first_label_refusal(data, recipe)


def _outputs_refusal(
    analysis: Analysis, data: "Description", *, numbers_as_classes: bool
) -> Match | None:
    """Return why the size of an output does not fit the data, or None.

    Parameters
    ----------
    analysis, data
        What is compared.
    numbers_as_classes
        Whether whole numbers were read as classes, which may be wrong.
    """
    numeric: tuple[Fix, ...] = ()  # for numbers that were read as classes
    if numbers_as_classes:
        title = LOSSES["mean_squared_error"].title
        numeric = (recipe_fix(f"use the {title}", with_value("loss.name", "mean_squared_error")),)
    note = f" {data.note}" if data.note else ""
    if data.kind == "input":
        return _own_input_refusal(analysis)
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
    return None


def _own_input_refusal(analysis: Analysis) -> Match | None:
    """Return why a design cannot learn to give its own input, or None."""
    auto = recipe_fix("learn the labels instead", with_value("data.targets", "auto"))
    if len(analysis.inputs) > 1 or analysis.inputs[0].integer:
        return Match(
            "The target is the input itself, for which a design has one Input of decimal numbers.",
            fixes=(auto,),
        )
    wanted = analysis.inputs[0].shape
    for output in analysis.outputs:
        if output.shape != wanted:
            return Match(
                f"{output.name} is {_shape(output.shape)}, but the target is the input itself, so "
                f"that it must be {_shape(wanted)}: change the last layers.",
                fixes=(auto,),
            )
    return None


def _parts_refusal(data: "Description", recipe: Recipe) -> Match | None:
    """Return why too few images are left for training or validation, or None."""
    counts = split_counts(data, recipe)
    if counts["train"] < recipe.batch:
        number = max(counts["train"], 1)
        return Match(
            f"A batch of {numbers.count(recipe.batch)} is more than the "
            f"{numbers.count(counts['train'])} training {data.things}.",
            fixes=(
                recipe_fix(
                    f"set the batch to {numbers.count(number)}", with_value("batch", number)
                ),
            ),
        )
    if recipe.step_images is not None and counts["train"] < recipe.step_images:
        most = counts["train"] // recipe.batch
        return Match(
            f"{numbers.count(recipe.accumulation)} batches of {numbers.count(recipe.batch)} are "
            f"more than the {numbers.count(counts['train'])} training {data.things}.",
            fixes=(
                recipe_fix(
                    f"accumulate {numbers.count(most)}" if most > 1 else "do not accumulate",
                    with_value("accumulation", most),
                ),
            ),
        )
    if "validation" not in counts:
        return Match(
            f"No {data.things} are left for validation.",
            fixes=(recipe_fix("keep 10 % for validation", with_value("data.validation", 0.1)),),
        )
    return None


def _accepted(
    analysis: Analysis, data: "Description", recipe: Recipe, silenced: Collection[str]
) -> Match:
    """Return the warnings and notes on data that can be used."""
    pictures = takes_picture(analysis) and not data.inputs
    channels, height, width = _size(analysis) if pictures else (0, 0, 0)
    own = (data.channels, data.heights[1], data.widths[1])
    notes: list[str] = []
    fixes: tuple[Fix, ...] = ()
    warnings: list[str] = []
    softmax_said = LOSS_SAID in silenced
    for problem in () if softmax_said else training.loss_problems(analysis, recipe.loss.name):
        warnings.append(f"{problem.message}.")
        fixes += problem.fixes
    if data.lowest_label:
        warnings.append(_begin_later(data))
        fixes += (_first_label(data),)
    if data.note:
        notes.append(data.note)
    balance = () if BALANCE_SAID in silenced else _balance(data, recipe)
    for found in (*data.findings, *balance):
        if found.kind == "warning":
            warnings.append(found.sentence)
        fixes += choices(found)
    if data.absent:
        notes.append(_never_occur(data))
    if not pictures:
        return Match(warning=" ".join(warnings), note=" ".join(notes), fixes=fixes)
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
            fixes += _input_fixes(analysis, (channels, own[1], own[2]), checked=True)
    return Match(warning=" ".join(warnings), note=" ".join(notes), fixes=fixes)


def _also_read_as(data: "Description") -> frozenset[Targets]:
    """Return the other kinds of targets that the targets of data may be read as."""
    if data.kind == "classes":
        return frozenset({"labels"})
    if data.kind == "numbers" and data.outputs == 1:  # they may number classes
        return frozenset({"classes"})
    return frozenset()


def _titled(sentence: str, setting: str) -> str:
    """Return a sentence with the title of a setting in place of its name."""
    return sentence.replace(setting, fields()[setting].setting.title, 1)


def _begin_later(data: "Description") -> str:
    from designer.data.labels import begin_later  # with numpy, which takes 0.1 s

    return begin_later(data.name, data.lowest_label)


def for_recipe(data: "Description", recipe: Recipe) -> "Description":
    """Return data as a recipe reads them: whole floats as classes for a loss that needs these."""
    if data.as_classes is not None and whole_numbers_are_classes(recipe):
        data = data.as_classes
    if two_classes_are_a_label(recipe) and data.classes == ("0", "1"):
        data = _as_one_label(data)
    return data.from_first_label(recipe.data.first_label)


def _as_one_label(data: "Description") -> "Description":
    """Return data of the classes 0 and 1 as of one label; see `target_kinds.as_one_label`."""
    label = replace(data.target, kind="labels", values=(data.target.title or "1",))
    counts: dict[str, tuple[int, ...]] = {
        part: (each[1],) for part, each in data.class_counts.items()
    }
    return replace(data, target=label, class_counts=counts)


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


def split_counts(data: "Description", recipe: Recipe, length: int = 0) -> dict[str, int]:
    """Return the number of images in each part, by the rule of `designer.data.splitting`.

    Of a text, these are windows of a length; the training part has those of an epoch.
    """
    counts = dict(data.counts)
    text = data.inputs[0].text if data.kind == "tokens" else None
    if text is not None and length:
        counts["train"] = (text.tokens - 1) // length
    resampled = recipe.data.resampling != "none" and text is None
    if resampled:
        counts["train"] += counts.pop("validation", 0)
    whole = counts["train"]
    shares = {"test": recipe.data.test, "validation": recipe.data.validation * (not resampled)}
    for part, share in shares.items():
        if part not in counts and share > 0:
            counts[part] = min(max(1, round(share * whole)), max(counts["train"] - 1, 0))
            counts["train"] -= counts[part]
    if resampled:
        counts |= _resampled(counts["train"], recipe)
    if recipe.data.limit is not None:
        counts["train"] = min(counts["train"], recipe.data.limit)
    if text is not None and recipe.data.windows is not None:
        counts["train"] = recipe.data.windows
    return {part: counts[part] for part in ("train", "validation", "test") if part in counts}


def _resampled(count: int, recipe: Recipe) -> dict[str, int]:
    """Return how many examples of a number are trained on and held out.

    Of a bootstrap, these are as many as are expected: which are drawn is decided by chance.
    """
    if recipe.data.resampling == "bootstrap":
        return {"train": count, "validation": round(count * (1 - 1 / max(1, count)) ** count)}
    held_out = count // recipe.data.folds + (recipe.data.fold <= count % recipe.data.folds)
    return {"train": count - held_out, "validation": held_out}


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


def _input_edit(analysis: Analysis, shape: tuple[int, ...]) -> Edit | None:
    """Return the edit that gives the design's input another shape, or None if there is none."""
    name = analysis.inputs[0].name
    node = analysis.design.graph.nodes.get(name)
    if not isinstance(node, LayerNode):
        return None
    given = node.parameters.get("shape")
    given = given if isinstance(given, tuple) and len(given) == len(shape) else shape
    square = len(shape) != 3 or shape[1] == shape[2]

    def edit(design: Design) -> Design:
        sizes: list[int | float | str | None] = []
        for old, size in zip(given, shape, strict=True):
            argument = old[1:].strip() if isinstance(old, str) and old.startswith("=") else ""
            if argument in design.arguments and (sizes.count(old) == 0 or square):
                design = edits.set_argument(design, argument, size)
                sizes.append(old)
            else:
                sizes.append(size)
        return edits.set_parameter(design, name, "shape", tuple(sizes))

    return edit


def _stays_valid(design: Design, edit: Edit) -> bool:
    from designer.analysis.analysis import analyze
    from designer.runs import own_layers

    try:
        return analyze(edit(design), measured=own_layers.known(design)).valid
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
