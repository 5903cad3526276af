"""``python -m tests.opened_networks torchvision|timm [NAMES]``: networks opened by their names.

Each network goes the way of ``netdesigner import``: built and exported in a process of its own,
read, converted, folded, given its weights, and compared with the original on a random input. A row
for each says the nodes of the folded design's own graph, its blocks and their uses, opaque nodes,
and the difference of the outputs. The parameters are those of the library's own network.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

from designer.engine.opening.pipeline import Wishes, open_source
from designer.errors import DesignerError
from designer.readers.graph import TensorSpec

MOST_NODES = 40
SIDES = {"inception_v3": 299, "maxvit_t": 224}


def names(library: str) -> list[str]:
    """Return torchvision's classifiers and segmentation networks, or a sample of timm's models."""
    if library == "timm":
        from tests.against_torch.coverage import timm_names

        return timm_names()
    from torchvision import models

    return [
        *models.list_models(module=models),
        *models.list_models(module=models.segmentation),
    ]


def parameters_of(library: str, name: str) -> int:
    """Return how many parameters the library's own network has, auxiliary classifiers included."""
    import torch

    with torch.device("meta"):
        if library == "timm":
            import timm

            network = timm.create_model(name)
        else:
            from torchvision import models

            options: dict[str, Any] = {}
            if name in ("googlenet", "inception_v3"):
                options["init_weights"] = False
            if name in models.list_models(module=models.segmentation):
                options["weights_backbone"] = None
            network = models.get_model(name, weights=None, **options)
    return sum(each.numel() for each in network.parameters())


def row(library: str, name: str) -> tuple[str, bool]:
    """Open a network; return what was found, and whether all of it is as it should be."""
    side = SIDES.get(name, 224 if name.startswith("vit") else 64)
    inputs = [TensorSpec((3, side, side))] if library == "torchvision" else []
    start = time.monotonic()
    try:
        report = open_source(f"{library}:{name}", Wishes(inputs=inputs)).report
    except DesignerError as error:
        return f"refused: {error}", False
    known = parameters_of(library, name)
    opaque = len(report.opaque)
    counted = known == report.parameters
    few = library == "timm" or report.top_level <= MOST_NODES
    good = counted and not opaque and report.difference == 0 and few
    blocks = ", ".join(f"{each.name} {each.uses}" for each in report.blocks)
    if report.difference is None:
        words = f"not compared: {report.not_compared}"
    else:
        words = f"difference {report.difference:.0e} of {report.scale:.0e}"
    parameters = f"{report.parameters:,} parameters" + ("" if counted else f" (not {known:,})")
    folding = 1000 * report.seconds.get("Folding", 0.0)
    return (
        f"{report.top_level} nodes; {parameters}; {opaque} opaque; {words}; {blocks}; "
        f"folded in {folding:.0f} ms; "
        f"{time.monotonic() - start:.0f} s",
        good,
    )


def main(arguments: Sequence[str]) -> int:
    """Print a row for each network; return 1 if one is not as it should be."""
    library, *chosen = arguments
    good = 0
    chosen = chosen or names(library)
    for name in chosen:
        try:
            words, right = row(library, name)
        except Exception as error:  # one network must not end the table
            words, right = f"RAW {type(error).__name__}: {error}"[:300], False
        good += right
        print(f"{'  ' if right else '! '}{name:34} {words}", flush=True)
    print(f"{good} of {len(chosen)} are as they should be.")
    return int(good < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
