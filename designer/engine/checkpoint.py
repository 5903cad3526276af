"""Checkpoints: files of tensors and plain values from which a training continues exactly.

They are written to a temporary name and renamed, and read with ``weights_only=True``, so that
reading one never runs code. A checkpoint is a file of ``torch.save`` followed by its SHA-256, since
torch itself loads most files with a flipped bit without complaint.
"""

import hashlib
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, cast

import msgspec
import numpy as np
import torch
from msgspec import Meta
from torch import Tensor

from designer.engine import device
from designer.engine.progress import Progress
from designer.errors import DesignerError
from designer.runs.result import Best, Count
from designer.storage import unwritable, write_atomically

Content = dict[str, Any]

_FORMAT = 1
_OLD_KEYS = {"optimiser": "optimizer", "optimiser_recipe": "optimizer_recipe"}  # of version 0.1
_MARK = b"\nnetdesigner checkpoint sha256 "  # before the hexadecimal digest, at the file's end
_TRAILER = len(_MARK) + 64
_BLOCK = 1 << 20  # bytes hashed at once


class _Network(msgspec.Struct):
    """What every checkpoint holds; ``checksum`` says that the file ends with one."""

    format: Literal[1]
    source: str
    network: dict[str, Tensor]
    checksum: bool = False


class _Best(_Network, kw_only=True):
    """What ``best.pt`` holds besides, and the weights that are kept of other epochs may."""

    best: Best | None = None


class _Training(_Network, kw_only=True):
    """What ``last.pt`` holds besides: the state of the training."""

    optimizer: dict[str, Any]
    optimizer_recipe: dict[str, bool | int | float | str | list[float] | None] = {}
    rate: dict[str, Any]
    scaler: dict[str, Any] | None
    generators: dict[str, Any]
    progress: Progress
    steps_per_epoch: Annotated[int, Meta(ge=1, le=2**53)]
    threads: Annotated[int, Meta(ge=1, le=4096)]
    sequence: Count
    taken: Count
    # Where the network is an average: the weights that are trained, and how many it averages.
    training_network: dict[str, Tensor] | None = None
    averaged: Count = 0
    origin: str | None = None  # of a run that trains another one on: that one's path
    centers: Tensor | None = None  # of the classes, for the center loss
    plain_validation: bool = False  # whether the validation loss is without label smoothing
    data: str | None = None  # the hash of the run's examples, as in data.json
    processes: Annotated[int, Meta(ge=1)] = 1
    others: list[dict[str, Any]] = []  # the generators of all processes but the first


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
    whole = {"format": _FORMAT, "source": fingerprint(source), "checksum": True, **content}

    def write(file: BinaryIO) -> None:
        hashing = _Hashing(file)
        torch.save(whole, cast(BinaryIO, hashing))  # torch only calls write and flush
        file.write(_MARK + hashing.digest().encode())

    try:
        write_atomically(path, write)
    # torch's writer turns errors of the file system into RuntimeError.
    except (OSError, RuntimeError) as error:
        raise unwritable(path, _cause(error)) from error


def load(path: Path, *, source: str, resume: bool = False) -> Content:
    """Read a checkpoint of the network with this source, all tensors on the CPU.

    The file is read twice, first in blocks to check it: 0.6 s more for one of 500 MB.

    Parameters
    ----------
    path
        The file.
    source
        The source of the network.
    resume
        Whether a training is to continue from it, for which ``best.pt`` holds too little.

    Raises
    ------
    DesignerError
        It is missing, damaged, of another format or network, or there is too little memory.
    """
    try:
        with path.open("rb") as file:
            has_checksum = check(file)
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DesignerError(
            f"The checkpoint {path} is missing: restore it, or begin a new run."
            + _other_checkpoint(path)
        ) from error
    except PermissionError as error:
        raise DesignerError(
            f"The checkpoint {path} cannot be read ({error.strerror}): make it readable."
        ) from error
    # torch's reader raises errors of many kinds for damaged files.
    except Exception as error:
        if memory := device.out_of_memory(error, "file", path=path):
            raise DesignerError(memory) from error
        raise _damaged(path) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DesignerError(
            f"The checkpoint {path} was not written by this version: begin a new run."
        )
    if content.get("checksum") and not has_checksum:
        raise _damaged(path)
    content = {_OLD_KEYS.get(str(name), str(name)): value for name, value in content.items()}
    with fitting(path):
        msgspec.convert(content, _Training if resume else _Best)
    if content["source"] != fingerprint(source):
        raise DesignerError(
            f"The checkpoint {path} is of another design: "
            "use it with the model.py that it was trained with, or begin a new run."
        )
    return content


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Turn the errors of loading the state of a checkpoint into one sentence.

    Raises
    ------
    DesignerError
        Something has another shape, type or key than the network or the optimizer.
    """
    try:
        yield
    # Each part raises other errors: torch RuntimeError, its optimizers KeyError and ValueError.
    except (
        msgspec.ValidationError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
    ) as error:
        if device.is_out_of_memory(error):
            raise
        raise _misfit(path, error) from error


def restore_optimizer(optimizer: torch.optim.Optimizer, saved: Content) -> None:
    """Give an optimizer the state of its weights that a checkpoint holds.

    The settings of its groups are not read: the recipe has them, and the rate is set in each step.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        The state is of other weights.
    """
    groups = optimizer.state_dict()["param_groups"]
    if [group["params"] for group in groups] != [each["params"] for each in saved["param_groups"]]:
        raise ValueError("the optimizer had other groups of weights")
    optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})
    # LBFGS keeps values for all weights at once, some in lists, under the first weight.
    flat = (sum(weight.numel() for group in optimizer.param_groups for weight in group["params"]),)
    at_once = isinstance(optimizer, torch.optim.LBFGS)
    for weight, state in optimizer.state.items():
        wanted = flat if at_once else tuple(weight.shape)
        for name, content in state.items():
            for value in content if isinstance(content, list) else (content,):
                # torch would notice another shape only in the next step.
                if isinstance(value, Tensor) and value.ndim and tuple(value.shape) != wanted:
                    raise ValueError(
                        f"{name} of the optimizer has shape {tuple(value.shape)}, "
                        f"its weight {wanted}"
                    )


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


def _crc_is_wrong(file: BinaryIO) -> bool:
    """Return whether a record of a zip file differs from its CRC-32, which torch does not check.

    Records without one, as ``torch.serialization.set_crc32_options`` allows, count as right.
    """
    with zipfile.ZipFile(file) as archive:
        return any(each.CRC for each in archive.infolist()) and archive.testzip() is not None


def check(file: BinaryIO) -> bool:
    """Return whether a file of ``torch.save`` ends with a checksum; it is read once, in blocks.

    Raises
    ------
    ValueError
        The file differs from its checksum or, without one, a record differs from its CRC-32.
    zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError
        The file is no zip file, or its directory is damaged.
    """
    size = file.seek(0, 2) - _TRAILER
    trailer = b""
    if size > 0:
        file.seek(size)
        trailer = file.read()
    if not trailer.startswith(_MARK):  # of a version before, or damaged
        if _crc_is_wrong(file):
            raise ValueError("a record differs from its CRC-32")
        return False
    file.seek(0)
    found = hashlib.sha256()
    while size > 0:
        block = file.read(min(size, _BLOCK))
        if not block:
            raise ValueError("the file became shorter")
        found.update(block)
        size -= len(block)
    if found.hexdigest().encode() != trailer[len(_MARK) :]:
        raise ValueError("the file differs from its checksum")
    return True


class _Hashing:
    """A file that hashes what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def digest(self) -> str:
        """Return the SHA-256 of all that was written, in hexadecimal digits."""
        return self._hash.hexdigest()


def _damaged(path: Path) -> DesignerError:
    return DesignerError(
        f"The checkpoint {path} is damaged or is no checkpoint: restore it from a copy, or begin a "
        "new run." + _other_checkpoint(path)
    )


def _misfit(path: Path, error: Exception) -> DesignerError:
    lines = [line.strip() for line in str(error).splitlines()]
    # torch puts the first of several faults in the second line.
    first = lines[1] if len(lines) > 1 else "".join(lines[:1])
    if isinstance(error, KeyError):
        sentence = (
            f"The checkpoint {path} lacks {first}, which this run wrote: restore it from a copy, "
            "or begin a new run."
        )
    else:
        sentence = (
            f"The content of the checkpoint {path} is not what this run wrote "
            f"({first.rstrip(':.')}): restore it from a copy, or begin a new run."
        )
    return DesignerError(sentence + _other_checkpoint(path))


def _other_checkpoint(path: Path) -> str:
    """Return a space and a sentence on the use of the run's other checkpoint; "" without one."""
    if path.name not in ("best.pt", "last.pt"):  # one that was kept of an epoch, or of elsewhere
        return ""
    other = path.with_name("best.pt" if path.name == "last.pt" else "last.pt")
    if not other.is_file():
        return ""
    if other.name == "best.pt":
        return f" {other} has the weights of the best epoch, to export or to start from."
    return f" {other} has the last weights: remove {path.name} to use these."


def _cause(error: BaseException) -> Exception:
    """Return the file system's error that caused another one, or that one if there is none."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return seen
        seen = seen.__context__
    return error if isinstance(error, Exception) else RuntimeError(str(error))
