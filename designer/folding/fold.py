"""Fold repeated structure: parts of a network that occur several times become uses of a block.

Modules of the network that the design came from say which parts belong together: a class that is
used several times becomes a block (`designer.readers.graph.Module`). The innermost classes come
first, so that the blocks of these stand in those of the others. Without modules the structure of
the graph takes their place (`designer.folding.structure`).

1. The nodes of each instance of a class are a piece of the graph. Pieces are aligned with each
   other (`designer.folding.alignment`).
2. What differs becomes arguments (`designer.folding.block_arguments`).
3. Uses that run one after the other become one node (`designer.folding.repetition`).

Nothing but the arrangement changes: the folded design is analyzed, and what a layer is and gives
must be the same for each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.block_uses import MAX_REPEAT
from designer.design.values import Block, BlockNode, Design, Edge, Graph, Node
from designer.errors import DesignerError
from designer.folding.alignment import Piece, Template, piece_of, reads_number
from designer.folding.block_arguments import Arguments, arguments_for
from designer.folding.growing import with_growing_concats
from designer.folding.names import block_name, common_prefix, free_node_name, identifier, inner_name
from designer.folding.repetition import rows_of
from designer.folding.structure import found_groups
from designer.folding.working_graph import Path, WorkingGraph
from designer.layers.own import Measured
from designer.readers.graph import Module

LEAST_NODES = 4
"""Nodes of a class with a single instance that becomes a block, if its input forks."""
MOST_NODES = 40
"""Nodes that modules may leave; of more, what repeats without being a module is folded, too."""
MOST_ROUNDS = 4
"""How often blocks are looked for, the later times among the uses of blocks."""
_TORCH = "torch.nn.modules."
_CONTAINERS = f"{_TORCH}container."
_Kind: TypeAlias = str | Module
"""A class whose instances may become uses of a block, or one container, which holds others."""


@dataclass(frozen=True)
class Folded:
    """A design in another arrangement.

    Attributes
    ----------
    design
        The design.
    moved
        For each layer that has tensors in the state dict, what their names begin with before and
        after: ``layer1_0_conv1`` and ``layer1.0.conv1``.
    """

    design: Design
    moved: Mapping[str, str]


def fold(
    design: Design,
    modules: Mapping[str, tuple[Module, ...]] | None = None,
    measured: Measured | None = None,
    *,
    growing_concats: bool = False,
    analysis: Analysis | None = None,
) -> Folded:
    """Return a design in which repeated structure of its own graph is blocks.

    Parameters
    ----------
    design
        Any design without errors.
    modules
        For nodes of the design's own graph, the modules that they came from, outermost first.
    measured
        What is known of the design's own layer types.
    growing_concats
        Whether concatenations that go on from others are written so
        (`designer.folding.growing`), which changes the memory that predicting takes.
    analysis
        That of the design, where it is known.

    Returns
    -------
    Folded
        With the same design if nothing repeats.

    Raises
    ------
    DesignerError
        The design has errors.
    """
    before = analysis or analyze(design, measured=measured)
    refuse_errors(before, "folded")
    given = modules or {}
    graph = design.graph
    if growing_concats:
        changed, given = with_growing_concats(design, given)
        graph = changed.graph
    work = WorkingGraph(before, graph, given)
    _Folder(work, before).run()
    if not modules:
        _Folder(work, before, structural=True).repeat_uses()
    rounds = 0
    while len(work.nodes) > MOST_NODES or (not modules and rounds < MOST_ROUNDS):
        count, rounds = len(work.nodes), rounds + 1
        work.regroup(found_groups(work))
        _Folder(work, before, structural=True).run()
        if len(work.nodes) == count:
            break
    folded = replace(design, blocks=work.blocks, graph=work.graph())
    nothing = work.nodes.keys() == graph.nodes.keys()
    if nothing or not _is_same(before, analyze(folded, measured=measured)):
        return Folded(design, moved_names(before, WorkingGraph(before, design.graph, {})))
    return Folded(folded, moved_names(before, work))


def _is_same(before: Analysis, after: Analysis) -> bool:
    """Tell whether two designs have equal layers as far as their sums tell, and equal outputs."""
    one, other = before.totals, after.totals
    return (
        before.valid == after.valid
        and (one.weights, one.biases, one.buffers, one.frozen, one.macs, one.output_values)
        == (
            other.weights,
            other.biases,
            other.buffers,
            other.frozen,
            other.macs,
            other.output_values,
        )
        and one.saved_for_backward == other.saved_for_backward
        and before.outputs == after.outputs
    )


def refuse_errors(analysis: Analysis, what: str) -> None:
    """Refuse a design with errors.

    Raises
    ------
    DesignerError
        It has one, which is quoted.
    """
    for problem in analysis.problems:
        if problem.severity.value == "error":
            raise DesignerError(
                f"{analysis.design.name} cannot be {what} while it has errors; correct this first: "
                f"{problem.message}."
            )


def moved_names(before: Analysis, work: WorkingGraph) -> dict[str, str]:
    """Return for each layer with tensors what their names begin with before and after."""
    where = {
        name: ".".join((top, *path))
        for top, members in work.members.items()
        for name, path in members.items()
    }
    moved = {}
    for path in paths_with_tensors(before):
        name, _, rest = path.partition(".")
        moved[path] = f"{where[name]}.{rest}" if rest else where[name]
    return moved


def paths_with_tensors(analysis: Analysis) -> Iterator[str]:
    """Yield the path of each layer that has tensors in the state dict, blocks written out."""
    for path, result in analysis.top.layers():
        given = [each for each in result.inputs if each is not None]
        if result.layer is not None and not result.shares and result.layer.states(given):
            yield path


def _kind(module: Module) -> _Kind:
    return module if module.kind.startswith(_CONTAINERS) else module.kind


class _Folder:
    """Makes blocks of the modules of a graph, the innermost first."""

    def __init__(self, work: WorkingGraph, analysis: Analysis, *, structural: bool = False) -> None:
        self.work = work
        self.structural = structural
        self.scope = analysis.arguments
        self.code = analysis.design.code
        # By class, the nodes in modules of it, and of each node the innermost of these modules.
        self._within: dict[_Kind, dict[str, Module]] = {}

    def run(self) -> None:
        """Fold the graph."""
        work = self.work
        for name, groups in work.groups.items():
            work.groups[name] = tuple([each for each in groups if each.path])
            self._note(name)
        for kind in self._kinds():
            instances = self._instances(kind)
            if isinstance(kind, str) and any(len(each) > 1 for each in instances.values()):
                self._make_blocks(kind, instances)
                instances = self._instances(kind)
            self._strip(kind, instances)

    def _note(self, name: str) -> None:
        """Remember the classes that a new node is in, so that no search looks at every node."""
        for each in self.work.groups[name]:
            self._within.setdefault(_kind(each), {})[name] = each

    def _kinds(self) -> list[_Kind]:
        """Return the classes so that those inside of others come first."""
        highest: dict[_Kind, int] = {}
        for groups in self.work.groups.values():
            for height, module in enumerate(reversed(groups)):
                kind = _kind(module)
                highest[kind] = max(highest.get(kind, 0), height)
        return sorted(highest, key=lambda kind: highest[kind])

    def _instances(self, kind: _Kind) -> dict[Module, list[str]]:
        """Return the nodes of each instance of a class, in forward order."""
        work = self.work
        found: dict[Module, list[str]] = {}
        within = self._within.get(kind, {})
        for name in work.in_order(within.keys() & work.nodes.keys()):
            if within[name] in work.groups[name]:  # another node may have had this name before
                found.setdefault(within[name], []).append(name)
        return found

    def _strip(self, kind: _Kind, instances: Mapping[Module, Sequence[str]]) -> None:
        """Forget the modules of a class; a node that is all of one takes its path as its name."""
        work = self.work
        for module, names in instances.items():
            if len(names) == 1 and isinstance(work.nodes[names[0]], BlockNode):
                work.module[names[0]] = "" if self.structural else module.path
                name = self._new_name(names, module.path)
                work.rename(names[0], name)
                self._note(name)
        for name in self._within.pop(kind, {}).keys() & work.groups.keys():
            work.groups[name] = tuple([each for each in work.groups[name] if _kind(each) != kind])

    # Blocks

    def _make_blocks(self, kind: str, instances: Mapping[Module, Sequence[str]]) -> None:
        """Make blocks of the instances of a class."""
        work = self.work
        readers = work.readers()
        found: dict[tuple[object, ...], list[tuple[Piece, Module]]] = {}
        for module, names in instances.items():
            if any(work.is_end(name) for name in names) or not work.can_be_one(names):
                continue
            if self._is_small_layer(kind, names):
                continue
            piece = piece_of(work, names, readers)
            if piece.inputs and piece.outputs:
                found.setdefault(piece.structure, []).append((piece, module))
        clusters = sorted(found.values(), key=lambda each: (-len(each[0][0].names), -len(each)))
        templates: list[tuple[Template, list[Module], Arguments | None]] = []
        for cluster in clusters:
            pieces = [piece for piece, _ in cluster]
            modules = [module for _, module in cluster]
            for number, (template, others, _) in enumerate(templates):
                joined = template.with_pieces(pieces)
                if joined is None:
                    continue
                arguments = self._arguments(joined, [*others, *modules])
                if arguments is not None:
                    templates[number] = joined, [*others, *modules], arguments
                    break
            else:
                templates.append((Template.of(work, pieces), modules, None))
        made = []
        for template, modules, arguments in templates:
            if len(template.order) > 1 and (len(modules) > 1 or self._is_module(template)):
                found_arguments = arguments or self._arguments(template, modules)
                if found_arguments is not None:
                    made += self._make_block(kind, template, modules, found_arguments)
        self._repeat(made)

    def _is_small_layer(self, kind: str, names: Sequence[str]) -> bool:
        """Tell whether a layer of torch is a few nodes, as with its padding or used twice."""
        own = [name for name in names if not self.work.nodes[name].shares]
        return kind.startswith(_TORCH) and len(own) < LEAST_NODES

    def _is_module(self, template: Template) -> bool:
        """Tell whether a class with one instance is worth a block: if its input forks."""
        reading = [
            number
            for number in template.order
            if any(ref is not None and ref[0] < 0 for ref in template.nodes[number].sources)
        ]
        return len(reading) > 1 and len(template.order) >= LEAST_NODES

    def _node_names(self, template: Template, modules: Sequence[Module]) -> dict[int, str]:
        """Return the names of a template's nodes in the block."""
        names: dict[int, str] = {}
        taken: set[str] = {"x", "y"}
        for number in template.order:
            name = "shortcut"
            for place, use in enumerate(template.nodes[number].uses):
                if use is not None:
                    work = self.work
                    around = modules[place].path
                    if not work.module[use]:
                        around = common_prefix(template.pieces[place].names)
                    name = inner_name(use, work.nodes[use], work.module[use], around)
                    break
            names[number] = free_node_name(taken, name)
            taken.add(names[number])
        return names

    def _arguments(self, template: Template, modules: Sequence[Module]) -> Arguments | None:
        names = self._node_names(template, modules)
        return arguments_for(self.work, template, names, self.scope)

    def _make_block(
        self, kind: str, template: Template, modules: Sequence[Module], found: Arguments
    ) -> list[str]:
        """Make a block of a template, and uses of it of the template's pieces."""
        work = self.work
        names = self._node_names(template, modules)
        taken = set(names.values())
        inputs = _ends("x", template.inputs, taken)
        outputs = _ends("y", len(template.outputs), taken)

        def port(ref: tuple[int, int]) -> tuple[str, int]:
            return (inputs[-1 - ref[0]], 0) if ref[0] < 0 else (names[ref[0]], ref[1])

        edges = [
            Edge(*port(ref), names[number], at)
            for number in template.order
            for at, ref in enumerate(template.nodes[number].sources)
            if ref is not None
        ]
        edges += [
            Edge(*port(ref), end, 0) for ref, end in zip(template.outputs, outputs, strict=True)
        ]
        block = block_name({*work.blocks, *self.code}, kind)
        work.blocks[block] = Block(
            found.arguments, inputs, outputs, Graph(found.nodes, tuple(edges))
        )
        made = []
        for number, (piece, module, given) in enumerate(
            zip(template.pieces, modules, found.given, strict=True)
        ):
            used = [(template.nodes[each].uses[number], names[each]) for each in template.order]
            members: dict[str, Path] = {
                name: (inner, *self._step(use, found.nodes[inner]), *path)
                for use, inner in used
                if use is not None
                for name, path in work.members[use].items()
            }
            arguments = {
                key: value
                for key, value in given.items()
                if value != found.arguments[key].default
                or type(value) is not type(found.arguments[key].default)
            }
            name = self._new_name(piece.names, module.path)
            groups = work.groups[piece.names[0]]
            groups = groups[: groups.index(module)]
            work.contract(
                piece.names,
                name,
                BlockNode(block, arguments),
                piece.inputs,
                [(piece.names[at], out) for at, out in piece.outputs],
                members,
                groups,
                "" if self.structural else module.path,
            )
            work.free[name] = frozenset(found.arguments.keys() - given.keys())
            self._note(name)
            made.append(name)
        return made

    def _step(self, use: str, inner: Node) -> Path:
        """Return the number of a repetition that only the block's node has in its path."""
        node = self.work.nodes[use]
        once = isinstance(node, BlockNode) and node.repeat == 1
        return ("0",) if once and isinstance(inner, BlockNode) and inner.repeat != 1 else ()

    def _new_name(self, gone: Iterable[str], path: str) -> str:
        """Return the name of a node that replaces others."""
        taken = self.work.nodes.keys() - set(gone)
        return free_node_name(taken, identifier(path))

    # Repetitions

    def repeat_uses(self) -> None:
        """Join the uses of blocks that run one after the other."""
        nodes = self.work.nodes
        self._repeat([name for name in self.work.order if isinstance(nodes[name], BlockNode)])

    def _repeat(self, names: Sequence[str]) -> None:
        """Join uses that run one after the other."""
        work = self.work
        readers = work.readers()
        chosen = set(names)
        shared = {node.shares for node in work.nodes.values()} - {""}
        following: dict[str, str] = {}
        for name in names:
            node = work.nodes[name]
            assert isinstance(node, BlockNode)
            block = work.blocks[node.block]
            if len(block.inputs) != 1 or len(block.outputs) != 1 or name in shared:
                continue
            if not _may_repeat(node):
                continue
            read = readers.get((name, 0), [])
            if len(read) != 1 or read[0][0] not in chosen:
                continue
            other = work.nodes[read[0][0]]
            if (
                isinstance(other, BlockNode)
                and other.block == node.block
                and _may_repeat(other)
                and work.groups[name] == work.groups[read[0][0]]
                and read[0][0] not in shared
            ):
                following[name] = read[0][0]
        starts = [name for name in following if name not in set(following.values())]
        for start in starts:
            chain = [start]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            self._join(chain)

    def _join(self, chain: Sequence[str]) -> None:
        work = self.work
        first = work.nodes[chain[0]]
        assert isinstance(first, BlockNode)
        defaults = {key: each.default for key, each in work.blocks[first.block].arguments.items()}
        uses = []
        for name in chain:
            node = work.nodes[name]
            assert isinstance(node, BlockNode)
            free = work.free.get(name, frozenset())
            uses.append(
                {
                    key: node.arguments.get(key, each)
                    for key, each in defaults.items()
                    if key not in free
                }
            )
        is_chain = _is_chain(work.blocks[first.block])
        for row in rows_of(uses, defaults, MAX_REPEAT, plain=is_chain):
            names = chain[row.start : row.stop]
            if len(names) < 2:
                continue
            members = {
                name: (str(number), *path)
                for number, each in enumerate(names)
                for name, path in work.members[each].items()
            }
            groups, module = work.groups[names[0]], work.module[names[0]]
            free = frozenset.intersection(*(work.free.get(each, frozenset()) for each in names))
            source = work.sources[names[0]]
            use = names[0]
            node = BlockNode(first.block, row.arguments, repeat=len(names))
            work.contract(names, use, node, source, [(names[-1], 0)], members, groups, module)
            self._note(use)
            work.free[use] = free


def _may_repeat(node: BlockNode) -> bool:
    """Tell whether a use may become one of the repetitions of a node."""
    plain = node.repeat == 1 and node.when is True and node.learning_rate == 1 and not node.shares
    return plain and not any(reads_number(each) for each in node.arguments.values())


def _is_chain(block: Block) -> bool:
    """Tell whether each node of a block reads the one before, as a convolution with its norm."""
    sources = [(edge.source, edge.source_port) for edge in block.graph.edges]
    return len(sources) == len(set(sources)) and len(sources) == len(block.graph.nodes) + 1


def _ends(base: str, count: int, taken: set[str]) -> tuple[str, ...]:
    """Return names of inputs or outputs of a block."""
    taken -= {"x", "y"}
    names = [base] if count == 1 else [f"{base}{number}" for number in range(1, count + 1)]
    found: list[str] = []
    for name in names:
        found.append(free_node_name(taken | set(found), name))
    return tuple(found)
