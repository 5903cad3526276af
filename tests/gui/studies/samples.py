"""Studies with journals and event logs as trainings would leave them, without any training."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from designer import presets
from designer.design.values import Design
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.studies import templates, typed
from designer.studies.candidates import Candidate, candidate
from designer.studies.folder import StudyFolder
from designer.studies.journal import Ended, Exhausted, Proposed, Taken
from designer.studies.protocols import Protocol
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Budget, Study

LENET = presets.load("lenet5")
RECIPE = changed(Recipe(), {"data.source": "mnist10k", "data.limit": 64, "epochs": 6, "batch": 32})
_RATE = "optimizer.learning_rate"  # which no cost depends on
WIDE = "design.conv2.out_channels"


def study(*varied: str, **settings: Any) -> Study:
    """Return a study of LeNet-5 with fields as they are typed."""
    settings.setdefault("title", "Batch size")
    found = tuple(typed.read(each, LENET, RECIPE) for each in varied)
    return Study(varied=found, **settings)


def three(root: Path) -> StudyFolder:
    """Return a finished grid of three batch sizes with three seeds each."""
    made = study(
        "batch=8,32,512",
        question="What does the batch size do to accuracy and time?",
        goals=("validation_accuracy", "seconds", "steps"),
        protocol=Protocol(name="repeats", repeats=3),
    )
    return finished(root / "batch-size", made)


def forty(root: Path) -> StudyFolder:
    """Return a stopped grid of 40 candidates, some refused by a budget, some failed."""
    made = study(
        "optimizer.name=adam,sgd",
        "optimizer.learning_rate=0.0001..0.1:log:points=5",
        f"{WIDE}=8,16,24,64",
        title="Rate, width and optimizer of LeNet-5",
        goals=("validation_accuracy", "macs"),
        budget=Budget(parameters=100_000),
    )
    return finished(root / "grid", made, stop=38)


def many(root: Path, number: int = 500, *, wide: bool = True) -> StudyFolder:
    """Return a random search of many candidates, of different widths or of one."""
    made = study(
        "optimizer.learning_rate=0.0001..0.1:log",
        *(["batch=8..256:log", f"{WIDE}=4..64"] if wide else []),
        "optimizer.name=adam,sgd,rmsprop",
        title="Random search",
        sampler="random",
        goals=("validation_accuracy", "macs"),
        trials=number,
    )
    return finished(root / "search", made)


def ready_made(root: Path, name: str) -> StudyFolder:
    """Return a ready-made study that has ended."""
    return finished(root / name, *templates.find(name).build())


def finished(
    path: Path,
    made: Study,
    designs: Mapping[str, Design] | None = None,
    recipe: Recipe = RECIPE,
    *,
    stop: int | None = None,
) -> StudyFolder:
    """Write a study with the journal and the runs that its trainings would leave."""
    designs = {"": LENET} if designs is None else designs
    folder = StudyFolder.create(path, made, designs, recipe)
    journal, replicates = folder.journal(), folder.replicates()
    examined: dict[str, Candidate] = {}
    chance = random.Random(1)
    with journal.alone() as state:
        records: list[Any] = []
        while (values := SAMPLERS[made.sampler].propose(made, state)) is not None:
            number = len(state.trials)
            if len(state.accepted) == made.trials or number == stop:
                break
            key = str({name: values[name] for name in values if name != _RATE})
            found = examined.get(key) or candidate(made, values, designs, recipe)
            examined[key] = found
            proposed = Proposed(
                trial=number, values=values, costs=dict(found.costs), refusal=found.refusal
            )
            state.add(proposed, len(replicates))
            records.append(proposed)
            for replicate in range(len(replicates) if not found.refusal else 0):
                run = folder.run(number, replicate).path
                taken = Taken(trial=number, replicate=replicate, process="gone.json")
                ended = _ended(run, number, replicate, values, chance)
                records += [taken, ended]
        if stop is None:
            records.append(Exhausted())
        state.trials.clear()
        journal.append(*records)
    return folder


def _ended(
    run: Path, number: int, replicate: int, values: dict[str, Any], chance: random.Random
) -> Ended:
    """Write the events of a run, and return how it ended."""
    rate = values.get("optimizer.learning_rate", 0.002)
    good = 0.975 - 0.03 * (math.log10(rate) + 2.7) ** 2
    good -= 0.012 * abs(math.log2(values.get("batch", 32) / 24)) ** 1.3
    good += 0.006 * math.log2(values.get(WIDE, 16) / 16)
    good -= 0.015 * (values.get("optimizer.name") == "sgd")
    good = min(max(good + chance.gauss(0, 0.004), 0.1), 0.999)
    if rate > 0.05 and values.get("optimizer.name") == "adam":
        message = "The loss became nan in epoch 1: lower the learning rate."
        return Ended(trial=number, replicate=replicate, outcome="diverged", message=message)
    curve = [(0.1 + (good - 0.1) * (1 - math.exp(-0.9 * epoch))) for epoch in range(1, 7)]
    write_curve(run, curve)
    steps = 6 * math.ceil(3000 / values.get("batch", 32))
    return Ended(
        trial=number,
        replicate=replicate,
        outcome="finished",
        figures={
            "validation_accuracy": curve[-1],
            "validation_loss": 3.2 * (1 - curve[-1]),
            "test_accuracy": curve[-1] - 0.004,
            "seconds": 4.0 + 0.004 * steps + chance.random(),
            "steps": float(steps),
            "epochs": 6.0,
        },
    )


def write_curve(run: Path, accuracies: Sequence[float]) -> None:
    """Write the events that a training with these accuracies leaves."""
    run.mkdir(parents=True)
    lines = []
    for epoch, accuracy in enumerate(accuracies, 1):
        part = {"loss": 3.2 * (1 - accuracy), "accuracy": accuracy}
        event = {"event": "epoch", "time": 0.0, "sequence": epoch, "epoch": epoch, "step": epoch}
        lines.append(json.dumps({**event, "train": part, "validation": part}) + "\n")
    (run / "events.jsonl").write_text("".join(lines))
