"""Names and layouts of the tensors of other frameworks, translated to torch's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]

# The names of a layer's tensors in Keras, and in torch.
_KERAS = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "pointwise_kernel": "weight",
    "alpha": "weight",
    "bias": "bias",
}
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_ONLY_KERAS = _KERAS.keys() - {"bias", "alpha"}
_ONLY_TORCH = ("weight", "running_mean", "running_var", "num_batches_tracked", "in_proj_weight")
_WRAPPERS = ("module", "_orig_mod", "model", "state_dict", "network")


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of a file, with the name and layout that torch would use.

    Attributes
    ----------
    name, shape
        Name and shape in torch.
    origin
        Its name in the file.
    axes
        The file's axes in torch's order; None if they are in that order already.
    keras
        Whether it has Keras' layout: images with their channels last.
    """

    name: str
    shape: Shape
    origin: str
    axes: tuple[int, ...] | None = None
    keras: bool = False

    @property
    def module(self) -> str:
        """The name of the module that it belongs to."""
        return self.name.rpartition(".")[0]


def stored(shapes: Mapping[str, Shape]) -> list[Stored]:
    """Return the tensors of a file with torch's names and layouts, in their order.

    A prefix of all names is removed: ``module.`` of DataParallel, ``_orig_mod.`` of compile.
    """
    names = _unwrapped(list(shapes))
    parts = {origin: _parts(names[origin]) for origin in shapes}
    own_names = {own for _, own in parts.values()}
    # A module of torch may have a parameter called gamma beside weights.
    keras = not own_names.isdisjoint(_ONLY_KERAS) and own_names.isdisjoint(_ONLY_TORCH)
    kernels: dict[str, set[str]] = {}
    for module, own in parts.values():
        if own in _KERNELS:
            kernels.setdefault(module, set()).add(own)
    found = []
    for origin, shape in shapes.items():
        module, own = parts[origin]
        if keras and own in _KERAS:
            found.append(_of_keras(origin, module, own, shape, len(kernels.get(module, ())) > 1))
        else:
            found.append(Stored(f"{module}.{own}" if module else own, shape, origin))
    return found


def _unwrapped(origins: Sequence[str]) -> dict[str, str]:
    names = {origin: re.sub(r":\d+$", "", origin) for origin in origins}
    while names:
        first = {name.partition(".")[0] for name in names.values() if "." in name}
        if len(first) != 1 or not first <= set(_WRAPPERS):
            break
        (wrapper,) = first
        names = {origin: name.removeprefix(f"{wrapper}.") for origin, name in names.items()}
    return names


def _parts(name: str) -> tuple[str, str]:
    """Split a name into that of its module and the tensor's own."""
    words = re.split(r"[./]", name)
    own = words.pop()
    # Keras 2 writes the layer's name twice: conv1/conv1/kernel.
    if len(words) > 1 and words[-1] == words[-2] and "/" in name:
        words.pop()
    return ".".join(words), own


def _of_keras(origin: str, module: str, own: str, shape: Shape, separable: bool) -> Stored:
    """Return a tensor of Keras with torch's name and layout.

    Kernels of convolutions are (height, width, in, out), transposed ones (height, width, out, in),
    depthwise ones (height, width, in, multiplier); matrices are (in, out).
    """
    axes: tuple[int, ...] | None = None
    if own == "depthwise_kernel" and len(shape) == 4:
        height, width, channels, multiplier = shape
        axes, shape = (2, 3, 0, 1), (channels * multiplier, 1, height, width)
    elif own in _KERNELS and len(shape) == 4:
        axes, shape = (3, 2, 0, 1), (shape[3], shape[2], shape[0], shape[1])
    elif own in _KERNELS and len(shape) == 2:
        axes, shape = (1, 0), (shape[1], shape[0])
    elif own == "alpha":
        shape = (shape[-1],) if shape and all(size == 1 for size in shape[:-1]) else shape
    if separable:
        module += ".depthwise" if own == "depthwise_kernel" else ".pointwise"
    return Stored(f"{module}.{_KERAS[own]}", shape, origin, axes, keras=True)
