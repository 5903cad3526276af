"""Commands as whole processes, as a user waits for them."""

import statistics
import subprocess
import sys
import time

ROUNDS = 7

Row = tuple[str, float, float, float, str]


def run() -> list[Row]:
    """Return (label, ours in s, a bare interpreter's in s, ratio, goal)."""
    check = [sys.executable, "-m", "designer", "check", "resnet50"]
    bare = [sys.executable, "-c", "pass"]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(check))
        theirs.append(_seconds(bare))
    spent, least = statistics.median(ours), statistics.median(theirs)
    return [("netdesigner check resnet50, process [s]", spent, least, spent / least, "under 0.4 s")]


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start
