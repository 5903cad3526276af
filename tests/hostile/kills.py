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
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from designer.design import edits
from designer.design.values import Design
from designer.engine import batches, checkpoint
from designer.engine.training import train
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, WITHOUT_DROPOUT, create, tiny_recipe, write_data
from tests.engine.test_several_labels import write_stripes


class Case(NamedTuple):
    """A training that is killed.

    Attributes
    ----------
    changes
        Changes to the recipe of the tests, dots in names of fields written ``__``.
    design
        The network.
    data
        A row of `DATA`.
    """

    changes: dict[str, Any]
    design: Design = TINY
    data: str = "classes"


def _write_colors(path: Path) -> Path:
    """Write color pictures of three classes, one of which is rare."""
    generator = np.random.default_rng(1)
    labels = np.where(np.arange(120) % 8 == 0, 2, np.arange(120) % 2)
    pictures = generator.integers(0, 90, (120, 8, 8, 3)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[..., label] += 120
    np.savez(path, x_train=pictures, y_train=labels)
    return path


def _write_numbers(path: Path) -> Path:
    """Write pictures with two numbers each: the brightness of their halves."""
    pictures = np.random.default_rng(2).integers(0, 256, (120, 8, 8)).astype(np.uint8)
    means = pictures.reshape(120, 2, 32).mean(2) / 255
    np.savez(path, x_train=pictures, y_train=means.astype(np.float32))
    return path


DATA: dict[str, Callable[[Path], Path]] = {
    "classes": write_data,
    "colors": _write_colors,
    "labels": lambda path: write_stripes(path, images=120),
    "numbers": _write_numbers,
}


def _with(design: Design, node: str, **parameters: Any) -> Design:
    """Return a design with other parameters of a node."""
    for name, value in parameters.items():
        design = edits.set_parameter(design, node, name, value)
    return design


COLORS = _with(TINY, "image", shape=(3, 8, 8))
NUMBERS = _with(WITHOUT_DROPOUT, "fc", out_features=2)

RECIPES: dict[str, Case] = {
    "sgd": Case({"optimizer__name": "sgd", "optimizer__momentum": 0.9}),
    "adam": Case({"optimizer__name": "adam", "schedule__name": "cosine"}),
    "adamw": Case({"optimizer__name": "adamw", "schedule__name": "one_cycle"}),
    "rmsprop": Case({"optimizer__name": "rmsprop", "schedule__name": "step"}),
    "adagrad": Case({"optimizer__name": "adagrad", "gradient_clipping": 0.5}),
    "plateau": Case({"schedule__name": "reduce_on_plateau", "early_stopping": 2, "epochs": 6}),
    "augmented": Case(
        {"augmentation__rotation": 10.0, "augmentation__shift": 0.1, "epochs": 2},
    ),
    "streamed": Case({"data__workers": 0}),
    "ema": Case(
        {
            "averaging__name": "ema",
            "averaging__decay": 0.9,
            "augmentation__mixup": 0.4,
            "augmentation__cutmix": 1.0,
            "accumulation": 2,
            "loss__label_smoothing": 0.1,
            "schedule__name": "one_cycle",
            "schedule__cycle_momentum": True,
        }
    ),
    "swa": Case(
        {
            "averaging__name": "swa",
            "averaging__start": 0.3,
            "augmentation__resized_crop": (0.5, 1.0),
            "augmentation__crop_padding": 1,
            "augmentation__erasing": 0.5,
            "epochs": 4,
        }
    ),
    "lars": Case(
        {
            "optimizer__name": "lars",
            "optimizer__learning_rate": 0.5,
            "optimizer__trust": 0.02,
            "gradient_clipping_value": 0.05,
            "regularization__l1": 1e-4,
            "regularization__max_norm": 1.0,
            "schedule__name": "milestones",
            "schedule__milestones": (1.5, 2.5),
            "schedule__warmup_epochs": 0.5,
        }
    ),
    "lbfgs": Case({"optimizer__name": "lbfgs", "optimizer__learning_rate": 1.0, "epochs": 8}),
    "averaged": Case(
        {
            "optimizer__name": "nadam",
            "averaging__name": "ema",
            "schedule__name": "cosine_restarts",
            "regularization__l1": 1e-4,
        }
    ),
    "accumulated": Case(
        {
            "optimizer__name": "lars",
            "accumulation": 3,
            "averaging__name": "swa",
            "averaging__start": 0.3,
            "augmentation__mixup": 0.4,
            "regularization__max_norm": 2.0,
            "epochs": 6,
        }
    ),
    "cycled": Case(
        {
            "schedule__cycle_momentum": True,
            "optimizer__decay_norms": False,
            "gradient_clipping_value": 0.5,
        }
    ),
    "mixed": Case(
        {
            "augmentation__resized_crop": (0.3, 1.0),
            "augmentation__brightness": 0.3,
            "augmentation__erasing": 0.5,
            "augmentation__mixup": 0.4,
            "augmentation__cutmix": 1.0,
            "loss__label_smoothing": 0.1,
        }
    ),
    "centers": Case(
        {
            "loss__center_weight": 0.01,
            "loss__class_weights": "balanced",
            "data__sampling": "balanced",
            "augmentation__color_noise": 0.5,
            "augmentation__hue": 0.1,
            "initialization__name": "lsuv",
        },
        COLORS,
        "colors",
    ),
    "whitened": Case(
        {
            "data__preprocessing": "pca",
            "optimizer__name": "nadam",
            "optimizer__learning_rate": 0.01,
            "schedule__name": "cosine_restarts",
            "schedule__restart_epochs": 0.8,
            "schedule__restart_factor": 1.5,
        }
    ),
    "focal": Case(
        {
            "loss__name": "focal",
            "loss__cost_matrix": ((0.0, 1.0, 5.0), (1.0, 0.0, 1.0), (2.0, 1.0, 0.0)),
            "loss__weights": (1.0, 2.0, 3.0),
            "augmentation__scale_jitter": (1.0, 1.5),
            "augmentation__saturation": 0.5,
            "augmentation__noise": 0.05,
        },
        COLORS,
        "colors",
    ),
    "labels": Case(
        {
            "loss__name": "binary_cross_entropy",
            "loss__threshold": (0.5, 0.4, 0.3),
            "augmentation__mixup": 1.0,
            "optimizer__name": "adadelta",
            "schedule__name": "exponential",
        },
        data="labels",
    ),
    "numbers": Case(
        {
            "loss__name": "smooth_l1",
            "loss__beta": 0.3,
            "optimizer__name": "radam",
            "optimizer__learning_rate": 0.01,
            "schedule__name": "cyclic",
            "schedule__cycle_epochs": 1.3,
            "schedule__minimum": 0.001,
            "watching__metrics": ("mean_absolute_error", "r2"),
        },
        NUMBERS,
        "numbers",
    ),
    "watched": Case(
        {
            "watching__metrics": ("top5", "macro_f1", "roc_auc", "calibration_error"),
            "watching__tensorboard": True,
            "statistics": 3,
            "keep_checkpoints": 1,
            "evaluation__test_time": "ten_crops",
        }
    ),
}
"""``streamed`` reads images as if they filled the memory."""

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
    case = RECIPES[name]
    data = DATA[case.data](folder / "data.npz")
    recipe = tiny_recipe(data, **{"epochs": 3, "checkpoint_seconds": 0.02, **case.changes})
    whole = create(folder / "whole", recipe, case.design)
    begun = time.monotonic()
    _wait(_fork(name, whole, resume=False))
    seconds = time.monotonic() - begun
    expected = ending(whole)
    random_ = random.Random(f"{name} {seed}")
    killed: collections.Counter[str] = collections.Counter()
    bad: list[str] = []
    while sum(killed.values()) < count:
        run = create(folder / "killed", recipe, case.design)
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
            if run.result() is not None:  # complete; all that is missing is the last event
                break
            resume = True
        if run.result() is None:
            status = _wait(_fork(name, run, resume=True))
            if status:
                bad.append(f"resuming ended with status {status}: {run.log.read_text()[-300:]}")
        if (found := ending(run)) != expected:
            differ = [key for key in expected if found.get(key) != expected[key]]
            if "files" in differ:
                only = set(found["files"]) ^ set(expected["files"])
                differ[differ.index("files")] = f"files ({', '.join(sorted(only))})"
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


def ending(run: RunFolder) -> dict[str, Any]:
    """Return all of a run that must not depend on kills."""
    events = read_events(run.events)
    result = run.result()
    assert result is not None, f"{run.path} has no result"
    found: dict[str, Any] = {
        "steps": [
            [e[name] for name in ("step", "loss", "lr", "gradient_norm", "update_ratio")]
            for e in events
            if e["event"] == "step"
        ],
        "epochs": [
            (e["epoch"], e["train"], e["validation"], e["best"], e.get("metrics"))
            for e in events
            if e["event"] == "epoch"
        ],
        "result": (result.status, result.epochs, result.steps, result.best, result.test),
    }
    for path in (run.last, run.best):
        content = checkpoint.load(path, source=run.source())
        for part in ("network", "training_network"):
            tensors = content.get(part, {})
            found[f"{part} of {path.name}"] = {key: each.tolist() for key, each in tensors.items()}
    if (predictions := run.evaluation / "predictions.npz").exists():
        with np.load(predictions) as arrays:
            found["predictions"] = {key: arrays[key].tolist() for key in arrays.files}
    found["files"] = sorted(
        str(path.relative_to(run.path))
        for path in run.path.rglob("*")
        if path.is_file() and run.tensorboard not in path.parents  # a file for each session
    )
    return found
