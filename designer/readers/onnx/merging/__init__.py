"""Groups of operations that are one function of torch: a table of rules."""

from collections.abc import Mapping, Sequence

from designer.readers.onnx.merging import (
    activations,
    heads,
    norms,
    pools,
    positions,
    products,
    views,
)
from designer.readers.onnx.merging.positions import is_table
from designer.readers.onnx.merging.program import Rule, merged

RULES: Mapping[str, Sequence[Rule]] = {
    "add": (products.biased, norms.shifted, positions.relative),
    "div": (norms.normalized, activations.hard_sigmoid, pools.adaptive_average_of_sums),
    "flatten": (views.same_shape,),
    "matmul": (products.attention,),
    "mean": (views.global_average, pools.adaptive_average),
    "mul": (
        norms.scaled,
        norms.normalized,
        activations.gated,
        activations.hard_sigmoid,
        activations.gelu,
    ),
    "permute": (heads.joined, views.permuted_twice),
    "reshape": (norms.grouped, products.of_rows, views.same_shape),
    "squeeze": (views.same_shape,),
    "unsqueeze": (views.same_shape,),
}
"""The rules that look at an operation, by its function."""

__all__ = ["RULES", "is_table", "merged"]
