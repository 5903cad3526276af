"""Statistics of the layers of a training: right, written, and without any effect on it."""

from contextlib import ExitStack

import pytest
import torch

from designer.design import edits
from designer.design.values import Block, BlockNode, Design, Edge, Graph, LayerNode
from designer.engine import figures, training
from designer.engine.figures import Rows
from designer.engine.layer_statistics import Statistics, count_rows, watched
from designer.engine.training import train
from designer.layers.activation import ReLU, Tanh
from designer.layers.catalogue import layer_types, make
from designer.layers.category import Category
from designer.runs.layer_statistics import BINS, read_measurements
from designer.runs.train_on import train_on
from tests.engine.plain_statistics import assert_dead_and_saturated, assert_figures_of
from tests.engine.samples import TINY, WITHOUT_DROPOUT, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same, look_always  # noqa: F401

# An activation that overwrites its input, behind a join that two layers read.
RESIDUAL = Design(
    "Residual",
    graph=Graph(
        {
            "image": LayerNode("Input", {"shape": (1, 8, 8)}),
            "conv1": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
            "relu1": LayerNode("ReLU"),
            "conv2": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
            "add": LayerNode("Add"),
            "relu2": LayerNode("ReLU"),
            "flat": LayerNode("Flatten"),
            "fc": LayerNode("Linear", {"out_features": 3}),
            "scores": LayerNode("Output"),
        },
        (
            Edge("image", 0, "conv1", 0),
            Edge("conv1", 0, "relu1", 0),
            Edge("relu1", 0, "conv2", 0),
            Edge("conv2", 0, "add", 0),
            Edge("relu1", 0, "add", 1),
            Edge("add", 0, "relu2", 0),
            Edge("relu2", 0, "flat", 0),
            Edge("flat", 0, "fc", 0),
            Edge("fc", 0, "scores", 0),
        ),
    ),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "squares.npz")


def steps(run):
    return [each.step for each in read_measurements(run.layers)]


@pytest.mark.parametrize("design", [TINY, RESIDUAL], ids=lambda each: each.name)
@pytest.mark.parametrize("changes", [{}, {"gradient_clipping": 0.1}], ids=["plain", "clipped"])
def test_a_training_is_the_same_bit_for_bit_with_and_without(tmp_path, data, design, changes):
    without = create(tmp_path / "without", tiny_recipe(data, statistics=0, **changes), design)
    with_ = create(tmp_path / "with", tiny_recipe(data, statistics=1, **changes), design)
    train(without)
    result = train(with_)
    assert_same(without, with_)
    assert steps(with_) == list(range(1, result.steps + 1))
    assert not without.layers.exists()


def test_a_resumed_training_measures_as_if_it_had_not_stopped(tmp_path, data, look_always):  # noqa: F811
    recipe = tiny_recipe(data, statistics=3)
    whole, broken = create(tmp_path / "whole", recipe), create(tmp_path / "broken", recipe)
    train(whole)
    train(broken, interrupt=StopAt(7))
    before = broken.layers.read_bytes()
    with broken.layers.open("ab") as file:  # of steps behind the checkpoint, as a kill leaves them
        file.write(before.replace(b'"step":6', b'"step":9').splitlines(keepends=True)[-1])
        file.write(b'{"step":12,"ep')
    train(broken, resume=True)
    assert_same(whole, broken)
    assert broken.layers.read_bytes() == whole.layers.read_bytes()


def test_a_run_that_is_trained_on_measures_its_own_steps(tmp_path, data):
    parent = create(tmp_path / "parent", tiny_recipe(data, epochs=1, statistics=4))
    done = train(parent).steps
    child = train_on(parent, tmp_path / "child", epochs=1, changes={"statistics": 6})
    train(child, resume=True)
    assert steps(child) == [step for step in range(done + 1, 2 * done + 1) if step % 6 == 0]


@pytest.mark.parametrize("design", [WITHOUT_DROPOUT, RESIDUAL], ids=lambda each: each.name)
def test_figures_of_the_first_step_are_those_of_plain_torch(tmp_path, data, design):
    recipe = tiny_recipe(data, schedule__name="constant", epochs=1, statistics=1)
    run = create(tmp_path / "run", recipe, design)
    train(run)
    assert (design is not RESIDUAL) or "inplace=True" in run.source()
    first = read_measurements(run.layers)[0]

    prepared = training.prepare(create(tmp_path / "again", recipe, design), ExitStack())
    network = prepared.network.train()
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    gave = {}

    def note(path):
        def hook(module, inputs, output):
            output.retain_grad()
            gave[path] = output

        return hook

    for path, module in network.named_modules():
        if path:
            module.register_forward_hook(note(path))
    order = prepared.sampling.order(0)
    images, targets = next(prepared.train.batches(order, prepared.batch))
    loss = torch.nn.functional.cross_entropy(network(images), targets)
    loss.backward()
    assert (first.step, first.epoch, first.batch) == (1, 1, 8)
    assert first.loss == pytest.approx(loss.item(), rel=1e-5)
    rows = {(row.path, row.kind, row.name): row for row in first.layers}
    for path, output in gave.items():
        assert_figures_of(rows[path, "activation", ""], output)
        assert_figures_of(rows[path, "gradient", ""], output.grad)
        kind = type(network.get_submodule(path)).__name__
        assert_dead_and_saturated(rows[path, "activation", ""], output, kind)
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    torch.optim.SGD(
        network.parameters(), 0.05, momentum=0.9, weight_decay=0.0005, nesterov=True
    ).step()
    for name, weight in network.named_parameters():
        path, _, own = name.rpartition(".")
        assert_figures_of(rows[path, "weight", own], before[name])
        assert_figures_of(rows[path, "weight_gradient", own], weight.grad)
        change = (weight.detach() - before[name]).norm() / before[name].norm()
        ratio = rows[path, "weight", own].update_ratio
        assert ratio is None if change.isinf() else ratio == pytest.approx(change.item(), rel=1e-4)
    assert len(rows) == 2 * len(gave) + 2 * len(before)
    assert len(rows) == count_rows(watched(network, prepared.analysis))
    kinds = [(row.path, row.kind) for row in first.layers]
    assert list(dict.fromkeys(path for path, _ in kinds)) == list(gave)  # forward order


def test_frozen_layers_have_no_gradients_and_no_update(tmp_path, data):
    design = edits.set_learning_rate(WITHOUT_DROPOUT, "conv", 0)
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, statistics=1), design)
    train(run)
    last = read_measurements(run.layers)[-1]
    kinds = {row.kind for row in last.layers if row.path == "conv"}
    assert kinds == {"activation", "weight"}
    assert last.main("weight")["conv"].update_ratio is None
    assert last.main("weight")["fc"].update_ratio > 0


def test_gradients_are_those_of_the_loss_itself_whatever_it_was_multiplied_by(data, tmp_path):
    """A scaled loss, as with half precision, and the mean of two processes."""
    prepared = training.prepare(create(tmp_path / "run", tiny_recipe(data)), ExitStack())
    network = prepared.network.eval()  # without dropout
    images, targets = next(prepared.train.batches(torch.arange(8), 8))
    found = []
    for number, scale in enumerate((1.0, 1024.0)):
        statistics = Statistics(watched(network, prepared.analysis), every=1)
        path = tmp_path / f"{number}.jsonl"
        with statistics.writing(path, after=0):
            with statistics.forward(1):
                loss = torch.nn.functional.cross_entropy(network(images), targets)
            (loss * scale).backward()
            statistics.before_update(
                scale=lambda scale=scale, count=number + 1: scale / count, processes=number + 1
            )
            statistics.after_update(step=1, epoch=1, batch=len(images), loss=loss)
        for weight in network.parameters():
            weight.grad = None
        found.append(read_measurements(path)[0])
    one, other = found
    for first, second in zip(one.of_kind("gradient"), other.of_kind("gradient"), strict=True):
        assert second.norm == pytest.approx(first.norm, rel=1e-5)
        assert second.maximum == pytest.approx(first.maximum, rel=1e-5)
        assert (second.zeros, second.counts) == (first.zeros, first.counts)
    pairs = zip(one.of_kind("weight_gradient"), other.of_kind("weight_gradient"), strict=True)
    for first, second in pairs:
        assert second.norm == pytest.approx(2 * first.norm, rel=1e-5)
    assert one.of_kind("activation") == other.of_kind("activation")


@pytest.mark.parametrize(
    "values",
    [
        torch.full((7, 3), 0.1),
        torch.zeros(5),
        torch.tensor([2.5]),
        torch.tensor([1e-25, -3e-25, 2e-25]),
        torch.tensor([1e20, -3e20]),
        torch.randn(3, 4, 5, 6).contiguous(memory_format=torch.channels_last),
        torch.randn(6, 5).t(),
        torch.randn(4, 1).expand(4, 9),
        torch.randn(100_000).exp() ** 3,
        torch.randn(2**18 + 3),
        torch.randn(1000).to(torch.bfloat16),
    ],
    ids=lambda each: str(tuple(each.shape)),
)
def test_figures_of_any_tensor(values):
    rows = Rows()
    rows.add("a", "weight", values)
    (row,) = rows.read(["a"])
    assert_figures_of(row, values)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_have_no_figures_and_no_histogram(bad):
    rows = Rows()
    rows.add("a", "activation", torch.tensor([[1.0, bad], [0.0, 2.0]]), layer=ReLU())
    rows.add("b", "activation", torch.tensor([[0.5, 0.2]]), layer=Tanh())
    rows.add("c", "weight", torch.empty(0))
    broken, whole = rows.read(["a", "b", "c"])
    assert (broken.mean, broken.deviation, broken.norm) == (None, None, None)
    assert (broken.zeros, broken.dead, sum(broken.counts)) == (0.25, 0.0, 0)
    assert (whole.saturated, whole.dead) == (0.0, None)


def test_values_are_counted_alike_on_every_device():
    places = torch.cat((torch.rand(5000) * BINS, torch.arange(BINS + 1)))
    one, other = figures._by_bincount(places.clone()), figures._by_histc(places.clone())
    assert torch.equal(one, other)
    assert one.sum() == len(places)


def test_layers_in_blocks_are_measured_under_the_paths_of_the_canvas(tmp_path, data):
    nodes = {"fc": LayerNode("Linear", {"out_features": 6}), "act": LayerNode("Tanh")}
    edges = (Edge("x", 0, "fc", 0), Edge("fc", 0, "act", 0), Edge("act", 0, "y", 0))
    block = Block({}, ("x",), ("y",), Graph(nodes, edges))
    design = Design(
        "Repeated",
        graph=Graph(
            {
                "image": LayerNode("Input", {"shape": (1, 8, 8)}),
                "flat": LayerNode("Flatten"),
                "body": BlockNode("Part", repeat=2),
                "fc": LayerNode("Linear", {"out_features": 3}),
                "scores": LayerNode("Output"),
            },
            (
                Edge("image", 0, "flat", 0),
                Edge("flat", 0, "body", 0),
                Edge("body", 0, "fc", 0),
                Edge("fc", 0, "scores", 0),
            ),
        ),
        blocks={"Part": block},
    )
    run = create(tmp_path / "run", tiny_recipe(data, epochs=1, statistics=1), design)
    train(run)
    first = read_measurements(run.layers)[0]
    assert list(first.main("activation")) == [
        "body.0.fc",
        "body.0.act",
        "body.1.fc",
        "body.1.act",
        "fc",
    ]


def test_every_activation_says_whether_it_saturates_or_dies():
    types = {
        name: kind
        for name, kind in layer_types().items()
        if kind.activation and kind.category is Category.ACTIVATION and "dim" not in kind.parameters
    }
    far = torch.tensor([-1e8, -9e7, -4.0, 9e7, 1e8])
    for name, kind in types.items():
        arguments = {"PReLU": (1,), "Threshold": (0.0, 0.0)}.get(name, ())
        at = getattr(torch.nn, name)(*arguments)(far.view(1, 1, 5))
        low, near_low, negative, near_high, high = [
            round(each, 6) for each in at.detach().flatten().tolist()
        ]
        bounded = (low, high) if (low, high) == (near_low, near_high) else None
        dies = negative == 0 and name != "Hardsigmoid"  # which is told to saturate
        assert kind.can_die is dies, name
        assert make(name).saturation() == (None if dies else bounded), name
    assert make("Hardtanh", min_val=-2.0, max_val=0.5).saturation() == (-2.0, 0.5)
