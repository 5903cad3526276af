"""Inputs that a module may take, where the user does not say: tried one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn

from designer.readers.graph import TensorSpec

Shapes = tuple[TensorSpec, ...]
"""The shapes of all inputs of a module, without the batch."""

_SIDES = (224, 28, 32, 64, 299, 96, 128, 256, 112, 512, 16, 8)
_LENGTHS = (16, 128, 64, 256, 512, 1024)
_USUAL = ((3, 224, 224), (1, 28, 28), (3, 32, 32), (1, 32, 32), (3, 64, 64), (3, 299, 299))
_FEW = 2  # tokens, where no Embedding says how many there are


def candidates(module: nn.Module, known: Sequence[tuple[int, ...]]) -> Iterator[Shapes]:
    """Yield shapes of inputs that a module may take, the likeliest first.

    Parameters
    ----------
    module
        The module: its first layers say how many channels or features they take.
    known
        Shapes that its library says it takes.
    """
    count = _count_inputs(module)
    seen: set[Shapes] = set()
    for given in _one_by_one(module, known):
        shapes = given if len(given) == count else given[:1] * count
        if shapes not in seen and all(0 not in each.shape for each in shapes):
            seen.add(shapes)
            yield shapes


def _one_by_one(module: nn.Module, known: Sequence[tuple[int, ...]]) -> Iterator[Shapes]:
    for shape in (*known, *_configured(module)):
        yield (TensorSpec(shape),)
    if example := _example(module):
        yield example
    for layer in module.modules():
        for kind, shapes in _BY_LAYER:
            if isinstance(layer, kind):
                for each in shapes(layer):
                    yield (each,)
                break
    for shape in _USUAL:
        yield (TensorSpec(shape),)


def _count_inputs(module: nn.Module) -> int:
    """Return how many tensors forward needs."""
    try:
        parameters = signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    needed = [
        each
        for each in parameters
        if each.default is Parameter.empty
        and each.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    return max(1, len(needed))


def _configured(module: nn.Module) -> Iterator[tuple[int, ...]]:
    """Yield the input's shape that timm's networks carry."""
    for name in ("pretrained_cfg", "default_cfg"):
        config = getattr(module, name, None)
        if isinstance(config, Mapping) and isinstance(config.get("input_size"), (tuple, list)):
            yield tuple(int(each) for each in config["input_size"])


def _example(module: nn.Module) -> Shapes:
    """Return the shapes of the example that a module of Lightning carries."""
    found = getattr(module, "example_input_array", None)
    tensors = found if isinstance(found, (tuple, list)) else (found,)
    if all(isinstance(each, Tensor) and each.dim() > 1 for each in tensors):
        return tuple(
            TensorSpec(tuple(each.shape[1:]), "float32" if each.is_floating_point() else "int64")
            for each in tensors
        )
    return ()


def _images(channels: int) -> Iterator[TensorSpec]:
    yield from (TensorSpec((channels, side, side)) for side in _SIDES)


def _of_linear(layer: Any) -> Iterator[TensorSpec]:
    features = layer.in_features
    for channels in (1, 3):  # a flattened image
        side = isqrt(features // channels)
        if side > 3 and channels * side * side == features:
            yield TensorSpec((channels, side, side))
    yield TensorSpec((features,))
    yield TensorSpec((16, features))


_BY_LAYER: tuple[tuple[type[nn.Module], Callable[[Any], Iterator[TensorSpec]]], ...] = (
    (nn.Conv2d, lambda layer: _images(layer.in_channels)),
    (nn.ConvTranspose2d, lambda layer: _images(layer.in_channels)),
    (nn.BatchNorm2d, lambda layer: _images(layer.num_features)),
    (nn.Conv1d, lambda layer: (TensorSpec((layer.in_channels, n)) for n in (*_LENGTHS, 16000))),
    (nn.Conv3d, lambda layer: (TensorSpec((layer.in_channels, 16, n, n)) for n in (112, 32, 64))),
    (nn.Embedding, lambda layer: (TensorSpec((n,), "int64") for n in _LENGTHS)),
    (nn.RNNBase, lambda layer: (TensorSpec((n, layer.input_size)) for n in _LENGTHS)),
    (nn.MultiheadAttention, lambda layer: (TensorSpec((n, layer.embed_dim)) for n in _LENGTHS)),
    (nn.Linear, _of_linear),
)
"""Shapes that a network takes that begins with a layer of a kind."""


def tensors(
    shapes: Shapes,
    batch: int,
    module: nn.Module,
    generator: torch.Generator,
    *,
    few: bool = False,
) -> tuple[Tensor, ...]:
    """Return random inputs: normally distributed numbers, or tokens that every Embedding knows.

    With `few` there are two tokens only, for a module that adds to them before it looks them up.
    """
    rows = [each.num_embeddings for each in module.modules() if isinstance(each, nn.Embedding)]
    below = _FEW if few else min(rows, default=_FEW)
    found = []
    for each in shapes:
        shape = (batch, *each.shape)
        if each.dtype != "int64":
            found.append(torch.randn(shape, generator=generator))
            continue
        tokens = torch.randint(below, shape, generator=generator)
        if below > 1 and tokens.dim() > 1:
            tokens[..., 0] = 1  # a sequence that is padding as a whole has no outputs
        found.append(tokens)
    return tuple(found)


def words(shapes: Shapes) -> str:
    """Return shapes as the option ``--input`` takes them."""
    written = [
        f"{'int64:' if each.dtype == 'int64' else ''}{'x'.join(map(str, each.shape))}"
        for each in shapes
    ]
    return " and ".join(written)
