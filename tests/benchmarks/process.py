"""The time of a whole command, from the start of its process to its end."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7

Row = tuple[str, float, float, float, str]


def run() -> list[Row]:
    """Return (label, ours in s, a bare interpreter's in s, ratio, goal).

    Compiled modules are cached, as in an installed program.
    """
    check = [sys.executable, "-m", "designer", "check", "resnet50"]
    bare = [sys.executable, "-c", "pass"]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        _seconds(check, environment)
        for _ in range(ROUNDS):
            ours.append(_seconds(check, environment))
            theirs.append(_seconds(bare, environment))
    spent, least = statistics.median(ours), statistics.median(theirs)
    return [("netdesigner check resnet50, process [s]", spent, least, spent / least, "under 0.4 s")]


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start
