"""The sections of a report, in the order of a model card.

What it is, how to use it, how it was trained, how well it does, and what it consists of.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from designer import __version__, system
from designer.analysis.assist.inputs import takes_picture
from designer.analysis.report import formatting
from designer.recipe.command_line import text_of
from designer.recipe.preprocessing import PREPROCESSINGS
from designer.recipe.recipe import Recipe, fields, is_used, value_of
from designer.recipe.settings import Field
from designer.reports import plots
from designer.reports.blocks import Block, Code, Facts, Plot, Section, Table, Text
from designer.reports.evaluation_sections import evaluation_section, headline
from designer.reports.reading import Report, shown_source
from designer.reports.usage import how_to_use
from designer.runs.preprocessing import Preprocessing
from designer.runs.states import WORDS

_PATHS = ("data.source", "initial_weights")
_ELSEWHERE = ("device", "threads", "data.workers", "data.memory", "data.cache")
"""Settings that say where and how fast, and nothing of what is learned."""

_LONGEST = 200  # characters of a setting's value


PART_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}


def sections(report: Report) -> list[Section]:
    """Return the sections of a report."""
    return [
        Section("Model details", _details(report)),
        Section("Uses", _uses(report)),
        Section("How to get started with the model", how_to_use(report)),
        Section("Training details", (), _training(report)),
        evaluation_section(report),
        Section("Technical specifications", (), _technical(report)),
    ]


def outputs(preprocessing: Preprocessing) -> str:
    """Return a sentence on what a network says of a picture, or of other inputs."""
    thing = "an example" if preprocessing.inputs else "a picture"
    many = {
        "classes": f"It says which of {len(preprocessing.classes):,} classes {thing} is of.",
        "labels": f"It says which of {len(preprocessing.labels):,} labels {thing} has.",
        "numbers": f"It predicts numbers from {thing}.",
        "input": f"It gives {thing} again, as an autoencoder does.",
        "tokens": "It predicts the next token at each position of a text.",
    }
    return many[preprocessing.targets]


def _details(report: Report) -> list[Block]:
    totals, analysis = report.analysis.totals, report.analysis
    pictures = takes_picture(analysis)
    thing = "picture" if pictures else "example"
    about = "channels, height and width of a picture" if pictures else "without the batch axis"
    rows = [
        ("Network", analysis.design.name, ""),
        *[
            ("Input" if pictures else f"Input {each.name}", formatting.shape(each.shape), about)
            for each in analysis.inputs
        ],
        ("Parameters", formatting.count(totals.parameters), "weights and biases"),
        (
            "Multiply-accumulates",
            formatting.scaled(totals.macs),
            f"of convolutions and matrix products, for one {thing}",
        ),
        ("State", WORDS.get(report.run.state(), "trained"), ""),
        *headline(report),
    ]
    return [Facts(rows)]


def _uses(report: Report) -> list[Block]:
    preprocessing = report.preprocessing
    if preprocessing is None:
        return [Text("The network has not been trained yet.")]
    about = f"{outputs(preprocessing)} It was trained on the data set {report.data_name}."
    names = preprocessing.classes or preprocessing.labels or preprocessing.numbers
    blocks: list[Block] = [Text(about)]
    if names:
        blocks.append(Text(f"It knows: {_some(names)}."))
    thing = "example" if preprocessing.inputs else "picture"
    blocks.append(
        Text(
            f"The figures below hold for {thing}s like those of its data set. It answers for any "
            f"other {thing}, too, but such an answer means nothing: what it was not trained on "
            "gets an answer like those that it knows."
        )
    )
    return blocks


def _some(names: Sequence[str], most: int = 40) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


# Training


def _training(report: Report) -> list[Section]:
    found = [Section("Training data", _data(report))]
    found.append(Section("Training procedure", _procedure(report)))
    curves = list(_curves(report))
    if curves:
        found.append(Section("Curves", curves))
    return found


def _data(report: Report) -> list[Block]:
    record, data = report.data, report.recipe.data
    if record is None:
        return [Text(f"The recipe names the data set {report.data_name}.")]
    rows = [("Data set", record.name, f"of the format {record.format}")]
    things = "images" if takes_picture(report.analysis) else "examples"
    names = {part: f"{PART_TITLES[part]} {things}" for part in PART_TITLES}
    for part, title in names.items():
        if part in record.counts:
            rows.append((title, formatting.count(record.counts[part]), ""))
    preprocessing = report.preprocessing
    if preprocessing is not None:
        count = len(preprocessing.classes or preprocessing.labels or preprocessing.numbers)
        word = {"classes": "Classes", "labels": "Labels", "numbers": "Numbers"}
        if preprocessing.targets in word:
            rows.append((word[preprocessing.targets], f"{count:,}", ""))
        if preprocessing.inputs:
            return [Facts([*rows, *_inputs(preprocessing)])]
        kind = PREPROCESSINGS[preprocessing.kind]
        rows.append(("Preprocessing", kind.title, f"x becomes {kind.formula}"))
        if preprocessing.kind == "standardize":
            mean, deviation = (
                ", ".join(f"{value:.4g}" for value in values)
                for values in (preprocessing.mean, preprocessing.deviation)
            )
            rows.append(("Mean", mean, "of each channel, with bytes scaled to 0 to 1"))
            rows.append(("Deviation", deviation, "of each channel"))
        rows.append(("Pictures of other proportions", data.fit, ""))
    return [Facts(rows)]


def _inputs(preprocessing: Preprocessing) -> list[tuple[str, str, str]]:
    """Return what was done to the inputs of a network that takes no picture."""
    rows = []
    for each in preprocessing.inputs:
        if each.mean:
            how = "standardized by mean and deviation of the training part"
        else:
            how = "from 0 to 1" if each.bytes else "as they are"
        rows.append((f"Values of {each.name}", how, ""))
        if each.columns:
            rows.append(("Columns", _some([column.name for column in each.columns]), ""))
    return rows


def _procedure(report: Report) -> list[Block]:
    recipe, result = report.recipe, report.result
    rows = [
        ("Optimizer", _title(recipe, "optimizer.name"), ""),
        ("Learning rate", f"{recipe.optimizer.learning_rate:g}", ""),
        ("Schedule", _title(recipe, "schedule.name"), ""),
        ("Loss", _title(recipe, "loss.name"), ""),
        ("Batch", f"{recipe.batch:,} images", ""),
        ("Epochs", f"{recipe.epochs:,}", ""),
        ("Seed", f"{recipe.seed}", "of weights, order and every random draw"),
    ]
    if recipe.initial_weights:
        rows.append(("Started from", shown_source(recipe.initial_weights), ""))
    if result is not None:
        rows.append(("Trained", f"{result.epochs:,} epochs, {result.steps:,} steps", ""))
        rows.append(("Time", _duration(result.seconds), "over all sessions"))
        if result.best is not None:
            words = f"epoch {result.best.epoch}, loss {result.best.loss:.4f}"
            rows.append(("Best", words, "with the lowest validation loss"))
    changed = [
        [field.setting.title, field.name, _value(field, value), _value(field, field_default(field))]
        for field, value in _different(recipe)
    ]
    blocks: list[Block] = [Facts(rows)]
    if changed:
        blocks.append(Text("These settings are not at their defaults; all others are."))
        blocks.append(Table(("setting", "name in a recipe", "value", "default"), changed, left=4))
    else:
        blocks.append(Text("All settings are at their defaults."))
    return blocks


def _different(recipe: Recipe) -> Iterator[tuple[Field, Any]]:
    """Yield the settings that differ from their defaults and count for what is learned."""
    for name, field in fields().items():
        value = value_of(recipe, name)
        counts = name not in _ELSEWHERE and is_used(recipe, field)
        if counts and value != field_default(field):
            yield field, value


def field_default(field: Field) -> Any:
    """Return the value of a setting in a new recipe."""
    return value_of(Recipe(), field.name)


def _value(field: Field, value: Any) -> str:
    if field.name in _PATHS:
        value = shown_source(value)
    if value is None or value in ((), ""):
        return field.setting.empty or "none"
    text = text_of(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _title(recipe: Recipe, name: str) -> str:
    value = value_of(recipe, name)
    return (fields()[name].setting.choices or {}).get(value, str(value))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} minutes"


def _curves(report: Report) -> Iterator[Block]:
    start = next((each for each in report.events if each["event"] == "start"), {})
    each = start.get("steps_per_epoch", 1)
    steps = [event for event in report.events if event["event"] == "step"]
    points = [(event["step"] / each, float(event["loss"])) for event in steps]
    loss = plots.epochs(report.epochs, "loss", "loss", steps=points)
    if loss:
        yield Plot(loss, "The mean loss of each epoch; behind it the loss of single steps.")
    if accuracy := plots.epochs(report.epochs, "accuracy", "accuracy"):
        words = "The share of right decisions. Training is measured while it learns"
        if start.get("mixed"):
            words += ", on mixed images, for which no answer is right for all of an image"
        yield Plot(accuracy, f"{words}.")
    columns = ("epoch", "training loss", "validation loss", "accuracy", "validation accuracy")
    rows = [
        [f"{event['epoch']}", *(_metric(event, *key) for key in _KEYS)] for event in report.epochs
    ]
    if rows:
        yield Table(columns, rows, left=0, summary="The figures of each epoch")


_KEYS = (
    ("train", "loss"),
    ("validation", "loss"),
    ("train", "accuracy"),
    ("validation", "accuracy"),
)


def _metric(event: Any, part: str, name: str) -> str:
    value = (event.get(part) or {}).get(name)
    if value is None:
        return formatting.NONE
    return f"{value:.4f}" if name == "loss" else f"{100 * value:.2f} %"


# Technical specifications


def _technical(report: Report) -> list[Section]:
    analysis = report.analysis
    rows = [
        [
            row.path,
            f"{row.type}, shares {row.shares}" if row.shares else row.type,
            formatting.shape(row.shape),
            formatting.count(row.result.counts.weights + row.result.counts.biases),
            formatting.count(row.result.counts.macs),
        ]
        for row in analysis.rows()
    ]
    titles = ("layer", "type", "output", "parameters", "multiply-accumulates")
    folded = f"All {len(rows):,} layers" if len(rows) > _OPEN else ""
    totals = analysis.totals
    sums = [
        ("Layers", formatting.count(totals.layers), "with all blocks written out"),
        ("Parameters", formatting.count(totals.parameters), ""),
        *(
            [("Frozen", formatting.count(totals.frozen), "parameters that were not trained")]
            if totals.frozen
            else []
        ),
        ("File", formatting.size(totals.file_bytes), "of all weights"),
        ("Memory to predict", formatting.size(totals.inference_bytes(1)), "for one picture"),
    ]
    names = {
        "device_name": "Device",
        "torch": "PyTorch",
        "python": "Python",
        "platform": "Platform",
        "threads": "Threads",
        "processes": "Processes",
    }
    environment = [
        (title, str(report.environment[key]), "")
        for key, title in names.items()
        if key in report.environment
    ]
    environment.append(("Network Designer", __version__, "which wrote this report"))
    return [
        Section("Architecture", [Facts(sums), Table(titles, rows, left=3, summary=folded)]),
        Section("Environment", [Facts(environment)]),
        Section("The same run again", [Text(_AGAIN), Code(_command(report), "sh")]),
    ]


_OPEN = 40  # rows of a table that is not folded
_AGAIN = (
    "With the design as a file, this trains it as it was trained; paths of data and of weights are "
    "to be put in."
)


def _command(report: Report) -> str:
    words = ["netdesigner", "train", "design.json"]
    for field, value in _different(report.recipe):
        shown = shown_source(value) if field.name in _PATHS else value
        words.append(system.quoted("--set-recipe", f"{field.name}={text_of(shown)}"))
    if (processes := report.environment.get("processes", 1)) != 1:
        words.append(f"--processes {processes}")
    return " \\\n    ".join((" ".join(words[:3]), *words[3:]))
