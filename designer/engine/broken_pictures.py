"""What is said when a training ends at a broken picture: all that are broken, and the remedy."""

from collections.abc import Callable
from pathlib import Path

from designer import system
from designer.data import open_dataset
from designer.data.checks import broken_pictures
from designer.data.inspection import Canceled, inspect
from designer.data.options import read_options
from designer.data.pictures import BrokenPicture
from designer.errors import BrokenPicturesError, DesignerError
from designer.recipe.command_line import LONGEST, options
from designer.recipe.reading import changed
from designer.runs.folder import RunFolder

_ALL = 20_000  # pictures up to which all are looked at, in some ten seconds


def with_remedy(
    error: BrokenPicture,
    run: RunFolder,
    *,
    moved: Path | None = None,
    canceled: Callable[[], bool] = lambda: False,
) -> BrokenPicturesError:
    """Return an error that names all broken pictures of a run's data, and how to leave them out.

    A training that left out only the picture at which it ended might end at the next one.

    Parameters
    ----------
    error
        The picture at which the training ended.
    run
        The run.
    moved
        Where its data are now, if not where the run says.
    canceled
        Asked some times a second; True ends the search for further broken pictures.
    """
    recipe = run.recipe()
    source = str(moved) if moved is not None else run.data_source()
    listing = system.quoted("netdesigner", "data", source, "--all")
    elsewhere = BrokenPicturesError(
        f"{error} On the command line, {listing} prints the option that leaves it out."
    )
    reading = read_options(recipe.data)
    try:
        data = open_dataset(source, reading)
        if sum(map(len, data.parts.values())) > _ALL:
            return elsewhere
        inspection = inspect(data, canceled=canceled)
    except (DesignerError, Canceled):
        return elsewhere
    for found in broken_pictures(inspection, data, reading):
        skip: tuple[str, ...] = ()
        how = f"{listing} --json lists them with the option that leaves them out."
        for choice in found.choices:
            skip, option = changed(recipe, choice.settings).data.skip, options(choice.settings)
            if len(option) <= LONGEST:
                how = f"To leave them out on the command line: {option}."
        return BrokenPicturesError(f"{found.sentence} {how}", skip)
    return elsewhere
