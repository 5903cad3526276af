"""Layers behind permutations and slices: sizes, bytes and shapes are those of torch.

What torch copies, saves and allocates depends on how its inputs lie in memory, and on whether the
layer's weights take a gradient.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from designer.layers.catalogue import layer_types
from tests.against_torch.designs import check
from tests.layers.building import Node, design
from tests.layers.rows import ROWS, Shape, shapes_of

EXAMPLES = 6
KINDS = [
    kind
    for kind, row in ROWS.items()
    if layer_types()[kind].inputs != (0, 0) and not row.constants and not row.per_image
]


def before(
    draw: st.DrawFn, shape: Shape, whole: bool, port: int
) -> tuple[dict[str, Node], list[str]]:
    """Draw an input, and views of it that give a tensor of this shape."""
    order = draw(st.permutations(range(1, len(shape) + 1)))
    inner = [0] * len(shape)
    for axis, size in zip(order, shape, strict=True):
        inner[axis - 1] = size
    nodes: dict[str, Node] = {}
    image: dict[str, Any] = {"layer": "Input", "dtype": "int64" if whole else "float32"}
    if draw(st.booleans()):
        dim = draw(st.integers(1, len(shape)))
        start, more = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        stop = start + inner[dim - 1]
        nodes[f"slice{port}"] = {"layer": "Slice", "dim": dim, "start": start, "stop": stop}
        inner[dim - 1] = stop + more
    nodes[f"permute{port}"] = {"layer": "Permute", "order": order}
    front: dict[str, Node] = {f"image{port}": {**image, "shape": inner}}
    if not whole and draw(st.booleans()):
        front[f"front{port}"] = {"layer": "Linear", "out_features": inner[-1]}
    nodes = {**front, **nodes}
    return nodes, [*nodes]


@st.composite
def behind_views(draw: st.DrawFn, kind: str) -> tuple[dict[str, Node], list[list[str]]]:
    row = ROWS[kind]
    parameters = draw(row.parameters)
    shapes: Sequence[Shape] = draw(shapes_of(row, parameters))
    nodes: dict[str, Node] = {}
    edges: list[list[str]] = []
    for port, shape in enumerate(shapes):
        made, chain = before(draw, shape, port in layer_types()[kind].takes_integers, port)
        nodes |= made
        edges.append([*chain, f"layer:{port}"])
    frozen = {"lr_scale": 0} if draw(st.booleans()) else {}
    nodes["layer"] = {"layer": kind, **parameters, **frozen}
    for port in range(row.outputs(parameters)):
        nodes[f"scores{port}"] = {"layer": "Output"}
        edges.append([f"layer:{port}", f"scores{port}"])
    return nodes, edges


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_a_layer_behind_views_keeps_what_torch_keeps(kind: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    @given(behind_views(kind))
    def run(drawn: tuple[dict[str, Node], list[list[str]]]) -> None:
        difference = check(design(*drawn))
        assert not difference or difference.startswith("the drawn design has a problem")

    run()


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Divide", "Where", "Compare"])
@pytest.mark.parametrize("first", [False, True])
def test_a_join_with_a_permuted_tensor_that_all_images_share(kind: str, first: bool) -> None:
    """The shared tensor may have fewer axes, which torch aligns at the end."""
    for image, shared in (((2, 4, 5, 3), (4, 5, 3)), ((4, 5, 3), (4, 5, 3)), ((4, 5, 3), (5, 3))):
        turned = shared[::-1]
        nodes: dict[str, Node] = {
            "x": {"layer": "Input", "shape": list(image)},
            "table": {"layer": "Parameter", "shape": list(turned)},
            "turned": {"layer": "Permute", "order": [*range(len(shared), 0, -1)]},
            "join": {"layer": kind},
            "flat": {"layer": "Flatten"},
            "scores": {"layer": "Output"},
        }
        edges = [["table", "turned", f"join:{int(not first)}"], ["x", f"join:{int(first)}"]]
        edges += [["x", "join:2"]] if kind == "Where" else []
        assert not check(design(nodes, [*edges, ["join", "flat", "scores"]]))
