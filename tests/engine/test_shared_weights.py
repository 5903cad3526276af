"""Networks whose nodes share weights: node by node, measured, initialized and exported."""

from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

from designer.analysis.accounting.training_peak import moments
from designer.analysis.analysis import analyze
from designer.analysis.assist.features import features_at, nodes_with_features
from designer.analysis.report.tensors import modules
from designer.design.edits import set_learning_rate
from designer.design.values import Design
from designer.engine.export import export, of_design
from designer.engine.figures import Rows
from designer.engine.freezing import freeze, groups
from designer.engine.initialization import initialize
from designer.engine.inspect.steps import Steps
from designer.engine.layer_statistics import Statistics, add_weights, watched
from designer.engine.training import train
from designer.recipe.initialization import Initialization
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.layer_statistics import read_measurements
from tests.analysis.drawing import OUTPUT, block, design
from tests.analysis.test_shared_weights import convolutions, language, siamese
from tests.engine.samples import create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same, look_always

__all__ = ["look_always"]

SAME = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}


def nested() -> Design:
    """Return a design that shares a block which shares in itself and holds another block."""
    inner = block(
        {"conv": SAME, "relu": {"layer": "ReLU"}, "again": {**SAME, "shares": "conv"}},
        [["x", "conv", "relu", "again", "y"]],
    )
    outer = block(
        {"unit": {"block": "Inner", "repeat": 2}, "norm": {"layer": "BatchNorm2d"}},
        [["x", "unit", "norm", "y"]],
    )
    return design(
        {
            "image": {"layer": "Input", "shape": [4, 6, 6]},
            "one": {"block": "Outer"},
            "two": {"block": "Outer", "shares": "one"},
            "scores": OUTPUT,
        },
        [["image", "one", "two", "scores"]],
        blocks={"Inner": inner, "Outer": outer},
    )


DESIGNS = {
    "siamese": siamese(),
    "nested": nested(),
    "convolutions": convolutions([3, 12, 10]),
    "language": language(),
}


def inputs_of(drawn: Design) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randint(0, 9, (2, *port.shape), generator=generator)
        if port.integer
        else torch.randn((2, *port.shape), generator=generator)
        for port in analyze(drawn).inputs
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_a_network_run_node_by_node_gives_the_same(name: str) -> None:
    model = of_design(DESIGNS[name])
    inputs = inputs_of(DESIGNS[name])
    steps = Steps(model.network, model.analysis)
    values: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        expected = model.network(*inputs)
        found = steps.run(
            dict(zip(steps.inputs, inputs, strict=True)),
            lambda path, port, value: values.update({path: value}),
        )
    assert torch.equal(found[0], expected)
    assert set(dict(model.analysis.top.layers())) <= values.keys()


@pytest.mark.parametrize("name", DESIGNS)
def test_tensors_of_the_state_dict_are_listed_once_in_its_order(name: str) -> None:
    model = of_design(DESIGNS[name])
    listed = {
        f"{each.path}.{tensor}": shape
        for each in modules(model.analysis)
        for tensor, shape in each.tensors.items()
    }
    found = {key: tuple(value.shape) for key, value in model.network.state_dict().items()}
    assert list(listed.items()) == list(found.items())


@pytest.mark.parametrize("name", ["siamese", "language"])
def test_every_format_holds_each_weight_once_and_agrees(name: str, tmp_path: Path) -> None:
    model = of_design(DESIGNS[name])
    model.__dict__["examples"] = inputs_of(DESIGNS[name])
    paths = [tmp_path / f"model{ending}" for ending in EXPORT_FORMATS]
    assert [done.path for done in export(model, paths)] == paths  # each was read back and compared
    graph = onnx.load(tmp_path / "model.onnx").graph
    weights = [each.name for each in graph.initializer if each.name.endswith("weight")]
    assert len(weights) == len(set(weights))
    if name == "siamese":
        layers = ("conv", "bn", "relu", "pool")
        assert [node.name for node in graph.node] == [
            *(f"tower1.{layer}" for layer in layers),
            *(f"tower2.{layer}" for layer in layers),
            "add",
        ]
        convolutions_of = [node for node in graph.node if node.op_type == "Conv"]
        assert [node.input[1] for node in convolutions_of] == ["tower1.conv.weight"] * 2


def test_both_uses_are_measured_and_the_weights_once() -> None:
    model = of_design(siamese())
    network = model.network.train()
    layers = watched(network, model.analysis)
    assert [each.path for each in layers if each.parameters()] == ["tower1.conv", "tower1.bn"]
    statistics = Statistics(layers, every=1)
    for step in (1, 2):  # hooks of the second step begin anew
        with statistics.forward(step):
            loss = network(*inputs_of(siamese())).sum()
            loss.backward()
        rows = statistics._rows
        assert isinstance(rows, Rows)
        for each in layers:
            add_weights(rows, each)
        found = rows.read([each.path for each in layers])
        one, two = (
            next(each for each in found if (each.path, each.kind) == (path, "activation"))
            for path in ("tower1.conv", "tower2.conv")
        )
        assert one.mean != two.mean  # of different images


def test_a_tied_linear_is_not_taken_for_the_embedding() -> None:
    model = of_design(language())
    assert [each.path for each in watched(model.network, model.analysis)] == ["words", "act"]


def test_shared_weights_are_filled_once() -> None:
    first, second = of_design(siamese(), seed=3), of_design(siamese(), seed=3)
    alone = of_design(one_tower(siamese()), seed=3)
    how = Initialization(name="kaiming_normal")
    for model in (first, second, alone):
        initialize(model.network, model.analysis, how, seed=1, batch=tuple)
    assert torch.equal(first.network.tower1.conv.weight, second.network.tower1.conv.weight)
    assert torch.equal(first.network.tower1.conv.weight, alone.network.tower1.conv.weight)


def one_tower(drawn: Design) -> Design:
    """Return the design with the first tower alone."""
    nodes = {key: node for key, node in drawn.graph.nodes.items() if key not in ("right", "tower2")}
    edges = tuple(
        each for each in drawn.graph.edges if "right" not in each and "tower2" not in each
    )
    return replace(drawn, graph=replace(drawn.graph, nodes=nodes, edges=edges))


def test_learning_rates_and_freezing_hold_for_all_uses() -> None:
    slow = set_learning_rate(siamese(), "tower2", 0.1)
    model = of_design(slow)
    assert [group["lr_scale"] for group in groups(model.network, model.analysis)] == [0.1]
    frozen = of_design(set_learning_rate(siamese(), "tower2", 0))
    freeze(frozen.network, frozen.analysis)
    assert not any(each.requires_grad for each in frozen.network.parameters())
    assert frozen.analysis.totals.frozen == frozen.analysis.totals.parameters


def test_the_gradient_of_a_shared_weight_is_there_once_and_for_a_moment_twice() -> None:
    found = moments(analyze(convolutions()).top)
    gradient = 4 * 4 * (3 * 9 + 1)
    assert found[-1].gradients == gradient
    assert max(each.gradients for each in found) == gradient
    assert gradient in {each.fixed for each in found}  # the second one, before both are added


def test_features_for_the_center_loss_are_those_of_layers_that_run_once() -> None:
    analysis = analyze(siamese())
    assert nodes_with_features(analysis) == ()
    assert features_at(analysis, "") is None
    assert features_at(analysis, "tower2.pool") is None
    assert features_at(analyze(language()), "") is None


@pytest.mark.usefixtures("look_always")
def test_a_training_learns_and_resumes(tmp_path: Path) -> None:
    data = write_data(tmp_path / "squares.npz")
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [1, 8, 8]},
            "first": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1},
            "conv": SAME,
            "relu": {"layer": "ReLU"},
            "again": {**SAME, "shares": "conv"},
            "flat": {"layer": "Flatten"},
            "fc": {"layer": "Linear", "out_features": 3},
            "scores": OUTPUT,
        },
        [["image", "first", "conv", "relu", "again", "flat", "fc", "scores"]],
    )
    recipe = tiny_recipe(data, statistics=2)
    whole, broken = (create(tmp_path / name, recipe, drawn) for name in ("whole", "broken"))
    train(whole)
    assert train(broken, interrupt=StopAt(5)).status == "stopped"
    assert train(broken, resume=True).status == "finished"
    assert_same(whole, broken)
    paths = {row.path for row in read_measurements(whole.layers)[0].layers if row.kind == "weight"}
    assert paths == {"first", "conv", "fc"}


def test_weights_are_loaded_into_the_module_that_all_share(tmp_path: Path) -> None:
    first = of_design(nested(), seed=1)
    path = tmp_path / "weights.pt"
    torch.save(first.network.state_dict(), path)
    again = of_design(nested(), weights=str(path), seed=2)
    assert first.network.state_dict().keys() == again.network.state_dict().keys()
    inputs = inputs_of(nested())
    with torch.no_grad():
        assert torch.equal(again.network.eval()(*inputs), first.network.eval()(*inputs))
