"""The forward method: one statement after the other, each tensor freed after its last reader.

Which results are inlined into their reader's expression is decided in the analysis, in
`statements`. Any other result is assigned to a variable, if possible to one whose tensor has just
been read for the last time, so that tensors live no longer than `Totals.inference_peak_bytes`
assumes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from designer.analysis.evaluation.results import GraphResult
from designer.analysis.evaluation.wiring import Source
from designer.design.values import Block
from designer.layers.base import Code
from designer.layers.memory_signature import BLOCK, WEIGHTS
from designer.layers.ports import Input, Output

_PLAIN = "y"  # the name of a variable for which no better name is known
_PAIR = 2


def write_forward(
    result: GraphResult, block: Block | None, modules: Mapping[str, str], codes: Mapping[str, Code]
) -> list[str]:
    """Return the lines of the forward method, without the class's indentation.

    Parameters
    ----------
    result, block
        The result of the graph, and its block; None for the network's own class.
    modules
        The attribute that holds a node's module, as in ``self.conv1``, by node.
    codes
        What a layer's expression is written from, by node.
    """
    return _Forward(result, block, modules, codes).write()


class _PlainNames:
    """The variables ``y``, ``y2``, ``y3``, … for results that have no better name.

    Parameters
    ----------
    alive
        How many results that are still to be read each variable stands for.
    """

    def __init__(self, alive: Mapping[str, int]) -> None:
        self.alive = alive
        # Every number below `following` belongs to a variable in use or stands in `released`.
        self.following = 1
        self.released: list[int] = []

    def release(self, text: str) -> None:
        """Let a variable be used again."""
        number = text.removeprefix(_PLAIN) or "1"
        if text.startswith(_PLAIN) and number.isdecimal():
            heappush(self.released, int(number))

    def free(self) -> str:
        """Return the first variable that is not in use."""
        while self.released and self._in_use(self.released[0]):
            heappop(self.released)
        while self._in_use(self.following):
            self.following += 1
        return self._name(min([self.following, *self.released[:1]]))

    def _in_use(self, number: int) -> bool:
        return self.alive.get(self._name(number), 0) > 0

    @staticmethod
    def _name(number: int) -> str:
        return _PLAIN if number == 1 else f"{_PLAIN}{number}"


class _Forward:
    def __init__(
        self,
        result: GraphResult,
        block: Block | None,
        modules: Mapping[str, str],
        codes: Mapping[str, Code],
    ) -> None:
        self.result = result
        self.block = block
        self.modules = modules
        self.codes = codes
        self.unread = dict(result.wiring.readers)
        self.texts: dict[Source, str] = {}
        self.alive: Counter[str] = Counter()  # texts of results that are still to be read
        self.plain = _PlainNames(self.alive)
        self.pending: tuple[str, int] | None = None
        # Variables that the current statement reads for the last time, and those of them whose
        # tensors are then freed: the tensor of an input is not, since the caller holds it.
        self.consumed: list[str] = []
        self.freed: list[str] = []
        self.named: set[str] = set()  # variables with a telling name
        self.lines: list[str] = []
        self.order = [
            name for name in result.wiring.order if not isinstance(self._layer(name), Input)
        ]
        self.is_output = {name for name in self.order if isinstance(self._layer(name), Output)}
        self.ends = self._ends()
        self.inlined = result.inlined
        self.no_variables = {*self.ends, *self.inlined}
        self.meetings = self._meetings()

    def write(self) -> list[str]:
        steps = [name for name in self.order if name not in self.is_output]
        for index, name in enumerate(steps, 1):
            self._step(name, is_last=index == len(steps))
        self._return()
        return [f"def forward({', '.join(['self', *self.ends.values()])}):", *self._body()]

    # The frame

    def _layer(self, name: str) -> object:
        return self.result.nodes[name].layer

    def _ends(self) -> dict[str, str]:
        """Return the parameter of forward that holds each input."""
        if self.block is not None:
            ends = list(self.block.inputs)
        else:
            ends = [
                name for name, each in self.result.nodes.items() if isinstance(each.layer, Input)
            ]
        for name in ends:
            self._hold((name, 0), "x" if len(ends) == 1 else name)
        return {name: self.texts[name, 0] for name in ends}

    def _body(self) -> list[str]:
        """Put the statements that only training needs under a condition."""
        body: list[str] = []
        inside = False
        for line in self.lines:
            training = line.startswith("\t")
            if training and not inside:
                body.append("    if self.training:")
            inside = training
            body.append(f"        {line[1:]}" if training else f"    {line}")
        return body

    def _return(self) -> None:
        main, auxiliary = self._results()
        if auxiliary:
            self.lines.append(f"\treturn {', '.join([*main, *auxiliary])}")
        self.lines.append(f"return {', '.join(main)}")

    def _results(self) -> tuple[list[str], list[str]]:
        if self.block is not None:
            sources = [self.result.wiring.sources[end][0] for end in self.block.outputs]
            return [self.texts[source] for source in sources if source is not None], []
        main: list[str] = []
        auxiliary: list[str] = []
        for name in self.result.wiring.graph.nodes:
            if name in self.is_output:
                source = self.result.wiring.sources[name][0]
                assert source is not None
                only_training = name in self.result.training_only
                (auxiliary if only_training else main).append(self.texts[source])
        return main, auxiliary

    # Steps

    def _step(self, name: str, *, is_last: bool) -> None:
        """Write one node: inlined into its reader's expression, or as a statement of its own."""
        expression = self._expression(name)
        outputs = len(self.result.nodes[name].outputs)
        training = name in self.result.training_only
        if name in self.inlined:
            self._hold((name, 0), expression)
            self.pending = (name, 0)
            return
        targets = []
        for port in range(outputs):
            targets.append(self._target(name, port))
            self._hold((name, port), targets[-1])
        statement = f"{', '.join(targets)} = {expression}"
        self.lines.append(f"\t{statement}" if training else statement)
        done = [text for text in dict.fromkeys(self.freed) if text not in targets]
        done += ["_"] if "_" in targets else []
        if done and not is_last:
            self.lines.append(f"{chr(9) if training else ''}del {', '.join(done)}")
        self.consumed, self.freed = [], []

    def _expression(self, name: str) -> str:
        """Return a node's expression, and record that its inputs are read."""
        module = self.modules.get(name, "")
        inputs = []
        for source in self.result.wiring.sources[name]:
            assert source is not None
            text = self._read(source)
            if source == self.pending:
                self.pending = None
                if not module and self._is_infix(source[0]):
                    text = f"({text})"
            elif self.unread[source] == 0:
                self.consumed.append(text)
                if source[0] not in self.ends:
                    self.freed.append(text)
            inputs.append(text)
        if name in self.codes:
            return self.codes[name].layer.forward(module, inputs, self.codes[name])
        return f"{module}({', '.join(inputs)})"

    def _hold(self, source: Source, text: str) -> None:
        """Note the text by which an output is read from now on."""
        self.texts[source] = text
        if self.unread.get(source):
            self.alive[text] += 1

    def _read(self, source: Source) -> str:
        """Return the text of an output for one of its readers."""
        text = self.texts[source]
        self.unread[source] -= 1
        if self.unread[source] == 0:
            self.alive[text] -= 1
            self.plain.release(text)
        return text

    def _is_infix(self, name: str) -> bool:
        return name in self.codes and self.codes[name].layer.infix and name not in self.modules

    def _target(self, name: str, port: int) -> str:
        """Choose the variable for an output: one that is no longer needed, else a new one."""
        source = (name, port)
        if source not in self.unread:
            return "_"
        reader = self._reader(source)
        wanted = self._new_name(source)
        if reader in self.is_output and reader in self.result.training_only:
            wanted = reader
        elif port == 0:
            # A branch reuses a variable only if that is the single one to be freed, never an input.
            freed = list(dict.fromkeys(self.freed))
            for text in self.consumed if wanted == _PLAIN else freed[:1] * (len(freed) == 1):
                named = text in self.named and text != wanted
                if text.isidentifier() and not self.alive[text] and not named:
                    return text
        if wanted != _PLAIN:
            self.named.add(wanted)
        return self.plain.free() if wanted == _PLAIN or self.alive[wanted] else wanted

    def _reader(self, source: Source) -> str:
        """Return the first node or end that reads an output."""
        wiring = self.result.wiring
        return next(each for each in wiring.targets[source[0]] if source in wiring.sources[each])

    def _new_name(self, source: Source) -> str:
        """Return the name for a branch: after the port at which it meets others, else ``y``.

        A shortcut that is a single layer or block is named after it.
        """
        if self.result.wiring.readers[source] == 1:
            sources = self.result.wiring.sources[self._reader(source)]
            meets_one = len(sources) == _PAIR and self._variables(sources) > 1
            if meets_one and self._stands_alone(source):
                return source[0]
        return self.meetings[source]

    def _meetings(self) -> dict[Source, str]:
        """Return, for each output, the name after the port at which its branch meets others.

        It is ``y`` where the branch meets none. From the last node to the first, so that a long
        chain is followed once, not once for each of its nodes.
        """
        wiring = self.result.wiring
        found: dict[Source, str] = {}
        position = {name: index for index, name in enumerate(wiring.order)}
        for source in sorted(wiring.readers, key=lambda each: -position.get(each[0], -1)):
            found[source] = _PLAIN
            if wiring.readers[source] != 1:
                continue
            reader = self._reader(source)
            sources = wiring.sources[reader]
            if self._variables(sources) > 1:
                found[source] = f"branch{sources.index(source) + 1}"
            elif len(sources) == 1 and self._has_one_output(reader):
                found[source] = found.get((reader, 0), _PLAIN)
        return found

    def _has_one_output(self, reader: str) -> bool:
        """Tell whether a reader is a node, not an end of the graph, with a single output."""
        result = self.result.nodes.get(reader)
        return result is not None and reader not in self.is_output and len(result.outputs) == 1

    def _variables(self, sources: Sequence[Source | None]) -> int:
        """Return how many of these outputs are read from a variable of forward."""
        return sum(each is not None and each[0] not in self.no_variables for each in sources)

    def _stands_alone(self, source: Source) -> bool:
        """Tell whether a branch consists of a single layer with weights or a single block."""
        result = self.result.nodes[source[0]]
        return len(result.outputs) == 1 and result.role in (WEIGHTS, BLOCK)
