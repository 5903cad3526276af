"""Networks, recipes and data sets that the tests of the trainer share."""

from pathlib import Path
from typing import Any

import numpy as np

from designer.runs.folder import RunFolder
from designer.runs.network import NetworkInfo, OutputInfo
from designer.runs.recipe import Recipe, changed

LENET = """\
import torch
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.AvgPool2d(2)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool1(torch.tanh(self.conv1(x)))
        x = self.pool2(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.conv3(x)).flatten(1)
        return self.fc2(torch.tanh(self.fc1(x)))
"""

LENET_INFO = NetworkInfo(
    name="LeNet-5",
    class_name="LeNet5",
    input=(1, 32, 32),
    outputs=(OutputInfo(name="scores", shape=(10,)),),
    parameters=61_706,
)

# Dropout and batch norm: random draws and buffers, which a checkpoint must hold.
TINY = """\
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU()
        self.drop = nn.Dropout(0.2)
        self.flat = nn.Flatten()
        self.fc = nn.Linear(4 * 8 * 8, 3)

    def forward(self, x):
        return self.fc(self.flat(self.drop(self.act(self.norm(self.conv(x))))))
"""

TWO_OUTPUTS = """\
from torch import nn


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = nn.Flatten()
        self.main = nn.Linear(64, 3)
        self.side = nn.Linear(64, 3)

    def forward(self, x):
        x = self.flat(x)
        if self.training:
            return self.main(x), self.side(x)
        return self.main(x)
"""

TINY_INFO = NetworkInfo(
    name="Tiny",
    class_name="Tiny",
    input=(1, 8, 8),
    outputs=(OutputInfo(name="scores", shape=(3,)),),
    parameters=819,
)

TWO_INFO = NetworkInfo(
    name="Two",
    class_name="Two",
    input=(1, 8, 8),
    outputs=(
        OutputInfo(name="scores", shape=(3,)),
        OutputInfo(name="side", shape=(3,), loss_weight=0.3, auxiliary=True),
    ),
    parameters=390,
)


def write_data(path: Path, *, images: int = 120, classes: int = 3, seed: int = 0) -> Path:
    """Write bright squares at places that tell their class, as ``.npz``."""
    generator = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    pictures = generator.integers(0, 60, (images, 8, 8)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label : 2 * label + 2] += 150
    np.savez(path, x_train=pictures, y_train=labels)
    return path


def tiny_recipe(data: Path, **changes: Any) -> Recipe:
    """Return a recipe for a few short epochs; dots in names of fields are written ``__``."""
    base = Recipe(batch=8, epochs=3, log_interval=1, threads=1, device="cpu")
    fields = {name.replace("__", "."): value for name, value in changes.items()}
    return changed(base, {"data.source": str(data), "data.validation": 0.2, **fields})


def create(
    path: Path, recipe: Recipe, *, source: str = TINY, network: NetworkInfo = TINY_INFO
) -> RunFolder:
    """Make a run folder."""
    return RunFolder.create(path, design_json="{}", source=source, recipe=recipe, network=network)
