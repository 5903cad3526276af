"""What each operator of ONNX is in torch.

There is a module for each family, whose rows are in `TABLE` as soon as it is imported.
"""

from designer.readers.onnx.call import TABLE
from designer.readers.onnx.operators import (
    activation,
    arithmetic,
    attention,
    normalization,
    recurrent,
    reduction,
    resizing,
    spatial,
    views,
)

__all__ = [
    "TABLE",
    "activation",
    "arithmetic",
    "attention",
    "normalization",
    "recurrent",
    "reduction",
    "resizing",
    "spatial",
    "views",
]
