"""Blocks that many networks are made of, ready to be added to any design.

No block is defined twice: the table names the preset that defines it. A block that no preset has
is defined by a design file of its own in ``presets/blocks``.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from designer import presets
from designer.design import blocks, files
from designer.design.values import BlockNode, Design
from designer.errors import DesignerError
from designer.resources import folder


@dataclass(frozen=True)
class CommonBlock:
    """A row of the table of common blocks.

    Attributes
    ----------
    name
        The block's name in the design that defines it.
    preset
        The preset that defines it, or None if ``presets/blocks/NAME.json`` does.
    idea
        What it does, in one sentence.
    """

    name: str
    preset: str | None
    idea: str

    @property
    def path(self) -> Path:
        """The design file that defines the block."""
        if self.preset is not None:
            return presets.path(self.preset)
        return folder("presets") / "blocks" / f"{self.name}.json"


COMMON_BLOCKS = (
    CommonBlock(
        "BasicBlock", "resnet18", "Two 3×3 convolutions and a shortcut around them (ResNet, 2015)."
    ),
    CommonBlock(
        "Bottleneck",
        "resnet50",
        "1×1, 3×3 and 1×1 convolutions and a shortcut: few channels in the middle, four times as "
        "many at the end (ResNet, 2015).",
    ),
    CommonBlock(
        "PreActBlock",
        "preact_resnet_cifar",
        "A residual block with norm and activation before each convolution, so that the "
        "shortcut stays an identity (2016).",
    ),
    CommonBlock(
        "Inception",
        "googlenet",
        "1×1, 3×3 and 5×5 convolutions and a pool in parallel, behind 1×1 convolutions that reduce "
        "the cost (GoogLeNet, 2014).",
    ),
    CommonBlock(
        "Fire",
        "squeezenet1_0",
        "A 1×1 convolution to few channels, then 1×1 and 3×3 convolutions side by side "
        "(SqueezeNet, 2016).",
    ),
    CommonBlock(
        "DenseLayer",
        "densenet121",
        "Appends a few new channels to its input; repeat it for a dense block (DenseNet, 2016).",
    ),
    CommonBlock(
        "InvertedResidual",
        "mobilenet_v2",
        "Widens by a 1×1 convolution, filters each channel separately, narrows again; the shortcut "
        "joins the narrow ends (MobileNetV2, 2018).",
    ),
    CommonBlock(
        "DepthwiseSeparable",
        "mobilenet_v1",
        "A 3×3 filter for each channel separately, then a 1×1 convolution that mixes the channels "
        "(MobileNet, 2017).",
    ),
    CommonBlock(
        "SqueezeExcite",
        None,
        "Weighs each channel by a factor computed from the averages of all channels "
        "(Squeeze-and-Excitation, 2017).",
    ),
    CommonBlock(
        "MBConv",
        "efficientnet",
        "Widens, filters each channel separately, weighs the channels by squeeze-and-excitation, "
        "narrows again, with a shortcut (EfficientNet, 2019).",
    ),
    CommonBlock(
        "UNetDown",
        "unet",
        "Halves the map by a max pool, then two 3×3 convolutions: a step down (U-Net, 2015).",
    ),
    CommonBlock(
        "UNetUp",
        "unet",
        "Doubles the map and appends the one of that size from the way down, then two 3×3 "
        "convolutions: a step up (U-Net, 2015).",
    ),
    CommonBlock(
        "TransformerEncoder",
        "vit_b_16",
        "Attention, then two dense layers for each token, each with a norm and a shortcut around "
        "it, as nn.TransformerEncoderLayer with norm_first (Transformer, 2017; ViT, 2020).",
    ),
    CommonBlock(
        "SwinBlock",
        "swin_t",
        "Attention within windows, then two dense layers for each pixel, each with a norm and a "
        "shortcut around it; takes height, width, features (Swin, 2021).",
    ),
    CommonBlock(
        "ConvNeXtBlock",
        "convnext_tiny",
        "A large kernel for each channel, then two dense layers over the channels, and a shortcut "
        "around them (ConvNeXt, 2022).",
    ),
    CommonBlock(
        "MLPConv",
        "nin_cifar10",
        "A convolution and two 1×1 convolutions: a small network that slides over the image "
        "(Network in Network, 2013).",
    ),
)


def add_to(design: Design, name: str) -> tuple[Design, str]:
    """Copy a common block into a design, with the blocks that it is made of.

    A block that the design has already is used; if a different one has its name, the copy gets a
    free name.

    Returns
    -------
    design, name
        The design with the block, and the block's name there.

    Raises
    ------
    DesignerError
        There is no such common block, or the file that defines it is damaged.
    """
    found = next((each for each in COMMON_BLOCKS if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in COMMON_BLOCKS)
        raise DesignerError(f"There is no common block '{name}'; there are {known}.")
    node = BlockNode(name)
    design, here = blocks.merge(design, _defining(found.path, name).blocks, (node,))
    made = here(node)
    assert isinstance(made, BlockNode)  # a fact for the type checker
    return design, made.block


@cache  # at most one entry for each common block
def _defining(path: Path, name: str) -> Design:
    design = files.read(path)
    if name not in design.blocks:
        raise DesignerError(
            f"{path}, a file of the program itself, lacks the block {name}; install the program "
            "again."
        )
    return design
