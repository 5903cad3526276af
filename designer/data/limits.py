"""A limit on the memory that a file's header can make a reader allocate."""

import psutil

from designer.errors import DesignerError

_SHARE = 0.5  # of the free memory; the rest is for the network and for what is computed of the data


def check_promise(where: str, promised: int) -> None:
    """Refuse a file whose header promises more bytes of data than half of the free memory.

    Parameters
    ----------
    where
        How a sentence names the file.
    promised
        The bytes that its header promises.

    Raises
    ------
    DesignerError
        The header promises more.
    """
    most = int(_SHARE * psutil.virtual_memory().available)
    if promised > most:
        raise DesignerError(
            f"{where} promises {promised:,} bytes of data, but this machine has memory for "
            f"{most:,}: it is damaged, or belongs into a folder of picture files, which are read "
            "one by one."
        )
