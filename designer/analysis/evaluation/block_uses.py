"""A use of a block: its arguments, its repetitions, its result in the graph around it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from designer.analysis.evaluation.context import EvaluationContext
from designer.analysis.evaluation.learning_rates import learning_rate_factor
from designer.analysis.evaluation.results import GraphResult, NodeResult, fixed_ports
from designer.analysis.problems import Problem, Severity
from designer.analysis.problems.quick_fixes import remove_parameter_fix, use_fix
from designer.design import rules
from designer.design.expressions import (
    ExpressionError,
    Scalar,
    Tree,
    evaluate,
    is_expression,
    names,
    shortened,
)
from designer.design.parsing import parse
from designer.design.values import Argument, Block, BlockNode
from designer.layers.tensors import Tensor

MAX_REPEAT = 1_000
MAX_LAYERS = 100_000
MAX_PROBLEMS = 50
"""Problems that one use of a block passes on to the graph around it."""


class Blocks(Protocol):
    """The part of the evaluator that a use of a block needs; see `Evaluator`."""

    def nesting_fault(self, name: str) -> tuple[str, str] | None:
        """Return the code and sentence of the problem of a block without end, or None."""
        ...

    def use(
        self,
        name: str,
        values: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
        frozen: bool = False,
    ) -> GraphResult:
        """Return the result of a block with these arguments and inputs."""
        ...

    def chain(
        self,
        name: str,
        uses: Sequence[Mapping[str, Scalar]],
        inputs: tuple[Tensor, ...],
        frozen: Sequence[bool],
    ) -> GraphResult:
        """Return the result of a block run several times in a row."""
        ...


@dataclass
class BlockUse:
    """One node that uses a block.

    Attributes
    ----------
    context
        The graph that the node stands in.
    blocks
        Gives the results of blocks.
    name, node
        The node.
    """

    context: EvaluationContext
    blocks: Blocks
    name: str
    node: BlockNode

    def evaluate(self, inputs: tuple[Tensor | None, ...]) -> NodeResult:
        """Return the node's result, from the tensors at its input ports."""
        name, block = self.name, self.node.block
        used = self.context.design.blocks.get(block)
        if used is None:
            message = f"{name}: this design has no block '{block}'; choose another one"
            return NodeResult(
                inputs, problems=(self.context.problem("unknown-block", message, name),)
            )
        if fault := self.blocks.nesting_fault(block):
            return NodeResult(
                inputs, problems=(self.context.problem(fault[0], f"{name}: {fault[1]}", name),)
            )
        times, faults = self._repeat(used)
        uses: list[Mapping[str, Scalar]] = []
        if not faults:
            uses, faults = self._all_arguments(used, times)
        frozen = [self.context.frozen] * len(uses)
        if self.node.learning_rate != 1 and not faults:
            found = [
                learning_rate_factor(self.node, self.context.scope, number)
                for number in range(len(uses))
            ]
            frozen = [self.context.frozen or own == 0 for own, _ in found]
            faults = tuple(
                self.context.learning_rate_problem(name, each) for _, each in found if each
            )[:1]
        missing = self._missing(used, inputs)
        given = tuple([tensor for tensor in inputs if tensor is not None])
        if faults or missing or len(given) < len(used.inputs):
            return NodeResult(inputs, problems=(*faults, *missing))
        if times == 1 and (self.node.repeat == 1 or not self._can_repeat(used)):
            inside = self.blocks.use(block, uses[0], given, frozen[0])
        else:
            inside = self.blocks.chain(block, uses, given, frozen)
        if inside.counts.layers > MAX_LAYERS:
            message = (
                f"{name}: it expands to {inside.counts.layers:,} layers, at most {MAX_LAYERS:,} "
                "can be built; lower a repeat"
            )
            return NodeResult(inputs, problems=(self.context.problem("too-large", message, name),))
        return block_node_result(name, inside, given)

    def _missing(self, used: Block, inputs: tuple[Tensor | None, ...]) -> tuple[Problem, ...]:
        """Return the problems of inputs without an edge and of edges beyond the last input."""
        name, block = self.name, self.node.block
        sources = self.context.wiring.sources[name]
        missing = [
            self.context.problem(
                "unconnected-input",
                f"{name}: the input {used.inputs[port]} of {block} is not connected; draw an edge "
                "to it",
                name,
                port=port,
            )
            for port in range(len(used.inputs))
            if port >= len(inputs) or sources[port] is None
        ]
        ports = len(used.inputs)
        if len(inputs) > ports:
            message = (
                f"{name}: {block} has {ports} inputs, but an edge enters input {len(inputs) - 1}"
            )
            fixes = self.context.disconnect_fix(name, ports)
            missing.append(
                self.context.problem("no-such-input", message, name, port=ports, fixes=fixes)
            )
        return tuple(missing)

    def _repeat(self, used: Block) -> tuple[int, tuple[Problem, ...]]:
        name, context = self.name, self.context
        times, faults = evaluated(self.node.repeat, context.scope, "repeat", name, context.block)
        if faults:
            return 0, faults
        if type(times) is not int or not 0 <= times <= MAX_REPEAT:
            message = (
                f"{name}: repeat takes a whole number from 0 to {MAX_REPEAT}; received {times}"
            )
            return 0, (context.problem("repeat", message, name),)
        if times != 1 and not self._can_repeat(used):
            message = (
                f"{name}: only a block with one input and one output can be repeated; "
                f"{self.node.block} has {len(used.inputs)} and {len(used.outputs)}"
            )
            return 0, (context.problem("repeat", message, name),)
        return times, ()

    def _can_repeat(self, used: Block) -> bool:
        return len(used.inputs) == len(used.outputs) == 1

    def _all_arguments(
        self, used: Block, times: int
    ) -> tuple[list[Mapping[str, Scalar]], tuple[Problem, ...]]:
        """Return the arguments of each repetition; equal ones are one object."""
        values: Mapping[str, Scalar] = {key: each.default for key, each in used.arguments.items()}
        values, faults = self._arguments(used, values, self.node.arguments, 0)
        varying = {key: each for key, each in self.node.arguments.items() if _reads_number(each)}
        trees = {key: parse(str(each)) for key, each in varying.items()}
        uses = [values]
        scope = {**self.context.scope, "i": 0}
        for number in range(1, times):
            scope["i"] = number
            if varying and not faults and not _is_same(trees, scope, values):
                values, faults = self._arguments(used, values, varying, number)
            uses.append(values)
        return uses, faults

    def _arguments(
        self,
        used: Block,
        values: Mapping[str, Scalar],
        given: Mapping[str, Scalar],
        number: int,
    ) -> tuple[Mapping[str, Scalar], tuple[Problem, ...]]:
        """Return the values of a block's arguments, and the problems of those that do not fit.

        Parameters
        ----------
        used
            The block.
        values
            The values so far: defaults, or those of the repetition before.
        given
            The arguments to evaluate.
        number
            The number of the repetition, which expressions read as ``i``.
        """
        name, context, block = self.name, self.context, self.node.block
        found = dict(values)
        faults: list[Problem] = []
        scope = {**context.scope, "i": number}
        for key, each in given.items():
            if key not in used.arguments:
                known = ", ".join(used.arguments) or "none"
                message = f"{name}: {block} has no argument '{key}'; it has {known}"
                fixes = (remove_parameter_fix(name, key, context.block),)
                faults.append(context.problem("unknown-argument", message, name, fixes=fixes))
                continue
            found[key], fault = evaluated(each, scope, key, name, context.block)
            if not fault:
                refusal = _refusal(used.arguments[key], found[key])
                if refusal:
                    message = f"{name}: the argument '{key}' of {block} {refusal}"
                    fault = (context.problem("argument", message, name),)
            faults += fault
        if not faults:
            faults += self._breaches(used, found)
        return found, tuple(faults)

    def _breaches(self, used: Block, values: Mapping[str, Scalar]) -> Iterator[Problem]:
        """Yield the problems of arguments whose rules do not hold, with fixes that satisfy them."""
        name, block = self.name, self.context.block
        for key, refusal in rules.breaches(used.arguments, values):
            message = f"{name}: the argument '{key}' of {self.node.block} {refusal}"
            fixes = []
            if not is_expression(self.node.arguments.get(key)):
                nearest = rules.nearest(used.arguments, key, values)
                fixes = [use_fix(name, key, each, block) for each in nearest]
            yield self.context.problem("argument", message, name, fixes=tuple(fixes))


def _is_same(
    trees: Mapping[str, Tree], scope: Mapping[str, Scalar], values: Mapping[str, Scalar]
) -> bool:
    """Tell whether expressions have the given values, type included."""
    try:
        for key, tree in trees.items():
            found, before = evaluate(tree, scope), values[key]
            if found != before or type(found) is not type(before):
                return False
    except ExpressionError:
        return False
    return True


def _reads_number(value: Scalar) -> bool:
    """Tell whether an argument may depend on the number of the repetition."""
    if is_expression(value):
        with suppress(ExpressionError):  # reported where the argument is evaluated
            return "i" in names(parse(str(value)))
    return False


def evaluated(
    value: Scalar, scope: Mapping[str, Scalar], what: str, name: str, block: str | None
) -> tuple[Scalar, tuple[Problem, ...]]:
    """Return the value of an expression that is not a layer's parameter, and its problem if any.

    Parameters
    ----------
    value
        A value or an expression.
    scope
        The values of the names that it may read.
    what
        What it stands for, as the problem's message names it: ``when``, ``repeat``, an argument.
    name, block
        The node that it belongs to, and the block in whose graph that stands.
    """
    if not is_expression(value):
        return value, ()
    try:
        return evaluate(parse(str(value)), scope), ()
    except ExpressionError as error:
        message = f"{name}: {what}: the expression '{shortened(str(value))}' {error}"
        return None, (Problem("expression", message, path=name, block=block, node=name),)


def _refusal(argument: Argument, value: Scalar) -> str | None:
    if isinstance(argument.default, float) and type(value) is int:
        value = float(value)
    return argument.refusal(value)


def block_node_result(name: str, inside: GraphResult, inputs: tuple[Tensor, ...]) -> NodeResult:
    """Return the result of a node that uses a block, from the result of the block's graph."""
    outputs = tuple([each and each.tensor for each in inside.effect.outputs])
    problems: tuple[Problem, ...] = ()
    if inside.problems:
        problems = tuple([problem.under(name) for problem in _foremost(inside.problems)])
    return NodeResult(
        inputs,
        outputs,
        inside.effect,
        inside=inside,
        problems=problems,
        memory_signature=inside.plan.memory_signature,
        fixed_outputs=fixed_ports(outputs),
    )


def _foremost(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Return at most `MAX_PROBLEMS` problems, errors before warnings.

    Without a limit, a fault in a block that is nested and repeated would be reported thousands of
    times.
    """
    if len(problems) <= MAX_PROBLEMS:
        return problems
    return sorted(problems, key=lambda each: each.severity is not Severity.ERROR)[:MAX_PROBLEMS]
