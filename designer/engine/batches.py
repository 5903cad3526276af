"""Batches of images on the device, from a tensor in memory or from a store of decoded pictures."""

from collections.abc import Callable, Iterator
from contextlib import closing
from copy import copy
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol

import msgspec
import numpy as np
import torch
from torch import Tensor

from designer.data import Part, PictureForm
from designer.data.decoding.store import PictureStore
from designer.data.decoding.stores import Stores
from designer.data.pictures import Fit
from designer.engine import device as devices
from designer.engine.augmentation.pictures import Pictures
from designer.engine.inputs import Inputs
from designer.runs.preprocessing import Preprocessing

Batch = tuple[Inputs, Tensor]
"""What a network takes, and the targets."""

_CHUNK = 512  # images read at once while a tensor is filled
_SHARE = 0.6  # of the free memory that images may take; the rest is for the network


class Images(Protocol):
    """Images or other examples with their targets, which come in batches ready for the network."""

    def __len__(self) -> int: ...

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield batches of images and targets, on the device.

        Parameters
        ----------
        order
            Indices of the images in the order in which they come, int64; an image may come more
            than once.
        size
            Images in a batch; the last batch may be smaller.
        start
            How many batches are skipped at the beginning.

        Yields
        ------
        tuple of Tensor
            Images (n, channels, height, width) in float32, or other inputs by their names, and
            targets.

        Raises
        ------
        DesignerError
            An image cannot be read, or a decoder process was killed.
        """
        ...

    def without_augmentation(self) -> "Images":
        """Return the same images as they come where nothing is changed at random."""
        ...


@dataclass(frozen=True)
class Finish:
    """The last steps from stored images to the network's input: float, augment, preprocess.

    Attributes
    ----------
    mean, deviation
        (channels, height, width) in the layout of the images, on the device. One value a channel
        would do, but torch subtracts it in twice the time where the channels come last. A mean
        picture is such a mean, too.
    whitening
        (values, values), by which an image is multiplied at last; None for no whitening.
    unscaled
        Whether bytes are taken as they are, from 0 to 255.
    augment
        What is done to a batch as it is stored, if anything.
    layout
        Of the network's input.
    """

    mean: Tensor
    deviation: Tensor
    whitening: Tensor | None
    unscaled: bool
    augment: Callable[[Tensor], Tensor] | None
    layout: torch.memory_format

    def __call__(self, images: Tensor) -> Tensor:
        """Return stored images (n, channels, height, width) as the network takes them."""
        changed = images if self.augment is None else self.augment(images)
        floats = changed.float().div_(255) if changed.dtype == torch.uint8 else changed
        if self.unscaled:  # exact where nothing was augmented: b / 255 * 255 is b for all bytes
            return floats.mul(255).contiguous(memory_format=self.layout)
        # In place where the values are a copy already: a third of the time for large images.
        centered = floats - self.mean if floats is images else floats.sub_(self.mean)
        done = centered.div_(self.deviation)
        if self.whitening is not None:
            done = (done.flatten(1) @ self.whitening.T).view(done.shape)
        return done.contiguous(memory_format=self.layout)

    def undone(self, inputs: Tensor) -> Tensor:
        """Return inputs of the network as the images that they were, scaled and augmented.

        Whitening is undone in double precision, since components that hardly vary were enlarged.
        """
        images = inputs.float()
        if self.whitening is not None:
            rows = images.flatten(1).double()
            found = torch.linalg.solve(self.whitening.double(), rows.T).T
            images = found.float().view(images.shape)
        return images * self.deviation + self.mean

    def plain(self) -> "Finish":
        """Return the same without random changes; images that are larger are made smaller."""
        height, width = self.mean.shape[1:]
        return replace(self, augment=lambda images: Pictures(images, (height, width)).pixels())


def finish(
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    augment: Callable[[Tensor], Tensor] | None = None,
) -> Finish:
    """Return the steps that turn stored images, moved to a device, into the network's input."""
    layout = devices.memory_format(device)
    shape = preprocessing.input
    mean, deviation = (
        torch.tensor(values, device=device)
        .view(1, -1, 1, 1)
        .expand(1, *shape)
        .contiguous(memory_format=layout)[0]
        for values in (preprocessing.mean, preprocessing.deviation)
    )
    if preprocessing.mean_picture:
        picture = _array(preprocessing.mean_picture, device).view(1, *shape)
        mean = picture.contiguous(memory_format=layout)[0]
    matrix = None
    if preprocessing.whitening:
        matrix = _array(preprocessing.whitening, device).view(prod(shape), prod(shape))
    unscaled = preprocessing.kind == "none" and preprocessing.deviation[0] != 1
    return Finish(mean, deviation, matrix, unscaled, augment, layout)


def _array(values: bytes, device: torch.device) -> Tensor:
    return torch.frombuffer(bytearray(values), dtype=torch.float32).to(device)


class Resident(Images):
    """Images in one tensor, on the device or, where that is too small, in the machine's memory.

    Parameters
    ----------
    store
        The images: (n, height, width, channels) with `channels_last`, so that a batch in
        channels-last layout is a plain copy of rows, else (n, channels, height, width).
    targets
        Class numbers (n,) or values (n, k), in the same memory.
    device
        Where batches are wanted.
    channels_last
        Whether batches are in channels-last layout.
    last_steps
        What is still to be done to a batch; None if the images are stored ready for the network,
        as they are without augmentation.
    """

    def __init__(
        self,
        store: Tensor,
        targets: Tensor,
        *,
        device: torch.device,
        channels_last: bool,
        last_steps: Finish | None,
    ) -> None:
        self._rows = store.flatten(1)
        self._shape = store.shape[1:]
        self._targets = targets
        self._device = device
        self._channels_last = channels_last
        self._finish = last_steps

    def __len__(self) -> int:
        return len(self._rows)

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        here = order.to(self._rows.device)
        for chosen in torch.split(here, size)[start:]:
            rows = self._rows.index_select(0, chosen)
            images = rows.view(len(chosen), *self._shape)
            if self._channels_last:
                images = images.permute(0, 3, 1, 2)
            targets = self._targets.index_select(0, chosen)
            if rows.device != self._device:
                images = images.to(self._device, non_blocking=True)
                targets = targets.to(self._device, non_blocking=True)
            yield (images if self._finish is None else self._finish(images)), targets

    def without_augmentation(self) -> Images:
        plain = copy(self)
        if self._finish is not None:
            plain._finish = self._finish.plain()
        return plain


class Stored(Images):
    """Images in a store that decoders fill while the network trains on the batches before."""

    def __init__(
        self,
        store: PictureStore,
        targets: Tensor,
        *,
        device: torch.device,
        last_steps: Finish,
    ) -> None:
        self._store = store
        self._rows = torch.from_numpy(store.rows).flatten(1)
        self._shape = store.rows.shape[1:]
        self._targets = targets
        self._device = device
        self._pinned = device.type == "cuda"  # so that copying does not hold up this process
        self._finish = last_steps

    def __len__(self) -> int:
        return len(self._targets)

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        wanted = order[start * size :]
        done, taken = 0, 0
        batch = self._empty(min(size, len(wanted)))
        with closing(self._store.pieces(wanted.numpy(), size)) as pieces:
            for piece in pieces:
                into = batch[taken : taken + len(piece.rows)]
                torch.index_select(self._rows, 0, torch.from_numpy(piece.rows), out=into)
                taken += len(piece.rows)
                if not piece.last:
                    continue
                images = batch[:taken].view(taken, *self._shape).permute(0, 3, 1, 2)
                targets = self._targets[wanted[done : done + taken].to(self._targets.device)]
                yield self._finish(images.to(self._device, non_blocking=True)), targets
                done, taken = done + taken, 0
                batch = self._empty(min(size, len(wanted) - done))

    def without_augmentation(self) -> Images:
        plain = copy(self)
        plain._finish = self._finish.plain()
        return plain

    def _empty(self, count: int) -> Tensor:
        return torch.empty(
            (count, self._rows.shape[1]), dtype=self._rows.dtype, pin_memory=self._pinned
        )


def form_of(preprocessing: Preprocessing) -> PictureForm:
    """Return the form of the pictures that a network takes."""
    return PictureForm(*preprocessing.picture, msgspec.convert(preprocessing.fit, Fit))


def images(
    part: Part,
    name: str,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    stores: Stores,
    augment: Callable[[Tensor], Tensor] | None = None,
    form: PictureForm | None = None,
) -> Images:
    """Return a part's images: in files, those of its store, else those in memory.

    Images in memory are brought to the network's size at once if there is memory for that. Without
    augmentation they are stored on the device ready for the network, else as they were read, on the
    device or in the machine's memory. What fits nowhere is resized batch by batch.

    Parameters
    ----------
    part, name
        The part, and how `stores` call it.
    preprocessing
        What is done to its images.
    device
        Where batches are wanted.
    stores
        Where the images of the part are decoded, if they are in files.
    augment
        What is done to every batch, at random.
    form
        In which the images are read, if that is not the network's input: `augment` then gives them
        its size.

    Raises
    ------
    DesignerError
        An image cannot be read or cannot become the network's input.
    """
    form = form or form_of(preprocessing)
    channels, height, width = form.channels, form.height, form.width
    last_steps = finish(preprocessing, device=device, augment=augment)
    targets = torch.from_numpy(part.labels)
    if (decoded := stores.get(name)) is not None:
        return Stored(decoded, targets.to(device), device=device, last_steps=last_steps)
    values = len(part) * channels * height * width
    raw = torch.uint8 if part.dtype == np.uint8 else torch.float32
    cpu = torch.device("cpu")
    choices = [(memory, raw, False) for memory in dict.fromkeys((device, cpu))]
    if augment is None:
        choices.insert(0, (device, torch.float32, True))
    for memory, kind, ready in choices:
        if values * kind.itemsize > _SHARE * devices.free_bytes(memory):
            continue
        channels_last = last_steps.layout is torch.channels_last
        size = (height, width, channels) if channels_last else (channels, height, width)
        store = torch.empty((len(part), *size), dtype=kind, device=memory)
        for indices in torch.split(torch.arange(len(part)), _CHUNK):
            chunk = _read(part, indices, form).to(memory)
            chunk = last_steps(chunk) if ready else chunk
            rows = slice(int(indices[0]), int(indices[-1]) + 1)
            store[rows] = chunk.permute(0, 2, 3, 1) if channels_last else chunk
        return Resident(
            store,
            targets.to(memory),
            device=device,
            channels_last=channels_last,
            last_steps=None if ready else last_steps,
        )
    resized = stores.resized(part.images, form)
    return Stored(resized, targets.to(device), device=device, last_steps=last_steps)


def _read(part: Part, indices: Tensor, form: PictureForm) -> Tensor:
    return torch.from_numpy(part.images.read(indices.numpy(), form))
