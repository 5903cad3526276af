"""The kinds of targets: a class, several labels, numbers, the example itself, next tokens."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["classes", "labels", "numbers", "input", "tokens"]


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
        - ``input``: the input itself, so that there are no further values: float32 (n, 0).
        - ``tokens``: of a text, the next token at each position; whole numbers (n, length).
    values
        The names of the classes, labels or numbers, in the order of their places.
    title
        What the data set calls it, such as a column of a table; "" if that is not known.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    title: str = field(default="", compare=False)

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
