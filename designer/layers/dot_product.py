"""What torch's scaled dot-product attention keeps and allocates, by the way that it computes it.

On the CPU torch has two ways (``_fused_sdp_choice_cpp`` in
``aten/src/ATen/native/transformers/sdp_utils_cpp.cpp``). The fused kernel never makes the scores as
a tensor. Where it cannot be used, torch multiplies, normalizes and multiplies again, a chain of
operations. The rules here are for queries, keys and values with the same batch, for tensors of
float32.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from designer.layers.layouts import (
    elementwise_layout,
    is_list_of_matrices,
    steps,
    swapped,
)
from designer.layers.tensors import CONTIGUOUS, FLOAT_BYTES, Layout, Shape, Tensor

_FUSED_AXES = (2, 3)
"""Numbers of axes that the fused kernel takes besides the batch: tokens and features, or heads
before these."""


class Needs(NamedTuple):
    """Which of queries, keys, values and added scores need a gradient."""

    query: bool
    key: bool
    value: bool
    bias: bool = False


class Kept(NamedTuple):
    """What is saved for backward.

    Attributes
    ----------
    query, key, value, bias
        Whether these tensors are.
    per_image
        Bytes of others for one image, without the output.
    output
        Bytes of the output for one image, if it is saved, too; else 0.
    """

    query: bool
    key: bool
    value: bool
    bias: bool
    per_image: int
    output: int = 0


def is_fused(tensors: Sequence[Tensor], *, dropout: bool, learned_bias: bool) -> bool:
    """Return whether torch takes the fused kernel for queries, keys and values.

    Parameters
    ----------
    dropout
        Whether scores are dropped.
    learned_bias
        Whether a gradient is needed for what is added to the scores.
    """
    query, _, value = tensors
    return (
        not dropout
        and not learned_bias
        and len(query.shape) in _FUSED_AXES
        and query.shape[-1] == value.shape[-1]
        and all(steps(each)[-1] == 1 for each in tensors)
    )


def output_layout(tensors: Sequence[Tensor], *, fused: bool) -> Layout:
    """Return the layout of the output: the fused kernel writes it as the queries lie."""
    return elementwise_layout(tensors[:1], tensors[0].shape) if fused else CONTIGUOUS


def scores_shape(tensors: Sequence[Tensor]) -> Shape:
    """Return the shape of the scores: a row for each query, a column for each key."""
    query, key, _ = tensors
    return (*query.shape[:-1], key.shape[-2])


def saved(
    tensors: Sequence[Tensor], needs: Needs, *, fused: bool, dropout: bool, bias: bool
) -> Kept:
    """Return what attention saves for the backward pass.

    Parameters
    ----------
    tensors
        Queries, keys and values.
    bias
        Whether something is added to the scores.
    """
    query, key, value = tensors
    rows = prod(query.shape[:-1])
    output = rows * value.shape[-1]
    if fused:  # all that it gets, its output, and the logarithm of the sum of each row
        return Kept(True, True, True, bias, FLOAT_BYTES * rows, FLOAT_BYTES * output)
    scores = prod(scores_shape(tensors))
    for_scores = needs.query or needs.key or needs.bias
    own = 0
    # Both factors of the scores are scaled, which makes new tensors.
    own += query.values if needs.key else 0
    own += key.values if needs.query else 0
    own += scores if for_scores or needs.value else 0  # the probabilities
    if dropout and for_scores:
        own += scores  # what is dropped
    if dropout and needs.value:
        own += scores  # the probabilities that are left
        own -= 0 if for_scores else scores
    copied = _is_copied(value, query.shape[:-2])
    own += value.values if for_scores and copied else 0
    return Kept(False, False, for_scores and not copied, False, FLOAT_BYTES * own)


def peak_values(tensors: Sequence[Tensor], *, fused: bool) -> int:
    """Return the most values that attention allocates at once without dropout, for one image."""
    query, key, value = tensors
    rows = prod(query.shape[:-1])
    output = rows * value.shape[-1]
    if fused:
        return output + rows
    scores = prod(scores_shape(tensors))
    leading = query.shape[:-2]
    # The scaled queries are alive until the end, the keys until the scores are made.
    scaled = query._replace(layout=elementwise_layout((query,), query.shape))
    turned = swapped(key)
    turned = turned._replace(layout=elementwise_layout((turned,), turned.shape))
    copies = sum(each.values for each in (scaled, turned) if _is_copied(each, leading))
    value_copy = value.values if _is_copied(value, leading) else 0
    return query.values + max(
        key.values + copies + scores,
        2 * scores,
        scores + value_copy + output,
    )


def _is_copied(tensor: Tensor, leading: Shape) -> bool:
    return not is_list_of_matrices(tensor, leading, batched=True)
