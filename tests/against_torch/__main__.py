"""``python -m tests.against_torch designs|receptive-fields|torchvision|timm``: ours against torch.

``designs`` draws designs of all layers and compares shapes, parameters, buffers, MACs, bytes saved
for backward and bytes alive while predicting. It prints how many of each layer it drew, and each
difference with the smallest design that shows it, written as a file. ``receptive-fields`` compares
receptive fields with where the gradient of a value reaches, in random designs and in presets. It
prints each difference. Both exit with 1 if there was one.

``torchvision`` converts every classifier, segmentation and video network of torchvision to a design
and compares parameters, buffers, MACs and outputs with the same weights (about 10 minutes, 10 GB
for the largest). ``timm`` says which models of a sample are expressible by their operations, and
with ``--built`` compares some as a whole. Names after it choose networks.
"""

import argparse
import sys
from pathlib import Path

from tests.against_torch import coverage, designs, receptive_fields


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.against_torch", description=__doc__)
    kinds = ("designs", "receptive-fields", "torchvision", "timm")
    parser.add_argument("what", choices=kinds)
    parser.add_argument(
        "which", nargs="*", help="how many to draw; default 1000 or 60. Or names of networks"
    )
    parser.add_argument("--built", action="store_true", help="compare models of timm as a whole")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first part or design")
    parser.add_argument("--jobs", type=int, default=1, help="processes that compare designs")
    parser.add_argument("--folder", type=Path, default=Path(), help="where designs are written")
    options = parser.parse_args()
    if options.what == "timm" and not options.built:
        return int(not coverage.run_timm(options.which or coverage.timm_names()))
    if options.what in ("torchvision", "timm"):
        kind = options.what == "timm"
        networks = coverage.timm_networks() if kind else coverage.torchvision_networks()
        chosen = options.which or networks
        return int(not coverage.run({name: networks[name] for name in chosen}))
    count = int(options.which[0]) if options.which else 0
    if options.what == "receptive-fields":
        return int(receptive_fields.run(count or 60, options.seed) > 0)
    return int(designs.report(count or 1000, options.seed, options.jobs, options.folder))


if __name__ == "__main__":
    sys.exit(main())
