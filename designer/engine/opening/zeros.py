"""Random values in the place of zeros, for the comparison of networks that give only zeros.

The last layer of many fresh networks is 0, as that of torchvision's ViT: whatever comes before it,
the outputs are equal.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from designer.readers.graph import PARAMETER, NeutralGraph, StoredTensor

NOTE = (
    "With its weights the network gives only zeros, so the outputs were compared with random "
    "numbers in the place of tensors that are 0."
)
_SCALE = 0.1


class Zeros:
    """The parameters of a graph, of which those that are 0 can be given other values.

    Attributes
    ----------
    replaced
        Whether they are, whenever they are read from now on.
    """

    def __init__(self) -> None:
        self.replaced = False

    def of(self, graph: NeutralGraph) -> NeutralGraph:
        """Return a graph whose parameters are read by this."""
        tensors = {
            name: replace(each, read=self._reading(each)) if each.kind == PARAMETER else each
            for name, each in graph.tensors.items()
        }
        return replace(graph, tensors=tensors)

    def _reading(self, stored: StoredTensor) -> Callable[[], Any]:
        def read() -> Any:
            values = stored.read()
            if not self.replaced or np.any(values):
                return values
            draws = np.random.default_rng(zlib.crc32(stored.key.encode()))
            return (_SCALE * draws.standard_normal(stored.spec.shape)).astype(values.dtype)

        return read
