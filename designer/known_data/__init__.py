"""Data sets that are known by name but not part of the program: where they are, how to get them.

Without numpy, since the window lists them when it starts.
"""

from designer.known_data.places import NotHereError, find, how_to_get
from designer.known_data.table import KNOWN, KnownData, RemoteFile

__all__ = ["KNOWN", "KnownData", "NotHereError", "RemoteFile", "find", "how_to_get"]
