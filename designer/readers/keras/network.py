"""From the description of a network to the graph: its layers in order, nested networks too."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from designer.errors import DesignerError
from designer.readers.building import BATCH, GraphBuilder
from designer.readers.graph import Module, NeutralGraph, Ref, Shape, TensorSpec
from designer.readers.keras import (  # noqa: F401  (the families register their layers)
    convolution,
    dense,
    merging,
    normalization,
    pooling,
    recurrent,
)
from designer.readers.keras.archive import Archive, FormatError
from designer.readers.keras.calls import FUNCTIONS, HANDLERS, Call, NotExpressedError, Value
from designer.readers.keras.config import (
    NETWORKS,
    LayerConfig,
    Source,
    layer_of,
    network_outputs,
    snake_case,
    sources,
)

_DEEPEST = 50  # networks inside of networks
_LARGEST_SIZE = 1 << 31


def read(path: Path, inputs: Sequence[TensorSpec] = ()) -> NeutralGraph:
    """Return the network of a file.

    Parameters
    ----------
    path
        The ``.keras`` file.
    inputs
        The shape of each input without the batch, channels first; needed where the file leaves a
        size open.

    Raises
    ------
    DesignerError
        The file cannot be read, or holds no network whose structure is known.
    """
    try:
        archive = Archive(path)
        return _Reader(archive, path.stem, inputs).graph()
    except FormatError as error:
        raise DesignerError(f"{path} cannot be opened: {error}") from None
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise DesignerError(
            f"{path} cannot be opened: its config.json is not what Keras writes "
            f"({type(error).__name__}: {error}). Save the network again with "
            "model.save('model.keras')."
        ) from None


class _Reader:
    """Reads the network of one archive."""

    def __init__(self, archive: Archive, name: str, inputs: Sequence[TensorSpec]) -> None:
        self._root = layer_of(archive.config())
        if not _is_network(self._root):
            raise FormatError(
                f"its network is of the class {self._root.kind}, whose structure the file does "
                "not hold. Build it from layers (Sequential or Functional) and save it again, or "
                "export it to ONNX with model.export('model.onnx', format='onnx')."
            )
        self._version = archive.version()
        self._weights = archive.weights()
        self._builder = GraphBuilder(name)
        self._given = list(inputs)

    def graph(self) -> NeutralGraph:
        network = _Network(self._root)
        channels_first = any(
            each.config.get("data_format") == "channels_first" for each in network.deep_layers()
        )
        specs = network.inputs()
        if self._given and len(self._given) != len(specs):
            raise FormatError(
                f"it has {len(specs)} inputs, and the shapes of {len(self._given)} were given."
            )
        inputs = [
            self._input(network, layer, number, channels_first)
            for number, layer in enumerate(specs)
        ]
        parents = (Module("", f"keras.{self._root.kind}"),)
        outputs = self._run(network, inputs, "", parents, "")
        end = self._call(replace(self._root, kind="Output"), outputs, "output", parents, "")
        refs = []
        for value in outputs:
            if value.channels_first:
                self._builder.note(
                    "Pictures that the network returns have their channels first, where Keras "
                    "has them last."
                )
            refs.append(end.unlisted(value).ref)
        return self._builder.graph(refs, self._weights.missing)

    def _input(
        self, network: "_Network", layer: LayerConfig, number: int, first_in_keras: bool
    ) -> Value:
        shape = _input_shape(layer)
        if shape is None:
            raise FormatError(
                f"its input {layer.name!r} has no shape. Build the network for a shape, then save "
                "it again."
            )
        readers = network.readers(layer.name)
        sizes = shape[1:]
        channels_first = not first_in_keras and (
            len(sizes) > 2
            or (len(sizes) == 2 and bool(readers) and all(_is_picture_layer(x) for x in readers))
        )
        if self._given:
            given = self._given[number].shape
            wanted = (*given[1:], given[0]) if channels_first and given else given
            if len(wanted) != len(sizes) or any(
                a is not None and a != b for a, b in zip(sizes, wanted, strict=True)
            ):
                raise FormatError(
                    f"its input {layer.name!r} has the shape {_text(sizes)} (channels last), "
                    f"which {'x'.join(map(str, given))} does not fit."
                )
            sizes = wanted
        if any(each is None for each in sizes):
            raise FormatError(
                f"its input {layer.name!r} has the shape {_text(sizes)}, in which a size is open. "
                "Say it with --input, such as --input 3x224x224."
            )
        known = tuple(each for each in sizes if each is not None)
        if any(not 1 <= each < _LARGEST_SIZE for each in known):
            raise FormatError(f"its input {layer.name!r} has the shape {_text(sizes)}.")
        dtype = str(layer.config.get("dtype") or "float32")
        tokens = bool(readers) and all(each.kind == "Embedding" for each in readers)
        dtype = "int64" if tokens or dtype.startswith(("int", "uint")) else "float32"
        value = Value(Ref(""), (BATCH, *known), channels_first, dtype=dtype)
        ref = self._builder.input(layer.name, TensorSpec(value.graph_shape, dtype))
        return replace(value, ref=ref)

    def _run(
        self,
        network: "_Network",
        inputs: Sequence[Value],
        path: str,
        parents: tuple[Module, ...],
        stored: str,
    ) -> list[Value]:
        """Add the operations of a network, and return its outputs."""
        if len(parents) > _DEEPEST:
            raise FormatError("its networks are nested too deeply.")
        if len(inputs) != len(network.inputs()):
            raise FormatError(
                f"its network {network.name!r} has {len(network.inputs())} inputs and reads "
                f"{len(inputs)}."
            )
        found: dict[tuple[str, int, int], Value] = {
            (layer.name, 0, 0): value for layer, value in zip(network.inputs(), inputs, strict=True)
        }
        for layer, number, arguments, named in network.calls():
            values = _resolved(arguments, found), _resolved(named, found)
            tensors = [each for value in values for each in _tensors(value)]
            where = f"{path}.{_plain(layer.name)}" if path else _plain(layer.name)
            place = f"{stored}/layers/{network.stored_name(layer)}".lstrip("/")
            if _is_network(layer):
                nested = _Network(layer)
                module = Module(where, f"keras.{layer.kind}")
                results: Sequence[Value] = self._run(
                    nested, tensors, where, (*parents, module), place
                )
            else:
                call = replace(
                    self._call(layer, tensors, where, parents, place),
                    arguments=values[0],
                    named=values[1],
                )
                results = self._results(network, call, number)
            for index, value in enumerate(results):
                self._check(network, layer, number, index, value)
                found[layer.name, number, index] = value
        return [found[each[:3]] for each in network.outputs()]

    def _call(
        self,
        layer: LayerConfig,
        inputs: Sequence[Value],
        path: str,
        parents: tuple[Module, ...],
        stored: str,
    ) -> Call:
        return Call(
            layer=layer,
            builder=self._builder,
            inputs=inputs,
            arguments=(),
            named={},
            path=path,
            parents=parents,
            weights=self._weights,
            stored=stored,
            version=self._version,
        )

    def _results(self, network: "_Network", call: Call, number: int) -> Sequence[Value]:
        layer = call.layer
        if layer.kind == "TFOpLambda":
            handler = merging.old_function
        elif layer.is_function:
            handler = FUNCTIONS.get(layer.kind)  # type: ignore[assignment]
        else:
            handler = None if layer.own else HANDLERS.get(layer.kind)  # type: ignore[assignment]
        try:
            if handler is None:
                raise NotExpressedError
            if isinstance(call.named.get("mask"), Value):
                raise NotExpressedError("its mask")
            found: Any = handler(call)
        except NotExpressedError as reason:
            return self._unknown(network, call, number, str(reason))
        return [found] if isinstance(found, Value) else found

    def _unknown(
        self, network: "_Network", call: Call, number: int, reason: str
    ) -> Sequence[Value]:
        """Return the results of a layer that nothing expresses, as far as the file tells them."""
        layer = call.layer
        name = f"{layer.kind} {layer.name}"
        count = network.result_count(layer.name, number)
        shapes = [network.shape(layer.name, number, index) for index in range(count)]
        same = call.input.shape
        known: list[Shape] = []
        for shape in shapes:
            sizes = None if shape is None else shape[1:]
            if sizes is None or any(each is None for each in sizes):
                call.builder.note(
                    f"The file does not say what shape {name} gives: that of its input was taken."
                )
                known.append(same)
            else:
                known.append((BATCH, *(each for each in sizes if each is not None)))
        why = f" ({reason})" if reason else ""
        call.builder.note(
            f"The layer {name} is known by its shapes alone{why}: replace it by other layers."
        )
        arguments: dict[str, Any] = {
            f"argument {index}": call.plain(each).ref for index, each in enumerate(call.inputs)
        }
        for index, shape in call.weights.shapes(call.stored).items():
            arguments[f"weight {index}"] = call.parameter(f"weight_{index}", index, shape)
        refs = call.emit_all(f"keras.{layer.kind}", known, **arguments)
        return [Value(ref, shape) for ref, shape in zip(refs, known, strict=True)]

    def _check(
        self, network: "_Network", layer: LayerConfig, number: int, index: int, value: Value
    ) -> None:
        """Compare a result with the shape that the file says."""
        said = network.shape(layer.name, number, index)
        if said is None:
            return
        pairs = list(zip(said[1:], value.shape[1:], strict=False))
        if len(said) != len(value.shape) or any(a is not None and a != b for a, b in pairs):
            raise FormatError(
                f"its layer {layer.name!r} gives {_text(value.shape[1:])} for its settings, and "
                f"the file says {_text(said[1:])}."
            )


class _Network:
    """The layers of a Functional or a Sequential network, in an order in which they can run."""

    def __init__(self, network: LayerConfig) -> None:
        self.name = network.name
        self._sequential = network.kind == "Sequential"
        entries = network.config["layers"]
        self._layers = [layer_of(each) for each in entries]
        if self._sequential:
            self._layers = self._chained(network)
        names = Counter(each.name for each in self._layers)
        if any(count > 1 for count in names.values()):
            raise FormatError(f"its network {self.name!r} has two layers of one name.")
        by_name = {each.name: each for each in self._layers}
        if self._sequential:
            self._inputs = self._layers[:1]
            last = self._layers[-1].name
            self._outputs = [Source(last, 0, 0)]
        else:
            config = network.config
            self._inputs = [by_name[each.layer] for each in network_outputs(config["input_layers"])]
            self._outputs = network_outputs(config["output_layers"])
        self._stored = dict(self._stored_names())
        self._shapes: dict[tuple[str, int, int], tuple[int | None, ...]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        for source in (*self._read(), *self._outputs):
            if source.shape is not None:
                self._shapes[source[:3]] = source.shape
            key = source[:2]
            self._counts[key] = max(self._counts.get(key, 1), source.result + 1)

    def _chained(self, network: LayerConfig) -> list[LayerConfig]:
        """Return the layers of a Sequential network with an input, each reading the last one."""
        layers = list(self._layers)
        if not layers:
            raise FormatError(f"its network {self.name!r} has no layers.")
        if layers[0].kind != "InputLayer":
            first = layers[0]
            shape = (
                network.config.get("build_input_shape")
                or first.config.get("batch_shape")
                or first.config.get("batch_input_shape")
                or network.built
                or first.built
            )
            config = {"batch_shape": shape, "name": f"{self.name}_input"}
            layers.insert(
                0,
                LayerConfig(
                    "InputLayer", f"{self.name}_input", "keras.layers", False, config, None, ()
                ),
            )
        chained = layers[:1]
        for layer in layers[1:]:
            source = Source(chained[-1].name, 0, 0, layer.built)
            chained.append(replace(layer, calls=(([source], {}),)))
        return chained

    def _stored_names(self) -> Iterator[tuple[str, str]]:
        counts: Counter[str] = Counter()
        for layer in self._layers:
            if layer.module.startswith("keras.src.ops"):
                continue
            if self._sequential and layer.kind == "InputLayer":
                continue
            name = snake_case(layer.kind)
            count = counts[name]
            counts[name] += 1
            yield layer.name, f"{name}_{count}" if count else name

    def _read(self) -> Iterator[Source]:
        for layer in self._layers:
            for arguments, named in layer.calls:
                yield from sources(arguments)
                yield from sources(named)

    def inputs(self) -> list[LayerConfig]:
        """Return the layers that are its inputs, in order."""
        return self._inputs

    def outputs(self) -> list[Source]:
        """Return the results that it returns, in order."""
        return self._outputs

    def deep_layers(self) -> Iterator[LayerConfig]:
        """Yield all layers, those of nested networks too."""
        for layer in self._layers:
            if _is_network(layer):
                yield from _Network(layer).deep_layers()
            else:
                yield layer

    def readers(self, name: str) -> list[LayerConfig]:
        """Return the layers that read the first result of a layer, through nested networks."""
        found = []
        for layer in self._layers:
            if any(
                each.layer == name
                for call in layer.calls
                for part in call
                for each in sources(part)
            ):
                nested = _Network(layer) if _is_network(layer) else None
                if nested is None:
                    found.append(layer)
                elif len(nested.inputs()) == 1:
                    found.extend(nested.readers(nested.inputs()[0].name))
        return found

    def stored_name(self, layer: LayerConfig) -> str:
        """Return what the file of weights calls a layer."""
        return self._stored.get(layer.name, "")

    def shape(self, name: str, call: int, result: int) -> tuple[int | None, ...] | None:
        """Return the shape of a result as the file says it; None if it does not."""
        return self._shapes.get((name, call, result))

    def result_count(self, name: str, call: int) -> int:
        """Return how many results of a call are used."""
        return self._counts.get((name, call), 1)

    def calls(self) -> Iterator[tuple[LayerConfig, int, Sequence[Any], Mapping[str, Any]]]:
        """Yield the calls in an order in which they can run: layer, number, arguments."""
        done = {(each.name, 0) for each in self._inputs}
        waiting = [
            (layer, number, *call)
            for layer in self._layers
            if layer.kind != "InputLayer"
            for number, call in enumerate(layer.calls)
        ]
        while waiting:
            later = []
            for each in waiting:
                layer, number, arguments, named = each
                if all(one[:2] in done for one in sources([arguments, named])):
                    yield each
                    done.add((layer.name, number))
                else:
                    later.append(each)
            if len(later) == len(waiting):
                raise FormatError(
                    f"its layer {waiting[0][0].name!r} reads a tensor that no layer gives."
                )
            waiting = later


def _is_network(layer: LayerConfig) -> bool:
    return not layer.own and "layers" in layer.config and layer.kind in (*NETWORKS, "Model")


def _is_picture_layer(layer: LayerConfig) -> bool:
    return layer.kind.endswith("1D") and not layer.kind.startswith("Global")


def _input_shape(layer: LayerConfig) -> tuple[int | None, ...] | None:
    shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape")
    if not isinstance(shape, list | tuple) or not shape:
        return None
    if not all(each is None or isinstance(each, int) for each in shape):
        return None
    return tuple(shape)


def _resolved(value: Any, found: Mapping[tuple[str, int, int], Value]) -> Any:
    if isinstance(value, Source):
        return found[value[:3]]
    if isinstance(value, Mapping):
        return {key: _resolved(each, found) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(each, found) for each in value]
    return value


def _tensors(value: Any) -> Iterator[Value]:
    if isinstance(value, Value):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, list):
        for each in value:
            yield from _tensors(each)


def _plain(name: str) -> str:
    """Return a layer's name without what separates modules in a path."""
    return name.replace("/", "_").replace(".", "_")


def _text(shape: Sequence[int | None]) -> str:
    return "x".join("?" if each is None else str(each) for each in shape)
