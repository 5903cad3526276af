"""Trainings that are killed at random times and resumed: they must end as if nothing happened.

Each training is a fork of this process, which has loaded torch already, so that a kill takes a
second. Where a kill falls is told by the events: most fall in steps, some in checkpoints.
"""

import collections
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch

from designer.engine import batches, checkpoint
from designer.engine.training import train
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.engine.samples import create, tiny_recipe, write_data

RECIPES: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer__name": "sgd", "optimizer__momentum": 0.9},
    "adam": {"optimizer__name": "adam", "schedule__name": "cosine", "checkpoint_seconds": 0.02},
    "adamw": {"optimizer__name": "adamw", "schedule__name": "one_cycle"},
    "rmsprop": {"optimizer__name": "rmsprop", "schedule__name": "step"},
    "adagrad": {"optimizer__name": "adagrad", "gradient_clipping": 0.5},
    "plateau": {"schedule__name": "reduce_on_plateau", "early_stopping": 2, "epochs": 6},
    "augmented": {"augmentation__rotation": 10.0, "augmentation__shift": 0.1, "epochs": 2},
    "streamed": {"data__workers": 0, "checkpoint_seconds": 0.01},
}
"""Changes to the recipe of the tests; ``streamed`` reads images as if they filled the memory."""

MOST = 4  # kills of one training, after which it is left to end


def report(folder: Path, count: int, seed: int, only: str | None) -> int:
    """Kill so many trainings, print a table, and return how many ended otherwise."""
    wrong = 0
    names = list(RECIPES) if only is None else [only]
    for index, name in enumerate(names):
        share = count // len(names) + (index < count % len(names))
        killed, bad = run_recipe(name, folder / name, share, seed)
        row = ", ".join(f"{number} in {where}" for where, number in killed.most_common())
        sys.stdout.write(f"{name:<10} {sum(killed.values()):>4} kills ({row}); {len(bad)} wrong\n")
        for each in bad[:5]:
            sys.stdout.write(f"  {each}\n")
        sys.stdout.flush()
        wrong += len(bad)
    return wrong


def run_recipe(
    name: str, folder: Path, count: int, seed: int
) -> tuple[collections.Counter[str], list[str]]:
    """Kill trainings of one recipe; return where the kills fell, and what was wrong."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True)
    data = write_data(folder / "data.npz")
    recipe = tiny_recipe(data, **{"epochs": 3, **RECIPES[name]})
    whole = create(folder / "whole", recipe)
    begun = time.monotonic()
    _wait(_fork(name, whole, resume=False))
    seconds = time.monotonic() - begun
    expected = _ending(whole)
    random_ = random.Random(f"{name} {seed}")
    killed: collections.Counter[str] = collections.Counter()
    bad: list[str] = []
    while sum(killed.values()) < count:
        run = create(folder / "killed", recipe)
        resume = False
        for _ in range(MOST):
            pid = _fork(name, run, resume=resume)
            begun = time.monotonic()
            until = begun + random_.uniform(0, seconds)
            while time.monotonic() < until and not _has_ended(pid):
                time.sleep(0.002)
            if _has_ended(pid):
                seconds = min(seconds, time.monotonic() - begun)  # the machine was busier before
            os.kill(pid, signal.SIGKILL)
            if _wait(pid) != signal.SIGKILL:  # it had ended before
                break
            killed[_where(run)] += 1
            resume = True
        if run.result() is None:
            status = _wait(_fork(name, run, resume=True))
            if status:
                bad.append(f"resuming ended with status {status}: {run.log.read_text()[-300:]}")
        if (found := _ending(run)) != expected:
            differ = [key for key in expected if found.get(key) != expected[key]]
            bad.append(f"other {', '.join(differ)} than of the training that was left alone")
        left = [path.name for path in run.path.rglob(".*")]
        if left:
            bad.append(f"left behind: {', '.join(left)}")
        shutil.rmtree(run.path)
    return killed, bad


def _fork(name: str, run: RunFolder, *, resume: bool) -> int:
    """Train in a process of its own; return its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        if name == "streamed":
            batches.devices.free_bytes = lambda device: 0
        train(run, resume=resume)
        status = 0
    except BaseException as error:
        run.log.write_text(repr(error))
    finally:
        os._exit(status)


def _has_ended(pid: int) -> bool:
    """Return whether a process has ended that was not waited for yet."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait(pid: int) -> int:
    """Return the signal that ended a process, or its exit status."""
    _, status = os.waitpid(pid, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _where(run: RunFolder) -> str:
    """Return the kind of the last event before a kill."""
    if not run.events.exists():
        return "start"
    found = read_events(run.events)
    return found[-1]["event"] if found else "start"


def _ending(run: RunFolder) -> dict[str, Any]:
    """Return all of a run that must not depend on kills."""
    events = read_events(run.events)
    result = run.result()
    assert result is not None, f"{run.path} has no result"
    found: dict[str, Any] = {
        "steps": [(e["step"], e["loss"], e["lr"]) for e in events if e["event"] == "step"],
        "epochs": [
            (e["epoch"], e["train"], e["validation"], e["best"])
            for e in events
            if e["event"] == "epoch"
        ],
        "result": (result.status, result.epochs, result.steps, result.best, result.test),
    }
    for path in (run.last, run.best):
        content = checkpoint.load(path, source=run.source())
        found[path.name] = {key: each.tolist() for key, each in content["network"].items()}
    return found
