"""A design within another file, such as a model file: its text with checksums, or as a comment.

The text is that of a design file behind one line, ``netdesigner/embedded 1 DESIGN NETWORK``: a
version, the checksum of the design's text, and one of the network as the file had it when it was
written, by which a file is known that was edited afterwards.
"""

import base64
import binascii
import re
import zlib
from typing import NamedTuple

from designer.design import files
from designer.design.values import Design
from designer.errors import DesignerError

KEY = "netdesigner.design"
"""The name under which files that have named texts hold a design."""

VERSION = 1
LARGEST = files.MAX_FILE_BYTES
"""Bytes of a design's text, above which it is neither written into another file nor read there."""

_HEAD = "netdesigner/embedded"
_UNKNOWN = "-"  # in place of the checksum of a network
_FIRST = "# The design of this network, for Network Designer to open this file; delete it freely."
_LAST = "# End of the design."
_LINE = 96  # characters of a comment behind its mark
_BLOCK = re.compile(
    rf"^{re.escape(_FIRST)}\n# (?P<head>{_HEAD} [^\n]*)\n(?P<lines>(?:#[^\n]*\n)*?)"
    rf"{re.escape(_LAST)}$",
    re.MULTILINE,
)
_ANY = re.compile(rf"^# {_HEAD} ", re.MULTILINE)


class CarriedError(DesignerError):
    """The design in another file cannot be read; the message follows the words "the design"."""


class CarriedText(NamedTuple):
    """A design that stands in another file.

    Attributes
    ----------
    design
        The design.
    network
        The checksum of the network when the file was written; "" if it has none.
    """

    design: Design
    network: str


def wrapped(design: Design, network: str = "") -> str:
    """Return the text of a design for another file, "" if it is larger than can be read.

    Parameters
    ----------
    design
        The design.
    network
        The checksum of what else the file says of the network; "" for none.
    """
    text = files.dumps(design)
    return f"{_head(text, network)}\n{text}" if _fits(text) else ""


def unwrapped(text: str) -> CarriedText:
    """Return the design in a text of `wrapped`.

    Raises
    ------
    CarriedError
        It is damaged, or of a later version.
    """
    head, _, rest = text.partition("\n")
    return _checked(head, rest)


def commented(source: str, design: Design) -> str:
    """Return Python source with the design behind it as a compressed comment.

    A design that is larger than can be read is left out.
    """
    text = files.dumps(design)
    if not _fits(text):
        return source
    packed = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
    rows = [packed[start : start + _LINE] for start in range(0, len(packed), _LINE)]
    head = _head(text, source_digest(source))
    comment = "\n".join([_FIRST, f"# {head}", *(f"# {row}" for row in rows), _LAST])
    return f"{source.rstrip()}\n\n\n{comment}\n"


def uncommented(source: str) -> tuple[str, CarriedText | None]:
    """Return Python source without the comment of `commented`, and the design of the comment.

    Raises
    ------
    CarriedError
        The comment is damaged, or of a later version.
    """
    source = "\n".join(line.rstrip() for line in source.splitlines())
    found = [*_BLOCK.finditer(source)]
    if not found:
        if _ANY.search(source):
            raise CarriedError("is not whole")
        return source, None
    if len(found) > 1:
        raise CarriedError("stands there more than once")
    (block,) = found
    code = source[: block.start()] + source[block.end() :]
    packed = "".join(line.removeprefix("#").strip() for line in block["lines"].splitlines())
    try:
        decompressor = zlib.decompressobj()
        text = decompressor.decompress(base64.b85decode(packed), LARGEST + 1).decode()
    except (ValueError, binascii.Error, zlib.error):
        raise CarriedError("was changed or cut off") from None
    return code, _checked(block["head"], text)


def source_digest(source: str) -> str:
    """Return the checksum of Python source; ends of lines and of the file do not matter."""
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return files.digest("\n".join(lines).encode(errors="surrogatepass"))


def _head(text: str, network: str) -> str:
    return f"{_HEAD} {VERSION} {files.digest(text.encode())} {network or _UNKNOWN}"


def _fits(text: str) -> bool:
    return len(text.encode()) <= LARGEST


def _checked(head: str, text: str) -> CarriedText:
    words = head.split()
    if len(words) < 2 or words[0] != _HEAD or not (words[1].isascii() and words[1].isdigit()):
        raise CarriedError("does not begin as a design in another file does")
    if words[1] != str(VERSION):
        raise CarriedError("was written by a newer version of this program")
    if len(words) != 4:
        raise CarriedError("is not whole")
    data = text.encode(errors="surrogatepass")
    if len(data) > LARGEST:
        raise CarriedError(f"is larger than {LARGEST // 2**20} MiB, the most that is read")
    if files.digest(data) != words[2]:
        raise CarriedError("was changed or cut off")
    try:
        design = files.loads(data, origin="its text")
    except files.DesignFileError as error:
        raise CarriedError(f"cannot be read ({str(error).rstrip('.')})") from None
    return CarriedText(design, "" if words[3] == _UNKNOWN else words[3])
