"""Packages that only some formats need; they are not installed with the program."""

from importlib import import_module
from typing import Any

from designer.errors import DesignerError


def extra(module: str, where: str) -> Any:
    """Return a module of the optional dependencies ``data``.

    Parameters
    ----------
    module
        Its name.
    where
        How a sentence names the file or folder that it is to read.

    Raises
    ------
    DesignerError
        It is not installed, or its installation is damaged.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ImportError as error:
        raise DesignerError(
            f"Reading {where} needs the package {package} ({error}): install it with "
            "pip install 'netdesigner[data]'."
        ) from error
