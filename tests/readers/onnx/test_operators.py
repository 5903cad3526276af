"""Each row of the operator table against the cases with which ONNX defines its operators."""

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from designer.errors import DesignerError
from designer.readers.onnx.files import FormatError
from designer.readers.onnx.operators import TABLE
from tests.readers.onnx.running import graph_of, run, with_constants

pytestmark = pytest.mark.slow  # ONNX computes all its cases before the first is compared

SEVERAL = frozenset(
    (
        *("Add", "And", "Attention", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Concat", "Div"),
        *("Einsum", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "MatMul", "Max"),
        *("Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor"),
    )
)
"""Operators whose inputs are all given to the network; of others the first is."""

NOT_EXPRESSED = {
    "ArgMax": ("select_last_index",),
    "ArgMin": ("select_last_index",),
    "Attention": (
        "attention_",
    ),  # causal with a mask, stored keys, windows: torch has some of them
    "AveragePool": ("dilations",),
    "BatchNormalization": ("training_mode",),  # which returns new statistics
    "Dropout": ("mask",),
    "GRU": ("",),  # the default resets before the product
    "GatherND": ("batch_dim1",),
    "LSTM": ("peepholes",),
    "LayerNormalization": ("",),  # the cases ask for mean and deviation
    "MaxPool": ("argmax",),
    "Pow": ("types_int",),  # whole numbers to the power of a fraction
    "ReduceSum": ("empty_axes_input_noop",),
    "Resize": (
        "align_corners",
        "antialias",
        "asymmetric",
        "exclude_outside",
        "half_pixel_symmetric",
        "linear_pytorch_half_pixel",
        "tf_crop_and_resize",
    ),
}
"""Parts of the names of cases that stay operations of ONNX's own, by operators."""

ELSEWHERE = frozenset(
    (
        *("Atan2", "Cast", "CastLike", "CumSum", "GRU", "LayerNormalization"),
        "SimplifiedLayerNormalization",
    )
)
"""Operators for which ONNX has no case of arrays, or none that is expressed: see `test_rows.py`."""

_TYPES = (np.float16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8, np.bool_)


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Any]]:
    """The cases of one node by their operators."""
    from onnx.backend.test.case.node import collect_testcases

    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of cases that divide by zero
        found: dict[str, list[Any]] = {}
        for case in collect_testcases(None):
            if case.model is not None and len(case.model.graph.node) == 1:
                found.setdefault(case.model.graph.node[0].op_type, []).append(case)
    return found


def usable(cases: Sequence[Any]) -> Iterator[Any]:
    """Yield the cases of tensors with elements of types that torch computes with."""
    for case in cases:
        inputs, outputs = case.data_sets[0]
        arrays = [*inputs, *outputs]
        known = all(isinstance(each, np.ndarray) and each.dtype in _TYPES for each in arrays)
        if known and all(each.size for each in (inputs[0], *outputs)):
            yield case


@pytest.mark.parametrize(
    "operator", sorted(each for each in TABLE if each not in ELSEWHERE and "." not in each)
)
def test_a_row_does_what_onnx_says(operator: str, cases: dict[str, list[Any]]) -> None:
    equal = 0
    for case in usable(cases[operator]):
        inputs, outputs = case.data_sets[0]
        names = [each.name for each in case.model.graph.input]
        given = dict(zip(names, inputs, strict=True))
        live = names if operator in SEVERAL else names[:1]
        fixed = {name: each for name, each in given.items() if name not in live}
        try:
            graph = graph_of(with_constants(case.model, fixed))
        except (FormatError, DesignerError):
            assert any(0 in each.shape for each in (*inputs, *outputs)), case.name
            continue
        if any(each.kind.startswith("onnx.") for each in graph.operations):
            known = NOT_EXPRESSED.get(operator, ())
            assert any(part in case.name for part in known), case.name
            continue
        with np.errstate(all="ignore"):
            found = run(graph, [given[name] for name in graph.inputs])
        loose = any(each.dtype == np.float16 for each in outputs)
        for one, other in zip(found, outputs, strict=False):
            assert one.dtype == other.dtype, case.name
            if one.dtype == np.int64 and operator == "TopK":
                continue  # which of equal values comes first is open
            np.testing.assert_allclose(
                one, other, rtol=2e-2 if loose else 1e-3, atol=1e-2 if loose else 1e-4,
                err_msg=case.name,
            )  # fmt: skip
        equal += 1
    assert equal > 0, f"no case of {operator} was compared"
