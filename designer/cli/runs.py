"""The folder of runs on the command line: finding runs by name, listing and pruning them."""

import difflib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from designer import preferences, system
from designer.cli import trust
from designer.design import files
from designer.errors import DesignerError
from designer.runs import disk
from designer.runs.folder import RunFolder, list_runs
from designer.runs.states import WORDS

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.runs.survey import Summary


def folder(chosen: str | None) -> Path:
    """Return the folder of runs: the chosen one, or that of the settings, as in the window."""
    return preferences.runs_folder() if chosen is None else Path(chosen).expanduser().absolute()


def writable_folder(chosen: str | None) -> Path:
    """Return the folder of runs, created if it is missing.

    Raises
    ------
    DesignerError
        It cannot be created.
    """
    path = folder(chosen)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise DesignerError(
            f"The folder of runs {path} cannot be written ({error.strerror}): choose another with "
            "--runs DIR, or a folder for this run with --run DIR."
        ) from error
    return path


def find(text: str, chosen: str | None = None) -> RunFolder:
    """Return a run by its path, or by its name alone if it lies in the folder of runs.

    Raises
    ------
    DesignerError
        There is no such run.
    """
    path = Path(text).expanduser().absolute()
    root = folder(chosen)
    if not (path.is_dir() and is_run(path)) and is_name(text) and (root / text).is_dir():
        path = root / text
    if not path.is_dir() and is_name(text):
        close = difflib.get_close_matches(text, _names(root), n=1)
        remedy = f"did you mean {system.quoted(close[0])}?" if close else "see: netdesigner runs."
        raise DesignerError(
            f"There is no run '{text}' in {root}, and no such folder here; {remedy}"
        )
    run = RunFolder.open(path)
    if trust.asked():
        trust.trust_if_asked(files.read(run.design))
    return run


def is_run(path: Path) -> bool:
    """Tell whether a folder looks like a run."""
    return (path / "recipe.json").is_file()


def is_name(text: str) -> bool:
    """Tell whether a text is a bare name rather than a path with folders."""
    return text not in ("", ".", "..") and Path(text).name == text


def names_run(text: str, chosen: str | None = None) -> bool:
    """Tell whether a text means a run where a design may stand, too; presets come first."""
    from designer import presets

    if text in presets.names():
        return False
    return Path(text).is_dir() or (is_name(text) and is_run(folder(chosen) / text))


def nothing_named(text: str, chosen: str | None = None) -> DesignerError:
    """Return the error for a text that should name a run, a preset or a file, and names none."""
    from designer import presets

    close = difflib.get_close_matches(text, [*presets.names(), *_names(folder(chosen))], n=1)
    remedy = (
        f"did you mean {system.quoted(close[0])}?"
        if close
        else "they are listed by: netdesigner runs, and: netdesigner presets"
    )
    return DesignerError(f"There is no run, preset or file '{text}'; {remedy}")


def _names(root: Path) -> list[str]:
    return [run.path.name for run in list_runs(root)]


def located(source: str, chosen: str | None = None) -> str:
    """Return a source of weights; the name of a run in the folder of runs becomes its path."""
    path = folder(chosen) / source
    return str(path) if is_name(source) and not Path(source).exists() and is_run(path) else source


def reference(path: Path) -> str:
    """Return a run as it is typed: its name in the folder of runs, elsewhere its path."""
    return system.quoted(path.name if path.parent == folder(None) else str(path))


# Listing


def summaries(root: Path) -> "list[Summary]":
    """Return what is known of the runs in a folder, the newest first."""
    from designer.runs.survey import Survey

    return Survey().read(root)


def to_json(root: Path, found: "Sequence[Summary]") -> str:
    """Return the list of runs as JSON: sizes in bytes, times in seconds since 1970."""
    runs = [{"name": each.path.name, **asdict(each), "path": str(each.path)} for each in found]
    whole = {"folder": str(root), "size": sum(each.size for each in found), "runs": runs}
    # Not msgspec's writer, which refuses names of folders that are no UTF-8; json escapes them.
    return json.dumps(msgspec.to_builtins(whole))


_Row = tuple[str, ...]
_TITLES: _Row = ("name", "design", "data", "state", "epochs", "best", "begun", "size")
_NUMBERS = ("epochs", "size")


def lines(root: Path, found: "Sequence[Summary]") -> "Iterator[Line]":
    """Yield a table of runs, and their total size."""
    from designer.analysis.report.formatting import decimal_bytes
    from designer.analysis.report.line import Line, Style

    if not found:
        yield Line(f"There are no runs in {root}. Begin one with: netdesigner train lenet5")
        return
    rows = [_TITLES, *(_cells(each) for each in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{text:>{width}}" if title in _NUMBERS else f"{text:<{width}}"
            for title, text, width in zip(_TITLES, row, widths, strict=True)
        )
        yield Line("  ".join(cells).rstrip(), Style.HEADING if row is _TITLES else Style.PLAIN)
    for each in found:
        if each.message:
            yield Line(f"{each.path.name}: {each.message}", Style.WARNING)
    total = decimal_bytes(sum(each.size for each in found))
    number = "1 run" if len(found) == 1 else f"{len(found):,} runs"
    yield Line(f"{number} in {root}, {total}.", Style.HEADING)
    free = sum(map(disk.prunable_bytes, _prunable(root)))
    if free:
        yield Line(f"Old checkpoints of ended runs: {decimal_bytes(free)}; see: netdesigner prune")


def _cells(summary: "Summary") -> _Row:
    from designer.analysis.report.formatting import decimal_bytes

    best = "" if summary.loss is None else f"loss {summary.loss:.4g}"
    if summary.accuracy is not None:
        best = f"test accuracy {100 * summary.accuracy:.2f} %"
    return (
        summary.path.name,
        summary.design,
        summary.data,
        WORDS.get(summary.state, summary.state),
        f"{summary.epochs} / {summary.wanted}" if summary.wanted else str(summary.epochs),
        best,
        f"{datetime.fromtimestamp(summary.began):%Y-%m-%d %H:%M}" if summary.began else "",
        decimal_bytes(summary.size),
    )


# Pruning


def _prunable(root: Path, *, older_than_days: float = 0) -> list[RunFolder]:
    return disk.candidates(list_runs(root), older_than_days=older_than_days)


def prune(
    names: Sequence[str], chosen: str | None, *, older_than_days: float, dry_run: bool
) -> "Iterator[str]":
    """Delete old checkpoints, and yield a sentence for each run and one for all.

    Parameters
    ----------
    names
        The runs; none for all that ended by themselves.
    chosen
        The folder of runs, None for that of the settings.
    older_than_days
        Leave runs alone that were trained more recently.
    dry_run
        Only say what would be deleted.

    Raises
    ------
    DesignerError
        A named run does not exist or cannot be pruned; nothing was deleted then.
    """
    from designer.analysis.report.formatting import decimal_bytes

    if names:
        runs = [find(name, chosen) for name in names]
        for sentence in map(disk.refusal, runs):
            if sentence:
                raise DesignerError(sentence)
    else:
        runs = _prunable(folder(chosen), older_than_days=older_than_days)
    freed = 0
    for run in runs:
        size = disk.prunable_bytes(run) if dry_run else disk.prune(run)
        freed += size
        yield f"{run.path.name}: {decimal_bytes(size)}"
    if not runs:
        yield f"No run in {folder(chosen)} has an old checkpoint to delete."
    elif dry_run:
        yield f"{decimal_bytes(freed)} would be freed; nothing was deleted."
    else:
        yield (
            f"{decimal_bytes(freed)} freed. These runs cannot be continued any more; their best "
            "weights, curves and evaluation remain."
        )
