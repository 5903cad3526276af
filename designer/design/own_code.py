"""Edits of the code of a design's own layer types. The code is text here; nothing runs it."""

from dataclasses import replace

from designer.design.naming import block_name_refusal
from designer.design.reading import MAX_CODE
from designer.design.values import Block, Design, Graph, LayerNode
from designer.errors import DesignerError


def set_code(design: Design, name: str, text: str, *, old: str = "") -> Design:
    """Give a layer type this text, or add it.

    Parameters
    ----------
    name, text
        The class, and the Python text that has it.
    old
        What the class was called before, if it has another name now; its nodes get the new one.

    Raises
    ------
    DesignerError
        The name is not valid or taken, or a design file cannot hold the text.
    """
    if refusal := block_name_refusal(name):
        raise DesignerError(f"'{name}' {refusal}.")
    if len(text) > MAX_CODE:
        raise DesignerError(
            f"The code of {name} has {len(text):,} characters, and a design file holds at most "
            f"{MAX_CODE:,}: shorten it."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text[: error.start].count("\n") + 1
        raise DesignerError(
            f"Line {line} of the code of {name} has a damaged character: remove it."
        ) from error
    if name in design.blocks:
        raise DesignerError(
            f"{design.name} has a block called {name}; give the class another name."
        )
    if old and old != name:
        if name in design.code:
            raise DesignerError(
                f"{design.name} has another layer type called {name}; give the class another name."
            )
        code = {name if key == old else key: each for key, each in design.code.items()}
        design = _with_layer(replace(design, code=code), old, name)
    if design.code.get(name) == text:
        return design
    return replace(design, code={**design.code, name: text})


def remove_code(design: Design, name: str) -> Design:
    """Remove a layer type that no node has.

    Raises
    ------
    DesignerError
        A node has it.
    """
    used = [
        node
        for graph in (design.graph, *(block.graph for block in design.blocks.values()))
        for node, value in graph.nodes.items()
        if isinstance(value, LayerNode) and value.layer == name
    ]
    if used:
        raise DesignerError(f"{used[0]} is a {name}: remove all such nodes first.")
    return replace(design, code={key: each for key, each in design.code.items() if key != name})


def _with_layer(design: Design, old: str, new: str) -> Design:
    """Return a design whose nodes of one layer type have another one."""

    def changed(graph: Graph) -> Graph:
        found = {
            name: replace(node, layer=new)
            for name, node in graph.nodes.items()
            if isinstance(node, LayerNode) and node.layer == old
        }
        return replace(graph, nodes={**graph.nodes, **found}) if found else graph

    def changed_block(block: Block) -> Block:
        graph = changed(block.graph)
        return block if graph is block.graph else replace(block, graph=graph)

    blocks = {name: changed_block(block) for name, block in design.blocks.items()}
    if all(blocks[name] is block for name, block in design.blocks.items()):
        return replace(design, graph=changed(design.graph))
    return replace(design, graph=changed(design.graph), blocks=blocks)
