"""Edits of arguments: those of a block, or of the design itself for the block None.

If an argument is renamed, expressions that read it are adapted; if it is removed, they read its
value instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from designer.design.edits import with_graph
from designer.design.expressions import Literal, Scalar, is_expression, names, substitute
from designer.design.naming import argument_name_refusal
from designer.design.parsing import renamed
from designer.design.rewriting import tree_of, value_of, with_names, with_values
from designer.design.values import Argument, BlockNode, Design, Graph, Node
from designer.errors import DesignerError


def arguments_of(design: Design, block: str | None) -> Mapping[str, Argument]:
    """Return the arguments of a block, or the design's own for None."""
    return design.arguments if block is None else design.blocks[block].arguments


def with_arguments(design: Design, block: str | None, arguments: Mapping[str, Argument]) -> Design:
    """Replace the arguments of a block, or of the design itself for None."""
    if block is None:
        return replace(design, arguments=arguments)
    changed = replace(design.blocks[block], arguments=arguments)
    return replace(design, blocks={**design.blocks, block: changed})


def define_argument(
    design: Design, name: str, argument: Argument, *, block: str | None = None
) -> Design:
    """Add an argument, or change its default, range or help.

    Raises
    ------
    DesignerError
        The name is not valid, or the default lies outside the range.
    """
    known = arguments_of(design, block)
    same = known.get(name) == argument
    if same and type(known[name].default) is type(argument.default):  # 1, 1.0 and True are equal
        return design
    refusal = None if name in known else argument_name_refusal(name)
    refusal = refusal or argument.refusal(argument.default)
    if refusal:
        raise DesignerError(f"The argument '{name}' {refusal}.")
    return with_arguments(design, block, {**known, name: argument})


def rename_argument(design: Design, name: str, new: str, *, block: str | None = None) -> Design:
    """Rename an argument, also in all expressions and in all uses of the block.

    Raises
    ------
    DesignerError
        There is no such argument, or the new name is taken or not valid.
    """
    known = arguments_of(design, block)
    _check_known(design, name, block)
    if new == name:
        return design
    refusal = argument_name_refusal(new)
    if refusal:
        raise DesignerError(f"'{new}' {refusal}.")
    if new in known:
        raise DesignerError(f"The name '{new}' is taken by another argument; choose another name.")
    arguments = {
        new if key == name else key: replace(each, where=renamed(each.where, {name: new}))
        for key, each in known.items()
    }
    changed = with_arguments(design, block, arguments)
    changed = _with_nodes(changed, block, lambda node: with_names(node, {name: new}))
    if block is None:
        return changed
    return _with_uses(
        changed, block, lambda given: {new if key == name else key: v for key, v in given.items()}
    )


def remove_argument(design: Design, name: str, *, block: str | None = None) -> Design:
    """Remove an argument; in expressions its default replaces it.

    Raises
    ------
    DesignerError
        There is no such argument, or an expression cannot be written without it.
    """
    known = arguments_of(design, block)
    _check_known(design, name, block)
    value = Literal(known[name].default)
    rest = {key: _without(each, name, value) for key, each in known.items() if key != name}
    changed = with_arguments(design, block, rest)
    changed = _with_nodes(changed, block, lambda node: with_values(node, {name: value}))
    if block is None:
        return changed
    return _with_uses(
        changed, block, lambda given: {key: each for key, each in given.items() if key != name}
    )


def _without(argument: Argument, name: str, value: Literal) -> Argument:
    """Replace an argument in another one's rule by a value; drop a rule that becomes constant."""
    tree = tree_of(argument.where)
    if name not in names(tree):
        return argument
    where = value_of(substitute(tree, {name: value}))
    if not is_expression(where):
        return replace(argument, where="", rule="")
    return replace(argument, where=str(where))


def _check_known(design: Design, name: str, block: str | None) -> None:
    known = arguments_of(design, block)
    if name not in known:
        raise DesignerError(
            f"{block or design.name} has no argument '{name}'; it has {', '.join(known) or 'none'}."
        )


def _with_nodes(design: Design, block: str | None, change: Callable[[Node], Node]) -> Design:
    graph = design.graph_of(block)
    nodes = {name: change(node) for name, node in graph.nodes.items()}
    if all(node is graph.nodes[name] for name, node in nodes.items()):
        return design
    return with_graph(design, block, replace(graph, nodes=nodes))


_Given = Mapping[str, Scalar]


def _with_uses(design: Design, block: str, change: Callable[[_Given], _Given]) -> Design:
    """Change the arguments that each use of a block gives."""

    def each(node: Node) -> Node:
        if not isinstance(node, BlockNode) or node.block != block:
            return node
        arguments = change(node.arguments)
        return node if arguments == node.arguments else replace(node, arguments=arguments)

    return with_every_node(design, each)


def with_every_node(design: Design, change: Callable[[Node], Node]) -> Design:
    """Apply a change to every node of the design and its blocks; unchanged parts are shared."""

    def each(graph: Graph) -> Graph:
        nodes = {name: change(node) for name, node in graph.nodes.items()}
        same = all(node is graph.nodes[name] for name, node in nodes.items())
        return graph if same else replace(graph, nodes=nodes)

    blocks = {
        name: block if (graph := each(block.graph)) is block.graph else replace(block, graph=graph)
        for name, block in design.blocks.items()
    }
    if any(block is not design.blocks[name] for name, block in blocks.items()):
        design = replace(design, blocks=blocks)
    graph = each(design.graph)
    return design if graph is design.graph else replace(design, graph=graph)
