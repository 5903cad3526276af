"""Names and values of parameters as the forms show them: ``out_channels`` is Output channels."""

from collections.abc import Mapping
from typing import Any

from designer.design.expressions import is_expression
from designer.design.values import Value
from designer.layers.base import Layer

_SPECIAL = {
    "out_channels": "Output channels",
    "out_features": "Output features",
    "num_groups": "Groups",
    "dim": "Axis",
    "keepdim": "Keep the axes",
    "ord": "Norm order",
    "min": "Smallest",
    "max": "Largest",
    "flat": "One axis",
    "channels_axis": "Channels",
    "embedding_dim": "Features",
    "batch_axis": "Store batch axis",
    "eps": "Epsilon",
    "p": "Probability",
    "k": "Constant",
    "norm_type": "Power",
    "init": "Initialization",
    "init_value": "Initial value",
    "ceil_mode": "Ceil mode",
    "count_include_pad": "Count padding",
    "track_running_stats": "Running statistics",
    "affine": "Scale and shift",
    "batch_norm": "Batch norm",
    "weight_init": "Initialization",
    "weight_init_value": "Initial value",
    "weight_init_mode": "Initial mode",
    "bias_init": "Initial bias",
    "when": "Present when",
    "learning_rate": "Learning rate ×",
}

NOTHING = "nothing"


def label(name: str) -> str:
    """Return the label of a parameter."""
    return _SPECIAL.get(name) or name.replace("_", " ").capitalize()


def choice(value: object) -> str:
    """Return the label of a choice: ``kaiming_normal`` is Kaiming normal."""
    text = str(value)
    return text if text.isupper() else text.replace("_", " ").capitalize()


def value(given: Value, separator: str = " × ") -> str:
    """Write a value as the forms show and read it."""
    if given is None:
        return NOTHING
    if isinstance(given, bool):
        return "on" if given else "off"
    if isinstance(given, tuple):
        return separator.join(value(each) for each in given)
    if isinstance(given, float):
        text = f"{given:.10g}"
        return text if float(text) == given else repr(given)
    return str(given)


def short(given: Value) -> str:
    """Write a value for a sentence; two or three equal numbers become one number."""
    if isinstance(given, tuple) and len(given) in (2, 3) and len(set(given)) == 1:
        return short(given[0])
    if isinstance(given, str) and not is_expression(given):
        return given.replace("_", " ")
    return value(given, "×")


def defaults(layer: type[Layer]) -> str:
    """Return sentences that list the required parameters of a layer type and its defaults."""
    parameters: Mapping[str, Any] = layer.parameters
    required = [label(name).lower() for name, each in parameters.items() if each.required]
    known = [
        f"{label(name).lower()} {short(each.default)}"
        for name, each in parameters.items()
        if not each.required and each.default is not None and not name.startswith("weight_init_")
    ]
    lines = [f"Requires {', '.join(required)}."] if required else []
    lines += [f"Defaults: {', '.join(known)}."] if known else []
    return "\n".join(lines)
