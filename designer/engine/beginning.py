"""What a training does before its first step: initial weights, and what it writes about itself."""

import platform

import msgspec
import torch

from designer.engine import device, weights
from designer.engine.initialization import initialize
from designer.engine.inputs import Inputs
from designer.engine.preparation import Prepared
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.storage import unwritable, write_atomically


class Silence:
    """Stands for the event log in all processes but the first, which alone writes."""

    sequence = 0

    def write(self, event: str, **fields: object) -> None:
        """Write nothing."""

    def sync(self) -> None:
        """Write nothing."""

    def check(self) -> None:
        """Check nothing."""


Events = EventWriter | Silence


def initialize_weights(prepared: Prepared, events: Events) -> None:
    """Draw the weights as the recipe's initialization says, and note it in the log.

    LSUV sees the first batch of the first epoch.

    Raises
    ------
    DesignerError
        An image of the first batch cannot be read.
    """
    recipe = prepared.recipe

    def batch() -> Inputs:
        order = prepared.sampling.order(0)[: prepared.batch]
        return next(prepared.train.batches(order, prepared.batch))[0]

    notes = initialize(
        prepared.network, prepared.analysis, recipe.initialization, seed=recipe.seed, batch=batch
    )
    if notes and recipe.initial_weights:
        notes.append("It holds only for tensors that the initial weights do not have.")
    if notes:
        events.write("note", message=" ".join(notes))


def take_initial_weights(prepared: Prepared, run: RunFolder, events: Events) -> None:
    """Load the initial weights that the recipe names, if any, and write a report into the run.

    Raises
    ------
    DesignerError
        The weights cannot be read, or none of them fits.
    """
    source = prepared.recipe.initial_weights
    if not source:
        return
    report = weights.load(prepared.network, prepared.analysis, weights.read(source))
    if prepared.processes.first:
        try:
            encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
            write_atomically(run.weights_report, encoded + b"\n")
        except OSError as error:
            raise unwritable(run.weights_report, error) from error
    events.write(
        "weights",
        source=source,
        message=f"From {source}: {report.summary}",
        loaded=len(report.taken),
        fresh=len(report.fresh),
        refused=report.refused,
    )


def announce(prepared: Prepared, run: RunFolder, events: Events, *, step: int) -> None:
    """Write what the run must know into its folder, and the event ``start`` into its log.

    Data, preprocessing and environment are written once and never changed, but by a session that
    begins anew. The environment of each session is in its event ``start``.

    Parameters
    ----------
    prepared
        What is trained.
    run, events
        The folder of the run, and its log.
    step
        The steps done so far, by what is resumed.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    parts = {"train": prepared.train, "validation": prepared.validation, "test": prepared.test}
    environment = {
        "device": prepared.device.type,
        "device_name": device.title(prepared.device),
        "threads": torch.get_num_threads(),
        "processes": prepared.processes.count,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "platform": platform.platform(),
    }
    if prepared.processes.first:
        told, arrays = prepared.preprocessing.stored()
        files = {
            run.environment: msgspec.json.format(msgspec.json.encode(environment), indent=2)
            + b"\n",
            run.preprocessing_arrays: arrays,  # before the file that tells of them
            run.preprocessing_file: told,
        }
        try:
            run.last.parent.mkdir(exist_ok=True)
            for path, content in files.items():
                if content and (prepared.recording.anew or not path.exists()):
                    write_atomically(path, content)
            if prepared.recording.at_once:
                prepared.recording.begin(run)
        except OSError as error:
            raise unwritable(run.path, error) from error
    events.write(
        "start",
        **environment,
        step=step,
        epochs=prepared.recipe.epochs,
        steps_per_epoch=prepared.steps_per_epoch,
        batch=prepared.recipe.batch,
        mixed=prepared.recipe.augmentation.mixes,
        parameters=sum(weight.numel() for weight in prepared.network.parameters()),
        trainable=sum(
            weight.numel() for weight in prepared.network.parameters() if weight.requires_grad
        ),
        memory_bytes=device.total_bytes(prepared.device),
        things=prepared.things,
        counts={name: len(images) for name, images in parts.items() if images is not None},
    )
    for note in (*prepared.notes, prepared.precision.note):
        if note:
            events.write("note", message=note)
