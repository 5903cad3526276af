"""Reading a data set for the data chooser: a description, some pictures, and what is wrong."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from designer.errors import DesignerError
from designer.gui.base.pictures import picture_of
from designer.gui.training import data_download
from designer.known_data import KNOWN
from designer.known_data.titles import BROUGHT, is_missing
from designer.recipe.data import Data

if TYPE_CHECKING:
    from designer.data import DataSet, Description
    from designer.data.targets import Target

SAMPLES = 24  # pictures read of a data set
_SIDE = 40  # height and width at which a picture is read, in pixels
_LOOKED_AT = 256  # picture files that are decoded to find broken ones and copies
_MINOR = ("sample",)  # what an inspection says that the chooser does not repeat


@dataclass(frozen=True, eq=False)
class Reading:
    """The description of a data set, and some of its training images with their labels.

    Attributes
    ----------
    settings
        Those of the recipe that decide what is read.
    description, samples, labels
        What was read.
    in_files
        Whether the pictures are files that are decoded, rather than arrays in memory.
    files
        The data set if its picture files are still to be looked at; else None.
    table
        Whether a table names the pictures or holds them, so that its columns may be chosen.
    """

    settings: Data
    description: "Description"
    samples: tuple[QImage, ...]
    labels: tuple[str, ...]
    in_files: bool = False
    files: "DataSet | None" = None
    table: bool = False

    @property
    def source(self) -> str:
        """The name or path of the data set."""
        return self.settings.source


def read(settings: Data) -> Reading:
    """Read the description and some pictures of a data set, as a recipe says.

    Call it in a background thread, as it may take long.

    Raises
    ------
    DesignerError
        The data set cannot be read.
    """
    from designer.data import describe, open_dataset
    from designer.data.options import read_options
    from designer.data.parts import evenly

    source = settings.source
    if source in KNOWN and is_missing(source):
        raise DesignerError(data_download.invitation(KNOWN[source]))
    if is_missing(source):
        raise DesignerError(
            f"The recipe asks for {source_title(source)}, which does not come with the program: "
            "choose its folder, or use a built-in data set."
        )
    dataset = open_dataset(source, read_options(settings))
    description = describe(dataset)
    channels = 1 if description.channels == 1 else 3
    pictures: list[QImage] = []
    labels: list[str] = []
    side = 2 * _SIDE if description.heights[1] > 64 else _SIDE
    for index in evenly(len(dataset.train), SAMPLES) if description.channels in (1, 3) else ():
        try:
            (image,) = dataset.train.read([index], height=side, width=side, channels=channels)
        except DesignerError:  # `look` reports it
            continue
        pictures.append(picture_of(image))
        labels.append(_label(dataset.target, dataset.train.labels[index]))
    return Reading(
        settings,
        description,
        tuple(pictures),
        tuple(labels),
        in_files=not dataset.train.in_memory,
        files=None if dataset.train.in_memory else dataset,
        table=is_table(source),
    )


def look(reading: Reading) -> Reading:
    """Return a reading with what a look at some of its picture files finds, such as broken ones.

    Call it in a background thread. The Data window looks at all of them.
    """
    from designer.data.checks import inspection_findings
    from designer.data.duplicates import duplicates
    from designer.data.inspection import inspect
    from designer.data.options import read_options

    data = reading.files
    if data is None:
        return reading
    inspection = inspect(data, most=_LOOKED_AT, processes=0)
    copies = duplicates(inspection, data)
    options = read_options(reading.settings)
    found = inspection_findings(inspection, copies, data, options)
    told = tuple(each for each in found if each.code not in _MINOR)
    described = replace(reading.description, findings=(*reading.description.findings, *told))
    return replace(reading, description=described, files=None)


def is_table(source: str) -> bool:
    """Whether a data set is a table of labels, or a folder or archive with one."""
    from designer.data.opening import format_name

    try:
        return format_name(source) == "tables"
    except (DesignerError, OSError):
        return False


def _label(target: "Target", value: Any) -> str:
    """Return the class, the labels or the numbers of an example as text."""
    if target.kind == "classes":
        name: str = target.values[value]
        return name
    if target.kind == "numbers":
        return ", ".join(f"{number:.4g}" for number in value)
    there = [name for name, holds in zip(target.values, value, strict=True) if holds]
    return ", ".join(there) or "no label"


def source_title(source: str) -> str:
    """Return the name of a data set on screen, with the folder that it lies in."""
    path = Path(source)
    return f"{path.name}  ({path.parent})" if path.is_absolute() else BROUGHT.get(source, source)
