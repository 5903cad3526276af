"""How numbers are written and read in the window.

The decimal point is a point everywhere, as in the code, the expressions and the files that the
window shows beside its own numbers, where a comma separates values. The user chooses how the digits
of long numbers are grouped.
"""

import math
import re

from designer.analysis.report import formatting
from designer.preferences import Numbers

_GROUPS: dict[Numbers, str] = {
    "english": ",",
    "spaces": "\N{NARROW NO-BREAK SPACE}",
    "system": "\N{NARROW NO-BREAK SPACE}",  # stored by an earlier version
    "plain": "",
}
_chosen = {"group": ","}
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,]|\.\w*[a-zA-Z_])")


def use(style: Numbers) -> None:
    """Choose the grouping of all numbers written from now on."""
    _chosen["group"] = _GROUPS[style]


def local(text: str) -> str:
    """Return a number in English notation, as `formatting` writes it, in the chosen one."""
    return text.replace(",", _chosen["group"])


def sentence(text: str) -> str:
    """Return a sentence with its long numbers, as in 138,357,544, in the chosen grouping."""
    return _GROUPED.sub(lambda found: local(found[0]), text)


def typed(text: str) -> float:
    """Return the number that a user typed; a decimal comma is read as a point.

    Raises
    ------
    ValueError
        It is no number.
    """
    return float(text.strip().replace(",", ".", 1))


def count(number: int) -> str:
    """Write a whole number with every digit: 138,357,544."""
    return local(formatting.count(number))


def short(number: float) -> str:
    """Write three significant digits and a suffix: 138M, 3.21M."""
    return local(formatting.short(number))


def figure(number: float) -> str:
    """Write three significant digits of any number: 0.0213, 1.5e-07, 12, 3.21M, nan."""
    if not math.isfinite(number) or abs(number) < 1000:
        return f"{number:.3g}"
    return short(number)


def scaled(number: float, digits: int = 4) -> str:
    """Write some significant digits and a prefix: 15.47 G."""
    return local(formatting.scaled(number, digits))


def size(number: float) -> str:
    """Write bytes in powers of 1000: 60.9 MB."""
    return local(formatting.decimal_bytes(number))


def unbroken(text: str) -> str:
    """Put a no-break space between each number and its unit, for labels that wrap."""
    return re.sub(r"(?<=\d) (?=[KMGT]?i?B\b|%)", "\N{NO-BREAK SPACE}", text)
