"""Pictures: decoding files, fitting them to a network's input, and grays of more than 8 bits."""

from functools import partial
from pathlib import Path

from designer.data.pictures.arrays import fit, fitted
from designer.data.pictures.decoding import decode, file_content, read_picture
from designer.data.pictures.files import (
    FORMATS,
    HEAD,
    SUFFIXES,
    BrokenPicture,
    PictureFacts,
    check_beginning,
    is_picture,
    is_unread,
    picture_facts,
    read_facts,
)
from designer.data.pictures.form import FITS, Array, Fit, PictureForm, enlarged
from designer.data.pictures.levels import Levels, joined, levels_of, picture_levels
from designer.data.pictures.listing import picture_files

__all__ = [
    "FITS",
    "FORMATS",
    "HEAD",
    "SUFFIXES",
    "Array",
    "BrokenPicture",
    "Fit",
    "Levels",
    "PictureFacts",
    "PictureForm",
    "check_beginning",
    "decode",
    "enlarged",
    "file_content",
    "fit",
    "fitted",
    "is_picture",
    "is_unread",
    "joined",
    "levels_of",
    "picture_facts",
    "picture_files",
    "picture_levels",
    "picture_shape",
    "read_facts",
    "read_picture",
]


def picture_shape(path: Path) -> tuple[int, int, int]:
    """Return (height, width, channels) of the picture in a file, from its header.

    Raises
    ------
    BrokenPicture
        The file is damaged or too large.
    """
    facts = read_facts(partial(file_content, path), str(path))
    return facts.height, facts.width, facts.channels
