"""Recipes by name: those of published networks, one row each, and those that the user saved.

A template says how to train, not on what: data, device, seed and initial weights of the recipe that
it is applied to stay as they are.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from platformdirs import user_config_path

from designer.errors import DesignerError
from designer.recipe.reading import changed, read_recipe
from designer.recipe.recipe import Recipe, fields, value_of
from designer.storage import save_file, unwritable

_FITS = ("data.fit", "data.sampling", "data.preprocessing", "data.whitening_epsilon")
_STAYING = ("initial_weights", "device", "seed", "threads")
_NAME = re.compile(r"[^\\/:*?\"<>|\x00-\x1f]{1,80}")
_RESERVED = {".", ".."}


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe with a name.

    Attributes
    ----------
    name, title
        Its name on the command line, and for people.
    help
        One sentence that says what is special to it.
    source
        The paper: authors, year, title; empty for those of the user.
    changes
        What differs from the default recipe, by dotted names.
    """

    name: str
    title: str
    help: str
    source: str
    changes: Mapping[str, Any]


_ROWS = (
    Template(
        name="alexnet",
        title="AlexNet",
        help="SGD with momentum and a rate of 0.01 that is divided by 10 when the validation loss "
        "stops falling; crops, flips and color noise.",
        source="Krizhevsky, Sutskever and Hinton, 2012: ImageNet classification with deep "
        "convolutional neural networks",
        changes={
            "batch": 128,
            "epochs": 90,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.01,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": False,
            "optimizer.weight_decay": 5e-4,
            "schedule.name": "reduce_on_plateau",
            "schedule.factor": 0.1,
            "augmentation.horizontal_flip": True,
            "augmentation.color_noise": 0.1,
            "augmentation.scale_jitter": (1.1429, 1.1429),  # 256 pixels for an input of 224
            "initialization.name": "normal",
            "initialization.deviation": 0.01,
        },
    ),
    Template(
        name="vgg",
        title="VGG",
        help="As AlexNet's, with batches of 256 and pictures whose shorter side is drawn anew.",
        source="Simonyan and Zisserman, 2015: Very deep convolutional networks for large-scale "
        "image recognition",
        changes={
            "batch": 256,
            "epochs": 74,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.01,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": False,
            "optimizer.weight_decay": 5e-4,
            "schedule.name": "reduce_on_plateau",
            "schedule.factor": 0.1,
            "augmentation.horizontal_flip": True,
            "augmentation.color_noise": 0.1,
            "augmentation.scale_jitter": (1.1429, 2.2857),  # 256 to 512 pixels
        },
    ),
    Template(
        name="resnet",
        title="ResNet",
        help="SGD with momentum and a rate of 0.1 that is divided by 10 every 30 epochs, with a "
        "weight decay of 0.0001.",
        source="He, Zhang, Ren and Sun, 2016: Deep residual learning for image recognition; epochs "
        "and steps of the rate as in torchvision's reference training",
        changes={
            "batch": 256,
            "epochs": 90,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.1,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": False,
            "optimizer.weight_decay": 1e-4,
            "schedule.name": "step",
            "schedule.step_epochs": 30,
            "schedule.factor": 0.1,
            "augmentation.horizontal_flip": True,
            "augmentation.color_noise": 0.1,
            "augmentation.scale_jitter": (1.1429, 2.1429),  # 256 to 480 pixels
            "initialization.name": "kaiming_normal",
        },
    ),
    Template(
        name="resnet_cifar",
        title="ResNet on CIFAR-10",
        help="Batches of 128 for 164 epochs, the rate divided by 10 after 82 and 123 of them; "
        "flips and crops with 4 pixels of border.",
        source="He, Zhang, Ren and Sun, 2016: Deep residual learning for image recognition, "
        "section 4.2",
        changes={
            "batch": 128,
            "epochs": 164,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.1,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": False,
            "optimizer.weight_decay": 1e-4,
            "schedule.name": "milestones",
            "schedule.milestones": (82, 123),
            "schedule.factor": 0.1,
            "augmentation.horizontal_flip": True,
            "augmentation.crop_padding": 4,
            "initialization.name": "kaiming_normal",
        },
    ),
    Template(
        name="one_cycle",
        title="One cycle with averaged weights",
        help="A short training: the rate rises and falls once, labels are smoothed, and the "
        "average of the weights is what is evaluated.",
        source="Smith and Topin, 2018: Super-convergence",
        changes={
            "batch": 128,
            "epochs": 30,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.1,
            "schedule.name": "one_cycle",
            "loss.label_smoothing": 0.1,
            "averaging.name": "ema",
        },
    ),
    Template(
        name="snapshots",
        title="Snapshot ensemble",
        help="Five cycles of 40 epochs, in each of which the rate falls to 0, and the weights at "
        "their ends kept, to be evaluated together by: netdesigner ensemble RUN@40 RUN@80 RUN@120 "
        "RUN@160 RUN@200.",
        source="Huang, Li, Pleiss, Liu, Hopcroft and Weinberger, 2017: Snapshot ensembles: train "
        "1, get M for free",
        changes={
            "batch": 64,
            "epochs": 200,
            "optimizer.name": "sgd",
            "optimizer.learning_rate": 0.1,
            "schedule.name": "cosine_restarts",
            "schedule.restart_epochs": 40,
            "keep_checkpoints": 40,
        },
    ),
)

TEMPLATES: Mapping[str, Template] = {row.name: row for row in _ROWS}
"""The built-in templates by their names."""


def own_folder() -> Path:
    """Return the folder of the user's templates, each a recipe file; it may not exist yet."""
    return user_config_path("netdesigner", appauthor=False) / "recipes"


def own_names() -> list[str]:
    """Return the names of the user's templates, in alphabetical order."""
    try:
        return sorted(path.stem for path in own_folder().glob("*.json"))
    except OSError:
        return []


def names() -> list[str]:
    """Return the names of all templates, the built-in ones first."""
    return [*TEMPLATES, *(name for name in own_names() if name not in TEMPLATES)]


def applied(name: str, recipe: Recipe) -> Recipe:
    """Return a recipe with a template's settings and its own data, device, seed and weights.

    Parameters
    ----------
    name
        Of a built-in template, or one of the user's.
    recipe
        The recipe that it is applied to.

    Raises
    ------
    DesignerError
        There is no such template, or its file cannot be used.
    """
    if name in TEMPLATES:
        base = changed(Recipe(), TEMPLATES[name].changes)
    elif name in own_names():
        base = read_recipe(own_folder() / f"{name}.json")
    else:
        known = ", ".join(names())
        raise DesignerError(f"There is no recipe template {name}; the templates are {known}.")
    staying = (*_STAYING, *(each for each in fields() if each.startswith("data.")))
    kept = {each: value_of(recipe, each) for each in staying if each not in _FITS}
    return changed(base, kept)


def save(name: str, recipe: Recipe) -> Path:
    """Save a recipe as a template of the user, in place of an earlier one of the name.

    Returns
    -------
    Path
        Its file.

    Raises
    ------
    DesignerError
        The name is no file name or that of a built-in template, or the file cannot be written.
    """
    name = name.strip()
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise DesignerError(
            f"'{name}' cannot be the name of a template: use letters, digits, spaces, - and _."
        )
    if name in TEMPLATES:
        raise DesignerError(f"{name} is a template of the program: choose another name.")
    path = own_folder() / f"{name}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(path, recipe.to_json())
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def remove(name: str) -> None:
    """Delete a template of the user.

    Raises
    ------
    DesignerError
        The file cannot be deleted.
    """
    path = own_folder() / f"{name}.json"
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
