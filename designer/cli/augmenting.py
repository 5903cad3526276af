"""The work of ``netdesigner augment``: a sheet of draws of training pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from designer.cli.output import share_shown
from designer.data.augmentation_sample import augmentation_sample, mixed_caption
from designer.data.preparation import read_divided
from designer.engine.augmentation_preview import Draws, draws
from designer.engine.preparation import check_questions, data_request
from designer.errors import DesignerError
from designer.gui.data.contents import label_text
from designer.recipe.augmentations import active, enlargement
from designer.recipe.recipe import Recipe
from designer.runs import own_layers
from designer.runs.begin import network_info
from designer.runs.inspection import design_of
from designer.runs.network import shown_inputs

if TYPE_CHECKING:
    from designer.runs.inspection import Subject

_BACKGROUND, _TEXT = 127, (255, 255, 255)
_GAP = 4  # pixels between pictures
_LEAST, _MOST = 96, 224  # pixels of the longer side of a picture on the sheet


class Sheet(NamedTuple):
    """Pictures of a training part with draws of each.

    Attributes
    ----------
    plain
        The pictures as they are read, (n, channels, height, width), uint8, or float from 0 to 1.
    draws
        What the random changes made of them.
    labels
        The class, labels or numbers of each.
    changes
        The settings that are on, by their dotted names.
    """

    plain: NDArray[Any]
    draws: Draws
    labels: Sequence[str]
    changes: dict[str, Any]

    def captions(self) -> list[list[str]]:
        """Return what each draw of each picture shows, the draws of a picture in one list."""
        return [
            [
                mixed_caption(float(shares[n]), label, self.labels[int(self.draws.partners[n])])
                for shares in self.draws.shares
            ]
            for n, label in enumerate(self.labels)
        ]

    def to_json(self, path: str) -> str:
        """Return what is on the sheet as one JSON object."""
        fields = {
            "picture": path,
            "settings": self.changes,
            "labels": list(self.labels),
            "draws": self.captions(),
        }
        return f"{msgspec.json.format(msgspec.json.encode(fields), indent=2).decode()}\n"


def sheet(subject: "Subject", recipe: Recipe, *, pictures: int, count: int) -> Sheet:
    """Return draws of training pictures as a recipe makes them.

    Parameters
    ----------
    subject
        The network, whose input decides the size of the pictures.
    recipe
        The data, the augmentation, and the seed of the draws.
    pictures, count
        How many pictures, and how many draws of each.

    Raises
    ------
    DesignerError
        The data cannot be read, or the network takes no pictures.
    """
    info = network_info(own_layers.analyzed(design_of(subject)))
    if info.inputs:
        raise DesignerError(
            f"{info.name} takes {shown_inputs(info.inputs)}, but augmentations change pictures: "
            "there is nothing to show."
        )
    settings = recipe.augmentation
    with share_shown("Reading"):
        data = read_divided(data_request(recipe, info))
        check_questions(data.data)
        part = data.parts.train
        sample = augmentation_sample(
            part,
            data.form,
            enlargement=enlargement(settings),
            colors=settings.needs_colors,
            count=pictures,
        )
    found = draws(
        sample.images,
        settings,
        count=count,
        seed=recipe.seed,
        size=sample.size,
        mean=sample.mean,
        components=sample.components,
    )
    names = [name for row in active(settings) for name in row.settings]
    return Sheet(
        sample.images,
        found,
        [label_text(data.data.target, part.labels[index]) for index in sample.indices],
        {f"augmentation.{name}": getattr(settings, name) for name in names},
    )


def drawn(found: Sheet) -> Image.Image:
    """Return a picture with a row for each training picture: itself, then its draws."""
    plain = found.plain
    if plain.dtype != np.uint8:
        plain = (plain.clip(0, 1) * 255).round().astype(np.uint8)
    longer = max(found.draws.pictures.shape[3:])
    scale = max(1, round(_LEAST / longer)) if longer < _LEAST else min(1.0, _MOST / longer)
    height, width = (max(1, round(side * scale)) for side in found.draws.pictures.shape[3:])
    font = ImageFont.load_default(size=12)
    captions = found.captions()
    mixed = any(" + " in caption for row in captions for caption in row)
    line = 32 if mixed else 16  # of a mixed picture, each part has a line
    columns = 1 + len(found.draws.pictures)
    across, down = width + _GAP, height + line + _GAP
    page = Image.new("RGB", (columns * across + _GAP, len(plain) * down + _GAP), (_BACKGROUND,) * 3)
    draw = ImageDraw.Draw(page)
    for row, own in enumerate(plain):
        cells = [own, *found.draws.pictures[:, row]]
        words = [found.labels[row], *captions[row]]
        for column, (pixels, caption) in enumerate(zip(cells, words, strict=True)):
            left, top = _GAP + column * across, _GAP + row * down
            page.paste(_enlarged(pixels, width, height), (left, top))
            if column == 0 or caption != found.labels[row]:
                lines = caption.split(" + ")
                text = "\n+ ".join(_fitting(each, font, width - 8) for each in lines)
                draw.multiline_text((left, top + height), text, _TEXT, font, spacing=2)
    return page


def _enlarged(pixels: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    """Return (channels, height, width) as a picture of a size; of 2 channels, the first."""
    shown = pixels if len(pixels) in (1, 3) else pixels[:1]
    image = Image.fromarray(
        shown.transpose(1, 2, 0).squeeze(2) if len(shown) == 1 else shown.transpose(1, 2, 0)
    )
    way = Image.Resampling.NEAREST if width > image.width else Image.Resampling.BILINEAR
    return image.convert("RGB").resize((width, height), way)


def _fitting(text: str, font: Any, width: int) -> str:
    """Return a text, cut off with an ellipsis where it is wider than so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
