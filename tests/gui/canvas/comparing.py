"""Comparing arrays that were updated step by step with arrays that are built from nothing."""

from collections.abc import Mapping, Sequence

import numpy as np

from designer.analysis.problems import Problem
from designer.design.values import Block
from designer.gui.canvas.arrays import Arrays
from designer.gui.canvas.frames import Frame
from designer.gui.canvas.rows import EDGE_COLUMNS, NODE_COLUMNS


def fresh(root: Frame | None, problems: Sequence[Problem], blocks: Mapping[str, Block]) -> Arrays:
    """Return arrays built from nothing, for comparison with updated ones."""
    arrays = Arrays()
    arrays.update(root, problems, blocks)
    return arrays


def equal(one: Arrays, two: Arrays) -> bool:
    """Tell whether two arrays have the same content, in whatever order their rows are."""
    if one.row.keys() != two.row.keys() or one.edge_row.keys() != two.edge_row.keys():
        return False
    nodes = np.array([two.row[path] for path in one.paths], dtype=np.int64)
    edges = np.array([two.edge_row[key] for key in one.keys], dtype=np.int64)
    for columns, order in ((NODE_COLUMNS, nodes), (EDGE_COLUMNS, edges)):
        for name in columns:
            if name in ("source", "target"):
                same = np.array_equal(nodes[getattr(one, name)], getattr(two, name)[order])
            else:
                mine, other = getattr(one, name), getattr(two, name)[order]
                same = np.array_equal(mine, other, equal_nan=name == "lane")
            if not same:
                return False
    return True
