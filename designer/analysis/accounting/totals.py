"""The totals of a design, each under its own name with its own convention."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

from designer.analysis.accounting.training_peak import Moment, moments
from designer.analysis.evaluation.memory_plan import Peak
from designer.analysis.evaluation.results import GraphResult
from designer.layers.ports import Input
from designer.layers.tensors import FLOAT_BYTES
from designer.recipe.optimizers import Optimizer, state_copies

_SHARES = {"float32": 1, "mixed": 2}  # by which activations and their gradients are divided
PRECISIONS = tuple(_SHARES)
FOLLOWED = 1_500
"""Layers of a design up to which the backward pass is followed, which takes 10 ms for 1,000."""


class Memory(NamedTuple):
    """What autograd saves for backward in one mode, in bytes.

    Attributes
    ----------
    per_image
        Bytes that grow with the batch.
    fixed
        Bytes that do not, such as the statistics of batch norms.
    """

    per_image: int = 0
    fixed: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a whole design, auxiliary outputs included; bytes of float32 values.

    Attributes
    ----------
    layers
        Layers, with all blocks written out.
    weights, biases, buffers
        Learned multiplicative and additive values; values that are saved but not learned.
    frozen
        Parameters whose learning-rate factor is 0.
    file_bytes
        All parameters and buffers, each in its own type, without the container.
    macs
        Multiply-accumulates of convolutions and matrix products for one image.
    output_values
        Values of the input and of every layer's output except activations, dropout and views.
    buffer_values
        For each convolution its input and output, for every other counted layer its output: the
        rule that gives the total of the CS231n lecture.
    saved_for_backward, saved_in_eval
        What autograd saves between forward and backward, in train and in eval mode.
    inference_peak_bytes
        Largest sum of tensors alive at once without autograd, for one image: outputs of layers and
        what torch's operations allocate on the way, but not the workspaces inside of a kernel.
    inference_peaks
        The largest sums of live tensors, each as bytes for one image and bytes whatever the batch;
        which of them is the largest depends on the batch.
    workspace_bytes
        The largest sum of two gradients of activations alive at once, for one image.
    top
        The result of the design's own graph.
    """

    layers: int
    weights: int
    biases: int
    buffers: int
    frozen: int
    file_bytes: int
    macs: int
    output_values: int
    buffer_values: int
    saved_for_backward: Memory
    saved_in_eval: Memory
    inference_peak_bytes: int
    workspace_bytes: int
    top: GraphResult = field(repr=False, compare=False)
    inference_peaks: tuple[Peak, ...] = ()

    @property
    def parameters(self) -> int:
        """All learned values: weights and biases."""
        return self.weights + self.biases

    @property
    def trainable(self) -> int:
        """Parameters that are not frozen."""
        return self.parameters - self.frozen

    @property
    def flops(self) -> int:
        """Floating-point operations, two for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def output_bytes(self) -> int:
        """Bytes of `output_values`."""
        return FLOAT_BYTES * self.output_values

    @property
    def buffer_bytes(self) -> int:
        """Bytes of `buffer_values`."""
        return FLOAT_BYTES * self.buffer_values

    def saved_bytes(self, batch: int = 1, *, training: bool = True) -> int:
        """Return the bytes that autograd saves for a batch, in train or in eval mode."""
        saved = self.saved_for_backward if training else self.saved_in_eval
        return saved.fixed + batch * saved.per_image

    def inference_bytes(self, batch: int = 1) -> int:
        """Return the bytes that inference needs: parameters, buffers and live tensors."""
        return self.file_bytes + max(batch * growing + whole for growing, whole in self._peaks)

    @property
    def _peaks(self) -> tuple[Peak, ...]:
        return self.inference_peaks or ((self.inference_peak_bytes, 0),)

    def training_bytes(
        self,
        optimizer: Optimizer,
        batch: int = 1,
        precision: str = "float32",
        *,
        copies: int = 0,
        accumulates: bool = False,
    ) -> int:
        """Estimate the bytes that training needs at once; kernels take scratch memory in addition.

        These are parameters, buffers and optimizer state, and the most that is alive at one moment
        of a step: what is still saved for backward, the gradients of activations that are being
        computed, and the gradients of weights so far. In a design of more than `FOLLOWED` layers
        it is the sum of all that is saved, all gradients of weights, and the two largest gradients
        of activations, which is more. In mixed precision, activations and their gradients halve,
        and a half-size copy of the parameters is added.

        Parameters
        ----------
        optimizer
            The settings of the optimizer, on which the size of its state depends.
        batch
            Images in a step.
        precision
            One of `PRECISIONS`.
        copies
            Further copies of all parameters and buffers, such as an average of the weights.
        accumulates
            Whether gradients of several batches are added up, so that all of them stay in memory.
        """
        share = _SHARES[precision]
        return max(
            each.gradients + ceil((each.fixed + batch * each.per_image) / share)
            for each in self._moments(optimizer, precision, copies, accumulates)
        )

    def largest_batch(
        self,
        budget: int,
        optimizer: Optimizer,
        precision: str = "float32",
        *,
        copies: int = 0,
        accumulates: bool = False,
    ) -> float:
        """Return the largest batch whose `training_bytes` are within a budget of bytes.

        The other parameters are those of `training_bytes`. The batch is 0 if none is within the
        budget, and infinite if the memory does not grow with it.
        """
        largest = inf
        for each in self._moments(optimizer, precision, copies, accumulates):
            left = (budget - each.gradients) * _SHARES[precision] - each.fixed
            if each.per_image:
                largest = min(largest, max(0, left // each.per_image))
            elif left < 0:
                return 0
        return largest

    def _moments(
        self, optimizer: Optimizer, precision: str, copies: int, accumulates: bool
    ) -> Iterator[Moment]:
        """Yield what is alive at moments of a training step, as bytes.

        Parameters, buffers and the optimizer's state, which are alive at all of them, are added to
        the gradients of weights.
        """
        gradients = FLOAT_BYTES * self.trainable
        lasting = (1 + copies) * self.file_bytes + state_copies(optimizer) * gradients
        if precision == "mixed":
            lasting += FLOAT_BYTES // 2 * self.parameters
        if self.layers > FOLLOWED:
            saved = self.saved_for_backward
            growing = saved.per_image + self.workspace_bytes
            yield Moment(lasting + gradients, saved.fixed, growing)
            return
        accumulated = gradients if accumulates else 0
        for growing, whole in self._peaks:  # of the forward pass
            yield Moment(lasting + accumulated, whole, growing)
        for own, whole, growing in moments(self.top):
            yield Moment(lasting + (accumulated or own), whole, growing)


def totals(top: GraphResult) -> Totals:
    """Return the totals of a design's own graph."""
    counts = top.counts
    images = 0
    for name in top.ports:
        result = top.nodes.get(name)
        if result is None or not isinstance(result.layer, Input):
            continue
        if top.wiring.numbers.first[name] in top.plan.storages.convolved:
            images += result.counts.output_values
    return Totals(
        layers=counts.layers,
        weights=counts.weights,
        biases=counts.biases,
        buffers=counts.buffers,
        frozen=counts.frozen,
        file_bytes=counts.file_bytes,
        macs=counts.macs,
        output_values=counts.output_values,
        buffer_values=counts.buffer_values - images,
        saved_for_backward=Memory(*top.effect.saved_for_backward[2:]),
        saved_in_eval=Memory(*top.effect.saved_in_eval[2:]),
        inference_peak_bytes=sum(top.effect.peaks[0]) if top.effect.peaks else top.effect.peak,
        inference_peaks=top.effect.peaks,
        workspace_bytes=counts.widest_gradients,
        top=top,
    )
