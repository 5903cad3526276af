"""Commands to a running training: from its control file, an interrupt, and the clock."""

import threading
import time

from designer.engine.processes import Processes
from designer.recipe.recipe import Recipe
from designer.runs.control import Command, ControlReader
from designer.runs.folder import RunFolder

POLL_SECONDS = 0.05  # between looks at the control file: a stat takes 2 microseconds


class Steering:
    """Looks for commands; of several processes, the first one does so for all.

    Parameters
    ----------
    run
        The run, whose control file is read.
    recipe
        Its recipe, for the intervals of checkpoints and of steps.
    processes
        Which process this is.
    interrupt
        Counts as the command ``stop`` when it is set.
    taken
        Lines of the control file that were obeyed before, as a checkpoint remembers.
    """

    def __init__(
        self,
        run: RunFolder,
        recipe: Recipe,
        processes: Processes,
        interrupt: threading.Event,
        *,
        taken: int = 0,
    ) -> None:
        self._control = ControlReader(run.control, taken=taken)
        self._recipe = recipe
        self._processes = processes
        self._interrupt = interrupt
        self._next_look = 0.0
        self.saved()

    @property
    def taken(self) -> int:
        """How many lines of the control file were read."""
        return self._control.taken

    def saved(self) -> None:
        """Note that a checkpoint was written now."""
        self._saved = time.perf_counter()

    def is_time_to_look(self, step: int) -> bool:
        """Return whether to look for commands after a step."""
        if self._processes.several:  # all must look at the same step
            return step % self._recipe.log_interval == 0
        now = time.perf_counter()
        if now < self._next_look:
            return False
        self._next_look = now + POLL_SECONDS
        return True

    def commands(self) -> list[Command]:
        """Return the new commands, in order."""
        found = self._found() if self._processes.first else None
        commands: list[Command] = self._processes.share(found)
        return commands

    def wait(self) -> None:
        """Sleep until it is time to look again, in a pause."""
        time.sleep(POLL_SECONDS)

    def _found(self) -> list[Command]:
        commands = self._control.poll()
        if self._interrupt.is_set():
            commands.append(Command(command="stop"))
        elif time.perf_counter() - self._saved > self._recipe.checkpoint_seconds:
            commands.append(Command(command="checkpoint"))
        return commands
