"""Random edits of all kinds that the window can make, for tests of whole sessions."""

import random
from collections.abc import Callable, Sequence

from designer.analysis.analysis import analyze
from designer.analysis.assist import editing, sharing
from designer.design import arguments, blocks, clipboard, edits, grouping, naming
from designer.design.edits import Edit
from designer.design.values import Argument, BlockNode, Design, Edge, LayerNode, Node, Point
from designer.layers.catalogue import layer_types
from tests.analysis.drawing import parameter_value, random_node

_Drawn = tuple[str, Edit]
OFFERED = [name for name, kind in layer_types().items() if kind.offered]


def random_edit(design: Design, draw: random.Random) -> _Drawn:
    """Return a label and an edit of a design; it may be refused with a DesignerError."""
    block = draw.choice([None, None, None, *design.blocks])
    return draw.choice(_KINDS)(design, block, draw)


def _move(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    names = _some(design, block, draw)
    places = {name: Point(draw.randrange(-500, 500), draw.randrange(999)) for name in names}
    return f"move {len(names)} nodes", lambda d: edits.move(d, places, block=block)


def _rename(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name, new = _one(design, block, draw), draw.choice(["stem", "head", "x", "train", "branch_a"])
    return f"rename {name}", lambda d: edits.rename_node(d, name, new, block=block)


def _set_parameter(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name = _one(design, block, draw)
    node = design.graph_of(block).nodes.get(name)
    if isinstance(node, LayerNode):
        known = layer_types()[node.layer].parameters
        if known:
            key = draw.choice([*known])
            value = parameter_value(draw, known[key])
            return f"set {name} {key}", lambda d: edits.set_parameter(
                d, name, key, value, block=block
            )
    elif isinstance(node, BlockNode) and design.blocks[node.block].arguments:
        key = draw.choice([*design.blocks[node.block].arguments])
        given = draw.choice([1, 2, 4, "=i + 1", "=channels"])
        return f"set {name} {key}", lambda d: edits.set_block_argument(
            d, name, key, given, block=block
        )
    return f"set {name} when", lambda d: edits.set_when(d, name, True, block=block)


def _set_conditions(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name = _one(design, block, draw)
    if draw.random() < 0.3:
        rate = draw.choice([0, 0.5, 1, "=1 / stride"])
        return f"learn {name}", lambda d: edits.set_learning_rate(d, name, rate, block=block)
    if draw.random() < 0.5:
        when = draw.choice([True, False, "=flag", "=in_channels > 2"])
        return f"set {name} when", lambda d: edits.set_when(d, name, when, block=block)
    repeat = draw.choice([0, 1, 2, 3, "=stride"])
    return f"repeat {name}", lambda d: edits.set_repeat(d, name, repeat, block=block)


def _add(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    layer = draw.choice(OFFERED)
    node: Node = editing.starting_node(layer, (4, 8, 8))
    if draw.random() < 0.3:
        node = random_node(draw, [*design.blocks])
        if isinstance(node, BlockNode) and node.block not in design.blocks:
            node = LayerNode("Identity")
    after = draw.choice([_one(design, block, draw), None])
    return f"add {layer.lower()}", lambda d: editing.add_after(
        d, layer.lower(), node, after, block=block
    )[0]


def _insert(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    edge = _edge(design, block, draw)
    node = LayerNode("ReLU")
    return "add relu", lambda d: edits.insert_on_edge(d, edge, "relu", node, block=block)


def _remove(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    names = _some(design, block, draw)[: draw.choice([1, 1, 2, 5])]
    drawn = [_edge(design, block, draw)] if draw.random() < 0.2 else []
    return f"delete {len(names)} nodes", lambda d: editing.remove(
        analyze(d), names, [e for e in drawn if e in d.graph_of(block).edges], block=block
    )


def _take_out(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name = _one(design, block, draw)
    return f"take out {name}", lambda d: edits.take_out(d, name, block=block)


def _connect(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    source, target = _one(design, block, draw), _one(design, block, draw)
    port = editing.next_port(design, target, block) if target else 0
    edge = Edge(source, 0, target, port or 0)
    return f"connect {source} to {target}", lambda d: edits.connect(d, edge, block=block)


def _disconnect(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    edge = _edge(design, block, draw)
    return "delete edge", lambda d: editing.disconnect(d, edge, block=block)


def _reconnect(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    old = _edge(design, block, draw)
    new = old._replace(source=_one(design, block, draw), source_port=0)
    return "move edge", lambda d: edits.reconnect(d, old, new, block=block)


def _replace(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name, layer = _one(design, block, draw), draw.choice(OFFERED)
    node = editing.starting_node(layer)
    return f"replace {name}", lambda d: editing.replacement(
        d, _known(d, block, name), node, block=block
    )


def _duplicate(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    text = clipboard.copy(design, block, _some(design, block, draw)[:6])
    into = draw.choice([block, None, *design.blocks])
    return "paste", lambda d: clipboard.paste(d, into, text, Point(0, 0))[0]


def _share(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    names = [
        name
        for name, node in design.graph_of(block).nodes.items()
        if sharing.has_weights(design, node)
    ]
    chosen = draw.sample(names, min(len(names), draw.choice([1, 2, 2, 3])))
    if len(chosen) < 2:
        return "stop sharing", lambda d: sharing.stop_sharing(d, chosen, block=block)
    if draw.random() < 0.5:
        text = clipboard.copy(design, block, chosen)
        return "paste as shared", lambda d: sharing.paste_shared(d, block, text, Point(0, 0))[0]
    return "share", lambda d: sharing.share(d, chosen, block=block)


def _group(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    names = [*design.graph_of(block).nodes]
    first = draw.randrange(len(names)) if names else 0
    chosen = names[first : first + draw.randrange(1, 5)]
    wanted = blocks.free_block_name(design, "Group")
    node = naming.free_name(design, "group", block)
    return f"group {len(chosen)} nodes", lambda d: grouping.group(
        d, chosen, wanted, node, block=block
    )


def _dissolve(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    names = [
        name for name, node in design.graph_of(block).nodes.items() if isinstance(node, BlockNode)
    ]
    name = draw.choice(names) if names else "nothing"
    return f"dissolve {name}", lambda d: editing.dissolve(analyze(d), name, block=block)


def _arguments(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    known = [*arguments.arguments_of(design, block)]
    name = draw.choice([*known, "extra"])
    choice = draw.randrange(3)
    if choice == 0 or not known:
        argument = Argument(draw.choice([1, 2, 8]), 1)
        return "define argument", lambda d: arguments.define_argument(
            d, name, argument, block=block
        )
    if choice == 1:
        return "rename argument", lambda d: arguments.rename_argument(
            d, name, f"{name}_new"[:40], block=block
        )
    return "remove argument", lambda d: arguments.remove_argument(d, name, block=block)


def _blocks(design: Design, block: str | None, draw: random.Random) -> _Drawn:
    name = draw.choice([*design.blocks, "Nothing"])
    choice = draw.randrange(4)
    if choice == 0:
        return "rename block", lambda d: blocks.rename_block(d, name, f"{name}New"[:40])
    if choice == 1:
        return "remove block", lambda d: blocks.remove_block(d, name)
    if choice == 2:
        output, end = draw.random() < 0.5, draw.choice("pqrs")
        return "add end", lambda d: blocks.add_end(d, name, end, output=output)
    ends = (
        [*design.blocks[name].inputs, *design.blocks[name].outputs]
        if name in design.blocks
        else ["x"]
    )
    end = draw.choice(ends)
    return "remove end", lambda d: blocks.remove_end(d, name, end)


_KINDS: Sequence[Callable[[Design, str | None, random.Random], _Drawn]] = (
    _move, _rename, _set_parameter, _set_parameter, _set_conditions, _add, _add, _add, _insert,
    _insert, _remove, _take_out, _connect, _connect, _disconnect, _reconnect, _replace,
    _duplicate, _share, _share, _group, _dissolve, _arguments, _blocks,
)  # fmt: skip


def _known(design: Design, block: str | None, name: str) -> str:
    edits.take_out(design, name, block=block)  # refuses a name that is not there
    return name


def _one(design: Design, block: str | None, draw: random.Random) -> str:
    return draw.choice([*design.graph_of(block).nodes, "nothing"])


def _some(design: Design, block: str | None, draw: random.Random) -> list[str]:
    return [name for name in design.graph_of(block).nodes if draw.random() < 0.4]


def _edge(design: Design, block: str | None, draw: random.Random) -> Edge:
    return draw.choice([*design.graph_of(block).edges, Edge("nothing", 0, "nothing", 0)])
