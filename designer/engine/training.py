"""The trainer: a plain loop on a run folder that can be killed anywhere and goes on exactly."""

import math
import platform
import threading
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from designer.engine import checkpoint, device, divergence, weights
from designer.engine.batches import Batch, Images
from designer.engine.device import Processes
from designer.engine.evaluation import evaluate, write_details
from designer.engine.freezing import freeze, groups
from designer.engine.losses import Objective
from designer.engine.optimizers import optimizer
from designer.engine.preparation import Prepared, prepare
from designer.engine.progress import Pace, Progress
from designer.engine.schedules import LearningRate
from designer.engine.steering import Steering
from designer.engine.tally import Tally
from designer.errors import DesignerError
from designer.runs import lock
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.result import Best, Figures, Result, Status
from designer.storage import unwritable, write_atomically


def train(
    run: RunFolder, *, resume: bool = False, interrupt: threading.Event | None = None
) -> Result:
    """Train a run to its end, or until it is told to stop, and write its result.

    With ``resume`` it goes on from the last checkpoint, from the start if there was none yet.
    Setting ``interrupt`` stops it cleanly within a step, as the command ``stop`` does.

    Raises
    ------
    DesignerError
        the run cannot be trained; unless it was refused at once, because it has
        ended or another worker has it, the sentence is in its events and its result too.
    """
    processes = Processes.current()
    with device.memory_kept(), ExitStack() as stack:
        if processes.first:
            stack.enter_context(lock.held(run.lock))
        start = _admitted(run, resume=resume)
        events: EventWriter | _Silence = _Silence()
        if processes.first:
            after = start["sequence"] if start else 0
            events = stack.enter_context(EventWriter(run.events, after=after))
            run.result_file.unlink(missing_ok=True)
        training: _Training | None = None
        batch = 1
        try:
            batch = run.recipe().batch
            prepared = prepare(run, threads=start["threads"] if start else None)
            training = _Training(prepared, run, events, interrupt or threading.Event())
            if start:
                training.restore(start)
            else:
                training.take_initial_weights()
            return training.run()
        except Exception as error:
            memory = device.out_of_memory(error, batch=batch)
            defect = "" if isinstance(error, DesignerError) else f"{type(error).__name__}: "
            message = memory or f"{defect}{error}"
            if processes.first:
                # The disk may be full or gone; the sentence is raised in any case.
                with suppress(DesignerError):
                    events.write("failed", message=message)
                    result = training.result("failed") if training else Result(status="failed")
                    _write_result(run, msgspec.structs.replace(result, message=message))
            if memory:
                raise DesignerError(memory) from error
            raise


def _admitted(run: RunFolder, *, resume: bool) -> checkpoint.Content | None:
    """Return the checkpoint to go on from, None at the beginning; refuse what has ended."""
    result = run.result()
    begun = run.events.exists() and run.events.stat().st_size > 0
    if not resume:
        if result or begun:
            how = f"has ended already ({result.status})" if result else "was begun already"
            raise DesignerError(f"The run {run.path} {how}: resume it, or begin a new run.")
        return None
    if result and result.status in ("finished", "early_stopped"):
        raise DesignerError(
            f"The run {run.path} is complete ({result.status}): begin a new run to train on."
        )
    # Killed before its first checkpoint, a run begins anew and comes to the same numbers.
    if not run.last.exists() and not (begun and _CHECKPOINT_EVENT in run.events.read_bytes()):
        return None
    return checkpoint.load(run.last, source=run.source())


_CHECKPOINT_EVENT = b'{"event":"checkpoint"'


class _Diverged(Exception):  # noqa: N818 - an outcome, not an error
    """The loss is not finite any more."""


class _Silence:
    """Takes the place of the event log in all processes but the first."""

    sequence = 0

    def write(self, event: str, **fields: object) -> None:
        pass

    def sync(self) -> None:
        pass


class _Training:
    """The loop and its state."""

    def __init__(
        self,
        prepared: Prepared,
        run: RunFolder,
        events: EventWriter | _Silence,
        interrupt: threading.Event,
    ) -> None:
        recipe = prepared.recipe
        self._prepared = prepared
        self._recipe = recipe
        self._run = run
        self._events = events
        self._processes = prepared.processes
        self._network = prepared.network
        freeze(prepared.network, prepared.analysis)
        self._parameters = [each for each in prepared.network.parameters() if each.requires_grad]
        self._objective = Objective(recipe.loss, prepared.info.outputs)
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
        self._begin_at(Progress())
        self._memory = device.Memory(prepared.device)
        self._tally = Tally(
            classes=bool(prepared.classes),
            device=prepared.device,
            processes=prepared.processes,
            interval=recipe.log_interval,
        )
        self._loss = 0.0  # of the last step that was read
        self._accuracy: float | None = None  # in it, of this step's images

    def _begin_at(self, progress: Progress, *, taken: int = 0) -> None:
        """Go on from there; ``taken`` lines of the control file were obeyed before."""
        recipe, steps = self._recipe, self._recipe.epochs * self._prepared.steps_per_epoch
        self._progress = progress
        self._pace = Pace(progress, batch=recipe.batch, steps=steps)
        self._steering = Steering(self._run, recipe, self._processes, self._interrupt, taken=taken)

    def restore(self, content: checkpoint.Content) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        DesignerError
            the recipe or the data were changed so that its place means another one.
        """
        if content["steps_per_epoch"] != self._prepared.steps_per_epoch:
            raise DesignerError(
                f"The checkpoint {self._run.last} counts {content['steps_per_epoch']:,} steps an "
                f"epoch but data and batch now give {self._prepared.steps_per_epoch:,}: "
                "put them back, or begin a new run."
            )
        now = self._optimizer_recipe()
        before = content.get("optimizer_recipe", now)  # which older checkpoints lack
        if changed := [f"{name} was {before[name]}" for name in now if before[name] != now[name]]:
            raise DesignerError(
                f"The checkpoint {self._run.last} is of another optimizer than the recipe's "
                f"({', '.join(changed)}): put that back, or begin a new run."
            )
        self._network.load_state_dict(content["network"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._rate.restore(content["rate"])
        if self._scaler is not None:
            self._scaler.load_state_dict(content["scaler"])
        progress = msgspec.convert(content["progress"], Progress)
        self._begin_at(progress, taken=content["taken"])
        if self._processes.first:
            checkpoint.restore_generators(content["generators"])

    def take_initial_weights(self) -> None:
        """Begin with the weights that the recipe names, if it does, and keep what was taken.

        Raises
        ------
        DesignerError
            they cannot be read, or nothing of them fits.
        """
        source = self._recipe.initial_weights
        if not source:
            return
        report = weights.load(self._network, self._prepared.analysis, weights.read(source))
        if self._processes.first:
            try:
                encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
                write_atomically(self._run.weights_report, encoded + b"\n")
            except OSError as error:
                raise unwritable(self._run.weights_report, error) from error
        self._events.write(
            "weights",
            source=source,
            message=f"From {source}: {report.summary}",
            loaded=len(report.taken),
            fresh=len(report.fresh),
            refused=report.refused,
        )

    def run(self) -> Result:
        """Train to the end, evaluate the best weights, and write the result."""
        self._announce()
        message = None
        try:
            status = self._train()
        except _Diverged as outcome:
            status, message = "diverged", str(outcome)
        test = None
        if self._processes.first and status in ("finished", "early_stopped"):
            test = self._test()
        result = self.result(status, test=test, message=message)
        if self._processes.first:
            _write_result(self._run, result)
            self._events.write("end", **msgspec.to_builtins(result))
        return result

    def result(
        self, status: Status, *, test: Figures | None = None, message: str | None = None
    ) -> Result:
        """Return how far it came."""
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

    def _announce(self) -> None:
        prepared = self._prepared
        parts = {"train": prepared.train, "validation": prepared.validation, "test": prepared.test}
        environment = {
            "device": prepared.device.type,
            "device_name": device.title(prepared.device),
            "threads": torch.get_num_threads(),
            "processes": self._processes.count,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "platform": platform.platform(),
        }
        if self._processes.first:
            files = {
                self._run.environment: environment,
                self._run.preprocessing_file: prepared.preprocessing,
            }
            try:
                self._run.last.parent.mkdir(exist_ok=True)
                for path, content in files.items():
                    encoded = msgspec.json.format(msgspec.json.encode(content), indent=2)
                    write_atomically(path, encoded + b"\n")
            except OSError as error:
                raise unwritable(self._run.path, error) from error
        self._events.write(
            "start",
            **environment,
            step=self._progress.steps,
            epochs=self._recipe.epochs,
            steps_per_epoch=prepared.steps_per_epoch,
            batch=self._recipe.batch,
            parameters=sum(weight.numel() for weight in self._network.parameters()),
            trainable=sum(weight.numel() for weight in self._parameters),
            memory_bytes=device.total_bytes(prepared.device),
            counts={name: len(images) for name, images in parts.items() if images is not None},
        )
        if prepared.precision.note:
            self._events.write("note", message=prepared.precision.note)

    # The loop

    def _train(self) -> Status:
        model: nn.Module = self._network
        if self._processes.several:
            model = DistributedDataParallel(model)
        model.train()
        freeze(self._network, self._prepared.analysis)
        progress, patience = self._progress, self._recipe.early_stopping
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
        """Train what is left of an epoch; return whether it was not stopped."""
        prepared, recipe, progress = self._prepared, self._recipe, self._progress
        optimizer, scaler, parameters = self._optimizer, self._scaler, self._parameters
        objective, clip = self._objective, recipe.gradient_clipping
        lower_precision = self._autocast()
        batches = prepared.train.batches(self._order(), prepared.batch, start=progress.batches)
        for images, targets in batches:
            rate = self._rate.at(progress.steps)
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("lr_scale", 1.0)
            with lower_precision:
                outputs = model(images)
                loss = objective(outputs, targets)
            if self._tally.note(loss, outputs, targets):
                self._read((images, targets))
            if scaler is None:
                loss.backward()  # type: ignore[no-untyped-call]
            else:
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
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
            # The first step is told at once: a slow network shows that it trains.
            if progress.steps % recipe.log_interval == 0 or progress.steps == 1:
                self._log_step(rate)
            if self._steering.is_time_to_look(progress.steps) and not self._steer():
                return False
        return True

    def _order(self) -> Tensor:
        """Return the indices of this process's images of the epoch, from seed and epoch alone."""
        prepared, processes = self._prepared, self._processes
        seed = (self._recipe.seed * 1_000_003 + self._progress.epoch) % 2**63
        order = torch.randperm(len(prepared.train), generator=torch.Generator().manual_seed(seed))
        whole = order[: prepared.steps_per_epoch * self._recipe.batch]
        if not processes.several:
            return whole
        shares = whole.view(prepared.steps_per_epoch, processes.count, prepared.batch)
        return shares[:, processes.rank].reshape(-1)

    def _autocast(self) -> AbstractContextManager[Any]:
        lower = self._prepared.precision.lower
        return nullcontext() if lower is None else torch.autocast("cuda", dtype=lower)

    def _read(self, batch: Batch | None = None) -> None:
        """Add up the steps not yet read, and look whether their losses are finite.

        ``batch`` is that of the newest step, whose gradient is still to come.
        """
        progress = self._progress
        read = self._tally.read()
        if not read.losses:
            return
        for number, loss in enumerate(read.losses, start=1 - len(read.losses)):
            if not math.isfinite(loss):
                done = progress.steps + (0 if batch is None else 1)
                raise _Diverged(self._explained(loss, step=done + number, batch=batch))
            # One by one: how many are read together must not show in the last digit of the sum.
            progress.loss_sum += loss
        progress.hits += sum(read.hits)
        self._loss = read.losses[-1]
        if self._prepared.classes:
            self._accuracy = read.hits[-1] / self._recipe.batch

    def _explained(self, loss: float, *, step: int, batch: Batch | None) -> str:
        """Say where a loss that is not finite comes from and what helps."""

        def again() -> Tensor:
            assert batch is not None
            return self._objective(self._network(batch[0]), batch[1])

        rate = self._rate.at(self._progress.steps)
        if batch is None:  # steps of other processes or of an accelerator, read together
            where = "where was not looked for"
        else:
            where = divergence.origin(self._network, again)
        return (
            f"The loss became {loss} at step {step:,} (epoch {self._progress.epoch + 1}): {where}; "
            f"lower the learning rate (it was {rate:.3g}) or set gradient_clipping."
            f"{self._checkpoint_before()}"
        )

    def _end_epoch(self) -> None:
        """Validate, choose the best, and write the checkpoint that the next epoch begins with."""
        self._read()
        prepared, progress = self._prepared, self._progress
        images = prepared.steps_per_epoch * self._recipe.batch
        train = Figures(
            loss=progress.loss_sum / prepared.steps_per_epoch,
            accuracy=progress.hits / images if prepared.classes else None,
        )
        first = self._processes.first
        validation: Figures = self._processes.share(
            self._figures(prepared.validation) if first else None
        )
        if not math.isfinite(validation.loss):
            broken = divergence.broken_weights(self._network)
            where = f"{broken[-1]} is not finite" if broken else "the weights are finite still"
            raise _Diverged(
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
            seconds_left=self._pace.seconds_left(),
        )
        self._checkpoint("epoch")
        self._pace.restart()

    def _figures(self, images: Images) -> Figures:
        with self._autocast():
            return evaluate(
                self._network,
                images,
                self._objective,
                batch=self._prepared.batch,
                classes=len(self._prepared.classes),
            )

    def _test(self) -> Figures | None:
        """Evaluate the best weights on the test part and write the details."""
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
                batch=prepared.batch,
                preprocessing=prepared.preprocessing,
                run=self._run,
            )
        return self._figures(prepared.test)

    # Checkpoints

    def _checkpoint(self, reason: str) -> None:
        self._read()
        if broken := divergence.broken_weights(self._network):
            raise _Diverged(
                f"{broken[-1]} became NaN or infinite at step {self._progress.steps:,}: "
                "lower the learning rate or set gradient_clipping."
                f"{self._checkpoint_before()}"
            )
        self._pace.tick()
        self._steering.saved()
        if not self._processes.first:
            return
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
        """Return what may not change in mid-training: all but the learning rate."""
        fields: dict[str, Any] = msgspec.to_builtins(self._recipe.optimizer)
        del fields["learning_rate"]
        return fields

    def _save_best(self) -> None:
        if self._processes.first:
            content = {
                "network": self._network.state_dict(),
                "preprocessing": msgspec.to_builtins(self._prepared.preprocessing),
                "best": msgspec.to_builtins(self._progress.best),
            }
            checkpoint.save(self._run.best, content, source=self._prepared.source)

    # Steering

    def _steer(self) -> bool:
        """Do what was commanded; return whether to go on training."""
        paused = False
        while True:
            commands = self._steering.commands()
            was_paused = paused
            for command in commands:
                match command.command:
                    case "set_lr":
                        self._set_rate(command.value or 0.0)
                    case "checkpoint":
                        self._checkpoint("command")
            # Of several, the last counts: a resume takes back what nobody has read.
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
                self._events.write("resumed", step=self._progress.steps)
            if not paused:
                if was_paused:
                    self._pace.paused()
                return True
            self._steering.wait()

    def _set_rate(self, rate: float) -> None:
        progress = self._progress
        self._rate.set(rate, step=progress.steps)
        self._events.write("lr", step=progress.steps, epoch=progress.epoch_at_hand, lr=rate)

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
            images_per_second=self._pace.images_per_second(),
            seconds_left=self._pace.seconds_left(),
            memory_bytes=self._memory.used_bytes(),
        )


def _write_result(run: RunFolder, result: Result) -> None:
    try:
        write_atomically(run.result_file, result.to_json())
    except OSError as error:
        raise unwritable(run.result_file, error) from error
