"""The trainer against a plain loop written by hand with default settings, on this machine.

Both get the same source, images, batch and optimiser. For speed they take turns in one process, ten
steps each, so that other work on the machine slows both alike: whenever the trainer has written a
step event, the loop has its turn. The median over all turns counts, the event log included. For
memory each is a process of its own. ``python -m tests.benchmarks.training`` prints the table.
"""

import contextlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from designer.runs.network import NetworkInfo
from tests.engine.samples import LENET, LENET_INFO

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
    "lenet": (LENET, LENET_INFO, 2),
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
    lenet, tiny = _turns(*NETWORKS["lenet"]), _turns(*NETWORKS["tiny"])
    rates = [1 / statistics.median(column) for column in zip(*lenet, strict=True)]
    gain = statistics.median(loop / ours for ours, loop in lenet)
    times = [1e6 * statistics.median(column) for column in zip(*tiny, strict=True)]
    ratio = statistics.median(ours / loop for ours, loop in tiny)
    extra = 1e6 * statistics.median(ours - loop for ours, loop in tiny)
    peaks = [_peak_mebibytes(side) for side in ("ours", "loop")]
    return [
        ("LeNet-5, batch 64: steps/s", *rates, gain, ">= 1.3"),
        ("one Linear layer: microseconds/step", *times, ratio, f"overhead <= 60, is {extra:.0f}"),
        ("LeNet-5, batch 64: peak memory, MiB", *peaks, peaks[0] / peaks[1], "<= 1.1"),
    ]


def main() -> None:
    """Print the table."""
    for label, ours, peer, ratio, goal in run():
        print(f"{label:40} {ours:9.1f} {peer:9.1f} {ratio:6.2f}   {goal}")


def _peak_mebibytes(side: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.training", side]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _measure_peak(side: str) -> None:
    """Train LeNet-5 one way and print the process's peak memory."""
    source, network, epochs = NETWORKS["lenet"]
    if side == "ours":
        _train(source, network, epochs)
    else:
        steps = epochs * 7204 // BATCH
        list(islice(_loop(source, network), steps // EVERY))
    print(_peak_of_this_process())


def _peak_of_this_process() -> float:
    """Return mebibytes; Linux's ``ru_maxrss`` would count the parent before the exec too."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _turns(source: str, network: NetworkInfo, epochs: int) -> list[tuple[float, float]]:
    """Return the seconds a step of the trainer and of the loop, turn by turn."""
    from designer.runs.events import EventWriter

    loop = _loop(source, network)
    write = EventWriter.write
    turns: list[tuple[float, float]] = []
    since: float | None = None

    def take_turns(log: EventWriter, event: str, **fields: object) -> None:
        nonlocal since
        write(log, event, **fields)
        start = time.perf_counter()
        if event != "step":  # what lies between epochs is no step
            since = None
            return
        next(loop)
        end = time.perf_counter()
        if since is not None:
            turns.append(((start - since) / EVERY, (end - start) / EVERY))
        since = time.perf_counter()

    EventWriter.write = take_turns  # type: ignore[method-assign]
    try:
        _train(source, network, epochs)
    finally:
        EventWriter.write = write  # type: ignore[method-assign]
    return turns[len(turns) // 10 :]


def _train(source: str, network: NetworkInfo, epochs: int) -> None:
    """Train a run folder as the worker does."""
    from designer.engine.training import train
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


def _loop(source: str, network: NetworkInfo) -> Iterator[None]:
    """Train the same by hand, without end: images in memory, a random order; pause every EVERY."""
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
    others = [tensors(part) for part in (parts.validation, parts.test)]  # as the trainer has them
    model = module_from_source(source, network.class_name)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    total, steps = 0.0, 0
    with contextlib.suppress(GeneratorExit):
        while others:
            order = torch.randperm(len(images))
            for i in range(0, len(images) - BATCH + 1, BATCH):
                chosen = order[i : i + BATCH]
                loss = F.cross_entropy(model(images[chosen]), labels[chosen])
                loss.backward()
                optimiser.step()
                optimiser.zero_grad()
                total += loss.item()
                steps += 1
                if steps % EVERY == 0:
                    yield


if __name__ == "__main__":
    if sys.argv[1:]:
        _measure_peak(sys.argv[1])
    else:
        main()
