"""Every layer type, by its row in `tests/layers/rows.py`, is compared with torch itself."""

from collections.abc import Sequence
from math import prod
from typing import Literal

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
    FEW_TOKENS,
    Node,
    as_tuple,
    assert_backward_runs,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    chain,
    design,
    images,
    network,
)
from tests.layers.rows import ROWS, Parameters, Row, Shape, shapes_of

# The third gives whole numbers, which nothing adds up; see `test_positions`. The last is no layer
# of torch; see `test_opaque`.
PORTS = {"Input", "Output", "RelativePositionIndex", "Opaque"}
# torch advises against an even kernel with "same", which it then pads by itself.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def test_every_layer_type_has_a_row():
    missing = layer_types().keys() - PORTS - ROWS.keys()
    assert not missing, f"tests/layers/rows.py has no row for {', '.join(sorted(missing))}"
    assert ROWS.keys() <= layer_types().keys(), "tests/layers/rows.py has a row for no layer type"


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Return whether tensors are equal but for rounding."""
    return torch.allclose(one, other, rtol=1e-5, atol=1e-6)


def front(shape: Shape) -> Node:
    """Return a layer that keeps the shape and whose output needs a gradient."""
    if len(shape) == 3:
        return {"layer": "Conv2d", "out_channels": shape[0], "kernel_size": 1}
    return {"layer": "Linear", "out_features": shape[-1]}


Front = Literal["image", "layer", "parameter", "constant"]
"""What stands before a port: an image, a layer behind it, or a tensor that is the same for each."""


def fronts_of(kind: str, row: Row, shapes: Sequence[Shape]) -> st.SearchStrategy[tuple[Front, ...]]:
    """Draw what stands before each port; at least one of them has a value for each image."""
    choices: list[st.SearchStrategy[Front]] = []
    for port in range(len(shapes)):
        if port in row.constants:
            choices.append(st.just("constant"))
        elif port in row.per_image:
            choices.append(st.just("image"))
        elif port in layer_types()[kind].takes_integers:
            choices.append(st.sampled_from(("image", "image", "constant")))
        elif row.broadcasts and len(shapes) > 1 and len({*map(len, shapes)}) == 1:
            choices.append(st.sampled_from(("image", "layer", "layer", "parameter", "constant")))
        else:
            choices.append(st.sampled_from(("image", "layer")))
    if layer_types()[kind].inputs == (0, 0):
        return st.just(("image",))
    return st.tuples(*choices).filter(lambda drawn: "image" in drawn or "layer" in drawn)


def around(
    kind: str, parameters: Parameters, shapes: Sequence[Shape], fronts: Sequence[Front]
) -> Design:
    """Return a design of what stands before the layer, the layer, and an output."""
    nodes: dict[str, Node] = {}
    edges: list[list[str]] = []
    for port, (shape, before) in enumerate(zip(shapes, fronts, strict=True)):
        whole = port in layer_types()[kind].takes_integers
        image, ahead = f"image{port}", f"front{port}"
        if before in ("image", "layer"):
            dtype = {"dtype": "int64"} if whole else {}
            nodes[image] = {"layer": "Input", "shape": list(shape), **dtype}
        if before == "layer":
            nodes[ahead] = front(shape)
        elif before == "parameter":
            nodes[ahead] = {"layer": "Parameter", "shape": list(shape), "init": "normal"}
        elif before == "constant":
            made = integers(shape) if whole else torch.randn(shape)
            nodes[ahead] = {
                "layer": "Constant",
                "shape": list(shape),
                "values": "list",
                "numbers": made.flatten().tolist(),
                "dtype": "int64" if whole else "float32",
            }
        edges.append([each for each in (image, ahead) if each in nodes] + [f"layer:{port}"])
    nodes["layer"] = {"layer": kind, **parameters}
    nodes["scores"] = {"layer": "Output"}
    if layer_types()[kind].inputs == (0, 0):
        nodes["sum"] = {"layer": "Add"}
        return design(nodes, [["image0", "sum"], ["layer", "sum:1"], ["sum", "scores"]])
    edges.append(["layer", "scores"])
    for port in range(1, ROWS[kind].outputs(parameters)):
        nodes[f"scores{port}"] = {"layer": "Output"}
        edges.append([f"layer:{port}", f"scores{port}"])
    return design(nodes, edges)


def fed(
    module: nn.Module, inputs: Sequence[torch.Tensor], fronts: Sequence[Front]
) -> list[torch.Tensor]:
    """Return what enters the layer at each port."""
    given = iter(inputs)
    found = []
    for port, before in enumerate(fronts):
        ahead = getattr(module, f"front{port}", None)
        if before == "image":
            found.append(next(given))
        elif before == "layer":
            found.append(ahead(next(given)))
        else:
            found.append(ahead if before == "parameter" else ahead.unsqueeze(0))
    return found


def integers(shape: Shape) -> torch.Tensor:
    """Return small whole numbers in an order that repeats."""
    return (torch.arange(prod(shape)) * 3 % FEW_TOKENS).view(shape)


def values(kind: str, batch: int, shapes: Sequence[Shape]) -> list[torch.Tensor]:
    """Return random inputs for a layer; those of `Row.constants` are the same for every image."""
    whole, constants = layer_types()[kind].takes_integers, ROWS[kind].constants
    return [
        integers(shape).expand(1 if port in constants else batch, *shape)
        if port in whole
        else torch.randn(1 if port in constants else batch, *shape)
        for port, shape in enumerate(shapes)
    ]


def reference(
    kind: str, row: Row, parameters: Parameters, shapes: Sequence[Shape]
) -> nn.Module | None:
    """Return the layer in plain torch, or None if torch refuses it.

    The layer must work for a batch of two in train mode and a single image in eval mode. A maximum
    over no value counts as refused: torch gives -inf, and its backward pass writes elsewhere.
    """
    if any(len(shape) not in row.ranks for shape in shapes):
        return None
    try:
        module = row.reference(dict(parameters), shapes)
        with torch.no_grad():
            module.train()(*values(kind, 2, shapes))
            found = module.eval()(*values(kind, 1, shapes))
    except (RuntimeError, ValueError, IndexError, AssertionError):
        return None
    first = as_tuple(found)[0]
    if kind.startswith("MaxPool") and first.isneginf().any():
        return None
    return module if first.numel() else None


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
        shapes = data.draw(shapes_of(row, parameters), "shapes")
        fronts = data.draw(fronts_of(kind, row, shapes), "fronts")
        check_layer(kind, row, parameters, shapes, fronts)

    check()


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("kind", ["StdConv2d", "ScaledStdConv2d"])
def test_kernels_of_a_small_output_take_more_while_they_are_standardized(
    kind: str, size: int, batch: int
):
    drawn = chain((4, size, size), (kind, {"out_channels": 3, "kernel_size": 1}))
    assert_peak_agrees(drawn, network(drawn), images(drawn, batch))


def check_layer(
    kind: str,
    row: Row,
    parameters: Parameters,
    shapes: Sequence[Shape],
    fronts: Sequence[Front],
) -> None:
    drawn = around(kind, parameters, shapes, fronts)
    analysis = analyze(drawn)
    expected = reference(kind, row, parameters, shapes)
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
    if isinstance(inner, torch.Tensor):  # a layer that is itself a tensor
        state = {"": inner.detach()}
    else:
        state = {} if inner is None else inner.state_dict()
    states = result.layer.states(tensors)
    assert [(each.name, each.shape, each.item_bytes) for each in states] == [
        (name, tuple(value.shape), value.element_size()) for name, value in state.items()
    ]
    if set(fronts) == {"image"}:
        torch.manual_seed(1)
        fresh = row.reference(dict(parameters), shapes).state_dict().values()
        assert len(fresh) == len(state)
        assert all(map(close, fresh, state.values()))

    # Values.
    expected.load_state_dict(dict(zip(expected.state_dict(), state.values(), strict=True)))
    for training in (False,) if row.random else (False, True):
        inputs = images(drawn, 2)
        with torch.no_grad():
            between = fed(module, inputs, fronts)
            torch.manual_seed(2)
            wanted = as_tuple(expected.train(training)(*between))
            torch.manual_seed(2)
            found = as_tuple(module.train(training)(*inputs))
        shapes_found = [tuple(each.shape[1:]) for each in found]
        assert shapes_found == [each.shape for each in analysis.outputs], (
            "output_shape disagrees with torch"
        )
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5, equal_nan=row.undefined)

    # Counts, memory, gradients.
    for batch in (2, 3):
        inputs = images(drawn, batch)
        found = as_tuple(module.train()(*inputs))
        assert found[0].shape == (batch, *analysis.outputs[0].shape)
        assert_memory_agrees(drawn, module, inputs)
        assert_peak_agrees(drawn, module, inputs)
    assert_counts_agree(drawn, module, images(drawn, 2))
    totals = analysis.totals
    weights = sum(each.numel() for name, each in module.named_parameters() if "bias" not in name)
    assert (totals.weights, totals.biases) == (weights, totals.parameters - weights)
    if row.undefined:
        return
    inputs = images(drawn, 2, requires_grad=True)
    assert_backward_runs(module, inputs, partly=row.selects)
