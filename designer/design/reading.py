"""Strict reading of a design from its decoded JSON; each error says where in the file it is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard, TypeVar

import msgspec

from designer.design.expressions import (
    MAX_MAGNITUDE,
    ExpressionError,
    Scalar,
    is_expression,
    names,
    shortened,
)
from designer.design.identifiers import normalized
from designer.design.naming import argument_name_refusal, block_name_refusal, node_name_refusal
from designer.design.parsing import parse
from designer.design.values import (
    MAX_PORT,
    Argument,
    Block,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Node,
    Point,
    Value,
)

MAX_NODES = 100_000
MAX_TEXT = 10_000
MAX_VALUES = 4_096
"""Values of one parameter, as of a Constant."""
MAX_CODE = 200_000
"""Characters of the code of a layer type."""

_Json: TypeAlias = dict[str, Any]
_T = TypeVar("_T")


class _Argument(msgspec.Struct, forbid_unknown_fields=True):
    default: int | float | bool | str
    min: float | None = None
    max: float | None = None
    choices: list[int | float | bool | str] = []
    where: str = ""
    rule: str = ""
    help: str = ""


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    inputs: list[str]
    outputs: list[str]
    nodes: dict[str, Any]
    edges: list[list[str]]
    arguments: dict[str, Any] = {}


class _Design(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    name: str
    nodes: dict[str, Any]
    edges: list[list[str]]
    about: str = ""
    cites: list[str] = []
    arguments: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    code: dict[str, Any] = {}


class ReadingError(Exception):
    """What is wrong with a design's data, and where: "nodes.conv1.when: expected ..."."""

    def __init__(self, location: str, sentence: str) -> None:
        super().__init__(f"{location}: {sentence}")


def with_normal_names(data: Any, key: str = "") -> Any:
    """Return the data of a file with its names as the program stores them, in the form NFKC.

    Expressions stay as they are written; parsing them reads names in that form.

    Raises
    ------
    ReadingError
        Two names of the same object differ only in their spelling in Unicode.
    """
    if isinstance(data, dict):
        normal: _Json = {}
        for name, value in data.items():
            if normalized(name) in normal:
                raise ReadingError(
                    f"'{shortened(name)}'",
                    "is given twice in the same object, in two spellings of the same letters; "
                    "rename one of them.",
                )
            normal[normalized(name)] = with_normal_names(value, name)
        return normal
    if isinstance(data, list):
        return [with_normal_names(each, key) for each in data]
    if isinstance(data, str) and key in ("inputs", "outputs", "edges", "block", "shares"):
        found, colon, port = data.partition(":")
        return normalized(found) + colon + port
    return data


def design_from(data: object) -> Design:
    """Return the design that the decoded data of a file, in the current format, describes.

    Raises
    ------
    ReadingError
        The data break a rule of the format.
    """
    return _design(_convert(data, _Design, ""))


def _convert(data: object, kind: type[_T], location: str) -> _T:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message, _, inner = str(error).partition(" - at `")
        where = location + inner.rstrip("`").removeprefix("$")
        raise ReadingError(where.lstrip(".") or "top level", f"{message}.") from None


def _design(data: _Design) -> Design:
    for location, text in (("name", data.name), ("about", data.about)):
        if len(text) > MAX_TEXT:
            raise ReadingError(
                location, f"has {len(text)} characters; at most {MAX_TEXT} are read."
            )
    if not data.name.strip():
        raise ReadingError("name", "is empty; give the design a name.")
    parts = {}
    for name, part in data.blocks.items():
        location = f"blocks.{shortened(name)}"
        _check_name(block_name_refusal(name), location, name)
        parts[name] = _convert(part, _Block, location)
    count = len(data.nodes) + sum(len(block.nodes) for block in parts.values())
    if count > MAX_NODES:
        raise ReadingError("nodes", f"has {count} nodes; at most {MAX_NODES} are read.")
    _check_blocks(data.nodes, parts)
    blocks = {name: _block(block, f"blocks.{name}") for name, block in parts.items()}
    return Design(
        name=data.name,
        about=data.about,
        cites=tuple(data.cites),
        arguments=_arguments(data.arguments, "arguments"),
        blocks=blocks,
        graph=_graph(data.nodes, data.edges, "", (), ()),
        code=_code(data.code, blocks),
    )


def _code(data: _Json, blocks: Mapping[str, Block]) -> dict[str, str]:
    code = {}
    for written, lines in data.items():
        name = normalized(written)
        location = f"code.{shortened(written)}"
        _check_name(block_name_refusal(name), location, written)
        if name in blocks or name in code:
            raise ReadingError(location, f"the name '{name}' is used twice; rename one of the two.")
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise ReadingError(location, f"expected a list of lines, received {shown(lines)}.")
        if any("\n" in line for line in lines):
            raise ReadingError(location, "has a line with a line break in it; write it as two.")
        code[name] = "\n".join(lines)
        if len(code[name]) > MAX_CODE:
            raise ReadingError(
                location, f"has {len(code[name])} characters; at most {MAX_CODE} are read."
            )
    return code


def _check_blocks(own: _Json, blocks: Mapping[str, _Block]) -> None:
    graphs = [("nodes", own)]
    graphs += [(f"blocks.{name}.nodes", block.nodes) for name, block in blocks.items()]
    known = ", ".join(blocks) or "none"
    for location, nodes in graphs:
        for name, node in nodes.items():
            if not isinstance(node, dict):
                raise ReadingError(
                    f"{location}.{shortened(name)}",
                    f"expected an object, received {shown(node)}.",
                )
            block = node.get("block")
            if isinstance(block, str) and block not in blocks:
                raise ReadingError(
                    f"{location}.{shortened(name)}",
                    f"uses the block '{block[:80]}', which the file does not have; it has {known}.",
                )


def _check_name(refusal: str | None, location: str, name: str) -> None:
    if refusal:
        raise ReadingError(location, f"'{shortened(name)}' {refusal}.")


def _block(data: _Block, location: str) -> Block:
    for kind, ports in (("inputs", data.inputs), ("outputs", data.outputs)):
        if not ports:
            raise ReadingError(f"{location}.{kind}", "is empty; a block has at least one.")
        for port in ports:
            _check_name(node_name_refusal(port), f"{location}.{kind}", port)
    ends = [*data.inputs, *data.outputs]
    for name in ends:
        if name in data.nodes or ends.count(name) > 1:
            raise ReadingError(location, f"the name '{name}' is used twice; rename one of the two.")
    inputs, outputs = tuple(data.inputs), tuple(data.outputs)
    return Block(
        arguments=_arguments(data.arguments, f"{location}.arguments"),
        inputs=inputs,
        outputs=outputs,
        graph=_graph(data.nodes, data.edges, f"{location}.", inputs, outputs),
    )


def _arguments(data: _Json, location: str) -> dict[str, Argument]:
    arguments = {}
    for name, fields in data.items():
        _check_name(argument_name_refusal(name), f"{location}.{shortened(name)}", name)
        argument = _convert(fields, _Argument, f"{location}.{name}")
        for value in (argument.default, *argument.choices):
            if is_expression(value):
                raise ReadingError(
                    f"{location}.{name}",
                    f"expected a value, received the expression {shown(value)}; write expressions "
                    "where the argument is used.",
                )
        made = Argument(
            default=_scalar(argument.default, f"{location}.{name}.default"),
            minimum=argument.min,
            maximum=argument.max,
            choices=tuple(_scalar(each, f"{location}.{name}.choices") for each in argument.choices),
            where=argument.where,
            rule=argument.rule,
            help=argument.help,
        )
        refusal = made.refusal(made.default)
        if refusal:
            raise ReadingError(f"{location}.{name}.default", f"{refusal}.")
        arguments[name] = made
    for name, each in arguments.items():
        _check_rule(each, arguments, f"{location}.{name}")
    return arguments


def _check_rule(argument: Argument, others: Mapping[str, Argument], location: str) -> None:
    where, rule = argument.where, argument.rule
    if bool(where) != bool(rule):
        raise ReadingError(
            location, '"where" (a test) and "rule" (its words) belong together; give both or none.'
        )
    if not where:
        return
    if not is_expression(where):
        raise ReadingError(
            f"{location}.where",
            f"expected an expression that begins with =, received {shown(where)}.",
        )
    try:
        unknown = sorted(names(parse(where)) - others.keys())
    except ExpressionError as error:
        raise ReadingError(
            f"{location}.where", f"the expression '{shortened(where)}' {error}."
        ) from None
    if unknown:
        raise ReadingError(
            f"{location}.where",
            f"reads '{unknown[0]}', which is not an argument; there are {', '.join(others)}.",
        )


def _graph(
    nodes: Mapping[str, _Json],
    paths: Iterable[list[str]],
    location: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
) -> Graph:
    made = {}
    for name, data in nodes.items():
        _check_name(node_name_refusal(name), f"{location}nodes.{shortened(name)}", name)
        made[name] = _node(data, f"{location}nodes.{name}")
    edges = []
    taken: dict[tuple[str, int], str] = {}
    for row, path in enumerate(paths):
        where = f"{location}edges[{row}]"
        for edge in _path(path, where):
            if edge.source not in made and edge.source not in inputs:
                raise ReadingError(where, _dangling(edge.source, made, outputs))
            if edge.target not in made and edge.target not in outputs:
                raise ReadingError(where, _dangling(edge.target, made, inputs))
            port = (edge.target, edge.target_port)
            if port in taken:
                raise ReadingError(
                    where,
                    f"input {edge.target_port} of '{edge.target}' has two edges, from "
                    f"'{taken[port]}' and '{edge.source}'; give one its own port "
                    f'("{edge.target}:{edge.target_port + 1}").',
                )
            taken[port] = edge.source
            edges.append(edge)
    for name, node in made.items():
        if node.shares and node.shares not in made:
            raise ReadingError(f"{location}nodes.{name}.shares", _dangling(node.shares, made, ()))
    return Graph(made, tuple(edges))


def _dangling(name: str, nodes: Mapping[str, Node], wrong_end: tuple[str, ...]) -> str:
    """Return what is wrong with an edge to or from a name that is unknown or at the wrong end."""
    if name in wrong_end:
        return f"'{name}' is at the wrong end; inputs begin a path and outputs end it."
    known = ", ".join([*nodes][:8]) or "none"
    more = " ..." if len(nodes) > 8 else ""
    return f"refers to '{shortened(name)}', and there is no such node; there are {known}{more}."


def _path(path: list[str], location: str) -> Iterator[Edge]:
    if len(path) < 2:
        raise ReadingError(location, "expected a path of at least two nodes.")
    ends = [_port(text, location) for text in path]
    last = len(ends) - 1
    for position, (name, port) in enumerate(ends):
        if port and 0 < position < last:
            raise ReadingError(
                location,
                f"'{name}:{port}' names a port in the middle of a path; begin or end a path there.",
            )
    for position in range(last):
        (source, source_port), (target, target_port) = ends[position], ends[position + 1]
        yield Edge(source, source_port if position == 0 else 0, target, target_port)


def _port(text: str, location: str) -> tuple[str, int]:
    name, colon, port = text.partition(":")
    if not colon:
        return name, 0
    if not (port.isascii() and port.isdigit()) or len(port) > 4 or int(port) >= MAX_PORT:
        raise ReadingError(location, f"'{text[:80]}': expected a port number after the colon.")
    return name, int(port)


def _node(data: _Json, location: str) -> Node:
    rest = dict(data)
    when = _scalar(rest.pop("when", True), f"{location}.when")
    at = _point(rest.pop("at", None), f"{location}.at")
    rate = _rate(rest.pop("lr_scale", 1), f"{location}.lr_scale")
    shares = _text(rest.pop("shares", ""), f"{location}.shares")
    if ("layer" in rest) == ("block" in rest):
        raise ReadingError(location, 'expected either "layer" or "block".')
    if "layer" in rest:
        layer = _text(rest.pop("layer"), f"{location}.layer")
        values = {key: _value(value, f"{location}.{key}") for key, value in rest.items()}
        return LayerNode(layer, values, when, at, rate, shares)
    block = _text(rest.pop("block"), f"{location}.block")
    repeat = _scalar(rest.pop("repeat", 1), f"{location}.repeat")
    given = rest.pop("with", {})
    if not isinstance(given, dict):
        raise ReadingError(f"{location}.with", f"expected an object, received {shown(given)}.")
    if rest:
        known = "block, with, repeat, when, at, lr_scale, shares"
        raise ReadingError(
            location, f"has the unknown field '{next(iter(rest))}'; a block has {known}."
        )
    arguments = {key: _scalar(value, f"{location}.with.{key}") for key, value in given.items()}
    return BlockNode(block, arguments, repeat, when, at, rate, shares)


def _rate(value: object, location: str) -> Scalar:
    """Return a factor for the learning rate: a number from 0 on, or an expression."""
    found = _scalar(value, location)
    if is_expression(found):
        return found
    if not _is_number(found) or found < 0:
        raise ReadingError(location, f"expected a number from 0 on, received {shown(value)}.")
    return found


def shown(value: object) -> str:
    """Return a value as errors quote it: its Python form, shortened."""
    return shortened(repr(value))


def _text(value: object, location: str) -> str:
    if not isinstance(value, str):
        raise ReadingError(location, f"expected text, received {shown(value)}.")
    if len(value) > MAX_TEXT:
        raise ReadingError(location, f"has {len(value)} characters; at most {MAX_TEXT} are read.")
    return value


def _point(value: object, location: str) -> Point | None:
    if value is None:
        return None
    numbers = _value(value, location)
    if isinstance(numbers, tuple) and len(numbers) == 2:
        x, y = numbers
        if _is_number(x) and _is_number(y):
            return Point(x, y)
    raise ReadingError(location, f"expected two numbers [x, y], received {shown(value)}.")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: object, location: str) -> Value:
    if isinstance(value, list):
        if len(value) > MAX_VALUES:
            message = f"has {len(value)} values; at most {MAX_VALUES} are read."
            raise ReadingError(location, message)
        return tuple(_scalar(each, location) for each in value)
    return _scalar(value, location)


def _scalar(value: object, location: str) -> Scalar:
    if isinstance(value, str):
        return _text(value, location)
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, int | float):
        raise ReadingError(
            location, f"expected a number, text, true or false, received {shown(value)}."
        )
    if not abs(value) <= MAX_MAGNITUDE:
        raise ReadingError(
            location, f"expected a number up to {MAX_MAGNITUDE:.0e}, received {shown(value)}."
        )
    return value
