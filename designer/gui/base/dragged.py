"""What is dragged or lies on the clipboard."""

from pathlib import Path

from PySide6.QtCore import QMimeData


def local_paths(data: QMimeData) -> list[Path]:
    """Return the paths of the files that are dragged or on the clipboard."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
