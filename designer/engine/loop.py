"""The training loop: a plain loop over epochs and steps, with all that its state consists of."""

import math
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from designer.engine import checkpoint, device, divergence
from designer.engine.batches import Batch, Images
from designer.engine.beginning import Events, Silence, announce
from designer.engine.decisions import decisions
from designer.engine.divergence import Diverged
from designer.engine.evaluation import evaluate, write_details
from designer.engine.freezing import freeze, groups
from designer.engine.layer_statistics import Statistics, count_rows, watched
from designer.engine.losses import Objective
from designer.engine.optimizers import optimizer
from designer.engine.preparation import Prepared
from designer.engine.progress import Pace, Progress
from designer.engine.schedules import LearningRate
from designer.engine.steering import Steering
from designer.engine.tally import Tally
from designer.errors import DesignerError
from designer.recipe.optimizers import Optimizer
from designer.runs.control import Command
from designer.runs.folder import RunFolder
from designer.runs.heartbeat import Heart
from designer.runs.layer_statistics import interval
from designer.runs.result import Best, Metrics, Result, Status
from designer.runs.states import COMPLETE
from designer.storage import unwritable, write_atomically


class Loop:
    """The training loop and its state: step, validate, checkpoint, obey commands.

    Parameters
    ----------
    prepared
        Network, data and device.
    run
        The folder of the run.
    interrupt
        Stops the training when it is set.
    heart
        Is told what the training does, for readers who wait.
    """

    def __init__(
        self,
        prepared: Prepared,
        run: RunFolder,
        interrupt: threading.Event,
        heart: Heart,
    ) -> None:
        recipe = prepared.recipe
        self._prepared = prepared
        self._recipe = recipe
        self._run = run
        self._origin = run.origin()
        self._trains_on = False  # whether this session is the first of a run with an origin
        self._events: Events = Silence()
        self._processes = prepared.processes
        self._network = prepared.network
        freeze(prepared.network, prepared.analysis)
        self._parameters = [each for each in prepared.network.parameters() if each.requires_grad]
        self._objective = Objective(
            recipe.loss, prepared.info.outputs, weights=prepared.class_weights
        )
        self._decisions = decisions(prepared.preprocessing, recipe.loss, prepared.device)
        self._optimizer = optimizer(
            recipe.optimizer,
            groups(prepared.network, prepared.analysis),
            device=prepared.device,
        )
        self._rate = LearningRate(
            recipe.schedule,
            base=recipe.optimizer.learning_rate,
            epochs=recipe.epochs,
            steps_per_epoch=prepared.steps_per_epoch,
        )
        self._scaler = torch.amp.GradScaler("cuda") if prepared.precision.needs_scaler else None
        self._interrupt = interrupt
        self._heart = heart
        self._begin_at(Progress())
        self._memory = device.Memory(prepared.device)
        self._tally = Tally(
            self._decisions,
            device=prepared.device,
            processes=prepared.processes,
            interval=recipe.log_interval,
        )
        layers = watched(prepared.network, prepared.analysis)
        every = interval(
            recipe.statistics if prepared.processes.first else 0,
            rows=count_rows(layers),
            steps=recipe.epochs * prepared.steps_per_epoch,
        )
        self._statistics = Statistics(layers, every=every)
        self._loss = 0.0  # of the last step read
        self._accuracy: float | None = None  # of the last step read

    def _begin_at(self, progress: Progress, *, taken: int = 0) -> None:
        """Start from a progress, with `taken` lines of the control file obeyed before."""
        recipe, steps = self._recipe, self._recipe.epochs * self._prepared.steps_per_epoch
        self._progress = progress
        self._pace = Pace(progress, batch=recipe.batch, steps=steps)
        self._steering = Steering(self._run, recipe, self._processes, self._interrupt, taken=taken)

    def restore(self, content: checkpoint.Content) -> None:
        """Continue from a checkpoint.

        Raises
        ------
        DesignerError
            The data, the batch or the optimizer were changed, so that the checkpoint does not fit.
        """
        if content["steps_per_epoch"] != self._prepared.steps_per_epoch:
            raise DesignerError(
                f"The checkpoint {self._run.last} counts {content['steps_per_epoch']:,} steps an "
                f"epoch, but data and batch now give {self._prepared.steps_per_epoch:,}: "
                "put them back, or begin a new run."
            )
        now = self._optimizer_recipe()
        # Settings that a checkpoint's version did not have are at their defaults in it.
        before = {**msgspec.to_builtins(Optimizer()), **content.get("optimizer_recipe", now)}
        if changed := [f"{name} was {before[name]}" for name in now if before[name] != now[name]]:
            raise DesignerError(
                f"The checkpoint {self._run.last} is of another optimizer than the recipe's "
                f"({', '.join(changed)}): put that back, or begin a new run."
            )
        with checkpoint.fitting(self._run.last):
            self._network.load_state_dict(content["network"])
            checkpoint.restore_optimizer(self._optimizer, content["optimizer"])
            self._rate.restore(content["rate"])
            if self._scaler is not None:
                self._scaler.load_state_dict(content["scaler"])
            progress = msgspec.convert(content["progress"], Progress)
            taken = content["taken"]
            if self._processes.first:
                checkpoint.restore_generators(content["generators"])
        origin = self._origin
        if origin is not None and content.get("origin") != origin.parent:
            # The checkpoint is the parent's, whose control file is not that of this run.
            self._trains_on, taken, progress.bad_epochs = True, 0, 0
            if "optimizer.learning_rate" in origin.changes:
                self._rate.forget_changes()
        self._begin_at(progress, taken=taken)

    def run(self, events: Events) -> Result:
        """Train to the end, evaluate the best weights, and write events and the result."""
        self._events = events
        announce(self._prepared, self._run, self._events, step=self._progress.steps)
        if self._trains_on:
            self._announce_parent()
        message = None
        try:
            with self._written_statistics():
                status = self._train()
        except Diverged as outcome:
            status, message = "diverged", str(outcome)
        test = None
        if self._processes.first and status in COMPLETE:
            test = self._test()
        result = self.result(status, test=test, message=message)
        if self._processes.first:
            write_result(self._run, result)
            self._events.write("end", **msgspec.to_builtins(result))
        return result

    def _written_statistics(self) -> AbstractContextManager[None]:
        """Write statistics of the layers while the first process trains."""
        if not self._processes.first:
            return nullcontext()
        return self._statistics.writing(self._run.layers, after=self._progress.steps)

    def _announce_parent(self) -> None:
        """Write the event ``train_on`` that marks where the epochs of this run begin."""
        progress, origin = self._progress, self._origin
        assert origin is not None
        rate = self._rate.at(progress.steps)
        more = self._recipe.epochs - progress.epoch
        self._events.write(
            "train_on",
            parent=origin.parent,
            step=progress.steps,
            epoch=progress.epoch,
            lr=rate,
            message=(
                f"Trains {origin.parent} on from epoch {progress.epoch} for {more} more "
                f"{'epoch' if more == 1 else 'epochs'}, at a learning rate of {rate:.3g}."
            ),
        )

    def result(
        self, status: Status, *, test: Metrics | None = None, message: str | None = None
    ) -> Result:
        """Return the result up to now."""
        self._pace.tick()
        progress = self._progress
        return Result(
            status=status,
            epochs=progress.epoch,
            steps=progress.steps,
            best=progress.best,
            validation=progress.validation,
            test=test,
            seconds=progress.seconds,
            message=message,
        )

    # The loop

    def _train(self) -> Status:
        model: nn.Module = self._network
        if self._processes.several:
            model = DistributedDataParallel(model)
        model.train()
        freeze(self._network, self._prepared.analysis)
        progress, patience = self._progress, self._recipe.early_stopping
        if not progress.steps:
            self._keep()
        self._pace.restart()
        while progress.epoch < self._recipe.epochs:
            if patience and progress.bad_epochs >= patience:
                return "early_stopped"
            if not self._train_epoch(model):
                self._checkpoint("stop")
                return "stopped"
            self._end_epoch()
        return "finished"

    def _train_epoch(self, model: nn.Module) -> bool:
        """Train the rest of an epoch; return False if the training was stopped in it."""
        prepared, recipe, progress = self._prepared, self._recipe, self._progress
        optimizer, scaler, parameters = self._optimizer, self._scaler, self._parameters
        objective, clip = self._objective, recipe.gradient_clipping
        statistics = self._statistics
        lower_precision = self._autocast()
        batches = prepared.train.batches(self._order(), prepared.batch, start=progress.batches)
        for images, targets in batches:
            rate = self._rate.at(progress.steps)
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("lr_scale", 1.0)
            with lower_precision:
                with statistics.forward(progress.steps + 1):
                    outputs = model(images)
                loss = objective(outputs, targets)
            if prepared.processes.several and not objective.counts_samples:
                loss = self._of_whole_batch(loss, targets)
            if self._tally.note(loss, outputs, targets):
                self._read((images, targets))
            if scaler is None:
                loss.backward()  # type: ignore[no-untyped-call]
            else:
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            statistics.before_update(scale=self._scale, processes=prepared.processes.count)
            if clip is not None:
                if scaler is not None:
                    scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(parameters, clip)
            if scaler is None:
                optimizer.step()
            else:
                scaler.step(optimizer)
                scaler.update()
            for weight in parameters:
                weight.grad = None
            progress.batches += 1
            progress.steps += 1
            self._heart.step()
            statistics.after_update(
                step=progress.steps, epoch=progress.epoch_at_hand, images=images, loss=loss
            )
            if _is_logged(progress.steps, recipe.log_interval):
                self._log_step(rate)
            if self._steering.is_time_to_look(progress.steps) and not self._steer():
                return False
        return True

    def _of_whole_batch(self, loss: Tensor, targets: Tensor) -> Tensor:
        """Return the loss scaled so that its mean over all processes is that of the whole batch.

        The weighted mean of a process is divided by the weights of its own images.
        """
        share = self._objective.share(targets)
        return loss * (share / self._processes.mean(share.clone()))

    def _order(self) -> Tensor:
        """Return the order of this process's images, which depends on seed and epoch alone."""
        prepared = self._prepared
        whole = prepared.sampling.order(self._progress.epoch)
        return self._processes.part_of(whole, batch=prepared.batch)

    def _scale(self) -> float:
        """Return by how much losses are multiplied before their gradients are computed."""
        return 1.0 if self._scaler is None else self._scaler.get_scale()

    def _autocast(self) -> AbstractContextManager[Any]:
        lower = self._prepared.precision.lower
        return nullcontext() if lower is None else torch.autocast("cuda", dtype=lower)

    def _read(self, batch: Batch | None = None) -> None:
        """Add up the steps not yet read, and check that their losses are finite.

        Parameters
        ----------
        batch
            The batch of the newest step, if its gradient was not computed yet.
        """
        progress = self._progress
        read = self._tally.read()
        if not read.losses:
            return
        for number, loss in enumerate(read.losses, start=1 - len(read.losses)):
            if not math.isfinite(loss):
                done = progress.steps + (0 if batch is None else 1)
                raise Diverged(self._explained(loss, step=done + number, batch=batch))
            # Added one by one, so that the sum does not depend on how many are read together.
            progress.loss_sum += loss
        progress.hits += sum(read.hits)
        self._loss = read.losses[-1]
        if self._decisions.each:
            self._accuracy = read.hits[-1] / (self._recipe.batch * self._decisions.each)

    def _explained(self, loss: float, *, step: int, batch: Batch | None) -> str:
        """Return a sentence on where a loss that is not finite comes from, and what helps."""

        def again() -> Tensor:
            assert batch is not None
            return self._objective(self._network(batch[0]), batch[1])

        rate = self._rate.at(self._progress.steps)
        if batch is None:  # of several processes or on an accelerator
            where = "the layer is not known, as several steps were read together"
        else:
            where = divergence.origin(self._network, again)
        return (
            f"The loss became {loss} at step {step:,} (epoch {self._progress.epoch + 1}): {where}; "
            f"lower the learning rate (it was {rate:.3g}) or set gradient_clipping."
            f"{self._checkpoint_before()}"
        )

    def _end_epoch(self) -> None:
        """Validate, keep the weights if they are the best, and write a checkpoint."""
        self._heart.busy()
        self._read()
        prepared, progress = self._prepared, self._progress
        taken = prepared.steps_per_epoch * self._recipe.batch * self._decisions.each
        train = Metrics(
            loss=progress.loss_sum / prepared.steps_per_epoch,
            accuracy=progress.hits / taken if taken else None,
        )
        first = self._processes.first
        validation: Metrics = self._processes.share(
            self._metrics(prepared.validation) if first else None
        )
        if not math.isfinite(validation.loss):
            broken = divergence.broken_weights(self._network)
            where = f"{broken[-1]} is not finite" if broken else "the weights are finite"
            raise Diverged(
                f"The validation loss became {validation.loss} in epoch {progress.epoch + 1} "
                f"({where}): lower the learning rate or set gradient_clipping."
            )
        progress.validation = validation
        progress.epoch += 1
        progress.batches, progress.loss_sum, progress.hits = 0, 0.0, 0
        self._rate.epoch_ended(validation.loss)
        progress.bad_epochs += 1
        if progress.best is None or validation.loss < progress.best.loss:
            progress.bad_epochs = 0
            progress.best = Best(
                epoch=progress.epoch, loss=validation.loss, accuracy=validation.accuracy
            )
            self._save_best()
        self._keep()
        self._pace.tick()
        seconds, progress.epoch_seconds = progress.epoch_seconds, 0.0
        self._events.write(
            "epoch",
            epoch=progress.epoch,
            step=progress.steps,
            train=train,
            validation=validation,
            best=progress.best.epoch == progress.epoch,
            seconds=seconds,
            seconds_in_all=progress.seconds,
            seconds_left=self._pace.seconds_left(),
        )
        self._checkpoint("epoch")
        self._pace.restart()

    def _metrics(self, images: Images) -> Metrics:
        with self._autocast():
            return evaluate(
                self._network,
                images,
                self._objective,
                self._decisions,
                batch=self._prepared.batch,
            )

    def _test(self) -> Metrics | None:
        """Evaluate the best weights on the test part and write the details."""
        self._heart.busy()
        prepared = self._prepared
        if prepared.test is None:
            return None
        best = checkpoint.load(self._run.best, source=prepared.source)
        self._network.load_state_dict(best["network"])
        with self._autocast():
            write_details(
                self._network,
                prepared.test,
                self._objective,
                self._decisions,
                batch=prepared.batch,
                preprocessing=prepared.preprocessing,
                run=self._run,
            )
        return self._metrics(prepared.test)

    # Checkpoints

    def _checkpoint(self, reason: str) -> None:
        self._heart.busy()
        self._read()
        if broken := divergence.broken_weights(self._network):
            raise Diverged(
                f"{broken[-1]} became NaN or infinite at step {self._progress.steps:,}: "
                "lower the learning rate or set gradient_clipping."
                f"{self._checkpoint_before()}"
            )
        self._pace.tick()
        self._steering.saved()
        if not self._processes.first:
            return
        self._prepared.recording.finish(self._run)
        record = self._run.data()
        self._events.sync()
        content = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "optimizer_recipe": self._optimizer_recipe(),
            "rate": self._rate.state(),
            "scaler": None if self._scaler is None else self._scaler.state_dict(),
            "generators": checkpoint.generators(),
            "progress": msgspec.to_builtins(self._progress),
            "steps_per_epoch": self._prepared.steps_per_epoch,
            "origin": None if self._origin is None else self._origin.parent,
            "data": None if record is None else record.examples,
            "threads": torch.get_num_threads(),
            "sequence": self._events.sequence + 1,  # of the event below
            "taken": self._steering.taken,
        }
        checkpoint.save(self._run.last, content, source=self._prepared.source)
        progress = self._progress
        self._events.write(
            "checkpoint", step=progress.steps, epoch=progress.epoch_at_hand, reason=reason
        )

    def _checkpoint_before(self) -> str:
        return " The last checkpoint is from before." if self._run.last.exists() else ""

    def _optimizer_recipe(self) -> dict[str, Any]:
        """Return the optimizer's settings that must not change on resuming: all but the rate."""
        fields: dict[str, Any] = msgspec.to_builtins(self._recipe.optimizer)
        del fields["learning_rate"]
        return fields

    def _save_best(self) -> None:
        if self._processes.first:
            self._events.check()
            best = msgspec.to_builtins(self._progress.best)
            self._save_weights(self._run.best, best=best)

    def _keep(self) -> None:
        """Keep the weights as they are, if the recipe says so for the number of epochs done.

        They are written before the checkpoint of the same epoch, so that a run which is killed in
        between writes them again when it is resumed.
        """
        epoch, interval = self._progress.epoch, self._recipe.keep_checkpoints
        if interval is not None and epoch % interval == 0 and self._processes.first:
            self._save_weights(self._run.kept(epoch))

    def _save_weights(self, path: Path, **more: Any) -> None:
        content = {
            "network": self._network.state_dict(),
            "preprocessing": msgspec.to_builtins(self._prepared.preprocessing),
            **more,
        }
        checkpoint.save(path, content, source=self._prepared.source)

    # Steering

    def _steer(self) -> bool:
        """Obey the new commands; return whether to continue training."""
        paused = False
        while True:
            commands = self._steering.commands()
            was_paused = paused
            for command in commands:
                match command.command:
                    case "set_lr" | "scale_lr" | "schedule_lr":
                        self._change_rate(command)
                    case "checkpoint":
                        self._checkpoint("command")
            # The last one counts: a resume cancels an unread pause or stop.
            for command in reversed(commands):
                if command.command == "stop":
                    return False
                if command.command in ("pause", "resume"):
                    paused = command.command == "pause"
                    break
            if paused and not was_paused:
                self._checkpoint("pause")
                self._events.write("paused", step=self._progress.steps)
            if was_paused and not paused:
                self._heart.busy()
                self._events.write("resumed", step=self._progress.steps)
            if not paused:
                if was_paused:
                    self._pace.paused()
                return True
            self._heart.pause()
            self._steering.wait()

    def _change_rate(self, command: Command) -> None:
        if command.value is None:
            self._rate.follow_schedule()
        elif command.command == "scale_lr":
            self._rate.scale(command.value)
        else:
            self._rate.set(command.value)
        progress = self._progress
        self._events.write(
            "lr",
            step=progress.steps,
            epoch=progress.epoch_at_hand,
            lr=self._rate.at(progress.steps),
            by_hand=self._rate.by_hand is not None,
        )

    def _log_step(self, rate: float) -> None:
        self._read()
        progress = self._progress
        self._events.write(
            "step",
            step=progress.steps,
            epoch=progress.epoch_at_hand,
            loss=self._loss,
            accuracy=self._accuracy,
            lr=rate,
            by_hand=self._rate.by_hand is not None,
            images_per_second=self._pace.images_per_second(),
            seconds_left=self._pace.seconds_left(),
            memory_bytes=self._memory.used_bytes(),
        )
        self._prepared.recording.begin(self._run)  # after the first step, which it would hold up


def _is_logged(step: int, interval: int) -> bool:
    """Return whether a step gets an event: each at a log interval, and some of the first ones.

    Before the first interval is over these are the steps 1, 2, 4, 8 ..., so that a slow network is
    seen to train and a short training has a curve.
    """
    return step % interval == 0 or (step < interval and step & (step - 1) == 0)


def write_result(run: RunFolder, result: Result) -> None:
    """Write the result of a run.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    try:
        write_atomically(run.result_file, result.to_json())
    except OSError as error:
        raise unwritable(run.result_file, error) from error
