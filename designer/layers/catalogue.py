"""All layer types, and how a node of a design becomes a layer of one of them."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from designer.design.expressions import ExpressionError, Scalar, evaluate, shortened
from designer.design.parsing import parse
from designer.design.values import Value
from designer.layers import (
    activation,
    convolution,
    dense,
    filters,
    join,
    normalization,
    partial,
    pooling,
    ports,
    regularization,
    resampling,
    residual,
    shape,
    transposed,
)
from designer.layers.base import REGISTRY, Layer
from designer.layers.parameters import ParameterError

# The order of the families is that of the palette, within each of its categories.
_FAMILIES = (
    activation,
    convolution,
    transposed,
    dense,
    filters,
    join,
    normalization,
    partial,
    pooling,
    resampling,
    ports,
    regularization,
    residual,
    shape,
)

_LAYER_TYPES = {
    name: kind
    for family in _FAMILIES
    for name, kind in REGISTRY.items()
    if kind.__module__ == family.__name__
}


def layer_types() -> Mapping[str, type[Layer]]:
    """Return every layer type by name, in the order of the palette."""
    return _LAYER_TYPES


class Fault(NamedTuple):
    """What is wrong with a parameter of a node.

    Attributes
    ----------
    code
        A short stable name for this kind of fault.
    parameter
        The parameter's name, or "" if the layer type itself is unknown.
    message
        The fault in one sentence.
    """

    code: str
    parameter: str
    message: str


@lru_cache(maxsize=65536)  # all presets together have 463 different layers
def _make(name: str, values: tuple[tuple[str, Any], ...]) -> Layer:
    # Equal layers are one object, so that results cached for it are computed once. Values have
    # the parameters' own types, hence 1 and True cannot be confused here.
    return layer_types()[name](**dict(values))


def make(name: str, **values: Any) -> Layer:
    """Return the layer with these values, which must have the parameters' own types."""
    return _make(name, tuple(values.items()))


def resolve(
    name: str, parameters: Mapping[str, Value], scope: Mapping[str, Scalar]
) -> tuple[Layer | None, list[Fault]]:
    """Evaluate and check the parameters of a node.

    Parameters
    ----------
    name
        The layer type.
    parameters
        The values that the design gives; strings that begin with "=" are expressions.
    scope
        Values of the names that expressions may use.

    Returns
    -------
    tuple of Layer or None and list of Fault
        The layer and no faults, or None and all faults.
    """
    known = layer_types().get(name)
    if known is None:
        close = get_close_matches(name, layer_types(), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return None, [
            Fault("unknown-layer", "", f"there is no layer type '{shortened(name)}'{hint}")
        ]
    if not parameters and not known.required:
        return _make(name, ()), []
    values: dict[str, Any] = {}
    faults = []
    for key, value in parameters.items():
        parameter = known.parameters.get(key)
        if parameter is None:
            close = get_close_matches(key, known.parameters, 1)
            has = ", ".join(known.parameters) or "none"
            hint = f"did you mean {close[0]}?" if close else f"it has {has}"
            message = f"{name} has no parameter '{shortened(key)}'; {hint}"
            faults.append(Fault("unknown-parameter", key, message))
            continue
        try:
            given = computed(value, scope) if isinstance(value, (str, tuple)) else value
            values[key] = parameter.check(given)
        except ExpressionError as error:
            faults.append(Fault("expression", key, f"{key}: {error}"))
        except ParameterError as error:
            faults.append(Fault("parameter", key, f"{key} {error}"))
    if not known.required <= parameters.keys():
        faults += [
            Fault("missing-parameter", key, f"{key} is not given; it takes {parameter.expects}")
            for key, parameter in known.parameters.items()
            if parameter.required and key not in parameters
        ]
    return (None, faults) if faults else (_make(name, tuple(values.items())), [])


def computed(value: Value, scope: Mapping[str, Scalar]) -> Value:
    """Return a value with its expressions evaluated.

    Raises
    ------
    ExpressionError
        An expression is wrong or uses a name that is not in scope; the error quotes it.
    """
    if isinstance(value, tuple):
        return tuple([_computed(each, scope) for each in value])
    return _computed(value, scope)


def _computed(value: Scalar, scope: Mapping[str, Scalar]) -> Scalar:
    if not isinstance(value, str) or not value.startswith("="):
        return value
    try:
        return evaluate(parse(value), scope)
    except ExpressionError as error:
        raise ExpressionError(f"the expression '{shortened(value)}' {error}") from None
