"""Ten presets for pictures of 28 or 32 pixels, each with a recipe that trains it well in minutes.

The doctor must have nothing to say against any of these trainings.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from designer import presets
from designer.design import edits
from designer.design.expressions import Scalar
from designer.design.values import Design
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe


class Training(NamedTuple):
    """A training of a preset: arguments of its design, and changes of its recipe."""

    preset: str
    changes: Mapping[str, Any]
    arguments: Mapping[str, Scalar] = {}

    def design(self) -> Design:
        design = presets.load(self.preset)
        for name, value in self.arguments.items():
            design = edits.set_argument(design, name, value)
        return design

    def recipe(self) -> Recipe:
        own = presets.recipe(self.preset)
        assert isinstance(own, Recipe)
        return changed(own, {**_ALWAYS, **self.changes})


_ALWAYS = {"device": "cpu", "precision": "float32", "threads": 1}
_ONE_CYCLE = {"schedule.name": "one_cycle", "optimizer.learning_rate": 0.1}
_COLORS = {"data.source": "shapes10", "data.limit": 2000, "batch": 32, "epochs": 8, **_ONE_CYCLE}
_DIGITS = {"data.source": "mnist10k"}

TRAININGS = (
    Training("lenet5", {**_DIGITS, "epochs": 8}),
    Training("lenet5_1998", {**_DIGITS, "epochs": 8}),
    Training("lenet_caffe", {**_DIGITS, "epochs": 5}),
    Training("lenet_rgb", {"data.source": "shapes10", "batch": 32, "epochs": 15}),
    Training("resnet_cifar", _COLORS, {"depth": 8}),
    Training("plain_cifar", _COLORS, {"depth": 8}),
    Training("preact_resnet_cifar", _COLORS, {"depth": 8}),
    Training("wide_resnet", {**_COLORS, "epochs": 8}, {"depth": 10, "k": 1}),
    Training("densenet_cifar", _COLORS, {"depth": 13, "growth": 8}),
    Training(
        "stochastic_depth_resnet",
        {**_COLORS, **_DIGITS, "epochs": 5, "augmentation.horizontal_flip": False},
        {"depth": 8, "p_last": 0.8},
    ),
)
