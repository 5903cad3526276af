"""Parts of a graph that occur several times, found without knowing where it came from.

A tensor that everything behind it depends on, and through which everything before it passes, cuts
the graph: the nodes between two cuts are one item of a row, a single layer or a region of branches
with the node that joins them. Items are compared by their labels: layer type, kernel, and what the
branches of a region are, without channels and strides. A short branch beside an Add is left out of
the label, since only some blocks of a stage have a convolution in their shortcut. Then the part of
the row that saves the most nodes by being written once becomes a group, and so on.

ResNet-50, for example, is the row ``conv bn relu maxpool [add] relu [add] relu ... avgpool flatten
fc``, in which ``[add] relu`` occurs 16 times.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from designer.design.values import BlockNode, LayerNode, Node, Value
from designer.folding.names import common_prefix
from designer.folding.working_graph import WorkingGraph
from designer.readers.graph import Module

LONGEST = 24
"""Items of a part that is looked for."""
LEAST_SAVED = 4
"""Nodes that a part must save to become a block."""
SHORT = 3
"""Nodes of a branch that some blocks may lack."""

_LEARNING = ("Conv", "Linear", "Multihead", "Window", "LSTM", "GRU", "RNN", "Opaque")
REGION = "branches joined by Add"
_Label: TypeAlias = Hashable


class Item(NamedTuple):
    """A node, or a region between two cuts with its last node.

    Attributes
    ----------
    label
        What is equal for items that may be uses of one block.
    nodes
        Its nodes in forward order.
    rows
        The rows of items in the branches of a region.
    """

    label: _Label
    nodes: tuple[str, ...]
    rows: tuple[tuple["Item", ...], ...] = ()


def found_groups(graph: WorkingGraph) -> dict[str, tuple[Module, ...]]:
    """Return for nodes in parts that occur several times groups in the place of modules.

    Within a part that occurs several times there may be another one that does.
    """
    main = _on_the_way(graph)
    rows = [_Divider(graph, main).row([name for name in graph.order if name in main], ())]
    rest = {name for name in graph.order if name not in main}
    side = _Divider(graph, rest)
    rows += [side.row(names, ()) for names in side.components([*side.targets])]
    return _Finder(graph).find(list(_all_rows(rows)))


def _on_the_way(graph: WorkingGraph) -> set[str]:
    """Return the nodes on which the output depends that depends on most nodes."""
    read = {each[0] for given in graph.sources.values() for each in given if each is not None}
    best: set[str] = set()
    for end in graph.order:
        if end in read:
            continue
        found, waiting = {end}, [end]
        while waiting:
            for each in graph.sources[waiting.pop()]:
                if each is not None and each[0] not in found:
                    found.add(each[0])
                    waiting.append(each[0])
        if len(found) > len(best):
            best = found
    return best


class _Divider:
    """Divides a graph into rows of items."""

    def __init__(self, graph: WorkingGraph, names: Collection[str]) -> None:
        self.graph = graph
        self.labels = {name: _label(graph.nodes[name]) for name in names}
        # What reads each node, among these nodes only.
        order = [name for name in graph.order if name in names]
        self.targets: dict[str, list[str]] = {name: [] for name in order}
        for name in order:
            for source in graph.sources[name]:
                if source is not None and source[0] in self.targets:
                    self.targets[source[0]].append(name)

    def row(self, names: Sequence[str], outside: Sequence[str]) -> tuple[Item, ...]:
        """Return the items of nodes in forward order.

        Parameters
        ----------
        outside
            The nodes before them that they read.
        """
        order = self._stored_late(names)
        position = {name: number for number, name in enumerate(order)}
        items: list[Item] = []
        waiting: list[str] = []
        entering = list(outside)
        # How far what came before is read.
        reach = max([self._last(name, position, -1) for name in outside], default=-1)
        for number, name in enumerate(order):
            waiting.append(name)
            if reach <= number:
                items.append(self._item(waiting, entering))
                waiting, entering = [], [name]
            reach = max(reach, self._last(name, position, len(order)))
        if waiting:
            items.append(self._rest(waiting))
        return tuple(items)

    def _last(self, name: str, position: Mapping[str, int], beyond: int) -> int:
        """Return the position of the last reader of a node; `beyond` if one is none of them."""
        return max([position.get(each, beyond) for each in self.targets[name]], default=-1)

    def _stored_late(self, names: Sequence[str]) -> list[str]:
        """Return names with stored tensors, which read nothing, right before their first reader."""
        stored = {name for name in names if not self.graph.sources[name]}
        stored -= {name for name in stored if self.graph.is_end(name)}
        if not stored:
            return list(names)
        order: list[str] = []
        done: set[str] = set()
        for name in names:
            if name in stored:
                continue
            for source in self.graph.sources[name]:
                if source is not None and source[0] in stored and source[0] not in done:
                    done.add(source[0])
                    order.append(source[0])
            order.append(name)
        return [*order, *[name for name in names if name in stored - done]]

    def _item(self, names: Sequence[str], entering: Sequence[str]) -> Item:
        """Return the item of the nodes between two cuts, the second one included."""
        join = names[-1]
        if len(names) == 1:
            return Item(self.labels[join], (join,))
        branches = [self.row(each, entering) for each in self.components(names[:-1])]
        labels = [tuple([item.label for item in branch]) for branch in branches]
        if _kind_of(self.graph.nodes[join]) == "Add":
            sizes = [sum(len(item.nodes) for item in branch) for branch in branches]
            main = max(range(len(sizes)), key=sizes.__getitem__)
            labels = [
                each
                for number, each in enumerate(labels)
                if number == main or sizes[number] > SHORT
            ]
            main_labels = labels.pop(0) if len(labels) == 1 else tuple(labels)
            return Item((REGION, main_labels), tuple(names), tuple(branches))
        direct = sum(
            source is not None and source[0] in entering for source in self.graph.sources[join]
        )
        return Item((self.labels[join], direct, *labels), tuple(names), tuple(branches))

    def components(self, names: Sequence[str]) -> list[list[str]]:
        """Return the nodes that hang together, each part in forward order."""
        inside = set(names)
        root = {name: name for name in names}

        def find(name: str) -> str:
            while root[name] != name:
                root[name] = root[root[name]]
                name = root[name]
            return name

        for name in names:
            for target in self.targets[name]:
                if target in inside:
                    root[find(target)] = find(name)
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(find(name), []).append(name)
        return list(found.values())

    def _rest(self, names: Sequence[str]) -> Item:
        """Return the item of nodes without a cut; its rows are the chains in it."""
        position = {name: number for number, name in enumerate(names)}
        edges = tuple(
            (position[source[0]], position[name])
            for name in names
            for source in self.graph.sources[name]
            if source is not None and source[0] in position
        )
        chains: list[list[str]] = []
        ends: dict[str, list[str]] = {}
        for name in names:
            sources = [each[0] for each in self.graph.sources[name] if each is not None]
            chain = ends.get(sources[0]) if len(sources) == 1 else None
            if chain is not None and len(self.targets[sources[0]]) == 1:
                chain.append(name)
            else:
                chain = [name]
                chains.append(chain)
            ends[name] = chain
        rows = tuple(
            tuple([Item(self.labels[name], (name,)) for name in chain]) for chain in chains
        )
        label = ("rest", tuple([self.labels[name] for name in names]), edges)
        return Item(label, tuple(names), rows)


class _Finder:
    """Finds the parts of rows that occur several times, those that save the most nodes first."""

    def __init__(self, graph: WorkingGraph) -> None:
        self.graph = graph
        self.kinds: dict[_Label, str] = {}
        self.taken: set[str] = set()

    def find(self, rows: Sequence[Sequence[Item]]) -> dict[str, tuple[Module, ...]]:
        """Return the groups of the nodes of rows."""
        found: dict[str, tuple[Module, ...]] = {}
        left = list(rows)
        while True:
            best = self._best(left)
            if best is None:
                return found
            parts, left = _divided(left, best)
            within = [
                list(_all_rows([item.rows[n] for item in part for n in range(len(item.rows))]))
                for part in parts
            ]
            for part in parts:
                nodes = [name for item in part for name in item.nodes]
                module = self._module(part, nodes)
                found |= dict.fromkeys(nodes, (module,))
            left = _without_rows(left, parts)
            inner = self._within(within)
            for name, groups in inner.items():
                found[name] = (*found[name], *groups)

    def _within(self, parts: Sequence[Sequence[Sequence[Item]]]) -> dict[str, tuple[Module, ...]]:
        """Return the groups of what occurs several times within one part, for all parts."""
        patterns = []
        left = list(parts[0])
        while (best := self._best(left)) is not None:
            patterns.append(best)
            left = _divided(left, best)[1]
        found: dict[str, tuple[Module, ...]] = {}
        for rows in parts if patterns else ():
            left = list(rows)
            for pattern in patterns:
                uses, left = _divided(left, pattern)
                for use in uses:
                    nodes = [name for item in use for name in item.nodes]
                    found |= dict.fromkeys(nodes, (self._module(use, nodes),))
        return found

    def _best(self, rows: Sequence[Sequence[Item]]) -> tuple[_Label, ...] | None:
        """Return the labels of the part that saves the most nodes; None if none saves enough."""
        numbers: dict[_Label, int] = {}
        counts: dict[tuple[int, ...], list[int]] = {}
        labels: list[_Label] = []
        for row_number, row in enumerate(rows):
            known = []
            for item in row:
                number = numbers.setdefault(item.label, len(numbers))
                if number == len(labels):
                    labels.append(item.label)
                known.append(-1 if self._is_fixed(item) else number)
            sizes = [len(item.nodes) for item in row]
            blocks = [any(map(self._is_use, item.nodes)) for item in row]
            learns = [any(map(self._learns, item.nodes)) for item in row]
            for start in range(len(row)):
                size, learned, uses_blocks = 0, False, False
                for stop in range(start + 1, min(len(row), start + LONGEST) + 1):
                    if known[stop - 1] < 0:
                        break
                    size += sizes[stop - 1]
                    learned = learned or learns[stop - 1]
                    uses_blocks = uses_blocks or blocks[stop - 1]
                    if not learned:
                        continue
                    key = tuple(known[start:stop])
                    entry = counts.setdefault(key, [0, size, -1, 0])
                    if entry[2] != row_number or start >= entry[3]:  # none overlaps another
                        # What has uses of blocks is a part only if it follows on itself.
                        follows = entry[2] == row_number and start == entry[3]
                        if not uses_blocks or follows or not entry[0]:
                            entry[0] += 1
                        entry[2:] = row_number, stop
        best, most = None, LEAST_SAVED - 1
        for key, (count, size, _, _) in counts.items():
            saved = (count - 1) * size
            if (
                size > 1
                and (len(key) == 1 or len(set(key)) > 1)
                and (saved > most or (saved == most and best and len(key) < len(best)))
            ):
                best, most = key, saved
        return None if best is None else tuple([labels[number] for number in best])

    def _learns(self, name: str) -> bool:
        """Tell whether a node is what blocks are made for: norms and activations alone are not."""
        node = self.graph.nodes[name]
        return isinstance(node, BlockNode) or node.layer.startswith(_LEARNING)

    def _is_use(self, name: str) -> bool:
        return isinstance(self.graph.nodes[name], BlockNode)

    def _is_fixed(self, item: Item) -> bool:
        """Tell whether an item can be in no block."""
        return any(self.graph.is_end(name) for name in item.nodes)

    def _module(self, part: Sequence[Item], nodes: Sequence[str]) -> Module:
        """Return the group of a part."""
        label = _main(part)
        if label not in self.kinds:
            self.kinds[label] = f"{len(self.kinds)}.{block_kind(self.graph, nodes)}"
        kind = self.kinds[label]
        name = path = common_prefix(nodes)
        number = 1
        while not name or name in self.taken:
            base = path or kind.partition(".")[2].lower()
            name = f"{base}_{number}" if base[-1].isdigit() else f"{base}{number}"
            number += 1
        self.taken.add(name)
        return Module(name, kind)


def _divided(
    rows: Sequence[Sequence[Item]], labels: Sequence[_Label]
) -> tuple[list[Sequence[Item]], list[Sequence[Item]]]:
    """Return the parts of rows with these labels, and what is left of the rows."""
    parts: list[Sequence[Item]] = []
    left: list[Sequence[Item]] = []
    wanted, length = list(labels), len(labels)
    for row in rows:
        start = at = 0
        while at + length <= len(row):
            if (
                row[at].label == wanted[0]
                and [item.label for item in row[at : at + length]] == wanted
            ):
                parts.append(row[at : at + length])
                left.append(row[start:at])
                start = at = at + length
            else:
                at += 1
        left.append(row[start:])
    return parts, [row for row in left if row]


def _without_rows(
    rows: Sequence[Sequence[Item]], parts: Sequence[Sequence[Item]]
) -> list[Sequence[Item]]:
    """Return the rows that are not in regions of parts."""
    gone = {name for part in parts for item in part if item.rows for name in item.nodes}
    return [row for row in rows if row[0].nodes[0] not in gone]


def _all_rows(rows: Sequence[Sequence[Item]]) -> Iterator[Sequence[Item]]:
    """Yield rows, and those in the regions of their items."""
    for row in rows:
        yield row
        for item in row:
            yield from _all_rows(item.rows)


def _main(part: Sequence[Item]) -> _Label:
    """Return the label of a part, the same with and without a shortcut around it."""
    found: list[_Label] = []
    for item in part:
        if isinstance(item.label, tuple) and item.label[0] == REGION:
            found += item.label[1]
        else:
            found.append(item.label)
    return tuple(found)


def _kind_of(node: Node) -> str:
    return node.layer if isinstance(node, LayerNode) else ""


def _label(node: Node) -> _Label:
    """Return what nodes have in common that may be one node of a block."""
    if isinstance(node, BlockNode):
        return "block", node.block
    if node.parameters.get("groups", 1) != 1:
        return node.layer, "in groups"  # networks with these mix kernels of different sizes
    return node.layer, _plain(node.parameters.get("kernel_size"))


def _plain(value: Value) -> Value:
    """Return one number for a tuple of equal ones."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def block_kind(graph: WorkingGraph, nodes: Sequence[str]) -> str:
    """Return a name for a block with these nodes, from what is in it."""
    kinds = [_kind_of(graph.nodes[name]) for name in nodes]
    last = kinds[-1]
    blocks = [name for name in nodes if isinstance(graph.nodes[name], BlockNode)]
    if blocks and not any(kind.startswith(_LEARNING) for kind in kinds):
        return "Stage"
    if any("Attention" in kind for kind in kinds):
        return "EncoderBlock"
    if "Concat" in kinds:
        reading = [
            name for name in nodes if graph.nodes[name] and _kind_of(graph.nodes[name]) == "Concat"
        ]
        wide = max(len(graph.sources[name]) for name in reading)
        return "DenseLayer" if wide == 2 and last == "Concat" else "BranchBlock"
    if "Add" in kinds:
        return "ResidualBlock"
    if any(kind.startswith("Conv") for kind in kinds):
        return "ConvBlock"
    return "LinearBlock" if "Linear" in kinds else "Block"
