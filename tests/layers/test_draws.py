"""Layers with random numbers in train mode: their mean, one draw per sample, none in eval mode."""

import pytest
import torch
from torch import nn

from tests.layers.building import chain, design, network


def layer(kind: str, shape: tuple[int, ...], **parameters: object) -> nn.Module:
    torch.manual_seed(5)
    return network(chain(shape, (kind, parameters)))


WINDOW = torch.tensor([[1.0, 3.0], [0.0, -2.0]])


def test_stochastic_pooling_draws_in_proportion():
    module = layer("StochasticPool2d", (1, 80, 80), kernel_size=2)
    image = WINDOW.repeat(1, 1, 40, 40)
    drawn = module.train()(image)
    assert drawn.shape == (1, 1, 40, 40)
    assert set(drawn.unique().tolist()) == {1.0, 3.0}
    assert drawn.eq(3).float().mean() == pytest.approx(0.75, abs=0.05)
    predicted = module.eval()(image)
    assert torch.allclose(predicted, torch.tensor((1 * 1 + 3 * 3) / 4))
    assert drawn.mean() == pytest.approx(float(predicted.mean()), abs=0.1)


def test_stochastic_pooling_draws_evenly_from_a_window_without_positive_values():
    module = layer("StochasticPool2d", (1, 80, 80), kernel_size=2)
    image = torch.tensor([[-1.0, -3.0], [0.0, -2.0]]).repeat(1, 1, 40, 40)
    drawn = module.train()(image)
    for value in (-1.0, -3.0, 0.0, -2.0):
        assert drawn.eq(value).float().mean() == pytest.approx(0.25, abs=0.05)
    assert torch.allclose(module.eval()(image), torch.tensor(-1.5))


def test_stochastic_pooling_draws_for_each_image_and_channel():
    module = layer("StochasticPool2d", (2, 40, 40), kernel_size=2)
    drawn = module.train()(WINDOW.repeat(2, 2, 20, 20))
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0, 0], drawn[0, 1])


def test_stochastic_pooling_sends_the_gradient_where_it_drew():
    module = layer("StochasticPool2d", (3, 7, 7), kernel_size=3, stride=2, ceil_mode=True)
    image = torch.rand(2, 3, 7, 7, requires_grad=True)
    drawn = module.train()(image)
    drawn.sum().backward()
    assert image.grad is not None
    assert image.grad.sum() == drawn.numel()
    assert (image.grad * image).sum().item() == pytest.approx(drawn.sum().item(), rel=1e-5)


def test_stochastic_pooling_draws_from_the_windows_of_a_max_pool():
    module = layer("StochasticPool2d", (3, 9, 8), kernel_size=[3, 2], stride=[2, 3])
    image = torch.rand(2, 3, 9, 8)
    drawn = module.train()(image)
    windows = image.unfold(2, 3, 2).unfold(3, 2, 3).flatten(4)
    assert drawn.shape == windows.shape[:-1]
    assert windows.eq(drawn.unsqueeze(-1)).any(-1).all()


def test_drop_connect_expects_what_linear_gives():
    module = layer("DropConnect", (6,), out_features=5, p=0.4)
    row = torch.randn(1, 6).repeat(3, 1)
    linear = nn.functional.linear(row, module.layer1.weight, module.layer1.bias)
    module.train()
    draws = torch.stack([module(row) for _ in range(3000)])
    # One mask of weights serves the whole batch; some processors round rows of it differently.
    torch.testing.assert_close(draws[:, 0], draws[:, 1])
    assert draws[:, 0].std(0).min() > 0
    assert (draws.mean(0) - linear).abs().max() < 0.1
    assert torch.equal(module.eval()(row), linear)


def test_drop_connect_leaves_out_weights_at_its_rate():
    module = layer("DropConnect", (1,), out_features=20_000, p=0.3, bias=False)
    weight = module.layer1.weight.flatten()
    drawn = module.train()(torch.ones(1, 1)).flatten()
    dropped = drawn == 0
    assert dropped.float().mean() == pytest.approx(0.3, abs=0.02)
    torch.testing.assert_close(drawn[~dropped], weight[~dropped] / 0.7)


@pytest.mark.parametrize("mode", ["sample", "batch"])
def test_stochastic_depth_leaves_out_whole_samples(mode: str):
    module = layer("StochasticDepth", (2, 3, 3), p=0.25, mode=mode).train()
    image = torch.rand(4000, 2, 3, 3) + 0.5
    ratio = (module(image) / image).flatten(1)
    assert (ratio == ratio[:, :1]).all() or torch.allclose(ratio, ratio[:, :1].expand_as(ratio))
    left_out = ratio[:, 0] == 0
    torch.testing.assert_close(ratio[~left_out], torch.full_like(ratio[~left_out], 1 / 0.75))
    if mode == "sample":
        assert left_out.float().mean() == pytest.approx(0.25, abs=0.03)
    else:
        drawn = {float(module(image[:8]).abs().sum() > 0) for _ in range(60)}
        assert drawn == {0.0, 1.0}
        assert left_out.all() or not left_out.any()


@pytest.mark.parametrize("p", [0.15, 0.5, 1.0])
def test_drop_path_leaves_out_inputs_and_never_all(p: float):
    nodes = {f"image{port}": {"layer": "Input", "shape": [3]} for port in range(3)}
    nodes |= {"join": {"layer": "DropPathMean", "p": p}, "scores": {"layer": "Output"}}
    edges = [["image0", "join", "scores"], ["image1", "join:1"], ["image2", "join:2"]]
    module = network(design(nodes, edges)).train()
    samples = 6000
    # Each input on an axis of its own, so that the output tells the shares.
    shares = module(*(row.expand(samples, 3) for row in torch.eye(3)))
    alive = (shares > 0).sum(1)
    assert alive.min() == 1
    torch.testing.assert_close(shares.sum(1), torch.ones(samples))
    torch.testing.assert_close(shares.amax(1), 1 / alive)
    rate = (shares == 0).float().mean(0)
    # All three are left out with p³, and then each of them stays in a third of the cases.
    assert rate == pytest.approx(p - p**3 / 3, abs=0.03)
    torch.testing.assert_close(module.eval()(*torch.eye(3).split(1))[0], torch.full((3,), 1 / 3))


@pytest.mark.parametrize("kind", ["StochasticDepth", "Dropout", "Dropout2d", "AlphaDropout"])
def test_noise_rests_when_predicting_and_at_no_chance(kind: str):
    image = torch.randn(3, 2, 4, 4)
    assert layer(kind, (2, 4, 4), p=0.5).eval()(image) is image
    assert torch.equal(layer(kind, (2, 4, 4), p=0.0).train()(image), image)
    assert layer(kind, (2, 4, 4), p=1.0).train()(image).abs().sum() == 0 or kind == "AlphaDropout"


def test_fractional_pooling_takes_values_of_the_image():
    module = layer("FractionalMaxPool2d", (2, 10, 10)).train()
    image = torch.rand(2, 2, 10, 10)
    drawn = module(image)
    assert drawn.shape == (2, 2, 7, 7)
    assert torch.isin(drawn, image).all()
    assert drawn.amax((2, 3)).allclose(image.amax((2, 3)))
