"""The work of ``netdesigner explain`` and ``netdesigner maps``: asking, and drawing pictures."""

import io
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from designer.cli.output import share_shown
from designer.engine.inspect import requests
from designer.errors import DesignerError
from designer.gui.base import signed_colors
from designer.runs.explanations import EXPLANATIONS
from designer.runs.inspection import ZERO_LEVEL, Subject
from designer.storage import save_file, unwritable

Values = NDArray[Any]

_BACKGROUND = 127  # gray between the tiles
_GAP = 2  # pixels between tiles
_LEAST, _LARGEST = 32, 256  # pixels of the longer side of a tile, and of a map over a picture
_OPACITY = 0.6  # of the largest values of a map over a picture
_BLUE, _RED, _YELLOW = (33, 102, 172), (178, 24, 43), (255, 214, 51)


def ask(subject: Subject, device: str, request: dict[str, Any]) -> requests.Answer:
    """Return the answer to a request of `designer.engine.inspect.requests`.

    Raises
    ------
    DesignerError
        It cannot be answered.
    """
    whole = {**request, "subject": msgspec.to_builtins(subject), "device": device}
    with share_shown("Computing") as progress:
        return requests.answer(whole, requests.Job(progress))


def to_json(answer: requests.Answer, path: Path | None, **more: Any) -> str:
    """Return what was found, without its arrays, as one JSON object."""
    fields = {**answer.fields, "picture": None if path is None else str(path), **more}
    return f"{msgspec.json.format(msgspec.json.encode(fields), indent=2).decode()}\n"


def explained(answer: requests.Answer) -> Image.Image:
    """Return the picture as the network saw it, with the map over it.

    What speaks for the class is yellow, or with a method that also finds what speaks against it,
    red against blue.
    """
    values: Values = answer.arrays["map"].astype(np.float64)
    seen: Values = answer.arrays["seen"].astype(np.float64)
    signed = EXPLANATIONS[answer.fields["method"]].signed
    most = float(np.abs(values).max()) or 1.0
    share = np.abs(values)[..., None] / most * _OPACITY
    color = np.where(values[..., None] < 0, _BLUE, _RED if signed else _YELLOW)
    mixed = (1 - share) * np.broadcast_to(seen, (*values.shape, 3)) + share * color
    return _enlarged(mixed.round().astype(np.uint8))


def tiles(values: Values) -> Image.Image:
    """Return maps as one picture, in the colors of the window: blue, black for 0, and orange.

    Parameters
    ----------
    values
        (n, height, width), (n, 3, height, width) in colors, a matrix (rows, columns), or a vector
        (n,), which is drawn as a row. Values that are NaN or infinite are drawn as 0.
    """
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    if values.ndim == 4:
        low = values.min((1, 2, 3), keepdims=True)
        span = values.max((1, 2, 3), keepdims=True) - low
        colored = ((values - low) / np.where(span > 0, span, 1) * 255).transpose(0, 2, 3, 1)
    else:
        colored = _colors(values.reshape(1, 1, -1) if values.ndim == 1 else values)
        colored = colored[None] if colored.ndim == 3 else colored
    count, height, width = colored.shape[:3]
    longer = max(height, width)
    factor = -(-_LEAST // longer) if count > 1 and longer < _LEAST else 1
    large = colored.round().astype(np.uint8).repeat(factor, 1).repeat(factor, 2)
    height, width = large.shape[1:3]
    columns = max(1, round(math.sqrt(count * height / width)))
    rows = -(-count // columns)
    sheet = np.full(
        (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), _BACKGROUND, np.uint8
    )
    for number, tile in enumerate(large):
        row, column = divmod(number, columns)
        top, left = row * (height + _GAP), column * (width + _GAP)
        sheet[top : top + height, left : left + width] = tile
    return Image.fromarray(sheet)


def _colors(values: Values) -> Values:
    """Return the colors of values, on one scale around zero: uint8 (..., 3)."""
    most = float(np.abs(values).max()) or 1.0
    levels = ZERO_LEVEL + values / most * (255 - ZERO_LEVEL)
    found: Values = signed_colors.palette()[levels.round().astype(np.uint8)]
    return found


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return a small picture enlarged by a whole number, so that it can be looked at."""
    factor = max(1, _LARGEST // max(pixels.shape[:2]))
    return Image.fromarray(pixels.repeat(factor, 0).repeat(factor, 1))


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture in the format of the file's ending.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    endings = Image.registered_extensions()
    if path.suffix.lower() not in endings:
        raise DesignerError(f"{path} has no ending of a picture: use one such as {path.stem}.png.")
    content = io.BytesIO()
    picture.save(content, endings[path.suffix.lower()])
    try:
        save_file(path, content.getvalue())
    except OSError as error:
        raise unwritable(path, error) from error
