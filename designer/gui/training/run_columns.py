"""The columns of the list of runs: one row each, and those of settings in which the runs differ."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from designer.gui.base import numbers
from designer.gui.worker.queue import ordinal
from designer.known_data.titles import BUILT_IN, COLORS, data_title
from designer.recipe.recipe import Recipe, fields, is_used, value_of
from designer.recipe.settings import Field
from designer.runs.rates import RateChange
from designer.runs.states import WORDS
from designer.runs.survey import Summary
from designer.runs.wording import duration

_RATE = "optimizer.learning_rate"


@dataclass(frozen=True)
class Row:
    """A run in the list.

    Attributes
    ----------
    run
        What is known of it.
    position
        Its position in the queue, from 1; 0 if it does not wait.
    """

    run: Summary
    position: int = 0

    @property
    def state(self) -> str:
        """The state in words."""
        if self.position:
            return f"waiting, {ordinal(self.position)}"
        return WORDS.get(self.run.state, self.run.state)


@dataclass(frozen=True)
class Column:
    """A column of the list.

    Attributes
    ----------
    key
        Identifies it in the preferences.
    title, help
        The text of its header, and its tooltip.
    text
        Returns what a cell shows.
    value
        Returns what rows are sorted by; None for rows that come last.
    widest
        A long usual text, by which the first width is chosen.
    number
        Whether it is aligned to the right.
    """

    key: str
    title: str
    help: str
    text: Callable[[Row], str]
    value: Callable[[Row], Any]
    widest: str
    number: bool = False


def _data(run: Summary) -> str:
    return data_title(run.recipe.data.source if run.recipe is not None else "", run.data)


def _percent(share: float | None) -> str:
    return "" if share is None else numbers.local(f"{100 * share:.2f} %")


def _loss(loss: float | None) -> str:
    return (
        ""
        if loss is None
        else numbers.local(f"{loss:.4f}" if loss >= 0.1 or not loss else f"{loss:.3g}")
    )


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _of_recipe(name: str, widest: str) -> Column:
    """Return the column of a setting that every run shows."""
    field = fields()[name]
    return Column(
        name,
        field.setting.title,
        f"{field.setting.help} ({name})",
        lambda row: _setting_text(row.run.recipe, field),
        lambda row: _setting_value(row.run.recipe, field),
        widest,
        field.kind in (int, float),
    )


def _setting_value(recipe: Recipe | None, field: Field) -> Any:
    """Return the value of a setting to sort by; None if the run does not use it."""
    if recipe is None or not is_used(recipe, field):
        return None
    value = value_of(recipe, field.name)
    return str(value) if isinstance(value, tuple) else value


def _setting_text(recipe: Recipe | None, field: Field) -> str:
    return "" if recipe is None else setting_text(recipe, field)


def setting_text(recipe: Recipe, field: Field) -> str:
    """Return the value of a setting as text, "" if the recipe does not use it."""
    if not is_used(recipe, field):
        return ""
    value = value_of(recipe, field.name)
    if value in (None, "", ()):
        return field.setting.empty or "none"
    return field.setting.chosen(value) or value_text(value)


def value_text(value: object) -> str:
    """Return the value of a setting or argument as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return numbers.local(f"{value:g}")
    if isinstance(value, tuple):
        return ", ".join(map(value_text, value))
    return str(value)


def _rate_text(row: Row) -> str:
    """Return the learning rate of the recipe, and those set by hand with the epochs of that."""
    first = _setting_text(row.run.recipe, fields()[_RATE])
    return ", ".join([*([first] if first else []), *map(_change_text, row.run.rates)])


def _change_text(change: RateChange) -> str:
    if change.by_hand:
        rate = f"{value_text(change.rate)} held"
    elif change.scaled:
        rate = f"the schedule scaled to {value_text(change.rate)}"
    else:
        rate = f"the schedule ({change.rate:.3g})"
    at = f"step {change.step}" if change.epoch is None else f"epoch {change.epoch:.2f}"
    return f"{rate} from {at}"


COLUMNS = (
    Column(
        "name",
        "Name",
        "The folder of the run.",
        lambda row: row.run.path.name,
        lambda row: row.run.path.name,
        "2026-01-01-1200-lenet5",
    ),
    Column(
        "state",
        "State",
        "How the training ended, or its position among those that wait.",
        lambda row: row.state,
        lambda row: (row.position or 10**9, row.state),
        "stopped early",
    ),
    Column(
        "accuracy",
        "Test accuracy",
        "Test accuracy of the weights of the best epoch.",
        lambda row: _percent(row.run.accuracy),
        lambda row: row.run.accuracy,
        "100.00 %",
        True,
    ),
    Column(
        "loss",
        "Validation loss",
        "Validation loss of the best epoch; during the training, of the last epoch.",
        lambda row: _loss(row.run.loss),
        lambda row: row.run.loss,
        "12.3456",
        True,
    ),
    Column(
        "validation_accuracy",
        "Validation accuracy",
        "Validation accuracy of the best epoch; during the training, of the last epoch.",
        lambda row: _percent(row.run.validation_accuracy),
        lambda row: row.run.validation_accuracy,
        "100.00 %",
        True,
    ),
    Column(
        "epochs",
        "Epochs",
        "Epochs trained so far, of those in the recipe.",
        lambda row: f"{row.run.epochs} / {row.run.wanted}",
        lambda row: row.run.epochs,
        "100 / 100",
        True,
    ),
    Column(
        "design",
        "Design",
        "The name of the design that was trained.",
        lambda row: row.run.design,
        lambda row: row.run.design.lower(),
        "ResNet-152",
    ),
    Column(
        "data",
        "Data",
        "The data set, or its folder or file.",
        lambda row: _data(row.run),
        lambda row: _data(row.run).lower(),
        BUILT_IN[COLORS].title,
    ),
    _of_recipe("batch", "1024"),
    _of_recipe("optimizer.name", "RMSprop"),
    Column(
        _RATE,
        "Rate",
        f"The learning rate of the recipe, and those set by hand during the training. ({_RATE})",
        _rate_text,
        lambda row: _setting_value(row.run.recipe, fields()[_RATE]),
        "0.002, 0.0005 …",
        True,
    ),
    Column(
        "time",
        "Time",
        "How long it was trained, over all resumes.",
        lambda row: "" if row.run.seconds is None else duration(row.run.seconds),
        lambda row: row.run.seconds,
        "59 min 59 s",
        True,
    ),
    Column(
        "begun",
        "Begun",
        "When the training began, by its own record.",
        lambda row: _time(row.run.began),
        lambda row: row.run.began,
        "0000-00-00 00:00",
    ),
    Column(
        "size",
        "Size",
        "All files of the run on the disk.",
        lambda row: numbers.size(row.run.size),
        lambda row: row.run.size,
        "999 MB",
        True,
    ),
)
"""The columns that are always there; see `differing` for the others."""

_SHOWN = {column.key for column in COLUMNS} | {"epochs", "data.source"}


def differing(runs: Sequence[Summary]) -> list[Column]:
    """Return a column for each setting, argument or size in which runs differ, and for parents.

    Settings that a run does not use, such as the momentum of Adam, are no difference.
    """
    # Of many runs most have equal recipes: with each looked at once, 500 runs are shown in 25
    # instead of 62 ms.
    recipes = {run.recipe for run in runs if run.recipe is not None}
    columns = []
    for name, field in fields().items():
        if name in _SHOWN:
            continue
        values = {setting_text(each, field) for each in recipes if is_used(each, field)}
        if len(values) > 1:
            columns.append(_of_recipe(name, max(values, key=len)))
    columns += [
        _of_argument(name, max(texts, key=len))
        for name, texts in _argument_texts(runs).items()
        if len(texts) > 1
    ]
    parameters = {run.parameters for run in runs} - {None}
    if len(parameters) > 1:
        columns.append(_PARAMETERS)
    if any(run.origin is not None for run in runs):
        columns.append(_CONTINUES)
    return columns


def _argument_texts(runs: Iterable[Summary]) -> dict[str, set[str]]:
    """Return the values that each argument of the designs has."""
    found: dict[str, set[str]] = {}
    for run in runs:
        for name, value in run.arguments.items():
            found.setdefault(name, set()).add(value_text(value))
    return found


def _of_argument(name: str, widest: str) -> Column:
    return Column(
        f"argument {name}",
        name,
        f"The argument {name} of the design.",
        lambda row: value_text(row.run.arguments.get(name, "")),
        lambda row: row.run.arguments.get(name),
        widest,
    )


_PARAMETERS = Column(
    "parameters",
    "Parameters",
    "Weights and biases of the network.",
    lambda row: "" if row.run.parameters is None else numbers.short(row.run.parameters),
    lambda row: row.run.parameters,
    "138M",
    True,
)


def continues(run: Summary) -> str:
    """Return which run another one continues, "" if none."""
    if run.origin is None:
        return ""
    return f"{Path(run.origin.parent).name} from epoch {run.origin.epochs}"


_CONTINUES = Column(
    "continues",
    "Continues",
    "The run that was trained on, and the epochs that it had.",
    lambda row: continues(row.run),
    lambda row: continues(row.run) or None,
    "2026-01-01-1200-lenet5 from epoch 10",
)


def sorted_rows(rows: Sequence[Row], column: Column, *, descending: bool) -> list[Row]:
    """Return rows in the order of a column; those without a value come last in both directions."""
    known = [row for row in rows if column.value(row) is not None]
    known.sort(key=lambda row: _comparable(column.value(row)), reverse=descending)
    return known + [row for row in rows if column.value(row) is None]


def _comparable(value: Any) -> tuple[int, Any]:
    """Return a key by which numbers come before texts, which Python does not compare."""
    return (0, value) if isinstance(value, bool | int | float) else (1, value)


def matches(row: Row, words: Sequence[str], columns: Sequence[Column]) -> bool:
    """Return whether each word is in one of a row's cells, whatever its case."""
    if not words:
        return True
    text = "\n".join(column.text(row) for column in columns).lower()
    return all(word in text for word in words)
