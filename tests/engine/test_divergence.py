import torch
from torch import nn

from designer.engine.divergence import broken_weights, origin


class Root(nn.Module):
    def forward(self, x):
        return (x - 1e9).sqrt()


def network(middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), middle, nn.Linear(4, 2))


def test_the_first_layer_is_named():
    model = network(Root())
    x = torch.ones(2, 4)
    assert origin(model, lambda: model(x).sum()) == "layer 1 (Root) was the first to produce it"


def test_what_arises_between_layers_is_told():
    model = network(nn.Identity())
    x = torch.ones(2, 4)
    found = origin(model, lambda: model[2](model[0](x) / 0).sum())
    assert "between the layers before 2" in found


def test_broken_weights_come_first():
    model = network(nn.Identity())
    with torch.no_grad():
        model[2].weight[0, 0] = torch.inf
        model[0].bias[0] = torch.nan
    assert broken_weights(model) == ["0.bias", "2.weight"]
    assert "weights of layer 2" in origin(model, lambda: model(torch.ones(2, 4)).sum())


def test_the_loss_itself_can_overflow():
    model = network(nn.Identity())
    found = origin(model, lambda: model(torch.ones(2, 4)).exp().sum() * torch.inf)
    assert "loss itself" in found


def test_a_gradient_can_be_the_first():
    model = network(nn.Identity())
    found = origin(model, lambda: (model[0](torch.ones(2, 4)) * 0).sqrt().sum())
    assert "gradient of layer 0" in found
