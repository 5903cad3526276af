"""The files of a data set that are not used, with what happens to each and why."""

from typing import NamedTuple

from designer.gui.data.model import DataModel


class Entry(NamedTuple):
    """A file that is not used: its name, a word on what happens to it, and why."""

    file: str
    state: str
    reason: str


def entries_of(model: DataModel) -> list[Entry]:
    """Return the files that cannot be read, those the recipe skips, and those that are no use."""
    contents, found = model.contents, []
    if contents is None:
        return []
    if model.look is not None:
        found += [Entry(each.file, "broken", each.reason) for each in model.look.inspection.broken]
    skipped = frozenset(model.recipe.data.skip)
    found += [Entry(name, "skipped", "the recipe leaves it out") for name in sorted(skipped)]
    found += [
        Entry(each.file, "not used", each.reason)
        for each in contents.data.left_out
        if each.file not in skipped
    ]
    return found
