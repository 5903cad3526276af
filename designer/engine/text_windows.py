"""Windows of a text as batches: the tokens from a place on, and the ones behind each as targets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from designer.data import Part
from designer.data.texts import text_of, tokens_in
from designer.engine.batches import Batch, Images
from designer.engine.losses import main_output
from designer.recipe.recipe import Recipe
from designer.runs.preprocessing import Preprocessing

_SEEDS = 2**63


class TextWindows(Images):
    """The windows of a part of a text.

    Parameters
    ----------
    name
        Of the network's input.
    tokens
        Of the part, and the one behind its last window.
    length
        Of a window.
    count
        How many windows there are, one behind the other.
    step
        How many tokens an order's number stands for: 1 where it says at which token a window
        begins, the length of a window where windows are numbered.
    device
        Where batches are wanted.
    """

    def __init__(
        self,
        name: str,
        tokens: Tensor,
        *,
        length: int,
        count: int,
        step: int,
        device: torch.device,
    ) -> None:
        self._name = name
        self._rows = tokens.unfold(0, length + 1, 1)  # a view: one row for each beginning
        self._count = count
        self._step = step
        self._device = device

    def __len__(self) -> int:
        return self._count

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        here = order.to(self._rows.device) * self._step
        for chosen in torch.split(here, size)[start:]:
            rows = self._rows.index_select(0, chosen).to(self._device, torch.int64)
            yield {self._name: rows[:, :-1].contiguous()}, rows[:, 1:].contiguous()

    def without_augmentation(self) -> Images:
        return self


def text_windows(
    part: Part, preprocessing: Preprocessing, *, device: torch.device, anywhere: bool = False
) -> Images:
    """Return the windows of a part of a text, which stays in the machine's or the device's memory.

    Parameters
    ----------
    part
        Of a text.
    preprocessing
        Of the network, with the vocabulary.
    device
        Where batches are wanted.
    anywhere
        Whether windows begin at any token, as `Windows` orders them, not one behind the other.
    """
    (each,) = preprocessing.inputs
    (length,) = each.shape
    tokens = tokens_in(part.images)
    if tokens.dtype == np.uint16:  # which torch indexes on the CPU alone
        tokens = tokens.astype(np.int32)
    return TextWindows(
        each.name,
        torch.from_numpy(np.array(tokens)).to(device),
        length=length,
        count=len(part),
        step=1 if anywhere else length,
        device=device,
    )


def looks_ahead(network: nn.Module, length: int, device: torch.device) -> bool:
    """Tell whether what a network gives at a token depends on the tokens behind it.

    It is run twice, on two windows that differ in the last token alone.

    Parameters
    ----------
    network
        One that reads tokens and gives values at each of them.
    length
        Of a window.
    device
        Where the network is.
    """
    if length == 1:
        return False
    window = torch.zeros(1, length, dtype=torch.int64, device=device)
    other = window.clone()
    other[0, -1] = 1
    training = network.training
    network.eval()
    try:
        own = [device] if device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=own):
            one, two = (main_output(network(each))[:, :-1] for each in (window, other))
    finally:
        network.train(training)
    return not torch.allclose(one, two, rtol=1e-3, atol=1e-4, equal_nan=True)


@dataclass(frozen=True)
class Windows:
    """At which tokens the windows of an epoch begin, in random order.

    An epoch takes windows one behind the other from a random place on, around the end of the text,
    so that it takes every token once and windows begin elsewhere in each epoch. Where it takes more
    than that, it begins anew at another place.

    Attributes
    ----------
    tokens
        Of the training part.
    window
        The length of a window.
    length
        How many windows an epoch takes: whole batches.
    seed
        The recipe's.
    """

    tokens: int
    window: int
    length: int
    seed: int

    def order(self, epoch: int) -> Tensor:
        """Return where the windows of an epoch (from 0) begin, int64 (length,)."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % _SEEDS)
        places = self.tokens - self.window  # at which a window and the token behind it are there
        once = max(1, places // self.window)
        found: list[Tensor] = []
        for _ in range(-(-self.length // once)):
            first = torch.randint(places, (), generator=generator)
            pass_ = (first + self.window * torch.arange(once)) % places
            found.append(pass_[torch.randperm(once, generator=generator)])
        return torch.cat(found)[: self.length]


def windows_of(recipe: Recipe, train: Part, *, images: int) -> Windows | None:
    """Return where the windows of a training begin; None for data that are no text.

    Parameters
    ----------
    recipe
        Of the training.
    train
        The training part.
    images
        From how many windows a step is taken.
    """
    if len(train.inputs) != 1:
        return None
    found = text_of(train.images)
    if found is None:
        return None
    text, first, end = found
    count = windows_per_epoch(recipe, train)
    return Windows(
        (end - first) * text.length + 1, text.length, count // images * images, recipe.seed
    )


def windows_per_epoch(recipe: Recipe, train: Part) -> int:
    """Return how many windows an epoch may take, before those that fill no batch are left out."""
    return recipe.data.windows or len(train)
