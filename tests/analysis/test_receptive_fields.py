"""Receptive fields, compared with the effect of changing single pixels."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from designer.analysis.accounting.receptive_fields import ReceptiveField
from designer.analysis.analysis import Analysis, analyze
from designer.design.files import load
from tests.against_torch.receptive_fields import differences, run
from tests.analysis.drawing import OUTPUT, block, chain, design

SIZE = 48


def conv(kernel: Any, **more: Any) -> dict[str, Any]:
    return {"layer": "Conv2d", "out_channels": 1, "kernel_size": kernel, **more}


def fields(*layers: Mapping[str, Any], size: int = SIZE) -> list[ReceptiveField | None]:
    analysis = analyze(chain(*layers, shape=(1, size, size)))
    assert analysis.valid, analysis.problems
    return [analysis.receptive_fields[f"n{number}"] for number in range(1, len(layers) + 1)]


def pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def torch_layer(layer: Mapping[str, Any]) -> nn.Module:
    """Return the torch layer with weights of one, so that every pixel that is seen counts."""
    values = {key: pair(value) for key, value in layer.items() if key != "layer"}
    values.pop("out_channels", None)
    match layer["layer"]:
        case "Upsample":
            return nn.Upsample(**values)
        case "AvgPool2d" | "MaxPool2d":  # the same windows
            return nn.AvgPool2d(**values)
        case "Conv2d":
            made: nn.Module = nn.Conv2d(1, 1, bias=False, **values)
        case "ConvTranspose2d":
            made = nn.ConvTranspose2d(1, 1, bias=False, **values)
        case _:
            raise AssertionError(layer)
    for weight in made.parameters():
        nn.init.ones_(weight)
    return made.double()


def seen(image: torch.Tensor, output: torch.Tensor, axis: int, place: int) -> tuple[int, int]:
    """Return the first row or column of the image that an output depends on, and the one behind."""
    middle = output.shape[3 - axis] // 2
    value = output[0, :, place, middle] if axis == 0 else output[0, :, middle, place]
    (gradient,) = torch.autograd.grad(value.sum(), image, retain_graph=True)
    rows = gradient[0].abs().sum(0).sum(1 - axis).nonzero().flatten()
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)


def compare(
    field: ReceptiveField, image: torch.Tensor, output: torch.Tensor, tolerance: float
) -> int:
    """Compare at places whose field lies well inside; return how many there were."""
    compared = 0
    for axis in (0, 1):
        middle = output.shape[2 + axis] // 2
        for place in range(max(0, middle - 2), middle + 2):
            center = field.start[axis] + place * field.jump[axis]
            low, high = center - field.size[axis] / 2, center + field.size[axis] / 2
            if low < 10 or high > SIZE - 10:  # padding inside the network reaches further in
                continue
            first, last = seen(image, output, axis, place)
            if (first, last) == (0, 0):  # a transposed convolution's step beyond its kernel
                continue
            assert low == pytest.approx(first, abs=tolerance + 1e-9), (axis, place)
            assert high == pytest.approx(last, abs=tolerance + 1e-9), (axis, place)
            compared += 1
    return compared


def random_layer(draw: random.Random, *, growing: bool) -> dict[str, Any]:
    def sizes(*choices: int) -> Any:
        return draw.choice([draw.choice(choices), [draw.choice(choices), draw.choice(choices)]])

    kind = draw.choice(["Conv2d", "Conv2d", "Pool", "Upsample", "ConvTranspose2d"])
    if kind == "Upsample" and growing:
        return {"layer": kind, "scale_factor": draw.choice([1, 2, 3])}
    if kind == "ConvTranspose2d" and growing:
        values = {"stride": sizes(1, 2, 3), "padding": draw.choice([0, 1])}
        return {**conv(sizes(2, 3, 4, 5), **values), "layer": kind}
    if kind == "Pool":
        kernel = draw.choice([2, 3])
        values = {"stride": draw.choice([1, 2, 3]), "padding": draw.choice([0, 1])}
        return {"layer": draw.choice(["AvgPool2d", "MaxPool2d"]), "kernel_size": kernel, **values}
    if draw.random() < 0.25:
        return conv(sizes(2, 3, 4), padding="same", dilation=sizes(1, 2))
    padding = draw.choice([0, 1, 2])
    return conv(sizes(1, 2, 3, 5), stride=sizes(1, 1, 2, 3), padding=padding, dilation=sizes(1, 2))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("growing", [False, True])
def test_receptive_fields_of_chains(growing: bool) -> None:
    compared = 0
    for seed in range(50):
        draw = random.Random(seed)
        layers = [random_layer(draw, growing=growing) for _ in range(draw.randrange(1, 4))]
        analysis = analyze(chain(*layers, shape=(1, SIZE, SIZE)))
        if not analysis.valid or max(analysis.rows()[-1].shape) > 200:
            continue
        image = torch.ones(1, 1, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
        output = nn.Sequential(*map(torch_layer, layers))(image)
        # Between two pixels a field is a mean over phases: up to one step of what was enlarged.
        tolerance = 0.0
        jumps = [1.0]
        for number, layer in enumerate(layers, 1):
            field = analysis.receptive_fields[f"n{number}"]
            assert field is not None
            if layer["layer"] in ("Upsample", "ConvTranspose2d"):
                tolerance += max(jumps)
            jumps = [*field.jump]
        field = analysis.receptive_fields[f"n{len(layers)}"]
        assert field is not None
        try:
            compared += compare(field, image, output, tolerance)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {layers}: {error}") from error
    assert compared > 90


@pytest.mark.parametrize("join", ["Add", "Concat"])
def test_a_join_has_the_union_of_its_branches(join: str) -> None:
    compared = 0
    for seed in range(12):
        draw = random.Random(seed)
        step = draw.choice([1, 2])
        branches = []
        for _ in range(draw.choice([2, 3])):
            size, dilation = draw.choice([1, 3, 5]), draw.choice([1, 2])
            first = conv(size, padding=dilation * (size // 2), dilation=dilation, stride=step)
            branches.append([first, conv(draw.choice([1, 2, 3, 4]), padding="same")])
        nodes: dict[str, Any] = {"image": {"layer": "Input", "shape": [1, SIZE, SIZE]}}
        edges = []
        for number, branch in enumerate(branches):
            names = [f"a{number}", f"b{number}"]
            nodes.update(zip(names, branch, strict=True))
            edges.append(["image", *names, f"join:{number}"])
        nodes |= {"join": {"layer": join}, "scores": OUTPUT}
        analysis = analyze(design(nodes, [*edges, ["join", "scores"]]))
        assert analysis.valid, analysis.problems
        image = torch.ones(1, 1, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
        made = [nn.Sequential(*map(torch_layer, branch))(image) for branch in branches]
        field = analysis.receptive_fields["join"]
        assert field is not None
        compared += compare(field, image, torch.cat(made, 1), 0)
    assert compared > 90


def test_the_first_pixel_has_its_center_at_one_half() -> None:
    for layer, size, jump, start in (
        ({"layer": "ReLU"}, (1, 1), (1, 1), (0.5, 0.5)),
        (conv(3), (3, 3), (1, 1), (1.5, 1.5)),
        (conv(3, padding=1), (3, 3), (1, 1), (0.5, 0.5)),
        (conv([1, 5], stride=[2, 1]), (1, 5), (2, 1), (0.5, 2.5)),
    ):
        assert fields(layer) == [ReceptiveField(size, jump, start, size, False)]


@pytest.mark.parametrize(("layers", "size"), [(2, 5), (3, 7)])
def test_stacked_small_kernels_equal_a_large_one(layers: int, size: int) -> None:
    last = fields(*[conv(3)] * layers)[-1]
    assert last is not None
    assert last.size == (size, size)


@pytest.mark.parametrize(
    "layer",
    [
        {"layer": "BatchNorm2d"},
        {"layer": "LocalResponseNorm"},
        {"layer": "GELU"},
        {"layer": "Dropout"},
        {"layer": "Identity"},
        {"layer": "Scale"},
        {"layer": "ChannelShuffle", "groups": 1},
        {"layer": "Shortcut", "out_channels": 2},
    ],
)
def test_norms_and_activations_keep_the_receptive_field(layer: dict[str, Any]) -> None:
    before, after = fields(conv(5, stride=2), layer)
    assert before == after


@pytest.mark.parametrize(
    "layer",
    [
        {"layer": "GlobalAvgPool2d"},
        {"layer": "AdaptiveAvgPool2d", "output_size": 1},
        {"layer": "AdaptiveMaxPool2d", "output_size": 1},
    ],
)
def test_global_pools_cover_the_whole_image(layer: dict[str, Any]) -> None:
    _, field = fields(conv(3), layer)
    sides = SIZE, SIZE
    assert field == ReceptiveField(sides, sides, (SIZE / 2, SIZE / 2), sides, True)


def test_a_linear_layer_covers_the_whole_image() -> None:
    *_, field = fields(
        conv(3), {"layer": "Flatten"}, {"layer": "Linear", "out_features": 2}, {"layer": "ReLU"}
    )
    sides = SIZE, SIZE
    assert field == ReceptiveField(sides, sides, (SIZE / 2, SIZE / 2), sides, True)


@pytest.mark.parametrize(("size", "output"), [(7, 3), (64, 7), (3, 7), (10, 5), (64, 9)])
def test_adaptive_windows_are_as_wide_as_torchs(size: int, output: int) -> None:
    (field,) = fields({"layer": "AdaptiveAvgPool2d", "output_size": output}, size=size)
    assert field is not None
    image = torch.ones(1, 1, size, size, requires_grad=True)
    pooled = nn.AdaptiveAvgPool2d(output)(image)
    windows = [seen(image, pooled, 0, place) for place in range(output)]
    first, last = windows[output // 2]
    assert field.size == (last - first,) * 2
    assert field.local == (max(last - first for first, last in windows),) * 2
    assert field.jump == pytest.approx((size / output,) * 2)


def test_a_large_adaptive_pool_takes_no_longer() -> None:
    (field,) = fields({"layer": "AdaptiveAvgPool2d", "output_size": 100_000})
    assert field is not None
    assert field.size == (2, 2)


def test_features_have_no_receptive_field() -> None:
    analysis = analyze(chain({"layer": "Linear", "out_features": 2}, shape=[4]))
    assert analysis.valid
    assert dict(analysis.receptive_fields) == {"image": None, "n1": None, "scores": None}


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), ([1, 2], [0, 1])])
def test_windows_in_a_row_are_found_again_behind_fold(stride: Any, padding: Any) -> None:
    windows = {"kernel_size": [2, 3], "stride": stride, "padding": padding}
    nodes = {
        "image": {"layer": "Input", "shape": [2, 9, 8]},
        "conv": {"layer": "Conv2d", "out_channels": 2, "kernel_size": 3, "padding": 1},
        "unfold": {"layer": "Unfold", **windows},
        "mix": {"layer": "Conv1d", "out_channels": 12, "kernel_size": 1},
        "fold": {"layer": "Fold", "output_size": [9, 8], **windows},
        "pool": {"layer": "MaxPool2d", "kernel_size": 2, "stride": 1},
        "scores": OUTPUT,
    }
    assert differences(design(nodes, [list(nodes)])) == (3, [])


def test_tokens_have_no_receptive_field() -> None:
    """Whole numbers have no height and width, however many axes they fill."""
    nodes = {
        "text": {"layer": "Input", "shape": [2, 5], "dtype": "int64"},
        "vectors": {"layer": "Embedding", "num_embeddings": 9, "embedding_dim": 4},
        "scores": OUTPUT,
    }
    analysis = analyze(design(nodes, [list(nodes)]))
    assert analysis.valid, analysis.problems
    assert set(analysis.receptive_fields.values()) == {None}


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_field_has_a_number_for_each_spatial_axis(axes: int) -> None:
    """Two convolutions of 3, the second with stride 2 behind one of stride 2: 3 + 2 * 2 = 7."""
    layer = {"layer": f"Conv{axes}d", "out_channels": 2, "kernel_size": 3, "stride": 2}
    analysis = analyze(chain(layer, layer, shape=[1, *[15] * axes]))
    assert analysis.valid, analysis.problems
    field = analysis.receptive_fields["n2"]
    expected = ReceptiveField((7,) * axes, (4,) * axes, (3.5,) * axes, (7,) * axes, False)
    assert field == expected


def test_the_input_with_the_most_axes_counts() -> None:
    """A sequence and an image, whose features are added: the field is that in the image."""
    nodes = {
        "text": {"layer": "Input", "shape": [4, 6]},
        "image": {"layer": "Input", "shape": [4, 5, 5]},
        "one": {"layer": "GlobalAvgPool1d"},
        "other": {"layer": "GlobalAvgPool2d"},
        "sum": {"layer": "Add"},
        "scores": OUTPUT,
    }
    edges = [["text", "one", "sum"], ["image", "other", "sum:1"], ["sum", "scores"]]
    field = analyze(design(nodes, edges)).receptive_fields["sum"]
    assert field is not None
    assert (field.size, field.whole) == ((5, 5), True)


def test_receptive_fields_grow_in_repeated_blocks() -> None:
    inner = block({"conv": conv(3, padding=1)}, [["x", "conv", "y"]])
    analysis = analyze(
        chain({"block": "Conv", "repeat": 3}, shape=[1, 9, 9], blocks={"Conv": inner})
    )
    assert sizes(analysis) == {
        "image": 1,
        "n1.0.conv": 3,
        "n1.1.conv": 5,
        "n1.2.conv": 7,
        "scores": 7,
    }


def sizes(analysis: Analysis) -> dict[str, float]:
    return {
        path: field.size[0]
        for path, field in analysis.receptive_fields.items()
        if field is not None
    }


# Global branches


@pytest.mark.parametrize(
    ("name", "node", "size", "local", "start"),
    [
        ("rf_layernorm", "l1", 12, 3, (1.5, 1.5)),
        ("rf_product_SqueezeExcite", "se.excite", 32, 3, (0.5, 0.5)),
        ("rf_product_SqueezeExcite", "c3", 32, 7, (0.5, 0.5)),
        ("rf_slice_start", "l1", 3, 3, (5.5, 1.5)),
    ],
)
def test_cases_that_went_wrong(
    name: str, node: str, size: int, local: int, start: tuple[float, float]
) -> None:
    analysis = analyze(load(Path(__file__).parent / "cases" / f"{name}.json").design)
    field = analysis.receptive_fields[node]
    assert field is not None
    assert (field.size, field.local) == ((size, size), (local, local))
    assert (field.start, field.jump) == (start, (1, 1))


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        ({"layer": "LayerNorm"}, (SIZE, SIZE)),
        ({"layer": "LayerNorm", "axes": 1}, (3, SIZE)),
        ({"layer": "GroupNorm", "num_groups": 1}, (SIZE, SIZE)),
        ({"layer": "InstanceNorm2d"}, (SIZE, SIZE)),
        ({"layer": "InstanceNorm2d", "track_running_stats": True}, (3, 3)),
        ({"layer": "Softmax", "dim": 1}, (3, 3)),
        ({"layer": "Softmax", "dim": 2}, (SIZE, 3)),
        ({"layer": "LogSoftmax", "dim": 3}, (3, SIZE)),
        ({"layer": "BatchNorm2d"}, (3, 3)),
        ({"layer": "Permute", "order": [1, 3, 2]}, (3, 3)),
    ],
)
def test_what_statistics_over_positions_depend_on(
    layer: dict[str, Any], size: tuple[int, int]
) -> None:
    _, field = fields(conv(3, padding=1), layer)
    assert field is not None
    assert field.size == size
    assert field.local == (3, 3)


def test_values_are_found_again_behind_tokens() -> None:
    *_, tokens, image, last = fields(
        {"layer": "Reshape", "shape": [1, SIZE * SIZE]},
        {"layer": "Softmax", "dim": 1},
        {"layer": "Reshape", "shape": [1, SIZE, SIZE]},
        conv(3, padding=1),
    )
    assert tokens is not None
    assert tokens.size == (1, 1)
    assert image is not None
    assert image.size == (1, 1)
    assert last is not None
    assert (last.size, last.local) == ((3, 3), (3, 3))


def test_the_local_field_may_exceed_the_image() -> None:
    *_, field = fields(*[conv(3, padding=1)] * 4, size=6)
    assert field == ReceptiveField((6, 6), (1, 1), (0.5, 0.5), (9, 9), True)


def test_a_huge_image_is_counted_by_the_usual_rule() -> None:
    first, whole = fields(conv(3, padding=1), {"layer": "LayerNorm"}, size=100_000)
    assert first is not None
    assert whole is not None
    assert first.size == (3, 3)
    assert (whole.size, whole.local) == ((100_000, 100_000), (3, 3))


def test_fields_of_random_designs_are_those_that_the_gradient_reaches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of ``python -m tests.against_torch receptive-fields`` but the presets."""
    assert run(60, with_presets=False) == 0, capsys.readouterr().out
