"""Statistics of all layers of a network without training it: one forward and one backward pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from designer.analysis.assist.training import batch_problems
from designer.engine.figures import Rows, number
from designer.engine.freezing import freeze
from designer.engine.inputs import count
from designer.engine.inspect.first_batch import first_batch
from designer.engine.inspect.subject import Loaded
from designer.engine.layer_statistics import add_output, add_weights, watched
from designer.engine.losses import Objective
from designer.errors import DesignerError
from designer.layers.base import Layer
from designer.recipe.recipe import Recipe
from designer.runs.begin import network_info
from designer.runs.layer_statistics import Measurement


def measure(
    loaded: Loaded,
    recipe: Recipe,
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Measurement, tuple[str, ...]]:
    """Return the figures of all nodes for the first batch of the recipe's data.

    The network is in train mode, as in the first step of a training, but images are not augmented.
    Nothing is learned, and network and random generators are afterwards as they were.

    Parameters
    ----------
    loaded
        The network.
    recipe
        Its data, batch, loss and seed.
    progress
        Called with the share that is done.

    Returns
    -------
    Measurement
        Activations and their gradients of all nodes, joins and views included; weights and their
        gradients of those that have some.
    tuple of str
        Sentences for the user, such as on data that are missing.

    Raises
    ------
    DesignerError
        A layer cannot be trained with the batch, or the loss does not take the outputs.
    """
    if problems := batch_problems(loaded.analysis, recipe.batch):
        raise DesignerError(f"{problems[0].message}.")
    info = network_info(loaded.analysis)
    progress(0.0)
    given = first_batch(loaded, recipe)
    weights = given.class_weights
    objective = Objective(
        recipe.loss,
        info.outputs,
        weights=torch.tensor(weights, device=loaded.device) if weights else None,
        training=True,
    )
    layers: dict[str, Layer] = {
        path: result.layer
        for path, result in loaded.analysis.top.layers()
        if result.layer is not None
    }
    rows = Rows()
    notes = [*given.notes]
    with _train_mode(loaded, seed=recipe.seed):
        done = 0

        def look(path: str, port: int, value: Tensor) -> None:
            nonlocal done
            if path in layers:  # not a block, whose value is that of its last layer
                if value.is_floating_point() and not layers[path].stored:
                    add_output(rows, path, layers[path], value)
                done += 1
                progress(done / (2 * len(layers)))
                if value.requires_grad:
                    value.register_hook(went_back)  # type: ignore[no-untyped-call]

        def went_back(_: Tensor) -> None:
            nonlocal done
            done += 1
            progress(min(done / (2 * len(layers)), 1.0))

        outputs = loaded.steps.run(given.inputs, look)
        try:
            loss = objective(outputs[0] if len(outputs) == 1 else outputs, given.targets)
        except (RuntimeError, ValueError) as error:
            raise DesignerError(
                f"The loss {recipe.loss.name} cannot be computed of the outputs of {info.name} "
                f"({error}): give it outputs that fit, or choose another loss."
            ) from error
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            notes.append("Nothing in the network learns, so there are no gradients.")
        for each in watched(loaded.network, loaded.analysis):
            add_weights(rows, each)
        return (
            Measurement(
                step=0,
                epoch=0,
                batch=count(given.inputs),
                loss=number(loss.item()),
                layers=rows.read(tuple(layers)),
            ),
            tuple(notes),
        )


@contextmanager
def _train_mode(loaded: Loaded, *, seed: int) -> Iterator[None]:
    """Let a network learn as in a training, and restore it and the random generators."""
    network = loaded.network
    buffers = {name: each.clone() for name, each in network.named_buffers()}
    here = [loaded.device] if loaded.device.type == "cuda" else []
    with torch.random.fork_rng(devices=here):
        torch.manual_seed(seed)
        network.train().requires_grad_(True)
        freeze(network, loaded.analysis)
        try:
            yield
        finally:
            network.eval().requires_grad_(False)
            for weight in network.parameters():
                weight.grad = None
            for name, each in network.named_buffers():
                each.copy_(buffers[name])
