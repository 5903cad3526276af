"""Numbers in the notation that the user chose: English, the system's, or plain."""

import re

from PySide6.QtCore import QLocale

from designer.analysis.report import formatting
from designer.preferences import Numbers

_ENGLISH = (",", ".")
_chosen = {"separators": _ENGLISH}


def use(style: Numbers) -> None:
    """Choose the notation of all numbers written from now on."""
    locale = QLocale.system()
    _chosen["separators"] = {
        "english": _ENGLISH,
        "plain": ("", "."),
        "system": (locale.groupSeparator(), locale.decimalPoint()),
    }[style]


def local(text: str) -> str:
    """Return a number in English notation, as `formatting` writes it, in the chosen one."""
    if _chosen["separators"] == _ENGLISH:
        return text
    group, point = _chosen["separators"]
    return text.translate({ord(","): group, ord("."): point})


def count(number: int) -> str:
    """Write a whole number with every digit: 138,357,544."""
    return local(formatting.count(number))


def short(number: float) -> str:
    """Write three significant digits and a suffix: 138M, 3.21M."""
    return local(formatting.short(number))


def scaled(number: float, digits: int = 4) -> str:
    """Write some significant digits and a prefix: 15.47 G."""
    return local(formatting.scaled(number, digits))


def size(number: float) -> str:
    """Write bytes in powers of 1000: 60.9 MB."""
    return local(formatting.decimal_bytes(number))


def unbroken(text: str) -> str:
    """Put a no-break space between each number and its unit, for labels that wrap."""
    return re.sub(r"(?<=\d) (?=[KMGT]?i?B\b|%)", "\N{NO-BREAK SPACE}", text)
