"""Splitting validation and test images off the training images, in proportion of the classes."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.parts import Part
from designer.data.pictures import Array
from designer.data.resampling import ONE_DIVISION, Resampling, resampled
from designer.data.stratification import drawn_by_labels
from designer.errors import DesignerError

_Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """The parts that a training run uses; they are disjoint."""

    train: Part
    validation: Part | None
    test: Part | None


def split(
    dataset: DataSet,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    limit: int | None = None,
    stratified: bool = True,
    resampling: Resampling = ONE_DIVISION,
) -> Split:
    """Return the parts of a data set; missing ones are split off the training images.

    A text is divided by position: its last share is the test part, the one before the validation
    part.

    A stratified split has every class in proportion in each part, and each class keeps at least
    one training image. Where images have several labels, each part has every label nearly in
    proportion; see `drawn_by_labels`. The images of each part come in the order of their classes,
    so that the same images in a folder, a table or an archive give the same parts.

    Parameters
    ----------
    dataset
        Parts that it has are used as they are.
    validation, test
        Fraction of the training images that becomes a missing part: at least one image, or None
        for a fraction of 0.
    seed
        Of the random choice.
    limit
        Largest number of training images; None for all.
    stratified
        Whether classes and labels are drawn in proportion; else images are drawn of all alike.
    resampling
        How the images besides the test part become training and validation part; if it is used, a
        fraction for the validation counts for nothing. See `resampled`.

    Raises
    ------
    DesignerError
        A fraction or ``limit`` is out of range, or there are too few images to split.
    """
    fractions = {"test": test, "validation": validation}
    for name, fraction in fractions.items():
        if not 0 <= fraction < 1:
            raise DesignerError(
                f"The {name} fraction {fraction} is out of range: choose 0 or more, and less "
                "than 1."
            )
    if limit is not None and limit < 1:
        raise DesignerError(f"A limit of {limit} training images leaves none: choose 1 or more.")

    parts = dataset.parts
    if resampling.is_used:
        del fractions["validation"]
    fractions = {
        name: value for name, value in fractions.items() if name not in parts and value > 0
    }
    if sum(fractions.values()) >= 1:
        raise DesignerError(
            f"The fractions for {' and '.join(fractions)} leave no training images: "
            "choose smaller ones."
        )
    if dataset.target.kind == "tokens":
        if resampling.is_used:
            raise DesignerError(
                f"{dataset.path} is a text, which is divided by position: set data.resampling to "
                "none."
            )
        return _by_position(dataset, fractions, limit)
    by_label = stratified and dataset.target.kind == "labels"
    groups = _shuffled(dataset, np.random.default_rng(seed), stratified=stratified)
    draw = partial(_draw, labels=dataset.train.labels if by_label else None)
    ordered = partial(_in_class_order, dataset) if dataset.classes else np.sort
    cut: dict[str, Part] = {}
    for name, fraction in fractions.items():
        drawn, groups = draw(groups, max(1, round(fraction * len(dataset.train))), leave=1)
        if not len(drawn):
            raise DesignerError(
                f"{dataset.path} has too few training images to split {name} images off: "
                f"add images, or set the {name} fraction to 0."
            )
        cut[name] = dataset.train.take(ordered(drawn))

    if resampling.is_used:
        held_out, groups = _held_out(dataset, groups, resampling, stratified=stratified)
        cut["validation"] = dataset.train.take(ordered(held_out))

    remaining = _joined(groups)
    if limit is not None and limit < len(remaining):
        remaining, _ = draw(groups, limit, leave=0)
    own = {name: _by_class(part) for name, part in parts.items() if name != "train"}
    return Split(
        train=_taken(dataset.train, ordered(remaining)),
        validation=(own | cut).get("validation"),
        test=(own | cut).get("test"),
    )


def _by_position(dataset: DataSet, fractions: dict[str, float], limit: int | None) -> Split:
    """Divide a text: its last share is tested on, the one before is for validation.

    Windows of one place in several parts would show a network in the training what it is tested on.
    """
    count = len(dataset.train)
    sizes = {name: max(1, round(share * count)) for name, share in fractions.items()}
    left = count - sum(sizes.values())
    if left < 1:
        raise DesignerError(
            f"{dataset.path} has only {count:,} windows of {dataset.train.shapes()[0][0]:,} tokens "
            f"for {len(sizes) + 1} parts: give a longer text, or a network that takes fewer tokens."
        )
    middle = left + sizes.get("validation", 0)
    ends = {"validation": (left, middle), "test": (middle, middle + sizes.get("test", 0))}
    cut = {name: dataset.train.take(np.arange(*ends[name])) for name in sizes}
    own = {name: part for name, part in dataset.parts.items() if name != "train"}
    train = dataset.train.take(np.arange(left if limit is None else min(limit, left)))
    return Split(train, (own | cut).get("validation"), (own | cut).get("test"))


def _held_out(
    dataset: DataSet, groups: list[_Indices], resampling: Resampling, *, stratified: bool
) -> tuple[_Indices, list[_Indices]]:
    """Return the images that resampling holds out of groups, and the groups to train on."""
    images = _joined(groups)
    if dataset.classes:
        images = _in_class_order(dataset, images)
    chosen, held_out = resampled(
        dataset.train.labels[images],
        resampling,
        stratified=stratified and dataset.target.kind in ("classes", "labels"),
        where=str(dataset.path),
    )
    if resampling.name == "bootstrap":  # one group, as images come more than once and by chance
        return images[held_out], [images[chosen]]
    return images[held_out], [group[np.isin(group, images[chosen])] for group in groups]


def in_stored_order(parts: Split) -> Split:
    """Return parts with their images in the order in which the data set has them.

    Earlier versions divided data sets so; their runs continue in that order.
    """
    return Split(
        train=_as_stored(parts.train),
        validation=parts.validation and _as_stored(parts.validation),
        test=parts.test and _as_stored(parts.test),
    )


def _as_stored(part: Part) -> Part:
    if part.origin is None or part.indices is None:
        return part
    return _taken(part.origin, np.sort(part.indices))


def _taken(part: Part, indices: _Indices) -> Part:
    """Return the examples at some indices; the part itself if those are all in their order."""
    return part if np.array_equal(indices, np.arange(len(part))) else part.take(indices)


def _in_class_order(dataset: DataSet, indices: _Indices) -> _Indices:
    """Return the indices of some training images in the order of their classes."""
    ascending = np.sort(indices)
    found: _Indices = ascending[np.argsort(dataset.train.labels[ascending], kind="stable")]
    return found


def _by_class(part: Part) -> Part:
    """Return a part in the order of its classes, if it has classes."""
    if part.labels.ndim != 1:
        return part
    return _taken(part, np.argsort(part.labels, kind="stable"))


def _shuffled(
    dataset: DataSet, generator: np.random.Generator, *, stratified: bool
) -> list[_Indices]:
    """Return the indices of the training images of each class, or of all in one group."""
    if not dataset.classes:
        return [generator.permutation(len(dataset.train))]
    labels = dataset.train.labels
    by_class = np.argsort(labels, kind="stable")
    if not stratified:
        return [generator.permutation(by_class)]
    ends = np.cumsum(np.bincount(labels, minlength=len(dataset.classes)))
    return [generator.permutation(group) for group in np.split(by_class, ends[:-1])]


def _draw(
    groups: list[_Indices], count: int, *, leave: int, labels: Array | None = None
) -> tuple[_Indices, list[_Indices]]:
    """Draw up to ``count`` indices, in proportion from each group; return them and the rest.

    With the labels of all images, (n, labels), they are drawn from the only group by their labels.
    """
    if labels is not None:
        (group,) = groups
        chosen = drawn_by_labels(labels, group, max(0, min(count, len(group) - leave)))
        return np.sort(group[chosen]), [group[~chosen]]
    sizes = np.array([len(group) for group in groups])
    takes = _shares(sizes, count, capacity=np.maximum(sizes - leave, 0))
    drawn = _joined([group[:take] for group, take in zip(groups, takes, strict=True)])
    return drawn, [group[take:] for group, take in zip(groups, takes, strict=True)]


def _joined(groups: list[_Indices]) -> _Indices:
    """Return the indices of all groups, class by class and sorted within each."""
    return np.concatenate([np.sort(group) for group in groups])


def _shares(sizes: _Indices, count: int, *, capacity: _Indices) -> _Indices:
    """Divide ``count`` in proportion to ``sizes``, by the largest remainder method."""
    quotas = count * sizes / sizes.sum()
    shares: _Indices = np.minimum(np.floor(quotas).astype(np.int64), capacity)
    while (missing := count - int(shares.sum())) and (shares < capacity).any():
        neediest = np.argsort(shares - quotas, kind="stable")
        shares[neediest[(shares < capacity)[neediest]][:missing]] += 1
    return shares
