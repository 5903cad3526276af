"""How far a compressed archive is unpacked, on a line of the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from designer.cli.output import one_line
from designer.data.files import is_archive
from designer.data.unpacking import unpacked, watched


@contextmanager
def unpacking_shown() -> Iterator[None]:
    """Show on a line how far archives are unpacked that are read in this block."""
    with one_line() as show:

        def watch(path: Path, share: float) -> bool:
            show(f"Unpacking {path.name}: {100 * share:.0f} % so far")
            return False

        with watched(watch):
            yield


def unpack(source: str) -> None:
    """Unpack a compressed TAR archive into the cache, where a training then finds it.

    Raises
    ------
    DesignerError
        It cannot be read, is damaged, or is larger than the room on the disk.
    """
    path = Path(source)
    if path.is_file() and is_archive(path):
        with unpacking_shown():
            unpacked(path)
