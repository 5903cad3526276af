"""The work of ``netdesigner predict``: asking a network about examples, printing its answers."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from designer.analysis.report.formatting import cells_of, padded
from designer.analysis.report.line import Line, Style
from designer.cli.output import printable, share_shown
from designer.errors import DesignerError
from designer.runs.inspection import Subject
from designer.storage import save_file, unwritable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BETWEEN = 3  # columns between two predictions

Answer = Mapping[str, Any]
"""What a network says of a file; see `designer.engine.inspect.prediction.predict`."""


def predict(
    subject: Subject,
    paths: Sequence[Path],
    *,
    top: int,
    device: str,
    settings: Mapping[str, Any] | None = None,
    to: Path | None = None,
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return what a network says of the examples in files, and sentences on how it was asked.

    Parameters
    ----------
    subject
        The network.
    paths
        Pictures and folders of them, or tables and arrays.
    top, device, settings
        As of `designer.engine.inspect.prediction.predict`.
    to
        A folder into which the pictures are written that a network gives again.

    Raises
    ------
    DesignerError
        The network cannot be loaded, a table is for another network, or the network gives no
        pictures to write.
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.inspect import examples, prediction
    from designer.engine.inspect.subject import load

    with share_shown("Predicting") as progress, devices.enough_memory("inspect"):
        loaded = load(subject, device=device)
        if to is not None and (not loaded.preprocessing.gives_input or loaded.preprocessing.inputs):
            raise DesignerError(
                f"--to writes the pictures that a network gives, but {loaded.analysis.design.name} "
                "gives none: leave it out."
            )
        # The pictures that it returns are not needed: all of a large folder would take gigabytes.
        found, arrays = prediction.predict(
            loaded,
            examples.in_files(loaded, paths),
            top=top,
            side=1 if to is None else None,
            settings=settings,
            progress=progress,
        )
    if to is not None:
        _write_pictures(to, found, arrays["given"])
    note = prediction.passes_for(loaded, settings).note
    return found, (*loaded.notes, *((note,) if note else ()))


def _write_pictures(folder: Path, found: Sequence[Answer], pictures: "NDArray[Any]") -> None:
    """Write pictures (n, height, width, channels) as PNG files, called as those that were given."""
    from PIL import Image

    written: set[str] = set()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each, pixels in zip(found, pictures, strict=True):
            if "predictions" not in each:
                continue
            stem = name = Path(each["file"]).stem
            number = 1
            while name.casefold() in written:
                number += 1
                name = f"{stem} {number}"
            written.add(name.casefold())
            content = io.BytesIO()
            Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(
                content, "PNG"
            )
            save_file(folder / f"{name}.png", content.getvalue())
    except OSError as error:
        raise unwritable(folder, error) from error


def to_json(found: Sequence[Answer]) -> str:
    """Return answers as a JSON list."""
    # Not msgspec's writer alone, which refuses names of files that are no UTF-8.
    text = [{**each, "file": _text(each["file"])} for each in found]
    return f"{msgspec.json.format(msgspec.json.encode(text), indent=1).decode()}\n"


def lines(found: Sequence[Answer], width: int | None = None) -> Iterator[Line]:
    """Yield a table with a line for each example; those that cannot be read are left out.

    Parameters
    ----------
    found
        What `predict` returned.
    width
        The columns of the terminal: of each file as many predictions are named as fit, but at least
        one. None names all.
    """
    rows = [
        (printable(_name(each)), [_cell(one) for one in each["predictions"]])
        for each in found
        if "predictions" in each
    ]
    if not rows:
        return
    first = max(map(cells_of, ("file", *(name for name, _ in rows))))
    count = max(len(cells) for _, cells in rows)
    widths = [
        max(cells_of(cells[column][0]) for _, cells in rows if column < len(cells))
        for column in range(count)
    ]
    if width is not None:
        room, figure = width - first, max(len(cells[0][1]) for _, cells in rows)
        for column, each in enumerate(widths):
            room -= _BETWEEN + each + 1 + figure
            if room < 0:
                widths = widths[: max(1, column)]
                break
    yield Line(f"{padded('file', first)}  {_title(found)}", Style.HEADING)
    for name, cells in rows:
        texts = (
            f"{padded(text, width)} {value}"
            for (text, value), width in zip(cells, widths, strict=False)
        )
        yield Line(f"{padded(name, first)}  {(' ' * _BETWEEN).join(texts)}".rstrip())


def write_table(path: Path, found: Sequence[Answer]) -> None:
    """Write a CSV table with a row for each example.

    Its columns are ``file``, the ``row`` in it if it has several, the most probable class and its
    probability, further classes as ``class 2`` and ``probability 2``, for a network of numbers a
    column for each, and ``error``.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    rows = [_row(each) for each in found]
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "error"))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, "error"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        save_file(path, text.getvalue().encode())
    except OSError as error:
        raise unwritable(path, error) from error


def _row(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"file": _text(answer["file"])}
    if "row" in answer:
        row["row"] = answer["row"]
    if "error" in answer:
        row["error"] = answer["error"]
    for number, one in enumerate(answer.get("predictions", ()), 1):
        if "value" in one:
            row[one["name"]] = one["value"]
        else:
            last = "" if number == 1 else f" {number}"
            row[f"class{last}"] = one["class"]
            row[f"probability{last}"] = one["probability"]
    return row


def _cell(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of a prediction, and its figure in a fixed width."""
    if "value" in one:
        return printable(one["name"]), f"{one['value']:11.5g}"
    return printable(one["class"]), f"{100 * one['probability']:5.1f} %"


def _title(found: Sequence[Answer]) -> str:
    one = next(each for each in found if "predictions" in each)["predictions"]
    return "predicted numbers" if one and "value" in one[0] else "classes, the most probable first"


def _name(answer: Answer) -> str:
    """Return what a line calls an example: its file, with the row if it has several."""
    row = f" row {answer['row']}" if "row" in answer else ""
    return f"{_text(answer['file'])}{row}"


def _text(name: str) -> str:
    """Return the name of a file without bytes that are no text."""
    return name.encode("utf-8", "replace").decode()
