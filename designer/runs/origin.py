"""Which run another one continues."""

from typing import Any

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``origin.json`` of a run that trains another one on.

    Attributes
    ----------
    parent
        The absolute path of the run that is continued; it may have been moved since.
    epochs, steps
        How many the parent had done.
    changes
        The settings that were changed for the child, by dotted names.
    began
        When the child was created, in seconds since 1970. Its event log begins with the parent's.
    """

    parent: str
    epochs: int
    steps: int
    changes: dict[str, Any] = {}
    began: float = 0.0
