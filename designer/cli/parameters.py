"""Click's commands, arguments and options, with help for arguments and options in groups."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from designer import system

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
    """A command whose help explains its arguments, groups its options and ends in examples.

    Parameters
    ----------
    examples
        Whole command lines, without the program's name.
    """

    def __init__(self, *declarations: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.examples = tuple(examples)

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
        write_examples(formatter, ctx, self.examples)


def write_examples(
    formatter: click.HelpFormatter, ctx: click.Context, examples: Sequence[str]
) -> None:
    """Write command lines below the heading Examples; they are not wrapped, to be copied."""
    with formatter.section("Examples"):
        for each in examples:
            line = system.quoted(ctx.find_root().info_name or "", *shlex.split(each))
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Subcommands(click.Group):
    """A command with commands of its own, listed in the order in which they are declared.

    Parameters
    ----------
    examples
        As in `Command`.
    """

    command_class = Command

    def __init__(self, *declarations: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.examples = tuple(examples)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        write_examples(formatter, ctx, self.examples)


class Group(Subcommands):
    """The program: where a design stands in the place of a command, the window opens on it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None:
            if _is_design(word):
                args = ["open", *(["--"] if word.startswith("-") else []), *args]
            elif not word.startswith("-"):
                self._refuse(ctx, word)
        return super().resolve_command(ctx, args)

    def _refuse(self, ctx: click.Context, word: str) -> NoReturn:
        """Refuse a word that is neither a command nor a design, and name the closest one."""
        from difflib import get_close_matches

        from designer import presets

        known = (*self.list_commands(ctx), *presets.names())
        close = get_close_matches(word.lower(), known, 1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        ctx.fail(f"There is no command, preset or design file '{word}'.{hint}")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from designer import presets

        found = super().shell_complete(ctx, incomplete)
        if found or incomplete.startswith("-"):
            return found
        names = [CompletionItem(name) for name in presets.names() if name.startswith(incomplete)]
        return [CompletionItem(incomplete, type="file"), *names]


def _is_design(word: str) -> bool:
    """Tell whether a word is a preset's name, or looks like a file or is one."""
    from designer import presets

    path = Path(word)
    return word in presets.names() or bool(path.suffix) or path.name != word or path.exists()


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


class Real(click.FloatRange):
    """A number within limits."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            number = None
        assert self.min is not None and self.max is not None
        if number is None or not self.min <= number <= self.max:
            self.fail(
                f"takes a number from {self.min:g} to {self.max:g}; received '{value}'", param, ctx
            )
        return number


class Text(click.types.StringParamType):
    """A text that the shell completes.

    Parameters
    ----------
    words
        A function that returns words to complete.
    path
        ``file`` to complete files and folders, ``dir`` for folders only, "" for none.
    """

    name = "text"

    def __init__(self, words: Callable[[], Iterable[str]] = tuple, path: str = "") -> None:
        self.words = words
        self.path = path

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        items = [CompletionItem(word) for word in self.words() if word.startswith(incomplete)]
        if self.path:  # first, since click's script for bash drops the words before it
            items.insert(0, CompletionItem(incomplete, type=self.path))
        return items


def argument(name: str, *, metavar: str, help: str = "", **settings: Any) -> Decorator:  # noqa: A002
    """Declare a positional argument; see `Argument`."""
    return click.argument(name, cls=Argument, metavar=metavar, help=help, **settings)


def option(*names: str, **settings: Any) -> Decorator:
    """Declare an option; see `Option`."""
    return click.option(*names, cls=Option, **settings)
