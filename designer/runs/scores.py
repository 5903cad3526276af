"""Figures of an evaluation, as ``labels.json`` and ``numbers.json`` of a run have them."""

import msgspec


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well one of several labels is predicted.

    Attributes
    ----------
    name
        The label.
    threshold
        The probability from which on it was predicted.
    support
        The number of images that have it.
    true_positives, false_positives, false_negatives
        The numbers of images with the label where it was predicted, without it where it was, and
        with it where it was not.
    precision
        Share of the predicted labels that are there; None if none was predicted.
    recall
        Share of the labels that are predicted; None if no image has it.
    f1
        Harmonic mean of both, 2 TP / (2 TP + FP + FN); None if the label is neither there nor
        predicted.
    """

    name: str
    threshold: float
    support: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: float | None
    recall: float | None
    f1: float | None


class NumberScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well a number is predicted.

    Attributes
    ----------
    name
        The number.
    mean_absolute_error, mean_squared_error
        Means of the absolute and of the squared differences.
    r2
        1 - (sum of squared differences) / (sum of squared deviations from the mean of the targets):
        1 for perfect predictions, 0 for those no better than the mean; None if all targets are
        equal.
    """

    name: str
    mean_absolute_error: float
    mean_squared_error: float
    r2: float | None
