"""The kinds of layer parameters, with type, range, default, unit and one line of help each.

A layer class declares its parameters as class attributes; on an instance the same attribute is the
validated value. Sizes have a number for each spatial axis, such as (height, width); a single number
stands for all.
"""

from copy import copy
from typing import Any, Generic, Self, TypeVar, cast, overload

from designer.design.expressions import MAX_MAGNITUDE, shortened
from designer.design.values import Value
from designer.layers.spatial import WORDS

T = TypeVar("T")
Sizes = tuple[int, ...]
"""A number for each spatial axis: (length,), (height, width) or (depth, height, width)."""

REQUIRED: Any = object()
"""Stands for the default of a parameter without one: every node must give a value."""


class ParameterError(ValueError):
    """What is wrong with a value, worded to follow the parameter's name: "stride takes ..."."""


class Parameter(Generic[T]):
    """One parameter of a layer; subclasses check values of their type.

    Attributes
    ----------
    axes
        Of a parameter with a number for each spatial axis of the layer: how many; else 0.
    """

    expects = "a value"
    axes = 0

    def __init__(self, default: T = REQUIRED, *, help: str, unit: str = "") -> None:  # noqa: A002
        self.default = default
        self.help = help
        self.unit = unit
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def for_axes(self, axes: int) -> Self:
        """Return the same parameter for a layer with another number of spatial axes."""
        return self

    # A layer has its values in __dict__, which Python looks up before a descriptor without __set__.
    @overload
    def __get__(self, instance: None, owner: type) -> "Parameter[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "Parameter[T] | T":
        if instance is None:
            return self
        raise AttributeError(self.name)

    @property
    def required(self) -> bool:
        """Whether every node must give a value."""
        return self.default is REQUIRED

    def check(self, value: Value) -> T:
        """Return the value in the parameter's own type.

        Raises
        ------
        ParameterError
            The value has another type or lies outside the range.
        """
        raise self.refusal(value)

    def refusal(self, value: object) -> ParameterError:
        """Return the error that says what was expected and what was received."""
        return ParameterError(f"takes {self.expects}; received {_show(value)}")


class Int(Parameter[int]):
    """A whole number within bounds."""

    def __init__(
        self,
        default: int = REQUIRED,
        *,
        minimum: int = 1,
        maximum: int = 10**9,
        help: str,  # noqa: A002
        unit: str = "",
    ) -> None:
        super().__init__(default, help=help, unit=unit)
        self.minimum = minimum
        self.maximum = maximum
        self.expects = f"a whole number from {minimum} to {maximum}"
        if maximum == 10**9:
            self.expects = f"a whole number of at least {minimum}"

    def check(self, value: Value) -> int:
        """Accept whole numbers; refuse floats and booleans, even 1.0 and True."""
        if type(value) is int and self.minimum <= value <= self.maximum:
            return value
        raise self.refusal(value)


class Float(Parameter[float]):
    """A number within bounds, both included."""

    def __init__(
        self,
        default: float = REQUIRED,
        *,
        minimum: float = -1e9,
        maximum: float = 1e9,
        help: str,  # noqa: A002
        unit: str = "",
    ) -> None:
        super().__init__(default, help=help, unit=unit)
        self.minimum = minimum
        self.maximum = maximum
        self.expects = f"a number from {minimum:g} to {maximum:g}"

    def check(self, value: Value) -> float:
        """Accept integers and floats."""
        if type(value) in (int, float) and self.minimum <= cast(float, value) <= self.maximum:
            return float(cast(float, value))
        raise self.refusal(value)


class OptionalFloat(Parameter[float | None]):
    """A number, or None, which leaves the choice to torch."""

    expects = "a number or nothing"

    def check(self, value: Value) -> float | None:
        """Accept None and numbers."""
        if value is None:
            return None
        if type(value) in (int, float) and abs(cast(float, value)) <= MAX_MAGNITUDE:
            return float(cast(float, value))
        raise self.refusal(value)


class Bool(Parameter[bool]):
    """On or off."""

    expects = "true or false"

    def check(self, value: Value) -> bool:
        """Accept true and false only, not 0 and 1."""
        if isinstance(value, bool):
            return value
        raise self.refusal(value)


class Choice(Parameter[str]):
    """One of a few words."""

    def __init__(self, default: str, *, choices: tuple[str, ...], help: str) -> None:  # noqa: A002
        super().__init__(default, help=help)
        self.choices = choices
        self.expects = f"one of {', '.join(choices)}"

    def check(self, value: Value) -> str:
        """Accept one of the choices."""
        if isinstance(value, str) and value in self.choices:
            return value
        raise self.refusal(value)


class Text(Parameter[str]):
    """A text of one line."""

    expects = "a text of at most 200 characters"

    def check(self, value: Value) -> str:
        """Accept texts of one line."""
        if isinstance(value, str) and len(value) <= 200 and value.isprintable():
            return value
        raise self.refusal(value)


_COUNTS = {2: "two", 3: "three"}


class _Spatial(Parameter[T]):
    """Base of the parameters with a number for each spatial axis, or one for all.

    The help may name the axes by fields such as ``{sides}``; see `Words`.
    """

    axes = 2

    def __init__(self, default: T, *, minimum: int, maximum: int, help: str) -> None:  # noqa: A002
        super().__init__(default, help=help)
        self.minimum = minimum
        self.maximum = maximum
        self._help = help
        self._describe()

    def _describe(self) -> None:
        words = WORDS[self.axes]
        self.help = words.fill(self._help)
        self.unit = words.unit
        self.expects = f"a whole number of at least {self.minimum}"
        if self.axes > 1:
            self.expects += f", or {_COUNTS[self.axes]} [{', '.join(words.names)}]"

    def for_axes(self, axes: int) -> Self:
        """Return the parameter with this many numbers; the default is one number for all axes."""
        made = copy(self)
        made.axes = axes
        if isinstance(self.default, tuple):
            made.default = cast(T, (self.default[0],) * axes)
        made._describe()
        return made

    def sizes(self, value: Value) -> Sizes:
        """Accept ``k`` and a list with a number for each axis."""
        if type(value) is int and self.minimum <= value <= self.maximum:
            return (value,) * self.axes
        given = value if isinstance(value, tuple) and len(value) == self.axes else ()
        if given and all(type(n) is int and self.minimum <= n <= self.maximum for n in given):
            return cast(Sizes, given)
        raise self.refusal(value)


class SpatialInts(_Spatial[Sizes]):
    """A whole number for each spatial axis, or one for all."""

    def __init__(
        self,
        default: int = REQUIRED,
        *,
        minimum: int = 1,
        maximum: int = 100_000,
        help: str,  # noqa: A002
    ) -> None:
        given: Sizes = (default,) * self.axes
        if default is REQUIRED:
            given = cast(Sizes, REQUIRED)
        super().__init__(given, minimum=minimum, maximum=maximum, help=help)

    def check(self, value: Value) -> Sizes:
        """Accept ``k`` and ``[height, width]``."""
        return self.sizes(value)


class OptionalSpatialInts(_Spatial[Sizes | None]):
    """A whole number for each spatial axis, one for all, or None: another parameter's value."""

    def __init__(self, *, minimum: int = 1, help: str) -> None:  # noqa: A002
        super().__init__(None, minimum=minimum, maximum=100_000, help=help)

    def _describe(self) -> None:
        super()._describe()
        self.expects += ", or nothing"

    def check(self, value: Value) -> Sizes | None:
        """Accept None and what `SpatialInts` accepts."""
        return None if value is None else self.sizes(value)


class Padding(_Spatial[Sizes | str]):
    """Lines added on each side, or "same" for an output as large as the input."""

    def __init__(self, default: int = 0, *, help: str) -> None:  # noqa: A002
        super().__init__((default,) * self.axes, minimum=0, maximum=100_000, help=help)

    def _describe(self) -> None:
        super()._describe()
        expects = "a whole number from 0 on"
        if self.axes > 1:
            expects += f", {_COUNTS[self.axes]} [{', '.join(WORDS[self.axes].names)}]"
        self.expects = f'{expects}, or "same"' if self.axes > 1 else f'{expects} or "same"'

    def check(self, value: Value) -> Sizes | str:
        """Accept "same" and what `SpatialInts` accepts."""
        return "same" if value == "same" else self.sizes(value)


class Integers(Parameter[tuple[int, ...]]):
    """A list of whole numbers, such as a shape."""

    def __init__(
        self,
        default: tuple[int, ...] = REQUIRED,
        *,
        least: int,
        most: int,
        minimum: int = 1,
        help: str,  # noqa: A002
    ) -> None:
        super().__init__(default, help=help)
        self.least = least
        self.most = most
        self.minimum = minimum
        count = f"{least}" if least == most else f"{least or 1} to {most}"
        self.expects = f"a list of {count} whole numbers of at least {minimum}"
        if least == 0:
            self.expects += ", or nothing"

    def check(self, value: Value) -> tuple[int, ...]:
        """Accept lists of the right length; a number is a list of one, None an empty list."""
        if value is None and self.least == 0:
            return ()
        numbers = value if isinstance(value, tuple) else (value,)
        if self.least <= len(numbers) <= self.most and all(
            type(each) is int and self.minimum <= each <= 10**9 for each in numbers
        ):
            return cast(tuple[int, ...], numbers)
        raise self.refusal(value)


class Numbers(Parameter[tuple[float, ...]]):
    """A list of numbers, possibly empty."""

    def __init__(
        self,
        default: tuple[float, ...] = REQUIRED,
        *,
        most: int,
        help: str,  # noqa: A002
    ) -> None:
        super().__init__(default, help=help)
        self.most = most
        self.expects = f"a list of at most {most} numbers"

    def check(self, value: Value) -> tuple[float, ...]:
        """Accept lists of integers and floats; a number is a list of one, None an empty list."""
        if value is None:
            return ()
        numbers = value if isinstance(value, tuple) else (value,)
        if len(numbers) <= self.most and all(
            type(each) in (int, float) and abs(cast(float, each)) <= MAX_MAGNITUDE
            for each in numbers
        ):
            return tuple([float(cast(float, each)) for each in numbers])
        raise self.refusal(value)


class OptionalInt(Parameter[int | None]):
    """A whole number within bounds, or None: it follows from something else."""

    def __init__(
        self,
        *,
        minimum: int = 1,
        maximum: int = 10**9,
        help: str,  # noqa: A002
        unit: str = "",
    ) -> None:
        super().__init__(None, help=help, unit=unit)
        self.number = Int(1, minimum=minimum, maximum=maximum, help=help)
        self.expects = f"{self.number.expects}, or nothing"

    def check(self, value: Value) -> int | None:
        """Accept None and whole numbers within the bounds."""
        if value is None:
            return None
        try:
            return self.number.check(value)
        except ParameterError:
            raise self.refusal(value) from None


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_show(each) for each in value)}]"
    if value is None:
        return "nothing"
    return repr(shortened(value)) if isinstance(value, str) else str(value).lower()
