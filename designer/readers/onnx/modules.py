"""Classes of modules where a file does not say them.

Only torch's newer exporter writes the classes of modules. In other files a module with a single
operation is the layer that the operation is, and the class of any other one is called after its
attribute, so that ``layer1.0`` and ``layer2.1`` are of one class, and may become one block.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from designer.readers.graph import Module, Operation, Ref, StoredTensor

_ROLES = ("weight", "bias", "params")
_NORMS = "torch.nn.modules.batchnorm."
_LAYERS: Mapping[str, str] = {
    **{f"conv{n}d": f"conv.Conv{n}d" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": f"conv.ConvTranspose{n}d" for n in (1, 2, 3)},
    **{f"max_pool{n}d": f"pooling.MaxPool{n}d" for n in (1, 2, 3)},
    **{f"avg_pool{n}d": f"pooling.AvgPool{n}d" for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": f"pooling.AdaptiveAvgPool{n}d" for n in (1, 2, 3)},
    "celu": "activation.CELU",
    "dropout": "dropout.Dropout",
    "elu": "activation.ELU",
    "embedding": "sparse.Embedding",
    "flatten": "flatten.Flatten",
    "gelu": "activation.GELU",
    "group_norm": "normalization.GroupNorm",
    "gru": "rnn.GRU",
    "hardsigmoid": "activation.Hardsigmoid",
    "hardswish": "activation.Hardswish",
    "hardtanh": "activation.Hardtanh",
    "layer_norm": "normalization.LayerNorm",
    "leaky_relu": "activation.LeakyReLU",
    "linear": "linear.Linear",
    "local_response_norm": "normalization.LocalResponseNorm",
    "log_softmax": "activation.LogSoftmax",
    "lstm": "rnn.LSTM",
    "mish": "activation.Mish",
    "prelu": "activation.PReLU",
    "relu": "activation.ReLU",
    "rms_norm": "normalization.RMSNorm",
    "rnn_relu": "rnn.RNN",
    "rnn_tanh": "rnn.RNN",
    "selu": "activation.SELU",
    "sigmoid": "activation.Sigmoid",
    "silu": "activation.SiLU",
    "softmax": "activation.Softmax",
    "softplus": "activation.Softplus",
    "softsign": "activation.Softsign",
    "tanh": "activation.Tanh",
}
"""The class of torch that calls a function."""


def with_classes(
    operations: Sequence[Operation], tensors: Mapping[str, StoredTensor]
) -> list[Operation]:
    """Return operations whose modules all have a class."""
    found = [replace(each, modules=_by_weight(each, tensors)) for each in operations]
    inside = Counter(module.path for each in found for module in each.modules)
    return [replace(each, modules=_classes(each, inside)) for each in found]


def _by_weight(operation: Operation, tensors: Mapping[str, StoredTensor]) -> tuple[Module, ...]:
    """Return the modules of an operation; the last is that which the name of its weight says.

    An exporter that merges a BatchNorm into the convolution before it says that the BatchNorm runs
    the convolution.
    """
    modules = operation.modules
    merged = bool(modules) and modules[-1].kind.startswith(_NORMS)
    if (modules and not merged) or "norm" in operation.kind:
        return modules
    path = _weight_path(operation, tensors)
    if not path:
        layer = _layer(operation)
        return (*modules[:-1], Module(modules[-1].path, layer)) if merged and layer else modules
    around = [each for each in modules if not each.path or path.startswith(each.path + ".")]
    if not modules:
        parts = path.split(".")
        around = [Module(".".join(parts[:number]), "") for number in range(len(parts))]
    return (*around, Module(path, _layer(operation)))


def _weight_path(operation: Operation, tensors: Mapping[str, StoredTensor]) -> str:
    """Return the module that the name of an operation's weight says: ``layer1.0.conv1``; or ""."""
    for role in _ROLES:
        value = operation.arguments.get(role)
        stored = tensors.get(value.name) if isinstance(value, Ref) else None
        if stored is not None and re.fullmatch(rf"[\w.]+\.{role}", stored.key):
            return stored.key.removesuffix(f".{role}")
    return ""


def _layer(operation: Operation) -> str:
    known = _LAYERS.get(operation.kind)
    return f"torch.nn.modules.{known}" if known else ""


def _classes(operation: Operation, inside: Mapping[str, int]) -> tuple[Module, ...]:
    """Return the modules of an operation with classes; `inside` counts operations by modules."""
    last = len(operation.modules) - 1
    found = []
    for number, module in enumerate(operation.modules):
        kind = module.kind
        if not kind and module.path:
            alone = number == last and inside[module.path] == 1
            kind = (_layer(operation) if alone else "") or _attribute_class(module.path)
        found.append(Module(module.path, kind))
    return tuple(found)


def _attribute_class(path: str) -> str:
    """Return a class after the attribute of a module: ``LayerBlock`` for ``layer1.0``."""
    *others, last = path.split(".")
    if last.isdigit() and others:
        around = _attribute_class(others[-1])
        return f"{around}Part" if around.endswith("Block") else f"{around}Block"
    words = re.split(r"[_\W]+", re.sub(r"_?\d+$", "", last))
    return "".join(each[:1].upper() + each[1:] for each in words) or "Module"
