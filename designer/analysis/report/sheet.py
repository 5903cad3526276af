"""The text that ``check`` prints: the table of layers and the totals, line by line."""

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from designer.analysis.accounting.totals import Totals
from designer.analysis.analysis import Analysis, Row
from designer.analysis.evaluation.results import GraphResult
from designer.analysis.problems import Problem, Severity
from designer.analysis.report import formatting
from designer.analysis.report.line import Line, Style
from designer.design.printing import setting_text
from designer.recipe.optimizers import ESTIMATES

GAP = "  "
MAX_PROBLEMS = 50
NARROWEST_PATH, NARROWEST_TYPE = 12, 8
_NAMES_WIDTH = 32  # of the optimizers in a line of the table, which fits 80 columns so


class _Column(NamedTuple):
    title: str
    text: Callable[[Row], str]
    left: bool = False


def _digits(name: str, write: Callable[[int], str]) -> Callable[[Row], str]:
    """Return the function that writes one of a row's counts, a dash in rows outside of the sums."""

    def text(row: Row) -> str:
        counts = row.result.counts
        number: int = getattr(counts, name)
        return write(number) if number or counts.output_values else formatting.NONE

    return text


def _weights(write: Callable[[int], str]) -> Callable[[Row], str]:
    """Return a function that writes how many weights a row has, or "shared" if another has them."""
    number = _digits("weights", write)
    return lambda row: "shared" if row.shares else number(row)


_PATH = _Column("path", lambda row: row.path, left=True)
_TYPE = _Column("type", lambda row: row.type, left=True)
_SUMMARY = _Column("type", lambda row: row.layer.summary(), left=True)
_OUTPUT = _Column("output", lambda row: formatting.shape(row.shape))
_VALUES = _Column("values", _digits("output_values", formatting.count))
_WEIGHTS = _Column("weights", _weights(formatting.count))
_BIASES = _Column("biases", _digits("biases", formatting.count))
_MACS = _Column("MACs", _digits("macs", formatting.count))
_RECEPTIVE_FIELD = _Column("RF", lambda row: formatting.receptive_field(row.receptive_field))
_SHORT_VALUES = _Column("values", _digits("output_values", formatting.short))
_SHORT_WEIGHTS = _Column("weights", _weights(formatting.short))
_SHORT_MACS = _Column("MACs", _digits("macs", formatting.short))

_LAYOUTS = (
    (_PATH, _SUMMARY, _OUTPUT, _VALUES, _WEIGHTS, _BIASES, _MACS, _RECEPTIVE_FIELD),
    (_PATH, _TYPE, _OUTPUT, _VALUES, _WEIGHTS, _BIASES, _MACS, _RECEPTIVE_FIELD),
    (_PATH, _TYPE, _OUTPUT, _VALUES, _WEIGHTS, _MACS, _RECEPTIVE_FIELD),
    (_PATH, _TYPE, _OUTPUT, _VALUES, _WEIGHTS, _SHORT_MACS, _RECEPTIVE_FIELD),
    (_PATH, _TYPE, _OUTPUT, _SHORT_VALUES, _SHORT_WEIGHTS, _SHORT_MACS, _RECEPTIVE_FIELD),
)
"""Columns from wide to narrow layouts; the first layout that fits is used."""


def check(analysis: Analysis, *, batch: int = 1, width: int | None = None) -> Iterator[Line]:
    """Yield the lines for a design: the table of layers and, if it is valid, the totals.

    Parameters
    ----------
    batch
        Images at a time, for the estimates of memory.
    width
        The number of characters in a line; None without a limit.
    """
    yield from _title(analysis, width)
    yield Line()
    rows = analysis.rows()
    if rows:
        yield from table(rows, width)
        yield Line(
            "values of one image; RF: receptive field in pixels; –: not counted in the sums",
            Style.FAINT,
        )
        for name, owner in _sharing(analysis.top) if analysis.valid else ():
            yield Line(f"{name} shares the weights of {owner}, which count once", Style.FAINT)
        fields = [row.receptive_field for row in rows]
        if any(each is not None and each.local != each.size for each in fields):
            yield Line(
                "in brackets: the local receptive field, without global branches or the border",
                Style.FAINT,
            )
    if not analysis.valid:
        return
    yield Line()
    yield from totals(analysis.totals, batch)


def _sharing(graph: GraphResult, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths of the nodes that share weights and of their owners, the outermost alone."""
    shared = graph.wiring.shared
    for name in graph.wiring.order:
        inside = graph.nodes[name].inside
        if name in shared:
            yield prefix + name, prefix + shared[name]
        elif inside is not None:
            yield from _sharing(inside, f"{prefix}{name}.")


def table(rows: Sequence[Row], width: int | None = None) -> Iterator[Line]:
    """Yield a line of titles and one line for each layer; layers that do not count are faint."""
    columns, cells, widths = _fit(rows, width)
    titles = [column.title for column in columns]
    yield Line(_line(titles, columns, widths), Style.HEADING)
    for row, texts in zip(rows, cells, strict=True):
        counts = row.result.counts
        counted = counts.output_values or counts.weights or row.shares
        style = Style.PLAIN if counted else Style.FAINT
        yield Line(_line(texts, columns, widths), style)


def totals(sums: Totals, batch: int = 1) -> Iterator[Line]:
    """Yield every total under its name, in lines of less than 80 characters."""
    count, size = formatting.count, formatting.size
    yield Line(f"TOTAL params: {formatting.short(sums.parameters)}", Style.HEADING)
    learned = f"{count(sums.weights)} weights + {count(sums.biases)} biases"
    yield Line(f"  parameters        {learned} = {count(sums.parameters)}")
    if sums.frozen:
        yield Line(f"  trainable         {count(sums.trainable)}; {count(sums.frozen)} are frozen")
    if sums.buffers:
        yield Line(f"  buffers           {count(sums.buffers)} saved with them, not learned")
    yield Line(f"  file              {size(sums.file_bytes)}: {count(sums.file_bytes)} bytes")
    macs, flops = formatting.scaled(sums.macs), formatting.scaled(sums.flops)
    yield Line(f"  MACs / image      {macs}: {count(sums.macs)}; FLOPs, two each: {flops}")
    yield Line()
    yield from _memory(sums, batch)
    yield Line()
    yield from _estimates(sums, batch)


def _memory(sums: Totals, batch: int) -> Iterator[Line]:
    count, size = formatting.count, formatting.size
    lecture = formatting.lecture_memory(sums.buffer_values)
    exactly = f"{size(sums.buffer_bytes, 4)} exactly"
    modes = [
        f"{size(saved)} in {mode} mode: {count(saved)} bytes"
        for mode, saved in (
            ("train", sums.saved_bytes(batch)),
            ("eval", sums.saved_bytes(batch, training=False)),
        )
    ]
    yield Line(f"TOTAL memory: {lecture} / image", Style.HEADING)
    yield Line("  as the CS231n lecture counts it; the three conventions by name:", Style.FAINT)
    yield from _named(
        "layer outputs",
        [f"{formatting.float_memory(sums.output_values)} / image"],
        "the input and each layer's output except activations,",
        f"dropout and views: {count(sums.output_values)} values",
    )
    yield from _named(
        "in-and-out buffers",
        [f"{lecture}, {exactly}"],
        "the CS231n lecture's total, reconstructed: each",
        f"convolution's input and output: {count(sums.buffer_values)} values",
    )
    yield from _named(
        "kept for backward",
        modes,
        f"tensors that autograd keeps, for {_batch(batch)}",
    )


def _estimates(sums: Totals, batch: int) -> Iterator[Line]:
    """Yield the estimates that decide whether a network fits into memory."""
    count, size = formatting.count, formatting.size
    peak = sums.inference_peak_bytes
    yield Line(f"MEMORY NEEDED, estimated for {_batch(batch)} in float32", Style.HEADING)
    yield from _named(
        "to predict",
        [size(sums.inference_bytes(batch))],
        "parameters, buffers and the tensors alive at once,",
        f"at most {size(peak)} / image: {count(peak)} bytes",
    )
    groups: dict[int, list[str]] = {}
    for name, each in ESTIMATES.items():
        groups.setdefault(sums.training_bytes(each.settings, batch), []).append(name)
    yield from _named(
        "to train",
        [
            f"{'' if number else size(needed):<20} {'' if number else 'with':<4} {names}"
            for needed, listed in groups.items()
            for number, names in enumerate(wrap(", ".join(listed), _NAMES_WIDTH))
        ],
        "parameters, gradients, optimizer state, tensors",
        "kept for backward and a workspace",
    )


def _named(name: str, values: Sequence[str], *explanation: str) -> Iterator[Line]:
    for number, text in enumerate(values):
        yield Line(f"  {'' if number else name:<20}{text}")
    for text in explanation:
        yield Line(f"{'':22}{text}", Style.FAINT)


def problems(found: Sequence[Problem]) -> Iterator[Line]:
    """Yield each problem with its fixes; one that several uses of a block share stands once."""
    same: dict[tuple[object, ...], list[Problem]] = {}
    for problem in found:
        key = (problem.block, problem.node, problem.code, problem.message)
        same.setdefault(key, []).append(problem)
    for number, group in enumerate(same.values()):
        if number == MAX_PROBLEMS:
            yield Line(f"and {len(same) - number} more problems; --json has them all")
            return
        first = group[0]
        style = Style.ERROR if first.severity is Severity.ERROR else Style.WARNING
        yield Line(f"{first.severity.value}: {first.message}", style)
        if first.block is not None:
            more = f" and {len(group) - 1} more" if len(group) > 1 else ""
            yield Line(f"  in the block {first.block}, at {first.path}{more}")
        for fix in first.fixes:
            yield Line(f"  fix: {fix.label}")


def _title(analysis: Analysis, width: int | None) -> Iterator[Line]:
    inputs, outputs = (
        ", ".join(f"{port.name} {formatting.shape(port.shape)}" for port in ports) or "nothing"
        for ports in (analysis.inputs, analysis.outputs)
    )
    values = analysis.arguments.items()
    arguments = " ".join(f"{name}={setting_text(each)}" for name, each in values)
    title = f"{analysis.design.name}: {inputs} → {outputs}"
    for text, style in ((title, Style.HEADING), (arguments, Style.PLAIN)):
        lines = [text] if width is None else wrap(text, width, subsequent_indent="  ")
        for line in filter(None, lines):
            yield Line(line, style)


def _batch(batch: int) -> str:
    return "1 image" if batch == 1 else f"a batch of {formatting.count(batch)}"


def _fit(
    rows: Sequence[Row], width: int | None
) -> tuple[Sequence[_Column], list[list[str]], list[int]]:
    """Return the columns of the widest layout that fits, the cells, and the columns' widths."""
    texts: dict[_Column, list[str]] = {}
    for columns in _LAYOUTS:
        for column in columns:
            if column not in texts:
                texts[column] = [column.text(row) for row in rows]
        widths = [
            max(len(column.title), *map(formatting.cells_of, texts[column])) for column in columns
        ]
        over = sum(widths) + len(GAP) * (len(columns) - 1) - (width or 0)
        if width is None or over <= 0:
            break
    else:  # no layout fits: shorten names
        for index, least in ((1, NARROWEST_TYPE), (0, NARROWEST_PATH)):
            cut = max(min(over, widths[index] - least), 0)
            widths[index] -= cut
            over -= cut
    cells = [list(cells) for cells in zip(*(texts[column] for column in columns), strict=True)]
    return columns, cells, widths


def _line(texts: Sequence[str], columns: Sequence[_Column], widths: Sequence[int]) -> str:
    cells = (
        formatting.padded(_shortened(text, width), width) if column.left else text.rjust(width)
        for text, column, width in zip(texts, columns, widths, strict=True)
    )
    return GAP.join(cells).rstrip()


def _shortened(text: str, width: int) -> str:
    """Cut the middle out of a path, so that the outermost block and the layer stay readable."""
    if formatting.cells_of(text) <= width:
        return text
    if formatting.cells_of(text) > len(text):
        width //= 2  # so many characters of an East Asian script fit
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
