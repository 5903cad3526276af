"""``python -m tests.against_torch receptive-fields [N]``: compare N random designs with torch.

``receptive-fields`` compares receptive fields with where the gradient of a value reaches, in random
designs and in presets. It prints each difference, and exits with 1 if there was one.
"""

import argparse
import sys

from tests.against_torch import receptive_fields


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.against_torch", description=__doc__)
    parser.add_argument("what", choices=("receptive-fields",))
    parser.add_argument("count", nargs="?", type=int, default=60, help="how many to draw")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first design")
    options = parser.parse_args()
    return int(receptive_fields.run(options.count, options.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
