"""Tiles and figures of feature maps against plain torch; examples of data as pictures."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from designer import presets
from designer.design import files
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.inspect import maps
from designer.engine.inspect import pictures as reading
from designer.engine.inspect.requests import Canceled, Job, answer
from designer.engine.inspect.subject import load
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Picture, Subject

PRESETS = ["lenet5_1998", "resnet_cifar", "densenet_cifar", "googlenet", "preact_resnet_cifar"]


@pytest.fixture
def picture(tmp_path):
    """A color picture with structure, larger than the inputs."""
    x, y = np.meshgrid(np.linspace(0, 3, 90), np.linspace(0, 2, 70))
    levels = np.stack([np.sin(5 * x) * y, x / 3, np.cos(x * y)], -1)
    path = tmp_path / "waves.png"
    Image.fromarray(((levels - levels.min()) / np.ptp(levels) * 255).astype(np.uint8)).save(path)
    return Picture(file=str(path))


def of(name, **more):
    return Subject(design=files.dumps(presets.load(name)), weights="", **more)


def values_of(loaded, picture):
    """Return every value of one run, all kept, as a test may."""
    found = {}
    given = reading.network_input(reading.read([picture], loaded), loaded)
    with torch.inference_mode():
        loaded.steps.run(given, lambda path, port, value: found.setdefault(path, value.clone()))
    return found


@pytest.mark.parametrize("name", PRESETS)
def test_tiles_and_figures_are_those_of_plain_torch(name, picture):
    loaded = load(of(name), device="cpu")
    values = values_of(loaded, picture)
    found = maps.maps(loaded, picture, size=9, most=5)
    assert list(found) == list(values)
    for path, each in found.items():
        value = values[path][0]
        whole = value
        if value.ndim == 3 and value.numel() > 16_384 and value.shape[-1] >= 8:
            # Those of evenly spaced pixels.
            step = min(math.ceil(math.sqrt(value.numel() / 16_384)), value.shape[-1] // 4)
            picked = torch.arange(step // 2, value.shape[-1], step)
            value = value[:, picked][:, :, picked]
        assert each.sampled == (value.numel() < whole.numel())
        largest = value.abs().max().item()
        close = pytest.approx
        assert (each.minimum, each.maximum) == (value.min().item(), value.max().item())
        exact = value.double()
        assert each.mean == close(exact.mean().item(), abs=1e-6 * largest)
        assert each.deviation == close(exact.std(correction=0).item(), abs=2e-6 * largest)
        assert each.zeros == (value == 0).double().mean().item()
        if value.ndim != 3 or path in loaded.steps.inputs:
            continue
        strength = value.double().abs().mean((1, 2))
        best = strength.sort(descending=True)
        assert each.count == len(value)
        torch.testing.assert_close(strength[list(each.channels)], best.values[:5])
        channels = whole[list(each.channels)]
        if max(channels.shape[1:]) > 9:
            channels = functional.interpolate(channels[None], size=(9, 9), mode="area")[0]
        scale = channels.abs().max().item()
        assert each.scale == close(scale)
        wanted = 128 + 127 * channels / (scale or 1)
        assert np.abs(each.tiles - wanted.numpy()).max() <= 0.501
    assert any(each.minimum < 0 and each.count > 5 for each in found.values())


def test_channels_that_come_last_are_channels(picture):
    layers = {
        "image": LayerNode("Input", {"shape": (3, 8, 6)}),
        "last": LayerNode("Permute", {"order": (2, 3, 1)}),
        "flat": LayerNode("Flatten"),
        "scores": LayerNode("Output"),
    }
    edges = [Edge(one, 0, other, 0) for one, other in pairwise(layers)]
    design = Design("Last", graph=Graph(layers, tuple(edges)))
    loaded = load(Subject(design=files.dumps(design), weights=""), device="cpu")
    (value,) = reading.network_input(reading.read([picture], loaded), loaded)
    last = maps.maps(loaded, picture)["last"]
    wanted = 128 + 127 * value[list(last.channels)] / value.abs().max()
    assert last.count == 3 and sorted(last.channels) == [0, 1, 2]
    assert np.abs(last.tiles - wanted.numpy()).max() <= 0.501


def test_the_input_is_the_picture_in_color(picture):
    loaded = load(of("resnet_cifar"), device="cpu")
    (image,) = reading.seen(reading.read([picture], loaded))
    found = maps.maps(loaded, picture)
    (name,) = loaded.steps.inputs
    assert np.array_equal(found[name].tiles, image[None])
    gray = load(of("lenet5"), device="cpu")
    (shown,) = maps.maps(gray, picture)[gray.steps.inputs[0]].tiles
    (image,) = reading.seen(reading.read([picture], gray))
    assert shown.shape == (32, 32, 3) and np.array_equal(shown[:, :, 1], image[:, :, 0])


def test_a_vector_is_drawn_as_bars():
    levels = np.array([255, 128, 64, 1], np.uint8)
    (bars,) = maps._bars(levels, 33, 16)
    assert bars.shape == (33, 16)
    first, second, third, fourth = (bars[:, at] for at in (0, 4, 8, 12))
    line = 16
    assert (first[: line + 1] == 255).all() and (first[line + 1 :] == 128).all()
    assert (second == 128).all()
    assert 128 - third.min() == 64 and np.flatnonzero(third == 64).tolist() == list(range(16, 25))
    assert (fourth[line:] == 1).all() and (fourth[:line] == 128).all()
    assert (bars[:, 3::4] == 128).all()  # gaps
    many = np.full(1000, 128, np.uint8)
    many[700] = 255
    (bars,) = maps._bars(many, 32, 128)
    assert bars.shape[1] == 128 and (bars[0] == 255).sum() == 1  # the strongest is not lost


def test_values_that_are_no_numbers_do_no_harm(picture):
    loaded = load(of("lenet5", seed=3), device="cpu")
    (weight, *_) = [each for each in loaded.network.parameters() if each.ndim == 4]
    before = weight.clone()
    try:
        weight[0] = float("nan")
        found = maps.maps(loaded, picture)
    finally:
        weight.copy_(before)
    index, _ = maps.packed(found)
    broken = [each for each in index if each["mean"] != each["mean"]]
    assert broken and msgspec.json.encode(index)


def test_one_array_holds_all_tiles_and_blocks_share_those_of_their_last_node(picture):
    request = {"do": "maps", "subject": msgspec.to_builtins(of("resnet_cifar"))}
    shares = []
    found = answer(
        {**request, "pictures": [msgspec.to_builtins(picture)], "device": "cpu"},
        Job(shares.append),
    )
    rows = {
        each["path"]: each
        for each in msgspec.json.decode(msgspec.json.encode(found.fields))["nodes"]
    }
    tiles = found.arrays["tiles"]
    assert max(each["start"] + int(np.prod(each["shape"])) for each in rows.values()) == len(tiles)
    assert rows["layer1.0"]["start"] == rows["layer1.0.relu2"]["start"]
    assert rows["layer1"]["shape"] == rows["layer1.1.relu2"]["shape"] == [12, 32, 32]
    assert shares == sorted(shares) and 0 < shares[-1] <= 1
    with pytest.raises(Canceled):
        answer({**request, "pictures": [msgspec.to_builtins(picture)]}, Job(canceled=lambda: True))


def test_an_example_of_the_recipes_data_is_a_picture():
    recipe = msgspec.to_builtins(Recipe())
    loaded = load(of("lenet5", recipe=recipe), device="cpu")
    one, two = (
        reading.read([Picture(part="validation", index=index)], loaded) for index in range(2)
    )
    assert one.shape == (1, 1, 32, 32) and one.dtype == np.uint8 and (one != two).any()
    with pytest.raises(DesignerError, match="no example 100000 of the test part"):
        reading.read([Picture(part="test", index=99_999)], loaded)
