"""Several views of each picture, and several passes over it, whose answers are averaged.

The views are made of a batch before it is standardized, as augmentations are, and stand in it one
behind the other: all images as the first view, then all as the second.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.data.pictures import PictureForm
from designer.engine.inputs import Inputs, call
from designer.engine.losses import Outputs
from designer.recipe.evaluation import ENLARGED, TEST_TIMES, Evaluation, ViewsKind
from designer.recipe.losses import LOSSES, Loss, Targets
from designer.runs.evaluation_record import Meaning

_MIDDLE = 4  # the number of the middle one of five or ten crops

Views = Callable[[Tensor, int, int], Sequence[Tensor]]
"""Of images (n, channels, height, width), and the height and width of the network's input."""


def _flips(images: Tensor, _: int, __: int) -> Sequence[Tensor]:
    return images, images.flip(-1)


def _five_crops(images: Tensor, height: int, width: int) -> Sequence[Tensor]:
    """Return the corners and the middle, in torchvision's order."""
    down, right = images.shape[-2] - height, images.shape[-1] - width
    places = ((0, 0), (0, right), (down, 0), (down, right), (round(down / 2), round(right / 2)))
    return [images[..., y : y + height, x : x + width] for y, x in places]


def _ten_crops(images: Tensor, height: int, width: int) -> Sequence[Tensor]:
    mirrored = _five_crops(images.flip(-1), height, width)
    return [*_five_crops(images, height, width), *mirrored]


VIEWS: Mapping[str, Views] = {
    "none": lambda images, *_: (images,),
    "flip": _flips,
    "five_crops": _five_crops,
    "ten_crops": _ten_crops,
}
"""The views of each row of `designer.recipe.evaluation.TEST_TIMES`."""


@dataclass(frozen=True)
class Passes:
    """How often a network is asked about each picture.

    Attributes
    ----------
    kind
        Which views of each picture it sees.
    samples
        The passes over each view: more than one only where the network draws at random.
    drawing
        The paths of its layers that draw at random in eval mode, too.
    seed
        Of these draws.
    """

    kind: ViewsKind = TEST_TIMES["none"]
    samples: int = 1
    drawing: tuple[str, ...] = ()
    seed: int = 0

    def form(self, form: PictureForm) -> PictureForm:
        """Return the form in which pictures are read: larger where crops are taken of it."""
        if not self.kind.crops:
            return form
        return replace(
            form, height=round(form.height * ENLARGED), width=round(form.width * ENLARGED)
        )

    def views(self, form: PictureForm) -> Callable[[Tensor], Tensor] | None:
        """Return what makes all views of a batch (n, ...): (views * n, ...).

        Parameters
        ----------
        form
            The network's input.
        """
        if self.kind.views == 1:
            return None
        of = VIEWS[self.kind.name]
        return lambda images: torch.cat(list(of(images, form.height, form.width)))

    def ask(self, network: nn.Module, inputs: Inputs, mean: "Mean") -> Outputs:
        """Return the mean answer of a network in eval mode.

        Parameters
        ----------
        network
            The network.
        inputs
            All views of n images, see `views`, or other inputs of n examples.
        mean
            How the answers are averaged.

        Returns
        -------
        Tensor or tuple of Tensor
            The outputs, (n, ...) each.
        """
        passes: list[Outputs] = [call(network, inputs) for _ in range(self.samples)]
        if len(passes) * self.kind.views == 1:
            return passes[0]
        if isinstance(passes[0], Tensor):
            return self._mean([each for each in passes if isinstance(each, Tensor)], mean)
        return tuple(self._mean(list(each), mean) for each in zip(*passes, strict=True))

    def _mean(self, passes: Sequence[Tensor], mean: "Mean") -> Tensor:
        rows = [each.view(self.kind.views, -1, *each.shape[1:]) for each in passes]
        return mean(torch.cat(rows))

    def plain(self, inputs: Tensor) -> Tensor:
        """Return of all views of a batch the one that is most like the picture itself."""
        number = _MIDDLE if self.kind.crops else 0
        return inputs.chunk(self.kind.views)[number]

    @contextmanager
    def seeded(self, device: torch.device) -> Iterator[None]:
        """Let the draws of the network follow from the seed, and restore all generators.

        Nothing is done for a network that draws nothing.
        """
        if not self.drawing:
            yield
            return
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            yield

    @property
    def note(self) -> str:
        """A sentence for the user on figures that depend on draws, "" for others."""
        if not self.drawing:
            return ""
        number = "a single draw" if self.samples == 1 else f"the mean of {self.samples} draws"
        return (
            f"{self.drawing[0]} draws at random in every pass, in the test, too: the figures are "
            f"those of {number} that the seed {self.seed} gives, and another seed gives others. "
            "The setting evaluation.samples averages more draws."
        )


def passes_of(settings: Evaluation, analysis: Analysis, *, seed: int) -> Passes:
    """Return how a network is asked by a recipe's group ``evaluation``.

    Parameters
    ----------
    settings
        The group.
    analysis
        Of the network's design.
    seed
        Of the recipe.
    """
    drawing = tuple(
        path
        for path, result in analysis.top.layers()
        if result.layer is not None and result.layer.draws_in_eval
    )
    samples = settings.samples if drawing else 1
    return Passes(TEST_TIMES[settings.test_time], samples, drawing, seed)


def mean_of(settings: Loss, meaning: Meaning, targets: Targets) -> "Mean":
    """Return how the answers of several passes are averaged: their probabilities or values.

    Parameters
    ----------
    settings
        The loss of the recipe, which takes the mean.
    meaning, targets
        What the outputs are, and what they stand for.
    """
    if meaning != "logits" or not LOSSES[settings.name].logits:
        return mean_of_values
    return mean_of_classes if targets == "classes" else mean_of_labels


Mean = Callable[[Tensor], Tensor]
"""The mean answer (n, ...) of those of all passes, (passes, n, ...)."""


def mean_of_classes(logits: Tensor) -> Tensor:
    """Return logits whose softmax is the mean of the softmax of several: log mean_i p_i."""
    return logits.float().log_softmax(-1).logsumexp(0) - math.log(len(logits))


def mean_of_labels(logits: Tensor) -> Tensor:
    """Return logits whose sigmoid is the mean of the sigmoid of several: log(p / (1 - p))."""
    values = logits.float()
    there = nn.functional.logsigmoid(values).logsumexp(0)
    return there - nn.functional.logsigmoid(-values).logsumexp(0)


def mean_of_values(values: Tensor) -> Tensor:
    """Return the mean of values, or of probabilities."""
    return values.float().mean(0)
