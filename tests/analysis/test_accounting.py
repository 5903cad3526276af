"""Every number of the accounting rules: VGG16 row by row, lecture totals, small networks."""

import json
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import pytest

from designer.analysis.accounting.totals import PRECISIONS
from designer.analysis.analysis import Analysis, Row, analyze
from designer.design import edits
from designer.design.files import read
from designer.recipe.optimizers import ESTIMATES, Optimizer, state_copies
from designer.resources import folder
from tests.analysis.drawing import OUTPUT, block, chain, design

COUNTED = json.loads((Path(__file__).parent / "networks.json").read_text(encoding="utf-8"))
NETWORKS: Mapping[str, Any] = {key: each for key, each in COUNTED.items() if key != "about"}
# Bytes an image that the network counted keeps and the preset does not, by its other structure.
FRACTALS = [(64, 32), (128, 16), (256, 8), (512, 4), (512, 2)]  # channels and side of its blocks
KEPT_BESIDES = {
    # torchvision's VGGs have an AdaptiveAvgPool2d(7) before the classifier.
    "torchvision/vgg11": 512 * 7 * 7 * 4,
    "torchvision/vgg13": 512 * 7 * 7 * 4,
    "torchvision/vgg16": 512 * 7 * 7 * 4,
    "torchvision/vgg16_bn": 512 * 7 * 7 * 4,
    "torchvision/vgg19": 512 * 7 * 7 * 4,
    "torchvision/vgg19_bn": 512 * 7 * 7 * 4,
    # This one keeps two more tensors of each block's size with its way of joining, and no shares
    # of the paths: of the 5 inputs of the joins in each block, for each image.
    "fractalnet20_cifar10": 4 * (2 * sum(c * s * s for c, s in FRACTALS) - 5 * len(FRACTALS)),
    # This one averages a map of 7x7 with a pool that keeps it, and takes no other resolution.
    "pretrainedmodels/bninception": 1024 * 7 * 7 * 4,
    # timm has the papers' dropout only when it is asked for: the noise is kept besides.
    "timm/inception_v4": -1536 * 4,
    "timm/inception_resnet_v2": -1536 * 4,
}


def preset(name: str, **arguments: Any) -> Analysis:
    found = read(folder("presets") / f"{name}.json")
    for key, value in arguments.items():
        found = edits.set_argument(found, key, value)
    analysis = analyze(found)
    assert analysis.valid, analysis.problems
    return analysis


def row(analysis: Analysis, path: str) -> Row:
    return next(each for each in analysis.rows() if each.path == path)


VGG16 = [
    # The CS231n lecture 9 table: shape, values, weights.
    ("image", (3, 224, 224), 150_528, 0),
    ("conv1_1", (64, 224, 224), 3_211_264, 1_728),
    ("conv1_2", (64, 224, 224), 3_211_264, 36_864),
    ("pool1", (64, 112, 112), 802_816, 0),
    ("conv2_1", (128, 112, 112), 1_605_632, 73_728),
    ("conv2_2", (128, 112, 112), 1_605_632, 147_456),
    ("pool2", (128, 56, 56), 401_408, 0),
    ("conv3_1", (256, 56, 56), 802_816, 294_912),
    ("conv3_2", (256, 56, 56), 802_816, 589_824),
    ("conv3_3", (256, 56, 56), 802_816, 589_824),
    ("pool3", (256, 28, 28), 200_704, 0),
    ("conv4_1", (512, 28, 28), 401_408, 1_179_648),
    ("conv4_2", (512, 28, 28), 401_408, 2_359_296),
    ("conv4_3", (512, 28, 28), 401_408, 2_359_296),
    ("pool4", (512, 14, 14), 100_352, 0),
    ("conv5_1", (512, 14, 14), 100_352, 2_359_296),
    ("conv5_2", (512, 14, 14), 100_352, 2_359_296),
    ("conv5_3", (512, 14, 14), 100_352, 2_359_296),
    ("pool5", (512, 7, 7), 25_088, 0),
    ("fc6", (4096,), 4_096, 102_760_448),
    ("fc7", (4096,), 4_096, 16_777_216),
    ("fc8", (1000,), 1_000, 4_096_000),
]


def test_vgg16_row_by_row() -> None:
    counted = [
        (each.path, each.shape, each.result.counts.output_values, each.result.counts.weights)
        for each in preset("vgg16").rows()
        if each.result.counts.output_values
    ]
    assert counted == VGG16


def test_vgg16_rows_that_do_not_count() -> None:
    rest = {each.type for each in preset("vgg16").rows()} - {"Input", "Conv2d", "MaxPool2d"}
    assert rest == {"ReLU", "Flatten", "Linear", "Dropout", "Output"}
    for each in preset("vgg16").rows():
        if each.type in ("ReLU", "Flatten", "Dropout", "Output"):
            assert each.result.counts.output_values == each.result.counts.buffer_values == 0


def test_vgg16_totals() -> None:
    totals = preset("vgg16").totals
    assert totals.weights == 138_344_128
    assert totals.biases == 13_416
    assert totals.parameters == 138_357_544
    assert totals.buffers == 0
    assert totals.macs == 15_470_264_320
    assert totals.flops == 2 * totals.macs
    assert totals.output_values == 15_237_608
    assert totals.output_bytes == 60_950_432
    assert totals.buffer_values == 24_168_936
    assert totals.buffer_bytes == 96_675_744
    assert totals.file_bytes == 553_430_176
    assert totals.inference_peak_bytes == 26_292_224
    assert totals.saved_bytes() == 73_254_912
    assert totals.saved_bytes(training=False) == 73_189_376
    assert totals.saved_bytes(2) == 2 * 73_254_912
    assert totals.inference_bytes() == 553_430_176 + 26_292_224
    assert totals.inference_bytes(4) == 553_430_176 + 4 * 26_292_224


def test_vgg16_biases_are_one_per_output() -> None:
    for each in preset("vgg16").rows():
        learned = each.type in ("Conv2d", "Linear")
        assert each.result.counts.biases == (each.shape[0] if learned else 0)


def test_vgg16_receptive_fields() -> None:
    analysis = preset("vgg16")
    for path, size, jump in (("conv5_3", 196, 16), ("pool5", 212, 32), ("conv1_2", 5, 1)):
        field = analysis.receptive_fields[path]
        assert field is not None
        assert field.size == (size, size)
        assert field.jump == (jump, jump)


@pytest.mark.parametrize("name", ESTIMATES)
def test_training_bytes(name: str) -> None:
    totals = preset("vgg16").totals
    settings = ESTIMATES[name].settings
    plain = Optimizer(name="sgd", momentum=0.0)
    for batch in (1, 8):
        bytes_ = totals.training_bytes(settings, batch)
        state = state_copies(settings) * 4 * totals.parameters
        assert bytes_ - totals.training_bytes(plain, batch) == state
        assert totals.training_bytes(settings, batch, "mixed") < bytes_ + 4 * totals.parameters


def test_averages_and_accumulated_gradients_take_memory() -> None:
    totals = preset("vgg16").totals
    plain = totals.training_bytes(Optimizer(), 8)
    assert totals.training_bytes(Optimizer(), 8, copies=1) == plain + totals.file_bytes
    whole = 4 * totals.parameters
    assert plain < totals.training_bytes(Optimizer(), 8, accumulates=True) <= plain + whole


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("accumulates", [False, True])
@pytest.mark.parametrize("name", ["lenet5", "resnet50", "vit_b_16"])
def test_the_largest_batch_is_the_last_within_a_budget(
    name: str, accumulates: bool, precision: str
) -> None:
    totals = preset(name).totals

    def needed(batch: int) -> int:
        return totals.training_bytes(Optimizer(), batch, precision, accumulates=accumulates)

    for budget in (10**6, 10**8, needed(7) - 1, needed(7), 10**10, 10**11 + 7):
        largest = totals.largest_batch(budget, Optimizer(), precision, accumulates=accumulates)
        assert isinstance(largest, int)
        assert largest == 0 or needed(largest) <= budget
        assert needed(largest + 1) > budget


def test_an_empty_design_has_no_largest_batch() -> None:
    assert analyze(design({}, [])).totals.largest_batch(10**6, Optimizer()) == inf


def test_rmsprop_with_momentum_keeps_two_copies() -> None:
    """It needs 553 MB more than without momentum for VGG16."""
    totals = preset("vgg16").totals
    plain = Optimizer(name="rmsprop", momentum=0.0)
    more = totals.training_bytes(Optimizer(name="rmsprop"), 32) - totals.training_bytes(plain, 32)
    assert more == 4 * totals.parameters == 553_430_176


def test_alexnet() -> None:
    analysis = preset("alexnet")
    assert analysis.totals.parameters == 62_378_344
    assert analysis.totals.output_values == 1_049_571
    field = analysis.receptive_fields["pool5"]
    assert field is not None
    assert field.size == (195, 195)
    assert field.jump == (32, 32)
    assert preset("alexnet", groups=2).totals.parameters == 60_965_224


@pytest.mark.parametrize("name", NETWORKS)
def test_the_networks_counted_by_torch(name: str) -> None:
    """`networks.json` says what was counted: torch modules on meta tensors."""
    expected = NETWORKS[name]
    analysis = preset(expected["preset"], **expected["arguments"])
    totals = analysis.totals
    for figure in ("parameters", "weights", "biases", "buffers", "file_bytes", "macs"):
        assert getattr(totals, figure) == expected[figure], figure
    (image,) = analysis.inputs
    assert list(image.shape) == expected["input"]
    assert [list(port.shape) for port in analysis.outputs] == expected["outputs"]
    saved = expected["saved_bytes"]
    per_image = saved["per_image"] - KEPT_BESIDES.get(name, 0)
    assert totals.saved_bytes(0) == saved["fixed"]
    assert totals.saved_bytes(3) == saved["fixed"] + 3 * per_image


def test_an_inception_module() -> None:
    """The lecture's, on 256x28x28: 128 1x1, 192 3x3 and 96 5x5 filters, a pool."""
    naive, thin = preset("inception_naive"), preset("inception_bottleneck")
    assert row(naive, "concat").shape == (672, 28, 28)
    assert row(thin, "concat").shape == (480, 28, 28)
    assert naive.totals.macs == 28 * 28 * 256 * (128 + 192 * 9 + 96 * 25) == 854_196_224
    positions = 28 * 28
    assert thin.totals.macs == positions * (256 * 128 + 3 * 256 * 64 + 64 * (192 * 9 + 96 * 25))
    assert round(thin.totals.macs / 1e6) == 271
    # The lecture prints 358M: it counts the row of the 3x3 filters twice.
    assert round((thin.totals.macs + row(thin, "conv3x3").result.counts.macs) / 1e6) == 358


def test_a_tensor_that_several_convolutions_read_counts_once_for_each() -> None:
    thin = preset("inception_bottleneck").totals
    image, plane = 256 * 28 * 28, 28 * 28
    made = 128 + 64 + 192 + 64 + 96 + 256 + 64 + 480
    assert thin.output_values == image + made * plane
    read = 3 * 256 + 64 + 64 + 256
    assert thin.buffer_values == (read + made) * plane


def test_the_image_counts_once_if_no_convolution_reads_it() -> None:
    linear = analyze(
        chain({"layer": "Flatten"}, {"layer": "Linear", "out_features": 5}, shape=[2, 4, 4])
    )
    assert linear.totals.buffer_values == 32 + 5
    view = analyze(
        chain(
            {"layer": "Identity"},
            {"layer": "Conv2d", "out_channels": 1, "kernel_size": 1},
            shape=[2, 4, 4],
        )
    )
    assert view.totals.buffer_values == 32 + 16
    assert view.totals.output_values == 32 + 16


def test_a_block_that_convolves_the_image() -> None:
    conv = {"layer": "Conv2d", "out_channels": 1, "kernel_size": 1}
    inner = block({"conv": conv}, [["x", "conv", "y"]])
    one = analyze(chain(conv, shape=[2, 4, 4])).totals
    other = analyze(chain({"block": "B"}, shape=[2, 4, 4], blocks={"B": inner})).totals
    assert one == other


def test_a_composite_layer_counts_as_the_layers_it_compiles_to() -> None:
    depthwise = {"layer": "DepthwiseConv2d", "kernel_size": 3, "padding": 1, "bias": False}
    pointwise = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 1}
    separable = {"layer": "SeparableConv2d", "out_channels": 8, "kernel_size": 3, "padding": 1}
    apart, together = analyze(chain(depthwise, pointwise)), analyze(chain(separable))
    for figure in ["parameters", "macs", "output_values", "buffer_values", "file_bytes"]:
        assert getattr(apart.totals, figure) == getattr(together.totals, figure)
    assert apart.totals.saved_bytes() == together.totals.saved_bytes()


def test_num_batches_tracked_has_eight_bytes() -> None:
    totals = analyze(chain({"layer": "BatchNorm2d"}, shape=[4, 2, 2])).totals
    assert (totals.weights, totals.biases, totals.buffers) == (4, 4, 9)
    assert totals.file_bytes == 4 * (4 + 4 + 8) + 8


def test_a_fixed_kernel_counts_as_buffer_and_in_the_macs() -> None:
    totals = analyze(chain({"layer": "Sobel"}, shape=[3, 8, 8])).totals
    assert (totals.parameters, totals.buffers) == (0, 6 * 9)
    assert totals.macs == 6 * 64 * 9
    assert totals.saved_bytes() == 0  # nothing before it needs a gradient


def test_macs_of_a_transposed_convolution_are_at_its_inputs() -> None:
    layer = {"layer": "ConvTranspose2d", "out_channels": 5, "kernel_size": 4, "stride": 2}
    assert analyze(chain(layer, shape=[3, 8, 8])).totals.macs == 64 * 3 * 5 * 16


def test_saved_bytes_are_fixed_and_per_image() -> None:
    totals = preset("resnet18").totals
    one, two, three = (totals.saved_bytes(batch) for batch in (1, 2, 3))
    assert three - two == two - one
    assert one - (two - one) == totals.saved_for_backward.fixed > 0


def test_auxiliary_outputs_count_in_training_and_rest_in_eval() -> None:
    with_heads, without = preset("googlenet", aux=True), preset("googlenet", aux=False)
    assert with_heads.totals.parameters > without.totals.parameters
    assert with_heads.totals.saved_bytes() > without.totals.saved_bytes()
    assert with_heads.totals.saved_bytes(training=False) == without.totals.saved_bytes(
        training=False
    )
    assert with_heads.totals.inference_peak_bytes == without.totals.inference_peak_bytes
    assert [(port.name, port.auxiliary, port.loss_weight) for port in with_heads.outputs] == [
        ("scores", False, 1.0),
        ("aux_scores1", True, 0.3),
        ("aux_scores2", True, 0.3),
    ]


def peak(*layers: Mapping[str, Any], shape: tuple[int, ...] = (4, 4, 4)) -> int:
    analysis = analyze(chain(*layers, shape=shape))
    assert analysis.valid
    return analysis.totals.inference_peak_bytes // 4


def test_peaks() -> None:
    conv = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1}
    assert peak(conv) == 64 + 64
    assert peak(conv, conv) == 64 + 64 + 64  # the image stays
    assert peak(conv, conv, conv) == 64 + 64 + 64
    assert peak(conv, {"layer": "ReLU"}) == 64 + 64  # in place
    assert peak(conv, {"layer": "Dropout"}, {"layer": "Flatten"}) == 64 + 64  # views
    assert peak(conv, {"layer": "GELU"}) == 64 + 64 + 64
    wide = {**conv, "out_channels": 40}
    assert peak(wide, conv, conv) == 64 + 640 + 64


def test_a_branch_keeps_its_source_alive() -> None:
    conv = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1}
    nodes = {
        "image": {"layer": "Input", "shape": [4, 4, 4]},
        "a": conv,
        "b": conv,
        "c": conv,
        "add": {"layer": "Add"},
        "scores": OUTPUT,
    }
    made = design(nodes, [["image", "a", "b", "c", "add", "scores"], ["a", "add:1"]])
    assert analyze(made).totals.inference_peak_bytes == 4 * (64 + 3 * 64)


CONV = {"layer": "Conv2d", "out_channels": 3, "kernel_size": 1}
IN_PLACE: list[tuple[list[dict[str, Any]], bool]] = [
    ([CONV], True),
    ([{"layer": "BatchNorm2d"}], True),
    ([{"layer": "MaxPool2d", "kernel_size": 2}], True),
    ([CONV, {"layer": "Flatten"}], True),
    ([CONV, {"layer": "Dropout"}], True),
    ([], False),  # the images are the caller's
    ([{"layer": "Identity"}], False),
    ([{"layer": "Slice", "stop": 2}], False),
    ([CONV, {"layer": "Sigmoid"}], False),
    ([CONV, {"layer": "Softmax"}], False),
    ([CONV, {"layer": "Sigmoid"}, {"layer": "Flatten"}], False),
    # In eval mode Dropout passes its input itself.
    ([{"layer": "Dropout"}], False),
    ([CONV, {"layer": "Sigmoid"}, {"layer": "Dropout"}], False),
]


@pytest.mark.parametrize(("before", "in_place"), IN_PLACE)
def test_where_an_activation_works_in_place(before: list[dict[str, Any]], in_place: bool) -> None:
    analysis = analyze(chain(*before, {"layer": "ReLU"}))
    assert analysis.valid
    assert row(analysis, f"n{len(before) + 1}").result.in_place is in_place


@pytest.mark.parametrize("second", ["Conv2d", "ReLU", "Dropout", "Output"])
def test_no_activation_overwrites_what_another_reads(second: str) -> None:
    nodes = {"image": {"layer": "Input", "shape": [3, 8, 8]}, "a": CONV, "act": {"layer": "ReLU"}}
    nodes |= {"other": CONV if second == "Conv2d" else {"layer": second}, "scores": OUTPUT}
    edges = [["image", "a", "act", "scores"], ["a", "other"]]
    if second != "Output":
        nodes["more"] = OUTPUT
        edges.append(["other", "more"])
    analysis = analyze(design(nodes, edges))
    assert analysis.valid
    assert not row(analysis, "act").result.in_place


def test_no_activation_overwrites_what_a_block_still_reads() -> None:
    """The output of `a` is the block's and its own `b` reads it too: no in place outside."""
    pair = block({"a": CONV, "b": CONV}, [["x", "a", "y"], ["a", "b", "z"]], outputs=["y", "z"])
    nodes = {
        "image": {"layer": "Input", "shape": [3, 8, 8]},
        "pair": {"block": "Pair"},
        "act": {"layer": "ReLU"},
        "other": {"layer": "ReLU"},
        "add": {"layer": "Add"},
        "scores": OUTPUT,
    }
    edges = [["image", "pair", "act", "add", "scores"], ["pair:1", "other", "add:1"]]
    analysis = analyze(design(nodes, edges, {"Pair": pair}))
    assert analysis.valid
    assert not row(analysis, "act").result.in_place
    assert row(analysis, "other").result.in_place


def test_no_activation_overwrites_the_input_of_a_block() -> None:
    inner = block({"act": {"layer": "ReLU"}}, [["x", "act", "y"]])
    analysis = analyze(chain(CONV, {"block": "Act"}, blocks={"Act": inner}))
    assert not row(analysis, "n2.act").result.in_place
