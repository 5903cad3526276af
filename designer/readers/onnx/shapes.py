"""Shapes and types of the values of an ONNX graph, node by node, by onnx's own rules.

The rules need the values of small constants (the shape of a Reshape, the axes of a Squeeze), which
are given to them as soon as they are known. So a chain of Shape, Gather and Concat is a constant as
soon as the shape at its beginning is known, and nothing is left open but what depends on the values
of the network's inputs.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from designer.errors import DesignerError
from designer.readers.graph import Shape, TensorSpec
from designer.readers.onnx.files import NUMBERS, TYPES, FormatError, library
from designer.readers.onnx.nodes import Constant, Node

_LARGEST_DATA = 1 << 12  # elements of a constant that a rule may look at
_LARGEST = 1 << 34  # elements of a value; more fit into no memory


GRAPHS = ("If", "Loop", "Scan")
"""Operators that run graphs of their own."""


class BatchError(FormatError):
    """The sizes do not fit with the batch that was taken."""


def input_shape(proto: Any, batch: int, known: dict[str, int], given: Shape | None) -> Shape:
    """Return the shape of an input of the network, the batch included.

    Parameters
    ----------
    proto
        The input's ``ValueInfoProto``.
    batch
        What a first axis without a size has.
    known
        Sizes of named axes, to which those of this input are added.
    given
        The shape that the user says, without the batch; None to take that of the file.

    Raises
    ------
    DesignerError
        An axis has no size, and the user says none, or another than the file.
    """
    if not proto.type.HasField("tensor_type"):
        raise FormatError(
            f"its input {proto.name!r} is no tensor. Export a network whose inputs are tensors."
        )
    kind = proto.type.tensor_type
    if not kind.HasField("shape"):
        if given is None:
            raise DesignerError(
                f"The input {proto.name!r} has no shape in the file. Give it without the batch, as "
                "in --input 3x224x224."
            )
        return (batch, *given)
    axes = kind.shape.dim
    if given is not None and len(given) not in (len(axes), len(axes) - 1):
        raise DesignerError(
            f"The input {proto.name!r} has {len(axes)} axes with the batch, and "
            f"--input {_written(given)} gives {len(given)} without it."
        )
    wished: list[int | None] = [None] * len(axes)
    if given is not None:
        wished[len(axes) - len(given) :] = given
    shape = []
    for number, (axis, wish) in enumerate(zip(axes, wished, strict=True)):
        if axis.HasField("dim_value") and axis.dim_value > 0:
            if wish not in (None, axis.dim_value):
                raise DesignerError(
                    f"Axis {number} of the input {proto.name!r} has {axis.dim_value} in the file "
                    f"and {wish} in --input {_written(given or ())}. Leave --input out, or export "
                    "the network for that size."
                )
            shape.append(axis.dim_value)
            continue
        name = axis.dim_param
        size = wish if wish is not None else known.get(name) if name else None
        if size is None:
            if number:
                called = f" ({name})" if name else ""
                example = "x".join(
                    str(each.dim_value) if each.dim_value > 0 else "N" for each in axes[1:]
                )
                raise DesignerError(
                    f"Axis {number}{called} of the input {proto.name!r} has no size in the file. "
                    f"Say which with --input {example}, with a number for each N; the batch is "
                    "left out."
                )
            size = batch
        if name:
            known[name] = size
        shape.append(size)
    return tuple(shape)


def _written(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def type_of(spec: TensorSpec) -> Any:
    """Return shape and type as onnx's rules have them, a ``TypeProto``."""
    onnx = library()
    return onnx.helper.make_tensor_type_proto(NUMBERS[spec.dtype], list(spec.shape))


def spec_of(proto: Any, known: Mapping[str, int]) -> TensorSpec | None:
    """Return shape and type of a ``TypeProto``; None if it does not say all sizes."""
    if not proto.HasField("tensor_type") or not proto.tensor_type.HasField("shape"):
        return None
    kind = proto.tensor_type
    shape = []
    for axis in kind.shape.dim:
        if axis.HasField("dim_value"):
            shape.append(axis.dim_value)
        elif axis.dim_param in known:
            shape.append(known[axis.dim_param])
        else:
            return None
    if kind.elem_type not in TYPES or any(each < 0 for each in shape):
        return None
    return TensorSpec(tuple(shape), TYPES[kind.elem_type])


class Rules:
    """Shape inference of the versions of the operators that a file uses.

    Parameters
    ----------
    opsets
        The version of each domain's operators.
    noted
        What the file itself says of values inside the network, where a rule does not know.
    known
        Sizes of named axes.
    """

    def __init__(
        self, opsets: Mapping[str, int], noted: Mapping[str, Any], known: Mapping[str, int]
    ) -> None:
        self._onnx = library()
        library("onnx.shape_inference")
        library("onnx.defs")
        self._opsets = opsets
        self._noted = noted
        self._known = known
        self._imports = [
            self._onnx.helper.make_opsetid(domain, version) for domain, version in opsets.items()
        ]

    def outputs(
        self,
        node: Node,
        specs: Mapping[str, TensorSpec],
        constants: Mapping[str, Constant],
    ) -> list[TensorSpec | None]:
        """Return shape and type of each output of a node, None where they cannot be known.

        Raises
        ------
        FormatError
            The node does not fit what it reads.
        """
        found = self._by_rule(node, specs, constants)
        result = []
        for name in node.outputs:
            spec = spec_of(found[name], self._known) if name in found else None
            if spec is None and name in self._noted:
                spec = spec_of(self._noted[name], self._known)
            if spec is not None and prod(spec.shape) > _LARGEST:
                raise FormatError(f"{node.label()} gives a value of the sizes {list(spec.shape)}.")
            result.append(spec)
        if node.operator == "Reshape" and result[0] is not None:
            before, after = specs[node.inputs[0]].shape, result[0].shape
            if prod(before) != prod(after):
                raise BatchError(
                    f"{node.label()} gives the sizes {list(after)} to a value of {list(before)}."
                )
        return result

    def _by_rule(
        self,
        node: Node,
        specs: Mapping[str, TensorSpec],
        constants: Mapping[str, Constant],
    ) -> Mapping[str, Any]:
        if node.operator in GRAPHS:
            return {}
        try:
            schema = self._onnx.defs.get_schema(
                node.proto.op_type, self._opsets.get(node.proto.domain, 1), node.proto.domain
            )
        except Exception:  # SchemaError: no operator of onnx's own
            return {}
        types, data = {}, {}
        for name in node.inputs:
            if name and name in specs:
                types[name] = type_of(specs[name])
            constant = constants.get(name)
            if constant is not None and prod(constant.spec.shape) <= _LARGEST_DATA:
                data[name] = self._onnx.numpy_helper.from_array(constant.array(), name)
        try:
            return dict(
                self._onnx.shape_inference.infer_node_outputs(
                    schema, node.proto, types, data, opset_imports=self._imports
                )
            )
        except Exception as error:  # classes of onnx's C++ part
            sentence = " ".join(str(error).split())
            raise BatchError(f"{node.label()} does not fit what it reads: {sentence}") from None
