"""Damaged networks from elsewhere: each format that can be opened, read as ``import`` reads it."""

import contextlib
import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from designer import presets
from designer.engine import export
from designer.engine.opening.pipeline import Wishes, open_source
from tests.hostile.mutations import damaged_bytes, damaged_json

CAFFE = """name: "Small"
layer { name: "data" type: "Input" top: "data"
  input_param { shape: { dim: 1 dim: 1 dim: 12 dim: 12 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 }
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { eps: 1e-5 } }
layer { name: "scale" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "conv2" type: "Convolution" bottom: "conv1" top: "conv2"
  convolution_param { num_output: 4 kernel_h: 3 kernel_w: 1 pad_h: 1 group: 2 bias_term: false } }
layer { name: "sum" type: "Eltwise" bottom: "conv1" bottom: "conv2" top: "sum" } # a shortcut
layer { name: "norm" type: "LRN" bottom: "sum" top: "norm"
  lrn_param { local_size: 5 alpha: 0.0001 } }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "both" type: "Concat" bottom: "pool" bottom: "pool" top: "both" }
layer { name: "fc" type: "InnerProduct" bottom: "both" top: "fc"
  inner_product_param { num_output: 10 } }
layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.5 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
KERAS = Path(__file__).parents[1] / "readers" / "keras"


def damaged_zip(data: bytes, random_: random.Random) -> bytes:
    """Return a zip archive damaged in its bytes, or in one of its files and whole around it."""
    if random_.random() < 0.3:
        return damaged_bytes(data, random_)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    # Text says more than weights, so it is damaged more often.
    texts = [name for name in contents if name.endswith((".json", ".py"))]
    name = random_.choice(texts if texts and random_.random() < 0.8 else [*contents])
    match random_.randrange(10):
        case 0:
            del contents[name]
        case 1:
            contents[random_.choice(("../../escape", "/etc/escape", name + "x", "a/"))] = (
                contents.pop(name)
            )
        case _:
            damage = damaged_json if _is_json(contents[name]) else damaged_bytes
            contents[name] = damage(contents[name], random_)
    written = io.BytesIO()
    kind = random_.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(written, "w", kind) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return written.getvalue()


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


class Sample(nn.Module):
    """A small network with what files hold besides plain layers: a branch, a tie, a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 3.0, 4.0]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.conv(images)))
        x = torch.cat([x, x.roll(1, 3)], 1).mean((2, 3))
        x = x.view(len(x), 2, 4)[:, 1] * self.scale
        return self.second(self.first(x)) + torch.arange(4)


def write_pt2(path: Path) -> None:
    """Write the sample as a program of torch.export."""
    program = torch.export.export(Sample().train(), (torch.randn(2, 1, 6, 6),))
    torch.export.save(program, path)


def write_onnx(path: Path) -> None:
    """Write the sample as an ONNX file."""
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(
            Sample().eval(), (torch.randn(2, 1, 6, 6),), path, dynamo=True, verbose=False
        )


def write_keras(path: Path) -> None:
    """Copy a network of Keras with its weights."""
    shutil.copyfile(KERAS / "pictures.keras", path)


def write_caffe(path: Path) -> None:
    """Write a network of Caffe, which is a text."""
    path.write_text(CAFFE)


def write_own(path: Path) -> None:
    """Write a design of this program in the format of the path, which carries the design."""
    export.write(export.of_design(presets.load("lenet5")), path)


@dataclass(frozen=True)
class Format:
    """A format of networks from elsewhere.

    Attributes
    ----------
    suffix
        The ending of its files.
    write
        Writes a whole file.
    damage
        Damages the content of one.
    """

    suffix: str
    write: Callable[[Path], None]
    damage: Callable[[bytes, random.Random], bytes] = damaged_bytes


FORMATS: Mapping[str, Format] = {
    "pt2": Format(".pt2", write_pt2, damaged_zip),
    "onnx": Format(".onnx", write_onnx),
    "keras": Format(".keras", write_keras, damaged_zip),
    "prototxt": Format(".prototxt", write_caffe),
    "own_safetensors": Format(".safetensors", write_own),
    "own_python": Format(".py", write_own),
    "own_onnx": Format(".onnx", write_own),
}


def opened(path: Path, weights: Path) -> Any:
    """Open a file as ``import`` does; return the design and what was found."""
    weights.unlink(missing_ok=True)
    found = open_source(str(path), Wishes(weights=weights))
    report = found.report
    return found.design, report.parameters, report.buffers, report.tensors, report.opaque
