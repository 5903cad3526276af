"""The command ``lr``: the learning rate of a training that goes on."""

from typing import TYPE_CHECKING

import click

from designer.cli.options import run_folder, runs_option
from designer.cli.output import write
from designer.cli.parameters import Command, argument, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.runs.control import CommandName
    from designer.runs.folder import RunFolder


@click.command(
    "lr",
    cls=Command,
    examples=(
        "lr my-run 0.01",
        "lr my-run --schedule",
    ),
)
@run_folder
@argument(
    "rate",
    type=float,
    required=False,
    metavar="[RATE]",
    help="The rate of the next step; without one, the rate now is printed.",
)
@option("--hold", is_flag=True, help="Use the rate for all later steps, in place of the schedule.")
@option("--schedule", is_flag=True, help="Use the schedule's own rates again.")
@option("--dry-run", is_flag=True, help="Only say what would become of the schedule.")
@runs_option
def learning_rate(
    run: str, rate: float | None, hold: bool, schedule: bool, dry_run: bool, runs: str | None
) -> None:
    """Change the learning rate of a running training.

    The next step has the rate, and the schedule goes on scaled to it. How high it will rise is said
    at once: a rate that is typed early in a warm-up makes those after it much higher.
    """
    from designer.cli.runs import find
    from designer.runs import control

    folder = find(run, runs)
    if schedule and (rate is not None or hold):
        raise DesignerError(
            "--schedule goes with neither a rate nor --hold: leave one of them out."
        )
    if hold and rate is None:
        raise DesignerError("--hold needs a rate, as in: netdesigner lr RUN 0.01 --hold")
    if folder.worker() is None:
        raise DesignerError(
            f"The run {folder.path} is not being trained, so its learning rate cannot be changed: "
            f"resume it first (netdesigner resume {folder.path})."
        )
    if rate is None and not schedule:
        write(f"The learning rate is {_rate_now(folder):g}.\n")
        return
    command: CommandName = "schedule_lr" if rate is None else "hold_lr" if hold else "set_lr"
    control.check(command, rate)
    if rate is None:
        words = "The schedule's own rates are used again from the next step on."
    elif hold:
        words = f"The learning rate is held at {rate:g} from the next step on."
    else:
        words = f"The learning rate is {rate:g} from the next step on. {_sentence(folder, rate)}"
    if not dry_run:
        control.send(folder.control, command, value=rate)
    write(f"{words}\n")


def _rate_now(run: "RunFolder") -> float:
    """Return the rate of the newest step, or the one that was given after it."""
    from designer.runs.events import read_events

    rates = [event["lr"] for event in read_events(run.events) if event["event"] in ("step", "lr")]
    if not rates:
        raise DesignerError(f"The run {run.path} has not taken a step yet: wait for the first one.")
    return float(rates[-1])


def _sentence(run: "RunFolder", rate: float) -> str:
    """Return what becomes of the schedule of a run."""
    from designer.recipe.schedules import position
    from designer.recipe.typed_rates import sentence, typed_rate
    from designer.runs.events import read_events

    events = read_events(run.events)
    starts = [event for event in events if event["event"] == "start"]
    if not starts:
        raise DesignerError(f"The run {run.path} has not begun yet: wait for its first step.")
    recipe, per_epoch = run.recipe(), starts[-1]["steps_per_epoch"]
    at = position(
        recipe.schedule,
        base=recipe.optimizer.learning_rate,
        step=max(event.get("step", 0) for event in events),
        epochs=recipe.epochs,
        steps_per_epoch=per_epoch,
    )
    return sentence(typed_rate(recipe.schedule, at, rate), steps_per_epoch=per_epoch)
