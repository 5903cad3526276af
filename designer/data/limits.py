"""A limit on the memory that a file's header can make a reader allocate."""

from pathlib import Path

from designer.errors import DesignerError

MAX_BYTES = 16 * 2**30


def check_promise(path: Path, promised: int) -> None:
    """Refuse a file whose header promises more than ``MAX_BYTES`` bytes of data.

    Raises
    ------
    DesignerError
        The header promises more.
    """
    if promised > MAX_BYTES:
        raise DesignerError(
            f"{path} promises {promised:,} bytes of data, more than the {MAX_BYTES:,} that are "
            "read into memory: it is damaged, or belongs into a folder of picture files."
        )
