"""Design files: strict reading with the place of every error, and saving that a crash survives."""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from designer.design.expressions import (
    MAX_MAGNITUDE,
    ExpressionError,
    Scalar,
    is_expression,
    names,
    parse,
    shortened,
)
from designer.design.text import FORMAT, VERSION, dumps
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
    argument_name_refusal,
    block_name_refusal,
    node_name_refusal,
)
from designer.errors import DesignerError
from designer.storage import write_atomically

__all__ = ["DesignFileError", "dumps", "loads", "read", "save"]

MAX_FILE_BYTES = 64 * 2**20
MAX_NODES = 100_000
MAX_TEXT = 10_000

# From each older version, what makes its data the next version's.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

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


class DesignFileError(DesignerError):
    """A design file that cannot be read; the message names the place and what was expected."""


class _Wrong(Exception):  # noqa: N818
    """A place in the document and what is wrong there, before the file's name is known."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")


def read(path: str | Path) -> Design:
    """Read a design file.

    Raises
    ------
    DesignFileError
        The file is missing, unreadable, damaged, too large, of an unknown format or version, or
        breaks a rule of the format.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:  # a device has no size, and no end
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise DesignFileError(f"There is no file {path}; check the name and the folder.") from None
    except IsADirectoryError:
        raise DesignFileError(f"{path} is a folder; name a design file in it.") from None
    except OSError as error:
        raise DesignFileError(
            f"{path} cannot be read: {error.strerror}; check its permissions."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise DesignFileError(
            f"{path} has more than {MAX_FILE_BYTES // 2**20} MiB, and design files have at most "
            "so many. Is it a design file?"
        )
    return loads(data, origin=str(path))


def loads(data: bytes | str, *, origin: str = "The text") -> Design:
    """Read a design from the text of its file; `origin` names it in errors.

    Raises
    ------
    DesignFileError
        As `read`.
    """
    text = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        return _design(_decode(text))
    except _Wrong as error:
        raise DesignFileError(f"{origin} is no valid design: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DesignFileError(
            f"{origin} is damaged or no design file: {error}{_line(text, error)}. "
            "Mend it there, or restore it from a copy."
        ) from None
    except RecursionError:
        raise DesignFileError(
            f"{origin} is nested too deeply to be a design file; restore it from a copy."
        ) from None


def save(design: Design, path: str | Path) -> None:
    """Write a design file so that a crash leaves either the old or the new one.

    Raises
    ------
    DesignerError
        The folder is missing, read-only or full; an old file stays as it was.
    """
    path = Path(path)
    try:
        write_atomically(path, dumps(design).encode())
    except OSError as error:
        raise DesignerError(
            f"{path} cannot be written: {error.strerror}; choose another folder or free some space."
        ) from error


def _unique(fields: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _Wrong(f"'{shortened(twice)}'", "stands twice in one place; rename one of them.")


def _line(text: bytes, error: Exception) -> str:
    """Return words for the line that an error is in, where it tells the byte."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    return "" if found is None else f", in line {text[: int(found[1])].count(10) + 1}"


def _decode(data: bytes) -> _Design:
    try:
        raw = msgspec.json.decode(data)
    except msgspec.ValidationError as error:  # a number beyond all floats
        raise _Wrong("a number", f"{str(error).partition(' - at ')[0]}.") from None
    # msgspec takes the last of equal names, and a copied line that was not renamed would be lost.
    json.loads(data, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise _Wrong("format", f'expected "{FORMAT}". Is this a design file?')
    version = raw.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise _Wrong("version", f"expected a whole number from 1 on, received {_shown(version)}.")
    if version > VERSION:
        raise _Wrong(
            "version",
            f"{_shown(version)} was written by a newer program, this one reads up to {VERSION}; "
            "update it.",
        )
    while version < VERSION:
        raw = MIGRATIONS[version](raw)
        version += 1
    return _convert(raw, _Design, "")


def _convert(data: object, kind: type[_T], place: str) -> _T:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message, _, inner = str(error).partition(" - at `")
        where = place + inner.rstrip("`").removeprefix("$")
        raise _Wrong(where.lstrip(".") or "top level", f"{message}.") from None


def _design(data: _Design) -> Design:
    for place, text in (("name", data.name), ("about", data.about)):
        if len(text) > MAX_TEXT:
            raise _Wrong(place, f"has {len(text)} characters, at most {MAX_TEXT} are read.")
    if not data.name.strip():
        raise _Wrong("name", "is empty; give the design a name.")
    parts = {}
    for name, part in data.blocks.items():
        place = f"blocks.{shortened(name)}"
        _check_name(block_name_refusal(name), place, name)
        parts[name] = _convert(part, _Block, place)
    count = len(data.nodes) + sum(len(block.nodes) for block in parts.values())
    if count > MAX_NODES:
        raise _Wrong("nodes", f"has {count} nodes, at most {MAX_NODES} are read.")
    _check_blocks(data.nodes, parts)
    blocks = {name: _block(block, f"blocks.{name}") for name, block in parts.items()}
    return Design(
        name=data.name,
        about=data.about,
        cites=tuple(data.cites),
        arguments=_arguments(data.arguments, "arguments"),
        blocks=blocks,
        graph=_graph(data.nodes, data.edges, "", (), ()),
    )


def _check_blocks(own: _Json, blocks: Mapping[str, _Block]) -> None:
    graphs = [("nodes", own)]
    graphs += [(f"blocks.{name}.nodes", block.nodes) for name, block in blocks.items()]
    known = ", ".join(blocks) or "none"
    for place, nodes in graphs:
        for name, node in nodes.items():
            if not isinstance(node, dict):
                raise _Wrong(
                    f"{place}.{shortened(name)}",
                    f"expected an object, received {_shown(node)}.",
                )
            block = node.get("block")
            if isinstance(block, str) and block not in blocks:
                raise _Wrong(
                    f"{place}.{shortened(name)}",
                    f"uses the block '{block[:80]}', which the file lacks; it has {known}.",
                )


def _check_name(refusal: str | None, place: str, name: str) -> None:
    if refusal:
        raise _Wrong(place, f"'{shortened(name)}' {refusal}.")


def _block(data: _Block, place: str) -> Block:
    for kind, ports in (("inputs", data.inputs), ("outputs", data.outputs)):
        if not ports:
            raise _Wrong(f"{place}.{kind}", "is empty; a block has at least one.")
        for port in ports:
            _check_name(node_name_refusal(port), f"{place}.{kind}", port)
    ends = [*data.inputs, *data.outputs]
    for name in ends:
        if name in data.nodes or ends.count(name) > 1:
            raise _Wrong(place, f"'{name}' names two things; rename one of them.")
    inputs, outputs = tuple(data.inputs), tuple(data.outputs)
    return Block(
        arguments=_arguments(data.arguments, f"{place}.arguments"),
        inputs=inputs,
        outputs=outputs,
        graph=_graph(data.nodes, data.edges, f"{place}.", inputs, outputs),
    )


def _arguments(data: _Json, place: str) -> dict[str, Argument]:
    arguments = {}
    for name, fields in data.items():
        _check_name(argument_name_refusal(name), f"{place}.{shortened(name)}", name)
        argument = _convert(fields, _Argument, f"{place}.{name}")
        for value in (argument.default, *argument.choices):
            if is_expression(value):
                raise _Wrong(
                    f"{place}.{name}",
                    f"expected a value, received the expression {_shown(value)}; expressions "
                    "stand where arguments are used.",
                )
        made = Argument(
            default=_scalar(argument.default, f"{place}.{name}.default"),
            minimum=argument.min,
            maximum=argument.max,
            choices=tuple(_scalar(each, f"{place}.{name}.choices") for each in argument.choices),
            where=argument.where,
            rule=argument.rule,
            help=argument.help,
        )
        refusal = made.refusal(made.default)
        if refusal:
            raise _Wrong(f"{place}.{name}.default", f"{refusal}.")
        arguments[name] = made
    for name, each in arguments.items():
        _check_rule(each, arguments, f"{place}.{name}")
    return arguments


def _check_rule(argument: Argument, beside: Mapping[str, Argument], place: str) -> None:
    where, rule = argument.where, argument.rule
    if bool(where) != bool(rule):
        raise _Wrong(place, 'expected both or none of "where", a test, and "rule", its words.')
    if not where:
        return
    if not is_expression(where):
        raise _Wrong(
            f"{place}.where",
            f"expected an expression that begins with =, received {_shown(where)}.",
        )
    try:
        unknown = sorted(names(parse(where)) - beside.keys())
    except ExpressionError as error:
        raise _Wrong(f"{place}.where", f"the expression '{shortened(where)}' {error}.") from None
    if unknown:
        raise _Wrong(
            f"{place}.where",
            f"reads '{unknown[0]}', which is no argument; beside it are {', '.join(beside)}.",
        )


def _graph(
    nodes: Mapping[str, _Json],
    paths: Iterable[list[str]],
    place: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
) -> Graph:
    made = {}
    for name, data in nodes.items():
        _check_name(node_name_refusal(name), f"{place}nodes.{shortened(name)}", name)
        made[name] = _node(data, f"{place}nodes.{name}")
    edges = []
    taken: dict[tuple[str, int], str] = {}
    for row, path in enumerate(paths):
        where = f"{place}edges[{row}]"
        for edge in _path(path, where):
            if edge.source not in made and edge.source not in inputs:
                raise _Wrong(where, _dangling(edge.source, made, inputs, outputs))
            if edge.target not in made and edge.target not in outputs:
                raise _Wrong(where, _dangling(edge.target, made, outputs, inputs))
            port = (edge.target, edge.target_port)
            if port in taken:
                raise _Wrong(
                    where,
                    f"input {edge.target_port} of '{edge.target}' has two edges, from "
                    f"'{taken[port]}' and '{edge.source}'; give one its own port "
                    f'("{edge.target}:{edge.target_port + 1}").',
                )
            taken[port] = edge.source
            edges.append(edge)
    return Graph(made, tuple(edges))


def _dangling(
    name: str, nodes: Mapping[str, Node], ends: tuple[str, ...], other_ends: tuple[str, ...]
) -> str:
    if name in other_ends:
        side = "an input of the block cannot be a target" if ends else "cannot stand here"
        return f"'{name}' {side}; inputs begin a path and outputs end it."
    known = ", ".join([*nodes][:8]) or "none"
    more = " ..." if len(nodes) > 8 else ""
    return f"leads to '{shortened(name)}', and there is no such node; there are {known}{more}."


def _path(path: list[str], place: str) -> Iterator[Edge]:
    if len(path) < 2:
        raise _Wrong(place, "a path has at least two nodes.")
    ends = [_port(text, place) for text in path]
    last = len(ends) - 1
    for position, (name, port) in enumerate(ends):
        if port and 0 < position < last:
            raise _Wrong(
                place, f"'{name}:{port}' names a port in mid-path; begin or end a path there."
            )
    for position in range(last):
        (source, source_port), (target, target_port) = ends[position], ends[position + 1]
        yield Edge(source, source_port if position == 0 else 0, target, target_port)


def _port(text: str, place: str) -> tuple[str, int]:
    name, colon, port = text.partition(":")
    if not colon:
        return name, 0
    if not (port.isascii() and port.isdigit()) or len(port) > 4 or int(port) >= MAX_PORT:
        raise _Wrong(place, f"'{text[:80]}': expected a port number after the colon.")
    return name, int(port)


def _node(data: _Json, place: str) -> Node:
    rest = dict(data)
    when = _scalar(rest.pop("when", True), f"{place}.when")
    at = _point(rest.pop("at", None), f"{place}.at")
    rate = _rate(rest.pop("lr_scale", 1), f"{place}.lr_scale")
    if ("layer" in rest) == ("block" in rest):
        raise _Wrong(place, 'expected either "layer" or "block".')
    if "layer" in rest:
        layer = _text(rest.pop("layer"), f"{place}.layer")
        values = {key: _value(value, f"{place}.{key}") for key, value in rest.items()}
        return LayerNode(layer, values, when, at, rate)
    block = _text(rest.pop("block"), f"{place}.block")
    repeat = _scalar(rest.pop("repeat", 1), f"{place}.repeat")
    given = rest.pop("with", {})
    if not isinstance(given, dict):
        raise _Wrong(f"{place}.with", f"expected an object, received {_shown(given)}.")
    if rest:
        known = "block, with, repeat, when, at, lr_scale"
        raise _Wrong(place, f"has the unknown field '{next(iter(rest))}'; a block has {known}.")
    arguments = {key: _scalar(value, f"{place}.with.{key}") for key, value in given.items()}
    return BlockNode(block, arguments, repeat, when, at, rate)


def _rate(value: object, place: str) -> Scalar:
    """Return a factor of the learning rate: a number from 0 on, or an expression."""
    found = _scalar(value, place)
    if is_expression(found):
        return found
    if isinstance(found, bool) or not isinstance(found, int | float) or found < 0:
        raise _Wrong(place, f"expected a number from 0 on, received {_shown(value)}.")
    return found


def _shown(value: object) -> str:
    return shortened(repr(value))


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(place, f"expected text, received {_shown(value)}.")
    if len(value) > MAX_TEXT:
        raise _Wrong(place, f"has {len(value)} characters, at most {MAX_TEXT} are read.")
    return value


def _point(value: object, place: str) -> Point | None:
    if value is None:
        return None
    numbers = _value(value, place)
    if (
        not isinstance(numbers, tuple)
        or len(numbers) != 2
        or any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers)
    ):
        raise _Wrong(place, f"expected two numbers [x, y], received {_shown(value)}.")
    return Point(*numbers)  # type: ignore[arg-type]


def _value(value: object, place: str) -> Value:
    if isinstance(value, list):
        if len(value) > 16:
            raise _Wrong(place, f"has {len(value)} values, at most 16 are read.")
        return tuple(_scalar(each, place) for each in value)
    return _scalar(value, place)


def _scalar(value: object, place: str) -> Scalar:
    if isinstance(value, str):
        return _text(value, place)
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, int | float):
        raise _Wrong(place, f"expected a number, text, true or false, received {_shown(value)}.")
    if not abs(value) <= MAX_MAGNITUDE:
        raise _Wrong(
            place, f"expected a number up to {MAX_MAGNITUDE:.0e}, received {_shown(value)}."
        )
    return value
