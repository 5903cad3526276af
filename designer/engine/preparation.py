"""Everything that a training needs before its first step, checked: data, network, device."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist import training
from designer.data import DataRequest, DataSet, Part, PreparedData, prepare_data_in_advance
from designer.data.balance import balance_findings, class_counts
from designer.data.decoding.store import PictureStore
from designer.data.decoding.stores import Stores, StoreSettings
from designer.data.findings import Finding
from designer.data.labels import (
    absent_classes,
    absent_labels,
    begin_later,
    gaps,
    lowest_label,
    never_occur,
    without_image,
)
from designer.data.options import read_options
from designer.data.pictures import Fit
from designer.data.targets import numbers_target
from designer.design import files
from designer.engine import device as devices
from designer.engine.augmentation import Augmenter
from designer.engine.batches import Images, images
from designer.engine.class_weights import class_weights
from designer.engine.device import Precision, Processes
from designer.engine.module import module_of_run
from designer.engine.recorded_data import Recording, data_of, has_begun
from designer.engine.sampling import Balanced, Sampling, Shuffled
from designer.errors import DesignerError
from designer.recipe.command_line import LONGEST, options, text_of
from designer.recipe.losses import LOSSES, Loss, losses_for
from designer.recipe.misfits import misfit, whole_numbers_are_classes
from designer.recipe.recipe import Recipe
from designer.runs.folder import RunFolder
from designer.runs.network import NetworkInfo
from designer.runs.preprocessing import Preprocessing


@dataclass(frozen=True)
class Prepared:
    """What the loop works with; the network is on the device, its weights drawn from the seed."""

    recipe: Recipe
    info: NetworkInfo
    analysis: Analysis
    source: str
    network: nn.Module
    device: torch.device
    precision: Precision
    processes: Processes
    preprocessing: Preprocessing
    recording: Recording
    notes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images | None
    sampling: Sampling

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none for regression."""
        return self.preprocessing.classes

    @property
    def class_weights(self) -> Tensor | None:
        """The weight of each class or label in the loss, on the device; None for equal ones."""
        weights = self.preprocessing.class_weights
        return torch.tensor(weights, device=self.device) if weights else None

    @property
    def batch(self) -> int:
        """Images a step in this process."""
        return self.recipe.batch // self.processes.count

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of the training part; the rest differs each epoch, as the order does."""
        return len(self.train) // self.recipe.batch


def prepare(
    run: RunFolder,
    closing: ExitStack,
    *,
    threads: int | None = None,
    moved: Path | None = None,
) -> Prepared:
    """Read and check everything that a run trains with.

    What the run has recorded of its data and of their preprocessing takes precedence over what the
    data would give now.

    Parameters
    ----------
    run
        The folder of the run.
    closing
        Ends the decoder processes when it is closed.
    threads
        The number of threads that a checkpoint was made with; it takes precedence over the
        recipe's.
    moved
        Where the data are now, if not where the run says.

    Raises
    ------
    DesignerError
        Data, recipe, network and machine do not go together.
    """
    recipe, info, source = run.recipe(), run.network(), run.source()
    processes = Processes.current()
    device = devices.choose(recipe.device)
    if wanted := threads or recipe.threads:
        torch.set_num_threads(wanted)
    torch.backends.cudnn.benchmark = device.type == "cuda"  # images all have one size
    if recipe.batch % processes.count:
        raise DesignerError(
            f"A batch of {recipe.batch} cannot be divided among {processes.count} processes: "
            f"choose a multiple of {processes.count}."
        )
    analysis = analyze(files.read(run.design))
    if refusal := training.refusal(analysis, recipe.batch, processes=processes.count):
        raise DesignerError(refusal)
    ready, recording = data_of(
        run, data_request(recipe, info.input), moved=moved, first=processes.first
    )
    check_data(ready, recipe, analysis, info)
    parts = ready.sized()
    assert parts.validation is not None
    every = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    stores = Stores(
        {name: part.images for name, part in every.items() if part is not None},
        ready.form,
        StoreSettings(
            memory=recipe.data.memory,
            cache=recipe.data.cache,
            workers=recipe.data.workers,
            batch=recipe.batch // processes.count,
            processes=processes.on_this_machine,
        ),
        source=ready.data.path,
    )
    closing.callback(stores.close)
    sampling = sampling_of(recipe, parts.train)
    preprocessing = _stored_preprocessing(run)
    if preprocessing is None:
        order = sampling.order(0)
        if (store := stores.get("train")) is not None:
            own = processes.part_of(order, batch=recipe.batch // processes.count)
            store.decode_ahead(own.numpy())
        preprocessing = fitted_preprocessing(ready, recipe.loss, order, store)

    torch.manual_seed(recipe.seed)
    np.random.seed(recipe.seed % 2**32)
    network = module_of_run(run)
    with devices.enough_memory("to_device", network=info.name):
        network = network.to(device).to(memory_format=devices.memory_format(device))
    processes.join(device)
    if processes.rank:  # every process draws for itself
        torch.manual_seed(recipe.seed + processes.rank)

    _, height, width = info.input
    active = recipe.augmentation.active
    augment = Augmenter(recipe.augmentation, height=height, width=width) if active else None
    notes = [_with_remedies(found) for found in ready.data.findings if found.kind != "question"]
    if lowest := lowest_label(ready.data):
        notes.append(
            f"{begin_later(ready.data.name, lowest)} If they are numbered from {lowest}, "
            f"{_set('data.first_label', lowest)}."
        )
    notes.append(never_occur(ready.data.name, absent_classes(ready.data)))
    notes.append(without_image(ready.data.name, absent_labels(ready.data)))
    notes += _balance(ready.data, parts.train, recipe)
    train = images(
        parts.train, "train", preprocessing, device=device, stores=stores, augment=augment
    )
    validation = images(parts.validation, "validation", preprocessing, device=device, stores=stores)
    test = None
    if parts.test is not None:
        test = images(parts.test, "test", preprocessing, device=device, stores=stores)
    return Prepared(
        recipe=recipe,
        info=info,
        analysis=analysis,
        source=source,
        network=network,
        device=device,
        precision=devices.precision(recipe.precision, device),
        processes=processes,
        preprocessing=preprocessing,
        recording=recording,
        notes=tuple(filter(None, (*notes, recording.note))),
        train=train,
        validation=validation,
        test=test,
        sampling=sampling,
    )


def load_in_advance(recipe: Recipe, shape: tuple[int, int, int]) -> None:
    """Import and read in advance what a training with this recipe starts with.

    ``shape`` is that of the network's input: channels, height, width.

    Raises
    ------
    DesignerError
        The data cannot be read or brought to the network's size.
    """
    _, height, width = shape
    if recipe.augmentation.active:
        Augmenter(recipe.augmentation, height=height, width=width)
    prepare_data_in_advance(data_request(recipe, shape))


def data_request(recipe: Recipe, shape: tuple[int, int, int]) -> DataRequest:
    """Return which data a recipe names, for an input of (channels, height, width)."""
    data = recipe.data
    return DataRequest(
        data.source,
        data.validation,
        data.test,
        data.limit,
        recipe.seed,
        shape,
        read_options(data),
        fit=msgspec.convert(data.fit, Fit),
        classes=whole_numbers_are_classes(recipe),
    )


def _balance(data: DataSet, train: Part, recipe: Recipe) -> list[str]:
    """Return the sentences on classes that are rare in the training part or missing there."""
    if data.target.kind == "numbers":
        return []
    counts = {"train": class_counts(train, data.target).tolist()}
    return [
        _with_remedies(each) for each in balance_findings(data.name, data.target, counts, recipe)
    ]


def _with_remedies(found: Finding) -> str:
    """Return the sentence of a finding, with its choices as they are made on the command line."""
    if not found.choices:
        return found.sentence
    choices = [f'"{choice.label}" is {options(choice.settings)}' for choice in found.choices]
    if sum(map(len, choices)) > LONGEST:
        return f"{found.sentence} The options for that are listed by: netdesigner data PATH --json"
    return f"{found.sentence} On the command line, {'; '.join(choices)}."


def check_data(ready: PreparedData, recipe: Recipe, analysis: Analysis, info: NetworkInfo) -> None:
    """Check that a network can be trained on data as a recipe says.

    Raises
    ------
    DesignerError
        The data have an open question, too few images, or channels, targets or outputs that do not
        fit the network and the loss.
    """
    _check_questions(ready.data)
    _check_size(ready, recipe)
    _check_channels(ready, analysis, info)
    _check_outputs(ready.data, recipe, info)


def _check_questions(data: DataSet) -> None:
    """Refuse data that can be read in more than one way until the recipe says which."""
    if data.questions:
        raise DesignerError(" ".join(map(_with_remedies, data.questions)))


def _set(name: str, value: object) -> str:
    """Return the remedy that changes a setting of the recipe, in a file or by an option."""
    option = options({name: value})
    return f"set {name} to {text_of(value)} (on the command line: {option})"


def _check_size(images: PreparedData, recipe: Recipe) -> None:
    """Refuse data without validation images, or with fewer than a batch."""
    name, count = images.data.name, len(images.parts.train)
    if recipe.batch > count:
        raise DesignerError(
            f"A batch of {recipe.batch:,} is larger than the {count:,} training images "
            f"of {name}: set batch to {count:,} or less (on the command line: --batch {count})."
        )
    if images.parts.validation is None:
        raise DesignerError(
            f"{name} leaves no validation images: set data.validation above 0 (on the command "
            "line: --set-recipe data.validation=0.1)."
        )


def _check_channels(images: PreparedData, analysis: Analysis, info: NetworkInfo) -> None:
    """Refuse images of other channels than an input that may have its channels last."""
    own, channels = max(shape[2] for shape in images.parts.train.shapes()), info.input[0]
    if own == channels or {own, channels} == {1, 3}:
        return
    for problem in analysis.problems:
        if problem.code == "channels-last":
            raise DesignerError(
                f"The images of {images.data.name} have {own} channels, but {problem.message}."
            )


def _check_outputs(data: DataSet, recipe: Recipe, info: NetworkInfo) -> None:
    """Refuse outputs of another size than the data's targets, and losses of another kind."""
    targets = data.target.kind
    wanted = LOSSES[recipe.loss.name].targets
    if targets not in wanted:
        instead = ""
        if "labels" in wanted and targets == "classes":
            instead = f", or {_set('data.targets', 'labels')}"
        elif "labels" in wanted:
            instead = f", or, if they are 0 and 1, {_set('data.targets', 'labels')}"
        elif targets == "numbers" and data.target != numbers_target(data.outputs):
            instead = f", or, if they number classes, {_set('data.targets', 'classes')}"
        elif targets == "numbers":
            instead = ", or save class numbers, from 0, as integers"
        raise DesignerError(
            f"{data.name} has {targets} as targets, which {recipe.loss.name} does not take: "
            f"{_set('loss.name', losses_for(targets)[0])}{instead}."
        )
    if wrong := misfit(recipe, name=data.name, targets=targets, outputs=data.outputs):
        option = options({wrong.setting: wrong.value})
        raise DesignerError(f"{wrong.sentence} On the command line: {option}.")
    kind = {"classes": "classes", "labels": "labels", "numbers": "target values"}[targets]
    for output in info.outputs:
        if len(output.shape) != 1:
            shape = "x".join(map(str, output.shape))
            raise DesignerError(
                f"Output {output.name} of {info.name} is {shape} but must be a list of "
                f"{data.outputs} values: insert a Flatten before it."
            )
        (size,) = output.shape
        if size == data.outputs:
            continue
        lowest = lowest_label(data)
        numbers = data.outputs - lowest
        note = "".join(f" {found.sentence}" for found in data.findings if found.kind == "note")
        if size != numbers and (gap := gaps(data.name, numbers, len(absent_classes(data)))):
            raise DesignerError(gap + note)
        if lowest:
            remedy = _set("data.first_label", lowest)
            raise DesignerError(
                f"{begin_later(data.name, lowest)} To train on the {numbers} classes from {lowest} "
                f"on, {remedy}."
            )
        raise DesignerError(
            f"{data.name} has {data.outputs} {kind} but output {output.name} of {info.name} "
            f"gives {size} values: set its last layer to {data.outputs}.{note}"
        )


def sampling_of(recipe: Recipe, train: Part) -> Sampling:
    """Return in which order the images of the training part come."""
    length = len(train) // recipe.batch * recipe.batch
    if recipe.data.sampling == "balanced":
        return Balanced(torch.from_numpy(train.labels), length=length, seed=recipe.seed)
    return Shuffled(len(train), length=length, seed=recipe.seed)


def _stored_preprocessing(run: RunFolder) -> Preprocessing | None:
    """Return what the run wrote at its start; None before that."""
    begun = has_begun(run) and run.preprocessing_file.exists()
    return run.preprocessing() if begun else None


def fitted_preprocessing(
    images: PreparedData,
    loss: Loss,
    order: Tensor | None = None,
    store: PictureStore | None = None,
) -> Preprocessing:
    """Return the preprocessing that the training part gives.

    Parameters
    ----------
    images
        The data set.
    loss
        The loss of the recipe, which may have class weights.
    order
        The order in which the first epoch takes the training part; see `statistics_sample`.
    store
        Where the pictures of the training part are decoded; None reads them here.
    """
    mean, deviation = images.statistics(
        None if order is None else order.numpy(), None if store is None else store.images
    )
    target, form = images.data.target, images.form
    return Preprocessing(
        input=(form.channels, form.height, form.width),
        mean=tuple(map(float, mean)),
        deviation=tuple(map(float, deviation)),
        classes=target.values if target.kind == "classes" else (),
        labels=target.values if target.kind == "labels" else (),
        numbers=target.values if target.kind == "numbers" else (),
        class_weights=class_weights(loss, images.parts.train.labels, images.data.outputs),
        fit=form.fit,
        gray_range=images.gray_range,
    )
