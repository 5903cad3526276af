"""The description of a network in ``config.json``: layers, and what each call of them reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from designer.readers.keras.archive import FormatError

Json: TypeAlias = Mapping[str, Any]

NETWORKS = ("Functional", "Sequential")


class Source(NamedTuple):
    """A result of a call of a layer.

    Attributes
    ----------
    layer
        The layer's name.
    call
        Which call of it.
    result
        Which of its results.
    shape
        Its sizes as the file has them, None where it leaves one open; None if it has none.
    """

    layer: str
    call: int
    result: int
    shape: tuple[int | None, ...] | None = None


@dataclass(frozen=True)
class LayerConfig:
    """A layer of a network.

    Attributes
    ----------
    kind
        The name of its class.
    name
        Its own name.
    module
        The module that its class is from, ``keras.layers``.
    own
        Whether its class is the user's, and not one of Keras.
    config
        Its settings.
    built
        The shape that it was built for; None if the file does not say.
    calls
        For each call its arguments by position and by name; a tensor is a `Source`.
    """

    kind: str
    name: str
    module: str
    own: bool
    config: Json
    built: tuple[int | None, ...] | None
    calls: tuple[tuple[Sequence[Any], Json], ...]

    @property
    def is_function(self) -> bool:
        """Whether it is a function of Keras on tensors, such as the ``+`` of two."""
        return self.module.startswith("keras.src.ops") or self.kind == "TFOpLambda"


def layer_of(entry: Json) -> LayerConfig:
    """Return a layer from its entry in the file."""
    config = entry["config"]
    if not isinstance(config, Mapping):
        raise FormatError(f"the layer {entry.get('name')!r} has no settings.")
    kind = entry["class_name"]
    module = str(entry.get("module") or "keras.layers")
    registered = entry.get("registered_name")
    return LayerConfig(
        kind=str(kind),
        name=str(entry.get("name") or config.get("name") or kind),
        module=module,
        own=not module.startswith(("keras", "tf_keras", "tensorflow.keras"))
        or ">" in str(registered),
        config=config,
        built=_shape((entry.get("build_config") or {}).get("input_shape")),
        calls=tuple(_calls(entry.get("inbound_nodes") or ())),
    )


def network_outputs(value: Any) -> list[Source]:
    """Return the results that ``output_layers`` or ``input_layers`` name, in order."""
    if isinstance(value, Mapping):
        return [each for item in value.values() for each in network_outputs(item)]
    if len(value) == 3 and isinstance(value[0], str):
        return [Source(value[0], value[1], value[2])]
    return [each for item in value for each in network_outputs(item)]


def sources(value: Any) -> Iterator[Source]:
    """Yield all tensors of an argument, however deep they lie."""
    if isinstance(value, Source):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from sources(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from sources(each)


def snake_case(name: str) -> str:
    """Return a class's name as Keras writes it in paths: ``DepthwiseConv2D`` depthwise_conv2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    if not all(each is None or isinstance(each, int) for each in value):
        return None
    return tuple(value)


def _calls(nodes: Sequence[Any]) -> Iterator[tuple[Sequence[Any], Json]]:
    for node in nodes:
        if isinstance(node, Mapping):  # Keras 3
            yield _decoded(node["args"]), _decoded(node["kwargs"])
        elif len(node) == 4 and isinstance(node[0], str):  # Keras 2, the first argument is one
            yield [Source(*node[:3])], _old_named(node[3])
        else:  # Keras 2, it is a list
            tensors = [Source(*each[:3]) for each in node]
            named = node[0][3] if node and len(node[0]) > 3 else {}
            yield [tensors[0] if len(tensors) == 1 else tensors], _old_named(named)


def _decoded(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            config = value["config"]
            name, call, result = config["keras_history"]
            return Source(name, call, result, _shape(config.get("shape")))
        return {key: _decoded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return value


def _old_named(named: Json) -> Json:
    """Return named arguments of Keras 2, whose tensors are lists of a name and two numbers."""

    def one(value: Any) -> Any:
        if (
            isinstance(value, list)
            and len(value) in (3, 4)
            and isinstance(value[0], str)
            and all(isinstance(each, int) for each in value[1:3])
        ):
            return Source(*value[:3])
        return value

    return {key: one(each) for key, each in named.items()}
