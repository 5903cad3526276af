"""A design as text for people and version control: a line for each node, without positions.

`designer.design.text` writes the file; from these lines nothing is read.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from designer.design.differences import settings_of, type_of
from designer.design.values import Argument, BlockNode, Design, Graph, Node

_USUAL = {"when": True, "learning_rate": 1, "repeat": 1, "shares": ""}


def lines(design: Design, training: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield the lines: name and arguments, layer types of its own, nodes, then every block.

    Parameters
    ----------
    design
        The design.
    training
        The key ``training`` of its file, of which each value that is set becomes a line at the end.
    """
    yield f"design {_line(design.name)}"
    if design.about:
        yield f"about: {_line(design.about)}"
    for work in design.cites:
        yield f"cites: {_line(work)}"
    yield from _arguments(design.arguments)
    for name, text in design.code.items():
        yield ""
        yield f"code {name}"
        yield from (f"  {_line(each)}".rstrip() for each in text.split("\n"))
    yield ""
    yield "network"
    yield from _nodes(design.graph)
    for name, block in design.blocks.items():
        yield ""
        yield f"block {name}"
        yield from _arguments(block.arguments)
        yield f"  inputs: {', '.join(block.inputs)}"
        yield from _nodes(block.graph)
        sources = _sources(block.graph)
        for output in block.outputs:
            yield f"  output {output} <- {_read(sources.get(output, {}))}"
    if training:
        yield ""
        yield "training"
        yield from (f"  {name} = {value}" for name, value in _settings(training, ""))


def _arguments(arguments: Mapping[str, Argument]) -> Iterator[str]:
    for name, each in arguments.items():
        yield f"  argument {name} = {_value(each.default)}"


def _nodes(graph: Graph) -> Iterator[str]:
    sources = _sources(graph)
    for name, node in graph.nodes.items():
        read = sources.get(name)
        behind = f" <- {_read(read)}" if read else ""
        yield f"  {name}: {_node(node)}{behind}"


def _node(node: Node) -> str:
    settings = [
        f"{key}={_value(value)}"
        for key, value in sorted(settings_of(node).items())
        if key not in _USUAL or value != _USUAL[key]
    ]
    kind = f"block {type_of(node)}" if isinstance(node, BlockNode) else type_of(node)
    return f"{kind}({', '.join(settings)})" if settings else kind


def _sources(graph: Graph) -> dict[str, dict[int, str]]:
    """Return what enters each node, by its input ports."""
    found: dict[str, dict[int, str]] = {}
    for source, port, target, entered in graph.edges:
        found.setdefault(target, {})[entered] = f"{source}:{port}" if port else source
    return found


def _read(sources: Mapping[int, str]) -> str:
    """Return the sources of a node in the order of its ports, a dash for one that nothing feeds."""
    return ", ".join(sources.get(port, "-") for port in range(max(sources, default=-1) + 1))


def _settings(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _value(value)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    """Return a text in one line."""
    return text if text.isprintable() else json.dumps(text, ensure_ascii=False)[1:-1]
