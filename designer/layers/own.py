"""Layer types that a design brings along as Python text, read without running it.

A class of the text becomes a layer type like the built-in ones: its parameters are the typed
arguments of the constructor, its ports those of ``forward``. All of this is found in the syntax
tree. What only running the code can tell (shapes, weights, cost, memory) is a `Measurement`, which
the caller of the analysis hands in, for code that the user has trusted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from designer.design.expressions import Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.parameters import Parameter
from designer.layers.python_text import ClassText, Fault, FaultError, PythonText
from designer.layers.tensors import (
    CONTIGUOUS,
    NOTHING,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    show,
)


def digest(text: str) -> str:
    """Return the hash by which a text is trusted: SHA-256."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# What measuring needs and gives


class Request(NamedTuple):
    """What is to be measured: a class with its arguments and inputs.

    Attributes
    ----------
    name, text
        The class and the text that has it.
    values
        The arguments of the constructor by name, with those that follow from the first input.
    inputs
        The tensors at its inputs.
    """

    name: str
    text: str
    values: tuple[tuple[str, int | float | bool | str], ...]
    inputs: tuple[Tensor, ...]


class Output(NamedTuple):
    """A measured output.

    Attributes
    ----------
    shape, integer
        As in `Tensor`.
    layout, layout_in_eval
        How its values lie in memory, in train and in eval mode.
    storage
        Bytes of its storage for one image, if that is no tensor of its own size: the output may be
        a part of a larger one, or share the storage of an earlier output, which counts it.
    """

    shape: Shape
    integer: bool = False
    layout: Layout = CONTIGUOUS
    layout_in_eval: Layout = CONTIGUOUS
    storage: int | None = None


class Measurement(NamedTuple):
    """What torch says of a class with its arguments and inputs.

    Attributes
    ----------
    refusal
        Why it cannot be used, in words that follow the name of the class; "" if it can.
    outputs
        Its outputs.
    states
        The tensors of its state dict.
    macs
        Multiply-accumulates for one image, by torch's counter.
    saved, saved_in_eval
        What autograd saves in train and in eval mode.
    saved_frozen, saved_frozen_in_eval
        The same where its weights take no gradient.
    view, view_in_eval
        Whether the outputs lie in the storage of the first input.
    peak, fixed_peak
        The most bytes that it allocates at once in eval mode: for each image, and whatever the
        batch.
    needs_batch
        Whether train mode refuses a batch of one image.
    draws_in_eval
        Whether it draws at random in eval mode, too.
    """

    refusal: str = ""
    outputs: tuple[Output, ...] = ()
    states: tuple[State, ...] = ()
    macs: int = 0
    saved: SavedForBackward = NOTHING
    saved_in_eval: SavedForBackward = NOTHING
    saved_frozen: SavedForBackward = NOTHING
    saved_frozen_in_eval: SavedForBackward = NOTHING
    view: bool = False
    view_in_eval: bool = False
    peak: int = 0
    fixed_peak: int = 0
    needs_batch: bool = False
    draws_in_eval: bool = False


@dataclass(frozen=True)
class Measured:
    """What is known of the own layers of a design, as a value that the analysis gets.

    Attributes
    ----------
    trusted
        The hashes of the texts that the user has trusted.
    facts
        What was measured so far.
    """

    trusted: Collection[str] = frozenset()
    facts: Mapping[Request, Measurement] = field(default_factory=dict)


NOT_MEASURED = Measured()
"""Nothing is trusted, and nothing was measured."""


# The layer type


class Own(Layer):
    """Base of the layer types that are made of a text; `layer_type` makes them.

    Attributes
    ----------
    text, digest
        The whole text, and its hash.
    fault
        What is wrong with the text; None if it can be used.
    filled
        The constructor arguments that follow from the first input.
    packages
        What the text imports beyond torch and the standard library.
    names
        The names that the text defines beside those that it imports.
    """

    category = Category.OWN
    text: ClassVar[str] = ""
    digest: ClassVar[str] = ""
    fault: ClassVar[Fault | None] = None
    filled: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **values: Any) -> None:
        # Not in __dict__: an argument may have the name of a rule, such as `channels`.
        self._values = {**self._defaults, **values}
        self.measurement = Measurement()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"{type(self).__name__}({values})"

    def parameter_value(self, name: str) -> Any:
        return self._values[name]

    def request(self, inputs: tuple[Tensor, ...]) -> Request:
        """Return what must be measured to answer the rules for these inputs."""
        shape = inputs[0].shape
        sizes = {"in_channels": shape[0], "in_features": shape[-1]}
        given = {name: sizes[name] for name in self.filled} | self._values
        kind = type(self)
        # What the axes mean and whether anything is known of them does not change what torch does.
        tensors = tuple([each._replace(axes=()) for each in inputs])
        return Request(kind.__name__, kind.text, tuple(given.items()), tensors)

    def measured(self, found: Measurement) -> "Own":
        """Return the layer with what was measured of it; equal ones are one object."""
        return _measured(self, found)

    # Rules, answered by the measurement

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        if self.measurement.refusal or not self.measurement.outputs:
            message = f"{type(self).__name__} {self.measurement.refusal or 'was not measured'}"
            raise LayerError("own-layer", message)
        return self.measurement.outputs[0].shape

    def further_outputs(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        batched = any(each.batched for each in inputs)
        return tuple(
            [
                Tensor(
                    each.shape,
                    layout=each.layout,
                    layout_in_eval=None
                    if each.layout_in_eval == each.layout
                    else each.layout_in_eval,
                    batched=batched,
                    integer=each.integer,
                )
                for each in self.measurement.outputs[1:]
            ]
        )

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        return self.measurement.outputs[0].integer

    def needs_batch(self, inputs: Sequence[Tensor]) -> bool:
        return self.measurement.needs_batch

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return self.measurement.states

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self.measurement.macs

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self.measurement.saved

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self.measurement.saved_in_eval

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        if training:
            return self.measurement.saved_frozen
        return self.measurement.saved_frozen_in_eval

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return self.measurement.view if training else self.measurement.view_in_eval

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return self.measurement.outputs[0].layout

    def layout_in_eval(self, inputs: Sequence[Tensor]) -> Layout:
        return self.measurement.outputs[0].layout_in_eval

    def storage_bytes(self, inputs: Sequence[Tensor], outputs: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(
            [
                size if each.storage is None else each.storage
                for each, size in zip(self.measurement.outputs, outputs, strict=True)
            ]
        )

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        same = self.measurement.outputs[0].shape == inputs[0].shape
        return inputs[0].axes if same else super().output_axes(())

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self.measurement.peak

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self.measurement.fixed_peak

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def summary(self) -> str:
        given = [
            f"{name} {value}"
            for name, value in self._values.items()
            if value != self._defaults.get(name)
        ]
        return " ".join([type(self).__name__, ", ".join(given)]).strip()

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"output = measured = {show(output)}",)

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        return "counted by torch"


@lru_cache(maxsize=65536)  # as many as results of layers
def _measured(layer: Own, found: Measurement) -> Own:
    made = type(layer)(**layer._values)
    made.measurement = found
    # Attributes of the class, for built-in layers; here they depend on what was measured.
    made.__dict__["draws_in_eval"] = found.draws_in_eval
    return made


@lru_cache(maxsize=1024)  # texts while they are edited
def layer_type(name: str, text: str) -> type[Own]:
    """Return the layer type of a class in a text; it has a `fault` if it cannot be used."""
    members: dict[str, Any] = {"__module__": __name__, "text": text, "digest": digest(text)}
    parameters: dict[str, Parameter[Any]] = {}
    doc = "A layer of this design."
    try:
        found = PythonText(text)
        members["names"] = tuple(found.definitions)
        members["packages"] = found.packages()
        found.check()
        described = ClassText(found, name)
        doc = described.doc or doc
        least, most = described.inputs()
        members["inputs"] = least, most
        members["takes_any"] = tuple(range(most))
        filled, parameters, positional = described.parameters()
        members["filled"] = filled
        members["positional"] = (*filled, *positional)
        members["source"] = found.source
        members["imports"] = tuple(found.imports)
    except FaultError as error:
        members["fault"] = error.fault
    members["torch"] = name
    kind: type[Own] = type(name, (Own,), members)
    # After the class was made: these would register it, or hide rules of the same name.
    kind.__doc__ = doc
    kind.help = " ".join(doc.split("\n\n")[0].split())
    kind.parameters = parameters
    kind.required = frozenset(key for key, each in parameters.items() if each.required)
    kind._defaults = {key: each.default for key, each in parameters.items() if not each.required}
    return kind


@lru_cache(maxsize=256)
def layer_types_of(
    code: tuple[tuple[str, str], ...], built_in: frozenset[str]
) -> Mapping[str, type[Own]]:
    """Return the layer types of a design's code by name.

    A name that a built-in type has gets none; two texts that give one name different meanings
    cannot stand in one file, and the second of them has a fault.
    """
    kinds: dict[str, type[Own]] = {}
    known: dict[str, tuple[str, str]] = {}
    for name, text in code:
        if name in built_in:
            continue
        kind = layer_type(name, text)
        if kind.fault is None:
            fault = _clash(text, name, known)
            if fault is not None:
                kind = type(name, (kind,), {"fault": fault, "__module__": __name__})
        kinds[name] = kind
    return kinds


def _clash(text: str, name: str, known: dict[str, tuple[str, str]]) -> Fault | None:
    """Return the fault of a text that defines what another text defines otherwise."""
    found = PythonText(text)
    for bound, (meaning, line) in found.bindings.items():
        other, owner = known.setdefault(bound, (meaning, name))
        if other != meaning:
            return Fault(
                line,
                f"'{bound}' means something else in the code of {owner}, and both stand in one "
                "file; rename one of them",
            )
    return None


def used(code: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
    """Return the texts of those classes that have one of these names."""
    return {name: text for name, text in code.items() if name in names}
