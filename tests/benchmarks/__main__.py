"""``python -m tests.benchmarks [PART ...]``: print benchmarks, of all parts or of some."""

import sys
from collections.abc import Sequence
from importlib import import_module

PARTS = ("analysis", "process", "opening", "training", "augmentation", "data", "gui")


def main(names: Sequence[str]) -> int:
    """Print a line for each measurement: ours, the peer's or the goal's value, ratio, goal."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.stderr.write(f"There is no benchmark {unknown[0]}; there are {', '.join(PARTS)}.\n")
        return 1
    print(f"{'measured':<52} {'ours':>10} {'peer':>10} {'ratio':>8}  goal")
    for name in names or PARTS:
        for label, ours, peer, ratio, goal in import_module(f"tests.benchmarks.{name}").run():
            print(f"{label:<52} {ours:>10.3f} {peer:>10.3f} {ratio:>7.2f}x  {goal}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
