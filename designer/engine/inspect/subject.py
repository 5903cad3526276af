"""The network that is looked into, with its weights, and how pictures become its input."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from designer.analysis.analysis import Analysis
from designer.data import prepare_data
from designer.design import files
from designer.engine import checkpoint, export
from designer.engine import device as devices
from designer.engine.initialization import initialize
from designer.engine.inspect.first_batch import first_batch
from designer.engine.inspect.steps import Steps
from designer.engine.preparation import data_request
from designer.engine.preprocessing import fitted_preprocessing
from designer.errors import DesignerError
from designer.layers.activation import Sigmoid
from designer.recipe.losses import LOSSES, Loss, Targets
from designer.recipe.preprocessing import too_large
from designer.recipe.recipe import Recipe
from designer.runs.begin import network_info
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, EPOCH, LAST, Subject, recipe_of
from designer.runs.preprocessing import InputPreprocessing, Preprocessing

_DIGITS = 20  # of the number of an epoch; Python refuses to read one of thousands
_REMEMBERED = 2  # networks that stay loaded: that of one run, and one to compare it with


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network on its device, in eval mode.

    Attributes
    ----------
    subject
        What was asked for.
    analysis
        Of its design.
    network, steps
        The module, and the same node by node. Whoever changes a mode or a weight restores it.
    device
        Where the weights are.
    preprocessing
        How pictures become its input, and what its outputs mean.
    notes
        Sentences for the user, such as on what its pictures are standardized by.
    epoch
        The epoch after which a run had these weights; None of a design.
    """

    subject: Subject
    analysis: Analysis
    network: nn.Module
    steps: Steps
    device: torch.device
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()
    epoch: int | None = None


_loaded: OrderedDict[Hashable, Loaded] = OrderedDict()


def load(subject: Subject, *, device: str = "auto") -> Loaded:
    """Return the network of a subject; the last two are remembered while their files stay the same.

    Parameters
    ----------
    subject
        The network and its weights.
    device
        As the recipe's setting ``device``.

    Raises
    ------
    DesignerError
        The design has errors, a file is missing or damaged, or weights do not fit.
    """
    chosen = devices.choose(device)
    key = (msgspec.json.encode(subject), chosen, _stamps(subject))
    found = _loaded.pop(key, None)
    if found is None:
        found = _load(subject, chosen)
    _loaded[key] = found
    while len(_loaded) > _REMEMBERED:
        _loaded.popitem(last=False)
    return found


def checkpoint_path(run: RunFolder, weights: str) -> Path:
    """Return the file of a run's weights.

    Parameters
    ----------
    run
        The run.
    weights
        ``best``, which is the last checkpoint while there is no best one, ``last``, or ``epoch:``
        and a number.

    Raises
    ------
    DesignerError
        The run has no such checkpoint.
    """
    if weights == BEST:
        path = run.best if run.best.exists() else run.last
    elif weights == LAST:
        path = run.last
    elif weights.startswith(EPOCH) and weights != EPOCH:
        number = weights.removeprefix(EPOCH)
        known = number.isdecimal() and len(number) < _DIGITS
        path = run.kept(int(number) if known else -1)
        if not path.exists():
            raise DesignerError(
                f"{run.path} keeps no checkpoint of epoch {number}: choose another epoch, or train "
                "with the setting keep_checkpoints."
            )
    else:
        raise DesignerError(
            f"The weights of a run are {BEST}, {LAST} or {EPOCH}NUMBER, not {weights}."
        )
    if not path.exists():
        raise run.no_checkpoint()
    return path


def _load(subject: Subject, device: torch.device) -> Loaded:
    model, preprocessing, notes, epoch = _of_run(subject) if subject.run else _of_design(subject)
    network = devices.placed(model.network, device)
    network.eval().requires_grad_(False)
    steps = Steps(network, model.analysis)
    loaded = Loaded(subject, model.analysis, network, steps, device, preprocessing, notes, epoch)
    if not subject.run and not subject.weights:
        _initialize(loaded)
    return loaded


def _initialize(loaded: Loaded) -> None:
    """Give fresh weights the initialization of the recipe, as at the start of a training.

    The batch that LSUV sees is not augmented.
    """
    recipe = recipe_of(loaded.subject)
    initialize(
        loaded.network,
        loaded.analysis,
        recipe.initialization,
        seed=loaded.subject.seed,
        batch=lambda: first_batch(loaded, recipe).inputs,
    )


_Found = tuple[export.Model, Preprocessing, tuple[str, ...], int | None]


def _of_run(subject: Subject) -> _Found:
    run = RunFolder.open(Path(subject.run))
    model = export.of_design(files.read(run.design))
    path = checkpoint_path(run, subject.weights)
    content = checkpoint.load(path, source=model.generated.source)
    model.network.load_state_dict(content["network"])
    return model, export.learned_preprocessing(run, content), (), _epoch(path, content)


def _epoch(path: Path, content: Mapping[str, Any]) -> int | None:
    """Return the epoch after which a checkpoint of any kind was written; None if it is unknown."""
    name = path.stem.removeprefix("epoch-")
    for part in ("best", "progress"):
        found = content.get(part)
        if isinstance(found, Mapping) and isinstance(found.get("epoch"), int):
            return int(found["epoch"])
    return int(name) if name.isdecimal() else None


def _of_design(subject: Subject) -> _Found:
    design = files.loads(subject.design, origin="The design")
    model = export.of_design(design, weights=subject.weights or None, seed=subject.seed)
    preprocessing, note = _preprocessing_of_design(subject, model)
    return model, preprocessing, (note,) if note else (), None


def _preprocessing_of_design(subject: Subject, model: export.Model) -> tuple[Preprocessing, str]:
    """Return how pictures become the input of a design, and what the user must know of it."""
    info = network_info(model.analysis)
    outputs = prod(model.analysis.outputs[0].shape)
    if not info.inputs:
        learned = Preprocessing.from_metadata(model.about, info.input, outputs)
        if learned is not None:
            return learned, ""
    why = "No recipe names the data that they should be like."
    if subject.recipe:
        recipe = msgspec.convert(subject.recipe, Recipe)
        try:
            prepared = prepare_data(data_request(recipe, info))
            if info.inputs:
                return fitted_preprocessing(prepared, recipe, inputs=info.inputs), ""
            kind = recipe.data.preprocessing
            done = "standardized" if kind == "standardize" else f"preprocessed ({kind})"
            if refusal := too_large(kind, info.picture):
                raise DesignerError(refusal)
            return fitted_preprocessing(prepared, recipe), (
                f"Pictures are {done} as those of {recipe.data.source}, the data of the recipe."
            )
        except DesignerError as error:
            why = str(error)
    targets = _targets(model, outputs, msgspec.convert(subject.recipe, Recipe).loss)
    names = tuple(map(str, range(outputs)))
    if info.inputs:
        inputs = tuple(
            InputPreprocessing(name=each.name, shape=each.shape, integer=each.integer)
            for each in info.inputs
        )
        return (
            Preprocessing(inputs=inputs, **_meanings(targets, names)),
            f"The inputs are not standardized: {why}",
        )
    neutral = Preprocessing(
        input=info.input,
        mean=(0.0,) * info.input[0],
        deviation=(1.0,) * info.input[0],
        **_meanings(targets, names),
    )
    return neutral, f"Pictures are scaled from 0 to 1 and not standardized: {why}"


def _meanings(targets: Targets, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a preprocessing that say what outputs stand for, by numbers as names."""
    return {
        "classes": names if targets == "classes" else (),
        "labels": names if targets == "labels" else (),
        "numbers": names if targets == "numbers" else (),
    }


def _targets(model: export.Model, outputs: int, loss: Loss) -> Targets:
    """Return what the outputs of a design seem to stand for, of whose data nothing is known."""
    steps = Steps(model.network, model.analysis)
    taken = LOSSES[loss.name].targets
    labels = "labels" in taken and "classes" not in taken
    if labels or isinstance(steps.before(steps.outputs[0]), Sigmoid):
        return "labels"
    return "numbers" if outputs == 1 else "classes"  # the softmax of one value is always 1


def _stamps(subject: Subject) -> Hashable:
    """Return what changes when a file of the subject does."""
    if subject.run:
        run = RunFolder(Path(subject.run))
        paths = [run.best, *run.last.parent.glob("*.pt"), run.design, run.preprocessing_file]
    else:
        paths = [Path(subject.weights)] if subject.weights else []
    found: list[tuple[str, int, int]] = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(set(found)))
