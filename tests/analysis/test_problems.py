"""Every kind of problem: its node, numbers and message, and that each offered fix solves it."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import designer
from designer.analysis.analysis import analyze
from designer.analysis.problems import Problem, Severity
from designer.design.edits import insert_on_edge
from designer.design.files import dumps, loads
from designer.design.values import Design, Edge, LayerNode
from designer.errors import DesignerError
from tests.analysis.drawing import IMAGE, OUTPUT, block, chain, design

SOURCE = Path(designer.__file__).parent


def conv(channels: Any = 4, kernel: Any = 1, **more: Any) -> dict[str, Any]:
    return {"layer": "Conv2d", "out_channels": channels, "kernel_size": kernel, **more}


def join(layer: str, *shapes: list[int], **more: Any) -> Design:
    """Return inputs of these shapes, joined by n."""
    nodes: dict[str, Any] = {
        f"in{number}": {"layer": "Input", "shape": shape} for number, shape in enumerate(shapes)
    }
    edges = [[f"in{number}", f"n:{number}"] for number in range(len(shapes))]
    return design({**nodes, "n": {"layer": layer, **more}, "scores": OUTPUT},
                  [*edges, ["n", "scores"]])  # fmt: skip


class Case(NamedTuple):
    """A broken design and the problem that it has."""

    design: Design
    code: str
    message: str
    node: str = "n1"
    port: int | None = 0
    axis: str | None = None
    received: str = ""
    expected: str = ""
    origin: str = "image"
    severity: Severity = Severity.ERROR
    fixes: tuple[str, ...] = ()


LINEAR = {"layer": "Linear", "out_features": 10}
IN_BLOCK = {"B": block({"n1": conv(groups=2)}, [["x", "n1", "y"]])}
RESIDUAL = {
    "image": {"layer": "Input", "shape": [256, 56, 56]},
    "conv3": conv(512, 3, stride=2, padding=1),
    "shortcut": {"layer": "Identity"},
    "add": {"layer": "Add"},
    "scores": OUTPUT,
}
RESIDUAL_EDGES = [["image", "conv3", "add", "scores"], ["image", "shortcut", "add:1"]]

EVEN = {"default": 7, "where": "=n % 2 == 0", "rule": "even"}
DEPTH = {"where": "=(depth - 2) % (9 if wide else 6) == 0", "rule": "6n + 2, or 9n + 2 if wide"}

OPAQUE = {"layer": "Opaque", "operation": "aten.erfinv", "line": "model.py:12"}

CASES: dict[str, Case] = {
    # Operations that no layer expresses
    "an operation without a layer": Case(
        chain({**OPAQUE, "given": "3x8x8", "outputs": "3x8x8"}),
        "opaque",
        "n1: no layer expresses the operation aten.erfinv (model.py:12), so the design can neither "
        "be trained nor be written as code until you replace it by layers",
        severity=Severity.WARNING,
        origin="",
    ),
    "an operation with another input than in its file": Case(
        chain({**OPAQUE, "given": "3x9x9", "outputs": "3x9x9"}),
        "opaque-input",
        "n1: what the operation aten.erfinv (model.py:12) gives is known only for the input 3×9×9 "
        "that it has in its file, received 3×8×8 (from image)",
        received="3×8×8",
        expected="3×9×9",
    ),
    "an operation with more inputs than in its file": Case(
        chain({**OPAQUE, "outputs": "3x9x9"}),
        "opaque-input",
        "n1: what the operation aten.erfinv (model.py:12) gives is known only for the 0 inputs "
        "that it has in its file, received 1",
        received="1",
        expected="0",
    ),
    "an operation without outputs": Case(
        chain(OPAQUE),
        "opaque-outputs",
        "n1: Opaque has no outputs; give the shape of one, such as 64x7x7",
        received="none",
        expected="a shape",
    ),
    # What a layer's own parameters decide
    "more classes than codes": Case(
        chain({"layer": "RBF", "out_features": 9}, shape=[3]),
        "codes",
        "n1: 3 features have 4 different codes, not 9",
        axis="features",
        received="3",
        expected="at least 9",
        fixes=("set outputs to 4",),
    ),
    "a shift without learned factors": Case(
        chain({"layer": "Scale", "learned": False, "shift": True}),
        "shift",
        "n1: a shift can only be learned together with a factor",
        received="a shift without learned factors",
        expected="both or none",
        fixes=("learn the factors too", "leave the shift out"),
    ),
    # Rules of arguments
    "a rule of the design": Case(
        chain(conv(), depth={"default": 21, "min": 8, **DEPTH}, wide=False),
        "argument",
        "depth must be 6n + 2, or 9n + 2 if wide; received 21",
        "",
        port=None,
        origin="",
        fixes=("set depth to 20", "set depth to 26"),
    ),
    "a rule that another argument decides": Case(
        chain(conv(), depth={"default": 8, "min": 8, **DEPTH}, wide=True),
        "argument",
        "depth must be 6n + 2, or 9n + 2 if wide; received 8",
        "",
        port=None,
        origin="",
        fixes=("set depth to 11",),
    ),
    "a rule between choices": Case(
        chain(conv(), kind={"default": "a", "choices": ["a", "b", "c"],
                            "where": "=kind != 'a' or k == 1", "rule": "b or c unless k is 1"},
              k=2),
        "argument",
        "kind must be b or c unless k is 1; received a",
        "",
        port=None,
        origin="",
        fixes=("set kind to b", "set kind to c"),
    ),
    "a rule of a block's default": Case(
        chain({"block": "B"}, blocks={"B": block({"c": conv()}, [["x", "c", "y"]], n=EVEN)}),
        "argument",
        "n1: the argument 'n' of B must be even; received 7",
        port=None,
        origin="",
        fixes=("set n to 6", "set n to 8"),
    ),
    "a rule of a block, by an expression": Case(
        chain({"block": "B", "repeat": 3, "with": {"n": "=i"}},
              blocks={"B": block({"c": conv()}, [["x", "c", "y"]], n=EVEN)}),
        "argument",
        "n1: the argument 'n' of B must be even; received 1",
        port=None,
        origin="",
    ),
    "a rule that divides by zero": Case(
        chain(conv(), n={"default": 0, "where": "=6 % n == 0", "rule": "a divisor of 6"}),
        "argument",
        "n has a rule that cannot be evaluated: '=6 % n == 0' cannot be computed: ",
        "",
        port=None,
        origin="",
        fixes=("set n to -1", "set n to 1"),
    ),
    # The classic mistakes
    "missing Flatten": Case(
        chain(conv(4, 3), {"layer": "ReLU"}, LINEAR),
        "missing-flatten",
        "n3: without a Flatten, Linear acts on the width alone, the last axis of the image 4×6×6 "
        "(from n2)",
        "n3",
        axis="width",
        received="4×6×6",
        expected="144 features",
        origin="n1",
        severity=Severity.WARNING,
        fixes=("insert Flatten", "insert GlobalAvgPool2d"),
    ),
    "missing Flatten after a swap of height and width": Case(
        chain({"layer": "Permute", "order": [1, 3, 2]}, LINEAR, shape=[3, 6, 8]),
        "missing-flatten",
        "n2: without a Flatten, Linear acts on the height alone, the last axis of the image 3×8×6",
        "n2",
        axis="height",
        received="3×8×6",
        expected="144 features",
        origin="n1",
        severity=Severity.WARNING,
        fixes=("insert Flatten", "insert GlobalAvgPool2d"),
    ),
    "wrong channels into Add": Case(
        design(
            {"image": IMAGE, "a": conv(64), "b": conv(32), "add": {"layer": "Add"},
             "scores": OUTPUT},
            [["image", "a", "add", "scores"], ["image", "b", "add:1"]],
        ),
        "inputs-differ",
        "add: inputs differ in channels: 64×8×8 from a, 32×8×8 from b",
        "add",
        port=1,
        axis="channels",
        received="32×8×8",
        expected="64×8×8",
        origin="b",
        fixes=("set b to 64 channels", "insert a 1×1 projection to 64 channels"),
    ),
    "wrong shape into Add": Case(
        design(RESIDUAL, RESIDUAL_EDGES),
        "inputs-differ",
        "add: inputs differ in channels and height and width: 512×28×28 from conv3, 256×56×56 "
        "from shortcut",
        "add",
        port=1,
        axis="channels",
        received="256×56×56",
        expected="512×28×28",
        fixes=("insert a 1×1 projection to 512 channels, stride 2×2",),
    ),
    "kernel larger than the input": Case(
        chain(conv(4, 11)),
        "kernel-too-large",
        "n1: the kernel spans 11 rows or columns, but the input's height is 8 (from image)",
        axis="height",
        received="8",
        expected="at least 11",
        fixes=("set padding to 2×2", "set kernel size to 8×8"),
    ),
    "unconnected input": Case(
        design({"image": IMAGE, "n1": conv(), "scores": OUTPUT}, [["n1", "scores"]]),
        "unconnected-input",
        "n1: the input of Conv2d is not connected; draw an edge to it",
        origin="",
        fixes=("connect image to it",),
    ),
    "expression naming nothing": Case(
        chain(conv("=chanels"), channels=4),
        "expression",
        "n1: out_channels: the expression '=chanels' uses the unknown name 'chanels'; did you mean "
        "'channels'?",
        port=None,
        origin="",
        fixes=(
            "write =channels",
            "add the argument chanels = 64",
            "set out_channels to 64",
        ),
    ),
    # Parameters
    "unknown layer": Case(
        chain({"layer": "Conv2D"}),
        "unknown-layer",
        "n1: there is no layer type 'Conv2D'; did you mean Conv2d?",
        port=None,
        origin="",
        fixes=("make it a Conv2d", "make it a StdConv2d"),
    ),
    "unknown parameter": Case(
        chain(conv(filters=3)),
        "unknown-parameter",
        "n1: Conv2d has no parameter 'filters'; it has out_channels, kernel_size",
        port=None,
        origin="",
        fixes=("remove filters",),
    ),
    "a parameter where there are none": Case(
        chain({"layer": "ReLU", "inplace": True}),
        "unknown-parameter",
        "n1: ReLU has no parameter 'inplace'; it has none",
        port=None,
        origin="",
        fixes=("remove inplace",),
    ),
    "nearly known parameter": Case(
        chain(conv(strides=2)),
        "unknown-parameter",
        "n1: Conv2d has no parameter 'strides'; did you mean stride?",
        port=None,
        origin="",
        fixes=("remove strides",),
    ),
    "missing parameter": Case(
        chain({"layer": "Conv2d", "kernel_size": 3}),
        "missing-parameter",
        "n1: out_channels is not given; it takes a whole number of at least 1",
        port=None,
        origin="",
        fixes=("set out_channels to 64",),
    ),
    "parameter out of range": Case(
        chain({"layer": "Dropout", "p": 1.5}),
        "parameter",
        "n1: p takes a number from 0 to 1; received 1.5",
        port=None,
        origin="",
        fixes=("set p to 1.0",),
    ),
    "one parameter in two that is wrong": Case(
        chain(conv(4, [3, 0])),
        "parameter",
        "n1: kernel_size takes a whole number of at least 1, or two [height, width]; received "
        "[3, 0]",
        port=None,
        origin="",
        fixes=("set kernel_size to 3",),
    ),
    "bad groups": Case(
        chain(conv(6, groups=4), shape=[6, 8, 8]),
        "groups",
        "n1: 6 input channels do not divide into 4 groups (from image)",
        axis="channels",
        received="6",
        expected="a multiple of 4",
        fixes=("set groups to 3",),
    ),
    "bad groups of the output": Case(
        chain(conv(6, groups=4), shape=[8, 8, 8]),
        "groups",
        "n1: 6 output channels do not divide into 4 groups (from image)",
        axis="channels",
        received="6",
        expected="a multiple of 4",
        fixes=("set groups to 2", "set output channels to 8"),
    ),
    "bad groups of a transposed convolution": Case(
        chain({**conv(6, groups=4), "layer": "ConvTranspose2d"}, shape=[8, 8, 8]),
        "groups",
        "n1: 6 output channels do not divide into 4 groups (from image)",
        axis="channels",
        received="6",
        expected="a multiple of 4",
        fixes=("set groups to 1",),
    ),
    "bad groups of a norm": Case(
        chain({"layer": "GroupNorm", "num_groups": 4}, shape=[6, 8, 8]),
        "groups",
        "n1: 6 channels do not divide into 4 groups (from image)",
        axis="channels",
        received="6",
        expected="a multiple of 4",
        fixes=("set groups to 3",),
    ),
    "bad groups of a shuffle": Case(
        chain({"layer": "ChannelShuffle", "groups": 4}, shape=[6, 8, 8]),
        "groups",
        "n1: 6 channels do not divide into 4 groups (from image)",
        axis="channels",
        received="6",
        expected="a multiple of 4",
        fixes=("set groups to 1",),
    ),
    "same with a stride": Case(
        chain(conv(4, 3, padding="same", stride=2)),
        "same-with-stride",
        'n1: padding "same" needs stride 1, received stride 2×2 (from image)',
        received="stride 2×2",
        expected="stride 1",
        fixes=("set padding to 1×1", "set stride to 1"),
    ),
    "a large window": Case(
        chain({"layer": "MaxPool2d", "kernel_size": [3, 9]}),
        "kernel-too-large",
        "n1: the kernel spans 9 rows or columns, but the input's width is 8 (from image)",
        axis="width",
        received="8",
        expected="at least 9",
        fixes=("set padding to 0×1", "set kernel size to 3×8"),
    ),
    "a dilated kernel": Case(
        chain(conv(4, 4, dilation=4, padding=1)),
        "kernel-too-large",
        "n1: the kernel spans 13 rows or columns, but the input's height is 8 with padding "
        "1 on each side (from image)",
        axis="height",
        received="8",
        expected="at least 11",
        fixes=("set padding to 3×3", "set kernel size to 3×3"),
    ),
    "a window much too large": Case(
        chain({"layer": "StochasticPool2d", "kernel_size": 9}),
        "kernel-too-large",
        "n1: the kernel spans 9 rows or columns, but the input's height is 8 (from image)",
        axis="height",
        received="8",
        expected="at least 9",
        fixes=("set kernel size to 8×8",),
    ),
    "fractional windows": Case(
        chain({"layer": "FractionalMaxPool2d", "kernel_size": 5, "output_ratio": 0.9}),
        "kernel-too-large",
        "n1: windows of 5 do not fit 7 times into the input's height of 8 (from image)",
        axis="height",
        received="8",
        expected="at least 11",
        fixes=("set kernel size to 1",),
    ),
    "an image too small for fractional windows": Case(
        chain({"layer": "FractionalMaxPool2d"}, shape=[3, 1, 1]),
        "kernel-too-large",
        "n1: windows of 2 do not fit 0 times into the input's height of 1 (from image)",
        axis="height",
        received="1",
        expected="at least 2",
    ),
    "padding of more than half a window": Case(
        chain({"layer": "AvgPool2d", "kernel_size": 3, "padding": 2}),
        "padding-too-large",
        "n1: padding of 2 is more than half the window's 3 (from image)",
        axis="height",
        received="2",
        expected="at most 1",
        fixes=("set padding to 1×1",),
    ),
    "a dilated window that steps over the image": Case(
        chain({"layer": "MaxPool2d", "kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2},
              shape=[3, 4, 1]),
        "window-without-values",
        "n1: a window lies entirely in the padding: with a dilation of 2 its elements step over "
        "the whole width of 1 (from image)",
        axis="width",
        received="2",
        expected="at most 1",
        fixes=("set dilation to 2×1",),
    ),
    "a reflection of more than the image": Case(
        chain(conv(4, 3, padding=8, padding_mode="reflect")),
        "padding-too-large",
        "n1: reflect padding of 8 needs more rows or columns than the input's height of 8 has",
        axis="height",
        received="8",
        expected="at least 9",
        fixes=("fill with zeros",),
    ),
    "the same, where the padding follows": Case(
        chain(conv(4, 18, padding="same", padding_mode="circular")),
        "padding-too-large",
        "n1: circular padding of 9 needs more rows or columns than the input's height of 8 has",
        axis="height",
        received="8",
        expected="at least 9",
        fixes=("fill with zeros",),
    ),
    "output padding": Case(
        chain({**conv(4, 3, stride=2, output_padding=2), "layer": "ConvTranspose2d"}),
        "output-padding",
        "n1: output padding of 2 must be smaller than stride or dilation, here 2 (from image)",
        axis="height",
        received="2",
        expected="less than 2",
        fixes=("set output padding to 0",),
    ),
    "padding that cuts all": Case(
        chain({**conv(4, 3, padding=5), "layer": "ConvTranspose2d"}),
        "nothing-left",
        "n1: padding 5×5 cuts away the whole output (0×0) (from image)",
        received="0×0",
        expected="at least 1×1",
        fixes=("set padding to 0",),
    ),
    # Shapes
    "features into a convolution": Case(
        chain(conv(), shape=[12]),
        "not-an-image",
        "n1: Conv2d needs an image (channels × height × width), received 12 (from image)",
        received="12",
        expected="channels × height × width",
        fixes=("insert Reshape to 12×1×1",),
    ),
    "a sequence into a convolution": Case(
        chain(conv(), shape=[12, 5]),
        "not-an-image",
        "n1: Conv2d needs an image (channels × height × width), received 12×5 (from image)",
        received="12×5",
        expected="channels × height × width",
    ),
    "an image into a convolution of sequences": Case(
        chain({**conv(), "layer": "Conv1d"}),
        "not-a-sequence",
        "n1: Conv1d needs a sequence (channels × length), received 3×8×8 (from image)",
        received="3×8×8",
        expected="channels × length",
    ),
    "features into a convolution of volumes": Case(
        chain({**conv(), "layer": "Conv3d"}, shape=[12]),
        "not-a-volume",
        "n1: Conv3d needs a volume (channels × depth × height × width), received 12 (from image)",
        received="12",
        expected="channels × depth × height × width",
        fixes=("insert Reshape to 12×1×1×1",),
    ),
    "a kernel longer than the sequence": Case(
        chain({**conv(4, 9, padding=0), "layer": "Conv1d"}, shape=[3, 5]),
        "kernel-too-large",
        "n1: the kernel spans 9 positions, but the input's length is 5 (from image)",
        axis="length",
        received="5",
        expected="at least 9",
        fixes=("set padding to 2", "set kernel size to 5"),
    ),
    "sides of another number of axes": Case(
        chain({"layer": "Pad", "padding": [1, 2]}),
        "padding-sides",
        "n1: an image of 3×8×8 has 4 sides, but padding is given for 2 (from image)",
        received="2",
        expected="1 or 4 numbers",
        fixes=("set padding to 2 on all sides",),
    ),
    "no size to resize to": Case(
        chain({"layer": "Resize"}),
        "resize",
        "n1: Resize takes a size or a scale factor; received neither (from image)",
        received="neither",
        expected="one of both",
        fixes=("set scale factor to 2",),
    ),
    "a size that unpooling cannot give": Case(
        design(
            {
                "image": {"layer": "Input", "shape": [1, 8, 8]},
                "pool": {"layer": "MaxPool2d", "kernel_size": 2, "return_indices": True},
                "back": {"layer": "MaxUnpool2d", "kernel_size": 2, "output_size": [11, 8]},
                "scores": OUTPUT,
            },
            [["image", "pool", "back", "scores"], ["pool:1", "back:1"]],
        ),
        "output-size",
        "back: the output's height can be from 7 to 9; received 11 (from pool)",
        node="back",
        origin="pool",
        axis="height",
        received="11",
        expected="7 to 9",
        fixes=("leave the output size out",),
    ),
    "a wrong number of windows": Case(
        chain({"layer": "Fold", "kernel_size": 2, "output_size": 3}, shape=[4, 5]),
        "windows",
        "n1: an image of 3×3 has 2×2 = 4 windows of 2×2, but the input's length is 5 (from image)",
        axis="length",
        received="5",
        expected="4",
    ),
    "pixels that are no squares": Case(
        chain({"layer": "PixelUnshuffle"}, shape=[1, 5, 4]),
        "sides",
        "n1: the input's height of 5 does not divide by 2 (from image)",
        axis="height",
        received="5",
        expected="a multiple of 2",
    ),
    "interpolation for another number of axes": Case(
        chain({"layer": "Upsample", "mode": "trilinear"}),
        "mode",
        "n1: the mode trilinear interpolates a volume, received an image of 3×8×8 (from image)",
        received="3×8×8",
        expected="channels × depth × height × width",
        fixes=("set mode to bilinear",),
    ),
    "an image into a norm of features": Case(
        chain({"layer": "BatchNorm1d"}),
        "not-features",
        "n1: BatchNorm1d needs features, received the image 3×8×8; BatchNorm2d normalizes images",
        received="3×8×8",
        expected="features",
    ),
    "one value": Case(
        chain({"layer": "InstanceNorm2d"}, shape=[3, 1, 1]),
        "one-value",
        "n1: InstanceNorm2d needs more than one value per channel, received 1×1",
        received="1×1",
        expected="more than one position",
    ),
    "reshape to another number": Case(
        chain({"layer": "Reshape", "shape": [5, -1]}),
        "reshape",
        "n1: the 192 values of 3×8×8 do not fit 5×-1 (from image)",
        received="192",
        expected="5",
        fixes=("make it a single axis",),
    ),
    "reshape with two open axes": Case(
        chain({"layer": "Reshape", "shape": [-1, -1]}),
        "reshape",
        "n1: a shape has sizes of at least 1 and at most one -1; received -1×-1",
        received="-1×-1",
        expected="at most one -1",
    ),
    "split into unequal parts": Case(
        chain({"layer": "Split", "chunks": 2}),
        "chunks",
        "n1: 3 channels do not divide into 2 equal parts (from image)",
        axis="channels",
        received="3",
        expected="a multiple of 2",
    ),
    "fractions where tokens are needed": Case(
        chain({"layer": "Embedding", "num_embeddings": 5, "embedding_dim": 2}),
        "integer-input",
        "n1: Embedding takes whole numbers, such as tokens, but its input is of fractions; an "
        "Input gives whole numbers if its dtype is int64 (from image)",
        received="fractions",
        expected="whole numbers",
    ),
    "too many axes": Case(
        design(
            {
                "tokens": {"layer": "Input", "shape": [1] * 6, "dtype": "int64"},
                "n1": {"layer": "Embedding", "num_embeddings": 5, "embedding_dim": 2},
                "scores": OUTPUT,
            },
            [["tokens", "n1", "scores"]],
        ),
        "too-many-axes",
        "n1: the input has 6 axes besides the batch; another one is too many (from tokens)",
        received="6",
        expected="at most 5",
        origin="tokens",
    ),
    "a lower bound above the upper one": Case(
        chain({"layer": "Hardtanh", "min_val": 2, "max_val": 1}),
        "bounds",
        "n1: the lower bound 2 is not below the upper one 1 (from image)",
        received="2 and 1",
        expected="a lower bound below the upper one",
        fixes=("set the bounds to -1 and 1",),
    ),
    "permute": Case(
        chain({"layer": "Permute", "order": [1, 2, 2]}),
        "permute",
        "n1: the order must name each of the axes 1, 2, 3 of 3×8×8 once, received 1, 2, 2",
        received="1, 2, 2",
        expected="1, 2, 3",
        fixes=("keep the order",),
    ),
    "slice of nothing": Case(
        chain({"layer": "Slice", "start": 2, "stop": 2}),
        "slice",
        "n1: the range from 2 to 2 is empty (from image)",
        received="2",
        expected="a stop above 2",
        fixes=("set stop to 3",),
    ),
    "slice beyond the end": Case(
        chain({"layer": "Slice", "dim": 2, "stop": 9}),
        "slice",
        "n1: the range 0 to 9 exceeds the input's height of 8 (from image)",
        axis="height",
        received="8",
        expected="at least 9",
        fixes=("set stop to 8",),
    ),
    "slice of an axis that is not there": Case(
        chain({"layer": "Slice", "dim": 2, "stop": 9}, shape=[5]),
        "no-such-axis",
        "n1: Slice needs an axis 2, but the input 5 has only 1 besides the batch (from image)",
        received="1",
        expected="at least 2",
    ),
    "channels that do not shuffle into pixels": Case(
        chain({"layer": "PixelShuffle"}),
        "channels",
        "n1: 3 channels do not divide by 2² = 4 (from image)",
        axis="channels",
        received="3",
        expected="a multiple of 4",
    ),
    "a shortcut that would cut": Case(
        chain({"layer": "Shortcut", "out_channels": 2, "option": "A"}),
        "channels",
        "n1: option A can only add channels, not turn 3 into 2 (from image)",
        axis="channels",
        received="3",
        expected="at most 2",
    ),
    "softmax over an axis that is not there": Case(
        chain({"layer": "Softmax", "dim": 2}, shape=[5]),
        "no-such-axis",
        "n1: Softmax needs an axis 2, but the input 5 has only 1 besides the batch (from image)",
        received="1",
        expected="at least 2",
    ),
    "a norm over more axes than there are": Case(
        chain({"layer": "LayerNorm", "axes": 3}, shape=[5]),
        "no-such-axis",
        "n1: the input 5 has fewer than 3 axes (from image)",
        received="1",
        expected="at least 3",
        fixes=("normalize all axes",),
    ),
    "concat along an axis that is not there": Case(
        join("Concat", [5], [5], dim=2),
        "no-such-axis",
        "n: Concat needs an axis 2, but the input 5 has only 1 besides the batch (from in0)",
        "n",
        received="1",
        expected="at least 2",
        origin="in0",
    ),
    "concat of different heights": Case(
        join("Concat", [3, 8, 8], [3, 8, 8], [3, 7, 8]),
        "inputs-differ",
        "n: inputs differ in height: 3×8×8 from in0, 3×7×8 from in2",
        "n",
        port=2,
        axis="height",
        received="3×7×8",
        expected="height 8",
        origin="in2",
    ),
    "concat of an image and features": Case(
        join("Concat", [3, 8, 8], [12]),
        "inputs-differ",
        "n: inputs differ in their number of axes: 3×8×8 from in0, 12 from in1",
        "n",
        port=1,
        received="12",
        expected="3×8×8",
        origin="in1",
    ),
    "add of features and an image": Case(
        join("Add", [12], [3, 2, 2]),
        "inputs-differ",
        "n: inputs differ in their number of axes: 12 from in0, 3×2×2 from in1",
        "n",
        port=1,
        received="3×2×2",
        expected="12",
        origin="in1",
        fixes=("insert Flatten",),
    ),
    "multiply of different features": Case(
        design(
            {"in0": {"layer": "Input", "shape": [8]}, "a": LINEAR, "b": {**LINEAR,
             "out_features": 5}, "n": {"layer": "Multiply"}, "scores": OUTPUT},
            [["in0", "a", "n", "scores"], ["in0", "b", "n:1"]],
        ),
        "inputs-differ",
        "n: inputs differ in features: 10 from a, 5 from b",
        "n",
        port=1,
        axis="features",
        received="5",
        expected="10",
        origin="b",
        fixes=("set b to 10 features",),
    ),
    "beyond any memory": Case(
        chain({"layer": "ZeroPad2d"}, shape=[10**9, 10**6, 10**6]),
        "too-large",
        "image: its output 1000000000×1000000×1000000 is larger than any memory; make it smaller",
        "image",
        port=None,
        origin="",
    ),
    "a spread below zero": Case(
        chain(conv(weight_init="normal", weight_init_value=-0.5)),
        "initialization",
        "n1: normal needs a value of at least 0; received -0.5",
        received="-0.5",
        expected="at least 0",
        fixes=("set it to 0.5",),
    ),
    # Ports and edges
    "an unconnected input of several": Case(
        design({"image": IMAGE, "n1": {"layer": "Add"}, "scores": OUTPUT},
               [["image", "n1:1"], ["n1", "scores"]]),
        "unconnected-input",
        "n1: input 0 of Add is not connected; draw an edge to it",
        origin="",
    ),
    "an unconnected input of a block": Case(
        design({"image": IMAGE, "n1": {"block": "B"}, "scores": OUTPUT}, [["n1", "scores"]],
               IN_BLOCK),
        "unconnected-input",
        "n1: the input x of B is not connected; draw an edge to it",
        origin="",
    ),
    "an edge too many": Case(
        design({"image": IMAGE, "n1": conv(), "scores": OUTPUT},
               [["image", "n1", "scores"], ["image", "n1:1"]]),
        "no-such-input",
        "n1: Conv2d has only 1 input, but an edge enters input 1",
        port=1,
        origin="",
        fixes=("remove the edge",),
    ),
    "edges too many": Case(
        design({"image": IMAGE, "n1": conv(), "scores": OUTPUT},
               [["image", "n1", "scores"], ["image", "n1:1"], ["image", "n1:5"]]),
        "no-such-input",
        "n1: Conv2d has only 1 input, but an edge enters input 5",
        port=1,
        origin="",
        fixes=("remove these edges",),
    ),
    "an edge into the image": Case(
        design({"a": IMAGE, "n1": IMAGE, "scores": OUTPUT}, [["a", "n1", "scores"]]),
        "no-such-input",
        "n1: Input has no inputs, but an edge enters input 0",
        origin="",
        fixes=("remove the edge",),
    ),
    "an edge too many into a block": Case(
        design({"image": IMAGE, "n1": {"block": "C"}, "scores": OUTPUT},
               [["image", "n1", "scores"], ["image", "n1:2"]],
               {"C": block({"n": conv()}, [["x", "n", "y"]])}),
        "no-such-input",
        "n1: C has 1 inputs, but an edge enters input 2",
        port=1,
        origin="",
        fixes=("remove the edge",),
    ),
    "an edge from an output that is not there": Case(
        design({"image": IMAGE, "n1": conv(), "a": OUTPUT, "b": OUTPUT},
               [["image", "n1", "a"], ["n1:1", "b"]]),
        "no-such-output",
        "n1: an edge leaves its output 1, which does not exist; remove that edge",
        port=1,
        origin="",
    ),
    "nothing reads it": Case(
        design({"image": IMAGE, "n1": conv(), "n2": conv(), "scores": OUTPUT},
               [["image", "n1"], ["image", "n2", "scores"]]),
        "unread",
        "n1: nothing reads its output; connect it or remove it",
        port=None,
        origin="",
        fixes=("remove n1",),
    ),
    "a cycle": Case(
        design({"image": IMAGE, "n1": {"layer": "Add"}, "n2": conv(3), "scores": OUTPUT},
               [["image", "n1", "n2", "scores"], ["n2", "n1:1"]]),
        "cycle",
        "n1: lies on a cycle, n1 → n2 → n1; remove one of its edges",
        port=None,
        origin="",
    ),
    "an Input in a block": Case(
        chain({"block": "B"}, blocks={"B": block({"n": conv(), "in1": IMAGE},
                                                 [["x", "n", "y"]])}),
        "misplaced",
        "in1: Input belongs in the design's own graph; a block declares the names of its inputs "
        "and outputs instead",
        "in1",
        port=None,
        origin="",
    ),
    # Blocks
    "no such block": Case(
        Design("d", graph=chain({"block": "B"}, blocks=IN_BLOCK).graph),
        "unknown-block",
        "n1: this design has no block 'B'; choose another one",
        port=None,
        origin="",
    ),
    "an unknown argument": Case(
        chain({"block": "B", "with": {"width": 4}},
              blocks={"B": block({"n": conv()}, [["x", "n", "y"]], channels=1)}),
        "unknown-argument",
        "n1: B has no argument 'width'; it has channels",
        port=None,
        origin="",
        fixes=("remove width",),
    ),
    "an argument out of range": Case(
        chain({"block": "B", "with": {"channels": True}},
              blocks={"B": block({"n": conv()}, [["x", "n", "y"]], channels=1)}),
        "argument",
        "n1: the argument 'channels' of B takes a whole number; received True",
        port=None,
        origin="",
    ),
    "repeat": Case(
        chain({"block": "B", "repeat": -2}, blocks=IN_BLOCK),
        "repeat",
        "n1: repeat takes a whole number from 0 to 1000; received -2",
        port=None,
        origin="",
    ),
    "a when without its equals sign": Case(
        chain({"layer": "ReLU", "when": "flag"}, flag=True),
        "when",
        "n1: when takes true or false; received 'flag'",
        port=None,
        origin="",
    ),
    "a block in itself": Case(
        chain({"block": "B"}, blocks={"B": block({"n": {"block": "B"}}, [["x", "n", "y"]])}),
        "recursive",
        "n1: the block B contains itself; remove one of these uses",
        port=None,
        origin="",
    ),
    "an output of a block without an edge": Case(
        chain({"block": "B"},
              blocks={"B": block({"n": conv(), "m": conv()}, [["x", "n", "m"]])}),
        "unconnected-output",
        "the output y of B is not connected; draw an edge to it",
        "y",
        port=None,
        origin="",
    ),
    "no Input": Case(
        design({"scores": OUTPUT}, []),
        "no-input",
        "the design has no Input; add one where data enters",
        "",
        port=None,
        origin="",
    ),
    "no Output": Case(
        design({"image": IMAGE}, []),
        "no-output",
        "the design has no Output; add one where data leaves",
        "",
        port=None,
        origin="",
    ),
    # Attention, sequences and tensors of the network
    "dropout after the only recurrent layer": Case(
        chain({"layer": "LSTM", "hidden_size": 4, "dropout": 0.5}, shape=[5, 3]),
        "dropout",
        "n1: dropout acts between layers, but num_layers is 1; a Dropout layer behind this",
        received="0.5",
        expected="0",
    ),
    "features that do not divide into heads": Case(
        chain({"layer": "MultiheadAttention", "num_heads": 4}, shape=[5, 6]),
        "heads",
        "n1: 6 features do not divide into 4 heads (from image)",
        axis="features",
        received="6",
        expected="a multiple of 4",
        fixes=("set heads to 3",),
    ),
    "attention over an image": Case(
        chain({"layer": "MultiheadAttention"}, shape=[3, 8, 8]),
        "not-tokens",
        "n1: MultiheadAttention needs tokens × features; Reshape and Permute turn an image into",
        received="3×8×8",
        expected="tokens × features",
    ),
    "a mask that does not fit": Case(
        join("MultiheadAttention", [5, 8], [5, 4], num_heads=2, mask="input"),
        "mask",
        "n: the last input is added to the scores 2×5×5, of which the last two axes are queries",
        "n",
        port=1,
        received="5×4",
        expected="2×5×5",
        origin="in1",
    ),
    "attention with an input too many": Case(
        join("ScaledDotProductAttention", [2, 5, 8], [2, 5, 8], [2, 5, 8], [5, 5]),
        "number-of-inputs",
        "n: with the mask none, ScaledDotProductAttention takes queries, keys and values; it has 4",
        "n",
        port=3,
        received="4 inputs",
        expected="queries, keys and values",
        origin="in3",
        fixes=("add the last input to the scores",),
    ),
    "outputs that are no queries, keys and values": Case(
        chain({"layer": "QueryKeyValue", "out_features": 8}, shape=[5]),
        "features",
        "n1: 8 outputs do not divide into queries, keys and values (from image)",
        axis="features",
        received="8",
        expected="a multiple of 3",
        fixes=("set outputs to 9",),
    ),
    "matrices that fit the other way round": Case(
        join("MatMul", [5, 4], [5, 4]),
        "matrices",
        "n: the rows of the first input have 4 values, the columns of the second one 5; both must",
        "n",
        port=1,
        received="5×4",
        expected="4 rows",
        origin="in1",
        fixes=("transpose the second input",),
    ),
    "a product of rows": Case(
        join("MatMul", [5], [5]),
        "too-few-axes",
        "n: MatMul multiplies the last two axes as matrices, but an input has the shape 5",
        "n",
        received="5",
        expected="at least two axes",
        origin="in0",
    ),
    "a negative number under the root of a norm": Case(
        chain({"layer": "RMSNorm", "eps": -1}, shape=[5]),
        "eps",
        "n1: eps must be at least 0, received -1 (from image)",
        received="-1.0",
        expected="at least 0",
        fixes=("use torch's own",),
    ),
    "a list that does not fill its shape": Case(
        design({"image": {"layer": "Input", "shape": [3]}, "add": {"layer": "Add"},
                "n1": {"layer": "Constant", "shape": [2, 2], "values": "list",
                       "numbers": [1, 2, 3]}, "scores": OUTPUT},
               [["image", "add", "scores"], ["n1", "add:1"]]),
        "numbers",
        "n1: the shape 2×2 has 4 values, but the list has 3",
        received="3",
        expected="4",
        origin="",
        fixes=("make the shape 3",),
    ),
    # Arithmetic, windows and picked positions
    "a clamp without bounds": Case(
        chain({"layer": "Clamp", "min": None}),
        "clamp",
        "n1: Clamp needs a smallest value, a largest value, or both (from image)",
        received="neither",
        expected="at least one of them",
        fixes=("set the smallest to 0",),
    ),
    "a clamp whose bounds are exchanged": Case(
        chain({"layer": "Clamp", "min": 2, "max": 1}),
        "clamp",
        "n1: the smallest value 2 is above the largest 1 (from image)",
        received="2.0",
        expected="at most 1",
        fixes=("exchange them",),
    ),
    "a reduction of all axes": Case(
        chain({"layer": "Reduce", "dim": [1]}, shape=[5]),
        "no-axis-left",
        "n1: no axis is left; keep the axes with size 1 (keepdim), or leave one out of dim",
        received="5",
        expected="at least one axis",
        fixes=("keep the axes",),
    ),
    "a reduction that names an axis twice": Case(
        chain({"layer": "Reduce", "dim": [2, 2]}),
        "reduce",
        "n1: an axis is named twice in 2, 2 (from image)",
        received="2, 2",
        expected="different axes",
        fixes=("name it once",),
    ),
    "a position that is not there": Case(
        chain({"layer": "Index", "indices": [0, 7]}, shape=[5]),
        "index",
        "n1: there is no position 7 among 5 features, which count from 0 to 4 (from image)",
        axis="features",
        received="7",
        expected="at most 4",
        fixes=("leave the missing ones out",),
    ),
    "fewer shifts than axes": Case(
        chain({"layer": "Roll", "shifts": [1], "dim": [2, 3]}),
        "roll",
        "n1: there must be a shift for each axis; received 1 for 2 axes (from image)",
        received="1",
        expected="2 shifts",
        fixes=("take the first shift for all",),
    ),
    "an image that does not divide into windows": Case(
        chain({"layer": "WindowPartition", "window_size": 3, "channels_axis": "first"}),
        "window",
        "n1: the image's height of 8 is no multiple of the window's 3; pad the image, or take",
        axis="height",
        received="8",
        expected="a multiple of 3",
    ),
    "windows that form no square": Case(
        chain({"layer": "WindowMerge", "window_size": 2}, shape=[3, 4, 5]),
        "window",
        "n1: 3 windows of 2×2 form no square image: set height (from image)",
        received="3",
        expected="as many windows as a square has",
    ),
    "windows that form no image of a height": Case(
        chain({"layer": "WindowMerge", "window_size": 2, "height": 3}, shape=[3, 4, 5]),
        "window",
        "n1: 3 windows of 2×2 form no image of height 3 (from image)",
        received="3",
        expected="a multiple of 2 by which the windows divide",
    ),
}  # fmt: skip


def find(made: Design, code: str, node: str) -> Problem:
    found = [each for each in analyze(made).problems if (each.code, each.node) == (code, node)]
    assert found, [(each.code, each.message) for each in analyze(made).problems]
    return found[0]


@pytest.mark.parametrize("name", CASES)
def test_problems(name: str) -> None:
    case = CASES[name]
    problem = find(case.design, case.code, case.node)
    assert problem.message.startswith(case.message)
    assert "\n" not in problem.message
    assert (problem.port, problem.axis) == (case.port, case.axis)
    assert (problem.received, problem.expected) == (case.received, case.expected)
    assert problem.origin == case.origin
    assert tuple(fix.label for fix in problem.fixes) == case.fixes
    assert problem.severity is case.severity
    assert analyze(case.design).valid is (case.severity is Severity.WARNING)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.fixes])
def test_every_fix_solves_its_problem(name: str) -> None:
    made = CASES[name].design
    before = analyze(made)
    for problem in before.problems:
        for fix in problem.fixes:
            fixed = fix(made)
            assert fixed != made
            assert loads(dumps(fixed)).blocks == fixed.blocks  # what is mended can be saved
            after = analyze(fixed, before)
            assert [each.message for each in after.problems] == [
                each.message for each in analyze(fixed).problems
            ]
            left = [(each.code, each.path, each.port, each.axis) for each in after.problems]
            assert (problem.code, problem.path, problem.port, problem.axis) not in left, fix.label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("missing Flatten", "insert Flatten"),
        ("missing Flatten", "insert GlobalAvgPool2d"),
        ("wrong channels into Add", "set b to 64 channels"),
        ("wrong channels into Add", "insert a 1×1 projection to 64 channels"),
        ("wrong shape into Add", "insert a 1×1 projection to 512 channels, stride 2×2"),
        ("kernel larger than the input", "set padding to 2×2"),
        ("kernel larger than the input", "set kernel size to 8×8"),
        ("a large window", "set padding to 0×1"),
        ("add of features and an image", "insert Flatten"),
        ("an edge too many", "remove the edge"),
        ("nothing reads it", "remove n1"),
    ],
)
def test_fixes_that_leave_nothing_wrong(name: str, label: str) -> None:
    case = CASES[name]
    problem = find(case.design, case.code, case.node)
    fix = next(each for each in problem.fixes if each.label == label)
    analysis = analyze(fix(case.design))
    assert analysis.valid, analysis.problems


def test_an_input_with_an_unknown_tensor_is_not_reported_as_missing() -> None:
    made = design(
        {"image": {"layer": "Input", "shape": [0, 8, 8]}, "out": OUTPUT}, [["image", "out"]]
    )
    assert [each.code for each in analyze(made).problems] == ["parameter"]


def test_a_fix_in_a_block_edits_the_block() -> None:
    made = chain({"block": "B", "repeat": 2}, {"block": "B"}, blocks=IN_BLOCK)
    problem = analyze(made).problems[0]
    assert (problem.path, problem.block, problem.node) == ("n1.0.n1", "B", "n1")
    assert problem.origin == "x"
    assert problem.message.endswith("do not divide into 2 groups (from x)")
    fixed = problem.fixes[0](made)
    assert fixed.graph is made.graph
    assert fixed.blocks["B"].graph.nodes["n1"] == LayerNode("Conv2d", {
        "out_channels": 4, "kernel_size": 1, "groups": 1
    })  # fmt: skip
    assert analyze(fixed).valid


def test_a_flatten_in_a_block() -> None:
    inner = block({"n": {"layer": "ReLU"}, "fc": LINEAR}, [["x", "n", "fc", "y"]])
    made = chain({"block": "B"}, blocks={"B": inner})
    (problem,) = analyze(made).problems
    assert (problem.path, problem.origin) == ("n1.fc", "x")
    fixed = problem.fixes[0](made)
    assert [*fixed.blocks["B"].graph.nodes] == ["n", "flatten", "fc"]
    assert analyze(fixed).valid


def test_no_fix_is_offered_for_an_edge_that_the_design_does_not_have() -> None:
    """The edge that bridges an absent node cannot be edited."""
    gone = {"layer": "ReLU", "when": False}
    (problem,) = analyze(chain(conv(), gone, LINEAR)).problems
    assert problem.code == "missing-flatten"
    assert problem.fixes == ()


def test_a_surplus_edge_after_an_absent_node_can_be_removed() -> None:
    gone = {"layer": "ReLU", "when": False}
    nodes = {"image": IMAGE, "gone": gone, "n1": conv(), "scores": OUTPUT}
    made = design(nodes, [["image", "n1", "scores"], ["image", "gone", "n1:1"]])
    problem = find(made, "no-such-input", "n1")
    fixed = problem.fixes[0](made)
    assert Edge("gone", 0, "n1", 1) not in fixed.graph.edges
    assert "no-such-input" not in {each.code for each in analyze(fixed).problems}


def test_a_fix_of_a_design_that_has_moved_on_is_refused() -> None:
    case = CASES["missing Flatten"]
    fix = find(case.design, case.code, case.node).fixes[0]
    edge = Edge("n2", 0, "n3", 0)
    moved = insert_on_edge(case.design, edge, "dropout", LayerNode("Dropout"))
    with pytest.raises(DesignerError, match="may have been removed"):
        fix(moved)


def test_shapes_come_from_where_they_were_made() -> None:
    """The search goes back past norms, activations and dropout, which keep the shape."""
    layers = [conv(), {"layer": "BatchNorm2d"}, {"layer": "ReLU"}, {"layer": "Dropout"}, LINEAR]
    (problem,) = analyze(chain(*layers)).problems
    assert problem.origin == "n1"
    assert problem.message.endswith("(from n4)")


def test_all_faults_of_a_node_are_reported_at_once() -> None:
    node = {"layer": "Conv2d", "kernel_size": 0, "filters": 3, "stride": "=nothing"}
    problems = analyze(chain(node)).problems
    assert {problem.code for problem in problems} == {
        "parameter",
        "unknown-parameter",
        "expression",
        "missing-parameter",
    }


@pytest.mark.parametrize(
    "node",
    [
        {"layer": "x" * 5000},
        {"layer": "ReLU", "when": "=" + "x" * 5000},
        {"layer": "ReLU", "x" * 5000: 1},
        conv("=" + "x" * 5000),
        conv("x" * 5000),
        conv(4, "x" * 5000),
    ],
)
def test_messages_stay_short(node: dict[str, Any]) -> None:
    for problem in analyze(chain(node)).problems:
        assert len(problem.message) < 300


def test_a_problem_is_not_repeated_downstream() -> None:
    problems = analyze(chain(conv(4, 11), conv(), {"layer": "Flatten"}, LINEAR)).problems
    assert [(problem.code, problem.node) for problem in problems] == [("kernel-too-large", "n1")]


def test_each_node_of_a_cycle_has_a_problem_and_nodes_behind_it_have_none() -> None:
    nodes = {"image": IMAGE, "a": {"layer": "Add"}, "b": conv(3), "c": conv(3), "scores": OUTPUT}
    made = design(nodes, [["image", "a", "b", "a:1"], ["b", "c", "scores"]])
    problems = analyze(made).problems
    assert [(problem.code, problem.node) for problem in problems] == [
        ("cycle", "a"),
        ("cycle", "b"),
    ]
    assert analyze(made).totals.layers == 1


def test_an_unread_input_of_a_block_is_a_warning() -> None:
    inner = block({"n": conv()}, [["x", "n", "y"]], inputs=["x", "z"])
    nodes = {"image": IMAGE, "b": {"block": "B"}, "scores": OUTPUT}
    analysis = analyze(design(nodes, [["image", "b", "scores"], ["image", "b:1"]], {"B": inner}))
    (problem,) = analysis.problems
    assert (problem.code, problem.severity) == ("unread-input", Severity.WARNING)
    assert problem.message == "nothing reads the input z of B; connect it or remove it"
    assert problem.path == "b"
    assert analysis.valid


def test_every_code_has_a_case() -> None:
    """Codes that other files of these tests show, and all those above, are all there are."""
    elsewhere = {"too-deep", "unread-input", "channels-last", "batch", "loss", "output"}
    elsewhere |= {"code-name", "own-code", "own-layer"}  # in tests/layers/test_own.py
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("analysis", "layers")
        for path in (SOURCE / folder).rglob("*.py")
    ]
    pattern = r'(?:Problem|_problem|Fault|LayerError)\(\s*"([a-z]+(?:-[a-z]+)*)"'
    codes = {code for text in sources for code in re.findall(pattern, text)}
    shown = {case.code for case in CASES.values()} | elsewhere
    assert codes - shown == set()
    assert len(codes) > 25
