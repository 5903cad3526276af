"""Freed memory goes back to the system, when the window rests or a training has ended."""

import subprocess
import sys

import pytest

_PROGRAM = """
import psutil
from designer import freed_memory

def used():
    return psutil.Process().memory_info().rss / 2**20

freed_memory.keep()
blocks = [bytearray(100_000) for _ in range(1_000)]
for block in blocks:
    block[::4096] = b"x" * len(block[::4096])
full = used()
last = blocks.pop()
del blocks, block
kept = used()
freed_memory.give_back()
print(full - kept < 5, full - used() > 80)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is of Linux")
def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]
