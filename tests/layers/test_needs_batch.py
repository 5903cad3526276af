"""Layers that train mode refuses for a single image, held against torch."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designer.layers.catalogue import layer_types, resolve
from designer.layers.errors import LayerError
from designer.layers.tensors import Tensor
from tests.layers.building import design
from tests.layers.building import network as compiled
from tests.layers.rows import ROWS

SHAPES: Sequence[tuple[int, ...]] = (
    (3,),
    (4, 1),
    (4, 3),
    (4, 1, 1),
    (4, 2, 1),
    (4, 3, 2),
    (4, 1, 1, 1),
    (4, 2, 3, 1),
)


KINDS = [
    kind
    for kind, row in ROWS.items()
    if row.shapes is None and not layer_types()[kind].takes_integers
]


@pytest.mark.parametrize("kind", KINDS)
def test_torch_refuses_a_single_image_where_the_layer_says_so(kind: str) -> None:
    row = ROWS[kind]

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        parameters = data.draw(row.parameters)
        shape = data.draw(st.sampled_from([each for each in SHAPES if len(each) in row.ranks]))
        tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
        layer, _ = resolve(kind, tuples, {})
        assert layer is not None
        try:
            layer.check()
            layer.output_shape([Tensor(shape)])
        except LayerError:
            return
        nodes = {
            "image": {"layer": "Input", "shape": list(shape)},
            "layer": {"layer": kind, **parameters},
            "scores": {"layer": "Output"},
        }
        module = compiled(design(nodes, [list(nodes)])).train()
        if layer.needs_batch([Tensor(shape)]):
            with pytest.raises(ValueError, match="more than 1 value per channel"):
                module(torch.randn(1, *shape))
        else:
            module(torch.randn(1, *shape))
        module(torch.randn(2, *shape))

    check()
