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
from operator import attrgetter
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.flat import Flat, FlatNode, Slot
from designer.analysis.evaluation.results import NodeResult
from designer.analysis.evaluation.shared_weights import literal_code
from designer.errors import DesignerError
from designer.layers.base import Layer
from designer.layers.ports import Input, Output

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
        Its torch module, or the tensor of a Parameter; None for a plain expression such as
        ``torch.flatten(x, 1)``. Nodes that share weights have the same one.
    sources
        The tensors that it reads.
    training_only
        Whether only auxiliary outputs need it, so that it is left out in eval mode.
    """

    path: str
    result: NodeResult
    module: nn.Module | Tensor | None
    sources: tuple[Slot, ...]
    training_only: bool
    _code: CodeType

    def __call__(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute the node's outputs from its inputs, which are not changed."""
        names: dict[str, Any] = {f"x{port}": each for port, each in enumerate(inputs)}
        names |= {"torch": torch, "nn": nn, "F": functional, _MODULE: self.module}
        found: Any = eval(self._code, names)  # a layer type's own expression, see Layer.forward
        return (found,) if isinstance(found, Tensor) else tuple(found)

    def learned(self) -> list[Tensor]:
        """Return the weights and biases of the node."""
        if isinstance(self.module, nn.Module):
            return list(self.module.parameters())
        return [self.module] if isinstance(self.module, nn.Parameter) else []


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
        flat = Flat(analysis.top)
        nodes = [node for node in flat.nodes if not isinstance(node.result.layer, Input)]
        self.steps = tuple([_step(network, node) for node in nodes])
        self._by_path = {step.path: step for step in self.steps}
        self._origins = flat.origins
        self._blocks: dict[Slot, list[Slot]] = {}  # outputs of blocks, by the tensor at them
        for output, origin in flat.origins.items():
            self._blocks.setdefault(origin, []).append(output)
        named = [
            (
                path,
                *(block for slot in self._slots(path) for block, _ in self._blocks.get(slot, ())),
            )
            for path in (*self.inputs, *(step.path for step in self.steps))
        ]
        self.paths = tuple(dict.fromkeys(chain.from_iterable(named)))
        ends = [step for step in self.steps if isinstance(step.result.layer, Output)]
        order = {name: number for number, name in enumerate(analysis.top.wiring.graph.nodes)}
        ends.sort(key=lambda step: (step.training_only, order[step.path]))
        self.outputs = tuple(step.path for step in ends)
        self.last_readers = self._readers()

    def _slots(self, path: str) -> list[Slot]:
        """Return the outputs of a node."""
        step = self._by_path.get(path)
        return [(path, port) for port in range(len(step.result.outputs) if step else 1)]

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

        def computed(path: str, *outputs: Tensor) -> None:
            for slot, value in enumerate(outputs):
                values[path, slot] = value
                for name, port in ((path, slot), *self._blocks.get((path, slot), ())):
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
            found = step(given)
            del given
            computed(step.path, *found)
            if isinstance(step.result.layer, Output):
                outputs[step.path] = found[0]
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


def _step(network: nn.Module, node: FlatNode) -> Step:
    """Return a node as something that can be called."""
    path, result, sources, training_only, owner, tied = node
    layer = result.layer
    assert layer is not None
    code = literal_code(result)._replace(in_place=False, tied=tied)
    module: nn.Module | Tensor | None = None
    if layer.constructor(code):
        module = attrgetter(owner)(network)
    words = [f"x{port}" for port in range(len(sources))]
    text = (
        words[0]
        if isinstance(layer, Output)
        else layer.forward(_MODULE if module is not None else "", words, code)
    )
    return Step(path, result, module, sources, training_only, _compiled(text))


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> CodeType:
    return compile(expression, f"<{expression}>", "eval")
