"""``python -m tests.hostile kills|files|recipes [N]``: what the program makes of bad luck.

``kills`` ends trainings at random times, resumes them and compares them with one that was left
alone. ``files`` damages files of every kind and reads each as the program does. ``recipes`` trains
random recipes on odd data. All print a table and exit with 1 if something was silent or raw.
"""

import argparse
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("what", choices=("kills", "files", "recipes"))
    parser.add_argument("count", nargs="?", type=int, help="kills, or files of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", help="only this kind of file, recipe or number")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        if options.what == "kills":
            from tests.hostile.kills import report

            bad = report(Path(folder), options.count or 200, options.seed, options.kind)
        elif options.what == "recipes":
            from tests.hostile.recipes import report

            bad = report(Path(folder), options.count or 300, options.seed, options.kind)
        else:
            from tests.hostile.files import report

            bad = report(Path(folder), options.count or 3000, options.seed, options.kind)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
