"""From the text of a network to the graph: which layers a prediction has, and what they read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from designer.errors import DesignerError
from designer.readers.building import BATCH, GraphBuilder
from designer.readers.caffe.layers import HANDLERS, Call, NotExpressedError, whole
from designer.readers.caffe.text import Message, TextError, parse
from designer.readers.graph import NeutralGraph, Ref, Shape, TensorSpec

_LARGEST = 1 << 24  # bytes; ResNet-152 has 200 kB

NO_WEIGHTS = (
    "A .prototxt has the structure without weights: train it, or convert the .caffemodel to ONNX "
    "and open that."
)

_OLD_TYPES: Mapping[str, str] = {
    "ABSVAL": "AbsVal",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONVOLUTION": "Convolution",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "ELTWISE": "Eltwise",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SPLIT": "Split",
    "TANH": "TanH",
    "DATA": "Data",
    "IMAGE_DATA": "ImageData",
    "HDF5_DATA": "HDF5Data",
    "MEMORY_DATA": "MemoryData",
    "DUMMY_DATA": "DummyData",
    "ACCURACY": "Accuracy",
    "SILENCE": "Silence",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "HINGE_LOSS": "HingeLoss",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
}
"""Types of files of before 2014, by their names there."""

_DATA = ("Input", "Data", "ImageData", "HDF5Data", "MemoryData", "DummyData")
_MEASURING = ("Accuracy", "Silence")


def read(path: Path, inputs: Sequence[TensorSpec] = ()) -> NeutralGraph:
    """Return the network of a file, as it predicts, with its dropout.

    Parameters
    ----------
    path
        The ``.prototxt`` file.
    inputs
        The shape of each input without the batch, channels first; needed where the file does not
        say it.

    Raises
    ------
    DesignerError
        The file cannot be read, or describes no network.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise TextError(f"it has more than {_LARGEST >> 20} MB")
        text = path.read_text("utf-8")
        return _Reader(parse(text), path.stem, inputs).graph()
    except OSError as error:
        raise DesignerError(f"{path} cannot be opened: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise DesignerError(f"{path} cannot be opened: it is no text in UTF-8.") from None
    except TextError as error:
        raise DesignerError(f"{path} cannot be opened: {error}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise DesignerError(f"{path} cannot be opened: {error}.") from None


class _Reader:
    """Reads the network of one text."""

    def __init__(self, net: Message, name: str, inputs: Sequence[TensorSpec]) -> None:
        self._net = net
        self._builder = GraphBuilder(str(net.get("name", "")) or name)
        self._given = list(inputs)
        self._used = 0
        self._keys: dict[str, str] = {}
        self._values: dict[str, Ref] = {}
        self._labels: set[str] = set()
        self._unread: dict[str, None] = {}

    def graph(self) -> NeutralGraph:
        layers = [each for each in self._layers() if _predicts(each)]
        if not layers:
            raise TextError(
                "it describes no layers. A solver names the network's file in its field net: open "
                "that"
            )
        for name, shape in self._named_inputs():
            self._input(name, shape)
        scales = _scales(layers)
        done = set()
        for number, layer in enumerate(layers):
            if number not in done:
                scale = scales.get(number)
                if scale is not None:
                    done.add(scale)
                self._add(layer, layers[scale] if scale is not None else None)
        if self._used < len(self._given):
            raise TextError(f"it has {self._used} inputs, and {len(self._given)} were given")
        outputs = [self._values[each] for each in self._unread]
        if not outputs:
            raise TextError("it gives no output")
        return self._builder.graph(outputs, NO_WEIGHTS)

    def _layers(self) -> list[Message]:
        old = self._net.groups("layers")
        if any(each.groups("layer") for each in old):
            raise TextError(
                "it is of the Caffe of 2013. Convert it with Caffe's upgrade_net_proto_text"
            )
        return self._net.groups("layer") or old

    # Inputs

    def _named_inputs(self) -> list[tuple[str, Shape | None]]:
        """Return the inputs of a file that lists them in front of the layers."""
        names = [str(each) for each in self._net.all("input")]
        sizes = [whole(each, 0) for each in self._net.all("input_dim")]
        shapes = [tuple(sizes[n : n + 4]) for n in range(0, len(sizes), 4)]
        shapes += [tuple(each.all("dim")) for each in self._net.groups("input_shape")]
        if shapes and len(shapes) != len(names):
            raise TextError(f"it has {len(names)} inputs and the shapes of {len(shapes)}")
        if not shapes:
            return [(name, None) for name in names]
        return list(zip(names, shapes, strict=True))

    def _input(self, name: str, shape: Shape | None) -> None:
        """Add an input.

        Parameters
        ----------
        name
            Its name.
        shape
            Its sizes with the batch; None if the file does not say them.
        """
        if self._used < len(self._given):
            sizes: Shape = self._given[self._used].shape
        elif shape is None:
            raise TextError(
                f"it does not say the shape of its input {name!r}. Say it with --input, such as "
                "--input 3x224x224"
            )
        else:
            sizes = tuple(whole(each) for each in shape[1:])
        self._used += 1
        self._values[name] = self._builder.input(name, TensorSpec((BATCH, *sizes)))

    def _data(self, layer: Message, kind: str) -> None:
        """Add the input that a layer reads from a data set, if this is not done yet."""
        tops = [str(each) for each in layer.all("top")]
        self._labels.update(tops[1:])
        if not tops or tops[0] in self._values:
            return
        if kind == "Input":
            self._labels.difference_update(tops)
            shapes = [tuple(each.all("dim")) for each in layer.group("input_param").groups("shape")]
            if len(shapes) not in (1, len(tops)):
                raise TextError(f"its layer {layer.get('name')!r} has {len(shapes)} shapes")
            for number, top in enumerate(tops):
                self._input(top, shapes[number if len(shapes) > 1 else 0])
            return
        self._input(tops[0], _data_shape(layer))

    # Layers

    def _add(self, layer: Message, scale: Message | None) -> None:
        kind = _type(layer)
        if kind in _DATA:
            self._data(layer, kind)
            return
        bottoms = [str(each) for each in layer.all("bottom")]
        if kind in _MEASURING:
            return
        if kind.endswith("Loss"):
            self._builder.note(
                f"The loss {kind} was left out: choose the loss in the recipe. The network returns "
                "what the loss read."
            )
            return
        name = str(layer.get("name", kind))
        missing = [each for each in bottoms if each not in self._values]
        if missing:
            raise TextError(f"its layer {name!r} reads {missing[0]!r}, which no layer gives")
        call = Call(
            kind=kind,
            name=name,
            layer=layer,
            builder=self._builder,
            inputs=[self._values[each] for each in bottoms],
            read=_no_values,
            keys=self._keys,
            scale=scale,
        )
        results = self._results(call)
        tops = [str(each) for each in (scale or layer).all("top")]
        if len(tops) != len(results):
            raise TextError(f"its layer {name!r} gives {len(results)} results, not {len(tops)}")
        for bottom in bottoms:
            self._unread.pop(bottom, None)
        for top, ref in zip(tops, results, strict=True):
            self._values[top] = ref
            self._unread[top] = None

    def _results(self, call: Call) -> Sequence[Ref]:
        handler = HANDLERS.get(call.kind)
        try:
            if handler is None:
                raise NotExpressedError
            found = handler(call)
            return [found] if isinstance(found, Ref) else found
        except NotExpressedError as reason:
            why = f" ({reason})" if str(reason) else ""
            call.builder.note(
                f"The layer {call.kind} {call.name} is not known{why}; it was taken to give the "
                "shape that it reads: replace it by other layers."
            )
        arguments: dict[str, Any] = {
            f"argument {number}": ref for number, ref in enumerate(call.inputs)
        }
        return [
            call.emit(f"caffe.{call.kind}", call.shape(), **arguments)
            for _ in call.layer.all("top")
        ]


def _no_values() -> Any:
    raise DesignerError(NO_WEIGHTS)


def _type(layer: Message) -> str:
    kind = layer.get("type")
    if not isinstance(kind, str):
        raise TextError(f"its layer {layer.get('name')!r} has no type")
    return _OLD_TYPES.get(kind, kind)


def _predicts(layer: Message) -> bool:
    """Return whether a layer is part of the network when it is tested."""
    includes, excludes = layer.groups("include"), layer.groups("exclude")
    if includes:
        return any(_meets(each) for each in includes)
    return not any(_meets(each) for each in excludes)


def _meets(rule: Message) -> bool:
    return rule.get("phase", "TEST") in ("TEST", 1) and not rule.all("stage")


def _scales(layers: Sequence[Message]) -> dict[int, int]:
    """Return for each BatchNorm the Scale that alone reads it, by their numbers."""
    found = {}
    for number, layer in enumerate(layers):
        if _type(layer) != "BatchNorm" or len(layer.all("top")) != 1:
            continue
        top = layer.get("top")
        for later in range(number + 1, len(layers)):
            other = layers[later]
            if top in other.all("bottom"):
                of = other.group("scale_param")
                alone = _type(other) == "Scale" and other.all("bottom") == [top]
                plain = of.get("axis", 1) == 1 and of.get("num_axes", 1) == 1
                again = [each for each in layers[later + 1 :] if top in each.all("bottom")]
                if alone and plain and (other.get("top") == top or not again):
                    found[number] = later
                break
    return found


def _data_shape(layer: Message) -> Shape | None:
    """Return the shape of what a data layer gives, as far as it says it."""
    memory = layer.group("memory_data_param")
    if memory.get("channels") is not None:
        return (1, *(whole(memory.get(each)) for each in ("channels", "height", "width")))
    dummy = layer.group("dummy_data_param")
    if dummy.groups("shape"):
        return tuple(dummy.groups("shape")[0].all("dim"))
    crop = layer.group("transform_param").get("crop_size") or layer.group(
        "data_param", "image_data_param"
    ).get("crop_size")
    return (1, 3, whole(crop), whole(crop)) if crop else None
