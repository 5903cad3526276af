"""Commands of typer that start fast: plain parameters do without pydantic."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _Plain:
    """Converts flags, text, lists of text and whole numbers in place of typer's pydantic."""

    def __init__(self, least: float | None, most: float | None, *, whole: bool) -> None:
        self.least, self.most, self.whole = least, most, whole

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if not self.whole or value is None:
            return value
        try:
            number = int(value)
        except ValueError:
            number = None
        if (
            number is None
            or (self.least is not None and number < self.least)
            or (self.most is not None and number > self.most)
        ):
            limits = "" if self.least is None else f" from {self.least:,}"
            limits += "" if self.most is None else f" to {self.most:,}"
            sentence = f"takes a whole number{limits}; received '{value}'"
            raise typer.BadParameter(sentence, ctx, param)
        return number


def _fast(params: list[Any]) -> list[Any]:
    """Let plain parameters do without pydantic, which takes 0.2 s to import.

    typer 0.29 sends even ``--help`` through it. Where typer's inside is not as expected here, it
    does what it always does.
    """
    for param in params:
        kind = getattr(param, "type_descriptor", None)
        if kind is None or getattr(param, "_runtime_param", param) is not None:
            continue
        if kind.annotation in (bool, str, int, list[str]):
            given = kind.parameter_info
            param._runtime_param = _Plain(given.min, given.max, whole=kind.annotation is int)
    return params


class FastCommand(TyperCommand):
    """A command that starts without pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        return _fast(super().get_params(ctx))


class FastGroup(TyperGroup):
    """A group of commands that starts without pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        return _fast(super().get_params(ctx))
