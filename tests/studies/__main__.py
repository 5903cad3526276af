"""A search for a smaller LeNet-5: ``python -m tests.studies [FOLDER]``, which takes minutes.

40 trials of widths, rate and optimizer on 2,000 digits under a budget of 200,000 MACs; then the
best one and the preset are trained with three seeds each. Prints both accuracies, the MACs of all
that was trained, and the time that a trial takes beside its training. Exits with 1 if anything
beyond the budget was trained, or the best one is more than 0.5 points below the preset.
"""

import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.studies import typed
from designer.studies.folder import StudyFolder
from designer.studies.protocols import Protocol
from designer.studies.running import Report, Runner
from designer.studies.spec import Budget, Study, Variant, Varied
from tests.studies.samples import LENET

MACS = 200_000
RECIPE = changed(
    Recipe(), {"data.limit": 2000, "epochs": 10, "batch": 32, "statistics": 0, "threads": 1}
)
VARIED = (
    "design.conv1.out_channels=2..8",
    "design.conv2.out_channels=4..24",
    "design.fc1.out_features=32..160",
    "design.fc2.out_features=32..128",
    "optimizer.learning_rate=0.001..0.3:log",
    "optimizer.name=sgd,adam",
)


def main(path: Path) -> int:
    """Search, compare, and print what was found."""
    search = Study(
        title="Smaller LeNet-5",
        varied=tuple(typed.read(each, LENET, RECIPE) for each in VARIED),
        sampler="tpe",
        trials=40,
        budget=Budget(macs=MACS),
    )
    folder = StudyFolder.create(path / "search", search, {"": LENET}, RECIPE)
    marks: list[tuple[float, Report]] = []
    state = Runner(folder, lambda report: marks.append((time.monotonic(), report))).run()
    trained = [trial.costs["macs"] for trial in state.accepted]
    print(
        f"{len(state.trials)} candidates, {len(trained)} trained, at most {max(trained):,.0f} MACs"
    )
    overheads = []
    for (before, _), (after, report) in itertools.pairwise(marks[1:]):
        if report.ended is not None:
            overheads.append(after - before - report.ended.figures["seconds"])
    print(f"Beside its training, a trial takes {statistics.median(overheads):.3f} s (median)")
    best = max(state.accepted, key=lambda trial: trial.trainings[0].ended.figures.get(  # type: ignore[union-attr]
        "validation_accuracy", 0.0))  # fmt: skip
    print(f"Best: {best.values}, {best.costs['macs']:,.0f} MACs")
    preset, smaller = _compared(path / "compared", best.values)
    print(f"Test accuracy, mean of 3 seeds: preset {preset:.4f}, best {smaller:.4f}")
    return int(max(trained) > MACS or smaller < preset - 0.005)


def _compared(path: Path, values: dict[str, Any]) -> tuple[float, float]:
    """Train the preset and the best candidate with three seeds; return their test accuracies."""
    variants = (Variant(title="preset"), Variant(title="best", changes=values))
    made = Study(
        title="Compared",
        varied=(Varied(name="network", variants=variants),),
        protocol=Protocol(name="repeats", repeats=3, seed=1),
    )
    folder = StudyFolder.create(path, made, {"": LENET}, RECIPE)
    state = Runner(folder, lambda report: None).run()
    means = []
    for trial in state.trials:
        ends = [each.ended for each in trial.trainings if each.ended is not None]
        means.append(statistics.mean(each.figures["test_accuracy"] for each in ends))
    return means[0], means[1]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())))
