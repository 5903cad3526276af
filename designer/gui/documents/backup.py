"""The content of a backup file: a design that was not saved, and how it was opened.

Imported with the first backup, since the recipe takes 10 ms to import.
"""

import msgspec

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
    """

    design: str
    path: str
    preset: str
    recipe: Recipe | None
