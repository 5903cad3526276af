"""Click's commands, arguments and options, with help for arguments and options in groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Help = str | Callable[[], str]
"""A help text, or a function that returns it where making it needs a slow import."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Argument(click.Argument):
    """A positional argument that is explained in the help.

    Parameters
    ----------
    help
        The explanation; without one the argument is not listed at all.
    """

    def __init__(self, *declarations: Any, help: str = "", **settings: Any) -> None:  # noqa: A002
        super().__init__(*declarations, **settings)
        self.help = help  # click knows help for arguments from 8.5 on only

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        return super().get_usage_pieces(ctx) if self.help else []


class Option(click.Option):
    """An option that is listed under a heading, and whose help may be made when it is shown.

    Parameters
    ----------
    group
        The heading.
    help
        See `Help`.
    """

    def __init__(
        self,
        *declarations: Any,
        group: str = "Options",
        help: Help = "",  # noqa: A002
        **settings: Any,
    ) -> None:
        super().__init__(*declarations, **settings)
        self.group = group
        self.explanation = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        text = self.explanation
        self.help = text if isinstance(text, str) else text()
        return super().get_help_record(ctx)


class Command(click.Command):
    """A command whose help explains its arguments and lists its options in groups."""

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Do nothing: `format_options` lists them, as click before 8.5 has no such method."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, Argument):
                if param.help:
                    name = param.human_readable_name.strip("[]")
                    sections.setdefault("Arguments", []).append((name, param.help))
            elif record := param.get_help_record(ctx):
                group = param.group if isinstance(param, Option) else "Options"
                sections.setdefault(group, []).append(record)
        sections["Options"] = sections.pop("Options", [])  # with --help, last
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


class Group(click.Group):
    """The program: its commands, listed in the order in which they are declared."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class Whole(click.IntRange):
    """A whole number within limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = None
        if (
            number is None
            or (self.min is not None and number < self.min)
            or (self.max is not None and number > self.max)
        ):
            self.fail(f"takes a whole number {self._limits()}; received '{value}'", param, ctx)
        return number

    def _limits(self) -> str:
        upper = "" if self.max is None else f" to {self.max:,}"
        return f"from {self.min:,}{upper}"


class DesignName(click.types.StringParamType):
    """A preset's name or a design file; the shell completes both."""

    name = "design"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from designer import presets

        names = [name for name in presets.names() if name.startswith(incomplete)]
        return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


def argument(name: str, *, metavar: str, help: str = "", **settings: Any) -> Decorator:  # noqa: A002
    """Declare a positional argument; see `Argument`."""
    return click.argument(name, cls=Argument, metavar=metavar, help=help, **settings)


def option(*names: str, **settings: Any) -> Decorator:
    """Declare an option; see `Option`."""
    return click.option(*names, cls=Option, **settings)
