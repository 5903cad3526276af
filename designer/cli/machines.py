"""Options for trainings in several processes, on several GPUs or on other machines."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from designer.cli.options import OUTPUT, TRAINING
from designer.cli.output import printable, write
from designer.cli.parameters import Whole, option

if TYPE_CHECKING:
    from designer.runs.folder import RunFolder

processes_option = option(
    "--processes",
    type=Whole(min=1),
    group=TRAINING,
    metavar="N",
    help="Train in N processes of this machine, a GPU for each, or the cores divided among them. "
    "They share each batch; a batch norm sees the part of its process alone, unless "
    "sync_batch_norm is true (on GPUs only).",
)
print_command_option = option(
    "--print-command",
    is_flag=True,
    group=TRAINING,
    help="Instead of training, make the run folder and print the command that trains it on several "
    "machines with N processes each.",
)


folder_only_option = option(
    "--folder-only",
    is_flag=True,
    group=OUTPUT,
    help="Make the run folder without training, to train it later (see: resume) or on another "
    "machine (see: job).",
)


@dataclass(frozen=True)
class Start:
    """What the options above say.

    Attributes
    ----------
    count
        How many processes of this machine train; None for one, or for as many as the run had.
    print_command, folder_only
        Whether to make the run folder without training, and to print the command for several
        machines.
    """

    count: int | None = None
    print_command: bool = False
    folder_only: bool = False


ALONE = Start()


def print_command(run: "RunFolder", count: int | None, *, resume: bool, data: Path | None) -> None:
    """Print the command that trains a run on several machines, and what they must have."""
    from designer.runs import launch

    processes = count or 1
    command = launch.several_machines(run.path, resume=resume, processes=processes, data=data)
    write(f"{command}\n")
    sentence = (
        "Type this command on each of two machines, with the name of one of them for HOST; for "
        f"more machines, change --nnodes. The run folder {run.path} must be on a disk that all of "
        "them share, at this path, as must the data; and the batch must be a multiple of all "
        "processes together."
    )
    write(f"{printable(sentence)}\n", error=True)
