"""The work of ``netdesigner evaluate``: evaluating the network of a run, printing its figures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from designer.analysis.report.formatting import NONE, cells_of
from designer.analysis.report.line import Line, Style
from designer.cli.output import printable, share_shown
from designer.cli.tables import aligned
from designer.runs.evaluation_record import EvaluationRecord, MemberRecord
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, Subject

_AVERAGES = ("macro", "weighted", "micro")
_MOST_CONFUSED = 10  # pairs of classes that are listed
_LARGEST_MATRIX = 20  # classes of a matrix that is printed where its width does not matter
_HELP = {
    "accuracy": "share of right decisions",
    "exact match": "share of {things} all of whose labels are right",
    "top-5 accuracy": "share of {things} whose class is among the five most probable",
    "macro F1": "mean of all F1 = 2 · precision · recall / (precision + recall)",
    "calibration error": "mean distance of a probability and the share that is right",
    "mean cost": "by the cost matrix of the loss",
    "perplexity": "equally probable tokens among which the network is undecided",
    "bits per token": "storage of a token if the text were compressed by the probabilities",
    "absolute error": "mean distance of a value from that of the input",
    "squared error": "mean square of that",
    "of the mean": "squared error of the mean example, which tells nothing apart",
    "share": "squared error as a share of that of the mean example",
}
_PLAIN_OF_INPUT = {
    "absolute error": "absolute_error",
    "squared error": "squared_error",
    "of the mean": "mean_example_error",
}
_OF_INPUT = {**_PLAIN_OF_INPUT, "share": "error_share"}
"""The figures of a network that gives its input again."""


def evaluate(
    run: RunFolder,
    *,
    weights: str,
    chosen: Mapping[str, Any],
    device: str | None,
    folder: Path | None,
) -> EvaluationRecord:
    """Evaluate the network of a run.

    Parameters
    ----------
    run
        The run; it may be trained at the same time.
    weights
        ``best``, ``last`` or ``epoch:N``.
    chosen
        What is evaluated; see `designer.engine.inspect.evaluating.Choice`.
    device
        As the recipe's setting of this name, None for what the recipe says.
    folder
        Where predictions and figures are written. None writes them into the run's folder
        ``evaluation``, if they are what its training writes there at its end, and no training
        writes there now.

    Raises
    ------
    DesignerError
        It cannot be evaluated.
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.inspect import evaluating
    from designer.engine.inspect.subject import load

    choice = evaluating.Choice(**chosen)
    unsaid: list[str] = []

    def target(record: EvaluationRecord) -> Path | None:
        usual = (
            weights == BEST and not record.data and record.part == "test" and not choice.settings
        )
        if folder is not None or not usual or run.worker() is not None:
            return folder
        return run.evaluation

    with share_shown("Evaluating") as progress, devices.enough_memory("inspect"):
        subject = Subject(run=str(run.path.absolute()), weights=weights)
        loaded = load(subject, device=device or run.recipe().device)
        try:
            found = evaluating.evaluate(loaded, choice, write=target, progress=progress)
        except evaluating.UnwrittenError as error:
            if folder is not None:
                raise
            unsaid.append(str(error))
            found = error.found
    return msgspec.structs.replace(found.record, notes=(*found.record.notes, *unsaid))


def to_json(found: EvaluationRecord) -> str:
    """Return the figures as a JSON object, and how they were found."""
    more = {
        name: value
        for name, value in msgspec.to_builtins(found).items()
        if name in ("data", "weights", "epoch", "test_time", "samples", "notes")
        or (name == "members" and value)
    }
    content = {**found.figures, **more}
    return f"{msgspec.json.format(msgspec.json.encode(content), indent=1).decode()}\n"


def lines(found: EvaluationRecord, width: int | None) -> Iterator[Line]:
    """Yield the figures as text.

    Parameters
    ----------
    found
        The figures.
    width
        Of the terminal; a confusion matrix that is wider is left out. None for a pipe or a file.
    """
    figures = found.figures
    where = f"{found.data}, " if found.data else ""
    what = f"all {found.things}" if found.part == "all" else f"{found.part} part"
    epoch = "" if found.epoch is None else f" of epoch {found.epoch}"
    views = "" if found.test_time == "none" else f", {found.test_time.replace('_', ' ')}"
    network = f"{found.weights} weights{epoch}"
    if found.members:
        network = f"ensemble of {len(found.members)}"
    yield Line(
        printable(f"{where}{what}: {figures['images']:,} {found.things}, {network}{views}"),
        Style.HEADING,
    )
    yield from _overview(figures, found.things)
    if found.members:
        yield Line()
        yield from _members(found.members)
    if "per_target" in figures:
        yield Line()
        yield from _numbers(figures["per_target"])
        return
    if "error_share" in figures or "bits_per_token" in figures:
        return
    yield Line()
    yield from _outputs(figures, found.things)
    if "confusion" in figures:
        names = [each["class"] for each in figures["per_class"]]
        yield from _confusion(figures["confusion"], names, width)


_OF_TEXT = ("perplexity", "bits per token")


def _overview(figures: Mapping[str, Any], things: str) -> Iterator[Line]:
    values = {
        "loss": figures["loss"],
        "accuracy": figures.get("accuracy"),
        "exact match": figures.get("exact_match"),
        "top-5 accuracy": figures.get("top5"),
        "macro F1": figures.get("macro", {}).get("f1"),
        "calibration error": figures.get("calibration_error"),
        "mean cost": figures.get("cost"),
        "perplexity": figures.get("perplexity"),
        "bits per token": figures.get("bits_per_token"),
        **(
            {name: figures[key] for name, key in _OF_INPUT.items()}
            if "error_share" in figures
            else {}
        ),
    }
    known = {name: value for name, value in values.items() if value is not None}
    for name, value in known.items():
        plain = name in ("loss", "mean cost", *_PLAIN_OF_INPUT, *_OF_TEXT)
        text = f"{value:.4f}" if plain else f"{100 * value:.2f} %"
        yield Line(f"  {name:<18}{text:>10}   {_HELP.get(name, '').format(things=things)}".rstrip())


def _members(members: Sequence[MemberRecord]) -> Iterator[Line]:
    """Yield a table of what each member of an ensemble achieves alone."""
    rows = [
        [
            printable(each.run),
            each.weights,
            NONE if each.epoch is None else f"{each.epoch:,}",
            NONE if each.loss is None else f"{each.loss:.4f}",
            NONE if each.accuracy is None else f"{100 * each.accuracy:.2f} %",
        ]
        for each in members
    ]
    yield from aligned(["member", "weights", "epoch", "loss", "accuracy"], rows, left=2)


def _outputs(figures: Mapping[str, Any], things: str) -> Iterator[Line]:
    """Yield a table of the classes or labels, and their averages."""
    word = "class" if "per_class" in figures else "label"
    rows = [_row(printable(each[word]), each) for each in figures[f"per_{word}"]]
    averages = [_row(f"{name} average", figures[name]) for name in _AVERAGES]
    titles = [word, "precision", "recall", "F1", things, "average precision", "ROC area"]
    yield from aligned(titles, [*rows, *averages], left=1)


def _row(name: str, figures: Mapping[str, Any]) -> list[str]:
    shares = [_share(figures[key]) for key in ("precision", "recall", "f1")]
    areas = [_share(figures[key]) if key in figures else "" for key in _AREAS]
    return [name, *shares, f"{figures['support']:,}", *areas]


_AREAS = ("average_precision", "roc_auc")


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.1f} %"


def _numbers(rows: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    def cell(value: float | None) -> str:
        return NONE if value is None else f"{value:.4g}"

    table = [
        [printable(each["target"]), *(cell(each[key]) for key in ("mae", "mse", "r2"))]
        for each in rows
    ]
    titles = ["target", "mean absolute error", "mean squared error", "R2"]
    yield from aligned(titles, table, left=1)


def _confusion(
    matrix: Sequence[Sequence[int]], names: Sequence[str], width: int | None
) -> Iterator[Line]:
    """Yield the matrix if there is room, else the pairs that are confused most often."""
    shown = [printable(name) for name in names]
    table = [
        [name, *(f"{count:,}" if count else "." for count in row)]
        for name, row in zip(shown, matrix, strict=True)
    ]
    whole = list(aligned(["true \\ predicted", *shown], table, left=1))
    widest = max(cells_of(line.text) for line in whole)
    if (len(names) <= _LARGEST_MATRIX) if width is None else (widest <= width):
        yield Line()
        yield from whole
    pairs = [
        (count, true, predicted)
        for true, row in enumerate(matrix)
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    pairs.sort(key=lambda each: -each[0])
    if not pairs:
        return
    yield Line()
    rows = [
        [shown[true], shown[predicted], f"{count:,}", _share(count / sum(matrix[true]))]
        for count, true, predicted in pairs[:_MOST_CONFUSED]
    ]
    yield from aligned(["true", "predicted", "images", "of the class"], rows)
