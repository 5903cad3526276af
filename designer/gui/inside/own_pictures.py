"""Pictures that are drawn or pasted: the worker process reads files, so they become some."""

import shutil
import weakref
from collections import deque
from pathlib import Path

from PySide6.QtGui import QImage

from designer.errors import DesignerError

_PASSING = 20  # pictures that stay: the worker may still read one while the next are drawn


class OwnPictures:
    """A temporary folder of pictures, in memory where the system has such a place."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._number = 0
        self._passing: deque[Path] = deque()

    def drawn(self, image: QImage) -> Path:
        """Write a drawing."""
        return self._write(image, "Drawing")

    def passing(self, image: QImage) -> Path:
        """Write a drawing that is not complete yet; only the last ones are kept."""
        path = self._write(image, "Drawing")
        self._passing.append(path)
        while len(self._passing) > _PASSING:
            self._passing.popleft().unlink(missing_ok=True)
        return path

    def pasted(self, image: QImage) -> Path:
        """Write a picture of the clipboard."""
        return self._write(image, "Pasted picture")

    def _write(self, image: QImage, name: str) -> Path:
        if self._folder is None:
            from designer import leftovers, shared_arrays  # numpy, which the start avoids

            self._folder = shared_arrays.folder() / leftovers.temporary_name()
            self._folder.mkdir()
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._number += 1
        path = self._folder / f"{name} {self._number}.png"
        if not image.save(str(path)):
            raise DesignerError(f"{path} cannot be written: free some memory or disk space.")
        return path
