"""The section of a report that says how well a network does: figures, plots and mistakes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from designer.analysis.report.formatting import NONE, count
from designer.metrics import calibration
from designer.metrics.curves import curve, micro_curve, one_hot
from designer.metrics.regression import residuals
from designer.recipe.evaluation import TEST_TIMES
from designer.reports import plots
from designer.reports.blocks import Block, Facts, Picture, Pictures, Plot, Section, Table, Text
from designer.reports.pictures import png
from designer.reports.reading import Evaluation, Report
from designer.reports.svg import SERIES, matrix

_NUMBERED = 25  # classes of a matrix with numbers
_DRAWN = 150  # classes of a matrix that is drawn at all
_CURVES = SERIES  # classes or labels that have a curve of their own: those that do worst
_DECISIONS = 4_000_000  # of all classes together; of more, some images are taken
_PLOTTED = 6  # numbers that have plots
_CONFUSED = 15  # pairs of classes that are listed
_MISTAKES = 40  # pictures of mistakes
_OPEN = 40  # rows of a table that is not folded

FIGURES: Mapping[str, tuple[str, str]] = {
    "loss": ("Loss", "the mean loss"),
    "accuracy": ("Accuracy", "the share of right decisions"),
    "exact_match": ("Exact match", "the share of images all of whose labels are right"),
    "top5": ("Top-5 accuracy", "the share of images whose class is among the five most probable"),
    "calibration_error": (
        "Calibration error",
        "the mean distance between a probability and the share of such predictions that are right",
    ),
    "cost": ("Mean cost", "by the cost matrix of the loss"),
    "perplexity": (
        "Perplexity",
        "among how many equally probable tokens the network is undecided on average",
    ),
    "bits_per_token": (
        "Bits per token",
        "the storage of a token if the text were compressed by the network's probabilities",
    ),
    "absolute_error": ("Absolute error", "the mean distance of a value from that of the input"),
    "squared_error": ("Squared error", "the mean square of that distance"),
    "mean_example_error": (
        "Squared error of the mean",
        "that of a network which gives the mean example for all, and so tells nothing apart",
    ),
    "error_share": ("Share of it", "the squared error as a share of that of the mean example"),
}
"""Title and help of the figures that stand first."""

_PLAIN = (
    "loss",
    "cost",
    "perplexity",
    "bits_per_token",
    "absolute_error",
    "squared_error",
    "mean_example_error",
)

_AVERAGES = ("macro", "weighted", "micro")


def headline(report: Report) -> list[tuple[str, str, str]]:
    """Return the one figure that says most, for the head of a report."""
    found = report.evaluation
    if found is None:
        return []
    where = _where(found)
    figures = found.record.figures
    if (accuracy := figures.get("accuracy")) is not None:
        return [("Accuracy", _percent(accuracy), f"on {where}")]
    if (share := figures.get("error_share")) is not None:
        return [("Squared error", _percent(share), f"of that of the mean example, on {where}")]
    if figures.get("per_target"):
        first = figures["per_target"][0]
        return [("Mean absolute error", _plain(first["mae"]), f"of {first['target']}, on {where}")]
    return []


def evaluation_section(report: Report) -> Section:
    """Return the section on the evaluation in a run's folder."""
    found = report.evaluation
    if found is None:
        text = "The run has not been evaluated yet. This does it: netdesigner evaluate"
        return Section("Evaluation", [Text(text)])
    figures = found.record.figures
    parts = [
        Section("Testing data", _testing(report, found)),
        Section("Results", _results(figures)),
    ]
    if "per_target" in figures:
        parts.append(Section("Numbers", [_number_table(figures), *_number_plots(found)]))
        return Section("Evaluation", (), parts)
    if "squared_error" in figures or "bits_per_token" in figures:
        return Section("Evaluation", (), parts)
    word = "class" if "per_class" in figures else "label"
    title = "Classes" if word == "class" else "Labels"
    parts.append(Section(title, [_output_table(figures, word)]))
    if "confusion" in figures:
        parts.append(Section("Confusion", list(_confusion(found))))
    parts.append(Section("Curves of decisions", list(_curves(found))))
    parts.append(Section("Calibration", [_reliability(found)]))
    if found.mistakes:
        parts.append(Section("Worst mistakes", [_mistakes(found)]))
    return Section("Evaluation", (), parts)


def _where(found: Evaluation) -> str:
    record = found.record
    part = "all images" if record.part == "all" else f"the {record.part} part"
    return f"{part} of {record.data}" if record.data else part


def _testing(report: Report, found: Evaluation) -> list[Block]:
    record = found.record
    epoch = "" if record.epoch is None else f" of epoch {record.epoch}"
    images = record.figures.get("images", len(found.targets))
    text = (
        f"Evaluated on {_where(found)}: {count(images)} images that were not trained on, with the "
        f"{record.weights} weights{epoch}."
    )
    if record.part == "train":
        text = text.replace("that were not trained on", "that were trained on")
    kind = TEST_TIMES.get(record.test_time)
    blocks: list[Block] = [Text(text)]
    if kind is not None and kind.views > 1:
        blocks.append(Text(f"{kind.help} The probabilities of these views are averaged."))
    blocks += [Text(report.public(note)) for note in record.notes]
    return blocks


def _results(figures: Mapping[str, Any]) -> list[Block]:
    rows = [
        (title, _plain(value) if name in _PLAIN else _percent(value), words)
        for name, (title, words) in FIGURES.items()
        if (value := figures.get(name)) is not None
    ]
    return [Facts(rows)]


def _percent(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def _plain(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"


def _output_table(figures: Mapping[str, Any], word: str) -> Table:
    columns = ("precision", "recall", "f1", "average_precision", "roc_auc", "break_even")
    rows = [
        [each[word], count(each["support"]), *(_percent(each.get(key), 1) for key in columns)]
        for each in figures[f"per_{word}"]
    ]
    averages = [
        [
            f"{how} average",
            count(figures[how]["support"]),
            *(_percent(figures[how][key], 1) if key in figures[how] else "" for key in columns),
        ]
        for how in _AVERAGES
        if how in figures
    ]
    titles = (word, "images", "precision", "recall", "F1", "average precision", "ROC area")
    folded = f"All {len(rows):,}" if len(rows) > _OPEN else ""
    return Table((*titles, "break-even"), [*averages, *rows], left=1, summary=folded)


def _confusion(found: Evaluation) -> Iterator[Block]:
    counts, names = found.record.figures["confusion"], found.names
    if len(names) <= _DRAWN:
        drawn = matrix(counts, names, numbers=len(names) <= _NUMBERED, title="Confusion matrix")
        yield Plot(
            drawn,
            "A row for each true class, a column for each predicted one; the darker a cell, the "
            "larger its share of the row. What lies beside the diagonal is wrong.",
        )
    pairs = [
        (number, true, predicted)
        for true, row in enumerate(counts)
        for predicted, number in enumerate(row)
        if number and true != predicted
    ]
    pairs.sort(key=lambda each: -each[0])
    rows = [
        [names[true], names[predicted], count(number), _percent(number / sum(counts[true]), 1)]
        for number, true, predicted in pairs[:_CONFUSED]
    ]
    if rows:
        yield Table(("true", "predicted", "images", "of the class"), rows, left=2)


def _curves(found: Evaluation) -> Iterator[Block]:
    values, names = found.values, found.names
    there = found.targets.astype(bool)
    if found.targets.ndim == 1:
        there = one_hot(found.targets, len(names))
    areas = found.record.figures["average_precision"]
    known = [place for place in range(len(names)) if areas[place] is not None]
    worst = sorted(known, key=lambda place: areas[place])[:_CURVES]
    own = [(names[place], curve(values[:, place], there[:, place])) for place in sorted(worst)]
    step = max(1, values.size // _DECISIONS)
    whole = micro_curve(values[::step], there[::step])
    chosen = (
        f" Of {len(known):,}, those with the lowest average precision are drawn."
        if len(known) > _CURVES
        else ""
    )
    if step > 1:
        chosen += f" All together are those of every {step}th image."
    yield Plot(
        plots.precision_recall(own, whole),
        "Each threshold of the probability is a point of a curve. The area under it, the average "
        "precision, stands in the legend. At the break-even point precision and recall are equal."
        + chosen,
    )
    yield Plot(
        plots.roc(own, whole),
        "The area, in the legend, is the probability that an image of the class gets a higher "
        "score than another: 0.5 is chance." + chosen,
    )


def _reliability(found: Evaluation) -> Plot:
    values = found.values.clip(0, 1)
    if found.targets.ndim == 1 and found.predicted is not None:
        rows = np.arange(len(values))
        sorted_ = calibration.calibration(
            values[rows, found.predicted], found.predicted == found.targets
        )
    else:
        sorted_ = calibration.calibration(values.ravel(), found.targets.astype(bool).ravel())
    known = sorted_.counts > 0
    more = float((sorted_.counts[known] * sorted_.gaps[known]).sum())
    words = (
        "underconfident: it is right more often" if more > 0 else "overconfident: right less often"
    )
    return Plot(
        plots.reliability(sorted_),
        "Predictions sorted by their probability: bars are the share that is right, the lighter "
        f"part is missing to the probability, or beyond it. On the whole the network is {words} "
        "than it says.",
    )


def _mistakes(found: Evaluation) -> Pictures:
    pictures = []
    for mistake, picture in found.mistakes[:_MISTAKES]:
        sure = "" if mistake.probability is None else f" ({_percent(mistake.probability, 0)})"
        pictures.append(Picture(png(picture), f"{mistake.true} → {mistake.predicted}{sure}"))
    return Pictures(
        pictures, "True class → predicted class, with its probability; the largest losses first."
    )


def _number_table(figures: Mapping[str, Any]) -> Table:
    rows = [
        [each["target"], *(_plain(each[key]) for key in ("mae", "mse", "r2"))]
        for each in figures["per_target"]
    ]
    return Table(("number", "mean absolute error", "mean squared error", "R²"), rows, left=1)


def _number_plots(found: Evaluation) -> Iterator[Block]:
    left = residuals(found.values, found.targets)
    numbers: Sequence[str] = found.names[:_PLOTTED]
    for place, name in enumerate(numbers):
        yield Plot(
            plots.scatter(found.values[:, place], found.targets[:, place], name),
            "A dot for each image; on the line, predicted and true values are equal.",
        )
        yield Plot(
            plots.residuals(left[:, place], name),
            "Right of 0, too little is predicted; left of it, too much.",
        )
