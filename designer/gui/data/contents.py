"""A data set as a recipe reads and divides it: what the pages of the Data window show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.balance import class_counts
from designer.data.columns import PictureColumn
from designer.data.dataset import DataSet
from designer.data.labels import as_classes, from_first_label
from designer.data.opening import format_name, open_dataset
from designer.data.options import read_options
from designer.data.parts import Part
from designer.data.resampling import Resampling, with_all_examples
from designer.data.splitting import Split, split
from designer.data.targets import Target
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.known_data.titles import data_title
from designer.recipe.data import Data, reading_settings
from designer.recipe.losses import LOSSES
from designer.recipe.recipe import Recipe

PART_TITLES: Mapping[str, str] = {
    "train": "Training",
    "validation": "Validation",
    "test": "Test",
}


@dataclass(frozen=True)
class Division:
    """The settings of a recipe that decide how a data set that was read is divided and labeled."""

    validation: float
    test: float
    limit: int | None
    seed: int
    stratified: bool
    resampling: Resampling
    first_label: int
    classes: bool

    @classmethod
    def of(cls, recipe: Recipe) -> "Division":
        """Return those of a recipe."""
        data = recipe.data
        return cls(
            data.validation,
            data.test,
            data.limit,
            recipe.split_seed,
            data.stratified,
            Resampling.of(recipe),
            data.first_label,
            "numbers" not in LOSSES[recipe.loss.name].targets,
        )


@dataclass(frozen=True, eq=False)
class Contents:
    """A data set, divided.

    Attributes
    ----------
    settings, division
        The settings of the recipe that it was read and divided by.
    read
        The data set as it was read.
    data
        The data set with its classes numbered as the recipe says.
    parts
        What a training uses, by the names ``train``, ``validation`` and ``test``.
    split
        The same as a value; None if the data set cannot be divided.
    undivided
        Why it cannot be, so that ``parts`` are those it is stored in; "" if it can.
    table
        Whether a table names the pictures or holds them, so that its columns may be chosen.
    """

    settings: Data
    division: Division
    read: DataSet
    data: DataSet
    parts: Mapping[str, Part]
    split: Split | None = None
    undivided: str = ""
    table: bool = False

    @property
    def title(self) -> str:
        """The name of the data set on screen."""
        return data_title(self.settings.source, self.data.name)

    @property
    def target(self) -> Target:
        """What is to be predicted."""
        return self.data.target

    @property
    def in_files(self) -> bool:
        """Whether the pictures are in files of their own, each with a name."""
        return isinstance(next(iter(self.data.train.inputs.values())), PictureColumn)

    @cached_property
    def counts(self) -> Mapping[str, NDArray[np.int64]]:
        """How many pictures of each part have each class or label; nothing for numbers."""
        return {name: class_counts(part, self.target) for name, part in self.parts.items()}

    def name(self, part: str, index: int) -> str:
        """Return the name of a picture's file; of a picture in an array, its number."""
        of = self.parts[part]
        if of.names is not None:
            return of.names[index]
        stored = index if of.indices is None else int(of.indices[index])
        return f"number {numbers.count(stored + 1)}"

    def label(self, part: str, index: int) -> str:
        """Return the class, the labels or the numbers of a picture as text."""
        return label_text(self.target, self.parts[part].labels[index])

    def caption(self, part: str, index: int) -> str:
        """Return the label of a picture for below it: numbers come without their names."""
        if self.target.kind != "numbers":
            return self.label(part, index)
        return ", ".join(f"{each:.4g}" for each in self.parts[part].labels[index])


def label_text(target: Target, value: Any) -> str:
    """Return a value of a target as text: a class, several labels, or numbers with names."""
    if target.kind == "classes":
        name: str = target.values[value]
        return name
    if target.kind == "labels":
        there = [name for name, holds in zip(target.values, value, strict=True) if holds]
        return ", ".join(there) or "no label"
    if target.kind in ("input", "tokens"):
        return ""
    if len(value) == 1:
        return f"{value[0]:.6g}"
    return ", ".join(f"{name} {each:.4g}" for name, each in zip(target.values, value, strict=True))


def read_contents(recipe: Recipe, known: Contents | None = None) -> Contents:
    """Read and divide the data set of a recipe; call it in a background thread.

    Parameters
    ----------
    recipe
        Says which data set is read, and how.
    known
        What was read before: the files are not read again if the same settings read them.

    Raises
    ------
    DesignerError
        The data set cannot be read.
    """
    settings = reading_settings(recipe.data)
    if known is not None and known.settings == settings:
        read, table = known.read, known.table
    else:
        table = format_name(settings.source) == "tables"
        read = open_dataset(settings.source, read_options(settings))
    division = Division.of(recipe)
    data = as_classes(read) if division.classes else read
    undivided, divided = "", None
    try:
        data = from_first_label(data, division.first_label)
        data = with_all_examples(data, division.resampling)
        divided = split(
            data,
            validation=division.validation,
            test=division.test,
            seed=division.seed,
            stratified=division.stratified,
            limit=division.limit,
            resampling=division.resampling,
        )
        found = {"train": divided.train, "validation": divided.validation, "test": divided.test}
        parts = {name: part for name, part in found.items() if part is not None}
    except DesignerError as error:
        undivided, parts = str(error), data.parts
    return Contents(settings, division, read, data, parts, divided, undivided, table)
