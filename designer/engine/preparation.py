"""Everything that a training needs before its first step, checked: data, network, device."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.analysis.assist import training
from designer.analysis.assist.features import features_misfit
from designer.data import DataRequest, DataSet, Part, PreparedData, prepare_data_in_advance
from designer.data.balance import balance_findings, class_counts
from designer.data.checks import resampling_findings
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
from designer.data.named_inputs import Wanted
from designer.data.options import read_options
from designer.data.pictures import Fit
from designer.data.resampling import Resampling
from designer.data.targets import numbers_target
from designer.design import files
from designer.engine import device as devices
from designer.engine.augmentation import augmenter
from designer.engine.batches import Images, images
from designer.engine.device import Precision
from designer.engine.inputs import check_numbers
from designer.engine.module import module_of_run
from designer.engine.named_batches import OwnTargets, named_inputs
from designer.engine.preprocessing import fitted_preprocessing, with_color_components
from designer.engine.processes import Processes
from designer.engine.recorded_data import Recording, data_of, has_begun
from designer.engine.sampling import Balanced, Sampling, Shuffled
from designer.engine.text_windows import (
    Windows,
    looks_ahead,
    text_windows,
    windows_of,
    windows_per_epoch,
)
from designer.errors import DesignerError
from designer.recipe.augmentations import enlargement, on_mixed_images, without_pictures
from designer.recipe.command_line import LONGEST, options, text_of
from designer.recipe.losses import LOSSES, losses_for
from designer.recipe.misfits import (
    conflict,
    indivisible,
    misfit,
    two_classes_are_a_label,
    whole_numbers_are_classes,
)
from designer.recipe.preprocessing import too_large
from designer.recipe.recipe import Recipe
from designer.runs import own_layers, trusted_code
from designer.runs.folder import RunFolder
from designer.runs.network import NetworkInfo, shown_inputs
from designer.runs.preprocessing import Preprocessing


@dataclass(frozen=True)
class Prepared:
    """What the loop works with; the network is on the device, its weights drawn from the seed.

    ``test_part`` has the examples of the test part as the data set has them, pictures of any size;
    ``things`` is what sentences call examples.
    """

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
    test_part: Part | None
    data_path: Path
    sampling: Sampling | Windows
    things: str

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
    def batches_per_step(self) -> int:
        """Batches from whose gradients a step is taken: all, or those that are accumulated."""
        if self.recipe.step_images is None:
            return self._epoch // self.recipe.batch
        return self.recipe.accumulation

    @property
    def step_images(self) -> int:
        """Images from which a step is taken, over all processes."""
        return self.batches_per_step * self.recipe.batch

    @property
    def steps_per_epoch(self) -> int:
        """Whole steps of the training part; the rest differs each epoch, as the order does."""
        return self._epoch // self.step_images

    @property
    def _epoch(self) -> int:
        """How many images, or windows of a text, an epoch is made of."""
        if self.preprocessing.vocabulary is not None:
            return self.recipe.data.windows or len(self.train)
        return len(self.train)


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
        The number of threads that a checkpoint was made with in each process; it takes precedence
        over the recipe's, which are divided among the processes of a machine.
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
    if threads:
        torch.set_num_threads(threads)
    elif recipe.threads:
        torch.set_num_threads(max(1, recipe.threads // processes.on_this_machine))
    torch.backends.cudnn.benchmark = device.type == "cuda"  # images all have one size
    if wrong := conflict(recipe):
        raise DesignerError(wrong.sentence)
    if refusal := indivisible(recipe, processes.count):
        raise DesignerError(refusal)
    design = files.read(run.design)
    trusted_code.require(design)
    analysis = own_layers.analyzed(design)
    apart = 1 if recipe.sync_batch_norm else processes.count
    if refusal := training.refusal(
        analysis, recipe.batch, processes=apart, targets=recipe.data.targets
    ):
        raise DesignerError(refusal)
    ready, recording = data_of(run, data_request(recipe, info), moved=moved, first=processes.first)
    check_data(ready, recipe, analysis, info)
    parts = ready.sized()
    assert parts.validation is not None
    every = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    stores: Stores | None = None
    if not info.inputs:
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
            larger={"train": ready.train_form},
        )
        closing.callback(stores.close)
    sampling = sampling_of(recipe, parts.train)
    preprocessing = _stored_preprocessing(run)
    if preprocessing is None:
        order = sampling.order(0)
        store = None if stores is None else stores.get("train")
        if store is not None:
            own = processes.part_of(order, batch=recipe.batch // processes.count)
            store.decode_ahead(own.numpy())
        preprocessing = fitted_preprocessing(ready, recipe, order, store, inputs=info.inputs)
    if stores and recipe.augmentation.color_noise and not preprocessing.color_components:
        preprocessing = with_color_components(preprocessing, ready, sampling.order(0), stores)

    torch.manual_seed(recipe.seed)
    np.random.seed(recipe.seed % 2**32)
    network = module_of_run(run)
    with devices.enough_memory("to_device", network=info.name):
        network = devices.placed(network, device)
    about_norms = processes.prepare_norms(network, recipe, device)
    processes.join(device)
    closing.callback(processes.leave)
    if processes.rank:  # every process draws for itself
        torch.manual_seed(recipe.seed + processes.rank)

    findings = (
        *ready.data.findings,
        *resampling_findings(ready.data, ready.parts, Resampling.of(recipe)),
    )
    notes = [_with_remedies(found) for found in findings if found.kind != "question"]
    if lowest := lowest_label(ready.data):
        notes.append(
            f"{begin_later(ready.data.name, lowest)} If they are numbered from {lowest}, "
            f"{_set('data.first_label', lowest)}."
        )
    notes.append(never_occur(ready.data.name, absent_classes(ready.data)))
    notes.append(without_image(ready.data.name, absent_labels(ready.data)))
    notes += _balance(ready.data, parts.train, recipe)
    notes.append(about_norms)
    if stores is not None:
        notes.append(on_mixed_images(recipe.augmentation, ready.data.target.kind))
    else:
        notes.append(without_pictures(recipe.augmentation, info.name))

    if (words := preprocessing.vocabulary) is not None and words.size > 1:
        (length,) = preprocessing.inputs[0].shape
        if looks_ahead(network, length, device):
            notes.append(
                f"What {info.name} gives at a token depends on the tokens behind it, among them "
                "the one that is to be predicted: its figures are too good, and it goes on badly "
                "with a text. Use attention with a causal mask, recurrent layers of one direction, "
                "and nothing else that brings tokens together."
            )

    def of(part: Part, name: str) -> Images:
        if preprocessing.vocabulary is not None:
            return text_windows(part, preprocessing, device=device, anywhere=name == "train")
        if stores is None:
            found = named_inputs(part, preprocessing, device=device)
        elif name == "train":
            augment = augmenter(recipe.augmentation, preprocessing)
            found = images(
                part,
                name,
                preprocessing,
                device=device,
                stores=stores,
                augment=augment,
                form=ready.train_form,
            )
        else:
            found = images(part, name, preprocessing, device=device, stores=stores)
        return OwnTargets(found) if preprocessing.gives_input else found

    train, validation = of(parts.train, "train"), of(parts.validation, "validation")
    test = None if parts.test is None else of(parts.test, "test")
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
        test_part=ready.parts.test,
        data_path=ready.data.path,
        sampling=sampling,
        things=ready.data.things,
    )


def load_in_advance(recipe: Recipe, info: NetworkInfo) -> None:
    """Import and read in advance what a training with this recipe starts with.

    Raises
    ------
    DesignerError
        The data cannot be read or brought to the network's size.
    """
    prepare_data_in_advance(data_request(recipe, info))


def data_request(recipe: Recipe, info: NetworkInfo) -> DataRequest:
    """Return which data a recipe names, for a network."""
    data = recipe.data
    wanted = tuple(Wanted(each.name, each.shape, each.integer) for each in info.inputs)
    return DataRequest(
        data.source,
        data.validation,
        data.test,
        data.limit,
        recipe.split_seed,
        info.input,
        read_options(data),
        fit=msgspec.convert(data.fit, Fit),
        classes=whole_numbers_are_classes(recipe),
        enlargement=enlargement(recipe.augmentation),
        stratified=data.stratified,
        labels=two_classes_are_a_label(recipe),
        inputs=wanted,
        network=info.name,
        resampling=Resampling.of(recipe),
    )


def _balance(data: DataSet, train: Part, recipe: Recipe) -> list[str]:
    """Return the sentences on classes that are rare in the training part or missing there."""
    if data.target.kind not in ("classes", "labels"):
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
    check_questions(ready.data)
    _check_size(ready, recipe)
    if not info.inputs:
        _check_channels(ready, analysis, info)
    _check_outputs(ready.data, recipe, info)
    check_numbers(ready.data, analysis)
    if not info.inputs and (refusal := too_large(recipe.data.preprocessing, info.picture)):
        raise DesignerError(refusal)
    if recipe.loss.center_weight and (
        refusal := features_misfit(analysis, recipe.loss.center_node)
    ):
        raise DesignerError(refusal)


def check_questions(data: DataSet) -> None:
    """Refuse data that can be read in more than one way until the recipe says which.

    Raises
    ------
    DesignerError
        Says all questions, with the options that answer them.
    """
    if data.questions:
        raise DesignerError(" ".join(map(_with_remedies, data.questions)))


def _set(name: str, value: object) -> str:
    """Return the remedy that changes a setting of the recipe, in a file or by an option."""
    option = options({name: value})
    return f"set {name} to {text_of(value)} (on the command line: {option})"


def _check_size(images: PreparedData, recipe: Recipe) -> None:
    """Refuse data without validation images, or with fewer than a batch."""
    name, count = images.data.name, len(images.parts.train)
    if images.data.target.kind == "tokens":
        count = windows_per_epoch(recipe, images.parts.train)
    things = images.data.things
    if recipe.batch > count:
        raise DesignerError(
            f"A batch of {recipe.batch:,} is larger than the {count:,} training {things} "
            f"of {name}: set batch to {count:,} or less (on the command line: "
            f"{options({'batch': count})})."
        )
    if recipe.step_images is not None and recipe.step_images > count:
        most = count // recipe.batch
        raise DesignerError(
            f"{recipe.accumulation:,} batches of {recipe.batch:,} are more than the {count:,} "
            f"training {things} of {name}: set accumulation to {most:,} or less (on the command "
            f"line: {options({'accumulation': most})})."
        )
    if images.parts.validation is None:
        raise DesignerError(
            f"{name} leaves no validation {things}: set data.validation above 0 (on the command "
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
    pictures = not info.inputs
    wanted = LOSSES[recipe.loss.name].targets
    if targets not in wanted:
        instead = ""
        if "labels" in wanted and targets == "classes":
            instead = f", or {_set('data.targets', 'labels')}"
        elif "labels" in wanted and targets == "numbers":
            instead = f", or, if they are 0 and 1, {_set('data.targets', 'labels')}"
        elif targets == "numbers" and data.target != numbers_target(data.outputs):
            instead = f", or, if they number classes, {_set('data.targets', 'classes')}"
        elif targets == "numbers":
            instead = ", or save class numbers, from 0, as integers"
        raise DesignerError(
            f"{data.name} has {targets} as targets, which {recipe.loss.name} does not take: "
            f"{_set('loss.name', losses_for(targets)[0])}{instead}."
        )
    if wrong := misfit(
        recipe, name=data.name, targets=targets, outputs=data.outputs, pictures=pictures
    ):
        option = options({wrong.setting: wrong.value})
        raise DesignerError(f"{wrong.sentence} On the command line: {option}.")
    if targets == "input":
        _check_gives_input(info)
        return
    if targets == "tokens":
        _check_tokens(data, info)
        return
    kind = {"classes": "classes", "labels": "labels", "numbers": "target values"}[targets]
    for output in info.outputs:
        if len(output.shape) != 1:
            shape = "x".join(map(str, output.shape))
            remedy = "insert a Flatten before it"
            if len(output.shape) == 2:  # tokens with a row of values each
                remedy = "average its rows with a Reduce, or keep one with a Slice and a Flatten"
            raise DesignerError(
                f"Output {output.name} of {info.name} is {shape} but must be a list of "
                f"{data.outputs} values: {remedy}, or, if the network is to give "
                f"its own input, {_set('data.targets', 'input')}."
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
            f"gives {size} {'value' if size == 1 else 'values'}: set its last layer to "
            f"{data.outputs}.{note}"
        )


def _check_gives_input(info: NetworkInfo) -> None:
    """Refuse a network that is to give its own input but whose outputs have another shape."""
    shapes = [each.shape for each in info.inputs] or [info.input]
    if len(shapes) > 1 or any(each.integer for each in info.inputs):
        raise DesignerError(
            f"{info.name} takes {shown_inputs(info.inputs)}, but data.targets is input, for which "
            f"a network has one input of decimal numbers: {_set('data.targets', 'auto')}."
        )
    for output in info.outputs:
        if output.shape != shapes[0]:
            own, wanted = ("×".join(map(str, shape)) for shape in (output.shape, shapes[0]))
            raise DesignerError(
                f"Output {output.name} of {info.name} is {own}, but data.targets is input, so that "
                f"it must be {wanted} as the Input: change the last layers, or "
                f"{_set('data.targets', 'auto')}."
            )


def _check_tokens(data: DataSet, info: NetworkInfo) -> None:
    """Refuse a network whose outputs are not one value for each token of the text's vocabulary."""
    length, size = info.inputs[0].shape[0], data.outputs
    for output in info.outputs:
        if output.shape == (length, size):
            continue
        own = "×".join(map(str, output.shape))
        remedy = "let its last layer give a row of values for each token that it reads"
        if output.shape[:-1] == (length,):
            remedy = f"set its last layer to {size}, and the Embedding to {size} tokens"
        raise DesignerError(
            f"{data.name} has {size:,} different tokens, so that output {output.name} of "
            f"{info.name} must be {length}×{size}, a value of each for each of the {length} tokens "
            f"of the input, but it is {own}: {remedy}."
        )


def sampling_of(recipe: Recipe, train: Part) -> Sampling | Windows:
    """Return in which order the images of the training part come."""
    images = recipe.step_images or recipe.batch
    if (windows := windows_of(recipe, train, images=images)) is not None:
        return windows
    length = len(train) // images * images
    if recipe.data.sampling == "balanced":
        return Balanced(torch.from_numpy(train.labels), length=length, seed=recipe.seed)
    return Shuffled(len(train), length=length, seed=recipe.seed)


def _stored_preprocessing(run: RunFolder) -> Preprocessing | None:
    """Return what the run wrote at its start; None before that."""
    begun = has_begun(run) and run.preprocessing_file.exists()
    return run.preprocessing() if begun else None
