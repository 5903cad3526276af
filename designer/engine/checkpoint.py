"""Checkpoints: files of tensors and plain values from which a training continues exactly.

They are written to a temporary name and renamed, and read with ``weights_only=True``, so that
reading one never runs code.
"""

import hashlib
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from designer.errors import DesignerError
from designer.storage import unwritable, write_atomically

Content = dict[str, Any]

_FORMAT = 1
_OLD_KEYS = {"optimiser": "optimizer", "optimiser_recipe": "optimizer_recipe"}  # of version 0.1


def fingerprint(source: str) -> str:
    """Return the SHA-256 of a network's source, by which a checkpoint is tied to its network."""
    return hashlib.sha256(source.encode()).hexdigest()


def save(path: Path, content: Content, *, source: str) -> None:
    """Write a checkpoint of the network with this source; it replaces the old one once complete.

    Raises
    ------
    DesignerError
        It cannot be written; the old one is unharmed.
    """
    whole = {"format": _FORMAT, "source": fingerprint(source), **content}
    try:
        write_atomically(path, lambda file: torch.save(whole, file))
    # torch's writer turns errors of the file system into RuntimeError.
    except (OSError, RuntimeError) as error:
        raise unwritable(path, _cause(error)) from error


def load(path: Path, *, source: str) -> Content:
    """Read a checkpoint of the network with this source, all tensors on the CPU.

    Raises
    ------
    DesignerError
        It is missing, damaged, of another format, or of another network.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DesignerError(
            f"The checkpoint {path} is missing: restore it, or begin a new run."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise DesignerError(
            f"The checkpoint {path} is damaged or is no checkpoint: restore it, or begin a new run."
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DesignerError(
            f"The checkpoint {path} was not written by this version: begin a new run."
        )
    if content["source"] != fingerprint(source):
        raise DesignerError(
            f"The checkpoint {path} is of another design: "
            "use it with the model.py that it was trained with, or begin a new run."
        )
    return {_OLD_KEYS.get(str(name), str(name)): value for name, value in content.items()}


def generators() -> Content:
    """Return the state of every random generator: Python's, numpy's, torch's on each device."""
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (kind, torch.from_numpy(np.asarray(keys)), position, has_gauss, cached),
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "mps": torch.mps.get_rng_state() if torch.backends.mps.is_available() else None,
    }


def restore_generators(state: Content) -> None:
    """Put every random generator into a state; devices that are absent are skipped."""
    random.setstate(state["python"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy(), *rest))
    torch.set_rng_state(state["cpu"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    if state["mps"] is not None and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])


def _cause(error: BaseException) -> Exception:
    """Return the file system's error that caused another one, or that one if there is none."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return seen
        seen = seen.__context__
    return error if isinstance(error, Exception) else RuntimeError(str(error))
