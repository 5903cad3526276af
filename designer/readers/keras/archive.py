"""The zip archive of a ``.keras`` file, and the weights in its HDF5 file."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from designer.errors import DesignerError
from designer.readers.graph import Shape

_LARGEST_JSON = 1 << 26  # bytes; NASNetLarge has 3 MB
_LARGEST_EXPANSION = 100  # of weights that are compressed, times their bytes in the file
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"

NO_H5PY = (
    "The weights were not read, as the package h5py is missing: install it with "
    "pip install 'netdesigner[import]'."
)
NO_WEIGHTS = f"The file holds no weights: it has no {_WEIGHTS}."


class FormatError(Exception):
    """The content of a file is not what the format says."""


class Archive:
    """The files of a ``.keras`` archive.

    Raises
    ------
    FormatError
        The file is no such archive.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            self._names = set(self._zip.namelist())
        except FileNotFoundError:
            raise FormatError("there is no such file.") from None
        except OSError as error:
            raise FormatError(f"{error.strerror or error}.") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            if _first_bytes(path).startswith(b"\x89HDF\r\n\x1a\n"):
                raise FormatError(
                    "it is an HDF5 file of an earlier Keras. Load it in Keras and save it again "
                    "with model.save('model.keras')."
                ) from None
            raise FormatError(
                f"it is no whole file of Keras ({error}). Copy or save it again."
            ) from None
        if _CONFIG not in self._names:
            raise FormatError(f"it has no {_CONFIG}, so it is no file of Keras.")

    def config(self) -> Any:
        """Return the description of the network."""
        return self._json(_CONFIG)

    def version(self) -> str:
        """Return the version of Keras that wrote the file; "" if it does not say."""
        if "metadata.json" not in self._names:
            return ""
        found = self._json("metadata.json")
        return str(found.get("keras_version", "")) if isinstance(found, dict) else ""

    def weights(self) -> "Weights":
        """Return the weights, which may be unknown."""
        if _WEIGHTS not in self._names:
            return Weights(None, NO_WEIGHTS)
        try:
            import h5py
        except ImportError:
            return Weights(None, NO_H5PY)
        info = self._zip.getinfo(_WEIGHTS)
        if info.file_size > _LARGEST_EXPANSION * max(info.compress_size, 1 << 16):
            raise FormatError(
                f"its {_WEIGHTS} would grow to {info.file_size:,} bytes from "
                f"{info.compress_size:,}, which no weights do."
            )
        content = self._content(_WEIGHTS, info.file_size)
        with _undamaged():
            return Weights(h5py.File(io.BytesIO(content), "r"), "")

    def _json(self, name: str) -> Any:
        try:
            return msgspec.json.decode(self._content(name, _LARGEST_JSON))
        except (msgspec.DecodeError, RecursionError) as error:
            raise FormatError(f"its {name} is damaged ({error}). Save it again.") from None

    def _content(self, name: str, most: int) -> bytes:
        info = self._zip.getinfo(name)
        if info.file_size > most:
            raise FormatError(f"its {name} has {info.file_size:,} bytes, more than {most:,}.")
        try:
            with self._zip.open(info) as file:
                content = file.read(most + 1)
        except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, zlib.error) as error:
            raise FormatError(f"its {name} is damaged ({error}). Copy it again.") from None
        except NotImplementedError as error:
            raise FormatError(f"its {name} cannot be unpacked ({error}).") from None
        if len(content) > most:
            raise FormatError(f"its {name} has more bytes than the archive says.")
        return content


@contextmanager
def _undamaged() -> Iterator[None]:
    """Say that the weights are damaged where h5py cannot read them.

    Raises
    ------
    FormatError
        They are.
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise FormatError(f"its {_WEIGHTS} is damaged ({error}). Save it again.") from None


class Weights:
    """The arrays of the HDF5 file, by the path of a layer and their number.

    Attributes
    ----------
    missing
        A sentence that says why there are none; "" if there are.
    """

    def __init__(self, file: Any, missing: str) -> None:
        self._file = file
        self.missing = missing
        if file is not None and "_layer_checkpoint_dependencies" in file:  # Keras 2.13
            self._file = _Renamed(file)

    def reader(self, path: str, number: int, shape: Shape) -> Callable[[], Any]:
        """Return what reads an array.

        Parameters
        ----------
        path
            The layer's path in the file, ``layers/conv2d``.
        number
            Which of the layer's arrays it is.
        shape
            The shape that it must have.

        Raises
        ------
        FormatError
            The file has no array of this shape there.
        """
        if self._file is None:
            return self._refuse
        found = self._dataset(f"{path}/vars/{number}")
        if found is None:
            raise FormatError(f"its weights lack {path}/vars/{number}. Save it again.")
        if tuple(found.shape) != tuple(shape):
            raise FormatError(
                f"the array {path}/vars/{number} has the shape {[*found.shape]} in place of "
                f"{[*shape]}."
            )

        def read() -> Any:
            try:
                with _undamaged():
                    return np.asarray(found[()], np.float32)
            except FormatError as error:
                raise DesignerError(f"The file cannot be read: {error}") from None

        return read

    def shapes(self, path: str) -> Mapping[int, Shape]:
        """Return the shapes of all arrays of a layer, by their numbers."""
        if self._file is None:
            return {}
        found: dict[int, Shape] = {}
        for number in range(1000):
            dataset = self._dataset(f"{path}/vars/{number}")
            if dataset is None:
                break
            found[number] = tuple(dataset.shape)
        return found

    def _refuse(self) -> Any:
        raise DesignerError(self.missing)

    def _dataset(self, path: str) -> Any:
        """Return a plain array of the file; None if there is none."""
        with _undamaged():
            return self._found(path)

    def _found(self, path: str) -> Any:
        import h5py

        group = self._file
        for part in _parts(path):
            kind = group.get(part, getlink=True)
            if kind is None:
                return None
            if not isinstance(kind, h5py.HardLink):
                raise FormatError(f"its weights link {path} to another place, which is not read.")
            group = group[part]
            if isinstance(group, h5py.Dataset):
                break
        if not isinstance(group, h5py.Dataset):
            return None
        if group.external or group.is_virtual:
            raise FormatError(f"its array {path} lies in another file, which is not read.")
        if group.dtype.kind not in "fiu":
            raise FormatError(f"its array {path} has elements of the type {group.dtype}.")
        stored = group.id.get_storage_size()
        if prod(group.shape) * group.dtype.itemsize > _LARGEST_EXPANSION * max(stored, 1 << 16):
            raise FormatError(f"its array {path} would be far larger than what is stored of it.")
        return group


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError:
        return b""


def _parts(path: str) -> Iterator[str]:
    yield from (each for each in path.split("/") if each)


class _Renamed:
    """The root of a file of Keras 2.13, which has another name for the layers."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def get(self, name: str, *, getlink: bool) -> Any:
        """Return how the file holds an entry."""
        return self._file.get(self._own(name), getlink=getlink)

    def __getitem__(self, name: str) -> Any:
        return self._file[self._own(name)]

    @staticmethod
    def _own(name: str) -> str:
        return "_layer_checkpoint_dependencies" if name == "layers" else name
