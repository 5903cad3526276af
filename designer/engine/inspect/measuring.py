"""Statistics of all layers of a network without training it: one forward and one backward pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from designer.analysis.assist.training import batch_problems
from designer.data import prepare_data
from designer.engine import batches
from designer.engine.figures import Rows, number
from designer.engine.freezing import freeze
from designer.engine.inspect.subject import Loaded
from designer.engine.layer_statistics import add_output, add_weights, watched
from designer.engine.losses import Objective
from designer.engine.preparation import (
    check_data,
    data_request,
    fitted_preprocessing,
    sampling_of,
)
from designer.errors import DesignerError
from designer.known_data.titles import BUILT_IN, built_in_for
from designer.layers.base import Layer
from designer.recipe.losses import LOSSES
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, other_data
from designer.runs.begin import network_info
from designer.runs.layer_statistics import Measurement
from designer.runs.preprocessing import Preprocessing


@dataclass(frozen=True)
class Batch:
    """What a network is measured with.

    Attributes
    ----------
    images, targets
        On the device of the network, as in a training.
    class_weights
        Of the loss; None for equal ones.
    notes
        Sentences on where the images come from, if not from the recipe's data.
    """

    images: Tensor
    targets: Tensor
    class_weights: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()


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
                add_output(rows, path, layers[path], value)
                done += 1
                progress(done / (2 * len(layers)))
                if value.requires_grad:
                    value.register_hook(went_back)  # type: ignore[no-untyped-call]

        def went_back(_: Tensor) -> None:
            nonlocal done
            done += 1
            progress(min(done / (2 * len(layers)), 1.0))

        outputs = loaded.steps.run(given.images, look)
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
                batch=len(given.images),
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


def first_batch(loaded: Loaded, recipe: Recipe) -> Batch:
    """Return the images with which a training begins, in the order of its seed.

    Where the recipe's data cannot be used, these are built-in pictures, or random numbers if the
    network has not the outputs for those.

    Raises
    ------
    DesignerError
        Neither can be used, as the network has outputs of different sizes.
    """
    try:
        return _of_data(loaded, recipe, loaded.preprocessing)
    except DesignerError as error:
        why = str(error)
    name = built_in_for(loaded.preprocessing.input[0])
    if recipe.data.source != name:
        try:
            found = _of_data(loaded, changed(recipe, other_data(name)), None)
        except DesignerError:
            pass
        else:
            note = f"{why} The layers were measured with {BUILT_IN[name].words} instead."
            return Batch(found.images, found.targets, found.class_weights, (note,))
    if len({each.shape for each in network_info(loaded.analysis).outputs}) > 1:
        raise DesignerError(why)  # no targets would be right for all
    return _random(loaded, recipe, f"{why} The layers were measured with random numbers instead.")


def _of_data(loaded: Loaded, recipe: Recipe, preprocessing: Preprocessing | None) -> Batch:
    """Return a batch of a recipe's data; without a preprocessing, that of the data."""
    info = network_info(loaded.analysis)
    prepared = prepare_data(data_request(recipe, info.input))
    check_data(prepared, recipe, loaded.analysis, info)
    train = prepared.parts.train
    order = sampling_of(recipe, train).order(0)[: recipe.batch]
    images = torch.from_numpy(train.images.read(order.numpy(), prepared.form))
    learned = preprocessing or fitted_preprocessing(prepared, recipe.loss)
    finish = batches.finish(learned, device=loaded.device)
    targets = torch.from_numpy(train.labels)[order].to(loaded.device)
    return Batch(finish(images.to(loaded.device)), targets, learned.class_weights)


def _random(loaded: Loaded, recipe: Recipe, note: str) -> Batch:
    """Return normally distributed images and random targets of the kind that the loss takes."""
    generator = torch.Generator().manual_seed(recipe.seed)
    info = network_info(loaded.analysis)
    images = torch.randn((recipe.batch, *info.input), generator=generator)
    shape = next(each.shape for each in info.outputs if not each.auxiliary)
    match LOSSES[recipe.loss.name].targets[0]:
        case "classes":
            size = (recipe.batch, *shape[1:])
            targets = torch.randint(shape[0], size, generator=generator)
        case "labels":
            targets = torch.randint(2, (recipe.batch, *shape), generator=generator).float()
        case _:
            targets = torch.randn((recipe.batch, *shape), generator=generator)
    return Batch(images.to(loaded.device), targets.to(loaded.device), None, (note,))
