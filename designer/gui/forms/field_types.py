"""Kinds of values in a form: how their text is read and written, what is refused, how they step."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from designer.design import rules
from designer.design.expressions import ExpressionError, Scalar, is_expression, parse, shortened
from designer.design.values import Argument, Value
from designer.gui.documents import labels
from designer.layers.parameters import (
    Bool,
    Choice,
    Float,
    Int,
    Integers,
    IntPair,
    OptionalFloat,
    OptionalIntPair,
    Padding,
    Parameter,
    ParameterError,
)


@dataclass(frozen=True)
class FieldType:
    """How the text of a field becomes a value.

    Attributes
    ----------
    expects
        What it takes, in words that follow "takes".
    check
        Returns a value in its own type or raises a `ParameterError`.
    numbers
        The most numbers in the text; 0 for plain text.
    whole
        Whether the numbers are whole.
    optional
        Whether an empty text stands for nothing.
    words
        Words that stand for themselves, such as same.
    options
        What to choose from; the field is a list then.
    switch
        The field is a switch.
    spelled
        Whether the options are words of code, to be spelled for people.
    prose
        The field has several lines.
    minimum, maximum
        Where the arrow keys end.
    expressions
        Whether a text that begins with = is an expression.
    reached
        Returns the whole number at which a step to a number ends: the next one that a rule allows.
    """

    expects: str
    check: Callable[[Value], Any]
    numbers: int = 1
    whole: bool = True
    optional: bool = False
    words: tuple[str, ...] = ()
    options: tuple[Scalar, ...] = ()
    spelled: bool = False
    switch: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf
    separator: str = " × "
    prose: bool = False
    expressions: bool = True
    reached: Callable[[int, int], int] = lambda value, step: value

    @property
    def signature(self) -> tuple[object, ...]:
        """What decides which widget shows it."""
        return self.switch, self.options, self.spelled, self.prose

    def option_text(self, option: Scalar) -> str:
        """Return what the list shows for an option."""
        return labels.choice(option) if self.spelled else labels.value(option)

    def write(self, value: Value) -> str:
        """Return the text of a value; pairs are written as such."""
        if value is None:
            return ""
        if self.prose:
            return " ".join(str(value).split())
        if self.numbers == 2 and not isinstance(value, (tuple, str)):
            value = (value, value)
        return labels.value(value, self.separator)

    def read(self, text: str) -> Value:
        """Return the value that a text means, expressions as they are.

        Raises
        ------
        ParameterError
            It means none, in words that follow the field's name.
        """
        if self.numbers == 0 and not self.switch and not self.options:
            return _expression(text) if self.expressions and text.startswith("=") else text
        text = text.strip()
        if not text:
            if self.optional:
                return None
            raise ParameterError(f"takes {self.expects}; nothing is given")
        for word in self.words:
            if text.lower() == word:
                return word
        for option in self.options:
            if text in (labels.value(option), self.option_text(option)):
                return option
        if self.switch and text.lower() in _ON_OFF:
            return _ON_OFF[text.lower()]
        parts = _parts(text) if self.numbers > 1 else [text]
        values = tuple([self._one(part, text) for part in parts])
        return values[0] if len(values) == 1 or (self._pair and len(set(values)) == 1) else values

    @property
    def _pair(self) -> bool:
        return self.numbers == 2

    def _one(self, part: str, text: str) -> Scalar:
        if part.startswith("="):
            if self.expressions:
                return _expression(part)
        elif self.numbers:
            if re.fullmatch(r"[-+]?\d{1,18}", part):
                return int(part)
            if not self.whole:
                try:
                    return float(part.replace(",", ".", 1))
                except ValueError:
                    pass
        raise ParameterError(f"takes {self.expects}; received '{shortened(text)}'")

    def stepped(self, text: str, cursor: int, steps: int) -> tuple[str, int] | None:
        """Return the text with the number at the cursor a few steps up or down, and the cursor.

        None where there is no number to step.
        """
        if "=" in text or not self.numbers or self.switch or self.options:
            return None
        found = list(_NUMBER.finditer(text))
        if not found:
            return None
        near = min(found, key=lambda each: max(each.start() - cursor, cursor - each.end(), 0))
        value = float(near[0]) + steps * (1.0 if self.whole else _step(float(near[0]), steps))
        value = min(max(value, self.minimum), self.maximum)
        new = (
            str(self.reached(int(value), 1 if steps > 0 else -1))
            if self.whole
            else labels.value(value)
        )
        return text[: near.start()] + new + text[near.end() :], near.start() + len(new)


_ON_OFF = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def _step(value: float, steps: int) -> float:
    """Return a step in the number's first digit: 0.1 for 0.5, 1e-5 for 3e-5."""
    size = abs(value)
    if size == 0:
        return 0.1
    digit = 10.0 ** math.floor(math.log10(size) + 1e-9)
    towards_zero = (steps < 0) == (value > 0)
    return digit / 10 if towards_zero and math.isclose(size, digit) else digit


def _parts(text: str) -> list[str]:
    """Split a list: at ×, commas or blanks; where it has expressions, only outside brackets."""
    if "=" not in text:
        return [part for part in re.split(r"[\s×x*,;\[\]()]+", text) if part]
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter in "×,;" and depth <= 0:
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _expression(text: str) -> str:
    if not text[1:].strip():
        raise ParameterError("is an expression without end: type a number or a name behind =")
    try:
        parse(text)
    except ExpressionError as error:
        raise ParameterError(f"is an expression that {error}") from None
    return text


def of_parameter(parameter: Parameter[Any]) -> FieldType:
    """Return the kind of a layer's parameter."""
    check, expects = parameter.check, parameter.expects
    match parameter:
        case Bool():
            return FieldType("on or off", check, numbers=0, switch=True)
        case Choice():
            return FieldType(expects, check, numbers=0, options=parameter.choices, spelled=True)
        case Int():
            return FieldType(expects, check, minimum=parameter.minimum, maximum=parameter.maximum)
        case Float():
            return FieldType(
                expects,
                check,
                whole=False,
                minimum=parameter.minimum,
                maximum=parameter.maximum,
            )
        case OptionalFloat():
            return FieldType(expects, check, whole=False, optional=True)
        case IntPair():
            return FieldType(expects, check, numbers=2, minimum=parameter.minimum)
        case OptionalIntPair():
            return FieldType(
                expects, check, numbers=2, optional=True, minimum=parameter.pair.minimum
            )
        case Padding():
            return FieldType(expects, check, numbers=2, words=("same",), minimum=0)
        case Integers():
            separator = ", " if parameter.name == "order" else " × "
            return FieldType(
                expects,
                check,
                numbers=max(parameter.most, 3),
                minimum=parameter.minimum,
                separator=separator,
            )
    return FieldType(expects, check, numbers=0)


def of_argument(argument: Argument, *, expressions: bool = True) -> FieldType:
    """Return the kind of an argument of a block or design."""

    def check(value: Value) -> Scalar:
        if isinstance(value, tuple):
            raise ParameterError("takes one value; received several")
        if isinstance(argument.default, float) and type(value) is int:
            value = float(value)
        refusal = argument.refusal(value)
        if refusal:
            raise ParameterError(refusal)
        return value

    if argument.choices:
        choices = tuple(argument.choices)
        expects = f"one of {', '.join(map(labels.value, choices))}"
        return FieldType(expects, check, numbers=0, options=choices, expressions=expressions)
    if isinstance(argument.default, bool):
        return FieldType("on or off", check, numbers=0, switch=True, expressions=expressions)
    if isinstance(argument.default, str):
        return FieldType("text", check, numbers=0, expressions=expressions)
    whole = isinstance(argument.default, int)
    least = -math.inf if argument.minimum is None else argument.minimum
    most = math.inf if argument.maximum is None else argument.maximum
    bounds = [f"from {labels.value(least)}"] if least > -math.inf else []
    bounds += [f"up to {labels.value(most)}"] if most < math.inf else []
    expects = " ".join(["a whole number" if whole else "a number", *bounds])
    return FieldType(
        expects, check, whole=whole, minimum=least, maximum=most, expressions=expressions
    )


def with_rule(
    kind: FieldType, name: str, arguments: Mapping[str, Argument], values: Mapping[str, Scalar]
) -> FieldType:
    """Return the kind of an argument that keeps its rule, those beside it having these values."""
    argument = arguments[name]
    if not argument.where:
        return kind

    def check(value: Value) -> Scalar:
        found: Scalar = kind.check(value)
        refusal = rules.refused(argument, found, {**values, name: found})
        if refusal:
            raise ParameterError(refusal)
        return found

    def reached(value: int, step: int) -> int:
        return rules.reached(arguments, name, value, values, step)  # type: ignore[return-value]

    return replace(kind, check=check, reached=reached)


def text(check: Callable[[Value], Any] = lambda value: value, expects: str = "text") -> FieldType:
    """Return the kind of plain text, such as a name."""
    return FieldType(expects, check, numbers=0, expressions=False)


PROSE = FieldType("text", lambda value: value, numbers=0, prose=True, expressions=False)


def optional_number(*, whole: bool) -> FieldType:
    """Return the kind of a bound: a number or nothing."""

    def check(value: Value) -> Value:
        if value is None or type(value) is int or (not whole and type(value) is float):
            return value
        raise ParameterError(f"takes {'a whole number' if whole else 'a number'} or nothing")

    expects = f"{'a whole number' if whole else 'a number'} or nothing"
    return FieldType(expects, check, whole=whole, optional=True, expressions=False)


def options(choices: tuple[str, ...]) -> FieldType:
    """Return the kind of one of a few words."""
    return FieldType(
        f"one of {', '.join(choices)}",
        lambda value: value,
        numbers=0,
        options=choices,
        expressions=False,
    )


def truth(value: Value) -> bool:
    """Accept what `when` accepts.

    Raises
    ------
    ParameterError
        It is neither true nor false nor a number.
    """
    if isinstance(value, (bool, int, float)):
        return bool(value)
    raise ParameterError(f"takes on or off; received '{value}'")


WHEN = FieldType("on or off", truth, numbers=0, switch=True)


def has_expression(value: Value) -> bool:
    """Tell whether a value is an expression or holds one."""
    return any(map(is_expression, value)) if isinstance(value, tuple) else is_expression(value)
