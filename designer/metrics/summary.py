"""All figures of an evaluation as plain values, as ``netdesigner evaluate --json`` prints them.

Fractions are from 0 to 1. A figure that is not defined for the data, such as the recall of a class
without images, is None.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from designer.metrics import scores as figures_of
from designer.metrics.calibration import calibration
from designer.metrics.curves import curve, one_hot
from designer.metrics.probabilities import sigmoid, softmax
from designer.metrics.regression import errors
from designer.metrics.scores import AVERAGES, Counts

Array = NDArray[Any]
Figures = dict[str, Any]

TOP = 5


def probabilities(
    outputs: Array,
    meaning: Literal["logits", "probabilities", "values"],
    targets: Literal["classes", "labels", "numbers", "input", "tokens"],
) -> Array:
    """Return the outputs of a network for classes or labels as probabilities, float64 (n, k).

    Parameters
    ----------
    outputs
        (n, k).
    meaning
        What they are; ``values`` are returned as they are.
    targets
        What they stand for.
    """
    if meaning == "logits" and targets == "input":
        return sigmoid(outputs.reshape(len(outputs), -1)).reshape(outputs.shape)
    if meaning == "logits":
        return softmax(outputs) if targets == "classes" else sigmoid(outputs)
    return outputs.astype(np.float64)


class Asked(NamedTuple):
    """What a network was asked for.

    Attributes
    ----------
    targets
        What its outputs stand for.
    names
        Of the classes, labels or numbers.
    thresholds
        The probability from which on each label is predicted, or one for all.
    cost
        What it costs to predict class j for an image of class i; none without a cost matrix.
    """

    targets: Literal["classes", "labels", "numbers", "input", "tokens"]
    names: Sequence[str]
    thresholds: Sequence[float] = ()
    cost: Sequence[Sequence[float]] = ()


def all_figures(values: Array, predicted: Array | None, targets: Array, asked: Asked) -> Figures:
    """Return all figures of a network, of the kind of its targets.

    See `class_figures`, `label_figures`, `number_figures` and `input_figures`.

    Parameters
    ----------
    values
        (n, k): probabilities, or predicted numbers.
    predicted, targets
        What was decided, None for numbers, and what is right.
    asked
        What the values are.
    """
    names = asked.names
    if asked.targets == "input":
        return input_figures(values, targets)
    if asked.targets == "tokens" and predicted is not None:
        return token_figures(predicted, targets)
    if asked.targets == "numbers" or predicted is None:
        return number_figures(values, targets, names)
    if asked.targets == "classes":
        cost = np.array(asked.cost) if asked.cost else None
        return class_figures(values, predicted, targets, names, cost=cost)
    given = tuple(asked.thresholds)
    thresholds = given if len(given) == len(names) else given * len(names)
    return label_figures(values, predicted, targets, names, thresholds)


def class_figures(
    probability: Array,
    predicted: Array,
    targets: Array,
    names: Sequence[str],
    *,
    cost: Array | None = None,
) -> Figures:
    """Return the figures of a network for classes.

    Parameters
    ----------
    probability
        (n, classes).
    predicted, targets
        Class numbers, (n,).
    names
        Of the classes.
    cost
        See `designer.metrics.scores.mean_cost`; None without a cost matrix.

    Returns
    -------
    dict
        - ``accuracy``, ``top5``: the shares of images whose class is the most probable one, and
          among the five most probable. With five classes or fewer, ``top5`` is 1.
        - ``per_class``: for each class its name, ``class``, and ``precision``, ``recall``, ``f1``,
          ``support``, ``average_precision``, ``roc_auc`` and ``break_even``, the precision where
          it is equal to the recall.
        - ``macro``, ``weighted``, ``micro``: averages over the classes that occur or are predicted,
          in which an undefined precision or recall counts as 0, as in scikit-learn.
        - ``confusion``: entry (i, j) counts images of class i predicted as class j.
        - ``average_precision``, ``roc_auc``: of each class against all others, in their order.
        - ``calibration_error``: see `designer.metrics.calibration`.
        - ``cost``, the mean cost of the decisions, where there is a cost matrix.
    """
    matrix = figures_of.confusion(predicted, targets, len(names))
    counts = figures_of.counts_of_classes(matrix)
    there = one_hot(targets, len(names))
    own = (probability[np.arange(len(targets)), predicted], predicted == targets)
    found = {
        "accuracy": figures_of.accuracy(predicted, targets),
        "top5": figures_of.top_k(probability, targets, min(TOP, len(names))),
        **_by_output("class", "per_class", names, counts, probability, there),
        "confusion": matrix,
        "calibration_error": calibration(*own).error,
    }
    if cost is not None:
        found["cost"] = figures_of.mean_cost(matrix, cost)
    return _plain_figures(found)


def label_figures(
    probability: Array,
    predicted: Array,
    targets: Array,
    names: Sequence[str],
    thresholds: Sequence[float],
) -> Figures:
    """Return the figures of a network for several labels an image.

    Parameters
    ----------
    probability, predicted, targets
        (n, labels): the probabilities, and what is predicted and there, as 0 and 1.
    names, thresholds
        Of the labels: the probability from which on each is predicted.

    Returns
    -------
    dict
        As `class_figures`, with ``per_label``, ``label`` and ``threshold`` instead of ``per_class``
        and ``class``; ``accuracy`` is the share of right decisions, one for each label, and
        ``exact_match`` that of images all of whose labels are right. The calibration error is that
        of the probability that a label is there.
    """
    predicted, there = predicted.astype(bool), targets.astype(bool)
    counts = figures_of.counts_of_labels(predicted, there)
    found = {
        "accuracy": figures_of.accuracy(predicted, there),
        "exact_match": figures_of.exact_match(predicted, there),
        **_by_output("label", "per_label", names, counts, probability, there),
        "calibration_error": calibration(probability.ravel().clip(0, 1), there.ravel()).error,
    }
    for row, threshold in zip(found["per_label"], thresholds, strict=True):
        row["threshold"] = threshold
    return _plain_figures(found)


def number_figures(values: Array, targets: Array, names: Sequence[str]) -> Figures:
    """Return the figures of a network that predicts numbers.

    Parameters
    ----------
    values, targets
        (n, k): what is predicted and what is right.
    names
        Of the numbers.

    Returns
    -------
    dict
        ``mae``, ``mse`` and ``r2`` of each number, in their order, and ``per_target``: the same
        with the name, ``target``, of each.
    """
    found = errors(values, targets)
    columns = {"mae": found.mae, "mse": found.mse, "r2": found.r2}
    rows = [
        {"target": name, **{key: values[number] for key, values in columns.items()}}
        for number, name in enumerate(names)
    ]
    return _plain_figures({**columns, "per_target": rows})


def input_figures(values: Array, targets: Array) -> Figures:
    """Return the figures of a network that gives its input again.

    Parameters
    ----------
    values, targets
        (n, ...): what the network gives, and its inputs.

    Returns
    -------
    dict
        ``absolute_error`` and ``squared_error``, the means over all values of all examples;
        ``mean_example_error``, the squared error of a network that always gives the mean example;
        and ``error_share``, the squared error as a share of that.
    """
    given = values.reshape(len(values), -1).astype(np.float64)
    wanted = targets.reshape(len(targets), -1).astype(np.float64)
    error = float(np.square(given - wanted).mean())
    of_mean = float(wanted.var(axis=0).mean())
    found = {
        "absolute_error": float(np.abs(given - wanted).mean()),
        "squared_error": error,
        "mean_example_error": of_mean,
        "error_share": error / of_mean if of_mean else None,
    }
    return _plain_figures(found)


def token_figures(predicted: Array, targets: Array) -> Figures:
    """Return the figures of a network that predicts the next tokens of a text.

    Parameters
    ----------
    predicted, targets
        (n, length): the most probable token at each position, and the right one.

    Returns
    -------
    dict
        ``tokens``, how many were predicted, and ``accuracy``, the share of right ones. Perplexity
        and bits per token follow from the loss; see `of_loss`.
    """
    return {"tokens": int(targets.size), "accuracy": float((predicted == targets).mean())}


def of_loss(loss: float) -> Figures:
    """Return the figures of a text that follow from the mean loss of a token, in nats."""
    return {"perplexity": math.exp(min(loss, 700.0)), "bits_per_token": loss / math.log(2)}


def _by_output(
    word: str, rows: str, names: Sequence[str], counts: Counts, probability: Array, there: Array
) -> Figures:
    """Return the figures of each class or label, and their averages."""
    each = figures_of.scores(counts)
    columns_of = (np.ascontiguousarray(each.T) for each in (probability, there))
    curves = [curve(*rows) for rows in zip(*columns_of, strict=True)]
    areas: dict[str, list[float]] = {
        "average_precision": [one.average_precision for one in curves],
        "roc_auc": [one.area for one in curves],
    }
    columns: dict[str, Any] = {
        "precision": each.precision,
        "recall": each.recall,
        "f1": each.f1,
        "support": each.support,
        **areas,
        "break_even": [None if one.break_even is None else one.break_even.value for one in curves],
    }
    table = [
        {word: name, **{key: values[number] for key, values in columns.items()}}
        for number, name in enumerate(names)
    ]
    known = counts.occurring()
    averages = {how: figures_of.average(known, how)._asdict() for how in AVERAGES}
    return {rows: table, **averages, **areas}


def _plain_figures(found: Figures) -> Figures:
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    """Return arrays as lists, numpy's numbers as Python's, and what is not finite as None."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        plain = value.tolist()
        return plain if value.dtype.kind in "iub" else _plain(plain)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
