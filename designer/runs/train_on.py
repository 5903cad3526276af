"""Training on: a child run that continues a run for more epochs from all of its state."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, value_of
from designer.runs import disk
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.origin import Origin
from designer.runs.result import Result
from designer.storage import write_atomically

# Settings that a run may be trained on with; the state of all others would not fit any more.
CHANGEABLE = (
    "optimizer.learning_rate",
    "schedule.",
    "augmentation.",
    "early_stopping",
    "regularization.",
    "gradient_clipping",
    "gradient_clipping_value",
    "precision",
    "device",
    "log_interval",
    "watching.",
    "evaluation.",
    "statistics",
    "checkpoint_seconds",
    "keep_checkpoints",
    "data.workers",
    "data.memory",
    "data.cache",
)
_REFUSALS = {
    "batch": "{name} cannot be changed where a run is trained on, as the steps of an epoch and the "
    "order of the images depend on it.",
    "accumulation": "{name} cannot be changed where a run is trained on, as the steps of an epoch "
    "depend on it.",
    "averaging.": "{name} cannot be changed where a run is trained on, as the average of its "
    "weights is continued.",
    "optimizer.": "{name} cannot be changed where a run is trained on, as the optimizer's state "
    "is continued, which belongs to its settings.",
    "loss.": "{name} cannot be changed where a run is trained on, as the losses before and after "
    "could not be compared, nor the best epoch be chosen.",
    "data.": "{name} cannot be changed where a run is trained on, as it is continued on the data "
    "and the parts that it was trained on.",
    "seed": "{name} cannot be changed where a run is trained on, as the order of the images and "
    "every random draw are continued.",
    "initialization.": "{name} cannot be changed where a run is trained on, as the weights of the "
    "run itself are continued.",
    "initial_weights": "{name} cannot be changed where a run is trained on, as the weights of the "
    "run itself are continued.",
    "threads": "{name} cannot be changed where a run is trained on, as the results depend on the "
    "number of threads, which is continued.",
    "sync_batch_norm": "{name} cannot be changed where a run is trained on, as the processes that "
    "it is about are those of the run.",
    "epochs": "{name} cannot be changed where a run is trained on, as the number of further epochs "
    "is given by itself.",
    "": "{name} cannot be changed where a run is trained on, as the state of the run depends on "
    "it.",
}
"""Why the others cannot be changed, by names and groups as in `CHANGEABLE`; "" is any other."""


def train_on(
    parent: RunFolder, path: Path, *, epochs: int, changes: Mapping[str, Any] | None = None
) -> RunFolder:
    """Create a run that continues another one; ``resume=True`` trains it.

    The child begins with the parent's weights, optimizer, schedule, random generators, best epoch
    and curves. Its schedule is that of a training whose number of epochs had been planned so from
    the beginning; its early stopping counts anew. The parent is left as it is.

    Parameters
    ----------
    parent
        A run that finished, was stopped early or was stopped by hand.
    path
        The child's folder, new or empty.
    epochs
        How many epochs are trained beyond those of the parent.
    changes
        New values of settings by dotted names, such as ``{"optimizer.learning_rate": 1e-4}``.

    Raises
    ------
    DesignerError
        The parent has not ended, diverged or lacks its checkpoint, a setting cannot be changed, or
        the folder is in use or cannot be written.
    """
    if epochs < 1:
        raise DesignerError(f"A run cannot be trained on for {epochs} epochs: choose 1 or more.")
    changes = dict(changes or {})
    result = _ended(parent)
    recipe = _recipe(parent.recipe(), changes, epochs=result.epochs + epochs)
    origin = Origin(
        parent=str(parent.path.absolute()),
        epochs=result.epochs,
        steps=result.steps,
        changes=changes,
        began=time.time(),
    )

    def continued(child: RunFolder) -> None:
        _copy(parent, child)
        encoded = msgspec.json.format(msgspec.json.encode(origin), indent=2)
        write_atomically(child.origin_file, encoded + b"\n")

    return RunFolder.create(
        path,
        design_json=_content(parent.design),
        source=parent.source(),
        recipe=recipe,
        network=parent.network(),
        fill=continued,
    )


def _ended(parent: RunFolder) -> Result:
    """Return how a run ended that can be trained on; raise DesignerError for all others."""
    name = parent.path
    if parent.worker() is not None:
        raise DesignerError(
            f"The run {name} is being trained: stop it or wait until it ends, then train on."
        )
    result = parent.result()
    if result is None:
        raise DesignerError(f"The run {name} has not ended: resume it instead of training on.")
    if result.status == "failed":
        raise DesignerError(
            f"The run {name} failed before its end: resume it instead of training on."
        )
    if result.status == "diverged":
        raise DesignerError(
            f"The run {name} diverged, and its state with it: begin a new run with a lower "
            "learning rate, which may start from this run's best weights."
        )
    disk.require_state(parent)
    if not parent.last.is_file():
        raise DesignerError(
            f"The run {name} cannot be trained on, as its checkpoint {parent.last.name} is "
            "missing: restore it, or begin a new run that starts from this run's best weights."
        )
    return result


def _recipe(recipe: Recipe, changes: Mapping[str, Any], *, epochs: int) -> Recipe:
    """Return the child's recipe; ``epochs`` are those of parent and child together."""
    new = changed(recipe, changes)  # refuses unknown names and wrong values
    for name in changes:
        if value_of(new, name) == value_of(recipe, name) or _matches(name, CHANGEABLE):
            continue
        refusal = next(
            (text for key, text in _REFUSALS.items() if _matches(name, (key,))), _REFUSALS[""]
        )
        raise DesignerError(
            f"{refusal.format(name=name)} Leave it at {value_of(recipe, name)}, or begin a new run "
            "that starts from this run's weights."
        )
    return changed(new, {"epochs": epochs})


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a setting is one of the names, or in one of the groups (``data.``)."""
    return any(name.startswith(each) if each.endswith(".") else name == each for each in patterns)


def _copy(parent: RunFolder, child: RunFolder) -> None:
    """Copy what the child continues, all but how the parent ended."""
    for name in (
        "preprocessing_file",
        "preprocessing_arrays",
        "data_file",
        "examples_file",
        "location_file",
    ):
        source: Path = getattr(parent, name)
        if source.is_file():
            shutil.copy2(source, getattr(child, name))
    for name in ("weights_report", "best", "last"):
        source = getattr(parent, name)
        if source.is_file():
            shutil.copy2(source, getattr(child, name))
    child.events.write_bytes(_up_to_checkpoint(parent.events))


def _up_to_checkpoint(events: Path) -> bytes:
    """Return an event log up to its last checkpoint, so that nothing says that the child ended."""
    read_events(events)  # refuses a damaged log
    lines = _content(events).splitlines(keepends=True)
    while lines and not lines[-1].startswith(b'{"event":"checkpoint"'):
        lines.pop()
    return b"".join(lines)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DesignerError(
            f"{path} cannot be read ({error.strerror}): restore the file, or begin a new run."
        ) from error
