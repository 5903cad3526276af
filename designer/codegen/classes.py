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
from designer.analysis.evaluation.shared_weights import is_tied
from designer.codegen.calls import (
    BlockCalls,
    Channels,
    ClassUse,
    in_channels_name,
    in_features_name,
)
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
    out_channels, out_features
        As in `ClassUse`.
    """

    text: str
    parameters: Mapping[str, Argument]
    out_channels: Channels
    out_features: Channels


class Library:
    """The classes of a file while it is written; equal texts share a class.

    Attributes
    ----------
    helpers
        The text of classes for layers that torch lacks, by name.
    imports
        The import statements that these need, each once.
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
        self.imports: dict[str, None] = {}
        self.classes: dict[str, str] = {}
        self.attributes: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._uses: dict[GraphResult, ClassUse] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {
            found
            for kind in layer_types(design.code).values()
            for found in re.findall(r"^(?:class |def )?(\w+)", kind.source, re.MULTILINE)
        }

    def use(self, block: str, result: GraphResult) -> ClassUse:
        """Return the class that serves a block with this result; write it if it is new."""
        if result not in self._uses:
            writer = ClassWriter.of_block(self, block, result)
            draft = writer.draft()
            name = self._add(block, block, draft, result)
            extras = writer.given.extras
            self._uses[result] = ClassUse(
                name, draft.parameters, extras, draft.out_channels, draft.out_features
            )
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
            self.attributes.setdefault((block, node), (name, result.wiring.shared.get(node, node)))
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
        # The first node, in forward order, of those that share a module, by the module's owner.
        self.builders: dict[str, str] = {}
        self.codes: dict[str, Code] = {}
        self.forwards: list[str] = []
        self.attributes: dict[str, Tree] = {}  # arguments that forward reads
        self.calls = BlockCalls(given)
        self.repeats = Repeats(self.calls, library.use, self.lines)
        # The first and the last axis of each output.
        self.channels: dict[tuple[str, int], Tree | None] = {}
        self.features: dict[tuple[str, int], Tree | None] = {}
        for port, end in enumerate(block.inputs if block is not None else ()):
            shape = result.inputs[port].shape
            self.channels[end, 0] = Name(in_channels_name(port))
            is_row = len(shape) == 1  # whose only axis is the first and the last one
            name_of = in_channels_name if is_row else in_features_name
            self.features[end, 0] = Name(name_of(port))
            given.entering[in_features_name(port)] = shape[-1]

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
            tuple(self.modules.items()),
            self._out_features(),
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
        return Draft(text, parameters, known, self._out_features())

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
        sources = self._axes(name, self.channels)
        features = self._axes(name, self.features)
        owner = self.result.wiring.shared.get(name, name)
        if isinstance(node, LayerNode):
            self._layer(name, owner, node, result, sources, features)
            return
        self.modules[name] = f"self.{owner}"
        if self.builders.setdefault(owner, name) == name:
            self._block(name, owner, node, result, sources, features)
        else:
            self._block_again(name, self.builders[owner])

    def _axes(
        self, name: str, known: Mapping[tuple[str, int], Tree | None]
    ) -> tuple[Tree | None, ...]:
        """Return the first or the last axis of each input of a node."""
        sources = self.result.wiring.sources[name]
        return tuple([known.get(each) if each is not None else None for each in sources])

    def _layer(
        self,
        name: str,
        owner: str,
        node: LayerNode,
        result: NodeResult,
        sources: tuple[Tree | None, ...],
        features: tuple[Tree | None, ...],
    ) -> None:
        parts, given = self.library.cache.parts, self.given
        tied = owner != name and is_tied(self.result.nodes[owner], result)
        key = (self.name, owner, tied, result, sources, features, given.bound, given.sizes)
        part = parts.get(key)
        if part is None:
            part = parts[key] = write_part(owner, node, result, sources, features, given, tied)
        given.add(part.given)
        self.codes[name] = part.code
        if tied:
            self.modules[name] = f"self.{owner}"
        elif part.constructor:
            self.modules[name] = f"self.{owner}"
            if self.builders.setdefault(owner, name) == name:
                self.lines.append(f"self.{owner} = {part.constructor}")
                kind = part.constructor.partition("(")[0]
                self.kinds.setdefault(kind, {})[owner] = part.endings
            if part.helper:
                self.library.helpers.setdefault(part.code.layer.torch, part.code.layer.source)
                self.library.imports.update(dict.fromkeys(part.code.layer.imports))
        elif part.code.texts:
            self.codes[name] = self._in_forward(name, node, part.code)
        self.forwards.append(part.forward)
        for port, output in enumerate(result.outputs):
            assert output is not None
            self.channels[name, port] = self._known(part.channels[port], output.shape[0])
            self.features[name, port] = self._known(part.features[port], output.shape[-1])
            if len(output.shape) == 1:
                self.features[name, port] = self.channels[name, port]

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
        self,
        name: str,
        owner: str,
        node: BlockNode,
        result: NodeResult,
        sources: tuple[Tree | None, ...],
        features: tuple[Tree | None, ...],
    ) -> None:
        assert result.inside is not None
        given = [
            self.given.first_axis(owner, each, flow.shape[0])
            for each, flow in zip(sources, result.inputs, strict=True)
            if flow is not None
        ]
        if node.repeat == 1 or _times(result.inside) is None:
            use = self.library.use(node.block, result.inside)
            call = self.calls.call(owner, node, use, given, 0, features)
            self.lines.append(f"self.{owner} = {call}")
            outputs: list[Tree | None] = []
            last: list[Tree | None] = []
            for port in range(len(result.outputs)):
                index = f"[{port}]" if len(result.outputs) > 1 else ""
                rule = self.calls.out_channels(owner, node, use, given, 0, port)
                outputs.append(rule or Name(f"self.{owner}.out_channels{index}"))
                last.append(self.calls.out_features(owner, node, use, features, 0, port))
        else:
            outputs = [self.repeats.write(owner, node, result.inside, given[0], features[0])]
            made, given_to = result.outputs[0], result.inputs[0]
            assert made is not None and given_to is not None
            last = [features[0] if made.shape[-1] == given_to.shape[-1] else None]
        for port, (channels, width) in enumerate(zip(outputs, last, strict=True)):
            flow = result.outputs[port]
            assert flow is not None
            self.channels[name, port] = self._known(channels, flow.shape[0])
            self.features[name, port] = self._known(width, flow.shape[-1])
            if len(flow.shape) == 1:
                self.features[name, port] = self.channels[name, port]

    def _block_again(self, name: str, builder: str) -> None:
        """Note the outputs of a block whose module was built for another node."""
        before, here = self.result.nodes[builder].outputs, self.result.nodes[name].outputs
        for port, (one, two) in enumerate(zip(before, here, strict=True)):
            assert one is not None and two is not None
            for known, axis in ((self.channels, 0), (self.features, -1)):
                same = one.shape[axis] == two.shape[axis]
                tree = known[builder, port] if same else None
                known[name, port] = self._known(tree, two.shape[axis])

    def _out_features(self) -> Channels:
        """Return the last axis of each of the block's outputs, None where nothing gives it."""
        if self.block is None:
            return ()
        sources = [self.result.wiring.sources[end][0] for end in self.block.outputs]
        found = [None if each is None else self.features.get(each) for each in sources]
        return tuple(
            [
                None if each is None or any("." in word for word in names(each)) else each
                for each in found
            ]
        )

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
