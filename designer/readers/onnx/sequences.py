"""Sequences of tensors, which torch's exporter writes for ``split`` and ``chunk``.

Where it is known which tensor of a sequence each node takes, the nodes are a Split, whose outputs
have names made of that of the sequence, and an Identity or a Concat of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from designer.readers.graph import TensorSpec
from designer.readers.onnx.files import FormatError, library
from designer.readers.onnx.nodes import Constant, Node, node

_MOST = 1 << 12  # tensors of a sequence
_INPUTS_SINCE = 13  # the version since which Split and Squeeze take sizes and axes as inputs


class Sequences:
    """The sequences of a graph.

    Parameters
    ----------
    specs
        Shapes and types of the values of the graph so far.
    constants
        Those of them that are known.
    opset
        The version of the operators.
    """

    def __init__(
        self, specs: Mapping[str, TensorSpec], constants: Mapping[str, Constant], opset: int
    ) -> None:
        self._specs = specs
        self._constants = constants
        self._opset = opset
        self._tensors: dict[str, tuple[str, ...]] = {}

    def without(self, each: Node) -> Iterator[Node] | None:
        """Return the nodes that stand for one of a sequence; None for any other node.

        Raises
        ------
        FormatError
            Which tensors it is about depends on the network's input.
        """
        if each.operator == "SplitToSequence":
            return self._split(each)
        if each.operator == "SequenceConstruct":
            self._tensors[each.outputs[0]] = each.inputs
            return iter(())
        if not each.inputs or each.inputs[0] not in self._tensors:
            return None
        tensors = self._tensors[each.inputs[0]]
        if each.operator == "SequenceAt":
            number = self._number(each, each.inputs[1])
            if not -len(tensors) <= number < len(tensors):
                raise FormatError(
                    f"{each.label()} takes tensor {number} of {len(tensors)}. Export it again."
                )
            return self._nodes(("Identity", [tensors[number]], [each.outputs[0]], {}))
        if each.operator == "ConcatFromSequence" and not each.attributes.get("new_axis"):
            axis = {"axis": each.attributes["axis"]}
            return self._nodes(("Concat", [*tensors], [each.outputs[0]], axis))
        raise FormatError(
            f"{each.label()} reads a sequence of tensors, which no layer does. Cut the network "
            "before that node, or export it without it."
        )

    def _split(self, each: Node) -> Iterator[Node]:
        value, (sequence, *_) = each.inputs[0], each.outputs
        shape, axis = self._specs[value].shape, each.attributes.get("axis", 0)
        given = each.inputs[1] if len(each.inputs) > 1 else ""
        size, part = shape[axis], self._sizes(each, given) if given else 1
        if isinstance(part, int):
            if part < 1:
                raise FormatError(f"{each.label()} makes parts of the size {part}.")
            sizes = [min(part, size - start) for start in range(0, size, part)]
        else:
            sizes = part
        if len(sizes) > _MOST:
            raise FormatError(f"{each.label()} makes {len(sizes):,} parts, more than {_MOST:,}.")
        names = tuple(f"{sequence}[{number}]" for number in range(len(sizes)))
        self._tensors[sequence] = names
        alone = not given and not each.attributes.get("keepdims", 1)
        parts = [f"{name} kept" for name in names] if alone else [*names]
        new = self._opset >= _INPUTS_SINCE
        yield from self._nodes(
            self._constant(f"{sequence} sizes", sizes),
            ("Split", [value, f"{sequence} sizes"], parts, {"axis": axis})
            if new
            else ("Split", [value], parts, {"axis": axis, "split": sizes}),
            like=each,
        )
        if alone:
            yield from self._nodes(
                self._constant(f"{sequence} axes", [axis]),
                *(
                    ("Squeeze", [one, f"{sequence} axes"], [name], {})
                    if new
                    else ("Squeeze", [one], [name], {"axes": [axis]})
                    for one, name in zip(parts, names, strict=True)
                ),
                like=each,
            )

    def _sizes(self, each: Node, name: str) -> int | list[int]:
        array = self._known(each, name).array()
        return int(array) if array.ndim == 0 else [int(size) for size in array]

    def _number(self, each: Node, name: str) -> int:
        return int(self._known(each, name).array().reshape(-1)[0])

    def _known(self, each: Node, name: str) -> Constant:
        if name not in self._constants:
            raise FormatError(
                f"{each.label()} takes tensors of a sequence by what depends on the network's "
                "input. Cut the network before that node, or export it without it."
            )
        return self._constants[name]

    @staticmethod
    def _constant(name: str, numbers: list[int]) -> tuple[str, list[str], list[str], Any]:
        return "Constant", [], [name], {"value_ints": numbers}

    @staticmethod
    def _nodes(
        *made: tuple[str, list[str], list[str], Mapping[str, Any]], like: Node | None = None
    ) -> Iterator[Node]:
        """Yield nodes of these operators, inputs, outputs and attributes."""
        helper = library().helper
        for operator, inputs, outputs, attributes in made:
            proto = helper.make_node(
                operator, inputs, outputs, name=like.name if like else "", **attributes
            )
            if like is not None:
                proto.metadata_props.extend(like.proto.metadata_props)
            yield node(proto, outputs)
