"""A report as Markdown: a model card, which Hugging Face and code hosts show beside a model."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from designer.reports.blocks import Block, Code, Facts, Pictures, Plot, Section, Table, Text
from designer.reports.reading import Report

_MOST_ROWS = 200  # of a table; the page as HTML has them all
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_METRICS = {"accuracy": "accuracy", "mae": "mae", "mse": "mse"}
"""Figures with a name that Hugging Face knows."""


def markdown(report: Report, sections: Sequence[Section]) -> str:
    """Return a report as a model card: metadata in YAML, then the sections."""
    lines = [*_metadata(report), "", f"# {escaped(report.analysis.design.name)}", ""]
    lines += [f"The run {escaped(report.name)}, trained with Network Designer.", ""]
    for section in sections:
        lines += _section(section, 2)
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    plain = " ".join(text.split())
    return _SPECIAL.sub(r"\\\1", plain)


def _metadata(report: Report) -> Iterator[str]:
    """Yield the metadata of a model card; JSON values are YAML, too."""
    found = report.evaluation
    preprocessing = report.preprocessing
    task = "image-classification"
    if preprocessing is not None and preprocessing.targets == "numbers":
        task = "image-feature-extraction"
    fields: dict[str, Any] = {
        "library_name": "pytorch",
        "pipeline_tag": task,
        "tags": ["network-designer", report.analysis.design.name],
        "datasets": [report.data_name],
    }
    if found is not None:
        figures = found.record.figures
        metrics = [
            {"type": kind, "value": _first(figures[name])}
            for name, kind in _METRICS.items()
            if figures.get(name) is not None
        ]
        result = {
            "task": {"type": task},
            "dataset": {
                "name": found.record.data or report.data_name,
                "type": found.record.data or report.data_name,
                "split": found.record.part,
            },
            "metrics": metrics,
        }
        fields["metrics"] = [each["type"] for each in metrics]
        fields["model-index"] = [{"name": report.name, "results": [result]}]
    yield "---"
    for name, value in fields.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    yield "---"


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _section(section: Section, level: int) -> list[str]:
    lines = [f"{'#' * level} {escaped(section.title)}", ""]
    for block in section.blocks:
        lines += _block(block)
    for each in section.sections:
        lines += _section(each, level + 1)
    return lines


def _block(block: Block) -> list[str]:
    match block:
        case Text():
            return [escaped(block.text), ""]
        case Facts():
            rows = [
                f"- **{escaped(name)}:** {escaped(value)}" + (f" ({escaped(more)})" if more else "")
                for name, value, more in block.rows
            ]
            return [*rows, ""]
        case Table():
            return _table(block)
        case Code():
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
            return [f"{fence}{block.language}", block.text.rstrip("\n"), fence, ""]
        case Plot() | Pictures():
            return []


def _table(table: Table) -> list[str]:
    aligned = [":--" if place < table.left else "--:" for place in range(len(table.titles))]
    rows = [table.titles, aligned, *table.rows[:_MOST_ROWS]]
    lines = [
        f"| {' | '.join(cell if row is aligned else escaped(cell) for cell in row)} |"
        for row in rows
    ]
    rest = len(table.rows) - _MOST_ROWS
    more = ["", f"{rest:,} more rows are in the report as HTML."] if rest > 0 else []
    return [*lines, *more, ""]
