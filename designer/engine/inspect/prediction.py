"""What a network says of pictures and other examples: classes, labels, or numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from designer.data.pictures.form import inner
from designer.engine.batches import form_of
from designer.engine.inputs import Inputs, call
from designer.engine.inspect import examples, reconstruction
from designer.engine.inspect import pictures as reading
from designer.engine.inspect.subject import Loaded
from designer.engine.losses import main_output
from designer.engine.passes import Passes, passes_of
from designer.errors import DesignerError
from designer.layers.activation import Sigmoid, Softmax
from designer.recipe.reading import changed
from designer.runs.inspection import Picture, recipe_of
from designer.shared_arrays import Arrays

_BATCH = 32  # pictures computed at once


def predict(
    loaded: Loaded,
    pictures: Sequence[Picture],
    *,
    top: int = 5,
    side: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[dict[str, Any]], Arrays]:
    """Return what a network says of each picture or other example.

    It is asked as its recipe says: of several views of each picture, or several times, whose
    answers are averaged.

    Parameters
    ----------
    loaded
        The network.
    pictures
        Of any sizes, or rows and arrays; one that cannot be read, or has outputs that are no
        numbers, does not stop the others.
    top
        The number of most probable classes that are named.
    side
        The longest side, in pixels, of the pictures that are returned; larger ones are averaged.
        None returns what the network saw, pixel by pixel.
    settings
        Of the recipe's group ``evaluation``, by their dotted names, to ask otherwise than it says.
    progress
        Called with the share that is done.

    Returns
    -------
    list of dict
        For each picture its ``file``, the number of its ``row`` from 1 if the file has several
        examples, and ``predictions``, or ``error``, a sentence. A prediction has ``class`` and
        ``probability``, or for a network of numbers ``name`` and ``value``. Of a network that gives
        its input again they are the ``squared error``, the mean over all values as the network
        gets them, and for a table the number that it gives for each column.
    dict of Array
        ``seen``: the pictures as the network saw them, uint8 (n, height, width, channels); black
        where one could not be read, and one pixel of what is no picture. ``given``, if the network
        gives its input again and this is a picture: the pictures that it gives.
    """
    gives_input = loaded.preprocessing.gives_input
    values_only = bool(loaded.preprocessing.inputs)
    channels, *size = (1, 1, 1) if values_only else reading.check_takes_pictures(loaded)
    if values_only:
        examples.given_inputs(loaded)  # refuses those that continue texts
    passes = passes_for(loaded, settings)
    form = None if values_only else passes.form(form_of(loaded.preprocessing))
    if side is not None and max(size) > side:
        size = [max(1, round(each * side / max(size))) for each in size]
    arrays = {"seen": np.zeros((len(pictures), *size, channels), np.uint8)}
    if gives_input and not values_only:
        arrays["given"] = np.zeros_like(arrays["seen"])
    found: list[dict[str, Any]] = []
    for start in range(0, len(pictures), _BATCH):
        progress(start / len(pictures))
        some = pictures[start : start + _BATCH]
        read: list[Any] = []
        rows: list[int] = []
        for number, each in enumerate(some, start):
            entry: dict[str, Any] = {"file": each.file or each.name}
            if each.row is not None:
                entry["row"] = each.row + 1
            try:
                read.append(
                    examples.values(loaded, each)
                    if values_only
                    else reading.read([each], loaded, form=form)
                )
            except DesignerError as error:
                entry["error"] = str(error)
            else:
                rows.append(number)
            found.append(entry)
        if not read:
            continue
        if values_only:
            inputs = examples.values_input(loaded, read)
        else:
            batch = np.concatenate(read)
            seen = inner(batch, loaded.preprocessing.picture[:0:-1])
            arrays["seen"][rows] = reading.averaged(reading.seen(seen), size)
            views = passes.views(form_of(loaded.preprocessing))
            inputs = reading.network_input(batch, loaded, views=views)
        if gives_input:
            answer, given = reconstruction.answers(loaded, inputs, passes)
            if "given" in arrays:
                arrays["given"][rows] = reading.averaged(reading.seen(given), size)
            named = reconstruction.named
        else:
            answer, named = _answers(loaded, inputs, passes, len(rows)), _named
        for row, values in zip(rows, answer.cpu(), strict=True):
            if values.isfinite().all():
                found[row]["predictions"] = named(loaded, values, top)
            else:
                found[row]["error"] = not_finite(pictures[row])
    progress(1.0)
    return found, arrays


def passes_for(loaded: Loaded, settings: Mapping[str, Any] | None = None) -> Passes:
    """Return how often a network is asked about each picture: as its recipe says.

    Parameters
    ----------
    loaded
        The network.
    settings
        Changes of the recipe's group ``evaluation``.
    """
    recipe = changed(recipe_of(loaded.subject), settings or {})
    if loaded.preprocessing.inputs or loaded.preprocessing.gives_input:
        recipe = changed(recipe, {"evaluation.test_time": "none"})  # which is of pictures
    return passes_of(recipe.evaluation, loaded.analysis, seed=recipe.seed)


def _answers(loaded: Loaded, inputs: Inputs, passes: Passes, count: int) -> Tensor:
    """Return the mean answers to all views of some examples, (count, k); see `answers`."""
    with torch.inference_mode(), passes.seeded(loaded.device):
        outputs = [call(loaded.network, inputs) for _ in range(passes.samples)]
    every = [answers(loaded, main_output(each)) for each in outputs]
    return torch.stack(every).mean(0).view(passes.kind.views, count, -1).mean(0)


def not_finite(picture: Picture) -> str:
    """Return what is said of outputs that are no numbers."""
    return (
        f"The network's outputs for {picture.mention} are NaN or infinite, as after a training "
        "that diverged: choose other weights, or train again with a lower learning rate."
    )


def answers(loaded: Loaded, output: Tensor) -> Tensor:
    """Return the main output as probabilities, or as it is for a network of numbers.

    Parameters
    ----------
    loaded
        The network.
    output
        Its main output, (n, ...).

    Returns
    -------
    Tensor
        (n, k) in float32: the softmax over classes, the sigmoid of labels, or values. A network
        that ends in a Softmax or a Sigmoid gives probabilities itself.

    Raises
    ------
    DesignerError
        The output is no list of values but, for example, an image.
    """
    values = output.float().flatten(1)
    if values.shape[1] != max(output.shape[1:]):
        shape = "x".join(map(str, output.shape[1:]))
        raise DesignerError(
            f"{loaded.analysis.design.name} gives {shape} values for an example, which are no list "
            "of classes or numbers: look at the maps of its nodes instead."
        )
    last = loaded.steps.before(loaded.steps.outputs[0])
    kind = loaded.preprocessing.targets
    if kind == "labels":
        return values if isinstance(last, Sigmoid) else values.sigmoid()
    if kind == "numbers":
        return values
    return values if isinstance(last, Softmax) else values.softmax(1)


def names(loaded: Loaded, count: int) -> tuple[str, ...]:
    """Return what the outputs are called: their numbers where the data do not name so many."""
    given = loaded.preprocessing
    named = given.classes or given.labels or given.numbers
    return named if len(named) == count else tuple(map(str, range(count)))


def _named(loaded: Loaded, values: Tensor, top: int) -> list[dict[str, Any]]:
    named = names(loaded, len(values))
    if loaded.preprocessing.targets == "numbers":
        return [
            {"name": name, "value": value}
            for name, value in zip(named, values.tolist(), strict=True)
        ]
    probabilities, order = values.topk(min(top, len(values)))
    return [
        {"class": named[index], "probability": probability}
        for index, probability in zip(order.tolist(), probabilities.tolist(), strict=True)
    ]
