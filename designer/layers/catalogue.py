"""All layer types, and how a node of a design becomes a layer of one of them."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple, cast

from designer.design.expressions import ExpressionError, Scalar, evaluate, shortened
from designer.design.parsing import parse
from designer.design.values import Value
from designer.layers import (
    activation,
    adaptive_pooling,
    arithmetic,
    attention,
    convolution,
    dense,
    filters,
    folding,
    join,
    layer_norms,
    normalization,
    opaque,
    padding,
    partial,
    pooling,
    ports,
    positions,
    products,
    random_pooling,
    recurrent,
    reduction,
    regularization,
    resampling,
    residual,
    shape,
    standardized,
    stored,
    tokens,
    transposed,
    windows,
)
from designer.layers.base import REGISTRY, Layer
from designer.layers.own import Own, layer_types_of
from designer.layers.parameters import ParameterError

# The order of the families is that of the palette, within each of its categories.
_FAMILIES = (
    activation,
    convolution,
    standardized,
    transposed,
    dense,
    attention,
    filters,
    folding,
    join,
    products,
    arithmetic,
    reduction,
    normalization,
    layer_norms,
    padding,
    partial,
    pooling,
    adaptive_pooling,
    random_pooling,
    resampling,
    ports,
    stored,
    positions,
    regularization,
    residual,
    shape,
    recurrent,
    windows,
    tokens,
    opaque,
)

_LAYER_TYPES = {
    name: kind
    for family in _FAMILIES
    for name, kind in REGISTRY.items()
    if kind.__module__ == family.__name__
}


_BUILT_IN = frozenset(_LAYER_TYPES)
_NO_CODE: Mapping[str, str] = {}


def layer_types(code: Mapping[str, str] = _NO_CODE) -> Mapping[str, type[Layer]]:
    """Return every layer type by name, in the order of the palette.

    Parameters
    ----------
    code
        The code of a design, `Design.code`, whose own layer types come last. A built-in type keeps
        its name.
    """
    return _with_own(tuple(code.items())) if code else _LAYER_TYPES


@lru_cache(maxsize=64)
def _with_own(code: tuple[tuple[str, str], ...]) -> Mapping[str, type[Layer]]:
    return {**_LAYER_TYPES, **layer_types_of(code, _BUILT_IN)}


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
def _cached(kind: Any, values: tuple[tuple[str, Any], ...]) -> Layer:
    # Equal layers are one object, so that results cached for it are computed once. Values have
    # the parameters' own types, hence 1 and True cannot be confused here.
    made: Layer = kind(**dict(values))
    return made


_make = cast("Callable[[type[Layer], tuple[tuple[str, Any], ...]], Layer]", _cached)


def make(name: str, **values: Any) -> Layer:
    """Return the layer with these values, which must have the parameters' own types."""
    return _make(layer_types()[name], tuple(values.items()))


def resolve(
    name: str,
    parameters: Mapping[str, Value],
    scope: Mapping[str, Scalar],
    code: Mapping[str, str] = _NO_CODE,
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
    code
        The code of the design's own layer types.

    Returns
    -------
    tuple of Layer or None and list of Fault
        The layer and no faults, or None and all faults.
    """
    known = layer_types(code).get(name)
    if known is None:
        close = get_close_matches(name, layer_types(code), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return None, [
            Fault("unknown-layer", "", f"there is no layer type '{shortened(name)}'{hint}")
        ]
    if code and issubclass(known, Own) and known.fault is not None:
        return None, [Fault("own-code", "", f"{name} cannot be used; {known.fault}")]
    if not parameters and not known.required:
        return _make(known, ()), []
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
    return (None, faults) if faults else (_make(known, tuple(values.items())), [])


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
