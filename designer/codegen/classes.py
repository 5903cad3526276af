"""The classes of the generated file: constructors that build layers, forwards that run them.

Sizes inside a class are expressions over the constructor's arguments, so that one class serves all
uses of a block. A size that no such expression gives, such as the inputs of a Linear after a
Flatten, is an extra keyword argument; the analysis knows its value at each use.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.codegen.calls import BlockCalls, Channels, ClassUse, in_channels_name
from designer.codegen.forward import write_forward
from designer.codegen.parts import ConstructorArguments, Part, expressions, words, write_part
from designer.codegen.repeats import Repeats
from designer.codegen.text import class_name, wrapped
from designer.design.expressions import Literal, Name, Tree, names, substitute
from designer.design.naming import block_name_refusal, node_name_refusal
from designer.design.printing import python_source, quoted
from designer.design.values import Argument, Block, BlockNode, Design, LayerNode
from designer.layers.base import Code
from designer.layers.catalogue import layer_types

_LOOP = 3
"""Layers of a class from which on a loop initializes their weights."""


class WriterCache:
    """What was written already, shared by all texts that one call of `generate` writes.

    It lives as long as that call. The text of a design is written about four times for each of its
    arguments, mostly with equal parts.

    Attributes
    ----------
    parts
        What layers add to their class, by everything that it depends on.
    drafts
        Classes by everything that their text is made of.
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
        The arguments that the constructor takes, with their defaults.
    out_channels
        As in `ClassUse`.
    """

    text: str
    parameters: Mapping[str, Argument]
    out_channels: Channels


class Library:
    """The classes of a file while it is written; equal texts share a class.

    Attributes
    ----------
    helpers
        The text of classes for layers that torch lacks, by name.
    classes
        The text of the classes of blocks and of the network, by name, each after those that it
        uses.
    attributes
        The class and attribute that hold a node's module, by the node's block (None for the
        design's own graph) and name.
    """

    def __init__(self, design: Design, cache: WriterCache) -> None:
        self.design = design
        self.cache = cache
        self.helpers: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.attributes: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._uses: dict[GraphResult, ClassUse] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {
            found
            for kind in layer_types().values()
            for found in re.findall(r"^class (\w+)", kind.source, re.MULTILINE)
        }

    def use(self, block: str, result: GraphResult) -> ClassUse:
        """Return the class that serves a block with this result; write it if it is new."""
        if result not in self._uses:
            writer = ClassWriter.of_block(self, block, result)
            draft = writer.draft()
            name = self._add(block, block, draft, result)
            extras = writer.given.extras
            self._uses[result] = ClassUse(name, draft.parameters, extras, draft.out_channels)
        return self._uses[result]

    def add_network(self, analysis: Analysis, free: frozenset[str]) -> str:
        """Write the network's own class after all others; return its name.

        `free` are the arguments of the design that the constructor takes.
        """
        draft = ClassWriter.of_design(self, analysis, free, signature=True).draft()
        return self._add(class_name(self.design.name), None, draft, analysis.top)

    def _add(self, wanted: str, block: str | None, draft: Draft, result: GraphResult) -> str:
        """Add a class under a free name, or find the one with the same text; return its name."""
        text = draft.text
        if (wanted, text) not in self._names:
            name, number = wanted, 1
            while name in self._taken or name in self.classes or block_name_refusal(name):
                number += 1
                name = f"{wanted}{number}"
            self._names[wanted, text] = name
            self.classes[name] = f"class {name}(nn.Module):\n{text}\n"
        name = self._names[wanted, text]
        for node in result.wiring.order:
            self.attributes.setdefault((block, node), (name, node))
        return name


class ClassWriter:
    """Writes one class from the result of its graph.

    Parameters
    ----------
    library
        The classes written so far, to which those of blocks inside are added.
    result
        The result of the graph.
    given
        The arguments of the constructor.
    name, block
        The block and its name, None for the network's own class.
    signature
        Whether the constructor's arguments are written with their defaults.
    """

    def __init__(
        self,
        library: Library,
        result: GraphResult,
        given: ConstructorArguments,
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
        # The statements that initialize each layer, by its class and name.
        self.kinds: dict[str, dict[str, tuple[str, ...]]] = {}
        self.endings: list[str] = []
        self.modules: dict[str, str] = {}
        self.codes: dict[str, Code] = {}
        self.forwards: list[str] = []
        self.attributes: dict[str, Tree] = {}  # arguments that forward reads
        self.calls = BlockCalls(given)
        self.repeats = Repeats(self.calls, library.use, self.lines)
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
        given = ConstructorArguments(analysis.design.arguments, bound, None)
        return cls(library, top, given, signature=signature)

    @classmethod
    def of_block(cls, library: Library, name: str, result: GraphResult) -> "ClassWriter":
        """Return the writer of a block's class."""
        block = library.design.blocks[name]
        given = ConstructorArguments(block.arguments, {}, result.scope)
        return cls(library, result, given, name=name, block=block)

    def draft(self) -> Draft:
        """Return the class, written anew only if none of the same lines was written before."""
        for name in self.result.wiring.order:
            self._node(name)
        out_channels = self._out_channels()
        self.endings += self._initializations()
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
        drafts = self.library.cache.drafts
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

    def _initializations(self) -> Iterator[str]:
        """Yield the lines that initialize weights, in a loop where all layers of a class agree."""
        for kind, layers in self.kinds.items():
            bodies = {
                tuple(line.replace(f"self.{name}.", "layer.") for line in lines)
                for name, lines in layers.items()
            }
            derived = any(f"({kind})" in each for each in self.library.helpers.values())
            if len(layers) < _LOOP or len(bodies) > 1 or derived:
                yield from chain.from_iterable(layers.values())
            elif any(bodies):
                yield "for layer in self.children():"
                yield f"    if isinstance(layer, {kind}):"
                yield from (f"        {line}" for line in bodies.pop())

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
        parts, given = self.library.cache.parts, self.given
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
        output = result.outputs[0]
        assert output is not None
        self.channels[name, 0] = self._known(part.channels, output.shape[0])

    def _known(self, channels: Tree | None, value: int) -> Tree | None:
        """Return channels as they are written: numbers in the network's class, unless free."""
        if self.block is not None:
            return channels
        free = channels is not None and names(channels) & self.given.arguments.keys()
        return channels if free else Literal(value)

    def _in_forward(self, name: str, node: LayerNode, code: Code) -> Code:
        """Return the code of a layer without a module, whose arguments forward must read."""
        found = expressions(code.layer, node, self.given)
        stored = {
            key: tuple([self._as_attribute(name, each) for each in found[key]]) for key in found
        }
        texts, trees = words(node, stored)
        return code._replace(texts=texts, trees=trees)

    def _as_attribute(self, name: str, tree: Tree) -> Tree:
        """Return an expression for forward; the constructor stores its arguments as attributes."""
        for argument in sorted(names(tree)):
            if argument not in self.attributes:
                attribute = argument
                others = self.result.nodes.keys() - {name}
                while attribute in others or node_name_refusal(attribute):
                    attribute += "_"
                self.attributes[argument] = Name(f"self.{attribute}")
                self.lines.append(f"self.{attribute} = {argument}")
        return substitute(tree, self.attributes)

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
            self.lines.append(f"self.{name} = {self.calls.call(name, node, use, given, 0)}")
            outputs: list[Tree | None] = []
            for port in range(len(result.outputs)):
                index = f"[{port}]" if len(result.outputs) > 1 else ""
                rule = self.calls.out_channels(name, node, use, given, 0, port)
                outputs.append(rule or Name(f"self.{name}.out_channels{index}"))
        else:
            outputs = [self.repeats.write(name, node, result.inside, given[0])]
        for port, channels in enumerate(outputs):
            flow = result.outputs[port]
            assert flow is not None
            self.channels[name, port] = self._known(channels, flow.shape[0])

    def _out_channels(self) -> Channels:
        """Return the channels of a block's outputs.

        Those that no expression gives become extra arguments of the constructor.
        """
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
                wanted = f"out_channels_{port}" if port else "out_channels"
                channels = self.given.size(wanted, flow.tensor.shape[0])
            self.given.mention(channels)
            found.append(channels)
        return tuple(found)


def _times(result: GraphResult) -> int | None:
    """Return how many times a repeated block runs, or None for the result of a single use."""
    numbers = [str(number) for number in range(len(result.nodes))]
    return len(numbers) if list(result.nodes) == numbers and numbers else None
