"""The images, or other inputs, with which a training begins, for a network that is looked into."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from designer.analysis.analysis import Analysis
from designer.analysis.assist.inputs import text_length
from designer.data import prepare_data
from designer.engine import batches
from designer.engine.inputs import Inputs, example_inputs
from designer.engine.named_batches import OwnTargets, named_inputs
from designer.engine.preparation import (
    check_data,
    data_request,
    sampling_of,
)
from designer.engine.preprocessing import fitted_preprocessing
from designer.engine.text_windows import text_windows
from designer.errors import DesignerError
from designer.known_data.titles import BUILT_IN, built_in_for
from designer.recipe.data import other_data
from designer.recipe.losses import LOSSES
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import network_info
from designer.runs.preprocessing import Preprocessing


class Network(Protocol):
    """What the images depend on; see `designer.engine.inspect.subject.Loaded`."""

    @property
    def analysis(self) -> Analysis:
        """The analysis of its design."""
        ...

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        ...

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become its input."""
        ...


@dataclass(frozen=True)
class Batch:
    """What a network is measured with.

    Attributes
    ----------
    inputs, targets
        On the device of the network, as in a training.
    class_weights
        Of the loss; None for equal ones.
    notes
        Sentences on where they come from, if not from the recipe's data.
    """

    inputs: Inputs
    targets: Tensor
    class_weights: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()


def first_batch(network: Network, recipe: Recipe) -> Batch:
    """Return the images with which a training begins, in the order of its seed.

    Where the recipe's data cannot be used, these are built-in pictures, or random numbers if the
    network has not the outputs for those.

    Raises
    ------
    DesignerError
        Neither can be used, as the network has outputs of different sizes.
    """
    try:
        return _of_data(network, recipe, network.preprocessing)
    except DesignerError as error:
        why = str(error)
    info = network_info(network.analysis)
    if info.inputs:
        return _random(
            network, recipe, f"{why} The layers were measured with random numbers instead."
        )
    name = built_in_for(info.picture[0])
    if recipe.data.source != name:
        try:
            found = _of_data(network, changed(recipe, other_data(name)), None)
        except DesignerError:
            pass
        else:
            note = f"{why} The layers were measured with {BUILT_IN[name].words} instead."
            return Batch(found.inputs, found.targets, found.class_weights, (note,))
    if len({each.shape for each in info.outputs}) > 1:
        raise DesignerError(why)  # no targets would be right for all
    return _random(network, recipe, f"{why} The layers were measured with random numbers instead.")


def _of_data(network: Network, recipe: Recipe, preprocessing: Preprocessing | None) -> Batch:
    """Return a batch of a recipe's data; without a preprocessing, that of the data."""
    info = network_info(network.analysis)
    prepared = prepare_data(data_request(recipe, info))
    check_data(prepared, recipe, network.analysis, info)
    train = prepared.parts.train
    order = sampling_of(recipe, train).order(0)[: recipe.batch]
    learned = preprocessing or fitted_preprocessing(prepared, recipe, inputs=info.inputs)
    if learned.vocabulary is not None:
        windows = text_windows(train, learned, device=network.device, anywhere=True)
        inputs, targets = next(windows.batches(order, len(order)))
        return Batch(inputs, targets)
    if info.inputs:
        chosen = named_inputs(train.take(order.numpy()), learned, device=network.device)
        every = OwnTargets(chosen) if learned.gives_input else chosen
        inputs, targets = next(every.batches(torch.arange(len(order)), len(order)))
        return Batch(inputs, targets, learned.class_weights)
    images = torch.from_numpy(train.images.read(order.numpy(), prepared.form))
    finish = batches.finish(learned, device=network.device)
    targets = torch.from_numpy(train.labels)[order].to(network.device)
    taken = finish(images.to(network.device))
    return Batch(taken, taken.clone() if learned.gives_input else targets, learned.class_weights)


def _random(network: Network, recipe: Recipe, note: str) -> Batch:
    """Return random inputs and targets of the kind that the loss takes."""
    generator = torch.Generator().manual_seed(recipe.seed)
    info = network_info(network.analysis)
    examples = example_inputs(network.analysis, recipe.batch, generator=generator)
    shape = next(each.shape for each in info.outputs if not each.auxiliary)
    match LOSSES[recipe.loss.name].targets[0]:
        case "classes" if text_length(network.analysis) and len(shape) == 2:
            targets = torch.randint(shape[1], (recipe.batch, shape[0]), generator=generator)
        case "classes":
            size = (recipe.batch, *shape[1:])
            targets = torch.randint(shape[0], size, generator=generator)
        case "labels":
            targets = torch.randint(2, (recipe.batch, *shape), generator=generator).float()
        case _:
            targets = torch.randn((recipe.batch, *shape), generator=generator)
    moved = {name: values.to(network.device) for name, values in examples.items()}
    inputs: Inputs = moved if info.inputs else moved[network.analysis.inputs[0].name]
    return Batch(inputs, targets.to(network.device), None, (note,))
