"""Loading weights: files are read without running code, and copied into a design's module."""

import hashlib
import io
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.analysis.report.tensors import Module, modules
from designer.design.carried import KEY
from designer.design.values import Design
from designer.engine import carried_design, checkpoint, device
from designer.engine.state_dicts import Found, state_dicts
from designer.errors import DesignerError
from designer.runs.folder import RunFolder
from designer.runs.layouts import Stored, stored
from designer.runs.preprocessing import Preprocessing
from designer.runs.pretrained import TORCHVISION
from designer.runs.weights import match
from designer.runs.weights_report import Report
from designer.storage import save_file, unwritable

ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


@dataclass(frozen=True)
class Weights:
    """The tensors of a file by their names, on the CPU.

    Attributes
    ----------
    origin
        The name of the file for sentences.
    size
        Bytes of the file; for a download of torchvision, bytes of the tensors.
    ordered
        Whether the tensors are in the order of the network that saved them.
    about
        What is known of the data that they learned from, as `Preprocessing.metadata`.
    """

    origin: str
    tensors: Mapping[str, Tensor]
    size: int
    ordered: bool = True
    about: Mapping[str, str] = field(default_factory=dict)


def read(source: str) -> Weights:
    """Read a file of weights, the best weights of a run folder, or ``torchvision:NAME``.

    Nothing is unpickled but tensors and plain values, so that reading a file never runs its code.

    Raises
    ------
    DesignerError
        There is no such source, it is damaged, or it contains other things than tensors.
    """
    if source.startswith(TORCHVISION):
        return _of_torchvision(source.removeprefix(TORCHVISION))
    path = Path(source)
    if path.is_dir():
        run = RunFolder.open(path)
        path = run.best if run.best.exists() else run.last
        if not path.exists():
            raise run.no_checkpoint()
    try:
        size = path.stat().st_size
    except OSError:
        raise DesignerError(
            f"There is no file {path}: give the path of a {', '.join(ENDINGS)} file, of a run "
            f"folder, or {TORCHVISION}NAME."
        ) from None
    if path.suffix.lower() == ".safetensors":
        tensors, about = _safetensors(path)
        return Weights(str(path), tensors, size, ordered=False, about=about)
    return _of_script(_unpickled(path), path, size)


def load(
    network: nn.Module,
    analysis: Analysis,
    weights: Weights,
    given: Mapping[str, str] | None = None,
) -> Report:
    """Copy weights into the network of a design as far as they fit; the rest is left unchanged.

    Parameters
    ----------
    network, analysis
        The module, and the analysis of its design.
    weights
        The tensors of a file.
    given
        Modules of the file by modules of the design; they take precedence over names and order.

    Raises
    ------
    DesignerError
        Nothing fits, a module in `given` does not exist, or what fits is not finite or quantized.
    """
    ours = modules(analysis)
    theirs = stored({name: tuple(each.shape) for name, each in weights.tensors.items()})
    _check_given(given or {}, ours, theirs, weights)
    report = match(ours, theirs, ordered=weights.ordered, given=given)
    if not report.taken:
        why = f" {report.refused[0]}" if report.refused else ""
        raise DesignerError(
            f"Nothing in {weights.origin} fits {analysis.design.name} by name or shape: give the "
            f"weights of a similar network.{why}"
        )
    state = network.state_dict()
    learned = {name for name, _ in network.named_parameters()}
    layouts = {each.origin: each for each in theirs}
    images = {module.path: module.image for module in ours}
    values = {}
    for each in report.taken:
        tensor = weights.tensors[each.origin]
        if state[each.name].is_floating_point() and not tensor.is_floating_point():
            raise DesignerError(
                f"{each.origin} in {weights.origin} holds whole numbers ({tensor.dtype}), which "
                "cannot be used as weights: use a file that was not quantized."
            )
        own = each.name.rpartition(".")[2]
        # A mask of attention may be minus infinity.
        fixed = each.name not in learned and not own.startswith("running_")
        sound = torch.isnan(tensor).logical_not() if fixed else torch.isfinite(tensor.float())
        if tensor.is_floating_point() and not bool(sound.all()):
            raise DesignerError(
                f"{each.origin} in {weights.origin} holds NaN or infinity: use a file of a "
                "training that did not diverge."
            )
        image = images.get(each.name.rpartition(".")[0])  # None for a stored tensor
        values[each.name] = laid_out(tensor, layouts[each.origin], image)
    with torch.no_grad():
        for name, value in values.items():
            state[name].copy_(value)
    return report


def save(network: nn.Module, path: Path, design: Design, *, about: Mapping[str, str]) -> int:
    """Write the state dict of a design's network as ``.pt`` or ``.safetensors``.

    Returns
    -------
    int
        The file's size in bytes.

    Raises
    ------
    DesignerError
        The ending is another one, or the file cannot be written.
    """
    state = {name: each.detach().cpu().contiguous() for name, each in network.state_dict().items()}
    try:
        if path.suffix.lower() == ".safetensors":
            save_file(path, packed(state, {**about, **carried_design.metadata(design)}))
        elif path.suffix.lower() in (".pt", ".pth"):
            content = io.BytesIO()
            torch.save(state, content)
            carried_design.add_to_archive(content, design)
            save_file(path, lambda file: file.write(content.getbuffer()))
        else:
            raise DesignerError(f"{path} must end in .pt, .pth or .safetensors.")
        return path.stat().st_size
    # torch's writer turns errors of the file system into RuntimeError.
    except (OSError, RuntimeError) as error:
        raise unwritable(path, error) from error


def packed(state: Mapping[str, Tensor], about: Mapping[str, str]) -> bytes:
    """Return tensors as a safetensors file whose metadata has a checksum, checked by `read`."""
    from safetensors.torch import save as pack

    # The format refuses two tensors in one memory, as where a layer ties two of its weights.
    held: set[int] = set()
    apart = {}
    for name, each in state.items():
        place = each.untyped_storage().data_ptr()
        apart[name] = each.clone() if place in held else each
        held.add(place)
    return bytes(pack(apart, metadata={"format": "pt", **about, _DIGEST: _digest(state)}))


_DIGEST = "sha256"  # its key in the metadata


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of names, types, shapes and values; 0.5 s for 500 MB."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        each = tensors[name].detach().cpu().contiguous()
        found.update(f"{name} {each.dtype} {tuple(each.shape)}\n".encode())
        found.update(each.flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


# Reading


def _unpickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that torch did not write
            return _loaded(path)
    except (pickle.UnpicklingError, RuntimeError) as error:
        if memory := device.out_of_memory(error, "file", path=path):
            raise DesignerError(memory) from error
        found = re.search(r"GLOBAL ([\w.]+)|TorchScript", str(error))
        if found is None:
            raise _damaged(path) from error
        raise DesignerError(
            f"{path} contains more than tensors ({found[1] or found[0]}), and reading that could "
            "run code, so it is not read: save the state dict alone where it was made, as in "
            "torch.save(model.state_dict(), file), best as .safetensors."
        ) from error
    # torch raises many kinds of errors on damaged files.
    except Exception as error:
        raise _damaged(path, error) from error


def _loaded(path: Path) -> Any:
    """Return the content of a file of ``torch.save``, after checking what tells damage."""
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"  # files of torch before 1.6 are none, and have no CRC-32
        has_checksum = is_zip and checkpoint.check(file)
        file.seek(0)
        content = torch.load(file, map_location="cpu", weights_only=True)
    if isinstance(content, dict) and content.get("checksum") is True and not has_checksum:
        raise ValueError("a checkpoint without its checksum")
    return content


def _damaged(path: Path, error: Exception | None = None) -> DesignerError:
    reason = (
        error.strerror
        if isinstance(error, OSError) and error.strerror
        else "damaged, or no such file"
    )
    return DesignerError(
        f"{path} cannot be read as a state dict ({reason}): download or save it again; files of "
        f"weights end in {', '.join(ENDINGS)}."
    )


def _safetensors(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    """Return the tensors of a file, and its metadata."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    try:
        tensors = _checked(load_file(path), path)
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
        metadata.pop(KEY, None)  # the design, which another file gets from its own
        expected = metadata.get(_DIGEST)
        if expected is not None and expected != _digest(tensors):
            raise ValueError("the tensors differ from their checksum")
        return tensors, metadata
    # Its reader raises errors of many kinds for damaged files.
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        if memory := device.out_of_memory(error, "file", path=path):
            raise DesignerError(memory) from error
        raise DesignerError(
            f"{path} is damaged or is no safetensors file: download or save it again."
        ) from error


def _of_script(content: Any, path: Path, size: int) -> Weights:
    """Return the weights in what a training script saved."""
    if not isinstance(content, Mapping):
        raise DesignerError(
            f"{path} holds no state dict but a {type(content).__name__}: save one with "
            "torch.save(model.state_dict(), file)."
        )
    found = state_dicts(content)
    chosen = found[0] if found else Found("", {})
    origin = str(path)
    others = [f"'{each.key}'" for each in found[1:] if len(each.tensors) == len(chosen.tensors)]
    if others:
        named = chosen.key or "the file itself"
        origin = f"{path} (its '{named}'; it also holds {' and '.join(others[:3])})"
    return Weights(origin, _checked(chosen.tensors, path), size, about=_about(content))


def _about(content: Mapping[Any, Any]) -> Mapping[str, str]:
    """Return what a checkpoint of a run, or a state dict that was exported, says of its data."""
    exported = getattr(content, "about", None)
    if isinstance(exported, dict):
        return {str(name): text for name, text in exported.items() if isinstance(text, str)}
    try:
        return msgspec.convert(content.get("preprocessing"), Preprocessing).metadata()
    except msgspec.ValidationError:
        return {}  # another program's file, or a checkpoint of an earlier version


def _checked(content: Mapping[Any, Any], path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file; refuse quantized, sparse and complex ones."""
    tensors = {str(name): each for name, each in content.items() if isinstance(each, Tensor)}
    if not tensors:
        raise DesignerError(
            f"{path} holds no tensors: save a state dict with torch.save(model.state_dict(), file)."
        )
    for name, each in tensors.items():
        if each.layout is not torch.strided or each.is_quantized or each.is_complex():
            raise DesignerError(
                f"{name} in {path} is not a plain tensor ({each.dtype}, {each.layout}): save the "
                "weights dense and as floating-point numbers."
            )
    return tensors


def _of_torchvision(name: str) -> Weights:
    """Return the weights of one of torchvision's networks, downloading them if need be."""
    try:
        from torchvision import models  # type: ignore[import-untyped]
    except ImportError as error:
        raise DesignerError(
            f"{TORCHVISION}{name} needs torchvision, which is not installed: install it with "
            "pip install torchvision, or give a file."
        ) from error
    network, _, version = name.partition(":")
    try:
        known = models.get_model_weights(network)
    except ValueError as error:
        close = get_close_matches(network, models.list_models(), 3)
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else f"netdesigner weights DESIGN --from {TORCHVISION} lists them."
        )
        raise DesignerError(f"torchvision has no network '{network}': {hint}") from error
    versions = {each.name: each for each in known}
    if not versions or (version and version not in versions):
        there = ", ".join(versions) or "none"
        raise DesignerError(
            f"torchvision has no weights '{version}' of {network}; there are {there}."
        )
    chosen = versions[version] if version else known["DEFAULT"]
    try:
        tensors = chosen.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise DesignerError(
            f"{chosen.url} cannot be downloaded ({_reason(error)}): connect to the internet, or "
            "download it on another machine and give the file."
        ) from error
    size = sum(each.numel() * each.element_size() for each in tensors.values())
    origin = f"torchvision's {network} ({chosen.name})"
    return Weights(origin, tensors, size, about=_about_torchvision(network, chosen))


_OTHERWISE_STANDARDIZED = ("googlenet", "inception_v3")
"""Networks of torchvision that were trained on pictures from -1 to 1.

torchvision takes pictures standardized like those of its other networks, and converts them within
the module (``transform_input``), which is no part of our designs.
"""


def _about_torchvision(network: str, chosen: Any) -> Mapping[str, str]:
    """Return classes and standardization of pretrained weights, a member of their enumeration."""
    transforms = chosen.transforms()
    other = network in _OTHERWISE_STANDARDIZED
    fields = {
        "classes": chosen.meta["categories"],
        "mean": [0.5] * 3 if other else transforms.mean,
        "deviation": [0.5] * 3 if other else transforms.std,
    }
    return {name: msgspec.json.encode(value).decode() for name, value in fields.items()}


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason)


# Loading


def _check_given(
    given: Mapping[str, str], ours: list[Module], theirs: list[Stored], weights: Weights
) -> None:
    sides = (
        (given.keys(), {module.path for module in ours}, "The design"),
        (given.values(), {each.module for each in theirs}, weights.origin),
    )
    for wanted, known, side in sides:
        for path in wanted:
            if path not in known:
                close = get_close_matches(path, known, 1)
                hint = (
                    f"did you mean {close[0]}?"
                    if close
                    else f"it has {', '.join(list(known)[:6])}."
                )
                raise DesignerError(f"{side} has no module '{path}' with tensors; {hint}")


def laid_out(tensor: Tensor, layout: Stored, image: tuple[int, ...] | None) -> Tensor:
    """Return a file's tensor in torch's layout.

    Keras flattens images with their channels last, so that the matrix of a Linear layer after a
    flattened image has its columns in another order.
    """
    if layout.axes is not None:
        tensor = tensor.permute(layout.axes)
    tensor = tensor.reshape(layout.shape)
    if not layout.keras or image is None or tensor.ndim > 2 or tensor.shape[-1] != prod(image):
        return tensor
    if tensor.ndim == 1 and layout.name.endswith("bias") and layout.origin.find("bias") >= 0:
        return tensor
    channels, height, width = image
    rows = tensor.reshape(-1, height, width, channels)
    return rows.permute(0, 3, 1, 2).reshape(tensor.shape)
