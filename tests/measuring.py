"""Measurements of a module by torch itself: bytes saved for backward, MACs, peak memory."""

import weakref
from collections.abc import Callable

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


def saved_bytes(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Return the bytes of distinct storages that autograd saves, without parameters and buffers."""
    own = {each.untyped_storage()._cdata for each in (*module.parameters(), *module.buffers())}
    saved: dict[int, int] = {}
    alive = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = module(*inputs)
    del outputs
    return sum(saved.values())


def _trilinear_flops(first, weight, second, *_, out_val, **__):
    """Return twice the weights of a bilinear layer for every row."""
    return 2 * out_val.numel() * weight.shape[1] * weight.shape[2]


# torch's table of formulas lacks the kernel of the CPU, but has those of GPUs.
_FORMULAS = {
    **flop_registry,
    torch.ops.aten._trilinear: _trilinear_flops,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: flop_registry[
        torch.ops.aten._scaled_dot_product_flash_attention
    ],
}


class MacCounter(TorchDispatchMode):
    """Counts multiply-accumulates: half of the FLOPs by torch's formulas.

    It uses the formulas of torch's FlopCounterMode, which assigns the FLOPs to submodules as well
    and takes twice as long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    @property
    def macs(self) -> int:
        return self.flops // 2

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        formula = _FORMULAS.get(function.overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=result)
        return result


def macs(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Return the multiply-accumulates of the forward pass."""
    with MacCounter() as counter:
        module(*inputs)
    return counter.macs


_BATCH_NORMS = (
    torch.ops.aten.native_batch_norm.default,
    torch.ops.aten._native_batch_norm_legit_no_training.default,
    torch.ops.aten._batch_norm_no_update.default,
    torch.ops.aten.cudnn_batch_norm.default,
)


class _Alive(TorchDispatchMode):
    """Counts the bytes of live storages that operations have allocated."""

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known = known
        self.now = self.most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        made = [each for each in tree_leaves(result) if isinstance(each, torch.Tensor)]
        # Only on meta tensors a batch norm with running statistics makes tensors for the batch's.
        if (
            made
            and made[0].is_meta
            and function in _BATCH_NORMS
            and not (len(args) > 5 and args[5])
        ):
            del made[1:]
        for each in made:
            self._count(each.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata in self.known:
            return
        self.known.add(storage._cdata)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, storage._cdata, size)

    def _free(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size


def peak_bytes(call: Callable[..., object], module: nn.Module, *inputs: torch.Tensor) -> int:
    """Return the most bytes alive at once in a call without autograd, inputs included."""
    own = (*module.parameters(), *module.buffers(), *inputs)
    mode = _Alive({each.untyped_storage()._cdata for each in own})
    with torch.no_grad(), mode:
        call(*inputs)
    return mode.most + sum(each.untyped_storage().nbytes() for each in inputs)


def training_peak_bytes(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Return the most bytes alive at once in a step of SGD with momentum, as the trainer takes it.

    Weights, momentum, inputs and outputs count; gradients of the step before do not exist. The loss
    is the sum of all outputs, whose gradient takes no memory.
    """
    steps = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, foreach=False)

    def step() -> None:
        outputs = module(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        torch.stack([output.sum() for output in outputs]).sum().backward()
        steps.step()

    step()  # makes the momentum
    state = [each for values in steps.state.values() for each in values.values()]
    lasting = [*module.parameters(), *module.buffers(), *inputs]
    lasting += [each for each in state if isinstance(each, torch.Tensor)]
    steps.zero_grad()
    mode = _Alive({each.untyped_storage()._cdata for each in lasting})
    with mode:
        step()
    return mode.most + sum(each.untyped_storage().nbytes() for each in lasting)
