"""Pictures whose pixels follow from their number, for tests of decoding without picture files."""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from designer.errors import DesignerError

SHAPE = (3, 4, 2)


def pixels(value):
    """Return the picture of a value."""
    return (np.arange(24).reshape(SHAPE) * 7 + value * 13).astype(np.uint8)


@dataclass
class Numbered:
    """Pictures 0 to ``count``; ``fates`` says what happens at some of them.

    ``log`` is a file that gets a byte for each picture that is decoded.
    """

    count: int
    fates: dict[int, str] = field(default_factory=dict)
    log: Path | None = None
    values: dict[int, int] = field(default_factory=dict)

    def __len__(self):
        return self.count

    def name(self, index):
        return f"number{index}.png"

    def content(self, index):
        return str(self.values.get(index, index)).encode()

    def decode_into(self, row, content, index):
        if self.log is not None:
            with self.log.open("ab") as file:
                file.write(b".")
        match self.fates.get(index):
            case "broken":
                raise DesignerError(f"The picture number{index}.png is damaged: replace it.")
            case "odd":
                raise ValueError("an odd header")
            case "hungry":
                raise MemoryError
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crash":
                signal.signal(signal.SIGABRT, signal.SIG_DFL)
                os.abort()
            case "chatty":
                os.write(1, b"a library prints this")
        row[:] = pixels(int(content))

    def decoded(self):
        """Return how many pictures were decoded."""
        return len(self.log.read_bytes()) if self.log.exists() else 0
