"""The weights of a node, as pictures: the values of torch's own tensors."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from designer.design.values import LayerNode
from designer.engine.inspect import filters as module
from designer.engine.inspect.filters import BINS, filters
from designer.errors import DesignerError
from tests.engine.inspect.networks import PRESETS, loaded, plain
from tests.engine.samples import TINY, chain


def drawn(weight):
    """Return kernels as they are drawn, by plain torch."""
    if weight.ndim == 4 and weight.shape[2:] == (1, 1):
        return "matrix", weight[:, :, 0, 0]
    if weight.ndim == 4:
        return ("colors", weight) if weight.shape[1] == 3 else ("tiles", weight.mean(1))
    return ("vector", weight) if weight.ndim == 1 else ("matrix", weight)


@pytest.mark.parametrize("name", PRESETS)
def test_values_figures_and_histogram_are_those_of_torch(name):
    network = loaded(name)
    state = dict(plain(name).named_parameters())
    steps = [s for s in network.steps.steps if f"{s.path}.weight" in state]
    chosen = steps[:: max(1, len(steps) // 8)] + steps[-1:]
    assert len(chosen) > 2
    for step in chosen:
        weight = state[f"{step.path}.weight"].detach()
        fields, arrays = filters(network, step.path)
        kind, expected = drawn(weight)
        assert (fields["kind"], fields["tensor"]) == (kind, "weight"), step.path
        assert fields["shape"] == list(weight.shape)
        if fields["reduced"]:
            size = [min(side, 1024) for side in expected.shape]
            expected = functional.adaptive_avg_pool2d(expected[None], size)[0]
        np.testing.assert_allclose(arrays["values"], expected, rtol=0, atol=1e-6)
        values = weight.numpy().astype(np.float64)
        figures = {
            "minimum": values.min(),
            "maximum": values.max(),
            "mean": values.mean(),
            "deviation": values.std(),
            "zeros": (values == 0).mean(),
            "norm": np.sqrt((values**2).sum()),
        }
        assert fields["figures"] == pytest.approx(figures, rel=1e-6, abs=1e-9)
        low, high = float(weight.min()), float(weight.max())
        assert arrays["counts"].tolist() == torch.histc(weight, BINS, low, high).tolist()
        assert arrays["counts"].sum() == weight.numel()


def test_one_input_channel_is_shown_alone():
    network = loaded("resnet_cifar")
    weight = plain("resnet_cifar").conv1.weight.detach().numpy()
    fields, arrays = filters(network, "conv1", channel=2)
    assert (fields["kind"], fields["inputs"]) == ("tiles", 3)
    np.testing.assert_array_equal(arrays["values"], weight[:, 2])
    with pytest.raises(DesignerError, match="have 3 input channels: choose one from 0 to 2"):
        filters(network, "conv1", channel=3)


def test_fixed_filters_and_running_figures_are_shown_without_training():
    network = loaded(
        chain(
            "Edges",
            (1, 8, 8),
            sobel=LayerNode("Sobel"),
            norm=LayerNode("BatchNorm2d"),
            flat=LayerNode("Flatten"),
        )
    )
    fields, arrays = filters(network, "sobel")
    assert fields["kind"] == "tiles"
    assert [each["learned"] for each in fields["tensors"]] == [False]
    slope = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    np.testing.assert_array_equal(arrays["values"], [slope, slope.T])
    fields, arrays = filters(network, "norm", tensor="running_var")
    assert [each["name"] for each in fields["tensors"]] == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
    ]
    assert fields["kind"] == "vector" and arrays["values"].tolist() == [1, 1]
    assert fields["figures"]["minimum"] == fields["figures"]["maximum"] == 1
    assert arrays["counts"].sum() == 2


def test_a_row_that_reads_a_picture_is_a_picture():
    softmax = chain(
        "Softmax regression",
        (3, 5, 4),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 2}),
    )
    fields, arrays = filters(loaded(softmax), "fc")
    weight = plain(softmax).fc.weight.detach().numpy()
    assert fields["kind"] == "colors"
    np.testing.assert_array_equal(arrays["values"], weight.reshape(2, 3, 5, 4))


def test_a_transposed_convolution_has_a_kernel_for_each_output():
    design = chain(
        "Up",
        (4, 3, 3),
        up=LayerNode("ConvTranspose2d", {"out_channels": 6, "kernel_size": 3, "groups": 2}),
        flat=LayerNode("Flatten"),
    )
    network = plain(design)
    pixel = torch.zeros(1, 4, 3, 3)
    pixel[0, 1, 0, 0] = 1  # shows the kernels from input 1, which is in the first group
    with torch.no_grad():
        shown = network.up(pixel)[0, :3, :3, :3] - network.up.bias[:3, None, None]
    weight = network.up.weight
    np.testing.assert_allclose(
        module._by_output(weight, network.up)[:3, 1].detach(), shown, atol=1e-6
    )


def test_a_large_matrix_is_shown_by_means_of_neighbors():
    design = chain(
        "Wide",
        (2, 30, 50),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 4}),
    )
    fields, arrays = filters(loaded(design), "fc")
    weight = plain(design).fc.weight.detach()
    assert fields["reduced"] and fields["shape"] == [4, 3000]
    expected = functional.adaptive_avg_pool2d(weight[None], (4, 1024))[0]
    np.testing.assert_allclose(arrays["values"], expected, atol=1e-7)


def test_what_is_wrong_is_a_sentence():
    network = loaded(TINY)
    with pytest.raises(DesignerError, match="act has no weights"):
        filters(network, "act")
    with pytest.raises(DesignerError, match="image is an input"):
        filters(network, "image")
    with pytest.raises(DesignerError, match="no node nowhere"):
        filters(network, "nowhere")
    with pytest.raises(DesignerError, match="conv has no tensor wheel: choose one of weight, bias"):
        filters(network, "conv", tensor="wheel")
    with pytest.raises(DesignerError, match="fc has no kernels"):
        filters(network, "fc", channel=0)
    with pytest.raises(DesignerError, match="layer1 has no weights"):
        filters(loaded("resnet_cifar"), "layer1")
