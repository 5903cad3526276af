"""A network run node by node, so that the value of every node and block can be seen.

The generated module inlines joins and views into expressions, overwrites inputs and drops every
tensor after its last reader. Here the same modules are called in the same order, but each result is
a tensor of its own, also those of joins and views, and nothing is overwritten.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.design.expressions import Literal
from designer.errors import DesignerError
from designer.layers.base import Code, Layer
from designer.layers.ports import Input, Output

Slot = tuple[str, int]
"""A tensor: the path of the node or block that gives it, and the number of the output port."""

Visit = Callable[[str, int, Tensor], None]
"""Gets the path of a node or block, the number of an output port, and the value at it."""

_MODULE = "module"  # what expressions call the layer's module
_NAMED = 5  # nodes that an error names


@dataclass(frozen=True)
class Step:
    """One node: a layer that computes a tensor, or an end of the network.

    Attributes
    ----------
    path
        The node's path, such as ``layer1.0.conv1``.
    result
        What the analysis knows of it.
    module
        Its torch module; None for a plain expression such as ``torch.flatten(x, 1)``.
    sources
        The tensors that it reads.
    training_only
        Whether only auxiliary outputs need it, so that it is left out in eval mode.
    """

    path: str
    result: NodeResult
    module: nn.Module | None
    sources: tuple[Slot, ...]
    training_only: bool
    _code: CodeType

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute the node's output from its inputs, which are not changed."""
        names: dict[str, Any] = {f"x{port}": each for port, each in enumerate(inputs)}
        names |= {"torch": torch, "nn": nn, "F": functional, _MODULE: self.module}
        found: Tensor = eval(self._code, names)  # a layer type's own expression, see Layer.forward
        return found


class Steps:
    """The nodes of a network in the order in which they are computed.

    Parameters
    ----------
    network
        The module compiled from the design. Its in-place layers are told to make new tensors.
    analysis
        The analysis of the design, without errors.

    Attributes
    ----------
    steps
        All nodes but inputs.
    paths
        The paths of all nodes and blocks that give a value, in the order of their computation.
    outputs
        The paths of the design's Output nodes, in the order in which the module returns them:
        those of eval mode first.
    last_readers
        For each step, the tensors that no later one reads.
    """

    def __init__(self, network: nn.Module, analysis: Analysis) -> None:
        for each in network.modules():
            if getattr(each, "inplace", None) is True:
                each.inplace = False  # type: ignore[assignment]  # the stub allows modules only
        self.network = network
        self.inputs = tuple(
            name for name, each in analysis.top.nodes.items() if isinstance(each.layer, Input)
        )
        flat = _Flat(network)
        flat.graph(analysis.top, "", {}, training_only=False)
        self.steps = tuple(flat.steps)
        self._by_path = {step.path: step for step in self.steps}
        self._origins = flat.origins
        self._blocks: dict[Slot, list[Slot]] = {}  # outputs of blocks, by the tensor at them
        for output, origin in flat.origins.items():
            self._blocks.setdefault(origin, []).append(output)
        named = [
            (path, *(block for block, _ in self._blocks.get((path, 0), ())))
            for path in (*self.inputs, *(step.path for step in self.steps))
        ]
        self.paths = tuple(dict.fromkeys(chain.from_iterable(named)))
        ends = [step for step in self.steps if isinstance(step.result.layer, Output)]
        order = {name: number for number, name in enumerate(analysis.top.wiring.graph.nodes)}
        ends.sort(key=lambda step: (step.training_only, order[step.path]))
        self.outputs = tuple(step.path for step in ends)
        self.last_readers = self._readers()

    def run(
        self,
        inputs: Mapping[str, Tensor] | Tensor,
        visit: Visit | None = None,
        *,
        until: Collection[str] | None = None,
    ) -> tuple[Tensor, ...]:
        """Compute the network and show each value as soon as it is there.

        Parameters
        ----------
        inputs
            The batch (n, ...) for the network's only input, or for each input by its node.
        visit
            Called with each value, in forward order, those of blocks after their last node. A
            tensor that nobody keeps is freed after its last reader.
        until
            Paths after the last of which the rest is left out; None computes all.

        Returns
        -------
        tuple of Tensor
            The outputs, those that only training needs at the end and in train mode only; those
            that come after ``until`` are missing.
        """
        if isinstance(inputs, Tensor):
            inputs = {self.inputs[0]: inputs}
        values: dict[Slot, Tensor] = {}
        missing = set(until) if until is not None else None

        def computed(path: str, value: Tensor) -> None:
            values[path, 0] = value
            places = [(path, 0), *self._blocks.get((path, 0), ())]
            for name, port in places:
                if visit is not None:
                    visit(name, port, value)
                if missing is not None:
                    missing.discard(name)

        for name in self.inputs:
            computed(name, inputs[name])
        outputs: dict[str, Tensor] = {}
        training = self.network.training
        for number, step in enumerate(self.steps):
            if missing is not None and not missing:
                break
            if step.training_only and not training:
                continue
            given = [values[source] for source in step.sources]
            for source in self.last_readers[number]:
                values.pop(source, None)
            value = step(given)
            del given
            computed(step.path, value)
            if isinstance(step.result.layer, Output):
                outputs[step.path] = value
        return tuple([outputs[path] for path in self.outputs if path in outputs])

    def step(self, path: str) -> Step:
        """Return the node at a path; of a block, the node that gives its first output.

        Raises
        ------
        DesignerError
            There is none.
        """
        origin, _ = self._origins.get((path, 0), (path, 0))
        if origin not in self._by_path:
            raise self.no_node(path)
        return self._by_path[origin]

    def no_node(self, path: str) -> DesignerError:
        """Return the error for a path at which there is no node: what is close, or examples."""
        close = get_close_matches(path, self.paths, 1)
        if close:
            return DesignerError(f"The network has no node {path}; did you mean {close[0]}?")
        some = ", ".join(self.paths[:_NAMED])
        return DesignerError(f"The network has no node {path}: choose one such as {some}.")

    def step_or_input(self, path: str) -> Step | None:
        """Return the node at a path as `step` does; None for an input of the network."""
        return None if path in self.inputs else self.step(path)

    def before(self, path: str) -> Layer | None:
        """Return the layer whose output a node reads first; None where it reads the input."""
        found = self._by_path.get(self.step(path).sources[0][0])
        return found.result.layer if found is not None else None

    def _readers(self) -> list[list[Slot]]:
        """Return, for each step, the tensors that no later one reads."""
        seen: set[Slot] = set()
        found: list[list[Slot]] = []
        for step in reversed(self.steps):
            mine = [each for each in dict.fromkeys(step.sources) if each not in seen]
            seen.update(mine)
            found.append(mine)
        return found[::-1]


class _Flat:
    """Writes the graphs of a design out as one list of steps."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.steps: list[Step] = []
        self.origins: dict[Slot, Slot] = {}  # the tensor at each output of a block

    def graph(
        self, graph: GraphResult, prefix: str, given: Mapping[str, Slot], *, training_only: bool
    ) -> None:
        """Append the nodes of a graph; ``given`` are the tensors at the inputs of its block."""
        wiring = graph.wiring
        for name in wiring.order:
            result = graph.nodes[name]
            path = prefix + name
            later = training_only or name in graph.training_only
            sources = tuple(
                [self._source(each, prefix, given) for each in wiring.sources[name] if each]
            )
            if result.inside is not None:
                inner = result.inside
                ends = [end for end in inner.wiring.targets if end not in inner.wiring.graph.nodes]
                inputs = dict(zip(ends, sources, strict=False))
                self.graph(inner, f"{path}.", inputs, training_only=later)
                self._close(inner, path, inputs)
            elif not isinstance(result.layer, Input):
                self._append(path, result, sources, later)

    def _source(self, source: tuple[str, int], prefix: str, given: Mapping[str, Slot]) -> Slot:
        name, port = source
        slot = given.get(name) or (prefix + name, port)
        return self.origins.get(slot, slot)

    def _close(self, inner: GraphResult, path: str, inputs: Mapping[str, Slot]) -> None:
        """Note which nodes give the outputs of a block that was just written out."""
        ends = [end for end in inner.wiring.sources if end not in inner.wiring.graph.nodes]
        for port, end in enumerate(ends):
            source = inner.wiring.sources[end][0]
            if source is None:
                continue
            self.origins[path, port] = self._source(source, f"{path}.", inputs)

    def _append(
        self, path: str, result: NodeResult, sources: tuple[Slot, ...], training_only: bool
    ) -> None:
        layer = result.layer
        assert layer is not None
        inputs = tuple([each for each in result.inputs if each is not None])
        code = Code(
            layer,
            {},
            {},
            lambda: Literal(inputs[0].shape[0]),
            lambda: Literal(inputs[0].shape),  # type: ignore[arg-type]
            inputs,
        )
        module = self.network.get_submodule(path) if layer.constructor(code) else None
        words = [f"x{port}" for port in range(len(sources))]
        text = (
            words[0]
            if isinstance(layer, Output)
            else layer.forward(_MODULE if module is not None else "", words, code)
        )
        self.steps.append(Step(path, result, module, sources, training_only, _compiled(text)))


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> CodeType:
    return compile(expression, f"<{expression}>", "eval")
