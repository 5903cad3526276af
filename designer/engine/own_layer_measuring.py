"""Measuring a layer type of a design: its class is built and run on tensors without values.

``python -m designer.engine.own_layer_measuring BYTES SECONDS`` is a process of its own, with limits
of memory and time, since a class may do anything. It reads a `Request` a line, as JSON, and answers
each with a `Measurement`; the first line that it writes says that torch is loaded.
"""

import os
import sys
import traceback
import types
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from designer.engine.process_limits import limit_memory, limit_time
from designer.layers.own import Measurement, Output, Own, Request, layer_type
from designer.layers.python_text import lines_of
from designer.layers.tensors import (
    BIAS,
    BUFFER,
    CONTIGUOUS,
    MAX_AXES,
    WEIGHT,
    Layout,
    SavedForBackward,
    State,
    Tensor,
)

_PREAMBLE = (
    "import math\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
)
_SMALL, _LARGE = 2, 3
"""Two batches: what does not grow from one to the other does not depend on the batch."""
_TYPES = {torch.float32: False, torch.int64: True}


class RefusedError(Exception):
    """Why a class cannot be used, in words that follow its name."""


def main(arguments: Sequence[str]) -> None:
    """Answer requests until the end of the input."""
    limit_memory(int(arguments[0]))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a class prints is no answer.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    torch.set_num_threads(1)
    answers.write(b"{}\n")
    answers.flush()
    for line in requests:
        limit_time(float(arguments[1]))
        request = msgspec.json.decode(line, type=Request)
        answers.write(msgspec.json.encode(measure(request)) + b"\n")
        answers.flush()


def measure(request: Request) -> Measurement:
    """Return what torch says of a class; why it cannot be used is part of the answer."""
    file = f"<the code of {request.name}>"
    # As torch starts: the class before may have set them.
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    try:
        return _measured(request, file)
    except RefusedError as error:
        return Measurement(refusal=str(error))
    except MemoryError:
        return Measurement(refusal=_TOO_LARGE)
    except BaseException as error:  # the class may raise anything, also SystemExit
        return Measurement(refusal=_reason(error, file, "cannot be used"))


_TOO_LARGE = "takes too much memory while it is built and run once; make it smaller"


def _reason(error: BaseException, file: str, what: str) -> str:
    """Return words for an error: its text, and the line of the code that raised it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    before = _PREAMBLE.count("\n")
    where = f" in line {lines[-1] - before} of its code" if lines and lines[-1] else ""
    text = str(error)
    if "DefaultCPUAllocator" in text:
        return _TOO_LARGE
    # Signs that no terminal or file can show are shown by their numbers.
    words = " ".join(text.split())[:300]
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
    return f"{what}: {type(error).__name__}{where}{': ' if text else ''}{text}"


class _Pass(NamedTuple):
    """A forward pass: its inputs, its outputs, and what autograd saved."""

    inputs: list[torch.Tensor]
    outputs: list[torch.Tensor]
    saved: SavedForBackward


def _measured(request: Request, file: str) -> Measurement:
    module = _build(request, file)
    _check_in_place(module, request, file)
    passes: dict[tuple[bool, bool, int], _Pass] = {}
    for training in (True, False):
        for frozen in (False, True):
            for batch in (_SMALL, _LARGE):
                module.train(training).requires_grad_(not frozen)
                for each in module.modules() if frozen else ():
                    if getattr(each, "running_mean", None) is not None:
                        each.eval()  # as engine/freezing.py does
                passes[training, frozen, batch] = _run(module, request, file, batch, training)
    outputs = _outputs(request, passes)
    alive = {}
    for batch in (_SMALL, _LARGE):
        module.eval()
        inputs = [_tensor(each, batch, training=False) for each in request.inputs]
        kept = (*module.parameters(), *module.buffers(), *inputs)
        with torch.no_grad(), _Counter({_key(each) for each in kept}) as counter:
            module(*inputs)
        alive[batch] = counter
    per_image, fixed = _split(alive[_SMALL].most, alive[_LARGE].most)
    small, large = alive[_SMALL].flops, alive[_LARGE].flops
    return Measurement(
        outputs=outputs,
        states=_states(module),
        macs=(_SMALL * small - large) // 2,  # as for one image; two operations are one
        saved=_saved(passes, True, False),
        saved_in_eval=_saved(passes, False, False),
        saved_frozen=_saved(passes, True, True),
        saved_frozen_in_eval=_saved(passes, False, True),
        view=_is_view(passes[True, False, _SMALL]),
        view_in_eval=_is_view(passes[False, False, _SMALL]),
        peak=per_image,
        fixed_peak=fixed,
        needs_batch=_needs_batch(module, request, outputs),
        draws_in_eval=alive[_SMALL].draws,
    )


def _build(request: Request, file: str) -> nn.Module:
    kind = layer_type(request.name, request.text)
    if kind.fault is not None:
        raise RefusedError(f"cannot be used; {kind.fault}")
    scope = types.ModuleType(f"designer_own_{request.name}")
    scope.__file__ = file
    sys.modules[scope.__name__] = scope
    # Imports of the future must come first.
    lines = lines_of(request.text)
    futures = [each.startswith("from __future__ ") for each in lines]
    first = "\n".join(line for line, future in zip(lines, futures, strict=True) if future)
    rest = "\n".join("" if future else line for line, future in zip(lines, futures, strict=True))
    text = f"{first}; {_PREAMBLE}{rest}" if first and "\n" not in first else f"{_PREAMBLE}{rest}"
    try:
        exec(compile(text, file, "exec", dont_inherit=True), scope.__dict__)
    except ModuleNotFoundError as error:
        raise RefusedError(
            f"needs the package {error.name}, which is not installed: install it beside torch"
        ) from None
    made = getattr(scope, request.name)
    if not (isinstance(made, type) and issubclass(made, nn.Module)):
        raise RefusedError("is no torch module: derive it from nn.Module")
    arguments, keywords = _arguments(kind, dict(request.values))
    module: nn.Module
    try:
        with torch.device("meta"):
            module = made(*arguments, **keywords)
    except MemoryError:
        raise
    except Exception:
        # Some constructors compute with values, which tensors on this device do not have.
        try:
            module = made(*arguments, **keywords)
        except MemoryError:
            raise
        except Exception as error:
            raise RefusedError(_reason(error, file, "cannot be built")) from None
    if not isinstance(module, nn.Module) or "_modules" not in vars(module):
        raise RefusedError(
            "does not prepare torch's module: call super().__init__() first in its __init__"
        )
    return module.to("meta")


def _arguments(kind: type[Own], values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments as generated code gives them."""
    return [values.pop(name) for name in kind.positional], values


def _tensor(about: Tensor, batch: int, *, training: bool) -> torch.Tensor:
    """Return an input without values."""
    shape = (batch if about.batched else 1, *about.shape)
    layout = about.layout
    if not training and about.layout_in_eval is not None:
        layout = about.layout_in_eval
    made = torch.empty_strided(
        shape,
        layout or torch.empty(shape, device="meta").stride(),
        dtype=torch.int64 if about.integer else torch.float32,
        device="meta",
    )
    return made.requires_grad_(about.needs_grad and not about.integer)


def _key(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _check_in_place(module: nn.Module, request: Request, file: str) -> None:
    """Refuse a class that overwrites its input, in train or eval mode, which others may read.

    Raises
    ------
    RefusedError
        It does, or it does not take its inputs.
    """
    for training in (False, True):
        inputs = [_tensor(each, _SMALL, training=training) for each in request.inputs]
        try:
            with torch.no_grad(), _Writes({_key(each) for each in inputs}) as writes:
                module.train(training)(*inputs)
        except MemoryError:
            raise
        except Exception as error:
            given = ", ".join("×".join(map(str, each.shape)) for each in request.inputs)
            raise RefusedError(_reason(error, file, f"does not take {given}")) from None
        if writes.found:
            raise RefusedError(
                "overwrites its input, which other layers may read: make a new tensor"
            )


def _run(module: nn.Module, request: Request, file: str, batch: int, training: bool) -> _Pass:
    inputs = [_tensor(each, batch, training=training) for each in request.inputs]
    own = {_key(each) for each in (*module.parameters(), *module.buffers())}
    kept: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if _key(tensor) not in own:
            kept.append(tensor)
        return tensor

    try:
        hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
        with hooks, _NoStatistics():  # type: ignore[no-untyped-call]  # torch has no types
            made = module(*inputs)
    except MemoryError:
        raise
    except Exception as error:
        raise RefusedError(_reason(error, file, "cannot be run")) from None
    outputs = list(made) if isinstance(made, (tuple, list)) else [made]
    if not outputs or not all(isinstance(each, torch.Tensor) for each in outputs):
        raise RefusedError("gives no tensor: return a tensor from forward, or a tuple of tensors")
    ports = {_key(each): port for port, each in reversed(list(enumerate(inputs)))}
    made_ports = {_key(each): port for port, each in reversed(list(enumerate(outputs)))}
    sizes = {_key(each): each.untyped_storage().nbytes() for each in kept}
    entered = sorted({ports[key] for key in sizes if key in ports})
    left = sorted({made_ports[key] for key in sizes if key in made_ports and key not in ports})
    others = sum(size for key, size in sizes.items() if key not in ports and key not in made_ports)
    return _Pass(inputs, outputs, SavedForBackward(tuple(entered), tuple(left), others))


def _saved(
    passes: dict[tuple[bool, bool, int], _Pass], training: bool, frozen: bool
) -> SavedForBackward:
    small = passes[training, frozen, _SMALL].saved
    per_image, fixed = _split(small.per_image, passes[training, frozen, _LARGE].saved.per_image)
    return SavedForBackward(small.inputs, small.outputs, per_image, fixed)


def _split(small: int, large: int) -> tuple[int, int]:
    """Return the bytes for one image and those that do not depend on the batch."""
    per_image = max(0, large - small)
    fixed = small - _SMALL * per_image
    return (per_image, fixed) if fixed >= 0 else (-(-large // _LARGE), 0)


def _outputs(request: Request, passes: dict[tuple[bool, bool, int], _Pass]) -> tuple[Output, ...]:
    """Return the outputs, which must be the same in all passes but for the batch.

    Raises
    ------
    RefusedError
        They are not, or they are nothing that a layer may give.
    """
    found: set[tuple[tuple[int, ...], ...]] = set()
    batched = any(each.batched for each in request.inputs)
    for (_, _, batch), each in passes.items():
        shapes = []
        for output in each.outputs:
            expected = batch if batched else 1
            if output.dim() < 2 or output.shape[0] != expected:
                raise RefusedError(
                    f"gives {'×'.join(map(str, output.shape)) or 'one value'} for a batch of "
                    f"{expected}: the first axis must be the batch, with others behind it"
                )
            if output.dim() > MAX_AXES + 1:
                raise RefusedError(
                    f"gives a tensor of {output.dim() - 1} axes beside the batch, and at most "
                    f"{MAX_AXES} are possible"
                )
            if output.dtype not in _TYPES:
                kind = str(output.dtype).removeprefix("torch.")
                raise RefusedError(f"gives values of type {kind}: give float32 or int64")
            if 0 in output.shape:
                raise RefusedError("gives a tensor without values")
            shapes.append(tuple(output.shape[1:]))
        found.add(tuple(shapes))
    if len(found) > 1:
        raise RefusedError(
            "gives another shape each time, or in train and eval mode: the shape must follow from "
            "the arguments and the inputs"
        )
    train, evaluated = passes[True, False, _SMALL], passes[False, False, _SMALL]
    storages = _storages(train, passes[True, False, _LARGE], batched)
    return tuple(
        [
            Output(tuple(one.shape[1:]), _TYPES[one.dtype], _layout(one), _layout(other), storage)
            for one, other, storage in zip(train.outputs, evaluated.outputs, storages, strict=True)
        ]
    )


def _storages(small: _Pass, large: _Pass, batched: bool) -> list[int | None]:
    """Return the bytes for one image of each storage that is no tensor of the output's size."""
    entered = {_key(each) for each in small.inputs}
    counted: set[int] = set()
    found: list[int | None] = []
    for one, other in zip(small.outputs, large.outputs, strict=True):
        size = one.untyped_storage().nbytes()
        if batched:
            size = other.untyped_storage().nbytes() - size
        own = one.nbytes // (one.shape[0] if batched else 1)
        if _key(one) in counted:
            found.append(0)
        else:
            found.append(None if size == own or _key(one) in entered else size)
        counted.add(_key(one))
    return found


def _layout(tensor: torch.Tensor) -> Layout:
    return CONTIGUOUS if tensor.is_contiguous() else tuple(tensor.stride())


def _is_view(each: _Pass) -> bool:
    """Return whether the first output lies in the storage of the first input."""
    return _key(each.outputs[0]) == _key(each.inputs[0])


def _states(module: nn.Module) -> tuple[State, ...]:
    """Return the tensors of the state dict.

    Raises
    ------
    RefusedError
        It has other values, too, which no file of weights can hold.
    """
    every = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    learned = {name for name, _ in module.named_parameters()}
    found = []
    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise RefusedError(
                f"puts {name} into its state dict, which is no tensor, and the files of weights "
                "hold tensors: keep it in a buffer"
            )
        if name in every - learned:
            continue  # a tensor that has two names counts once, under the first
        role = BUFFER
        if name in learned:
            role = BIAS if name.rpartition(".")[2].endswith("bias") else WEIGHT
        found.append(State(name, tuple(value.shape), role, value.element_size()))
    return tuple(found)


def _needs_batch(module: nn.Module, request: Request, outputs: Sequence[Output]) -> bool:
    """Return whether train mode refuses a batch of one image.

    Raises
    ------
    RefusedError
        The output for one image has other axes, as after ``squeeze()``.
    """
    for training in (False, True):
        inputs = [_tensor(each, 1, training=training) for each in request.inputs]
        try:
            with torch.no_grad():
                made = module.train(training)(*inputs)
        except Exception:
            if training:
                return True
            continue
        every = made if isinstance(made, (tuple, list)) else [made]
        for each, output in zip(every, outputs, strict=True):
            if tuple(each.shape) != (1, *output.shape):
                raise RefusedError(
                    f"gives {'×'.join(map(str, each.shape)) or 'one value'} for a batch of one "
                    "image, so that its first axis is not the batch: does it squeeze() all axes?"
                )
    return False


class _Writes(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Notes whether a tensor with one of these storages is written to."""

    def __init__(self, keys: set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types
        self.keys = keys
        self.found = False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        for place, about in enumerate(function._schema.arguments):
            if about.alias_info is not None and about.alias_info.is_write:
                given = args[place] if place < len(args) else kwargs.get(about.name)
                for each in tree_leaves(given):
                    if isinstance(each, torch.Tensor) and _key(each) in self.keys:
                        self.found = True
        return function(*args, **kwargs)


# On tensors without values a batch norm with running statistics makes tensors for the batch's.
_BATCH_NORMS = (
    torch.ops.aten.native_batch_norm.default,
    torch.ops.aten._native_batch_norm_legit_no_training.default,
    torch.ops.aten._batch_norm_no_update.default,
    torch.ops.aten.cudnn_batch_norm.default,
)


def _uses_running_statistics(function: Any, args: Any) -> bool:
    return function in _BATCH_NORMS and not (len(args) > 5 and args[5])


class _NoStatistics(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Lets a batch norm with running statistics save none of the batch, as with values."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if _uses_running_statistics(function, args):
            first, *others = result
            return (first, *(each.new_empty(0) for each in others))
        return result


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types
    """Counts operations, live bytes and random draws of a forward pass."""

    def __init__(self, known: set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types here
        self.known = known
        self.now = self.most = self.flops = 0
        self.draws = False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        formula = flop_registry.get(function.overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=result)
        self.draws |= torch.Tag.nondeterministic_seeded in function.tags
        made = list(self._made(function, args, result))
        for each in made:
            self._count(each.untyped_storage())
        return result

    @staticmethod
    def _made(function: Any, args: Any, result: Any) -> Iterator[torch.Tensor]:
        tensors = [each for each in tree_leaves(result) if isinstance(each, torch.Tensor)]
        if _uses_running_statistics(function, args):
            tensors = tensors[:1]
        yield from tensors

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.known:
            return
        self.known.add(key)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size


if __name__ == "__main__":
    main(sys.argv[1:])
