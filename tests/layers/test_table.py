"""Every layer type, by its row in `tests/layers/rows.py`, is compared with torch itself."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn

from designer.analysis.analysis import analyze
from designer.analysis.problems import Severity
from designer.codegen import generate
from designer.design.values import Design
from designer.engine.module import module_from_source
from designer.layers.catalogue import layer_types
from tests.layers.building import (
    Node,
    assert_backward_runs,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    design,
    images,
)
from tests.layers.rows import ROWS, Parameters, Row, Shape, one_shape

PORTS = {"Input", "Output"}
# torch advises against an even kernel with "same", which it then pads by itself.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def test_every_layer_type_has_a_row():
    missing = layer_types().keys() - PORTS - ROWS.keys()
    assert not missing, f"tests/layers/rows.py has no row for {', '.join(sorted(missing))}"
    assert ROWS.keys() <= layer_types().keys(), "tests/layers/rows.py has a row for no layer type"


def front(shape: Shape) -> Node:
    """Return a layer that keeps the shape and whose output needs a gradient."""
    if len(shape) == 3:
        return {"layer": "Conv2d", "out_channels": shape[0], "kernel_size": 1}
    return {"layer": "Linear", "out_features": shape[-1]}


def around(
    kind: str, parameters: Parameters, shapes: Sequence[Shape], fronts: Sequence[bool]
) -> Design:
    """Return a design of inputs, `front` layers behind some of them, the layer, and an output."""
    nodes: dict[str, Node] = {}
    edges = [["layer", "scores"]]
    for port, (shape, learned) in enumerate(zip(shapes, fronts, strict=True)):
        nodes[f"image{port}"] = {"layer": "Input", "shape": list(shape)}
        path = [f"image{port}"]
        if learned:
            nodes[f"front{port}"] = front(shape)
            path.append(f"front{port}")
        edges.append([*path, f"layer:{port}"])
    nodes["layer"] = {"layer": kind, **parameters}
    nodes["scores"] = {"layer": "Output"}
    return design(nodes, edges)


def reference(row: Row, parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module | None:
    """Return the layer in plain torch, or None if torch refuses it.

    The layer must work for a batch of two in train mode and a single image in eval mode.
    """
    if any(len(shape) not in row.ranks for shape in shapes):
        return None
    try:
        module = row.reference(dict(parameters), shapes)
        with torch.no_grad():
            module.train()(*(torch.randn(2, *shape) for shape in shapes))
            found = module.eval()(*(torch.randn(1, *shape) for shape in shapes))
    except (RuntimeError, ValueError, IndexError):
        return None
    return module if found.numel() else None


@pytest.mark.parametrize("kind", ROWS)
def test_a_layer_is_what_torch_makes_of_it(kind: str):
    row = ROWS[kind]

    @settings(
        max_examples=row.examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        parameters = data.draw(row.parameters, "parameters")
        drawn = one_shape(row.ranks) if row.shapes is None else row.shapes
        shapes = data.draw(drawn, "shapes")
        fronts = data.draw(st.tuples(*[st.booleans()] * len(shapes)), "needs grad")
        check_layer(kind, row, parameters, shapes, fronts)

    check()


def check_layer(
    kind: str,
    row: Row,
    parameters: Parameters,
    shapes: Sequence[Shape],
    fronts: Sequence[bool],
) -> None:
    drawn = around(kind, parameters, shapes, fronts)
    analysis = analyze(drawn)
    expected = reference(row, parameters, shapes)
    if expected is None:
        assert not analysis.valid, "torch refuses these parameters and shapes, the layer does not"
        errors = [each for each in analysis.problems if each.severity is Severity.ERROR]
        assert all(each.node == "layer" for each in errors)
        return
    assert analysis.valid, analysis.problems

    generated = generate(drawn)
    torch.manual_seed(1)
    module = module_from_source(generated.source, generated.class_name)
    inner = getattr(module, "layer", None)

    # The generated line.
    line = generated.lines.get((None, "layer"))
    assert (line is not None) == (inner is not None)
    if line is not None:
        assert generated.source.splitlines()[line - 1].startswith("        self.layer = ")

    # Names, shapes, types and initial values of its weights and buffers.
    result = analysis.node("layer")
    assert result is not None
    assert result.layer is not None
    tensors = [each for each in result.inputs if each is not None]
    state = {} if inner is None else inner.state_dict()
    states = result.layer.states(tensors)
    assert [(each.name, each.shape, each.item_bytes) for each in states] == [
        (name, tuple(value.shape), value.element_size()) for name, value in state.items()
    ]
    if not any(fronts):
        torch.manual_seed(1)
        fresh = row.reference(dict(parameters), shapes).state_dict().values()
        assert len(fresh) == len(state)
        assert all(map(torch.equal, fresh, state.values()))

    # Values.
    expected.load_state_dict(dict(zip(expected.state_dict(), state.values(), strict=True)))
    for training in (False,) if row.random else (False, True):
        inputs = images(drawn, 2)
        with torch.no_grad():
            between = [
                getattr(module, f"front{port}")(each) if learned else each
                for port, (each, learned) in enumerate(zip(inputs, fronts, strict=True))
            ]
            torch.manual_seed(2)
            wanted = expected.train(training)(*between)
            torch.manual_seed(2)
            found = module.train(training)(*inputs)
        assert found.shape[1:] == analysis.outputs[0].shape, "output_shape disagrees with torch"
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)

    # Counts, memory, gradients.
    for batch in (2, 3):
        inputs = images(drawn, batch)
        assert module.train()(*inputs).shape == (batch, *analysis.outputs[0].shape)
        assert_memory_agrees(drawn, module, inputs)
        assert_peak_agrees(drawn, module, inputs)
    assert_counts_agree(drawn, module, images(drawn, 2))
    totals = analysis.totals
    weights = sum(each.numel() for name, each in module.named_parameters() if "bias" not in name)
    assert (totals.weights, totals.biases) == (weights, totals.parameters - weights)
    inputs = images(drawn, 2, requires_grad=True)
    assert_backward_runs(module, inputs, partly=row.selects)
