"""What one layer adds to the class that it stands in, and the arguments of the constructor."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

from designer.analysis.evaluation.results import NodeResult
from designer.design.expressions import (
    Literal,
    Name,
    Scalar,
    Tree,
    is_expression,
    names,
    substitute,
)
from designer.design.parsing import parse
from designer.design.printing import python_source
from designer.design.values import Argument, LayerNode, Value
from designer.layers.base import INITIALIZATION, Code, Layer
from designer.layers.initialization import filled, statements
from designer.layers.ports import Input, Output
from designer.layers.tensors import StateRole, Tensor, state_key

IN_FEATURES = "in_features"
"""The constructor argument that holds the last axis of a block's first input."""
_SIZES = ("in_height", "in_width", IN_FEATURES)
_UNKNOWN = Name("unknown size")
_Trees: TypeAlias = Mapping[str, tuple[Tree, ...]]


class ConstructorArguments:
    """The arguments of a class's constructor, collected while its statements are written.

    Parameters
    ----------
    arguments
        The arguments of the block or of the design.
    bound
        The values of arguments that stand in the text as literals, not as names.
    scope
        The values of all names that expressions may read; None in the network's own class, where a
        size that only the analysis knows is written as a number.

    Attributes
    ----------
    used
        The names of the arguments that the statements read.
    extras
        Further arguments: sizes that only the analysis knows, with their values.
    entering
        The last axis of each input of the block, by the name of the argument that holds it.
    bound, sizes
        The bound arguments and the block's input size, as part of the key of cached texts.
    """

    def __init__(
        self,
        arguments: Mapping[str, Argument],
        bound: Mapping[str, Scalar],
        scope: Mapping[str, Scalar] | None,
    ) -> None:
        self.arguments = arguments
        self.scope = scope
        self.used: set[str] = set()
        self.extras: dict[str, Value] = {}
        self.entering: dict[str, int] = {}
        self.bound = tuple([(name, type(value), value) for name, value in bound.items()])
        self.sizes = tuple([scope.get(name) for name in _SIZES]) if scope is not None else ()

    def unused(self) -> "ConstructorArguments":
        """Return a copy of which nothing is used yet."""
        other = copy(self)
        other.used, other.extras = set(), {}
        return other

    def add(self, other: "ConstructorArguments") -> None:
        """Add the arguments that the statements of a copy read."""
        self.used |= other.used
        self.extras.update(other.extras)

    def tree(self, value: Scalar) -> Tree:
        """Return a value or expression of the design as an expression over the class's names."""
        if not is_expression(value):
            return Literal(value)
        tree, sizes = _read(str(value), self.bound)
        if self.scope is not None:
            for name in sizes:
                self.size(name, self.scope[name])
        return tree

    def mention(self, *trees: Tree) -> None:
        """Mark the arguments that these expressions read as used."""
        for tree in trees:
            self.used |= names(tree) & self.arguments.keys()

    def size(self, name: str, value: Value) -> Tree:
        """Return a size that only the analysis knows: a number, or an extra argument of a block."""
        if self.scope is None:
            # A whole shape is a tuple, which is printed as any literal is.
            return Literal(cast(Scalar, value))
        self.extras[name] = value
        return Name(name)

    def first_axis(self, name: str, channels: Tree | None, value: int) -> Tree:
        """Return the channels that enter a node, as a size where no expression gives them."""
        if channels is None:
            return self.size(f"{name}_in_channels", value)
        self.mention(channels)
        return channels

    def last_axis(self, name: str, features: Tree | None, value: int) -> Tree:
        """Return the features that enter a node, as a size where no expression gives them."""
        if features is None:
            return self.size(f"{name}_{IN_FEATURES}", value)
        self.mention(features)
        if self.scope is not None:
            for each in names(features) & self.entering.keys():
                self.extras[each] = self.entering[each]
        return features


@dataclass(frozen=True, slots=True)
class Part:
    """What a layer adds to its class.

    Attributes
    ----------
    code
        What the layer's expressions are written from.
    constructor
        The expression that builds its module, "" where it needs none.
    endings
        Statements that follow all layers in the constructor: initialization.
    forward
        Its expression in forward, over inputs named x0, x1, …; part of the key of cached classes.
    channels, features
        The first and the last axis of each output; None where no expression gives it.
    given
        The arguments that it uses.
    """

    code: Code
    constructor: str
    endings: tuple[str, ...]
    forward: str
    channels: tuple[Tree | None, ...]
    features: tuple[Tree | None, ...]
    given: ConstructorArguments

    @property
    def helper(self) -> bool:
        """Whether the file needs the helper class or function of the layer's type."""
        layer = self.code.layer
        return bool(layer.source and re.search(rf"\b{layer.torch}\(", self.constructor))


def write_part(
    name: str,
    node: LayerNode,
    result: NodeResult,
    sources: tuple[Tree | None, ...],
    features: tuple[Tree | None, ...],
    given: ConstructorArguments,
    tied: bool = False,
) -> Part:
    """Return what a layer adds to its class.

    Parameters
    ----------
    name, node, result
        The layer's node and its result.
    sources, features
        The first and the last axis of each input, None where no expression gives it.
    given
        The arguments of the constructor; they are not changed.
    tied
        Whether it computes with the weight of a layer of another type, under the same name.
    """
    layer = result.layer
    assert layer is not None
    given = given.unused()
    inputs = tuple([each for each in result.inputs if each is not None])
    trees = expressions(layer, node, given)

    def first_axis() -> Tree:
        return given.first_axis(name, sources[0], inputs[0].shape[0])

    def last_axis() -> Tree:
        if len(inputs[0].shape) == 1:
            return first_axis()
        return given.last_axis(name, features[0], inputs[0].shape[-1])

    code = Code(
        layer,
        *words(node, trees),
        first_axis,
        last_axis,
        lambda: given.size(f"{name}_shape", inputs[0].shape),
        inputs,
        result.in_place,
        tied,
    )
    constructor = "" if tied else layer.constructor(code)
    endings = _initialization(name, layer, inputs) if constructor else ()
    known = [each or _UNKNOWN for each in sources]
    channels = [layer.channels(known, code), *layer.further_channels(known, code)]
    known = [each or _UNKNOWN for each in features]
    last = [_features(layer, result, known, code), *layer.further_features(known, code)]
    module = f"self.{name}" if constructor or tied else ""
    forward = layer.forward(module, [f"x{port}" for port in range(len(sources))], code)
    return Part(
        code,
        constructor,
        tuple(endings),
        forward,
        tuple(map(_if_known, channels)),
        tuple(map(_if_known, last)),
        given,
    )


def _features(
    layer: Layer, result: NodeResult, features: Sequence[Tree], code: Code
) -> Tree | None:
    """Return the last axis of the first output, if the layer's type has a rule for its case."""
    output = result.outputs[0]
    if type(layer).features is Layer.features and code.inputs:
        if output is None or output.shape[-1] != code.inputs[0].shape[-1]:
            return None
        if type(layer).channels is not Layer.channels and len(output.shape) == 1:
            return None
    return layer.features(features, code)


def _if_known(tree: Tree | None) -> Tree | None:
    return None if tree is None or _UNKNOWN.identifier in names(tree) else tree


def expressions(layer: Layer, node: LayerNode, given: ConstructorArguments) -> _Trees:
    """Return the parameters of a layer that the design gives as expressions."""
    found: dict[str, tuple[Tree, ...]] = {}
    for key, value in node.parameters.items():
        parts = value if isinstance(value, tuple) else (value,)
        silent = isinstance(layer, Input | Output) or key in INITIALIZATION
        if silent or not any(map(is_expression, parts)):
            continue
        trees = tuple([given.tree(each) for each in parts])
        if not all(isinstance(each, Literal) for each in trees):
            given.mention(*trees)
            found[key] = trees
    return found


def words(node: LayerNode, found: _Trees) -> tuple[dict[str, str], dict[str, Tree]]:
    """Return the Python source of these parameters, and the expression of each scalar one."""
    texts: dict[str, str] = {}
    single: dict[str, Tree] = {}
    for key, trees in found.items():
        written = ", ".join([python_source(each) for each in trees])
        if isinstance(node.parameters[key], tuple):
            texts[key] = f"({written})"
        else:
            texts[key], single[key] = written, trees[0]
    return texts, single


def _initialization(name: str, layer: Layer, inputs: tuple[Tensor, ...]) -> Iterator[str]:
    weights = [f"self.{state_key(name, state.name)}" for state in filled(layer, inputs)]
    states = layer.states(inputs)
    biases = [
        f"self.{state_key(name, state.name)}" for state in states if state.role is StateRole.BIAS
    ]
    return statements(layer, weights, biases)


@lru_cache(maxsize=4096)
def _read(text: str, bound: tuple[tuple[str, type, Scalar], ...]) -> tuple[Tree, tuple[str, ...]]:
    """Return an expression with bound names replaced by their values, and the sizes it reads.

    Designs have some hundred different expressions. Each is read again for every text that
    `generate` tries.
    """
    tree = parse(text)
    values: dict[str, Tree] = {name: Literal(value) for name, _, value in bound}
    return substitute(tree, values), tuple([name for name in _SIZES if name in names(tree)])
