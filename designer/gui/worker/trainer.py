"""The standby worker, the run that is being trained, and the run that is shown.

`Service`, `Follower` and the recipe are imported at their first use, so that the window appears
sooner.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.worker.checkpoint_watch import CheckpointWatch
from designer.gui.worker.inspection import Inspection
from designer.gui.worker.queue import LOOK, TrainingQueue, being_trained
from designer.preferences import Preferences, runs_folder
from designer.runs.folder import RunFolder, default_path, list_runs
from designer.runs.states import COMPLETE

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.gui.worker.follower import Follower
    from designer.gui.worker.service import Answer, Done, Progress, Service, Told
    from designer.recipe.recipe import Recipe
    from designer.runs import control
    from designer.runs.network import NetworkInfo


@dataclass(eq=False)
class _Job:
    """A training that this window started, and the process that works on it."""

    path: Path
    service: "Service"
    resume: bool
    answer: "Answer | None" = None
    settled: bool = False  # whether it was looked into why the process did not train

    def alive(self) -> bool:
        """Whether the process still works on it."""
        return self.answer is None and self.service.alive

    @property
    def message(self) -> str:
        """The message of the process: how it ended, or why it did not train."""
        return str((self.answer or {}).get("message", ""))


class Trainer(QObject):
    """Owns the standby worker and follows runs.

    One run at a time is shown and one is trained; they may be different runs. The panels listen to
    this object and know nothing of each other.

    Signals
    -------
    run_changed()
        Another run is shown, or none.
    events_arrived(events), restarted()
        Those of the shown run's `Follower`.
    state_changed()
        The state of the shown run or of the run being trained has changed.
    overlays_changed()
        The runs to draw together with the shown one have changed.
    runs_changed()
        Runs were created, deleted or renamed, or one ended.
    ensemble_wanted(ensemble)
        Runs are to be evaluated together: a `designer.runs.ensembles.Ensemble`.
    refused(sentence)
        An action failed, for the reason in the sentence.
    reported(sentence)
        Something was done that the user may not see: a training waits, or one was started.

    Attributes
    ----------
    shown, active
        The run that is shown, and the run that is being trained.
    overlays
        The runs whose curves are drawn together with those of the shown run.
    beginning
        Whether the folder of a new run is being written.
    queue
        The trainings that wait for the one that is being trained.
    inspection
        What is looked into.
    by_itself
        Whether the newest training was started by the queue, and not by a press of a button.
    """

    run_changed = Signal()
    events_arrived = Signal(list)
    restarted = Signal()
    state_changed = Signal()
    overlays_changed = Signal()
    runs_changed = Signal()
    ensemble_wanted = Signal(object)
    refused = Signal(str)
    reported = Signal(str)

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preferences = preferences
        self.shown: Follower | None = None
        self.active: Follower | None = None
        self.overlays: dict[Path, Follower] = {}
        self.beginning = False
        self.by_itself = False
        self.inspection = Inspection(self, self)
        self.state_changed.connect(CheckpointWatch(self, self.inspection, self).decide)
        self._standby: Service | None = None
        self._expected: Answer | None = None  # the request to read the next training's data ahead
        self._job: _Job | None = None
        self._closed = False
        self._ended: Path | None = None  # the run that was trained last
        self._looking = False
        self._watch = QTimer(self, interval=LOOK)
        self._watch.timeout.connect(self._look_around)
        self.queue = TrainingQueue(self, self)
        self.queue.refused.connect(self.refused)
        self.queue.reported.connect(self.reported)
        self.queue.changed.connect(self.state_changed)

    @property
    def runs_folder(self) -> Path:
        """The folder that contains the run folders."""
        return runs_folder(self.preferences)

    @property
    def ready(self) -> bool:
        """Whether a worker with torch loaded and the data read is waiting for Train."""
        standby = self._standby
        return standby is not None and standby.loaded and standby.prepared and standby.idle

    @property
    def occupied(self) -> bool:
        """Whether this window trains a run or is about to."""
        return self.beginning or (self.active is not None and self.active.going)

    @property
    def steered(self) -> "Follower | None":
        """The run that buttons and keys pause or stop: the shown one, unless it has ended."""
        shown_runs = self.shown is not None and self.shown.going
        return self.shown if shown_runs else self.active

    # The window's life

    def window_shown(self) -> None:
        """Start the standby worker and look for a running training, once the window is visible."""
        background.run(self, lambda: _being_trained(self.runs_folder), self._attach)
        self._keep_standby()

    def preferences_changed(self) -> None:
        """Apply the changed preferences."""
        self._keep_standby()
        self.runs_changed.emit()

    def may_close(self, window: QWidget) -> bool:
        """Ask whether a running training continues or stops; False keeps the window open."""
        running = self.active.run.path.name if self.active and self.active.going else ""
        waiting = [path.name for path in self.queue.runs]
        if not running and not waiting:
            return True
        from designer.gui.worker import closing

        answer = closing.ask(window, running, waiting)
        if answer == "stop":
            self.queue.close()  # none of those that wait is started
            if self.active is not None:
                self._send(self.active, "stop")
        elif answer == "remove":
            self.queue.remove(self.queue.runs)
        return answer != "cancel"

    def close(self) -> None:
        """Release the workers; one that trains continues to the end of the training."""
        if self._closed:
            return
        self._closed = True
        self._watch.stop()
        self.queue.close()
        for service in {self._standby, self._job.service if self._job is not None else None}:
            if service is not None:
                service.release()
        self._standby = None
        for follower in {self.shown, self.active, *self.overlays.values()}:
            if follower is not None:
                follower.close()

    # Workers

    def ask(self, request: "Answer", done: "Done") -> None:
        """Send a request other than training to the standby worker, started if there is none.

        Parameters
        ----------
        request
            What to do, as described in `designer.engine.worker`.
        done
            Called with the answer. It has `ok`, and `message` if that is false.
        """
        self._ready_service().ask(request, done)

    def preview(self, request: "Answer", done: "Done") -> None:
        """Ask for draws of pictures; never the process that trains, nor one that Train waits for.

        Parameters and answer are those of `ask`.
        """
        self._ready_service().ask({"do": "preview", **request}, done, quick=True)

    def inspect(
        self, request: "Answer", done: "Done", progress: "Progress | None" = None
    ) -> Callable[[], None]:
        """Ask to look into a network; never the process that trains, nor one that Train waits for.

        Beside a training it takes one thread: with more, each would wait for the others' cores.

        Parameters
        ----------
        request
            A request of `designer.engine.inspect.requests`.
        done, progress
            As in `Service.ask`.

        Returns
        -------
        Callable
            Ends the work on the request early.
        """
        threads = {"threads": 1} if self.active is not None and self.active.going else {}
        service = self._ready_service()
        device = {"device": self.preferences.device}
        number = service.ask({**device, **request, **threads}, done, quick=True, progress=progress)
        return lambda: service.cancel(number)

    def open_network(self, request: "Answer", done: "Done", told: "Told") -> Callable[[], None]:
        """Ask for a network from elsewhere, as a design; never the process that trains.

        Parameters
        ----------
        request
            The request "open" of `designer.engine.worker`.
        done, told
            As in `Service.ask`.

        Returns
        -------
        Callable
            Ends the work on the request early.
        """
        service = self._ready_service()
        number = service.ask({"do": "open", **request}, done, told=told)
        return lambda: service.cancel(number)

    def _new_service(self) -> "Service":
        from designer.gui.worker.service import Service

        return Service(self)

    def _new_follower(self, path: Path, *, alive: Callable[[], bool] | None = None) -> "Follower":
        from designer.gui.worker.follower import Follower

        return Follower(path, self, alive=alive)

    def _ready_service(self) -> "Service":
        """Return the worker that is not training; start one if there is none."""
        if self._standby is None or not self._standby.alive:
            standby = self._standby = self._new_service()
            standby.ended.connect(lambda: self._service_ended(standby))
            if self._expected is not None:
                self._standby.expect(self._expected)
        return self._standby

    def _keep_standby(self) -> None:
        if self._closed:
            return
        if self.preferences.standby:
            self._ready_service()
        elif self._standby is not None and not self._standby.wanted:
            self._standby.release()
            self._standby = None

    def _service_ended(self, service: "Service") -> None:
        if service is self._standby:
            self._standby = None
            # A worker that dies while it loads is not replaced: the next one would die, too.
            if service.loaded:
                self._keep_standby()

    # Training

    def expect(self, recipe: "Recipe", network: "NetworkInfo") -> None:
        """Let the standby worker read the data of the next training ahead.

        Parameters
        ----------
        recipe
            The recipe of that training.
        network
            What it trains.
        """
        request = {
            "do": "prepare",
            "recipe": msgspec.to_builtins(self.own(recipe)),
            "network": msgspec.to_builtins(network),
        }
        if request != self._expected:
            self._expected = request
            if self._standby is not None:
                self._standby.expect(request)

    def own(self, recipe: "Recipe") -> "Recipe":
        """Return a recipe with the device of the preferences, unless it names a device itself."""
        if recipe.device == "auto" and self.preferences.device != "auto":
            from designer.recipe.reading import changed

            return changed(recipe, {"device": self.preferences.device})
        return recipe

    def begin(self, design: "Design", recipe: "Recipe") -> None:
        """Write a run folder for a design and train it; errors are sent by `refused`."""
        recipe = self.own(recipe)
        self.beginning = True
        self._ready_service()  # loads torch while the folder is being written
        self.state_changed.emit()

        def write() -> Path:
            from designer.runs.begin import begin

            return begin(default_path(self.runs_folder, design.name), design, recipe).path

        background.run(self, write, self._has_begun, self._not_begun)

    def _has_begun(self, path: Path) -> None:
        self.beginning = False
        self.train(path)
        self.runs_changed.emit()
        self.queue.advance()  # if the worker could not be started

    def _not_begun(self, sentence: str) -> None:
        self.beginning = False
        self._keep_standby()
        self.state_changed.emit()
        self.refused.emit(sentence)

    def train(self, path: Path, resume: bool = False) -> None:
        """Let a worker train a run, or let it wait while another is trained.

        Errors are sent by `refused`.
        """
        if self.active is not None and self.active.going:
            if self.active.run.path != path:
                self.queue.add(path, resume=resume)
            return
        problem = self.start(path, resume=resume, show=True)
        if problem:
            self.refused.emit(problem)

    def start(
        self, path: Path, *, resume: bool, show: bool = False, data: Path | None = None
    ) -> str:
        """Let a worker train a run; return why that is not possible, "" if it is.

        Parameters
        ----------
        path
            The run folder.
        resume
            Whether to continue from the checkpoint.
        show
            Whether to show the run even if the user looks at one that did not just end.
        data
            Where the data of a run that is resumed are now, if they were moved.
        """
        try:
            job = self._employ(path, resume=resume, data=data)
        except DesignerError as error:
            return str(error)
        before, self._job = self._job, job
        self.by_itself = not show
        if self.shown is not None and self.shown.run.path == path:
            self.shown.revived(job.alive)
            self._set_active(self.shown)
        else:
            follower = self._new_follower(path, alive=job.alive)
            self._set_active(follower)
            if show or self.shown is None or (before and before.path == self.shown.run.path):
                self._set_shown(follower)
        self.state_changed.emit()
        return ""

    def _employ(self, path: Path, *, resume: bool, data: Path | None) -> _Job:
        """Let the standby worker train a run, or a new worker if the standby is busy."""
        RunFolder.open(path)
        service = self._ready_service()
        if service.idle:
            self._standby = None
        else:
            service = self._new_service()
        job = _Job(path, service, resume)
        request = {"do": "train", "run": str(path.absolute()), "resume": resume}
        if data is not None:
            request["data"] = str(data.absolute())
        service.ask(request, lambda answer: self._answered(job, answer))
        return job

    def _answered(self, job: _Job, answer: "Answer") -> None:
        """Handle the answer of a worker that trained: it finished, failed or died.

        A waiting training may have been started since, as its folder shows the end sooner.
        """
        job.answer = answer
        # Not reused: its threads, random generators and memory are set up for this recipe.
        job.service.release()
        self._keep_standby()
        if self.active is not None:
            self.active.look()
        self.state_changed.emit()  # the follower may have seen the end before this message came
        self._settle(job)

    def _settle(self, job: _Job) -> None:
        """Remove a run that was refused before its first step, and say why it was refused.

        It waits for the answer of the process and until the follower has seen the end.
        """
        seen = self.active is None or self.active.run.path != job.path
        answer = job.answer
        if job.settled or not seen or answer is None or answer.get("ok") or answer.get("died"):
            return
        job.settled = True
        run = RunFolder(job.path)

        def look() -> bool:
            from designer.runs.discard import discard_refused

            return (not job.resume or run.origin() is not None) and discard_refused(run)

        def settle(removed: bool) -> None:
            shown = self.shown is not None and self.shown.run.path == job.path
            if removed:
                self.forget(job.path)
                self.runs_changed.emit()
            if removed and shown:  # else the panel says it in place of how the run ended
                self.refused.emit(job.message)

        background.run(self, look, settle, self.refused.emit)

    def resume(self, path: Path, data: Path | None = None) -> None:
        """Resume a run that was stopped or interrupted; `data` is where its data were moved."""
        if data is None:
            self.train(path, resume=True)
        elif self.occupied:
            self.refused.emit(
                "Another training is in progress: say where the data are once it has ended."
            )
        elif problem := self.start(path, resume=True, show=True, data=data):
            self.refused.emit(problem)

    def write_child(self, parent: Path, epochs: int, changes: Mapping[str, Any]) -> Path:
        """Write the run that trains another one on, and return its folder; call it in a thread.

        Parameters
        ----------
        parent
            The run that is continued.
        epochs
            The number of further epochs.
        changes
            New values of settings by dotted names.

        Raises
        ------
        DesignerError
            The parent cannot be trained on, or the folder cannot be written.
        """
        from designer.runs.train_on import train_on

        run = RunFolder.open(parent)
        child = default_path(self.runs_folder, run.network().name)
        return train_on(run, child, epochs=epochs, changes=changes).path

    def train_now(self, path: Path) -> None:
        """Train a waiting run before all others; the one being trained is stopped and waits."""
        active = self.active
        going = active is not None and active.going
        self.queue.train_now(path, active.run.path if active is not None and going else None)
        if active is not None and going:
            self._send(active, "stop")

    def steer(self, command: "control.CommandName", value: float | None = None) -> None:
        """Send a command to the run in `steered`; errors are sent by `refused`."""
        if self.steered is not None:
            self._send(self.steered, command, value)

    def _send(
        self, follower: "Follower", command: "control.CommandName", value: float | None = None
    ) -> None:
        try:
            from designer.runs import control

            control.send(follower.run.control, command, value=value)
        except DesignerError as error:
            self.refused.emit(str(error))

    def tried(self, follower: "Follower") -> bool:
        """Tell whether a worker was asked to train a run, here or, by its output, elsewhere."""
        here = self._job is not None and self._job.path == follower.run.path
        return here or bool(follower.last_line)

    def ending_of(self, follower: "Follower") -> str:
        """Return a sentence on why an interrupted run has no result."""
        from designer.gui.worker.service import ending, with_last_line

        last_line = follower.last_line
        if self._job is not None and self._job.path == follower.run.path:
            message = self._job.message
            return message if last_line in message else with_last_line(message, last_line)
        return ending(None, last_line)

    def refusal_of(self, path: Path) -> str:
        """Return why the newest worker that was asked to train a run did not, "" if it did."""
        job = self._job
        if job is None or job.path != path or job.answer is None or job.answer.get("ok"):
            return ""
        return job.message

    def lacks_data(self, path: Path) -> bool:
        """Whether the newest worker refused a run as its data are not found or are others."""
        answer = self._job.answer if self._job is not None else None
        return bool(self.refusal_of(path) and answer and answer.get("other_data"))

    def skip_of_refused(self) -> tuple[str, ...] | None:
        """Return what leaves out the broken pictures for which the newest worker did not train.

        It is a value of the setting ``data.skip``, empty if not all of them are known; None if
        the worker trained or had another reason.
        """
        answer = self._job.answer if self._job is not None else None
        skip = (answer or {}).get("skip")
        return tuple(skip) if skip is not None else None

    # Showing

    def show(self, path: Path | None) -> None:
        """Show a run, or none for None."""
        self.by_itself = False
        if path is None:
            self._set_shown(None)
        elif self.shown is not None and self.shown.run.path == path:
            self.run_changed.emit()  # the panel comes to the front again
        elif self.active is not None and self.active.run.path == path:
            self._set_shown(self.active)
        else:
            self._set_shown(self._new_follower(path))

    def overlay(self, path: Path, wanted: bool) -> None:
        """Draw an earlier run together with the shown one, or stop drawing it."""
        if wanted == (path in self.overlays):
            return
        if wanted:
            follower = self._new_follower(path)
            follower.changed.connect(self.overlays_changed)
            self.overlays[path] = follower
        else:
            self.overlays.pop(path).close()
        self.overlays_changed.emit()

    def forget(self, path: Path) -> None:
        """Stop showing a run, because its folder is about to be deleted or renamed."""
        self.overlay(path, False)
        if self.active is not None and self.active.run.path == path:
            self.active = None
        if self.shown is not None and self.shown.run.path == path:
            self.show(None)

    def _attach(self, path: Path | None) -> None:
        """Show a run that another window started and that is still being trained."""
        if self._closed:
            return
        if path is not None and self.active is None:
            follower = self._new_follower(path)
            self._set_active(follower)
            self._set_shown(follower)
        self.queue.open()
        self._watch.start()

    def _look_around(self) -> None:
        """Look for a training that another window or the command line has begun."""
        if self._closed or self._looking or self.occupied:
            return
        self._looking = True
        background.run(self, lambda: being_trained(self.runs_folder), self._found, self._not_found)

    def _not_found(self, _: str) -> None:
        self._looking = False

    def _found(self, path: Path | None) -> None:
        """Follow a training that was begun elsewhere; show it in place of the one before it."""
        self._looking = False
        if path is None or self._closed or self.occupied:
            return
        shown = self.shown
        if shown is not None and shown.run.path == path:
            if shown.going:
                self._set_active(shown)
        else:
            self.by_itself = True
            follower = self._new_follower(path)
            self._set_active(follower)
            if shown is None or shown.run.path == self._ended:
                self._set_shown(follower)
        self.reported.emit(f"{path.name} is being trained, begun by another window or a command.")
        self.runs_changed.emit()
        self.state_changed.emit()

    def _set_active(self, follower: "Follower") -> None:
        old, self.active = self.active, follower
        if old is not None and old not in (self.shown, follower):
            old.close()
        if follower is not old:
            follower.changed.connect(self._active_changed)

    def _active_changed(self) -> None:
        active = self.active
        if active is None:
            return
        if active.looked and not active.going:
            self.active, self._ended = None, active.run.path
            active.changed.disconnect(self._active_changed)
            if active is not self.shown:
                active.close()
            self.runs_changed.emit()
            self.state_changed.emit()
            self.queue.ended(self._failure_of(active))
            if self._job is not None and self._job.path == active.run.path:
                self._settle(self._job)
            return
        if active.state == "running":
            self.queue.begun()
        self.state_changed.emit()

    def _failure_of(self, follower: "Follower") -> str:
        """Return a sentence on a training that did not end as planned, "" if it did."""
        if follower.state in COMPLETE or follower.state == "stopped":
            return ""
        result = follower.result
        words = (result.message if result is not None else "") or follower.sentence
        return f"{follower.run.path.name} failed. {words or self.ending_of(follower)}"

    def _set_shown(self, follower: "Follower | None") -> None:
        old = self.shown
        if old is follower:
            return
        if old is not None:
            for signal, own in self._forwarded(old):
                signal.disconnect(own)
            if old is not self.active:
                old.close()
        self.shown = follower
        if follower is not None:
            for signal, own in self._forwarded(follower):
                signal.connect(own)
        self.run_changed.emit()

    def _forwarded(self, follower: "Follower") -> tuple[tuple[Any, Any], ...]:
        """Return the signals of a follower, each with the one of this object that repeats it.

        Typed as Any: in PySide's stubs, signals with different arguments have no common type.
        """
        return (
            (follower.arrived, self.events_arrived),
            (follower.restarted, self.restarted),
            (follower.changed, self.state_changed),
        )


def _being_trained(folder: Path) -> Path | None:
    """Return the newest run that a worker is training, None if there is none."""
    return next((run.path for run in list_runs(folder) if run.worker() is not None), None)
