"""The content of a backup file: a design that was not saved, and how it was opened.

Imported with the first backup, since the recipe takes 10 ms to import.
"""

from pathlib import Path
from typing import Self

import msgspec

from designer.design import files
from designer.design.values import Design
from designer.errors import UNREADABLE, DesignerError
from designer.recipe.reading import recipe_from_json
from designer.recipe.recipe import Recipe


class Backup(msgspec.Struct):
    """What a backup file holds.

    Attributes
    ----------
    design
        The text of a design file.
    path, preset
        The file it was read from and the preset it came from; "" for none.
    recipe
        How it is trained; None until the user chose.
    digest
        Of its file as it was read or saved last; "" if none is known.
    unread
        What of the file's recipe cannot be used and is lost when it is saved; "" for nothing.
    """

    design: str
    path: str
    preset: str
    recipe: Recipe | None
    digest: str = ""
    unread: str = ""

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the content of a backup file, of an earlier version, too.

        Raises
        ------
        DesignerError
            It is no backup, or its recipe cannot be used.
        """
        try:
            fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
            given = bytes(fields.pop("recipe", b"null"))
            backup = msgspec.json.decode(msgspec.json.encode({**fields, "recipe": None}), type=cls)
        except UNREADABLE as error:
            raise DesignerError(f"This is no backup of a design: {error}.") from error
        backup.recipe = None if given == b"null" else recipe_from_json(given)
        return backup


def read(file: Path) -> tuple[Backup, Design]:
    """Read a backup file and the design in it.

    Raises
    ------
    OSError
        The file cannot be read.
    DesignerError
        It is damaged, or of a newer version.
    """
    backup = Backup.from_json(file.read_bytes())
    return backup, files.loads(backup.design, origin=str(file))
