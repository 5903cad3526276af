"""How long each node of a network took, forward and backward, and the whole step beside it."""

from collections.abc import Sequence

import msgspec


class NodeTime(msgspec.Struct, frozen=True, kw_only=True):
    """The times of one node for a batch, in seconds.

    Attributes
    ----------
    path
        Its path, such as ``layer1.0.conv1``.
    forward
        Of its output from its inputs.
    backward
        Of the gradients of its inputs and parameters from that of its output; None where nothing
        needs a gradient, or in eval mode.
    """

    path: str
    forward: float
    backward: float | None = None


class StepTime(msgspec.Struct, frozen=True, kw_only=True):
    """The times of the whole network in one piece, in seconds; None for what was not measured.

    Attributes
    ----------
    forward, backward
        The passes of the compiled module, without data and loss.
    optimizer
        The update of the parameters by the recipe's optimizer.
    """

    forward: float
    backward: float | None = None
    optimizer: float | None = None


class LayerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: medians over several passes.

    Attributes
    ----------
    nodes
        In the order of the forward pass; inputs and outputs of the network take no time.
    step
        The whole network, measured in turns with the nodes.
    batch
        The number of examples.
    training
        Whether it was in train mode, with backward passes.
    device
        Its name for people.
    passes
        The number of passes of which the times are medians.
    notes
        Sentences for the user, such as why the batch is smaller than wanted.
    """

    nodes: Sequence[NodeTime]
    step: StepTime
    batch: int
    training: bool
    device: str
    passes: int
    notes: Sequence[str] = ()

    @property
    def forward(self) -> float:
        """The sum of the nodes' forward times, in seconds."""
        return sum(each.forward for each in self.nodes)

    @property
    def backward(self) -> float | None:
        """The sum of the nodes' backward times, in seconds; None in eval mode."""
        if not self.training:
            return None
        return sum(each.backward or 0.0 for each in self.nodes)

    @property
    def ratio(self) -> float:
        """The sums of the nodes divided by the passes of the whole network."""
        whole = self.step.forward + (self.step.backward or 0.0)
        return (self.forward + (self.backward or 0.0)) / whole


WHY_SUMS_DIFFER = (
    "The sum differs from the whole: each node is run and timed by itself, nothing is overwritten "
    "in place, and gradients of branches are not added up."
)
"""Said wherever a sum stands beside the time of the whole network."""
