"""Writing the report of a run into a file: HTML or Markdown, by the ending of its name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from designer.errors import DesignerError
from designer.reports.blocks import Section
from designer.reports.html import html
from designer.reports.markdown import markdown
from designer.reports.reading import Report, read
from designer.reports.sections import sections
from designer.runs.folder import RunFolder
from designer.storage import save_file, unwritable


class ReportFormat(msgspec.Struct, frozen=True):
    """A kind of report.

    Attributes
    ----------
    suffix
        The ending of its files, by which it is chosen.
    title, help
        Its name for people, and one sentence on what it is for.
    """

    suffix: str
    title: str
    help: str


_ROWS = (
    ReportFormat(".html", "HTML", "One page with all plots and pictures, which opens anywhere."),
    ReportFormat(
        ".md",
        "Markdown",
        "A model card with all tables, as Hugging Face and code hosts show it beside a model.",
    ),
)

REPORT_FORMATS: Mapping[str, ReportFormat] = {row.suffix: row for row in _ROWS}

_WRITERS: Mapping[str, Callable[[Report, Sequence[Section]], str]] = {
    ".html": html,
    ".md": markdown,
}


def check_format(path: Path) -> None:
    """Refuse a file whose name ends otherwise than those of `REPORT_FORMATS`.

    Raises
    ------
    DesignerError
        It does.
    """
    if path.suffix.lower() not in REPORT_FORMATS:
        raise DesignerError(
            f"A report is written into a file that ends in {' or '.join(REPORT_FORMATS)}; received "
            f"{path.name}."
        )


def write_report(run: RunFolder, path: Path) -> None:
    """Write all about a run into one file: how it was trained, and what its network can do.

    It reads nothing but the run's folder and takes a second or so, more with many classes; it needs
    no torch, and may run in a background thread. Whatever the run lacks so far, such as an
    evaluation, is said in a sentence.

    Parameters
    ----------
    run
        The run, which may still be trained.
    path
        A file that ends in ``.html`` or ``.md``.

    Raises
    ------
    DesignerError
        The file's name ends otherwise, it cannot be written, or the run cannot be read.
    """
    check_format(path)
    report = read(run)
    text = _WRITERS[path.suffix.lower()](report, sections(report))
    try:
        save_file(path, text.encode())
    except OSError as error:
        raise unwritable(path, error) from error
