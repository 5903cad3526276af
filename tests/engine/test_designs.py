"""Whole designs against torch: random ones, and every preset with every choice it offers."""

import pytest
import torch
from hypothesis import HealthCheck, Phase, assume, given, settings

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist.training import batch_problems
from designer.design import rules
from designer.design.edits import set_argument
from designer.design.expressions import Scalar
from designer.design.values import Argument, Design
from designer.engine.module import module as compiled
from designer.layers.tensors import state_key
from tests import measuring
from tests.against_torch.drawing import designs
from tests.layers.building import (
    as_tuple,
    assert_backward_runs,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    images,
    plain_kernels,
    saved_agree,
    sizes,
    valid,
)

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")

# Presets of layers that smaller ones have, which would take seconds to learn.
LARGE = {
    "resnet50",
    "resnet101",
    "resnet152",
    "resnetv2_101",
    "resnetv2_152",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "densenet161",
    "densenet169",
    "densenet201",
    "inception_v3",
    "inception_v4",
    "inception_resnet_v2",
}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(designs())
def test_random_designs(design: Design):
    analysis = valid(design)
    assume(not batch_problems(analysis, 2))  # a batch norm of a tensor without a batch axis
    torch.manual_seed(0)
    module = compiled(design)
    check_names(analysis, module)
    check_outputs(analysis, module)
    inputs = images(design, 2)
    assert_counts_agree(design, module, inputs)
    for batch in (2, 3):
        assert_memory_agrees(design, module, images(design, batch))
    assert_peak_agrees(design, module, inputs)
    assert_backward_runs(module, inputs)


def check_names(analysis: Analysis, module: torch.nn.Module) -> None:
    """Hold the keys of the state dict against the paths of the layers with weights of their own."""
    expected = []
    for path, result in analysis.top.layers():
        assert result.layer is not None
        if result.shares:
            continue
        given = [each for each in result.inputs if each is not None]
        expected += [
            (state_key(path, state.name), state.shape) for state in result.layer.states(given)
        ]
    found = [(key, tuple(value.shape)) for key, value in module.state_dict().items()]
    stored = any(row.result.layer.stored for row in analysis.rows() if row.result.layer)
    if stored:  # torch lists the tensors of a module before those of its layers
        found, expected = sorted(found), sorted(expected)
    assert found == expected


def check_outputs(analysis: Analysis, module: torch.nn.Module) -> None:
    """Hold the outputs of both modes against the analysis: the main ones first."""
    for training in (True, False):
        outputs = module.train(training)(*images(analysis.design, 2))
        check_shapes(analysis, outputs, training=training)


def check_shapes(
    analysis: Analysis, outputs: torch.Tensor | tuple[torch.Tensor, ...], *, training: bool
) -> None:
    """Hold the outputs for a batch against the analysis."""
    every = [port.shape for port in analysis.outputs]
    main = [port.shape for port in analysis.outputs if not port.auxiliary]
    shapes = every if training else main or every
    assert isinstance(outputs, tuple) == (len(shapes) > 1)
    assert [tuple(each.shape[1:]) for each in as_tuple(outputs)] == shapes


# Presets


def variants() -> list[tuple[str, dict[str, Scalar]]]:
    """Return every preset as it is, and with each other choice that its arguments offer.

    Of the large ones their smaller relatives have the choices.
    """
    found: list[tuple[str, dict[str, Scalar]]] = []
    for name in presets.names():
        found.append((name, {}))
        arguments = presets.load(name).arguments if name not in LARGE else {}
        for key, argument in arguments.items():
            is_switch = isinstance(argument.default, bool)
            choices = argument.choices or ((False, True) if is_switch else ())
            found += [(name, {key: each}) for each in choices if each != argument.default]
    return found


def preset(name: str, values: dict[str, Scalar]) -> Design:
    """Return a preset with these values, and shallow where its depth is an argument."""
    design = presets.load(name)
    for key, value in values.items():
        design = set_argument(design, key, value)
    if "depth" in design.arguments:
        given = {key: each.default for key, each in design.arguments.items()}
        least = int(design.arguments["depth"].minimum or 1)
        depth = rules.following(design.arguments, "depth", least, given, 1)
        design = set_argument(design, "depth", depth)
    return design


@pytest.mark.parametrize(("name", "values"), variants(), ids=str)
def test_presets_on_meta_tensors(name: str, values: dict[str, Scalar]):
    """With as few passes as tell everything, since large networks take a second for one."""
    design = preset(name, values)
    analysis = valid(design)
    seen = []

    def look(module: torch.nn.Module, _: object, outputs: torch.Tensor) -> None:
        check_shapes(analysis, outputs, training=module.training)
        seen.append(module.training)

    # Meta tensors of attention take the way of dropout, which makes the scores.
    # There is no kernel of oneDNN for those of an LSTM.
    real = any("Attention" in row.type or row.type == "LSTM" for row in analysis.rows())
    with torch.device("cpu" if real else "meta"):
        module = compiled(design)
        module.register_forward_hook(look)
        check_names(analysis, module)
        inputs = images(design, 2)
        with plain_kernels(), measuring.MacCounter() as counter:
            measured = measuring.saved_bytes(module.train(), *inputs)
        assert counter.macs == 2 * analysis.totals.macs
        if any(row.type == "LSTM" for row in analysis.rows()):
            measured = measuring.saved_bytes(module, *inputs)
        assert saved_agree(analysis, analysis.totals.saved_bytes(2), measured)
        if name not in LARGE:
            measured = measuring.saved_bytes(module, *images(design, 3))
            assert saved_agree(analysis, analysis.totals.saved_bytes(3), measured)
        measured = measuring.peak_bytes(module.eval(), module, *inputs)
        assert measured == 2 * analysis.totals.inference_peak_bytes
    for key, value in sizes(module).items():
        assert getattr(analysis.totals, key) == value, key
    assert seen[-2:] == [True, False]


@pytest.mark.parametrize(
    ("name", "values"), [each for each in variants() if each[0] not in LARGE], ids=str
)
def test_presets_learn_on_small_images(name: str, values: dict[str, Scalar]):
    """On the CPU, since meta tensors keep other things of a norm in eval mode than real ones."""
    design = presets.load(name)
    least = design.arguments.get("resolution", Argument(0)).minimum
    small: dict[str, Scalar] = {"classes": 10} if "classes" in design.arguments else {}
    if least is not None:
        given = {key: each.default for key, each in design.arguments.items()}
        given |= {**small, **values}
        small["resolution"] = rules.reached(design.arguments, "resolution", int(least), given, 1)
    design = preset(name, {**small, **values})
    module = compiled(design)
    inputs = images(design, 2)
    measured = measuring.saved_bytes(module.eval(), *inputs)
    analysis = analyze(design)
    assert saved_agree(analysis, analysis.totals.saved_bytes(2, training=False), measured)
    assert_backward_runs(module, inputs)
