"""Items that can be added to a design, also as the content of a drag."""

from typing import Literal, NamedTuple, get_args

from PySide6.QtCore import QMimeData

MIME = "application/x-netdesigner-item"

Kind = Literal["layer", "block", "common", "preset"]


class Item(NamedTuple):
    """A layer type, block, common block or preset, by kind and name."""

    kind: Kind
    name: str


def to_mime(item: Item) -> QMimeData:
    """Return the data of a drag of the item."""
    data = QMimeData()
    data.setData(MIME, f"{item.kind}:{item.name}".encode())
    data.setText(item.name)
    return data


def from_mime(data: QMimeData) -> Item | None:
    """Return the item of a drag, or None if it is a drag of something else."""
    if not data.hasFormat(MIME):
        return None
    kind, _, name = bytes(data.data(MIME).data()).decode(errors="replace").partition(":")
    known: dict[str, Kind] = {each: each for each in get_args(Kind)}
    return Item(known[kind], name) if kind in known else None
