"""Everything that a node computes for a picture is what torch computes."""

import numpy as np
import pytest
import torch

from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.inspect import requests
from designer.engine.inspect.channels import channels
from designer.engine.inspect.requests import Job
from designer.errors import DesignerError
from designer.runs.inspection import CHANNEL_FIGURES, Picture
from tests.engine.inspect.networks import PRESETS, loaded, plain, run_plain, subject, write_picture
from tests.engine.samples import TINY, chain


def looked_into(network):
    """Return a few nodes of each kind: layers, joins and views by who reads them, blocks."""
    steps = network.steps.steps
    modules = [step for step in steps if step.module is not None and not step.training_only]
    by_reader = {
        step.sources[0][0]: step.path
        for step in modules
        if step.sources and step.sources[0][0] not in {each.path for each in modules}
    }
    return [step.path for step in modules[:: max(1, len(modules) // 6)]], by_reader


@pytest.mark.parametrize("name", PRESETS)
def test_values_and_figures_are_those_of_torch(name, tmp_path):
    network = loaded(name)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    given, got, _ = run_plain(plain(name), batch)
    paths, by_reader = looked_into(network)
    expected = {path: got[path] for path in paths}
    expected |= {path: given[reader][0] for path, reader in list(by_reader.items())[:4]}
    blocks = [path for path in network.steps.paths if "." not in path and path in got]
    expected |= {path: got[path] for path in blocks[:3]}
    for path, whole in expected.items():
        fields, arrays = channels(network, picture, path)
        value = whole[0].numpy()
        close = 1e-6 * float(np.abs(value).max())
        assert fields["shape"] == list(value.shape)
        np.testing.assert_allclose(arrays["values"].ravel(), value.ravel(), rtol=0, atol=close)
        rows = value.reshape(len(arrays["values"]), -1).astype(np.float64)
        figures = np.stack(
            [
                rows.min(1),
                rows.max(1),
                rows.mean(1),
                rows.std(1),
                (rows == 0).mean(1),
                np.abs(rows).mean(1),
            ],
            axis=1,
        )
        np.testing.assert_allclose(arrays["figures"], figures, rtol=0, atol=close)
        assert fields["figures"]["mean"] == pytest.approx(rows.mean(), abs=close)
        assert fields["figures"]["zeros"] == pytest.approx((rows == 0).mean())
        assert list(fields["figures"]) == list(CHANNEL_FIGURES)


def test_a_request_gives_all_channels_and_the_picture(tmp_path):
    network = loaded(TINY)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    asked = {
        "subject": {"design": subject(TINY).design, "weights": ""},
        "pictures": [{"file": picture.file}],
        "node": "conv",
        "device": "cpu",
    }
    answer = requests.answer({"do": "channels", **asked}, Job())
    assert (answer.fields["kind"], answer.fields["layer"]) == ("maps", "Conv2d")
    assert answer.arrays["values"].shape == (4, 8, 8)
    assert answer.arrays["values"].dtype == np.float32
    seen = answer.arrays["seen"]
    np.testing.assert_array_equal(seen[..., 0], (batch[0, 0] * 255).round().numpy())
    exact = answer.arrays["values"]
    half = requests.answer({"do": "channels", "precision": "float16", **asked}, Job())
    np.testing.assert_array_equal(half.arrays["values"], exact.astype(np.float16))
    bytes_ = requests.answer({"do": "channels", "precision": "uint8", **asked}, Job())
    figures = bytes_.fields["figures"]
    span = figures["maximum"] - figures["minimum"]
    back = figures["minimum"] + bytes_.arrays["values"] / 255 * span
    np.testing.assert_allclose(back, exact, atol=span / 500)


def test_vectors_matrices_and_inputs_have_a_form_of_their_own(tmp_path):
    tokens = chain(
        "Tokens",
        (3, 8, 6),
        rows=LayerNode("Reshape", {"shape": (3, 48)}),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 5}),
    )
    network = loaded(tokens)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    _, got, output = run_plain(plain(tokens), batch)
    for node, kind, shape in (
        ("image", "maps", (3, 8, 6)),
        ("rows", "matrix", (1, 3, 48)),
        ("flat", "vector", (144, 1, 1)),
        ("fc", "vector", (5, 1, 1)),
        ("scores", "vector", (5, 1, 1)),
    ):
        fields, arrays = channels(network, picture, node)
        assert (fields["kind"], arrays["values"].shape) == (kind, shape), node
    np.testing.assert_array_equal(arrays["values"].ravel(), output[0].numpy())
    assert torch.equal(output, got["fc"])


def test_channels_that_come_last_are_channels(tmp_path):
    last = Design(
        "Last",
        graph=Graph(
            {
                "image": LayerNode("Input", {"shape": (3, 5, 4)}),
                "last": LayerNode("Permute", {"order": (2, 3, 1)}),
                "flat": LayerNode("Flatten"),
                "scores": LayerNode("Output"),
            },
            (
                Edge("image", 0, "last", 0),
                Edge("last", 0, "flat", 0),
                Edge("flat", 0, "scores", 0),
            ),
        ),
    )
    network = loaded(last)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    fields, arrays = channels(network, picture, "last")
    assert fields["shape"] == [5, 4, 3]
    np.testing.assert_allclose(arrays["values"], batch[0].numpy(), atol=1e-6)


def test_what_is_wrong_is_a_sentence(tmp_path):
    network = loaded(TINY)
    picture, _ = write_picture(tmp_path / "picture.png", network)
    with pytest.raises(DesignerError, match="has no node nowhere: choose one such as image, conv"):
        channels(network, picture, "nowhere")
    with pytest.raises(DesignerError, match=r"has no node conv1; did you mean conv\?"):
        channels(network, picture, "conv1")
    with pytest.raises(DesignerError, match="not as int4: choose one"):
        channels(network, picture, "conv", precision="int4")
    with pytest.raises(DesignerError, match=r"no\.png"):
        channels(network, Picture(file=str(tmp_path / "no.png")), "conv")
    asked = {"subject": {"design": subject(TINY).design, "weights": ""}, "device": "cpu"}
    with pytest.raises(DesignerError, match="There is no picture"):
        requests.answer({"do": "channels", "pictures": [], "node": "conv", **asked}, Job())
