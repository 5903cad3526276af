"""The initialization of a whole network: every row against torch's own functions."""

import json
import math

import pytest
import torch
from torch import nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import edits, files
from designer.design.values import LayerNode
from designer.engine import checkpoint, steering
from designer.engine.initialization import FILLS, generator, initialize
from designer.engine.module import module
from designer.engine.training import train
from designer.recipe.initialization import INITIALIZATIONS, Initialization
from designer.runs.events import read_events
from tests.engine.inspect.test_measuring import measured
from tests.engine.samples import TINY, chain, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same

NETWORK = chain(
    "Plain",
    (3, 8, 8),
    conv=LayerNode("Conv2d", {"out_channels": 16, "kernel_size": 3}),
    norm=LayerNode("BatchNorm2d"),
    act=LayerNode("ReLU"),
    own=LayerNode(
        "Conv2d",
        {"out_channels": 8, "kernel_size": 3, "weight_init": "constant", "weight_init_value": 0.5},
    ),
    flat=LayerNode("Flatten"),
    fc=LayerNode("Linear", {"out_features": 10, "bias_init": 0.25}),
)

BY_TORCH = {
    "zeros": lambda w, g: nn.init.zeros_(w),
    "constant": lambda w, g: nn.init.constant_(w, 0.3),
    "normal": lambda w, g: nn.init.normal_(w, 0.0, 0.05, generator=g),
    "xavier_uniform": lambda w, g: nn.init.xavier_uniform_(w, gain=1.5, generator=g),
    "xavier_normal": lambda w, g: nn.init.xavier_normal_(w, gain=1.5, generator=g),
    "kaiming_uniform": lambda w, g: nn.init.kaiming_uniform_(
        w, mode="fan_out", nonlinearity="relu", generator=g
    ),
    "kaiming_normal": lambda w, g: nn.init.kaiming_normal_(
        w, mode="fan_out", nonlinearity="relu", generator=g
    ),
    "orthogonal": lambda w, g: nn.init.orthogonal_(w, gain=1.5, generator=g),
}


def initialized(design, how, *, seed=0, batch=None):
    torch.manual_seed(seed)
    network = module(design)
    notes = initialize(network, analyze(design), how, seed=seed, batch=lambda: batch)
    return network, notes


def test_every_row_has_its_function():
    assert FILLS.keys() == INITIALIZATIONS.keys() - {"design"}
    assert BY_TORCH.keys() == FILLS.keys() - {"lsuv"}


def test_by_default_nothing_is_drawn():
    torch.manual_seed(0)
    plain = module(NETWORK).state_dict()
    network, notes = initialized(NETWORK, Initialization())
    assert notes == []
    assert all(torch.equal(each, plain[name]) for name, each in network.state_dict().items())


@pytest.mark.parametrize("name", BY_TORCH)
def test_weights_are_those_that_torch_draws(name):
    how = Initialization(name=name, value=0.3, deviation=0.05, gain=1.5, mode="fan_out")
    before = torch.get_rng_state()
    network, (note,) = initialized(NETWORK, how, seed=7)
    torch.manual_seed(7)
    plain = module(NETWORK).state_dict()
    after, torch_only = torch.get_rng_state(), generator(7)
    found = network.state_dict()
    for path in ("conv", "fc"):
        expected = torch.empty_like(plain[f"{path}.weight"])
        BY_TORCH[name](expected, torch_only)
        assert torch.equal(found[f"{path}.weight"], expected)
    assert not found["conv.bias"].count_nonzero()
    assert found["fc.bias"].eq(0.25).all()  # its own
    assert found["norm.weight"].eq(1).all()
    assert not found["norm.bias"].count_nonzero()
    assert found["own.weight"].eq(0.5).all()
    assert torch.equal(found["own.bias"], plain["own.bias"])
    assert "own" in note
    # The draws of the rest of the training do not depend on the initialization.
    torch.set_rng_state(before)
    initialized(NETWORK, how, seed=7)
    assert torch.equal(torch.get_rng_state(), after)


def preset(name):
    """Return a preset, small, whose layers have no initialization of their own."""
    text = json.loads(files.dumps(presets.load(name)))
    for graph in (text, *text.get("blocks", {}).values()):
        for node in graph["nodes"].values():
            for key in [key for key in node if key.startswith("weight_init")]:
                del node[key]
    design = files.loads(json.dumps(text))
    return edits.set_argument(design, "depth", 20) if name.startswith("preact") else design


def outputs(network, images):
    """Return what each convolution and dense layer gives, norms using the batch's statistics."""
    got = {}
    for path, each in network.named_modules():
        if isinstance(each, nn.Conv2d | nn.Linear):
            each.register_forward_hook(
                lambda _, __, value, path=path: got.update(
                    {path: value.clone()}
                )  # an activation may overwrite it
            )
        each.train(not isinstance(each, nn.Dropout | nn.Dropout2d))
    with torch.no_grad():
        network(images)
    return got


@pytest.mark.parametrize("name", ["lenet5", "resnet_cifar", "preact_resnet_cifar"])
def test_lsuv_gives_every_output_a_variance_of_1(name):
    design = preset(name)
    (port,) = analyze(design).inputs
    torch.manual_seed(1)
    images = 3 * torch.randn(8, *port.shape) + 1
    network, _ = initialized(design, Initialization(name="lsuv"), batch=images)
    buffers = dict(network.named_buffers())
    assert all(not value.count_nonzero() for path, value in buffers.items() if "mean" in path)
    found = outputs(network, images)
    assert len(found) > 4
    for path, value in found.items():
        assert value.double().var(correction=0).item() == pytest.approx(1, abs=0.01), path
    for path, weight in network.named_parameters():
        if weight.ndim > 1:  # orthogonal up to a factor
            flat = weight.detach().flatten(1)
            product = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
            scale = product.diagonal().mean()
            torch.testing.assert_close(
                product / scale, torch.eye(len(product)), atol=1e-4, rtol=0, msg=path
            )


def test_lsuv_says_what_it_cannot_scale():
    dead = chain(
        "Dead",
        (1, 4, 4),
        conv=LayerNode("Conv2d", {"out_channels": 2, "kernel_size": 1, "weight_init": "zeros"}),
        act=LayerNode("ReLU"),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": 2}),
    )
    dead = edits.set_parameter(dead, "conv", "bias_init", 0.0)
    network, notes = initialized(dead, Initialization(name="lsuv"), batch=torch.randn(4, 1, 4, 4))
    assert torch.isfinite(network.fc.weight).all()
    assert "fc" in notes[-1]
    assert "does not vary" in notes[-1]


@pytest.mark.parametrize("name", ["resnet_cifar", "preact_resnet_cifar", "mobilenet_v2"])
@pytest.mark.parametrize("base", ["design", "kaiming_normal", "lsuv"])
def test_with_zero_last_each_residual_block_is_its_shortcut(name, base):
    design = preset(name)
    (port,) = analyze(design).inputs
    images = torch.randn(4, *port.shape)
    how = Initialization(name=base, zero_last=True)
    network, notes = initialized(design, how, batch=images)
    branches = {"resnet_cifar": 9, "preact_resnet_cifar": 9, "mobilenet_v2": 10}[name]
    assert f"{branches} residual branches begin at 0." in notes
    last = {"resnet_cifar": "bn2", "preact_resnet_cifar": "conv2", "mobilenet_v2": "bn"}[name]
    gave = {}
    for path, each in network.named_modules():
        each.register_forward_hook(lambda _, __, value, path=path: gave.update({path: value}))
    with torch.no_grad():
        network.train()(images)
    zero = [path for path, value in gave.items() if path and not value.count_nonzero()]
    assert len([path for path in zero if path.endswith(f".{last}")]) == branches
    outputs_of_network = gave[""] if "" in gave else network(images)
    assert outputs_of_network.std() > 0


def test_without_a_residual_branch_it_says_that_nothing_is_zeroed():
    _, (note,) = initialized(NETWORK, Initialization(zero_last=True))
    assert "no residual branch" in note


def test_it_says_so_where_every_layer_has_its_own():
    own = LayerNode("Linear", {"out_features": 2, "weight_init": "zeros"})
    design = chain("Own", (1, 2, 2), flat=LayerNode("Flatten"), fc=own)
    _, (note,) = initialized(design, Initialization(name="orthogonal"))
    assert "has no effect" in note


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def first_weights(run):
    return checkpoint.load(run.kept(0), source=run.source())["network"]


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_a_stopped_training_continues_exactly(tmp_path, data, name, monkeypatch):
    monkeypatch.setattr(steering, "POLL_SECONDS", 0.0)
    recipe = tiny_recipe(
        data,
        initialization__name=name,
        initialization__zero_last=name == "normal",
        augmentation__shift=0.1,
        keep_checkpoints=1,
    )
    whole, parted = (create(tmp_path / each, recipe) for each in ("whole", "parted"))
    train(whole)
    assert train(parted, interrupt=StopAt(9)).status == "stopped"
    train(parted, resume=True)
    assert_same(whole, parted)
    began = first_weights(whole)
    notes = [each["message"] for each in read_events(whole.events) if each["event"] == "note"]
    if name == "design":
        torch.manual_seed(recipe.seed)
        plain = module(TINY).state_dict()
        assert all(torch.equal(value, plain[key]) for key, value in began.items())
        assert not any("initialized" in each for each in notes)
    else:
        title = INITIALIZATIONS[name].title
        assert any(f"initialized by the recipe: {title}." in each for each in notes)
        assert not began["fc.bias"].count_nonzero()


def test_initial_weights_win(tmp_path, data):
    first = create(tmp_path / "first", tiny_recipe(data, epochs=1))
    train(first)
    recipe = tiny_recipe(
        data, epochs=1, keep_checkpoints=1, initial_weights=str(first.path),
        initialization__name="zeros",
    )  # fmt: skip
    second = create(tmp_path / "second", recipe)
    train(second)
    best = checkpoint.load(first.best, source=first.source())["network"]
    assert all(torch.equal(value, best[key]) for key, value in first_weights(second).items())
    notes = [each["message"] for each in read_events(second.events) if each["event"] == "note"]
    assert any("tensors that the initial weights do not have" in each for each in notes)


@pytest.mark.parametrize("name", ["kaiming_normal", "lsuv"])
def test_measure_now_sees_the_weights_with_which_a_training_begins(tmp_path, data, name):
    recipe = tiny_recipe(data, epochs=1, keep_checkpoints=1, initialization__name=name)
    run = create(tmp_path / "run", recipe)
    train(run)
    began = first_weights(run)
    loaded, found, _ = measured(TINY, recipe)
    for key, value in loaded.network.state_dict().items():
        torch.testing.assert_close(value, began[key])
    rows = {(row.path, row.kind, row.name): row for row in found.layers}
    deviation = rows["conv", "weight", "weight"].deviation
    if name == "kaiming_normal":
        assert deviation == pytest.approx(math.sqrt(2 / 9), rel=0.3)
    else:
        assert rows["conv", "activation", ""].deviation == pytest.approx(1, abs=0.01)
