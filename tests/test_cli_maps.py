"""`netdesigner maps` and `netdesigner explain`: pictures of what a network computes."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from designer.cli import main
from designer.cli.maps import tiles
from designer.design import files
from designer.gui.base import signed_colors
from tests.engine.samples import TINY, create, tiny_recipe, write_data


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A run with kept weights, its design as a file, and a picture."""
    folder = tmp_path_factory.mktemp("maps")
    recipe = tiny_recipe(write_data(folder / "squares.npz"), epochs=1, keep_checkpoints=1)
    run = create(folder / "run", recipe, TINY)
    subprocess.run([sys.executable, "-m", "designer.engine.worker", str(run.path)], check=True)
    picture, design = folder / "bar.png", folder / "tiny.json"
    pixels = np.full((8, 8), 30, np.uint8)
    pixels[2:4] = 200
    Image.fromarray(pixels).save(picture)
    files.save(TINY, design)
    return {"run": str(run.path), "picture": str(picture), "design": str(design)}


def test_channels_are_drawn_and_told(given, tmp_path, capsys):
    to = tmp_path / "maps.png"
    words = ["maps", given["run"], given["picture"], "--node", "act", "--to", str(to), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["node"], told["kind"], told["shape"]) == ("act", "maps", [4, 8, 8])
    assert told["picture"] == str(to)
    assert len(told["channels"]) == 4
    assert told["channels"][0].keys() == {
        *("minimum", "maximum", "mean", "deviation", "zeros", "strength")
    }
    assert min(each["minimum"] for each in told["channels"]) == told["figures"]["minimum"] == 0
    with Image.open(to) as picture:
        assert picture.size == (2 * 32 + 2, 2 * 32 + 2)  # four tiles of 8x8, enlarged four times


def test_filters_of_an_epoch_need_no_picture(given, tmp_path, capsys):
    to = tmp_path / "filters.png"
    words = ["maps", given["run"], "--node", "conv", "--filters", "--to", str(to)]
    assert main([*words, "--weights", "epoch:0"]) == 0
    assert capsys.readouterr().out.endswith("conv (Conv2d), weight of 4x1x3x3\n")
    first = to.read_bytes()
    assert main(words) == 0
    assert to.read_bytes() != first


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "Grad-CAM, at act"),
        (["--node", "conv", "--class", "1"], "Grad-CAM, at conv"),
        (["--method", "gradient"], "Input gradient"),
        (["--method", "occlusion", "--patch", "4", "--stride", "2"], "Occlusion"),
    ],
)
def test_what_speaks_for_a_class_is_drawn(given, tmp_path, capsys, more, words):
    to = tmp_path / "why.png"
    assert main(["explain", given["run"], given["picture"], "--to", str(to), *more]) == 0
    told = capsys.readouterr().out
    assert words in told and " %" in told
    with Image.open(to) as picture:
        assert picture.size == (256, 256)


def test_the_map_is_told_as_numbers(given, capsys):
    words = ["explain", given["design"], given["picture"], "--class", "2", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["class"] == "2" and told["index"] == 2 and 0 < told["probability"] < 1
    assert np.array(told["map"]).shape == (8, 8) and told["picture"] is None


def test_colors_of_tiles():
    found = np.asarray(tiles(np.array([[-2.0, 0.0, 2.0]])))
    named = ["#{:02x}{:02x}{:02x}".format(*pixel) for pixel in found[0].tolist()]
    assert named[1:] == [signed_colors.color(0.0), signed_colors.color(1.0)]
    assert named[0] == "#{:02x}{:02x}{:02x}".format(*signed_colors.palette()[1])
    kernel = np.zeros((1, 3, 1, 2), np.float32)
    kernel[0, 1, 0, 1] = 5
    assert np.asarray(tiles(kernel))[0].tolist() == [[0, 0, 0], [0, 255, 0]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["maps", "lenet5", "--node", "conv1", "--to", "x.png"], "Give a picture"),
        (["maps", "lenet5", "a.png", "--node", "conv1"], "Say where to write"),
        (["maps", "lenet5", "--node", "tanh1", "--filters", "--to", "x.png"], "has no weights"),
        (["maps", "lenet5", "--node", "c", "--filters", "--json"], "has no node c"),
        (["explain", "lenet5", "a.png"], "Say where to write"),
        (["explain", "lenet5", "no.png", "--json"], "no.png"),
        (
            ["explain", "lenet5", "a.png", "--json", "--method", "gradient", "--node", "conv1"],
            "--node has no effect on the method gradient",
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(words, sentence, capsys):
    assert main(words) == 1
    assert sentence in capsys.readouterr().err


def test_a_picture_of_an_unknown_ending_is_refused(given, tmp_path, capsys):
    to = tmp_path / "maps.text"
    assert main(["maps", given["run"], "--node", "conv", "--filters", "--to", str(to)]) == 1
    assert "no ending of a picture: use one such as maps.png" in capsys.readouterr().err
    assert not to.exists()
