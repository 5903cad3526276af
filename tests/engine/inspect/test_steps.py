"""A network run node by node gives the values that torch's own modules are given and give."""

import pytest
import torch
from torch import nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.values import Block, BlockNode, Design, Edge, Graph, LayerNode
from designer.engine import export
from designer.engine.inspect.steps import Steps
from designer.engine.module import module as compiled
from designer.errors import DesignerError
from designer.layers.ports import Input, Output
from tests.engine.samples import TINY, TWO_OUTPUTS
from tests.layers.building import design

PRESETS = ["lenet5_1998", "resnet_cifar", "densenet_cifar", "googlenet", "preact_resnet_cifar"]


def small(name):
    """Return a network with the layers of a preset, its analysis and a batch of two."""
    model = export.of_design(presets.load(name))
    return model.network, model.analysis, model.examples


def hooked(network, inputs):
    """Run the module itself; return what each of its modules was given and gave."""
    given, got = {}, {}

    def note(path):
        def hook(module, arguments, output):
            given[path], got[path] = arguments, output

        return hook

    hooks = [each.register_forward_hook(note(path)) for path, each in network.named_modules()]
    with torch.inference_mode():
        outputs = network(*inputs)
    for each in hooks:
        each.remove()
    return given, got, outputs if isinstance(outputs, tuple) else (outputs,)


@pytest.mark.parametrize("name", PRESETS)
def test_values_are_those_of_the_modules_joins_and_views_included(name):
    torch.manual_seed(0)
    network, analysis, inputs = small(name)
    steps = Steps(network, analysis)  # from here on no module overwrites its input
    given, got, outputs = hooked(network, inputs)
    values = {}
    with torch.inference_mode():
        found = steps.run(inputs[0], lambda path, port, value: values.update({path: value}))
    for one, other in zip(found, outputs, strict=True):
        assert torch.equal(one, other)
    computed = [step for step in steps.steps if not step.training_only]
    modules = {step.path: step for step in computed if step.module is not None}
    assert modules.keys() <= got.keys()
    for path, step in modules.items():
        assert torch.equal(values[path], got[path]), path
        for source, value in zip(step.sources, given[path], strict=True):
            assert torch.equal(values[source[0]], value), f"{source[0]} into {path}"
    blocks = [path for path in steps.paths if path not in {step.path for step in steps.steps}]
    for path in blocks:
        if path in got:
            assert torch.equal(values[path], got[path]), path
    left_out = {step.path for step in steps.steps if step.training_only}
    assert (
        {step.path for step in computed}
        < values.keys()
        == set(steps.paths) - left_out - {path for path in blocks if path.startswith("aux")}
    )


def test_paths_are_those_of_the_analysis_in_forward_order():
    network, analysis, inputs = small("resnet_cifar")
    steps = Steps(network, analysis)
    layers = [path for path, each in analysis.top.layers() if not isinstance(each.layer, Input)]
    assert [step.path for step in steps.steps] == layers
    seen = []
    steps.run(inputs[0], lambda path, port, value: seen.append(path))
    assert tuple(seen) == steps.paths
    assert seen.index("layer1.0") == seen.index("layer1.0.relu2") + 1
    assert seen.index("layer1") == seen.index("layer1.2") + 1


def test_nothing_is_overwritten():
    model = export.of_design(TINY)
    steps = Steps(model.network, model.analysis)
    values = {}
    steps.run(model.examples[0], lambda path, port, value: values.update({path: value}))
    assert values["norm"].min() < 0 <= values["act"].min()


def test_the_rest_is_left_out():
    model = export.of_design(TINY)
    steps = Steps(model.network, model.analysis)
    seen = []
    outputs = steps.run(
        model.examples[0], lambda path, port, value: seen.append(path), until={"conv"}
    )
    assert (seen, outputs) == (["image", "conv"], ())


def test_auxiliary_outputs_are_there_in_train_mode_only():
    model = export.of_design(TWO_OUTPUTS)
    steps = Steps(model.network, model.analysis)
    assert steps.outputs == ("scores", "side")
    assert len(steps.run(model.examples[0])) == 1
    model.network.train()
    outputs = steps.run(model.examples[0])
    for one, other in zip(outputs, model.network(*model.examples), strict=True):
        assert torch.equal(one, other)


def test_a_block_that_returns_its_input_has_its_value():
    through = Block({}, ("x",), ("y",), Graph({}, (Edge("x", 0, "y", 0),)))
    design = Design(
        "Through",
        graph=Graph(
            {
                "image": LayerNode("Input", {"shape": (1, 2, 2)}),
                "block": BlockNode("Through"),
                "flat": LayerNode("Flatten"),
                "scores": LayerNode("Output"),
            },
            (
                Edge("image", 0, "block", 0),
                Edge("block", 0, "flat", 0),
                Edge("flat", 0, "scores", 0),
            ),
        ),
        blocks={"Through": through},
    )
    model = export.of_design(design)
    values = {}
    Steps(model.network, model.analysis).run(
        model.examples[0], lambda path, port, value: values.update({path: value})
    )
    assert torch.equal(values["block"], model.examples[0])


def test_gradients_reach_every_value():
    model = export.of_design(TINY)
    steps = Steps(model.network, model.analysis)
    values = []

    def keep(path, port, value):
        if value.requires_grad:
            value.retain_grad()
        values.append((path, value))

    (output,) = steps.run(model.examples[0], keep)
    output.sum().backward()
    grads = [value.grad for path, value in values if path != "image"]
    assert len(grads) == len(steps.steps)
    assert all(each is not None for each in grads)


def test_a_node_that_is_not_there_is_refused():
    model = export.of_design(TINY)
    steps = Steps(model.network, model.analysis)
    assert isinstance(steps.step("scores").result.layer, Output)
    assert isinstance(steps.step("conv").module, nn.Conv2d)
    with pytest.raises(DesignerError, match="no node nowhere"):
        steps.step("nowhere")


def test_tensors_of_the_network_itself_are_steps_of_which_only_parameters_are_learned():
    drawn = design(
        {
            "scores_in": {"layer": "Input", "shape": [2, 4, 4]},
            "table": {"layer": "Parameter", "shape": [9, 2], "init": "normal"},
            "index": {"layer": "RelativePositionIndex", "window_size": 2},
            "rows": {"layer": "Index"},
            "biases": {"layer": "Permute", "order": [3, 1, 2]},
            "mask": {"layer": "Constant", "shape": [4, 4], "values": "full", "dtype": "int64"},
            "add": {"layer": "Add"},
            "where": {"layer": "Where"},
            "result": {"layer": "Output"},
        },
        [
            ["scores_in", "add", "where:1"],
            ["table", "rows", "biases", "add:1"],
            ["index", "rows:1"],
            ["mask", "where"],
            ["scores_in", "where:2"],
            ["where", "result"],
        ],
    )
    network = compiled(drawn)
    steps = Steps(network, analyze(drawn))
    image = torch.randn(2, 2, 4, 4)
    values = {}
    with torch.inference_mode():
        (found,) = steps.run(image, lambda path, port, value: values.update({path: value}))
        assert torch.equal(found, network(image))
    assert torch.equal(values["mask"], torch.ones(1, 4, 4, dtype=torch.int64))
    learned = {step.path: len(step.learned()) for step in steps.steps if step.learned()}
    assert learned == {"table": 1}
