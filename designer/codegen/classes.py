"""One class of the generated file: a constructor that builds the layers, a forward that runs them.

Sizes inside a class are expressions over its constructor's arguments, so that one class serves all
uses of a block. A size that no such expression gives (the inputs of a Linear behind a Flatten) is
an extra keyword argument, whose value the analysis knows at each use.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

from designer.analysis.analysis import Analysis
from designer.analysis.results import GraphResult, NodeResult
from designer.codegen.forward import write_forward
from designer.codegen.repeats import Repeats
from designer.codegen.text import class_name, wrapped
from designer.design.expressions import (
    Literal,
    Name,
    Tree,
    is_expression,
    names,
    parse,
    python_source,
    quoted,
    substitute,
)
from designer.design.values import (
    Argument,
    Block,
    BlockNode,
    LayerNode,
    Value,
    block_name_refusal,
    node_name_refusal,
)
from designer.layers.base import INITIALISATION, Code, Layer, Role, Tensor, layer_types
from designer.layers.initialisation import statements
from designer.layers.ports import Input, Output

Channels: TypeAlias = tuple[Tree | None, ...]


class Library:
    """The classes of a file while it is written.

    Attributes
    ----------
    helpers
        Classes for layers that torch lacks, by name.
    classes
        Classes of blocks and of the network, by name, each after those that it uses.
    places
        The class and attribute that stand for a node, by its block (None: the design) and name.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.helpers: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.places: dict[tuple[str | None, str], tuple[str, str]] = {}
        self.network = ""
        self._uses: dict[int, ClassUse] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._taken = {
            found
            for kind in layer_types().values()
            for found in re.findall(r"^class (\w+)", kind.source, re.MULTILINE)
        }

    def name_for(self, wish: str, text: str) -> tuple[str, bool]:
        """Return the name of the class with this text, and whether it is a new one."""
        if (wish, text) in self._texts:
            return self._texts[wish, text], False
        name, number = wish, 1
        while name in self._taken or name in self.classes or block_name_refusal(name):
            number += 1
            name = f"{wish}{number}"
        self._texts[wish, text] = name
        return name, True

    def use(self, block: str, result: GraphResult) -> "ClassUse":
        """Return the class that serves a block with this result; it is written if it is new."""
        known = self._uses.get(id(result))
        if known is None:
            writer = ClassWriter.of_block(self, block, result)
            known = self._uses[id(result)] = writer.write()
        return known


class ClassUse:
    """A class and what a use of it must give.

    Attributes
    ----------
    name
        The class's name.
    parameters
        The block's arguments that the constructor takes, with their defaults.
    extras
        Keyword arguments with sizes that only the analysis knows, with their values for this use.
    out_channels
        The outputs' channels over the constructor's arguments; None if only an instance knows.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, Argument],
        extras: Mapping[str, Value],
        out_channels: Channels,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.extras = extras
        self.out_channels = out_channels


class ClassWriter:
    """Writes one class from the result of its graph."""

    def __init__(
        self,
        library: Library,
        wish: str,
        result: GraphResult,
        *,
        block: Block | None,
        arguments: Mapping[str, Argument],
        free: frozenset[str],
        signature: bool = True,
    ) -> None:
        self.library = library
        self.wish = wish
        self.result = result
        self.block = block
        self.arguments = arguments
        self.signature = signature
        self.used: set[str] = set()
        self.extras: dict[str, Value] = {}
        self.lines: list[str] = []
        self.endings: list[str] = []
        self.codes: dict[str, Code] = {}
        self.kept: dict[str, Tree] = {}
        self.repeats = Repeats(self)
        self.channels: dict[tuple[str, int], Tree | None] = {}
        # What an expression's names stand for: arguments bound in the text are their values.
        self.bindings: dict[str, Tree] = {
            name: Literal(value)
            for name, value in result.scope.items()
            if block is None and name not in free
        }
        if block is not None:
            self.inputs = block.inputs
            for port, name in enumerate(block.inputs):
                self.channels[name, 0] = Name(in_channels_name(port))

    @classmethod
    def of_design(
        cls, library: Library, analysis: Analysis, free: frozenset[str], *, signature: bool
    ) -> "ClassWriter":
        """Return the writer of the network's own class."""
        design = analysis.design
        return cls(
            library,
            class_name(design.name),
            analysis.top,
            block=None,
            arguments=design.arguments,
            free=free,
            signature=signature,
        )

    @classmethod
    def of_block(cls, library: Library, name: str, result: GraphResult) -> "ClassWriter":
        """Return the writer of a block's class."""
        block = library.analysis.design.blocks[name]
        return cls(
            library,
            name,
            result,
            block=block,
            arguments=block.arguments,
            free=frozenset(block.arguments),
        )

    def write(self) -> ClassUse:
        """Write the class into the library, unless an equal one is there."""
        modules: dict[str, str] = {}
        for name in self.result.wiring.order:
            self._node(name, modules)
        out_channels = self._out_channels()
        forward = write_forward(self.result, self.block, modules, self.codes)
        methods = self.repeats.shared()
        self.lines += self.endings
        if self.block is not None:
            texts = [python_source(each) for each in out_channels if each is not None]
            value = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
            self.lines.append(f"self.out_channels = {value}")
        parameters = {key: each for key, each in self.arguments.items() if key in self.used}
        text = "\n".join(
            [
                *wrapped(f"    def __init__({self._signature(parameters)}):"),
                "        super().__init__()",
                *(part for line in self.lines for part in wrapped(f"        {line}")),
                "",
                *(part for line in methods for part in wrapped(f"    {line}")),
                *([""] if methods else []),
                *(part for line in forward for part in wrapped(f"    {line}")),
            ]
        )
        name, is_new = self.library.name_for(self.wish, text)
        if is_new:
            self.library.classes[name] = f"class {name}(nn.Module):\n{text}\n"
        if self.block is None:
            self.library.network = name
        known = tuple(
            None if each is None or any("." in word for word in names(each)) else each
            for each in out_channels
        )
        block_name = None if self.block is None else self.wish
        for node in self.result.wiring.order:
            self.library.places.setdefault((block_name, node), (name, node))
        return ClassUse(name, parameters, self.extras, known)

    def _signature(self, parameters: Mapping[str, Argument]) -> str:
        defaults = [
            f"{key}={quoted(each.default)}" if self.signature else key
            for key, each in parameters.items()
        ]
        extras = ["*", *self.extras] if self.extras else []
        ports = len(self.block.inputs) if self.block is not None else 0
        channels = [in_channels_name(port) for port in range(ports)]
        return ", ".join(["self", *channels, *defaults, *extras])

    # Nodes

    def _node(self, name: str, modules: dict[str, str]) -> None:
        result = self.result.nodes[name]
        node = self.result.wiring.graph.nodes[name]
        sources = [
            self.channels.get(source) if source is not None else None
            for source in self.result.wiring.sources[name]
        ]
        if isinstance(node, BlockNode):
            modules[name] = f"self.{name}"
            self._block(name, node, result, sources)
            return
        code = self.codes[name] = self._code(name, node, result, sources)
        layer = code.layer
        text = layer.constructor(code)
        if not text:
            self.codes[name] = self._code(name, node, result, sources, in_forward=True)
        else:
            modules[name] = f"self.{name}"
            self.lines.append(f"self.{name} = {text}")
            if layer.source and re.match(r"\w+\(", text):
                self.library.helpers.setdefault(layer.torch, layer.source)
            self._initialise(name, layer, code.inputs)
        channels = layer.channels([each or _UNKNOWN for each in sources], code)
        if channels is not None and _UNKNOWN.identifier in names(channels):
            channels = None
        self.channels[name, 0] = self._known(channels, result.outputs[0].shape[0])  # type: ignore[union-attr]

    def _known(self, channels: Tree | None, value: int) -> Tree | None:
        """In the network's own class every size that follows from no argument is a number."""
        if self.block is not None:
            return channels
        free = channels is not None and names(channels) & self.arguments.keys()
        return channels if free else Literal(value)

    def _code(
        self,
        name: str,
        node: LayerNode,
        result: NodeResult,
        sources: list[Tree | None],
        *,
        in_forward: bool = False,
    ) -> Code:
        """Return what the layer's line needs; `in_forward` for one that has no module."""
        layer = result.layer
        assert layer is not None
        texts: dict[str, str] = {}
        trees: dict[str, Tree] = {}
        for key, value in node.parameters.items():
            silent = isinstance(layer, Input | Output) or key in INITIALISATION
            if silent or not _has_expression(value):
                continue
            several = isinstance(value, tuple)
            parts = [self.tree(each) for each in (value if isinstance(value, tuple) else [value])]
            if all(isinstance(part, Literal) for part in parts):
                continue
            self.mention(*parts)
            if in_forward:
                parts = [self._kept(name, part) for part in parts]
            words = [python_source(part) for part in parts]
            texts[key] = f"({', '.join(words)})" if several else words[0]
            if not several:
                trees[key] = parts[0]
        inputs = tuple(each for each in result.inputs if each is not None)
        return Code(
            layer,
            texts,
            trees,
            lambda: self._first_axis(name, sources[0], inputs[0].shape[0]),
            lambda: self._extra(f"{name}_shape", inputs[0].shape),
            inputs,
            result.in_place,
        )

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

    def _first_axis(self, name: str, channels: Tree | None, value: int) -> Tree:
        """Return an input's channels or features for use in the constructor."""
        if channels is None:
            return self._extra(f"{name}_in_channels", value)
        self.mention(channels)
        return channels

    def _initialise(self, name: str, layer: Layer, inputs: tuple[Tensor, ...]) -> None:
        states = layer.states(inputs)
        weights = [
            f"self.{name}.{state.name}"
            for state in states
            if state.role is Role.WEIGHT and len(state.shape) > 1
        ]
        biases = [f"self.{name}.{state.name}" for state in states if state.role is Role.BIAS]
        self.endings += statements(layer, weights, biases)

    # Blocks

    def _block(
        self, name: str, node: BlockNode, result: NodeResult, sources: list[Tree | None]
    ) -> None:
        assert result.inside is not None
        given = [
            self._first_axis(name, each, flow.shape[0])
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
        taken = self.arguments.keys() | self.extras.keys()
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
        self.mention(*channels)
        words = [python_source(each) for each in channels]
        values = self.values(node, use, number)
        positional = True
        for place, (key, argument) in enumerate(use.parameters.items()):
            written = key in node.arguments and not is_expression(node.arguments[key])
            tree = values.get(key, Literal(argument.default))
            positional = positional and (place == 0 or (written and len(use.parameters) > _FEW))
            if not written and python_source(tree) == python_source(Literal(argument.default)):
                positional = False
                continue
            self.mention(tree)
            words.append(python_source(tree) if positional else f"{key}={python_source(tree)}")
        for key, value in use.extras.items():
            words.append(f"{key}={python_source(self._extra(f'{name}_{key}', value))}")
        return f"{use.name}({', '.join(words)})"

    def values(self, node: BlockNode, use: ClassUse, number: int | None) -> dict[str, Tree]:
        """Return what a node gives its block's arguments; `number` stands for i, as in `call`."""
        values = {
            key: self.tree(value) for key, value in node.arguments.items() if key in use.parameters
        }
        if number is None:
            return values
        return {key: substitute(tree, {"i": Literal(number)}) for key, tree in values.items()}

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
        meaning: dict[str, Tree] = {
            key: Literal(each.default) for key, each in use.parameters.items()
        }
        meaning.update(self.values(node, use, number))
        for place, tree in enumerate(channels):
            meaning[in_channels_name(place)] = tree
        for key in names(rule) & use.extras.keys():
            meaning[key] = self._extra(f"{name}_{key}", use.extras[key])
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
                channels = self._extra(wish, flow.tensor.shape[0])
            self.mention(channels)
            found.append(channels)
        return tuple(found)

    # Names

    def tree(self, value: Value) -> Tree:
        """Return a value as a tree over the names of this class."""
        if not is_expression(value):
            return Literal(value)  # type: ignore[arg-type]
        tree = parse(str(value))
        for name in names(tree) & {"in_height", "in_width"} if self.block is not None else ():
            self._extra(name, self.result.scope[name])
        return substitute(tree, self.bindings)

    def mention(self, *trees: Tree) -> None:
        """Remember that the constructor reads the arguments that stand in these."""
        for tree in trees:
            self.used |= names(tree) & self.arguments.keys()

    def _extra(self, wish: str, value: Value) -> Tree:
        """Return a size that only the analysis knows: a number, or a block's extra argument."""
        if self.block is None:
            return Literal(value)  # type: ignore[arg-type]
        self.extras[wish] = value
        return Name(wish)


# Up to so many arguments a block is called with keywords behind the first.
_FEW = 4
_UNKNOWN = Name("unknown size")


def in_channels_name(port: int) -> str:
    """Return the constructor argument that holds the channels of a block's input."""
    return f"in_channels_{port}" if port else "in_channels"


def _has_expression(value: Value) -> bool:
    return any(map(is_expression, value)) if isinstance(value, tuple) else is_expression(value)


def _times(result: GraphResult) -> int | None:
    """Return how many uses a chain has, or None for the result of a single use."""
    numbers = [str(number) for number in range(len(result.nodes))]
    return len(numbers) if list(result.nodes) == numbers and numbers else None
