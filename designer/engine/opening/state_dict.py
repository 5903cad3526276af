"""A file with tensors alone: the preset that they fit, with their values."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.analysis.report.tensors import Module, modules
from designer.design.values import Design
from designer.engine import weights as weights_of
from designer.errors import DesignerError
from designer.folding.patterns.converted import Weight
from designer.layers.tensors import Shape
from designer.runs.export_formats import LIBRARIES
from designer.runs.layouts import Stored, stored
from designer.runs.library_names import find
from designer.runs.weights import match
from designer.runs.weights_report import COUNTER

_CLASSES = "classes"
"""The argument of presets that says how many classes there are."""
_TRIED = 3  # presets whose number of classes is changed, and numbers that are tried for each


class Fit(NamedTuple):
    """A preset beside the tensors of a file.

    Attributes
    ----------
    preset
        Its name.
    design
        Its design, with the arguments that were read off the tensors.
    agree
        How many of the file's tensors have a tensor of their shape in it.
    needed
        How many tensors it has, batch counters left out.
    """

    preset: str
    design: Design
    agree: int
    needed: int


def network_of(weights: weights_of.Weights) -> tuple[Design, Mapping[str, Weight], str]:
    """Return the preset that the tensors of a file fit wholly, with their values and a note.

    Parameters
    ----------
    weights
        The tensors of the file.

    Raises
    ------
    DesignerError
        No preset fits. The sentence says what the file holds, and which preset comes nearest.
    """
    theirs = stored({name: tuple(each.shape) for name, each in weights.tensors.items()})
    theirs = [each for each in theirs if not each.name.endswith(COUNTER)]
    best: Fit | None = None
    for fit in fits(theirs):
        best = fit if best is None else best
        if fit.agree == fit.needed == len(theirs):
            analysis = analyze(fit.design)
            found = _values(weights, theirs, analysis)
            if found is not None:
                return fit.design, found, _note(fit, theirs)
    raise DesignerError(_refusal(weights.origin, theirs, best))


def fits(theirs: Sequence[Stored]) -> Iterator[Fit]:
    """Yield presets beside the tensors of a file, the nearest first."""
    shapes = Counter(each.shape for each in theirs)
    found = [_fit(name, presets.load(name), shapes) for name in presets.names()]
    found.sort(key=lambda each: -each.agree / max(each.needed, len(theirs), 1))
    for fit in found[:_TRIED]:
        yield from _with_classes(fit, shapes)
    yield from found


def _fit(name: str, design: Design, theirs: Counter[Shape]) -> Fit:
    ours = _shapes(modules(analyze(design)))
    return Fit(name, design, (ours & theirs).total(), ours.total())


def _shapes(ours: Sequence[Module]) -> Counter[Shape]:
    return Counter(
        shape for each in ours for own, shape in each.tensors.items() if not own.endswith(COUNTER)
    )


def _with_classes(fit: Fit, theirs: Counter[Shape]) -> Iterator[Fit]:
    """Yield a preset with other numbers of classes, which tensors that it lacks would have."""
    argument = fit.design.arguments.get(_CLASSES)
    if argument is None or not fit.agree:
        return
    left = theirs - _shapes(modules(analyze(fit.design)))
    counts = dict.fromkeys(shape[0] for shape in left if len(shape) in (2, 4))
    for count in [each for each in counts if each > 0][:_TRIED]:
        changed = replace(argument, default=count)
        arguments = {**fit.design.arguments, _CLASSES: changed}
        made = _fit(fit.preset, replace(fit.design, arguments=arguments), theirs)
        if made.agree > fit.agree:
            yield made


def _values(
    weights: weights_of.Weights, theirs: Sequence[Stored], analysis: Analysis
) -> dict[str, Weight] | None:
    """Return where each tensor of a design comes from; None if one is not found for sure."""
    ours = modules(analysis)
    pairs = _named_by_a_library(theirs, analysis)
    if pairs is None:
        report = match(ours, theirs, ordered=weights.ordered)
        if report.fresh or report.left_over or report.differing:
            return None
        pairs = {each.name: each.origin for each in report.taken}
    layouts = {each.origin: each for each in theirs}

    def reader(origin: str, image: tuple[int, ...] | None) -> Callable[[], Any]:
        def read() -> Any:
            tensor = weights_of.laid_out(weights.tensors[origin], layouts[origin], image)
            return (tensor.float() if tensor.is_floating_point() else tensor).numpy()

        return read

    found: dict[str, Weight] = {}
    for module in ours:
        for own in module.tensors:
            name = f"{module.path}.{own}"
            if name in pairs:
                found[name] = Weight(pairs[name], reader(pairs[name], module.image))
            elif own.endswith(COUNTER):
                found[name] = Weight("", lambda: np.zeros((), np.int64))
    return found


def _named_by_a_library(theirs: Sequence[Stored], analysis: Analysis) -> dict[str, str] | None:
    """Return the file's names by those of a design, if they are a library's for this network."""
    origins = {each.name: each.origin for each in theirs}
    for library in LIBRARIES:
        naming = find(analysis, library)
        if naming is None:
            continue
        names = {one: own for one, own in naming.names.items() if not one.endswith(COUNTER)}
        if names.keys() == origins.keys():
            return {own: origins[one] for one, own in names.items()}
    return None


def _note(fit: Fit, theirs: Sequence[Stored]) -> str:
    with_classes = ""
    if _CLASSES in fit.design.arguments:
        with_classes = f" with {fit.design.arguments[_CLASSES].default:,} classes"
    return (
        f"The file has tensors and no structure: all {len(theirs):,} fit the preset "
        f"{fit.preset}{with_classes}, which was opened. What has no tensors, such as activations "
        "and the size of the image, is the preset's."
    )


def _refusal(origin: str, theirs: Sequence[Stored], best: Fit | None) -> str:
    parameters = sum(prod(each.shape) for each in theirs)
    text = (
        f"{origin} has {len(theirs):,} tensors with {parameters:,} values and no structure"
        f"{_layers(theirs)}. "
    )
    if best is not None and 2 * best.agree > len(theirs):
        text += (
            f"No preset fits wholly; {best.agree:,} of them have the shapes of tensors of "
            f"{best.preset}, which has {best.needed:,}: open that, or the network that was "
            "trained, and load the file as its weights. "
        )
    else:
        text += (
            "No preset has half of these shapes: open the network that was trained, and load the "
            "file as its weights. "
        )
    return text + "To open the whole network, save it with torch.export.save as a .pt2 file."


def _layers(theirs: Sequence[Stored]) -> str:
    """Return which layers the tensors seem to be of, in words behind a comma."""
    names = {each.name for each in theirs}
    counts: Counter[str] = Counter()
    for each in theirs:
        module, _, own = each.name.rpartition(".")
        if own == "weight" and len(each.shape) in (3, 4, 5):
            counts["convolution"] += 1
        elif own == "weight" and len(each.shape) == 2:
            counts["linear layer"] += 1
        elif own == "running_mean" or (
            own == "weight" and len(each.shape) == 1 and f"{module}.running_mean" not in names
        ):
            counts["norm"] += 1
    words = [f"{n:,} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items()]
    return f", as of {', '.join(words)}" if words else ""
