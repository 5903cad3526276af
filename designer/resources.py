"""Where the files that are installed with the program are: presets, built-in data, icons."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder ``presets`` or ``assets`` of an installed wheel or of a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
