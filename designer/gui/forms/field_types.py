"""Types of form fields: how a value is parsed, written, checked and stepped."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from designer.design import rules
from designer.design.expressions import ExpressionError, Scalar, is_expression, shortened
from designer.design.identifiers import normalized
from designer.design.parsing import parse
from designer.design.values import Argument, Value
from designer.gui.documents import labels
from designer.layers.parameters import (
    Bool,
    Choice,
    Float,
    Int,
    Integers,
    Numbers,
    OptionalFloat,
    OptionalInt,
    OptionalSpatialInts,
    Padding,
    Parameter,
    ParameterError,
    SpatialInts,
)


@dataclass(frozen=True)
class FieldType:
    """How the text of a field becomes a value, and a value text.

    Attributes
    ----------
    expects
        The values it accepts, in words that follow "takes".
    check
        Returns a value converted to the parameter's type, or raises a `ParameterError`.
    numbers
        How many numbers the text may have at most; 0 for plain text, switches and lists.
    shared
        Whether a single number stands for all.
    whole
        Whether the numbers are integers.
    optional
        Whether an empty text means None.
    words
        Words that are accepted as values, such as "same".
    options
        The values of a drop-down list; empty for other fields.
    spelled
        Whether the options are words of code, such as "kaiming_normal", to be shown as labels.
    switch
        Whether the field is an on/off switch.
    minimum, maximum
        The range in which the arrow keys step.
    separator
        What stands between several numbers.
    prose
        Whether the field has several lines.
    identifier
        Whether the text is a name in the generated code.
    expressions
        Whether a text that begins with = is an expression.
    reached
        Takes the integer to which the arrow keys would step and the direction, 1 or -1; returns
        the nearest one that the argument's rule allows.
    """

    expects: str
    check: Callable[[Value], Any]
    numbers: int = 1
    shared: bool = False
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
    identifier: bool = False
    expressions: bool = True
    reached: Callable[[int, int], int] = lambda value, step: value

    @property
    def signature(self) -> tuple[object, ...]:
        """The attributes that decide which widget is used."""
        return self.switch, self.options, self.spelled, self.prose

    def option_text(self, option: Scalar) -> str:
        """Return the text of an option in the drop-down list."""
        return labels.choice(option) if self.spelled else labels.value(option)

    def write(self, value: Value) -> str:
        """Return the text of a value; a single number that stands for all is written for each."""
        if value is None:
            return ""
        if self.prose:
            return " ".join(str(value).split())
        if self.shared and not isinstance(value, (tuple, str)):
            value = (value,) * self.numbers
        return labels.value(value, self.separator)

    def read(self, text: str) -> Value:
        """Parse a text; expressions are returned as their text.

        Raises
        ------
        ParameterError
            The text is no such value. The message follows the field's label.
        """
        if self.numbers == 0 and not self.switch and not self.options:
            if self.identifier:
                return normalized(text.strip())
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
        equal = len(values) == 1 or (self.shared and len(set(values)) == 1)
        return values[0] if equal else values

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
        """Step the number at the cursor; return the new text and cursor position.

        Return None if the text has no number that can be stepped.
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
            else labels.value(float(f"{value:.10g}"))  # 0.09, not 0.09000000000000001
        )
        return text[: near.start()] + new + text[near.end() :], near.start() + len(new)


_ON_OFF = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def _step(value: float, steps: int) -> float:
    """Return one unit of the number's leading digit: 0.1 for 0.5, 1e-5 for 3e-5."""
    size = abs(value)
    if size == 0:
        return 0.1
    digit = 10.0 ** math.floor(math.log10(size) + 1e-9)
    towards_zero = (steps < 0) == (value > 0)
    return digit / 10 if towards_zero and math.isclose(size, digit) else digit


def _parts(text: str) -> list[str]:
    """Split a text at ×, commas and blanks.

    With expressions in it, which may contain both, split only at × and commas outside brackets.
    """
    if "=" not in text:
        return [part for part in re.split(r"[\s×x*,;\[\]()]+", text) if part]
    parts, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter in "×,;" and depth <= 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _expression(text: str) -> str:
    if not text[1:].strip():
        raise ParameterError("is an unfinished expression; type a number or a name after =")
    try:
        parse(text)
    except ExpressionError as error:
        raise ParameterError(f"is an expression that {error}") from None
    return text


def of_parameter(parameter: Parameter[Any]) -> FieldType:
    """Return the field type of a layer's parameter."""
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
        case OptionalInt():
            least, most = parameter.number.minimum, parameter.number.maximum
            return FieldType(expects, check, optional=True, minimum=least, maximum=most)
        case SpatialInts() | OptionalSpatialInts() | Padding():
            return FieldType(
                expects,
                check,
                numbers=parameter.axes,
                shared=True,
                optional=isinstance(parameter, OptionalSpatialInts),
                words=("same",) if isinstance(parameter, Padding) else (),
                minimum=parameter.minimum,
            )
        case Integers():
            separator = " × " if parameter.name in _SIZES else ", "
            return FieldType(
                expects,
                check,
                numbers=max(parameter.most, 3),
                optional=parameter.least == 0,
                minimum=parameter.minimum,
                separator=separator,
            )
        case Numbers():
            return FieldType(
                expects, check, numbers=parameter.most, whole=False, optional=True, separator=", "
            )
    return FieldType(expects, check, numbers=0)


_SIZES = ("shape", "output_size", "size")
"""Lists of sizes, which are written with × between them; other lists have commas."""


def of_argument(argument: Argument, *, expressions: bool = True) -> FieldType:
    """Return the field type of an argument of a block or design."""

    def check(value: Value) -> Scalar:
        found = scalar(value)
        if isinstance(argument.default, float) and type(found) is int:
            found = float(found)
        refusal = argument.refusal(found)
        if refusal:
            raise ParameterError(refusal)
        return found

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
    field_type: FieldType,
    name: str,
    arguments: Mapping[str, Argument],
    values: Mapping[str, Scalar],
) -> FieldType:
    """Return a field type that also checks the argument's rule against the other arguments.

    Parameters
    ----------
    field_type
        The field type without the rule.
    name
        The argument.
    arguments
        All arguments of the block or design.
    values
        Their values.
    """
    argument = arguments[name]
    if not argument.where:
        return field_type

    def check(value: Value) -> Scalar:
        found: Scalar = field_type.check(value)
        refusal = rules.refused(argument, found, {**values, name: found})
        if refusal:
            raise ParameterError(refusal)
        return found

    def reached(value: int, step: int) -> int:
        found = rules.reached(arguments, name, value, values, step)
        return found if isinstance(found, int) else value

    return replace(field_type, check=check, reached=reached)


def text(check: Callable[[Value], Any] = lambda value: value, expects: str = "text") -> FieldType:
    """Return the field type of a line of plain text, such as a name."""
    return FieldType(expects, check, numbers=0, expressions=False)


NAME = replace(text(expects="a name"), identifier=True)
"""The field type of the name of a node, block or argument."""

PROSE = FieldType("text", lambda value: value, numbers=0, prose=True, expressions=False)


def optional_number(*, whole: bool) -> FieldType:
    """Return the field type of a number that may be left empty, such as a bound."""

    def check(value: Value) -> Value:
        if value is None or type(value) is int or (not whole and type(value) is float):
            return value
        raise ParameterError(f"takes {'a whole number' if whole else 'a number'} or nothing")

    expects = f"{'a whole number' if whole else 'a number'} or nothing"
    return FieldType(expects, check, whole=whole, optional=True, expressions=False)


def options(choices: tuple[str, ...]) -> FieldType:
    """Return the field type of a drop-down list of words."""
    return FieldType(
        f"one of {', '.join(choices)}",
        lambda value: value,
        numbers=0,
        options=choices,
        expressions=False,
    )


def truth(value: Value) -> bool:
    """Return a value of `when` as a bool.

    Raises
    ------
    ParameterError
        The value is neither a bool nor a number.
    """
    if isinstance(value, (bool, int, float)):
        return bool(value)
    raise ParameterError(f"takes on or off; received '{value}'")


WHEN = FieldType("on or off", truth, numbers=0, switch=True)


def scalar(value: Value) -> Scalar:
    """Return the value of a field that accepts one value.

    Raises
    ------
    ParameterError
        It is a tuple of several values.
    """
    if isinstance(value, tuple):
        raise ParameterError("takes one value; received several")
    return value


def has_expression(value: object) -> bool:
    """Tell whether a value is an expression or a tuple with one."""
    return any(map(is_expression, value)) if isinstance(value, tuple) else is_expression(value)
