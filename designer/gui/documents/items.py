"""What can be added to a design: a layer, a block of it or a common one, a preset; also a drag."""

from typing import Literal, NamedTuple, get_args

from PySide6.QtCore import QMimeData

MIME = "application/x-netdesigner-item"

Kind = Literal["layer", "block", "common", "preset"]


class Item(NamedTuple):
    """Something of the palette by its kind and name."""

    kind: Kind
    name: str


def to_mime(item: Item) -> QMimeData:
    """Return what a drag of the item carries."""
    data = QMimeData()
    data.setData(MIME, f"{item.kind}:{item.name}".encode())
    data.setText(item.name)
    return data


def from_mime(data: QMimeData) -> Item | None:
    """Return the item that a drag carries, None if it carries something else."""
    if not data.hasFormat(MIME):
        return None
    kind, _, name = bytes(data.data(MIME).data()).decode(errors="replace").partition(":")
    return Item(kind, name) if kind in get_args(Kind) else None
