"""The trainer against a plain loop written by hand with default settings, on this machine.

Both get the same source, images, batch and optimizer, each in a process of its own. They take
turns of a few dozen steps, so that other processes slow both alike. The rows are medians over all
turns of several such pairs, writing the event log included. The first steps of a turn are run but
not counted: a process that was asleep takes twice the time for them.
The rows of one process take ten steps of the trainer, ten of the loop, ten of the trainer without
the figures of `designer.engine.watching`, and so on, and compare the medians of these tens.
The rows of statistics compare the steps of one training: every second one measures its layers, and
what that takes is spread over the steps between two measurements at the default rate.
``python -m tests.benchmarks.training`` prints the table.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from designer import presets
from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.design.values import Design, LayerNode
from designer.runs.begin import begin
from tests.engine.samples import chain

BATCH = 64
PAIRS = 3  # of processes, since the memory layout of one process influences all its times
TURNS = 24  # of each process
EVERY = 10  # steps between two step events; each such interval is timed
INTERLEAVED = 200  # tens of steps of the loop in one process
TIMED = {"lenet": 3, "tiny": 20}  # intervals that are timed in a turn

MEASURED = {"lenet5": ("mnist10k", 300), "resnet_cifar": ("shapes10", 24)}  # data, steps

Row = tuple[str, float, float, float, str]
Pair = tuple[float, float]

NETWORKS: dict[str, Design] = {
    "lenet": presets.load("lenet5"),
    "tiny": chain(
        "Tiny",
        (1, 8, 8),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 10}),
    ),
}


def run() -> list[Row]:
    """Return (label, ours, the loop's, ratio, goal) for every measurement."""
    lenet, tiny = _pairs("lenet"), _pairs("tiny")
    seconds, peaks = ([median(column) for column in zip(*rows, strict=True)] for rows in lenet)
    gain = median(loop / ours for ours, loop in lenet[0])
    small = [1e6 * median(column) for column in zip(*tiny[0], strict=True)]
    extra = 1e6 * median(ours - loop for ours, loop in tiny[0])
    return [
        ("LeNet-5, batch 64: steps/s", 1 / seconds[0], 1 / seconds[1], gain, ">= 1.3"),
        (
            "one Linear layer: microseconds/step",
            *small,
            small[0] / small[1],
            f"overhead <= 60, is {extra:.0f}",
        ),
        ("LeNet-5, batch 64: peak memory, MiB", *peaks, peaks[0] / peaks[1], "<= 1.1"),
        *_interleaved(),
        _statistics("lenet5", "LeNet-5: ms/step with statistics"),
        _statistics("resnet_cifar", "ResNet-20: ms/step with statistics"),
    ]


def main() -> None:
    """Print the table."""
    for label, ours, peer, ratio, goal in run():
        print(f"{label:40} {ours:9.1f} {peer:9.1f} {ratio:6.2f}   {goal}")


def _pairs(name: str) -> tuple[list[Pair], list[Pair]]:
    """Return the seconds a step and the peaks in MiB of trainer and loop, of each pair."""
    pairs = [_turns(name) for _ in range(PAIRS)]
    return [seconds for seconds, _ in pairs], [peaks for _, peaks in pairs]


def _turns(name: str) -> tuple[Pair, Pair]:
    """Return the seconds a step and the peaks in MiB of a trainer and a loop."""
    command = [sys.executable, "-m", "tests.benchmarks.training", name]
    with contextlib.ExitStack() as stack:
        sides = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, side], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for side in ("ours", "loop")
        ]

        def ask(side: "subprocess.Popen[str]", request: str) -> float:
            assert side.stdin is not None
            assert side.stdout is not None
            side.stdin.write(request + "\n")
            side.stdin.flush()
            return float(side.stdout.readline())

        turns = [[ask(side, "go") for side in sides] for _ in range(TURNS)]
        ours_peak, loop_peak = (ask(side, "peak") for side in sides)
    ours, loop = zip(*turns[TURNS // 10 :], strict=True)  # without the turns in which caches fill
    return (median(ours), median(loop)), (ours_peak, loop_peak)


def _take_turns(name: str, side: str) -> None:
    """Train with one side, a turn for each line of input, and answer with the seconds per step."""
    sys.stdin.readline()
    steps = _ours if side == "ours" else _loop
    steps(NETWORKS[name], _Clock(TIMED[name]))


class _Clock:
    """Times the turns of one side."""

    def __init__(self, timed: int) -> None:
        self._timed = timed
        self._times: list[float] = []
        self._since: float | None = None

    def interrupted(self) -> None:
        """Discard the current interval, in which more than steps happened."""
        self._since = None

    def end_of_steps(self) -> None:
        """Record the time of the last ``EVERY`` steps; after a turn, wait for the next one."""
        if self._since is not None:
            self._times.append((time.perf_counter() - self._since) / EVERY)
        if len(self._times) > self._timed:
            print(fmean(self._times[1:]), flush=True)
            self._times.clear()
            if sys.stdin.readline() != "go\n":
                print(_peak_of_this_process(), flush=True)
                os._exit(0)
        self._since = time.perf_counter()


def _peak_of_this_process() -> float:
    """Return the peak in MiB; on Linux, ``ru_maxrss`` would include the parent before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ours(design: Design, clock: _Clock) -> None:
    """Train a run folder as the worker does; each step event ends an interval."""
    from designer.engine.training import train
    from designer.runs.events import EventWriter

    write = EventWriter.write

    def timed(log: EventWriter, event: str, **fields: object) -> None:
        write(log, event, **fields)
        if event == "step":
            clock.end_of_steps()
        else:  # the end of an epoch lies between two step events
            clock.interrupted()

    EventWriter.write = timed  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        train(begin(Path(folder) / "run", design, _recipe()))


def _recipe() -> Any:
    """Return the recipe of the trainer, which is that of the loop."""
    from designer.recipe.optimizers import Optimizer
    from designer.recipe.recipe import Recipe
    from designer.recipe.schedules import Schedule

    return Recipe(
        batch=BATCH,
        epochs=1000,  # until the turns are over
        device="cpu",
        log_interval=EVERY,
        optimizer=Optimizer(learning_rate=0.01, nesterov=False, weight_decay=0.0),
        schedule=Schedule(name="constant"),
    )


def _interleaved() -> list[Row]:
    """Return the rows of one process: trainer beside loop, and with beside without watching."""
    command = [sys.executable, "-m", "tests.benchmarks.training", "lenet", "interleaved"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    ours, unwatched, loop = (1e3 * float(each) for each in printed.split())
    return [
        ("LeNet-5 in one process: ms/step", ours, loop, loop / ours, ">= 1.6"),
        ("LeNet-5: ms/step, watched", ours, unwatched, ours / unwatched, "<= 1.03"),
    ]


def _take_interleaved(design: Design) -> None:
    """Print the median seconds a step: of the trainer, watched and not, and of the loop."""
    from designer.engine.loop import Loop
    from designer.engine.training import train

    log_step = Loop._log_step
    step = _loop_steps(design)
    times: dict[str, list[float]] = {"ours": [], "unwatched": [], "loop": []}
    # Statistics of the layers are measured in every tenth ten: both kinds get as many of them.
    order = cycle(("ours", "unwatched", "unwatched", "ours"))
    kind, began = "", 0.0

    def timed(loop: Loop, rate: float) -> None:
        nonlocal kind, began
        log_step(loop, rate)
        if kind:
            times[kind].append((time.perf_counter() - began) / EVERY)
        start = time.perf_counter()
        for _ in range(EVERY):
            next(step)
        times["loop"].append((time.perf_counter() - start) / EVERY)
        if len(times["loop"]) >= INTERLEAVED:
            print(*(median(each[10:]) for each in times.values()), flush=True)
            os._exit(0)
        kind = next(order)
        _watch(loop, on=kind == "ours")
        began = time.perf_counter()

    Loop._log_step = timed  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        train(begin(Path(folder) / "run", design, _recipe()))


def _watch(loop: Any, *, on: bool) -> None:
    """Switch the figures of the steps on or off."""
    parts = {
        loop._clock: ("begin", "data_ready", "forward_done", "backward_done", "update_done"),
        loop._changes: ("before_update", "after_update"),
    }
    for part, names in parts.items():
        vars(part).update(dict.fromkeys(names, _nothing))
        vars(part)["read"] = dict
        if on:
            for name in (*names, "read"):
                del vars(part)[name]
    vars(loop._utilization)["share"] = _nothing
    if on:
        del vars(loop._utilization)["share"]


def _nothing(*_: object, **__: object) -> None:
    pass


def _statistics(name: str, label: str) -> Row:
    """Return the milliseconds a step with statistics at the default rate, and without."""
    command = [sys.executable, "-m", "tests.benchmarks.training", name, "statistics"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    measured, plain, every = map(float, printed.split())
    with_ = plain + (measured - plain) / every
    return (label, 1e3 * with_, 1e3 * plain, with_ / plain, "<= 1.05")


def _measure_statistics(name: str) -> None:
    """Print the median seconds of a step that is measured and of one that is not, and the rate."""
    from designer.engine.layer_statistics import Statistics
    from designer.engine.training import train
    from designer.recipe.reading import changed
    from designer.recipe.recipe import Recipe

    data, last = MEASURED[name]
    after_update = Statistics.after_update
    times: list[float] = []

    def timed(statistics: Statistics, **step: Any) -> None:
        after_update(statistics, **step)
        times.append(time.perf_counter())
        if step["step"] == last:
            took = [after - before for before, after in pairwise(times[3:])]
            # Of the steps 5, 6, 7 ... the even ones are measured.
            print(median(took[1::2]), median(took[::2]), Recipe().statistics, flush=True)
            raise SystemExit  # which passes all that handles failures of a training

    Statistics.after_update = timed  # type: ignore[method-assign]
    settings = {"data.source": data, "statistics": 2, "epochs": 2, "device": "cpu"}
    recipe = changed(presets.recipe(name) or Recipe(), settings)
    with tempfile.TemporaryDirectory() as folder:
        train(begin(Path(folder) / "run", presets.load(name), recipe))


def _loop(design: Design, clock: _Clock) -> None:
    """Train the same network in a loop written by hand; each so many steps end an interval."""
    for number in _loop_steps(design):
        if number % EVERY == 0:
            clock.end_of_steps()


def _loop_steps(design: Design) -> Iterator[int]:
    """Train the same network in a loop written by hand, with images in memory, step by step."""
    import torch
    import torch.nn.functional as F

    (port,) = analyze(design).inputs
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((8004, *port.shape), generator=generator)
    labels = torch.randint(10, (8004,), generator=generator)
    others = torch.randn((1996, *port.shape))  # the trainer has a test part too
    generated = generate(design)
    module: dict[str, Any] = {}
    exec(generated.source, module)
    model = module[generated.class_name]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    total, steps = 0.0, 0
    while len(others):
        order = torch.randperm(len(images))
        for i in range(0, len(images) - BATCH + 1, BATCH):
            chosen = order[i : i + BATCH]
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item()
            steps += 1
            yield steps


if __name__ == "__main__":
    if sys.argv[2:] == ["statistics"]:
        _measure_statistics(sys.argv[1])
    elif sys.argv[2:] == ["interleaved"]:
        _take_interleaved(NETWORKS[sys.argv[1]])
    elif sys.argv[1:]:
        _take_turns(*sys.argv[1:])
    else:
        main()
