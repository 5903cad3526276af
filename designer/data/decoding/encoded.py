"""Pictures as decoders take them: in files, or in memory at another size."""

from dataclasses import dataclass

from designer.data.columns import Column, PictureColumn
from designer.data.decoding.tasks import Array
from designer.data.pictures import PictureForm, decode


@dataclass(frozen=True)
class EncodedPictures:
    """Picture files and the form that they are decoded to; see `tasks.Pictures`."""

    column: PictureColumn
    form: PictureForm

    def __len__(self) -> int:
        return len(self.column)

    def name(self, index: int) -> str:
        return self.column.files.where(self.column.names[index])

    def content(self, index: int) -> bytes:
        return self.column.content(index)

    def decode_into(self, row: Array, content: bytes, index: int) -> None:
        planes = row.transpose(2, 0, 1)
        decode(content, self.name(index), self.form, levels=self.column.levels, out=planes)


@dataclass(frozen=True)
class ArrayPictures:
    """Pictures in memory and the form that they are brought to, if that needs more memory."""

    column: Column
    form: PictureForm

    def __len__(self) -> int:
        return len(self.column)

    def name(self, index: int) -> str:
        return f"number {index + 1:,}"

    def content(self, index: int) -> bytes:
        return b""

    def decode_into(self, row: Array, content: bytes, index: int) -> None:
        row[:] = self.column.read([index], self.form)[0].transpose(1, 2, 0)
