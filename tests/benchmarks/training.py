"""The trainer against a plain loop written by hand with default settings, on this machine.

Both get the same source, images, batch and optimiser, in a process of their own, and take turns.
Time is taken over every ten steps, with the event log on; the fastest tenth of these counts, since
other work on the machine only ever adds. ``python -m tests.benchmarks.training`` prints the table.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import msgspec

from designer.runs.network import NetworkInfo
from tests.engine.samples import LENET, LENET_INFO

PAIRS = 3
BATCH = 64
EVERY = 10  # steps between two looks at the clock, and between two step events

TINY = """\
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = nn.Flatten()
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.flat(x))
"""

Row = tuple[str, float, float, float, str]
Network = tuple[str, NetworkInfo, int]  # source, shapes, epochs to train

NETWORKS: dict[str, Network] = {
    "lenet": (LENET, LENET_INFO, 4),
    "tiny": (
        TINY,
        msgspec.structs.replace(
            LENET_INFO, name="Tiny", class_name="Tiny", input=(1, 8, 8), parameters=650
        ),
        10,
    ),
}


def run() -> list[Row]:
    """Return (label, ours, the loop's, ratio, goal) for every measurement."""
    turns = [(_measured("ours"), _measured("loop")) for _ in range(PAIRS)]

    def row(label: str, key: str, unit: float, goal: str) -> Row:
        pairs = [(ours[key] * unit, loop[key] * unit) for ours, loop in turns]
        ours, loop = (statistics.median(column) for column in zip(*pairs, strict=True))
        return label, ours, loop, statistics.median(a / b for a, b in pairs), goal

    steps = row("LeNet-5, batch 64: steps/s", "lenet", 1, ">= 1.3")
    peak = row("LeNet-5, batch 64: peak memory, MiB", "peak", 2**-20, "<= 1.1")
    tiny = row("one Linear layer, batch 64: microseconds/step", "tiny_step", 1e6, "")
    overhead = tiny[1] - tiny[2]
    return [steps, (*tiny[:4], f"ours - loop <= 60, is {overhead:.0f}"), peak]


def main() -> None:
    """Print the table."""
    for label, ours, peer, ratio, goal in run():
        print(f"{label:48} {ours:9.1f} {peer:9.1f} {ratio:6.2f}   {goal}")


def _measured(side: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.training", side]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _measure(side: str) -> None:
    """Print the figures of one side as JSON."""
    train = {"ours": _ours, "loop": _loop}[side]
    lenet = train(*NETWORKS["lenet"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tiny = train(*NETWORKS["tiny"])
    print(json.dumps({"lenet": 1 / lenet, "tiny_step": tiny, "peak": peak}))


def _fastest(intervals: list[float]) -> float:
    """Return the seconds a step of the fastest tenth of intervals."""
    return statistics.quantiles(intervals, n=10)[0] / EVERY


def _ours(source: str, network: NetworkInfo, epochs: int) -> float:
    """Train a run folder as the worker does; return seconds a step."""
    from designer.engine.training import train
    from designer.runs.events import read_events
    from designer.runs.folder import RunFolder
    from designer.runs.recipe import Optimiser, Recipe, Schedule

    recipe = Recipe(
        batch=BATCH,
        epochs=epochs,
        device="cpu",
        log_interval=EVERY,
        optimiser=Optimiser(learning_rate=0.01, nesterov=False, weight_decay=0.0),
        schedule=Schedule(name="constant"),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder.create(
            Path(folder) / "run", design_json="{}", source=source, recipe=recipe, network=network
        )
        train(run)
        steps = [event for event in read_events(run.events) if event["event"] == "step"]
    return _fastest([b["time"] - a["time"] for a, b in pairwise(steps) if a["epoch"] == b["epoch"]])


def _loop(source: str, network: NetworkInfo, epochs: int) -> float:
    """Train the same by hand: images in memory, a random order; return seconds a step."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    from designer.data import channel_statistics, open_dataset, split
    from designer.engine.module import module_from_source

    channels, height, width = network.input
    size = {"height": height, "width": width, "channels": channels}
    parts = split(open_dataset("mnist10k"))
    figures = channel_statistics(parts.train, **size)
    mean, deviation = (torch.from_numpy(figure).float().view(-1, 1, 1) for figure in figures)

    def tensors(part):
        images = torch.from_numpy(part.read(range(len(part)), **size)).float() / 255
        return (images - mean) / deviation, torch.from_numpy(part.labels)

    images, labels = tensors(parts.train)
    others = [tensors(part) for part in (parts.validation, parts.test)]
    model = module_from_source(source, network.class_name)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    intervals = []
    for _ in range(epochs):
        order = torch.randperm(len(images))
        total = 0.0
        marks = []
        for number, i in enumerate(range(0, len(images) - BATCH + 1, BATCH)):
            if number % EVERY == 0:
                marks.append(time.perf_counter())
            chosen = order[i : i + BATCH]
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            total += loss.item()
        intervals += [b - a for a, b in pairwise(marks)]
        with torch.no_grad():
            for inputs, targets in others:
                for i in range(0, len(inputs), BATCH):
                    F.cross_entropy(model(inputs[i : i + BATCH]), targets[i : i + BATCH]).item()
    return _fastest(intervals)


if __name__ == "__main__":
    if sys.argv[1:]:
        _measure(sys.argv[1])
    else:
        main()
