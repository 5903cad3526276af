"""Numbers as the user wants them written: grouped as in English, as the system does, or plain."""

import re

from PySide6.QtCore import QLocale

from designer.analysis.report import formatting
from designer.gui.base.preferences import Numbers

_ENGLISH = (",", ".")
_wanted = {"separators": _ENGLISH}


def use(style: Numbers) -> None:
    """Write numbers like this from now on."""
    locale = QLocale.system()
    _wanted["separators"] = {
        "english": _ENGLISH,
        "plain": ("", "."),
        "system": (locale.groupSeparator(), locale.decimalPoint()),
    }[style]


def local(text: str) -> str:
    """Return a number that was written as in English, such as `formatting` does, as wanted."""
    if _wanted["separators"] == _ENGLISH:
        return text
    group, point = _wanted["separators"]
    return text.translate({ord(","): group, ord("."): point})


def count(number: int) -> str:
    """Write a whole number with every digit: 138,357,544."""
    return local(formatting.count(number))


def short(number: float) -> str:
    """Write as little as tells the size: 138M, 3.21M."""
    return local(formatting.short(number))


def scaled(number: float, digits: int = 4) -> str:
    """Write so many digits and a unit: 15.47 G."""
    return local(formatting.scaled(number, digits))


def size(number: float) -> str:
    """Write bytes in powers of 1000: 60.9 MB."""
    return local(formatting.decimal_bytes(number))


def unbroken(text: str) -> str:
    """Keep each number and its unit on one line, where a label breaks its text."""
    return re.sub(r"(?<=\d) (?=[KMGT]?i?B\b|%)", "\N{NO-BREAK SPACE}", text)
