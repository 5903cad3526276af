"""The command ``job``: a script that trains a run, or runs a study, on another machine."""

from collections.abc import Iterable

import click

from designer.cli.options import DATA, RUN, runs_option
from designer.cli.parameters import Command, Text, argument, option


def _kinds() -> Iterable[str]:
    from designer.runs.job_scripts import JOB_KINDS

    return JOB_KINDS


@click.command(
    cls=Command,
    examples=(
        "job my-run --for ssh --host me@example.org --to my-run.sh",
        "job my-run --for slurm --gpus 4 --time 12:00:00 --to my-run.sbatch",
        "job my-study --for skypilot --gpus A100:1 --to my-study.yaml",
    ),
)
@argument(
    "source",
    type=RUN,
    metavar="RUN|STUDY",
    help="The folder of a run or of a study, or its name in the folder of runs. A run that is not "
    "started is made by: train --folder-only.",
)
@option(
    "--for",
    "kind",
    type=Text(_kinds),
    required=True,
    metavar="KIND",
    help=lambda: f"What the script is for: {', '.join(_kinds())}.",
)
@option("--host", metavar="USER@HOST", help="The machine for ssh; for Slurm, its login machine.")
@option(
    "--gpus",
    metavar="N|NAME:N",
    help="GPUs to request, as in 4 or A100:4; a run is trained in a process for each.",
)
@option(
    "--time",
    metavar="H:M:S",
    help="How long it may take; then it stops with a checkpoint.",
)
@option(
    "--data",
    metavar="PATH",
    group=DATA,
    help="Where the data of the run are on the other machine, if they are files.",
)
@option(
    "--python",
    metavar="PATH",
    help="A Python there that has this program; without it, the script makes a virtual "
    "environment there and installs the program.",
)
@option(
    "--install",
    metavar="WHAT",
    help="What pip installs there: a path or an address of this program; this version by its name "
    "if not given.",
)
@option("--to", metavar="FILE", help="Where to write the script; printed if not given.")
@runs_option
def job(
    source: str,
    kind: str,
    host: str | None,
    gpus: str | None,
    time: str | None,
    data: str | None,
    python: str | None,
    install: str | None,
    to: str | None,
    runs: str | None,
) -> None:
    """Write a script that trains a run on another machine.

    The script copies the folder to the other machine, installs this program there if it is missing,
    continues the run or study, and copies the folder back. What is copied stays in the folder
    netdesigner-jobs there.
    """
    from designer.cli import job_scripts

    job_scripts.write_script(
        source,
        kind,
        job_scripts.Wanted(
            host=host, gpus=gpus, time=time, data=data, python=python, install=install, to=to
        ),
        runs,
    )
