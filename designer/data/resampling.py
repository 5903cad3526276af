"""Folds of a cross-validation, and bootstrap samples: which examples a training holds out."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.parts import joined_parts
from designer.data.pictures import Array
from designer.data.stratification import drawn_by_labels
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe

_Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Resampling:
    """How examples become training and validation part, as the recipe's group ``data`` says it.

    Attributes
    ----------
    name
        ``none``, ``folds`` or ``bootstrap``.
    folds, fold
        Into how many folds examples are divided, and which one is held out, from 1.
    seed
        Of the random choice.
    """

    name: str = "none"
    folds: int = 10
    fold: int = 1
    seed: int = 0

    @classmethod
    def of(cls, recipe: Recipe) -> "Resampling":
        """Return that of a recipe."""
        data = recipe.data
        return cls(data.resampling, data.folds, data.fold, recipe.resampling_seed)

    @property
    def is_used(self) -> bool:
        """Whether examples are resampled, rather than a share drawn for the validation."""
        return self.name != "none"


ONE_DIVISION = Resampling()
"""No resampling: a share of the examples is drawn for the validation."""


def resampled(
    labels: Array, resampling: Resampling, *, stratified: bool, where: str
) -> tuple[_Indices, _Indices]:
    """Return which examples are trained on, and which are held out for the validation.

    Folds are those of scikit-learn's ``StratifiedKFold(k, shuffle=True, random_state=seed)`` for
    the given classes in their order, and without stratification, or for numbers, those of its
    ``KFold``. For several labels, each fold is drawn by `drawn_by_labels` from what is left.

    A bootstrap sample has as many examples as there are, drawn with replacement, classes as chance
    has them; those that were never drawn, 37 % on average, are held out. It is that of
    scikit-learn's ``resample``.

    Parameters
    ----------
    labels
        The targets of the examples: classes (n,), or labels or numbers (n, k).
    resampling
        How they are divided.
    stratified
        Whether folds have each class, or label if there are several, in proportion.
    where
        What sentences call the data set.

    Returns
    -------
    tuple[NDArray[np.int64], NDArray[np.int64]]
        Indices of the examples to train on, in the order in which a bootstrap drew them and else
        ascending, and of those held out, ascending.

    Raises
    ------
    DesignerError
        There are fewer examples than folds, there is no such fold, or nothing is held out.
    """
    count = len(labels)
    generator = _generator(resampling.seed)
    if resampling.name == "bootstrap":
        drawn: _Indices = generator.randint(0, count, count)
        held_out = np.setdiff1d(np.arange(count), drawn)
        if not len(held_out):
            raise DesignerError(
                f"{where} has only {count:,} examples besides the test part, which a bootstrap "
                "sample may all contain, so that none is left for validation: add examples."
            )
        return drawn, held_out
    folds, fold = resampling.folds, resampling.fold
    if fold > folds:
        raise DesignerError(
            f"data.fold is {fold:,}, but there are only {folds:,} folds: hold out one of the folds "
            f"1 to {folds:,}."
        )
    if count < folds:
        raise DesignerError(
            f"{where} has only {count:,} examples besides the test part, too few for {folds:,} "
            f"folds: add examples, or set data.folds to {count:,} or less."
        )
    if stratified and labels.ndim > 1:
        numbers = _by_labels(labels, folds, generator)
    elif stratified:
        numbers = _by_classes(labels, folds, generator)
    else:
        numbers = np.empty(count, np.int64)
        numbers[generator.permutation(count)] = np.sort(np.arange(count) % folds)
    return np.flatnonzero(numbers != fold - 1), np.flatnonzero(numbers == fold - 1)


def _generator(seed: int) -> np.random.RandomState:
    """Return numpy's older generator, which scikit-learn uses; its seeds are words of 32 bits."""
    low, high = seed % 2**32, seed >> 32
    return np.random.RandomState([low, high] if high else low)


def _by_classes(labels: Array, folds: int, generator: np.random.RandomState) -> _Indices:
    """Return the fold of each example, so that each fold has every class in proportion."""
    _, first, classes = np.unique(labels, return_index=True, return_inverse=True)
    classes = np.argsort(np.argsort(first))[classes]  # numbered in the order of their occurrence
    ordered = np.sort(classes)
    sizes = [np.bincount(ordered[fold::folds], minlength=len(first)) for fold in range(folds)]
    found = np.empty(len(labels), np.int64)
    for each, of_class in enumerate(np.array(sizes).T):
        numbers = np.arange(folds).repeat(of_class)
        generator.shuffle(numbers)
        found[classes == each] = numbers
    return found


def _by_labels(labels: Array, folds: int, generator: np.random.RandomState) -> _Indices:
    """Return the fold of each example, so that each fold has every label nearly in proportion."""
    left = generator.permutation(len(labels))
    sizes = np.bincount(np.arange(len(labels)) % folds)
    found = np.full(len(labels), folds - 1)
    for fold, size in enumerate(sizes[:-1].tolist()):
        chosen = drawn_by_labels(labels, left, size)
        found[left[chosen]] = fold
        left = left[~chosen]
    return found


def with_all_examples(data: DataSet, resampling: Resampling) -> DataSet:
    """Return a data set whose training part has the examples of its own validation part, too.

    Without resampling, a data set is returned as it is, and so is a text, which is not resampled.

    Raises
    ------
    DesignerError
        The examples of the two parts are stored in different ways.
    """
    if not resampling.is_used or data.validation is None or data.target.kind == "tokens":
        return data
    train = joined_parts(data.train, data.validation)
    if train is None:
        raise DesignerError(
            f"{data.path} stores its training and validation {data.things} apart, so that they "
            f"cannot be divided together, which data.resampling={resampling.name} would do: set it "
            "to none, or give them as one part."
        )
    return replace(data, train=train, validation=None)
