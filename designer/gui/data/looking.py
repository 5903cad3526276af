"""A look at the pictures of a data set: broken ones, sizes, and those of equal content."""

from collections.abc import Callable
from dataclasses import dataclass

from designer.data.checks import inspection_findings
from designer.data.duplicates import Duplicates, duplicates
from designer.data.findings import Finding
from designer.data.inspection import Canceled, Inspection, inspect
from designer.data.options import read_options
from designer.gui.data.contents import Contents
from designer.recipe.recipe import Recipe

SAMPLE = 2_000  # picture files that are looked at unasked


@dataclass(frozen=True, eq=False)
class Look:
    """What a look found.

    Attributes
    ----------
    inspection
        Sizes, broken pictures and hashes of the content.
    duplicates
        Pictures of equal content, in the parts that the recipe divides the data set into.
    findings
        What is said of all that.
    """

    inspection: Inspection
    duplicates: Duplicates
    findings: tuple[Finding, ...]


def look(
    contents: Contents,
    recipe: Recipe,
    *,
    whole: bool,
    progress: Callable[[int, int], object],
    canceled: Callable[[], bool],
) -> Look | None:
    """Look at pictures; call it in a background thread.

    Parameters
    ----------
    contents
        The data set.
    recipe
        How it was read.
    whole
        Whether to look at all pictures; otherwise at a sample where they are many files.
    progress
        Called with the number of pictures looked at and to be looked at.
    canceled
        Whether to stop, which gives None.
    """
    try:
        inspection = inspect(
            contents.data,
            most=None if whole else SAMPLE,
            progress=progress,
            canceled=canceled,
        )
    except Canceled:
        return None
    found = duplicates(inspection, contents.data, contents.split)
    options = read_options(recipe.data)
    return Look(inspection, found, inspection_findings(inspection, found, contents.data, options))
