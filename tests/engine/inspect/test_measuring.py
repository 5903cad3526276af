"""Layers measured without training: figures equal plain torch, and nothing is left behind."""

import json
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
import torch
from torch import nn

from designer import presets
from designer.design import edits, files
from designer.design.values import Design, Graph, LayerNode
from designer.engine.inspect import measuring
from designer.engine.inspect.first_batch import first_batch
from designer.engine.inspect.requests import Canceled, Job, answer
from designer.engine.inspect.subject import load
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Subject, recipe_of
from designer.runs.layer_statistics import Measurement
from tests.engine.inspect.test_requests import served
from tests.engine.plain_statistics import assert_dead_and_saturated, assert_figures_of
from tests.engine.samples import TINY, TWO_OUTPUTS, chain, create, tiny_recipe, write_data

PRESETS = [
    ("lenet5_1998", {}, {"data.source": "mnist10k"}),
    ("resnet_cifar", {}, {"data.source": "shapes10"}),
    ("densenet_cifar", {"depth": 13}, {"data.source": "shapes10"}),
    ("preact_resnet_cifar", {"depth": 20}, {"data.source": "shapes10"}),
    ("googlenet_torchvision", {"resolution": 64}, {"data.source": "nowhere"}),
]
"""Networks with all kinds of nodes: arguments that keep them small, and their recipes."""

SMALL = {"batch": 4, "data.limit": 200, "device": "cpu"}


def subject(design, recipe, *, seed=0):
    plain = json.loads(recipe.to_json())
    return Subject(design=files.dumps(design), weights="", seed=seed, recipe=plain)


def measured(design, recipe, *, seed=0):
    loaded = load(subject(design, recipe, seed=seed), device="cpu")
    return loaded, *measuring.measure(loaded, recipe)


def by_row(measurement):
    return {(row.path, row.kind, row.name): row for row in measurement.layers}


def plain_pass(loaded, recipe):
    """Run the module itself on the same batch; return what each module gave, and its gradient."""
    given = first_batch(loaded, recipe)
    gave = {}
    network = loaded.network.train().requires_grad_(True)

    def note(path):
        def hook(module, inputs, output):
            output.retain_grad()
            gave[path] = output

        return hook

    handles = [
        module.register_forward_hook(note(path))
        for path, module in network.named_modules()
        if path and not any(module.children())
    ]
    torch.manual_seed(recipe.seed)
    outputs = network(given.inputs)
    main = outputs[0] if isinstance(outputs, tuple) else outputs
    loss = nn.functional.cross_entropy(main, given.targets)
    if isinstance(outputs, tuple):
        for each in outputs[1:]:
            loss = loss + 0.3 * nn.functional.cross_entropy(each, given.targets)
    loss.backward()
    for each in handles:
        each.remove()
    return gave, dict(network.named_parameters()), loss


@pytest.mark.parametrize(("name", "arguments", "changes"), PRESETS)
def test_figures_are_those_of_plain_torch(name, arguments, changes):
    recipe = changed(Recipe(), SMALL | changes)
    design = presets.load(name)
    for argument, value in arguments.items():
        design = edits.set_argument(design, argument, value)
    loaded, found, notes = measured(design, recipe)
    assert bool(notes) == (recipe.data.source == "nowhere")
    gave, weights, loss = plain_pass(loaded, recipe)
    rows = by_row(found)
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)
    kinds = {step.path: step.result.layer for step in loaded.steps.steps}
    for path, output in gave.items():
        if path not in kinds:  # a module within that of a layer
            continue
        assert_figures_of(rows[path, "activation", ""], output)
        assert_figures_of(rows[path, "gradient", ""], output.grad)
        layer = kinds[path]
        if type(layer).__name__ in ("ReLU", "Tanh", "Sigmoid", "Conv2d", "MaxPool2d"):
            assert_dead_and_saturated(rows[path, "activation", ""], output, type(layer).__name__)
    seen = 0
    for key, weight in weights.items():
        path, _, own = key.rpartition(".")
        while path not in kinds:
            path, _, more = path.rpartition(".")
            own = f"{more}.{own}"
        assert_figures_of(rows[path, "weight", own], weight)
        assert_figures_of(rows[path, "weight_gradient", own], weight.grad)
        seen += 1
    assert seen == len(found.of_kind("weight"))


def test_joins_views_and_ends_are_measured_too():
    recipe = changed(Recipe(), SMALL | {"data.source": "shapes10"})
    loaded, found, _ = measured(presets.load("resnet_cifar"), recipe)
    values = {}
    with torch.no_grad():
        loaded.network.train()
        images = first_batch(loaded, recipe).inputs
        loaded.steps.run(images, lambda path, port, value: values.update({path: value}))
        loaded.network.eval()
    rows = found.main("activation")
    layers = [path for path, _ in loaded.analysis.top.layers()]
    assert list(rows) == layers
    assert {"image", "layer1.0.add", "scores"} & set(rows)
    for path in layers:
        assert_figures_of(rows[path], values[path])
    gradients = found.main("gradient")
    assert set(layers) - set(gradients) == set(loaded.steps.inputs)


def test_nothing_is_left_behind():
    recipe = changed(Recipe(), SMALL)
    loaded = load(subject(replace(TINY, name="Left"), recipe), device="cpu")
    before = {key: each.clone() for key, each in loaded.network.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, _ = measuring.measure(loaded, recipe)
    assert torch.equal(torch.rand(3), expected)
    after = loaded.network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(each.training for each in loaded.network.modules())
    assert not any(each.requires_grad for each in loaded.network.parameters())
    assert all(each.grad is None for each in loaded.network.parameters())
    assert measuring.measure(loaded, recipe)[0] == first  # dropout draws the same


def test_a_canceled_measurement_leaves_nothing_behind():
    recipe = changed(Recipe(), SMALL)
    loaded = load(subject(replace(TINY, name="Canceled"), recipe), device="cpu")
    before = {key: each.clone() for key, each in loaded.network.state_dict().items()}
    shares = []

    def progress(share):
        shares.append(share)
        if share > 0.7:
            raise Canceled

    with pytest.raises(Canceled):
        measuring.measure(loaded, recipe, progress=progress)
    assert shares == sorted(shares)
    after = loaded.network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(each.training for each in loaded.network.modules())
    assert not any(each.requires_grad for each in loaded.network.parameters())


def tanh_network(weight_init, value=None):
    layers = {"flat": LayerNode("Flatten")}
    init = {"weight_init": weight_init, "bias_init": 0.0} | (
        {} if value is None else {"weight_init_value": value}
    )
    for number in range(1, 7):
        layers[f"fc{number}"] = LayerNode("Linear", {"out_features": 100, **init})
        layers[f"tanh{number}"] = LayerNode("Tanh")
    layers["out"] = LayerNode("Linear", {"out_features": 10})
    return chain("Six", (1, 28, 28), **layers)


@pytest.mark.parametrize(
    ("init", "value", "vanishes"),
    [("normal", 0.01, True), ("xavier_normal", None, False), ("normal", 0.05, True)],
)
def test_initializations_of_six_tanh_layers_are_told_apart(init, value, vanishes):
    _, found, notes = measured(tanh_network(init, value), changed(Recipe(), SMALL | {"batch": 64}))
    assert notes == ()
    rows = found.main("activation")
    spread = [rows[f"tanh{number}"].deviation for number in range(1, 7)]
    if vanishes:
        assert all(later < 0.6 * earlier for earlier, later in pairwise(spread))
    else:
        assert min(spread) > 0.25
    gradients = [found.main("gradient")[f"tanh{number}"].norm for number in range(1, 7)]
    if vanishes:
        assert all(earlier < 0.6 * later for earlier, later in pairwise(gradients))
    else:
        assert max(gradients) < 3 * min(gradients)


def test_saturated_and_dead_units_are_counted():
    saturated = tanh_network("normal", 1.0)
    _, found, _ = measured(saturated, changed(Recipe(), SMALL))
    assert found.main("activation")["tanh3"].saturated > 0.5
    dead = edits.set_parameter(TINY, "conv", "bias_init", -100.0)
    dead = edits.remove_node(dead, "norm")
    _, found, _ = measured(dead, changed(Recipe(), SMALL))
    rows = found.main("activation")
    assert (rows["act"].dead, rows["act"].zeros, rows["conv"].dead) == (1.0, 1.0, None)


def test_auxiliary_outputs_count_in_the_loss_and_frozen_layers_have_no_weight_gradient():
    frozen = edits.set_learning_rate(TWO_OUTPUTS, "main", 0)
    _, found, _ = measured(frozen, changed(Recipe(), SMALL))
    rows = by_row(found)
    assert ("aux", "weight_gradient", "weight") in rows
    assert ("main", "weight", "weight") in rows
    assert ("main", "weight_gradient", "weight") not in rows


def test_a_run_is_measured_with_its_own_data_and_weights(tmp_path):
    from designer.engine.training import train

    data = write_data(tmp_path / "squares.npz")
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, statistics=0))
    train(run)
    loaded = load(Subject(run=str(run.path)), device="cpu")
    recipe = recipe_of(loaded.subject)
    found, notes = measuring.measure(loaded, recipe)
    assert (notes, found.batch, found.step) == ((), 8, 0)
    weight = loaded.network.get_submodule("conv").weight
    assert found.main("weight")["conv"].mean == pytest.approx(float(weight.mean()), rel=1e-5)
    moved = tmp_path / "elsewhere.npz"
    data.rename(moved)
    loaded = load(Subject(run=str(run.path)), device="cpu")
    _, notes = measuring.measure(loaded, recipe)
    (note,) = notes
    assert "squares.npz" in note
    assert "random numbers instead" in note  # the built-in digits have ten classes


def test_pictures_stand_in_for_data_that_are_missing():
    recipe = changed(Recipe(), SMALL | {"data.source": "imagenet"})
    _, found, notes = measured(presets.load("lenet5"), recipe)
    assert found.batch == 4
    assert notes[-1].endswith("The layers were measured with the built-in digits instead.")


def test_a_batch_that_cannot_be_normalized_is_a_sentence():
    small = chain("Ones", (1, 1, 1), norm=LayerNode("BatchNorm2d"), flat=LayerNode("Flatten"))
    request = {"do": "measure", "id": 1}
    plain = json.loads(changed(Recipe(), SMALL | {"batch": 1}).to_json())
    given = {"design": files.dumps(small), "weights": "", "recipe": plain}
    (said,) = [each for each in served({**request, "subject": given}) if "ok" in each]
    assert not said["ok"]
    assert "norm" in said["message"] and "batch" in said["message"]


def test_the_measurement_reaches_the_window():
    plain = json.loads(changed(Recipe(), SMALL).to_json())
    given = {"design": files.dumps(presets.load("lenet5")), "weights": "", "recipe": plain}
    *_, found = served({"do": "measure", "id": 4, "subject": given, "device": "cpu"})
    assert found["ok"] and found["id"] == 4
    received = msgspec.convert(found["measurement"], Measurement)
    direct = answer({"do": "measure", "subject": given, "device": "cpu"}, Job())
    assert received == direct.fields["measurement"]
    assert sum(received.layers[0].counts) == 4 * 32 * 32


def test_outputs_of_different_sizes_cannot_be_measured():
    graph = TWO_OUTPUTS.graph
    nodes = {**graph.nodes, "aux": LayerNode("Linear", {"out_features": 4})}
    with pytest.raises(DesignerError, match=r"but output .* gives . values: set its last layer"):
        measured(Design("Two", graph=Graph(nodes, graph.edges)), changed(Recipe(), SMALL))
