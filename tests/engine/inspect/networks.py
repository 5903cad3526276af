"""Networks of presets for the tests of looking into them, and the same run by torch alone."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from designer import presets
from designer.design import files
from designer.design.values import Design
from designer.engine import export
from designer.engine.inspect.subject import Loaded, load
from designer.runs.inspection import Picture, Subject

PRESETS = ("lenet5_1998", "resnet_cifar", "densenet_cifar", "googlenet", "preact_resnet_cifar")
"""Presets with joins and views among their layers."""


def subject(design: Design | str) -> Subject:
    """Return a design, or a preset by its name, with fresh weights."""
    design = presets.load(design) if isinstance(design, str) else design
    return Subject(design=files.dumps(design), weights="")


def loaded(design: Design | str) -> Loaded:
    """Return the network of `subject`."""
    return load(subject(design), device="cpu")


def write_picture(path, network: Loaded, seed: int = 0) -> tuple[Picture, torch.Tensor]:
    """Write a random picture of the network's size; return it, and the batch that it becomes."""
    channels, height, width = network.preprocessing.input
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (height, width, channels)).astype(np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path)
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous() / 255
    batch = batch.to(memory_format=torch.channels_last)
    return Picture(file=str(path)), batch


def plain(design: Design | str) -> nn.Module:
    """Return the network of `subject` as torch runs it, but that nothing is overwritten."""
    design = presets.load(design) if isinstance(design, str) else design
    network = export.of_design(design).network
    for each in network.modules():
        if hasattr(each, "inplace"):
            each.inplace = False
    return network.to(memory_format=torch.channels_last)


def run_plain(network: nn.Module, batch: torch.Tensor, *, gradients: bool = False):
    """Run a network of `plain`; return what each module was given and gave, and the output."""
    given, got = {}, {}

    def note(path):
        def hook(module, arguments, output):
            given[path], got[path] = arguments, output
            if gradients:
                for each in (output, *arguments):
                    if each.requires_grad:
                        each.retain_grad()

        return hook

    hooks = [each.register_forward_hook(note(path)) for path, each in network.named_modules()]
    with torch.set_grad_enabled(gradients):
        output = network(batch)
    for each in hooks:
        each.remove()
    return given, got, output if isinstance(output, torch.Tensor) else output[0]
