"""Presets exported in every format and opened again: ``python -m tests.round_trip [PRESET ...]``.

For each preset and format a line says whether the same design came back, and how many of its
tensors. The process ends with 1 if a design differs. Without names it takes every preset, which
takes some minutes; ``--formats .py,.onnx`` takes some formats.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from designer import presets
from designer.design.values import Design
from designer.engine import export
from designer.engine.opening.pipeline import Wishes, open_source
from designer.errors import DesignerError
from designer.runs.export_formats import EXPORT_FORMATS


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="all, if none is named")
    parser.add_argument("--formats", default=",".join(EXPORT_FORMATS))
    chosen = parser.parse_args()
    faults = 0
    for name in chosen.presets or presets.names():
        design = presets.load(name)
        with tempfile.TemporaryDirectory() as folder:
            for found, line in lines(name, design, chosen.formats.split(","), Path(folder)):
                faults += not found
                print(line, flush=True)
    print(f"{faults:,} designs differ." if faults else "Every design came back as it was.")
    return 1 if faults else 0


def lines(
    name: str, design: Design, formats: list[str], folder: Path
) -> Iterator[tuple[bool, str]]:
    """Yield for each format whether the design came back, and a line on it."""
    model = export.of_design(design)
    count = len(model.network.state_dict())
    for ending in formats:
        begin = f"{name:28} {ending:13}"
        path = folder / f"net{ending}"
        try:
            export.write(model, path)
        except DesignerError as error:  # ONNX does not take every layer
            yield True, f"{begin} not written: {error}"
            continue
        found = open_source(str(path), Wishes(compare=False))
        tensors = found.report.tensors
        same = found.design == design
        words = "same design" if same else "ANOTHER DESIGN"
        if ending == ".py":
            yield same, f"{begin} {words}"
            continue
        given = count - len(tensors.missing)
        yield same, f"{begin} {words}, {given:,} of {count:,} tensors have values"


if __name__ == "__main__":
    sys.exit(main())
