"""``python -m tests.against_torch designs|receptive-fields [N]``: N random designs against torch.

``designs`` draws designs of all layers and compares shapes, parameters, buffers, MACs, bytes saved
for backward and bytes alive while predicting. It prints how many of each layer it drew, and each
difference with the smallest design that shows it, written as a file. ``receptive-fields`` compares
receptive fields with where the gradient of a value reaches, in random designs and in presets. It
prints each difference. Both exit with 1 if there was one.
"""

import argparse
import sys
from pathlib import Path

from tests.against_torch import designs, receptive_fields


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.against_torch", description=__doc__)
    parser.add_argument("what", choices=("designs", "receptive-fields"))
    parser.add_argument("count", nargs="?", type=int, help="how many to draw; default 1000 or 60")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first part or design")
    parser.add_argument("--jobs", type=int, default=1, help="processes that compare designs")
    parser.add_argument("--folder", type=Path, default=Path(), help="where designs are written")
    options = parser.parse_args()
    if options.what == "receptive-fields":
        return int(receptive_fields.run(options.count or 60, options.seed) > 0)
    return int(designs.report(options.count or 1000, options.seed, options.jobs, options.folder))


if __name__ == "__main__":
    sys.exit(main())
