"""The fixes that problems offer: other parameters, corrected names, new edges and layers.

They know layers and parameters but no shapes; a shape that is needed is passed in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

from designer.analysis.problems.problem import Fix, Problem
from designer.design import arguments, edits, rules
from designer.design.edits import Edit
from designer.design.expressions import ExpressionError, Scalar, is_expression, names, shortened
from designer.design.naming import argument_name_refusal
from designer.design.parsing import parse, renamed
from designer.design.printing import setting_text
from designer.design.values import Argument, BlockNode, Design, Edge, Graph, LayerNode, Value
from designer.layers.catalogue import Fault, layer_types
from designer.layers.errors import InsertLayer, Remedy, SetParameters
from designer.layers.parameters import Float, Int, Parameter, ParameterError, SpatialInts
from designer.layers.tensors import show

MOST_WIRES = 2
"""Free outputs that are offered to an input without an edge."""

_USUAL: tuple[Value, ...] = (64, 0.5)
"""Values that are tried for a parameter without a default."""
_USUAL_KERNEL: tuple[Value, ...] = (3,)


def fault_fixes(
    fault: Fault,
    node: LayerNode,
    name: str,
    block: str | None,
    design: Design,
    scope: Mapping[str, Scalar],
) -> tuple[Fix, ...]:
    """Return the fixes for a fault in a layer's parameters, the likeliest first.

    Parameters
    ----------
    fault
        What is wrong, as the layer catalogue found it.
    node, name, block
        The layer's node, its name, and the block in whose graph it stands.
    design
        The design that all of them belong to.
    scope
        The names that expressions of the node may read, with their values.
    """
    if fault.code == "unknown-layer":
        return tuple(_layer_fixes(node, name, block, layer_types(design.code)))
    if fault.code == "own-code":
        return ()
    if fault.code == "unknown-parameter":
        return (remove_parameter_fix(name, fault.parameter, block),)
    parameter = layer_types(design.code)[node.layer].parameters[fault.parameter]
    given = node.parameters.get(fault.parameter)
    fixes = list(_name_fixes(given, name, fault.parameter, parameter, block, scope))
    value = _usable(parameter, given)
    if value is not None:
        words = show(value) if isinstance(value, tuple) else value
        label = f"set {fault.parameter} to {words}"
        fixes.append(parameters_fix(label, block, name, {fault.parameter: value}))
    elif not parameter.required:
        fixes.append(remove_parameter_fix(name, fault.parameter, block))
    return tuple(fixes)


class OpenEnds:
    """The outputs of a graph that nothing reads yet, found once for all of its open inputs.

    Parameters
    ----------
    graph, ends
        The graph as the design has it, and the names of its block's inputs.
    """

    def __init__(self, graph: Graph, ends: tuple[str, ...]) -> None:
        self._onward: dict[str, list[str]] = {}
        for edge in graph.edges:
            self._onward.setdefault(edge.source, []).append(edge.target)
        # The last one in the file is usually the nearest in the flow of data, so it comes first.
        self._free = [
            each
            for each, node in (*graph.nodes.items(), *dict.fromkeys(ends).items())
            if each not in self._onward and _has_output(node)
        ][::-1]

    def fixes(self, name: str, port: int, block: str | None) -> tuple[Fix, ...]:
        """Return fixes that connect an open input to one of them without closing a cycle."""
        behind, waiting = {name}, [name]
        while waiting:
            more = [each for each in self._onward.get(waiting.pop(), ()) if each not in behind]
            behind.update(more)
            waiting.extend(more)
        found = (each for each in self._free if each not in behind)
        return tuple(_wire_fix(each, name, port, block) for each in islice(found, MOST_WIRES))


def _has_output(node: object) -> bool:
    return not (isinstance(node, LayerNode) and node.layer == "Output")


def _wire_fix(source: str, name: str, port: int, block: str | None) -> Fix:
    edge = Edge(source, 0, name, port)
    return Fix(f"connect {source} to it", lambda design: edits.connect(design, edge, block=block))


def use_fix(name: str, argument: str, value: Scalar, block: str | None) -> Fix:
    """Return the fix that sets an argument of a block's use."""
    return Fix(
        f"set {argument} to {setting_text(value)}",
        lambda design: edits.set_block_argument(design, name, argument, value, block=block),
    )


def argument_problems(design: Design) -> Iterator[Problem]:
    """Yield the problems of a design's arguments whose rules do not hold, with fixes."""
    values = {name: each.default for name, each in design.arguments.items()}
    for name, refusal in rules.breaches(design.arguments, values):
        nearest = rules.nearest(design.arguments, name, values)
        fixes = tuple([_argument_fix(name, each) for each in nearest])
        yield Problem("argument", f"{name} {refusal}", fixes=fixes)


def _argument_fix(name: str, value: Scalar) -> Fix:
    return Fix(
        f"set {name} to {setting_text(value)}",
        lambda design: edits.set_argument(design, name, value),
    )


def _layer_fixes(
    node: LayerNode, name: str, block: str | None, known: Iterable[str]
) -> Iterator[Fix]:
    for kind in get_close_matches(node.layer, known, 2):
        yield Fix(f"make it a {kind}", _layer_edit(name, kind, block))


def _layer_edit(name: str, kind: str, block: str | None) -> Edit:
    def edit(design: Design) -> Design:
        graph = design.graph_of(block)
        node = graph.nodes.get(name)
        if not isinstance(node, LayerNode):
            return design
        nodes = {**graph.nodes, name: replace(node, layer=kind)}
        return edits.with_graph(design, block, replace(graph, nodes=nodes))

    return edit


def remove_parameter_fix(name: str, parameter: str, block: str | None) -> Fix:
    """Return the fix that removes a parameter of a layer or an argument of a block's use."""
    return Fix(
        f"remove {parameter}",
        lambda design: edits.remove_parameter(design, name, parameter, block=block),
    )


def _name_fixes(
    given: Value | None,
    name: str,
    key: str,
    parameter: Parameter[Any],
    block: str | None,
    scope: Mapping[str, Scalar],
) -> Iterator[Fix]:
    """Yield fixes for an unknown name in an expression: a similar name, or a new argument."""
    if not isinstance(given, str) or not is_expression(given):
        return
    try:
        unknown = sorted(names(parse(given)) - scope.keys())
    except ExpressionError:
        return
    for each in unknown:
        for close in get_close_matches(each, scope, 1):
            text = renamed(given, {each: close})
            yield parameters_fix(f"write {shortened(text)}", block, name, {key: text})
    value = _usable(parameter, None)
    if (
        len(unknown) == 1
        and argument_name_refusal(unknown[0]) is None
        and isinstance(value, int | float)
    ):
        argument = Argument(value)
        yield Fix(
            f"add the argument {unknown[0]} = {value}",
            lambda design: arguments.define_argument(design, unknown[0], argument, block=block),
        )


def _usable(parameter: Parameter[Any], given: Value | None) -> Value | None:
    """Return the valid value of a parameter that is nearest to the given one, or None."""
    nearest: tuple[Value, ...] = ()
    number = given if isinstance(given, int | float) and not isinstance(given, bool) else None
    if isinstance(parameter, Int | Float) and number is not None:
        nearest = (min(max(number, parameter.minimum), parameter.maximum),)
    default = () if parameter.required else (parameter.default,)
    usual = _USUAL_KERNEL if isinstance(parameter, SpatialInts) else _USUAL
    value: Value
    for value in (*nearest, *default, *usual):
        try:
            parameter.check(value)
        except ParameterError:
            continue
        if isinstance(value, tuple) and len(set(value)) == 1:
            return value[0]
        return value
    return None


def fixes_for_all_uses(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Return problems without fixes that would only help one of several uses of a block.

    A fix of a block's node changes all uses. If they need different numbers, such as 16 and 32
    channels, its label differs between the problems of the same node.
    """
    if not any(each.block is not None and each.fixes for each in problems):
        return problems
    same: dict[tuple[object, ...], list[set[str]]] = {}
    for each in problems:
        if each.block is not None:
            labels = {fix.label for fix in each.fixes}
            same.setdefault((each.block, each.node, each.code, each.port), []).append(labels)
    shared = {key: set.intersection(*found) for key, found in same.items() if len(found) > 1}
    result = []
    for each in problems:
        common = shared.get((each.block, each.node, each.code, each.port))
        if common is not None:
            kept = tuple([fix for fix in each.fixes if fix.label in common])
            each = replace(each, fixes=kept)  # noqa: PLW2901
        result.append(each)
    return result


def remedy_fix(remedy: Remedy, block: str | None, node: str, source: Edge | None) -> Fix | None:
    """Return the fix for a layer's remedy; None for a layer to insert where no edge enters."""
    if isinstance(remedy, SetParameters):
        return parameters_fix(remedy.label, block, node, dict(remedy.values))
    if source is None:
        return None
    return insert_fix(remedy, block, source)


def parameters_fix(label: str, block: str | None, node: str, values: dict[str, Value]) -> Fix:
    """Return the fix that sets parameters of a layer."""

    def edit(design: Design) -> Design:
        for name, value in values.items():
            design = edits.set_parameter(design, node, name, value, block=block)
        return design

    return Fix(label, edit)


def insert_fix(remedy: InsertLayer, block: str | None, edge: Edge) -> Fix:
    """Return the fix that inserts a layer into an edge."""

    def edit(design: Design) -> Design:
        name = remedy.layer.removesuffix("2d").lower()
        node = LayerNode(remedy.layer, remedy.values)
        return edits.insert_on_edge(design, edge, name, node, block=block)

    return Fix(remedy.label, edit)


def origin_fixes(
    node: LayerNode | BlockNode, block: str | None, name: str, wanted: Scalar, axis: str | None
) -> Iterator[Fix]:
    """Yield fixes that set the number of channels where the node states it.

    An expression is only replaced by another one.

    Parameters
    ----------
    node, block, name
        The node that determines the number of channels.
    wanted
        The number or expression that would fit; None if neither fits all uses of the block.
    axis
        The axis at fault; only ``channels`` and ``features`` have such a fix.
    """
    if axis not in ("channels", "features") or not isinstance(node, LayerNode) or wanted is None:
        return
    for parameter in ("out_channels", "out_features"):
        given = node.parameters.get(parameter)
        if isinstance(given, int) or (is_expression(given) and is_expression(wanted)):
            yield parameters_fix(f"set {name} to {wanted} {axis}", block, name, {parameter: wanted})
