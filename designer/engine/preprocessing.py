"""The preprocessing that the training part of a data set gives."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from designer.data import PictureForm, PreparedData
from designer.data.columns import ArrayColumn, Column
from designer.data.decoding.store import PictureStore
from designer.data.decoding.stores import Stores
from designer.data.texts import TextColumn
from designer.engine.augmentation.pictures import Pictures
from designer.engine.class_weights import class_weights
from designer.engine.fitting import FITTING, Training
from designer.recipe.columns import are_numbers
from designer.recipe.recipe import Recipe
from designer.runs.network import InputInfo
from designer.runs.preprocessing import InputPreprocessing, Preprocessing

_CHUNK = 4096  # examples that are read at once
_CONSTANT = 1e-7  # deviation over mean that is only float32 rounding


def with_color_components(
    preprocessing: Preprocessing, images: PreparedData, order: Tensor, stores: Stores
) -> Preprocessing:
    """Return a preprocessing with the principal components of the training part's colors.

    They depend on the data alone, so that a run without a record of them finds them again.
    """
    store = stores.get("train")
    components = images.color_components(order.numpy(), None if store is None else store.images)
    rows = tuple(tuple(map(float, row)) for row in components)
    return msgspec.structs.replace(preprocessing, color_components=rows)


def _at_size(images: NDArray[Any], form: PictureForm) -> NDArray[Any]:
    """Return images at the size of a form; those of larger ones are made smaller, in float."""
    size = form.height, form.width
    if images.shape[2:] == size:
        return images
    smaller = Pictures(torch.from_numpy(images), size).pixels().numpy()
    return smaller * 255 if images.dtype == np.uint8 else smaller


def fitted_preprocessing(
    images: PreparedData,
    recipe: Recipe,
    order: Tensor | None = None,
    store: PictureStore | None = None,
    *,
    inputs: Sequence[InputInfo] = (),
) -> Preprocessing:
    """Return the preprocessing that the training part gives.

    Parameters
    ----------
    images
        The data set.
    recipe
        The recipe with the preprocessing, and the loss, which may have class weights.
    order
        The order in which the first epoch takes the training part; see `statistics_sample`.
    store
        Where the pictures of the training part are decoded; None reads them here.
    inputs
        Of a network that takes no picture.
    """
    if images.picture_form is None:
        return _of_inputs(images, recipe, inputs)
    given = None if order is None else order.numpy(), None if store is None else store.images
    form = images.form
    kind = recipe.data.preprocessing
    training = Training(
        channels=form.channels,
        bytes_=images.parts.train.dtype == np.uint8,
        levels=images.gray_range is not None,
        statistics=lambda: images.statistics(*given),
        pictures=lambda: (_at_size(chunk, form) for chunk in images.sampled(*given)),
        epsilon=recipe.data.whitening_epsilon,
    )
    nothing = {"mean": (0.0,) * form.channels, "deviation": (1.0,) * form.channels}
    fields = {**nothing, **FITTING[kind](training)}
    mean = tuple(map(float, training.statistics()[0]))
    found = Preprocessing(
        input=(form.channels, form.height, form.width),
        kind=kind,
        **fields,
        color_mean=() if fields["mean"] == mean else mean,
        **_meaning(images, recipe),
        fit=form.fit,
        gray_range=images.gray_range,
    )
    return msgspec.structs.replace(found, arrays=found.fingerprint)


def _meaning(images: PreparedData, recipe: Recipe) -> dict[str, Any]:
    """Return the fields that say what the outputs stand for."""
    target = images.data.target
    return {
        "classes": target.values if target.kind == "classes" else (),
        "labels": target.values if target.kind == "labels" else (),
        "numbers": target.values if target.kind == "numbers" else (),
        "gives_input": target.kind == "input",
        "class_weights": class_weights(recipe.loss, images.parts.train.labels, images.data.outputs),
    }


def _of_inputs(images: PreparedData, recipe: Recipe, inputs: Sequence[InputInfo]) -> Preprocessing:
    """Return the preprocessing of a network that takes no picture."""
    found = []
    for each in inputs:
        column = images.parts.train.inputs[each.name]
        stored = images.data.train.inputs[each.name]
        columns = stored.columns if isinstance(stored, ArrayColumn) else ()
        vocabulary = stored.vocabulary if isinstance(stored, TextColumn) else None
        mean: tuple[float, ...] = ()
        deviation: tuple[float, ...] = ()
        if recipe.data.standardize and not each.integer:
            mean, deviation = _standardization(column, each.axis, are_numbers(columns))
        found.append(
            InputPreprocessing(
                name=each.name,
                shape=each.shape,
                integer=each.integer,
                axis=each.axis,
                mean=mean,
                deviation=deviation,
                bytes=column.dtype == np.uint8 and not each.integer,
                columns=columns,
                vocabulary=vocabulary,
            )
        )
    return Preprocessing(inputs=tuple(found), **_meaning(images, recipe))


def _standardization(
    column: Column, axis: int, numbers: Sequence[bool]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation along an axis of values, bytes scaled to 0 to 1.

    A value that does not vary has the deviation 1, so that dividing by it is safe. The values of a
    column of texts, which are 0 and 1, stay as they are.
    """
    scale = 255 if column.dtype == np.uint8 else 1
    chunks = np.array_split(np.arange(len(column)), -(-len(column) // _CHUNK))

    def rows() -> Iterator[NDArray[np.float64]]:
        for chunk in chunks:
            values = np.moveaxis(column.read(chunk).astype(np.float64) / scale, 1 + axis, -1)
            yield values.reshape(-1, values.shape[-1])

    count = sum(len(each) for each in rows())
    mean = sum(each.sum(axis=0) for each in rows()) / count
    variance = sum(np.square(each - mean).sum(axis=0) for each in rows()) / count
    deviation = np.sqrt(variance)
    deviation = np.where(deviation > _CONSTANT * np.abs(mean), deviation, 1.0)
    if numbers:
        mean, deviation = np.where(numbers, mean, 0.0), np.where(numbers, deviation, 1.0)
    return tuple(map(float, mean)), tuple(map(float, deviation))
