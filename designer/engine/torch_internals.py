"""Parts of torch that are taken out of their wrappers for speed, each with what that gains.

They rely on how torch is written, not on what it documents; `tests/engine/test_torch_internals.py`
fails where a version of torch changes what is relied upon.
"""

import inspect
from typing import TypeVar

import torch
from torch.optim import Optimizer

_Kind = TypeVar("_Kind", bound=Optimizer)

SHIELDED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
"""Methods of optimizers that torch wraps to keep its compiler out of them."""


def eager(kind: type[_Kind]) -> type[_Kind]:
    """Return a class of optimizers without what only torch's compiler and profiler need.

    - The first call of a method in `SHIELDED` imports the compiler, 900 modules, through its
      wrapper: more than a second before the first step.
    - ``step`` is wrapped for the profiler and for hooks, which nobody here uses: up to 0.1 ms a
      step, of the 2 ms that a step of LeNet-5 takes.
    """
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in SHIELDED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    step.hooked = True  # torch marks a step so once it has wrapped it
    return type(kind.__name__, (kind,), {**plain, "step": step})
