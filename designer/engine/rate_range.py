"""The learning-rate range test: a copy of the network is trained while the rate grows."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from designer.design.values import Design
from designer.engine.batches import Batch
from designer.engine.beginning import Silence, initialize_weights, take_initial_weights
from designer.engine.center_loss import CenterLoss
from designer.engine.freezing import freeze
from designer.engine.inputs import call
from designer.engine.losses import Objective
from designer.engine.mixing import Mixing, Targets
from designer.engine.preparation import Prepared, prepare
from designer.engine.updates import Updates
from designer.errors import DesignerError
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.rate_range import Bounds, Losses, RateRange


def rate_range(
    design: Design,
    recipe: Recipe,
    within: Bounds,
    *,
    progress: Callable[[float], object] = lambda _: None,
) -> RateRange:
    """Train a copy of a design for some steps, and return what their losses suggest.

    Data, batch, order, augmentation, loss, optimizer, precision, device and initial weights are
    those of the recipe; its learning rate and schedule have no effect. Whatever the test needs is
    in a folder of its own, which is removed: it changes no run, and no random generator.

    Parameters
    ----------
    design, recipe
        What would be trained.
    within
        The rates and the number of steps.
    progress
        Called with the share that is done; what it raises ends the test.

    Raises
    ------
    DesignerError
        The design cannot be trained with the recipe, the loss is not finite before the first step,
        or it grows beyond bounds at once.
    """
    row = OPTIMIZERS[recipe.optimizer.name]
    if row.full_batch:
        raise DesignerError(
            f"{row.title} looks at all training images in each step, so that there is no learning "
            "rate to be found with a few batches: choose another optimizer."
        )
    losses = Losses(within)
    progress(0.0)
    with tempfile.TemporaryDirectory(prefix="netdesigner-") as folder, ExitStack() as stack:
        stack.enter_context(_generators_kept())
        run = begin(Path(folder) / "test", design, recipe)
        prepared = prepare(run, stack)
        silence = Silence()
        initialize_weights(prepared, silence)
        take_initial_weights(prepared, run, silence)
        freeze(prepared.network, prepared.analysis)
        for number, loss in enumerate(_losses(prepared, within)):
            losses.add(loss)
            progress((number + 1) / within.steps)
            if losses.diverged:
                break
    return losses.result(recipe)


def _losses(prepared: Prepared, within: Bounds) -> Iterator[float]:
    """Train as a training does, and yield the loss of each step before its update."""
    recipe, network, lower = prepared.recipe, prepared.network, prepared.precision.lower
    updates = Updates(prepared)
    objective = Objective(
        recipe.loss, prepared.info.outputs, weights=prepared.class_weights, training=True
    )
    mixing = Mixing(recipe.augmentation) if recipe.augmentation.mixes else None
    centers: CenterLoss | None = None
    if recipe.loss.center_weight:
        centers = CenterLoss(
            recipe.loss,
            network,
            prepared.analysis,
            classes=len(prepared.classes),
            processes=prepared.processes,
        )
    weighs = updates.batches > 1 and not objective.counts_samples
    network.train()
    freeze(network, prepared.analysis)
    batches = _batches(prepared)
    for step in range(within.steps):
        updates.set_rate(within.rate(step))
        losses = []
        while not updates.complete:
            inputs, given = next(batches)
            targets: Targets = given
            if mixing is not None and isinstance(inputs, Tensor):
                inputs, targets = mixing(inputs, given)
            with nullcontext() if lower is None else torch.autocast("cuda", dtype=lower):
                loss = objective(call(network, inputs), targets)
            share = objective.share(targets) if weighs else None
            if centers is not None:
                loss = loss + centers(targets)
            losses.append(loss.detach())
            updates.backward(loss, share)
        yield torch.stack(losses).mean().item()
        updates.apply()
        if centers is not None:
            centers.move()


def _batches(prepared: Prepared) -> Iterator[Batch]:
    """Yield the batches of a training, epoch after epoch without end."""
    epoch = 0
    while True:
        order = prepared.sampling.order(epoch)[: prepared.steps_per_epoch * prepared.step_images]
        yield from prepared.train.batches(order, prepared.batch)
        epoch += 1


@contextmanager
def _generators_kept() -> Iterator[None]:
    """Restore torch's random generators and its number of threads afterwards."""
    devices = [*range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            torch.set_num_threads(threads)
