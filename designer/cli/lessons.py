"""The lessons: their list, their text, and their files."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from designer.cli.options import FOLDER, LESSON, as_json
from designer.cli.output import printable, show, write
from designer.cli.parameters import Command, argument, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.lessons import Lesson


@click.command(
    cls=Command,
    examples=(
        "lessons",
        "lessons initialization --to lesson",
    ),
)
@argument(
    "lesson",
    type=LESSON,
    required=False,
    metavar="[NAME]",
    help="A lesson; without one, all are listed.",
)
@option(
    "--to",
    type=FOLDER,
    metavar="FOLDER",
    help="Write the designs of the lesson, each with its recipe, and its text to this folder.",
)
@as_json
def lessons(lesson: str | None, to: str | None, as_json: bool) -> int:
    """List the lessons, show one, or write its files.

    A lesson is a few designs with a recipe, and three sentences that say what to press and what
    will be seen. The window opens it from the welcome page and from the Help menu.
    """
    import msgspec

    from designer import lessons as built_in

    chosen = built_in.LESSONS if lesson is None else (built_in.find(lesson),)
    paths: list[str] = []
    if to is not None:
        if lesson is None:
            raise DesignerError(
                "Name the lesson whose files are to be written, as in: "
                f"netdesigner lessons {chosen[0].key} --to {to}"
            )
        paths = [str(path) for path in built_in.write(chosen[0], Path(to))]
    if as_json:
        rows: list[dict[str, Any]] = [msgspec.to_builtins(each) for each in chosen]
        found = {"lessons": rows, "files": paths} if paths else {"lessons": rows}
        write(f"{msgspec.json.format(msgspec.json.encode(found)).decode()}\n")
    elif paths:
        write("".join(f"{printable(path)} is written.\n" for path in paths))
    else:
        show(line for each in chosen for line in _lines(each))
    return 0


def _lines(lesson: "Lesson") -> "Iterator[Line]":
    """Yield the lines about a lesson: its text, and each design with its arguments."""
    from designer.analysis.report.line import Line, Style
    from designer.design.printing import setting_text

    yield Line(f"{lesson.key}: {lesson.title}", Style.HEADING)
    for text in lesson.text:
        for line in textwrap.wrap(text, 76, break_on_hyphens=False):
            yield Line(f"  {line}")
    for design in lesson.designs:
        settings = "".join(
            f" {name}={setting_text(value)}" for name, value in design.arguments.items()
        )
        yield Line(f"  {design.title}: {design.source}{settings}", Style.FAINT)
    yield Line()
