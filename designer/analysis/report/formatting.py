"""Numbers as text, for the command line and the window.

K, M and G are powers of 1000, also in KB, MB and GB; KiB, MiB and GiB are powers of 1024 bytes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width

if TYPE_CHECKING:  # the window formats numbers at its start, before it needs layers and analysis
    from designer.analysis.accounting.receptive_fields import Axes, ReceptiveField

FLOAT_BYTES = 4
"""Bytes of a float32 value, in which the lecture counts."""

NONE = "–"
"""Stands where there is no number."""

_UNITS = ("", "K", "M", "G", "T", "P", "E")


def count(number: int) -> str:
    """Write all digits of a number: 138,357,544."""
    return f"{number:,}"


def scaled(number: float, digits: int = 4) -> str:
    """Write `digits` significant digits and a unit: 15.47 G."""
    text, unit = _scale(number, 1000, digits)
    return f"{text} {unit}".rstrip()


def short(number: float, digits: int = 3) -> str:
    """Write a number in few characters: 138M, 15.2M, 3.21M, 500."""
    return "".join(_scale(number, 1000, digits))


def decimal_bytes(number: float, digits: int = 3) -> str:
    """Write bytes in powers of 1000: 60.9 MB."""
    text, unit = _scale(number, 1000, digits)
    return f"{text} {unit}B" if unit else f"{text} bytes"


def binary_bytes(number: float, digits: int = 3) -> str:
    """Write bytes in powers of 1024: 58.1 MiB."""
    text, unit = _scale(number, 1024, digits)
    return f"{text} {unit}iB" if unit else f"{text} bytes"


def size(number: float, digits: int = 3) -> str:
    """Write bytes in both units, since MB and MiB are easily confused: 553 MB (528 MiB).

    Numbers below 1000 are the same in both: 500 bytes.
    """
    decimal = decimal_bytes(number, digits)
    return f"{decimal} ({binary_bytes(number, digits)})" if number >= 1000 else decimal


def lecture_count(number: int) -> str:
    """Write a count as the CS231n lecture does, truncated and not rounded: 24M, 3.2M, 150K."""
    text, unit = _cut(number)
    return text + unit


def lecture_memory(values: int) -> str:
    """Write the memory of float32 values as the lecture does: 24M x 4 bytes = 96 MB.

    The product is that of the truncated number, so it is less than the exact value, which should
    be shown with it.
    """
    text, unit = _cut(values)
    return f"{text}{unit} x {FLOAT_BYTES} bytes = {lecture_size(values)}"


def lecture_size(values: int) -> str:
    """Write the product of `lecture_memory` alone: 96 MB."""
    text, unit = _cut(values)
    power = _UNITS.index(unit)
    product = FLOAT_BYTES * float(text)
    if product >= 1000 and power + 1 < len(_UNITS):
        product, power = product / 1000, power + 1
    measure = f"{_UNITS[power]}B" if power else "bytes"
    return f"{product:g} {measure}"


def float_memory(values: int) -> str:
    """Write the memory of float32 values: 15.2M x 4 bytes = 60.95 MB (58.13 MiB)."""
    return f"{short(values)} x {FLOAT_BYTES} bytes = {size(FLOAT_BYTES * values, 4)}"


def shape(sizes: Sequence[int]) -> str:
    """Write a shape without the batch axis: 64×112×112."""
    from designer.layers.tensors import show

    return show(sizes)


def pixels(axes: "Axes") -> str:
    """Write a number for each axis, one number where they are equal: 212, 3×7."""
    texts = [*map(number_text, axes)]
    return texts[0] if len({*texts}) == 1 else "×".join(texts)


def receptive_field(found: "ReceptiveField | None") -> str:
    """Write the size in pixels, in brackets the local one where it differs: 224 (427).

    None is a dash.
    """
    if found is None:
        return NONE
    size = pixels(found.size)
    return size if found.local == found.size else f"{size} ({pixels(found.local)})"


def milliseconds(seconds: float | None) -> str:
    """Write a duration in milliseconds with three digits or more: 0.0123, 1.50, 1234; None as –."""
    if seconds is None:
        return NONE
    value = 1000 * seconds
    return f"{value:#.3g}".rstrip(".") if 0 < value < 100 else f"{value:.0f}"


def number_text(number: float) -> str:
    """Write a number, without a fraction where it is whole: 8, 2.5."""
    return str(int(number)) if number == int(number) else f"{number:.4g}"


def _scale(number: float, step: int, digits: int) -> tuple[str, str]:
    """Return the digits and the unit; a number that rounds up to 1000 gets the next unit."""
    power = 0
    while abs(number) >= step and power + 1 < len(_UNITS):
        number, power = number / step, power + 1
    if power == 0:
        return number_text(number), ""
    text = _significant(number, digits)
    if abs(float(text)) >= step and power + 1 < len(_UNITS):
        text, power = _significant(number / step, digits), power + 1
    return text, _UNITS[power]


def _significant(number: float, digits: int) -> str:
    whole = len(str(int(abs(number))))
    text = f"{number:.{max(digits - whole, 0)}f}"
    # 9.999 becomes 10.00, which has a digit too many.
    if len(str(int(abs(float(text))))) > whole:
        text = f"{number:.{max(digits - whole - 1, 0)}f}"
    return text


def _cut(number: int) -> tuple[str, str]:
    """Return a truncated number and its unit: whole units, or tenths below ten units."""
    power = min(max(len(str(number)) - 1, 0) // 3, len(_UNITS) - 1)
    unit = 1000**power
    tenths = number * 10 // unit
    if power == 0 or tenths >= 100 or tenths % 10 == 0:
        return str(number // unit), _UNITS[power]
    return f"{tenths // 10}.{tenths % 10}", _UNITS[power]


def cells_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for each East Asian character."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(sign) in ("Mn", "Me") else 2 if east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it, so that it takes `width` columns of a terminal."""
    return text + " " * (width - cells_of(text))
