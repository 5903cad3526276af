"""The design that a command is given, with the arguments that ``--set`` changes."""

import re
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from designer.cli.trust import trust_if_asked
from designer.design.identifiers import normalized
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.design.expressions import Scalar
    from designer.design.values import Argument, Design


def load(name: str, settings: Iterable[str] | None = None) -> "Design":
    """Read a design and set its arguments.

    Parameters
    ----------
    name
        A preset's name or a design file.
    settings
        Texts ``ARG=VALUE``, from ``--set``.

    Raises
    ------
    DesignerError
        There is no such design, or an argument does not fit.
    """
    from designer import presets
    from designer.design import edits

    design = presets.load(name)
    trust_if_asked(design)
    for setting in settings or ():
        argument, value = _setting(design, setting)
        design = edits.set_argument(design, argument, value)
    return design


def _setting(design: "Design", setting: str) -> "tuple[str, Scalar]":
    """Parse ``ARG=VALUE``; the argument decides how its value is read."""
    name, equals, text = setting.partition("=")
    name, text = normalized(name.strip()), text.strip()
    if not equals or not name:
        raise DesignerError(f"--set takes ARG=VALUE, as in classes=10; received '{setting}'.")
    argument = design.arguments.get(name)
    if argument is None:
        known = ", ".join(design.arguments) or "none"
        if close := get_close_matches(name, design.arguments, 1):
            raise DesignerError(
                f"{design.name} has no argument '{name}'; did you mean '{close[0]}'? Its arguments "
                f"are: {known}."
            )
        raise DesignerError(f"{design.name} has no argument '{name}'. Its arguments are: {known}.")
    return name, _value(argument, text)


def _value(argument: "Argument", text: str) -> "Scalar":
    """Read a value by the type of the argument's choices or default.

    A text that is of no such type is returned as it is; the argument itself refuses it.
    """
    from designer.design.expressions import MAX_MAGNITUDE
    from designer.design.printing import setting_text

    for choice in argument.choices:
        if setting_text(choice) == text:
            return choice
    if isinstance(argument.default, str):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?\d{1,20}", text, re.ASCII) and abs(int(text)) <= MAX_MAGNITUDE:
        return int(text)
    with suppress(ValueError):
        number = float(text)
        if abs(number) <= MAX_MAGNITUDE and not isinstance(argument.default, int):
            return number
    return text
