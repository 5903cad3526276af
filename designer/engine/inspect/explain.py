"""Which parts of a picture speak for a class: the methods of `designer.runs.explanations`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from designer.analysis.evaluation.flat import Slot
from designer.data.pictures import Array
from designer.engine.inspect import pictures as reading
from designer.engine.inspect import prediction
from designer.engine.inspect.channels import as_maps, not_computed
from designer.engine.inspect.steps import Step, Steps
from designer.engine.inspect.subject import Loaded
from designer.errors import DesignerError
from designer.layers.activation import LogSoftmax, Sigmoid, Softmax
from designer.layers.category import Category
from designer.runs.explanations import EXPLANATIONS
from designer.runs.inspection import Picture

_BATCH = 32  # covered pictures computed at once
_PASSED = (Category.POOLING, Category.REGULARIZATION, Category.PORT)  # by the default node
_PATCHES = 7  # by default, patches side by side along the shorter side of the picture


@dataclass(frozen=True)
class Question:
    """What is to be explained, with the settings of the methods.

    Attributes
    ----------
    index
        The number of the output that stands for the class.
    node
        Where Grad-CAM is computed; "" for the default of `default_node`.
    patch, stride
        The side of the patch that covers the picture, and the step by which it moves, in pixels;
        None for a seventh of the shorter side, and for half of the patch.
    progress
        Called with the share that is done.
    """

    index: int
    node: str = ""
    patch: int | None = None
    stride: int | None = None
    progress: Callable[[float], None] = lambda _: None


def explain(
    loaded: Loaded,
    picture: Picture,
    *,
    method: str,
    wanted: str | None = None,
    node: str = "",
    patch: int | None = None,
    stride: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a map of the parts of a picture that speak for a class.

    Parameters
    ----------
    loaded
        The network; nothing of it is changed.
    picture
        What it is shown.
    method
        A name of `designer.runs.explanations.EXPLANATIONS`.
    wanted
        The class, label or number that is explained, by its name or the number of its output; None
        for the one that is predicted (of numbers, the first).
    node, patch, stride, progress
        As in `Question`.

    Returns
    -------
    dict
        ``method``, ``class``, its ``index`` among all ``classes``, its ``probability`` (of numbers,
        ``value``), the ``node`` ("" for methods without one), ``patch`` and ``stride`` (None
        likewise).
    dict of Array
        ``map``, float32 (height, width), in the size of the picture as the network sees it; and
        the picture so ``seen``, uint8 (height, width, channels).

    Raises
    ------
    DesignerError
        There is no such method, class or node, the method cannot be used there, the picture cannot
        be read, or the outputs for it are no numbers.
    """
    if method not in METHODS:
        known = ", ".join(METHODS)
        raise DesignerError(f"There is no method {method}: choose one of {known}.")
    if refusal := _refusal(loaded):
        raise DesignerError(refusal)
    images = reading.read([picture], loaded)
    batch = reading.network_input(images, loaded)
    with torch.inference_mode():
        output = loaded.network(batch)
    main = output if isinstance(output, Tensor) else output[0]
    answers = prediction.answers(loaded, main)[0]
    if not answers.isfinite().all():
        raise DesignerError(prediction.not_finite(picture))
    index = _index(loaded, answers, wanted)
    row = EXPLANATIONS[method]
    if row.at_node:
        node = node or default_node(loaded.steps)
    if row.moves_patch:
        patch, stride = _patch(batch, patch, stride)
    question = Question(index, node, patch, stride, progress)
    found = METHODS[method](loaded, batch, question)
    kind = "value" if loaded.preprocessing.targets == "numbers" else "probability"
    names = prediction.names(loaded, len(answers))
    fields = {
        "method": method,
        "class": names[index],
        "classes": list(names),
        "index": index,
        kind: float(answers[index]),
        "node": node if row.at_node else "",
        "patch": patch if row.moves_patch else None,
        "stride": stride if row.moves_patch else None,
    }
    whole = found.detach().float().cpu().contiguous().numpy()
    return fields, {"map": whole, "seen": reading.seen(images)[0]}


def _refusal(loaded: Loaded) -> str:
    """Return why nothing is explained for a network, "" if something is."""
    name, preprocessing = loaded.analysis.design.name, loaded.preprocessing
    if preprocessing.inputs:
        taken = " and ".join(
            f"{each.name} ({'×'.join(map(str, each.shape))})" for each in preprocessing.inputs
        )
        return (
            "Explanations color the parts of a picture that speak for an output, but "
            f"{name} takes {taken}, no picture: look at what its nodes compute instead."
        )
    if preprocessing.gives_input:
        return (
            "Explanations color the parts of a picture that speak for an output, but "
            f"{name} gives the whole picture again: look at what its nodes compute instead."
        )
    return ""


def default_node(steps: Steps) -> str:
    """Return where Grad-CAM is computed by default: the last image before pooling and flattening.

    It has the finest map of what the last convolutions found. Dropout, which passes images on
    unchanged, does not count.

    Raises
    ------
    DesignerError
        No node of the network gives an image.
    """
    for step in reversed(steps.steps):
        layer = step.result.layer
        passed = layer is not None and layer.category in _PASSED
        if not passed and not step.training_only and _gives_image(step):
            return step.path
    raise DesignerError(
        "No node of this network gives an image of more than one pixel, which Grad-CAM needs: "
        "choose another method."
    )


def _gives_image(step: Step) -> bool:
    output = step.result.outputs[0] if step.result.outputs else None
    return (
        output is not None
        and len(output.shape) == 3
        and bool(output.axes)
        and prod([output.shape[output.axes.index(axis)] for axis in (1, 2)]) > 1
    )


def _index(loaded: Loaded, answers: Tensor, wanted: str | None) -> int:
    if wanted is None:
        return 0 if loaded.preprocessing.targets == "numbers" else int(answers.argmax())
    names = prediction.names(loaded, len(answers))
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(answers):
        return int(wanted)
    some = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    raise DesignerError(f"The network has no output {wanted}: choose one of {some}.")


def _score(steps: Steps) -> Slot:
    """Return the tensor of scores: the main output, or what a last Softmax or Sigmoid reads.

    Behind a softmax, the gradient would also show what speaks against the other classes.
    """
    slot = steps.step(steps.outputs[0]).sources[0]
    if isinstance(steps.before(steps.outputs[0]), Softmax | LogSoftmax | Sigmoid):
        slot = steps.step(slot[0]).sources[0]
    return slot


def _gradient_of_score(
    loaded: Loaded, batch: Tensor, question: Question, node: str
) -> tuple[Tensor, Tensor]:
    """Return a node's value, and the gradient of the score with respect to it, both (1, ...).

    The weights need no gradient, so none is left behind.
    """
    steps, score = loaded.steps, _score(loaded.steps)
    kept: dict[Slot, Tensor] = {}

    def visit(path: str, port: int, value: Tensor) -> None:
        if (path, port) in ((node, 0), score):
            kept[path, port] = value

    with torch.enable_grad():
        steps.run(batch.detach().clone().requires_grad_(), visit)
        value, scores = kept.get((node, 0)), kept[score]
        if value is None:
            raise not_computed(steps, node)
        total = scores.flatten(1)[0, question.index]
        (gradient,) = torch.autograd.grad(total, value, allow_unused=True)
    if gradient is None:
        raise DesignerError(f"The scores do not depend on {node}: choose a node on their way.")
    return value.detach(), gradient


def _grad_cam(loaded: Loaded, batch: Tensor, question: Question) -> Tensor:
    """Return ``relu(sum_k mean(dy/dA_k) A_k)`` in the picture's size, by bilinear interpolation.

    The formulas are (1) and (2) of Selvaraju et al., "Grad-CAM: Visual Explanations from Deep
    Networks via Gradient-based Localization", ICCV 2017.
    """
    node, steps = question.node, loaded.steps
    step = steps.step_or_input(node)
    if step is not None and not _gives_image(step):
        raise DesignerError(
            f"{node} gives no image, so that Grad-CAM has nothing to weigh: choose a node before "
            "pooling and flattening."
        )
    value, gradient = _gradient_of_score(loaded, batch, question, node)
    maps, slopes = (as_maps(each[0], step)[0] for each in (value, gradient))
    weights = slopes.mean((1, 2), keepdim=True)
    found = (weights * maps).sum(0).relu()
    size = (batch.shape[2], batch.shape[3])
    return functional.interpolate(found[None, None], size, mode="bilinear")[0, 0]


def _input_gradient(loaded: Loaded, batch: Tensor, question: Question) -> Tensor:
    """Return ``max_c |dy/dx_c|`` at each pixel of the standardized picture.

    Section 3 of Simonyan et al., "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", 2013 (arXiv:1312.6034).
    """
    _, gradient = _gradient_of_score(loaded, batch, question, loaded.steps.inputs[0])
    return gradient[0].abs().amax(0)


def _occlusion(loaded: Loaded, batch: Tensor, question: Question) -> Tensor:
    """Return how far the probability falls if a pixel is covered, the mean over all such patches.

    Section 4.2 of Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
    2014. The patch has the mean color of the training pictures, 0 in a standardized picture.
    """
    height, width = batch.shape[2:]
    patch, stride = question.patch, question.stride
    assert patch is not None
    assert stride is not None
    places = [(y, x) for y in _starts(height, patch, stride) for x in _starts(width, patch, stride)]
    total = torch.zeros((height, width), dtype=torch.float64)
    count = torch.zeros_like(total)
    with torch.inference_mode():
        whole = _answer(loaded, batch, question.index)[0]
        for start in range(0, len(places), _BATCH):
            question.progress(start / len(places))
            some = places[start : start + _BATCH]
            covered = batch.repeat(len(some), 1, 1, 1)
            for row, (y, x) in enumerate(some):
                covered[row, :, y : y + patch, x : x + patch] = 0
            falls = (whole - _answer(loaded, covered, question.index)).cpu().double()
            for (y, x), fall in zip(some, falls, strict=True):
                total[y : y + patch, x : x + patch] += fall
                count[y : y + patch, x : x + patch] += 1
    question.progress(1.0)
    return total / count.clamp(min=1)


def _answer(loaded: Loaded, batch: Tensor, index: int) -> Tensor:
    output = loaded.network(batch)
    main = output if isinstance(output, Tensor) else output[0]
    return prediction.answers(loaded, main)[:, index]


def _patch(batch: Tensor, patch: int | None, stride: int | None) -> tuple[int, int]:
    """Return side and step of the patch.

    Raises
    ------
    DesignerError
        It does not fit into the picture, or would leave pixels out.
    """
    side = min(batch.shape[2:])
    patch = max(1, side // _PATCHES) if patch is None else patch
    if not 1 <= patch <= side:
        raise DesignerError(
            f"A patch of {patch} pixels does not fit into {batch.shape[3]}x{batch.shape[2]}: "
            f"choose from 1 to {side}."
        )
    stride = max(1, patch // 2) if stride is None else stride
    if not 1 <= stride <= patch:
        raise DesignerError(
            f"A step of {stride} pixels does not suit a patch of {patch}: choose from 1 to {patch}."
        )
    return patch, stride


def _starts(side: int, patch: int, stride: int) -> Sequence[int]:
    """Return where patches begin along a side; the last one ends at the border."""
    return sorted({*range(0, side - patch, stride), side - patch})


METHODS: Mapping[str, Callable[[Loaded, Tensor, Question], Tensor]] = {
    "gradcam": _grad_cam,
    "gradient": _input_gradient,
    "occlusion": _occlusion,
}
"""What computes each row of `EXPLANATIONS`, in the same order: from the network and a batch of one
picture (1, channels, height, width) to a map (height, width)."""
