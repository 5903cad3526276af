"""Training a run folder: it can be killed at any point and continues exactly where it was."""

import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from designer import leftovers
from designer.data.pictures import BrokenPicture
from designer.engine import checkpoint, device
from designer.engine.beginning import Events, Silence, initialize_weights, take_initial_weights
from designer.engine.broken_pictures import with_remedy
from designer.engine.loop import Loop, write_result
from designer.engine.module import own_layer_error
from designer.engine.preparation import prepare
from designer.engine.processes import Processes, connection_lost, note_failure
from designer.engine.recorded_data import remember_location
from designer.errors import BrokenPicturesError, DesignerError
from designer.runs import disk, links, lock
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.heartbeat import Heart
from designer.runs.result import Result
from designer.runs.states import COMPLETE, WORDS

_CHECKPOINT_EVENT = b'{"event":"checkpoint"'


def train(
    run: RunFolder,
    *,
    resume: bool = False,
    interrupt: threading.Event | None = None,
    data: Path | None = None,
) -> Result:
    """Train a run to its end, or until it is stopped, and write its result.

    A run that is refused at its start notes so in its events and its result. One that is refused
    when it is resumed from a checkpoint is left as it was.

    Parameters
    ----------
    run
        The folder of the run.
    resume
        Whether to continue from the last checkpoint, or from the start if there is none yet.
    interrupt
        Set from another thread, it stops the training within a step, as the command ``stop`` does.
    data
        Where the data of the run are now, if they were moved; remembered if they are the same.

    Raises
    ------
    DesignerError
        The run cannot be trained. The sentence is also in its events and its result, unless the
        run was refused and left as it was.
    """
    processes = Processes.current()
    with device.freed_memory_kept(), ExitStack() as stack:
        if processes.first:
            links.refuse(run.path)
            stack.enter_context(lock.held(run.lock))
            for folder in (run.path, run.last.parent, run.evaluation):
                leftovers.remove(folder, all_=True)
        start = _admitted(run, resume=resume)
        events: Events = Silence()

        def open_log() -> Events:
            if not processes.first:
                return Silence()
            writer = EventWriter(run.events, after=start["sequence"] if start else 0)
            run.result_file.unlink(missing_ok=True)
            return stack.enter_context(writer)

        loop: Loop | None = None
        moved = None if data is None else data.expanduser().absolute()
        batch = 1
        try:
            if not start:
                events = open_log()
            batch = run.recipe().batch
            heart = stack.enter_context(Heart(run.heartbeat if processes.first else None))
            with device.enough_memory("data"):
                prepared = prepare(
                    run, stack, threads=start["threads"] if start else None, moved=moved
                )
            stack.callback(prepared.recording.wait)
            loop = Loop(prepared, run, interrupt or threading.Event(), heart)
            if start:
                with device.enough_memory("file", path=run.last):
                    loop.restore(start)
                events = open_log()
            else:
                with device.enough_memory("initialization"):
                    initialize_weights(prepared, events)
                with device.enough_memory("initial_weights"):
                    take_initial_weights(prepared, run, events)
            if moved is not None and processes.first:
                remember_location(run, moved)
            return loop.run(events)
        except Exception as error:
            memory = device.out_of_memory_at_batch(error, batch)
            defect = "" if isinstance(error, DesignerError) else f"{type(error).__name__}: "
            broken: BrokenPicturesError | None = None
            if isinstance(error, BrokenPicture):
                broken = with_remedy(
                    error,
                    run,
                    moved=moved,
                    canceled=lambda: bool(interrupt and interrupt.is_set()),
                )
            own = own_layer_error(error, run) if defect else ""
            lost = connection_lost(error)
            message = lost or memory or own or f"{defect}{broken or error}"
            note_failure(message, lost=lost is not None)
            if isinstance(events, EventWriter):
                # The disk may be full or gone; the sentence is raised in any case.
                with suppress(DesignerError):
                    result = loop.result("failed") if loop else Result(status="failed")
                    events.write(
                        "failed", message=message, before_start=not (defect or result.steps)
                    )
                    skip = broken.skip if broken else None
                    write_result(run, msgspec.structs.replace(result, message=message, skip=skip))
            if lost or memory:
                raise DesignerError(message) from error
            if broken:
                raise broken from error
            raise


def _admitted(run: RunFolder, *, resume: bool) -> checkpoint.Content | None:
    """Return the checkpoint to continue from, None at the start; refuse a run that has ended."""
    result = run.result()
    started = run.events.exists() and run.events.stat().st_size > 0
    if not resume:
        if result or started:
            how = f"has ended already ({result.status})" if result else "was started already"
            raise DesignerError(f"The run {run.path} {how}: resume it, or begin a new run.")
        return None
    if result and result.status in COMPLETE:
        raise DesignerError(
            f"The run {run.path} is complete ({WORDS[result.status]}): to train it for more "
            f"epochs, use: netdesigner train-on {run.path} --epochs N"
        )
    disk.require_state(run)
    # A run killed before its first checkpoint starts again and gets the same numbers.
    if not run.last.exists() and not (started and _CHECKPOINT_EVENT in run.events.read_bytes()):
        return None
    content = checkpoint.load(run.last, source=run.source(), resume=True)
    _check_files_beside(run, content)
    return content


def _check_files_beside(run: RunFolder, content: checkpoint.Content) -> None:
    """Refuse to continue without what the run recorded of its data before its first step."""
    run.preprocessing()
    data = content.get("data")  # None in a checkpoint of version 0.1
    record = run.data()
    if data is not None and (record is None or record.examples != data):
        wrong = "is missing" if record is None else "is of other data than the checkpoint"
        raise DesignerError(
            f"{run.data_file} {wrong}, so that nobody can tell which examples the run was trained "
            "on: restore the file, or begin a new run that starts from this run's best weights."
        )
