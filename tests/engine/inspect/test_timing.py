"""The time of each node: which nodes have one, what it grows with, and that nothing is changed."""

import msgspec
import pytest
import torch

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import edits, files
from designer.design.values import LayerNode
from designer.engine import device as devices
from designer.engine.inspect import timing
from designer.engine.inspect.requests import Canceled, Job, answer
from designer.engine.inspect.subject import load
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Subject
from designer.runs.layer_times import LayerTimes, NodeTime, StepTime
from tests.engine.samples import chain

QUICK = {"seconds": 0.2}


def recipe(batch: int, **settings: object) -> Recipe:
    return msgspec.structs.replace(Recipe(), batch=batch, device="cpu", **settings)


def conv(**settings: object) -> LayerNode:
    return LayerNode("Conv2d", {"kernel_size": 3, "padding": 1, **settings})


SHAPE = (16, 32, 32)


def test_a_layer_with_a_hundred_times_the_work_takes_longer() -> None:
    small = LayerNode("Conv2d", {"out_channels": 16, "kernel_size": 1})
    wide = LayerNode("Conv2d", {"out_channels": 64, "kernel_size": 1})
    design = chain("Chain", SHAPE, small=small, wide=wide, large=conv(out_channels=64))
    found = timing.measure(design, recipe(16), **QUICK)
    times = {each.path: each for each in found.nodes}
    assert list(times) == ["small", "wide", "large"]
    assert times["large"].forward > 3 * times["small"].forward
    assert times["large"].backward > 3 * times["small"].backward
    assert found.step.forward > 0 and found.step.backward > 0 and found.step.optimizer > 0


def test_every_node_but_inputs_and_outputs_has_a_time() -> None:
    """Joins, views and repeated blocks, too."""
    design = presets.load("resnet_cifar")
    found = timing.measure(design, recipe(2), **QUICK)
    rows = {row.path for row in analyze(design).rows() if row.type not in ("Input", "Output")}
    assert {each.path for each in found.nodes} == rows
    assert all(each.forward > 0 for each in found.nodes)
    assert all(each.backward is not None and each.backward > 0 for each in found.nodes)
    assert found.training and found.batch == 2 and found.device == "CPU" and not found.notes


def test_what_needs_no_gradient_has_no_backward_pass() -> None:
    design = chain(
        "Chain",
        SHAPE,
        pool=LayerNode("MaxPool2d", {"kernel_size": 2}),
        frozen=conv(out_channels=8),
        act=LayerNode("ReLU"),
        conv=conv(out_channels=8),
    )
    design = edits.set_learning_rate(design, "frozen", 0)
    found = timing.measure(design, recipe(2), **QUICK)
    assert [each.path for each in found.nodes if each.backward is None] == ["pool", "frozen", "act"]


def test_eval_mode_has_forward_times_only() -> None:
    found = timing.measure(presets.load("googlenet"), recipe(1), training=False, **QUICK)
    assert all(each.backward is None for each in found.nodes)
    assert found.backward is None and found.step.backward is None
    assert found.step.optimizer is None
    assert not any(each.path.startswith("aux") for each in found.nodes)  # of train mode only


def test_sums() -> None:
    nodes = [
        NodeTime(path="a", forward=0.25, backward=0.5),
        NodeTime(path="b", forward=0.25),
    ]
    step = StepTime(forward=0.5, backward=1.5, optimizer=9.0)
    times = LayerTimes(nodes=nodes, step=step, batch=1, training=True, device="CPU", passes=3)
    assert (times.forward, times.backward, times.ratio) == (0.5, 0.5, 0.5)


def test_nothing_is_changed() -> None:
    """Neither the random generators nor a network that is looked into, nor torch's settings."""
    subject = Subject(design=files.dumps(presets.load("resnet_cifar")), weights="")
    network = load(subject, device="cpu").network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state, benchmark = torch.get_rng_state(), torch.backends.cudnn.benchmark
    timing.of_subject(subject, batch=2, device="cpu", **QUICK)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.backends.cudnn.benchmark == benchmark
    assert load(subject, device="cpu").network is network and not network.training
    after = network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_batch_that_takes_too_long_is_made_smaller_and_that_is_said() -> None:
    design = chain("Chain", SHAPE, conv=conv(out_channels=64))
    found = timing.measure(design, recipe(4096), seconds=0.05)
    assert 2 <= found.batch < 4096 and found.passes >= 1
    (note,) = found.notes
    assert note == (
        f"Measured at batch {found.batch} instead of 4096, so that several passes take no longer "
        "than 0.05 seconds."
    )


def test_a_batch_that_needs_too_much_memory_is_made_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = chain("Chain", SHAPE, conv=conv(out_channels=4))
    monkeypatch.setattr(devices, "free_bytes", lambda _: 3_000_000)
    found = timing.measure(design, recipe(64), **QUICK)
    assert found.batch < 64
    assert "memory is short" in found.notes[0]


def test_a_batch_that_a_layer_refuses_is_a_sentence() -> None:
    whole = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 32})
    design = chain("Chain", SHAPE, conv=whole, norm=LayerNode("BatchNorm2d"))
    with pytest.raises(DesignerError, match="norm"):
        timing.measure(design, recipe(1), **QUICK)
    assert timing.measure(design, recipe(1), training=False, **QUICK).batch == 1


def test_a_broken_design_is_a_sentence() -> None:
    with pytest.raises(DesignerError, match="conv"):
        timing.measure(chain("Chain", SHAPE, conv=conv(groups=5)), recipe(2), **QUICK)


def test_a_disturbed_measurement_is_called_so() -> None:
    def passes(*seconds: float) -> list[timing._Pass]:
        return [timing._Pass({}, {}, (each / 2, each / 2)) for each in seconds]

    assert not list(timing._disturbed(passes(1.0, 1.1, 1.2, 1.3, 9.0)))
    assert not list(timing._disturbed(passes(1.0, 3.0)))  # too few to tell
    (note,) = timing._disturbed(passes(0.001, 0.002, 0.002, 0.002, 0.003))
    assert "from 1 to 3 ms" in note and "more than 2 ms" in note


def test_it_can_be_canceled_within_a_pass() -> None:
    said: list[float] = []
    job = Job(said.append, lambda: len(said) > 4)
    subject = {"design": files.dumps(presets.load("resnet_cifar")), "weights": ""}
    request = {"do": "time", "subject": subject, "batch": 2, "device": "cpu"}
    with pytest.raises(Canceled):
        answer(request, job)
    assert len(said) == 5


def test_the_request() -> None:
    design = chain("Chain", SHAPE, conv=conv(out_channels=4))
    subject = {"design": files.dumps(design), "weights": "", "recipe": {"batch": 3}}
    request = {"do": "time", "subject": subject, "device": "cpu", "training": False}
    found = msgspec.convert(answer(request, Job()).fields["times"], LayerTimes)
    assert found.batch == 3 and not found.training
    assert [each.path for each in found.nodes] == ["conv"]
