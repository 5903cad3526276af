"""What is said of a layer's initial weights, compared with the weights that torch draws."""

import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.initial_weights import initial_weights, sentence
from designer.engine.initialization import initialize
from designer.engine.module import module
from designer.recipe.initialization import INITIALIZATIONS, Initialization
from tests.layers.building import chain, design

DESIGN = chain(
    (64, 8, 8),
    ("Conv2d", {"out_channels": 96, "kernel_size": 3}),
    ("BatchNorm2d", {}),
    ("SeparableConv2d", {"out_channels": 64, "kernel_size": 3}),
    ("Conv2d", {"out_channels": 64, "kernel_size": 3, "weight_init": "normal"}),
    ("ReLU", {}),
)


@pytest.mark.parametrize("name", [name for name in INITIALIZATIONS if name != "lsuv"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_the_deviation_is_that_of_the_drawn_weights(name, mode):
    how = Initialization(name=name, deviation=0.07, gain=1.3, mode=mode)
    analysis = analyze(DESIGN)
    torch.manual_seed(0)
    network = module(DESIGN)
    initialize(network, analysis, how, seed=0, batch=lambda: None)
    for path in ("layer1", "layer3", "layer4"):
        for each in initial_weights(analysis, path, how):
            weight = network.get_parameter(f"{path}.{each.name or 'weight'}")
            rms = weight.detach().sub(weight.mean()).square().mean().sqrt().item()
            assert rms == pytest.approx(each.deviation, rel=0.06, abs=1e-6)


def test_sentences():
    analysis = analyze(DESIGN)

    def said(path, **how):
        return sentence(analysis, path, Initialization(**how))

    assert said("layer1", name="kaiming_normal") == (
        "layer1: standard deviation 0.0589 (fan in 576)"
    )
    assert said("layer1") == "layer1: standard deviation 0.0241 (fan in 576)"
    assert said("layer1", name="xavier_normal") == (
        "layer1: standard deviation 0.0373 (fan in 576, fan out 864)"
    )
    assert said("layer1", name="normal") == "layer1: standard deviation 0.01"
    assert said("layer1", name="constant") == "layer1: all 0.01"
    assert said("layer1", name="orthogonal") == (
        "layer1: standard deviation 0.0417 (a matrix of 96 × 576)"
    )
    assert "variance of 1" in said("layer1", name="lsuv")
    assert said("layer2", name="zeros") == "layer2: weights 1, biases 0"
    assert said("layer4", name="zeros") == "layer4: standard deviation 1 (its own, normal)"
    assert said("layer5") == "layer5 has no weights."
    assert said("layer3", name="kaiming_normal") == (
        "layer3: depthwise.weight standard deviation 0.471 (fan in 9); "
        "pointwise.weight standard deviation 0.144 (fan in 96)"
    )


def test_the_last_norm_of_a_branch_says_that_it_begins_at_zero():
    analysis = analyze(presets.load("resnet18"))
    how = Initialization(zero_last=True)
    assert "all 0" in sentence(analysis, "layer1.0.bn2", how)
    assert sentence(analysis, "layer1.0.bn1", how) == "layer1.0.bn1: weights 1, biases 0"


def test_recurrent_layers_begin_by_their_hidden_size_and_embeddings_with_a_deviation_of_1():
    sequence = chain((12, 40), ("GRU", {"hidden_size": 100, "num_layers": 2}))
    torch.manual_seed(0)
    network = module(sequence)
    found = initial_weights(analyze(sequence), "layer1", Initialization())
    assert [each.name for each in found] == [
        f"weight_{way}_l{layer}" for layer in (0, 1) for way in ("ih", "hh")
    ]
    for each in found:
        drawn = network.get_parameter(f"layer1.{each.name}").std().item()
        assert drawn == pytest.approx(each.deviation, rel=0.05)
    assert found[0].words == "standard deviation 0.0577 (hidden size 100)"

    words = {"layer": "Input", "shape": [7], "dtype": "int64"}
    table = {"layer": "Embedding", "num_embeddings": 90, "embedding_dim": 50}
    nodes = {"words": words, "table": table, "out": {"layer": "Output"}}
    tokens = design(nodes, [["words", "table", "out"]])
    (found,) = initial_weights(analyze(tokens), "table", Initialization())
    drawn = module(tokens).get_parameter("table.weight").std().item()
    assert drawn == pytest.approx(found.deviation, rel=0.05)
