"""Pictures of a data set on the screen: small ones, whole files, and what the network sees."""

from dataclasses import dataclass

from PySide6.QtGui import QImage

from designer.data.columns import Column, PictureColumn
from designer.data.parts import Part
from designer.data.pictures import PictureForm, picture_facts
from designer.data.pictures.files import opened
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.base.pictures import form_within, on_screen, whole_picture

LARGEST = 1600  # pixels of the longer side of a whole picture on the screen


@dataclass(frozen=True, eq=False)
class Original:
    """A picture as it is stored.

    Attributes
    ----------
    picture
        For the screen, scaled down if it is very large.
    height, width
        Its size in pixels.
    storage
        How it is stored, such as "JPEG, RGB, 12.3 kB".
    """

    picture: QImage
    height: int
    width: int
    storage: str


def small_picture(part: Part, index: int, side: int) -> QImage:
    """Return a whole picture of a part, at most `side` pixels high and wide.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    column = part.images
    if isinstance(column, PictureColumn):
        return whole_picture(column.content(index), column.names[index], side, column.levels)
    height, width, channels = shape_of(column, index)
    return on_screen(column.read([index], form_within(height, width, channels, side))[0])


def original(part: Part, index: int) -> Original:
    """Return a picture as its file or array has it.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    column = part.images
    picture = small_picture(part, index, LARGEST)
    if isinstance(column, PictureColumn):
        content, name = column.content(index), column.names[index]
        facts = picture_facts(content, name)
        with opened(content, name) as image:
            storage = f"{image.format}, {image.mode}, {numbers.size(len(content))}"
        return Original(picture, facts.height, facts.width, storage)
    height, width, channels = shape_of(column, index)
    kinds = {1: "1 channel", 3: "3 channels"}
    storage = f"array of {column.dtype}, {kinds.get(channels, f'{channels} channels')}"
    return Original(picture, height, width, storage)


def as_the_network_sees(part: Part, index: int, form: PictureForm) -> QImage:
    """Return a picture in the form in which a network takes it, before it is standardized.

    Raises
    ------
    DesignerError
        It cannot be read, or cannot be converted to the form.
    """
    return on_screen(part.images.read([index], form)[0])


def shape_of(column: Column, index: int) -> tuple[int, int, int]:
    """Return (height, width, channels) of a picture in an array.

    Raises
    ------
    DesignerError
        The values are no pictures.
    """
    shape = column.shapes()[0]
    if len(shape) != 3:
        raise DesignerError(
            f"Values of the shape {shape} are no pictures: give (height, width, channels)."
        )
    return shape[0], shape[1], shape[2]
