"""One class of the generated file: a constructor that builds the layers, a forward that runs them.

Sizes inside a class are expressions over its constructor's arguments, so that one class serves all
uses of a block. A size that no such expression gives (the inputs of a Linear behind a Flatten) is
an extra keyword argument, whose value the analysis knows at each use.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple, TypeAlias

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.codegen.forward import write_forward
from designer.codegen.parts import Given, Part, expressions, words, write_part
from designer.codegen.repeats import Repeats
from designer.codegen.text import class_name, wrapped
from designer.design.expressions import Literal, Name, Tree, is_expression, names, substitute
from designer.design.naming import block_name_refusal, node_name_refusal
from designer.design.printing import python_source, quoted
from designer.design.rewriting import NUMBER
from designer.design.values import Argument, Block, BlockNode, Design, LayerNode, Value
from designer.layers.base import Code
from designer.layers.catalogue import layer_types

Channels: TypeAlias = tuple[Tree | None, ...]

_LOOP = 3  # layers of a kind, from which on a loop tells how they begin


class Memory:
    """What was written before, for all files of one design, whatever the values of its arguments.

    Attributes
    ----------
    parts
        What layers add to their class, by all that it depends on.
    drafts
        Classes by all that their text is made of.
    """

    def __init__(self) -> None:
        self.parts: dict[Hashable, Part] = {}
        self.drafts: dict[Hashable, Draft] = {}


class Draft(NamedTuple):
    """A class without its name.

    Attributes
    ----------
    text
        Its lines.
    parameters
        The block's arguments that the constructor takes, with their defaults.
    out_channels
        The outputs' channels over the constructor's arguments; None if only an instance knows.
    """

    text: str
    parameters: Mapping[str, Argument]
    out_channels: Channels


class ClassUse(NamedTuple):
    """A class and what a use of it must give.

    Attributes
    ----------
    name
        The class's name.
    parameters, out_channels
        Those of its draft.
    extras
        Keyword arguments with sizes that only the analysis knows, with their values for this use.
    """

    name: str
    parameters: Mapping[str, Argument]
    extras: Mapping[str, Value]
    out_channels: Channels


class Library:
    """The classes of a file while it is written; those with equal text are one.

    Attributes
    ----------
    helpers
        Classes for layers that torch lacks, by name.
    classes
        Classes of blocks and of the network, by name, each after those that it uses.
    places
        The class and attribute that stand for a node, by its block (None: the design) and name.
    """

    def __init__(self, design: Design, memory: Memory) -> None:
        self.design = design
        self.memory = memory
        self.helpers: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.places: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._uses: dict[GraphResult, ClassUse] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {
            found
            for kind in layer_types().values()
            for found in re.findall(r"^class (\w+)", kind.source, re.MULTILINE)
        }

    def use(self, block: str, result: GraphResult) -> ClassUse:
        """Return the class that serves a block with this result; it is written if it is new."""
        if result not in self._uses:
            writer = ClassWriter.of_block(self, block, result)
            draft = writer.draft()
            name = self._add(block, block, draft, result)
            extras = writer.given.extras
            self._uses[result] = ClassUse(name, draft.parameters, extras, draft.out_channels)
        return self._uses[result]

    def add_network(self, analysis: Analysis, free: frozenset[str]) -> str:
        """Write the network's own class behind all others; return its name."""
        draft = ClassWriter.of_design(self, analysis, free, signature=True).draft()
        return self._add(class_name(self.design.name), None, draft, analysis.top)

    def _add(self, wish: str, block: str | None, draft: Draft, result: GraphResult) -> str:
        """Give a class a name, one for all that have the same text."""
        text = draft.text
        if (wish, text) not in self._names:
            name, number = wish, 1
            while name in self._taken or name in self.classes or block_name_refusal(name):
                number += 1
                name = f"{wish}{number}"
            self._names[wish, text] = name
            self.classes[name] = f"class {name}(nn.Module):\n{text}\n"
        name = self._names[wish, text]
        for node in result.wiring.order:
            self.places.setdefault((block, node), (name, node))
        return name


class ClassWriter:
    """Writes one class from the result of its graph."""

    def __init__(
        self,
        library: Library,
        result: GraphResult,
        given: Given,
        *,
        name: str | None = None,
        block: Block | None = None,
        signature: bool = True,
    ) -> None:
        self.library = library
        self.result = result
        self.given = given
        self.name = name
        self.block = block
        self.signature = signature
        self.lines: list[str] = []
        self.kinds: dict[str, dict[str, tuple[str, ...]]] = {}  # layers by class: how they begin
        self.endings: list[str] = []
        self.modules: dict[str, str] = {}
        self.codes: dict[str, Code] = {}
        self.forwards: list[str] = []
        self.kept: dict[str, Tree] = {}
        self.repeats = Repeats(self)
        self.channels: dict[tuple[str, int], Tree | None] = {}
        for port, end in enumerate(block.inputs if block is not None else ()):
            self.channels[end, 0] = Name(in_channels_name(port))

    @classmethod
    def of_design(
        cls, library: Library, analysis: Analysis, free: frozenset[str], *, signature: bool
    ) -> "ClassWriter":
        """Return the writer of the network's own class."""
        top = analysis.top
        bound = {name: value for name, value in top.scope.items() if name not in free}
        given = Given(analysis.design.arguments, bound, None)
        return cls(library, top, given, signature=signature)

    @classmethod
    def of_block(cls, library: Library, name: str, result: GraphResult) -> "ClassWriter":
        """Return the writer of a block's class."""
        block = library.design.blocks[name]
        given = Given(block.arguments, {}, result.scope)
        return cls(library, result, given, name=name, block=block)

    def draft(self) -> Draft:
        """Write the class, unless one made of the same lines was written before."""
        for name in self.result.wiring.order:
            self._node(name)
        out_channels = self._out_channels()
        self.endings += self._beginnings()
        if self.block is not None:
            texts = [python_source(each) for each in out_channels if each is not None]
            value = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
            self.endings.append(f"self.out_channels = {value}")
        key = (
            self.name,
            self.signature,
            self.result.wiring.order,
            self.result.inlined,
            self.result.training_only,
            frozenset(self.given.used),
            tuple(self.given.extras),
            tuple(self.lines),
            tuple(self.endings),
            tuple(self.forwards),
        )
        drafts = self.library.memory.drafts
        if key not in drafts:
            drafts[key] = self._draft(out_channels)
        return drafts[key]

    def _draft(self, out_channels: Channels) -> Draft:
        forward = write_forward(self.result, self.block, self.modules, self.codes)
        methods = self.repeats.shared()
        parameters = {
            key: each for key, each in self.given.arguments.items() if key in self.given.used
        }
        text = "\n".join(
            [
                *wrapped(f"    def __init__({self._signature(parameters)}):"),
                "        super().__init__()",
                *(
                    part
                    for line in (*self.lines, *self.endings)
                    for part in wrapped(f"        {line}")
                ),
                "",
                *(part for line in methods for part in wrapped(f"    {line}")),
                *([""] if methods else []),
                *(part for line in forward for part in wrapped(f"    {line}")),
            ]
        )
        known = tuple(
            None if each is None or any("." in word for word in names(each)) else each
            for each in out_channels
        )
        return Draft(text, parameters, known)

    def _beginnings(self) -> Iterator[str]:
        """Write how weights begin, in a loop where all layers of a kind begin alike."""
        for kind, layers in self.kinds.items():
            ways = {
                tuple(line.replace(f"self.{name}.", "layer.") for line in lines)
                for name, lines in layers.items()
            }
            derived = any(f"({kind})" in each for each in self.library.helpers.values())
            if len(layers) < _LOOP or len(ways) > 1 or derived:
                yield from chain.from_iterable(layers.values())
            elif any(ways):
                yield "for layer in self.children():"
                yield f"    if isinstance(layer, {kind}):"
                yield from (f"        {line}" for line in ways.pop())

    def _signature(self, parameters: Mapping[str, Argument]) -> str:
        defaults = [
            f"{key}={quoted(each.default)}" if self.signature else key
            for key, each in parameters.items()
        ]
        extras = ["*", *self.given.extras] if self.given.extras else []
        ports = len(self.block.inputs) if self.block is not None else 0
        channels = [in_channels_name(port) for port in range(ports)]
        return ", ".join(["self", *channels, *defaults, *extras])

    # Nodes

    def _node(self, name: str) -> None:
        result = self.result.nodes[name]
        node = self.result.wiring.graph.nodes[name]
        sources = tuple(
            [
                self.channels.get(source) if source is not None else None
                for source in self.result.wiring.sources[name]
            ]
        )
        if isinstance(node, BlockNode):
            self.modules[name] = f"self.{name}"
            self._block(name, node, result, sources)
        else:
            self._layer(name, node, result, sources)

    def _layer(
        self, name: str, node: LayerNode, result: NodeResult, sources: tuple[Tree | None, ...]
    ) -> None:
        parts, given = self.library.memory.parts, self.given
        key = (self.name, name, result, sources, given.bound, given.sizes)
        part = parts.get(key)
        if part is None:
            part = parts[key] = write_part(name, node, result, sources, given)
        given.add(part.given)
        self.codes[name] = part.code
        if part.constructor:
            self.modules[name] = f"self.{name}"
            self.lines.append(f"self.{name} = {part.constructor}")
            kind = part.constructor.partition("(")[0]
            self.kinds.setdefault(kind, {})[name] = part.endings
            if part.helper:
                self.library.helpers.setdefault(part.code.layer.torch, part.code.layer.source)
        elif part.code.texts:
            self.codes[name] = self._in_forward(name, node, part.code)
        self.forwards.append(part.forward)
        self.channels[name, 0] = self._known(part.channels, result.outputs[0].shape[0])  # type: ignore[union-attr]

    def _known(self, channels: Tree | None, value: int) -> Tree | None:
        """In the network's own class every size that follows from no argument is a number."""
        if self.block is not None:
            return channels
        free = channels is not None and names(channels) & self.given.arguments.keys()
        return channels if free else Literal(value)

    def _in_forward(self, name: str, node: LayerNode, code: Code) -> Code:
        """Return what the line of a layer without a module is written with."""
        found = expressions(code.layer, node, self.given)
        kept = {key: tuple([self._kept(name, each) for each in found[key]]) for key in found}
        texts, trees = words(node, kept)
        return code._replace(texts=texts, trees=trees)

    def _kept(self, name: str, tree: Tree) -> Tree:
        """Return a tree for use in forward, to which arguments come as attributes."""
        for argument in sorted(names(tree)):
            if argument not in self.kept:
                attribute = argument
                others = self.result.nodes.keys() - {name}
                while attribute in others or node_name_refusal(attribute):
                    attribute += "_"
                self.kept[argument] = Name(f"self.{attribute}")
                self.lines.append(f"self.{attribute} = {argument}")
        return substitute(tree, self.kept)

    # Blocks

    def _block(
        self, name: str, node: BlockNode, result: NodeResult, sources: tuple[Tree | None, ...]
    ) -> None:
        assert result.inside is not None
        given = [
            self.given.first_axis(name, each, flow.shape[0])
            for each, flow in zip(sources, result.inputs, strict=True)
            if flow is not None
        ]
        if node.repeat == 1 or _times(result.inside) is None:
            use = self.library.use(node.block, result.inside)
            self.lines.append(f"self.{name} = {self.call(name, node, use, given, 0)}")
            outputs: list[Tree | None] = []
            for port in range(len(result.outputs)):
                index = f"[{port}]" if len(result.outputs) > 1 else ""
                rule = self.output(name, node, use, given, 0, port)
                outputs.append(rule or Name(f"self.{name}.out_channels{index}"))
        else:
            outputs = [self.repeats.write(name, node, result.inside, given[0])]
        for port, channels in enumerate(outputs):
            flow = result.outputs[port]
            assert flow is not None
            self.channels[name, port] = self._known(channels, flow.shape[0])

    def fresh(self, wish: str) -> str:
        """Return a name for a local variable of the constructor."""
        taken = self.given.arguments.keys() | self.given.extras.keys()
        return wish if wish not in taken else f"{wish}_"

    def call(
        self,
        name: str,
        node: BlockNode,
        use: ClassUse,
        channels: list[Tree],
        number: int | None,
    ) -> str:
        """Write the construction of a block; `number` stands for i, None leaves it a name."""
        self.given.mention(*channels)
        words = [python_source(each) for each in channels]
        positional = True
        for place, (key, argument) in enumerate(use.parameters.items()):
            written = key in node.arguments and not is_expression(node.arguments[key])
            positional = positional and (place == 0 or (written and len(use.parameters) > _FEW))
            tree = self.value(node, use, key, number)
            text = python_source(tree)
            if not written and text == quoted(argument.default):
                positional = False
                continue
            self.given.mention(tree)
            words.append(text if positional else f"{key}={text}")
        for key, value in use.extras.items():
            words.append(f"{key}={python_source(self.given.size(f'{name}_{key}', value))}")
        return f"{use.name}({', '.join(words)})"

    def value(self, node: BlockNode, use: ClassUse, key: str, number: int | None) -> Tree:
        """Return what an argument of the block is; `number` stands for i, as in `call`."""
        if key not in node.arguments:
            return Literal(use.parameters[key].default)
        tree = self.given.tree(node.arguments[key])
        if number is None or NUMBER not in names(tree):
            return tree
        return substitute(tree, {NUMBER: Literal(number)})

    def output(
        self,
        name: str,
        node: BlockNode,
        use: ClassUse,
        channels: list[Tree],
        number: int | None,
        port: int,
    ) -> Tree | None:
        """Return an output's channels over this class's names, from the block's own rule."""
        rule = use.out_channels[port]
        if rule is None:
            return None
        asked = names(rule)
        meaning = {key: self.value(node, use, key, number) for key in asked & use.parameters.keys()}
        for place, tree in enumerate(channels):
            meaning[in_channels_name(place)] = tree
        for key in sorted(asked & use.extras.keys()):
            meaning[key] = self.given.size(f"{name}_{key}", use.extras[key])
        return substitute(rule, meaning)

    def _out_channels(self) -> Channels:
        """Return the channels of a block's outputs, asking for those that nothing gives."""
        if self.block is None:
            return ()
        found: list[Tree | None] = []
        for port, end in enumerate(self.block.outputs):
            source = self.result.wiring.sources[end][0]
            assert source is not None
            channels = self.channels[source]
            if channels is None:
                flow = self.result.effect.outputs[port]
                assert flow is not None
                wish = f"out_channels_{port}" if port else "out_channels"
                channels = self.given.size(wish, flow.tensor.shape[0])
            self.given.mention(channels)
            found.append(channels)
        return tuple(found)


# Up to so many arguments a block is called with keywords behind the first.
_FEW = 4


def in_channels_name(port: int) -> str:
    """Return the constructor argument that holds the channels of a block's input."""
    return f"in_channels_{port}" if port else "in_channels"


def _times(result: GraphResult) -> int | None:
    """Return how many uses a chain has, or None for the result of a single use."""
    numbers = [str(number) for number in range(len(result.nodes))]
    return len(numbers) if list(result.nodes) == numbers and numbers else None
