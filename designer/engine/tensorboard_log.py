"""The curves of a training as TensorBoard event files, written by torch's `SummaryWriter`.

They stand in the folder ``tensorboard`` of the run; ``tensorboard --logdir RUNS`` shows all runs of
a folder beside each other.
"""

from pathlib import Path
from typing import Any

from designer.errors import DesignerError
from designer.recipe.watching import METRICS
from designer.runs.watching import FIGURES
from designer.storage import unwritable


class TensorBoardLog:
    """Writes scalars by step: figures of steps, and those of both parts at the end of an epoch.

    Parameters
    ----------
    folder
        Where the files are written.
    after
        The steps done before; what earlier files have of later ones is hidden by TensorBoard.

    Raises
    ------
    DesignerError
        The library is missing, or the folder cannot be written; the other methods raise it, too.
    """

    def __init__(self, folder: Path, *, after: int) -> None:
        self._folder = folder
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise DesignerError(
                "TensorBoard event files need the package tensorboard: install it with "
                "pip install 'netdesigner[tensorboard]', or set watching.tensorboard to false."
            ) from error
        try:
            purge = after + 1 if after else None
            self._writer: Any = SummaryWriter(str(folder), purge_step=purge)
        except OSError as error:
            raise unwritable(folder, error) from error

    def step(self, step: int, fields: dict[str, Any]) -> None:
        """Write the figures of a step."""
        for name, value in fields.items():
            if name in FIGURES and value is not None:
                self._add(f"step/{name}", value, step)

    def epoch(self, step: int, parts: dict[str, dict[str, Any]], metrics: dict[str, float]) -> None:
        """Write the figures of the training and validation parts, and the chosen metrics.

        Parameters
        ----------
        step
            The number of steps done.
        parts
            Figures by name, by the name of the part.
        metrics
            Of the validation part.
        """
        for part, figures in parts.items():
            for name, value in figures.items():
                if value is not None:
                    # One plot for each figure, in which the parts are two curves.
                    self._add(f"{name}/{part}", value, step)
        for name, value in metrics.items():
            if name in METRICS:
                self._add(f"validation/{name}", value, step)
        try:
            self._writer.flush()
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _add(self, name: str, value: float, step: int) -> None:
        try:
            self._writer.add_scalar(name, value, step)
        except OSError as error:
            raise unwritable(self._folder, error) from error
