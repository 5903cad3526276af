"""Opening encoded pictures, what is wrong with those that cannot be read, and their headers' facts.

Pictures are read from bytes, not from paths, so that those in archives are read alike.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from designer.errors import DesignerError

_AVIF = find_spec("PIL._avif") is not None  # from Pillow 11.3 on

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
    | ({".avif"} if _AVIF else set())
)

UNREAD_SUFFIXES = (
    frozenset({".avif", ".heic", ".heif", ".jp2", ".j2k", ".jxl", ".svg", ".eps", ".psd", ".ico"})
    | frozenset({".tga", ".exr", ".hdr", ".dcm", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf"})
) - SUFFIXES
"""Endings of pictures that are not read, which users are told of."""

HEAD = 2**16
"""Bytes at the start of a file that are enough for `picture_facts` of most files.

WEBP and AVIF files and many TIFF files need all their bytes.
"""

# Only these decoders are tried. Pillow chooses by a file's content, not its name, and some of its
# other decoders are dangerous: EPS starts Ghostscript. PPM stands for PBM and PGM, too.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", *(("AVIF",) if _AVIF else ()))
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# The EXIF tag and what its values mean. From 5 on, height and width are exchanged.
_ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BrokenPicture(DesignerError):  # noqa: N818 - it names what is at hand, not a fault of ours
    """A picture that cannot be read: to be replaced, or left out of the data set.

    Attributes
    ----------
    name
        Its path, or its name within an archive.
    reason
        Why it cannot be read, without a full stop.
    """

    def __init__(self, name: str, reason: str) -> None:
        shown = name if name.isprintable() else ascii(name)  # a name may hold line breaks
        super().__init__(
            f"The picture {shown} cannot be read ({reason}): replace it, or leave it out "
            "(data.skip)."
        )
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type["BrokenPicture"], tuple[str, str]]:
        # Exceptions are copied to another process with the message as their only argument.
        return BrokenPicture, (self.name, self.reason)


def is_picture(name: str) -> bool:
    """Tell whether a file is a picture, by its ending."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower() in SUFFIXES


def is_unread(name: str) -> bool:
    """Tell by its ending whether a file is a picture of a kind that is not read."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower() in UNREAD_SUFFIXES


@dataclass(frozen=True)
class PictureFacts:
    """What the header of an encoded picture says.

    Attributes
    ----------
    height, width
        In pixels, after it was turned as its EXIF orientation says.
    channels
        1 for grays, 3 for colors; transparency does not count.
    deep
        Whether it has gray values of more than 8 bits, which are scaled by `Levels`.
    reduced
        Whether it is a PNG or TIFF file with 16 bits for each color, or for gray beside
        transparency, of which Pillow keeps the upper 8. So a picture that uses only the lower bits
        becomes nearly black. (A PPM file says which value is white, and is scaled by that.)
    """

    height: int
    width: int
    channels: int
    deep: bool
    reduced: bool = False


def picture_facts(content_or_head: bytes, name: str) -> PictureFacts:
    """Return what a picture's header says; no pixel is decoded.

    Parameters
    ----------
    content_or_head
        The file's bytes, or the first of them, `HEAD` for example.
    name
        What errors call the picture.

    Raises
    ------
    BrokenPicture
        The file is damaged or too large, or the head ends before the header does: pass all bytes
        then.
    """
    with opened(content_or_head, name) as image:
        width, height = image.size
        if orientation(image) >= 5:
            width, height = height, width
        raw = _raw_modes(image)
        deep = is_deep(image)
        gray = deep or image.mode in ("1", "L", "LA", "La") or "LA;16B" in raw
        reduced = not deep and any(";16" in mode for mode in raw)
        return PictureFacts(height, width, 1 if gray else 3, deep, reduced)


def read_facts(read: Callable[[int | None], bytes], name: str) -> PictureFacts:
    """Return the facts of a picture, reading no more of its file than they need.

    Parameters
    ----------
    read
        Returns at most so many bytes from the start of the file; all of them for None.
    name
        What errors call the picture.

    Raises
    ------
    BrokenPicture
        The file is damaged or too large.
    """
    head = read(HEAD)
    check_beginning(head, name)
    try:
        return picture_facts(head, name)
    except BrokenPicture:
        if len(head) < HEAD:
            raise
        return picture_facts(read(None), name)


def check_beginning(head: bytes, name: str) -> None:
    """Refuse a file that does not begin as a picture does, so that the rest need not be read.

    Raises
    ------
    BrokenPicture
        It is in none of `FORMATS`.
    """
    Image.init()
    if not any(Image.OPEN[each][1](head[:16]) for each in FORMATS):  # type: ignore[misc]
        raise BrokenPicture(name, _unidentified(head))


def is_deep(image: Image.Image) -> bool:
    """Tell whether a picture has gray values of more than 8 bits: integers or floats."""
    return image.mode == "F" or image.mode.startswith("I")


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 is upright.

    In a PNG file that was not decoded, EXIF data behind the pixels are not seen. TIFF files count
    as upright, since Pillow turns them by itself.
    """
    if image.format == "TIFF":
        return 1
    # Not image.getexif(), which decodes a whole PNG file to look behind its pixels.
    found = Image.Image.getexif(image).get(_ORIENTATION, 1)
    return found if found in TURNS else 1


@contextmanager
def opened(content: bytes, name: str) -> Iterator[ImageFile]:
    """Open an encoded picture; any error while it is in use becomes a `BrokenPicture`.

    The filters of Python's warnings are changed meanwhile, which is not safe in several threads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata, which we do not use
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                yield image
        except DesignerError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise BrokenPicture(
                name, f"it has more than {Image.MAX_IMAGE_PIXELS:,} pixels"
            ) from error
        except UnidentifiedImageError as error:
            raise BrokenPicture(name, _unidentified(content)) from error
        except Exception as error:  # decoders raise almost anything on damaged files
            said = str(error) or type(error).__name__
            raise BrokenPicture(name, f"it is damaged or incomplete: {said}") from error


def _unidentified(content: bytes) -> str:
    """Return why Pillow recognizes no picture in a file."""
    if not content:
        return "it is empty"
    if content.startswith(_TIFF_STARTS):
        return (
            "it is a damaged TIFF file, or its values are of a kind that is not read, such as "
            "floats of 16 or 64 bits, or complex numbers"
        )
    return f"it is not a picture in one of the formats {', '.join(FORMATS)}, or it is damaged"


def _raw_modes(image: ImageFile) -> list[str]:
    """Return how pixels lie in the file, in Pillow's terms, such as ``RGB;16B``."""
    found = []
    for *_, arguments in image.tile:
        raw = arguments[0] if isinstance(arguments, tuple) else arguments
        if isinstance(raw, str):
            found.append(raw)
    return found
