"""The kinds of targets: one class, several labels, or numbers for each example."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["classes", "labels", "numbers"]


@dataclass(frozen=True)
class Target:
    """What a network is to predict of each example.

    Attributes
    ----------
    name
        By which a part has its values.
    kind
        - ``classes``: one class each; class numbers, int64 (n,).
        - ``labels``: any number of labels each; float32 (n, labels), 1 where an example has a label
          and 0 where not.
        - ``numbers``: float32 (n, numbers).
    values
        The names of the classes, labels or numbers, in the order of their places.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """The number of values that a network gives for it."""
        return len(self.values)


def classes_target(names: tuple[str, ...]) -> Target:
    """Return the target of a data set with one class for each example."""
    return Target("class", "classes", names)


def numbers_target(count: int) -> Target:
    """Return the target of a data set with numbers that have no names."""
    return Target("numbers", "numbers", tuple(f"target {i + 1}" for i in range(count)))
