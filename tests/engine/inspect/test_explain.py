"""Maps of what speaks for a class are those of plain torch scripts, and leave nothing behind."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from designer.design import edits
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.inspect import requests
from designer.engine.inspect.explain import METHODS, default_node, explain
from designer.engine.inspect.requests import Canceled, Job
from designer.errors import DesignerError
from designer.runs.explanations import EXPLANATIONS
from tests.engine.inspect.networks import PRESETS, loaded, plain, run_plain, subject, write_picture
from tests.engine.samples import TINY, chain


def near(found, expected):
    expected = expected.detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def grad_cam(network, batch, node, index, *, reader=None):
    """Compute Grad-CAM with a plain backward pass."""
    given, got, output = run_plain(network, batch.clone().requires_grad_(), gradients=True)
    output[0, index].backward()
    value = got[node] if reader is None else given[reader][0]
    weights = value.grad.mean((2, 3), keepdim=True)
    found = (weights * value).sum(1, keepdim=True).relu()
    return functional.interpolate(found, batch.shape[2:], mode="bilinear")[0, 0]


@pytest.mark.parametrize("name", PRESETS)
def test_grad_cam_and_gradient_are_those_of_a_plain_script(name, tmp_path):
    network, script = loaded(name), plain(name)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    node = default_node(network.steps)
    readers = {
        step.sources[0][0]: step.path
        for step in network.steps.steps
        if step.module is not None and not step.training_only
    }
    is_module = network.steps.step(node).module is not None
    fields, arrays = explain(network, picture, method="gradcam")
    with torch.no_grad():
        output = script(batch)
    main = output if isinstance(output, torch.Tensor) else output[0]
    index = int(main[0].argmax())
    assert (fields["node"], fields["index"]) == (node, index)
    assert fields["probability"] == pytest.approx(float(main.softmax(1)[0, index]), rel=1e-5)
    reader = None if is_module else readers[node]
    near(arrays["map"], grad_cam(script, batch, node, index, reader=reader))
    assert arrays["map"].shape == batch.shape[2:] and arrays["map"].dtype == np.float32
    other = (index + 1) % main.shape[1]
    fields, arrays = explain(network, picture, method="gradient", wanted=str(other))
    assert fields["class"] == str(other)
    image = batch.clone().requires_grad_()
    answer = script(image)
    (answer if isinstance(answer, torch.Tensor) else answer[0])[0, other].backward()
    near(arrays["map"], image.grad[0].abs().max(0).values)


def test_grad_cam_at_any_node_that_gives_an_image(tmp_path):
    network = loaded("resnet_cifar")
    picture, batch = write_picture(tmp_path / "picture.png", network)
    for node in ("conv1", "layer1.1.bn1", "layer2.0", "layer2"):
        _, arrays = explain(network, picture, method="gradcam", node=node, wanted="3")
        near(arrays["map"], grad_cam(plain("resnet_cifar"), batch, node, 3))


def test_nothing_is_left_behind(tmp_path):
    network = loaded("resnet_cifar")
    picture, _ = write_picture(tmp_path / "picture.png", network)
    before = {name: value.clone() for name, value in network.network.state_dict().items()}
    for method in METHODS:
        explain(network, picture, method=method, patch=16)
    assert all(torch.equal(before[name], value) for name, value in network.network.named_buffers())
    for name, weight in network.network.named_parameters():
        assert torch.equal(before[name], weight)
        assert weight.grad is None and not weight.requires_grad
    assert not network.network.training
    assert not any(each._forward_hooks for each in network.network.modules())


@pytest.mark.parametrize("name", ["lenet5_1998", "resnet_cifar"])
def test_occlusion_is_that_of_a_plain_script(name, tmp_path):
    network, script = loaded(name), plain(name)
    picture, batch = write_picture(tmp_path / "picture.png", network)
    shares = []
    fields, arrays = explain(
        network, picture, method="occlusion", patch=9, stride=7, progress=shares.append
    )
    index, (height, width) = fields["index"], batch.shape[2:]
    total, count = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        whole = script(batch).softmax(1)[0, index]
        masks = []
        for y in [*range(0, height - 9, 7), height - 9]:
            for x in [*range(0, width - 9, 7), width - 9]:
                mask = torch.zeros(height, width, dtype=torch.bool)
                mask[y : y + 9, x : x + 9] = True
                masks.append(mask)
        covered = torch.cat([batch.masked_fill(mask, 0) for mask in masks])
        covered = covered.contiguous(memory_format=torch.channels_last)
        for mask, answer in zip(masks, script(covered).softmax(1)[:, index], strict=True):
            total[mask] += whole - answer
            count[mask] += 1
    assert count.min() > 0
    # The falls are differences of probabilities, which are exact to their own size of 1.
    np.testing.assert_allclose(arrays["map"], total / count, rtol=0, atol=1e-6)
    assert (fields["patch"], fields["stride"]) == (9, 7)
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)


def test_occlusion_can_be_canceled(tmp_path):
    network = loaded(TINY)
    picture, _ = write_picture(tmp_path / "picture.png", network)
    asked = {
        "do": "explain",
        "method": "occlusion",
        "subject": {"design": subject(TINY).design, "weights": ""},
        "pictures": [{"file": picture.file}],
        "device": "cpu",
    }
    with pytest.raises(Canceled):
        requests.answer(asked, Job(canceled=lambda: True))
    answer = requests.answer(asked, Job())
    assert answer.arrays["map"].shape == (8, 8) and answer.fields["method"] == "occlusion"
    assert answer.fields["notes"]


def test_the_score_stands_before_a_last_softmax(tmp_path):
    with_softmax = chain(
        "Probabilities",
        (1, 8, 8),
        conv=LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3}),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 3}),
        softmax=LayerNode("Softmax"),
    )
    without = edits.remove_node(with_softmax, "softmax")
    maps = []
    for design in (with_softmax, without):
        network = loaded(design)
        picture, _ = write_picture(tmp_path / "picture.png", network)
        maps.append(explain(network, picture, method="gradient", wanted="1")[1]["map"])
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-5)


def test_by_default_grad_cam_is_computed_before_the_last_pool():
    assert default_node(loaded("lenet5").steps) == "tanh2"
    assert default_node(loaded("resnet_cifar").steps) == "layer3.2.relu2"
    assert default_node(loaded(TINY).steps) == "act"  # not the Dropout behind it
    flat = loaded(chain("Flat", (1, 1, 1), flat=LayerNode("Flatten")))
    with pytest.raises(DesignerError, match="No node of this network gives an image"):
        default_node(flat.steps)


def test_every_method_has_a_row():
    assert list(METHODS) == list(EXPLANATIONS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "magic"}, "no method magic: choose one of gradcam, gradient, occlusion"),
        ({"method": "gradcam", "node": "fc"}, "fc gives no image"),
        ({"method": "gradcam", "node": "nowhere"}, "no node nowhere"),
        ({"method": "gradient", "wanted": "cat"}, "no output cat: choose one of 0, 1, 2"),
        ({"method": "occlusion", "patch": 9}, "does not fit into 8x8: choose from 1 to 8"),
        ({"method": "occlusion", "patch": 3, "stride": 4}, "does not suit a patch of 3"),
    ],
)
def test_what_is_wrong_is_a_sentence(settings, sentence, tmp_path):
    network = loaded(TINY)
    picture, _ = write_picture(tmp_path / "picture.png", network)
    with pytest.raises(DesignerError, match=sentence):
        explain(network, picture, **settings)


def test_a_node_that_the_scores_do_not_depend_on_is_refused(tmp_path):
    aside = Design(
        "Aside",
        graph=Graph(
            {
                "image": LayerNode("Input", {"shape": (1, 8, 8)}),
                "conv": LayerNode("Conv2d", {"out_channels": 2, "kernel_size": 3}),
                "flat": LayerNode("Flatten"),
                "scores": LayerNode("Output"),
                "other": LayerNode("Conv2d", {"out_channels": 2, "kernel_size": 3}),
                "loud": LayerNode("ReLU"),
                "flat2": LayerNode("Flatten"),
                "side": LayerNode("Output", {"auxiliary": True}),
            },
            (
                Edge("image", 0, "conv", 0),
                Edge("conv", 0, "flat", 0),
                Edge("flat", 0, "scores", 0),
                Edge("image", 0, "other", 0),
                Edge("other", 0, "loud", 0),
                Edge("loud", 0, "flat2", 0),
                Edge("flat2", 0, "side", 0),
            ),
        ),
    )
    network = loaded(aside)
    picture, _ = write_picture(tmp_path / "picture.png", network)
    with pytest.raises(DesignerError, match="Only while it is trained, the network computes loud"):
        explain(network, picture, method="gradcam", node="loud")
