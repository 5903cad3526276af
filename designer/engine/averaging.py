"""An average of the weights of a training, which is evaluated in place of the last ones."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from designer.engine.batches import Batch
from designer.engine.checkpoint import Content
from designer.engine.inputs import call
from designer.recipe.averaging import Averaging


class Average:
    """A moving average of weights and buffers over steps, a mean of weights over epochs, or none.

    Parameters
    ----------
    network
        The network, on its device.
    settings
        Which average.

    Attributes
    ----------
    count
        How many steps or epochs it averages; the state besides the average itself.
    """

    def __init__(self, network: nn.Module, settings: Averaging) -> None:
        self._settings = settings
        self._network = network
        self._each_step, self._each_epoch = settings.name == "ema", settings.name == "swa"
        self._weights: list[Tensor] = [*network.parameters()]
        self._buffers: list[Tensor] = [*network.buffers()]
        # Statistics are averaged, the numbers of batches that norms have seen are copied.
        self._averaged = [
            each for each in self._weights + self._buffers if each.is_floating_point()
        ]
        self._copied = [each for each in self._buffers if not each.is_floating_point()]
        here = self._averaged + self._copied if settings.copies else []
        self._places = [each.detach().clone() for each in here]
        self.count = 0

    @property
    def active(self) -> bool:
        """Whether it averages anything yet."""
        return self.count > 0

    def after_step(self) -> None:
        """Take the weights after a step into a moving average."""
        if self._each_step:
            decay = min(self._settings.decay, (1 + self.count) / (10 + self.count))
            self._take(1 - decay)

    def after_epoch(self, epoch: int, *, epochs: int, pictures: Iterable[Batch]) -> None:
        """Take the weights at the end of an epoch into a mean over epochs.

        Parameters
        ----------
        epoch, epochs
            The number of the epoch, from 1, and how many there are. A mean that has begun goes on
            however many epochs there are.
        pictures
            The training pictures without augmentation, of which the norms of the mean get their
            statistics. They are read only if they are needed.
        """
        begins = epoch >= self._settings.start * epochs
        if self._each_epoch and (self.active or begins):
            self._take(1 / (self.count + 1))
            with self.in_place():
                renew_statistics(self._network, pictures)

    def _take(self, share: float) -> None:
        """Move the average by a share of the way to the weights as they are."""
        with torch.no_grad():
            averages = self._places[: len(self._averaged)]
            torch._foreach_lerp_(averages, [each.detach() for each in self._averaged], share)
            if self._copied:
                torch._foreach_copy_(self._places[len(self._averaged) :], self._copied)
        self.count += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the average, if there is one yet, until the end of the context."""
        if not self.active:
            yield
            return
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        """Exchange the memory of weights and average: nothing is copied."""
        for here, there in zip(self._averaged + self._copied, self._places, strict=True):
            here.data, there.data = there.data, here.data

    def weights(self) -> Content:
        """Return what a checkpoint holds of the weights: the average as the network, if any."""
        trained = self._network.state_dict()
        if not self.active:
            return {"network": trained}
        with self.in_place():
            average = self._network.state_dict()
        return {"network": average, "training_network": trained, "averaged": self.count}

    def restore(self, content: Content) -> None:
        """Continue from the content of a checkpoint, which has what `weights` returned."""
        self._network.load_state_dict(content["network"])
        trained = content.get("training_network")
        if trained is None:
            return
        if self._places:
            with torch.no_grad():
                for here, there in zip(self._averaged + self._copied, self._places, strict=True):
                    there.copy_(here)
            self.count = content["averaged"]
        self._network.load_state_dict(trained)


def renew_statistics(network: nn.Module, pictures: Iterable[Batch]) -> None:
    """Give the norms the mean statistics of some batches, as torch's ``swa_utils.update_bn`` does.

    The network is in train mode; norms in eval mode, which are frozen, keep theirs.
    """
    norms = [
        each
        for each in network.modules()
        if isinstance(each, _BatchNorm) and each.training and each.track_running_stats
    ]
    if not norms:
        return
    before = [each.momentum for each in norms]
    for each in norms:
        each.reset_running_stats()
        each.momentum = None  # torch's sign for the mean over all batches
    try:
        with torch.no_grad():
            for inputs, _ in pictures:
                call(network, inputs)
    finally:
        for each, momentum in zip(norms, before, strict=True):
            each.momentum = momentum
