"""The pictures in a column of Arrow files, as files by their row numbers."""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from designer.data.extras import extra
from designer.data.findings import LeftOut
from designer.errors import DesignerError


@dataclass(frozen=True)
class ArrowFiles:
    """The encoded pictures in a column of Arrow files, which are mapped into memory.

    Attributes
    ----------
    path
        Of the data set, for sentences.
    tables
        The Arrow files, one after the other.
    column
        The column of the pictures: their bytes, or a struct with the field ``bytes``.
    part
        The part that the files are for, for sentences.
    """

    path: Path
    tables: tuple[Path, ...]
    column: str
    part: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple([str(row) for row in range(len(self._rows))])

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return ()

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return ()

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return ()

    def holds(self, name: str) -> bool:
        return name.isdecimal() and int(name) < len(self._rows)

    def size(self, name: str) -> int:
        return int(self._buffer(name).size)

    def read(self, name: str, most: int | None = None) -> bytes:
        content: bytes = self._buffer(name)[:most].to_pybytes()
        return content

    def _buffer(self, name: str) -> Any:
        """Return the bytes of a picture, not copied yet.

        Raises
        ------
        DesignerError
            There is no such row, or it holds no picture.
        """
        try:
            value = self._rows[int(name)]
        except (IndexError, ValueError):
            raise DesignerError(f"There is no {self.where(name)}: read the data anew.") from None
        if not value.is_valid:
            raise DesignerError(f"{self.where(name)} holds no picture: write the data set again.")
        return value.as_buffer()

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"row {name} of the {self.part} part of {self.path}"

    @cached_property
    def _rows(self) -> Any:
        """The bytes of the pictures, a chunked array."""
        rows = arrow_table(self.tables).column(self.column)
        if "struct" not in str(rows.type):
            return rows
        compute: Any = extra("pyarrow.compute", str(self.path))
        return compute.struct_field(rows, "bytes")

    def __reduce__(self) -> tuple[type["ArrowFiles"], tuple[Path, tuple[Path, ...], str, str]]:
        return ArrowFiles, (self.path, self.tables, self.column, self.part)


def arrow_table(paths: tuple[Path, ...]) -> Any:
    """Return Arrow files as one table, mapped into memory.

    Raises
    ------
    DesignerError
        One is damaged, or pyarrow is not installed.
    """
    arrow: Any = extra("pyarrow", str(paths[0]))
    tables = []
    for path in paths:
        try:
            mapped = arrow.memory_map(str(path))
            try:
                tables.append(arrow.ipc.open_stream(mapped).read_all())
            except arrow.ArrowInvalid:
                mapped.seek(0)
                tables.append(arrow.ipc.open_file(mapped).read_all())
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise DesignerError(
                f"{path} is no readable Arrow file ({str(error).splitlines()[0]}): write or "
                "download the data set again."
            ) from error
    try:
        return arrow.concat_tables(tables)
    except arrow.ArrowException as error:
        raise DesignerError(
            f"{paths[0]} and the files beside it have different columns "
            f"({str(error).splitlines()[0]}): write the data set again."
        ) from error
