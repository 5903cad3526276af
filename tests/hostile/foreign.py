"""Damaged networks from elsewhere: each format that can be opened, read as ``import`` reads it."""

import contextlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from designer.engine.opening.pipeline import Wishes, open_source
from tests.hostile.mutations import damaged_bytes, damaged_json


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
}


def opened(path: Path, weights: Path) -> Any:
    """Open a file as ``import`` does; return the design and what was found."""
    weights.unlink(missing_ok=True)
    found = open_source(str(path), Wishes(weights=weights))
    report = found.report
    return found.design, report.parameters, report.buffers, report.tensors, report.opaque
