"""All layer types, and how a node of a design becomes a layer of one of them."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from designer.design.expressions import (
    ExpressionError,
    Scalar,
    evaluate,
    parse,
    shortened,
)
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
)
from designer.layers.base import REGISTRY, Layer
from designer.layers.parameters import ParameterError

# The order of the families is that of the palette, within each of its categories.
_FAMILIES = (
    activation,
    convolution,
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
    """A parameter that cannot be used: its name and what is wrong with it."""

    code: str
    parameter: str
    message: str


@lru_cache(maxsize=65536)
def _make(name: str, values: tuple[tuple[str, Any], ...]) -> Layer:
    # Layers of equal parameters are one object, so that what follows from them is computed once.
    # The values are of the parameters' own types, so that 1 and True do not meet here.
    return layer_types()[name](**dict(values))


def make(name: str, **values: Any) -> Layer:
    """Return the layer with these values, which must be of the parameters' own types."""
    return _make(name, tuple(values.items()))


def resolve(
    name: str, parameters: Mapping[str, Value], scope: Mapping[str, Scalar]
) -> tuple[Layer | None, list[Fault]]:
    """Evaluate and check the parameters of a node.

    Returns the layer, or None with the list of all faults.
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
        An expression, which the error names, is wrong or reads something that is not in scope.
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
