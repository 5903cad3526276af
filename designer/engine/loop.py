"""The training loop: a plain loop over epochs and steps, with all that its state consists of."""

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from designer.engine import checkpoint, device, divergence
from designer.engine.averaging import Average
from designer.engine.batches import Batch, Images
from designer.engine.beginning import Events, Silence, announce
from designer.engine.center_loss import CenterLoss
from designer.engine.decisions import decisions
from designer.engine.divergence import Diverged
from designer.engine.evaluation import evaluate
from designer.engine.evaluator import Evaluator
from designer.engine.freezing import freeze
from designer.engine.inputs import Inputs, call, count
from designer.engine.layer_statistics import Statistics, count_rows, watched
from designer.engine.losses import Objective
from designer.engine.mixing import Mixing, Targets
from designer.engine.preparation import Prepared
from designer.engine.progress import Pace, Progress
from designer.engine.schedules import LearningRate
from designer.engine.steering import Steering
from designer.engine.tally import Tally
from designer.engine.tensorboard_log import TensorBoardLog
from designer.engine.updates import Updates
from designer.engine.validation_metrics import WatchedMetrics
from designer.engine.watching import Changes, StepClock, Utilization
from designer.errors import DesignerError
from designer.recipe.optimizers import Optimizer
from designer.runs.control import Command
from designer.runs.evaluation_record import meaning_of
from designer.runs.folder import RunFolder
from designer.runs.heartbeat import Heart
from designer.runs.layer_statistics import interval
from designer.runs.result import Best, Metrics, Result, Status
from designer.runs.states import COMPLETE
from designer.storage import unwritable, write_atomically

MixedBatch = tuple[Inputs, Targets]
"""Inputs and targets; those of images may be mixed with those of other images."""


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
        outputs, class_weights = prepared.info.outputs, prepared.class_weights
        self._objective = Objective(recipe.loss, outputs, weights=class_weights, training=True)
        self._measured = Objective(recipe.loss, outputs, weights=class_weights)
        self._centers: CenterLoss | None = None
        if recipe.loss.center_weight:
            self._centers = CenterLoss(
                recipe.loss,
                prepared.network,
                prepared.analysis,
                classes=len(prepared.classes),
                processes=prepared.processes,
            )
        self._decisions = decisions(prepared.preprocessing, recipe.loss, prepared.device)
        self._updates = Updates(prepared)
        mixes = recipe.augmentation.mixes and not prepared.info.inputs
        self._mixing = Mixing(recipe.augmentation) if mixes else None
        self._average = Average(prepared.network, recipe.averaging)
        self._rate = LearningRate(
            recipe.schedule,
            base=recipe.optimizer.learning_rate,
            epochs=recipe.epochs,
            steps_per_epoch=prepared.steps_per_epoch,
        )
        self._interrupt = interrupt
        self._heart = heart
        self._begin_at(Progress())
        self._memory = device.Memory(prepared.device)
        self._utilization = Utilization(prepared.device)
        self._clock = StepClock(prepared.device)
        self._changes = Changes(
            [each for each in prepared.network.parameters() if each.requires_grad]
        )
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
        self._watched = WatchedMetrics(
            recipe.watching.metrics,
            self._decisions,
            meaning_of(prepared.analysis, recipe, prepared.preprocessing),
        )
        self._tensorboard: TensorBoardLog | None = None
        # Of the batches of the last step read.
        self._losses = deque([0.0], maxlen=prepared.batches_per_step)
        self._hits = deque([0], maxlen=prepared.batches_per_step)

    def _begin_at(self, progress: Progress, *, taken: int = 0) -> None:
        """Start from a progress, with `taken` lines of the control file obeyed before."""
        recipe, steps = self._recipe, self._recipe.epochs * self._prepared.steps_per_epoch
        self._progress = progress
        self._pace = Pace(progress, batch=self._prepared.step_images, steps=steps)
        self._steering = Steering(self._run, recipe, self._processes, self._interrupt, taken=taken)

    def restore(self, content: checkpoint.Content) -> None:
        """Continue from a checkpoint.

        Raises
        ------
        DesignerError
            The data, the batch or the optimizer were changed, so that the checkpoint does not fit.
        """
        self._processes.check_begun(self._run.path, content.get("processes", 1))
        if content["steps_per_epoch"] != self._prepared.steps_per_epoch:
            raise DesignerError(
                f"The checkpoint {self._run.last} counts {content['steps_per_epoch']:,} steps an "
                f"epoch, but data, batch and accumulation now give "
                f"{self._prepared.steps_per_epoch:,}: "
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
            self._average.restore(content)
            self._updates.restore(content)
            self._rate.restore(content["rate"])
            if self._centers is not None:
                self._centers.restore(content)
            if not content.get("plain_validation"):
                # Of a version that smoothed the labels of validation, too: losses of a run, by
                # which schedule and best epoch go, must be of one kind.
                self._measured = self._objective
            progress = msgspec.convert(content["progress"], Progress)
            taken = content["taken"]
            states = [content["generators"], *content.get("others", ())]
            checkpoint.restore_generators(states[self._processes.rank])
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
            with self._written_statistics(), self._written_tensorboard():
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

    @contextmanager
    def _written_tensorboard(self) -> Iterator[None]:
        """Write TensorBoard's event files while the first process trains, if the recipe says so."""
        if not (self._recipe.watching.tensorboard and self._processes.first):
            yield
            return
        with closing(TensorBoardLog(self._run.tensorboard, after=self._progress.steps)) as log:
            self._tensorboard = log
            yield

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
        if self._updates.full_batch:
            return bool(self._progress.batches) or self._take_full_batch_step(model)
        prepared, recipe, progress = self._prepared, self._recipe, self._progress
        objective, updates, statistics = self._objective, self._updates, self._statistics
        centers = self._centers
        clock, changes = self._clock, self._changes
        lower_precision = self._autocast()
        # Whether batches count by the class weights of their images, not all the same.
        several = prepared.processes.several or updates.batches > 1
        weighs = several and not objective.counts_samples
        clock.begin()
        for inputs, targets in self._batches():
            logged = _is_logged(progress.steps + 1, recipe.log_interval)
            clock.data_ready(marked=logged and updates.waiting == updates.batches - 1)
            rate = self._set_rate()
            with lower_precision:
                with statistics.forward(progress.steps + 1):
                    outputs = call(model, inputs)
                loss = objective(outputs, targets)
            share = objective.share(targets) if weighs else None
            if share is not None and prepared.processes.several:
                loss, share = self._of_whole_batch(loss, share)
            if centers is not None:
                loss = loss + centers(targets)
            if self._tally.note(loss, outputs, targets):
                self._read((inputs, targets))
            clock.forward_done()
            updates.backward(loss, share)
            self._heart.step()
            if not updates.complete:
                clock.backward_done()
                continue
            statistics.before_update(
                scale=lambda: updates.scale, processes=prepared.processes.count
            )
            clock.backward_done()
            if logged:
                changes.before_update(lambda: updates.scale)
            updates.apply()
            if centers is not None:
                centers.move()
            clock.update_done()
            if logged:
                changes.after_update()
            self._end_step()
            statistics.after_update(
                step=progress.steps, epoch=progress.epoch_at_hand, batch=count(inputs), loss=loss
            )
            if logged:
                self._log_step(rate)
            if self._steering.is_time_to_look(progress.steps) and not self._steer():
                return False
            clock.begin()
        return True

    def _batches(self) -> Iterator[MixedBatch]:
        """Return the batches of the rest of an epoch."""
        done = self._progress.batches * self._updates.batches
        batches = self._prepared.train.batches(self._order(), self._prepared.batch, start=done)
        return self._mixed(batches)

    def _mixed(self, batches: Iterator[Batch]) -> Iterator[MixedBatch]:
        """Return batches with their images mixed, if the recipe wants that."""
        mixing = self._mixing
        if mixing is None:
            return batches
        return (
            mixing(images, targets) for images, targets in batches if isinstance(images, Tensor)
        )

    def _set_rate(self) -> float:
        """Give the optimizer the learning rate of the step at hand, and the momentum if it varies.

        Returns
        -------
        float
            The learning rate.
        """
        rate = self._rate.at(self._progress.steps)
        self._updates.set_rate(rate)
        if (momentum := self._rate.momentum_at(self._progress.steps)) is not None:
            self._updates.set_momentum(momentum)
        return rate

    def _end_step(self) -> None:
        """Count a step, and take the new weights into their average."""
        self._average.after_step()
        self._progress.batches += 1
        self._progress.steps += 1

    def _take_full_batch_step(self, model: nn.Module) -> bool:
        """Take the only step of an epoch; return False if the training was stopped after it.

        Every evaluation sees the same images with the same random draws, since the optimizer
        compares their losses. The images are those of the first epoch, whole batches.
        """
        prepared, progress, updates = self._prepared, self._progress, self._updates
        rate = self._set_rate()
        order = prepared.sampling.order(0)
        generators = checkpoint.generators()
        statistics = self._statistics
        seen: list[tuple[Inputs, Tensor]] = []  # inputs and loss of the last batch, before the step

        def evaluate() -> float:
            first = not seen
            checkpoint.restore_generators(generators)
            total, whole = 0.0, 0.0
            for inputs, targets in self._mixed(prepared.train.batches(order, prepared.batch)):
                with statistics.forward(progress.steps + 1) if first else nullcontext():
                    outputs = call(model, inputs)
                loss = self._objective(outputs, targets)
                share = self._objective.share(targets)
                if first and self._tally.note(loss, outputs, targets):
                    self._read((inputs, targets))
                updates.backward(loss, share)
                total, whole = total + (loss * share).item(), whole + share.item()
                self._heart.step()
            if first:
                statistics.before_update(scale=lambda: updates.scale)
                self._changes.before_update(lambda: updates.scale)
                seen.append((inputs, loss))
            return total / whole

        updates.search(evaluate)
        self._changes.after_update()
        self._end_step()
        inputs, loss = seen[0]
        statistics.after_update(
            step=progress.steps, epoch=progress.epoch_at_hand, batch=count(inputs), loss=loss
        )
        if _is_logged(progress.steps, self._recipe.log_interval):
            self._log_step(rate)
        return not self._steering.is_time_to_look(progress.steps) or self._steer()

    def _of_whole_batch(self, loss: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Return a loss scaled so that its mean over all processes is that of the whole batch.

        The weighted mean of a process is divided by the weights of its own images. The share of the
        batch becomes the mean of all processes.
        """
        mean = self._processes.mean(share.clone())
        return loss * (share / mean), mean

    def _order(self) -> Tensor:
        """Return the order of this process's images, which depends on seed and epoch alone."""
        prepared = self._prepared
        whole = prepared.sampling.order(self._progress.epoch)
        return self._processes.part_of(whole, batch=prepared.batch)

    def _autocast(self) -> AbstractContextManager[Any]:
        lower = self._prepared.precision.lower
        return nullcontext() if lower is None else torch.autocast("cuda", dtype=lower)

    def _read(self, batch: MixedBatch | None = None) -> None:
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
        per_step = self._updates.batches
        done = progress.steps * per_step + self._updates.waiting + (0 if batch is None else 1)
        for number, loss in enumerate(read.losses, start=done - len(read.losses)):
            if not math.isfinite(loss):
                raise Diverged(self._explained(loss, step=number // per_step + 1, batch=batch))
            # Added one by one, so that the sum does not depend on how many are read together.
            progress.loss_sum += loss / per_step
        progress.hits += sum(read.hits)
        self._losses.extend(read.losses)
        self._hits.extend(read.hits)

    def _explained(self, loss: float, *, step: int, batch: MixedBatch | None) -> str:
        """Return a sentence on where a loss that is not finite comes from, and what helps."""

        def again() -> Tensor:
            assert batch is not None
            return self._objective(call(self._network, batch[0]), batch[1])

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
        taken = prepared.steps_per_epoch * prepared.step_images * self._decisions.each
        train = Metrics(
            loss=progress.loss_sum / prepared.steps_per_epoch,
            accuracy=progress.hits / taken if taken else None,
        )
        pictures = prepared.train.without_augmentation()
        with self._autocast():
            self._average.after_epoch(
                progress.epoch + 1,
                epochs=self._recipe.epochs,
                pictures=pictures.batches(self._order(), prepared.batch),
            )
        with self._average.in_place():
            self._validate()
        self._pace.tick()
        seconds, progress.epoch_seconds = progress.epoch_seconds, 0.0
        metrics = self._watched.read()
        validation, best = progress.validation, progress.best
        assert validation is not None and best is not None
        if self._tensorboard is not None:
            parts = {"train": train, "validation": validation}
            figures = {name: msgspec.to_builtins(part) for name, part in parts.items()}
            self._tensorboard.epoch(progress.steps, figures, metrics)
        self._events.write(
            "epoch",
            epoch=progress.epoch,
            step=progress.steps,
            train=train,
            validation=validation,
            **({"metrics": metrics} if metrics else {}),
            best=best.epoch == progress.epoch,
            seconds=seconds,
            seconds_in_all=progress.seconds,
            seconds_left=self._pace.seconds_left(),
        )
        self._checkpoint("epoch")
        self._pace.restart()

    def _validate(self) -> None:
        """End an epoch with the weights as they are: validate and keep them if they are best."""
        prepared, progress = self._prepared, self._progress
        first = self._processes.first
        validation: Metrics = self._processes.share(
            self._metrics(prepared.validation, watched=self._watched) if first else None
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

    def _metrics(self, images: Images, *, watched: WatchedMetrics | None = None) -> Metrics:
        with self._autocast():
            return evaluate(
                self._network,
                images,
                self._measured,
                self._decisions,
                batch=self._prepared.batch,
                watched=watched,
            )

    def _test(self) -> Metrics | None:
        """Evaluate the best weights on the test part and write the details."""
        self._heart.busy()
        prepared = self._prepared
        if prepared.test is None:
            return None
        best = checkpoint.load(self._run.best, source=prepared.source)
        self._network.load_state_dict(best["network"])
        evaluator = Evaluator(
            self._network,
            prepared.analysis,
            self._recipe,
            prepared.preprocessing,
            self._measured,
            self._decisions,
            prepared.device,
            prepared.batch,
        )
        with self._test_images(evaluator) as images:
            found = evaluator.predictions(images)
            epoch = self._progress.best.epoch if self._progress.best else None
            record = evaluator.record(found, part="test", epoch=epoch)
            evaluator.write(self._run.evaluation, found, record, images)
        return found.metrics

    def _test_images(self, evaluator: Evaluator) -> AbstractContextManager[Images]:
        """Return the images of the test part, with the views that the recipe wants of each."""
        prepared = self._prepared
        assert prepared.test is not None and prepared.test_part is not None
        if evaluator.passes.kind.views == 1:
            return nullcontext(prepared.test)
        return evaluator.images(prepared.test_part, prepared.data_path)

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
        generators, *others = self._processes.gather(checkpoint.generators())
        if not self._processes.first:
            return
        self._prepared.recording.finish(self._run)
        record = self._run.data()
        self._events.sync()
        content = {
            **self._average.weights(),
            **dict(self._updates.state()),
            **dict(() if self._centers is None else self._centers.state()),
            "plain_validation": self._measured is not self._objective,
            "optimizer_recipe": self._optimizer_recipe(),
            "rate": self._rate.state(),
            "generators": generators,
            "others": others,
            "processes": self._processes.count,
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
                    case "set_lr" | "hold_lr" | "scale_lr" | "schedule_lr":
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
        progress, message = self._progress, None
        if command.value is None:
            self._rate.follow_schedule()
        elif command.command == "scale_lr":
            self._rate.scale(command.value)
        elif command.command == "hold_lr":
            self._rate.hold(command.value)
        else:
            message = self._rate.set(command.value, step=progress.steps)
        self._events.write(
            "lr",
            step=progress.steps,
            epoch=progress.epoch_at_hand,
            lr=self._rate.at(progress.steps),
            by_hand=self._rate.by_hand is not None,
            scaled=self._rate.scaled,
            factor=self._rate.factor,
            message=message,
        )

    def _log_step(self, rate: float) -> None:
        self._read()
        progress = self._progress
        answers = self._prepared.step_images * self._decisions.each
        figures = {
            "loss": sum(self._losses) / len(self._losses),
            "accuracy": sum(self._hits) / answers if answers else None,
            "lr": rate,
            "images_per_second": self._pace.images_per_second(),
            "memory_bytes": self._memory.used_bytes(),
            "utilization": self._utilization.share(),
            **self._changes.read(),
            **self._clock.read(),
        }
        self._events.write(
            "step",
            step=progress.steps,
            epoch=progress.epoch_at_hand,
            **figures,
            by_hand=self._rate.by_hand is not None,
            scaled=self._rate.scaled,
            seconds_left=self._pace.seconds_left(),
        )
        if self._tensorboard is not None:
            self._tensorboard.step(progress.steps, figures)
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
