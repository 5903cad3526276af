"""What autograd saves of frozen layers, compared with torch, for each layer with weights."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer import presets
from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.design import edits
from designer.design.values import Design
from designer.engine.freezing import freeze
from designer.layers.base import Layer
from designer.layers.catalogue import layer_types
from tests import measuring
from tests.layers.building import chain, images, network, saved_agree
from tests.layers.rows import ROWS, shapes_of
from tests.layers.test_table import around, fronts_of

HOLDING = [
    name for name, kind in layer_types().items() if kind.states is not Layer.states and name in ROWS
]
# torch advises against an even kernel with "same", which it then pads by itself.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def assert_saved_as_counted(design: Design) -> None:
    """Compare the saved bytes with torch's hooks, and the number of trainable parameters."""
    analysis, module = analyze(design), network(design)
    for training in (True, False):
        module.train(training)
        freeze(module, analysis)
        for batch in (2, 3):
            saved_for_backward = measuring.saved_bytes(module, *images(design, batch))
            stated = analysis.totals.saved_bytes(batch, training=training)
            assert saved_agree(analysis, stated, saved_for_backward), training
    learning = sum(each.numel() for each in module.parameters() if each.requires_grad)
    assert analysis.totals.trainable == learning
    assert analysis.totals.frozen == analysis.totals.parameters - learning


@pytest.mark.parametrize("kind", HOLDING)
def test_a_frozen_layer_keeps_what_torch_does(kind):
    row = ROWS[kind]

    @settings(
        max_examples=6,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        parameters = data.draw(row.parameters, "parameters")
        shapes = data.draw(shapes_of(row, parameters), "shapes")
        fronts = data.draw(fronts_of(kind, row, shapes), "fronts")
        if len({*fronts} - {"constant"}) > 1:
            fronts = ("layer",) * len(shapes)
        design = around(kind, parameters, shapes, fronts)
        if analyze(design).valid:
            assert_saved_as_counted(edits.set_learning_rate(design, "layer", 0))

    check()


CONV = ("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1})
NET = chain(
    [3, 8, 8],
    CONV,
    ("BatchNorm2d", {}),
    ("ReLU", {}),
    ("MaxPool2d", {"kernel_size": 2}),
    CONV,
    ("BatchNorm2d", {}),
    ("Sigmoid", {}),
    ("Dropout", {"p": 0.5}),
    ("Flatten", {}),
    ("Linear", {"out_features": 5}),
)


@pytest.mark.parametrize(
    "names", [(1,), (1, 2), (2,), (6,), (5, 6), (1, 2, 5, 6), (10,), (1, 2, 5, 6, 10)]
)
def test_layers_behind_frozen_ones_keep_what_torch_does(names):
    design = NET
    for number in names:
        design = edits.set_learning_rate(design, f"layer{number}", 0)
    assert_saved_as_counted(design)


def test_freezing_leaves_the_code_as_it_is():
    """Else a network trained with a frozen body could not be trained on with a free one."""
    frozen = NET
    for number in (1, 2, 5, 6):
        frozen = edits.set_learning_rate(frozen, f"layer{number}", 0)
    assert generate(frozen).source == generate(NET).source


@pytest.mark.parametrize("name", ["resnet_cifar", "densenet_cifar", "fractalnet"])
def test_presets_of_which_a_part_is_frozen(name):
    draw = random.Random(name)
    frozen = whole = presets.load(name)
    for block in (None, *whole.blocks):
        names = [each for each in whole.graph_of(block).nodes if draw.random() < 0.3]
        frozen = edits.set_learning_rates(frozen, names, 0, block=block)
    assert_saved_as_counted(frozen)
    assert 0 < analyze(frozen).totals.frozen < analyze(frozen).totals.parameters
    assert generate(frozen).source == generate(whole).source
