"""Batches of inputs that are no pictures, by their names, and of examples as their own targets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from designer.data import Part
from designer.engine import device as devices
from designer.engine.batches import Batch, Images
from designer.engine.inputs import Inputs
from designer.runs.preprocessing import InputPreprocessing, Preprocessing

_CHUNK = 4096  # examples that are read at once
_SHARE = 0.6  # of the free memory that inputs may take; the rest is for the network


@dataclass(frozen=True)
class ValueFinish:
    """The last steps from stored values to an input: float, scale bytes, standardize.

    Attributes
    ----------
    kind
        What is done.
    mean, deviation
        In a shape that is broadcast over a batch of values; None where these are taken as they are.
    """

    kind: InputPreprocessing
    mean: Tensor | None = None
    deviation: Tensor | None = None

    def __call__(self, values: Tensor) -> Tensor:
        """Return stored values (n, ...) as the network takes them."""
        if self.kind.integer:
            return values
        floats = values.float()
        if self.kind.bytes:
            floats = floats / 255
        if self.mean is None or self.deviation is None:
            return floats
        return (floats - self.mean) / self.deviation


def value_finish(kind: InputPreprocessing, device: torch.device) -> ValueFinish:
    """Return the last steps of an input, for values on a device."""
    if not kind.mean:
        return ValueFinish(kind)
    sizes = [1] * (1 + len(kind.shape))
    sizes[1 + kind.axis] = -1
    mean, deviation = (
        torch.tensor(values, device=device).view(sizes) for values in (kind.mean, kind.deviation)
    )
    return ValueFinish(kind, mean, deviation)


class NamedInputs(Images):
    """Examples of one or several inputs, in tensors on the device or in the machine's memory.

    Parameters
    ----------
    inputs
        The values of each input (n, ...), in the order of the network.
    targets
        Class numbers (n,) or values (n, k), in the same memory.
    device
        Where batches are wanted.
    last_steps
        What is still to be done to a batch of each input; None where the values are stored ready.
    """

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        targets: Tensor,
        *,
        device: torch.device,
        last_steps: Mapping[str, ValueFinish] | None,
    ) -> None:
        self._inputs = inputs
        self._targets = targets
        self._device = device
        self._finish = last_steps

    def __len__(self) -> int:
        return len(self._targets)

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        here = order.to(self._targets.device)
        for chosen in torch.split(here, size)[start:]:
            found = {
                name: values.index_select(0, chosen).to(self._device, non_blocking=True)
                for name, values in self._inputs.items()
            }
            if self._finish is not None:
                found = {name: self._finish[name](values) for name, values in found.items()}
            targets = self._targets.index_select(0, chosen).to(self._device, non_blocking=True)
            yield found, targets

    def without_augmentation(self) -> Images:
        return self


def named_inputs(part: Part, preprocessing: Preprocessing, *, device: torch.device) -> Images:
    """Return the examples of a part for a network that takes no picture.

    They are stored ready for the network if there is memory for that, else as they were read.

    Parameters
    ----------
    part
        With the inputs of the network, in memory.
    preprocessing
        What is done to them.
    device
        Where batches are wanted.
    """
    targets = torch.from_numpy(np.ascontiguousarray(part.labels))
    columns = {each.name: part.inputs[each.name] for each in preprocessing.inputs}
    values = sum(len(part) * int(np.prod(each.shape)) for each in preprocessing.inputs)
    ready = 4 * values <= _SHARE * devices.free_bytes(device)
    memory = device if ready else torch.device("cpu")
    steps = {each.name: value_finish(each, device) for each in preprocessing.inputs}
    stored = {}
    for name, column in columns.items():
        chunks = [
            torch.from_numpy(column.read(chunk.numpy())).to(memory)
            for chunk in torch.split(torch.arange(len(part)), _CHUNK)
        ]
        stored[name] = torch.cat([steps[name](chunk) if ready else chunk for chunk in chunks])
    return NamedInputs(
        stored, targets.to(memory), device=device, last_steps=None if ready else steps
    )


class OwnTargets(Images):
    """Examples whose targets are their only input, as the network gets it."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def batches(self, order: Tensor, size: int, *, start: int = 0) -> Iterator[Batch]:
        for inputs, _ in self._images.batches(order, size, start=start):
            yield inputs, _copied(inputs)

    def without_augmentation(self) -> Images:
        return OwnTargets(self._images.without_augmentation())


def _copied(inputs: Inputs) -> Tensor:
    """Return the only input, in memory of its own: a layer may work in place on the input."""
    values = inputs if isinstance(inputs, Tensor) else next(iter(inputs.values()))
    return values.clone()
