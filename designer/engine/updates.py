"""From the losses of a step to new weights: backward passes, clipping, and the optimizer's step."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from designer.engine import checkpoint
from designer.engine.device import Precision
from designer.engine.freezing import groups
from designer.engine.optimizers import optimizer
from designer.engine.preparation import Prepared
from designer.engine.weight_rules import gradient_rules, weight_rules
from designer.recipe.optimizers import OPTIMIZERS


class Updates:
    """Changes the weights of a network by the gradients of its losses.

    What it remembers from one step to the next is in `state`.

    Parameters
    ----------
    prepared
        Network, recipe and device. Which parameters learn must be decided already; see
        `designer.engine.freezing.freeze`.

    Attributes
    ----------
    full_batch
        Whether the optimizer looks at all training images in each step, several times.
    batches
        From the gradients of how many batches a step is taken.
    waiting
        Batches whose gradients were computed and from which no step was taken yet.
    """

    def __init__(self, prepared: Prepared) -> None:
        recipe = prepared.recipe
        self.full_batch = OPTIMIZERS[recipe.optimizer.name].full_batch
        self.batches = prepared.batches_per_step
        self.waiting = 0
        self._shares: list[Tensor] = []  # of the batches waiting, where they count differently
        self._parameters = [each for each in prepared.network.parameters() if each.requires_grad]
        self._gradient_rules = gradient_rules(recipe, self._parameters)
        self._weight_rules = weight_rules(recipe, prepared.network)
        self._optimizer = optimizer(
            recipe.optimizer,
            groups(prepared.network, prepared.analysis),
            device=prepared.device,
        )
        self._scaler = _scaler(prepared.precision)

    @property
    def scale(self) -> float:
        """By how much losses are multiplied before their gradients are computed."""
        return 1.0 if self._scaler is None else self._scaler.get_scale()

    @property
    def complete(self) -> bool:
        """Whether the gradients of all batches of a step were computed."""
        return self.waiting == self.batches

    def set_rate(self, rate: float) -> None:
        """Use a learning rate from now on, times the factor of each layer."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)

    def set_momentum(self, momentum: float) -> None:
        """Use a momentum from now on, or the first beta; without effect where there is none."""
        for group in self._optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            elif group.get("momentum"):
                group["momentum"] = momentum

    def backward(self, loss: Tensor, share: Tensor | None = None) -> None:
        """Add the gradients of the mean loss of a batch to those of the parameters.

        Parameters
        ----------
        loss
            The mean loss of the batch.
        share
            By how much the batch counts in the mean over several, None if all count the same.
        """
        if self.batches > 1:
            if share is None:
                loss = loss / self.batches
            else:
                self._shares.append(share)
                loss = loss * share
        if self._scaler is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.waiting += 1
        if self._shares and self.complete:
            whole = torch.stack(self._shares).sum()
            for weight in self._parameters:
                if weight.grad is not None:
                    weight.grad.div_(whole)
            self._shares.clear()

    def apply(self) -> None:
        """Change the weights by their gradients, and forget the gradients."""
        optimizer, scaler = self._optimizer, self._scaler
        if self._gradient_rules:
            if scaler is not None:
                scaler.unscale_(optimizer)
            for rule in self._gradient_rules:
                rule()
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        self._end_step()

    def search(self, evaluate: Callable[[], float]) -> None:
        """Change the weights by a step that evaluates the loss several times.

        Parameters
        ----------
        evaluate
            Computes the gradients of all batches of the step, and returns their mean loss.
        """

        def again() -> float:
            self._forget_gradients()
            loss = evaluate()
            for weight in self._parameters:  # torch's LBFGS takes them as vectors
                if weight.grad is not None:
                    weight.grad = weight.grad.contiguous()
            return loss

        self._optimizer.step(again)
        self._end_step()

    def _end_step(self) -> None:
        for rule in self._weight_rules:
            rule()
        self._forget_gradients()

    def _forget_gradients(self) -> None:
        self.waiting = 0
        for weight in self._parameters:
            weight.grad = None

    def state(self) -> Iterator[tuple[str, Any]]:
        """Yield what a checkpoint holds of it, by name."""
        yield "optimizer", self._optimizer.state_dict()
        yield "scaler", None if self._scaler is None else self._scaler.state_dict()

    def restore(self, content: checkpoint.Content) -> None:
        """Continue from the content of a checkpoint, which has what `state` yielded."""
        checkpoint.restore_optimizer(self._optimizer, content["optimizer"])
        if self._scaler is not None:
            self._scaler.load_state_dict(content["scaler"])


def _scaler(precision: Precision) -> torch.amp.GradScaler | None:
    return torch.amp.GradScaler("cuda") if precision.needs_scaler else None
