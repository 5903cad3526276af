"""How far a download is, as a value."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["waiting", "downloading", "unpacking"]


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Attributes
    ----------
    stage
        ``waiting`` while another program downloads the same data set.
    done, total
        Bytes; of the files, or of those that an archive unpacks to (the total is then an estimate
        from above).
    rate
        Bytes per second over the last seconds; 0 while it is unknown.
    """

    stage: Stage
    done: int
    total: int
    rate: float = 0.0
