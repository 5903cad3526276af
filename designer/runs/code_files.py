"""Python files from which a class is taken into a design; they are read, never run."""

from pathlib import Path

from designer.errors import DesignerError
from designer.layers.python_text import LONGEST_TEXT, FaultError, classes, extract


class SeveralClassesError(DesignerError):
    """A file has several classes of nn.Module, and none was named.

    Attributes
    ----------
    names
        The classes.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        super().__init__(f"{path.name} has several classes; name one: {', '.join(names)}.")
        self.names = names


def take(path: Path, name: str = "") -> tuple[str, str]:
    """Return the name of a class in a Python file, and the text that it needs.

    Parameters
    ----------
    path
        The file.
    name
        The class; "" for the only one.

    Raises
    ------
    SeveralClassesError
        No class is named, and there are several.
    DesignerError
        The file cannot be read, is no Python, or has no such class.
    """
    text = _read(path)
    try:
        names = classes(text)
        if not names:
            raise DesignerError(f"{path.name} has no class of nn.Module: choose another file.")
        if not name and len(names) > 1:
            raise SeveralClassesError(path, names)
        name = name or names[0]
        if name not in names:
            raise DesignerError(f"{path.name} has no class {name}; it has {', '.join(names)}.")
        return name, extract(text, name)
    except FaultError as error:
        raise DesignerError(f"{path.name}, line {error.fault.line}: {error}.") from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > 4 * LONGEST_TEXT:
            raise DesignerError(f"{path.name} is too long to be taken as code of a layer.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DesignerError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DesignerError(f"{path.name} is no text in UTF-8: choose another file.") from error
