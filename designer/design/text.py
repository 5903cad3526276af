"""A design as the text of its file, in an order that keeps the differences of versions small."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from designer.design.values import Argument, Design, Edge, Graph, LayerNode, Node, plain
from designer.design.versions import needed_version

FORMAT = "netdesigner/design"


def dumps(design: Design, training: Mapping[str, Mapping[str, object]] | None = None) -> str:
    """Return a design as the text of its file, in a stable order, with a line for each node.

    Parameters
    ----------
    design
        The design.
    training
        How it is trained, for the key ``training``: data in groups, such as the recipe's. Left out
        where a design is part of another file.
    """
    lines = list(_design_lines(design))
    if training is not None:
        lines[-2] += ","
        lines[-1:] = [*_training_lines(training), "}"]
    return "\n".join(lines) + "\n"


def _training_lines(training: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    yield ' "training": {'
    groups = [
        f"  {_json(key)}: {{\n"
        + ",\n".join(f"   {_json(name)}: {_json(value)}" for name, value in group.items())
        + "}"
        for key, group in training.items()
    ]
    yield ",\n".join(groups)
    yield " }"


def _design_lines(design: Design) -> Iterator[str]:
    yield "{"
    yield f' "format": {_json(FORMAT)}, "version": {needed_version(design)},'
    yield f' "name": {_json(design.name)},'
    if design.about:
        yield f' "about": {_json(design.about)},'
    if design.cites:
        yield f' "cites": {_json(design.cites)},'
    yield from _argument_lines(design.arguments, 1)
    if design.blocks:
        yield ' "blocks": {'
        for number, (name, block) in enumerate(design.blocks.items(), 1):
            yield f"  {_json(name)}: {{"
            yield from _argument_lines(block.arguments, 3)
            yield f'   "inputs": {_json(block.inputs)}, "outputs": {_json(block.outputs)},'
            yield from _graph_lines(block.graph, 3)
            yield "  }" + ("," if number < len(design.blocks) else "")
        yield " },"
    yield from _code_lines(design.code)
    yield from _graph_lines(design.graph, 1)
    yield "}"


def _code_lines(code: Mapping[str, str]) -> Iterator[str]:
    """Yield the Python text of layer types, each line of it as a line of the file."""
    if code:
        yield ' "code": {'
        classes = [
            f"  {_json(name)}: [\n"
            + ",\n".join(f"   {_json(line)}" for line in text.split("\n"))
            + "]"
            for name, text in code.items()
        ]
        yield ",\n".join(classes)
        yield " },"


def _argument_lines(arguments: Mapping[str, Argument], indent: int) -> Iterator[str]:
    if arguments:
        rows = {
            name: {
                "default": argument.default,
                **({} if argument.minimum is None else {"min": plain(argument.minimum)}),
                **({} if argument.maximum is None else {"max": plain(argument.maximum)}),
                **({"choices": argument.choices} if argument.choices else {}),
                **({"where": argument.where, "rule": argument.rule} if argument.where else {}),
                **({"help": argument.help} if argument.help else {}),
            }
            for name, argument in arguments.items()
        }
        yield from _object_lines("arguments", rows, indent)


def _graph_lines(graph: Graph, indent: int) -> Iterator[str]:
    rows = {name: _node_fields(node) for name, node in graph.nodes.items()}
    yield from _object_lines("nodes", rows, indent)
    space = " " * indent
    paths = [_json(path) for path in edge_paths(graph)]
    if not paths:
        yield f'{space}"edges": []'
        return
    yield f'{space}"edges": ['
    yield ",\n".join(f"{space} {path}" for path in paths)
    yield f"{space}]"


def _object_lines(key: str, rows: Mapping[str, object], indent: int) -> Iterator[str]:
    space = " " * indent
    if not rows:
        yield f'{space}"{key}": {{}},'
        return
    yield f'{space}"{key}": {{'
    yield ",\n".join(f"{space} {_json(name)}: {_json(row)}" for name, row in rows.items())
    yield f"{space}}},"


def _node_fields(node: Node) -> dict[str, Any]:
    fields: dict[str, Any]
    if isinstance(node, LayerNode):
        fields = {"layer": node.layer, **node.parameters}
    else:
        fields = {"block": node.block}
        if node.repeat != 1 or type(node.repeat) is not int:
            fields["repeat"] = node.repeat
        if node.arguments:
            fields["with"] = node.arguments
    if node.when is not True:
        fields["when"] = node.when
    if node.learning_rate != 1 or type(node.learning_rate) is not int:
        fields["lr_scale"] = node.learning_rate
    if node.shares:
        fields["shares"] = node.shares
    if node.at is not None:
        fields["at"] = [plain(number) for number in node.at]
    return fields


def edge_paths(graph: Graph) -> list[list[str]]:
    """Return the edges as paths of node names, each as long as possible.

    A path runs through a node on the first edge that enters its port 0 and the first that leaves
    its port 0; it is listed before the paths that start at one of its nodes. Reading the paths
    returns the same edges, in the order of the paths; without cycles also the same paths.
    """
    onward: dict[str, Edge] = {}
    for each in graph.edges:
        if each.source_port == 0:
            onward.setdefault(each.source, each)
    entered = {each.target for each in graph.edges if each.target_port == 0}
    inner = {each for name, each in onward.items() if name in entered}
    paths: list[list[Edge]] = []
    path_of: dict[Edge, int] = {}
    for start in [each for each in graph.edges if each not in inner] + list(graph.edges):
        if start in path_of:
            continue
        path: list[Edge] = []
        edge: Edge | None = start
        while edge is not None and edge not in path_of:
            path_of[edge] = len(paths)
            path.append(edge)
            following = onward.get(edge.target) if edge.target_port == 0 else None
            edge = following if following in inner else None
        paths.append(path)
    before = [
        path_of[onward[path[0].source]] if path[0].source_port == 0 else number
        for number, path in enumerate(paths)
    ]
    written: dict[int, None] = {}
    for number in range(len(paths)):
        waiting: dict[int, None] = {}
        while number not in written and number not in waiting:
            waiting[number] = None
            number = before[number]  # noqa: PLW2901
        written.update(dict.fromkeys(reversed(waiting)))
    return [_path_text(paths[number]) for number in written]


def _path_text(path: Sequence[Edge]) -> list[str]:
    first = path[0]
    return [
        _port_text(first.source, first.source_port),
        *(_port_text(edge.target, edge.target_port) for edge in path),
    ]


def _port_text(name: str, port: int) -> str:
    return f"{name}:{port}" if port else name


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
