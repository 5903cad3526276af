"""Edits of settings: which value of a design is to be changed so that its layers become others.

A setting may be an expression over arguments of a block, which its uses set, maybe by an argument
of the design. Each of these could be what changed. They are tried, the outermost first, and the
first that mends layers without changing one that must stay is taken.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from designer.design import edits
from designer.design.blocks import free_block_name
from designer.design.expressions import ExpressionError, Scalar, evaluate, is_expression, names
from designer.design.parsing import parse
from designer.design.values import Argument, BlockNode, Design, LayerNode, Node, Value
from designer.errors import DesignerError
from designer.folding.leaves import Leaves, Place, leaves_of
from designer.layers.own import NOT_MEASURED, Measured

_TYPE = ""
"""In place of the name of a setting where the layer type differs."""

_Differences = frozenset[tuple[str, str]]
"""Layers and the settings in which they differ from what they must be."""


def with_settings(
    design: Design, wanted: Mapping[str, LayerNode], measured: Measured = NOT_MEASURED
) -> Design | None:
    """Return a design whose layers are what they must be; None if no single edit makes them so.

    Parameters
    ----------
    design
        A design without errors.
    wanted
        Layers by their paths, with numbers for settings.
    measured
        What is known of the design's own layer types.
    """
    leaves = leaves_of(design, measured)
    if leaves is None:
        return None
    left = _differences(leaves, wanted)
    while left:
        path, key = min(left)
        for candidate in _candidates(design, leaves, path, key, wanted[path]):
            tried = leaves_of(candidate, measured)
            remaining = None if tried is None else _differences(tried, wanted)
            if remaining is not None and tried is not None and remaining < left:
                design, leaves, left = candidate, tried, remaining
                break
        else:
            return None
    return design


def _differences(leaves: Leaves, wanted: Mapping[str, LayerNode]) -> _Differences:
    found: set[tuple[str, str]] = set()
    for path, node in wanted.items():
        now = leaves.nodes.get(path)
        if now is None or now.layer != node.layer:
            found.add((path, _TYPE))
            continue
        keys = {**now.parameters, **node.parameters}
        found |= {
            (path, key) for key in keys if now.parameters.get(key) != node.parameters.get(key)
        }
    return frozenset(found)


def _candidates(
    design: Design, leaves: Leaves, path: str, key: str, wanted: LayerNode
) -> Iterator[Design]:
    """Yield designs in which a setting of a layer may be what it must be."""
    chain = leaves.places.get(path)
    if chain is None:
        return
    place = chain[-1]
    node = design.graph_of(place.block).nodes[place.name]
    if not isinstance(node, LayerNode):
        return
    if key == _TYPE:
        changed = replace(node, layer=wanted.layer, parameters=wanted.parameters)
        yield edits.replace_node(design, place.name, changed, block=place.block)
        yield from _in_copies(design, chain, changed)
        return
    value = wanted.parameters.get(key)
    if value is None:
        parameters = {name: each for name, each in node.parameters.items() if name != key}
        changed = replace(node, parameters=parameters)
        yield edits.replace_node(design, place.name, changed, block=place.block)
        yield from _in_copies(design, chain, changed)
        return
    given, now = node.parameters.get(key), leaves.nodes[path].parameters.get(key)
    if not isinstance(given, tuple):
        yield from _through_arguments(design, chain, given, _single(now), _single(value))
    elif isinstance(value, tuple) and isinstance(now, tuple):
        for one, before, after in zip(given, now, value, strict=False):
            if before != after:
                yield from _through_arguments(design, chain, one, before, after)
    changed = replace(node, parameters={**node.parameters, key: _shortest(given, value)})
    yield edits.replace_node(design, place.name, changed, block=place.block)
    yield from _in_copies(design, chain, changed)


def _shortest(given: Value | None, value: Value) -> Value:
    """Return one number for a value that is the same for all axes, if it was written so before."""
    single = _single(value)
    return value if isinstance(given, tuple) or single is None else single


def _single(value: Value | None) -> Value | None:
    """Return one number for a value that is the same for all axes."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _through_arguments(
    design: Design,
    chain: tuple[Place, ...],
    given: Value | None,
    now: Value | None,
    wanted: Value | None,
) -> Iterator[Design]:
    """Yield designs in which an argument that an expression reads has another value."""
    if not is_expression(given) or isinstance(now, tuple) or isinstance(wanted, tuple):
        return
    assert isinstance(given, str)
    try:
        read = names(parse(given))
    except ExpressionError:
        return
    *around, place = chain
    for name in sorted(read):
        if place.block is None:
            argument = design.arguments.get(name)
            if argument is not None:
                for value in _guesses(given, name, argument.default, now, wanted):
                    with suppress(DesignerError):
                        yield edits.set_argument(design, name, value)
            continue
        use = around[-1]
        node = design.graph_of(use.block).nodes[use.name]
        argument = design.blocks[place.block].arguments.get(name)
        if not isinstance(node, BlockNode) or argument is None:
            continue
        set_now = node.arguments.get(name, argument.default)
        current = _value(design, tuple(around), set_now)
        for value in _guesses(given, name, current, now, wanted):
            if argument.refusal(value) is None:
                yield from _through_arguments(design, tuple(around), set_now, current, value)
                yield edits.set_block_argument(design, use.name, name, value, block=use.block)


def _value(design: Design, chain: tuple[Place, ...], given: Scalar) -> Scalar:
    """Return the value of an argument of a use, where it depends on nothing but arguments."""
    if not is_expression(given):
        return given
    assert isinstance(given, str)
    *around, place = chain
    scope: dict[str, Scalar] = {}
    if place.block is None:
        scope = {name: each.default for name, each in design.arguments.items()}
    else:
        use = around[-1]
        node = design.graph_of(use.block).nodes[use.name]
        arguments: Mapping[str, Argument] = design.blocks[place.block].arguments
        own = node.arguments if isinstance(node, BlockNode) else {}
        for name, argument in arguments.items():
            scope[name] = _value(design, tuple(around), own.get(name, argument.default))
    try:
        return evaluate(parse(given), {**scope, "i": 0})
    except ExpressionError:
        return given


def _guesses(
    expression: str, name: str, current: Scalar, now: Value | None, wanted: Scalar
) -> Iterator[Scalar]:
    """Yield values of an argument for which an expression may be as wanted."""
    if expression[1:].strip() == name:
        yield wanted
        return
    numbers = (current, now, wanted)
    if all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        assert isinstance(current, int | float)
        assert isinstance(now, int | float)
        assert isinstance(wanted, int | float)
        if now:
            value = current * wanted / now  # right where the expression is a multiple of it
            yield round(value) if isinstance(current, int) else value


def _in_copies(design: Design, chain: tuple[Place, ...], changed: Node) -> Iterator[Design]:
    """Yield designs in which one use has a block of its own, where the layer is another one."""
    *around, place = chain
    if place.block is None or not around:
        return
    use = around[-1]
    node = design.graph_of(use.block).nodes[use.name]
    if not isinstance(node, BlockNode):
        return
    copy = free_block_name(design, place.block)
    blocks = {**design.blocks, copy: design.blocks[place.block]}
    apart = replace(design, blocks=blocks)
    apart = edits.replace_node(apart, use.name, replace(node, block=copy), block=use.block)
    yield edits.replace_node(apart, place.name, changed, block=copy)
