"""The kinds of layer parameters, with type, range, default, unit and one line of help each.

A layer class declares its parameters as class attributes; on an instance the same attribute is the
validated value. Pairs are (height, width); a single number stands for both.
"""

from typing import Any, Generic, TypeVar, cast, overload

from designer.design.expressions import MAX_MAGNITUDE, shortened
from designer.design.values import Value

T = TypeVar("T")
Pair = tuple[int, int]

REQUIRED: Any = object()
"""Stands for the default of a parameter without one: every node must give a value."""


class ParameterError(ValueError):
    """What is wrong with a value, worded to follow the parameter's name: "stride takes ..."."""


class Parameter(Generic[T]):
    """One parameter of a layer; subclasses check values of their type."""

    expects = "a value"

    def __init__(self, default: T = REQUIRED, *, help: str, unit: str = "") -> None:  # noqa: A002
        self.default = default
        self.help = help
        self.unit = unit
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

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


class IntPair(Parameter[Pair]):
    """Two whole numbers (height, width), or one for both."""

    def __init__(
        self,
        default: Pair = REQUIRED,
        *,
        minimum: int = 1,
        maximum: int = 100_000,
        help: str,  # noqa: A002
        unit: str = "pixels",
    ) -> None:
        super().__init__(default, help=help, unit=unit)
        self.minimum = minimum
        self.maximum = maximum
        self.expects = f"a whole number of at least {minimum}, or two [height, width]"

    def check(self, value: Value) -> Pair:
        """Accept ``k`` and ``[height, width]``."""
        if type(value) is int and self.minimum <= value <= self.maximum:
            return value, value
        pair = value if isinstance(value, tuple) and len(value) == 2 else ()
        if pair and all(type(n) is int and self.minimum <= n <= self.maximum for n in pair):
            return cast(Pair, pair)
        raise self.refusal(value)


class OptionalIntPair(Parameter[Pair | None]):
    """Two whole numbers (height, width), one for both, or None: another parameter's value."""

    def __init__(self, *, minimum: int = 1, help: str, unit: str = "pixels") -> None:  # noqa: A002
        super().__init__(None, help=help, unit=unit)
        self.pair = IntPair((1, 1), minimum=minimum, help=help)
        self.expects = f"{self.pair.expects}, or nothing"

    def check(self, value: Value) -> Pair | None:
        """Accept None and what a pair accepts."""
        if value is None:
            return None
        try:
            return self.pair.check(value)
        except ParameterError:
            raise self.refusal(value) from None


class Padding(Parameter[Pair | str]):
    """Rows and columns added on each side, or "same" for an output as large as the input."""

    expects = 'a whole number from 0 on, two [height, width], or "same"'

    def __init__(self, default: Pair | str = (0, 0), *, help: str) -> None:  # noqa: A002
        super().__init__(default, help=help, unit="pixels")
        self.pair = IntPair((0, 0), minimum=0, help=help)

    def check(self, value: Value) -> Pair | str:
        """Accept "same" and what a pair accepts."""
        if value == "same":
            return "same"
        try:
            return self.pair.check(value)
        except ParameterError:
            raise self.refusal(value) from None


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
        count = f"{least}" if least == most else f"{least} to {most}"
        self.expects = f"a list of {count} whole numbers of at least {minimum}"

    def check(self, value: Value) -> tuple[int, ...]:
        """Accept lists of the right length; a single number is a list of one."""
        numbers = value if isinstance(value, tuple) else (value,)
        if self.least <= len(numbers) <= self.most and all(
            type(each) is int and self.minimum <= each <= 10**9 for each in numbers
        ):
            return cast(tuple[int, ...], numbers)
        raise self.refusal(value)


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_show(each) for each in value)}]"
    if value is None:
        return "nothing"
    return repr(shortened(value)) if isinstance(value, str) else str(value).lower()
